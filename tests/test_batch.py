"""`smswrap send-batch --file`: whole lists, checked first, sent fast, told completely."""

from __future__ import annotations

import csv
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import SIGN, TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran, Running, StandIn

BATCH = ("send-batch", "-t", TEMPLATE, "-s", SIGN, "--yes")
LIMITED = '{"Code":"Throttling.User","Message":"x","RequestId":"R"}\n'
BALANCE = '{"Code":"isv.AMOUNT_NOT_ENOUGH","Message":"x","RequestId":"R"}\n'


@pytest.fixture
def people(tmp_path: Path) -> Callable[..., str]:
    """Write a list of recipients; `each` of them share a code, so that they share a request."""

    def write(count: int, *, each: int = 2, encoding: str = "utf-8", extra: tuple[str, ...] = ()) -> str:
        path = tmp_path / "people.csv"
        rows = [f"138{number:08},{number // each:06},备注" for number in range(1, count + 1)]
        path.write_text("\n".join(["手机号,code,note", *rows, *extra]) + "\n", encoding)
        return str(path)

    return write


def sending(standin: StandIn) -> list[dict[str, Any]]:
    """The calls that send."""
    return [call for call in standin.api_calls if call["argv"][1].startswith("send-")]


MAPPED = ("--map", "phone=手机号,code=code")


def test_rows_of_one_content_share_a_request_and_others_go_out_as_a_batch(
    standin: StandIn, smswrap: Callable[..., Ran], people: Callable[..., str]
) -> None:
    ran = smswrap(*BATCH, "--file", people(8, encoding="gb18030"), *MAPPED)
    assert (ran.code, ran.envelope["status"]) == (0, "accepted")
    assert {message["phone"]: message["params"] for message in standin.ledger} == {
        f"138{number:08}": {"code": f"{number // 2:06}"} for number in range(1, 9)
    }
    operations = sorted(call["argv"][1] for call in standin.api_calls)
    assert operations == ["get-sms-template", "send-batch-sms", "send-sms", "send-sms", "send-sms"]


def test_nothing_is_sent_while_a_row_has_a_problem(
    standin: StandIn, words: Callable[..., Ran], people: Callable[..., str], tmp_path: Path
) -> None:
    wrong = ("1.38E+10,1,", "13800000001,1,", "13887654321,,", "12345,1,")
    errors = tmp_path / "errors.csv"
    file = people(4, extra=wrong)
    ran = words(*BATCH, "--file", file, *MAPPED, "--errors-file", str(errors))
    assert ran.code == 2
    assert ran.envelope["data"]["problems_total"] == 4
    assert sorted(problem["row"] for problem in ran.envelope["data"]["problems"]) == [6, 7, 8, 9]
    with errors.open(encoding="utf-8-sig", newline="") as lines:
        assert sorted(row["row"] for row in csv.DictReader(lines)) == ["6", "7", "8", "9"]
    assert [call["argv"][1] for call in standin.api_calls] == ["get-sms-template"]


def test_skip_invalid_sends_the_rest_and_the_result_file_tells_of_every_row(
    standin: StandIn, words: Callable[..., Ran], people: Callable[..., str], tmp_path: Path
) -> None:
    results = tmp_path / "results.csv"
    file = people(4, extra=("1.38E+10,1,x",))
    ran = words(*BATCH, "--file", file, *MAPPED, "--skip-invalid", "--result-file", str(results))
    assert ran.code == 0
    with results.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert list(rows[0]) == ["手机号", "code", "note", "outcome", "sms_code", "biz_id", "receipt"]
    assert [row["outcome"] for row in rows] == ["accepted"] * 4 + ["invalid"]
    assert {row["biz_id"] for row in rows[:4]} == {message["biz_id"] for message in standin.ledger}


def test_the_result_file_tells_what_the_receipts_say_and_why_a_message_failed(
    standin: StandIn, words: Callable[..., Ran], tmp_path: Path
) -> None:
    results = tmp_path / "results.csv"
    planned = words("send", "-p", "19900000000,19900000001,19900000006", *BATCH[1:-1], "--var", "code=1234")
    plan_id = planned.envelope["data"]["plan_id"]
    ran = words("confirm", plan_id, "--wait", "--wait-timeout", "1", "--result-file", str(results))
    assert (ran.code, len(standin.ledger)) == (5, 3)
    with results.open(encoding="utf-8-sig", newline="") as lines:
        told = [(row["outcome"], row["receipt"], row["code"]) for row in csv.DictReader(lines)]
    failed = ("accepted", "failed", "MOBILE_NOT_ON_SERVICE")
    assert told == [("accepted", "delivered", ""), failed, ("accepted", "in_flight", "")]
    listed = words("history", "--plan", plan_id).envelope["data"]["sends"]
    assert [line.get("code") for line in listed if line["receipt"] == "failed"] == ["MOBILE_NOT_ON_SERVICE"]


