"""The program at a terminal: it shows, asks, and takes no for an answer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pexpect
import pytest
from conftest import DEADLINE, SEND, SIGN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import StandIn

ASKING = SEND[:-1]


@pytest.fixture
def terminal() -> Iterator[Callable[..., pexpect.spawn[str]]]:
    """Start the program on a pty of its own."""
    children: list[pexpect.spawn[str]] = []

    def begin(*arguments: str) -> pexpect.spawn[str]:
        child = pexpect.spawn(
            sys.executable, ["-m", "smswrap", *arguments], encoding="utf-8", timeout=DEADLINE, dimensions=(50, 160)
        )
        children.append(child)
        return child

    yield begin
    for child in children:
        child.close(force=True)


def end(child: pexpect.spawn[str]) -> tuple[int | None, str]:
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus, child.before or ""


def looked_up(standin: StandIn) -> list[str]:
    """The operations that were called."""
    return [call["argv"][1] for call in standin.api_calls]


@pytest.mark.parametrize("yes", ["y", "YES", "是"])
def test_a_yes_sends_what_was_shown(standin: StandIn, terminal: Callable[..., pexpect.spawn[str]], yes: str) -> None:
    child = terminal(*ASKING)
    child.expect_exact("[y/N] ")
    shown = child.before or ""
    assert SIGN in shown
    assert "+8613900000000" in shown
    assert "code=123456" in shown
    assert looked_up(standin) == ["get-sms-template"]
    assert not standin.ai_mode
    child.sendline(yes)
    code, rest = end(child)
    assert code == 0
    assert "accepted" in rest
    assert len(standin.ledger) == 1


@pytest.mark.parametrize("no", ["n", "", "yep", "\x04"])
def test_anything_else_sends_nothing_and_exits_9(
    standin: StandIn, terminal: Callable[..., pexpect.spawn[str]], no: str
) -> None:
    child = terminal(*ASKING)
    child.expect_exact("[y/N] ")
    child.send(no) if no == "\x04" else child.sendline(no)
    code, rest = end(child)
    assert code == 9
    assert rest.splitlines()[1:] == ["error: Not sent: declined.", "hint: Run the command again to send after all."]
    assert looked_up(standin) == ["get-sms-template"]


def test_an_interrupt_at_the_question_exits_130(standin: StandIn, terminal: Callable[..., pexpect.spawn[str]]) -> None:
    child = terminal(*ASKING)
    child.expect_exact("[y/N] ")
    child.sendintr()
    code, rest = end(child)
    assert code == 130
    assert [line for line in rest.splitlines() if "SIGINT" in line] == [
        "error: Ended by SIGINT. No send request was made."
    ]
    assert looked_up(standin) == ["get-sms-template"]


def test_verify_shows_the_text_before_it_asks_with_ai_mode_off_meanwhile(
    standin: StandIn, terminal: Callable[..., pexpect.spawn[str]]
) -> None:
    child = terminal(*ASKING, "--verify")
    child.expect_exact("[y/N] ")
    assert f"【{SIGN}】您的验证码为：123456，5分钟内有效，请勿泄露。" in (child.before or "")
    assert not standin.ai_mode
    child.sendline("y")
    assert end(child)[0] == 0
    assert looked_up(standin) == ["get-sms-template", "get-sms-sign", "send-sms"]


def test_yes_does_not_ask_even_at_a_terminal(standin: StandIn, terminal: Callable[..., pexpect.spawn[str]]) -> None:
    code, shown = end(terminal(*SEND))
    assert code == 0
    assert "[y/N]" not in shown
    assert len(standin.ledger) == 1


def test_a_terminal_gets_a_table_unless_it_asks_for_json(
    standin: StandIn, terminal: Callable[..., pexpect.spawn[str]]
) -> None:
    assert standin.launcher.exists()
    code, shown = end(terminal("list-signs"))
    assert code == 0
    assert "─" in shown
    assert SIGN in shown
    assert '"smswrap": 1' not in shown
    assert '"smswrap": 1' in end(terminal("list-signs", "--output", "json"))[1]


def test_an_interrupt_at_the_terminal_while_a_send_runs_leaves_ai_mode_off(
    standin: StandIn, terminal: Callable[..., pexpect.spawn[str]]
) -> None:
    standin.rules({"cmd": "dysmsapi send-sms *", "delay_ms": 500, "then": "continue"})
    child = terminal(*SEND)
    standin.wait_for_call("send-sms")
    child.sendintr()
    code, rest = end(child)
    assert code == 130
    assert "Ended by SIGINT; 1 of 1 were accepted." in rest
    assert len(standin.ledger) == 1
    assert not standin.ai_mode
