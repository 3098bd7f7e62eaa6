"""Who calls is found as the CLI finds it; doctor, the guards and a send agree in every configuration of a table.

A row of `configurations.json` is a machine: environment, config.json, safety policy. `exit` and `code` are what a send
ends with, `failed` the point that doctor names. `standin` says which stand-in can play the machine by itself: `old` the
one of version 0.1.0, `new` one that knows all modes and variables, `none` where the CLI is not to be asked;
`other_sends` that the machine lets sends of another kind pass, so that only the call itself is refused.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import SEND

from smswrap.cli.console import Console
from smswrap.errors import SmswrapError
from smswrap.masking import secrets_of
from smswrap.model import Account
from smswrap.process import environment
from smswrap.providers.aliyun.account import NEEDS
from smswrap.providers.aliyun.client import Client, _is_to, addressed
from smswrap.providers.aliyun.diagnosis import diagnose
from smswrap.providers.base import Patience, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran, StandIn

ROWS = json.loads(Path(__file__).with_name("configurations.json").read_text("utf-8"))
LISTING = ("dysmsapi", "query-sms-sign-list", "--api-version", "2017-05-25", "--region", "cn-hangzhou")


@pytest.fixture(params=ROWS, ids=lambda row: row["name"])
def row(request: pytest.FixtureRequest, standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The machine of one row, with the plugin installed."""
    found: dict[str, Any] = request.param
    home = standin.home / ".aliyun"
    (home / "config.json").unlink()
    if found["config"] is not None:
        text = found["config"] if isinstance(found["config"], str) else json.dumps(found["config"])
        (home / "config.json").write_text(text, "utf-8")
    if found["policy"] is not None:
        (home / "safety-policy.json").write_text(json.dumps(found["policy"]), "utf-8")
    for name, value in found["environment"].items():
        monkeypatch.setenv(name, value)
    return found


def settings_of(row: dict[str, Any]) -> Settings:
    words = dict(zip(row["arguments"][::2], row["arguments"][1::2], strict=True))
    return Settings(Console(), environment(), words.get("--profile"), words.get("--region"))


def test_what_certainly_refuses_a_send_is_found_without_a_call(row: dict[str, Any], standin: StandIn) -> None:
    client = Client(settings_of(row))
    if row["exit"] == 0 or row.get("other_sends"):
        client.check(sends=True)
        assert client.account().provider == "aliyun"
    else:
        with pytest.raises(SmswrapError) as caught:
            client.check(sends=True)
        assert (caught.value.fault.exit, caught.value.fault.code) == (row["exit"], row["code"])
        assert caught.value.fault.next_step
    assert standin.calls == []


def test_doctor_names_the_point_that_refuses_a_send(row: dict[str, Any], standin: StandIn) -> None:
    failed = [finding.check for finding in diagnose(settings_of(row)) if finding.state == "failed"]
    assert failed == ([row["failed"]] if row["failed"] else [])
    assert standin.api_calls == []