def test_without_yes_the_batch_waits_for_its_confirmation(
    standin: StandIn, words: Callable[..., Ran], people: Callable[..., str]
) -> None:
    ran = words(*BATCH[:-1], "--file", people(6), *MAPPED, "--verify")
    assert (ran.code, ran.envelope["data"]["recipients_total"]) == (9, 6)
    assert ran.envelope["data"]["messages"][0]["text"].startswith(f"【{SIGN}】")
    assert standin.ledger == []
    assert words("confirm", ran.envelope["data"]["plan_id"]).code == 0
    assert len(standin.ledger) == 6


def test_requests_run_at_once_under_one_session(
    standin: StandIn, words: Callable[..., Ran], people: Callable[..., str]
) -> None:
    standin.rules({"cmd": "dysmsapi *", "delay_ms": 300, "then": "continue"})
    assert words(*BATCH, "--file", people(15), *MAPPED, "--jobs", "4").code == 0
    ends = {record["pid"]: record["time"] for record in standin.records("calls.jsonl") if record["event"] == "end"}
    sends = sending(standin)
    assert sorted(call["time"] for call in sends)[3] < min(ends[call["pid"]] for call in sends)
    assert standin.calls.count("configure ai-mode enable") == 1


def test_the_rate_bounds_how_many_start_in_a_second(
    standin: StandIn, words: Callable[..., Ran], people: Callable[..., str]
) -> None:
    assert words(*BATCH, "--file", people(7), *MAPPED, "--rate", "4").code == 0
    starts = sorted(call["time"] for call in sending(standin))
    assert len(starts) == 4
    assert starts[-1] - starts[0] > 0.6


def test_a_throttled_request_waits_and_is_made_again(
    standin: StandIn, words: Callable[..., Ran], people: Callable[..., str]
) -> None:
    standin.rules({"cmd": "dysmsapi send-sms *", "stdout": LIMITED, "times": 1})
    ran = words(*BATCH, "--file", people(5), *MAPPED)
    assert ran.code == 0
    assert len({message["phone"] for message in standin.ledger}) == len(standin.ledger) == 5


def test_a_refusal_that_meets_every_request_stops_the_batch_and_resume_sends_the_rest(
    standin: StandIn, words: Callable[..., Ran], people: Callable[..., str]
) -> None:
    standin.rules({"cmd": "dysmsapi send-*", "stdout": BALANCE, "times": 1})
    ran = words(*BATCH, "--file", people(21), *MAPPED, "--jobs", "1")
    assert (ran.code, ran.error["code"]) == (5, "isv.AMOUNT_NOT_ENOUGH")
    counts = ran.envelope["data"]["counts"]
    assert counts["refused"] + counts["not_sent"] == 21
    assert len(sending(standin)) == 1
    again = words("resume", ran.envelope["data"]["plan_id"])
    assert (again.code, again.envelope["data"]["counts"]["accepted"]) == (0, 21)
    assert len({message["phone"] for message in standin.ledger}) == len(standin.ledger) == 21


def test_an_interrupt_lets_the_running_ones_finish_and_tells_how_to_go_on(
    standin: StandIn,
    start: Callable[..., Running],
    words: Callable[..., Ran],
    people: Callable[..., str],
    tmp_path: Path,
) -> None:
    results = tmp_path / "results.csv"
    standin.rules({"cmd": "dysmsapi *", "delay_ms": 500, "then": "continue"})
    running = start(*BATCH, "--file", people(41), *MAPPED, "--jobs", "2", "--result-file", str(results))
    standin.wait_for_call("send-sms")
    running.send(signal.SIGINT)
    ran = running.end()
    counts = ran.envelope["data"]["counts"]
    assert ran.code == 130
    assert counts["unknown"] == 0
    assert counts["accepted"] == len(standin.ledger) > 0
    assert counts["not_sent"] > 0
    plan_id = ran.envelope["data"]["plan_id"]
    assert f"smswrap resume {plan_id}" in ran.error["next_step"]
    assert results.read_text("utf-8-sig").count("not_sent") == counts["not_sent"]
    standin.rules()
    assert words("resume", plan_id).code == 0
    assert len({message["phone"] for message in standin.ledger}) == len(standin.ledger) == 41
    assert not standin.ai_mode


