"""`explain`, `setup`, `doctor` and `sandbox`: verbs that send nothing and ask no provider for what it holds."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from smswrap import catalogue, disk, state
from smswrap.cli.answer import Answer
from smswrap.cli.doctor import Examining, called, judged, repaired
from smswrap.cli.options import command, group, option
from smswrap.clock import iso
from smswrap.errors import InputError, Kind, SmswrapError
from smswrap.household import refuse_foreign_home
from smswrap.messages import said
from smswrap.providers.base import Finding, diagnosis_of, set_up
from smswrap.record import dataclass
from smswrap.sandbox import Sandbox
from smswrap.sending.refusals import loss

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from smswrap.cli.runtime import Runtime

CODE_OR_WORDS = click.Argument(["words"], nargs=-1, metavar="[CODE | WORDS]")
MOST_WITH_STEPS = 50
"""Codes of a list up to which each is told with what to do; of more, one code at a time tells it."""


@dataclass(frozen=True)
class Searching:
    """Which codes."""

    search: str | None = option("--search", "TEXT", "List the codes that hold this text.")


def run_explain(runtime: Runtime, words: tuple[str, ...], searching: Searching) -> Answer:
    """Explain a code, or list those that hold the words."""
    text = " ".join(words)
    if text and (entry := catalogue.meant(text, runtime.common.provider)):
        code = text.strip() if entry.code.endswith("*") else entry.code
        return Answer("explain", data={**entry._asdict(), "next_step": entry.step(), "code": code})
    rows = [] if catalogue.misspelt(text) else catalogue.search(text or searching.search or "", said)
    if text and not rows:
        close = catalogue.near(text)
        step = f"Did you mean {', '.join(close)}?" if close else "`smswrap explain` lists all codes."
        raise InputError.of("CODE", text[:60], "is not a code that smswrap knows", step)
    names = ("code", "provider", "kind", "meaning")
    codes = [{name: getattr(row, name) for name in names} for row in rows]
    if len(rows) <= MOST_WITH_STEPS:
        codes = [{**code, "next_step": row.step()} for code, row in zip(codes, rows, strict=True)]
    return Answer("explain", data={"codes": codes, "total": len(codes)}, long=True)


def run_doctor(runtime: Runtime, examining: Examining) -> Answer:
    """Look at everything that a send needs."""
    done, stopped = repaired(runtime) if examining.fix else ([], "")
    findings = [*_journal(runtime), *diagnosis_of(runtime.provider_name, runtime.settings())]
    if examining.live and all(finding.state != "failed" for finding in findings):
        findings.append(called(runtime))
    if stopped and stopped not in {finding.detail for finding in findings}:
        runtime.talk.warn(stopped)
    return judged(runtime, findings, done)


def _journal(runtime: Runtime) -> Iterator[Finding]:
    try:
        with runtime.journal() as journal:
            journal.check_writable()
            lost = loss(journal)
            step = "Query what you sent last before you send again."
            fine = Finding("journal", "ok", str(journal.path))
            yield Finding("journal", "failed", lost, step, Kind.DUPLICATE) if lost else fine
            yield from _place(runtime, journal.path.parent)
    except SmswrapError as error:
        yield Finding("journal", "failed", error.fault.message, error.fault.next_step, error.fault.kind)


def _place(runtime: Runtime, directory: Path) -> Iterator[Finding]:
    moved = None if runtime.common.sandbox else state.moved_by()
    if moved:
        detail = f"{moved} leads to {directory}; only what was sent with the same one is known as a repeat"
        step = f"Use one for all sends; `unset {moved}` leads to the usual one."
        yield Finding("state directory", "warning", detail, step)
    kind = disk.network_of(directory)
    if kind:
        detail = f"{directory} lies on a network file system ({kind}), where locks and the journal may fail"
        yield Finding("state directory", "warning", detail, "Name a folder of this machine with SMSWRAP_STATE_DIR.")


def run_setup(runtime: Runtime) -> Answer:
    """Go through the steps, then judge."""
    person = runtime.desk()
    if not person.asks:
        step = "Run it at a terminal; `smswrap doctor` says what is missing, without questions."
        raise InputError.of("smswrap setup", "", "asks questions, and there is no terminal", step)
    set_up(runtime.provider_name, runtime.settings(), person)
    live = person.ask("Make one call that only reads, to see whether the keys are taken? [y/N] ")
    answer = run_doctor(runtime, Examining(live=live))
    answer.command = "setup"
    return answer


def run_path(_runtime: Runtime) -> Answer:
    """Show where the sandbox lives."""
    return Answer("sandbox path", data={"path": str(Sandbox().directory)}, text=str(Sandbox().directory))


def run_reset(runtime: Runtime) -> Answer:
    """Delete the sandbox's folder, after asking at a terminal."""
    refuse_foreign_home(runtime.common)
    directory, desk = Sandbox().directory, runtime.desk()
    if desk.asks and directory.exists() and not desk.ask(f"Delete {directory} and all in it? [y/N] "):
        return Answer("sandbox reset", data={"path": str(directory), "deleted": False})
    return Answer("sandbox reset", data={"path": str(directory), "deleted": Sandbox().reset()})


def run_log(runtime: Runtime) -> Answer:
    """Show the calls that the stand-ins received."""
    refuse_foreign_home(runtime.common)
    calls = list(Sandbox().calls())
    return Answer("sandbox log", data={"calls": list(map(_call, calls)) if runtime.output == "table" else calls})


def _call(call: Mapping[str, Any]) -> dict[str, object]:
    """A call as a person reads it, and can paste it."""
    mode = "on" if call["ai_mode"]["enabled"] else "off"
    line = shlex.join(("aliyun", *call["argv"]))
    return {"at": iso(call["time"]), "ai_mode": mode, "exit": call["exit"], "call": line}


COMMANDS = {
    "explain": command("explain", run_explain, (Searching,), CODE_OR_WORDS),
    "setup": command("setup", run_setup),
    "doctor": command("doctor", run_doctor, (Examining,)),
    "sandbox": group(
        "sandbox",
        command("sandbox path", run_path),
        command("sandbox reset", run_reset),
        command("sandbox log", run_log),
    ),
}
