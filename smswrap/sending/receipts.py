"""Follows what was accepted until it is delivered or failed, and finds out about what may have been sent."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from smswrap import signals
from smswrap.catalogue import explain
from smswrap.clock import askable, today
from smswrap.errors import SmswrapError
from smswrap.journal.journal import SKEW
from smswrap.model import Outcome, Result
from smswrap.providers.records import Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smswrap.journal.journal import Journal
    from smswrap.model import Earlier, Plan, RequestRecord
    from smswrap.providers.base import Session
    from smswrap.sending.house import House

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0
"""Seconds between two rounds of queries; carriers take 10-30 s as a rule."""

MOST_FOLLOWED = 1000
"""Recipients whose receipts are followed; each needs a call of its own."""

ASKED_FOR = 3
"""Recipients of a request that are looked up to find out about it."""

FINAL = frozenset({"delivered", "failed"})


def follow(
    plan: Plan, journal: Journal, session: Session, seconds: float, advance: Callable[[int], None]
) -> Iterator[tuple[Receipt, ...]]:
    """Query the receipts of accepted requests until all are final or `seconds` have passed; yield after each round.

    `advance` is told of each that has become final.
    """
    deadline = time.monotonic() + seconds
    found = {receipt.recipient: (number, receipt) for number, receipt in _accepted(plan, journal)}
    advance(sum(receipt.receipt in FINAL for _, receipt in found.values()))
    pause = FIRST_PAUSE
    while True:
        for recipient, (number, receipt) in found.items():
            if receipt.receipt not in FINAL:
                found[recipient] = number, (now := _latest(plan, journal, session, number, receipt))
                advance(now.receipt in FINAL)
        yield tuple(receipt for _, receipt in found.values())
        left = deadline - time.monotonic()
        if left <= 0 or all(receipt.receipt in FINAL for _, receipt in found.values()):
            return
        signals.pause(min(pause, left))
        pause = min(pause * 2, LONGEST_PAUSE)


def noted(plan: Plan, journal: Journal) -> tuple[Receipt, ...]:
    """The receipts that the journal holds of a plan, explained; none if it never heard of any."""
    return tuple(receipt for _, receipt in _accepted(plan, journal) if receipt.receipt in FINAL)


def explained(receipt: Receipt, provider: str | None) -> Receipt:
    """The receipt with what its code means."""
    return replace(receipt, meaning=explain(receipt.code, provider).meaning if receipt.code else None)


def settle_unknown(plan: Plan, journal: Journal, session: Session, rounds: tuple[float, ...]) -> int:
    """Look for the plan's unknown requests in the receipts of some of their recipients; gives how many were found.

    `rounds` are the seconds before each round of queries. Found means accepted. Not found means nothing: the outcome
    stays unknown, and a person decides.
    """
    asked = journal.unknown(plan)
    left = asked
    for pause in rounds:
        if left:
            signals.pause(pause)
            left = [number for number in left if not _find(plan, journal, number, session)]
    return len(asked) - len(left)


def latest(earlier: Earlier, house: House) -> str | None:
    """What the provider says of an earlier message now, which the journal keeps; None where it does not say."""
    try:
        day = askable(earlier.day, today())[0]
        messages = house.line.session().receipts(earlier.recipient, day, earlier.biz_id, earlier.group)
    except SmswrapError:
        return None
    ours = next((message for message in messages if message.out_id in {earlier.out_id, None}), None)
    if ours is not None and ours.receipt in FINAL:
        house.journal.note_receipt_of(earlier.plan, earlier.recipient, ours.receipt, ours.code)
    return ours.receipt if ours else None


def _find(plan: Plan, journal: Journal, number: int, session: Session) -> bool:
    for recipient in journal.recipients_of(plan, number, ASKED_FOR):
        signals.checkpoint()
        if _reached(plan, journal, number, session, recipient):
            journal.settle(plan, number, Result(Outcome.ACCEPTED))
            return True
    return False


def _accepted(plan: Plan, journal: Journal) -> Iterator[tuple[int, Receipt]]:
    for one in journal.accepted(plan, MOST_FOLLOWED):
        known = Receipt(recipient=one.recipient, receipt=one.receipt, code=one.code)
        yield one.request, explained(known, plan.account.provider)


def _latest(plan: Plan, journal: Journal, session: Session, number: int, known: Receipt) -> Receipt:
    request = journal.request(plan, number)
    for message in _messages(plan, session, request, str(known.recipient)):
        if message.out_id in {request.out_id, None}:
            journal.note_receipt_of(plan.number, str(known.recipient), message.receipt, message.code)
            return replace(explained(message, plan.account.provider), recipient=known.recipient)
    return known


def _reached(plan: Plan, journal: Journal, number: int, session: Session, recipient: str) -> bool:
    """Whether the gateway has a message of this request: its out-id is proof where it is ours alone.

    Elsewhere it must have a message of ours that no other request of the journal accounts for.
    """
    request = journal.request(plan, number)
    messages = list(_messages(plan, session, request, recipient))
    if request.own_out_id and any(message.out_id == request.out_id for message in messages):
        return True
    found = sum(_is_ours(plan, journal, request, recipient, message) for message in messages)
    return found > journal.accounted_for(plan, number, recipient)


def _is_ours(plan: Plan, journal: Journal, request: RequestRecord, recipient: str, message: Receipt) -> bool:
    """By the caller's out-id, where the provider echoes it, else by sign and template; and by its time and its text."""
    ours = journal.message_to(plan, recipient).content
    if message.sent_at and not _in_time(message.sent_at, request.started or 0.0):
        return False
    if message.out_id is not None and (request.own_out_id or message.out_id != request.out_id):
        return False
    if message.out_id is None and (message.sign, message.template) != (ours.sign, plan.template):
        return False
    text = message.content
    return not isinstance(text, str) or all(value in text for value in ours.parameters.values())


def _messages(plan: Plan, session: Session, request: RequestRecord, recipient: str) -> Iterator[Receipt]:
    # A request made at midnight may be dated the next day by the gateway.
    for day in askable(request.day, request.likely_day, today()):
        yield from session.receipts(recipient, day, request.biz_id, plan.group)


def _in_time(sent_at: str, started: float) -> bool:
    from datetime import datetime

    try:
        return datetime.fromisoformat(sent_at).timestamp() > started - SKEW
    except ValueError:
        return True
