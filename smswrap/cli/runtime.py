"""What one run of the program knows: its common options, whom it tells, and the house that it works in."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import contextmanager, nullcontext
from dataclasses import field
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

from smswrap import process
from smswrap.cli.screen import STYLES, Screen
from smswrap.household import DEFAULT_PROVIDER, Choices, open_house, open_journal, settings_of
from smswrap.messages import said
from smswrap.providers.base import provider_named
from smswrap.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from smswrap.errors import Fault
    from smswrap.journal.journal import Journal
    from smswrap.providers.base import Provider, Settings
    from smswrap.sending.house import House

OUTPUTS = ("json", "raw", "table")
ENDS = tuple(".!?:;,…。！？；")  # noqa: RUF001  as Chinese sentences end
WIPE = "\r\x1b[K"


def program(*, beside: bool = False) -> str:
    """The words that start smswrap: those that its launcher was started with, or its name.

    `beside`: where that is not on PATH, the file beside our interpreter, for who came in by another door.
    """
    launcher = os.environ.get("SMSWRAP_PROGRAM", "")
    if launcher and launcher.isprintable() and launcher != _on_path(launcher):
        return shlex.quote(launcher)
    file = Path(sys.executable).with_name("smswrap")
    return shlex.quote(str(file)) if beside and not _on_path("smswrap") and file.exists() else "smswrap"


def _on_path(program: str) -> str | None:
    """The file that its name alone would start; shutil, which knows that too, costs 15 ms to load."""
    files = (Path(folder, Path(program).name) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder)
    return next((str(file) for file in files if file.is_file() and os.access(file, os.X_OK)), None)


def named(text: str) -> str:
    """The text with command lines that can be pasted where the program was started."""
    return text.replace("`smswrap ", f"`{program()} ") if "`smswrap " in text else text


class Console:
    """Talk: everything said on stderr. A stderr that is gone is no reason to fail."""

    def __init__(self, spelt: Callable[[str], str] | None = None) -> None:
        self.spelt = spelt or named
        self.quiet = False
        self.verbose = False
        self.warnings: list[str] = []
        self.troubles: list[Fault] = []
        self._lock = RLock()  # a signal's notice may come while this very thread writes
        self._drawn = self._watched = False
        self.status = ""
        """What the answer says, once there is one."""

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
            self.say(f"{styled('warning:')} {text}")

    def detail(self, text: str) -> None:
        """Say what only --verbose shows."""
        if self.verbose:
            self.say(text)

    def trouble(self, fault: Fault) -> None:
        """Keep a failure that must be told even though the request itself went well."""
        self.troubles.append(fault)

    def say(self, text: str, end: str = "\n") -> None:
        """Write a text of ours to stderr, in the reader's language."""
        self.show(said(text), end)

    def show(self, text: str, end: str = "\n") -> None:
        """Write to stderr what is not ours to translate, in the words of the door at which it is read."""
        with self._lock:
            self.wipe()
            self._write(self.spelt(text) + end)

    def progress(
        self, what: str, total: int | None = None, seconds: float | None = None
    ) -> AbstractContextManager[Callable[[int], None]]:
        """Show what is awaited, and how many of how many are done; gives the function that is told of more of them."""
        if self.quiet or self._watched:
            return nullcontext(lambda _done: None)
        return self._watching(what, total, seconds)

    @contextmanager
    def _watching(self, what: str, total: int | None, seconds: float | None) -> Iterator[Callable[[int], None]]:
        from smswrap.cli.progress import Progress

        self._watched = True
        try:
            with Progress(self, what, total, seconds) as advance:
                yield advance
        finally:
            self._watched = False

    def draw(self, line: str) -> None:
        """Write a line that the next one takes the place of."""
        with self._lock:
            self.wipe()
            self._write(line)
            self._drawn = True

    def wipe(self) -> None:
        """Take away what was drawn."""
        with self._lock:
            if self._drawn:
                self._write(WIPE)
                self._drawn = False

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text.encode("utf-8", "backslashreplace").decode("utf-8"))
            sys.stderr.flush()
        except (OSError, ValueError, AttributeError):
            process.abandon(2)

    def error(self, fault: Fault) -> None:
        """Tell of a failure: what happened, then what to do."""
        message = fault.message if fault.message.endswith(ENDS) or not fault.meaning else f"{fault.message}."
        self.say(" ".join(word for word in (styled("error:"), message, fault.meaning) if word))
        if fault.next_step:
            self.say(f"{styled('hint:')} {fault.next_step}")


def styled(word: str) -> str:
    """A word of talk in its colour, where stderr has colours."""
    return Screen.of(2).styled(word, STYLES.get(word))


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
        """The output that the command line asks for; the environment's does not count."""
        return _scan(self.argv)

    @property
    def provider_name(self) -> str:
        """The provider asked for."""
        return self.common.provider or DEFAULT_PROVIDER

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
        from smswrap.cli.desk import Terminal

        self.announce()
        return open_house(self.common, self.talk, Terminal(self), plan_id)

    def announce(self) -> None:
        """Say once, on each run in the sandbox, that it is one."""
        if self.common.sandbox and not self._announced:
            self.talk.note("sandbox: nothing real is sent")
            self._announced = True


def _scan(argv: Sequence[str]) -> str | None:
    for word, following in zip(argv, [*argv[1:], ""], strict=False):
        if word == "--output":
            return following
        if word.startswith("--output="):
            return word.partition("=")[2]
    return None
