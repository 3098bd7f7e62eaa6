"""What became of a plan, and what follows from it: status, error and exit code are derived here, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, unique
from signal import Signals
from typing import TYPE_CHECKING

from smswrap.errors import CUT_OFF, STATUS_OF, Exit, Fault, Kind
from smswrap.model import YES_HOLDS, Counts, Outcome, PlanState
from smswrap.record import dataclass

if TYPE_CHECKING:
    from smswrap.journal.journal import Journal
    from smswrap.model import Plan, RequestRecord
    from smswrap.providers.records import Receipt
    from smswrap.sending.shown import ShownPlan
    from smswrap.sending.verification import Verified

MOST_REQUESTS = 100
"""Requests that a report lists; the plan says how many there are."""


@unique
class Stage(str, Enum):
    """How far a command came with a plan."""

    PLANNED = "planned"
    PROPOSED = "confirmation_needed"
    DECLINED = "declined"
    SENT = "accepted"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Report:
    """What became of a plan.

    `again` says that nothing was sent now, `waiting` how many recipients `resume` would still send to, `in_vain` that
    receipts were looked at for the unknown ones, `signum` the signal that asked the program to end. `shown` is the plan
    as a person is shown it, where it was proposed. `trouble` went wrong beside the requests (AI mode is still on), and
    `said` are the warnings on the way, where there is nobody else to hear of them.
    """

    stage: Stage
    plan: Plan
    shown: ShownPlan | None = None
    counts: Counts | None = None
    requests: tuple[RequestRecord, ...] = ()
    receipts: tuple[Receipt, ...] | None = None
    verified: Verified | None = None
    waiting: int = 0
    unknown: Fault | None = None
    refusal: Fault | None = None
    decision: Fault | None = None
    again: bool = False
    in_vain: bool = False
    signum: int | None = None
    trouble: Fault | None = None
    said: tuple[str, ...] = ()

    @property
    def error(self) -> Fault | None:
        """The failure of the whole, or None."""
        return self._failure or self.trouble

    @property
    def _failure(self) -> Fault | None:
        if self.decision is not None:
            return self.decision
        if self.stage in {Stage.PROPOSED, Stage.DECLINED}:
            return DECLINED if self.stage is Stage.DECLINED else _proposal(self)
        return self._ended(self._outcome()) if self.stage is Stage.SENT else None

    @property
    def status(self) -> str:
        """One word for what happened."""
        error = self._failure
        if error is None or self.stage is not Stage.SENT:
            return str(self.stage.value)
        if error.kind == Kind.INTERRUPTED and self.counts and self.counts.accepted == self.counts.recipients:
            return "accepted"
        if error == self._undelivered():
            return "undelivered"
        return STATUS_OF.get(error.kind, "refused")

    @property
    def exit(self) -> Exit | int:
        """The exit code."""
        error = self.error
        if error is None:
            return Exit.OK
        if self.signum is not None and error.kind == Kind.INTERRUPTED:
            return 128 + self.signum
        return error.exit

    @property
    def warnings(self) -> list[str]:
        """What should be known besides."""
        pending = sum(receipt.receipt == "in_flight" for receipt in self.receipts or ())
        found = list(self.said)
        if pending:
            found.append(
                f"{pending} accepted message(s) have no receipt yet: do not send again, query their status later."
            )
        if self.again:
            found.append("This is what became of the plan before; nothing was sent now.")
        return found

    def _outcome(self) -> Fault | None:
        """Unknown before anything else, then the one refusal, or `partial` of several; then what was not delivered."""
        counts = self.counts or Counts()
        if counts.unknown:
            return self._unsettled(self.unknown or CUT_OFF)
        if self.refusal is not None and not counts.accepted:
            return self.refusal
        missed = counts.refused + counts.not_sent
        return self._partial(missed) if missed else self._undelivered()

    def _unsettled(self, fault: Fault) -> Fault:
        step = f"Do not send again. `smswrap resume --unknown {self.plan.plan_id}` looks for it in the receipts."
        if self.in_vain:
            fault = replace(fault, message="No receipt shows the request, which proves nothing: it may have been sent.")
            step = (
                "Look again later, or let a person decide, who knows that it may arrive twice: "
                f"`smswrap resume --resend-unknown {self.plan.plan_id} --yes`."
            )
        elif self.waiting:
            step += f" {self.waiting} other recipient(s) were never sent to: `smswrap resume {self.plan.plan_id}`."
        return replace(fault, next_step=step)

    def _partial(self, missed: int) -> Fault:
        counts = self.counts or Counts()
        message = f"{missed} of {counts.recipients} recipients were not sent to."
        step = "Those were refused for good."
        if self.waiting:
            step = f"`smswrap resume {self.plan.plan_id}` sends to {self.waiting} of them."
        return Fault(
            kind=Kind.PARTIAL,
            message=f"{message} {self.refusal.message}" if self.refusal else message,
            meaning="The others were accepted: do not send to them again." if counts.accepted else "",
            next_step=f"{self.refusal.next_step} {step}" if self.refusal else step,
            code=self.refusal.code if self.refusal else None,
        )

    def _ended(self, fault: Fault | None) -> Fault | None:
        """A signal is told unless the outcome matters more."""
        if self.signum is None or (fault is not None and fault.kind != Kind.PARTIAL):
            return fault
        counts = self.counts or Counts()
        message = f"Ended by {Signals(self.signum).name}; {counts.accepted} of {counts.recipients} were accepted."
        rest = f" `smswrap resume {self.plan.plan_id}` sends the rest." if counts.not_sent else ""
        return Fault(Kind.INTERRUPTED, message, "", f"Do not send to those again.{rest}", "after-receipt")

    def _undelivered(self) -> Fault | None:
        receipts = self.receipts or ()
        failed = [receipt for receipt in receipts if receipt.receipt == "failed"]
        if not failed:
            return None
        codes = ", ".join(sorted({str(receipt.code) for receipt in failed}))
        message = f"{len(failed)} of {len(receipts)} messages were accepted but not delivered: {codes}."
        step = f"See `smswrap explain {failed[0].code}`."
        return Fault(Kind.REFUSED, message, failed[0].meaning or "", step, "never", codes)


def _proposal(report: Report) -> Fault:
    plan = report.plan
    again = f" --profile {plan.asked_profile}" if plan.asked_profile else ""
    what = f"{report.counts.not_sent} recipients of it are left" if report.counts else "nothing was sent"
    return Fault(
        Kind.CONFIRMATION,
        f"The plan {plan.plan_id} waits for a person's yes; {what}.",
        f"It can be confirmed for {YES_HOLDS // 60} minutes.",
        f"Show the plan to the person; after an explicit yes run `smswrap confirm {plan.plan_id}{again}`.",
        "never",
        "waiting",
    )


_AFTER_ALL = "Run the command again to send after all."
DECLINED = Fault(Kind.CONFIRMATION, "Not sent: declined.", "", _AFTER_ALL, code="declined")


_STAGES = {PlanState.PROPOSED: Stage.PROPOSED, PlanState.CANCELLED: Stage.CANCELLED}
"""How far plans came that nobody said yes to."""


def told(plan: Plan, journal: Journal, *, again: bool = False, signum: int | None = None) -> Report:
    """The report of a plan, as the journal holds it now."""
    requests = journal.made(plan, MOST_REQUESTS)
    counts = _counted(requests) if plan.requests <= MOST_REQUESTS else journal.counts(plan)
    partly = counts.refused + counts.not_sent > 0
    return Report(
        _STAGES.get(plan.state, Stage.SENT),
        plan,
        counts=counts,
        requests=tuple(request for request in requests if request.outcome is not Outcome.NOT_SENT),
        waiting=journal.waiting(plan) if counts.unknown or partly else 0,
        unknown=journal.first_fault(plan, Outcome.UNKNOWN) if counts.unknown else None,
        refusal=journal.first_fault(plan, Outcome.REFUSED) if counts.refused else None,
        again=again,
        signum=signum,
    )


def _counted(requests: list[RequestRecord]) -> Counts:
    sums = dict.fromkeys(Outcome, 0)
    for request in requests:
        sums[request.outcome] += len(request.recipients)
    names = (Outcome.ACCEPTED, Outcome.REFUSED, Outcome.UNKNOWN, Outcome.NOT_SENT)
    return Counts(sum(sums.values()), *(sums[name] for name in names))
