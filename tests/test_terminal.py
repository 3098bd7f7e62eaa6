"""The program at a terminal: it shows, asks, and takes no for an answer."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any

import pexpect
import pytest
from conftest import DEADLINE, SEND, SIGN, TEMPLATE, wait_until

from smswrap.cli import console
from smswrap.cli.console import Console
from smswrap.messages import width

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Ran, StandIn

ASKING = SEND[:-1]
QUESTION = "[y/N/e(xport)]"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., pexpect.spawn[str]]]:
    """Start the program on a pty of its own."""
    children: list[pexpect.spawn[str]] = []

    monkeypatch.setenv("TERM", "xterm-256color")
    # readline, which pytest loads, puts 80 columns into the environment, which a terminal's own size gives way to.
    for name in ("NO_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)

    def begin(*arguments: str, columns: int = 160, rows: int = 50) -> pexpect.spawn[str]:
        program = ["-m", "smswrap", *arguments]
        how: dict[str, Any] = {"env": dict(os.environ), "dimensions": (rows, columns)}
        child = pexpect.spawn(sys.executable, program, encoding="utf-8", timeout=DEADLINE, **how)
        child.delaybeforesend = None
        children.append(child)
        return child

    yield begin
    for child in children:
        child.close(force=True)


def end(child: pexpect.spawn[str]) -> tuple[int | None, str]:
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus, plain(child.before or "")


def plain(text: str) -> str:
    """The text without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def looked_up(standin: StandIn) -> list[str]:
    """The operations that were called."""
    return [call["argv"][1] for call in standin.api_calls]


@pytest.mark.parametrize("yes", ["y", "YES", "是"])
def test_a_yes_sends_what_was_shown(standin: StandIn, terminal: Callable[..., pexpect.spawn[str]], yes: str) -> None:
    child = terminal(*ASKING)
    child.expect_exact(QUESTION)
    shown = plain(child.before or "")
    for told in ("profile default, AK", SIGN, "+8619900000000", f"【{SIGN}】您的验证码为：123456", "1 in 1 request"):
        assert told in shown
    assert looked_up(standin) == ["get-sms-template"]
    assert not standin.ai_mode
    child.sendline(yes)
    code, rest = end(child)
    assert code == 0
    assert re.fullmatch(r"✓ 1 accepted in 1 request \(plan [0-9a-f]{16}\)\.", rest.splitlines()[-1])
    assert len(standin.ledger) == 1


@pytest.mark.parametrize("no", ["n", "", "yep", "\x04"])
def test_anything_else_sends_nothing_and_exits_9(
    standin: StandIn, terminal: Callable[..., pexpect.spawn[str]], no: str
) -> None:
    child = terminal(*ASKING)
    child.expect_exact(QUESTION)
    child.send(no) if no == "\x04" else child.sendline(no)
    code, rest = end(child)
    assert code == 9
    assert rest.splitlines()[1:] == ["Not sent."]
    assert looked_up(standin) == ["get-sms-template"]


def test_what_was_typed_before_the_plan_was_shown_is_no_yes_to_it(
    standin: StandIn, terminal: Callable[..., pexpect.spawn[str]]
) -> None:
    child = terminal(*ASKING)
    child.send("y\ry\r")
    child.expect_exact(QUESTION)
    child.sendline("n")
    assert end(child)[0] == 9
    assert standin.ledger == []


def test_an_interrupt_at_the_question_exits_130(standin: StandIn, terminal: Callable[..., pexpect.spawn[str]]) -> None:
    child = terminal(*ASKING)
    child.expect_exact(QUESTION)
    child.sendintr()
    code, rest = end(child)
    assert code == 130
    assert rest.splitlines()[1:] == ["error: Ended by SIGINT. No send request was made."]
    assert looked_up(standin) == ["get-sms-template"]


def test_verify_shows_the_text_before_it_asks_with_ai_mode_off_meanwhile(
    standin: StandIn, terminal: Callable[..., pexpect.spawn[str]]
) -> None:
    child = terminal(*ASKING, "--verify")
    child.expect_exact(QUESTION)
    assert f"【{SIGN}】您的验证码为：123456，5分钟内有效，请勿泄露。" in (child.before or "")
    assert not standin.ai_mode
    child.sendline("y")
    assert end(child)[0] == 0
    assert looked_up(standin) == ["get-sms-template", "get-sms-sign", "send-sms"]


