"""`smswrap confirm`, `resume` and `cancel`: go on with a plan that the journal holds."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import click

from smswrap.cli.answer import Answer, of_report
from smswrap.cli.input import Carrying, Deciding, Speed, options_of, pace_of, write_or_warn
from smswrap.cli.options import command, complete, flag, option
from smswrap.errors import InputError, Kind
from smswrap.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smswrap.cli.runtime import Runtime
    from smswrap.sending.house import House
    from smswrap.sending.report import Report

PLAN = click.Argument(["plan_id"], metavar="PLAN", shell_complete=complete)
PLAN_OR_NONE = click.Argument(["plan_id"], metavar="[PLAN]", required=False, shell_complete=complete)


@dataclass(frozen=True)
class ResultFile:
    """Where results go."""

    result_file: str | None = option("--result-file", "FILE", "Write each recipient's outcome to this CSV file.")


@dataclass(frozen=True)
class Resuming:
    """What `resume` does."""

    unknown: bool = flag("--unknown", "Look for requests of unknown outcome in the receipts; send nothing.")
    resend_unknown: bool = flag("--resend-unknown", "A person has decided: send what is still unknown once more.")
    yes: bool = flag("--yes", "With --resend-unknown: do not ask.")
    allow_duplicate: bool = flag("--allow-duplicate", "Send even what was sent again by another plan meanwhile.")


def run_confirm(runtime: Runtime, plan_id: str, carrying: Carrying, results: ResultFile, speed: Speed) -> Answer:
    """Confirm a plan."""
    from smswrap.sending.service import confirm

    options = options_of(Deciding(), carrying, speed)
    with runtime.house(plan_id) as house, _results(runtime, house, plan_id, results):
        return of_report("confirm", confirm(plan_id, options, house))


def run_resume(runtime: Runtime, plan_id: str | None, how: Resuming, results: ResultFile, speed: Speed) -> Answer:
    """Go on with a plan, or find out about unknown outcomes."""
    from smswrap.sending.refusals import DuplicatePolicy
    from smswrap.sending.service import Options, look_up, resume, with_unknown

    if how.unknown:
        with runtime.house(plan_id) as house:
            return _looked_up([look_up(plan, house) for plan in with_unknown(plan_id, house)])
    if plan_id is None:
        raise InputError.of("PLAN", "", "must be given", "`smswrap history` lists the plans that were sent.")
    duplicates = DuplicatePolicy(allowed=how.allow_duplicate)
    options = Options(yes=how.yes and how.resend_unknown, duplicates=duplicates, pace=pace_of(speed))
    with runtime.house(plan_id) as house, _results(runtime, house, plan_id, results):
        return of_report("resume", resume(plan_id, options, house, resend_unknown=how.resend_unknown))


def run_cancel(runtime: Runtime, plan_id: str) -> Answer:
    """Cancel a plan."""
    from smswrap.sending.service import cancel

    with runtime.house(plan_id) as house:
        return of_report("cancel", cancel(plan_id, house))


def _looked_up(reports: list[Report]) -> Answer:
    if len(reports) == 1:
        return of_report("resume", reports[0])
    left = [report.error for report in reports if report.error is not None and report.error.kind == Kind.UNKNOWN]
    plans = [{"plan_id": one.plan.plan_id, "counts": asdict(one.counts) if one.counts else None} for one in reports]
    return Answer("resume", None, {"plans": plans}, fault=left[0] if left else None)


@contextmanager
def _results(runtime: Runtime, house: House, plan_id: str, results: ResultFile) -> Iterator[None]:
    """Write the result file in the end, however that is; what was sent must be told even if that fails."""
    if results.result_file is None:
        yield
        return
    from smswrap.sending.service import find
    from smswrap.sending.table.results import RESULT_FILE, write_results
    from smswrap.sending.table.writing import check_writable

    check_writable(RESULT_FILE, results.result_file)
    try:
        yield
    finally:
        plan = find(plan_id, house.journal)
        write_or_warn(runtime, partial(write_results, results.result_file, house.journal.outcomes(plan)))


COMMANDS = {
    "confirm": command("confirm", run_confirm, (Carrying, ResultFile, Speed), PLAN),
    "resume": command("resume", run_resume, (Resuming, ResultFile, Speed), PLAN_OR_NONE),
    "cancel": command("cancel", run_cancel, (), PLAN),
}
