"""The journal as the rest of the program knows it: plans, requests, and what it tells of earlier ones."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, final

from smswrap.clock import Moment
from smswrap.journal.requests import Requests
from smswrap.journal.rows import earlier_of, line_of
from smswrap.model import Delivery, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from sqlite3 import Row

    from smswrap.model import Earlier, Line, Plan

SKEW = 120.0
"""Seconds by which the gateway's clock may differ from ours."""

OLD_NAMES = {Outcome.UNKNOWN: ("unknown", "sending")}
"""The states of an outcome, where it has more than its own."""


class Filter(NamedTuple):
    """Which lines of the history: of a day (yyyyMMdd, Asia/Shanghai), a recipient, an outcome, a plan."""

    day: str | None = None
    recipient: str | None = None
    outcome: Outcome | None = None
    plan: int | None = None


@final
class Journal(Requests):
    """An open journal."""

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def duplicates(self, plan: Plan, window: float, most: int, *, only_unknown: bool) -> list[Earlier]:
        """The recent sends that what is left of this plan would repeat, the latest first.

        A moment that lies in the future counts as recent: the clock has been set back. What another confirmed plan has
        yet to send counts at any age, and so does an unknown outcome where only those count.
        """
        states = ("sending", "unknown") if only_unknown else ("not_sent", "sending", "unknown", "accepted")
        marks = ", ".join("?" for _ in states)
        found = self._rows(_DUPLICATES.format(states=marks), plan.number, *states)
        recent = (row for row in found if only_unknown or row["state"] == "not_sent" or _age(row) < window)
        return [earlier_of(row) for row in islice(recent, most)]

    def reached_lately(self, plan: Plan, seconds: float) -> int:
        """How many of the plan's recipients another plan sent something to within so many seconds."""
        row = self._first(_REACHED, plan.number, time.time() - seconds, time.time() + seconds)
        return int(row["reached"]) if row else 0

    def note_receipt_of(self, plan: int, recipient: str, receipt: str | None, code: str | None) -> None:
        """Keep what a receipt said; if that fails, it can be queried again, and the send went well."""
        sql = "UPDATE messages SET receipt = ?, receipt_code = ? WHERE plan = ? AND recipient = ?"
        self._try_to_run(sql, receipt, code, plan, recipient)

    def accepted(self, plan: Plan, most: int) -> list[Delivery]:
        """The recipients of accepted requests, with the last receipt that is known of each."""
        sql = (
            "SELECT messages.recipient, messages.request, messages.receipt, messages.receipt_code FROM requests "
            "JOIN messages ON messages.plan = requests.plan AND messages.request = requests.number "
            "WHERE requests.plan = ? AND requests.state = 'accepted' ORDER BY messages.position LIMIT ?"
        )
        return [
            Delivery(row["recipient"], row["receipt"] or "in_flight", row["receipt_code"], row["request"])
            for row in self._rows(sql, plan.number, most)
        ]

    def accounted_for(self, plan: Plan, number: int, recipient: str) -> int:
        """The accepted requests around this one that sent the same to the same recipient."""
        sql = """
            SELECT COUNT(*) AS others FROM messages AS ours
            JOIN contents AS same ON same.plan = ours.plan AND same.number = ours.content
            JOIN messages AS theirs ON theirs.recipient = ours.recipient
            JOIN contents AS alike ON alike.plan = theirs.plan AND alike.number = theirs.content
                 AND alike.key = same.key
            JOIN plans AS mine ON mine.id = ours.plan
            JOIN plans ON plans.id = theirs.plan AND plans.template = mine.template AND plans.provider = mine.provider
            JOIN requests ON requests.plan = theirs.plan AND requests.number = theirs.request
            WHERE ours.plan = ? AND ours.recipient = ? AND requests.state = 'accepted' AND requests.started > ?
        """
        started = self.request(plan, number).started or 0.0
        row = self._first(sql, plan.number, recipient, started - SKEW)
        return int(row["others"]) if row else 0

    def lines(self, which: Filter, limit: int, offset: int = 0) -> list[Line]:
        """Lines of the history, newest first."""
        conditions, values = _conditions(which)
        sql = _LINES.format(conditions=" AND ".join(["1", *conditions]), order="at DESC, messages.plan DESC, position")
        return list(map(line_of, self._rows(f"{sql} LIMIT ? OFFSET ?", *values, limit, offset)))

    def outcomes(self, plan: Plan) -> Iterator[Line]:
        """What became of each recipient of a plan, in the order of its rows, of any number."""
        sql = _LINES.format(conditions="messages.plan = ?", order="messages.position")
        return map(line_of, self._rows(sql, plan.number))

    @contextmanager
    def unless_begun(self, plan: Plan) -> Iterator[None]:
        """Take the yes back if the block fails before any request was begun: the person may then say it again."""
        try:
            yield
        except BaseException:
            self.take_yes_back(plan)
            raise


