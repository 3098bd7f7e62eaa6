"""The person at the terminal: what they are shown and asked, all on stderr."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from smswrap import process
from smswrap.cli.planview import describe
from smswrap.cli.screen import HEADING, Screen
from smswrap.errors import InputError

if TYPE_CHECKING:
    from smswrap.cli.runtime import Runtime
    from smswrap.sending.shown import ShownPlan

YES = frozenset({"y", "yes", "是", "确认", "发送"})
EXPORT = frozenset({"e", "export", "导出"})

SEND_ONE = "Send it? [y/N/e(xport)] "
SEND_MANY = "Send to {count:,} recipients? [y/N/e(xport)] "
EXPORT_TO = "Write all messages to which CSV file? [{name}] "
EXPORTED = "{count:,} messages are in {path}; nothing was sent yet."
EXISTS = "is there already"


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
        lines = describe(shown, Screen.of(2), sandbox=self._runtime.common.sandbox)
        self._runtime.talk.show("\n".join(["", *lines, ""]))
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
        self._runtime.talk.say(Screen.of(2).styled(question.rstrip(), HEADING) + " ", end="")
        try:
            with process.interruptible():
                line = sys.stdin.readline()
        except process.Ended:
            self._runtime.talk.say("")  # what is said next begins a line
            raise
        if not line.endswith("\n"):
            self._runtime.talk.say("")
        return line.strip() if line else None

    def _export(self, shown: ShownPlan) -> None:
        """Write every message of the plan to a new file that the person names, so that they can look at all of it."""
        from pathlib import Path

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
            self._runtime.talk.say(str(error).strip(": "))
            return
        self._runtime.talk.say(EXPORTED.format(count=count, path=path))
