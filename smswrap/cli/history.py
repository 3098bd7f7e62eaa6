"""`smswrap history`: what the journal remembers."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import TYPE_CHECKING

import click

from smswrap.cli.answer import Answer
from smswrap.cli.charts import Drawing, check_file, finish, history_bars
from smswrap.cli.options import command, complete_plans, option
from smswrap.clock import iso
from smswrap.errors import InputError, Problem
from smswrap.masking import mask_number
from smswrap.model import OUTCOMES, Outcome
from smswrap.providers.parameters import Parameter, check
from smswrap.record import dataclass
from smswrap.sending.recipients import read_recipient

if TYPE_CHECKING:
    from smswrap.cli.runtime import Runtime
    from smswrap.journal.journal import Filter, Journal
    from smswrap.model import Line

HELP = """List what was sent, newest first: one row a recipient.

\b
Examples:
  smswrap history --outcome unknown
  smswrap history --limit 1000 --csv
  smswrap history --chart
"""
COLUMNS = (
    "plan_id",
    "at",
    "provider",
    "sign",
    "template",
    "recipient",
    "outcome",
    "code",
    "receipt",
    "out_id",
    "biz_id",
)

MOST_COUNTED = 1_000_000
"""Messages that a chart counts; a journal of 30 days holds fewer."""


@dataclass(frozen=True)
class Looking:
    """Which lines, and how."""

    date: str | None = option("--date", metavar="DAY", help="Only this day (Asia/Shanghai).")
    phone_number: str | None = option("-p", "--phone-number", metavar="NUMBER", help="Only this recipient.")
    outcome: str | None = option("--outcome", type=click.Choice(OUTCOMES), help="Only this outcome.")
    plan_id: str | None = option("--plan", metavar="PLAN", shell_complete=complete_plans, help="Only this plan.")
    show_numbers: bool = option("--show-numbers", is_flag=True, default=False, help="Show recipients unmasked.")
    limit: int = option(
        "--limit", type=click.IntRange(1, 100_000), default=40, show_default=True, help="Messages at most."
    )
    offset: int = option("--offset", type=click.IntRange(0), default=0, help="Messages to pass over.")
    as_csv: bool = option("--csv", is_flag=True, default=False, help="Write CSV instead.")


def run(runtime: Runtime, looking: Looking, drawing: Drawing) -> Answer:
    """Look, and tell."""
    if drawing.chart or drawing.chart_file:
        return _charted(runtime, looking, drawing)
    if looking.as_csv and runtime.asked_output not in {None, "raw"}:
        step = "Leave out one of them."
        raise InputError.of("--csv", "", f"does not go with --output {runtime.asked_output}", step)
    with runtime.journal() as journal:
        # One more than is shown tells whether there are more.
        lines = journal.lines(_filter(journal, looking), looking.limit + 1, looking.offset)
    # A table is for the person whose history it is.
    masked = not looking.show_numbers and (looking.as_csv or runtime.output != "table")
    rows = [_entry(line, masked=masked) for line in lines[: looking.limit]]
    following = looking.offset + looking.limit if len(lines) > looking.limit else None
    known = [{name: value for name, value in row.items() if value is not None} for row in rows]
    answer = Answer("history", data={"shown": len(rows), "next_offset": following, "sends": known})
    if looking.as_csv:
        answer.text, answer.form = _csv(rows), "raw"
    return answer


def _charted(runtime: Runtime, looking: Looking, drawing: Drawing) -> Answer:
    """How many messages had which outcome, receipt and code, the most frequent first."""
    check_file(drawing)
    with runtime.journal() as journal:
        lines = journal.lines(_filter(journal, looking), MOST_COUNTED)
    counted = Counter((line.outcome.value, line.receipt, line.code) for line in lines)
    counts = [
        {"outcome": outcome, "receipt": receipt, "code": code, "count": count}
        for (outcome, receipt, code), count in counted.most_common()
    ]
    answer = Answer("history", data={"total": len(lines), "counts": counts})
    finish(runtime, drawing, answer, history_bars(counts))
    return answer


def _filter(journal: Journal, looking: Looking) -> Filter:
    from smswrap.journal.journal import Filter
    from smswrap.sending.service import find

    day = None if looking.date is None else check(Parameter("date", "", "", "date"), looking.date)
    recipient = None if looking.phone_number is None else _recipient(looking.phone_number)
    outcome = None if looking.outcome is None else Outcome(looking.outcome)
    plan = None if looking.plan_id is None else find(looking.plan_id, journal).number
    return Filter(day, recipient, outcome, plan)


def _recipient(text: str) -> str:
    found = read_recipient(text, field="--phone-number")
    if isinstance(found, Problem):
        raise InputError([found])
    return found.number


def _entry(line: Line, *, masked: bool) -> dict[str, object]:
    return {
        "plan_id": line.plan_id,
        "at": iso(line.at),
        "provider": line.provider,
        "sign": line.sign,
        "template": line.template,
        "recipient": mask_number(line.recipient) if masked else line.recipient,
        "outcome": line.outcome.value,
        "code": line.code,
        "receipt": line.receipt,
        "out_id": line.out_id,
        "biz_id": line.biz_id,
    }


def _inert(name: str, value: object) -> object:
    """A text that no spreadsheet runs as a formula: an out-id is the caller's own. Recipients are ours, with a plus."""
    from smswrap.sending.table.cells import neutral

    return neutral(value) if isinstance(value, str) and name != "recipient" else value


def _csv(rows: list[dict[str, object]]) -> str:
    drawn = io.StringIO()
    writer = csv.DictWriter(drawn, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _inert(name, value) for name, value in row.items()} for row in rows)
    return drawn.getvalue()


COMMAND = command("history", run, (Looking, Drawing), HELP)