def test_yes_does_not_ask_even_at_a_terminal(standin: StandIn, terminal: Callable[..., pexpect.spawn[str]]) -> None:
    code, shown = end(terminal(*SEND))
    assert code == 0
    assert QUESTION not in shown
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
    standin.rules({"cmd": "dysmsapi send-sms *", "delay_ms": 1600, "then": "continue"})
    child = terminal(*SEND)
    child.expect_exact("0 of 1")  # drawn after a second
    child.sendintr()
    code, rest = end(child)
    assert code == 130
    assert "\x1b[KEnding when the running request has its answer" in rest  # in the place of what was drawn
    assert "Ended by SIGINT; 1 of 1 were accepted." in rest
    assert len(standin.ledger) == 1
    assert not standin.ai_mode


def test_a_second_interrupt_leaves_no_mark_of_its_own_before_the_message(
    standin: StandIn, terminal: Callable[..., pexpect.spawn[str]]
) -> None:
    standin.rules({"cmd": "dysmsapi send-sms *", "delay_ms": 20_000, "then": "continue"})
    child = terminal(*SEND)
    child.expect_exact("0 of 1")
    child.sendintr()
    child.expect_exact("a second signal stops it")
    child.sendintr()
    code, rest = end(child)
    assert code == 8
    assert "^C\r\x1b[Kerror: " in rest
    assert not standin.ai_mode


def test_a_batch_shows_the_first_text_and_those_that_differ_most_and_exports_all(
    standin: StandIn, terminal: Callable[..., pexpect.spawn[str]], tmp_path: Path
) -> None:
    codes = ["12345", *("1234" if n % 2 else "12345678" for n in range(29))]
    rows = "".join(f"199000001{n:02},{code}\n" for n, code in enumerate(codes))
    (tmp_path / "list.csv").write_text(f"phone,code\n{rows}", "utf-8")
    child = terminal("send-batch", "--file", str(tmp_path / "list.csv"), "-s", SIGN, "-t", TEMPLATE, columns=80)
    child.expect_exact(QUESTION)
    shown = plain(child.before or "")
    assert "30: +8619900000100, +8619900000101, +8619900000102 and 27 more" in shown
    assert [re.search(r"：(\d+)，", line)[1] for line in shown.splitlines() if "】" in line] == [  # type: ignore[index]
        "12345",
        "1234",
        "12345678",
    ]
    assert "30 in 3 requests" in shown
    for _ in range(2):
        child.sendline("e")
        child.expect_exact("CSV file?")
        child.sendline(str(tmp_path / "all.csv"))
        child.expect_exact(QUESTION)
    assert "is there already" in (child.before or "")  # and is left alone
    exported = (tmp_path / "all.csv").read_text("utf-8-sig").splitlines()
    assert len(exported) == 31
    assert exported[1].startswith(f"+8619900000100,{SIGN},【{SIGN}】您的验证码为：12345，")
    child.sendline("n")
    assert end(child)[0] == 9
    assert standin.ledger == []


def test_samples_are_called_what_they_are_among_all(
    standin: StandIn, terminal: Callable[..., pexpect.spawn[str]], tmp_path: Path
) -> None:
    labels = []
    for codes in (("1", "22", "333"), ("333", "22", "1"), ("22", "1", "333"), ("1", "2", "2")):
        rows = "".join(f"1990000010{n},{code}\n" for n, code in enumerate(codes))
        (tmp_path / "list.csv").write_text(f"phone,code\n{rows}", "utf-8")
        batch = ("send-batch", "--file", str(tmp_path / "list.csv"), "-s", SIGN, "-t", TEMPLATE, "--dry-run")
        shown = end(terminal(*batch))[1]
        labels.append([line.split()[0] for line in shown.splitlines() if "】" in line])
    assert labels == [
        ["Text", "Another", "Longest"],
        ["Text", "Shortest", "Another"],
        ["Text", "Shortest", "Longest"],
        ["Text", "Another"],
    ]
    assert standin.sends == []


