"""The hall: the only way to a provider's send, for every door.

It takes records and a house, and gives a report. It knows no option, no stream and no provider's name.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import field, replace
from typing import TYPE_CHECKING

from smswrap.errors import Fault, InputError, Kind, SmswrapError
from smswrap.journal.requests import NO_ATTEMPTS, altered
from smswrap.model import YES_HOLDS, Outcome, PlanState
from smswrap.record import dataclass
from smswrap.sending.carrying import Alone, carry_out, followed, naming, settle_unknown, told_again
from smswrap.sending.dispatch import Pace
from smswrap.sending.planning import draft
from smswrap.sending.refusals import (
    DuplicatePolicy,
    is_account_of,
    refuse,
    refuse_duplicates,
    refuse_expired,
    refuse_other_account,
    refuse_overtaken,
    refuse_used_key,
    with_key,
)
from smswrap.sending.report import Report, Stage, told
from smswrap.sending.shown import show
from smswrap.sending.verification import Fitting, verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from smswrap.errors import Problem
    from smswrap.journal.journal import Journal
    from smswrap.model import Content, Order, Plan
    from smswrap.sending.house import House
    from smswrap.sending.planning import Problems


@dataclass(frozen=True)
class Options:
    """How a send is to be done: `wait` is how many seconds receipts are waited for, None not at all.

    `settle` looks for an unknown outcome in the receipts at once; `key` makes the same content be sent once, then told.
    """

    verify: bool = False
    yes: bool = False
    dry_run: bool = False
    wait: int | None = None
    settle: bool = False
    key: str | None = None
    duplicates: DuplicatePolicy = field(default_factory=DuplicatePolicy)
    pace: Pace = field(default_factory=Pace)


def send(order: Order, options: Options, house: House, problems: Problems) -> Report:
    """Plan the order, and do what was chosen with the plan. Raises InputError with everything that is wrong with it."""
    if not options.dry_run:
        house.provider.check(sends=True)
    plan = _drafted(_completed(order, options, house), house, problems)
    if house.journal.jump:
        house.talk.warn(_jumped(house.journal.jump))
    try:
        report = _once(plan, options, house)
    except BaseException:
        house.journal.forget(plan)
        raise
    if report.plan.number != plan.number or report.stage in {Stage.PLANNED, Stage.DECLINED}:
        house.journal.forget(plan)
    return followed(report, options.wait, house)


def confirm(plan_id: str, options: Options, house: House) -> Report:
    """Say yes to a plan: send exactly what it shows, once, in time, with its account; a second yes tells of the first.

    Raises InputError if there is no such plan, SmswrapError (kind confirmation) if it expired, was cancelled, was
    altered, or is another account's; (kind duplicate) if it repeats a recent send.
    """
    # Alone before the yes, so that a second confirm cannot come between it and the sending.
    with _alone_with(plan_id, house) as known:
        plan = known
        if plan.state is PlanState.CONFIRMED and plan.reopened is None and plan.cancelled is None:
            return told_again(plan, house)
        refuse_expired(plan)
        house.provider.check(sends=True)
        refuse_other_account(plan, house.provider.account())
        left_over = plan.state is PlanState.CONFIRMED
        if not left_over and not house.journal.is_as_shown(plan):
            raise SmswrapError(altered(plan), data={"plan_id": plan.plan_id})
        allowed = options.duplicates.allowed or plan.allow_duplicate
        policy = replace(options.duplicates, allowed=allowed)
        refuse_duplicates(plan, policy, house)
        with house.journal.transaction():
            refuse_used_key(plan, house)
            refuse_duplicates(plan, policy, house, again=True)
            plan = house.journal.say_yes(plan)
        attempts = house.journal.attempts(plan, Outcome.REFUSED) if left_over else NO_ATTEMPTS
        report = carry_out(plan, options.pace, house, settle=options.settle, attempts=attempts)
    return followed(report, options.wait, house)


def resume(plan_id: str, options: Options, house: House, *, resend_unknown: bool = False) -> Report:
    """Go on with a plan that was cut short: send what was never sent, and leave alone what may have been.

    A yes holds for 30 minutes; later, what is left is proposed anew. `resend_unknown` is a person's decision to send
    what no receipt shows once more; `options.yes` says that it was made.
    """
    plan = _confirmed(find(plan_id, house.journal))
    house.provider.check(sends=True)
    refuse_other_account(plan, house.provider.account())
    attempts: Mapping[int, float] = house.journal.attempts(plan, Outcome.REFUSED)
    if resend_unknown:
        unknown = _unknown_attempts(plan, house)
        if unknown and not options.yes and not _decided_again(plan, house):
            return replace(told(plan, house.journal), decision=_undecided(plan, house))
        attempts = {**attempts, **unknown}
    if not attempts and not house.journal.counts(plan).not_sent:
        with Alone(plan, house) as still:
            if resend_unknown:
                settle_unknown(still, house, once=True)
            return told_again(still, house)
    refuse_overtaken(plan, options.duplicates, house)
    # A yes of the future is one of a clock that was wrong: it may be of any age.
    lapsed = abs(time.time() - (plan.confirmed or 0.0)) > YES_HOLDS and not (resend_unknown and options.yes)
    if lapsed and (refusal := _asked_again(plan, house)):
        return refusal
    with Alone(plan, house) as still:
        # For another run, or for a person, we may have waited long.
        refuse_other_account(plan, house.provider.account())
        if resend_unknown:
            settle_unknown(still, house, once=True)
        return carry_out(_confirmed(still), options.pace, house, settle=options.settle, attempts=attempts)


def cancel(plan_id: str, house: House) -> Report:
    """Say no to a plan: nothing more of it is sent. Raises SmswrapError (kind confirmation) if nothing is left."""
    with _alone_with(plan_id, house) as plan:
        counts = house.journal.counts(plan)
        if plan.state is PlanState.CONFIRMED and not (counts.unknown or house.journal.waiting(plan)):
            message = f"Nothing of the plan {plan.plan_id} is left to cancel; an SMS that was sent cannot be recalled."
            step = f"`smswrap confirm {plan.plan_id}` tells what became of it."
            fault = Fault(Kind.CONFIRMATION, message, "", step, "never", "sent")
            raise SmswrapError(fault, data={"plan_id": plan.plan_id})
        return Report(Stage.CANCELLED, house.journal.say_no(plan), counts=counts)


def look_up(plan: Plan, house: House) -> Report:
    """Find out about a plan's requests of unknown outcome, as far as receipts tell; sends nothing."""
    with Alone(plan, house) as still:
        settle_unknown(still, house)
        return replace(told(still, house.journal), in_vain=True)


