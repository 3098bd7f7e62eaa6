"""`smswrap history`: what the journal remembers."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from smswrap.cli.options import with_common_options
from smswrap.cli.output import Answer
from smswrap.clock import SHANGHAI
from smswrap.errors import InputError, Problem
from smswrap.masking import mask_number
from smswrap.providers.parameters import Parameter, check
from smswrap.sending.recipients import read_recipient

if TYPE_CHECKING:
    from sqlite3 import Row

    from smswrap.cli.runtime import Runtime
    from smswrap.providers.base import Body

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
SQL = """
    SELECT plans.plan_id, COALESCE(requests.started, plans.confirmed) AS at, plans.provider, messages.sign,
           plans.template, messages.recipient, requests.state, requests.fault, messages.receipt, requests.out_id,
           requests.biz_id
    FROM messages
    JOIN plans ON plans.id = messages.plan AND plans.state = 'confirmed'
    JOIN requests ON requests.plan = messages.plan AND requests.number = messages.request
    WHERE {conditions}
    ORDER BY at DESC, messages.plan DESC, messages.row
    LIMIT ? OFFSET ?
"""


@click.command("history")
@click.option("--date", metavar="yyyyMMdd", help="Only this day (Asia/Shanghai).")
@click.option("-p", "--phone-number", metavar="NUMBER", help="Only this recipient.")
@click.option("--outcome", type=click.Choice(["accepted", "refused", "unknown", "not_sent"]), help="Only this outcome.")
@click.option("--plan", "plan_id", metavar="PLAN", help="Only this plan.")
@click.option("--show-numbers", is_flag=True, help="Show recipients unmasked.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Messages at most.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Messages to pass over.")
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV instead.")
@click.pass_obj
def history(runtime: Runtime, /, **given: Any) -> Answer:  # noqa: ANN401  click's options
    """List what was sent, newest first: one row a recipient.

    \b
    Examples:
      smswrap history --outcome unknown
      smswrap history --date 20260326 --csv
    """  # noqa: D301  \b is click's mark for text that keeps its lines
    conditions, values = _conditions(given)
    with runtime.journal() as journal:
        sql = SQL.format(conditions=" AND ".join(["1", *conditions]))
        found = journal.rows(sql, *values, given["limit"], given["offset"])
        rows = [_entry(row, masked=not given["show_numbers"]) for row in found]
    answer = Answer("history", data={"sends": rows, "shown": len(rows)})
    if given["as_csv"]:
        runtime.given["output"] = "raw"
        answer.text = _csv(rows)
    return answer


def _conditions(given: dict[str, Any]) -> tuple[list[str], list[object]]:
    conditions: list[str] = []
    values: list[object] = []
    if given["date"] is not None:
        day = check(Parameter("date", "", "", "date"), given["date"])
        start = datetime.strptime(f"{day}+0800", "%Y%m%d%z")
        conditions += ["at >= ?", "at < ?"]
        values += [start.timestamp(), (start + timedelta(days=1)).timestamp()]
    if given["phone_number"] is not None:
        conditions.append("messages.recipient = ?")
        values.append(_recipient(given["phone_number"]))
    if given["outcome"] is not None:
        states = {"not_sent": ("planned", "planned"), "unknown": ("unknown", "sending")}
        conditions.append("requests.state IN (?, ?)")
        values += states.get(given["outcome"], (given["outcome"], given["outcome"]))
    if given["plan_id"] is not None:
        conditions.append("plans.plan_id = ?")
        values.append(given["plan_id"])
    return conditions, values


def _recipient(text: str) -> str:
    found = read_recipient(text, field="--phone-number")
    if isinstance(found, Problem):
        raise InputError([found])
    return found.number


def _entry(row: Row, *, masked: bool) -> Body:
    import json

    words = {"planned": "not_sent", "sending": "unknown"}
    fault = json.loads(row["fault"]) if row["fault"] else {}
    number = row["recipient"]
    return {
        "plan_id": row["plan_id"],
        "at": datetime.fromtimestamp(row["at"], SHANGHAI).isoformat(timespec="seconds"),
        "provider": row["provider"],
        "sign": row["sign"],
        "template": row["template"],
        "recipient": mask_number(number) if masked else number,
        "outcome": words.get(row["state"], row["state"]),
        "code": fault.get("code"),
        "receipt": row["receipt"],
        "out_id": row["out_id"],
        "biz_id": row["biz_id"],
    }


def _csv(rows: list[Body]) -> str:
    drawn = io.StringIO()
    writer = csv.DictWriter(drawn, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return drawn.getvalue()


with_common_options(history)
