"""The person at the terminal, all on stderr: what they are told, how far something has come, what they are asked."""

from __future__ import annotations

import os
import shlex
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, RLock, Thread
from typing import TYPE_CHECKING

from smswrap import process, signals
from smswrap.cli.screen import GOOD, HEADING, STYLES, Screen, has_cursor
from smswrap.errors import InputError, Kind
from smswrap.messages import said
from smswrap.signals import signal_received

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smswrap.errors import Fault
    from smswrap.sending.shown import ShownPlan

ENDS = tuple(".!?:;,…。！？；")  # noqa: RUF001  as Chinese sentences end
FIRST_CHINESE = "\u2e80"
"""From here on characters are Chinese."""

WIPE = "\r\x1b[K"

AT_ONCE = 1.0
"""Seconds after which somebody who watches wonders what is happening."""

DRAWN = 0.2
"""Seconds between two drawings of a line."""

PASTE = 0.1
"""Seconds in which the next line of what was pasted is there."""

EVERY = 5.0
"""Seconds between two lines where there is no cursor."""

BAR = 20
"""Columns of the bar."""

OF = "{done:,} of {total:,}"
LEFT = "{seconds:.0f} s left"
SINCE = "{seconds:.0f} s"


YES = frozenset({"y", "yes", "是", "确认", "发送"})
EXPORT = frozenset({"e", "export", "导出"})

SEND_ONE = "Send it? [y/N/e(xport)] "
SEND_MANY = "Send to {count:,} recipients? [y/N/e(xport)] "
EXPORT_TO = "Write all messages to which CSV file? [{name}] "
EXPORTED = "{count:,} messages are in {path}; nothing was sent yet."
EXISTS = "is there already"


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
        self.left_line = False
        """Whether a signal came at a question, after which a new line was begun."""
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
            self._label("warning:", text)

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

    @contextmanager
    def progress(
        self, what: str, total: int | None = None, seconds: float | None = None
    ) -> Iterator[Callable[[int], None]]:
        """Show what is awaited, and how many of how many are done; gives the function that is told of more of them."""
        if self.quiet or self._watched:
            yield lambda _done: None
            return
        self._watched = True
        try:
            with _Progress(self, what, total, seconds) as advance:
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
        interrupted = fault.kind == Kind.INTERRUPTED or signal_received()
        if interrupted and has_cursor(2) and not self.left_line:
            self._write(WIPE)  # the terminal's own ^C
        message = fault.message if fault.message.endswith(ENDS) or not fault.meaning else _stopped(fault.message)
        self._label("error:", f"{message} {fault.meaning}".strip())
        if fault.next_step:
            self._label("hint:", fault.next_step)

    def _label(self, kind: str, text: str) -> None:
        """Say something of a kind, whose word is no part of any sentence."""
        word = said(kind)
        gap = " " if word == kind else ""  # after Chinese marks there is none
        self.show(f"{Screen.of(2).styled(word, STYLES.get(kind))}{gap}{said(text)}")


def _stopped(message: str) -> str:
    """The message with a full stop, as its language has it: a provider's may be Chinese."""
    return message + ("。" if message[-1:] >= FIRST_CHINESE else ".")


