"""Runs a plan: request by request, each with its outcome. Nothing here is ever sent twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from smswrap import process
from smswrap.clock import today
from smswrap.errors import Fault
from smswrap.providers.base import ProviderError

if TYPE_CHECKING:
    from typing import Literal

    from smswrap.providers.base import Body, Limits, SendRequest, Session, Talk
    from smswrap.sending.plan import SendPlan

    Outcome = Literal["accepted", "refused", "unknown"]

FOR_ALL = frozenset({"setup", "credentials", "throttled"})
"""Kinds of refusal that would meet the next request too."""


@dataclass(frozen=True)
class Result:
    """What became of one request; `body` is the provider's reply, `text` the same as received."""

    request: SendRequest
    outcome: Outcome
    biz_id: str | None = None
    request_id: str = ""
    fault: Fault | None = None
    text: str = ""
    body: Body | None = None
    day: str = ""

    def as_json(self) -> Body:
        """The request's entry of `data.requests`."""
        return {
            "outcome": self.outcome,
            "biz_id": self.biz_id,
            "out_id": self.request.out_id,
            "request_id": self.request_id or None,
            "code": self.fault.code if self.fault else "OK",
            "recipients": [message.recipient for message in self.request.messages],
        }


@dataclass
class Dispatched:
    """What became of a plan so far."""

    plan: SendPlan
    results: list[Result] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Recipients by outcome, and those whose request was never made."""
        counts = {"recipients": len(self.plan.messages), "accepted": 0, "refused": 0, "unknown": 0}
        for result in self.results:
            counts[result.outcome] += len(result.request.messages)
        counts["not_sent"] = counts["recipients"] - counts["accepted"] - counts["refused"] - counts["unknown"]
        return counts

    @property
    def fault(self) -> Fault | None:
        """The failure of the whole: unknown before anything else, then the one refusal, or `partial` of several."""
        counts = self.counts()
        unknown = [result.fault for result in self.results if result.outcome == "unknown"]
        refused = [result.fault for result in self.results if result.outcome == "refused"]
        if unknown:
            return unknown[0]
        if not counts["accepted"]:
            return refused[0] if refused else None
        return _partial(counts, refused) if refused or counts["not_sent"] else None


def dispatch(plan: SendPlan, limits: Limits, session: Session, talk: Talk) -> Dispatched:
    """Make the plan's requests in turn.

    A signal lets the running request finish, so that its outcome is known, and starts no more.
    """
    done = Dispatched(plan)
    for request in plan.requests(limits):
        if process.signal_received():
            break
        with process.finishing(lambda: talk.note("Ending when the running request has its answer; ^C again stops it.")):
            result = make(request, session)
        done.results.append(result)
        if result.fault and result.fault.kind in FOR_ALL:
            break
    return done


def make(request: SendRequest, session: Session) -> Result:
    """Make one request, once."""
    day = today()
    try:
        reply = session.send(request)
    except ProviderError as error:
        outcome: Outcome = "unknown" if error.fault.kind == "unknown" else "refused"
        return Result(request, outcome, None, error.request_id, error.fault, error.text, error.body, day)
    return Result(request, "accepted", reply.data["biz_id"], reply.request_id, None, reply.text, reply.body, day)


def _partial(counts: dict[str, int], refused: list[Fault | None]) -> Fault:
    missed = counts["refused"] + counts["not_sent"]
    message = f"{missed} of {counts['recipients']} recipients were not sent to."
    first = refused[0] if refused else None
    return Fault(
        kind="partial",
        message=f"{message} {first.message}" if first else message,
        meaning="The others were accepted: do not send to them again.",
        next_step=first.next_step if first else "Send to the remaining ones.",
        retry="never",
        code=first.code if first else None,
    )