def test_a_send_ends_as_doctor_says(row: dict[str, Any], standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    ran = smswrap(*row["arguments"], *SEND)
    assert ran.code == row["exit"], ran.stdout
    assert len(standin.ledger) == (1 if row["exit"] == 0 else 0)
    if row["exit"]:
        assert ran.error["code"] == row["code"]
        assert standin.api_calls == []
        # Nothing was sent, so nothing is in the way of a second try.
        assert smswrap(*row["arguments"], *SEND).code == row["exit"]


def test_the_stand_in_finds_the_same_by_itself(row: dict[str, Any], standin: StandIn) -> None:
    if row["standin"] == "none" or row["failed"] == "retries":
        return
    argv = [standin.launcher, *LISTING, *row["arguments"]]
    # Its region is left to itself where that is the point.
    argv = [word for word in argv if "region" not in row["name"] or word not in {"--region", "cn-hangzhou"}]
    if row["name"] == "a profile without a region":
        argv += ["--region", "cn-hangzhou"]
    ended = subprocess.run(argv, check=False, capture_output=True, text=True, stdin=subprocess.PIPE)
    answered = ended.returncode == 0 and '"OK"' in ended.stdout
    assert answered == (row["exit"] == 0), ended.stderr


def test_the_table_covers_every_mode_that_needs_something() -> None:
    named = {
        profile.get("mode") for row in ROWS if isinstance(row["config"], dict) for profile in row["config"]["profiles"]
    }
    assert {"AK", "StsToken", "RamRoleArn", "External", "OIDC", "OAuth", "ChainableRamRoleArn"} <= named
    assert len(ROWS) >= 20
    assert set(NEEDS) >= named - {"ak", "RamRoleArnWithEcs", None}


def test_the_account_shows_profile_mode_region_and_the_end_of_the_key(
    bare_standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare_standin.save_profile("work", access_key_id="LTAI5tMadeUp1234", region_id="cn-shanghai")
    plain = Settings(Console(), environment())
    assert Client(plain).account() == Account("aliyun", "work", "AK", "1234", "cn-shanghai")
    elsewhere = Settings(Console(), environment(), region="cn-beijing")
    assert Client(elsewhere).account().region == "cn-beijing"
    monkeypatch.setenv("ALIBABA_CLOUD_IGNORE_PROFILE", "TRUE")
    monkeypatch.setenv("ACCESS_KEY_ID", "short")
    monkeypatch.setenv("ACCESS_KEY_SECRET", "made-up-secret")
    assert Client(Settings(Console(), environment())).account() == Account("aliyun", None, "AK", None, "cn-hangzhou")


def test_a_policy_that_stops_one_kind_of_send_stops_that_one(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    rules = [{"pattern": "dysmsapi:send-sms", "action": "deny"}]
    (standin.home / ".aliyun" / "safety-policy.json").write_text(json.dumps({"enabled": True, "rules": rules}), "utf-8")
    ran = smswrap(*SEND)
    assert (ran.code, ran.error["code"], standin.ledger) == (4, "cli.safety-policy", [])
    assert "dysmsapi:send-sms = deny" in ran.error["message"]
    assert "dysmsapi:send-sms = deny" in smswrap("doctor").error["message"]
    both = ("send-batch", "--phone-number-json", '["19900000000"]', "--sign-name-json", f'["{SEND[4]}"]')
    batch = smswrap(*both, "-t", SEND[6], "--template-param-json", '[{"code":"1"}]', "--yes")
    assert (batch.code, len(standin.ledger)) == (0, 1)
    rules[0]["pattern"] = "dysmsapi:send-batch-sms"
    (standin.home / ".aliyun" / "safety-policy.json").write_text(json.dumps({"enabled": True, "rules": rules}), "utf-8")
    doctor = smswrap("doctor")
    (told,) = (check for check in doctor.envelope["data"]["checks"] if check["check"] == "safety policy")
    assert (doctor.code, told["state"], told["detail"]) == (0, "ok", "lets sends pass, but not send-batch-sms")


def test_children_get_neither_the_others_keys_nor_a_way_round_the_policy(
    standin: StandIn, smswrap: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = standin.launcher.rename(standin.launcher.with_name("real"))
    standin.launcher.write_text(f'#!/bin/sh\n/usr/bin/env >> {tmp_path}/seen\nexec {real} "$@"\n', "utf-8")
    standin.launcher.chmod(0o755)
    for name in ("ARK_SKILL_API_KEY", "VOLCENGINE_SECRET_KEY", "VOLC_ACCESSKEY", "ALIBABA_CLOUD_SAFETY_SKIP_CONFIRM"):
        monkeypatch.setenv(name, "not-for-them")
    assert smswrap(*SEND).code == 0
    seen = (tmp_path / "seen").read_text("utf-8")
    assert "not-for-them" not in seen
    assert "ALIBABA_CLOUD_RETRY_COUNT=0" in seen


@pytest.mark.parametrize("entries", [".:{}", ":{}", "bin:{}", "{}:."])
def test_a_relative_entry_of_path_is_passed_over(
    standin: StandIn, smswrap: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: str
) -> None:
    for place in (tmp_path / "here", tmp_path / "here" / "bin"):
        place.mkdir()
        (place / "aliyun").write_text(f"#!/bin/sh\ntouch {tmp_path}/taken\n", "utf-8")
        (place / "aliyun").chmod(0o755)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PATH", entries.format(os.environ["PATH"]))
    checks = {check["check"]: check["detail"] for check in smswrap("doctor").envelope["data"]["checks"]}
    assert checks["aliyun CLI"] == str(standin.launcher)
    assert not (tmp_path / "taken").exists()


def test_a_known_key_is_taken_out_of_foreign_text_by_its_value(
    bare_standin: StandIn, smswrap: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    bare_standin.save_profile(auto_plugin_install=True, access_key_secret="profileSecret77", sts_token="profileToken77")
    bare_standin.save_profile("other", access_key_secret="otherSecret77")
    bare_standin.install_plugin()
    monkeypatch.setenv("ALIBABA_CLOUD_BEARER_TOKEN", "environmentToken77")
    monkeypatch.setenv("ARK_SKILL_API_KEY", "otherProvider77")
    said = "odd: profileSecret77 profileToken77, otherSecret77; environmentToken77 'otherProvider77'"
    bare_standin.rules({"cmd": "dysmsapi send-sms *", "exit_code": 1, "stderr": said})
    ran = smswrap("-v", *SEND)
    assert ran.code == 8
    assert "odd: ***" in ran.error["message"]
    assert re.findall("[a-z]*(?:Secret|Token|Provider)77", ran.stdout + ran.stderr) == []
    assert secrets_of({"X_TOKEN": "short"}) == frozenset()


def test_an_update_that_failed_is_not_tried_again_for_some_minutes(
    first_standin: StandIn, smswrap: Callable[..., Ran], tmp_path: Path
) -> None:
    first_standin.conditions(offline=True)
    assert len(smswrap("list-signs").envelope["warnings"]) == 1
    assert smswrap("list-signs").envelope["warnings"] == []
    assert first_standin.calls.count("plugin update") == 1
    (tmp_path / "state" / "aliyun-plugins.json").write_text('{"failed": 1e300}', "utf-8")  # a clock that was ahead
    assert len(smswrap("list-signs").envelope["warnings"]) == 1
    assert first_standin.calls.count("plugin update") == 2


def test_doctor_fails_where_the_plugin_is_missing_and_cannot_be_fetched(
    bare_standin: StandIn, smswrap: Callable[..., Ran]
) -> None:
    bare_standin.save_profile(auto_plugin_install=True)
    checks = {check["check"]: check["state"] for check in smswrap("doctor").envelope["data"]["checks"]}
    assert checks["plugin"] == "warning"
    bare_standin.conditions(offline=True)
    ran = smswrap("doctor")
    assert (ran.code, "plugin" in ran.error["message"]) == (3, True)
    assert "aliyun plugin install --names dysmsapi" in ran.error["next_step"]
    assert not [call for call in bare_standin.calls if "install" in call]


@pytest.mark.parametrize(("mode", "path"), [(0o666, "config.json"), (0o777, ".")])
def test_doctor_warns_of_what_others_may_write(
    standin: StandIn, smswrap: Callable[..., Ran], mode: int, path: str
) -> None:
    place = (standin.home / ".aliyun" / path).resolve()
    place.chmod(mode)
    ran = smswrap("doctor")
    (warned,) = [check for check in ran.envelope["data"]["checks"] if check["check"] == "permissions"]
    assert (ran.code, str(place) in warned["detail"], warned["next_step"]) == (0, True, f"Run `chmod go-w {place}`.")


NUMBERS = ["+8619900000000", "+16644913789", "+8616644913789", "+12025550104", "+85298765432", "+861064512345678"]


@pytest.mark.parametrize("asked", NUMBERS)
@pytest.mark.parametrize("other", NUMBERS)
def test_a_row_belongs_to_the_number_that_it_is_about_and_to_no_other(asked: str, other: str) -> None:
    spellings = {addressed(other), other, f"00{other[1:]}"}
    if not addressed(other).startswith("00"):
        spellings |= {other[1:]}
    assert {_is_to(asked, spelling) for spelling in spellings} == {asked == other}


def test_a_number_abroad_that_reads_as_a_mainland_one_shows_nobody_elses_message(
    standin: StandIn, smswrap: Callable[..., Ran]
) -> None:
    assert smswrap("send", "-p", "+8616644913789", *SEND[3:]).code == 0
    assert len(smswrap("query-status", "-p", "+8616644913789").envelope["data"]["messages"]) == 1
    ran = smswrap("query-status", "-p", "001 664 491 3789")
    assert (ran.envelope["data"]["messages"], "123456" in ran.stdout) == ([], False)
    assert "--phone-number 0016644913789" in standin.calls[-2]
    # And if the gateway answered with somebody else's all the same:
    row = {"PhoneNum": "16644913789", "SendStatus": 3, "Content": "somebody else's 998877"}
    reply = {"Code": "OK", "TotalCount": "1", "SmsSendDetailDTOs": {"SmsSendDetailDTO": [row]}}
    standin.rules({"cmd": "dysmsapi query-send-details *", "stdout": json.dumps(reply)})
    assert smswrap("query-status", "-p", "001 664 491 3789").envelope["data"]["messages"] == []


def test_how_long_is_waited_is_scaled_by_one_variable() -> None:
    assert Patience.scaled(None) == Patience.scaled("nonsense") == Patience()
    assert Patience.scaled("0.5") == Patience(5.0, 2.5, 0.5, (0.25, 1.0), (0.0, 1.0, 2.5))
    assert Patience.scaled("-1").connect > 0
