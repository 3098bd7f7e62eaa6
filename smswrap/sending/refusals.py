"""Everything that may forbid a send before a person is asked, in one list; and what may take a yes back."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from smswrap.clock import iso
from smswrap.errors import Fault, InputError, Kind, SmswrapError
from smswrap.masking import mask_number
from smswrap.model import YES_HOLDS, Outcome, PlanState
from smswrap.record import dataclass
from smswrap.sending.receipts import FINAL, latest

if TYPE_CHECKING:
    from collections.abc import Callable

    from smswrap.journal.journal import Journal
    from smswrap.model import Account, Earlier, Plan
    from smswrap.sending.house import House

WINDOW = 10 * 60
"""Seconds in which the same send again is taken for a mistake."""

MOST_TOLD = 3
"""Recipients of earlier sends that a refusal names."""

MOST_JUDGED, MOST_ASKED = 1_000, 20
"""Earlier messages that are looked at for having failed, and those whose receipts are asked for."""


@dataclass(frozen=True)
class DuplicatePolicy:
    """What counts as a duplicate: the window in seconds, and whether only sends of unknown outcome do."""

    window: float = WINDOW
    only_unknown: bool = False
    allowed: bool = False


def refuse(plan: Plan, policy: DuplicatePolicy, house: House) -> None:
    """Raise SmswrapError if something forbids the send; whatever may, is a row of FORBIDDING."""
    for forbid in FORBIDDING:
        forbid(plan, policy, house)


def refuse_duplicates(plan: Plan, policy: DuplicatePolicy, house: House, *, again: bool = False) -> None:
    """Raise SmswrapError (kind duplicate) if a recent send had the same content for the same recipient.

    One that failed at the carrier may be sent again, with a warning; where that is not known, the provider is asked.
    `again` is a second look, right before the yes is noted: it asks nobody, and what passes has been told. After the
    journal lost its last entries, everything may be a repeat for a while.
    """
    said: list[str] = []
    if message := loss(house.journal):
        if not policy.allowed:
            raise _lost(message, plan)
        said.append(message)
    found = house.journal.duplicates(plan, policy.window, MOST_JUDGED + 1, only_unknown=policy.only_unknown)
    if found and policy.allowed:
        said.append(f"This repeats a send: {_said(found)}.")
    elif found:
        if one := _not_failed(found, house, asks=not again):
            raise SmswrapError(_duplicate([one, *found]), data=_earlier(one))
        said.append(f"This repeats a send that was not delivered: {_said(found, 'failed')}.")
    for line in () if again else said:
        house.talk.warn(line)


# A policy of the machine's owner would join this list.
FORBIDDING: tuple[Callable[[Plan, DuplicatePolicy, House], None], ...] = (refuse_duplicates,)


def refuse_overtaken(plan: Plan, policy: DuplicatePolicy, house: House) -> None:
    """Raise SmswrapError (kind duplicate) if what is left of a confirmed plan was sent by another one since its yes."""
    since = max(0.0, time.time() - (plan.confirmed or 0.0))
    allowed = policy.allowed or plan.allow_duplicate
    refuse_duplicates(plan, DuplicatePolicy(since + WINDOW, policy.only_unknown, allowed), house)


def refuse_used_key(plan: Plan, house: House) -> None:
    """Raise SmswrapError (kind duplicate) if another plan was sent with this one's idempotency key meanwhile."""
    used = house.journal.with_key(plan.idempotency_key) if plan.idempotency_key else None
    if used is not None and used.number != plan.number:
        message = f"The idempotency key of this send was used meanwhile, by the plan {used.plan_id}."
        step = f"`smswrap confirm {used.plan_id}` tells what became of that one, and sends nothing."
        raise SmswrapError(Fault(Kind.DUPLICATE, message, "Nothing was sent now.", step, "never", "key-used"))


def refuse_other_account(plan: Plan, account: Account) -> None:
    """Raise SmswrapError (kind confirmation) if it is not the account that the plan was made for."""
    if is_account_of(plan, account):
        return
    what = ", ".join(
        f"{name} {theirs or 'none'} instead of {ours or 'none'}"
        for name, ours, theirs in _differences(plan.account, account)
    )
    message = f"The plan {plan.plan_id} was made for another account: now {what}."
    again = f" --profile {plan.account.profile}" if plan.account.profile and not plan.asked_profile else ""
    step = f"Confirm it with the account that it shows: `smswrap confirm {plan.plan_id}{again}`."
    if plan.state is PlanState.DRAFT:
        step = "Run the command again, which shows the account of now."
    raise _refused(plan, message, step, "account")


def is_account_of(plan: Plan, account: Account) -> bool:
    """Whether a plan was made for this account; one of smswrap 0.1.0, which noted only the provider, for any of it."""
    if plan.account.mode is None:
        return plan.account.provider == account.provider
    return plan.account == account


