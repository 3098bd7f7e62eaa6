"""The library keeps the promise of the command line: planned, confirmed, once, with AI mode off afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import smswrap
from smswrap import InputError, SetupError, SmswrapError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran, StandIn

STRANGER = 4003
GIVEN: dict[str, Any] = {
    "phone_numbers": ["13900000000"],
    "sign_name": "阿里云短信测试",
    "template_code": "SMS_100000001",
    "template_param": {"code": "123456"},
}
DISABLING = "configure ai-mode disable"


def test_a_plan_sends_nothing_and_its_confirm_sends_it_once(standin: StandIn) -> None:
    proposal = smswrap.plan(**GIVEN)
    assert standin.ledger == []
    assert proposal.recipients == ("+8613900000000",)
    assert "123456" in str(proposal.text)
    first, again = smswrap.confirm(proposal.id), smswrap.confirm(proposal.id)
    assert (first.status, int(first.exit)) == ("accepted", 0)
    assert again.again
    assert len(standin.ledger) == 1
    assert not standin.ai_mode


def test_the_same_again_is_a_duplicate_at_this_door_too(standin: StandIn) -> None:
    smswrap.confirm(smswrap.plan(**GIVEN).id)
    with pytest.raises(SmswrapError) as raised:
        smswrap.plan(**GIVEN)
    assert int(raised.value.fault.exit) == 10
    assert len(standin.ledger) == 1


def test_what_was_cancelled_cannot_be_confirmed(standin: StandIn) -> None:
    proposal = smswrap.plan(**GIVEN)
    smswrap.cancel(proposal.id)
    with pytest.raises(SmswrapError):
        smswrap.confirm(proposal.id)
    assert standin.ledger == []


def test_ai_mode_that_could_not_be_turned_off_is_told_in_the_report(standin: StandIn) -> None:
    proposal = smswrap.plan(**GIVEN)
    standin.rules({"cmd": DISABLING, "exit_code": 1, "stderr": "ERROR: no room"})
    report = smswrap.confirm(proposal.id)
    assert (report.status, int(report.exit)) == ("accepted", 11)
    assert report.error is not None
    assert DISABLING in report.error.next_step
    assert len(standin.ledger) == 1


@pytest.mark.parametrize("sandbox", [False, True])
def test_bad_input_is_told_whole_before_any_call(standin: StandIn, *, sandbox: bool) -> None:
    wrong = {**GIVEN, "phone_numbers": ["13800138000", "12"], "sign_name": "-x"}
    with pytest.raises(InputError) as raised:
        smswrap.plan(**wrong, sandbox=sandbox)
    assert len(raised.value.problems) == 3
    assert standin.api_calls == []


def test_history_and_status_tell_what_was_sent(standin: StandIn) -> None:
    plan_id = smswrap.plan(**GIVEN).id
    smswrap.confirm(plan_id)
    (line,) = smswrap.history(plan=plan_id)
    assert (line.recipient, line.outcome.value) == ("+8613900000000", "accepted")
    assert smswrap.status(plan_id).receipts
    assert len(standin.sends) == 1


def test_importing_the_package_loads_none_of_it() -> None:
    code = "import smswrap, sys; print([m for m in sys.modules if m.startswith('smswrap.')])"
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ended.stdout.strip() == "[]"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root works in another user's home")
def test_root_is_refused_in_the_home_of_somebody_else(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    send = ("send", "-p", "13900000000", "-s", GIVEN["sign_name"], "-t", "SMS_100000001", "--var", "code=123456")
    os.chown(standin.home, STRANGER, STRANGER)
    ran = smswrap(*send, "--yes")
    assert (ran.code, ran.error["code"]) == (3, "root")
    assert "--allow-root" in ran.error["next_step"]
    assert standin.ledger == []
    assert smswrap("--allow-root", *send, "--yes").code == 0
    assert len(standin.ledger) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root works in another user's home")
def test_the_library_refuses_another_users_home_as_well(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    os.chown(standin.home, STRANGER, STRANGER)
    with pytest.raises(SetupError):
        smswrap.plan(**GIVEN)
    monkeypatch.setenv("SMSWRAP_ALLOW_ROOT", "1")
    assert smswrap.plan(**GIVEN).id
