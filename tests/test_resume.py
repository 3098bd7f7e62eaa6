"""`smswrap resume`: what was cut short is finished, what may have been sent is found out about, nothing is doubled."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest
from conftest import DEADLINE, SEND, wait_until
from hall import ACCOUNT, YES, message

from smswrap.clock import DAY, days_ago, today
from smswrap.errors import SmswrapError
from smswrap.model import Counts
from smswrap.providers.base import Limits
from smswrap.sending import service
from smswrap.sending.refusals import DuplicatePolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran, Running, StandIn
    from hall import Clocks, Hall

    from smswrap.model import Account
    from smswrap.providers.records import Receipt

NUMBERS = [f"138{number:08}" for number in range(2_500)]
"""Three requests: 1000, 1000 and 500."""

MANY = (*SEND[:2], ",".join(NUMBERS), *SEND[3:])
IN_THE_SECOND = NUMBERS[1_000]
HANG_BEFORE = {"delay_ms": 20_000, "then": "continue"}
HANG_AFTER = {"then": "continue", "delay_after_ms": 20_000}
COUNTS = {"recipients": 2_500, "accepted": 2_500, "refused": 0, "unknown": 0, "not_sent": 0}


@pytest.fixture
def kill_in_the_second(standin: StandIn, start: Callable[..., Running]) -> Callable[..., str]:
    """Kill a send of three requests, and the CLI, while the second is made; gives the plan's id."""

    def kill(hang: dict[str, Any], *, accepted: int) -> str:
        standin.rules({"cmd": f"dysmsapi send-sms *{IN_THE_SECOND}*", "times": 1, **hang})
        running = start(*MANY)
        standin.wait_for_call(IN_THE_SECOND)
        wait_until(lambda: bool(standin.records("rules.used.jsonl")), "the rule was not played")
        wait_until(lambda: len(standin.ledger) == accepted, "the gateway has not accepted them")
        running.send(signal.SIGKILL)
        running.process.wait(DEADLINE)
        for call in standin.api_calls:
            with suppress(ProcessLookupError):
                os.kill(call["pid"], signal.SIGKILL)
        wait_until(lambda: not standin.ai_mode, "AI mode stayed on")
        return str(start("history", "--limit", "1").end().envelope["data"]["sends"][0]["plan_id"])

    return kill


def assert_each_got_one(standin: StandIn) -> None:
    assert Counter(message["phone"] for message in standin.ledger) == dict.fromkeys(NUMBERS, 1)


def outcomes(ran: Ran) -> list[str]:
    return [request["outcome"] for request in ran.envelope["data"]["requests"]]


def test_after_a_kill_it_sends_the_rest_and_finds_out_what_was_accepted(
    standin: StandIn, smswrap: Callable[..., Ran], kill_in_the_second: Callable[..., str]
) -> None:
    plan_id = kill_in_the_second(HANG_AFTER, accepted=2_000)
    resumed = smswrap("resume", plan_id)
    assert (resumed.code, resumed.error["kind"], outcomes(resumed)) == (
        8,
        "unknown",
        ["accepted", "unknown", "accepted"],
    )
    assert resumed.envelope["data"]["counts"] == {**COUNTS, "accepted": 1_500, "unknown": 1_000}
    assert f"resume --unknown {plan_id}" in resumed.error["next_step"]
    found = smswrap("resume", "--unknown", plan_id)
    assert (found.code, found.envelope["data"]["counts"]) == (0, COUNTS)
    assert_each_got_one(standin)
    again = smswrap("resume", plan_id)
    assert (again.code, again.envelope["data"]["counts"]) == (0, COUNTS)
    assert "nothing was sent now" in again.envelope["warnings"][0]
    assert_each_got_one(standin)
    assert not standin.ai_mode


