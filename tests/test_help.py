"""Help: what it shows, and that its examples run."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest
from conftest import SIGN

from smswrap import state
from smswrap.cli import state_directory
from smswrap.cli.app import app, main
from smswrap.messages import width

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import StandIn


CTX = click.Context(app, info_name="smswrap")
VERBS = app.list_commands(CTX)
PLAN = "858a23a6452ebd11"


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert main(words) == 0
    return capsys.readouterr().out.splitlines()


def command(verb: str) -> click.Command:
    found = app.get_command(CTX, verb)
    assert found is not None
    return found


def examples() -> list[str]:
    """Every example of every verb's help, in the order of the verbs."""
    found = []
    for verb in VERBS:
        lines = (command(verb).help or "").partition("\b\nExample")[2].splitlines()[1:]
        found += "\n".join(line.strip() for line in lines if line.strip()).replace("\\\n", "").splitlines()
    return found


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_verb_has_one_whole_line_at_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("SMSWRAP_LANG", language)
    lines = shown(capsys, "--help")
    assert all(width(line) <= 80 for line in lines)
    listed = [line.split()[0] for line in lines if line.startswith("  ") and line.split()[0] in VERBS]
    assert sorted(listed) == sorted(VERBS)
    assert not [line for line in lines[1:] if line.endswith("...")]
    groups = (
        ("Send:", "Look up:", "Account:", "This machine:")
        if language == "en"
        else ("发送：", "查询：", "账号：", "本机：")
    )
    assert [line for line in lines if line in groups] == list(groups)


@pytest.mark.parametrize("topic", ["exit-codes", "environment", "output", "sandbox"])
def test_a_topic_is_explained_in_both_languages(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, topic: str
) -> None:
    english = shown(capsys, "help", topic)
    monkeypatch.setenv("SMSWRAP_LANG", "zh")
    chinese = shown(capsys, "help", topic)
    assert english[0] != chinese[0]
    assert [line.split()[0] for line in english if line.startswith("1")] == [
        line.split()[0] for line in chinese if line.startswith("1")
    ]


def test_help_of_a_verb_is_its_own_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, "help", "cancel") == shown(capsys, "cancel", "--help")
    assert shown(capsys, "help") == shown(capsys, "--help")
    assert main(["help", "sned"]) == 2


def test_version_tells_what_a_report_of_a_fault_needs(
    standin: StandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["doctor"]) == main(["list-signs"]) == 0  # which asks the CLI for its version
    capsys.readouterr()
    told = "\n".join(shown(capsys, "--version"))
    for word in (
        "smswrap, version ",
        f"({sys.executable})",
        f"aliyun CLI 3.4.11 ({standin.launcher})",
        "state directory ",
    ):
        assert word in told
    for named in (None, "~/elsewhere"):
        monkeypatch.setenv("SMSWRAP_STATE_DIR", named) if named else monkeypatch.delenv("SMSWRAP_STATE_DIR")
        assert state_directory() == str(state.directory())


def test_every_example_fits_80_columns() -> None:
    for verb in VERBS:
        assert all(
            width(line) + 2 <= 80 for line in (command(verb).help or "").splitlines() if line.startswith("  ")
        ), verb


def test_every_example_runs_in_the_sandbox_as_it_stands(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SMSWRAP_SANDBOX", "1")
    monkeypatch.chdir(tmp_path)
    plans = []
    for code in ("999999", "888888"):
        assert main(["send", "-p", "13900000000", "-s", SIGN, "-t", "SMS_100000001", "--var", f"code={code}"]) == 9
        plans.append(json.loads(capsys.readouterr().out)["data"]["plan_id"])
    for line in examples():
        command_line, arrow, file = line.replace(PLAN, plans["cancel" in line]).partition(" > ")
        words = shlex.split(command_line)
        if words[0] == "smswrap":
            assert main(words[1:]) == (2 if "setup" in words else 0), (line, capsys.readouterr().err)  # asks a person
            written = capsys.readouterr().out
        else:
            written = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        if arrow:
            (tmp_path / file).write_text(written, "utf-8")
