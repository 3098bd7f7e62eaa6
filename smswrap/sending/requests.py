"""A plan's requests in the journal: taken before the call, told after it; and what they add up to."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from smswrap.clock import boot, today
from smswrap.errors import Fault, SetupError
from smswrap.providers.base import SendRequest
from smswrap.sending.plan import message_of
from smswrap.sending.table.results import RowResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from sqlite3 import Row

    from smswrap.providers.base import Body, Message
    from smswrap.sending.plan import Plan

Outcome: TypeAlias = Literal["accepted", "refused", "unknown"]

CUT_OFF = Fault(
    kind="unknown",
    message="The run that made this request ended before it had the answer.",
    meaning="The outcome is unknown: the SMS may have been sent.",
    next_step="Do not send again. `smswrap resume --unknown` looks for it in the receipts.",
    retry="after-receipt",
    code="cut-off",
)

NO_ATTEMPTS: Mapping[int, float] = {}

LONGEST_REPLY = 20_000
"""Characters of the longest reply that the journal keeps; half a reply would be no JSON."""


class Taken(NamedTuple):
    """A request that is ours to make."""

    number: int
    request: SendRequest


class Result(NamedTuple):
    """What became of a request."""

    outcome: Outcome
    biz_id: str | None = None
    request_id: str = ""
    fault: Fault | None = None
    text: str = ""


@contextlib.contextmanager
def sole_sender(plan: Plan, wait: Callable[[], None]) -> Iterator[None]:
    """Be the only one who makes this plan's requests; `wait` is called while another does.

    What a dead predecessor left at `sending` is unknown from then on. The lock goes with its process.
    """
    path = plan.journal.path.with_name("senders.lock")
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        message = f"{path} cannot be opened ({error.strerror}), so nobody can be kept from sending the plan twice."
        raise SetupError(message, "Mend its permissions.") from error
    try:
        while not _locked(file, plan.number):
            wait()
        _give_up_cut_off(plan)
        yield
    finally:
        os.close(file)


def take(plan: Plan, attempts: Mapping[int, float] = NO_ATTEMPTS) -> Taken | None:
    """Take the next request to make: it stands as `sending` from here on. Raises JournalLost.

    That is one that was never made, or one of `attempts`: earlier ones by their numbers and the moments of their start,
    which may be made once more. One that has been made since then is left alone.
    """
    journal = plan.journal
    with plan.journal.while_sending(plan.number):
        sql = "SELECT * FROM requests WHERE plan = ? AND state = 'planned' ORDER BY number LIMIT 1"
        row = journal.first(sql, plan.number) or _first_again(plan, attempts)
        if row is None:
            return None
        journal.run(
            "UPDATE requests SET state = 'sending', started = ?, boot = ?, ticks = ?, day = ? "
            "WHERE plan = ? AND number = ?",
            time.time(),
            boot(),
            time.monotonic(),
            today(),
            plan.number,
            row["number"],
        )
        return Taken(row["number"], _request(plan, row))


def _first_again(plan: Plan, attempts: Mapping[int, float]) -> Row | None:
    sql = "SELECT * FROM requests WHERE plan = ? AND number = ? AND started = ? AND state IN ('unknown', 'refused')"
    found = (plan.journal.first(sql, plan.number, number, started) for number, started in attempts.items())
    return next((row for row in found if row is not None), None)


def attempts_of(plan: Plan, state: Literal["unknown", "refused"]) -> dict[int, float]:
    """The plan's requests in this state that could be made once more, with the moments of their start.

    Of refused ones, those whose reason passes (throttled, no balance, no permission) in a plan of several requests.
    """
    sql = "SELECT number, started FROM requests WHERE plan = ? AND state = ? AND (passing OR state = 'unknown')"
    return {row["number"]: row["started"] for row in plan.journal.rows(sql, plan.number, state)}


def give_back(plan: Plan, number: int) -> None:
    """A throttled request was not made: it may be, later. Raises JournalLost."""
    with plan.journal.while_sending(plan.number):
        sql = "UPDATE requests SET state = 'planned' WHERE plan = ? AND number = ? AND state = 'sending'"
        plan.journal.run(sql, plan.number, number)


def settle(plan: Plan, number: int, result: Result, *, passing: bool = False) -> None:
    """Note a request's outcome, and erase its parameters unless it may be made again. Raises JournalLost.

    `passing` says that the reason of a refusal passes; only one of several requests is kept for it.
    """
    journal = plan.journal
    passing = passing and plan.row["requests"] > 1
    fault = json.dumps(asdict(result.fault), ensure_ascii=False) if result.fault else None
    with plan.journal.while_sending(plan.number):
        journal.run(
            "UPDATE requests SET state = ?, passing = ?, biz_id = ?, request_id = ?, fault = ?, reply = ?, ended = ? "
            "WHERE plan = ? AND number = ?",
            result.outcome,
            passing,
            result.biz_id,
            result.request_id or None,
            fault,
            result.text if 0 < len(result.text) <= LONGEST_REPLY else None,
            time.time(),
            plan.number,
            number,
        )
        if result.outcome != "unknown" and not passing:
            sql = "UPDATE messages SET parameters = NULL WHERE plan = ? AND request = ?"
            journal.run(sql, plan.number, number)


def counts(plan: Plan) -> dict[str, int]:
    """Recipients by outcome, and those whose request was never made."""
    sql = "SELECT state, SUM(recipients) AS recipients FROM requests WHERE plan = ? GROUP BY state"
    found = {row["state"]: row["recipients"] for row in plan.journal.rows(sql, plan.number)}
    unknown = found.get("unknown", 0) + found.get("sending", 0)
    return {
        "recipients": sum(found.values()),
        "accepted": found.get("accepted", 0),
        "refused": found.get("refused", 0),
        "unknown": unknown,
        "not_sent": found.get("planned", 0),
    }


def shown(plan: Plan, most: int) -> list[Body]:
    """The requests as `data.requests` shows them: those that went wrong first, then in order."""
    sql = (
        "SELECT * FROM requests WHERE plan = ? AND state <> 'planned' "
        "ORDER BY state = 'accepted', state = 'refused', number LIMIT ?"
    )
    rows = sorted(plan.journal.rows(sql, plan.number, most), key=lambda row: int(row["number"]))
    return [_shown(plan, row) for row in rows]


def replies(plan: Plan, most: int) -> list[str]:
    """The providers' replies as they were received."""
    sql = "SELECT reply FROM requests WHERE plan = ? AND reply IS NOT NULL ORDER BY number LIMIT ?"
    return [row["reply"] for row in plan.journal.rows(sql, plan.number, most)]


