"""The answer of a command and its renderings: the envelope, the provider's own reply, or a table."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from smswrap.errors import Exit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smswrap.errors import Fault, Kind

ENVELOPE = 1
"""Version of the envelope."""

STATUS_OF: Mapping[Kind, str] = {
    "partial": "partial",
    "unknown": "unknown",
    "confirmation": "confirmation_needed",
    "duplicate": "duplicate",
    "interrupted": "interrupted",
}


@dataclass
class Answer:
    """What a command has to say.

    `done` is the status if nothing failed; `reply` the provider's JSON (a list for several requests) and `text` the
    same as it was received.
    """

    command: str
    provider: str | None = None
    data: Any = None
    reply: Any = None
    text: str = ""
    done: str = "ok"
    failed: str | None = None
    error: Fault | None = None
    warnings: list[str] = field(default_factory=list)
    signum: int | None = None

    @property
    def status(self) -> str:
        """One word for what happened."""
        if self.error is None or self.error.kind == "ai_mode":
            return self.done
        return self.failed or STATUS_OF.get(self.error.kind, "failed")

    @property
    def exit(self) -> int:
        """The exit code."""
        if self.signum is not None and (self.error is None or self.error.kind != "unknown"):
            return 128 + self.signum
        return self.error.exit if self.error else Exit.OK

    def envelope(self) -> dict[str, Any]:
        """The answer as JSON, the same shape for all commands and for success and failure."""
        return {
            "smswrap": ENVELOPE,
            "command": self.command,
            "provider": self.provider,
            "status": self.status,
            "data": self.data,
            "reply": self.reply,
            "error": self.error.as_json() if self.error else None,
            "warnings": self.warnings,
        }


def write(answer: Answer, form: str) -> bool:
    """Write the answer to stdout; False if it could not be written whole."""
    if form == "json":
        return _put(_json(answer.envelope()))
    if form == "raw":
        return _put(answer.text) if answer.text else True
    from smswrap.cli.tables import render

    return _put(render(answer))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=dict)


def _put(text: str) -> bool:
    if not text:
        return True
    try:
        # Half characters can come in from JSON escapes; as escapes they may leave again.
        sys.stdout.buffer.write(text.rstrip("\n").encode("utf-8", "backslashreplace") + b"\n")
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        _abandon_stdout()
        return False
    return True


def _abandon_stdout() -> None:
    # Else Python tries to flush the rest at its end, and complains on stderr.
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
