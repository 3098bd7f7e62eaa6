"""The stand-in `aliyun`: words are asked of `main` in this process, what a process does of a real one."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smswrap.sandbox import write_launcher
from smswrap.sandbox.aliyun.flags import ONCE, SWITCHES, host_flags
from smswrap.sandbox.aliyun.magic import MAGIC
from smswrap.sandbox.aliyun.main import main
from smswrap.sandbox.common import jsontext, rules

if TYPE_CHECKING:
    from collections.abc import Iterator

STANDIN = Path(__file__).resolve().parent.parent / "smswrap" / "sandbox" / "standin.py"
KEYS = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI-good",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret",
    "ALIBABA_CLOUD_REGION_ID": "cn-hangzhou",
}
NOTHING = dict.fromkeys(KEYS, "")
API = ("--api-version", "2017-05-25")
SIGN = "阿里云短信测试"
SHOP = ("--sign-name", "示例商城")
TODAY = time.strftime("%Y%m%d", time.gmtime(time.time() + 8 * 3600))
PLUGIN = "aliyun-cli-dysmsapi"


class Stand:
    """One sandbox folder, one HOME, and the stand-in's launcher."""

    def __init__(self, root: Path) -> None:
        self.box, self.home, self.program = root / "box", root / "home", root / "box" / "bin" / "aliyun"
        self.program.parent.mkdir(parents=True)
        self.home.mkdir()
        write_launcher(self.program)
        self.environment = {"HOME": str(self.home), "SMSWRAP_SANDBOX_DIR": str(self.box), "NO_COLOR": "1", "PATH": ""}

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run it in this process, with an empty pipe for stdin."""
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="", write_through=True) for _ in range(2))
        environment = patch.dict(os.environ, {**self.environment, **more}, clear=True)
        umask = os.umask(0o022)
        with environment, empty_pipe_as_stdin(), redirect_stdout(out), redirect_stderr(err):
            code = main(list(words))
        os.umask(umask)
        for stream in (out, err):
            stream.seek(0)
        return subprocess.CompletedProcess(words, code, out.read(), err.read())

    def run_with(self, stdin: int, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run it as a process of its own."""
        pipe, environment = subprocess.PIPE, {**self.environment, **more}
        with subprocess.Popen(
            [self.program, *words], stdin=stdin, stdout=pipe, stderr=pipe, encoding="utf-8", env=environment
        ) as process:
            out, err = process.communicate(timeout=30)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def send_for_real(self, numbers: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Send from a process of its own."""
        flags = (*API, *send_flags(numbers), *words)
        return self.run_with(subprocess.PIPE, "dysmsapi", "send-sms", *flags, **{**KEYS, **more})

    def start(self, *words: str, **more: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        environment = {**self.environment, **more}
        return subprocess.Popen(
            [self.program, *words],
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            encoding="utf-8",
            env=environment,
        )

    def api(self, operation: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return self.run("dysmsapi", operation, *API, *words, **{**KEYS, **more})

    def send(self, numbers: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return self.api("send-sms", *send_flags(numbers), *words, **more)

    def details(self, number: str, *words: str) -> dict[str, Any]:
        flags = ("--phone-number", number, "--send-date", TODAY, "--page-size", "50", "--current-page", "1")
        return reply(self.api("query-send-details", *flags, *words))

    def lines(self, name: str) -> list[dict[str, Any]]:
        path = self.box / name
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def ledger(self) -> list[dict[str, Any]]:
        return self.lines("ledger.jsonl")

    def calls(self, event: str) -> list[dict[str, Any]]:
        return [record for record in self.lines("calls.jsonl") if record["event"] == event]

    def put(self, name: str, content: object) -> None:
        (self.box / name).write_text(json.dumps(content), "utf-8")

    def config(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / ".aliyun" / "config.json").read_text("utf-8"))
        return found

    def put_profiles(self, *profiles: dict[str, object]) -> None:
        """Save these, the first as the current one."""
        self.put_config(json.dumps({"current": profiles[0]["name"], "profiles": profiles}))

    def put_policy(self, *pairs: tuple[str, str]) -> None:
        listed = [{"pattern": pattern, "action": action} for pattern, action in pairs]
        text = json.dumps({"enabled": True, "rules": listed})
        (self.home / ".aliyun" / "safety-policy.json").write_text(text, "utf-8")

    def put_config(self, text: str) -> None:
        (self.home / ".aliyun").mkdir(exist_ok=True)
        (self.home / ".aliyun" / "config.json").write_text(text, "utf-8")


def send_flags(numbers: str) -> tuple[str, ...]:
    message = ("--sign-name", SIGN, "--template-code", "SMS_100000001", "--template-param", '{"code":"123456"}')
    return ("--phone-numbers", numbers, *message)


def reply(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def profile(name: str, **fields: object) -> dict[str, object]:
    keys = {"access_key_id": "LTAI-saved", "access_key_secret": "saved", "region_id": "cn-hangzhou"}
    return {"name": name, "mode": "AK", **keys, **fields}


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path / "stand")


@pytest.fixture
def ready(stand: Stand) -> Stand:
    assert stand.run("plugin", "install", "--names", "dysmsapi").returncode == 0
    (stand.box / "calls.jsonl").unlink()
    return stand


@contextmanager
def empty_pipe_as_stdin() -> Iterator[None]:
    kept, (end, other) = os.dup(0), os.pipe()
    os.close(other)
    os.dup2(end, 0)
    try:
        yield
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(end)


@contextmanager
def stopped(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str]) -> int:
    process.communicate()
    return process.returncode


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


# --- the program as such ---------------------------------------------------------------------------------------------


def test_without_its_folder_it_refuses_to_run(stand: Stand) -> None:
    done = stand.run("version", SMSWRAP_SANDBOX_DIR="")
    assert (done.returncode, done.stdout, done.stderr) == (70, "", "the stand-in needs SMSWRAP_SANDBOX_DIR\n")


def test_the_stand_in_loads_nothing_of_the_product_and_nothing_slow(ready: Stand) -> None:
    slow = {"json", "re", "enum", "argparse", "datetime", "pathlib", "dataclasses", "typing", "logging", "smswrap"}
    for words in (["version"], ["dysmsapi", "send-sms", *API, *send_flags("13900000000")]):
        command = [sys.executable, "-X", "importtime", "-I", "-S", str(STANDIN), "aliyun", *words]
        done = subprocess.run(command, capture_output=True, check=True, text=True, env={**ready.environment, **KEYS})
        loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
        assert "standins" in loaded
        assert loaded & slow == set()


def test_a_start_record_tells_who_called_and_an_end_record_how_it_ended(stand: Stand) -> None:
    stand.run("configure", "ai-mode", "enable")
    stand.run("version", "--bad", LANG="C", ALIBABA_CLOUD_RETRY_COUNT="0", UNRELATED="x")
    start, end = stand.calls("start")[-1], stand.calls("end")[-1]
    assert start["argv"] == ["version", "--bad"]
    assert start["ai_mode"] == {"enabled": True, "user_agent": ""}
    assert start["environment"] == {"NO_COLOR": "1", "LANG": "C", "ALIBABA_CLOUD_RETRY_COUNT": "0"}
    assert (end["pid"], end["exit"]) == (start["pid"], 2)
    assert start["time"] <= end["time"] <= time.time()


def test_the_log_knows_what_stdin_is(stand: Stand) -> None:
    master, slave = pty.openpty()
    (stand.box / "file").touch()
    with (stand.box / "file").open() as file:
        stand.run("version")
        stand.run_with(subprocess.DEVNULL, "version")
        stand.run_with(file.fileno(), "version")
        stand.run_with(slave, "version")
    subprocess.run(["/bin/sh", "-c", 'exec "$0" version <&-', stand.program], check=True, env=stand.environment)
    os.close(master)
    os.close(slave)
    assert [record["stdin"] for record in stand.calls("start")] == ["pipe", "null", "file", "tty", "closed"]


def test_twenty_calls_at_once_leave_whole_lines(stand: Stand) -> None:
    running = [stand.start("configure", "ai-mode", "show", "--user-agent", "x" * 2000) for _ in range(20)]
    assert [ended(process) for process in running] == [0] * 20
    assert len(stand.calls("start")) == len(stand.calls("end")) == 20


def test_text_is_utf8_in_any_locale(ready: Stand) -> None:
    done = ready.send_for_real("13800138000", LC_ALL="C", LANG="C", PYTHONUTF8="0")
    assert reply(done)["Code"] == "OK"
    assert ready.ledger()[0]["sign"] == SIGN
    assert SIGN in ready.api("query-sms-sign-list", LC_ALL="C").stdout


def test_an_interrupt_ends_it_by_the_signal_and_leaves_no_end_record(ready: Stand) -> None:
    with stopped(ready.start("dysmsapi", "send-sms", *API, *send_flags("13900000004"), **KEYS)) as process:
        wait_for(ready.ledger)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out, err, ready.calls("end")) == (-signal.SIGINT, "", "", [])


@given(st.text("ab*", max_size=8), st.text("ab", max_size=8))
def test_a_pattern_fits_as_a_regular_expression_would(pattern: str, text: str) -> None:
    expression = "".join(".*" if letter == "*" else letter for letter in pattern)
    assert rules.matches(pattern, text) is (re.fullmatch(expression, text) is not None)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON_VALUES)
def test_its_json_reads_what_json_writes_and_the_other_way(value: object) -> None:
    assert jsontext.parse(json.dumps(value)) == value
    assert json.loads(jsontext.write(value)) == value
    assert json.loads(jsontext.write(jsontext.ordered(value), "\t")) == value


@given(st.text('{}[]":,-01.tnul \\', max_size=12))
def test_its_json_refuses_what_json_refuses(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError):  # noqa: PT011  its text is json's
            jsontext.parse(text)
    else:
        assert jsontext.parse(text) == expected


# --- commands of the CLI itself --------------------------------------------------------------------------------------


def test_version_is_the_bare_number(stand: Stand) -> None:
    assert (stand.run("version").stdout, stand.run("version").returncode) == ("3.4.11\n", 0)
    stand.put("conditions.json", {"version": "3.3.2"})
    assert stand.run("version").stdout == "3.3.2\n"


@pytest.mark.parametrize("words", ["version", "plugin list", "plugin update", "plugin install", "configure set"])
def test_meta_commands_refuse_user_agent(stand: Stand, words: str) -> None:
    done = stand.run(*words.split(), "--user-agent", "X")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ERROR: invalid flag --user-agent; available flags: --help")


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        ("", 3, "command missing"),
        ("ecs describe-regions", 2, "'ecs' is not a valid product"),
        ("version more", 2, "'more' is not a valid command"),
        ("--bogus 1 version", 2, "invalid flag --bogus"),
        ("--profile p version", 2, "invalid flag --profile"),
        ("plugn list", 2, "'plugn' is not a valid product"),
        ("configure bogus", 2, "is not a valid command"),
        ("configure bogus", 2, "'bogus' is not a valid command"),
        ("configure set --profil x", 2, "invalid flag --profil; available flags: --help"),
        ("configure list", 70, "the sandbox does not play `aliyun configure list`"),
        ("configure set --region", 1, "--region must be assigned with value"),
        ("configure set --retry-count many --region r", 1, "--retry-count is not a number"),
        ("configure set more", 2, "'more' is not a valid command"),
        ("configure ai-mode bogus", 2, "'bogus' is not a valid command"),
        ("configure ai-mode enable more", 2, "'more' is not a valid command"),
        ("configure ai-mode set-user-agent", 1, "--user-agent is required"),
        ("configure ai-mode set-user-agent --user-agent", 1, "--user-agent must be assigned with value"),
        ("plugin", 3, "command missing\n\nUse `aliyun plugin --help`"),
        ("plugin bogus", 3, "command missing"),
        ("plugin list more", 2, "'more' is not a valid command"),
        ("plugin install", 1, "either --names or --source is required"),
        ("plugin install --names bogus", 1, "plugin bogus not found in repository"),
        ("plugin update --name dysmsapi", 1, "plugin dysmsapi not found"),
        ("dysmsapi send-sms --region", 1, "--region must be assigned with value"),
        ("dysmsapi send-sms --region a --region b", 1, "--region duplicated"),
        ("dysmsapi send-sms --vpc=1", 1, "flag --vpc can't be assiged"),
        ("dysmsapi send-sms -out 1", 1, "not support flag form -out"),
        ("dysmsapi send-sms -- 1", 1, "not support '--' in command line"),
        ("dysmsapi SendSms", 2, "'SendSms' is not a valid api"),
    ],
)
def test_what_it_does_not_know_fails_loudly(stand: Stand, words: str, code: int, text: str) -> None:
    done = stand.run(*words.split())
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("ERROR: ")
    assert text in done.stderr


def test_the_product_alone_shows_its_commands(stand: Stand) -> None:
    done = stand.run("dysmsapi")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\n  send-sms\n" in done.stdout


@pytest.mark.parametrize(("setting", "coloured"), [("1", False), ("true", False), ("yes", True), ("", True)])
def test_errors_are_red_even_in_a_pipe_unless_no_color_says_so(stand: Stand, setting: str, *, coloured: bool) -> None:
    err = stand.run("plugin", NO_COLOR=setting).stderr
    assert err.startswith("\033[1;31mERROR: command missing\n\033[0m") is coloured
    assert ("\033" in err) is coloured


@pytest.mark.parametrize("words", ["version", "configure ai-mode disable", "plugin list", "configure set"])
@pytest.mark.parametrize(
    ("text", "why"), [('{"current": "default", "pro', "unexpected end"), ("", "unexpected end"), ("{x", "invalid char")]
)
def test_a_corrupt_configuration_makes_every_command_fail_with_exit_zero(
    stand: Stand, words: str, text: str, why: str
) -> None:
    stand.put_config(text)
    done = stand.run(*words.split())
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith(f"ERROR: load current configuration failed init config failed {why}")


def test_a_corrupt_configuration_hides_a_send(ready: Stand) -> None:
    ready.put_config("{")
    done = ready.send("13800138000")
    assert (done.returncode, done.stdout, ready.ledger()) == (0, "", [])


# --- AI mode ---------------------------------------------------------------------------------------------------------


def test_ai_mode_is_switched_silently_in_one_private_file(stand: Stand) -> None:
    path = stand.home / ".aliyun" / "ai-mode.json"
    for words in (["enable", "--user-agent", "ignored"], ["set-user-agent", "--user-agent", "me/1"]):
        done = stand.run("configure", "ai-mode", *words)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads(path.read_text()) == {"enabled": True, "user_agent": "me/1"}
    assert path.stat().st_mode & 0o777 == 0o600
    stand.run("configure", "ai-mode", "disable")
    assert json.loads(path.read_text()) == {"enabled": False, "user_agent": "me/1"}


def test_ai_mode_is_shown_as_json(stand: Stand) -> None:
    off = reply(stand.run("configure", "ai-mode"))
    assert (off["enabled"], off["effective_user_agent"]) == (False, "AlibabaCloud-Agent-Skills")
    stand.run("configure", "ai-mode", "enable")
    stand.run("configure", "ai-mode", "set-user-agent", "--user-agent", "me/1")
    done = stand.run("configure", "ai-mode", "show")
    assert reply(done)["request_user_agent_suffix"] == "AlibabaCloud-AIMode/enabled me/1"
    assert '\n  "enabled": true,\n  "user_agent": "me/1",\n' in done.stdout


def test_a_corrupt_ai_mode_file_reads_as_off(stand: Stand) -> None:
    stand.put_config('{"current": "default", "profiles": [{"name": "default"}]}')
    (stand.home / ".aliyun" / "ai-mode.json").write_text('{"enabled": tr')
    assert reply(stand.run("configure", "ai-mode"))["enabled"] is False


def test_ai_mode_is_rewritten_in_place_so_a_reader_may_see_the_same_file_change(stand: Stand) -> None:
    stand.run("configure", "ai-mode", "enable")
    path = stand.home / ".aliyun" / "ai-mode.json"
    before = path.stat().st_ino
    stand.run("configure", "ai-mode", "disable")
    assert path.stat().st_ino == before
    assert [entry.name for entry in path.parent.iterdir()] == ["ai-mode.json"]  # neither a lock nor a temporary file


def test_the_user_agent_is_put_back_to_none(stand: Stand) -> None:
    stand.run("configure", "ai-mode", "set-user-agent", "--user-agent", "me/1")
    done = stand.run("configure", "ai-mode", "reset-user-agent")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads((stand.home / ".aliyun" / "ai-mode.json").read_text()) == {"enabled": False}


# --- profiles --------------------------------------------------------------------------------------------------------


def test_auto_install_cannot_be_set_with_keys_in_the_environment_only(stand: Stand) -> None:
    done = stand.run("configure", "set", "--auto-plugin-install", "true", **KEYS)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "ERROR: fail to set configuration: region can't be empty\n"
    assert not (stand.home / ".aliyun" / "config.json").exists()
    stand.put_config(json.dumps({"current": "a", "profiles": [{"name": "a", "mode": "AK", "region_id": "r"}]}))
    done = stand.run("configure", "set", "--auto-plugin-install", "true", **KEYS)
    assert (done.returncode, "access_key_id is not configured for profile 'a'" in done.stderr) == (1, True)


def test_auto_install_is_written_into_the_current_profile(stand: Stand) -> None:
    stand.put_config(json.dumps({"current": "a", "profiles": [profile("a"), profile("b")]}))
    path = stand.home / ".aliyun" / "config.json"
    inode = path.stat().st_ino
    done = stand.run("configure", "set", "--auto-plugin-install", "TRUE")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert stand.config()["current"] == "a"
    assert {p["name"]: p.get("auto_plugin_install") for p in stand.config()["profiles"]} == {"a": True, "b": None}
    assert path.stat().st_ino != inode  # written beside, and renamed
    assert (path.stat().st_mode & 0o777, [entry.name for entry in path.parent.iterdir()]) == (0o600, [path.name])
    stand.run("configure", "set", "--auto-plugin-install", "yes")
    assert [p["auto_plugin_install"] for p in stand.config()["profiles"] if p["name"] == "a"] == [False]


def test_configure_set_with_a_profile_makes_it_current(stand: Stand) -> None:
    stand.put_config(json.dumps({"current": "a", "profiles": [profile("a"), profile("b")]}))
    stand.run("configure", "set", "--profile", "b", "--auto-plugin-install", "true")
    assert stand.config()["current"] == "b"


def test_a_profile_is_set(stand: Stand) -> None:
    words = ("--access-key-id", "LTAI-12345", "--access-key-secret", "hush", "--region", "cn-shanghai")
    assert stand.run("configure", "set", "--mode", "AK", *words, "--retry-count", "3").returncode == 0
    (saved,) = stand.config()["profiles"]
    assert (saved["name"], saved["access_key_secret"], saved["retry_count"]) == ("default", "hush", 3)
    assert saved["region_id"] == "cn-shanghai"


LIST = ("dysmsapi", "query-sms-sign-list", *API)


@pytest.mark.parametrize(
    ("environment", "code", "text"),
    [
        ({}, 3, "region can't be empty"),
        ({"ALIBABA_CLOUD_ACCESS_KEY_ID": "a", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "b"}, 3, "region can't be empty"),
        ({"ALIBABA_CLOUD_REGION_ID": "r"}, 3, "profile default is not configure yet"),
        ({"ALIBABA_CLOUD_REGION_ID": "r", "ALICLOUD_ACCESS_KEY_ID": "a"}, 3, "profile default is not configure yet"),
        (KEYS, 0, ""),
        ({name.replace("ALIBABA_CLOUD", "ALIBABACLOUD"): value for name, value in KEYS.items()}, 0, ""),
        ({name.replace("ALIBABA_CLOUD", "ALICLOUD"): value for name, value in KEYS.items()}, 0, ""),
        ({**KEYS, "ALIBABA_CLOUD_REGION_ID": "", "ALIBABA_CLOUD_IGNORE_PROFILE": "TRUE"}, 0, ""),
        ({**KEYS, "ALIBABA_CLOUD_PROFILE": "nope"}, 3, "unknown profile nope, run configure to check"),
        ({**KEYS, "ALIBABACLOUD_PROFILE": "nope"}, 3, "unknown profile nope, run configure to check"),
    ],
)
def test_a_call_needs_region_and_keys(ready: Stand, environment: dict[str, str], code: int, text: str) -> None:
    done = ready.run(*LIST, **environment)
    assert done.returncode == code
    assert text in done.stderr
    assert (done.stdout != "") is (code == 0)


def test_a_region_may_be_given_as_a_flag_before_or_after_the_product(ready: Stand) -> None:
    keys = {**KEYS, "ALIBABA_CLOUD_REGION_ID": ""}
    assert ready.run(*LIST, "--region", "cn-hangzhou", **keys).returncode == 0
    assert ready.run("--region", "cn-hangzhou", *LIST, **keys).returncode == 0


def test_saved_keys_win_over_the_environment_and_a_flag_chooses_the_profile(ready: Stand) -> None:
    profiles = [profile("good"), profile("bad", access_key_id="LTAI-bad")]
    ready.put_config(json.dumps({"current": "good", "profiles": profiles}))
    assert ready.run(*LIST, **{**KEYS, "ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI-bad"}).returncode == 0
    for words in ((*LIST, "--profile", "bad"), ("--profile", "bad", *LIST), (*LIST, "--profile=bad")):
        assert "InvalidAccessKeyId.NotFound" in ready.run(*words, **KEYS).stderr
    assert "InvalidAccessKeyId.NotFound" in ready.run(*LIST, ALIBABA_CLOUD_PROFILE="bad").stderr


def test_an_unknown_profile_is_refused(ready: Stand) -> None:
    ready.put_profiles(profile("a"))
    done = ready.run(*LIST, "--profile", "nope")
    assert (done.returncode, done.stderr) == (3, f"ERROR: unknown profile nope, run configure to check\n\n{TIP}\n")


RUN_OAUTH = "Run `aliyun configure --profile p --mode OAuth` to set it"
TIP = "Configuration failed, use `aliyun configure` to configure it"
KEY = ("access_key_id", "access_key_secret")
NEEDED: dict[str, tuple[str, ...]] = {
    "AK": KEY,
    "StsToken": (*KEY, "sts_token"),
    "RamRoleArn": (*KEY, "ram_role_arn", "role_session_name"),
    "EcsRamRole": (),
    "RamRoleArnWithRoleName": (),
    "RsaKeyPair": ("private_key", "key_pair_name"),
    "External": ("process_command",),
    "CredentialsURI": ("credentials_uri",),
    "OIDC": ("oidc_provider_arn", "oidc_token_file", "ram_role_arn", "role_session_name"),
    "ChainableRamRoleArn": ("source_profile", "ram_role_arn", "role_session_name"),
    "CloudSSO": ("cloud_sso_sign_in_url",),
    "BearerToken": ("bearer_token",),
    "Anonymous": (),
}
"""Facts §2.8 and §2.9, written down once more."""


@pytest.mark.parametrize("mode", NEEDED)
def test_each_mode_asks_for_its_fields_in_their_order(ready: Stand, mode: str) -> None:
    saved: dict[str, object] = {"name": "p", "mode": mode, "region_id": "cn-hangzhou"}
    for field in NEEDED[mode]:
        ready.put_profiles(saved)
        done = ready.run(*LIST)
        text = f"{field} is not configured for profile 'p'. Run `aliyun configure --profile p --mode {mode}` "
        assert done.returncode == 3
        assert done.stderr.startswith(f"ERROR: {text}")
        assert done.stderr.endswith(f"\n\n{TIP}\n")
        saved[{"role_session_name": "ram_session_name"}.get(field, field)] = "p"
    ready.put_profiles(saved)
    assert reply(ready.run(*LIST))["Code"] == "OK"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"region_id": ""}, "region can't be empty"),
        ({"region_id": "cn_hangzhou"}, "invalid region cn_hangzhou"),
        ({"mode": "", "access_key_id": ""}, "profile p is not configure yet, run `aliyun configure --profile p` first"),
        ({"mode": "ak"}, "invalid mode: ak"),
        ({"mode": "RamRoleArnWithEcs"}, "invalid mode: RamRoleArnWithEcs"),
        (
            {"mode": "OAuth", "oauth_site_type": "EU"},
            "invalid oauth_site_type 'EU' for profile 'p', should be CN or INTL. " + RUN_OAUTH,
        ),
    ],
)
def test_what_validation_refuses_besides(ready: Stand, fields: dict[str, object], text: str) -> None:
    ready.put_profiles(profile("p", **fields))
    done = ready.run(*LIST)
    assert (done.returncode, done.stderr) == (3, f"ERROR: {text}\n\n{TIP}\n")


def test_credentials_that_nobody_gives_out_are_told_with_the_profile(ready: Stand) -> None:
    roles = {"source_profile": "gone", "ram_role_arn": "r", "ram_session_name": "s"}
    ready.put_profiles(profile("p", mode="ChainableRamRoleArn", **roles))
    told = '\n\nprofile "p": failed to resolve credentials\n'
    done = ready.run(*LIST)
    assert (done.returncode, done.stderr) == (3, f"ERROR: can not load the source profile: gone{told}")
    ready.put("conditions.json", {"credentials_error": "dial tcp 100.100.100.200:80: i/o timeout"})
    ready.put_profiles(profile("p", mode="EcsRamRole"))
    done = ready.run(*LIST)
    assert (done.returncode, done.stderr) == (3, f"ERROR: dial tcp 100.100.100.200:80: i/o timeout{told}")
    ready.put_profiles(profile("p"))
    assert ready.run(*LIST).returncode == 0, "a key needs nobody"


@pytest.mark.parametrize(
    "environment",
    [
        {"ACCESS_KEY_ID": "a", "ACCESS_KEY_SECRET": "b", "REGION": "cn-hangzhou"},
        {"ALIBABA_CLOUD_BEARER_TOKEN": "t", "REGION_ID": "cn-hangzhou"},
        {**KEYS, "ALICLOUD_SECURITY_TOKEN": "t"},
        {"ALIBABA_CLOUD_PROFILE_MODE": "anonymous"},
    ],
)
def test_the_environment_fills_what_is_blank_and_tells_the_mode(ready: Stand, environment: dict[str, str]) -> None:
    assert reply(ready.run(*LIST, **environment))["Code"] == "OK"


@pytest.mark.parametrize("name", ["ALIBABACLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE", "ALICLOUD_PROFILE"])
def test_three_variables_name_the_profile(ready: Stand, name: str) -> None:
    ready.put_profiles(profile("good"), profile("bad", access_key_id="LTAI-bad"))
    assert "InvalidAccessKeyId.NotFound" in ready.run(*LIST, **{name: "bad"}).stderr
    assert ready.run(*LIST, "--profile", "good", **{name: "bad"}).returncode == 0


@pytest.mark.parametrize("name", ["ALIBABA_CLOUD_IGNORE_PROFILE", "ALIBABACLOUD_IGNORE_PROFILE"])
def test_a_profile_is_ignored_for_exactly_one_word(ready: Stand, name: str) -> None:
    ready.put_profiles(profile("bad", access_key_id="LTAI-bad"))
    keys = {**KEYS, "ALIBABA_CLOUD_REGION_ID": ""}
    assert ready.run(*LIST, **{**keys, name: "TRUE"}).returncode == 0
    assert ready.run(*LIST, **{**keys, name: "true"}).returncode == 1
    ready.put_config("{")
    assert reply(ready.run(*LIST, **{**keys, name: "TRUE"}))["Code"] == "OK"
    assert "load current configuration failed" in ready.run("configure", "set", **{name: "TRUE"}).stderr


# --- the host's flags ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flag", sorted(ONCE))
def test_a_flag_of_the_host_is_taken_wherever_it_stands_unless_it_is_part_of_a_word(flag: str) -> None:
    words = ("dysmsapi", "send-sms", "--sign-name", "x", "--out-id")
    for taken in ((f"--{flag}=v",), (f"--{flag}", "v"), (f"--{flag}:v",)):
        assert host_flags((*words, *taken)) == {flag: "v"}
    assert host_flags(("dysmsapi", "send-sms", f"--out-id=--{flag}=v", "--sign-name", f"a--{flag}")) == {}


def test_what_a_mode_needs_may_be_given_as_a_flag() -> None:
    needed = {field.replace("_", "-") for fields in NEEDED.values() for field in fields}
    assert needed - ONCE == {"credentials-uri"}, "the environment or config.json alone gives it"
    assert [flag for flag in ONCE if flag.endswith("-")] == []


def test_switches_take_no_value_and_short_names_are_known() -> None:
    assert host_flags([f"--{switch}" for switch in sorted(SWITCHES)]) == dict.fromkeys(sorted(SWITCHES), "true")
    assert host_flags(["--out-id", "-p", "prod", "--sign-name", "-q", "x"]) == {"profile": "prod", "quiet": "true"}
    assert host_flags(["--header", "a=b", "c=d", "--out-id", "1", "--out-id", "2"]) == {"header": "c=d"}


def test_a_value_that_looks_like_a_flag_chooses_another_profile_and_another_file(ready: Stand, tmp_path: Path) -> None:
    ready.put_profiles(profile("good"), profile("prod", access_key_id="LTAI-bad"))
    refused = "InvalidAccessKeyId.NotFound"
    assert refused in ready.send("13800138000", "--out-id", "--profile=prod", **NOTHING).stderr
    assert reply(ready.send("13800138000", "--out-id=--profile=prod", **NOTHING))["Code"] == "OK"
    assert [row["out_id"] for row in ready.ledger()] == ["--profile=prod"]
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"current": "x", "profiles": [profile("x", access_key_id="LTAI-bad")]}))
    assert refused in ready.send("13800138000", "--out-id", f"--config-path={other}", **NOTHING).stderr
    assert ready.calls("start")[-1]["argv"][-1] == f"--config-path={other}"


# --- the safety policy and mock mode ---------------------------------------------------------------------------------

WANTS_CONFIRMATION = "Safety policy requires confirmation for: dysmsapi send-sms\n"


@pytest.mark.parametrize(
    ("rules_", "code", "text"),
    [
        (
            [("dysmsapi:Send-*", "deny")],
            1,
            "operation blocked by safety policy: dysmsapi send-sms (rule: dysmsapi:Send-*)",
        ),
        ([("*", "confirm")], 1, WANTS_CONFIRMATION),
        ([("*:send-sms", "forbid")], 1, WANTS_CONFIRMATION),
        ([("*:send-sms", "allow"), ("*", "deny")], 0, ""),
        ([("ecs:*", "deny"), ("dysmsapi:send", "deny")], 0, ""),
    ],
)
def test_the_first_rule_of_the_safety_policy_decides(
    ready: Stand, rules_: list[tuple[str, str]], code: int, text: str
) -> None:
    ready.put_policy(*rules_)
    done = ready.send("13800138000")
    assert (done.returncode, len(ready.ledger())) == (code, 1 - code)
    assert done.stderr.startswith(f"ERROR: {text}" if text else "")
    assert ready.send("13800138000", ALIBABA_CLOUD_SAFETY_POLICY_ENABLED="false").returncode == 0


def test_the_environment_has_its_own_policy_which_replaces_the_files(ready: Stand) -> None:
    given = {"ALIBABA_CLOUD_SAFETY_POLICY_ENABLED": "1", "ALIBABA_CLOUD_SAFETY_POLICY_RULES": "ecs:*=deny, *=Confirm,x"}
    assert WANTS_CONFIRMATION in ready.send("13800138000", **given).stderr
    ready.put_policy(("*", "deny"))
    assert WANTS_CONFIRMATION in ready.send("13800138000", **given).stderr
    assert "(rule: *)" in ready.send("13800138000", **{**given, "ALIBABA_CLOUD_SAFETY_POLICY_RULES": "x"}).stderr
    assert ready.send("13800138000", **{**given, "ALIBABA_CLOUD_SAFETY_POLICY_RULES": ""}).returncode == 0


def test_a_yes_on_the_line_or_in_the_environment_answers_confirm_and_never_deny(ready: Stand) -> None:
    ready.put_policy(("*", "confirm"))
    assert reply(ready.send("13800138000", "--yes"))["Code"] == "OK"
    assert reply(ready.send("13800138000", ALIBABA_CLOUD_SAFETY_SKIP_CONFIRM="1"))["Code"] == "OK"
    assert ready.send("13800138000", ALIBABA_CLOUD_SAFETY_SKIP_CONFIRM="yes").returncode == 1
    ready.put_policy(("*", "deny"))
    assert ready.send("13800138000", "--yes").returncode == 1


def test_the_policy_speaks_the_language_of_the_default_profile(ready: Stand) -> None:
    ready.put_profiles(profile("a", language="zh"), profile("b"))
    for action, text in (("deny", "操作被安全策略拒绝: dysmsapi send-sms"), ("confirm", "安全策略要求确认以下操作：")):
        ready.put_policy(("*", action))
        assert ready.send("13800138000", "--profile", "b").stderr.startswith(f"ERROR: {text}")


@pytest.mark.parametrize(("answer", "code"), [(b"yes\n", 0), (b"n\n", 1)])
def test_a_person_at_a_terminal_is_asked_by_the_policy(ready: Stand, answer: bytes, code: int) -> None:
    ready.put_policy(("*", "confirm"))
    master, slave = pty.openpty()
    os.write(master, answer)
    done = ready.run_with(slave, *LIST, **KEYS)
    os.close(master)
    os.close(slave)
    assert (done.returncode, "Type 'yes' to proceed" in done.stderr) == (code, True)
    assert ("operation cancelled by user" in done.stderr) is (code == 1)


def test_an_unreadable_policy_counts_as_none(ready: Stand) -> None:
    (ready.home / ".aliyun" / "safety-policy.json").write_text("{")
    assert reply(ready.send("13800138000"))["Code"] == "OK"


def test_mock_mode_answers_instead_and_only_for_exactly_true(ready: Stand) -> None:
    mocks = ready.home / ".aliyun" / "mocks.json"
    mocks.write_text(json.dumps([{**RULE, "cmd": "dysmsapi send-sms *", "times": 1}]))
    assert ready.send("13800138000", ALIBABA_CLOUD_CLI_MOCK="TRUE").returncode == 0
    assert len(ready.ledger()) == 1
    done = ready.send("13800138000", ALIBABA_CLOUD_CLI_MOCK="true")
    assert (done.returncode, done.stdout, len(ready.ledger())) == (7, "out\n", 1)
    assert ready.send("13800138000", ALIBABA_CLOUD_CLI_MOCK="true").returncode == 0, "it is used up"


# --- the plugin's files ----------------------------------------------------------------------------------------------


def test_plugin_list_has_a_head_even_when_empty(stand: Stand) -> None:
    assert stand.run("plugin", "list").stdout.split() == [
        "Name",
        "Version",
        "Description",
        "----",
        "-------",
        "-----------",
    ]
    assert stand.run("plugin", "update").stdout == "No plugins installed.\n"


def test_a_plugin_is_installed_and_listed(stand: Stand) -> None:
    stand.put("conditions.json", {"plugin_version": "1.2.3"})
    done = stand.run("plugin", "install", "--names", "dysmsapi")
    assert done.stdout == f"Downloading {PLUGIN} 1.2.3...\nPlugin {PLUGIN} 1.2.3 installed successfully!\n"
    assert stand.run("plugin", "list").stdout.splitlines()[2].split()[:2] == [PLUGIN, "1.2.3"]
    assert (stand.home / ".aliyun" / "plugins" / PLUGIN / PLUGIN).exists()
    assert "All plugins are up to date.\n" in stand.run("plugin", "update").stdout
    assert PLUGIN in stand.run("plugin", "search", "dysmsapi").stdout


def test_the_plugins_folder_may_be_elsewhere(stand: Stand, tmp_path: Path) -> None:
    elsewhere = str(tmp_path / "elsewhere")
    stand.run("plugin", "install", "--name", PLUGIN, ALIBABA_CLOUD_CLI_PLUGINS_DIR=elsewhere)
    assert PLUGIN in stand.run("plugin", "list", ALIBABA_CLOUD_CLI_PLUGINS_DIR=elsewhere).stdout
    assert PLUGIN not in stand.run("plugin", "list").stdout


def test_a_call_fails_while_the_plugin_is_replaced_in_place(ready: Stand) -> None:
    ready.put("conditions.json", {"plugin_update_available": True, "replace_seconds": 30})
    with stopped(ready.start("plugin", "update")):
        wait_for(lambda: not (ready.home / ".aliyun" / "plugins" / PLUGIN / PLUGIN).exists())
        done = ready.send("13800138000")
    assert (done.returncode, done.stdout, ready.ledger()) == (1, "", [])
    assert done.stderr.startswith("ERROR: failed to resolve plugin binary path: ")


def test_a_register_of_plugins_that_ends_early_stops_a_call(ready: Stand) -> None:
    (ready.home / ".aliyun" / "plugins" / "manifest.json").write_text('{"plugins": {')
    done = ready.send("13800138000")
    why = "failed to check plugin status: failed to read local plugin manifest: unexpected end of JSON input"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"ERROR: {why}\n")


def test_an_update_comes_once(ready: Stand) -> None:
    ready.put("conditions.json", {"plugin_update_available": True, "replace_seconds": 0})
    first, second = ready.run("plugin", "update").stdout, ready.run("plugin", "update").stdout
    assert f"Updating {PLUGIN} from 0.3.2 to 0.3.3...\n" in first
    assert first.endswith("Updated: 1\n")
    assert second.endswith(f"Skipping {PLUGIN} (already up to date: 0.3.3)\nAll plugins are up to date.\n")
    assert reply(ready.send("13800138000"))["Code"] == "OK"


def test_offline_there_is_no_index(ready: Stand) -> None:
    ready.put("conditions.json", {"offline": True})
    done = ready.run("plugin", "update")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ERROR: failed to get plugin index: failed to fetch plugin index: Get ")
    named = ready.run("plugin", "update", "--name", "dysmsapi")
    assert (named.returncode, named.stderr) == (1, "ERROR: plugin dysmsapi not found in repository\n")
    assert "failed to get plugin index" in ready.run("plugin", "install", "--names", "dysmsapi").stderr
    assert reply(ready.send("13800138000"))["Code"] == "OK"


def test_a_missing_plugin_offline_is_no_product(stand: Stand) -> None:
    stand.put("conditions.json", {"offline": True})
    done = stand.send("13800138000")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Note: Could not load the remote plugin catalog")
    assert "ERROR: 'dysmsapi' is not a valid product" in done.stderr


@pytest.mark.parametrize("by", ["profile", "environment"])
def test_an_auto_install_talks_on_stdout_before_the_json(stand: Stand, by: str) -> None:
    if by == "profile":
        stand.put_config(json.dumps({"current": "a", "profiles": [profile("a", auto_plugin_install=True)]}))
    wanted = {"ALIBABA_CLOUD_CLI_PLUGIN_AUTO_INSTALL": "true"} if by == "environment" else {}
    done = stand.send("13800138000", **wanted)
    noise, rest = done.stdout.split("{", 1)
    assert noise == f"Downloading {PLUGIN} 0.3.2...\nPlugin {PLUGIN} 0.3.2 installed successfully!\n"
    assert json.loads("{" + rest)["Code"] == "OK"
    assert done.stderr == (
        f"Plugin '{PLUGIN}' is required for command 'dysmsapi send-sms' but not installed.\n"
        f"Auto-installing plugin '{PLUGIN}'...\n"
    )


def test_a_missing_plugin_with_a_pipe_for_stdin_is_only_hinted_at(stand: Stand) -> None:
    done = stand.send("13800138000")
    assert (done.returncode, done.stdout) == (1, "")
    assert "ERROR: 'dysmsapi' is not a valid built-in product.\nA plugin " in done.stderr
    assert "[Y/n]" not in done.stderr
    unknown = stand.api("send-xyz")
    assert (unknown.returncode, unknown.stderr) == (1, "ERROR: 'dysmsapi' is not a valid built-in product.\n")


def test_a_missing_plugin_with_dev_null_for_stdin_is_asked_for_in_vain(stand: Stand) -> None:
    done = stand.run_with(subprocess.DEVNULL, "dysmsapi", "send-sms", **KEYS)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("Do you want to install it? [Y/n]: ERROR: failed to read user input: EOF\n")


@pytest.mark.parametrize(("answer", "code"), [(b"\n", 0), (b"Y\n", 0), (b"n\n", 1)])
def test_a_person_at_a_terminal_may_answer(stand: Stand, answer: bytes, code: int) -> None:
    master, slave = pty.openpty()
    os.write(master, answer)
    done = stand.run_with(slave, *LIST, **KEYS)
    os.close(master)
    os.close(slave)
    assert done.returncode == code
    assert ("installed successfully!" in done.stdout) is (code == 0)


# --- the plugin's parser and the gateway -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("send-xyz --api-version 2017-05-25", 'unknown command "send-xyz"'),
        ("send-sms --phone-numbers 1", 'unknown command "send-sms" for "aliyun dysmsapi" in API version 2018-05-01'),
        ("send-sms --api-version 2018-05-01", 'unknown command "send-sms"'),
        ("send-sms --api-version 2017-05-25 --sign-name x", "required flags missing: --phone-numbers, --template-code"),
        ("send-sms --api-version 2017-05-25 --PhoneNumbers x", "unknown flag: --PhoneNumbers"),
        ("send-sms --api-version 2017-05-25 --bogus=1", "unknown flag: --bogus"),
        ("send-sms --api-version 2017-05-25 -x 1", "unknown flag: -x"),
        ("send-sms --api-version", "flag needs an argument: --api-version"),
        ("get-sms-sign --api-version 2017-05-25 --sign-name a b", 'unknown command "b"'),
        ("query-sms-sign-list --api-version 2017-05-25 --page-size ten", 'invalid argument "ten" for "--page-size"'),
    ],
)
def test_the_plugin_fails_in_its_own_words(ready: Stand, words: str, text: str) -> None:
    done = ready.run("dysmsapi", *words.split(), **KEYS)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert text in done.stderr


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI-bad", "   Code: InvalidAccessKeyId.NotFound"),
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI-forbidden", "   Code: Forbidden.RAM"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "wrong", "   Code: SignatureDoesNotMatch"),
    ],
)
def test_the_gateway_refuses_keys_in_text_on_stderr(ready: Stand, key: str, value: str, line: str) -> None:
    done = ready.send("13800138000", **{key: value})
    assert (done.returncode, done.stdout, ready.ledger()) == (1, "", [])
    assert line in done.stderr.splitlines()


def test_a_reply_is_sorted_json_indented_with_tabs(ready: Stand) -> None:
    done = ready.send("13800138000", "--user-agent", "me/1", "--read-timeout", "3")
    assert re.fullmatch(
        r'\{\n\t"BizId": "\d{18}\^0",\n\t"Code": "OK",\n\t"Message": "OK",\n\t"RequestId": "[0-9A-F-]{36}"\n\}\n',
        done.stdout,
    )


# --- sending ---------------------------------------------------------------------------------------------------------


def test_an_accepted_message_stands_in_the_ledger_once_per_recipient(ready: Stand) -> None:
    answer = reply(ready.send("13800138000,+8613800138001,85261234567", "--out-id", "order-1"))
    rows = ready.ledger()
    assert [row["phone"] for row in rows] == ["13800138000", "13800138001", "85261234567"]
    assert {row["biz_id"] for row in rows} == {answer["BizId"]}
    assert rows[0] | {"time": 0} == {
        "time": 0,
        "biz_id": answer["BizId"],
        "phone": "13800138000",
        "sign": SIGN,
        "template": "SMS_100000001",
        "params": {"code": "123456"},
        "content": f"【{SIGN}】您的验证码为：123456，5分钟内有效，请勿泄露。",
        "out_id": "order-1",
    }


@pytest.mark.parametrize(
    "number", ["13800138000", "+13800138000", "+8613800138000", "008613800138000", "8613800138000"]
)
def test_documented_spellings_of_a_number_are_accepted(ready: Stand, number: str) -> None:
    assert reply(ready.send(number))["Code"] == "OK"
    assert ready.ledger()[0]["phone"] == "13800138000"


@pytest.mark.parametrize(
    ("flag", "value", "code"),
    [
        ("--sign-name", "没有的签名", "isv.SMS_SIGN_NAME_ILLEGAL"),
        ("--sign-name", "审核中签名", "isv.SMS_SIGN_NAME_ILLEGAL"),
        ("--sign-name", "已驳回签名", "isv.SMS_SIGN_NAME_ILLEGAL"),
        ("--sign-name", "已取消签名", "isv.SMS_SIGN_NAME_ILLEGAL"),
        ("--template-code", "SMS_999999999", "isv.SMS_TEMPLATE_ILLEGAL"),
        ("--template-code", "SMS_100000004", "isv.SMS_TEMPLATE_ILLEGAL"),
        ("--template-code", "SMS_100000005", "isv.SMS_TEMPLATE_ILLEGAL"),
        ("--template-code", "SMS_100000006", "isv.SMS_TEMPLATE_ILLEGAL"),
        ("--template-param", '{"code":123456}', "isv.INVALID_JSON_PARAM"),
        ("--template-param", '{"code":', "isv.INVALID_JSON_PARAM"),
        ("--template-param", '["code"]', "isv.INVALID_JSON_PARAM"),
        ("--template-param", '{"other":"1"}', "isv.TEMPLATE_MISSING_PARAMETERS"),
        ("--template-param", "", "isv.TEMPLATE_MISSING_PARAMETERS"),
        ("--template-code", "SMS_100000002", "isv.SMS_SIGNATURE_SCENE_ILLEGAL"),
        ("--template-code", "SMS_100000003", "isv.SMS_SIGNATURE_SCENE_ILLEGAL"),
        ("--template-code", "SMS_100000007", "isv.DOMESTIC_NUMBER_NOT_SUPPORTED"),
        ("--phone-numbers", ",".join(["13800138000"] * 1001), "isv.MOBILE_COUNT_OVER_LIMIT"),
        ("--phone-numbers", "13800138000,1380013800", "isv.MOBILE_NUMBER_ILLEGAL"),
        ("--phone-numbers", "13800138000,", "isv.MOBILE_NUMBER_ILLEGAL"),
        ("--phone-numbers", "10086", "isv.MOBILE_NUMBER_ILLEGAL"),
        ("--phone-numbers", "+85261234567", "isv.MOBILE_NUMBER_ILLEGAL"),
    ],
)
def test_a_business_error_exits_zero(ready: Stand, flag: str, value: str, code: str) -> None:
    answer = reply(ready.send("13800138000", flag, value))
    assert answer["Code"] == code
    assert set(answer) == {"Code", "Message", "RequestId"}
    assert ready.ledger() == []


@pytest.mark.parametrize("number", ["0016502530000", "0014165550123", "0012127365000", "0085261234567"])
def test_a_number_abroad_with_its_zeros_is_taken_and_found_again(ready: Stand, number: str) -> None:
    biz_id = reply(ready.send(number, "--template-code", "SMS_100000007"))["BizId"]
    assert [row["phone"] for row in ready.ledger()] == [number]
    assert ready.details(number)["TotalCount"] == "1"
    assert ready.details(number.removeprefix("00"), "--biz-id", biz_id)["TotalCount"] == "1"
    assert ready.details(number, "--biz-id", "1^0")["TotalCount"] == "0"


def test_a_receipt_never_shows_another_numbers_message(ready: Stand) -> None:
    ready.send("0016502530000")
    assert ready.details("16502530000")["TotalCount"] == "0", "that is a mainland number"


def test_a_thousand_numbers_go_in_one_request(ready: Stand) -> None:
    numbers = ",".join(f"138{number:08}" for number in range(1000))
    assert reply(ready.send(numbers))["Code"] == "OK"
    assert len({row["phone"] for row in ready.ledger()}) == 1000


def batch(stand: Stand, numbers: object, signs: object, params: object, *more: str) -> dict[str, Any]:
    lists = (("phone-number", numbers), ("sign-name", signs), ("template-param", params))
    flags = [word for name, value in lists for word in (f"--{name}-json", json.dumps(value))]
    return reply(stand.api("send-batch-sms", *flags, "--template-code", "SMS_100000001", *more))


def test_a_batch_has_a_sign_and_parameters_for_each_number(ready: Stand) -> None:
    codes = [{"code": "1"}, {"code": "2"}]
    assert batch(ready, ["13800138000", "13800138001"], [SIGN, "示例商城"], codes)["Code"] == "OK"
    assert [(row["phone"], row["sign"], row["params"]["code"]) for row in ready.ledger()] == [
        ("13800138000", SIGN, "1"),
        ("13800138001", "示例商城", "2"),
    ]
    assert len({row["biz_id"] for row in ready.ledger()}) == 1


@pytest.mark.parametrize(
    ("lists", "out_id", "code"),
    [
        ((["13800138000"], [SIGN, SIGN], [{"code": "1"}]), "", "isv.INVALID_PARAMETERS"),
        ((["13800138000"] * 101, [SIGN] * 101, [{"code": "1"}] * 101), "", "isv.MOBILE_COUNT_OVER_LIMIT"),
        ((["13800138000"], [SIGN], [{}]), "", "isv.TEMPLATE_MISSING_PARAMETERS"),
        ((["13800138000"], [SIGN], [{"code": 1}]), "", "isv.INVALID_JSON_PARAM"),
        ((["13800138000"], [SIGN], {"code": "1"}), "", "isv.INVALID_JSON_PARAM"),
        (("13800138000", [SIGN], [{"code": "1"}]), "", "isv.INVALID_JSON_PARAM"),
        ((["13800138000", "13800138001"], [SIGN, "审核中签名"], [{"code": "1"}] * 2), "", "isv.SMS_SIGN_NAME_ILLEGAL"),
        ((["13900000002"], [SIGN], [{"code": "1"}]), "", "isv.BUSINESS_LIMIT_CONTROL"),
        ((["13800138000"], [SIGN], [{"code": "1"}]), "x" * 256, "isv.PARAM_LENGTH_LIMIT"),
    ],
)
def test_a_batch_is_refused_as_a_whole(
    ready: Stand, lists: tuple[object, object, object], out_id: str, code: str
) -> None:
    assert batch(ready, *lists, "--out-id", out_id)["Code"] == code
    assert ready.ledger() == []


def test_templates_without_variables_and_with_several_are_rendered(ready: Stand) -> None:
    ready.send("13800138000", *SHOP, "--template-code", "SMS_100000003", "--template-param", "")
    params = json.dumps({"name": "王", "order": "A1", "url": "https://a.example/?x=${name}"})
    ready.send("13800138000", *SHOP, "--template-code", "SMS_100000002", "--template-param", params)
    assert [row["content"] for row in ready.ledger()] == [
        "【示例商城】会员日全场八折，欢迎到店选购，拒收请回复R",
        "【示例商城】尊敬的王，您的订单A1已发货，详情见https://a.example/?x=${name}。",
    ]


# --- magic recipients ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("13900000002", "isv.BUSINESS_LIMIT_CONTROL"),
        ("13900000007", "isv.AMOUNT_NOT_ENOUGH"),
        ("13900000017", "isp.SYSTEM_ERROR"),
        ("13900000018", "isv.MOBILE_NUMBER_ILLEGAL"),
    ],
)
def test_magic_recipients_that_are_refused(ready: Stand, number: str, code: str) -> None:
    assert reply(ready.send(f"13800138000,+86{number}"))["Code"] == code
    assert ready.ledger() == []


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("13900000011", "   Code: Throttling.User\n"),
        ("13900000012", "   Code: NoPermission\n"),
        ("13900000013", "connect: connection refused\n"),
    ],
)
def test_magic_recipients_that_fail_before_acceptance(ready: Stand, number: str, text: str) -> None:
    done = ready.send(number)
    assert (done.returncode, done.stdout, ready.ledger()) == (1, "", [])
    assert text in done.stderr


@pytest.mark.parametrize(("number", "accepted"), [("13900000003", 0), ("13900000004", 1)])
def test_a_timeout_takes_its_time_and_leaks_the_request(ready: Stand, number: str, accepted: int) -> None:
    before = time.monotonic()
    done = ready.send(number, "--read-timeout", "1")
    assert 1 <= time.monotonic() - before < 10
    assert (done.returncode, done.stdout, len(ready.ledger())) == (1, "", accepted)
    assert re.match(rf'ERROR: Get "http://.*AccessKeyId=LTAI%2Dgood&.*PhoneNumbers={number}&Signature=', done.stderr)
    assert done.stderr.endswith('": context deadline exceeded (Client.Timeout exceeded while awaiting headers)\n')


def test_a_crash_after_acceptance_has_no_output_and_no_end_record(ready: Stand) -> None:
    done = ready.send_for_real("13900000008")
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGKILL, "", "")
    assert (len(ready.ledger()), ready.calls("end")) == (1, [])


# Elsewhere there is no event to wait for: TERM would sometimes come before it is ignored.
@pytest.mark.skipif(sys.platform != "linux", reason="only /proc tells when the signal has come to be ignored")
def test_a_hang_ignores_terminate(ready: Stand) -> None:
    flags = send_flags("13900000009")
    with stopped(ready.start("dysmsapi", "send-sms", *API, *flags, "--read-timeout", "1", **KEYS)) as process:
        wait_for(ready.ledger)
        wait_for(lambda: ignores_terminate(process.pid))
        process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)


def ignores_terminate(pid: int) -> bool:
    (mask,) = re.findall(r"SigIgn:\s*(\w+)", Path(f"/proc/{pid}/status").read_text("ascii"))
    return bool(int(mask, 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.parametrize(
    ("number", "accepted", "text"),
    [
        ("13900000010", 1, r""),
        ("13900000014", 1, r'\{\n\t"BizId": "[^}]*'),
        ("13900000015", 1, r'\{\n\t"BizId": "\d+\^0",\n\t"Message": "OK",\n\t"RequestId": "[^"]+"\n\}\n'),
        ("13900000016", 0, r"<html>(.|\n)*</html>\n"),
    ],
)
def test_replies_that_cannot_be_read(ready: Stand, number: str, accepted: int, text: str) -> None:
    done = ready.send(number)
    assert (done.returncode, done.stderr, len(ready.ledger())) == (0, "", accepted)
    assert re.fullmatch(text, done.stdout)


def test_the_first_magic_number_decides_for_the_request(ready: Stand) -> None:
    assert reply(ready.send("13800138000,13900000001,13900000002"))["Code"] == "OK"
    assert reply(ready.send("13900000007,13900000002"))["Code"] == "isv.AMOUNT_NOT_ENOUGH"


def test_the_table_of_magic_recipients_has_a_sentence_for_each_number() -> None:
    assert [row.number for row in MAGIC] == [f"139000000{number:02}" for number in range(19)]
    assert all(row.sentence.endswith(".") for row in MAGIC)


# --- receipts and statistics -----------------------------------------------------------------------------------------


def item_of(stand: Stand, number: str) -> dict[str, Any]:
    (item,) = stand.details(number)["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
    found: dict[str, Any] = item
    return found


def test_receipts_are_per_number(ready: Stand) -> None:
    ready.send("13900000000,13900000001,13900000006,13800138000", "--out-id", "o1")
    numbers = ("13900000000", "13900000001", "13900000006", "13800138000")
    items = [item_of(ready, number) for number in numbers]
    assert [(item["SendStatus"], item["ErrCode"]) for item in items] == [
        (3, "DELIVERED"),
        (2, "MOBILE_NOT_ON_SERVICE"),
        (1, ""),
        (3, "DELIVERED"),
    ]
    assert ["ReceiveDate" in item for item in items] == [True, True, False, True]


def test_a_receipt_has_the_fields_of_the_api(ready: Stand) -> None:
    biz_id = reply(ready.send("13800138000", "--out-id", "o1"))["BizId"]
    answer = ready.details("13800138000", "--biz-id", biz_id)
    item = answer["SmsSendDetailDTOs"]["SmsSendDetailDTO"][0]
    sent = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(ready.ledger()[0]["time"] + 8 * 3600))
    assert answer["TotalCount"] == "1"
    assert item == {
        "PhoneNum": "13800138000",
        "SendStatus": 3,
        "ErrCode": "DELIVERED",
        "TemplateCode": "SMS_100000001",
        "Content": f"【{SIGN}】您的验证码为：123456，5分钟内有效，请勿泄露。",
        "SendDate": sent,
        "ReceiveDate": sent,
        "OutId": "o1",
    }
    assert ready.details("13800138000", "--biz-id", "1^0")["TotalCount"] == "0"


def test_a_late_receipt_comes_when_its_time_is_there(ready: Stand) -> None:
    ready.put("conditions.json", {"receipt_seconds": 100, "late_seconds": 1000})
    ready.send("13900000005,13800138000")
    age(ready, 99)
    assert [item_of(ready, number)["SendStatus"] for number in ("13900000005", "13800138000")] == [1, 1]
    age(ready, 2)
    assert [item_of(ready, number)["SendStatus"] for number in ("13900000005", "13800138000")] == [1, 3]
    ready.put("conditions.json", {"late_seconds": 50})
    assert item_of(ready, "13900000005")["SendStatus"] == 3


def age(stand: Stand, seconds: float) -> None:
    rows = [{**row, "time": row["time"] - seconds} for row in stand.ledger()]
    (stand.box / "ledger.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def test_the_day_of_a_receipt_is_the_day_in_shanghai(ready: Stand) -> None:
    ready.send("13800138000")
    midnight = (int(time.time()) // 86400) * 86400 - 8 * 3600
    rows = [{**ready.ledger()[0], "time": moment} for moment in (midnight - 1, midnight)]
    (ready.box / "ledger.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    day = time.strftime("%Y%m%d", time.gmtime(midnight + 8 * 3600))
    assert ready.details("13800138000", "--send-date", day)["TotalCount"] == "1"


@pytest.mark.parametrize(
    ("flag", "value", "code"),
    [
        ("--phone-number", "+8613800138000", "isv.MOBILE_NUMBER_ILLEGAL"),
        ("--phone-number", "8613800138000", "isv.MOBILE_NUMBER_ILLEGAL"),
        ("--phone-number", "13800138000,13800138001", "isv.MOBILE_NUMBER_ILLEGAL"),
        ("--send-date", "2026-01-01", "isv.INVALID_PARAMETERS"),
        ("--send-date", "20200101", "isv.INVALID_PARAMETERS"),
        ("--page-size", "51", "isv.INVALID_PARAMETERS"),
        ("--current-page", "0", "isv.INVALID_PARAMETERS"),
        ("--current-page", "-1", "isv.INVALID_PARAMETERS"),
    ],
)
def test_a_query_of_receipts_is_validated(ready: Stand, flag: str, value: str, code: str) -> None:
    assert ready.details("13800138000", flag, value)["Code"] == code


def test_receipts_come_in_pages_newest_first(ready: Stand) -> None:
    for out_id in "abc":
        ready.send("13800138000", "--out-id", out_id)
    second = ready.details("13800138000", "--page-size", "2", "--current-page", "2")
    assert second["TotalCount"] == "3"
    assert [item["OutId"] for item in second["SmsSendDetailDTOs"]["SmsSendDetailDTO"]] == ["a"]


def statistics(stand: Stand, *more: str) -> dict[str, Any]:
    page = ("--page-index", "1", "--page-size", "10", "--start-date", "20260101", "--end-date", TODAY)
    return reply(stand.api("query-send-statistics", "--is-globe", "1", *page, *more))


def test_statistics_count_billed_parts_of_the_ledger(ready: Stand) -> None:
    ready.send("13800138000,13900000001,13900000006,85261234567")
    params = json.dumps({"name": "王", "order": "A" * 120, "url": "u"})
    ready.send("13800138000", *SHOP, "--template-code", "SMS_100000002", "--template-param", params)
    assert statistics(ready)["Data"] == {"TotalSize": 1, "TargetList": [day(6, 4, 1, 1)]}
    assert statistics(ready, "--is-globe", "2")["Data"]["TargetList"] == [day(1, 1, 0, 0)]
    assert statistics(ready, "--template-type", "1")["Data"]["TargetList"] == [day(3, 3, 0, 0)]
    assert statistics(ready, *SHOP)["Data"]["TargetList"] == [day(3, 3, 0, 0)]
    assert statistics(ready, "--sign-name", "SignA")["Data"] == {"TotalSize": 0, "TargetList": []}
    assert statistics(ready, "--start-date", "20260231")["Code"] == "isv.INVALID_PARAMETERS"
    assert statistics(ready, "--is-globe", "3")["Code"] == "isv.INVALID_PARAMETERS"


def day(total: int, succeeded: int, failed: int, pending: int) -> dict[str, object]:
    counts = {"RespondedSuccessCount": succeeded, "RespondedFailCount": failed, "NoRespondedCount": pending}
    return {"SendDate": TODAY, "TotalCount": total, **counts}


def test_statistics_may_come_from_the_account(ready: Stand) -> None:
    ready.put("account.json", {"statistics": [{"date": TODAY, "total": 9, "succeeded": 7, "failed": 1, "pending": 1}]})
    assert statistics(ready)["Data"]["TargetList"] == [day(9, 7, 1, 1)]


# --- signs, templates, qualifications --------------------------------------------------------------------------------


def test_the_sign_list_shows_every_state(ready: Stand) -> None:
    answer = reply(ready.api("query-sms-sign-list"))
    states = {sign["SignName"]: sign["AuditStatus"] for sign in answer["SmsSignList"]}
    assert states[SIGN] == "AUDIT_STATE_PASS"
    assert states["审核中签名"] == "AUDIT_STATE_INIT"
    assert states["已驳回签名"] == "AUDIT_STATE_NOT_PASS"
    assert states["已取消签名"] == "AUDIT_STATE_CANCEL"
    assert (answer["TotalCount"], answer["CurrentPage"], answer["PageSize"]) == (len(states), 1, 10)
    assert not any("SignStatus" in sign for sign in answer["SmsSignList"])


def test_the_template_list_has_its_own_numbering_and_a_misspelt_state(ready: Stand) -> None:
    rows = {row["TemplateCode"]: row for row in reply(ready.api("query-sms-template-list"))["SmsTemplateList"]}
    types = [(rows[f"SMS_10000000{n}"]["TemplateType"], rows[f"SMS_10000000{n}"]["OuterTemplateType"]) for n in "1237"]
    assert types == [(2, 0), (0, 1), (1, 2), (6, 3)]
    assert [rows[f"SMS_10000000{n}"]["AuditStatus"] for n in "1456"] == [
        "AUDIT_STATE_PASS",
        "AUDIT_STATE_INIT",
        "AUDIT_STATE_NOT_PASS",
        "AUDIT_SATE_CANCEL",
    ]


def test_lists_come_in_pages(ready: Stand) -> None:
    ready.put("account.json", {"signs": [{"name": f"签名{number}"} for number in range(120)]})
    answer = reply(ready.api("query-sms-sign-list", "--page-index", "3", "--page-size", "50"))
    assert [sign["SignName"] for sign in answer["SmsSignList"]] == [f"签名{number}" for number in range(100, 120)]
    assert answer["TotalCount"] == 120
    assert reply(ready.api("query-sms-sign-list", "--page-size", "51"))["Code"] == "isv.INVALID_PARAMETERS"


@pytest.mark.parametrize(("name", "status"), [("审核中签名", 0), (SIGN, 1), ("已驳回签名", 2), ("已取消签名", 10)])
def test_one_sign_has_a_number_for_its_state(ready: Stand, name: str, status: int) -> None:
    answer = reply(ready.api("get-sms-sign", "--sign-name", name))
    assert answer["SignStatus"] == status
    assert isinstance(answer["FileUrlList"], list)
    details = answer["SignIspRegisterDetailList"]
    assert [detail["OperatorCode"] for detail in details] == ["mobile", "unicom", "telecom"]
    assert all(isinstance(detail["RegisterStatus"], int) and "RegisterResult" not in detail for detail in details)


@pytest.mark.parametrize(
    ("last", "status", "kind"), [("1", "1", "0"), ("4", "0", "1"), ("5", "2", "2"), ("6", "10", "0")]
)
def test_one_template_has_strings_for_state_and_type(ready: Stand, last: str, status: str, kind: str) -> None:
    answer = reply(ready.api("get-sms-template", "--template-code", f"SMS_10000000{last}"))
    assert (answer["TemplateStatus"], answer["TemplateType"]) == (status, kind)
    assert isinstance(answer["FileUrlList"]["FileUrl"], list)


def test_what_the_account_does_not_have_is_not_found(ready: Stand) -> None:
    assert reply(ready.api("get-sms-sign", "--sign-name", "x"))["Code"] == "SignatureNotFound"
    assert reply(ready.api("get-sms-template", "--template-code", "x"))["Code"] == "TemplateNotFound"
    missing = ready.api("query-single-sms-qualification", "--qualification-group-id", "1")
    assert reply(missing)["Code"] == "isv.INVALID_PARAMETERS"


def test_qualification_records_have_states_remarks_and_strings_for_booleans(ready: Stand) -> None:
    data = reply(ready.api("query-sms-qualification-record"))["Data"]
    assert (data["PageNo"], data["PageSize"], data["Total"]) == (1, 10, 3)
    assert [row["StateName"] for row in data["List"]] == ["PASS", "NOT_PASS", "INIT"]
    assert [row["UseBySelf"] for row in data["List"]] == ["true", "false", "true"]
    assert data["List"][1]["AuditRemark"]
    for flag, value in (("--state", "NOT_PASS"), ("--use-by-self", "false"), ("--work-order-id", "20000000124")):
        found = reply(ready.api("query-sms-qualification-record", flag, value))["Data"]
        assert [row["GroupId"] for row in found["List"]] == [10000124]


def test_one_qualification_has_other_states_and_a_boolean(ready: Stand) -> None:
    words = ("query-single-sms-qualification", "--qualification-group-id", "10000124")
    data = reply(ready.api(*words))["Data"]
    assert (data["State"], data["UseBySelf"], data["CompanyName"]) == ("FAILED", False, "样例商贸有限公司")
    assert "AuditRemark" not in data
    assert reply(ready.api(*words, "--order-id", "20000000124"))["Data"] == data
    assert reply(ready.api(*words, "--order-id", "1"))["Code"] == "isv.INVALID_PARAMETERS"


# --- rules -----------------------------------------------------------------------------------------------------------

RULE = {"name": "r", "cmd": "dysmsapi send-sms *", "exit_code": 7, "stdout": "out\n", "stderr": "err\n", "times": 0}


def test_a_rule_answers_before_the_configuration_is_read(stand: Stand) -> None:
    stand.put_config("{")
    stand.put("rules.json", [{**RULE, "cmd": "no match"}, RULE])
    done = stand.send("13800138000")
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "err\n")
    assert stand.calls("end")[0]["exit"] == 7
    assert stand.run("version").returncode == 0


def test_a_rule_is_used_up_even_by_calls_at_once(stand: Stand) -> None:
    stand.put(
        "rules.json", [{**RULE, "cmd": "version", "times": 3}, {**RULE, "name": "s", "cmd": "v*", "exit_code": 9}]
    )
    running = [stand.start("version") for _ in range(8)]
    codes = sorted(ended(process) for process in running)
    assert codes == [7, 7, 7, 9, 9, 9, 9, 9]


def test_a_rule_is_counted_under_a_lock(stand: Stand) -> None:
    stand.put("rules.json", [{**RULE, "cmd": "version", "times": 1}])
    with (stand.box / "rules.used.jsonl").open("a") as used:
        fcntl.flock(used, fcntl.LOCK_EX)
        process = stand.start("version")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
    assert ended(process) == 7


def test_a_rule_may_kill_the_process_after_a_delay(stand: Stand) -> None:
    stand.put("rules.json", [{**RULE, "cmd": "version", "delay_ms": 200, "signal": "KILL"}])
    before = time.monotonic()
    assert stand.run_with(subprocess.PIPE, "version").returncode == -signal.SIGKILL
    assert time.monotonic() - before >= 0.2
    assert (len(stand.calls("start")), stand.calls("end")) == (1, [])


def test_a_rule_may_let_the_call_go_on(stand: Stand) -> None:
    stand.put("rules.json", [{**RULE, "cmd": "version", "then": "continue"}])
    done = stand.run("version")
    assert (done.returncode, done.stdout, done.stderr) == (0, "out\n3.4.11\n", "err\n")


def test_a_rule_may_hold_back_the_output_after_the_deed(ready: Stand) -> None:
    slow = {"name": "slow", "cmd": "dysmsapi *", "times": 1, "then": "continue", "delay_after_ms": 30000}
    ready.put("rules.json", [slow])
    with stopped(ready.start("dysmsapi", "send-sms", *API, *send_flags("13800138000"), **KEYS)) as process:
        wait_for(ready.ledger)
        assert process.poll() is None
        process.kill()
        assert process.communicate() == ("", "")
    assert ready.calls("end") == []
