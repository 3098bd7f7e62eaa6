"""`scripts/send_sms.sh`, run as its old callers run it; D1-D9 are the defects of the script that it replaces."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import DEADLINE, SIGN, TEMPLATE, USER_AGENT, Ran
from hypothesis import assume, given
from hypothesis import strategies as st
from old_lines import LINES, PAGE, Line, table

from smswrap.clock import today
from smswrap.compat import COMMANDS, COMMON, FLAGS, LISTS, main, translate
from smswrap.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import StandIn

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "scripts" / "send_sms.sh"
NUMBER = "19900000000"
SEND = ("send", "-p", NUMBER, "-s", SIGN, "-t", TEMPLATE, "-tp", '{"code":"123456"}')
ENDING = f"--user-agent {USER_AGENT} --read-timeout 3 --region cn-hangzhou"
DOCUMENTED = (
    """send -p "13800138000" -s "AliyunDemo" -t "SMS_123456" -tp '{"code":"123456"}'""",
    """send -p "13800138000" -s "AliyunDemo" -t "SMS_123456" -tp '{"code":"123456"}' --verify""",
    "list-signs",
    "list-templates",
    'query-sign --sign-name "AliyunDemo"',
    'query-template --template-code "SMS_123456"',
    'query-statistics --start-date "20260301" --end-date "20260326"',
    'query-statistics --start-date "20260301" --end-date "20260326" --is-globe 2',
    'query-statistics --start-date "20260301" --end-date "20260326" --sign-name "AliyunDemo" --template-type 0',
)
"""The section "Using the wrapper script" of the skill document, but for query-status: its printed date grows old."""
DOCUMENTED_ACCOUNT = {
    "signs": [{"name": "AliyunDemo"}],
    "templates": [{"code": "SMS_123456", "content": "您的验证码为：${code}", "type": "verification"}],
}
CALLS = (
    ("list-signs", "query-sms-sign-list", "--page-index 1 --page-size 50"),
    ("list-templates", "query-sms-template-list", "--page-index 1 --page-size 50"),
    (f"query-sign --sign-name {SIGN}", "get-sms-sign", f"--sign-name {SIGN}"),
    (f"query-sign -s {SIGN}", "get-sms-sign", f"--sign-name {SIGN}"),
    (f"query-template --template-code {TEMPLATE}", "get-sms-template", f"--template-code {TEMPLATE}"),
    (f"query-template -t {TEMPLATE}", "get-sms-template", f"--template-code {TEMPLATE}"),
    (
        "query-statistics --start-date 20260301 --end-date 20260326",
        "query-send-statistics",
        "--is-globe 1 --start-date 20260301 --end-date 20260326 --page-index 1 --page-size 10",
    ),
    (
        "query-statistics --start-date=20260301 --end-date=20260326 --is-globe=2 --page-index 2 --page-size 20",
        "query-send-statistics",
        "--is-globe 2 --start-date 20260301 --end-date 20260326 --page-index 2 --page-size 20",
    ),
    (
        f"query-statistics --start-date 20260301 --end-date 20260326 --sign-name {SIGN} --template-type 7",
        "query-send-statistics",
        "--is-globe 1 --start-date 20260301 --end-date 20260326 --page-index 1 --page-size 10 "  # noqa: ISC004  one text
        f"--sign-name {SIGN} --template-type 7",
    ),
)
TOOLS = ("bash", "cat", "cmp", "dirname", "readlink", "sed")
"""What the script itself calls."""


def run(*arguments: str, script: Path | str = SCRIPT, shell: str = "bash", **options: Any) -> Ran:
    ended = subprocess.run(
        [shell, str(script), *arguments],
        check=False,
        capture_output=True,
        stdin=options.pop("stdin", subprocess.DEVNULL),
        encoding="utf-8",
        timeout=DEADLINE,
        **options,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr)


def write_program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(0o755)
    return path


def python_program(path: Path, *flags: str) -> Path:
    return write_program(path, f'#!/bin/sh\nexec {shlex.join([sys.executable, *flags])} "$@"\n')


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test works in another directory than the checkout."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")


@pytest.fixture
def old(inside: Callable[..., Ran]) -> Callable[..., Ran]:
    """Run an old command line in this process: what the script does beside finding smswrap."""
    return partial(inside, main)


@pytest.fixture
def ready(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """The stand-in on a machine in daily use, with smswrap on PATH too: a checkout that is tested may have no .venv."""
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}{Path(sys.executable).parent}")
    return standin


@pytest.fixture
def documented(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """The sandbox, whose account has the sign and the template that the skill document names."""
    monkeypatch.setenv("SMSWRAP_SANDBOX", "1")
    (standin.directory / "account.json").write_text(json.dumps(DOCUMENTED_ACCOUNT), "utf-8")
    return standin


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of scripts/ alone, on a machine with no Python, no aliyun and no smswrap; gives the copied script."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found, tool
        (tools / tool).symlink_to(found)
    monkeypatch.setenv("PATH", str(tools))
    shutil.copytree(SCRIPT.parent, tmp_path / "copy" / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "copy" / "scripts" / "send_sms.sh"


@pytest.fixture
def checkout(bare: Path) -> Path:
    """The same with the environment that setup.sh makes; gives the copied script."""
    root = bare.parent.parent
    shutil.copytree(ROOT / "requirements", root / "requirements")
    # Without its first option -I, so that it finds the package that is being tested.
    write_program(root / ".venv" / "bin" / "python", f'#!/bin/sh\nshift\nexec {shlex.quote(sys.executable)} "$@"\n')
    (root / ".venv" / ".smswrap").write_text(f"run\n{root.resolve()}\n")
    shutil.copy(root / "requirements" / "run.txt", root / ".venv" / ".smswrap-requirements")
    return bare


def option_of(call: dict[str, Any], option: str) -> str:
    argv = call["argv"]
    return str(argv[argv.index(option) + 1])


# The documented command lines


@pytest.mark.parametrize("line", DOCUMENTED)
def test_each_line_of_the_document_works_in_the_sandbox(
    documented: StandIn, old: Callable[..., Ran], line: str
) -> None:
    # The number that is printed there is a stranger's: a rehearsal teaches that it is no number to send to.
    ran = old(*shlex.split(line.replace("13800138000", NUMBER)))
    assert (ran.code, ran.stderr.count("error")) == (0, 0)
    assert json.loads(ran.stdout)["Code"] == "OK"
    assert len(documented.ledger) == line.startswith("send")
    assert not documented.ai_mode


def test_the_documented_query_status_works_with_a_date_of_now(documented: StandIn, old: Callable[..., Ran]) -> None:
    assert documented.ledger == []
    ran = old(*shlex.split(f'query-status -p "13800138000" --send-date "{today()}" --biz-id "xxx^0"'))
    assert (ran.code, json.loads(ran.stdout)["TotalCount"]) == (0, "0")


def test_the_documented_query_status_with_its_printed_date_says_which_dates_can_be_asked(
    documented: StandIn, old: Callable[..., Ran]
) -> None:
    ran = old(*shlex.split('query-status -p "13800138000" --send-date "20260326" --biz-id "xxx^0"'))
    assert (ran.code, ran.stdout) == (2, "")
    assert "last 30 days" in ran.stderr
    assert documented.api_calls == []


@pytest.mark.parametrize("sandbox", ["0", "1"])
@pytest.mark.parametrize("number", ["13800138000", "13900139000", "13700137000"])
def test_sample_numbers_of_the_document_are_refused_in_the_sandbox_too(
    standin: StandIn, old: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, number: str, sandbox: str
) -> None:
    monkeypatch.setenv("SMSWRAP_SANDBOX", sandbox)
    ran = old("send", "-p", number, *SEND[3:])
    assert (ran.code, ran.stdout) == (2, "")
    assert "example number" in ran.stderr
    assert standin.calls == []


@pytest.mark.parametrize(("line", "operation", "expected"), CALLS)
def test_each_query_makes_the_call_of_the_old_script(
    standin: StandIn, old: Callable[..., Ran], line: str, operation: str, expected: str
) -> None:
    ran = old(*shlex.split(line))
    assert (ran.code, json.loads(ran.stdout)["Code"]) == (0, "OK")
    (call,) = standin.api_calls
    assert " ".join(call["argv"]) == f"dysmsapi {operation} --api-version 2017-05-25 {expected} {ENDING}"


@pytest.mark.parametrize("option", ["-p", "--phone-numbers", "--phone-number"])
def test_query_status_asks_for_ten_receipts_of_today(standin: StandIn, old: Callable[..., Ran], option: str) -> None:
    old(*SEND)
    days = [today()]
    ran = old("query-status", option, NUMBER)
    days.append(today())
    assert json.loads(ran.stdout)["SmsSendDetailDTOs"]["SmsSendDetailDTO"][0]["PhoneNum"] == NUMBER
    call = standin.api_calls[-1]
    assert option_of(call, "--send-date") in days
    assert " ".join(call["argv"]).endswith(f"--page-size 10 --current-page 1 {ENDING}")


def test_query_status_asks_for_one_send_of_one_day(standin: StandIn, old: Callable[..., Ran]) -> None:
    biz_id = json.loads(old(*SEND).stdout)["BizId"]
    assert old("query-status", "-p", NUMBER, "--send-date", today(), "--biz-id", biz_id).code == 0
    assert option_of(standin.api_calls[-1], "--biz-id") == biz_id


@pytest.mark.parametrize(
    "arguments",
    [
        ("-p", NUMBER, "-s", SIGN, "-t", TEMPLATE, "-tp", '{"code":"1"}', "-o", "order-1", "-r", "cn-shanghai"),
        (
            *("--phone-numbers", NUMBER, "--sign-name", SIGN, "--template-code", TEMPLATE),
            *("--template-param", '{"code":"1"}', "--out-id", "order-1", "--region", "cn-shanghai"),
        ),
        (
            *(f"--phone-numbers={NUMBER}", f"--sign-name={SIGN}", f"--template-code={TEMPLATE}"),
            *('--template-param={"code":"1"}', "--out-id=order-1", "--region=cn-shanghai"),
        ),
    ],
    ids=["short", "long", "with-equals"],
)
def test_every_spelling_of_the_options_makes_the_same_send(
    standin: StandIn, old: Callable[..., Ran], arguments: tuple[str, ...]
) -> None:
    standin.save_profile("other")
    ran = old("send", *arguments, "--profile", "other")
    assert ran.code == 0
    (call,) = standin.api_calls
    assert " ".join(call["argv"]) == (
        f"dysmsapi send-sms --api-version 2017-05-25 --phone-numbers {NUMBER} --sign-name {SIGN} "
        f'--template-code {TEMPLATE} --template-param {{"code":"1"}} --out-id order-1 '
        f"--user-agent {USER_AGENT} --read-timeout 3 --region cn-shanghai --profile other"
    )


def test_a_send_asks_nobody_and_its_reply_has_the_documented_fields(standin: StandIn, old: Callable[..., Ran]) -> None:
    reply = json.loads(old(*SEND).stdout)
    assert sorted(reply) == ["BizId", "Code", "Message", "RequestId"]
    assert reply["BizId"] == standin.ledger[0]["biz_id"]


def test_the_region_is_cn_hangzhou_whatever_profile_and_environment_say(
    standin: StandIn, old: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    standin.save_profile("abroad", region_id="ap-southeast-1")
    for variable in ("ALIBABA_CLOUD_REGION_ID", "SMSWRAP_REGION"):
        monkeypatch.setenv(variable, "cn-beijing")
    for arguments in ((), ("--profile", "abroad"), ("-r", "")):
        assert old("list-signs", *arguments).code == 0
    assert old("list-signs", "-r", "cn-shanghai").code == 0
    regions = [option_of(call, "--region") for call in standin.api_calls]
    assert regions == ["cn-hangzhou", "cn-hangzhou", "cn-hangzhou", "cn-shanghai"]


def test_template_parameters_can_come_from_stdin(standin: StandIn, old: Callable[..., Ran], tmp_path: Path) -> None:
    file = tmp_path / "values.json"
    file.write_text('{"code":"654321"}', "utf-8")
    with file.open() as stdin:
        assert old(*SEND[:-1], "-", stdin=stdin).code == 0
    assert standin.ledger[0]["params"] == {"code": "654321"}


def test_variables_for_smswrap_do_not_change_what_an_old_line_does(
    standin: StandIn, old: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSWRAP_PROVIDER", "volcengine")
    monkeypatch.setenv("SMSWRAP_OUTPUT", "table")
    assert json.loads(old(*SEND).stdout)["Code"] == "OK"
    assert len(standin.ledger) == 1


# The defects of the old script


def test_d1_verify_lets_an_approved_sign_and_template_pass(standin: StandIn, old: Callable[..., Ran]) -> None:
    ran = old(*SEND, "--verify")
    assert ran.code == 0
    assert json.loads(ran.stdout)["BizId"]
    operations = [call["argv"][1] for call in standin.api_calls]
    assert operations == ["get-sms-template", "get-sms-sign", "send-sms"]


def test_d1_verify_still_refuses_what_is_not_approved(standin: StandIn, old: Callable[..., Ran]) -> None:
    ran = old("send", "-p", NUMBER, "-s", "审核中签名", *SEND[5:], "--verify")
    assert (ran.code, ran.stdout) == (5, "")
    assert "reviewing" in ran.stderr
    assert standin.ledger == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*SEND, "--verfy"), "--verify"),
        ((*SEND, "--verify=no"), "takes no value"),
        ((*SEND, "-o", "--verfy"), "-o needs a value"),
        (("send", "-o", "-s", SIGN, *SEND[5:]), "-o needs a value"),
        ((*SEND, "13887654321"), "argument 9 of send"),
        (("snd", *SEND[1:]), "mean send?"),
        (("query-sign", "-t", TEMPLATE), "'-t' is not known to query-sign"),
        (("--profile", "other", *SEND), "'--profile' is not known to send_sms.sh"),
        (("list-signs", "--page-size", "10"), "'--page-size' is not known to list-signs"),
    ],
)
def test_d2_what_the_old_script_dropped_in_silence_is_an_error(
    standin: StandIn, old: Callable[..., Ran], arguments: tuple[str, ...], said: str
) -> None:
    ran = old(*arguments)
    assert (ran.code, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert standin.calls == []


def test_d2_a_stray_word_is_not_repeated_for_it_may_be_a_code(standin: StandIn, old: Callable[..., Ran]) -> None:
    ran = old(*SEND[:-1], '{"code":', '"654321"}')
    assert ran.code == 2
    assert "654321" not in ran.stderr
    assert standin.calls == []


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        ("19900000002", 6, "isv.BUSINESS_LIMIT_CONTROL"),
        ("19900000007", 5, "isv.AMOUNT_NOT_ENOUGH"),
        ("19900000017", 8, "isp.SYSTEM_ERROR"),
    ],
)
def test_d3_a_code_other_than_ok_is_a_failure(
    standin: StandIn, old: Callable[..., Ran], number: str, code: int, said: str
) -> None:
    ran = old("send", "-p", number, *SEND[3:])
    assert (ran.code, json.loads(ran.stdout)["Code"]) == (code, said)
    assert said in ran.stderr
    assert not standin.ai_mode


@pytest.mark.parametrize("number", ["19900000012", "19900000013", "123"])
def test_d4_errors_go_to_stderr_without_colour_and_stdout_stays_empty(
    standin: StandIn, old: Callable[..., Ran], number: str
) -> None:
    ran = old("send", "-p", number, *SEND[3:])
    assert ran.code != 0
    assert ran.stdout == ""
    assert ran.stderr.startswith("error: ")
    assert "\x1b" not in ran.stderr
    assert not standin.ai_mode


def test_d5_urls_and_special_characters_arrive_as_they_were(standin: StandIn, old: Callable[..., Ran]) -> None:
    values = {
        "name": 'R&D "张三" Hi! #$*;()|<>',
        "order": "\\ '单引号' `date` $(id)",
        "url": "https://a.example/?b=1&c=2",
    }
    ran = old(
        "send", "-p", NUMBER, "-s", "示例商城", "-t", "SMS_100000002", "-tp", json.dumps(values, ensure_ascii=False)
    )
    assert ran.code == 0
    assert standin.ledger[0]["params"] == values


def test_d6_a_sign_is_one_word_to_the_provider_and_never_a_command(standin: StandIn, old: Callable[..., Ran]) -> None:
    sign = "a;b$(touch marker)`touch marker`"
    ran = old("send", "-p", NUMBER, "-s", sign, *SEND[5:])
    assert (ran.code, json.loads(ran.stdout)["Code"]) == (5, "isv.SMS_SIGN_NAME_ILLEGAL")
    assert option_of(standin.api_calls[0], "--sign-name") == sign
    assert list(Path.cwd().iterdir()) == []


def test_d6_a_control_character_in_a_sign_is_refused(standin: StandIn, old: Callable[..., Ran]) -> None:
    ran = old("send", "-p", NUMBER, "-s", "a\nb", *SEND[5:])
    assert ran.code == 2
    assert "control character" in ran.stderr
    assert standin.calls == []


@pytest.mark.parametrize(
    "arguments", [(), ("--help",), ("-h",), ("help", "-h"), ("send", "--help"), ("help",), ("help", "send")]
)
def test_d7_help_works_on_a_bare_machine(bare: Path, arguments: tuple[str, ...]) -> None:
    ran = run(*arguments, script=bare)
    assert (ran.code, ran.stderr) == (0, "")
    assert ran.stdout.startswith("Send and query SMS")


@pytest.mark.parametrize("option", sorted({*COMMANDS["send"].options, *COMMON} - FLAGS))
def test_d7_a_missing_value_is_an_error_that_names_the_option(option: str) -> None:
    for words in ([option], [option, "--verify"], [option, "--verfy"]):
        with pytest.raises(InputError) as raised:
            translate(["send", *words])
        assert str(raised.value).startswith(f"{option} ")


@pytest.mark.parametrize("option", sorted({*COMMANDS["send"].options, *COMMON} - FLAGS))
def test_an_empty_value_counts_as_none(option: str) -> None:
    for words in ([option, ""], [f"{option}="], [option, "x", option, " "]):
        assert translate(["send", *words]) == translate(["send"])


def test_d7_an_h_behind_other_words_is_no_help_with_exit_0(standin: StandIn, old: Callable[..., Ran]) -> None:
    ran = old(*SEND, "-h")
    assert (ran.code, ran.stdout, standin.calls) == (2, "", [])
    assert "'-h' is not known to send" in ran.stderr


def test_d7_a_missing_value_exits_2_with_a_sentence(standin: StandIn, old: Callable[..., Ran]) -> None:
    ran = old(*SEND, "--profile")
    assert (ran.code, ran.stdout) == (2, "")
    assert "--profile needs a value" in ran.stderr
    assert standin.calls == []


@pytest.mark.parametrize(
    ("number", "code"),
    [("19900000000", 0), ("123", 2), ("19900000012", 4), ("19900000018", 5), ("19900000011", 6), ("19900000003", 8)],
)
def test_d8_each_kind_of_failure_has_its_own_exit_code(
    standin: StandIn, old: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, number: str, code: int
) -> None:
    monkeypatch.setenv("SMSWRAP_READ_TIMEOUT", "1")
    assert old("send", "-p", number, *SEND[3:]).code == code
    assert not standin.ai_mode


def test_d8_a_missing_aliyun_cli_exits_3(standin: StandIn, old: Callable[..., Ran]) -> None:
    standin.launcher.unlink()
    ran = old("list-signs")
    assert (ran.code, ran.stdout) == (3, "")
    assert "aliyun" in ran.stderr


def test_d9_numbers_are_accepted_as_people_write_them(standin: StandIn, old: Callable[..., Ran]) -> None:
    assert old("send", "-p", "+86 199-0000-0000, 0086 13887654321,+852 6123 4567", *SEND[3:]).code == 0
    assert [message["phone"] for message in standin.ledger] == [NUMBER, "13887654321", "85261234567"]


def test_d9_a_wrong_number_is_refused(standin: StandIn, old: Callable[..., Ran]) -> None:
    ran = old("send", "-p", "19900000000,1381234567", *SEND[3:])
    assert (ran.code, ran.stdout) == (2, "")
    assert "'1381234567'" in ran.stderr
    assert standin.calls == []


@pytest.mark.parametrize("numbers", ["19900000000,", ",19900000000", "19900000000,,", "19900000000， ,"])
def test_d9_commas_with_nothing_between_them_are_nothing(
    standin: StandIn, old: Callable[..., Ran], numbers: str
) -> None:
    assert old("send", "-p", numbers, *SEND[3:]).code == 0
    assert [message["phone"] for message in standin.ledger] == [NUMBER]


def test_d9_commas_alone_are_no_number(standin: StandIn, old: Callable[..., Ran]) -> None:
    ran = old("send", "-p", ",", *SEND[3:])
    assert (ran.code, standin.calls) == (2, [])
    assert "must be given" in ran.stderr


def test_d9_a_recipient_that_stands_twice_is_sent_to_once_and_that_is_told(
    standin: StandIn, old: Callable[..., Ran]
) -> None:
    ran = old("send", "-p", "19900000000,13887654321,+86 199 0000 0000", *SEND[3:])
    assert (ran.code, json.loads(ran.stdout)["Code"]) == (0, "OK")
    assert [message["phone"] for message in standin.ledger] == [NUMBER, "13887654321"]
    assert "1 number(s) stood twice" in ran.stderr


def test_of_an_option_that_is_given_twice_the_last_value_counts(standin: StandIn, old: Callable[..., Ran]) -> None:
    assert old(*SEND, "-o", "order-1", "--out-id", "order-2", "-p", "13887654321").code == 0
    (call,) = standin.api_calls
    assert (option_of(call, "--out-id"), option_of(call, "--phone-numbers")) == ("order-2", "13887654321")


def test_a_value_may_begin_with_a_hyphen(standin: StandIn, old: Callable[..., Ran]) -> None:
    for value in ("-x", "-h"):
        assert old(*SEND, "-o", value).code == 0
        assert f"--out-id={value}" in standin.api_calls[-1]["argv"]


def test_extra_variables_under_verify_are_a_warning(standin: StandIn, old: Callable[..., Ran]) -> None:
    ran = old(*SEND[:-1], '{"code":"1","x":"2"}', "--verify")
    assert (ran.code, len(standin.ledger)) == (0, 1)
    assert "${x}" in ran.stderr


@pytest.mark.parametrize("text", ['{"code":""}', '{"code":true}', '{"code":{"a":"b"}}', '{"code":null}', '["code"]'])
def test_values_that_no_template_takes_are_refused(standin: StandIn, old: Callable[..., Ran], text: str) -> None:
    ran = old(*SEND[:-1], text)
    assert (ran.code, ran.stdout, standin.calls) == (2, "", [])


@pytest.mark.parametrize(
    ("line", "said", "unsaid"),
    [
        ("query-statistics --start-date 20260301 --end-date 20260326 --page-index 0", "--page-index: '0'", "--page:"),
        ("send -p 19900000000 -s a -t b -tp 1", "--template-param is not a JSON object", "--var"),
        ("send -p 19900000000 -s a -t b -tp [", "--template-param is not valid JSON", "--var"),
    ],
)
def test_messages_name_only_options_of_this_door(
    standin: StandIn, old: Callable[..., Ran], line: str, said: str, unsaid: str
) -> None:
    ran = old(*shlex.split(line))
    assert (ran.code, standin.calls) == (2, [])
    assert said in ran.stderr
    assert unsaid not in ran.stderr


def test_a_smswrap_that_is_not_on_path_is_named_by_its_file(
    standin: StandIn, old: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python_program(tmp_path / "place" / "python")
    write_program(tmp_path / "place" / "smswrap", "#!/bin/sh\n")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "place" / "python"))
    ran = old("send", "-p", NUMBER, "-s", "审核中签名", *SEND[5:], "--verify")
    assert f"`{tmp_path}/place/smswrap list-signs --approved`" in ran.stderr
    assert standin.ledger == []


@pytest.mark.parametrize("arguments", ["nonsense", "send -p 1", "query-sign -t x"])
@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full", "2>&- >&-"])
def test_a_stderr_that_is_gone_changes_no_exit_code(ready: StandIn, arguments: str, stderr: str) -> None:
    assert run("-c", f"{shlex.quote(str(SCRIPT))} {arguments} {stderr}", script="--noprofile").code == 2
    assert ready.calls == []


def test_d9_more_numbers_than_one_request_takes_are_split(standin: StandIn, old: Callable[..., Ran]) -> None:
    numbers = ",".join(f"138{number:08}" for number in range(1, 1002))
    ran = old("send", "-p", numbers, *SEND[3:])
    assert ran.code == 0
    assert [reply["Code"] for reply in json.loads(ran.stdout)] == ["OK", "OK"]
    assert len({message["phone"] for message in standin.ledger}) == 1001


# The lines that were tried with the old script


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.words[:60])
def test_a_line_that_was_tried_with_the_old_script_does_what_the_table_says(
    documented: StandIn, old: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, line: Line
) -> None:
    monkeypatch.delenv("SMSWRAP_SANDBOX")
    accepted = '{"Code":"OK","BizId":"1^0","RequestId":"R"}'
    calls = ("send-sms *", "get-sms-template * SMS-12 *")
    rules: list[dict[str, object]] = [{"cmd": f"dysmsapi {call}", "stdout": accepted} for call in calls]
    documented.rules(*rules)
    days = [today()]
    ran = old(*shlex.split(line.words))
    days.append(today())
    assert ran.code == line.ours, ran.stderr
    made = documented.api_calls[-1:] if "--verify" in line.words else documented.api_calls
    operation, _, arguments = line.call.partition(" ")
    expected = [f"dysmsapi {operation} --api-version 2017-05-25 {arguments} {ENDING}"] if line.call else []
    argvs = [[word for word in call["argv"] if not word.startswith("smswrap-")] for call in made]
    told = [" ".join(words).replace("--out-id --user", "--user") for words in argvs]
    assert told in [[text.replace("TODAY", day) for text in expected] for day in days]
    assert bool(line.why) >= (line.old != line.ours)


def test_the_page_for_old_callers_shows_these_lines() -> None:
    assert table("send_sms.sh") in PAGE.read_text("utf-8")


# Where it is called from, and where smswrap is found


def test_it_is_executable_and_runs_from_the_checkout_as_documented(ready: StandIn) -> None:
    ended = subprocess.run(["./scripts/send_sms.sh", "list-signs"], check=True, cwd=ROOT, capture_output=True)
    assert json.loads(ended.stdout)["Code"] == "OK"
    assert len(ready.api_calls) == 1


@pytest.mark.parametrize("link", ["absolute", "relative", "link to a link", "folder"])
def test_it_finds_its_checkout_through_symlinks(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: str
) -> None:
    monkeypatch.setenv("SMSWRAP_SANDBOX", "1")
    place = tmp_path / "my 脚本"
    place.mkdir()
    script = place / "sms"
    if link == "folder":
        script.symlink_to(checkout.parent)
        script /= checkout.name
    else:
        script.symlink_to(os.path.relpath(checkout, place.resolve()) if link == "relative" else checkout)
    if link == "link to a link":
        (tmp_path / "again").symlink_to(script.relative_to(tmp_path))
        script = tmp_path / "again"
    ran = run("list-signs", script=script)
    assert (ran.code, json.loads(ran.stdout)["Code"]) == (0, "OK")


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_it_runs_by_its_name_in_the_working_directory(ready: StandIn, shell: str) -> None:
    assert run("list-signs", script="send_sms.sh", shell=shell, cwd=SCRIPT.parent).code == 0
    assert len(ready.api_calls) == 1


def test_it_takes_no_code_from_the_working_directory(ready: StandIn) -> None:
    for name in ("smswrap/__init__.py", "click.py", "json.py"):
        write_program(Path(name), "raise SystemExit('code of the working directory')\n")
    assert run("list-signs").code == 0
    assert len(ready.api_calls) == 1


@pytest.mark.parametrize("arguments", [SEND, ("list-signs",), ("nonsense",)])
def test_copied_without_its_folder_it_says_so(bare: Path, arguments: tuple[str, ...]) -> None:
    (bare.parent / "setup.sh").unlink()
    ran = run(*arguments, script=bare)
    assert (ran.code, ran.stdout) == (3, "")
    assert "needs the whole folder" in ran.stderr


@pytest.fixture
def listing(ready: StandIn) -> Iterator[subprocess.Popen[bytes]]:
    """A run of list-signs whose call takes long."""
    ready.rules({"cmd": "dysmsapi query-sms-sign-list *", "delay_ms": 20_000})
    command = ["bash", str(SCRIPT), "list-signs"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        ready.wait_for_call("query-sms-sign-list")
        yield process
        process.kill()


def test_a_signal_to_the_script_ends_the_run_and_turns_ai_mode_off(
    ready: StandIn, listing: subprocess.Popen[bytes]
) -> None:
    assert ready.ai_mode
    listing.send_signal(signal.SIGTERM)
    assert listing.wait(DEADLINE) == 143
    assert not ready.ai_mode


# The table


def test_the_help_tells_every_command_and_every_spelling() -> None:
    text = run("--help").stdout
    lines = text.splitlines()
    for name, command in COMMANDS.items():
        start = next(row for row, line in enumerate(lines) if line.startswith(f"  {name} "))
        end = next(row for row, line in enumerate(lines) if row > start and not line.startswith("    "))
        section = "\n".join(lines[start:end]).replace(",", " ").split()
        assert set(command.options) <= set(section), name
    assert set(COMMON) <= set(text.replace(",", " ").split())


SPELLINGS = [
    (name, spelling, new)
    for name, command in COMMANDS.items()
    for spelling, new in {**command.options, **COMMON}.items()
    if spelling not in FLAGS
]


@given(st.sampled_from(SPELLINGS), st.text(min_size=1).filter(lambda text: text.strip() and not text.startswith("--")))
def test_any_value_reaches_smswrap_unchanged_after_a_blank_or_an_equals_sign(
    row: tuple[str, str, str], value: str
) -> None:
    name, spelling, new = row
    assume(new not in LISTS and value not in {**COMMANDS[name].options, **COMMON})
    assert translate([name, spelling, value])[-1] == f"{new}={value}"
    assert translate([name, f"{spelling}={value}"])[-1] == f"{new}={value}"


WORDS = st.tuples(st.sampled_from(SPELLINGS).map(lambda row: row[1]), st.text(max_size=3)) | st.tuples(
    st.just("--verify") | st.text(max_size=3)
)


@given(st.sampled_from([*COMMANDS, "send-batch"]), st.lists(WORDS, max_size=4))
def test_every_word_is_translated_or_refused(name: str, groups: list[tuple[str, ...]]) -> None:
    words = [word for group in groups for word in group]
    try:
        translated = translate([name, *words])
    except InputError:
        return
    known = {**COMMANDS[name].options, **COMMON}
    last = {known[group[0]]: group[-1] for group in groups if group[0] not in FLAGS}
    values = dict(word.split("=", 1) for word in translated if "=" in word)
    for option, value in last.items():
        if option not in LISTS and value.strip():
            assert values[option] == value
    assert ("--verify" in translated) == any(group == ("--verify",) for group in groups)
