"""Requests in the journal: taken before the call, told after it; and what they add up to."""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import time
from typing import TYPE_CHECKING

from smswrap.clock import Moment, today
from smswrap.disk import private_file
from smswrap.errors import CUT_OFF, Fault, Kind, SmswrapError
from smswrap.journal.aside import SENDERS
from smswrap.journal.plans import Plans
from smswrap.journal.rows import content_of, fault_of, fault_text, plan_of, request_of
from smswrap.model import Counts, Message, Outcome, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from sqlite3 import Row

    from smswrap.model import Plan, RequestRecord, Result

LONGEST_REPLY = 20_000
"""Characters of the longest reply that the journal keeps; half a reply would be no JSON."""

_ONE = "plan = ? AND number = ?"
NO_ATTEMPTS: Mapping[int, float] = {}


class Requests(Plans):
    """The journal's requests."""

    @contextlib.contextmanager
    def sole_sender(self, plan: Plan, wait: Callable[[], None], *, fresh: bool = False) -> Iterator[int]:
        """Be the only one who makes this plan's requests; `wait` is called while another does.

        What a dead predecessor left at `sending` is unknown from then on; a `fresh` plan had none. The lock goes with
        the last process that has the file which this gives: a call that outlives us keeps it.
        """
        file = private_file(self.path.with_name(SENDERS))
        try:
            while not _locked(file, plan.number, fcntl.F_WRLCK):
                wait()
            if not fresh:
                self._give_up_cut_off(plan)
            yield file
        finally:
            # A guard of ours has the file as well: closing it would not be enough.
            _locked(file, plan.number, fcntl.F_UNLCK)
            os.close(file)

    def take(self, plan: Plan, attempts: Mapping[int, float] = NO_ATTEMPTS) -> Request | None:
        """Take the next request to make: it stands as `sending` from here on.

        That is one that was never made, or one of `attempts`: earlier ones by their numbers and the moments of their
        start, which may be made once more. One that has been made since then is left alone. Raises JournalLost, and
        SmswrapError (kind confirmation, altered) if it is not what was confirmed.
        """
        with self.while_sending(plan.plan_id):
            rows = self._next(plan) or self._again(plan, attempts)
            if not rows:
                return None
            request = self._unaltered(plan, rows)
            now = Moment.now()
            told: dict[str, object] = {"state": "sending"}
            told |= {"started": now.wall, "boot": now.boot, "ticks": now.ticks, "day": today()}
            self._update("requests", told, _ONE, plan.number, request.number)
            return request

    def give_back(self, plan: Plan, number: int) -> None:
        """A request was certainly not made: it may be, later. Raises JournalLost."""
        with self.while_sending(plan.plan_id):
            sql = "UPDATE requests SET state = 'not_sent' WHERE plan = ? AND number = ? AND state = 'sending'"
            self._run(sql, plan.number, number)

    def settle(self, plan: Plan, number: int, result: Result, *, passing: bool = False) -> None:
        """Note a request's outcome; its parameters go unless it may be made again. The reply holds none of them.

        `passing` says that the reason of a refusal passes; only one of several requests is kept for it. Raises
        JournalLost.
        """
        passing = passing and plan.requests > 1
        kept = result.outcome is Outcome.UNKNOWN or passing
        reply = result.text if 0 < len(result.text) <= LONGEST_REPLY else None
        told: dict[str, object] = {
            "state": result.outcome.value,
            "passing": passing,
            "biz_id": result.biz_id,
            "reply": reply,
        }
        told |= {"request_id": result.request_id or None, "fault": fault_text(result.fault), "ended": time.time()}
        with self.while_sending(plan.plan_id):
            self._update("requests", told, _ONE, plan.number, number)
            if not kept:
                self._erase(plan, number)

    def attempts(self, plan: Plan, outcome: Outcome) -> dict[int, float]:
        """The plan's requests of this outcome that could be made once more, with the moments of their start.

        Of refused ones, those whose reason passes (throttled, no balance, no permission) in a plan of several requests.
        """
        sql = "SELECT number, started FROM requests WHERE plan = ? AND state = ? AND (passing OR state = 'unknown')"
        return {row["number"]: row["started"] for row in self._rows(sql, plan.number, outcome.value)}

    def counts(self, plan: Plan) -> Counts:
        """Recipients by outcome; a request that is under way counts as unknown."""
        sql = "SELECT state, SUM(recipients) AS some FROM requests WHERE plan = ? GROUP BY state"
        found = {row["state"]: int(row["some"]) for row in self._rows(sql, plan.number)}
        unknown = found.get("unknown", 0) + found.get("sending", 0)
        return Counts(
            recipients=sum(found.values()),
            accepted=found.get("accepted", 0),
            refused=found.get("refused", 0),
            unknown=unknown,
            not_sent=found.get("not_sent", 0),
        )

    def waiting(self, plan: Plan) -> int:
        """Recipients that `resume` would still send to: those of requests never made, and of passing refusals."""
        sql = "SELECT SUM(recipients) AS some FROM requests WHERE plan = ? AND (state = 'not_sent' OR passing)"
        row = self._first(sql, plan.number)
        return int(row["some"] or 0) if row else 0

    def made(self, plan: Plan, most: int) -> list[RequestRecord]:
        """The plan's requests in order; those that were begun without success first where there are too many."""
        sql = (
            "SELECT * FROM requests WHERE plan = ? "
            "ORDER BY state = 'not_sent', state = 'accepted', state = 'refused', number LIMIT ?"
        )
        rows = sorted(self._rows(sql, plan.number, most), key=lambda row: int(row["number"]))
        recipients: dict[int, list[str]] = {row["number"]: [] for row in rows}
        sql = (
            "SELECT request, recipient FROM messages INDEXED BY messages_by_request "
            "WHERE plan = ? AND request BETWEEN ? AND ? ORDER BY position"
        )
        between = (min(recipients, default=0), max(recipients, default=0))
        for row in self._rows(sql, plan.number, *between):
            if row["request"] in recipients:
                recipients[row["request"]].append(row["recipient"])
        return [request_of(row, tuple(recipients[row["number"]])) for row in rows]

    def unknown(self, plan: Plan) -> list[int]:
        """The numbers of the requests whose outcome is unknown."""
        sql = "SELECT number FROM requests WHERE plan = ? AND state = 'unknown' ORDER BY number"
        return [row["number"] for row in self._rows(sql, plan.number)]

    def with_unknown(self) -> list[Plan]:
        """The plans that have a request of unknown outcome."""
        sql = (
            "SELECT * FROM plans WHERE state = 'confirmed' AND id IN "
            "(SELECT plan FROM requests WHERE state IN ('unknown', 'sending')) ORDER BY id"
        )
        return list(map(plan_of, self._rows(sql)))

    def request(self, plan: Plan, number: int) -> RequestRecord:
        """One request, without its recipients."""
        row = self._first("SELECT * FROM requests WHERE plan = ? AND number = ?", plan.number, number)
        if row is None:
            raise LookupError(number)
        return request_of(row, ())

    def first_fault(self, plan: Plan, outcome: Outcome) -> Fault | None:
        """Why the first request of this outcome ended so."""
        sql = "SELECT fault FROM requests WHERE plan = ? AND state = ? AND fault IS NOT NULL ORDER BY number LIMIT 1"
        row = self._first(sql, plan.number, outcome.value)
        return fault_of(row["fault"]) if row else None

    def recipients_of(self, plan: Plan, number: int, most: int = -1) -> list[str]:
        """The recipients of one request."""
        sql = (
            "SELECT recipient FROM messages INDEXED BY messages_by_request "
            "WHERE plan = ? AND request = ? ORDER BY position LIMIT ?"
        )
        return [row["recipient"] for row in self._rows(sql, plan.number, number, most)]

    def _next(self, plan: Plan) -> list[Row]:
        first = "(SELECT MIN(number) FROM requests WHERE plan = ? AND state = 'not_sent')"
        return self._all(f"{_OF_REQUEST} {first} ORDER BY position", plan.number, plan.number)

    def _again(self, plan: Plan, attempts: Mapping[int, float]) -> list[Row]:
        sql = f"{_OF_REQUEST} ? AND started = ? AND requests.state IN ('unknown', 'refused') ORDER BY position"
        found = (list(self._rows(sql, plan.number, number, started)) for number, started in attempts.items())
        return next((rows for rows in found if rows), [])

    def _unaltered(self, plan: Plan, rows: list[Row]) -> Request:
        """The request of these rows, if they are what the person said yes to."""
        first, contents = rows[0], {row["content"]: row for row in rows}
        known = {number: content_of(row) for number, row in contents.items()}
        keys = {number: self.keys.content(content) for number, content in known.items()}
        digest = self.keys.request(((row["recipient"], keys[row["content"]]) for row in rows), shared=first["shared"])
        if digest != bytes(first["digest"]):
            raise SmswrapError(altered(plan), data={"plan_id": plan.plan_id})
        messages = tuple(Message(row["recipient"], known[row["content"]]) for row in rows)
        shared = bool(first["shared"])
        return Request(first["number"], plan.template, messages, first["out_id"], shared, plan.group)

    def _erase(self, plan: Plan, number: int) -> None:
        """Erase the parameters of a request, but for a content that other requests of the plan still need."""
        sql = """
            UPDATE contents SET parameters = NULL
            WHERE plan = ? AND number IN (
                SELECT content FROM messages INDEXED BY messages_by_request WHERE plan = ? AND request = ?
            )
            AND NOT EXISTS (
                SELECT 1 FROM requests AS open INDEXED BY requests_by_content
                WHERE open.plan = ? AND open.content = contents.number
                AND (open.state IN ('not_sent', 'sending', 'unknown') OR open.passing)
            )
        """
        self._run(sql, plan.number, plan.number, number, plan.number)

    def _give_up_cut_off(self, plan: Plan) -> None:
        if not self._first("SELECT 1 FROM requests WHERE plan = ? AND state = 'sending' LIMIT 1", plan.number):
            return
        with self.transaction():
            sql = "UPDATE requests SET state = 'unknown', fault = ? WHERE plan = ? AND state = 'sending'"
            self._run(sql, fault_text(CUT_OFF), plan.number)


