"""Carries a confirmed plan out: its requests are made by one process at a time, then looked after, then told."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from smswrap import loans, signals
from smswrap.errors import SmswrapError
from smswrap.journal.requests import NO_ATTEMPTS, altered
from smswrap.providers.base import ProviderError
from smswrap.sending import receipts
from smswrap.sending.dispatch import Floor, Pace, dispatch
from smswrap.sending.report import Report, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from smswrap.model import Plan
    from smswrap.sending.house import House

SENDING, WAITING, LOOKING = "Sending", "Waiting for receipts", "Looking for receipts"

POLL = 0.05
"""Seconds between two looks at whether another process is done with a plan."""


@contextmanager
def naming(plan: Plan) -> Iterator[None]:
    """Let a failure inside the block tell which plan it is about."""
    try:
        yield
    except SmswrapError as error:
        error.data = {"plan_id": plan.plan_id, **(error.data or {})}
        raise


class Alone:
    """Be the only process that sends this plan; others are waited for. Gives the plan as it is then.

    A `fresh` one was just confirmed by us: it is as we know it.
    """

    def __init__(self, plan: Plan, house: House, *, fresh: bool = False) -> None:
        self._plan, self._house, self._fresh = plan, house, fresh
        self._held = ExitStack()
        self.waited = False

    def __enter__(self) -> Plan:
        journal = self._house.journal
        lock = self._held.enter_context(journal.sole_sender(self._plan, self._wait, fresh=self._fresh))
        # A call that outlives us may still send: whoever goes on with the plan waits for it, too.
        self._held.enter_context(loans.lending(lock))
        return self._plan if self._fresh else journal.read(self._plan)

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def _wait(self) -> None:
        if not self.waited:
            self._house.talk.note("Another smswrap is sending this plan; waiting for it …")
            self.waited = True
        signals.pause(POLL)


def carry_out(
    plan: Plan, pace: Pace, house: House, *, settle: bool = False, attempts: Mapping[int, float] = NO_ATTEMPTS
) -> Report:
    """Make the requests of a confirmed plan that were never made, and `attempts` once more; tell of all of them.

    If nothing was begun, the yes is taken back: the person may say it again.
    """
    if not house.journal.is_unaltered(plan):
        raise SmswrapError(altered(plan), data={"plan_id": plan.plan_id})
    with naming(plan), house.journal.unless_begun(plan):
        session = house.line.session()
        signals.checkpoint()
        with house.talk.progress(SENDING, plan.recipients) as advance:
            dispatch(plan, Floor(house.journal, session, house.talk, advance), pace, attempts)
    if settle:
        settle_unknown(plan, house)
    return told(plan, house.journal, signum=signals.signal_received())


def settle_unknown(plan: Plan, house: House, *, once: bool = False) -> None:
    """Look for unknown outcomes in the receipts, for a while or `once`; whatever ends this, what is known is told."""
    asked = len(house.journal.unknown(plan))
    if not asked or signals.signal_received():
        return
    rounds = (0.0,) if once else house.patience.receipts
    house.talk.note(f"Looking for {asked} request(s) of unknown outcome in the receipts …")

    def look() -> None:
        session = house.line.session()  # before the progress: it forks, which a process of one thread does best
        with house.talk.progress(LOOKING, asked):
            found = receipts.settle_unknown(plan, house.journal, session, rounds)
        house.talk.note(f"{found} of them were accepted; what no receipt shows stays unknown.")

    _as_far_as_possible(look, house)


def followed(report: Report, seconds: int | None, house: House) -> Report:
    """The report with the receipts that came within so many seconds; None: they are not waited for."""
    if seconds is None or report.again:
        return report
    latest = [replace(report, receipts=())]
    if report.counts is None or not report.counts.accepted or signals.signal_received():
        return latest[0]
    awaited = min(report.counts.accepted, receipts.MOST_FOLLOWED)

    def follow() -> None:
        session = house.line.session()
        with house.talk.progress(WAITING, awaited, seconds) as advance:
            for found in receipts.follow(report.plan, house.journal, session, seconds, advance):
                latest[0] = replace(report, receipts=found)

    _as_far_as_possible(follow, house)
    return replace(latest[0], signum=signals.signal_received())


def told_again(plan: Plan, house: House) -> Report:
    """What became of a plan before, with the receipts that are known; nothing is sent now."""
    noted = receipts.noted(plan, house.journal)
    return replace(told(plan, house.journal, again=True), receipts=noted or None)


def _as_far_as_possible(query: Callable[[], None], house: House) -> None:
    try:
        query()
    except ProviderError as error:
        house.talk.warn(f"The receipts could not be queried: {error.fault.message}")
    except signals.Ended as ended:
        house.talk.note(f"No longer waiting ({ended.signum.name}).")
