"""`import smswrap`: the promises of the command line, for Python programs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from conftest import SIGN, TEMPLATE, wait_until

import smswrap
from smswrap.model import Outcome
from smswrap.sending import service

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran, StandIn

ONE = "19900000000"
SEND: dict[str, Any] = {
    "phone_numbers": [ONE],
    "sign_name": SIGN,
    "template_code": TEMPLATE,
    "template_param": {"code": "123456"},
}


def fault_of(caught: pytest.ExceptionInfo[smswrap.SmswrapError]) -> tuple[str, str | None]:
    return caught.value.fault.kind, caught.value.fault.code


def test_a_plan_shows_what_a_person_says_yes_to_and_sends_nothing(standin: StandIn) -> None:
    standin.save_profile("work", access_key_id="LTAI-work-9x9Y")
    planned = smswrap.plan(**{**SEND, "phone_numbers": [ONE, "+86 137 1111 2222"]}, profile="work")
    assert planned.text == f"【{SIGN}】您的验证码为：123456，5分钟内有效，请勿泄露。"
    assert planned.recipients == ("+8619900000000", "+8613711112222")
    assert (planned.recipients_total, planned.parts, planned.warnings) == (2, 2, ())
    assert (planned.account.provider, planned.account.profile, planned.account.key_end) == ("aliyun", "work", "9x9Y")
    assert 1_700 < (planned.expires_at - datetime.now(timezone.utc)).total_seconds() <= 1_800
    assert standin.sends == []
    assert not standin.ai_mode


def test_a_yes_sends_it_once_and_a_second_one_tells_of_the_first(standin: StandIn) -> None:
    plan_id = smswrap.plan(**SEND).id
    first, second = smswrap.confirm(plan_id, wait=5), smswrap.confirm(plan_id)
    assert (first.status, first.exit, first.error, first.again) == ("accepted", 0, None, False)
    assert first.counts is not None
    assert (first.counts.accepted, first.requests[0].outcome) == (1, Outcome.ACCEPTED)
    assert [receipt.receipt for receipt in first.receipts or ()] == ["delivered"]
    assert (second.status, second.again, second.counts) == ("accepted", True, first.counts)
    assert len(standin.ledger) == 1
    assert not standin.ai_mode


def test_the_command_line_and_the_library_are_two_doors_to_one_journal(
    standin: StandIn, words: Callable[..., Ran]
) -> None:
    plan_id = smswrap.plan(**SEND).id
    assert words("confirm", plan_id).code == 0
    assert smswrap.status(plan_id).status == "accepted"
    with pytest.raises(smswrap.SmswrapError) as caught:
        smswrap.plan(**SEND)
    assert fault_of(caught) == ("duplicate", "duplicate")
    (line,) = smswrap.history(phone_number=ONE)
    assert (line.plan_id, line.recipient, line.outcome) == (plan_id, "+8619900000000", Outcome.ACCEPTED)
    assert smswrap.history(outcome="refused") == smswrap.history(date="20200101") == []
    assert smswrap.history(plan=plan_id[:6]) == [line]
    assert len(standin.ledger) == 1


def test_a_program_is_told_what_was_noticed_of_its_numbers_names_and_values(standin: StandIn) -> None:
    numbers: list[Any] = [628123456789.0, "张三(13711112222)", "+441174960860"]
    given = {**SEND, "phone_numbers": numbers, "sign_name": f"【{SIGN}】", "template_code": f" {TEMPLATE} "}
    planned = smswrap.plan(**given)
    assert planned.recipients == ("+628123456789", "+8613711112222", "+441174960860")
    told = " ".join(planned.warnings)
    for words in ("ends in .0", "'张三', which was left out", "fixed line", f"as '{SIGN}'", f"as '{TEMPLATE}'"):
        assert words in told
    with pytest.raises(smswrap.InputError, match="no value") as caught:
        smswrap.plan(**{**SEND, "template_param": {"code": "nan"}})
    assert "accept_odd_values=True" in caught.value.fault.next_step
    odd = smswrap.plan(**{**SEND, "template_param": {"code": "nan"}}, accept_odd_values=True)
    assert "1 odd value(s) are sent as they are." in odd.warnings
    assert standin.sends == []


def test_everything_that_is_wrong_is_told_at_once_in_the_words_of_the_arguments(standin: StandIn) -> None:
    with pytest.raises(smswrap.InputError) as caught:
        smswrap.plan(phone_numbers=["123", ONE], sign_name="", template_code="SMS 1", template_param={"code": ""})
    assert {problem.field for problem in caught.value.problems} >= {"phone_numbers", "sign_name", "template_code"}
    assert standin.calls == []


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"phone_numbers": []}, "phone_numbers"),
        ({"provider": "nobody"}, "provider"),
        ({"profile": "-x"}, "profile"),
        ({"profile": ""}, "profile"),
        ({"phone_numbers": ["13800138000"]}, "phone_numbers"),
        ({"out_id": "a\nb"}, "out_id"),
        ({"out_id": "x" * 256}, "out_id"),
        ({"message_group": "one"}, "message_group"),
        ({"idempotency_key": ""}, "idempotency_key"),
        ({"read_timeout": 0}, "read_timeout"),
        ({"duplicate_window": float("nan")}, "duplicate_window"),
        ({"duplicate_window": -1}, "duplicate_window"),
    ],
)
def test_what_certainly_cannot_be_sent_is_an_input_error(standin: StandIn, more: dict[str, Any], field: str) -> None:
    with pytest.raises(smswrap.InputError) as caught:
        smswrap.plan(**{**SEND, **more})
    assert [problem.field for problem in caught.value.problems] == [field]
    assert standin.calls == []


@pytest.mark.parametrize("which", [{"date": "today"}, {"outcome": "sending"}])
def test_a_filter_of_the_history_that_is_none_is_an_input_error(which: dict[str, Any]) -> None:
    with pytest.raises(smswrap.InputError):
        smswrap.history(**which)


def test_a_cancelled_plan_and_an_unknown_one_are_not_sent(standin: StandIn) -> None:
    plan_id = smswrap.plan(**SEND).id
    assert smswrap.cancel(plan_id).status == "cancelled"
    with pytest.raises(smswrap.SmswrapError) as caught:
        smswrap.confirm(plan_id)
    assert fault_of(caught) == ("confirmation", "cancelled")
    with pytest.raises(smswrap.InputError):
        smswrap.confirm("0123456789abcdef")
    assert standin.sends == []


def test_another_account_is_refused(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    standin.save_profile("other", access_key_id="LTAI-other-9x9Y")
    plan_id = smswrap.plan(**SEND).id
    monkeypatch.setenv("SMSWRAP_PROFILE", "other")
    with pytest.raises(smswrap.SmswrapError) as caught:
        smswrap.confirm(plan_id)
    assert fault_of(caught) == ("confirmation", "account")
    assert standin.sends == []


def test_an_unknown_outcome_is_a_report_and_is_found_out_about(standin: StandIn) -> None:
    plan_id = smswrap.plan(**{**SEND, "phone_numbers": ["19900000008"]}).id
    report = smswrap.confirm(plan_id)
    assert (report.status, report.exit) == ("unknown", 8)
    assert report.error is not None
    assert report.error.retry == "after-receipt"
    found = smswrap.status(plan_id)
    assert (found.status, found.exit, len(standin.sends)) == ("accepted", 0, 1)


def test_the_status_of_a_plan_that_nobody_said_yes_to_says_so(standin: StandIn) -> None:
    """It was told as partial, with resume as the next step."""
    plan_id = smswrap.plan(**SEND).id
    report = smswrap.status(plan_id)
    assert (report.status, report.exit) == ("confirmation_needed", 9)
    assert report.error is not None
    assert f"confirm {plan_id}" in report.error.next_step
    smswrap.cancel(plan_id)
    report = smswrap.status(plan_id)
    assert (report.status, report.exit, standin.sends) == ("cancelled", 0, [])


def test_a_person_who_decides_so_has_it_sent_again(standin: StandIn) -> None:
    late = 'ERROR: Get "http://x/": context deadline exceeded (Client.Timeout exceeded)\n'
    standin.rules({"cmd": "dysmsapi send-sms *", "exit_code": 1, "stderr": late, "times": 1})
    plan_id = smswrap.plan(**SEND).id
    assert smswrap.confirm(plan_id).status == "unknown"
    assert smswrap.resume(plan_id).status == "unknown"
    assert smswrap.resume(plan_id, resend_unknown=True).status == "accepted"
    assert (len(standin.sends), len(standin.ledger)) == (2, 1)


def test_ai_mode_that_could_not_be_turned_off_shows_in_the_report(standin: StandIn) -> None:
    plan_id = smswrap.plan(**SEND).id
    standin.rules({"cmd": "configure ai-mode disable", "exit_code": 1, "stderr": "ERROR: disk is full\n"})
    report = smswrap.confirm(plan_id)
    assert (report.status, report.exit) == ("accepted", 11)
    assert report.error is not None
    assert (report.error.kind, len(standin.ledger)) == ("ai_mode", 1)


def test_ai_mode_that_could_not_be_turned_off_shows_beside_a_plan_and_beside_a_failure(standin: StandIn) -> None:
    standin.rules({"cmd": "configure ai-mode disable", "exit_code": 1, "stderr": "ERROR: disk is full\n"})
    planned = smswrap.plan(**SEND)
    assert "AI mode" in planned.warnings[0]
    standin.rules(
        {"cmd": "configure ai-mode disable", "exit_code": 1, "stderr": "ERROR: disk is full\n"},
        {"cmd": "dysmsapi get-sms-template *", "stdout": json.dumps({"Code": "isv.SMS_TEMPLATE_ILLEGAL"})},
    )
    with pytest.raises(smswrap.SmswrapError) as caught:
        smswrap.plan(**SEND, verify=True)
    assert "AI mode" in (caught.value.data or {})["warnings"][0]


def test_what_a_yes_repeats_is_told_in_the_report(standin: StandIn) -> None:
    first = smswrap.plan(**SEND).id
    smswrap.confirm(first)
    planned = smswrap.plan(**SEND, allow_duplicate=True)
    assert first in planned.warnings[0]
    assert first in smswrap.confirm(planned.id).warnings[0]
    assert len(standin.ledger) == 2


def test_the_sandbox_has_a_journal_of_its_own(tmp_path: Path) -> None:
    planned = smswrap.plan(**SEND, sandbox=True)
    with pytest.raises(smswrap.InputError):
        smswrap.confirm(planned.id, sandbox=False)
    report = smswrap.confirm(planned.id, sandbox=True)
    assert (report.status, len(smswrap.history(sandbox=True))) == ("accepted", 1)
    assert len((tmp_path / "stand-in" / "ledger.jsonl").read_text("utf-8").splitlines()) == 1


def test_an_idempotency_key_makes_the_same_content_be_sent_once(standin: StandIn) -> None:
    plan_id = smswrap.plan(**SEND, idempotency_key="order 1").id
    smswrap.confirm(plan_id)
    again = smswrap.plan(**SEND, idempotency_key="order 1")
    assert (again.id, len(again.warnings)) == (plan_id, 1)
    assert smswrap.confirm(again.id).again
    assert len(standin.ledger) == 1


def test_a_name_that_the_package_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_like_that"):
        smswrap.nothing_like_that  # noqa: B018  looked up
    assert {"plan", "confirm", "resume", "cancel", "status", "history"} <= set(dir(smswrap))


PROGRAM = """
import json, signal, smswrap, sys
told = []
def broken_in(signum, frame):
    told.append(signal.Signals(signum).name)
    if sys.argv[2] == "raises":
        raise TimeoutError(told[-1])