def fault_of(plan: Plan) -> Fault | None:
    """The failure of the whole: unknown before anything else, then the one refusal, or `partial` of several."""
    counted = counts(plan)
    if counted["unknown"]:
        return _first_fault(plan, "unknown") or CUT_OFF
    refusal = _first_fault(plan, "refused")
    if refusal and not counted["accepted"]:
        return refusal
    missed = counted["refused"] + counted["not_sent"]
    return _partial(plan, missed, counted["recipients"], refusal) if missed else None


def unknown_numbers(plan: Plan) -> list[int]:
    """The numbers of the requests whose outcome is unknown."""
    sql = "SELECT number FROM requests WHERE plan = ? AND state = 'unknown' ORDER BY number"
    return [row["number"] for row in plan.journal.rows(sql, plan.number)]


def request_row(plan: Plan, number: int) -> Row:
    """A request's row."""
    return plan.journal.one("SELECT * FROM requests WHERE plan = ? AND number = ?", plan.number, number)


def waiting(plan: Plan) -> int:
    """Recipients that `resume` would still send to: those of requests never made, and of passing refusals."""
    sql = "SELECT SUM(recipients) AS some FROM requests WHERE plan = ? AND (state = 'planned' OR passing)"
    return int(plan.journal.one(sql, plan.number)["some"] or 0)


