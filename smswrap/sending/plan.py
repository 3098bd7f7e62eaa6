"""What a send would do, frozen: nothing is sent but by a plan, and a person's yes is a yes to one plan."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from smswrap.providers.base import SendRequest
from smswrap.sending.message import count_parts, forcing_ucs2, render
from smswrap.sending.recipients import is_mainland

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smswrap.providers.base import Body, Limits, Message

SHOWN_MESSAGES = 3
"""Messages whose text a shown plan spells out."""

ID_LENGTH = 16


@dataclass(frozen=True)
class SendPlan:
    """Provider, profile, template and the messages; `content` is the template's text where it is known.

    `shared` says that all recipients get the same sign and parameters. `out_id` is the caller's; requests without one
    get one of ours when they are made.
    """

    provider: str
    profile: str | None
    template: str
    messages: tuple[Message, ...]
    shared: bool = True
    out_id: str | None = None
    group: str | None = None
    content: str | None = None

    @property
    def plan_id(self) -> str:
        """The fingerprint of everything that the person says yes to."""
        described = {
            "provider": self.provider,
            "profile": self.profile,
            "template": self.template,
            "group": self.group,
            "out_id": self.out_id,
            "messages": [
                [message.recipient, message.sign, dict(sorted(message.parameters.items())), message.extend_code]
                for message in self.messages
            ],
        }
        text = json.dumps(described, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:ID_LENGTH]

    def with_content(self, content: str | None) -> SendPlan:
        """The same plan, now that the template's text is known."""
        return replace(self, content=content)

    def requests(self, limits: Limits) -> Iterator[SendRequest]:
        """Split into requests of at most `limits`; each gets an out-id, by which its receipts can be found."""
        size = limits.shared if self.shared else limits.personal
        own = f"smswrap-{uuid4().hex[:16]}"
        for number, start in enumerate(range(0, len(self.messages), size), 1):
            out_id = self.out_id or f"{own}-{number}"
            part = self.messages[start : start + size]
            yield SendRequest(self.template, part, out_id, self.shared, self.group)

    def text(self, message: Message) -> str | None:
        """The text as this recipient will see it, if the template's text is known."""
        if self.content is None:
            return None
        mainland = is_mainland(message.recipient)
        return render(self.content, message.sign, message.parameters, mainland=mainland)

    def parts(self) -> int | None:
        """Parts that all messages together are billed as, if the template's text is known."""
        if self.content is None:
            return None
        texts = ((self.text(message) or "", is_mainland(message.recipient)) for message in self.messages)
        return sum(count_parts(text, mainland=mainland) for text, mainland in texts)

    def warnings(self) -> list[str]:
        """What the person should know before they say yes."""
        abroad = next((message for message in self.messages if not is_mainland(message.recipient)), None)
        forcing = forcing_ucs2(self.text(abroad) or "") if abroad else []
        if not forcing:
            return []
        named = " ".join(forcing[:10])
        return [f"Abroad, these characters make the text UCS-2, 70 characters a part: {named}"]

    def as_json(self, limits: Limits) -> Body:
        """The plan as `data` shows it: plan_id, provider, …, recipients, requests, parts, texts of the first ones."""
        size = limits.shared if self.shared else limits.personal
        return {
            "plan_id": self.plan_id,
            "provider": self.provider,
            "profile": self.profile,
            "group": self.group,
            "signs": list(dict.fromkeys(message.sign for message in self.messages)),
            "template": self.template,
            "out_id": self.out_id,
            "recipients": [message.recipient for message in self.messages],
            "requests": -(-len(self.messages) // size),
            "parts": self.parts(),
            "messages": [
                {
                    "recipient": message.recipient,
                    "sign": message.sign,
                    "parameters": dict(message.parameters),
                    "text": text,
                }
                for message in self.messages[:SHOWN_MESSAGES]
                for text in [self.text(message)]
            ],
        }