def test_options_of_files_and_of_arrays_do_not_mix(standin: StandIn, words: Callable[..., Ran]) -> None:
    ran = words(*BATCH, "--file", "x.csv", "--phone-number-json", '["13887654321"]')
    assert ran.code == 2
    assert "--phone-number-json" in ran.error["message"]
    assert standin.calls == []


ARRAYS = ("send-batch", "-t", TEMPLATE, "--phone-number-json", '["13887654321","13887654322"]')


def test_odd_values_of_the_arrays_stop_until_they_are_accepted_which_is_counted(
    standin: StandIn, words: Callable[..., Ran]
) -> None:
    line = (*ARRAYS, "--sign-name-json", f'["【{SIGN}】","{SIGN}"]', "--template-param-json")
    odd = '[{"code":"nan"},{"code":"NULL"}]'
    ran = words(*line, odd, "--yes")
    assert (ran.code, ran.error["message"].count("no value")) == (2, 2)
    assert standin.sends == []
    ran = words(*line, odd, "--yes", "--accept-odd-values")
    assert ran.code == 0
    assert [message["params"] for message in standin.ledger] == [{"code": "nan"}, {"code": "NULL"}]
    assert {message["sign"] for message in standin.ledger} == {SIGN}
    assert "2 odd value(s) are sent as they are." in ran.envelope["warnings"]
    assert any(f"was read as '{SIGN}'" in warning for warning in ran.envelope["warnings"])


def test_what_carriers_often_refuse_is_told_with_the_rows_of_the_list(
    standin: StandIn, words: Callable[..., Ran], tmp_path: Path
) -> None:
    (tmp_path / "list.csv").write_text("phone,code\n13887654321,12345678\n13887654322,1\n13887654323,1\n")
    ran = words(*BATCH[:-1], "--file", str(tmp_path / "list.csv"), "--verify", "--dry-run")
    told = " ".join(ran.envelope["warnings"])
    assert "3 rows, as ${code} (row 2) is not a code of 4 to 6 letters and digits." in told
    assert "${code} (row 4) is the code of several numbers." in told
    (tmp_path / "list.csv").write_text("phone,code\n13887654321,1234\n13887654322," + "x" * 600)
    ran = words(*BATCH, "--file", str(tmp_path / "list.csv"))
    assert (ran.code, standin.sends) == (2, [])
    assert "--file (row 3) makes a text of" in ran.error["message"]
    assert "--template-param" not in told + ran.error["message"]


def test_the_errors_file_cannot_be_the_list_itself(
    standin: StandIn, words: Callable[..., Ran], people: Callable[..., str]
) -> None:
    file = people(2)
    before = Path(file).read_bytes()
    assert words(*BATCH, "--file", file, *MAPPED, "--errors-file", file).code == 2
    assert Path(file).read_bytes() == before
    assert standin.calls == []


def test_chaos_a_batch_that_is_killed_again_and_again_is_sent_once() -> None:
    script = Path(__file__).parent.parent / "scripts" / "chaos.py"
    ended = subprocess.run(
        [sys.executable, script, "--rounds", "1", "--seed", "11"],
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.endswith("doubled 0, lost 0, AI mode off\n")


def test_a_result_file_that_cannot_be_written_is_refused_before_anything_is_sent(
    standin: StandIn, words: Callable[..., Ran], people: Callable[..., str], tmp_path: Path
) -> None:
    for name in (tmp_path / "missing" / "x.csv", tmp_path):
        ran = words(*BATCH, "--file", people(2), *MAPPED, "--result-file", str(name))
        assert (ran.code, "cannot be written" in ran.error["message"]) == (2, True)
    assert standin.calls == []


def test_a_result_file_that_can_no_longer_be_written_does_not_hide_what_was_sent(
    standin: StandIn, start: Callable[..., Running], people: Callable[..., str], tmp_path: Path
) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    standin.rules({"cmd": "dysmsapi *", "delay_ms": 500, "then": "continue"})
    running = start(*BATCH, "--file", people(2), *MAPPED, "--result-file", str(folder / "x.csv"))
    standin.wait_for_call("dysmsapi")
    folder.rmdir()
    ran = running.end()
    assert (ran.code, ran.envelope["status"]) == (0, "accepted")
    assert any("cannot be written" in warning for warning in ran.envelope["warnings"])
