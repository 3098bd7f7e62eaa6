"""What one run of the program knows: its common options, whom it tells, and the house that it works in."""

from __future__ import annotations

import os
from dataclasses import field
from typing import TYPE_CHECKING

from smswrap import process
from smswrap.cli.console import Console, Terminal
from smswrap.household import DEFAULT_PROVIDER, Choices, open_house, open_journal, settings_of
from smswrap.providers.base import provider_named
from smswrap.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from smswrap.journal.journal import Journal
    from smswrap.providers.base import Provider, Settings
    from smswrap.sending.house import House

OUTPUTS = ("json", "raw", "table")

COMPLETING = "_SMSWRAP_COMPLETE"
"""By this variable a shell asks for what completes a line."""


@dataclass(frozen=True)
class Common(Choices):
    """The common options as they were given; None: not given."""

    output: str | None = None
    with_reply: bool = False
    quiet: bool = False
    verbose: bool = False


@dataclass
class Runtime:
    """One run: its words, its common options, and what follows from them."""

    argv: Sequence[str]
    talk: Console = field(default_factory=Console)
    command: str = ""
    common: Common = field(default_factory=Common)
    _announced: bool = False

    @property
    def asked_output(self) -> str | None:
        """The output that the command line asks for, parsed or not; the environment's does not count."""
        for word, following in zip(self.argv, [*self.argv[1:], ""], strict=False):
            if word == "--output":
                return following
            if word.startswith("--output="):
                return word.partition("=")[2]
        return None

    @property
    def provider_name(self) -> str:
        """The provider asked for."""
        return self.common.provider or DEFAULT_PROVIDER

    @property
    def output(self) -> str:
        """How the answer is written: as asked, else a table at a terminal and JSON elsewhere.

        Reads argv and the environment itself if the options could not be parsed.
        """
        asked = self.common.output or self.asked_output or os.environ.get("SMSWRAP_OUTPUT")
        if asked in OUTPUTS:
            return str(asked)
        return "table" if process.is_terminal(1) else "json"

    def journal(self) -> Journal:
        """The journal of this user, or of the sandbox."""
        self.announce()
        return open_journal(self.common)

    def settings(self) -> Settings:
        """The common options as providers take them."""
        self.announce()
        return settings_of(self.common, self.talk)

    def provider(self) -> Provider:
        """The provider with its settings; in the sandbox, the stand-in."""
        return provider_named(self.provider_name, self.settings())

    def house(self, plan_id: str | None = None) -> AbstractContextManager[House]:
        """The house for a new order, or for a plan of the journal. Raises InputError if there is no such plan."""
        self.announce()
        return open_house(self.common, self.talk, self.desk(), plan_id)

    def desk(self) -> Terminal:
        """Where the person sits."""
        return Terminal(self.talk, sandbox=self.common.sandbox)

    def announce(self) -> None:
        """Say once, on each run in the sandbox, that it is one."""
        if self.common.sandbox and not self._announced and not self.serves_a_shell:
            self.talk.note("sandbox: nothing real is sent")
            self._announced = True

    @property
    def serves_a_shell(self) -> bool:
        """Whether a shell asks, which shows on the line that is being typed whatever is said."""
        return self.command == "completion" or COMPLETING in os.environ
