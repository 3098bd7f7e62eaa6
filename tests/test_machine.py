"""Any order of planning, confirming, dispatching, dying, resuming and finding out keeps the promise.

The provider is a model with a ledger of its own; the journal is a real file, opened anew at each step, as by a process.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hall import Death, Hall, message
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from smswrap.errors import Kind, SmswrapError
from smswrap.journal.journal import Filter, Journal
from smswrap.model import Outcome, PlanState
from smswrap.providers.base import Limits
from smswrap.sending import dispatch as dispatching
from smswrap.sending.dispatch import Pace
from smswrap.sending.service import Options

if TYPE_CHECKING:
    from collections.abc import Callable

    from smswrap.model import Counts, Line, Message, Plan, RequestRecord

CODES = {"+8619900000000": "1", "+8619900000001": "1", "+8619900000002": "1", "+8619900000003": "2"}
BEHAVIOURS = (
    "accept",
    "refuse",
    "refuse all",
    "throttle",
    "lose the request",
    "lose the reply",
    "break",
    "die before",
    "die after",
)
faults = st.lists(st.sampled_from(BEHAVIOURS), max_size=4)
messages = st.builds(
    lambda chosen, sign: [message(recipient, sign, CODES[recipient]) for recipient in chosen],
    st.lists(st.sampled_from([*CODES]), min_size=1, unique=True),
    st.sampled_from("甲甲乙"),
)
plans = Bundle("plans")


class Seen(NamedTuple):
    """What the journal holds after a step: the confirmed plans with their counts, and the lines of the history."""

    confirmed: list[tuple[Plan, Counts]]
    lines: list[Line]


class Sending(RuleBasedStateMachine):
    """What people and their machines may do, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.hall = Hall(Path(self.folder.name) / "state" / "journal.db")
        self.hall.gateway.limits = Limits(shared=2, personal=2)
        self.decided: Counter[str] = Counter()
        self.last: Seen | None = None

    def teardown(self) -> None:
        with self.folder:
            for plan, _ in self.seen.confirmed:
                self.resume(plan.plan_id, [], 1)
                self.find_out(plan.plan_id)
            for plan, counts in self.seen.confirmed:
                if plan.cancelled is None and counts.not_sent:
                    # Another plan sent some of it since the yes to this one.
                    with pytest.raises(SmswrapError) as refused:
                        self.hall.resume(plan.plan_id)
                    assert refused.value.fault.kind is Kind.DUPLICATE, plan
            self.everything_adds_up()

    @rule(target=plans, messages=messages)
    def propose(self, messages: list[Message]) -> str:
        return self.living(lambda: self.hall.send(*messages).plan.plan_id) or ""

    @rule(target=plans, messages=messages, behaviours=faults, jobs=st.integers(1, 3), settled=st.booleans())
    def send(self, messages: list[Message], behaviours: list[str], jobs: int, *, settled: bool) -> str:
        self.hall.gateway.behaviours = behaviours.copy()
        options = Options(yes=True, pace=Pace(jobs), settle=settled)
        return self.living(lambda: self.hall.send(*messages, options=options).plan.plan_id) or ""

    @rule(plan_id=plans, behaviours=faults)
    def say_yes(self, plan_id: str, behaviours: list[str]) -> None:
        self.hall.gateway.behaviours = behaviours.copy()
        self.living(lambda: self.hall.confirm(plan_id))

    @rule(plan_id=plans)
    def say_no(self, plan_id: str) -> None:
        self.living(lambda: self.hall.cancel(plan_id))

    @rule(plan_id=plans, behaviours=faults, jobs=st.integers(1, 3))
    def resume(self, plan_id: str, behaviours: list[str], jobs: int) -> None:
        self.hall.gateway.behaviours = behaviours.copy()
        self.living(lambda: self.hall.resume(plan_id, Options(pace=Pace(jobs))))

    @rule(plan_id=plans)
    def find_out(self, plan_id: str) -> None:
        self.living(lambda: self.hall.look_up(plan_id))

    @rule(plan_id=plans, behaviours=faults)
    def decide_to_send_again(self, plan_id: str, behaviours: list[str]) -> None:
        plan = next((plan for plan, _ in self.seen.confirmed if plan.plan_id == plan_id), None)
        if plan is not None:
            self.decided.update(one.out_id for one in self.requests(plan) if one.outcome is Outcome.UNKNOWN)
            self.hall.gateway.behaviours = behaviours.copy()
            self.living(lambda: self.hall.resume(plan_id, Options(yes=True), resend_unknown=True))

    @rule(plan_id=consumes(plans))
    def forget(self, plan_id: str) -> None:
        """Nothing that was begun can be forgotten: `sends_are_journalled` would tell."""
        with self.hall.house() as house:
            for plan in house.journal.named(plan_id) if plan_id else []:
                house.journal.forget(plan)
        self.last = None

    @invariant()
    def nobody_got_it_twice_unless_a_person_decided_that(self) -> None:
        got = Counter((out_id, one.recipient) for out_id, one in self.hall.gateway.ledger)
        for (out_id, recipient), times in got.items():
            assert times <= 1 + self.decided[out_id], (out_id, recipient)

    @invariant()
    def nobody_got_the_same_content_by_two_plans(self) -> None:
        reached = [line for line in self.seen.lines if line.outcome in {Outcome.ACCEPTED, Outcome.UNKNOWN}]
        # Within the window, and one template: a recipient and a sign are one content here.
        assert all(times == 1 for times in Counter((line.recipient, line.sign) for line in reached).values())

    @invariant()
    def everything_adds_up(self) -> None:
        for plan, counts in self.seen.confirmed:
            parts = (counts.accepted, counts.refused, counts.unknown, counts.not_sent)
            assert counts.recipients == sum(parts) == plan.recipients

    @invariant()
    def sends_are_journalled(self) -> None:
        reached = {(out_id, one.recipient) for out_id, one in self.hall.gateway.ledger}
        held = {(line.out_id, line.recipient): line.outcome for line in self.seen.lines}
        assert reached <= set(held)
        assert {pair for pair, outcome in held.items() if outcome is Outcome.ACCEPTED} <= reached
        told = {held[pair] for pair in reached if not self.decided[pair[0]]}
        assert told <= {Outcome.ACCEPTED, Outcome.UNKNOWN}

    def living(self, do: Callable[[], Any]) -> Any:
        """Do something in a process that may die in it: from then on, its journal takes nothing more."""
        gateway, whole = self.hall.gateway, Journal.transaction

        def transaction(journal: Journal) -> Any:
            if gateway.killed:
                raise Death
            return whole(journal)

        with pytest.MonkeyPatch.context() as dying:
            dying.setattr(Journal, "transaction", transaction)
            try:
                return do()
            except Death:
                return None
            except SmswrapError:
                return None  # refused: nothing was done
            finally:
                gateway.killed = False
                self.last = None

    @property
    def seen(self) -> Seen:
        """What the journal holds now, read once after each step."""
        if self.last is None:
            with self.hall.house() as house:
                known = [house.journal.named(plan_id)[0] for plan_id in house.journal.plan_ids()]
                confirmed = [(one, house.journal.counts(one)) for one in known if one.state is PlanState.CONFIRMED]
                self.last = Seen(confirmed, house.journal.lines(Filter(), 1000))
        return self.last

    def requests(self, plan: Plan) -> list[RequestRecord]:
        with self.hall.house() as house:
            return house.journal.made(plan, 100)


def test_the_promise_is_kept_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without the pauses that carriers need, and without syncs, which are another test's matter.
    monkeypatch.setattr("smswrap.journal.store.SYNCHRONOUS", "OFF")
    monkeypatch.setattr(dispatching, "THROTTLE_PAUSE", 0.0)
    enough = settings(max_examples=60, stateful_step_count=25, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Sending, settings=enough)
