"""Carries a reading verb out: pages, filters, waits, masks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smswrap import process
from smswrap.cli.output import Answer
from smswrap.clock import today
from smswrap.errors import Fault
from smswrap.masking import mask_under
from smswrap.providers.records import as_json
from smswrap.sending.receipts import FINAL, FIRST_PAUSE, LONGEST_PAUSE, explained

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smswrap.cli.runtime import Runtime
    from smswrap.providers.base import Body, Operation, Reply, Session

STATES = frozenset({"list-signs", "list-templates", "query-sign", "query-template"})

MOST_PAGES = 1000
"""Pages that --all walks at most, against a provider that never comes to an end."""


@dataclass(frozen=True)
class Reading:
    """One use of a reading verb."""

    runtime: Runtime
    verb: str
    operation: Operation
    values: Mapping[str, Any]
    every_page: bool = False
    approved: bool = False
    show_personal_data: bool = False
    wait: bool = False
    wait_timeout: int = 60


def read(reading: Reading) -> Answer:
    """Make the calls and give the answer."""
    runtime = reading.runtime
    with runtime.provider().session(sends=False) as session:
        replies = _replies(reading, session)
        remark = _audit_remark(reading, session, replies[-1])
    answer = Answer(reading.verb, runtime.provider_name, _joined(reading, replies))
    if remark:
        answer.data["audit_remark"] = remark
    bodies = [reply.body for reply in replies]
    answer.reply = bodies[0] if len(bodies) == 1 else bodies
    answer.text = replies[0].text if len(replies) == 1 else _array(bodies)
    if reading.operation.personal and not reading.show_personal_data:
        answer.data = mask_under(answer.data, {"personal"})
        answer.reply = mask_under(answer.reply, reading.operation.personal)
    _judge(reading, answer)
    return answer


def _replies(reading: Reading, session: Session) -> list[Reply]:
    values = dict(reading.values)
    if reading.verb == "query-status" and values.get("send_date") is None:
        values["send_date"] = today()
    replies = _pages(reading, session, values)
    deadline, pause = time.monotonic() + reading.wait_timeout, FIRST_PAUSE
    while reading.wait and _in_flight(reading, replies) and (left := deadline - time.monotonic()) > 0:
        reading.runtime.talk.note("Waiting for the receipts …")
        process.pause(min(pause, left))
        pause = min(pause * 2, LONGEST_PAUSE)
        replies = _pages(reading, session, values)
    return replies


def _pages(reading: Reading, session: Session, values: dict[str, Any]) -> list[Reply]:
    paging = reading.operation.paging
    if paging and reading.every_page:
        values = {**values, paging.page: 1}
    replies = [session.call(reading.verb, values)]
    if paging is None or not reading.every_page:
        return replies
    for _ in range(MOST_PAGES):
        if _seen(replies, paging.items) >= replies[-1].data["total"] or not replies[-1].data[paging.items]:
            break
        values = {**values, paging.page: values[paging.page] + 1}
        replies.append(session.call(reading.verb, values))
    return replies


def _seen(replies: list[Reply], items: str) -> int:
    return sum(len(reply.data[items]) for reply in replies)


def _in_flight(reading: Reading, replies: list[Reply]) -> bool:
    if reading.verb != "query-status":
        return False
    messages = [message for reply in replies for message in reply.data["messages"]]
    return not messages or any(message["receipt"] not in FINAL for message in messages)


def _joined(reading: Reading, replies: list[Reply]) -> Body:
    data = dict(replies[0].data)
    paging = reading.operation.paging
    if paging:
        data[paging.items] = [item for reply in replies for item in reply.data[paging.items]]
        if reading.verb == "query-statistics":
            days = [day for reply in replies for day in reply.record.days]
            data["totals"] = as_json(reading.operation.totals(days)) if reading.operation.totals else None
    if reading.verb == "query-status":
        data["messages"] = [explained(message, reading.runtime.provider_name) for message in data["messages"]]
    if reading.approved and paging:
        data[paging.items] = [item for item in data[paging.items] if item["state"] == "approved"]
    return data


def _audit_remark(reading: Reading, session: Session, reply: Reply) -> str | None:
    """Why a qualification was rejected: QuerySingleSmsQualification does not say, its list does (facts §1.9-1.10)."""
    if reading.verb != "query-qualification" or reply.data["state"] != "rejected" or not reply.data["work_order_id"]:
        return None
    listed = session.call("list-qualifications", {"work_order_id": reply.data["work_order_id"]}).data["qualifications"]
    return next((record["audit_remark"] for record in listed), None)


def _judge(reading: Reading, answer: Answer) -> None:
    if reading.verb == "query-status":
        _judge_receipts(reading, answer)
    elif reading.approved and not reading.operation.paging and answer.data["state"] != "approved":
        message = f"It is {answer.data['state']}, not approved."
        step = "Choose an approved one: `smswrap list-signs --approved`, `smswrap list-templates --approved`."
        answer.error = Fault("refused", message, "It cannot be sent with.", step, code="not-approved")


def _judge_receipts(reading: Reading, answer: Answer) -> None:
    messages = answer.data["messages"]
    if not messages:
        answer.warnings.append("The gateway shows no such message; shortly after a send that proves nothing.")
    failed = [message for message in messages if message["receipt"] == "failed"]
    if failed:
        message = f"{len(failed)} of {len(messages)} message(s) failed: {failed[0]['code']}."
        step = f"See `smswrap explain {failed[0]['code']}`."
        answer.error = Fault("refused", message, failed[0]["meaning"] or "", step, "never", failed[0]["code"])
        answer.failed = "undelivered"
    elif reading.wait and (not messages or any(message["receipt"] not in FINAL for message in messages)):
        answer.warnings.append(
            f"Still no receipt after {reading.wait_timeout} s; query again later, do not send again."
        )


def _array(bodies: list[Body]) -> str:
    import json

    return json.dumps(bodies, ensure_ascii=False, indent=2)
