"""What `smswrap doctor` makes of its findings: a verdict, a mark and a hint for each, a call, repairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smswrap.cli.answer import Answer
from smswrap.cli.options import flag
from smswrap.cli.screen import HEADING, STYLES, padded, wrapped
from smswrap.errors import Fault, Kind, Retry, SmswrapError
from smswrap.messages import said
from smswrap.providers.base import Finding, operations_of, repair
from smswrap.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smswrap.cli.runtime import Runtime
    from smswrap.cli.screen import Screen

PASSING = frozenset({Kind.THROTTLED, Kind.UNAVAILABLE, Kind.DUPLICATE})
"""Kinds of problems that time may solve."""

MARKS = {"ok": "✓", "warning": "!", "failed": "✗"}


@dataclass(frozen=True)
class Examining:
    """How far the examination goes."""

    live: bool = flag("--live", "Also make one call that only reads.")
    fix: bool = flag("--fix", "First set right what needs no decision of yours.")


def repaired(runtime: Runtime) -> tuple[list[str], str]:
    """Set right what needs no person; what was done, said as it is done, and what kept it from going on."""
    done: list[str] = []
    try:
        for told in repair(runtime.provider_name, runtime.settings()):
            runtime.talk.note(told)
            done.append(told)
    except (SmswrapError, OSError) as error:
        return done, error.fault.message if isinstance(error, SmswrapError) else str(error)
    return done, ""


def called(runtime: Runtime) -> Finding:
    """Make one call that reads, all the way to the provider."""
    from smswrap.cli.read import checked

    operation = next(row for row in operations_of(runtime.provider_name).values() if row.listed)
    try:
        with runtime.provider().session(sends=False) as session:
            session.call(operation.verb, checked(operation, {}))
    except SmswrapError as error:
        return Finding("call", "failed", error.fault.message, error.fault.next_step, error.fault.kind)
    return Finding("call", "ok", f"{operation.verb} was answered")


def judged(runtime: Runtime, findings: Sequence[Finding], done: Sequence[str]) -> Answer:
    """The answer: whether the next send would pass, and what keeps it from that; it exits as that send would."""
    failed = [finding for finding in findings if finding.state == "failed"]
    several = f"{len(failed)} problems: nothing can be sent."
    found = several if len(failed) > 1 else "1 problem: nothing can be sent like this."
    verdict = found if failed else _ready(runtime)
    checks = [one._asdict() for one in findings]
    data = {"ready": not failed, "verdict": verdict, "checks": checks, **({"fixed": list(done)} if done else {})}
    answer = Answer("doctor", runtime.provider_name, data)
    answer.drawn = lambda screen: "\n".join(_drawn(screen, verdict, findings))
    if failed:
        first = min(failed, key=lambda one: one.kind == Kind.DUPLICATE)  # a send looks for repeats last
        retry: Retry = "later" if first.kind in PASSING else "never"
        message = f"{first.check}: {first.detail}"
        answer.fault = Fault(first.kind, message, "Nothing can be sent like this.", first.next_step, retry)
        answer.failed = "failed"
    return answer


def _ready(runtime: Runtime) -> str:
    account = runtime.provider().account()
    key = f" {account.mode} …{account.key_end}" if account.key_end else f" {account.mode}"
    if account.profile:
        return f"Ready to send with profile {account.profile} ({key.strip()})."
    return f"Ready to send through {account.provider} with keys from the environment ({key.strip()})."


def _drawn(screen: Screen, verdict: str, findings: Sequence[Finding]) -> Iterator[str]:
    worst = "failed" if any(one.state == "failed" for one in findings) else "ok"
    yield f"{screen.styled(MARKS[worst], STYLES[worst])} {screen.styled(said(verdict), HEADING)}"
    yield ""
    longest = max(len(one.check) for one in findings)
    for one in findings:
        name = padded(said(one.check), longest)
        lines = wrapped(said(one.detail), screen.width, 2 + longest + 2)
        yield f"{screen.styled(MARKS[one.state], STYLES[one.state])} {name}  {lines[0]}".rstrip()
        yield from (" " * (longest + 4) + line for line in lines[1:])
        if one.next_step and one.state != "ok":
            yield from ("  " + line for line in wrapped(f"→ {said(one.next_step)}", screen.width, 4))
