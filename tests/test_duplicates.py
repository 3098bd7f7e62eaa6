"""The same send twice: what counts as that, what is refused, and what a key replays."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from conftest import DEADLINE, SEND, Ran
from hall import ACCOUNT, YES, message

from smswrap.errors import InputError, SmswrapError
from smswrap.sending.refusals import MOST_ASKED, DuplicatePolicy
from smswrap.sending.service import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Running, StandIn
    from hall import Clocks, Hall

    from smswrap.model import Message
    from smswrap.providers.records import Sign
    from smswrap.sending.report import Report

MESSAGE = message()
ALLOWING = Options(yes=True, duplicates=DuplicatePolicy(allowed=True))
SHELL_POLICY = Options(yes=True, duplicates=DuplicatePolicy(only_unknown=True))
SHELL = (*SEND, "--only-unknown-duplicates")
"""A send as send_sms.sh makes it."""


def sent(hall: Hall, *behaviours: str) -> Report:
    """Send the message once, whatever was sent before."""
    hall.gateway.behaviours = list(behaviours)
    return hall.send(MESSAGE, options=ALLOWING)


def is_duplicate(hall: Hall, one: Message = MESSAGE, options: Options = YES, **more: Any) -> bool:
    """Whether this would be refused as a repeat; nothing is sent by asking."""
    before = len(hall.gateway.ledger)
    try:
        hall.send(one, options=replace(options, yes=False, dry_run=False), **more)
    except SmswrapError as error:
        return error.fault.kind == "duplicate"
    assert len(hall.gateway.ledger) == before
    return False


def test_the_same_send_again_exits_10_and_names_the_earlier_one(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    plan_id = smswrap(*SEND, "-o", "order-1").envelope["data"]["plan_id"]
    for again in (SEND, SEND[:-1]):
        ran = smswrap(*again, "-o", "order-2")
        assert (ran.code, ran.envelope["status"], ran.error["retry"]) == (10, "duplicate", "never")
        assert plan_id in ran.error["message"]
        assert "199****0000" in ran.error["message"]
        earlier = ran.envelope["data"]["earlier"]
        assert (earlier["plan_id"], earlier["state"], earlier["out_id"]) == (plan_id, "accepted", "order-1")

    assert "--allow-duplicate" in ran.error["next_step"]
    assert len(standin.ledger) == 1
    assert smswrap(*SEND, "--allow-duplicate").code == 0
    assert smswrap(*SEND, "--duplicate-window", "0").code == 0
    assert len(standin.ledger) == 3


@pytest.mark.parametrize(("recipient", "waits"), [("19900000000", False), ("19900000006", True)])
def test_whose_first_one_has_no_receipt_yet_is_told_to_wait_for_it(
    standin: StandIn, words: Callable[..., Ran], *, recipient: str, waits: bool
) -> None:
    line = (*SEND[:2], recipient, *SEND[3:])
    assert words(*line).code == 0
    ran = words(*line[:-1])
    assert (ran.code, "Wait for its receipt" in ran.error["next_step"]) == (10, waits)
    assert len(standin.ledger) == 1


@pytest.mark.parametrize(
    "other",
    [message("+8619900000001"), message(sign="乙"), message(code="2"), message(code=None), message(extend="7")],
)
def test_another_message_is_not_a_duplicate(hall: Hall, other: Message) -> None:
    sent(hall)
    assert not is_duplicate(hall, other)
    assert is_duplicate(hall)


def test_another_template_is_not_a_duplicate(hall: Hall) -> None:
    sent(hall)
    assert not is_duplicate(hall, template="SMS_2")


def test_another_provider_is_not_a_duplicate(hall: Hall) -> None:
    sent(hall)
    hall.gateway.who = replace(ACCOUNT, provider="volcengine")
    assert not is_duplicate(hall)


def test_another_out_id_verb_or_profile_makes_it_not_another_send(hall: Hall) -> None:
    sent(hall)
    assert is_duplicate(hall, out_id="o")
    assert is_duplicate(hall, personal=True)
    hall.gateway.who = replace(ACCOUNT, profile="the same account by another name")
    assert is_duplicate(hall)


@pytest.mark.parametrize(
    ("behaviour", "anybody", "shell"),
    [
        ("accept", True, False),
        ("lose the reply", True, True),
        ("die after", True, True),
        ("die before", True, True),
        ("refuse", False, False),
    ],
)
def test_what_may_have_been_sent_counts_and_for_send_sms_sh_only_that(
    hall: Hall, behaviour: str, *, anybody: bool, shell: bool
) -> None:
    if behaviour.startswith("die"):
        hall.die(MESSAGE, behaviour)
    else:
        sent(hall, behaviour)
    assert is_duplicate(hall) is anybody
    assert is_duplicate(hall, options=SHELL_POLICY) is shell
    assert not is_duplicate(hall, options=ALLOWING)


def test_what_was_confirmed_and_not_sent_counts_since_it_can_be_resumed(hall: Hall) -> None:
    hall.gateway.limits = replace(hall.gateway.limits, shared=1)
    hall.gateway.behaviours = ["refuse all"]
    report = hall.send(message("+8619900000001"), MESSAGE, options=YES)
    assert report.counts is not None
    assert report.counts.not_sent == 1
    with pytest.raises(SmswrapError) as caught:
        hall.send(MESSAGE)
    assert f"smswrap resume {report.plan.plan_id}" in caught.value.fault.next_step


def test_what_is_left_of_a_cancelled_plan_counts_no_more(hall: Hall) -> None:
    hall.gateway.limits = replace(hall.gateway.limits, shared=1)
    hall.gateway.behaviours = ["refuse all"]
    report = hall.send(message("+8619900000001"), MESSAGE, options=YES)
    assert is_duplicate(hall)
    assert hall.cancel(report.plan.plan_id).status == "cancelled"
    assert not is_duplicate(hall)


def test_a_proposal_is_not_a_send(hall: Hall) -> None:
    hall.propose(MESSAGE)
    assert not is_duplicate(hall)


@pytest.mark.parametrize(("receipt", "expected"), [("delivered", True), ("in_flight", True), ("failed", False)])
def test_one_that_failed_at_the_carrier_may_be_sent_again_with_a_warning(
    hall: Hall, receipt: str, *, expected: bool
) -> None:
    report = sent(hall)
    hall.gateway.receipt = receipt
    assert is_duplicate(hall) is expected
    told = [text for text in hall.talk.warnings if "not delivered" in text and report.plan.plan_id in text]
    assert bool(told) is not expected
    if not expected:
        assert hall.send(MESSAGE, options=YES).status == "accepted"
        assert len(hall.gateway.ledger) == 2


@pytest.mark.parametrize("place", [0, 4])
def test_of_several_that_failed_one_that_was_delivered_is_found_and_named(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    """The three latest are what a refusal names; it was once all that was looked at."""
    five = [message(f"+861990000000{number}") for number in range(5)]
    hall.send(*five, options=YES)
    receipts = hall.gateway.receipts

    def told(recipient: str, *more: Any) -> object:
        hall.gateway.receipt = "delivered" if recipient == five[place].recipient else "failed"
        return receipts(recipient, *more)

    monkeypatch.setattr(hall.gateway, "receipts", told)
    with pytest.raises(SmswrapError) as caught:
        hall.send(*five, options=YES)
    assert caught.value.fault.kind == "duplicate"
    assert "delivered)" in caught.value.fault.message
    assert f"199****000{place}" in caught.value.fault.message
    assert len(hall.gateway.ledger) == 5


def test_receipts_are_asked_for_within_bounds_and_what_is_not_known_then_is_refused(hall: Hall) -> None:
    many = [message(f"+86199000000{number:02}") for number in range(MOST_ASKED + 1)]
    hall.send(*many, options=YES)
    hall.gateway.receipt = "failed"
    with pytest.raises(SmswrapError) as caught:
        hall.send(*many, options=YES)
    assert "accepted)" in caught.value.fault.message
    assert len(hall.gateway.calls) == 1 + MOST_ASKED
    # Those are known now, and the last one is asked for.
    assert hall.send(*many, options=YES).status == "accepted"


@pytest.mark.parametrize("options", [YES, ALLOWING], ids=["failed", "allowed"])
def test_a_repeat_that_passes_is_told_once(
    hall: Hall, clocks: Clocks, monkeypatch: pytest.MonkeyPatch, options: Options
) -> None:
    sent(hall)
    hall.gateway.receipt = "failed"
    sign = hall.gateway.sign

    def slow(*arguments: Any) -> Sign:
        clocks.pass_by(1)
        return sign(*arguments)

    monkeypatch.setattr(hall.gateway, "sign", slow)
    assert hall.send(MESSAGE, options=replace(options, verify=True)).status == "accepted"
    assert len([text for text in hall.talk.warnings if "repeats a send" in text]) == 1


def test_who_got_something_within_a_minute_is_counted_with_verify(hall: Hall, clocks: Clocks) -> None:
    hall.gateway.behaviours = ["accept", "refuse"]
    hall.send(message("+8619900000001"), message("+8619900000002"), options=YES)
    hall.send(message("+8619900000003"), options=YES)
    hall.propose(message("+8619900000004"))
    five = [message(f"+861990000000{number}", code="2468") for number in range(1, 6)]

    def warned(*, verify: bool) -> list[str]:
        hall.send(*five, options=Options(dry_run=True, verify=verify))
        return [text for text in hall.talk.warnings if "last minute" in text]

    (warning,) = warned(verify=True)
    assert warning.startswith("2 recipient(s) got a message within the last minute")
    assert warned(verify=False) == []
    clocks.pass_by(61)
    assert warned(verify=True) == []


def test_a_receipt_that_is_known_is_not_asked_for_again(hall: Hall) -> None:
    sent(hall)
    hall.gateway.receipt = "failed"
    assert not is_duplicate(hall)
    asked = len(hall.gateway.calls)
    hall.propose(MESSAGE)
    assert "receipts 1^0" not in hall.gateway.calls[asked:]


def test_a_repeat_that_is_allowed_warns_what_it_repeats_and_how_long_ago(hall: Hall) -> None:
    report = sent(hall)
    hall.propose(MESSAGE, options=Options(duplicates=DuplicatePolicy(allowed=True)))
    (warning,) = hall.talk.warnings
    assert report.plan.plan_id in warning
    assert " s ago" in warning


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
    hall: Hall, clocks: Clocks, wall: int, ticks: int, *, expected: bool
) -> None:
    sent(hall)
    clocks.move(wall, ticks)
    assert is_duplicate(hall) is expected


def test_after_a_restart_the_wall_clock_counts_and_a_future_send_is_recent(hall: Hall, clocks: Clocks) -> None:
    sent(hall)
    clocks.restart()
    clocks.move(-3_600)
    assert is_duplicate(hall)
    clocks.move(3_600 + 601)
    assert not is_duplicate(hall)


def test_the_window_can_be_chosen(hall: Hall, clocks: Clocks) -> None:
    sent(hall)
    clocks.pass_by(3_600)
    assert is_duplicate(hall, options=Options(duplicates=DuplicatePolicy(3_610)))
    assert not is_duplicate(hall, options=Options(duplicates=DuplicatePolicy(3_590)))


def test_of_two_identical_sends_at_the_same_moment_one_is_sent(standin: StandIn, start: Callable[..., Running]) -> None:
    runs = [start(*SEND) for _ in range(3)]
    assert sorted(run.end().code for run in runs) == [0, 10, 10]
    assert len(standin.ledger) == 1


def test_send_sms_sh_sends_twice_but_not_after_an_unknown_outcome(
    standin: StandIn, smswrap: Callable[..., Ran]
) -> None:
    assert [smswrap(*SHELL).code for _ in range(2)] == [0, 0]
    unknown = (*SHELL[:2], "19900000008", *SHELL[3:])
    ran = [smswrap(*unknown) for _ in range(2)]
    assert [one.code for one in ran] == [8, 10]
    assert f"resume --unknown {ran[0].envelope['data']['plan_id']}" in ran[1].error["next_step"]
    assert [message["phone"] for message in standin.ledger] == ["19900000000", "19900000000", "19900000008"]


def test_a_send_that_failed_before_any_request_is_no_earlier_send(
    standin: StandIn, smswrap: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without_cli:
        without_cli.setenv("PATH", "/usr/bin:/bin")
        assert smswrap(*SEND).code == 3
    assert smswrap(*SEND).code == 0
    assert len(standin.ledger) == 1


@pytest.mark.parametrize(("number", "code"), [("19900000000", 0), ("19900000008", 8)])
def test_a_key_replays_the_first_answer(standin: StandIn, smswrap: Callable[..., Ran], number: str, code: int) -> None:
    send = (*SEND[:2], number, *SEND[3:], "--idempotency-key", "order 1")
    first, again = smswrap(*send), smswrap(*send, "--allow-duplicate")
    assert first.code == again.code == code
    for field in ("status", "data", "error", "reply"):
        assert again.envelope[field] == first.envelope[field]
    assert "nothing was sent now" in str(again.envelope["warnings"])
    assert len(standin.sends) == 1


def test_a_key_with_another_content_is_an_error(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    smswrap(*SEND, "--idempotency-key", "order 1")
    ran = smswrap(*SEND[:2], "13812341234", *SEND[3:], "--idempotency-key", "order 1")
    assert (ran.code, ran.envelope["data"]["problems"][0]["field"]) == (2, "--idempotency-key")
    assert len(standin.ledger) == 1


HELD = """
import sys
from smswrap.cli.app import main
from smswrap.sending import service
look = service.with_key

