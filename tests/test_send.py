"""`smswrap send`, run as a user runs it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from conftest import SEND, SIGN, TEMPLATE, USER_AGENT

from smswrap import state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran, StandIn

FIRST = ("configure set --auto-plugin-install true", "plugin update", "plugin install --names dysmsapi")
ON = ("configure ai-mode enable", f"configure ai-mode set-user-agent --user-agent {USER_AGENT}")
OFF = ("configure ai-mode disable",)
ENDING = f"--user-agent {USER_AGENT} --read-timeout 3"


def test_the_calls_of_a_first_send_are_these_and_no_more(first_standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    smswrap(*SEND, "-o", "order-1")
    call = (
        f"dysmsapi send-sms --api-version 2017-05-25 --phone-numbers 19900000000 --sign-name {SIGN} "
        f'--template-code {TEMPLATE} --template-param {{"code":"123456"}} --out-id order-1 {ENDING}'
    )
    assert first_standin.calls == ["version", "plugin update", *ON, call, *OFF]


@pytest.mark.parametrize(
    ("change", "again"),
    [
        (lambda _: None, []),
        (lambda standin: os.utime(standin.launcher, (1, 1)), ["version", "plugin update"]),
        (lambda standin: os.utime(standin.home / ".aliyun/plugins/manifest.json", (1, 1)), ["plugin update"]),
        (lambda _: age("aliyun-plugins.json", "updated", 3_601), ["plugin update"]),
        (lambda _: age("aliyun-plugins.json", "updated", -60), ["plugin update"]),
        (lambda standin: set_user_agent(standin, "mine"), [ON[1]]),
    ],
    ids=["nothing", "the CLI", "the plugins", "an hour ago", "set ahead", "the user agent"],
)
def test_a_second_send_prepares_what_has_changed_and_no_more(
    standin: StandIn, words: Callable[..., Ran], change: Callable[[StandIn], None], again: list[str]
) -> None:
    words(*SEND)
    change(standin)
    before = len(standin.calls)
    words(*SEND, "--allow-duplicate")
    made = standin.calls[before:]
    assert [call for call in made if call in {"version", *FIRST, ON[1]}] == again
    assert (made.count(ON[0]), made.count(*OFF), len(made)) == (1, 1, len(again) + 3 + ("mine" in made[-1]))


def age(name: str, what: str, seconds: float) -> None:
    """Let something that is remembered be so many seconds older."""
    facts = state.remembered(name)
    state.remember(name, {**facts, what: facts[what] - seconds})


def set_user_agent(standin: StandIn, text: str) -> None:
    """As the CLI would."""
    (standin.home / ".aliyun" / "ai-mode.json").write_text(json.dumps({"enabled": False, "user_agent": text}))


def test_the_first_send_of_a_new_machine_prepares_the_cli(bare_standin: StandIn, words: Callable[..., Ran]) -> None:
    bare_standin.save_profile()
    ran = words(*SEND)
    assert (ran.code, ran.envelope["status"]) == (0, "accepted")
    assert bare_standin.calls[:4] == ["version", *FIRST]


def test_environment_credentials_alone_are_enough(
    bare_standin: StandIn, words: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI-environment")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "made-up")
    ran = words(*SEND)
    assert ran.code == 0
    assert len(bare_standin.ledger) == 1
    assert ran.envelope["warnings"] == []
    assert not [call for call in bare_standin.calls if call.startswith("configure set")]
    assert bare_standin.api_calls[0]["argv"][-2:] == ["--region", "cn-hangzhou"]


def test_children_are_told_not_to_retry_nor_colour_and_get_an_empty_pipe(
    standin: StandIn, words: Callable[..., Ran]
) -> None:
    words(*SEND)
    (call,) = standin.api_calls
    expected = {
        "NO_COLOR": "1",
        "ALIBABA_CLOUD_CLI_PLUGIN_AUTO_INSTALL": "true",
        "ALIBABA_CLOUD_RETRY_COUNT": "0",
        "ALIBABA_CLOUD_THROTTLING_RETRY_ENABLED": "false",
    }
    assert expected.items() <= call["environment"].items()
    assert call["stdin"] == "pipe"


def test_the_envelope_of_an_accepted_send(standin: StandIn, words: Callable[..., Ran]) -> None:
    envelope = words(*SEND, "-o", "order-1", "--with-reply").envelope
    (request,) = envelope["data"]["requests"]
    assert request["outcome"] == "accepted"
    assert request["biz_id"] == standin.ledger[0]["biz_id"]
    assert request["out_id"] == "order-1"
    assert request["recipients"] == ["+8619900000000"]
    assert envelope["data"]["counts"] == {"recipients": 1, "accepted": 1, "refused": 0, "unknown": 0, "not_sent": 0}
    assert envelope["reply"]["RequestId"] == request["request_id"]


def test_verify_and_wait_end_with_the_delivered_receipt(standin: StandIn, words: Callable[..., Ran]) -> None:
    envelope = words(*SEND, "--verify", "--wait").envelope
    assert envelope["data"]["receipts"][0]["receipt"] == "delivered"
    assert envelope["data"]["verified"]["sign"]["registration"][0]["carrier"] == "mobile"
    operations = [call["argv"][1] for call in standin.api_calls]
    assert operations == ["get-sms-template", "get-sms-sign", "send-sms", "query-send-details"]


def test_raw_output_is_the_providers_reply_untouched(standin: StandIn, words: Callable[..., Ran]) -> None:
    ran = words(*SEND, "--output", "raw")
    assert ran.stdout.startswith('{\n\t"BizId": "')
    assert json.loads(ran.stdout)["BizId"] == standin.ledger[0]["biz_id"]


@pytest.mark.parametrize(
    ("number", "code", "status", "provider_code"),
    [
        ("19900000002", 6, "refused", "isv.BUSINESS_LIMIT_CONTROL"),
        ("19900000003", 8, "unknown", "cli.timeout"),
        ("19900000004", 8, "unknown", "cli.timeout"),
        ("19900000007", 5, "refused", "isv.AMOUNT_NOT_ENOUGH"),
        ("19900000008", 8, "unknown", "cli.killed"),
        ("19900000010", 8, "unknown", "cli.no-reply"),
        ("19900000011", 6, "refused", "Throttling.User"),
        ("19900000012", 4, "refused", "NoPermission"),
        ("19900000013", 5, "refused", "cli.unreachable"),
        ("19900000014", 8, "unknown", "cli.no-reply"),
        ("19900000015", 8, "unknown", "cli.no-reply"),
        ("19900000016", 8, "unknown", "cli.no-reply"),
        ("19900000017", 8, "unknown", "isp.SYSTEM_ERROR"),
        ("19900000018", 5, "refused", "isv.MOBILE_NUMBER_ILLEGAL"),
    ],
)
def test_each_way_a_send_can_fail_has_its_exit_code_and_leaves_ai_mode_off(
    standin: StandIn, words: Callable[..., Ran], number: str, code: int, status: str, provider_code: str
) -> None:
    ran = words(*SEND[:2], number, *SEND[3:], "--read-timeout", "1")
    assert (ran.code, ran.envelope["status"], ran.error["code"]) == (code, status, provider_code)
    assert ran.error["meaning"]
    assert ran.error["next_step"]
    assert [call["argv"][1] for call in standin.api_calls] == ["send-sms"]
    assert not standin.ai_mode


def test_a_refusal_tells_the_request_id(standin: StandIn, words: Callable[..., Ran]) -> None:
    assert standin.launcher.exists()
    for number in ("19900000007", "19900000011"):
        envelope = words(*SEND[:2], number, *SEND[3:]).envelope
        assert len(envelope["data"]["requests"][0]["request_id"]) > 8


def test_a_timeout_text_leaks_neither_key_nor_number_nor_signature(standin: StandIn, words: Callable[..., Ran]) -> None:
    ran = words(*SEND[:2], "19900000003", *SEND[3:], "--read-timeout", "1", "--verbose")
    assert standin.api_calls
    for secret in ("LTAI", "Signature=", "123456"):
        assert secret not in ran.stdout + ran.stderr
    assert "19900000003" not in ran.stderr


def test_a_cli_that_hangs_is_stopped_and_its_send_unknown(
    standin: StandIn, smswrap: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSWRAP_PATIENCE", "0.1")
    ran = smswrap(*SEND[:2], "19900000009", *SEND[3:], "--read-timeout", "1")
    assert (ran.code, ran.error["code"]) == (8, "cli.timeout")
    assert len(standin.ledger) == 1
    assert not standin.ai_mode


def test_auto_install_noise_on_stdout_is_not_part_of_the_reply(standin: StandIn, words: Callable[..., Ran]) -> None:
    noise = "Downloading aliyun-cli-dysmsapi 0.1.0...\nPlugin aliyun-cli-dysmsapi 0.1.0 installed successfully!\n"
    standin.rules({"cmd": "dysmsapi send-sms *", "stdout": noise + '{\n\t"BizId": "1^0",\n\t"Code": "OK"\n}\n'})
    ran = words(*SEND)
    assert ran.code == 0
    assert ran.envelope["data"]["requests"][0]["biz_id"] == "1^0"
    assert json.loads(words(*SEND, "--output", "raw", "--allow-duplicate").stdout) == {"BizId": "1^0", "Code": "OK"}


def test_more_than_a_thousand_recipients_are_split(standin: StandIn, words: Callable[..., Ran]) -> None:
    numbers = ",".join(f"138{number:08}" for number in range(1, 1502))
    ran = words(*SEND[:2], numbers, *SEND[3:], "--with-reply")
    envelope = ran.envelope
    assert [request["recipients_total"] for request in envelope["data"]["requests"]] == [1000, 501]
    assert isinstance(envelope["reply"], list)
    assert len({message["phone"] for message in standin.ledger}) == len(standin.ledger) == 1501
    assert len({request["out_id"] for request in envelope["data"]["requests"]}) == 2


def test_after_a_refusal_that_meets_every_request_the_rest_is_not_tried(
    standin: StandIn, words: Callable[..., Ran]
) -> None:
    standin.rules({"cmd": "dysmsapi send-sms *", "stdout": '{"Code":"isv.AMOUNT_NOT_ENOUGH","Message":"x"}\n'})
    numbers = ",".join(f"138{number:08}" for number in range(1, 1502))
    ran = words(*SEND[:2], numbers, *SEND[3:])
    assert ran.code == 5
    assert ran.envelope["data"]["counts"]["not_sent"] == 501
    assert len(standin.api_calls) == 1


def test_a_refusal_of_some_exits_7_and_says_how_many(standin: StandIn, words: Callable[..., Ran]) -> None:
    refusal = '{"Code":"isv.MOBILE_NUMBER_ILLEGAL","Message":"x","RequestId":"R-1"}\n'
    standin.rules({"cmd": "dysmsapi send-sms *", "stdout": refusal, "times": 1})
    numbers = ",".join(f"138{number:08}" for number in range(1, 1502))
    ran = words(*SEND[:2], numbers, *SEND[3:])
    assert (ran.code, ran.envelope["status"]) == (7, "partial")
    assert ran.envelope["data"]["counts"] == {
        "recipients": 1501,
        "accepted": 501,
        "refused": 1000,
        "unknown": 0,
        "not_sent": 0,
    }


def test_wait_tells_a_carriers_refusal(standin: StandIn, words: Callable[..., Ran]) -> None:
    ran = words(*SEND[:2], "19900000001", *SEND[3:], "--wait")
    assert (ran.code, ran.envelope["status"]) == (5, "undelivered")
    assert ran.envelope["data"]["requests"][0]["outcome"] == "accepted"
    assert ran.envelope["data"]["receipts"][0]["meaning"]
    assert not standin.ai_mode


def test_wait_follows_a_late_receipt(standin: StandIn, words: Callable[..., Ran]) -> None:
    standin.conditions(late_seconds=0.3)
    ran = words(*SEND[:2], "19900000005", *SEND[3:], "--wait")
    assert ran.code == 0
    assert ran.envelope["data"]["receipts"][0]["receipt"] == "delivered"


def test_wait_gives_up_after_its_timeout_without_calling_it_a_failure(
    standin: StandIn, words: Callable[..., Ran]
) -> None:
    ran = words(*SEND[:2], "19900000006", *SEND[3:], "--wait", "--wait-timeout", "1")
    assert (ran.code, ran.envelope["status"]) == (0, "accepted")
    assert ran.envelope["data"]["receipts"][0]["receipt"] == "in_flight"
    assert "do not send again" in ran.envelope["warnings"][0]
    assert not standin.ai_mode


def test_receipts_that_cannot_be_queried_do_not_hide_that_the_send_was_accepted(
    standin: StandIn, words: Callable[..., Ran]
) -> None:
    standin.rules({"cmd": "dysmsapi query-send-details *", "exit_code": 1, "stderr": "ERROR: nonsense\n"})
    ran = words(*SEND, "--wait")
    assert (ran.code, ran.envelope["status"]) == (0, "accepted")
    assert "could not be queried" in ran.envelope["warnings"][0]


def test_without_a_terminal_and_without_yes_nothing_is_sent(standin: StandIn, words: Callable[..., Ran]) -> None:
    ran = words(*SEND[:-1])
    assert (ran.code, ran.envelope["status"], ran.error["kind"]) == (9, "confirmation_needed", "confirmation")
    assert ran.envelope["data"]["plan_id"]
    assert [call["argv"][1] for call in standin.api_calls] == ["get-sms-template"]
    assert not standin.ai_mode


def test_a_dry_run_shows_the_plan_with_its_text_and_sends_nothing(standin: StandIn, words: Callable[..., Ran]) -> None:
    ran = words(*SEND, "--dry-run")
    data = ran.envelope["data"]
    assert (ran.code, ran.envelope["status"]) == (0, "planned")
    assert data["recipients"] == ["+8619900000000"]
    assert data["requests"] == data["parts"] == 1
    assert data["messages"][0]["text"].startswith(f"【{SIGN}】")
    assert [call["argv"][1] for call in standin.api_calls] == ["get-sms-template"]
    assert not standin.ai_mode


def test_a_dry_run_without_a_cli_shows_the_plan_without_the_text(
    standin: StandIn, words: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    standin.launcher.unlink()
    monkeypatch.setenv("PATH", str(standin.launcher.parent))
    ran = words(*SEND, "--dry-run")
    assert (ran.code, ran.envelope["data"]["parts"]) == (0, None)
    assert "The text is not known" in ran.envelope["warnings"][0]


def test_a_dry_run_with_verify_shows_text_and_parts(standin: StandIn, words: Callable[..., Ran]) -> None:
    data = words(*SEND, "--dry-run", "--verify").envelope["data"]
    assert data["messages"][0]["text"] == f"【{SIGN}】您的验证码为：123456，5分钟内有效，请勿泄露。"
    assert data["parts"] == 1
    assert "send-sms" not in " ".join(standin.calls)
    assert not standin.ai_mode


def test_the_plan_id_names_the_content(standin: StandIn, words: Callable[..., Ran]) -> None:
    assert standin.launcher.exists()
    once, again = (words(*SEND, "--dry-run").envelope["data"]["plan_id"] for _ in range(2))
    other = words(*SEND, "--dry-run", "--var", "name=x").envelope["data"]["plan_id"]
    assert once == again != other


@pytest.mark.parametrize(
    ("sign", "template", "variables", "said"),
    [
        ("审核中签名", TEMPLATE, ("code",), "reviewing"),
        ("已驳回签名", TEMPLATE, ("code",), "rejected"),
        ("已取消签名", TEMPLATE, ("code",), "cancelled"),
        (SIGN, "SMS_100000004", ("service", "time"), "reviewing"),
        (SIGN, "SMS_100000005", ("amount",), "rejected"),
        (SIGN, "SMS_100000006", ("code",), "cancelled"),
    ],
)
def test_verify_refuses_what_is_not_approved(
    standin: StandIn, words: Callable[..., Ran], sign: str, template: str, variables: tuple[str, ...], said: str
) -> None:
    values = [word for name in variables for word in ("--var", f"{name}=1")]
    ran = words("send", "-p", "19900000000", "-s", sign, "-t", template, *values, "--yes", "--verify")
    assert (ran.code, ran.error["code"]) == (5, "not-approved")
    assert said in ran.error["message"]
    assert "--approved" in ran.error["next_step"]
    assert standin.ledger == []


def test_a_superfluous_variable_alone_is_a_warning(standin: StandIn, words: Callable[..., Ran]) -> None:
    ran = words(*SEND, "--verify", "--var", "name=x")
    assert (ran.code, len(standin.ledger)) == (0, 1)
    assert "${name}" in ran.envelope["warnings"][0]


def test_verify_names_missing_and_superfluous_variables(standin: StandIn, words: Callable[..., Ran]) -> None:
    ran = words("send", "-p", "19900000000", "-s", SIGN, "-t", TEMPLATE, "--var", "kode=1", "--yes", "--verify")
    assert ran.code == 2
    assert "${code}" in ran.error["message"]
    assert "${kode}" in ran.error["message"]
    assert standin.ledger == []


def test_values_with_urls_ampersands_quotes_and_chinese_arrive_as_they_were(
    standin: StandIn, words: Callable[..., Ran], tmp_path: Path
) -> None:
    values = {"name": 'R&D "张三" !#$*;()|<>', "order": "\\ '单引号'", "url": "https://example.com/?a=1&b=2"}
    text = json.dumps(values, ensure_ascii=False)
    file = tmp_path / "values.json"
    file.write_text(text, "utf-8")
    start = ("send", "-p", "19900000000", "-s", "示例商城", "-t", "SMS_100000002", "--yes", "--allow-duplicate")
    variables = [word for name, value in values.items() for word in ("--var", f"{name}={value}")]
    for given in (["-tp", text], ["--template-param", f"@{file}"], variables):
        assert words(*start, *given).code == 0
    assert [message["params"] for message in standin.ledger] == [values] * 3


def test_template_parameters_can_come_from_stdin(standin: StandIn, words: Callable[..., Ran], tmp_path: Path) -> None:
    file = tmp_path / "values.json"
    file.write_text('\ufeff{"code":123456}', "utf-8")
    with file.open() as stdin:
        ran = words("send", "-p", "19900000000", "-s", SIGN, "-t", TEMPLATE, "-tp", "-", "--yes", stdin=stdin)
    assert ran.code == 0
    assert standin.ledger[0]["params"] == {"code": "123456"}


def test_everything_wrong_is_told_at_once_before_any_call(standin: StandIn, words: Callable[..., Ran]) -> None:
    ran = words("send", "-p", "123,13887654321,+86 138-8765-4321", "-t", TEMPLATE, "-tp", "[1]", "-o", "x" * 256)
    assert ran.code == 2
    fields = [problem["field"] for problem in ran.envelope["data"]["problems"]]
    assert sorted(fields) == [
        "--out-id",
        "--phone-numbers",
        "--phone-numbers",
        "--sign-name",
        "--template-param",
    ]
    assert standin.calls == []


@pytest.mark.parametrize("number", ["13800138000", "+86 139 0013 9000", "0086-13700137000"])
def test_sample_numbers_of_the_documentation_are_refused_outside_the_sandbox(
    standin: StandIn, words: Callable[..., Ran], number: str
) -> None:
    ran = words(*SEND[:2], number, *SEND[3:])
    assert ran.code == 2
    assert "example number" in ran.error["message"]
    assert standin.calls == []


def test_the_sandbox_needs_nothing_and_touches_no_home(words: Callable[..., Ran], tmp_path: Path) -> None:
    ran = words("--sandbox", *SEND, "--verify", "--wait")
    assert ran.code == 0
    assert list((tmp_path / "home").iterdir()) == []
    log = words("sandbox", "log").envelope["data"]["calls"]
    assert log[-1]["argv"] == ["configure", "ai-mode", "disable"]
    assert words("sandbox", "path").envelope["data"]["path"] == str(tmp_path / "stand-in")
    words("sandbox", "reset")
    assert not (tmp_path / "stand-in").exists()


@pytest.mark.parametrize("place", ["before", "after"])
def test_common_options_stand_before_or_after_the_verb(standin: StandIn, words: Callable[..., Ran], place: str) -> None:
    common = ("--region", "cn-shanghai", "--read-timeout", "5")
    arguments = (*common, *SEND) if place == "before" else (*SEND, *common)
    assert words(*arguments).code == 0
    assert standin.api_calls[0]["argv"][-4:] == ["--read-timeout", "5", "--region", "cn-shanghai"]


def test_common_options_come_from_the_environment_and_the_flag_wins(
    standin: StandIn, words: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSWRAP_READ_TIMEOUT", "7")
    monkeypatch.setenv("SMSWRAP_OUTPUT", "raw")
    words(*SEND)
    ran = words(*SEND, "--read-timeout", "8", "--output", "json", "--allow-duplicate")
    timeouts = [call["argv"][call["argv"].index("--read-timeout") + 1] for call in standin.api_calls]
    assert timeouts == ["7", "8"]
    assert ran.envelope["status"] == "accepted"


@pytest.mark.parametrize(("value", "said"), [("12345678", "not a code of 4 to 6"), ("http://a.cn", "holds a link")])
def test_verify_holds_the_values_against_the_rules_of_carriers(
    standin: StandIn, words: Callable[..., Ran], value: str, said: str
) -> None:
    recipients_and_names = SEND[: SEND.index(TEMPLATE) + 1]
    ran = words(*recipients_and_names, "--var", f"code={value}", "--verify")
    told = str([*ran.envelope["warnings"], ran.error])
    assert said in told
    assert value not in f"{told} {ran.stderr}"
    assert standin.ledger == []