def recipients_of(plan: Plan, number: int, most: int = -1) -> list[str]:
    """The recipients of one request."""
    sql = "SELECT recipient FROM messages WHERE plan = ? AND request = ? ORDER BY row LIMIT ?"
    return [row["recipient"] for row in plan.journal.rows(sql, plan.number, number, most)]


def message_to(plan: Plan, recipient: str) -> Message:
    """A recipient's message, with its parameters as long as the journal holds them."""
    sql = "SELECT * FROM messages WHERE plan = ? AND recipient = ?"
    return message_of(plan.journal.one(sql, plan.number, recipient))


def note_receipt(plan: Plan, receipt: Body) -> None:
    """Keep what a receipt said of a recipient; if that fails, it can be queried again, and the send went well."""
    sql = "UPDATE messages SET receipt = ?, receipt_code = ? WHERE plan = ? AND recipient = ?"
    plan.journal.try_to_run(sql, receipt["receipt"], receipt["code"], plan.number, receipt["recipient"])


def _request(plan: Plan, row: Row) -> SendRequest:
    about = plan.row
    sql = "SELECT * FROM messages WHERE plan = ? AND request = ? ORDER BY row"
    messages = tuple(message_of(message) for message in plan.journal.rows(sql, plan.number, row["number"]))
    return SendRequest(about["template"], messages, row["out_id"], bool(row["shared"]), about["message_group"])


def _shown(plan: Plan, row: Row) -> Body:
    fault = json.loads(row["fault"]) if row["fault"] else {}
    return {
        "outcome": "unknown" if row["state"] == "sending" else row["state"],
        "biz_id": row["biz_id"],
        "out_id": row["out_id"],
        "request_id": row["request_id"],
        "code": "OK" if row["state"] == "accepted" else fault.get("code"),
        "recipients": recipients_of(plan, row["number"]),
    }


def _first_fault(plan: Plan, state: str) -> Fault | None:
    sql = "SELECT fault FROM requests WHERE plan = ? AND state = ? AND fault IS NOT NULL ORDER BY number LIMIT 1"
    row = plan.journal.first(sql, plan.number, state)
    return Fault(**json.loads(row["fault"])) if row else None


def _partial(plan: Plan, missed: int, recipients: int, refusal: Fault | None) -> Fault:
    message = f"{missed} of {recipients} recipients were not sent to."
    left = waiting(plan)
    step = f"`smswrap resume {plan.plan_id}` sends to {left} of them." if left else "Those were refused for good."
    return Fault(
        kind="partial",
        message=f"{message} {refusal.message}" if refusal else message,
        meaning="The others were accepted: do not send to them again." if missed < recipients else "",
        next_step=f"{refusal.next_step} {step}" if refusal else step,
        code=refusal.code if refusal else None,
    )


def _give_up_cut_off(plan: Plan) -> None:
    fault = json.dumps(asdict(CUT_OFF), ensure_ascii=False)
    with plan.journal.transaction():
        sql = "UPDATE requests SET state = 'unknown', fault = ? WHERE plan = ? AND state = 'sending'"
        plan.journal.run(sql, fault, plan.number)


def _locked(file: int, byte: int) -> bool:
    # One byte of one file for each plan: nothing to tidy up, and a forked guard does not inherit such a lock.
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
    except (BlockingIOError, PermissionError):
        return False
    return True


_WORDS = {"planned": "not_sent", "sending": "unknown", None: "not_sent"}


def row_results(plan: Plan) -> Iterator[RowResult]:
    """What became of each row of the plan, in their order."""
    sql = """
        SELECT messages.row, messages.recipient, requests.state, requests.fault, requests.biz_id FROM messages
        LEFT JOIN requests ON requests.plan = messages.plan AND requests.number = messages.request
        WHERE messages.plan = ? ORDER BY messages.row
    """
    for record in plan.journal.rows(sql, plan.number):
        code = (json.loads(record["fault"]) if record["fault"] else {}).get("code") or ""
        state = _WORDS.get(record["state"], record["state"])
        yield RowResult(record["row"], record["recipient"], state, code, record["biz_id"] or "")
