"""`main`: one way in, one error door, one way out."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import replace
from errno import EMFILE, ENFILE
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click
from click.exceptions import NoArgsIsHelpError

from smswrap import process, signals
from smswrap.cli import versions
from smswrap.cli.answer import Answer, json_text
from smswrap.cli.console import Console, named, program
from smswrap.cli.options import meaning, pages, telling, with_common_options
from smswrap.cli.runtime import COMPLETING, Runtime
from smswrap.cli.screen import Screen
from smswrap.errors import Fault, InputError, Kind, SmswrapError, without_sending
from smswrap.masking import redact
from smswrap.messages import spoken
from smswrap.providers.base import ProviderError, Settings, recover
from smswrap.providers.parameters import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from click.shell_completion import CompletionItem

COMMANDS: Mapping[str, str] = {
    "send": "send",
    "send-batch": "batch",
    **dict.fromkeys(("confirm", "resume", "cancel"), "plans"),
    "history": "history",
    **dict.fromkeys(("doctor", "explain", "sandbox", "setup"), "admin"),
    **dict.fromkeys(("completion", "help"), "helping"),
    "schema": "schema",
    "skill": "skill",
}
"""The module of each verb's command, so that only the one that runs is loaded; the others are the operations' verbs."""

SENDING = frozenset({"send", "send-batch", "confirm", "resume"})
"""Verbs of which "nothing was sent" is worth saying."""

MANY = 2
"""Problems that make a table of their own."""

DECLINED = "Not sent."
PROBLEMS, PROBLEMS_OF_KINDS = "{count:,} problems.", "{count:,} problems of {kinds} kinds."

TOPICS = "Topics: `smswrap help exit-codes`, `environment`, `output`, `sandbox`; a verb's own: `smswrap VERB --help`."


class Verbs(click.Group):
    """The group of all verbs; a verb's module is loaded when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Give the verbs: what sends, what looks up, what looks at this machine."""
        from smswrap.cli.read import verbs

        names = list(COMMANDS)
        return [*names[:6], *verbs(), *names[6:]]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs in groups."""
        from smswrap.cli.helping import grouped

        for group, lines in grouped(self.list_commands(ctx)):
            with formatter.section(group):
                formatter.write_dl(lines)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The verbs that begin so, without loading them; options, as click finds them."""
        from smswrap.cli.completion import verbs
        from smswrap.cli.helping import grouped

        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return verbs(grouped(self.list_commands(ctx)), incomplete)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load the verb's command."""
        if cmd_name not in COMMANDS:
            from smswrap.cli.read import command_for, verbs

            return command_for(cmd_name) if cmd_name in verbs() else None
        found: Mapping[str, click.Command] = import_module(f"smswrap.cli.{COMMANDS[cmd_name]}").COMMANDS
        return found[cmd_name]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Remember the verb for the envelope, then find its command; of an unknown one, say which are near."""
        ctx.ensure_object(Runtime).command = verb = args[0]
        if not verb.startswith("-") and self.get_command(ctx, verb) is None:
            meant = meaning(verb, self.list_commands(ctx)) or "See `smswrap --help` for the verbs."
            raise InputError.of("verb", shorten(verb), "is not one of smswrap's", meant)
        return super().resolve_command(ctx, args)


def _formatter(**how: Any) -> click.HelpFormatter:  # noqa: ANN401  click's widths
    from smswrap.cli.helping import Formatter

    return Formatter(**how)


click.Context.formatter_class = staticmethod(_formatter)  # type: ignore[assignment]  # whatever makes one will do
SETTINGS = {"max_content_width": 100}


app = Verbs("smswrap", help=pages()["smswrap"].text, context_settings=SETTINGS, epilog=TOPICS)
app.params.append(telling(["--version"], lambda _: versions(), "Tell versions and places."))
with_common_options(app, variables=True)


def main(argv: Sequence[str], talk: Console | None = None) -> int:
    """Run one command line: write its answer to stdout, talk on stderr, and return the exit code.

    `talk` says it in the words of another door.
    """
    runtime = Runtime(argv, talk or Console())
    process.leave_no_core()
    with signals.signals_noticed():
        answer = _answer(argv, runtime)
        if isinstance(answer, Answer) and answer.report is not None:
            # What became of a send is told, whatever comes now.
            return _told(answer, runtime)
    return answer if isinstance(answer, int) else _told(answer, runtime)


def _told(answer: Answer, runtime: Runtime) -> int:
    form = answer.form or runtime.output
    _settle(answer, runtime, form)
    lost = write(answer, form, with_reply=runtime.common.with_reply)
    return answer.exit if lost is None else _unwritten(answer, runtime, lost)


def _unwritten(answer: Answer, runtime: Runtime, lost: Exception) -> int:
    """The exit code of an answer that could not be written: whoever closed the pipe of a query wanted no more of it."""
    if answer.report is None and isinstance(lost, BrokenPipeError):
        return answer.exit
    plan = f", plan {answer.report.plan.plan_id}" if answer.report else ""
    runtime.talk.say(f"The answer could not be written to stdout whole: status {answer.status}{plan}.")
    return 1 if answer.exit == 0 and answer.report is None else answer.exit


def write(answer: Answer, form: str, *, with_reply: bool) -> Exception | None:
    """Write the answer to stdout; what kept it from being written whole comes back."""
    answer.data = spoken(answer.data)
    if form == "json":
        return _put(json_text(answer.envelope(with_reply=with_reply), pretty=process.is_terminal(1)))
    if form == "raw":
        return _put(answer.text)
    screen = Screen.of(1)
    if answer.drawn is not None:
        return _put(answer.drawn(screen))
    from smswrap.cli.outcome import tell
    from smswrap.cli.tables import render

    text = render(answer, screen) if answer.report is None else tell(answer.report, screen, sandbox=answer.sandbox)
    return _put(text) if not (answer.long and _paged(text, screen)) else None


def _paged(text: str, screen: Screen) -> bool:
    """Show what is longer than the screen through the person's pager; whether it was."""
    if screen.width is None or text.count("\n") < screen.height or not process.is_terminal(0, 1):
        return False
    os.environ.setdefault("LESS", "-FRX")
    click.echo_via_pager(text, color=screen.colour)
    return True


