"""`smswrap doctor` names what is missing, and changes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from smswrap import disk
from smswrap.cli.app import main

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
    assert (ran.code, states(ran)["credentials"]) == (3, "failed")
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
    assert (ran.code, states(ran)["gateway"]) == (3, "failed")
