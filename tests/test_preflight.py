"""What is checked and prepared before the first dysmsapi call."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from conftest import SEND

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran, StandIn


@pytest.fixture
def standin(first_standin: StandIn) -> StandIn:
    return first_standin


def test_a_missing_cli_exits_3_and_says_how_to_install(
    standin: StandIn, smswrap: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    standin.launcher.unlink()
    monkeypatch.setenv("PATH", str(standin.launcher.parent))
    ran = smswrap(*SEND)
    assert ran.code == 3
    assert "3.3.3" in ran.error["message"]
    assert "brew install aliyun-cli" in ran.error["next_step"]
    assert "| bash" not in ran.error["next_step"]


@pytest.mark.parametrize("version", ["3.3.2", "3.0.299", "1.0"])
def test_a_cli_that_is_too_old_exits_3_and_names_both_versions(
    standin: StandIn, smswrap: Callable[..., Ran], version: str
) -> None:
    standin.conditions(version=version)
    ran = smswrap(*SEND)
    assert ran.code == 3
    assert version in ran.error["message"]
    assert "3.3.3" in ran.error["message"]
    assert standin.calls == ["version"]


@pytest.mark.parametrize("version", ["3.3.3", "3.3.10", "3.10.0", "4.0.0"])
def test_newer_versions_are_compared_as_versions_and_not_as_text(
    standin: StandIn, smswrap: Callable[..., Ran], version: str
) -> None:
    standin.conditions(version=version)
    assert smswrap(*SEND).code == 0


@pytest.mark.parametrize("printed", ["command not found", "", "\x00\x01", "v", "{}"])
def test_a_version_that_is_none_exits_3(standin: StandIn, smswrap: Callable[..., Ran], printed: str) -> None:
    standin.rules({"cmd": "version", "stdout": printed + "\n"})
    ran = smswrap(*SEND)
    assert ran.code == 3
    assert "3.3.3" in ran.error["message"]
    assert standin.calls == ["version"]


def test_a_replaced_cli_is_asked_again(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    smswrap(*SEND)
    os.utime(standin.launcher, ns=(1, 1))
    standin.conditions(version="3.3.2")
    assert smswrap(*SEND, "--allow-duplicate").code == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_corrupt_configuration_exits_3_and_is_no_success(
    standin: StandIn, words: Callable[..., Ran], encoding: str
) -> None:
    text = '{"current": "def' if encoding == "utf-8" else json.dumps(standin.configuration)
    (standin.home / ".aliyun" / "config.json").write_text(text, encoding)
    ran = words(*SEND)
    assert ran.code == 3
    assert "config.json" in ran.error["message"]
    assert standin.calls == []


def test_a_configuration_that_becomes_corrupt_meanwhile_is_no_success_either(
    standin: StandIn, smswrap: Callable[..., Ran]
) -> None:
    words = "ERROR: load current configuration failed init config failed invalid character 'x' after object key\n"
    standin.rules({"cmd": "dysmsapi *", "stderr": words})
    ran = smswrap(*SEND)
    assert (ran.code, ran.error["kind"]) == (3, "setup")
    assert ran.envelope["data"]["counts"]["refused"] == 1


@pytest.mark.parametrize("version", ["3.3.10", "3.4.11"])
def test_an_unknown_profile_exits_4_and_nothing_is_called(
    standin: StandIn, smswrap: Callable[..., Ran], version: str
) -> None:
    standin.conditions(version=version)
    ran = smswrap("--profile", "nope", *SEND)
    assert (ran.code, ran.error["kind"]) == (4, "credentials")
    assert "nope" in ran.error["message"]
    assert "default" in ran.error["message"]
    assert not standin.api_calls
    assert standin.ledger == []


def test_an_unknown_profile_in_the_environment_is_refused_as_well(
    standin: StandIn, smswrap: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_PROFILE", "nope")
    assert smswrap(*SEND).code == 4
    assert standin.ledger == []


def test_a_valid_profile_is_used_and_never_becomes_the_current_one(
    bare_standin: StandIn, smswrap: Callable[..., Ran]
) -> None:
    bare_standin.save_profile()
    bare_standin.save_profile("prod", region_id="cn-shanghai")
    ran = smswrap("--profile", "prod", *SEND)
    assert ran.code == 0
    assert bare_standin.api_calls[0]["argv"][-2:] == ["--profile", "prod"]
    assert bare_standin.configuration["current"] == "default"


def test_a_profile_that_makes_the_cli_repeat_calls_cannot_send_but_can_read(
    bare_standin: StandIn, smswrap: Callable[..., Ran]
) -> None:
    bare_standin.save_profile(auto_plugin_install=True, retry_count=3)
    ran = smswrap(*SEND)
    assert ran.code == 3
    assert "retry_count 3" in ran.error["message"]
    assert bare_standin.ledger == []
    assert smswrap("list-signs").code == 0


def test_auto_plugin_install_is_saved_once(bare_standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    bare_standin.save_profile()
    smswrap(*SEND)
    smswrap(*SEND)
    assert bare_standin.calls.count("configure set --auto-plugin-install true") == 1
    assert bare_standin.configuration["profiles"][0]["auto_plugin_install"] is True


def test_a_missing_plugin_is_installed_and_stdout_is_still_one_document(
    bare_standin: StandIn, smswrap: Callable[..., Ran]
) -> None:
    bare_standin.save_profile(auto_plugin_install=True)
    ran = smswrap(*SEND)
    assert json.loads(ran.stdout)["status"] == "accepted"
    assert "plugin install --names dysmsapi" in bare_standin.calls


def test_offline_with_the_plugin_there_is_a_warning(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    standin.conditions(offline=True)
    ran = smswrap(*SEND)
    assert (ran.code, ran.envelope["status"]) == (0, "accepted")
    assert "plugin update" in ran.envelope["warnings"][0]


def test_offline_without_the_plugin_exits_3_with_the_command_to_run(
    bare_standin: StandIn, smswrap: Callable[..., Ran]
) -> None:
    bare_standin.save_profile(auto_plugin_install=True)
    bare_standin.conditions(offline=True)
    ran = smswrap(*SEND)
    assert ran.code == 3
    assert "aliyun plugin install --names dysmsapi" in ran.error["next_step"]
    assert bare_standin.api_calls == []
    assert not bare_standin.ai_mode


def test_missing_credentials_exit_4(bare_standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    ran = smswrap(*SEND)
    assert (ran.code, ran.error["kind"]) == (4, "credentials")
    assert bare_standin.ledger == []
    assert not bare_standin.ai_mode


@pytest.mark.parametrize(
    ("key", "secret", "code"),
    [
        ("LTAI-bad", "x", "InvalidAccessKeyId.NotFound"),
        ("LTAI-other", "wrong", "SignatureDoesNotMatch"),
        ("LTAI-forbidden", "x", None),
    ],
)
def test_credentials_that_the_gateway_refuses_exit_4(
    bare_standin: StandIn, smswrap: Callable[..., Ran], key: str, secret: str, code: str | None
) -> None:
    bare_standin.save_profile(auto_plugin_install=True, access_key_id=key, access_key_secret=secret)
    ran = smswrap(*SEND)
    assert (ran.code, ran.envelope["status"]) == (4, "refused")
    assert code in {ran.error["code"], None}
    assert key not in ran.stdout + ran.stderr


def test_an_unwritable_configuration_directory_is_told(
    standin: StandIn, smswrap: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert standin.launcher.exists()
    blocked = tmp_path / "blocked"
    blocked.write_text("no directory")
    monkeypatch.setenv("HOME", str(blocked))
    monkeypatch.setenv("ALIBABA_CLOUD_IGNORE_PROFILE", "TRUE")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI-environment")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "made-up")
    for command in (SEND, ("list-signs",)):
        ran = smswrap(*command)
        assert (ran.code, ran.error["kind"]) == (3, "setup")
        assert f"{blocked}/.aliyun cannot be written to" in ran.error["message"]
        assert "HOME" in ran.error["next_step"]


def test_a_call_may_take_as_long_as_the_cli_itself_allows(
    standin: StandIn, smswrap: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    # 10 s to connect, 5 s to start and the read timeout, of which the first two are scaled here.
    monkeypatch.setenv("SMSWRAP_PATIENCE", "0.1")
    standin.rules({"cmd": "dysmsapi send-sms *", "delay_ms": 1_700, "then": "continue"})
    assert smswrap(*SEND, "--read-timeout", "1").code == 0
    standin.rules({"cmd": "dysmsapi send-sms *", "delay_ms": 20_000, "then": "continue"})
    ran = smswrap(*SEND, "--allow-duplicate", "--read-timeout", "1")
    assert (ran.code, "no answer within 2.5 s" in ran.error["message"]) == (8, True), ran.error["message"]


def test_a_cli_that_prints_without_end_makes_a_send_unknown(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    real = standin.launcher.rename(standin.launcher.with_name("real"))
    endless = 'if [ "$2" = send-sms ]; then exec yes; fi'
    standin.launcher.write_text(f'#!/bin/sh\n{endless}\nexec {real} "$@"\n', "utf-8")
    standin.launcher.chmod(0o755)
    ran = smswrap(*SEND)
    assert (ran.code, ran.envelope["status"]) == (8, "unknown")
    assert "printed without end" in ran.error["message"]
    assert not standin.ai_mode
