"""Follows what was accepted until it is delivered or failed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from smswrap import process
from smswrap.catalogue import explain
from smswrap.clock import today

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from smswrap.providers.base import Body, Session
    from smswrap.sending.dispatch import Result

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0
"""Seconds between two rounds of queries; carriers take 10-30 s as a rule."""

FINAL = frozenset({"delivered", "failed"})


def follow(results: Iterable[Result], session: Session, seconds: float) -> Iterator[list[Body]]:
    """Query the receipts of accepted requests until all are final or `seconds` have passed; yield after each round.

    A round gives for each recipient {recipient, receipt, code, meaning, biz_id, …}, `in_flight` if none has come.
    """
    deadline = time.monotonic() + seconds
    found = {
        message.recipient: _pending(message.recipient, result)
        for result in results
        if result.outcome == "accepted"
        for message in result.request.messages
    }
    origin = {message.recipient: result for result in results for message in result.request.messages}
    yield list(found.values())
    pause = FIRST_PAUSE
    while True:
        for recipient in [name for name, receipt in found.items() if receipt["receipt"] not in FINAL]:
            found[recipient] = _latest(session, recipient, origin[recipient]) or found[recipient]
        yield list(found.values())
        if all(receipt["receipt"] in FINAL for receipt in found.values()) or time.monotonic() + pause > deadline:
            return
        process.pause(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def explained(receipt: Body, provider: str | None = None) -> Body:
    """The receipt with what its code means."""
    code = receipt.get("code")
    return {**receipt, "meaning": explain(str(code), provider).meaning if code else None}


def _pending(recipient: str, result: Result) -> Body:
    return {"recipient": recipient, "receipt": "in_flight", "code": None, "biz_id": result.biz_id}


def _latest(session: Session, recipient: str, result: Result) -> Body | None:
    request = result.request
    # A request made at midnight may be dated the next day by the gateway.
    days = dict.fromkeys((result.day, today()))
    receipts = [one for day in days for one in session.receipts(recipient, day, result.biz_id, request.group)]
    ours = [receipt for receipt in receipts if receipt.get("out_id") in {request.out_id, None}]
    return {**explained(ours[0]), "recipient": recipient, "biz_id": result.biz_id} if ours else None
