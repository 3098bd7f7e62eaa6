"""`smswrap doctor` names what is missing, and changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest
from conftest import SEND

from smswrap import disk
from smswrap.cli.app import main
from smswrap.providers.aliyun.aimode import GATE
from smswrap.sandbox import PROFILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran, StandIn

MOUNTS = """22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
36 22 0:40 / {} rw,relatime shared:9 - nfs4 host:/home rw,vers=4.2
"""


def checks(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["data"]["checks"]
    return found


def states(ran: Ran) -> dict[str, str]:
    return {check["check"]: check["state"] for check in ran.envelope["data"]["checks"]}


def test_a_machine_in_daily_use_is_ready(
    standin: StandIn, smswrap: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SMSWRAP_STATE_DIR")
    ran = smswrap("doctor")
    assert ran.code == 0
    assert set(states(ran).values()) == {"ok"}
    details = {check["check"]: check["detail"] for check in ran.envelope["data"]["checks"]}
    assert details["journal"] == str(standin.home / ".local" / "state" / "smswrap" / "journal.db")
    lease = f"{standin.home / '.aliyun'} is writable; the lease of AI mode lies there (smswrap.gate, smswrap.holders"
    assert details["directory"].startswith(lease)
    assert standin.calls == ["version", "plugin list", "configure ai-mode show"]


def test_a_missing_cli_is_named(standin: StandIn, smswrap: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    standin.launcher.unlink()
    monkeypatch.setenv("PATH", str(standin.launcher.parent))
    ran = smswrap("doctor")
    assert (ran.code, states(ran)["aliyun CLI"]) == (3, "failed")


def test_each_point_is_told_by_itself(bare_standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    bare_standin.conditions(version="3.3.2")
    bare_standin.save_profile(retry_count=2)
    found = states(smswrap("doctor"))
    assert (found["version"], found["retries"]) == ("failed", "failed")
    assert (found["credentials"], found["journal"]) == ("ok", "ok")
    # This CLI has neither plugins that it updates nor AI mode: no command of theirs is advised.
    assert not {"plugin", "AI mode"} & found.keys()


def test_credentials_that_are_nowhere_are_told(bare_standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    ran = smswrap("doctor")
    assert (ran.code, states(ran)["credentials"]) == (4, "failed")
    assert bare_standin.api_calls == []


@pytest.mark.parametrize("variable", ["SMSWRAP_STATE_DIR", "XDG_STATE_HOME"])
def test_another_state_directory_than_the_usual_is_told(
    standin: StandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    monkeypatch.delenv("SMSWRAP_STATE_DIR")
    monkeypatch.setenv(variable, str(tmp_path / "moved"))
    assert main(["--output", "json", "doctor"]) == 0
    (told,) = (row for row in checks(capsys) if row["check"] == "state directory")
    assert told["state"] == "warning"
    assert told["detail"].startswith(f"{variable} leads to {tmp_path / 'moved'}")
    assert f"unset {variable}" in told["next_step"]
    assert standin.api_calls == []


def test_a_state_directory_on_a_network_file_system_is_told(
    standin: StandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "mounts").write_text(MOUNTS.format(tmp_path), "utf-8")
    monkeypatch.setattr(disk, "MOUNTS", tmp_path / "mounts")
    assert main(["--output", "json", "doctor"]) == 0
    told = [row["detail"] for row in checks(capsys) if row["check"] == "state directory"]
    assert "network file system (nfs4)" in told[-1]
    assert standin.api_calls == []


def test_ai_mode_that_was_left_on_is_told(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    (standin.home / ".aliyun" / "ai-mode.json").write_text('{"enabled": true}', "utf-8")
    ran = smswrap("doctor")
    assert (ran.code, states(ran)["AI mode"]) == (3, "failed")
    (told,) = (check for check in ran.envelope["data"]["checks"] if check["check"] == "AI mode")
    assert "ai-mode disable" in told["next_step"]
    assert standin.ai_mode


def test_volcengine_answers_in_the_sandbox_and_says_so_without_credentials(smswrap: Callable[..., Ran]) -> None:
    assert set(states(smswrap("--sandbox", "--provider", "volcengine", "doctor")).values()) == {"ok"}
    ran = smswrap("--provider", "volcengine", "doctor")
    assert (ran.code, states(ran)["gateway"]) == (4, "failed")


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    """The exit code, and what a person sees on stdout, with the state where it usually is."""
    os.environ.pop("SMSWRAP_STATE_DIR", None)  # the seal puts it back
    code = main(["doctor", "--output", "table", *arguments])
    shown = capsys.readouterr()
    assert "error:" not in shown.err  # the verdict has said it
    return code, shown.out.splitlines()


def test_a_person_reads_the_verdict_first(standin: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = told(capsys)
    assert (code, lines[0]) == (0, "✓ Ready to send with profile default (AK …dbox).")
    assert all(line.startswith("✓ ") for line in lines[2:])
    assert standin.api_calls == []


def test_in_chinese_the_verdict_and_the_details_of_the_answer_are(
    standin: StandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSWRAP_LANG", "zh")
    assert main(["doctor"]) == 0
    data = json.loads(capsys.readouterr().out)["data"]
    assert data["verdict"] == "可以用配置 default 发送（AK …dbox）。"
    assert {one["check"]: one["detail"] for one in data["checks"]}["credentials"] == "模式 AK，来自配置"
    assert standin.api_calls == []


def test_each_wrong_line_has_a_mark_and_a_hint(bare_standin: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    bare_standin.conditions(version="3.3.2")
    bare_standin.save_profile(retry_count=2)
    code, lines = told(capsys)
    assert (code, lines[0]) == (3, "✗ 2 problems: nothing can be sent.")
    wrong = [number for number, line in enumerate(lines) if line.startswith("✗ ")][1:]
    assert [lines[number].split()[1] for number in wrong] == ["retries", "version"]
    assert all(lines[number + 1].startswith("  → ") for number in wrong)


def test_live_makes_one_call_that_reads(standin: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "--live")[1][-1] == "✓ call           list-signs was answered"
    assert [call["argv"][1] for call in standin.api_calls] == ["query-sms-sign-list"]
    assert not standin.ai_mode


def test_live_tells_of_keys_that_the_provider_does_not_take(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    standin.configure({"current": "default", "profiles": [{**PROFILE, "access_key_id": "LTAI-bad"}]})
    ran = smswrap("doctor", "--live")
    assert states(ran)["call"] == "failed"
    assert ran.code == smswrap(*SEND).code == 4


def test_fix_does_what_needs_no_person(bare_standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    bare_standin.save_profile()
    folder = bare_standin.home / ".aliyun"
    folder.chmod(0o770)
    (folder / "ai-mode.json").write_text('{"enabled": true}', "utf-8")
    ran = smswrap("doctor", "--fix")
    assert ran.code == 0
    assert [name for name, state in states(ran).items() if state != "ok"] == ["state directory"]  # moved by the seal
    assert len(ran.envelope["data"]["fixed"]) == 3
    assert folder.stat().st_mode & 0o777 == 0o750
    assert not bare_standin.ai_mode
    assert bare_standin.sends == []


def test_what_stops_fix_is_said_once(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    no_cli(standin)
    ran = smswrap("doctor", "--fix")
    assert ran.code == 3
    assert ran.stderr.count("was not found on PATH") == 1
    assert ran.envelope["warnings"] == []


def no_cli(standin: StandIn) -> None:
    standin.launcher.unlink()


def plugin_nowhere(standin: StandIn) -> None:
    shutil.rmtree(standin.home / ".aliyun" / "plugins")
    standin.conditions(offline=True)


def gate_of_another(standin: StandIn) -> None:
    (standin.home / ".aliyun" / GATE).symlink_to("elsewhere")


def nothing_at_all(standin: StandIn) -> None:
    shutil.rmtree(standin.home / ".aliyun")
    (standin.home / ".aliyun").write_text("a file, so that no directory can be made", "utf-8")


def state_not_a_folder(standin: StandIn) -> None:
    shutil.rmtree(standin.home.parent / "state")
    (standin.home.parent / "state").write_text("", "utf-8")
    standin.configure({"current": "default", "profiles": []})


def state_lost(standin: StandIn) -> None:
    (standin.home.parent / "state" / f"journal.db.corrupt-{time.time_ns()}").touch()


def switch_unreadable(standin: StandIn) -> None:
    standin.rules({"cmd": "configure ai-mode *", "exit_code": 1, "stderr": "ERROR: unknown command\n"})


def old_cli_without_keys(standin: StandIn) -> None:
    standin.conditions(version="3.3.2")
    standin.configure({"current": "default", "profiles": [{"name": "default"}]})


ARK = {"ARK_SKILL_API_KEY": "key", "ARK_SKILL_API_BASE": "http://127.0.0.1:1/"}
OF_VOLCENGINE = ("--provider", "volcengine")


@pytest.mark.parametrize(
    ("exit_code", "broken", "arguments", "variables"),
    [
        (0, None, (), {}),
        (3, no_cli, (), {}),
        (3, plugin_nowhere, (), {}),
        (3, gate_of_another, (), {}),
        (3, nothing_at_all, (), {}),
        (3, state_not_a_folder, (), {}),
        (3, switch_unreadable, (), {}),
        (4, old_cli_without_keys, (), {}),
        (4, None, ("--profile", "nobody"), {}),
        (10, state_lost, (), {}),
        (2, None, (*OF_VOLCENGINE, "--profile", "nobody"), {}),
        (4, None, OF_VOLCENGINE, {}),
        (6, None, OF_VOLCENGINE, ARK),
        (3, state_not_a_folder, OF_VOLCENGINE, ARK),
    ],
)
def test_doctor_exits_as_the_next_send_does(
    standin: StandIn,
    smswrap: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
    exit_code: int,
    broken: Callable[[StandIn], None] | None,
    arguments: tuple[str, ...],
    variables: dict[str, str],
) -> None:
    for name, value in {**variables, "PATH": f"{standin.launcher.parent}:/bin:/usr/bin"}.items():
        monkeypatch.setenv(name, value)
    if broken is not None:
        broken(standin)
    ran = smswrap("doctor", *arguments)
    assert (ran.code, ran.envelope["status"]) == (exit_code, "failed" if exit_code else "ok")
    assert ran.envelope["data"]["ready"] == (exit_code == 0)
    if broken is plugin_nowhere:  # the command that has just failed would fail again
        assert ran.error["next_step"].startswith("Connect to the network, then run `aliyun plugin install")
    assert smswrap(*SEND, *arguments).code == exit_code
    assert smswrap("doctor", *arguments).code == exit_code
