"""The same send twice: what counts as that, what is refused, and what a key replays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from conftest import SEND

from smswrap.errors import Fault, SmswrapError
from smswrap.providers.base import Limits, Message
from smswrap.sending.confirmation import (
    Guarding,
    confirm,
    confirm_at_once,
    propose,
    refuse_duplicates,
    unless_begun,
    with_key,
)
from smswrap.sending.journal import Journal
from smswrap.sending.plan import Draft, Plan, note_messages, split
from smswrap.sending.requests import Result, settle, take

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Ran, Running, StandIn

    from smswrap.sending.requests import Outcome

DRAFT = Draft("send", "aliyun", "SMS_1")
MESSAGE = Message("+8613900000000", "甲", {"code": "1"})
SHELL = (*SEND, "--only-unknown-duplicates")
"""A send as send_sms.sh makes it."""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "state" / "journal.db") as opened:
        yield opened


def planned(journal: Journal, message: Message = MESSAGE, draft: Draft = DRAFT) -> Plan:
    plan = note_messages(journal, draft, [(1, message)], lambda _problem: None)
    split(plan, draft, Limits(1000, 100))
    return plan


def sent(journal: Journal, outcome: Outcome | None = "accepted") -> Plan:
    """A plan that was confirmed and taken, and had this outcome; None: it has none yet."""
    plan = planned(journal)
    confirm_at_once(plan, Guarding(allowed=True))
    assert take(plan) is not None
    if outcome is not None:
        settle(plan, 1, Result(outcome, fault=None if outcome == "accepted" else Fault("refused", "no")))
    return plan


def is_duplicate(plan: Plan, guarding: Guarding = Guarding()) -> bool:  # noqa: B008  a tuple: nothing can change it
    try:
        refuse_duplicates(plan, guarding)
    except SmswrapError as error:
        return error.fault.kind == "duplicate"
    return False


def set_back(journal: Journal, wall: float, ticks: float) -> None:
    """Let the send have been that many seconds earlier, by each of the two clocks."""
    journal.run("UPDATE requests SET started = started - ?, ticks = ticks - ?", wall, ticks)


def test_the_same_send_again_exits_10_and_names_the_earlier_one(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    plan_id = smswrap(*SEND, "-o", "order-1").envelope["data"]["plan_id"]
    for again in (SEND, SEND[:-1]):
        ran = smswrap(*again, "-o", "order-2")
        assert (ran.code, ran.envelope["status"], ran.error["retry"]) == (10, "duplicate", "never")
        assert plan_id in ran.error["message"]
        assert "139****0000" in ran.error["message"]
        assert ran.envelope["data"]["earlier"] == {"plan_id": plan_id, "state": "accepted", "out_id": "order-1"}
    assert "--allow-duplicate" in ran.error["next_step"]
    assert len(standin.ledger) == 1
    assert smswrap(*SEND, "--allow-duplicate").code == 0
    assert smswrap(*SEND, "--duplicate-window", "0").code == 0
    assert len(standin.ledger) == 3


@pytest.mark.parametrize(
    "message",
    [
        replace(MESSAGE, recipient="+8613900000001"),
        replace(MESSAGE, sign="乙"),
        replace(MESSAGE, parameters={"code": "2"}),
        replace(MESSAGE, parameters={}),
        replace(MESSAGE, extend_code="7"),
    ],
)
def test_another_message_is_no_duplicate(journal: Journal, message: Message) -> None:
    sent(journal)
    assert not is_duplicate(planned(journal, message))
    assert is_duplicate(planned(journal))


@pytest.mark.parametrize("draft", [replace(DRAFT, template="SMS_2"), replace(DRAFT, provider="volcengine")])
def test_another_template_or_provider_is_no_duplicate(journal: Journal, draft: Draft) -> None:
    sent(journal)
    assert not is_duplicate(planned(journal, draft=draft))


@pytest.mark.parametrize(
    "draft",
    [
        replace(DRAFT, out_id="o"),
        replace(DRAFT, command="send-batch", personal=True),
        replace(DRAFT, profile="the same account by its name"),
    ],
)
def test_another_out_id_profile_or_verb_makes_it_no_other_send(journal: Journal, draft: Draft) -> None:
    sent(journal)
    assert is_duplicate(planned(journal, draft=draft))


@pytest.mark.parametrize(
    ("outcome", "anybody", "shell"),
    [("accepted", True, False), ("unknown", True, True), (None, True, True), ("refused", False, False)],
)
def test_what_may_have_been_sent_counts_and_for_send_sms_sh_only_that(
    journal: Journal, outcome: Outcome | None, *, anybody: bool, shell: bool
) -> None:
    sent(journal, outcome)
    plan = planned(journal)
    assert is_duplicate(plan) is anybody
    assert is_duplicate(plan, Guarding(only_unknown=True)) is shell
    assert not is_duplicate(plan, Guarding(allowed=True))


def test_a_send_that_was_confirmed_and_not_begun_counts_since_it_can_be_resumed(journal: Journal) -> None:
    confirm_at_once(planned(journal), Guarding())
    assert is_duplicate(planned(journal))


def test_a_proposal_is_no_send(journal: Journal) -> None:
    propose(planned(journal))
    assert not is_duplicate(planned(journal))


@pytest.mark.parametrize(
    ("wall", "ticks", "expected"),
    [
        (599, 599, True),
        (601, 601, False),
        (86_400, 60, True),  # the clock was set forward
        (-86_400, 60, True),  # the clock was set back: the send lies in the future
        (-86_400, 601, True),
    ],
)
def test_ten_minutes_must_have_passed_by_both_clocks(
    journal: Journal, wall: int, ticks: int, *, expected: bool
) -> None:
    sent(journal)
    set_back(journal, wall, ticks)
    assert is_duplicate(planned(journal)) is expected


def test_after_a_restart_the_wall_clock_counts_and_a_future_send_is_recent(journal: Journal) -> None:
    sent(journal)
    journal.run("UPDATE requests SET boot = 'another'")
    set_back(journal, -3_600, 0)
    assert is_duplicate(planned(journal))
    set_back(journal, 3_600 + 601, 0)
    assert not is_duplicate(planned(journal))


def test_the_window_can_be_chosen(journal: Journal) -> None:
    sent(journal)
    set_back(journal, 3_600, 3_600)
    assert is_duplicate(planned(journal), Guarding(window=3_601))
    assert not is_duplicate(planned(journal), Guarding(window=3_599))


def test_of_two_identical_sends_at_the_same_moment_one_is_sent(standin: StandIn, start: Callable[..., Running]) -> None:
    runs = [start(*SEND) for _ in range(3)]
    assert sorted(run.end().code for run in runs) == [0, 10, 10]
    assert len(standin.ledger) == 1


def test_send_sms_sh_sends_twice_but_not_after_an_unknown_outcome(
    standin: StandIn, smswrap: Callable[..., Ran]
) -> None:
    assert [smswrap(*SHELL).code for _ in range(2)] == [0, 0]
    unknown = (*SHELL[:2], "13900000008", *SHELL[3:])
    ran = [smswrap(*unknown) for _ in range(2)]
    assert [one.code for one in ran] == [8, 10]
    assert f"resume --unknown {ran[0].envelope['data']['plan_id']}" in ran[1].error["next_step"]
    assert [message["phone"] for message in standin.ledger] == ["13900000000", "13900000000", "13900000008"]


def test_a_send_that_failed_before_any_request_is_no_earlier_send(
    standin: StandIn, smswrap: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without_cli:
        without_cli.setenv("PATH", "/usr/bin:/bin")
        assert smswrap(*SEND).code == 3
    assert smswrap(*SEND).code == 0
    assert len(standin.ledger) == 1


def test_a_plan_that_was_begun_is_never_taken_back(journal: Journal) -> None:
    class TornError(Exception):
        """Whatever broke it."""

    plan = planned(journal)
    confirm_at_once(plan, Guarding())
    take(plan)
    with pytest.raises(TornError), unless_begun(plan):
        raise TornError
    plan.forget()
    assert plan.row["state"] == "confirmed"


@pytest.mark.parametrize(("number", "code"), [("13900000000", 0), ("13900000008", 8)])
def test_a_key_replays_the_first_answer(standin: StandIn, smswrap: Callable[..., Ran], number: str, code: int) -> None:
    send = (*SEND[:2], number, *SEND[3:], "--idempotency-key", "order 1")
    first, again = smswrap(*send), smswrap(*send, "--allow-duplicate")
    assert first.code == again.code == code
    for field in ("status", "data", "error", "reply"):
        assert again.envelope[field] == first.envelope[field]
    assert "nothing was sent now" in str(again.envelope["warnings"])
    assert len(standin.api_calls) == 1


def test_a_key_with_another_content_is_an_error(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    smswrap(*SEND, "--idempotency-key", "order 1")
    ran = smswrap(*SEND[:2], "13812341234", *SEND[3:], "--idempotency-key", "order 1")
    assert (ran.code, ran.envelope["data"]["problems"][0]["field"]) == (2, "--idempotency-key")
    assert len(standin.ledger) == 1


def test_a_proposal_keeps_its_key_for_the_yes(journal: Journal) -> None:
    plan = planned(journal)
    propose(plan, "order 1")
    assert with_key(journal, "order 1", plan) is None
    confirm(journal, plan.plan_id, Guarding())
    assert with_key(journal, "order 1", planned(journal)) == plan


def test_a_key_that_was_used_since_it_was_looked_up_is_no_second_send(journal: Journal) -> None:
    late, proposal = planned(journal), planned(journal, replace(MESSAGE, sign="乙"))
    propose(proposal, "order 1")
    confirm_at_once(planned(journal, replace(MESSAGE, sign="丙")), Guarding(), "order 1")
    for say_yes in (
        lambda: confirm_at_once(late, Guarding(allowed=True), "order 1"),
        lambda: confirm(journal, proposal.plan_id, Guarding(allowed=True)),
    ):
        with pytest.raises(SmswrapError) as caught:
            say_yes()
        assert (caught.value.fault.kind, caught.value.fault.code) == ("duplicate", "key-used")


def test_a_key_that_was_given_before_the_question_is_replayed_after_the_confirm(
    standin: StandIn, smswrap: Callable[..., Ran]
) -> None:
    keyed = (*SEND[:-1], "--idempotency-key", "key-1")
    plan_id = smswrap(*keyed).envelope["data"]["plan_id"]
    first = smswrap("confirm", plan_id)
    again = smswrap(*keyed)
    assert (first.code, again.code) == (0, 0)
    assert again.envelope["data"]["requests"] == first.envelope["data"]["requests"]
    assert len(standin.ledger) == 1