signal.signal(getattr(signal, sys.argv[1]), broken_in)
plan_id = json.loads(sys.argv[3])
try:
    status = smswrap.confirm(plan_id).status
except TimeoutError:
    status = None
print(json.dumps([told, status]), flush=True)
sys.stdin.read()
"""
"""A program with a handler of its own, which goes on after what that raises."""

SENDING = {"cmd": "dysmsapi send-sms *", "delay_ms": 500, "then": "continue"}
TURNING_OFF = {"cmd": "configure ai-mode disable", "delay_ms": 500, "then": "continue"}


@pytest.mark.parametrize(
    ("name", "how", "rule", "told"),
    [
        ("SIGINT", "raises", SENDING, [["SIGINT"], None]),
        ("SIGTERM", "goes on", SENDING, [["SIGTERM"], "accepted"]),
        ("SIGALRM", "raises", TURNING_OFF, [["SIGALRM"], None]),
    ],
)
def test_whatever_breaks_into_a_program_the_outcome_is_known_and_ai_mode_is_off_while_it_lives_on(
    standin: StandIn, name: str, how: str, rule: dict[str, Any], told: list[Any]
) -> None:
    plan_id = smswrap.plan(**SEND).id
    before = len(standin.calls)
    standin.rules(rule)
    words = [sys.executable, "-c", PROGRAM, name, how, json.dumps(plan_id)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        wait_until(
            lambda: any(call.startswith(rule["cmd"].rstrip(" *")) for call in standin.calls[before:]), "no such call"
        )
        program.send_signal(getattr(signal, name))
        assert json.loads(program.stdout.readline()) == told
        assert not standin.ai_mode
    assert len(standin.ledger) == 1
    assert smswrap.confirm(plan_id).status == "accepted"


FORKING = """
import os, signal, sys, threading
import smswrap
threading.Thread(target=smswrap.confirm, args=(sys.argv[1],)).start()
sys.stdin.readline()
worker = os.fork()
if not worker:
    os.closerange(0, 3)
    signal.pause()
