"""`smswrap resume`: what was cut short is finished, what may have been sent is found out about, nothing is doubled."""

from __future__ import annotations

import os
import signal
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from conftest import DEADLINE, SEND, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran, Running, StandIn

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
    standin: StandIn, smswrap: Callable[..., Ran], kill_in_the_second: Callable[..., str]
) -> None:
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
    crashing = (*SEND[:2], "13900000008", *SEND[3:-2])
    ids = [smswrap(*crashing, f"code={code}", "--yes").envelope["data"]["plan_id"] for code in (1, 2)]
    ran = smswrap("resume", "--unknown")
    assert ran.code == 0
    assert [plan["plan_id"] for plan in ran.envelope["data"]["plans"]] == ids
    assert all(plan["counts"]["unknown"] == 0 for plan in ran.envelope["data"]["plans"])
    assert smswrap("history", "--outcome", "unknown").envelope["data"]["sends"] == []
    assert len(standin.ledger) == 2


@pytest.mark.parametrize("option", [(), ("--resend-unknown", "--yes"), ("--unknown",)])
def test_a_plan_to_which_nobody_said_yes_is_not_resumed(
    standin: StandIn, smswrap: Callable[..., Ran], option: tuple[str, ...]
) -> None:
    plan_id = smswrap(*SEND[:-1]).envelope["data"]["plan_id"]
    ran = smswrap("resume", plan_id, *option)
    assert (ran.code, ran.error["kind"]) == (2, "input")
    assert f"smswrap confirm {plan_id}" in ran.error["next_step"]
    assert standin.ledger == []


def test_a_plan_must_be_named_and_known(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    for arguments in ((), ("0123456789abcdef",), ("--unknown", "0123456789abcdef"), ("--resend-unknown", "--yes")):
        assert smswrap("resume", *arguments).code == 2
    assert standin.calls == []


def test_what_was_refused_is_not_sent_again(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    first = smswrap(*SEND[:2], "13900000007", *SEND[3:])
    plan_id = first.envelope["data"]["plan_id"]
    for option in ((), ("--resend-unknown", "--yes")):
        ran = smswrap("resume", plan_id, *option)
        assert (ran.code, ran.error) == (5, first.error)
    assert len(standin.api_calls) == 1


@pytest.mark.parametrize(("number", "code", "status"), [("13900000004", 0, "accepted"), ("13900000003", 8, "unknown")])
def test_settle_finds_out_at_once_what_a_timeout_left_open(
    standin: StandIn, smswrap: Callable[..., Ran], number: str, code: int, status: str
) -> None:
    ran = smswrap(*SEND[:2], number, *SEND[3:], "--settle", "--read-timeout", "1")
    assert (ran.code, ran.envelope["status"], outcomes(ran)) == (code, status, [status])
    assert len(standin.ledger) == (1 if code == 0 else 0)
    operations = [call["argv"][1] for call in standin.api_calls]
    assert operations[0] == "send-sms"
    assert set(operations[1:]) == {"query-send-details"}
    assert not standin.ai_mode
