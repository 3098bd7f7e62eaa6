"""Nobody else's hand in it: what found/security lists as S and L, each tried as it was found."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pexpect
import pytest
from conftest import SEND, SIGN, TEMPLATE

import smswrap
from smswrap import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran, StandIn

STRANGER = 4003
SANDBOX_SEND = ("--sandbox", *SEND)


# S1: values are never options of the CLI


@pytest.mark.parametrize("value", ["--profile=nope", "--config-path=/tmp/e.json", "-x", "--retry-count=5", "-p"])
def test_an_out_id_that_looks_like_an_option_goes_out_in_one_word(
    standin: StandIn, words: Callable[..., Ran], value: str
) -> None:
    assert words(*SEND, f"--out-id={value}").code == 0
    assert f"--out-id={value}" in standin.api_calls[-1]["argv"]
    assert value not in standin.api_calls[-1]["argv"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("send", "-p", "19900000000", "-t", TEMPLATE, "--yes", "--sign-name=--profile=prod"),
        ("send", "-p", "19900000000", "-s", SIGN, "--yes", "--template-code=--profile=prod"),
        ("send-batch", "-t", TEMPLATE, "--yes", "--phone-number-json", '["19900000000"]', "--sign-name-json", '["-S"]'),
        ("query-status", "-p", "19900000000", "--biz-id=--profile=prod"),
        ("query-sign", "--sign-name=--profile=prod"),
        ("query-template", "--template-code=--profile=prod"),
        ("query-template", "-t", "a b;c"),
        ("--profile=--region=x", "list-signs"),
        ("list-signs", "--profile", "x; touch pwn #"),
        ("list-signs", "--region=--profile=x"),
        ("list-signs", "--region", "evil.example/#"),
    ],
)
def test_names_that_look_like_options_are_refused_before_any_call(
    standin: StandIn, words: Callable[..., Ran], arguments: tuple[str, ...]
) -> None:
    ran = words(*arguments)
    assert ran.code == 2
    assert standin.calls == []


def test_a_region_from_the_environment_is_looked_at_too(
    standin: StandIn, words: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSWRAP_REGION", "--profile=x")
    assert words("list-signs").code == 2
    assert standin.calls == []


# S2: the sandbox fails closed


def foreign_cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put an `aliyun` on PATH that must never be started; gives the file that it would leave."""
    trace, folder = tmp_path / "was-started", tmp_path / "foreign"
    folder.mkdir()
    (folder / "aliyun").write_text(f"#!/bin/sh\ntouch {trace}\necho 3.4.11\n")
    (folder / "aliyun").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return trace


def test_the_sandbox_needs_no_exec_bit_and_never_falls_through_to_the_cli_on_path(
    words: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = foreign_cli(tmp_path, monkeypatch)
    assert words("--sandbox", "list-signs").code == 0
    # What a file system mounted noexec does to it.
    (tmp_path / "stand-in" / "bin" / "aliyun").chmod(0o600)
    assert words(*SANDBOX_SEND).code == 0
    assert not trace.exists()


def test_a_sandbox_whose_path_cannot_work_stops_with_exit_3(
    words: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = foreign_cli(tmp_path, monkeypatch)
    monkeypatch.setenv("SMSWRAP_SANDBOX_DIR", str(tmp_path / "a:b" / "sbx"))
    ran = words(*SANDBOX_SEND)
    assert ran.code == 3
    assert "a:b" in ran.error["message"]
    assert not trace.exists()


# S3: only our own is deleted


def test_reset_deletes_a_sandbox_that_it_made(words: Callable[..., Ran], tmp_path: Path) -> None:
    assert words("--sandbox", "list-signs").code == 0
    ran = words("sandbox", "reset")
    assert ran.code == 0
    assert ran.envelope["data"] == {"path": str(tmp_path / "stand-in"), "deleted": True}
    assert not (tmp_path / "stand-in").exists()


@pytest.mark.parametrize("used_before", [False, True])
def test_reset_leaves_a_folder_alone_that_smswrap_did_not_make(
    words: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, used_before: bool
) -> None:
    precious = tmp_path / "precious"
    (precious / ".git").mkdir(parents=True)
    (precious / "thesis.json").write_text("{}")
    monkeypatch.chdir(precious)
    monkeypatch.setenv("SMSWRAP_SANDBOX_DIR", ".")
    if used_before:
        assert words("--sandbox", "list-signs").code == 0
    ran = words("sandbox", "reset")
    assert ran.code == 3
    assert (precious / "thesis.json").exists()
    assert (precious / ".git").exists()


def test_reset_follows_no_link(words: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert words("--sandbox", "list-signs").code == 0
    (tmp_path / "link").symlink_to(tmp_path / "stand-in")
    monkeypatch.setenv("SMSWRAP_SANDBOX_DIR", str(tmp_path / "link"))
    assert words("sandbox", "reset").code == 3
    assert (tmp_path / "stand-in").exists()


@pytest.mark.parametrize(("answer", "deleted"), [("y", True), ("n", False)])
def test_reset_asks_at_a_terminal(words: Callable[..., Ran], tmp_path: Path, answer: str, *, deleted: bool) -> None:
    assert words("--sandbox", "list-signs").code == 0
    child = pexpect.spawn(sys.executable, ["-m", "smswrap", "sandbox", "reset"], encoding="utf-8", timeout=30)
    child.expect("Delete .*stand-in")
    child.sendline(answer)
    child.expect(pexpect.EOF)
    child.close()
    assert (tmp_path / "stand-in").exists() is not deleted


# S18: root in somebody else's home. Whoever is not root can neither be it nor give a folder away; CI is root.


@pytest.mark.skipif(os.geteuid() != 0, reason="only root works in another user's home")
def test_root_is_refused_in_the_home_of_somebody_else(standin: StandIn, words: Callable[..., Ran]) -> None:
    os.chown(standin.home, STRANGER, STRANGER)
    ran = words(*SEND)
    assert (ran.code, ran.error["code"]) == (3, "root")
    assert "--allow-root" in ran.error["next_step"]
    assert standin.ledger == []
    assert words("--allow-root", *SEND).code == 0
    assert len(standin.ledger) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root works in another user's home")
@pytest.mark.parametrize("act", ["reset", "log"])
def test_root_leaves_the_sandbox_of_somebody_else_alone(standin: StandIn, words: Callable[..., Ran], act: str) -> None:
    assert words("--sandbox", "list-signs").code == 0
    os.chown(standin.home, STRANGER, STRANGER)
    ran = words("sandbox", act)
    assert (ran.code, ran.error["code"]) == (3, "root")
    assert standin.directory.exists()


def test_a_sandbox_in_a_folder_that_others_may_write_is_refused(
    words: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SMSWRAP_SANDBOX_DIR")
    assert words("--sandbox", "list-signs").code == 0
    (tmp_path / "state").chmod(0o775)
    assert words("--sandbox", "list-signs").code == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="only root works in another user's home")
def test_the_library_refuses_another_users_home_as_well(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {"phone_numbers": ["19900000000"], "sign_name": SIGN, "template_code": TEMPLATE}
    os.chown(standin.home, STRANGER, STRANGER)
    with pytest.raises(SetupError):
        smswrap.plan(**given, template_param={"code": "1234"})
    monkeypatch.setenv("SMSWRAP_ALLOW_ROOT", "1")
    assert smswrap.plan(**given, template_param={"code": "1234"}).id
