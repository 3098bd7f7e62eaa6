"""Rows of the journal as the frozen records that everybody else sees."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, fields
from json.encoder import encode_basestring as quoted
from typing import TYPE_CHECKING

from smswrap.clock import Moment, day_of
from smswrap.errors import Fault, Kind
from smswrap.model import Account, Content, Earlier, Line, Message, Outcome, Parts, Plan, PlanState, RequestRecord

if TYPE_CHECKING:
    from sqlite3 import Row


def plan_of(row: Row) -> Plan:
    """A row of `plans`."""
    return Plan(
        **{name: row[name] for name in _OF_PLAN},
        number=row["id"],
        state=PlanState(row["state"]),
        account=account_of(row),
        made=Moment(row["created"], row["boot"], row["ticks"]),
        group=row["message_group"],
        signs=tuple(json.loads(row["signs"])),
        parts=None if row["parts"] is None else Parts(row["parts"], row["parts_low"], row["parts_high"]),
        allow_duplicate=bool(row["allow_duplicate"]),
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
    return RequestRecord(
        **{name: row[name] for name in _OF_REQUEST},
        outcome=_outcome_of(row),
        recipients=recipients,
        own_out_id=bool(row["own_out_id"]),
        fault=fault_of(row["fault"]),
        likely_day=_likely_day(row),
    )


def _outcome_of(row: Row) -> Outcome:
    """What became of a request; one that is `sending` is told as unknown."""
    return Outcome.UNKNOWN if row["state"] == Outcome.SENDING.value else Outcome(row["state"] or Outcome.NOT_SENT)


def _likely_day(row: Row) -> str | None:
    if row["started"] is None:
        return None
    _, by_machine = Moment(row["started"], row["boot"] or "", row["ticks"] or 0.0).ages()
    return day_of(time.time() - by_machine)


def earlier_of(row: Row) -> Earlier:
    """A row of the look for duplicates."""
    return Earlier(
        **{name: row[name] for name in _OF_EARLIER},
        request=row["number"],
        outcome=Outcome(row["state"]),
        group=row["message_group"],
    )


def line_of(row: Row) -> Line:
    """A row of the history."""
    fault, failed = fault_of(row["fault"]), row["receipt_code"] if row["receipt"] == "failed" else None
    code = fault.code if fault else failed
    return Line(**{name: row[name] for name in _OF_LINE}, outcome=_outcome_of(row), code=code)


def _same(record: type, *others: str) -> tuple[str, ...]:
    """The fields of a record that columns of the same name hold as they are; all but these."""
    return tuple(one.name for one in fields(record) if one.name not in others)


_OF_PLAN = _same(Plan, "number", "state", "account", "made", "group", "signs", "parts", "allow_duplicate")
_OF_REQUEST = _same(RequestRecord, "outcome", "recipients", "own_out_id", "fault", "likely_day")
_OF_EARLIER = _same(Earlier, "request", "outcome", "group")
_OF_LINE = _same(Line, "outcome", "code")


def fault_text(fault: Fault | None) -> str | None:
    """A fault as the journal keeps it."""
    return json.dumps(asdict(fault), ensure_ascii=False) if fault else None


def fault_of(text: str | None) -> Fault | None:
    """The fault that the journal keeps."""
    if not text:
        return None
    fields = json.loads(text)
    return Fault(Kind(fields.pop("kind")), **fields)