def test_what_is_missing_is_asked_for_then_the_question(
    standin: StandIn, terminal: Callable[..., pexpect.spawn[str]]
) -> None:
    child = terminal("send", columns=60)
    child.expect_exact("Which sign?")
    assert "示例商城" in (child.before or "")
    assert "已驳回签名" not in (child.before or "")  # not approved
    assert not standin.ai_mode
    for question, answer in (
        ("", "2"),
        ("Which template?", "nothing has this"),
        ("None holds 'nothing has this'.", "SMS_1000"),
        ("  4  ", "发货"),  # of those that hold SMS_1000
        ("${name}", ""),
        ("${name}", "nan"),
        ('"no value"', "张三"),
        ("${order}", "A1"),
        ("${url}", "x.cn"),
        ("which numbers?", "123"),
        ("its country code", "19900000000，19900000001"),
    ):
        child.expect_exact(question)
        child.sendline(answer)
    child.expect_exact(QUESTION)
    shown = plain(child.before or "")
    assert "2: +8619900000000, +8619900000001" in shown
    assert "【示例商城】尊敬的张三，您的订单A1已发货，详情见x.cn。" in shown
    assert standin.sends == []
    child.sendline("y")
    code, rest = end(child)
    assert (code, rest.splitlines()[-1][:13]) == (0, "✓ 2 accepted ")
    assert len(standin.ledger) == 2


@pytest.mark.parametrize(("key", "code", "line"), [("\x03", 130, "error: Ended by SIGINT."), ("\x04", 9, "Not sent.")])
@pytest.mark.parametrize(
    ("arguments", "question"),
    [
        (("send", "-p", "19900000000", "-t", TEMPLATE), "Which sign?"),
        (("send", "-p", "19900000000", "-s", SIGN, "-t", TEMPLATE), "${code}"),
    ],
)
def test_leaving_a_picker_sends_nothing_and_takes_one_line(
    standin: StandIn,
    terminal: Callable[..., pexpect.spawn[str]],
    arguments: tuple[str, ...],
    question: str,
    key: str,
    code: int,
    line: str,
) -> None:
    child = terminal(*arguments)
    child.expect(re.escape(question) + "[^:]*: ?(\x1b\\[0m)? ")
    child.send(key)
    ended, rest = end(child)
    assert ended == code
    assert [told[: len(line)] for told in rest.splitlines() if told.strip("^CD\b ")] == [line]
    assert standin.ledger == []


def test_a_column_of_numbers_can_be_pasted(standin: StandIn, terminal: Callable[..., pexpect.spawn[str]]) -> None:
    child = terminal("send", "-s", SIGN, "-t", TEMPLATE, "--var", "code=1")
    child.expect_exact("which numbers?")
    child.send("19900000000\n 199 0000 0001\n\n19900000002\n")
    child.expect_exact(QUESTION)
    assert "3: +8619900000000, +8619900000001, +8619900000002" in plain(child.before or "")
    child.sendline("n")
    assert end(child)[0] == 9
    assert standin.sends == []


def test_only_what_is_shown_can_be_chosen_by_its_number_and_no_line_is_too_long(
    standin: StandIn, terminal: Callable[..., pexpect.spawn[str]]
) -> None:
    text = "一段长长的短信内容，" * 8
    templates = [{"code": f"SMS_{100 + n}", "name": "长长的名字" * 9, "content": text} for n in range(50)]
    account = {"signs": [{"name": SIGN}], "templates": templates}
    (standin.directory / "account.json").write_text(json.dumps(account), "utf-8")
    child = terminal("send", "-s", SIGN, "-p", "19900000000", columns=60, rows=300)
    child.expect_exact("Which template?")
    assert [line for line in plain(child.before or "").splitlines() if width(line) > 60] == []
    child.sendline("30")  # of which only a part of a code is seen
    child.expect_exact(f"{QUESTION}")
    assert "SMS_130" in (child.before or "")
    child.sendline("n")
    assert end(child)[0] == 9


