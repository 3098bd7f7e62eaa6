"""A person's yes to a plan: once, in time, to exactly what was shown; and never to the same send twice."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, NamedTuple

from smswrap.clock import elapsed
from smswrap.errors import Fault, InputError, SmswrapError
from smswrap.masking import mask_number
from smswrap.sending.plan import NEVER_BEGUN, Plan, fingerprint, keep

if TYPE_CHECKING:
    from collections.abc import Iterator
    from sqlite3 import Row

    from smswrap.sending.journal import Journal

EXPIRES = 30 * 60
"""Seconds in which a proposed plan can be confirmed."""

DUPLICATE_WINDOW = 10 * 60
"""Seconds in which the same send again is taken for a mistake."""

SHOWN_DUPLICATES = 3


class Guarding(NamedTuple):
    """What counts as a duplicate: the window in seconds, and whether only sends of unknown outcome do."""

    window: float = DUPLICATE_WINDOW
    only_unknown: bool = False
    allowed: bool = False


def propose(plan: Plan, idempotency_key: str | None = None, *, allow_duplicate: bool = False) -> None:
    """Keep the plan until a person has said yes, with what they have allowed."""
    with plan.journal.transaction():
        _note_key(plan, idempotency_key)
        sql = "UPDATE plans SET allow_duplicate = ? WHERE id = ?"
        plan.journal.run(sql, allow_duplicate, plan.number)
        keep(plan, "proposed")


def confirm_at_once(plan: Plan, guarding: Guarding, idempotency_key: str | None = None) -> None:
    """Take a fresh draft as confirmed.

    Raises SmswrapError (kind duplicate) if it repeats a recent send, or if its key was used since it was looked up.
    """
    with plan.journal.transaction():
        row = plan.journal.first("SELECT * FROM plans WHERE id = ?", plan.number)
        if row is None:
            raise _expired("")
        _refuse_expired(row)
        _note_key(plan, idempotency_key)
        _refuse_used_key(plan)
        refuse_duplicates(plan, guarding)
        keep(plan, "confirmed")


def confirm(journal: Journal, plan_id: str, guarding: Guarding) -> tuple[Plan, bool]:
    """Say yes to a proposed plan; gives it, and whether this was the first yes.

    Raises InputError if there is no such plan, SmswrapError if it has expired, was altered, or repeats a recent send.
    """
    with journal.transaction():
        plan = find(journal, plan_id)
        row = plan.row
        if row["state"] == "confirmed":
            return plan, False
        _refuse_expired(row)
        if fingerprint(plan) != row["fingerprint"]:
            raise _not_as_shown(plan_id)
        _refuse_used_key(plan)
        refuse_duplicates(plan, guarding._replace(allowed=guarding.allowed or bool(row["allow_duplicate"])))
        journal.run(
            "UPDATE plans SET state = 'confirmed', confirmed = ? WHERE id = ? AND state = 'proposed'",
            time.time(),
            plan.number,
        )
        return plan, True


@contextlib.contextmanager
def unless_begun(plan: Plan) -> Iterator[None]:
    """Take the yes back if the block fails before any request was begun: the person may then say it again."""
    try:
        yield
    except BaseException:
        sql = f"UPDATE plans SET state = 'proposed', confirmed = NULL WHERE id = ? AND {NEVER_BEGUN}"  # noqa: S608  our own words
        plan.journal.try_to_run(sql, plan.number)
        raise


def find(journal: Journal, plan_id: str) -> Plan:
    """The plan with this id. Raises InputError if there is none."""
    row = journal.first("SELECT id FROM plans WHERE plan_id = ? AND state <> 'draft'", plan_id)
    if row is None:
        step = "Run the send again to get a new plan; `smswrap history` lists what was sent."
        raise InputError.of("PLAN", plan_id[:60], "is no plan that the journal knows", step)
    return Plan(journal, row["id"])


def with_key(journal: Journal, idempotency_key: str, plan: Plan) -> Plan | None:
    """The plan that was sent with this key, or None. Raises InputError if that had another content."""
    sql = "SELECT id, fingerprint FROM plans WHERE idempotency_key = ? AND state = 'confirmed'"
    row = journal.first(sql, idempotency_key)
    if row is None:
        return None
    if row["fingerprint"] != plan.row["fingerprint"]:
        rule = "was used for a send of other content"
        raise InputError.of("--idempotency-key", idempotency_key[:60], rule, "Use a new key for a new send.")
    return Plan(journal, row["id"])


def refuse_duplicates(plan: Plan, guarding: Guarding) -> None:
    """Raise SmswrapError (kind duplicate) if a recent send had the same content for the same recipient."""
    found = [] if guarding.allowed else _duplicates(plan, guarding)
    if not found:
        return
    first = found[0]
    ago = max(0, round(time.time() - first["at"]))
    numbers = ", ".join(dict.fromkeys(mask_number(row["recipient"]) for row in found))
    message = f"The same was sent to {numbers} {ago} s ago (plan {first['plan_id']}, {_word(first['state'])})."
    raise SmswrapError(
        Fault(
            "duplicate",
            message,
            "Nothing was sent now.",
            _next_step(first),
            "never" if first["state"] == "accepted" else "after-receipt",
            "duplicate",
        ),
        data={"earlier": {"plan_id": first["plan_id"], "state": first["state"], "out_id": first["out_id"]}},
    )


def refuse_overtaken(plan: Plan) -> None:
    """Raise SmswrapError (kind duplicate) if what is left of a confirmed plan was sent by another one since its yes."""
    since = max(0.0, time.time() - (plan.row["confirmed"] or 0.0))
    refuse_duplicates(plan, Guarding(since + DUPLICATE_WINDOW))


def _note_key(plan: Plan, idempotency_key: str | None) -> None:
    """Note the key; an earlier proposal of the same content, which gives way, leaves its own behind."""
    sql = "SELECT idempotency_key FROM plans WHERE fingerprint = ? AND state = 'proposed' AND id <> ?"
    earlier = plan.journal.first(sql, plan.row["fingerprint"], plan.number)
    key = idempotency_key or (earlier["idempotency_key"] if earlier else None)
    plan.journal.run("UPDATE plans SET idempotency_key = ? WHERE id = ?", key, plan.number)


def _refuse_used_key(plan: Plan) -> None:
    sql = "SELECT plan_id FROM plans WHERE idempotency_key = ? AND state = 'confirmed'"
    used = plan.journal.first(sql, plan.row["idempotency_key"])
    if used is not None:
        message = f"The idempotency key of this send was used meanwhile, by the plan {used['plan_id']}."
        step = f"`smswrap confirm {used['plan_id']}` tells what became of that one, and sends nothing."
        raise SmswrapError(Fault("duplicate", message, "Nothing was sent now.", step, "never", "key-used"))


def _duplicates(plan: Plan, guarding: Guarding) -> list[Row]:
    """The recent sends that what is left of this plan would repeat, a few of them.

    A moment that lies in the future counts as recent: the clock has been set back. What another confirmed plan has yet
    to send counts at any age, and so does an unknown outcome where only those count.
    """
    states = ("sending", "unknown") if guarding.only_unknown else ("planned", "sending", "unknown", "accepted")
    sql = f"""
        SELECT earlier.recipient, plans.plan_id, requests.state, requests.out_id, requests.boot, requests.ticks,
               COALESCE(requests.started, plans.confirmed) AS at
        FROM messages AS ours
        JOIN requests AS left_over ON left_over.plan = ours.plan AND left_over.number = ours.request
             AND (left_over.state = 'planned' OR left_over.passing)
        JOIN messages AS earlier ON earlier.recipient = ours.recipient AND earlier.plan <> ours.plan
             AND earlier.duplicate_key = ours.duplicate_key
        JOIN plans ON plans.id = earlier.plan AND plans.state = 'confirmed'
        JOIN requests ON requests.plan = earlier.plan AND requests.number = earlier.request
        WHERE ours.plan = ? AND requests.state IN ({", ".join("?" for _ in states)})
        ORDER BY at DESC
    """  # noqa: S608  question marks only
    found = []
    for row in plan.journal.rows(sql, plan.number, *states):
        ageless = row["state"] == "planned" or guarding.only_unknown
        if ageless or min(elapsed(row["at"], row["boot"] or "", row["ticks"] or 0.0)) < guarding.window:
            found.append(row)
        if len(found) == SHOWN_DUPLICATES:
            break
    return found


def _refuse_expired(row: Row) -> None:
    if max(elapsed(row["created"], row["boot"], row["ticks"])) > EXPIRES:
        raise _expired("" if row["state"] == "draft" else row["plan_id"])


def _expired(plan_id: str) -> SmswrapError:
    message = f"The plan {plan_id} was shown more than {EXPIRES // 60} minutes ago and has expired.".replace("  ", " ")
    step = "Run the send again for a new plan, and let the person confirm that one."
    return SmswrapError(Fault("confirmation", message, "Nothing was sent.", step, "never", "expired"))


def _not_as_shown(plan_id: str) -> SmswrapError:
    message = f"The plan {plan_id} is no longer what the person was shown."
    step = "Run the send again for a new plan, and let the person confirm that one."
    return SmswrapError(Fault("confirmation", message, "Nothing was sent.", step, "never", "altered"))


def _word(state: str) -> str:
    return {"planned": "not finished", "sending": "still running or cut off"}.get(state, state)


def _next_step(row: Row) -> str:
    if row["state"] == "planned":
        return f"`smswrap resume {row['plan_id']}` sends the rest of that one."
    if row["state"] == "accepted":
        return "If the person really wants it twice, add --allow-duplicate."
    return f"`smswrap resume --unknown {row['plan_id']}` finds out what became of it."