def with_unknown(plan_id: str | None, house: House) -> list[Plan]:
    """The plans whose unknown outcomes are looked for: the named one, or all of this account's."""
    account = house.provider.account()
    if plan_id is None:
        plans = house.journal.with_unknown()
        for other in (plan for plan in plans if not is_account_of(plan, account)):
            said = f"The plan {other.plan_id} of another account has an unknown outcome, too."
            house.talk.warn(f"{said} `smswrap resume --unknown {other.plan_id}` looks for it in the receipts.")
        return [plan for plan in plans if is_account_of(plan, account)]
    plan = find(plan_id, house.journal)
    if plan.cancelled is None or plan.state is not PlanState.CONFIRMED:  # what was sent before the no stays unknown
        _confirmed(plan)
    refuse_other_account(plan, account)
    return [plan]


def find(plan_id: str, journal: Journal) -> Plan:
    """The plan with this id, or the only one whose id begins with it. Raises InputError."""
    found = journal.named(plan_id) if plan_id and plan_id.isascii() else []
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(plan.plan_id for plan in found[:5])
        raise InputError.of("PLAN", plan_id[:60], f"is the beginning of several plans: {ids}", "Give more of the id.")
    from difflib import get_close_matches

    near = get_close_matches(plan_id[:60], [known for known, _ in journal.plan_ids()], n=3, cutoff=0.5)
    step = f"Did you mean {', '.join(near)}?" if near else "`smswrap history` lists what was sent."
    raise InputError.of("PLAN", plan_id[:60], "is not the id of a plan", step)


@contextmanager
def _alone_with(plan_id: str, house: House) -> Iterator[Plan]:
    """Be alone with a plan; a proposal that gave way to the same one, planned anew, before we were is that one."""
    plan = find(plan_id, house.journal)
    while True:
        with Alone(plan, house) as still:
            now = find(plan.plan_id, house.journal)
            if now.number == plan.number:
                yield still
                return
        plan = now


def _completed(order: Order, options: Options, house: House) -> Order:
    """The order with the account's only message group, and with the text that a person will be asked about."""
    if order.group is None and house.provider.has_groups:
        order = replace(order, group=house.line.session().only_group())
    if order.text is None and (options.verify or options.dry_run or not options.yes):
        template = house.template_if_told(order.template, order.sign, rehearsal=options.dry_run)
        order = replace(order, text=template.content if template else None)
    return order


def _drafted(order: Order, house: House, problems: Problems) -> Plan:
    template = house.known_template(order.template)
    fitting = Fitting(template, order.values, house) if template else None

    def judge(content: Content, length: int, row: int) -> list[Problem]:
        return fitting.problems(content, length, row if order.listed else None) if fitting else []

    return draft(order, house.provider.limits, house.journal, problems, house.asked, judge)


def _once(plan: Plan, options: Options, house: House) -> Report:
    """Decide on a draft, or tell of the send that had its idempotency key, be it that it came while we decided."""
    while True:
        earlier = with_key(plan, options.key, house)
        if earlier is None:
            try:
                with naming(plan):
                    return _decided(plan, options, house)
            except SmswrapError as error:
                # A repeat of the send that has our key is what the key is for.
                if error.fault.kind != Kind.DUPLICATE or with_key(plan, options.key, house) is None:
                    raise
        elif report := _replay(earlier, house):
            return report


