"""What fresh eyes once broke: each of these let somebody get a message twice, without their yes, or lost one."""

from __future__ import annotations

import signal
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

from conftest import SEND, SIGN, TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran, Running, StandIn

LATE = 'ERROR: Get "http://x/?Signature=s": context deadline exceeded (Client.Timeout exceeded)\n'


def change(tmp_path: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(tmp_path / "state" / "journal.db")) as journal, journal:
        assert journal.execute(sql, values).rowcount > 0


def unknown_plan(smswrap: Callable[..., Ran], number: str = "13900000004") -> str:
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
    plan_id = unknown_plan(smswrap)
    standin.rules({"cmd": "dysmsapi send-sms *", "delay_ms": 300, "then": "continue"})
    runs = [start("resume", "--resend-unknown", plan_id, "--yes", "--read-timeout", "1") for _ in range(2)]
    for run in runs:
        run.end()
    assert len(standin.ledger) <= 3
    sends = [call for call in standin.api_calls if call["argv"][1] == "send-sms"]
    assert len(sends) <= 3


def test_a_yes_that_comes_hours_later_sends_nothing(
    standin: StandIn, smswrap: Callable[..., Ran], tmp_path: Path
) -> None:
    plan_id = smswrap(*SEND[:-1]).envelope["data"]["plan_id"]
    change(tmp_path, "UPDATE plans SET created = ?", time.time() - 7 * 3600)
    smswrap(*SEND[:2], "13922220002", *SEND[3:-1])
    assert smswrap("confirm", plan_id).code in {2, 9}
    assert standin.ledger == []


def test_numbers_of_plans_are_never_used_again(standin: StandIn, smswrap: Callable[..., Ran], tmp_path: Path) -> None:
    assert standin.launcher.exists()
    smswrap(*SEND[:-1])
    change(tmp_path, "DELETE FROM plans")
    smswrap(*SEND[:-1])
    with closing(sqlite3.connect(tmp_path / "state" / "journal.db")) as journal:
        ((number,),) = journal.execute("SELECT id FROM plans").fetchall()
    assert number > 1


def test_what_another_plan_sent_meanwhile_is_not_sent_by_resume(
    standin: StandIn, smswrap: Callable[..., Ran], tmp_path: Path
) -> None:
    people = ",".join(f"138{number:08}" for number in range(1, 1502))
    standin.rules(
        {"cmd": "dysmsapi send-sms *", "stdout": '{"Code":"isv.AMOUNT_NOT_ENOUGH","Message":"x"}\n', "times": 1}
    )
    stopped = smswrap(*SEND[:2], people, *SEND[3:]).envelope["data"]
    change(tmp_path, "UPDATE plans SET confirmed = confirmed - 900, created = created - 900")
    change(tmp_path, "UPDATE requests SET started = started - 900, boot = '' WHERE started IS NOT NULL")
    again = smswrap(*SEND[:2], "13800001501", *SEND[3:])
    assert again.code == 10
    assert smswrap(*SEND[:2], "13800001501", *SEND[3:], "--allow-duplicate").code == 0
    assert smswrap("resume", stopped["plan_id"]).code == 10
    assert [message["phone"] for message in standin.ledger] == ["13800001501"]


def test_a_message_with_the_same_out_id_is_no_proof_of_another_one(
    standin: StandIn, smswrap: Callable[..., Ran]
) -> None:
    start = ("send", "-p", "13812341234", "-s", SIGN, "-t", TEMPLATE, "-o", "order-1", "--yes")
    assert smswrap(*start, "--var", "code=1111").code == 0
    standin.rules({"cmd": "dysmsapi send-sms *2222*", "exit_code": 1, "stderr": LATE})
    assert smswrap(*start, "--var", "code=2222", "--settle").code == 8
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
    plan_id = smswrap(*SEND[:2], "13900000001", *SEND[3:-1]).envelope["data"]["plan_id"]
    first = smswrap("confirm", plan_id, "--wait")
    second = smswrap("confirm", plan_id)
    assert (first.code, second.code) == (5, 5)
    assert first.error["code"] == second.error["code"]
    assert len(standin.ledger) == 1


def test_a_second_confirm_does_not_wait_for_the_receipts_of_the_first(
    standin: StandIn, smswrap: Callable[..., Ran], start: Callable[..., Running]
) -> None:
    plan_id = smswrap(*SEND[:2], "13900000006", *SEND[3:-1]).envelope["data"]["plan_id"]
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
        f"{number},{place // 2:06}" for place, number in enumerate(("13900000002", *range(13800000001, 13800000012)))
    ]
    file.write_text("\n".join(["phone,code", *rows]) + "\n", "utf-8")
    ran = smswrap("send-batch", "--file", str(file), "-t", TEMPLATE, "-s", SIGN, "--yes")
    assert (ran.code, ran.envelope["data"]["counts"]["accepted"]) == (7, 10)
    assert ran.envelope["data"]["counts"]["not_sent"] == 0
    assert len(standin.ledger) == 10


def test_without_arguments_there_is_help_or_an_envelope_and_no_traceback(smswrap: Callable[..., Ran]) -> None:
    ran = smswrap()
    assert ran.code in {0, 2}
    assert "Traceback" not in ran.stderr
    assert "list-signs" in ran.stdout + ran.stderr


def test_a_journal_that_vanishes_under_a_send_stops_it(
    standin: StandIn, start: Callable[..., Running], tmp_path: Path
) -> None:
    people = ",".join(f"138{number:08}" for number in range(1, 1502))
    standin.rules({"cmd": "dysmsapi send-sms *", "delay_ms": 500, "then": "continue"})
    running = start(*SEND[:2], people, *SEND[3:])
    standin.wait_for_call("send-sms")
    for path in (tmp_path / "state").glob("journal.db*"):
        path.unlink()
    ran = running.end()
    assert (ran.code, ran.error["code"]) == (1, "journal")
    assert len(standin.api_calls) == 1
    assert not standin.ai_mode