_OF_REQUEST = """
    SELECT requests.number, requests.shared, requests.out_id, requests.digest, messages.recipient, messages.content,
           contents.sign, contents.parameters, contents.extend_code
    FROM requests
    JOIN messages INDEXED BY messages_by_request
        ON messages.plan = requests.plan AND messages.request = requests.number
    JOIN contents ON contents.plan = messages.plan AND contents.number = messages.content
    WHERE requests.plan = ? AND requests.number =
"""


def altered(plan: Plan) -> Fault:
    """What is said of a plan that is no longer what its id stands for."""
    message = f"The plan {plan.plan_id} is not what was shown any more: the journal was changed."
    step = "Run the send again for a new plan."
    return Fault(Kind.CONFIRMATION, message, "Nothing more of it is sent.", step, "never", "altered")


def _locked(file: int, byte: int, how: int) -> bool:
    """Take or give back one byte of one file for each plan: nothing to tidy up. False if somebody else has it."""
    # A lock of the open file and not of the process, where the system has that (Linux): children inherit it. Its
    # struct flock: type, whence, start, length, process.
    command = getattr(fcntl, "F_OFD_SETLK", None)
    try:
        if command is None:
            fcntl.lockf(file, {fcntl.F_WRLCK: fcntl.LOCK_EX | fcntl.LOCK_NB}.get(how, fcntl.LOCK_UN), 1, byte)
        else:
            fcntl.fcntl(file, command, struct.pack("hhqqi4x", how, os.SEEK_SET, byte, 1, 0))
    except (BlockingIOError, PermissionError):
        return False
    return True
