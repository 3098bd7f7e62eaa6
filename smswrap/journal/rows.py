"""Rows of the journal as the frozen records that everybody else sees."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from json.encoder import encode_basestring as quoted
from typing import TYPE_CHECKING

from smswrap.clock import Moment, day_of
from smswrap.errors import Fault, Kind
from smswrap.model import Account, Content, Earlier, Line, Message, Outcome, Parts, Plan, PlanState, RequestRecord

if TYPE_CHECKING:
    from sqlite3 import Row


def plan_of(row: Row) -> Plan:
    """A row of `plans`."""
    parts = None if row["parts"] is None else Parts(row["parts"], row["parts_low"], row["parts_high"])
    return Plan(
        number=row["id"],
        plan_id=row["plan_id"],
        fingerprint=row["fingerprint"],
        state=PlanState(row["state"]),
        command=row["command"],
        account=account_of(row),
        template=row["template"],
        made=Moment(row["created"], row["boot"], row["ticks"]),
        asked_profile=row["asked_profile"],
        asked_region=row["asked_region"],
        group=row["message_group"],
        out_id=row["out_id"],
        text=row["text"],
        signs=tuple(json.loads(row["signs"])),
        recipients=row["recipients"],
        requests=row["requests"],
        parts=parts,
        shortest=row["shortest"],
        longest=row["longest"],
        idempotency_key=row["idempotency_key"],
        allow_duplicate=bool(row["allow_duplicate"]),
        confirmed=row["confirmed"],
        reopened=row["reopened"],
        cancelled=row["cancelled"],
    )


def account_of(row: Row) -> Account:
    """The account of a row of `plans`."""
    return Account(row["provider"], row["profile"], row["mode"], row["key_end"], row["region"], row["base"])


def message_of(row: Row) -> Message:
    """A message with its content; its parameters are gone once its outcome is known."""
    return Message(row["recipient"], content_of(row))


def content_of(row: Row) -> Content:
    """The content of a row that has its columns."""
    parameters = json.loads(row["parameters"]) if row["parameters"] else {}
    return Content(row["sign"], parameters, row["extend_code"])


def parameters_text(content: Content) -> str | None:
    """The parameters as the journal keeps them."""
    pairs = [f"{quoted(name)}: {quoted(value)}" for name, value in content.parameters.items()]
    return f"{{{', '.join(pairs)}}}" if pairs else None


def request_of(row: Row, recipients: tuple[str, ...]) -> RequestRecord:
    """A row of `requests`; one that is `sending` is told as unknown, unless its run still lives."""
    outcome = Outcome(row["state"])
    return RequestRecord(
        number=row["number"],
        outcome=Outcome.UNKNOWN if outcome is Outcome.SENDING else outcome,
        recipients=recipients,
        out_id=row["out_id"],
        own_out_id=bool(row["own_out_id"]),
        passing=bool(row["passing"]),
        biz_id=row["biz_id"],
        request_id=row["request_id"],
        fault=fault_of(row["fault"]),
        reply=row["reply"],
        day=row["day"],
        likely_day=_likely_day(row),
        started=row["started"],
    )


def _likely_day(row: Row) -> str | None:
    if row["started"] is None:
        return None
    _, by_machine = Moment(row["started"], row["boot"] or "", row["ticks"] or 0.0).ages()
    return day_of(time.time() - by_machine)


def earlier_of(row: Row) -> Earlier:
    """A row of the look for duplicates."""
    return Earlier(
        plan_id=row["plan_id"],
        plan=row["plan"],
        request=row["number"],
        recipient=row["recipient"],
        outcome=Outcome(row["state"]),
        out_id=row["out_id"],
        at=row["at"],
        receipt=row["receipt"],
        biz_id=row["biz_id"],
        day=row["day"],
        group=row["message_group"],
    )


def line_of(row: Row) -> Line:
    """A row of the history."""
    outcome, fault = Outcome(row["state"] or "not_sent"), fault_of(row["fault"])
    failed = row["receipt_code"] if row["receipt"] == "failed" else None
    return Line(
        plan_id=row["plan_id"],
        at=row["at"],
        provider=row["provider"],
        sign=row["sign"],
        template=row["template"],
        recipient=row["recipient"],
        outcome=Outcome.UNKNOWN if outcome is Outcome.SENDING else outcome,
        code=fault.code if fault else failed,
        receipt=row["receipt"],
        out_id=row["out_id"],
        biz_id=row["biz_id"],
        row=row["row"],
    )


def fault_text(fault: Fault | None) -> str | None:
    """A fault as the journal keeps it."""
    return json.dumps(asdict(fault), ensure_ascii=False) if fault else None


def fault_of(text: str | None) -> Fault | None:
    """The fault that the journal keeps."""
    if not text:
        return None
    fields = json.loads(text)
    return Fault(Kind(fields.pop("kind")), **fields)