class _Progress:
    """What is awaited, how many of how many are done, how many seconds are left: `seconds` if that is known before."""

    def __init__(self, talk: Console, what: str, total: int | None, seconds: float | None) -> None:
        self._talk, self._what, self._total, self._seconds = talk, what, total, seconds
        self._done, self._start, self._ended = 0, time.monotonic(), Event()
        self._draws = has_cursor(2)
        self._thread = Thread(target=self._tell, daemon=True)

    def __enter__(self) -> Callable[[int], None]:
        with suppress(RuntimeError):  # no more threads: then nothing is told
            self._thread.start()
        return self.advance

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._talk.wipe()

    def advance(self, more: int) -> None:
        """So many more are done."""
        self._done += more

    def _tell(self) -> None:
        first, every = (AT_ONCE, DRAWN) if self._draws else (EVERY, EVERY)
        if self._ended.wait(first):
            return
        while True:
            self._talk.draw(self._line(Screen.of(2))) if self._draws else self._talk.note(self._line(Screen()))
            if self._ended.wait(every):
                return

    def _line(self, screen: Screen) -> str:
        elapsed = time.monotonic() - self._start
        words = [said(self._what)]
        if self._total:
            if self._draws and screen.width and screen.width > BAR + 50:
                words.append(self._bar(screen))
            words.append(said(OF).format(done=self._done, total=self._total))
        left = self._left(elapsed)
        words.append(said(SINCE).format(seconds=elapsed) if left is None else said(LEFT).format(seconds=left))
        text = "  ".join(words)
        return text if screen.width is None or screen.colour else text[: screen.width - 1]

    def _left(self, elapsed: float) -> float | None:
        if self._seconds is not None:
            return max(0.0, self._seconds - elapsed)
        return elapsed / self._done * (self._total - self._done) if self._total and self._done else None

    def _bar(self, screen: Screen) -> str:
        filled = min(BAR, BAR * self._done // (self._total or 1))
        return screen.styled("━" * filled, GOOD) + "─" * (BAR - filled)


class Terminal:
    """The person at the other end, if stdin and stderr are terminals."""

    def __init__(self, talk: Console, *, sandbox: bool) -> None:
        self._talk, self._sandbox = talk, sandbox

    @property
    def asks(self) -> bool:
        """Whether there is somebody to ask."""
        return process.is_terminal(0, 2)

    def confirm(self, shown: ShownPlan) -> bool:
        """Show the plan and ask for a yes; no answer and end of input are a no. A signal raises Ended."""
        from smswrap.cli.outcome import describe

        lines = describe(shown, Screen.of(2), sandbox=self._sandbox)
        self._talk.show("\n".join(["", *lines, ""]))
        count = shown.plan.recipients
        question = SEND_ONE if count == 1 else SEND_MANY.format(count=count)
        while (answer := self._decision(question)) in EXPORT:
            self._export(shown)
        return answer in YES

    def ask(self, question: str) -> bool:
        """Ask for a yes; no answer and end of input are a no. A signal raises Ended."""
        return self._decision(question) in YES

    def _decision(self, question: str) -> str:
        """What the person says to a question that they have seen: what was typed or pasted before it is no answer."""
        import termios

        with suppress(termios.error):
            termios.tcflush(0, termios.TCIFLUSH)
        return (self.answer(question) or "").lower()

    def answer(self, question: str) -> str | None:
        """A line from the person, without its outer blanks; None at the end of input. A signal raises Ended."""
        self._talk.say(Screen.of(2).styled(question.rstrip(), HEADING) + " ", end="")
        try:
            with signals.interruptible():
                line = sys.stdin.readline()
        except signals.Ended:
            self._talk.say("")  # what is said next begins a line
            self._talk.left_line = True
            raise
        if not line.endswith("\n"):
            self._talk.say("")
        return line.strip() if line else None

    def pasted(self) -> Iterator[str]:
        """The lines that came together with the answer, as a column of a sheet does."""
        import select

        while select.select([sys.stdin], [], [], PASTE)[0] and (line := sys.stdin.readline()):
            if line.strip():
                yield line.strip()

    def _export(self, shown: ShownPlan) -> None:
        """Write every message of the plan to a new file that the person names, so that they can look at all of it."""
        from smswrap.sending.table.writing import CsvFile

        usual = f"plan-{shown.plan.plan_id}.csv"
        name = self.answer(EXPORT_TO.format(name=usual))
        if name is None:
            return
        try:
            path = Path(name or usual).expanduser()
            if path.exists():
                raise InputError.of("", str(path), EXISTS, "")
            with CsvFile("", str(path)) as file:
                file.write(["recipient", "sign", "text", "parts"])
                count = 0
                for one in shown.every():
                    count += 1
                    file.write([one.message.recipient, one.message.content.sign, one.text or one.values, one.parts])
        except (InputError, RuntimeError) as error:
            self._talk.say(str(error).strip(": "))
            return
        self._talk.say(EXPORTED.format(count=count, path=path))
