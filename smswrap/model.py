"""The records of the product, frozen: what somebody wants sent, what was planned, and what became of it.

On the ground floor, since the journal and the providers name them too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, unique
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from smswrap.errors import Fault


@unique
class Outcome(str, Enum):
    """What became of a request, and so of each recipient in it.

    `SENDING` is a request that is under way; left by a dead process, it is as good as `UNKNOWN`.
    """

    NOT_SENT = "not_sent"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@unique
class PlanState(str, Enum):
    """How far a plan has come: a person's yes makes a proposed one confirmed, their no a cancelled one."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Account:
    """Who sends: what a person says yes to besides the text.

    `profile` is the one that the provider's program will use (None: keys from the environment alone), `mode` how its
    keys are found (`AK`, `StsToken`, …; Volcengine: `bearer` or `signed`), `key_end` the last four characters of the
    key's public part, where there is one, `region` the region (Volcengine: none), `base` the gateway's URL, where the
    provider has several.
    """

    provider: str
    profile: str | None = None
    mode: str | None = None
    key_end: str | None = None
    region: str | None = None
    base: str | None = None


@dataclass(frozen=True)
class Content:
    """What several recipients share: the sign, the template's parameters, an extension of the sending number."""

    sign: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    extend_code: str | None = None


@dataclass(frozen=True)
class Message:
    """What one recipient gets: their number in E.164 (`+8613…`), and the content."""

    recipient: str
    content: Content


@dataclass(frozen=True)
class Order:
    """What somebody wants sent: `messages` come with their rows, and may be a stream of any length.

    `personal` makes each message a text of its own (SendBatchSms) even where several are alike. `text` is the
    template's, where it is known. `group` is Volcengine's message group.
    """

    command: str
    account: Account
    template: str
    messages: Iterable[tuple[int, Message]]
    group: str | None = None
    out_id: str | None = None
    personal: bool = False
    text: str | None = None


@dataclass(frozen=True)
class Request:
    """One send request as the provider will get it; `shared` tells whether all recipients get the same."""

    number: int
    template: str
    messages: tuple[Message, ...]
    out_id: str
    shared: bool = True
    group: str | None = None


@dataclass(frozen=True)
class Result:
    """What became of a request: `text` is the provider's reply as it was received."""

    outcome: Outcome
    biz_id: str | None = None
    request_id: str = ""
    fault: Fault | None = None
    text: str = ""
