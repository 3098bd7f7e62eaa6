"""`scripts/send_sms.sh`, run as its old callers run it; D1-D9 are the defects of the script that it replaces."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import DEADLINE, SIGN, TEMPLATE, USER_AGENT, Ran
from hypothesis import given
from hypothesis import strategies as st

from smswrap.clock import today
from smswrap.compat import COMMANDS, COMMON, FLAGS, translate
from smswrap.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import StandIn

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "scripts" / "send_sms.sh"
NUMBER = "13900000000"
SEND = ("send", "-p", NUMBER, "-s", SIGN, "-t", TEMPLATE, "-tp", '{"code":"123456"}')
ENDING = f"--user-agent {USER_AGENT} --read-timeout 3"
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
        "--is-globe 1 --start-date 20260301 --end-date 20260326 --page-index 1 --page-size 50",
    ),
    (
        "query-statistics --start-date=20260301 --end-date=20260326 --is-globe=2 --page-index 2 --page-size 20",
        "query-send-statistics",
        "--is-globe 2 --start-date 20260301 --end-date 20260326 --page-index 2 --page-size 20",
    ),
    (
        f"query-statistics --start-date 20260301 --end-date 20260326 --sign-name {SIGN} --template-type 7",
        "query-send-statistics",
        "--is-globe 1 --start-date 20260301 --end-date 20260326 --page-index 1 --page-size 50 "  # noqa: ISC004  one text
        f"--sign-name {SIGN} --template-type 7",
    ),
)
TOOLS = ("bash", "cat", "dirname", "readlink", "sed")
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
def ready(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """The stand-in on a machine in daily use, with smswrap on PATH too: a checkout that is tested may have no .venv."""
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}{Path(sys.executable).parent}")
    return standin


@pytest.fixture
def documented(ready: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """The sandbox, whose account has the sign and the template that the skill document names."""
    monkeypatch.setenv("SMSWRAP_SANDBOX", "1")
    (ready.directory / "account.json").write_text(json.dumps(DOCUMENTED_ACCOUNT), "utf-8")
    return ready


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


def option_of(call: dict[str, Any], option: str) -> str:
    argv = call["argv"]
    return str(argv[argv.index(option) + 1])


# The documented command lines


@pytest.mark.parametrize("line", DOCUMENTED)
def test_each_line_of_the_document_works_as_printed_in_the_sandbox(documented: StandIn, line: str) -> None:
    ran = run(*shlex.split(line))
    assert (ran.code, ran.stderr.count("error")) == (0, 0)
    assert json.loads(ran.stdout)["Code"] == "OK"
    assert len(documented.ledger) == line.startswith("send")
    assert not documented.ai_mode


def test_the_documented_query_status_works_with_a_date_of_now(documented: StandIn) -> None:
    assert documented.ledger == []
    ran = run(*shlex.split(f'query-status -p "13800138000" --send-date "{today()}" --biz-id "xxx^0"'))
    assert (ran.code, json.loads(ran.stdout)["TotalCount"]) == (0, "0")


def test_the_documented_query_status_with_its_printed_date_says_which_dates_can_be_asked(documented: StandIn) -> None:
    ran = run(*shlex.split('query-status -p "13800138000" --send-date "20260326" --biz-id "xxx^0"'))
    assert (ran.code, ran.stdout) == (2, "")
    assert "last 30 days" in ran.stderr
    assert documented.api_calls == []


@pytest.mark.parametrize("number", ["13800138000", "13900139000", "13700137000"])
def test_sample_numbers_of_the_document_are_refused_outside_the_sandbox(ready: StandIn, number: str) -> None:
    ran = run("send", "-p", number, *SEND[3:])
    assert (ran.code, ran.stdout) == (2, "")
    assert "example number" in ran.stderr
    assert ready.calls == []


@pytest.mark.parametrize(("line", "operation", "expected"), CALLS)
def test_each_query_makes_the_call_of_the_old_script(ready: StandIn, line: str, operation: str, expected: str) -> None:
    ran = run(*shlex.split(line))
    assert (ran.code, json.loads(ran.stdout)["Code"]) == (0, "OK")
    (call,) = ready.api_calls
    assert " ".join(call["argv"]) == f"dysmsapi {operation} --api-version 2017-05-25 {expected} {ENDING}"


@pytest.mark.parametrize("option", ["-p", "--phone-numbers", "--phone-number"])
def test_query_status_asks_for_ten_receipts_of_today(ready: StandIn, option: str) -> None:
    run(*SEND)
    days = [today()]
    ran = run("query-status", option, NUMBER)
    days.append(today())
    assert json.loads(ran.stdout)["SmsSendDetailDTOs"]["SmsSendDetailDTO"][0]["PhoneNum"] == NUMBER
    call = ready.api_calls[-1]
    assert option_of(call, "--send-date") in days
    assert " ".join(call["argv"]).endswith(f"--page-size 10 --current-page 1 {ENDING}")


def test_query_status_asks_for_one_send_of_one_day(ready: StandIn) -> None:
    biz_id = json.loads(run(*SEND).stdout)["BizId"]
    assert run("query-status", "-p", NUMBER, "--send-date", today(), "--biz-id", biz_id).code == 0
    assert option_of(ready.api_calls[-1], "--biz-id") == biz_id


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
def test_every_spelling_of_the_options_makes_the_same_send(ready: StandIn, arguments: tuple[str, ...]) -> None:
    ready.save_profile("other")
    ran = run("send", *arguments, "--profile", "other")
    assert ran.code == 0
    (call,) = ready.api_calls
    assert " ".join(call["argv"]) == (
        f"dysmsapi send-sms --api-version 2017-05-25 --phone-numbers {NUMBER} --sign-name {SIGN} "
        f'--template-code {TEMPLATE} --template-param {{"code":"1"}} --out-id order-1 {ENDING} '
        "--region cn-shanghai --profile other"
    )


def test_a_send_asks_nobody_and_its_reply_has_the_documented_fields(ready: StandIn) -> None:
    reply = json.loads(run(*SEND).stdout)
    assert sorted(reply) == ["BizId", "Code", "Message", "RequestId"]
    assert reply["BizId"] == ready.ledger[0]["biz_id"]


def test_the_region_of_the_profile_counts_and_else_it_is_cn_hangzhou(
    ready: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("list-signs")
    (ready.home / ".aliyun" / "config.json").unlink()
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI-environment")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "made-up")
    assert run("list-signs").code == 0
    with_profile, without = ready.api_calls
    assert "--region" not in with_profile["argv"]
    assert option_of(without, "--region") == "cn-hangzhou"


def test_template_parameters_can_come_from_stdin(ready: StandIn, tmp_path: Path) -> None:
    file = tmp_path / "values.json"
    file.write_text('{"code":"654321"}', "utf-8")
    with file.open() as stdin:
        assert run(*SEND[:-1], "-", stdin=stdin).code == 0
    assert ready.ledger[0]["params"] == {"code": "654321"}


def test_variables_for_smswrap_do_not_change_what_an_old_line_does(
    ready: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSWRAP_PROVIDER", "volcengine")
    monkeypatch.setenv("SMSWRAP_OUTPUT", "table")
    assert json.loads(run(*SEND).stdout)["Code"] == "OK"
    assert len(ready.ledger) == 1


# The defects of the old script


def test_d1_verify_lets_an_approved_sign_and_template_pass(ready: StandIn) -> None:
    ran = run(*SEND, "--verify")
    assert ran.code == 0
    assert json.loads(ran.stdout)["BizId"]
    operations = [call["argv"][1] for call in ready.api_calls]
    assert operations == ["get-sms-sign", "get-sms-template", "send-sms"]


def test_d1_verify_still_refuses_what_is_not_approved(ready: StandIn) -> None:
    ran = run("send", "-p", NUMBER, "-s", "审核中签名", *SEND[5:], "--verify")
    assert (ran.code, ran.stdout) == (5, "")
    assert "reviewing" in ran.stderr
    assert ready.ledger == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*SEND, "--verfy"), "--verify"),
        ((*SEND, "--verify=no"), "takes no value"),
        ((*SEND, "-o", "--verfy"), "-o needs a value"),
        ((*SEND, "-o", "order-1", "--out-id", "order-2"), "given twice"),
        ((*SEND, "13812345678"), "argument 9 of send"),
        (("snd", *SEND[1:]), "mean send?"),
        (("query-sign", "-t", TEMPLATE), "'-t' is not known to query-sign"),
        (("--profile", "other", *SEND), "'--profile' is not known to send_sms.sh"),
        (("list-signs", "--page-size", "10"), "'--page-size' is not known to list-signs"),
    ],
)
def test_d2_what_the_old_script_dropped_in_silence_is_an_error(
    ready: StandIn, arguments: tuple[str, ...], said: str
) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert ready.calls == []


def test_d2_a_stray_word_is_not_repeated_for_it_may_be_a_code(ready: StandIn) -> None:
    ran = run(*SEND[:-1], '{"code":', '"654321"}')
    assert ran.code == 2
    assert "654321" not in ran.stderr
    assert ready.calls == []


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        ("13900000002", 6, "isv.BUSINESS_LIMIT_CONTROL"),
        ("13900000007", 5, "isv.AMOUNT_NOT_ENOUGH"),
        ("13900000017", 8, "isp.SYSTEM_ERROR"),
    ],
)
def test_d3_a_code_other_than_ok_is_a_failure(ready: StandIn, number: str, code: int, said: str) -> None:
    ran = run("send", "-p", number, *SEND[3:])
    assert (ran.code, json.loads(ran.stdout)["Code"]) == (code, said)
    assert said in ran.stderr
    assert not ready.ai_mode


@pytest.mark.parametrize("number", ["13900000012", "13900000013", "123"])
def test_d4_errors_go_to_stderr_without_colour_and_stdout_stays_empty(ready: StandIn, number: str) -> None:
    ran = run("send", "-p", number, *SEND[3:])
    assert ran.code != 0
    assert ran.stdout == ""
    assert ran.stderr.startswith("error: ")
    assert "\x1b" not in ran.stderr
    assert not ready.ai_mode


def test_d5_urls_and_special_characters_arrive_as_they_were(ready: StandIn) -> None:
    values = {
        "name": 'R&D "张三" Hi! #$*;()|<>',
        "order": "\\ '单引号' `date` $(id)",
        "url": "https://a.example/?b=1&c=2",
    }
    ran = run("send", "-p", NUMBER, "-s", SIGN, "-t", "SMS_100000002", "-tp", json.dumps(values, ensure_ascii=False))
    assert ran.code == 0
    assert ready.ledger[0]["params"] == values


def test_d6_a_sign_is_one_word_to_the_provider_and_never_a_command(ready: StandIn) -> None:
    sign = "a;b$(touch marker)`touch marker`"
    ran = run("send", "-p", NUMBER, "-s", sign, *SEND[5:])
    assert (ran.code, json.loads(ran.stdout)["Code"]) == (5, "isv.SMS_SIGN_NAME_ILLEGAL")
    assert option_of(ready.api_calls[0], "--sign-name") == sign
    assert list(Path.cwd().iterdir()) == []


def test_d6_a_control_character_in_a_sign_is_refused(ready: StandIn) -> None:
    ran = run("send", "-p", NUMBER, "-s", "a\nb", *SEND[5:])
    assert ran.code == 2
    assert "control character" in ran.stderr
    assert ready.calls == []


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",), ("help", "-h"), ("send", "--help"), (*SEND, "-h")])
def test_d7_help_works_on_a_bare_machine(bare: Path, arguments: tuple[str, ...]) -> None:
    ran = run(*arguments, script=bare)
    assert (ran.code, ran.stderr) == (0, "")
    assert ran.stdout.startswith("Send and query SMS")


@pytest.mark.parametrize("option", sorted({*COMMANDS["send"].options, *COMMON} - FLAGS))
def test_d7_a_missing_value_is_an_error_that_names_the_option(option: str) -> None:
    for words in ([option], [option, "--verify"], [f"{option}="], [option, ""]):
        with pytest.raises(InputError) as raised:
            translate(["send", *words])
        assert str(raised.value).startswith(f"{option} ")


def test_d7_a_missing_value_exits_2_with_a_sentence(ready: StandIn) -> None:
    ran = run(*SEND, "--profile")
    assert (ran.code, ran.stdout) == (2, "")
    assert "--profile needs a value" in ran.stderr
    assert ready.calls == []


@pytest.mark.parametrize(
    ("number", "code"),
    [("13900000000", 0), ("123", 2), ("13900000012", 4), ("13900000018", 5), ("13900000011", 6), ("13900000003", 8)],
)
def test_d8_each_kind_of_failure_has_its_own_exit_code(
    ready: StandIn, monkeypatch: pytest.MonkeyPatch, number: str, code: int
) -> None:
    monkeypatch.setenv("SMSWRAP_READ_TIMEOUT", "1")
    assert run("send", "-p", number, *SEND[3:]).code == code
    assert not ready.ai_mode


def test_d8_a_missing_aliyun_cli_exits_3(ready: StandIn) -> None:
    ready.launcher.unlink()
    ran = run("list-signs")
    assert (ran.code, ran.stdout) == (3, "")
    assert "aliyun" in ran.stderr


def test_d9_numbers_are_accepted_as_people_write_them(ready: StandIn) -> None:
    assert run("send", "-p", "+86 139-0000-0000, 0086 13812341234,+852 9876 1234", *SEND[3:]).code == 0
    assert [message["phone"] for message in ready.ledger] == [NUMBER, "13812341234", "85298761234"]


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ("13900000000,+86 139 0000 0000", "same recipient"),
        ("13900000000,1381234567", "not a mainland mobile"),
        ("13900000000,", "empty"),
    ],
)
def test_d9_wrong_and_repeated_numbers_are_refused(ready: StandIn, numbers: str, said: str) -> None:
    ran = run("send", "-p", numbers, *SEND[3:])
    assert (ran.code, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert ready.calls == []


def test_d9_more_numbers_than_one_request_takes_are_split(ready: StandIn) -> None:
    numbers = ",".join(f"138{number:08}" for number in range(1, 1002))
    ran = run("send", "-p", numbers, *SEND[3:])
    assert ran.code == 0
    assert [reply["Code"] for reply in json.loads(ran.stdout)] == ["OK", "OK"]
    assert len({message["phone"] for message in ready.ledger}) == 1001


# Where it is called from, and where smswrap is found


def test_it_is_executable_and_runs_from_the_checkout_as_documented(ready: StandIn) -> None:
    ended = subprocess.run(["./scripts/send_sms.sh", "list-signs"], check=True, cwd=ROOT, capture_output=True)
    assert json.loads(ended.stdout)["Code"] == "OK"
    assert len(ready.api_calls) == 1


@pytest.mark.parametrize("link", ["absolute", "relative", "link to a link", "folder"])
def test_it_finds_its_checkout_through_symlinks(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: str
) -> None:
    monkeypatch.setenv("SMSWRAP_SANDBOX", "1")
    python_program(bare.parent.parent / ".venv" / "bin" / "python")
    place = tmp_path / "my 脚本"
    place.mkdir()
    script = place / "sms"
    if link == "folder":
        script.symlink_to(bare.parent)
        script /= bare.name
    else:
        script.symlink_to(os.path.relpath(bare, place.resolve()) if link == "relative" else bare)
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
def test_without_smswrap_it_says_what_sets_it_up(bare: Path, arguments: tuple[str, ...]) -> None:
    ran = run(*arguments, script=bare)
    assert (ran.code, ran.stdout) == (3, "")
    for command in (f"bash '{bare.parent}/test.sh'", f"bash '{bare.parent}/demo.sh'", "pip install smswrap"):
        assert command in ran.stderr


def test_a_half_made_venv_counts_as_none(bare: Path) -> None:
    python_program(bare.parent.parent / ".venv" / "bin" / "python", "-I", "-S")
    assert run("list-signs", script=bare).code == 3


def installed_beside_its_python(folder: Path) -> None:
    """As pipx and uv install: a link to a program that lies beside its interpreter."""
    python_program(folder.parent / "tool" / "bin" / "python")
    write_program(folder.parent / "tool" / "bin" / "smswrap", "#!/bin/sh\nexit 99\n")
    (folder / "smswrap").symlink_to(folder.parent / "tool" / "bin" / "smswrap")


def installed_with_its_python_named(folder: Path) -> None:
    """As `pip install --user` does: the first line names the interpreter."""
    python = python_program(folder.parent / "python" / "python3.x")
    write_program(folder / "smswrap", f"#!{python}\nraise SystemExit(99)\n")


def installed_for_python3(folder: Path) -> None:
    """A package of the python3 on PATH."""
    python_program(folder / "python3")


def installed_in_the_checkout(folder: Path) -> None:
    """As scripts/test.sh sets it up; whatever else is on PATH does not matter."""
    write_program(folder / "smswrap", "#!/bin/sh\nexit 99\n")
    write_program(folder / "python3", "#!/bin/sh\nexit 99\n")
    python_program(folder.parent / "copy" / ".venv" / "bin" / "python")


@pytest.mark.parametrize(
    "install",
    [
        installed_beside_its_python,
        installed_with_its_python_named,
        installed_for_python3,
        installed_in_the_checkout,
    ],
)
def test_it_finds_smswrap_however_it_was_installed(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, install: Callable[[Path], None]
) -> None:
    monkeypatch.setenv("SMSWRAP_SANDBOX", "1")
    folder = tmp_path / "bin"
    folder.mkdir()
    install(folder)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    ran = run("list-signs", script=bare)
    assert (ran.code, json.loads(ran.stdout)["Code"]) == (0, "OK")


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


@given(st.sampled_from(SPELLINGS), st.text(min_size=1).filter(lambda text: text == "-" or not text.startswith("-")))
def test_any_value_reaches_smswrap_unchanged_after_a_blank_or_an_equals_sign(
    row: tuple[str, str, str], value: str
) -> None:
    name, spelling, new = row
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
    values = {word.partition("=")[2] for word in translated}
    known = {**COMMANDS[name].options, **COMMON}
    assert all(word in known or word in values for word in words)
