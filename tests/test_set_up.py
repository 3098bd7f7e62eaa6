"""`smswrap setup` on a terminal of its own; a person answers, and may refuse each step."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
from typing import TYPE_CHECKING, NamedTuple

import pexpect
import pytest
from conftest import DEADLINE

from smswrap.cli.app import main
from smswrap.cli.console import Console
from smswrap.providers.aliyun import install
from smswrap.providers.base import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from conftest import StandIn

KEY, SECRET = "LTAI5tTypedByHand", "typed-and-kept-nowhere"
SETUP = ("--sandbox", "setup")
ANOTHER, PLUGIN, LIVE = "another profile? [y/N] ", "plugin of the aliyun CLI? [y/N] ", "are taken? [y/N] "


class Played(NamedTuple):
    code: int | None
    screen: str


def play(words: Sequence[str], *exchange: tuple[str, str]) -> Played:
    """Answer each question on a pty of 80 columns."""
    child = pexpect.spawn(
        sys.executable, ["-m", "smswrap", *words], encoding="utf-8", timeout=DEADLINE, dimensions=(40, 80)
    )
    child.logfile_read = screen = io.StringIO()
    for question, answer in exchange:
        child.expect_exact(question.rstrip())  # a colour may end before the blank
        child.send(answer)
    child.expect(pexpect.EOF)
    child.close()
    return Played(child.exitstatus, screen.getvalue())


def saved(folder: Path) -> dict[str, dict[str, str]]:
    content = json.loads((folder / "home" / ".aliyun" / "config.json").read_text("utf-8"))
    return {profile["name"]: profile for profile in content["profiles"]}


def test_it_goes_from_nothing_to_a_doctor_that_is_content(tmp_path: Path) -> None:
    played = play(
        SETUP,
        (ANOTHER, "y\n"),
        ("name [1]: ", "\n"),
        ("profile [default]: ", "prod\n"),
        ("Region [cn-hangzhou]: ", "cn-beijing\n"),
        ("Access Key Id []: ", f"{KEY}\n"),
        ("Access Key Secret []: ", f"{SECRET}\n"),
        (PLUGIN, "y\n"),
        (LIVE, "y\n"),
    )
    assert played.code == 0
    assert "Ready to send with profile prod (AK …Hand)." in played.screen
    assert "list-signs was answered" in played.screen
    profile = saved(tmp_path / "stand-in")["prod"]
    assert (profile["access_key_secret"], profile["region_id"]) == (SECRET, "cn-beijing")
    kept = [path for path in (tmp_path / "state", tmp_path / "stand-in") for path in path.rglob("*") if path.is_file()]
    assert [path.name for path in kept if SECRET.encode() in path.read_bytes()] == ["config.json"]


@pytest.mark.parametrize(("mode", "questions"), [("stsTOKEN", 3), ("4", 1), ("External", 1)])
def test_other_modes_are_asked_for_what_they_need(tmp_path: Path, mode: str, questions: int) -> None:
    asked = [("]: ", "\n")] * 0 + [(" []: ", "value-of-mine\n")] * questions
    start = [(ANOTHER, "y\n"), ("name [1]: ", f"{mode}\n"), ("profile [default]: ", "other\n"), ("Region [", "\n")]
    assert play(SETUP, *start, *asked, (PLUGIN, "\n"), (LIVE, "\n")).code == 0
    assert saved(tmp_path / "stand-in")["other"]["region_id"] == "cn-hangzhou"


def test_each_step_can_be_refused(tmp_path: Path) -> None:
    played = play(SETUP, (ANOTHER, "n\n"), (PLUGIN, "\n"), (LIVE, "\x04"))
    assert played.code == 0  # the first call installs the plugin
    assert list(saved(tmp_path / "stand-in")) == ["default"]


def test_a_mode_that_there_is_not_configures_nothing(tmp_path: Path) -> None:
    played = play(SETUP, (ANOTHER, "y\n"), ("name [1]: ", "13\n"), (PLUGIN, "n\n"), (LIVE, "n\n"))
    assert "nothing was configured" in played.screen
    assert list(saved(tmp_path / "stand-in")) == ["default"]


def test_an_interrupt_among_the_keys_saves_nothing_and_goes_on(tmp_path: Path) -> None:
    begin = [(ANOTHER, "y\n"), ("name [1]: ", "\n"), ("profile [default]: ", "prod\n"), ("Region [", "\n")]
    played = play(SETUP, *begin, ("Access Key Id []: ", "\x03"), (PLUGIN, "n\n"), (LIVE, "n\n"))
    assert "Nothing was saved." in played.screen.splitlines()  # begins a line
    assert list(saved(tmp_path / "stand-in")) == ["default"]


@pytest.mark.parametrize("answers", [[], ["1\n"], ["1\n", "prod\n"]])
def test_the_end_of_input_at_a_question_about_the_profile_configures_nothing(
    tmp_path: Path, answers: list[str]
) -> None:
    questions = ("name [1]: ", "profile [default]: ", "Region [cn-hangzhou]: ")
    exchange = zip(questions, [*answers, "\x04"], strict=False)
    played = play(SETUP, (ANOTHER, "y\n"), *exchange, (PLUGIN, "n\n"), (LIVE, "n\n"))
    assert "Nothing was configured." in played.screen
    assert "Access Key Id" not in played.screen
    assert list(saved(tmp_path / "stand-in")) == ["default"]


def test_an_interrupt_at_a_question_ends_it() -> None:
    assert play(SETUP, (ANOTHER, "\x03")).code == 130


def test_volcengine_is_told_its_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("--provider", "volcengine", "setup")
    played = play(words, (LIVE, "n\n"))
    assert played.code == 4
    assert "export VOLCENGINE_SECRET_KEY=…" in played.screen
    monkeypatch.setenv("ARK_SKILL_API_KEY", SECRET)
    monkeypatch.setenv("ARK_SKILL_API_BASE", "http://127.0.0.1:1/")
    played = play(words, (LIVE, "n\n"))
    assert "ARK_SKILL_API_KEY and ARK_SKILL_API_BASE are set." in played.screen
    assert SECRET not in played.screen


def test_it_asks_in_chinese_where_that_is_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    played = play(SETUP, ("再配置一个？[y/N] ", "是\n"), ("[1]：", "0\n"), ("插件吗？[y/N] ", "n\n"), ("[y/N] ", "n\n"))
    assert "可以用配置 default 发送（AK …dbox）。" in played.screen
    assert not [line for line in played.screen.splitlines() if "asks for the keys" in line]


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "smswrap setup asks questions, and there is no terminal."),
        ("zh", "smswrap setup 要提问，而这里没有终端。"),
    ],
)
def test_without_a_terminal_it_asks_nothing(
    standin: StandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, language: str, told: str
) -> None:
    monkeypatch.setenv("SMSWRAP_LANG", language)
    assert main(["setup"]) == 2
    assert told in capsys.readouterr().err
    assert standin.calls == []


class Someone:
    """Whoever is asked; keeps the questions."""

    def __init__(self, *answers: bool) -> None:
        self.answers, self.questions = list(answers), list[str]()

    def ask(self, question: str) -> bool:
        self.questions.append(question)
        return self.answers.pop(0)

    def answer(self, question: str) -> str | None:
        raise AssertionError(question)


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The official download, of a CLI that is a shell line, for every machine."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("aliyun")
        member.size = len(b"#!/bin/sh\n")
        archive.addfile(member, io.BytesIO(b"#!/bin/sh\n"))
    (tmp_path / "latest.tgz").write_bytes(packed.getvalue())
    monkeypatch.setattr(install, "BASE", f"file://{tmp_path}/")
    monkeypatch.setattr(install, "ARCHIVES", dict.fromkeys(install.ARCHIVES, "latest.tgz"))
    return packed.getvalue()


@pytest.mark.parametrize("answers", [(False,), (True, False), (True, True)])
def test_a_download_is_looked_at_before_it_may_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], archive: bytes, answers: tuple[bool, ...]
) -> None:
    person = Someone(*answers)
    settings = Settings(Console(), {"PATH": "/nowhere", "HOME": str(tmp_path / "home")})
    path = install.offered(settings, person)
    program = tmp_path / "home" / ".local" / "bin" / "aliyun"
    assert (path is not None, program.exists()) == (all(answers), all(answers))
    told = capsys.readouterr().err
    assert (hashlib.sha256(archive).hexdigest() in told) is answers[0]
    assert (f"{len(archive):,} bytes" in told) is answers[0]
    if all(answers):
        assert program.stat().st_mode & 0o777 == 0o755
        assert "is not on PATH" in told
