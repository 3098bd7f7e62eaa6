"""Any order of planning, confirming, dispatching, dying, resuming and finding out keeps the promise.

The provider is a model with a ledger of its own; the journal is a real file, opened anew after each death.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test
from smswrap.sending.confirmation import Guarding, confirm, confirm_at_once, find, propose
from smswrap.sending.journal import Journal
from smswrap.sending.plan import Draft, Plan, note_messages, split
from smswrap.sending.requests import attempts_of, counts, recipients_of, sole_sender

from smswrap.clock import today
from smswrap.errors import Fault, InputError, SmswrapError
from smswrap.providers.base import Limits, Message, ProviderError, Reply
from smswrap.sending import dispatch as dispatching
from smswrap.sending import receipts
from smswrap.sending.dispatch import Pace, dispatch
from smswrap.sending.receipts import find_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smswrap.providers.base import Body, SendRequest, TemplateText, Verified

CODES = {"+8613900000000": "1", "+8613900000001": "1", "+8613900000002": "1", "+8613900000003": "2"}
DRAFT = Draft("send", "aliyun", "SMS_1")
LIMITS = Limits(shared=2, personal=2)
FAULTS = {
    "refuse": Fault("refused", "no", code="isv.MOBILE_NUMBER_ILLEGAL"),
    "refuse all": Fault("refused", "no money", code="isv.AMOUNT_NOT_ENOUGH"),
    "throttle": Fault("throttled", "slower", code="Throttling.User"),
    "lose the request": Fault("unknown", "timeout", code="cli.timeout"),
    "lose the reply": Fault("unknown", "timeout", code="cli.timeout"),
    "break": None,
    "die before": None,
    "die after": None,
}
REACHING = {"accept", "lose the reply", "die after"}
faults = st.lists(st.sampled_from(["accept", *FAULTS]), max_size=4)
messages = st.builds(
    lambda chosen, sign: [Message(recipient, sign, {"code": CODES[recipient]}) for recipient in chosen],
    st.lists(st.sampled_from([*CODES]), min_size=1, unique=True),
    st.sampled_from("甲甲乙"),
)
plans = Bundle("plans")


class Death(BaseException):
    """The process is gone: from here on, it writes nothing."""


class Quiet:
    """Talk that nobody hears."""

    def note(self, text: str) -> None: ...
    def warn(self, text: str) -> None: ...
    def detail(self, text: str) -> None: ...
    def trouble(self, fault: Fault) -> None: ...


class Gateway:
    """A provider: what it does with the next requests, and every message that it accepted."""

    def __init__(self) -> None:
        self.behaviours: list[str] = []
        self.ledger: list[tuple[str, str, str]] = []
        self.killed = False

    def send(self, request: SendRequest) -> Reply:
        behaviour = self.behaviours.pop(0) if self.behaviours else "accept"
        if behaviour in REACHING:
            self.ledger += [(request.out_id, message.recipient, message.sign) for message in request.messages]
        if behaviour == "break":
            raise RuntimeError(behaviour)
        if behaviour.startswith("die"):
            self.killed = True
            raise Death
        fault = FAULTS.get(behaviour)
        if fault is not None:
            raise ProviderError(fault)
        return Reply("send", "{}", {}, {"biz_id": "1^0"})

    def receipts(self, recipient: str, day: str, biz_id: str | None, group: str | None) -> list[Body]:
        assert (day, biz_id, group) == (today(), None, None)
        return [{"out_id": out_id, "template": "SMS_1"} for out_id, phone, _ in self.ledger if phone == recipient]

    # Dispatch sends and look-ups ask for receipts; whoever calls the rest of the protocol here has gone astray.

    def call(self, verb: str, values: Any) -> Reply:
        pytest.fail(f"nobody should call {verb} with {values}")

    def verify(self, sign: str, template: str, group: str | None) -> Verified:
        pytest.fail(f"nobody should verify {sign}, {template}, {group}")

    def template(self, template: str, sign: str | None = None) -> TemplateText:
        pytest.fail(f"nobody should look {template} of {sign} up")

    def only_group(self) -> str | None:
        pytest.fail("nobody should ask for a group")


class Sending(RuleBasedStateMachine):
    """What people and their machines may do, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.gateway = Gateway()
        self.decided: Counter[str] = Counter()
        self.journal = self.open()

    def planned(self, messages: list[Message]) -> Plan:
        plan = note_messages(self.journal, DRAFT, enumerate(messages, 1), lambda _problem: None)
        split(plan, DRAFT, LIMITS)
        return plan

    def open(self) -> Journal:
        journal = Journal(Path(self.folder.name) / "state" / "journal.db")
        # It must forget nothing between two deaths; that it syncs is another test's matter, and slow.
        journal.run("PRAGMA synchronous = OFF")
        return journal

    def teardown(self) -> None:
        self.gateway.behaviours = []
        for plan_id in self.confirmed():
            self.resume(plan_id, [], 1)
            self.settle(plan_id)
            counted = counts(find(self.journal, plan_id))
            assert counted["not_sent"] == 0, counted
        self.everything_adds_up()
        self.journal.close()
        self.folder.cleanup()

    @rule(target=plans, messages=messages)
    def propose(self, messages: list[Message]) -> str:
        plan = self.planned(messages)
        propose(plan)
        return plan.plan_id

    @rule(target=plans, messages=messages, behaviours=faults, jobs=st.integers(1, 3), settled=st.booleans())
    def send(self, messages: list[Message], behaviours: list[str], jobs: int, *, settled: bool) -> str:
        plan = self.planned(messages)
        shown = plan.plan_id
        if not self.goes_through(lambda: confirm_at_once(plan, Guarding())):
            plan.forget()
            return shown
        plan_id = plan.plan_id
        self.resume(plan_id, behaviours, jobs)
        if settled:
            self.settle(plan_id)
        return plan_id

    @rule(plan_id=plans)
    def say_yes(self, plan_id: str) -> None:
        self.goes_through(lambda: confirm(self.journal, plan_id, Guarding()))

    @rule(plan_id=plans, behaviours=faults, jobs=st.integers(1, 3), patient=st.booleans())
    def resume(
        self,
        plan_id: str,
        behaviours: list[str],
        jobs: int,
        *,
        patient: bool = True,
        attempts: dict[int, float] | None = None,
    ) -> None:
        plan = self.known(plan_id)
        if plan is None:
            return
        self.gateway.behaviours = behaviours.copy()
        self.die_with_the_gateway()
        try:
            with sole_sender(plan, lambda: pytest.fail("nobody else is there")):
                made_again = attempts_of(plan, "refused") if attempts is None else attempts
                dispatch(plan, self.gateway, Quiet(), Pace(jobs, patient=patient), attempts=made_again)
        except Death:
            self.gateway.killed = False
            self.journal.close()
            self.journal = self.open()
        else:
            assert not self.gateway.killed

    @rule(plan_id=plans)
    def settle(self, plan_id: str) -> None:
        plan = self.known(plan_id)
        if plan is not None:
            with sole_sender(plan, lambda: pytest.fail("nobody else is there")):
                find_out(plan, self.gateway)

    @rule(plan_id=plans, behaviours=faults)
    def decide_to_send_again(self, plan_id: str, behaviours: list[str]) -> None:
        plan = self.known(plan_id)
        if plan is not None:
            attempts = attempts_of(plan, "unknown")
            unknown = self.journal.rows("SELECT * FROM requests WHERE plan = ? AND state = 'unknown'", plan.number)
            self.decided.update(row["out_id"] for row in list(unknown))
            self.resume(plan_id, behaviours, 2, attempts=attempts)

    @rule(plan_id=consumes(plans))
    def forget(self, plan_id: str) -> None:
        """Nothing that was begun can be forgotten: `sends_are_journalled` would tell."""
        plan = self.known(plan_id)
        if plan is not None:
            plan.forget()

    @invariant()
    def nobody_got_it_twice_unless_a_person_decided_that(self) -> None:
        for (out_id, recipient), times in Counter((one[0], one[1]) for one in self.gateway.ledger).items():
            assert times <= 1 + self.decided[out_id], (out_id, recipient)

    @invariant()
    def nobody_got_the_same_content_by_two_plans(self) -> None:
        states = self.journal.rows(
            "SELECT messages.recipient, messages.duplicate_key, COUNT(*) AS n FROM messages "
            "JOIN requests ON requests.plan = messages.plan AND requests.number = messages.request "
            "JOIN plans ON plans.id = messages.plan AND plans.state = 'confirmed' "
            "WHERE requests.state IN ('accepted', 'unknown', 'sending') GROUP BY 1, 2"
        )
        assert all(row["n"] == 1 for row in states)

    @invariant()
    def everything_adds_up(self) -> None:
        for plan_id in self.confirmed():
            plan = find(self.journal, plan_id)
            counted = counts(plan)
            assert counted.pop("recipients") == sum(counted.values()) == plan.row["recipients"]

    @invariant()
    def sends_are_journalled(self) -> None:
        reached = {(out_id, recipient) for out_id, recipient, _ in self.gateway.ledger}
        held = {(out_id, recipient): state for out_id, recipient, state in self.journalled()}
        assert reached <= set(held)
        assert {pair for pair, state in held.items() if state == "accepted"} <= reached
        told = {held[pair] for pair in reached if not self.decided[pair[0]]}
        assert told <= {"accepted", "unknown", "sending"}

    def journalled(self) -> Iterator[tuple[str, str, str]]:
        for row in list(self.journal.rows("SELECT * FROM requests ORDER BY plan, number")):
            for recipient in recipients_of(Plan(self.journal, row["plan"]), row["number"]):
                yield row["out_id"], recipient, row["state"]

    def confirmed(self) -> list[str]:
        return [row["plan_id"] for row in self.journal.rows("SELECT plan_id FROM plans WHERE state = 'confirmed'")]

    def known(self, plan_id: str) -> Plan | None:
        return find(self.journal, plan_id) if plan_id in self.confirmed() else None

    def goes_through(self, say_yes: Callable[[], object]) -> bool:
        try:
            say_yes()
        except InputError:
            return False  # another plan of the same content has taken its place
        except SmswrapError as error:
            return error.fault.kind != "duplicate"
        return True

    def die_with_the_gateway(self) -> None:
        """From the moment of death on, the journal takes nothing more from this process."""
        whole = Journal.transaction

        def transaction(journal: Journal) -> Any:
            if self.gateway.killed:
                raise Death
            return whole(journal)

        self.journal.transaction = transaction.__get__(self.journal)  # type: ignore[method-assign]  # a dead process


def test_the_promise_is_kept_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without the pauses that carriers need.
    monkeypatch.setattr(receipts, "ROUNDS", (0.0,))
    monkeypatch.setattr(dispatching, "THROTTLE_PAUSE", 0.0)
    enough = settings(max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Sending, settings=enough)