_DUPLICATES = """
    SELECT earlier.recipient, earlier.plan, requests.number, plans.plan_id, requests.state, requests.out_id,
           requests.biz_id, requests.day, plans.message_group, requests.boot, requests.ticks, earlier.receipt,
           COALESCE(requests.started, plans.confirmed) AS at
    FROM plans AS mine
    JOIN messages AS ours ON ours.plan = mine.id
    JOIN contents AS same ON same.plan = ours.plan AND same.number = ours.content
    JOIN requests AS left_over ON left_over.plan = ours.plan AND left_over.number = ours.request
         AND (left_over.state = 'not_sent' OR left_over.passing)
    JOIN messages AS earlier ON earlier.recipient = ours.recipient AND earlier.plan <> ours.plan
    JOIN contents AS alike ON alike.plan = earlier.plan AND alike.number = earlier.content AND alike.key = same.key
    JOIN plans ON plans.id = earlier.plan AND plans.state = 'confirmed' AND plans.provider = mine.provider
         AND plans.template = mine.template
    JOIN requests ON requests.plan = earlier.plan AND requests.number = earlier.request
    WHERE mine.id = ? AND requests.state IN ({states}) AND (requests.state <> 'not_sent' OR plans.cancelled IS NULL)
    ORDER BY at DESC
"""
_REACHED = """
    SELECT COUNT(DISTINCT ours.recipient) AS reached FROM messages AS ours
    JOIN messages AS earlier ON earlier.recipient = ours.recipient AND earlier.plan <> ours.plan
    JOIN requests ON requests.plan = earlier.plan AND requests.number = earlier.request
         AND requests.state IN ('sending', 'unknown', 'accepted')
    WHERE ours.plan = ? AND requests.started BETWEEN ? AND ?
"""
_LINES = """
    SELECT plans.plan_id, COALESCE(requests.started, plans.confirmed, plans.created) AS at, plans.provider,
           contents.sign, plans.template, messages.recipient, messages.row, requests.state, requests.fault,
           messages.receipt, messages.receipt_code, requests.out_id, requests.biz_id
    FROM messages
    JOIN plans ON plans.id = messages.plan AND plans.state = 'confirmed'
    JOIN contents ON contents.plan = messages.plan AND contents.number = messages.content
    JOIN requests ON requests.plan = messages.plan AND requests.number = messages.request
    WHERE {conditions}
    ORDER BY {order}
"""


def _conditions(which: Filter) -> tuple[list[str], list[object]]:
    conditions: list[str] = []
    values: list[object] = []
    if which.day is not None:
        start = datetime.strptime(f"{which.day}+0800", "%Y%m%d%z")
        conditions += ["at >= ?", "at < ?"]
        values += [start.timestamp(), (start + timedelta(days=1)).timestamp()]
    if which.recipient is not None:
        conditions.append("messages.recipient = ?")
        values.append(which.recipient)
    if which.outcome is not None:
        states = OLD_NAMES.get(which.outcome, (which.outcome.value,))
        conditions.append(f"requests.state IN ({', '.join('?' for _ in states)})")
        values += states
    if which.plan is not None:
        conditions.append("plans.id = ?")
        values.append(which.plan)
    return conditions, values


def _age(row: Row) -> float:
    return min(Moment(row["at"], row["boot"] or "", row["ticks"] or 0.0).ages())
