"""What fresh eyes once broke: each of these let somebody get a message twice, without their yes, or lost one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from conftest import DEADLINE, SEND, SIGN, TEMPLATE, Ran, wait_until
from hall import message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Running, StandIn
    from hall import Hall

LATE = 'ERROR: Get "http://x/?Signature=s": context deadline exceeded (Client.Timeout exceeded)\n'
NO_MONEY = '{"Code":"isv.AMOUNT_NOT_ENOUGH","Message":"x"}\n'
PEOPLE = [f"138{number:08}" for number in range(1, 1502)]
"""Two requests: 1000 and 501."""

TIMED_OUT = {"cmd": "dysmsapi send-sms *", "exit_code": 1, "stderr": LATE, "times": 1}
"""The first send gets no answer in time, and never reached the gateway."""


def unknown_plan(smswrap: Callable[..., Ran], number: str = "19900000004") -> str:
    ran = smswrap(*SEND[:2], number, *SEND[3:], "--read-timeout", "1")
    assert ran.code == 8
    plan_id = ran.envelope["data"]["plan_id"]
    assert isinstance(plan_id, str)
    return plan_id


def test_a_decision_to_send_again_that_fails_early_leaves_the_outcome_unknown(
    standin: StandIn, smswrap: Callable[..., Ran]
) -> None:
    plan_id = unknown_plan(smswrap)
    good = standin.configuration
    (standin.home / ".aliyun" / "config.json").write_text("{", "utf-8")
    assert smswrap("resume", "--resend-unknown", plan_id, "--yes").code == 3
    (standin.home / ".aliyun" / "config.json").write_text(str(good).replace("'", '"').replace("True", "true"), "utf-8")
    assert smswrap("resume", plan_id).code == 8
    assert len(standin.ledger) == 1


def test_two_decisions_at_once_send_it_again_once(
    standin: StandIn, smswrap: Callable[..., Ran], start: Callable[..., Running]
) -> None:
    standin.rules(TIMED_OUT, {"cmd": "dysmsapi send-sms *", "delay_ms": 60_000})
    plan_id = unknown_plan(smswrap, "19900000000")
    first = start("resume", "--resend-unknown", plan_id, "--yes", "--read-timeout", "30")
    wait_until(lambda: len(standin.sends) == 2, "the first decision does not send")
    second = start("resume", "--resend-unknown", plan_id, "--yes")
    assert second.process.stderr is not None
    assert any("waiting for it" in line for line in iter(second.process.stderr.readline, ""))  # it has decided, too
    os.kill(standin.sends[-1]["pid"], signal.SIGKILL)
    assert [run.end().code for run in (first, second)] == [8, 8]
    assert len(standin.sends) == 2


def test_a_decision_to_send_again_begins_with_the_receipt_of_the_first(
    standin: StandIn, smswrap: Callable[..., Ran]
) -> None:
    plan_id = unknown_plan(smswrap)
    ran = smswrap("resume", "--resend-unknown", plan_id, "--yes")
    assert (ran.code, ran.envelope["data"]["counts"]["accepted"]) == (0, 1)
    assert (len(standin.sends), len(standin.ledger)) == (1, 1)


def test_a_decision_to_send_again_waits_for_the_call_of_a_smswrap_that_was_killed(
    standin: StandIn, smswrap: Callable[..., Ran], words: Callable[..., Ran], start: Callable[..., Running]
) -> None:
    standin.rules({"cmd": "dysmsapi send-sms *", "delay_ms": 3_000, "then": "continue", "times": 1})
    killed = start(*SEND)
    standin.wait_for_call("send-sms")
    killed.send(signal.SIGKILL)
    killed.process.wait(DEADLINE)
    plan_id = words("history").envelope["data"]["sends"][0]["plan_id"]
    assert standin.ledger == []
    ran = smswrap("resume", "--resend-unknown", plan_id, "--yes")
    assert (ran.code, ran.envelope["data"]["counts"]["accepted"]) == (0, 1)
    assert (len(standin.sends), len(standin.ledger)) == (1, 1)
    wait_until(lambda: not standin.ai_mode, "AI mode stayed on")


@pytest.mark.parametrize(("ticks", "code"), [(0, 9), (7 * 3_600, 2)])
def test_a_yes_that_comes_hours_later_sends_nothing(
    standin: StandIn, smswrap: Callable[..., Ran], later: Callable[..., dict[str, str]], ticks: float, code: int
) -> None:
    """By a clock that jumped, the plan has expired; when the hours have passed, it is forgotten with its codes."""
    plan_id = smswrap(*SEND[:-1]).envelope["data"]["plan_id"]
    hours_later = later(7 * 3_600, ticks)
    assert smswrap(*SEND[:2], "13922220002", *SEND[3:-1], env=hours_later).code == 9
    ran = smswrap("confirm", plan_id, env=hours_later)
    assert (ran.code, ran.error["code"]) == (code, "expired" if code == 9 else None)
    assert standin.ledger == []


def test_numbers_of_plans_are_never_used_again(hall: Hall) -> None:
    first = hall.send(message()).plan
    with hall.house() as house:
        house.journal.forget(first)
        assert house.journal.named(first.plan_id) == []
    assert hall.send(message()).plan.number > first.number


def test_what_another_plan_sent_meanwhile_is_not_sent_by_resume(
    standin: StandIn, smswrap: Callable[..., Ran], later: Callable[..., dict[str, str]]
) -> None:
    standin.rules({"cmd": "dysmsapi send-sms *", "stdout": NO_MONEY, "times": 1})
    stopped = smswrap(*SEND[:2], ",".join(PEOPLE), *SEND[3:]).envelope["data"]
    after = later(900)
    assert smswrap(*SEND[:2], PEOPLE[-1], *SEND[3:], env=after).code == 10
    assert smswrap(*SEND[:2], PEOPLE[-1], *SEND[3:], "--allow-duplicate", env=after).code == 0
    after = later(1_700)
    assert smswrap("resume", stopped["plan_id"], env=after).code == 10
    assert [one["phone"] for one in standin.ledger] == [PEOPLE[-1]]


def test_a_message_with_the_same_out_id_is_no_proof_of_another_one(
    standin: StandIn, smswrap: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSWRAP_PATIENCE", "0.3")
    send = ("send", "-p", "13812341234", "-s", SIGN, "-t", TEMPLATE, "-o", "order-1", "--yes")
    assert smswrap(*send, "--var", "code=1111").code == 0
    standin.rules({"cmd": "dysmsapi send-sms *2222*", "exit_code": 1, "stderr": LATE})
    assert smswrap(*send, "--var", "code=2222", "--settle").code == 8
    assert len(standin.ledger) == 1


def test_a_key_outlives_a_proposal_without_it(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    keyed = smswrap(*SEND[:-1], "--idempotency-key", "key-1").envelope["data"]["plan_id"]
    assert smswrap(*SEND[:-1]).envelope["data"]["plan_id"] == keyed
    assert smswrap("confirm", keyed).code == 0
    assert smswrap(*SEND, "--idempotency-key", "key-1", "--duplicate-window", "0").code == 0
    assert len(standin.ledger) == 1


def test_what_the_person_allowed_when_planning_holds_at_the_confirm(
    standin: StandIn, smswrap: Callable[..., Ran]
) -> None:
    assert smswrap(*SEND).code == 0
    plan_id = smswrap(*SEND[:-1], "--allow-duplicate").envelope["data"]["plan_id"]
    assert smswrap("confirm", plan_id).code == 0
    assert len(standin.ledger) == 2


def test_a_second_confirm_repeats_what_the_receipts_said(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    plan_id = smswrap(*SEND[:2], "19900000001", *SEND[3:-1]).envelope["data"]["plan_id"]
    first = smswrap("confirm", plan_id, "--wait")
    second = smswrap("confirm", plan_id)
    assert (first.code, second.code) == (5, 5)
    assert first.error["code"] == second.error["code"]
    assert len(standin.ledger) == 1


def test_a_second_confirm_does_not_wait_for_the_receipts_of_the_first(
    standin: StandIn, smswrap: Callable[..., Ran], start: Callable[..., Running]
) -> None:
    plan_id = smswrap(*SEND[:2], "19900000006", *SEND[3:-1]).envelope["data"]["plan_id"]
    first = start("confirm", plan_id, "--wait", "--wait-timeout", "600")
    standin.wait_for_call("query-send-details")
    second = smswrap("confirm", plan_id)
    assert first.process.poll() is None
    assert (second.code, second.envelope["data"]["counts"]["accepted"]) == (0, 1)
    first.send(signal.SIGINT)
    assert (first.end().code, len(standin.ledger)) == (130, 1)


def test_one_number_at_its_limit_stops_nobody_else(
    standin: StandIn, smswrap: Callable[..., Ran], tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    rows = [
        f"{number},{place // 2:06}" for place, number in enumerate(("19900000002", *range(13800000001, 13800000012)))
    ]
    file.write_text("\n".join(["phone,code", *rows]) + "\n", "utf-8")
    ran = smswrap("send-batch", "--file", str(file), "-t", TEMPLATE, "-s", SIGN, "--yes")
    assert (ran.code, ran.envelope["data"]["counts"]["accepted"]) == (7, 10)
    assert ran.envelope["data"]["counts"]["not_sent"] == 0
    assert len(standin.ledger) == 10


def test_without_arguments_there_is_help_and_an_envelope(words: Callable[..., Ran]) -> None:
    ran = words()
    assert (ran.code, ran.error["kind"]) == (2, "input")
    assert "list-signs" in ran.stderr


@pytest.mark.parametrize("gone", ["journal.db*", "journal.db"])
def test_a_journal_that_vanishes_under_a_send_stops_it_and_lets_nothing_be_repeated(
    standin: StandIn, start: Callable[..., Running], smswrap: Callable[..., Ran], tmp_path: Path, gone: str
) -> None:
    """Where its log was left behind, the next run waited for ever."""
    standin.rules({"cmd": "dysmsapi send-sms *", "delay_ms": 500, "then": "continue"})
    running = start(*SEND[:2], ",".join(PEOPLE), *SEND[3:])
    standin.wait_for_call("send-sms")
    for path in (tmp_path / "state").glob(gone):
        path.unlink()
    ran = running.end()
    assert (ran.code, ran.error["code"]) == (1, "journal")
    assert ran.error["message"].endswith("can no longer be written: it has been moved or deleted.")
    again = smswrap(*SEND[:2], PEOPLE[0], *SEND[3:])
    assert (again.code, again.error["code"]) == (10, "journal-damaged")
    assert len(standin.api_calls) == 1
    assert not standin.ai_mode


def test_a_machine_without_file_descriptors_sends_nothing_or_tells_that_it_did(standin: StandIn) -> None:
    """Wherever they run out, it is a matter of setup; on a50652a it was a traceback."""
    ends = []
    for most in (6, 9, 12, 18):
        limited = f'ulimit -n {most}; exec "$0" -m smswrap "$@"'
        argv = ["/bin/sh", "-c", limited, sys.executable, *SEND, "--allow-duplicate"]
        ends.append(subprocess.run(argv, check=False, capture_output=True, text=True))
    assert all(ended.returncode in {0, 3} for ended in ends), [ended.stderr for ended in ends]
    assert ends[0].returncode == ends[1].returncode == 3
    assert all(json.loads(ended.stdout)["error"]["kind"] == "setup" for ended in ends if ended.returncode)
    assert len(standin.ledger) == sum(ended.returncode == 0 for ended in ends)


NO_THREADS = """
import sys, threading
from smswrap.cli import app
def none_left(thread):
    raise RuntimeError("can't start new thread")