def looking(*about):
    service.with_key, found = look, look(*about)
    print("looked", file=sys.stderr, flush=True)
    sys.stdin.readline()
    return found

service.with_key = looking
sys.exit(main(sys.argv[1:]))
"""
"""A run that waits for a line after it has looked whether its key was used."""


@contextmanager
def that_has_looked(*arguments: str) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """A run that found its key unused; give what lets it go on."""
    words = [sys.executable, "-c", HELD, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, text=True, encoding="utf-8") as held:
        assert held.stdin is not None
        assert held.stderr is not None
        assert "looked\n" in iter(held.stderr.readline, "")

        def go_on() -> subprocess.Popen[str]:
            print(file=held.stdin, flush=True)
            return held

        yield go_on


def end_of(held: subprocess.Popen[str]) -> Ran:
    stdout, stderr = held.communicate(timeout=DEADLINE)
    return Ran(held.returncode, stdout, stderr)


@pytest.mark.parametrize("more", [("--yes",), ("--yes", "--allow-duplicate"), ()])
def test_of_two_sends_at_once_with_one_key_the_later_waits_for_the_first_and_tells_its_answer(
    standin: StandIn, start: Callable[..., Running], more: tuple[str, ...]
) -> None:
    standin.rules({"cmd": "dysmsapi send-sms *", "delay_ms": 1_000, "then": "continue"})
    keyed = (*SEND[:-1], "--idempotency-key", "order 1")
    with that_has_looked(*keyed, *more) as go_on:
        first = start(*keyed, "--yes")
        standin.wait_for_call("send-sms")
        later, told = end_of(go_on()), first.end()
    assert (told.code, later.code) == (0, 0)
    assert later.envelope["data"]["requests"] == told.envelope["data"]["requests"]
    assert "nothing was sent now" in str(later.envelope["warnings"])
    assert "Another smswrap is sending this plan" in later.stderr
    assert len(standin.ledger) == len(standin.sends) == 1


def test_of_two_sends_at_once_with_one_key_and_other_content_the_later_is_an_error(
    standin: StandIn, smswrap: Callable[..., Ran]
) -> None:
    keyed = (*SEND, "--idempotency-key", "order 1")
    with that_has_looked(*keyed[:2], "13812341234", *keyed[3:]) as go_on:
        assert smswrap(*keyed).code == 0
        later = end_of(go_on())
    assert (later.code, later.envelope["data"]["problems"][0]["field"]) == (2, "--idempotency-key")
    assert [one["phone"] for one in standin.ledger] == [SEND[2]]


def test_of_two_sends_at_once_with_one_key_the_later_sends_where_the_first_could_not_begin(
    standin: StandIn, start: Callable[..., Running]
) -> None:
    standin.rules({"cmd": "configure ai-mode enable", "delay_ms": 1_000, "exit_code": 1, "stderr": "no\n", "times": 1})
    keyed = (*SEND, "--idempotency-key", "order 1")
    with that_has_looked(*keyed) as go_on:
        first = start(*keyed)
        standin.wait_for_call("ai-mode enable")
        later = end_of(go_on())
    assert "Another smswrap is sending this plan" in later.stderr
    assert (first.end().code, later.code, later.envelope["status"]) == (3, 0, "accepted")
    assert len(standin.ledger) == len(standin.sends) == 1


def test_a_key_from_a_variable_that_is_not_set_is_an_error(standin: StandIn, words: Callable[..., Ran]) -> None:
    ran = words(*SEND, "--idempotency-key", "")
    assert (ran.code, ran.envelope["data"]["problems"][0]["field"]) == (2, "--idempotency-key")
    assert standin.calls == []


def test_a_plan_that_was_begun_is_never_forgotten(hall: Hall) -> None:
    hall.die(MESSAGE, "die after")
    with hall.house() as house:
        (plan,) = house.journal.with_unknown()
        house.journal.forget(plan)
        house.journal.take_yes_back(plan)
        assert house.journal.read(plan).state.value == "confirmed"


def test_a_proposal_keeps_its_key_for_the_yes(hall: Hall) -> None:
    keyed = Options(key="order 1")
    plan_id = hall.propose(MESSAGE, options=keyed)
    assert hall.confirm(plan_id).status == "accepted"
    again = hall.send(MESSAGE, options=keyed)
    assert (again.plan.plan_id, again.again) == (plan_id, True)
    assert len(hall.gateway.ledger) == 1


def test_a_key_that_was_used_since_it_was_given_is_not_a_second_send(hall: Hall) -> None:
    keyed = Options(key="order 1")
    proposal = hall.propose(message(sign="乙"), options=keyed)
    assert hall.send(message(sign="丙"), options=replace(keyed, yes=True)).status == "accepted"
    with pytest.raises(SmswrapError) as caught:
        hall.confirm(proposal)
    assert (caught.value.fault.kind, caught.value.fault.code) == ("duplicate", "key-used")
    with pytest.raises(InputError):
        hall.send(message(sign="丁"), options=replace(keyed, yes=True))
    assert len(hall.gateway.ledger) == 1


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