print(worker, flush=True)
signal.pause()
"""
"""A program that forks a worker while one of its threads sends."""


def test_a_worker_that_is_forked_meanwhile_holds_neither_ai_mode_nor_the_plan_of_a_program_that_was_killed(
    standin: StandIn,
) -> None:
    plan_id = smswrap.plan(**SEND).id
    standin.rules(SENDING)
    words = [sys.executable, "-c", FORKING, plan_id]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        standin.wait_for_call("send-sms")
        assert program.stdin is not None
        assert program.stdout is not None
        print(file=program.stdin, flush=True)
        worker = int(program.stdout.readline())
        program.kill()
    try:
        wait_until(lambda: not standin.ai_mode, "AI mode stayed on")
        assert smswrap.status(plan_id).status == "accepted"
    finally:
        os.kill(worker, signal.SIGKILL)
    assert len(standin.ledger) == 1


def test_a_program_that_is_ended_while_it_waits_is_told_that_nothing_was_sent(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_id = smswrap.plan(**SEND).id
    heard: list[int] = []
    monkeypatch.setattr(service, "refuse_expired", lambda _plan: signal.raise_signal(signal.SIGTERM))
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        with pytest.raises(smswrap.SmswrapError) as caught:
            smswrap.confirm(plan_id)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (fault_of(caught), heard) == (("interrupted", "SIGTERM"), [signal.SIGTERM])
    assert (standin.sends, standin.ai_mode) == ([], False)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("phone_numbers", None),
        ("phone_numbers", ONE),
        ("phone_numbers", {ONE: 1}),
        ("sign_name", None),
        ("template_code", 1),
        ("template_param", [("code", "1")]),
        ("template_param", {1: "1"}),
        ("out_id", 7),
        ("verify", "no"),
        ("duplicate_window", "60"),
        ("read_timeout", 2.5),
        ("read_timeout", True),
        ("provider", ["aliyun"]),
    ],
)
def test_an_argument_of_another_type_is_named(standin: StandIn, argument: str, value: object) -> None:
    with pytest.raises(smswrap.InputError) as caught:
        smswrap.plan(**{**SEND, argument: value})
    assert [problem.field for problem in caught.value.problems] == [argument]
    assert standin.calls == []


def test_plan_ids_and_limits_of_another_type_are_named(standin: StandIn) -> None:
    for call, arguments, said in (
        (smswrap.confirm, {"plan_id": None}, "plan_id is NoneType, not str"),
        (smswrap.confirm, {"plan_id": "x", "wait": "3"}, "wait is str, not int"),
        (smswrap.resume, {"plan_id": 1}, "plan_id is int, not str"),
        (smswrap.cancel, {"plan_id": b""}, "plan_id is bytes, not str"),
        (smswrap.status, {"plan_id": []}, "plan_id is list, not str"),
        (smswrap.history, {"limit": 2.5}, "limit is float, not int"),
    ):
        with pytest.raises(smswrap.InputError, match=said):
            call(**arguments)
    assert standin.calls == []