def _put(text: str) -> Exception | None:
    if not text:
        return None
    try:
        # Half characters can come in from JSON escapes; as escapes they may leave again.
        sys.stdout.buffer.write(text.rstrip("\n").encode("utf-8", "backslashreplace") + b"\n")
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError) as error:
        process.abandon(1)
        return error
    return None


def _answer(argv: Sequence[str], runtime: Runtime) -> Answer | int:
    try:
        if "doctor" not in argv and COMPLETING not in os.environ:  # the one tells of it, the other is a key press
            recover(Settings(runtime.talk, process.environment()))
        result = app.main(args=list(argv), prog_name=program(), standalone_mode=False, obj=runtime)
    except signals.Ended as ended:
        return _interrupted(runtime, ended)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 1
    except Exception as error:  # noqa: BLE001  the one door: what nobody expected must still end in an envelope
        return _failed(runtime, error)
    return result if isinstance(result, (Answer, int)) else 0


def _failed(runtime: Runtime, error: Exception) -> Answer:
    answer = Answer(runtime.command, runtime.provider_name, fault=_fault_of(error, runtime))
    if isinstance(error, SmswrapError):
        answer.data = error.data
    if isinstance(error, InputError) and isinstance(error.data, dict):
        problems = [{**problem, "next_step": named(problem["next_step"])} for problem in error.data["problems"]]
        answer.data = {**error.data, "problems": problems}
    if isinstance(error, ProviderError):
        answer.reply, answer.text, answer.request_id = error.body, error.text, error.request_id or None
    return answer