def test_wrong_values_are_refused_before_anything_is_asked_or_called(
    standin: StandIn, terminal: Callable[..., pexpect.spawn[str]]
) -> None:
    code, shown = end(terminal("send", "-p", "12"))
    assert code == 2
    assert "is not a phone number" in shown
    assert standin.calls == []


@pytest.mark.parametrize("arguments", [("send",), ("send", "--yes")])
def test_nobody_is_asked_without_a_terminal(
    words: Callable[..., Ran], standin: StandIn, arguments: tuple[str, ...]
) -> None:
    ran = words(*arguments)
    assert ran.code == 2
    assert "`smswrap list-signs --approved`" in ran.stderr
    assert "`smswrap list-templates --approved`" in ran.stderr
    assert standin.calls == []


def test_the_history_shows_ids_codes_and_numbers_whole_at_any_width(
    standin: StandIn, words: Callable[..., Ran], terminal: Callable[..., pexpect.spawn[str]]
) -> None:
    plans = []
    for number, more in (("19900000007", ()), ("19900000000", ()), ("19900000000", ("--allow-duplicate",))):
        sent = words("send", "-p", number, *SEND[3:], *more)
        plans.append(sent.envelope["data"]["plan_id"])
    assert plans[2] == f"{plans[1]}-2"
    for columns in (60, 80, 100):
        code, shown = end(terminal("history", columns=columns))
        assert code == 0
        for told in (*plans, "isv.AMOUNT_NOT_ENOUGH", "+8619900000007", "refused", "accepted", TEMPLATE):
            assert re.search(rf"(?<![\w-]){re.escape(told)}(?![\w-])", shown), told
    assert len(standin.ledger) == 2


def test_colours_are_for_terminals_that_want_them(
    terminal: Callable[..., pexpect.spawn[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def drawn() -> str:
        child = terminal("send", "-p", "12", "--yes")
        child.expect(pexpect.EOF)
        return child.before or ""

    coloured = drawn()
    assert "\x1b[31merror:\x1b[0m" in coloured
    assert "\x1b[1mproblems" in coloured
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert [line.rstrip() for line in drawn().splitlines()] == [
                line.rstrip() for line in plain(coloured).splitlines()
            ]


def test_a_long_list_goes_through_the_pager(
    terminal: Callable[..., pexpect.spawn[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGER", "sed s/^/paged:/")
    code, shown = end(terminal("explain"))
    assert code == 0
    assert all(line.startswith("paged:") for line in shown.splitlines())
    assert "paged:" not in end(terminal("explain", "balance"))[1]


def test_where_there_is_no_cursor_a_line_every_few_seconds_tells_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "EVERY", 0.02)
    said: list[str] = []

    def heard() -> str:
        said.append(capfd.readouterr().err)
        return "".join(said)

    talk = Console()
    with talk.progress("Sending", 3000) as advance, talk.progress("Something inside") as inner:
        inner(1)
        advance(1000)
        wait_until(lambda: "1,000 of 3,000" in heard(), "no line")
    told = heard()
    assert re.match(r"Sending  (0|1,000) of 3,000  ", told)
    assert "s left\n" in told
    assert "inside" not in told
    assert "\x1b" not in told


def test_quiet_shows_no_progress_and_what_takes_a_moment_none_either(capfd: pytest.CaptureFixture[str]) -> None:
    with Console().progress("Sending", 1):
        pass
    quiet = Console()
    quiet.quiet = True
    with quiet.progress("Sending", 1):
        pass
    assert capfd.readouterr().err == ""


def test_volcengine_is_asked_for_the_group_of_a_sign_that_belongs_to_several(
    terminal: Callable[..., pexpect.spawn[str]],
) -> None:
    child = terminal("--sandbox", "--provider", "volcengine", "send", "-p", "13812345678")
    for question, answer in (
        ("Which sign?", "沙盒免审"),
        ("message group?", "marketing"),
        ("Which template?", "1"),
    ):
        child.expect_exact(question)
        child.sendline(answer)
    child.expect_exact(QUESTION)
    assert re.search(r"Group +88eb2bd0\r", plain(child.before or ""))
    child.sendline("")
    assert end(child)[0] == 9