def test_what_no_receipt_shows_stays_unknown_until_a_person_decides(
    standin: StandIn,
    smswrap: Callable[..., Ran],
    kill_in_the_second: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SMSWRAP_PATIENCE", "0.3")
    plan_id = kill_in_the_second(HANG_BEFORE, accepted=1_000)
    assert smswrap("resume", plan_id).code == 8
    asked = smswrap("resume", "--unknown", plan_id)
    assert (asked.code, asked.envelope["data"]["counts"]["unknown"]) == (8, 1_000)
    undecided = smswrap("resume", "--resend-unknown", plan_id)
    assert (undecided.code, undecided.envelope["status"]) == (9, "confirmation_needed")
    assert f"--resend-unknown {plan_id} --yes" in undecided.error["next_step"]
    assert len(standin.ledger) == 1_500
    decided = smswrap("resume", "--resend-unknown", plan_id, "--yes")
    assert (decided.code, decided.envelope["data"]["counts"]) == (0, COUNTS)
    assert_each_got_one(standin)
    assert {message["params"]["code"] for message in standin.ledger} == {"123456"}


def test_two_who_resume_at_once_make_each_request_once(
    standin: StandIn,
    start: Callable[..., Running],
    smswrap: Callable[..., Ran],
    kill_in_the_second: Callable[..., str],
) -> None:
    plan_id = kill_in_the_second(HANG_AFTER, accepted=2_000)
    standin.rules({"cmd": "dysmsapi send-sms *", "delay_ms": 700, "then": "continue"})
    answers = [run.end() for run in [start("resume", plan_id) for _ in range(2)]]
    assert [outcomes(answer) for answer in answers] == [["accepted", "unknown", "accepted"]] * 2
    assert len([call for call in standin.api_calls if call["argv"][1] == "send-sms"]) == 3
    assert smswrap("resume", "--unknown").code == 0
    assert_each_got_one(standin)


def test_all_unknown_requests_of_all_plans_are_looked_for(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    assert smswrap("resume", "--unknown").envelope["data"] == {"plans": []}
    crashing = (*SEND[:2], "19900000008", *SEND[3:-2])
    ids = [smswrap(*crashing, f"code={code}", "--yes").envelope["data"]["plan_id"] for code in (1, 2)]
    ran = smswrap("resume", "--unknown")
    assert ran.code == 0
    assert [plan["plan_id"] for plan in ran.envelope["data"]["plans"]] == ids
    assert all(plan["counts"]["unknown"] == 0 for plan in ran.envelope["data"]["plans"])
    assert smswrap("history", "--outcome", "unknown").envelope["data"]["sends"] == []
    assert len(standin.ledger) == 2


def test_unknown_outcomes_of_another_account_are_told_with_the_command(hall: Hall) -> None:
    hall.gateway.behaviours.append("lose the reply")
    plan = hall.send(message(), options=YES).plan
    hall.gateway.who = replace(hall.gateway.who, key_end="9x9Y")
    with hall.house() as house:
        assert service.with_unknown(None, house) == []
    assert f"`smswrap resume --unknown {plan.plan_id}`" in hall.talk.warnings[-1]


@pytest.mark.parametrize("option", [(), ("--resend-unknown", "--yes"), ("--unknown",)])
def test_a_plan_to_which_nobody_said_yes_is_not_resumed(
    standin: StandIn, smswrap: Callable[..., Ran], option: tuple[str, ...]
) -> None:
    plan_id = smswrap(*SEND[:-1]).envelope["data"]["plan_id"]
    before = standin.calls
    ran = smswrap("resume", plan_id, *option)
    assert (ran.code, ran.error["kind"]) == (2, "input")
    assert f"smswrap confirm {plan_id}" in ran.error["next_step"]
    assert standin.calls == before


def test_a_plan_must_be_named_and_known(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    for arguments in ((), ("0123456789abcdef",), ("--unknown", "0123456789abcdef"), ("--resend-unknown", "--yes")):
        assert smswrap("resume", *arguments).code == 2
    assert standin.calls == []


def test_what_was_refused_is_not_sent_again(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    first = smswrap(*SEND[:2], "19900000007", *SEND[3:])
    plan_id = first.envelope["data"]["plan_id"]
    for option in ((), ("--resend-unknown", "--yes")):
        ran = smswrap("resume", plan_id, *option)
        assert (ran.code, ran.error) == (5, first.error)
    assert len(standin.api_calls) == 1


@pytest.mark.parametrize(("number", "code", "status"), [("19900000004", 0, "accepted"), ("19900000003", 8, "unknown")])
def test_settle_finds_out_at_once_what_a_timeout_left_open(
    standin: StandIn,
    smswrap: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
    number: str,
    code: int,
    status: str,
) -> None:
    monkeypatch.setenv("SMSWRAP_PATIENCE", "0.3")
    ran = smswrap(*SEND[:2], number, *SEND[3:], "--settle", "--read-timeout", "1")
    assert (ran.code, ran.envelope["status"], outcomes(ran)) == (code, status, [status])
    assert len(standin.ledger) == (1 if code == 0 else 0)
    operations = [call["argv"][1] for call in standin.api_calls]
    assert operations[0] == "send-sms"
    assert set(operations[1:]) == {"query-send-details"}
    assert not standin.ai_mode


TWO = (message("+8619900000001"), message("+8619900000002"))


@pytest.fixture
def half_sent(hall: Hall) -> str:
    """A plan of two requests, confirmed; the provider had no money for the second one."""
    hall.gateway.limits = Limits(1, 1)
    hall.gateway.behaviours = ["accept", "refuse all"]
    report = hall.send(*TWO, options=YES)
    assert (report.counts and report.counts.accepted, report.waiting) == (1, 1)
    return report.plan.plan_id


def test_within_thirty_minutes_a_yes_holds_for_what_is_left(hall: Hall, clocks: Clocks, half_sent: str) -> None:
    clocks.pass_by(29 * 60)
    assert hall.resume(half_sent).status == "accepted"
    assert hall.gateway.reached == [one.recipient for one in TWO]


@pytest.mark.parametrize("wall", [31 * 60, 5 * 86_400, -86_400])
def test_later_what_is_left_is_proposed_anew_and_confirm_is_the_new_yes(
    hall: Hall, clocks: Clocks, half_sent: str, wall: float
) -> None:
    clocks.move(wall)
    report = hall.resume(half_sent)
    assert (report.status, int(report.exit)) == ("confirmation_needed", 9)
    assert report.error is not None
    assert (report.error.code, report.error.retry) == ("waiting", "never")
    assert f"smswrap confirm {half_sent}" in report.error.next_step
    assert report.counts is not None
    assert report.shown is not None
    assert (report.waiting, len(hall.gateway.ledger)) == (1, 1)
    assert hall.confirm(half_sent).status == "accepted"
    assert hall.gateway.reached == [one.recipient for one in TWO]
    assert hall.confirm(half_sent).again
    assert len(hall.gateway.ledger) == 2


def test_what_is_unknown_is_left_alone_while_the_rest_goes_on(hall: Hall) -> None:
    hall.gateway.limits = Limits(1, 1)
    hall.gateway.behaviours = ["lose the reply", "refuse all"]
    three = [message(f"+861990000000{number}") for number in range(3)]
    report = hall.send(*three, options=YES)
    assert report.counts == Counts(recipients=3, refused=1, unknown=1, not_sent=1)
    assert hall.resume(report.plan.plan_id).counts == Counts(recipients=3, accepted=2, unknown=1)
    assert hall.gateway.reached == [one.recipient for one in three]


def test_the_new_yes_lapses_too(hall: Hall, clocks: Clocks, half_sent: str) -> None:
    clocks.pass_by(31 * 60)
    hall.resume(half_sent)
    clocks.pass_by(31 * 60)
    with pytest.raises(SmswrapError) as caught:
        hall.confirm(half_sent)
    assert caught.value.fault.code == "expired"
    assert f"smswrap resume {half_sent}" in caught.value.fault.next_step
    assert hall.resume(half_sent).status == "confirmation_needed"
    assert hall.confirm(half_sent).status == "accepted"


@pytest.mark.parametrize("yes", [True, False])
def test_at_a_terminal_the_new_yes_is_asked_for(hall: Hall, clocks: Clocks, half_sent: str, *, yes: bool) -> None:
    clocks.pass_by(31 * 60)
    hall.person.answers = [yes]
    assert hall.resume(half_sent).status == ("accepted" if yes else "declined")
    assert len(hall.gateway.ledger) == 1 + yes


def test_a_new_yes_is_none_to_an_account_that_comes_while_the_person_thinks(
    hall: Hall, clocks: Clocks, half_sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def switch(_shown: object) -> bool:
        hall.gateway.who = replace(ACCOUNT, key_end="9x9Y")
        return True

    clocks.pass_by(31 * 60)
    hall.person.answers = [True]
    monkeypatch.setattr(hall.person, "confirm", switch)
    with pytest.raises(SmswrapError) as caught:
        hall.resume(half_sent)
    assert (caught.value.fault.code, len(hall.gateway.ledger)) == ("account", 1)


@pytest.mark.parametrize(
    "other", [replace(ACCOUNT, profile="prod"), replace(ACCOUNT, key_end="9x9Y"), replace(ACCOUNT, region="cn-beijing")]
)
@pytest.mark.parametrize("resend_unknown", [False, True])
def test_another_account_resumes_nothing_and_is_named(
    hall: Hall, half_sent: str, other: Account, *, resend_unknown: bool
) -> None:
    hall.gateway.who = other
    with pytest.raises(SmswrapError) as caught:
        hall.resume(half_sent, YES, resend_unknown=resend_unknown)
    assert (int(caught.value.fault.exit), caught.value.fault.code) == (9, "account")
    (different,) = set(asdict(other).values()) - set(asdict(ACCOUNT).values())
    assert str(different) in caught.value.fault.message
    assert len(hall.gateway.ledger) == 1


def test_a_batch_that_was_allowed_to_repeat_is_resumed_without_a_flag(hall: Hall) -> None:
    hall.send(*TWO, options=YES)
    hall.gateway.limits = Limits(1, 1)
    hall.gateway.behaviours = ["accept", "refuse all"]
    allowed = replace(YES, duplicates=DuplicatePolicy(allowed=True))
    plan_id = hall.send(*TWO, options=allowed).plan.plan_id
    assert hall.resume(plan_id).status == "accepted"
    assert len(hall.gateway.ledger) == 4


@pytest.mark.parametrize("behaviour", ["refuse", "refuse all", "throttle"])
def test_a_single_refused_send_has_nothing_left_and_the_answer_says_that_nothing_was_tried(
    hall: Hall, behaviour: str
) -> None:
    hall.gateway.behaviours = [behaviour]
    first = hall.send(TWO[0], options=YES)
    again = hall.resume(first.plan.plan_id)
    assert (again.status, again.error, again.exit) == (first.status, first.error, first.exit)
    assert "nothing was sent now" in again.warnings[0]
    assert hall.gateway.calls.count("send") == 1


def test_what_is_left_of_a_cancelled_plan_is_not_sent(hall: Hall, half_sent: str) -> None:
    cancelled = hall.cancel(half_sent)
    assert (cancelled.status, cancelled.exit, cancelled.counts and cancelled.counts.accepted) == ("cancelled", 0, 1)
    for go_on in (hall.resume, hall.confirm):
        with pytest.raises(SmswrapError) as caught:
            go_on(half_sent)
        assert caught.value.fault.code == "cancelled"
    assert len(hall.gateway.ledger) == 1


def test_what_may_have_been_sent_of_a_cancelled_plan_is_still_found_out_about_and_never_sent_again(hall: Hall) -> None:
    hall.gateway.behaviours = ["lose the reply"]
    plan_id = hall.send(TWO[0], options=YES).plan.plan_id
    assert hall.cancel(plan_id).status == "cancelled"
    with pytest.raises(SmswrapError) as caught:
        hall.resume(plan_id, YES, resend_unknown=True)
    assert caught.value.fault.code == "cancelled"
    assert hall.look_up(plan_id).counts == Counts(1, accepted=1)
    assert hall.gateway.calls.count("send") == 1


def test_our_own_out_id_settles_whatever_the_text_says(hall: Hall) -> None:
    hall.gateway.behaviours = ["lose the reply"]
    plan_id = hall.send(TWO[0], options=YES).plan.plan_id
    hall.gateway.text = "the operator wrote something else"
    assert hall.look_up(plan_id).status == "accepted"


@pytest.mark.parametrize("wall", [40 * DAY, -40 * DAY, -2e9, 0.0], ids=["ahead", "behind", "long ago", "right"])
@pytest.mark.parametrize("later", [0.0, 3 * DAY], ids=["at once", "days later"])
def test_a_request_that_a_wrong_clock_dated_is_looked_for_on_its_true_day(
    hall: Hall, clocks: Clocks, monkeypatch: pytest.MonkeyPatch, wall: float, later: float
) -> None:
    """And on no day that a provider would refuse: that ended the search for all of them."""
    hall.gateway.behaviours = ["lose the reply"]
    true_day = today()
    clocks.move(wall=wall)
    plan_id = hall.send(TWO[0], options=YES).plan.plan_id
    clocks.move(wall=-wall)
    clocks.pass_by(later)
    receipts, asked = hall.gateway.receipts, list[str]()

    def dated(recipient: str, day: str, *more: Any) -> list[Receipt]:
        asked.append(day)
        assert days_ago(29) <= day <= today()
        return receipts(recipient, day, *more) if day == true_day else []

    monkeypatch.setattr(hall.gateway, "receipts", dated)
    assert hall.look_up(plan_id).status == "accepted"
    assert asked


@pytest.mark.parametrize(
    ("text", "sent_at", "status"),
    [
        ("code 1", 5.0, "accepted"),
        ("code 2", 5.0, "unknown"),
        ("code 1", -300.0, "unknown"),
    ],
)
def test_the_callers_out_id_settles_with_its_text_and_its_time(
    hall: Hall, text: str, sent_at: float, status: str
) -> None:
    hall.gateway.behaviours = ["lose the reply"]
    plan_id = hall.send(TWO[0], options=YES, out_id="order-1").plan.plan_id
    hall.gateway.text, hall.gateway.sent_at = text, time.time() + sent_at
    assert hall.look_up(plan_id).status == status


def test_the_same_receipt_settles_only_one_of_two_with_the_same_out_id(hall: Hall) -> None:
    allowed = replace(YES, duplicates=DuplicatePolicy(allowed=True))
    hall.gateway.behaviours = ["lose the reply", "lose the request"]
    plan_ids = [hall.send(TWO[0], options=allowed, out_id="order-1").plan.plan_id for _ in range(2)]
    assert sorted(hall.look_up(plan_id).status for plan_id in plan_ids) == ["accepted", "unknown"]


def test_a_provider_that_echoes_no_out_id_is_asked_by_sign_template_text_and_time(hall: Hall) -> None:
    hall.gateway.echo = False
    hall.gateway.behaviours = ["lose the reply", "lose the request"]
    plan_id = hall.send(TWO[0], options=YES).plan.plan_id
    other = hall.send(message("+8619900000001", code="other"), options=YES).plan.plan_id
    assert hall.look_up(other).status == "unknown"
    assert hall.look_up(plan_id).status == "accepted"


def test_a_decision_needs_a_person_and_no_repeat_comes_by_itself(hall: Hall) -> None:
    hall.gateway.behaviours = ["lose the request"]
    plan_id = hall.send(TWO[0], options=YES).plan.plan_id
    undecided = hall.resume(plan_id, resend_unknown=True)
    assert (undecided.status, int(undecided.exit)) == ("confirmation_needed", 9)
    assert undecided.error is not None
    assert (undecided.error.code, undecided.error.retry) == ("waiting", "never")
    hall.person.answers = [False]
    assert hall.resume(plan_id, resend_unknown=True).error == undecided.error
    assert hall.gateway.calls.count("send") == 1
    hall.person.answers = [True]
    assert hall.resume(plan_id, resend_unknown=True).status == "accepted"
    assert hall.gateway.calls.count("send") == 2
