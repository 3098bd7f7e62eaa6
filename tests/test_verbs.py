"""The reading verbs, run as a user runs them, and the one shape of all answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import DEADLINE, SEND, SIGN, TEMPLATE

from smswrap.clock import days_ago, today

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran, StandIn

READS: dict[str, tuple[str, ...]] = {
    "list-signs": (),
    "list-templates": (),
    "query-sign": ("-s", SIGN),
    "query-template": ("-t", TEMPLATE),
    "query-status": ("-p", "19900000000"),
    "query-statistics": ("--start-date", today(), "--end-date", today()),
    "list-qualifications": (),
    "query-qualification": ("--qualification-group-id", "10000123"),
}
OPERATIONS = {
    "list-signs": "query-sms-sign-list",
    "list-templates": "query-sms-template-list",
    "query-sign": "get-sms-sign",
    "query-template": "get-sms-template",
    "query-status": "query-send-details",
    "query-statistics": "query-send-statistics",
    "list-qualifications": "query-sms-qualification-record",
    "query-qualification": "query-single-sms-qualification",
}
ENVELOPE = ["smswrap", "command", "provider", "sandbox", "status", "error", "warnings", "data", "reply"]
ERROR = ["kind", "code", "message", "meaning", "next_step", "retry", "request_id"]
SIGNS = [f"签名{number:03}" for number in range(1, 121)]


@pytest.mark.parametrize("verb", READS)
def test_each_verb_makes_its_operation_with_ai_mode_on_and_off_again(
    standin: StandIn, smswrap: Callable[..., Ran], verb: str
) -> None:
    ran = smswrap(verb, *READS[verb])
    assert (ran.code, ran.envelope["status"], ran.stderr) == (0, "ok", "")
    assert [call["argv"][1] for call in standin.api_calls] == [OPERATIONS[verb]]
    assert standin.api_calls[0]["ai_mode"]["enabled"] is True
    assert not standin.ai_mode


@pytest.mark.parametrize("verb", READS)
def test_each_verb_gives_the_providers_reply_raw(standin: StandIn, words: Callable[..., Ran], verb: str) -> None:
    assert standin.launcher.exists()
    raw = words(verb, *READS[verb], "--output", "raw").stdout
    assert raw.startswith("{\n\t")
    assert json.loads(raw)["Code"] == "OK"


@pytest.mark.parametrize("verb", READS)
def test_each_verb_gives_a_plain_table(standin: StandIn, words: Callable[..., Ran], verb: str) -> None:
    words(*SEND)
    table = words(verb, *READS[verb], "--output", "table").stdout
    assert table.strip()
    assert "\x1b" not in table
    assert "{" not in table.replace("${", "")
    assert len(standin.ledger) == 1


def account(standin: StandIn, **lists: list[dict[str, Any]]) -> None:
    (standin.directory / "account.json").write_text(json.dumps(lists), "utf-8")


def test_lists_page_as_the_api_does(standin: StandIn, words: Callable[..., Ran]) -> None:
    account(standin, signs=[{"name": name, "state": "approved"} for name in SIGNS])
    data = words("list-signs", "--page", "3", "--page-size", "50").envelope["data"]
    assert [sign["sign"] for sign in data["signs"]] == SIGNS[100:]
    assert (data["page"], data["total"]) == (3, 120)


def test_all_walks_every_page(standin: StandIn, words: Callable[..., Ran]) -> None:
    account(standin, signs=[{"name": name, "state": "approved"} for name in SIGNS])
    envelope = words("list-signs", "--all", "--with-reply").envelope
    assert [sign["sign"] for sign in envelope["data"]["signs"]] == SIGNS
    assert len(envelope["reply"]) == len(standin.api_calls) == 3


def test_approved_keeps_what_can_be_sent_with(standin: StandIn, words: Callable[..., Ran]) -> None:
    assert standin.launcher.exists()
    for verb, key in (("list-signs", "signs"), ("list-templates", "templates")):
        every = words(verb, "--full").envelope["data"][key]
        assert {item["state"] for item in every} == {"approved", "reviewing", "rejected", "cancelled"}
        kept = words(verb, "--approved", "--full").envelope["data"][key]
        assert kept == [item for item in every if item["state"] == "approved"]


def test_approved_on_a_single_lookup_is_an_answer_in_the_exit_code(standin: StandIn, words: Callable[..., Ran]) -> None:
    assert standin.launcher.exists()
    assert words("query-sign", "-s", SIGN, "--approved").code == 0
    ran = words("query-template", "-t", "SMS_100000006", "--approved")
    assert (ran.code, ran.error["code"]) == (5, "not-approved")


def test_what_was_pasted_around_a_name_is_taken_off_and_told(standin: StandIn, words: Callable[..., Ran]) -> None:
    for line, name in (
        (("query-sign", "-s", f"【{SIGN}】"), SIGN),
        (("query-template", "-t", f" {TEMPLATE} "), TEMPLATE),
    ):
        ran = words(*line)
        assert ran.code == 0
        assert any(f"was read as '{name}'" in warning for warning in ran.envelope["warnings"])
    assert words("query-template", "-t", "a b;c").code == 2
    assert len(standin.api_calls) == 2


def test_what_is_not_there_is_refused_and_points_to_the_list(standin: StandIn, words: Callable[..., Ran]) -> None:
    assert standin.launcher.exists()
    ran = words("query-sign", "-s", "没有的签名")
    assert ran.code == 5
    assert ran.error["code"]
    assert ran.envelope["reply"]["Code"] == ran.error["code"]


def test_the_status_of_a_failed_message_exits_5_and_explains_its_code(
    standin: StandIn, words: Callable[..., Ran]
) -> None:
    words(*SEND[:2], "19900000001", *SEND[3:])
    ran = words("query-status", "-p", "+86 199 0000 0001", "--biz-id", standin.ledger[0]["biz_id"])
    assert (ran.code, ran.envelope["status"]) == (5, "undelivered")
    (message,) = ran.envelope["data"]["messages"]
    assert (message["receipt"], message["code"]) == ("failed", "MOBILE_NOT_ON_SERVICE")
    assert "The number" in message["meaning"]


def test_the_status_of_a_message_in_flight_exits_0(standin: StandIn, words: Callable[..., Ran]) -> None:
    words(*SEND[:2], "19900000006", *SEND[3:])
    ran = words("query-status", "-p", "19900000006")
    assert (ran.code, ran.envelope["data"]["messages"][0]["receipt"]) == (0, "in_flight")
    assert standin.api_calls[-1]["argv"][6:8] == ["--send-date", today()]


def test_query_status_waits_for_a_late_receipt(standin: StandIn, words: Callable[..., Ran]) -> None:
    standin.conditions(late_seconds=1.0)
    words(*SEND[:2], "19900000005", *SEND[3:])
    ran = words("query-status", "-p", "19900000005", "--wait")
    assert (ran.code, ran.envelope["data"]["messages"][0]["receipt"]) == (0, "delivered")


def test_query_status_that_waits_in_vain_says_so(standin: StandIn, words: Callable[..., Ran]) -> None:
    words(*SEND[:2], "19900000006", *SEND[3:])
    ran = words("query-status", "-p", "19900000006", "--wait", "--wait-timeout", "1")
    assert "Still no receipt" in ran.envelope["warnings"][0]
    assert len(standin.api_calls) > 2


def test_query_status_pages_with_all(standin: StandIn, words: Callable[..., Ran]) -> None:
    for _ in range(3):
        words(*SEND, "--allow-duplicate")
    data = words("query-status", "-p", "19900000000", "--page-size", "2", "--all").envelope["data"]
    assert len(data["messages"]) == data["total"] == 3
    assert len(standin.ledger) == 3


def test_statistics_add_totals_and_the_delivery_rate(standin: StandIn, words: Callable[..., Ran]) -> None:
    words(*SEND)
    words(*SEND[:2], "19900000001", *SEND[3:])
    data = words("query-statistics", *READS["query-statistics"], "-s", SIGN, "--template-type", "0").envelope["data"]
    assert data["unit"] == "parts"
    told = {key: value for key, value in data["totals"].items() if value is not None}
    assert told == {"sent": 2, "delivered": 1, "failed": 1, "no_receipt": 0, "delivery_rate": 0.5}
    argv = standin.api_calls[-1]["argv"]
    assert argv[argv.index("--template-type") + 1] == "0"
    assert argv[argv.index("--is-globe") + 1] == "1"


def test_qualifications_are_masked_unless_asked_for(standin: StandIn, words: Callable[..., Ran]) -> None:
    assert standin.launcher.exists()
    for output in ("json", "table"):
        masked = words("query-qualification", "--qualification-group-id", "10000123", "--output", output).stdout
        shown = words(
            "query-qualification", "--qualification-group-id", "10000123", "--output", output, "--show-personal-data"
        ).stdout
        raw = json.loads(
            words("query-qualification", "--qualification-group-id", "10000123", "--output", "raw").stdout
        )["Data"]
        for secret in (raw["LegalPersonIDCardNo"], raw["AdminPhoneNo"], raw["AdminName"]):
            assert secret not in masked
            assert secret in shown


def test_a_rejected_qualification_tells_why(standin: StandIn, words: Callable[..., Ran]) -> None:
    assert standin.launcher.exists()
    listed = words("list-qualifications").envelope["data"]["qualifications"]
    (rejected,) = [record for record in listed if record["state"] == "rejected"]
    data = words("query-qualification", "--qualification-group-id", str(rejected["group_id"])).envelope["data"]
    assert data["state"] == "rejected"
    assert data["audit_remark"] == rejected["audit_remark"]


def test_all_filters_of_the_qualification_list_reach_the_api(standin: StandIn, words: Callable[..., Ran]) -> None:
    filters = ("--state", "PASS", "--use-by-self", "true", "--work-order-id", "1", "--company-name", "公司")
    more = ("--qualification-group-name", "名", "--legal-person-name", "人", "--page", "1", "--page-size", "20")
    assert words("list-qualifications", *filters, *more).code == 0
    argv = standin.api_calls[0]["argv"]
    for option, value in zip(filters[::2], filters[1::2], strict=True):
        assert argv[argv.index(option) + 1] == value


@pytest.mark.parametrize(
    "arguments",
    [
        ("query-status", "-p", "13887654321", "--send-date", "20260231"),
        ("query-status", "-p", "13887654321", "--send-date", "2026-11-1"),
        ("query-status", "-p", "13887654321", "--send-date", days_ago(31)),
        ("query-status", "-p", "13887654321", "--send-date", days_ago(-2)),
        ("query-status", "-p", "12345"),
        ("query-status",),
        ("list-signs", "--page-size", "0"),
        ("list-signs", "--page-size", "51"),
        ("list-signs", "--page", "-1"),
        ("list-signs", "--page", "one"),
        ("query-sign", "-s", ""),
        ("query-sign", "-s", "  "),
        ("query-sign", "-s", "a\tb"),
        ("query-sign", "-s", "x" * 100_000),
        ("query-sign", "-s", "\udcff"),
        ("query-statistics", "--start-date", "20260302", "--end-date", "20260301"),
        ("query-statistics", "--start-date", "20260301", "--end-date", "20260302", "--is-globe", "3"),
        ("query-statistics", "--start-date", "20260301", "--end-date", "20260302", "--template-type", "4"),
        ("list-qualifications", "--state", "UNKNOWN"),
        ("query-qualification", "--qualification-group-id", "abc"),
        ("send-batch", "-t", TEMPLATE, "--phone-number-json", '{"a":1}', "--sign-name-json", '["a"]'),
        ("send-batch", "-t", TEMPLATE, "--phone-number-json", '["13887654321"]', "--sign-name-json", '["a","b"]'),
        ("send-batch", "-t", TEMPLATE, "--phone-number-json", "[]", "--sign-name-json", '["a"]'),
        (*SEND[:7], "-tp", '["code"]'),
        (*SEND[:7], "-tp", '{"code":null}'),
        (*SEND[:7], "-tp", '{"code":"1","code":"2"}'),
        (*SEND[:7], "-tp", "{" * 5000),
        (*SEND[:7], "-tp", "@/nonexistent"),
        (*SEND, "--verfy"),
        (*SEND, "--read-timeout", "0"),
        ("nonsense",),
        ("--output", "xml", "list-signs"),
    ],
)
def test_bad_input_exits_2_with_one_sentence_before_any_call(
    standin: StandIn, words: Callable[..., Ran], arguments: tuple[str, ...]
) -> None:
    ran = words(*arguments)
    assert (ran.code, ran.error["kind"], ran.envelope["status"]) == (2, "input", "failed")
    assert ran.error["message"]
    assert ran.error["next_step"]
    assert len(ran.error["message"]) < 400
    assert "Traceback" not in ran.stderr
    assert standin.calls == []


def test_reads_are_repeated_twice_after_a_timeout(
    standin: StandIn, words: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSWRAP_PATIENCE", "0.2")
    text = 'ERROR: Get "http://x/?Signature=s": context deadline exceeded (Client.Timeout exceeded)\n'
    standin.rules({"cmd": "dysmsapi *", "exit_code": 1, "stderr": text, "times": 2})
    assert words("list-signs").code == 0
    standin.rules({"name": "again", "cmd": "dysmsapi *", "exit_code": 1, "stderr": text})
    ran = words("list-signs")
    assert (ran.code, ran.error["kind"], ran.error["retry"]) == (6, "unavailable", "later")
    assert len(standin.api_calls) == 6


def test_a_read_that_is_refused_is_not_repeated(standin: StandIn, words: Callable[..., Ran]) -> None:
    standin.rules({"cmd": "dysmsapi *", "stdout": '{"Code":"isv.OUT_OF_SERVICE","Message":"x","RequestId":"R"}\n'})
    assert words("list-signs").code == 5
    assert len(standin.api_calls) == 1


def test_send_batch_gives_each_recipient_their_own_text(standin: StandIn, words: Callable[..., Ran]) -> None:
    ran = words(
        *("send-batch", "-t", TEMPLATE, "--yes", "--verify", "-o", "batch-1", "--sms-up-extend-code-json", '["1","2"]'),
        *("--phone-number-json", '["13887654321","+86 139-8765-4321"]'),
        *("--sign-name-json", f'["{SIGN}","示例商城"]', "--template-param-json", '[{"code":"111111"},{"code":222222}]'),
    )
    assert (ran.code, ran.envelope["status"]) == (0, "accepted")
    sent = [(message["phone"], message["sign"], message["params"]) for message in standin.ledger]
    assert sent == [
        ("13887654321", SIGN, {"code": "111111"}),
        ("13987654321", "示例商城", {"code": "222222"}),
    ]
    assert len({message["biz_id"] for message in standin.ledger}) == 1
    assert standin.ledger[0]["out_id"] == "batch-1"


def test_explain_prints_a_row_and_searches(words: Callable[..., Ran]) -> None:
    row = words("explain", "isv.SMS_SIGN_NAME_ILLEGAL").envelope["data"]
    assert "list-signs --approved" in row["next_step"]
    every = words("explain").envelope["data"]["total"]
    found = words("explain", "--search", "balance").envelope["data"]
    assert 0 < found["total"] < every
    unlisted = words("explain", "isv.NEVER_SEEN").envelope["data"]
    assert unlisted["meaning"]
    assert words("explain", "--output", "table").stdout.count("\n") > every


@pytest.mark.parametrize(
    "arguments",
    [
        SEND,
        SEND[:-1],
        (*SEND, "--dry-run"),
        (*SEND[:2], "19900000007", *SEND[3:]),
        (*SEND[:2], "19900000008", *SEND[3:]),
        ("--profile", "nope", *SEND),
        ("send",),
        ("nonsense",),
        ("--nonsense",),
        ("send", "--nonsense"),
        ("explain", "x"),
        ("sandbox", "path"),
        *((verb, *more) for verb, more in READS.items()),
    ],
)
def test_every_answer_has_one_shape(standin: StandIn, words: Callable[..., Ran], arguments: tuple[str, ...]) -> None:
    assert standin.launcher.exists()
    assert_one_shape(words(*arguments))


def assert_one_shape(ran: Ran) -> None:
    envelope = ran.envelope
    assert list(envelope) == ENVELOPE
    assert envelope["smswrap"] == 1
    assert isinstance(envelope["warnings"], list)
    assert (envelope["error"] is None) == (ran.code == 0)
    if envelope["error"]:
        assert list(envelope["error"]) == ERROR
        assert envelope["error"]["retry"] in {"never", "later", "after-receipt"}
    assert ran.stdout.endswith("}\n")


GROUP = ("--message-group", "77da1acf")
VOLCENGINE_SEND = ("send", "-p", "19900000000", "-s", "火山引擎", "-t", "ST_code", "--var", "code=1", *GROUP, "--yes")


@pytest.mark.parametrize(
    "arguments",
    [
        VOLCENGINE_SEND,
        VOLCENGINE_SEND[:-1],
        (*VOLCENGINE_SEND, "--dry-run"),
        (*VOLCENGINE_SEND[:2], "19900000007", *VOLCENGINE_SEND[3:]),
        (*VOLCENGINE_SEND[:2], "19900000008", *VOLCENGINE_SEND[3:]),
        ("--profile", "nope", *VOLCENGINE_SEND),
        ("send",),
        ("query-sign", "-s", "火山引擎"),
        ("list-groups",),
        ("list-signs",),
        ("list-templates",),
        ("query-status", "-p", "19900000000", *GROUP),
        ("query-statistics", "--start-date", today(), "--end-date", today()),
        ("doctor",),
    ],
)
def test_every_answer_through_volcengine_has_the_same_shape(
    words: Callable[..., Ran], arguments: tuple[str, ...]
) -> None:
    assert_one_shape(words("--sandbox", "--provider", "volcengine", *arguments))


@pytest.mark.parametrize("verb", ["send", "send-batch", "explain", *READS])
def test_every_verb_has_help_with_an_example(words: Callable[..., Ran], verb: str) -> None:
    ran = words(verb, "--help")
    assert ran.code == 0
    assert "Example" in ran.stdout
    assert f"smswrap {verb}" in ran.stdout


def test_the_references_show_what_the_program_answers() -> None:
    script = Path(__file__).parent.parent / "scripts" / "docs.py"
    ended = subprocess.run([sys.executable, script, "--check"], capture_output=True, check=False, timeout=DEADLINE)
    assert ended.returncode == 0, ended.stderr
