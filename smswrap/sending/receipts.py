"""Follows what was accepted until it is delivered or failed, and finds out about what may have been sent."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from smswrap import process
from smswrap.catalogue import explain
from smswrap.clock import today
from smswrap.sending.requests import (
    Result,
    message_to,
    note_receipt,
    recipients_of,
    request_row,
    settle,
    unknown_numbers,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smswrap.providers.base import Body, Session
    from smswrap.sending.plan import Plan

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0
"""Seconds between two rounds of queries; carriers take 10-30 s as a rule."""

MOST_FOLLOWED = 1000
"""Recipients whose receipts are followed; each needs a call of its own."""

ASKED_FOR = 3
"""Recipients of a request that are looked up to find out about it."""

ROUNDS = (0.0, 2.0, 5.0)
"""Seconds before each round of such a look-up: a receipt shows up some time after the message."""

SKEW = 120.0
"""Seconds by which the gateway's clock may differ from ours."""

FINAL = frozenset({"delivered", "failed"})


def follow(plan: Plan, session: Session, seconds: float) -> Iterator[list[Body]]:
    """Query the receipts of accepted requests until all are final or `seconds` have passed; yield after each round.

    A round gives for each recipient {recipient, receipt, code, meaning, biz_id, …}, `in_flight` if none has come.
    """
    deadline = time.monotonic() + seconds
    found = {receipt["recipient"]: receipt for receipt in _accepted(plan)}
    yield list(found.values())
    pause = FIRST_PAUSE
    while True:
        for recipient in [name for name, receipt in found.items() if receipt["receipt"] not in FINAL]:
            found[recipient] = _latest(plan, session, found[recipient])
        yield list(found.values())
        left = deadline - time.monotonic()
        if all(receipt["receipt"] in FINAL for receipt in found.values()) or left <= 0:
            return
        process.pause(min(pause, left))
        pause = min(pause * 2, LONGEST_PAUSE)


def find_out(plan: Plan, session: Session) -> int:
    """Look for the plan's unknown requests in the receipts of some of their recipients; gives how many were found.

    Found means accepted. Not found means nothing: the outcome stays unknown, and a person decides.
    """
    asked = unknown_numbers(plan)
    left = asked
    for pause in ROUNDS:
        if left:
            process.pause(pause)
            left = [number for number in left if not _find(plan, number, session)]
    return len(asked) - len(left)


def _find(plan: Plan, number: int, session: Session) -> bool:
    for recipient in recipients_of(plan, number, ASKED_FOR):
        process.checkpoint()
        if _reached(plan, number, session, recipient):
            settle(plan, number, Result("accepted"))
            return True
    return False


def explained(receipt: Body, provider: str | None = None) -> Body:
    """The receipt with what its code means."""
    code = receipt.get("code")
    return {**receipt, "meaning": explain(str(code), provider).meaning if code else None}


def noted_receipts(plan: Plan, provider: str) -> list[Body]:
    """The receipts that the journal holds of this plan, explained."""
    sql = "SELECT * FROM messages WHERE plan = ? AND receipt IS NOT NULL ORDER BY row LIMIT ?"
    return [
        explained({"recipient": row["recipient"], "receipt": row["receipt"], "code": row["receipt_code"]}, provider)
        for row in plan.journal.rows(sql, plan.number, MOST_FOLLOWED)
    ]


def _accepted(plan: Plan) -> Iterator[Body]:
    sql = (
        "SELECT messages.recipient, requests.number, requests.biz_id FROM requests "
        "JOIN messages ON messages.plan = requests.plan AND messages.request = requests.number "
        "WHERE requests.plan = ? AND requests.state = 'accepted' ORDER BY messages.row LIMIT ?"
    )
    for row in plan.journal.rows(sql, plan.number, MOST_FOLLOWED):
        pending = {"recipient": row["recipient"], "receipt": "in_flight", "code": None, "meaning": None}
        yield {**pending, "biz_id": row["biz_id"], "request": row["number"]}


def _latest(plan: Plan, session: Session, known: Body) -> Body:
    request = request_row(plan, known["request"])
    for message in _messages(plan, session, known["recipient"], known["request"], known["biz_id"]):
        if message.get("out_id") in {request["out_id"], None}:
            receipt = {**known, **explained(message, plan.row["provider"]), "recipient": known["recipient"]}
            note_receipt(plan, receipt)
            return receipt
    return known


def _reached(plan: Plan, number: int, session: Session, recipient: str) -> bool:
    """Whether the gateway has a message of ours that no other request of the journal accounts for."""
    found = sum(
        _is_ours(plan, number, recipient, message) for message in _messages(plan, session, recipient, number, None)
    )
    return found > _accounted_for(plan, number, recipient)


def _is_ours(plan: Plan, number: int, recipient: str, message: Body) -> bool:
    """By our out-id, where the provider echoes it, else by sign and template; and by its time and its text."""
    request, ours = request_row(plan, number), message_to(plan, recipient)
    if message.get("sent_at") and not _in_time(message["sent_at"], request["started"]):
        return False
    if message.get("out_id") is not None and message["out_id"] != request["out_id"]:
        return False
    if message.get("out_id") is None and (message.get("sign"), message["template"]) != (
        ours.sign,
        plan.row["template"],
    ):
        return False
    text = message.get("content")
    return not isinstance(text, str) or all(value in text for value in ours.parameters.values())


def _accounted_for(plan: Plan, number: int, recipient: str) -> int:
    """The accepted requests around this one that sent the same to the same recipient."""
    sql = """
        SELECT COUNT(*) AS others FROM messages AS ours
        JOIN messages AS theirs ON theirs.recipient = ours.recipient AND theirs.duplicate_key = ours.duplicate_key
        JOIN requests ON requests.plan = theirs.plan AND requests.number = theirs.request
        WHERE ours.plan = ? AND ours.recipient = ? AND requests.state = 'accepted' AND requests.started > ?
    """
    started = request_row(plan, number)["started"]
    return int(plan.journal.one(sql, plan.number, recipient, started - SKEW)["others"])


def _messages(plan: Plan, session: Session, recipient: str, number: int, biz_id: str | None) -> Iterator[Body]:
    # A request made at midnight may be dated the next day by the gateway.
    request = request_row(plan, number)
    for day in dict.fromkeys((request["day"], today())):
        yield from session.receipts(recipient, day, biz_id, plan.row["message_group"])


def _in_time(sent_at: str, started: float) -> bool:
    from datetime import datetime

    try:
        return datetime.fromisoformat(sent_at).timestamp() > started - SKEW
    except ValueError:
        return True
