"""What one run of the program knows: its common options, its talk, its provider."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from smswrap import process
from smswrap.providers.base import Settings, provider_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smswrap.errors import Fault
    from smswrap.providers.base import Provider
    from smswrap.sending.journal import Journal

OUTPUTS = ("json", "raw", "table")


class Console:
    """Talk: everything said on stderr. A stderr that is gone is no reason to fail."""

    def __init__(self) -> None:
        self.quiet = False
        self.verbose = False
        self.warnings: list[str] = []
        self.troubles: list[Fault] = []

    def note(self, text: str) -> None:
        """Say what happens; silent under --quiet."""
        if not self.quiet:
            self.say(text)

    def warn(self, text: str) -> None:
        """Say what is not as it should be, once, and keep it for the envelope."""
        if text in self.warnings:
            return
        self.warnings.append(text)
        if not self.quiet:
            self.say(f"warning: {text}")

    def detail(self, text: str) -> None:
        """Say what only --verbose shows."""
        if self.verbose:
            self.say(text)

    def trouble(self, fault: Fault) -> None:
        """Keep a failure that must be told even though the request itself went well."""
        self.troubles.append(fault)

    def say(self, text: str, end: str = "\n") -> None:
        """Write to stderr."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(text.encode("utf-8", "backslashreplace").decode("utf-8") + end)
            sys.stderr.flush()


@dataclass
class Runtime:
    """The common options as they were given (None: not given), and what follows from them."""

    argv: Sequence[str]
    talk: Console = field(default_factory=Console)
    command: str = ""
    given: dict[str, Any] = field(default_factory=dict)

    @property
    def provider_name(self) -> str:
        """The provider asked for."""
        return self.given.get("provider") or "aliyun"

    @property
    def profile(self) -> str | None:
        """The provider's profile asked for."""
        return self.given.get("profile")

    @property
    def sandbox(self) -> bool:
        """Whether everything runs against the stand-ins."""
        return bool(self.given.get("sandbox"))

    @property
    def output(self) -> str:
        """How the answer is written: as asked, else a table at a terminal and JSON elsewhere.

        Reads argv and the environment itself if the options could not be parsed.
        """
        asked = self.given.get("output") or _scan(self.argv) or os.environ.get("SMSWRAP_OUTPUT")
        if asked in OUTPUTS:
            return str(asked)
        return "table" if process.is_terminal(1) else "json"

    @property
    def asks(self) -> bool:
        """Whether there is a person to ask: stdin and stderr are terminals."""
        return process.is_terminal(0, 2)

    def journal(self) -> Journal:
        """The journal of this user; the sandbox has one of its own."""
        from smswrap import state
        from smswrap.sending.journal import NAME, Journal

        if not self.sandbox:
            return Journal(state.directory() / NAME)
        from smswrap.sandbox import Sandbox

        return Journal(Sandbox().directory / NAME)

    def provider(self) -> Provider:
        """The provider with its settings; in the sandbox, the stand-in."""
        return provider_named(self.provider_name, self.settings())

    def settings(self) -> Settings:
        """The common options as providers take them."""
        environment = process.environment()
        standin: tuple[str, ...] = ()
        if self.sandbox:
            from smswrap.sandbox import Sandbox

            sandbox = Sandbox()
            sandbox.prepare()
            environment, standin = sandbox.environment(environment), sandbox.command
        return Settings(
            talk=self.talk,
            environment=environment,
            profile=self.profile,
            region=self.given.get("region"),
            read_timeout=self.given.get("read_timeout"),
            sandbox=self.sandbox,
            standin=standin,
        )


def _scan(argv: Sequence[str]) -> str | None:
    for word, following in zip(argv, [*argv[1:], ""], strict=False):
        if word == "--output":
            return following
        if word.startswith("--output="):
            return word.partition("=")[2]
    return None
