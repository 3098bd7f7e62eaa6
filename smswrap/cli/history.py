"""`smswrap history`: what the journal remembers."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING

import click

from smswrap.cli.answer import Answer
from smswrap.cli.charts import Drawing, check_file, finish, history_bars
from smswrap.cli.options import command, flag, option
from smswrap.clock import iso
from smswrap.errors import InputError
from smswrap.masking import mask_number
from smswrap.model import OUTCOMES, Line, Outcome
from smswrap.providers.parameters import Parameter, check
from smswrap.record import dataclass
from smswrap.sending.recipients import number_of

if TYPE_CHECKING:
    from smswrap.cli.runtime import Runtime
    from smswrap.journal.journal import Filter, Journal

COLUMNS = tuple(one.name for one in fields(Line) if one.name != "row")

MOST_SHOWN = click.IntRange(1, 100_000)
MOST_COUNTED = 1_000_000
"""Messages that a chart counts; a journal of 30 days holds fewer."""


@dataclass(frozen=True)
class Looking:
    """Which lines, and how."""

    date: str | None = option("--date", "DAY", "Only this day (Asia/Shanghai).")
    phone_number: str | None = option("-p --phone-number", "NUMBER", "Only this recipient.")
    outcome: str | None = option("--outcome", None, "Only this outcome.", type=click.Choice(OUTCOMES))
    plan_id: str | None = option("--plan", "PLAN", "Only this plan.")
    show_numbers: bool = flag("--show-numbers", "Show recipients unmasked.")
    limit: int = option("--limit", None, "Messages at most.", type=MOST_SHOWN, default=40, show_default=True)
    offset: int = option("--offset", None, "Messages to pass over.", type=click.IntRange(0), default=0)
    as_csv: bool = flag("--csv", "Write CSV instead.")


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
    recipient = None if looking.phone_number is None else number_of(looking.phone_number, "--phone-number")
    outcome = None if looking.outcome is None else Outcome(looking.outcome)
    plan = None if looking.plan_id is None else find(looking.plan_id, journal).number
    return Filter(day, recipient, outcome, plan)


def _entry(line: Line, *, masked: bool) -> dict[str, object]:
    recipient = mask_number(line.recipient) if masked else line.recipient
    told = {**vars(line), "at": iso(line.at), "recipient": recipient, "outcome": line.outcome.value}
    return {name: told[name] for name in COLUMNS}


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


COMMANDS = {"history": command("history", run, (Looking, Drawing))}
