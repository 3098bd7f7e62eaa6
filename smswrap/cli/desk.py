"""The person at the terminal: what they are shown and asked, and how far a send has come, all on stderr."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING

from smswrap import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smswrap.cli.runtime import Runtime
    from smswrap.sending.shown import ShownMessage, ShownPlan

YES = frozenset({"y", "yes", "是", "确认", "发送"})
SHOWN_RECIPIENTS = 20

FEW = 1000
"""Recipients up to which nobody needs to watch."""

EVERY = 5.0
"""Seconds between two lines of progress."""


class Terminal:
    """The person at the other end, if stdin and stderr are terminals."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    @property
    def asks(self) -> bool:
        """Whether there is somebody to ask."""
        return process.is_terminal(0, 2)

    def confirm(self, shown: ShownPlan) -> bool:
        """Show the plan and ask for a yes; no answer and end of input are a no. A signal raises Ended."""
        lines = _describe(shown, sandbox=self._runtime.common.sandbox)
        self._runtime.talk.show("\n".join(["", *lines, ""]))
        return self.ask("Send it? [y/N] ")

    def ask(self, question: str) -> bool:
        """Ask for a yes; no answer and end of input are a no. A signal raises Ended."""
        return (self.answer(question) or "").lower() in YES

    def answer(self, question: str) -> str | None:
        """A line from the person, without its outer blanks; None at the end of input. A signal raises Ended."""
        self._runtime.talk.say(question, end="")
        try:
            with process.interruptible():
                answer = sys.stdin.readline()
        except process.Ended:
            self._runtime.talk.say("")  # what is said next begins a line
            raise
        if not answer.endswith("\n"):
            self._runtime.talk.say("")
        return answer.strip() if answer else None

    @contextlib.contextmanager
    def progress(self, recipients: int) -> Iterator[Callable[[int], None]]:
        """Show how many recipients have their outcome: a bar at a terminal, a line every few seconds elsewhere."""
        if self._runtime.talk.quiet or recipients <= FEW:
            yield lambda _done: None
        elif process.is_terminal(2):
            with _bar(recipients) as advance:
                yield advance
        else:
            yield self._lines(recipients)

    def _lines(self, recipients: int) -> Callable[[int], None]:
        start = said = time.monotonic()
        done = 0

        def advance(more: int) -> None:
            nonlocal said, done
            done += more
            if time.monotonic() - said >= EVERY:
                said = time.monotonic()
                self._runtime.talk.note(f"{done} of {recipients} after {said - start:.0f} s …")

        return advance


@contextlib.contextmanager
def _bar(recipients: int) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("Sending"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=recipients)
        yield lambda more: bar.advance(task, more)


def _describe(shown: ShownPlan, *, sandbox: bool) -> Iterator[str]:
    plan = shown.plan
    more = f" and {plan.recipients - SHOWN_RECIPIENTS} more" if plan.recipients > SHOWN_RECIPIENTS else ""
    yield f"Provider    {plan.account.provider}{' (sandbox: nothing real is sent)' if sandbox else ''}"
    yield f"Account     {_account(shown)}"
    yield f"Sign        {', '.join(plan.signs)}"
    yield f"Template    {plan.template}"
    yield f"Recipients  {', '.join(shown.recipients[:SHOWN_RECIPIENTS])}{more} ({plan.recipients})"
    for number, message in enumerate(_samples(shown)):
        yield from _describe_message(
            message, f" {number + 1}" if plan.recipients > 1 and len(shown.messages) > 1 else ""
        )
    if plan.parts is not None:
        each = f", {plan.parts.low}-{plan.parts.high} each" if plan.parts.low != plan.parts.high else ""
        yield f"Parts       {plan.parts.total} in {plan.requests} request(s){each}"


def _samples(shown: ShownPlan) -> tuple[ShownMessage, ...]:
    different = {message.text or str(message.message.content): message for message in reversed(shown.messages)}
    return tuple(reversed(different.values()))[:3]


def _describe_message(message: ShownMessage, number: str) -> Iterator[str]:
    parameters = message.message.content.parameters
    if parameters:
        pairs = ", ".join(f"{name}={value}" for name, value in parameters.items())
        yield f"{f'Values{number}':<11} {visible(pairs)}"
    if message.text:
        yield f"{f'Text{number}':<11} {visible(message.text)}"


def _account(shown: ShownPlan) -> str:
    account = shown.plan.account
    words = (
        f"profile {account.profile}" if account.profile else None,
        account.mode,
        f"key …{account.key_end}" if account.key_end else None,
        account.region or account.base,
    )
    return ", ".join(word for word in words if word) or "none is configured"


def visible(text: str) -> str:
    """The text with a dot for each character that a terminal would obey."""
    return "".join(char if char.isprintable() else "·" for char in text)