threading.Thread.start = none_left
sys.exit(app.main(sys.argv[1:]))
"""


@pytest.mark.parametrize(("number", "code"), [("19900000000", 0), ("19900000008", 8)])
def test_a_machine_without_another_thread_sends_in_the_only_one(standin: StandIn, number: str, code: int) -> None:
    argv = [sys.executable, "-c", NO_THREADS, *SEND[:2], f"{number},19900000001", *SEND[3:]]
    ended = subprocess.run(argv, check=False, capture_output=True, text=True)
    assert ended.returncode == code, ended.stderr
    assert len(standin.sends) == 1
    assert not standin.ai_mode


LATE_SIGNAL = """
import os, signal, sys
from smswrap.cli import app
write = app.write
def signalled(*given, **more):
    os.kill(os.getpid(), int(os.environ["TEST_SIGNAL"]))
    return write(*given, **more)
app.write = signalled
sys.exit(app.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(("number", "code"), [("19900000000", 0), ("19900000008", 8), ("19900000007", 5)])
def test_a_signal_that_comes_when_the_outcome_is_known_changes_nothing(
    standin: StandIn, number: str, code: int, signum: signal.Signals
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LATE_SIGNAL, *SEND[:2], number, *SEND[3:]],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "TEST_SIGNAL": str(int(signum))},
    )
    assert ended.returncode == code
    assert Ran(code, ended.stdout, ended.stderr).envelope["data"]["plan_id"]
    assert len(standin.sends) == 1
