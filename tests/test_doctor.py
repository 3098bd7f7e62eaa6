"""`smswrap doctor` names what is missing, and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from conftest import Ran, StandIn


def states(ran: Ran) -> dict[str, str]:
    return {check["check"]: check["state"] for check in ran.envelope["data"]["checks"]}


def test_a_machine_in_daily_use_is_ready(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    ran = smswrap("doctor")
    assert ran.code == 0
    assert set(states(ran).values()) == {"ok"}
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


def test_ai_mode_that_was_left_on_is_told(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    (standin.home / ".aliyun" / "ai-mode.json").write_text('{"enabled": true}', "utf-8")
    ran = smswrap("doctor")
    assert (ran.code, states(ran)["AI mode"]) == (3, "failed")
    assert "ai-mode disable" in ran.envelope["data"]["checks"][-2]["next_step"]
    assert standin.ai_mode


def test_volcengine_answers_in_the_sandbox_and_says_so_without_credentials(smswrap: Callable[..., Ran]) -> None:
    assert set(states(smswrap("--sandbox", "--provider", "volcengine", "doctor")).values()) == {"ok"}
    ran = smswrap("--provider", "volcengine", "doctor")
    assert (ran.code, states(ran)["gateway"]) == (3, "failed")
