"""Keyed hashes: what a plan's id, a repeated content and an altered request are known by.

The key lies in the journal, so that whoever sees only an id cannot guess a six-digit code from it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import astuple
from json.encoder import encode_basestring as quoted
from typing import TYPE_CHECKING

from smswrap.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smswrap.model import Account, Content

CONTENT_BYTES = 16
ID_LENGTH = 16


@dataclass(frozen=True)
class Keys:
    """The hashes of one journal."""

    secret: bytes

    def content(self, content: Content) -> bytes:
        """What a content is known by: sign, parameters and extension code, as 0.1.0 hashed them."""
        pairs = ",".join([f"{quoted(name)}:{quoted(value)}" for name, value in sorted(content.parameters.items())])
        extend_code = "null" if content.extend_code is None else quoted(content.extend_code)
        # As _canonical would write it, in a third of the time, once a row.
        text = f"[{quoted(content.sign)},{{{pairs}}},{extend_code}]\n"
        return hmac.digest(self.secret, text.encode("utf-8", "surrogatepass"), "sha256")[:CONTENT_BYTES]

    def request(self, messages: Iterable[tuple[str, bytes]], *, shared: bool) -> bytes:
        """The digest of a request: whether all get the same, and each recipient with their content's hash."""
        parts = (recipient.encode() + b"\0" + content for recipient, content in messages)
        said = b"".join((b"shared" if shared else b"personal", *parts))
        return hmac.digest(self.secret, said, "sha256")[:CONTENT_BYTES]

    def fingerprint(self, account: Account, head: Iterable[str | None], requests: Iterable[bytes]) -> str:
        """Everything that is sent, and with which account."""
        digest = hmac.new(self.secret, _canonical([*astuple(account), *head]), hashlib.sha256)
        for request in requests:
            digest.update(request)
        return digest.hexdigest()

    def plan_id(self, fingerprint: str, text: str | None) -> str:
        """What a person says yes to: the fingerprint, and the text that they were shown."""
        return hmac.new(self.secret, _canonical([fingerprint, text]), hashlib.sha256).hexdigest()[:ID_LENGTH]


_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _canonical(value: object) -> bytes:
    text = _JSON.encode(value)
    return text.encode("utf-8", "surrogatepass") + b"\n"
