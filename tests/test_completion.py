"""What a shell completes: verbs, options, and what was seen last; never by a call."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from conftest import SEND, SIGN

from smswrap.cli.app import app, main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import StandIn


@pytest.fixture
def completed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[str], list[str]]:
    """What bash would be offered for a line."""

    def ask(line: str) -> list[str]:
        capsys.readouterr()
        with monkeypatch.context() as patched:
            patched.setenv("_SMSWRAP_COMPLETE", "bash_complete")
            patched.setenv("COMP_WORDS", line)
            patched.setenv("COMP_CWORD", str(line.count(" ")))
            assert main([]) == 0
        shown = capsys.readouterr()
        assert shown.err == ""  # would stand on the line that is being typed
        return [offer.partition(",")[2] for offer in shown.out.splitlines() if offer]

    return ask


def test_verbs_and_options_complete(completed: Callable[[str], list[str]]) -> None:
    assert completed("smswrap list-s") == ["list-signs"]
    assert completed("smswrap send --allow-d") == ["--allow-duplicate"]
    assert set(completed("smswrap ")) == set(app.commands) | set(app.list_commands(None))  # type: ignore[arg-type]  # not looked at


def test_signs_templates_and_plans_complete_from_what_was_seen_last(
    standin: StandIn, completed: Callable[[str], list[str]]
) -> None:
    assert completed("smswrap send -s ") == completed("smswrap send -t SMS_") == completed("smswrap confirm ") == []
    assert main([*SEND]) == main(["list-signs"]) == main(["list-templates"]) == 0
    calls = len(standin.calls)
    assert SIGN in completed("smswrap send -s ")
    looked_up, sent = (completed(f"smswrap {verb} -t SMS_") for verb in ("query-template", "send-batch"))
    assert 0 < len(sent) < len(looked_up)
    assert "SMS_100000005" in set(looked_up) - set(sent)
    assert completed("smswrap query-template -t SMS_100000001") == ["SMS_100000001"]
    (plan,) = completed("smswrap resume ")
    assert completed(f"smswrap history --plan {plan[:4]}") == [plan]
    assert completed("smswrap --provider volcengine send -s ") == completed("smswrap --sandbox send -s ") == []
    assert completed("smswrap --sandbox confirm ") == []
    assert len(standin.calls) == calls


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_one_that_its_shell_reads(capsys: pytest.CaptureFixture[str], tmp_path: Path, shell: str) -> None:
    assert main(["--sandbox", "completion", shell]) == 0
    script, shown = tmp_path / "script", capsys.readouterr()
    assert shown.err == ""
    script.write_text(shown.out, "utf-8")
    assert "_SMSWRAP_COMPLETE" in script.read_text("utf-8")
    program = shutil.which(shell)
    assert program is None or subprocess.run([program, "-n", script], check=False).returncode == 0