def refuse_expired(plan: Plan) -> None:
    """Raise SmswrapError (kind confirmation) if nobody said yes to the plan in time, or if somebody said no."""
    if plan.cancelled is not None:
        raise _refused(
            plan, f"The plan {plan.plan_id} was cancelled.", "Run the send again for a new plan.", "cancelled"
        )
    age = _age_of(plan)
    if age > YES_HOLDS:
        minutes = YES_HOLDS // 60
        message = f"The plan {plan.plan_id} was shown more than {minutes} minutes ago and has expired."
        step = "Run the send again for a new plan, and let the person confirm that one."
        if plan.state is PlanState.CONFIRMED:
            step = f"`smswrap resume {plan.plan_id}` shows what is left of it, for a new yes."
        raise _refused(plan, message, step, "expired")


def _age_of(plan: Plan) -> float:
    """Seconds since it was shown; one of the future was shown by a clock that was wrong, and may be of any age."""
    if plan.reopened is not None:
        return abs(time.time() - plan.reopened)
    by_wall, by_machine = plan.made.ages()
    return max(by_wall, abs(by_machine))  # the machine's clock goes on: only after a restart is that one the wall's


def with_key(plan: Plan, key: str | None, house: House) -> Plan | None:
    """The plan that was sent with this key, or None. Raises InputError if that had another content."""
    earlier = house.journal.with_key(key) if key else None
    if earlier is not None and earlier.fingerprint != plan.fingerprint:
        rule = "was used for a send of other content"
        raise InputError.of("--idempotency-key", (key or "")[:60], rule, "Use a new key for a new send.")
    return earlier


def loss(journal: Journal) -> str | None:
    """What to say while anything may be a repeat: the journal has just lost what was sent last; else None."""
    lost = journal.lost
    if lost is None or min(lost.ages()) >= WINDOW:
        return None
    return f"The journal was damaged, found {iso(lost.wall)}: what was sent last is not known any more."


def _lost(message: str, plan: Plan) -> SmswrapError:
    step = f"Query what was sent last, or wait {WINDOW // 60} minutes; --allow-duplicate sends all the same."
    fault = Fault(Kind.DUPLICATE, message, "Nothing was sent: it may be a repeat.", step, "later", "journal-damaged")
    return SmswrapError(fault, data={"plan_id": plan.plan_id})


def _not_failed(found: list[Earlier], house: House, *, asks: bool) -> Earlier | None:
    """The first that is not known to have failed at the carrier; of too many to judge, the last."""
    asked = 0
    for one in found:
        if one.outcome is Outcome.ACCEPTED and one.receipt not in FINAL and asks and asked < MOST_ASKED:
            asked += 1
            one = replace(one, receipt=latest(one, house) or one.receipt)  # noqa: PLW2901  the same, better known
        if one.outcome is not Outcome.ACCEPTED or one.receipt != "failed":
            return one
    return found[-1] if len(found) > MOST_JUDGED else None


def _duplicate(found: list[Earlier]) -> Fault:
    first = found[0]
    retry = "never" if first.outcome is Outcome.ACCEPTED else "after-receipt"
    message = f"The same was sent: {_said(found)}."
    return Fault(Kind.DUPLICATE, message, "Nothing was sent now.", _next_step(first), retry, "duplicate")  # type: ignore[arg-type]  # one of Retry's words


def _said(found: list[Earlier], became: str | None = None) -> str:
    first = found[0]
    ago = max(0, round(time.time() - first.at))
    numbers = ", ".join(dict.fromkeys(mask_number(one.recipient) for one in found[:MOST_TOLD]))
    became = became or (first.receipt or _WORDS[first.outcome]).replace("_", " ")
    return f"to {numbers}, {ago} s ago (plan {first.plan_id}, {became})"


def _earlier(first: Earlier) -> dict[str, object]:
    known = {"plan_id": first.plan_id, "state": first.outcome.value, "out_id": first.out_id, "receipt": first.receipt}
    return {"earlier": known}


def _next_step(first: Earlier) -> str:
    if first.outcome is Outcome.NOT_SENT:
        return f"`smswrap resume {first.plan_id}` sends the rest of that one."
    if first.outcome is Outcome.ACCEPTED:
        wait = "" if first.receipt == "delivered" else "Wait for its receipt: it may arrive yet. "
        return f"{wait}If the person really wants it twice, add --allow-duplicate."
    return f"`smswrap resume --unknown {first.plan_id}` finds out what became of it."


_WORDS = {
    Outcome.NOT_SENT: "not finished",
    Outcome.SENDING: "still running or cut off",
    Outcome.ACCEPTED: "accepted",
    Outcome.REFUSED: "refused",
    Outcome.UNKNOWN: "unknown",
}


def _differences(ours: Account, theirs: Account) -> list[tuple[str, str | None, str | None]]:
    names = ("provider", "profile", "mode", "key_end", "region", "base")
    pairs = ((name, getattr(ours, name), getattr(theirs, name)) for name in names)
    return [(name.replace("_", " "), one, other) for name, one, other in pairs if one != other]


def _refused(plan: Plan, message: str, step: str, code: str) -> SmswrapError:
    fault = Fault(Kind.CONFIRMATION, message, "Nothing was sent.", step, "never", code)
    return SmswrapError(fault, data={"plan_id": plan.plan_id})
