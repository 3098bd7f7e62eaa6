"""What a plan is drafted from: rows that `sending` hands to the journal, and gets back on its walk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from smswrap.model import Content, Parts


class NewContent(NamedTuple):
    """A content of a draft, by its number there and its hash."""

    number: int
    key: bytes
    content: Content


class NewMessage(NamedTuple):
    """A message of a draft: its place in the order, its row in the file, and the request that it will go out with."""

    position: int
    row: int
    recipient: str
    content: int
    request: int


class WalkedMessage(NamedTuple):
    """A message of a draft on the walk through its contents; `content` is the first of those that are alike.

    `copied` says that it gets a copy of that content, since its request does not share it.
    """

    position: int
    recipient: str
    key: bytes
    content: int
    copied: bool = False


class NewRequest(NamedTuple):
    """A request of a draft; `content` is what all of a shared one get."""

    number: int
    shared: bool
    recipients: int
    content: int | None
    out_id: str
    own_out_id: bool
    digest: bytes


@dataclass(frozen=True)
class Summary:
    """What all messages of a draft add up to."""

    signs: tuple[str, ...]
    recipients: int
    parts: Parts | None
    shortest: int | None
    longest: int | None
