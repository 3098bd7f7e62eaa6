"""AI mode is on during every dysmsapi call and off afterwards, whatever happens in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import DEADLINE, SEND, USER_AGENT, wait_until
from test_process import alive

from smswrap.cli.app import main

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran, Running, StandIn

DISABLE = "configure ai-mode disable"
HANG = {"delay_ms": 20_000, "then": "continue"}
MOMENTS = {
    "preflight": "plugin update",
    "enable": "configure ai-mode enable",
    "set-user-agent": "configure ai-mode set-user-agent *",
    "a read": "dysmsapi get-sms-sign *",
}


@pytest.fixture
def standin(first_standin: StandIn) -> StandIn:
    return first_standin


def assert_on_during_calls_and_off_now(standin: StandIn) -> None:
    for call in standin.api_calls:
        assert call["ai_mode"] == {"enabled": True, "user_agent": USER_AGENT}, call
    assert not standin.ai_mode
    assert standin.calls[-1] == DISABLE


def interrupt_twice(running: Running) -> None:
    """Send INT, wait until that has been noticed, and send it again: two at once would be one to the system."""
    running.send(signal.SIGINT)
    assert running.process.stderr is not None
    assert any("running request" in line for line in iter(running.process.stderr.readline, ""))
    running.send(signal.SIGINT)


def test_after_a_success(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    assert smswrap(*SEND, "--verify", "--wait").code == 0
    assert_on_during_calls_and_off_now(standin)


def test_after_a_refusal(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    assert smswrap(*SEND[:2], "19900000007", *SEND[3:]).code == 5
    assert_on_during_calls_and_off_now(standin)


def test_after_a_crash_of_the_cli(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    assert smswrap(*SEND[:2], "19900000008", *SEND[3:]).code == 8
    assert_on_during_calls_and_off_now(standin)


def run_broken(function: str, failing: str) -> int:
    """Run a send in a process of its own in which one function of the program fails."""
    module, _, name = function.rpartition(":")
    program = (
        "import sys\n"
        f"import {module} as module\n"
        "def broken(*arguments, **more):\n"
        f"    {failing}\n"
        f"module.{name} = broken\n"
        "from smswrap.cli.app import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", program, *SEND, "--verify"]
    return subprocess.run(command, capture_output=True, check=False, timeout=DEADLINE).returncode


FAILING = {"raise RuntimeError('broken')": 1, "sys.exit(5)": 5, "raise MemoryError": 1}


@pytest.mark.parametrize("failing", FAILING)
def test_after_an_internal_failure(standin: StandIn, failing: str) -> None:
    assert run_broken("smswrap.providers.aliyun.client:Session.template", failing) == FAILING[failing]
    assert standin.calls[-2].startswith("configure ai-mode set-user-agent")
    assert_on_during_calls_and_off_now(standin)


@pytest.mark.parametrize("failing", FAILING)
def test_after_an_internal_failure_while_a_request_is_made_which_is_then_unknown(
    standin: StandIn, failing: str
) -> None:
    assert run_broken("smswrap.providers.aliyun.client:Session.send", failing) == 8
    assert_on_during_calls_and_off_now(standin)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("moment", MOMENTS)
def test_after_a_signal_while_a_call_other_than_a_send_runs(
    standin: StandIn, start: Callable[..., Running], signum: signal.Signals, moment: str
) -> None:
    standin.rules({"cmd": MOMENTS[moment], **HANG})
    running = start(*SEND, "--verify")
    standin.wait_for_call(MOMENTS[moment].rstrip(" *"))
    running.send(signum)
    ran = running.end()
    assert (ran.code, ran.envelope["status"]) == (128 + signum, "interrupted")
    assert standin.ledger == []
    assert_on_during_calls_and_off_now(standin)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_a_send_lets_it_finish_so_that_its_outcome_is_known(
    standin: StandIn, start: Callable[..., Running], signum: signal.Signals
) -> None:
    standin.rules({"cmd": "dysmsapi send-sms *", "delay_ms": 500, "then": "continue"})
    running = start(*SEND, "--wait")
    standin.wait_for_call("send-sms")
    running.send(signum)
    ran = running.end()
    assert (ran.code, ran.envelope["status"]) == (128 + signum, "accepted")
    assert ran.envelope["data"]["counts"]["accepted"] == len(standin.ledger) == 1
    assert "query-send-details" not in " ".join(standin.calls)
    assert_on_during_calls_and_off_now(standin)


def test_a_signal_during_a_send_that_never_answers_makes_it_unknown(
    standin: StandIn, start: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    standin.rules({"cmd": "dysmsapi send-sms *", **HANG})
    monkeypatch.setenv("SMSWRAP_PATIENCE", "0.1")
    running = start(*SEND, "--read-timeout", "1")
    standin.wait_for_call("send-sms")
    running.send(signal.SIGTERM)
    ran = running.end()
    assert (ran.code, ran.envelope["status"], ran.error["kind"]) == (8, "unknown", "unknown")
    assert_on_during_calls_and_off_now(standin)


def test_a_second_interrupt_stops_the_running_send_which_is_then_unknown(
    standin: StandIn, start: Callable[..., Running]
) -> None:
    standin.rules({"cmd": "dysmsapi send-sms *", **HANG})
    running = start(*SEND, "--read-timeout", "20")
    standin.wait_for_call("send-sms")
    interrupt_twice(running)
    ran = running.end()
    assert (ran.code, ran.envelope["status"]) == (8, "unknown")
    assert "second signal" in ran.error["message"]
    assert_on_during_calls_and_off_now(standin)


def test_two_interrupts_in_a_row_cannot_stop_the_disable(standin: StandIn, start: Callable[..., Running]) -> None:
    standin.rules({"cmd": DISABLE, "delay_ms": 500, "then": "continue"})
    running = start(*SEND)
    standin.wait_for_call("ai-mode disable")
    running.send(signal.SIGINT)
    running.send(signal.SIGINT)
    ran = running.end()
    assert ran.envelope["data"]["counts"]["accepted"] == 1
    assert standin.calls.count(DISABLE) == 1
    assert_on_during_calls_and_off_now(standin)


def test_a_signal_to_the_whole_process_group_as_a_terminal_sends_it(
    standin: StandIn, start: Callable[..., Running]
) -> None:
    standin.rules({"cmd": "dysmsapi send-sms *", "delay_ms": 500, "then": "continue"})
    running = start(*SEND, start_new_session=True)
    standin.wait_for_call("send-sms")
    os.killpg(running.process.pid, signal.SIGINT)
    ran = running.end()
    assert (ran.code, ran.envelope["status"]) == (130, "accepted")
    assert_on_during_calls_and_off_now(standin)


@pytest.mark.parametrize("moment", [*MOMENTS.values(), "dysmsapi send-sms *"])
def test_after_sigkill_the_guard_turns_it_off_once_the_orphaned_call_has_ended(
    standin: StandIn, start: Callable[..., Running], moment: str
) -> None:
    standin.rules({"cmd": moment, "delay_ms": 1_000, "then": "continue"})
    running = start(*SEND, "--verify")
    standin.wait_for_call(moment.rstrip(" *"))
    running.send(signal.SIGKILL)
    orphan = standin.starts[-1]
    wait_until(lambda: DISABLE in standin.calls, f"no guard came; calls: {standin.calls}")
    wait_until(lambda: not standin.ai_mode, "AI mode stayed on")
    (off,) = [record for record in standin.starts if record["argv"] == DISABLE.split()]
    wait_until(lambda: not (standin.home / ".aliyun" / "smswrap.on").exists(), "the mark stayed")
    assert 1 <= off["time"] - orphan["time"] < 6
    assert not standin.ai_mode


def ends(standin: StandIn) -> dict[int, float]:
    """When each call that has ended did so."""
    return {record["pid"]: record["time"] for record in standin.records("calls.jsonl") if record["event"] == "end"}


def kill_all(running: Running) -> None:
    """Kill the program and its guard before either can do anything about the other, as the end of a container does."""
    listed = subprocess.run(["/bin/ps", "-eo", "pid=,ppid=,args="], check=True, capture_output=True, text=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    guards = [int(pid) for pid, parent, args in rows if parent == str(running.process.pid) and "-m smswrap" in args]
    running.send(signal.SIGSTOP)
    for pid in (*guards, running.process.pid):
        os.kill(pid, signal.SIGKILL)
    assert guards
    running.process.wait(DEADLINE)


def left_on(standin: StandIn, start: Callable[..., Running]) -> None:
    """Leave AI mode on: all processes of a send die at once, and its call ends by itself."""
    before = len(standin.api_calls)
    standin.rules({"cmd": "dysmsapi send-sms *", "delay_ms": 300, "then": "continue"})
    running = start(*SEND, "--allow-duplicate")
    wait_until(lambda: len(standin.api_calls) > before, "nothing was sent")
    orphan = standin.api_calls[-1]["pid"]
    kill_all(running)
    wait_until(lambda: not alive(orphan), "the orphaned call did not end")
    assert standin.ai_mode


@pytest.mark.parametrize("command", [("history",), ("explain", "isv.AMOUNT_NOT_ENOUGH"), ("list-signs",), ("cancel",)])
def test_what_all_processes_left_on_as_they_died_at_once_the_next_command_turns_off(
    standin: StandIn, start: Callable[..., Running], smswrap: Callable[..., Ran], command: tuple[str, ...]
) -> None:
    left_on(standin, start)
    ran = smswrap("doctor")
    assert (ran.code, "AI mode" in ran.error["message"], standin.ai_mode) == (3, True, True)
    ran = smswrap(*command)
    assert not standin.ai_mode
    assert "left by a smswrap that was killed" in ran.envelope["warnings"][0]
    assert smswrap("doctor").code == 0
    before = standin.calls
    assert smswrap("history").envelope["warnings"] == []
    assert standin.calls == before


@pytest.mark.parametrize("command", [("--help",), ("--version",), ("send", "--help")])
def test_help_and_version_turn_off_what_was_left_on(
    standin: StandIn, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    (standin.home / ".aliyun" / "ai-mode.json").write_text('{"enabled": true}', "utf-8")
    (standin.home / ".aliyun" / "smswrap.on").write_text('{"since": "x", "was_on": false, "user_agent": ""}', "utf-8")
    assert main(command) == 0
    assert not standin.ai_mode
    assert "left by a smswrap that was killed" in capsys.readouterr().err
    before = standin.calls
    assert main(command) == 0
    assert (capsys.readouterr().err, standin.calls) == ("", before)


@pytest.mark.parametrize(
    ("place", "error"), [("home", RuntimeError("no home")), ("exists", PermissionError(13, "Permission denied"))]
)
def test_a_home_that_cannot_be_looked_into_is_in_nobodys_way(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, place: str, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(Path, place, fail)
    assert main(["--version"]) == 0
    assert capsys.readouterr().err == ""


def test_without_a_home_it_is_a_matter_of_setup(
    standin: StandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no home")

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(Path, "home", fail)
    monkeypatch.setattr("smswrap.state._directory", fail)
    for command in (["history"], ["doctor"], list(SEND), ["list-signs"]):
        assert main(["--output", "json", *command]) == 3
        assert "no home directory" in capsys.readouterr().out
    assert standin.calls == []


def test_while_an_orphaned_call_runs_nobody_turns_it_off(
    standin: StandIn, start: Callable[..., Running], smswrap: Callable[..., Ran]
) -> None:
    standin.rules({"cmd": "dysmsapi send-sms *", **HANG})
    running = start(*SEND)
    standin.wait_for_call("send-sms")
    orphan = standin.starts[-1]["pid"]
    assert smswrap("history").code == 0
    assert standin.ai_mode
    kill_all(running)
    assert smswrap("history").envelope["warnings"] == []
    checks = {check["check"]: check for check in smswrap("doctor").envelope["data"]["checks"]}
    assert (checks["AI mode"]["state"], standin.ai_mode) == ("ok", True)
    os.kill(orphan, signal.SIGKILL)
    wait_until(lambda: smswrap("history").envelope["warnings"] != [], "nobody turned it off")
    assert not standin.ai_mode


def test_a_session_that_meets_an_orphan_which_still_prepares_waits_for_it(
    standin: StandIn, start: Callable[..., Running], smswrap: Callable[..., Ran]
) -> None:
    standin.rules({"cmd": "configure ai-mode enable", "delay_ms": 1_000, "then": "continue", "times": 1})
    running = start(*SEND)
    standin.wait_for_call("ai-mode enable")
    kill_all(running)
    assert smswrap(*SEND, "--allow-duplicate").code == 0
    assert standin.calls.count("configure ai-mode enable") == 2
    assert_on_during_calls_and_off_now(standin)


def user_agent(standin: StandIn) -> object:
    return json.loads((standin.home / ".aliyun" / "ai-mode.json").read_text("utf-8")).get("user_agent")


def test_who_had_it_on_is_told_once_and_gets_their_user_agent_back(
    standin: StandIn, start: Callable[..., Running], smswrap: Callable[..., Ran]
) -> None:
    file = standin.home / ".aliyun" / "ai-mode.json"
    file.write_text('{"enabled": true, "user_agent": "my agent"}', "utf-8")
    ran = smswrap(*SEND)
    assert (ran.code, standin.ai_mode, user_agent(standin)) == (0, False, "my agent")
    assert all(call["ai_mode"] == {"enabled": True, "user_agent": USER_AGENT} for call in standin.api_calls)
    (warning,) = ran.envelope["warnings"]
    assert "had been on before" in warning
    assert "aliyun configure ai-mode enable" in warning
    assert smswrap("list-signs").envelope["warnings"] == []
    assert user_agent(standin) == "my agent"
    file.write_text('{"enabled": true, "user_agent": "my agent"}', "utf-8")
    left_on(standin, start)
    assert user_agent(standin) == USER_AGENT
    assert "had been on before" in smswrap("history").envelope["warnings"][0]
    assert (standin.ai_mode, user_agent(standin)) == (False, "my agent")


def test_a_user_agent_that_cannot_be_put_back_is_told(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    (standin.home / ".aliyun" / "ai-mode.json").write_text('{"enabled": false, "user_agent": "mine"}', "utf-8")
    standin.rules(
        {"cmd": "configure ai-mode set-user-agent --user-agent mine", "exit_code": 1, "stderr": "ERROR: no\n"}
    )
    ran = smswrap(*SEND)
    assert (ran.code, standin.ai_mode) == (0, False)
    assert "'mine' could not be put back" in ran.envelope["warnings"][0]


@pytest.mark.parametrize("mark", ["", "[]", "{}", '{"since": 1, "was_on": "x", "user_agent": null}', "\x00"])
def test_a_mark_that_cannot_be_read_is_still_a_mark(standin: StandIn, smswrap: Callable[..., Ran], mark: str) -> None:
    (standin.home / ".aliyun" / "ai-mode.json").write_text('{"enabled": true}', "utf-8")
    (standin.home / ".aliyun" / "smswrap.on").write_text(mark, "utf-8")
    assert smswrap("history").code == 0
    assert not standin.ai_mode


def test_a_reader_of_the_output_does_not_wait_for_the_guard(standin: StandIn, start: Callable[..., Running]) -> None:
    standin.rules({"cmd": "dysmsapi send-sms *", **HANG}, {"cmd": DISABLE, "delay_ms": 1_000, "then": "continue"})
    running = start(*SEND)
    standin.wait_for_call("send-sms")
    running.send(signal.SIGKILL)
    running.process.communicate(timeout=DEADLINE)
    assert standin.ai_mode


def test_stdout_closed_early_is_no_reason_to_leave_it_on(standin: StandIn, start: Callable[..., Running]) -> None:
    reading, writing = os.pipe()
    running = start(*SEND, stdout=writing)
    os.close(writing)
    os.close(reading)
    running.process.wait(DEADLINE)
    assert running.process.returncode == 0
    assert running.process.stderr is not None
    assert "Traceback" not in running.process.stderr.read()
    assert len(standin.ledger) == 1
    assert_on_during_calls_and_off_now(standin)


def test_a_disable_that_fails_once_is_tried_again(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    standin.rules({"cmd": DISABLE, "exit_code": 1, "stderr": "ERROR: no\n", "times": 1})
    assert smswrap(*SEND).code == 0
    assert_on_during_calls_and_off_now(standin)


def test_a_disable_that_keeps_failing_exits_11_after_a_good_send(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    standin.rules({"cmd": DISABLE, "exit_code": 1, "stderr": "ERROR: no\n"})
    ran = smswrap(*SEND)
    assert (ran.code, ran.envelope["status"], ran.error["kind"]) == (11, "accepted", "ai_mode")
    assert f"aliyun {DISABLE}" in ran.error["next_step"]
    assert f"aliyun {DISABLE}" in ran.stderr
    assert standin.calls.count(DISABLE) == 3


def test_a_disable_that_keeps_failing_does_not_hide_a_refusal(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    standin.rules({"cmd": DISABLE, "exit_code": 1, "stderr": "ERROR: no\n"})
    ran = smswrap(*SEND[:2], "19900000007", *SEND[3:])
    assert ran.code == 5
    assert f"aliyun {DISABLE}" in ran.envelope["warnings"][0]


def test_a_disable_that_only_pretends_is_seen(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    standin.rules({"cmd": DISABLE, "stderr": "ERROR: load current configuration failed\n"})
    assert smswrap(*SEND).code == 11


def test_an_enable_that_fails_sends_nothing(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    standin.rules({"cmd": "configure ai-mode enable", "exit_code": 1, "stderr": "ERROR: no\n"})
    ran = smswrap(*SEND)
    assert (ran.code, ran.error["kind"]) == (3, "setup")
    assert standin.ledger == []
    assert standin.calls[-1] == DISABLE


def test_what_a_killed_run_left_on_is_mended_by_the_next(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    (standin.home / ".aliyun" / "ai-mode.json").write_text('{"enabled": true}', "utf-8")
    assert smswrap(*SEND).code == 0
    assert_on_during_calls_and_off_now(standin)


def spans(standin: StandIn) -> list[tuple[float, float, list[str]]]:
    """The calls as (start, end, argv); one that was killed never ended."""
    ended = ends(standin)
    return [(call["time"], ended.get(call["pid"], float("inf")), call["argv"]) for call in standin.starts]


def test_of_twenty_sends_at_once_one_is_killed_and_the_others_are_sent(
    standin: StandIn, start: Callable[..., Running]
) -> None:
    standin.conditions(plugin_update_available=True, replace_seconds=0.3)
    runs = [start("send", "-p", f"138000010{number:02}", *SEND[3:]) for number in range(20)]
    wait_until(lambda: len(standin.ledger) >= 3, "no send came through")
    runs.pop(7).send(signal.SIGKILL)
    answers = [run.end() for run in runs]
    assert [answer.code for answer in answers] == [0] * len(answers), [
        answer.stderr for answer in answers if answer.code
    ]
    wait_until(lambda: not standin.ai_mode, "AI mode stayed on")
    assert standin.calls[-1] == DISABLE
    assert all(call["ai_mode"] == {"enabled": True, "user_agent": USER_AGENT} for call in standin.api_calls)
    all_spans: list[tuple[float, float, list[str]]] = spans(standin)
    updates = [(begin, end) for begin, end, argv in all_spans if argv[:2] == ["plugin", "update"]]
    calls = [(begin, end) for begin, end, argv in all_spans if argv[:1] == ["dysmsapi"]]
    for begin, end in updates:
        assert all(other_end < begin or end < other_begin for other_begin, other_end in calls)
    sent = [message["phone"] for message in standin.ledger]
    assert len(sent) == len(set(sent)) >= len(answers)


def test_a_session_beside_others_changes_nothing(standin: StandIn, start: Callable[..., Running]) -> None:
    standin.rules({"cmd": "dysmsapi send-sms *19900000000*", **HANG})
    first = start(*SEND, "--read-timeout", "20")
    standin.wait_for_call("send-sms")
    second = start(*SEND[:2], "13812341234", *SEND[3:]).end()
    assert second.code == 0
    assert standin.calls.count("configure ai-mode enable") == 1
    assert standin.calls.count("plugin update") == 1
    assert DISABLE not in standin.calls
    assert standin.ai_mode
    interrupt_twice(first)
    assert first.end().code == 8
    assert_on_during_calls_and_off_now(standin)


def test_the_lock_files_are_the_users_alone(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    smswrap(*SEND)
    files: Any = [path for path in (standin.home / ".aliyun").iterdir() if path.name.startswith("smswrap.")]
    assert sorted(path.name for path in files) == ["smswrap.gate", "smswrap.holders"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert json.loads((standin.home / ".aliyun" / "ai-mode.json").read_text("utf-8"))["enabled"] is False