def _fault_of(error: Exception, runtime: Runtime) -> Fault:
    if isinstance(error, SmswrapError):
        return error.fault
    if isinstance(error, NoArgsIsHelpError):
        runtime.talk.note(error.format_message())
        return Fault(Kind.INPUT, "No command was given.", "", f"See `{error.ctx.command_path} --help`.")
    if isinstance(error, click.UsageError):
        where = error.ctx.command_path if error.ctx else "smswrap"
        return Fault(Kind.INPUT, error.format_message(), "Nothing was sent.", f"See `{where} --help`.")
    if isinstance(error, OSError) and error.errno in {EMFILE, ENFILE}:
        step = "End some programs, or allow more (`ulimit -n 256`); `smswrap history` tells whether anything was sent."
        return Fault(
            Kind.SETUP, f"This machine has no file descriptor left: {error.strerror}.", "", step, "never", "files"
        )
    return _internal_fault(error, runtime)


def _settle(answer: Answer, runtime: Runtime, form: str) -> None:
    """Bring in what went wrong beside the request, and tell the person on stderr."""
    answer.sandbox = runtime.common.sandbox
    runtime.announce()
    runtime.talk.status = answer.status
    sandboxed = answer.sandbox and not os.environ.get("SMSWRAP_SANDBOX")
    answer.again = f"{program()} --sandbox" if sandboxed else program()
    if form == "table" and not (answer.report and answer.report.shown):  # a plan shows its own
        for warning in answer.warnings:
            runtime.talk.warn(warning)
    answer.warnings = [named(warning) for warning in dict.fromkeys((*runtime.talk.warnings, *answer.warnings))]
    if answer.fault is not None and runtime.command not in SENDING:
        answer.fault = without_sending(answer.fault)
    for trouble in runtime.talk.troubles:
        if answer.error is None:
            answer.trouble = trouble
        else:
            answer.warnings.append(f"{trouble.message} {trouble.next_step}")
            runtime.talk.error(trouble)
    if answer.error is None or (form == "table" and answer.drawn):  # which tells of it
        return
    if form == "table" and answer.error.code == "declined":
        runtime.talk.say(DECLINED)
    else:
        runtime.talk.error(_headline(answer, answer.error, form))


def _headline(answer: Answer, error: Fault, form: str) -> Fault:
    """What stderr says of the failure: where a table on stdout lists the problems, only how many there are."""
    if error.kind == Kind.INTERRUPTED and answer.report is None:
        return replace(error, next_step="")
    problems = answer.data.get("problems", ()) if isinstance(answer.data, dict) else ()
    if answer.fault is None or form != "table" or len(problems) < MANY:
        return error
    kinds = answer.data.get("kinds", ())
    count = answer.data.get("problems_total", len(problems))
    sentence = PROBLEMS_OF_KINDS if len(kinds) >= MANY else PROBLEMS
    return replace(answer.fault, message=sentence.format(count=count, kinds=len(kinds)))


def _interrupted(runtime: Runtime, ended: signals.Ended) -> Answer:
    message = f"Ended by {ended.signum.name}."
    meaning = "No send request was made." if runtime.command in SENDING else ""
    fault = Fault(Kind.INTERRUPTED, message, meaning, "Run it again if you like.", "later", ended.signum.name)
    return Answer(runtime.command, runtime.provider_name, fault=fault, signum=ended.signum)


def _internal_fault(error: Exception, runtime: Runtime) -> Fault:
    import traceback

    runtime.talk.detail(redact("".join(traceback.format_exception(error))))
    message = f"Something nobody expected: {type(error).__name__}: {redact(str(error))}"
    step = "Run it with --sandbox --verbose and report what it prints. If this was a send, query its receipt first."
    return Fault(Kind.INTERNAL, message, "This is a mistake in smswrap.", step, "after-receipt")


def _utf8_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]  # a TextIOWrapper, else suppressed


_utf8_streams()
