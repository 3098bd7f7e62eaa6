"""What one run of the program knows: its common options, whom it tells, and the house that it works in."""

from __future__ import annotations

import contextlib
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from smswrap import process
from smswrap.providers.base import Settings, provider_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smswrap.errors import Fault
    from smswrap.journal.journal import Journal
    from smswrap.model import Plan
    from smswrap.providers.base import Provider
    from smswrap.sending.house import House

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


@dataclass(frozen=True)
class Common:
    """The common options as they were given; None: not given."""

    provider: str | None = None
    profile: str | None = None
    region: str | None = None
    output: str | None = None
    with_reply: bool = False
    sandbox: bool = False
    read_timeout: int | None = None
    quiet: bool = False
    verbose: bool = False


@dataclass
class Runtime:
    """One run: its words, its common options, and what follows from them."""

    argv: Sequence[str]
    talk: Console = field(default_factory=Console)
    command: str = ""
    common: Common = field(default_factory=Common)

    @property
    def provider_name(self) -> str:
        """The provider asked for."""
        return self.common.provider or "aliyun"

    @property
    def output(self) -> str:
        """How the answer is written: as asked, else a table at a terminal and JSON elsewhere.

        Reads argv and the environment itself if the options could not be parsed.
        """
        asked = self.common.output or _scan(self.argv) or os.environ.get("SMSWRAP_OUTPUT")
        if asked in OUTPUTS:
            return str(asked)
        return "table" if process.is_terminal(1) else "json"

    def journal(self) -> Journal:
        """The journal of this user; the sandbox has one of its own."""
        from smswrap import state
        from smswrap.journal.journal import Journal
        from smswrap.journal.store import NAME

        if not self.common.sandbox:
            return Journal(state.directory() / NAME)
        from smswrap.sandbox import Sandbox

        return Journal(Sandbox().directory / NAME)

    def provider(self) -> Provider:
        """The provider with its settings; in the sandbox, the stand-in."""
        return provider_named(self.provider_name, self.settings())

    @contextmanager
    def house(self) -> Iterator[House]:
        """The house for a new order, or for all plans of this account."""
        with self.journal() as journal, self._house(journal, None) as house:
            yield house

    @contextmanager
    def house_of(self, plan_id: str) -> Iterator[House]:
        """The house for a plan of the journal: its provider, and what was asked for, unless options say otherwise.

        Raises InputError if there is no such plan.
        """
        from smswrap.sending.service import find

        with self.journal() as journal, self._house(journal, find(plan_id, journal)) as house:
            yield house

    def _house(self, journal: Journal, plan: Plan | None) -> House:
        from smswrap.cli.desk import Terminal
        from smswrap.sending.house import House
        from smswrap.sending.planning import Asked

        asked = Asked(
            self.common.profile or (plan.asked_profile if plan else None),
            self.common.region or (plan.asked_region if plan else None),
        )
        name = self.common.provider or (plan.account.provider if plan else self.provider_name)
        provider = provider_named(name, self.settings(asked.profile, asked.region))
        return House(journal, provider, self.talk, Terminal(self), asked, self.common.sandbox)

    def settings(self, profile: str | None = None, region: str | None = None) -> Settings:
        """The common options as providers take them."""
        environment = process.environment()
        standin: tuple[str, ...] = ()
        if self.common.sandbox:
            from smswrap.sandbox import Sandbox

            sandbox = Sandbox()
            sandbox.prepare()
            environment, standin = sandbox.environment(environment), sandbox.command
        return Settings(
            talk=self.talk,
            environment=environment,
            profile=profile or self.common.profile,
            region=region or self.common.region,
            read_timeout=self.common.read_timeout,
            sandbox=self.common.sandbox,
            standin=standin,
        )


def _scan(argv: Sequence[str]) -> str | None:
    for word, following in zip(argv, [*argv[1:], ""], strict=False):
        if word == "--output":
            return following
        if word.startswith("--output="):
            return word.partition("=")[2]
    return None