def _decided(plan: Plan, options: Options, house: House) -> Report:
    """Refuse, verify, rehearse, ask, propose or send a draft."""
    _refuse(plan, options, house)
    verified = verify(plan, house) if options.verify else None
    if options.dry_run:
        return Report(Stage.PLANNED, plan, show(plan, house.journal), verified=verified)
    if options.yes or (refusal := _asked(plan, options, house)) is None:
        return replace(_sent(plan, options, house), verified=verified)
    return replace(refusal, verified=verified)


def _jumped(seconds: float) -> str:
    days, hours = divmod(round(abs(seconds) / 3_600), 24)
    where = "ahead" if seconds > 0 else "back"
    return f"This machine's clock was moved {days} d {hours} h {where} since smswrap last ran: check `date`."


def _refuse(plan: Plan, options: Options, house: House) -> None:
    """Refuse what may not be sent, before anybody is asked; a dry run only warns of a duplicate."""
    try:
        refuse(plan, options.duplicates, house)
    except SmswrapError as error:
        if error.fault.kind != Kind.DUPLICATE or not options.dry_run:
            raise
        house.talk.warn(error.fault.message)


def _asked(plan: Plan, options: Options, house: House) -> Report | None:
    """Ask for a yes: None is one. Where there is nobody to ask, the plan is proposed."""
    house.line.hang_up()
    shown = show(plan, house.journal)
    if house.desk.asks:
        if not house.desk.confirm(shown):
            return Report(Stage.DECLINED, plan, shown)
        refuse_other_account(plan, house.provider.account())  # which may have come while the person thought
        return None
    with house.journal.transaction():
        allowed = options.duplicates.allowed
        plan = house.journal.keep(plan, PlanState.PROPOSED, options.key, allow_duplicate=allowed)
    return Report(Stage.PROPOSED, plan, replace(shown, plan=plan))


def _sent(plan: Plan, options: Options, house: House) -> Report:
    """Take a fresh draft as confirmed, and send it; others may have sent the same since it was refused nothing."""
    with house.journal.transaction():
        refuse_expired(plan)
        if options.key:
            refuse_used_key(replace(plan, idempotency_key=options.key), house)
        refuse_duplicates(plan, options.duplicates, house, again=True)
        allowed = options.duplicates.allowed
        plan = house.journal.keep(plan, PlanState.CONFIRMED, options.key, allow_duplicate=allowed)
    with Alone(plan, house, fresh=True) as still:
        return carry_out(still, options.pace, house, settle=options.settle)


def _replay(earlier: Plan, house: House) -> Report | None:
    """Tell what became of the send that had the same idempotency key; None if it ended before anything was begun."""
    with Alone(earlier, house) as plan:
        return told_again(plan, house) if plan.state is PlanState.CONFIRMED else None


def _asked_again(plan: Plan, house: House) -> Report | None:
    """The yes to what is left of a plan has lapsed: ask for a new one. None is a yes."""
    plan = house.journal.reopen(plan)
    shown = show(plan, house.journal)
    report = replace(told(plan, house.journal), stage=Stage.PROPOSED, shown=shown)
    if not house.desk.asks:
        return report
    if not house.desk.confirm(shown):
        return replace(report, stage=Stage.DECLINED)
    with house.journal.transaction():
        house.journal.say_yes(plan)
    return None


def _confirmed(plan: Plan) -> Plan:
    if plan.cancelled is not None:
        refuse_expired(plan)
    if plan.state is PlanState.CONFIRMED:
        return plan
    step = f"`smswrap confirm {plan.plan_id}` is the yes to it."
    raise InputError.of("PLAN", plan.plan_id, "has not been confirmed yet", step)


def _unknown_attempts(plan: Plan, house: House) -> Mapping[int, float]:
    """The attempts that the person means: not those that another run makes while we wait for it."""
    known = house.journal.attempts(plan, Outcome.UNKNOWN)
    alone = Alone(plan, house)
    with alone:
        return known if known or alone.waited else house.journal.attempts(plan, Outcome.UNKNOWN)


def _decided_again(plan: Plan, house: House) -> bool:
    unknown = house.journal.counts(plan).unknown
    question = f"{unknown} recipient(s) may have got the message already. Send it again? [y/N] "
    return house.desk.asks and house.desk.ask(question)


def _undecided(plan: Plan, house: House) -> Fault:
    unknown = house.journal.counts(plan).unknown
    message = f"{unknown} recipient(s) may have got the message already; a person has to decide to send it again."
    step = f"After an explicit yes: `smswrap resume --resend-unknown {plan.plan_id} --yes`."
    return Fault(Kind.CONFIRMATION, message, "Nothing was sent now.", step, "never", "waiting")
