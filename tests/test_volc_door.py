"""scripts/volc_sms.py where smswrap is set up beside it: one hall, and the words and exit codes of that script."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import phonenumbers
import pytest
from conftest import DEADLINE, Ran, wait_until
from gateway import KEY, serving
from hypothesis import given, settings
from hypothesis import strategies as st
from old_lines import PAGE, table
from old_volc_lines import VOLC_LINES, VolcLine
from phonenumbers import PhoneNumberType
from test_volc_sms import volc

from smswrap.compat import VOLC_CODES, VOLC_FIELDS, VOLC_SPELLINGS, VolcConsole, spelling_of
from smswrap.errors import EXIT_OF, Fault, Kind
from smswrap.providers.volcengine.arguments import dialled
from smswrap.sending.recipients import DOCUMENTATION, EXAMPLE_NUMBERS
from smswrap.signals import ENDING_SIGNALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gateway import Gateway


SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "volc_sms.py"
BARE = str(Path(sys.base_prefix) / "bin" / "python3")
"""A Python that has no smswrap."""

SEND = ["send_sms", "--sub-account", "77da1acf", "--signature", "火山引擎", "--template-id", "ST_code"]
SEND += ["--template-param", '{"code":"987654"}', "--mobiles"]
LOST = "19900000011"


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    with serving(tmp_path / "gateway") as started:
        monkeypatch.setenv("ARK_SKILL_API_KEY", KEY)
        monkeypatch.setenv("ARK_SKILL_API_BASE", f"http://127.0.0.1:{started.port}")
        yield started


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    def run(*words: str, python: Sequence[str] = (sys.executable,), script: Path = SCRIPT, more: str = "") -> Ran:
        command = f"{shlex.join([*python, str(script), *words])} {more}"
        ended = subprocess.run(
            ["/bin/bash", "-c", command], check=False, capture_output=True, encoding="utf-8", timeout=DEADLINE
        )
        return Ran(ended.returncode, ended.stdout, ended.stderr)

    return run


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone that has set itself up: its environment's Python is ours; gives its volc_sms.py."""
    root = tmp_path / "clone"
    shutil.copytree(SCRIPT.parent, root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(SCRIPT.parents[1] / "requirements", root / "requirements")
    python = root / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n', "utf-8")
    python.chmod(0o755)
    (root / ".venv" / ".smswrap").write_text(f"run\n{root.resolve()}\n", "utf-8")
    shutil.copy(root / "requirements" / "run.txt", root / ".venv" / ".smswrap-requirements")
    return root / "scripts" / "volc_sms.py"


def sends(gateway: Gateway) -> int:
    return sum(call["action"] == "SendSmsForAgent" for call in gateway.lines("calls"))


def history() -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "smswrap", "history", "--output", "json"]
    sent: list[dict[str, Any]] = json.loads(subprocess.check_output(command))["data"]["sends"]
    return sent


# Where smswrap is set up


def test_in_a_clone_that_is_set_up_any_python_sends_in_the_hall(
    gateway: Gateway, run: Callable[..., Ran], clone: Path
) -> None:
    words = shlex.quote(json.dumps([f"--mobiles={LOST}"]))
    assert run(*SEND[:-1], "-", python=[BARE], script=clone, more=f"<<<{words}").code == 8
    ran = run(*SEND, LOST, python=[BARE, "-I"], script=clone)
    assert (ran.code, ran.stdout, sends(gateway)) == (10, "", 1)
    assert ran.stderr.startswith("volc_sms: refused[duplicate]: The same was sent: to 199****0011")
    assert [one["outcome"] for one in history()] == ["unknown"]


def test_copied_alone_it_sends_as_it_always_did(gateway: Gateway, run: Callable[..., Ran], tmp_path: Path) -> None:
    alone = shutil.copy(SCRIPT, tmp_path / "volc_sms.py")
    (tmp_path / "smswrap").mkdir()
    (tmp_path / "smswrap" / "__init__.py").write_text("raise SystemExit('not a package of ours')\n", "utf-8")
    assert [run(*SEND, LOST, python=[BARE], script=alone).code for _ in range(2)] == [8, 8]
    assert (sends(gateway), history()) == (2, [])


def test_smswrap_runs_it_with_the_bare_interpreter_that_asks_no_hall(gateway: Gateway, run: Callable[..., Ran]) -> None:
    assert run(*SEND, "13811112222", python=[sys.executable, "-I", "-S"]).code == 0
    assert (sends(gateway), history()) == (1, [])


@pytest.mark.parametrize("broken", ["clone", "package"])
def test_a_smswrap_that_cannot_be_used_stops_the_send(
    gateway: Gateway, run: Callable[..., Ran], clone: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    if broken == "clone":
        (clone.parents[1] / ".venv" / "bin" / "python").unlink()
        (clone.parents[1] / ".venv" / "bin" / "python").symlink_to(BARE)
    else:
        folder = clone.parents[2] / "packages"
        (folder / "smswrap").mkdir(parents=True)
        (folder / "smswrap" / "__init__.py").write_text("import no_such_module\n", "utf-8")
        monkeypatch.setenv("PYTHONPATH", str(folder))
    ran = run(*SEND, "13811112222", python=[BARE], script=clone)
    assert (ran.code, ran.stdout, sends(gateway)) == (3, "", 0)
    assert ran.stderr.startswith("volc_sms: setup[hall]: ")


ENDS = {"13811112222": 0, "19900000002": 6, "19900000007": 5, "19900000013": 4, LOST: 8, "13811112222 ": 5}
"""A number and how its send ends; in the last one, nobody listens at the gateway's port."""


@pytest.mark.parametrize("number", ENDS)
def test_the_hall_changes_neither_the_reply_nor_the_exit_code(
    gateway: Gateway, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    if number.endswith(" "):
        monkeypatch.setenv("ARK_SKILL_API_BASE", "http://127.0.0.1:9")
    for name, value in {"PROVIDER": "aliyun", "PROFILE": "x", "OUTPUT": "table", "READ_TIMEOUT": "x"}.items():
        monkeypatch.setenv(f"SMSWRAP_{name}", value)
    alone = run(*SEND, number, python=[sys.executable, "-S"])
    ran = run(*SEND, number)
    assert (alone.code, ran.code) == (ENDS[number], ENDS[number])
    told, before = (json.loads(one.stdout or "{}") for one in (ran, alone))
    assert (told.keys(), told.get("ResponseMetadata", {}).keys()) == (
        before.keys(),
        before.get("ResponseMetadata", {}).keys(),
    )
    outcome = re.compile(r"^volc_sms: ([a-z]+)\[([a-z0-9-]+)\]: ", re.MULTILINE)
    assert outcome.findall(ran.stderr) == outcome.findall(alone.stderr)
    assert sends(gateway) == 2 * (not number.endswith(" "))


@pytest.mark.parametrize(("closed", "code"), [(">&-", 0), ("2>&-", 0), (">/dev/full", 0), (">&- 2>&-", 0)])
def test_streams_that_are_gone_are_no_traceback_and_the_send_is_remembered(
    gateway: Gateway, run: Callable[..., Ran], closed: str, code: int
) -> None:
    ran = run(*SEND, "13811112222", more=closed)
    assert (ran.code, sends(gateway)) == (code, 1)
    assert "Traceback" not in ran.stderr
    assert [one["outcome"] for one in history()] == ["accepted"]


def test_two_at_once_after_an_unknown_outcome_send_nothing(gateway: Gateway, run: Callable[..., Ran]) -> None:
    assert run(*SEND, LOST).code == 8
    both = [
        subprocess.Popen([sys.executable, SCRIPT, *SEND, LOST], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert ([one.wait(DEADLINE) for one in both], sends(gateway)) == ([10, 10], 1)


@pytest.mark.parametrize(("signals", "code", "word"), [(1, 0, "note"), (2, 8, "unknown")])
def test_after_a_signal_0_means_accepted_and_8_that_nobody_knows(
    gateway: Gateway, signals: int, code: int, word: str
) -> None:
    rule = {"name": "slow", "action": "SendSmsForAgent", "delay_ms": 700, "then": "accept"}
    (gateway.directory / "gateway-rules.json").write_text(json.dumps([rule]), "utf-8")
    words = [sys.executable, str(SCRIPT), *SEND, "13811112222"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as process:
        wait_until(lambda: sends(gateway) == 1, "nothing was sent")
        process.terminate()
        assert process.stderr
        said = process.stderr.readline()
        if signals > 1:
            process.terminate()
        out, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, bool(out)) == (code, code == 0)
    assert "a second signal stops it" in said
    assert f"volc_sms: {word}[" in err


# Words


@pytest.mark.parametrize(
    ("kind", "code", "start"),
    [
        (Kind.DUPLICATE, "duplicate", "refused[duplicate]"),
        (Kind.UNKNOWN, "script.timeout", "unknown[timeout]"),
        (Kind.UNKNOWN, "RE:0500", "unknown[provider]"),
        (Kind.REFUSED, "RE:0010", "refused[provider]"),
        (Kind.REFUSED, "script.unreachable", "refused[unreachable]"),
        (Kind.CREDENTIALS, None, "refused[no-credentials]"),
        (Kind.CREDENTIALS, "RE:0000", "refused[provider]"),
        (Kind.CREDENTIALS, "script.http-403", "refused[http-403]"),
        (Kind.UNKNOWN, "script.http-502", "unknown[http-502]"),
        (Kind.INPUT, None, "usage[arguments]"),
        (Kind.SETUP, "journal", "setup[hall]"),
        (Kind.INTERNAL, None, "unexpected[internal]"),
        (Kind.INTERRUPTED, "SIGTERM", "interrupted[signal]"),
    ],
)
def test_each_failure_is_a_word_and_a_code_of_the_script(
    capsys: pytest.CaptureFixture[str], kind: Kind, code: str | None, start: str
) -> None:
    VolcConsole().error(Fault(kind, "It\nfailed.", "", "Give --phone-numbers.", code=code))
    assert capsys.readouterr().err == f"volc_sms: {start}: It failed.\nvolc_sms: hint: Give --mobiles.\n"


@pytest.mark.parametrize(("status", "start"), [("accepted", "note[smswrap]"), ("partial", "interrupted[signal]")])
def test_a_signal_is_no_failure_of_a_send_that_was_accepted(
    capsys: pytest.CaptureFixture[str], status: str, start: str
) -> None:
    talk = VolcConsole()
    talk.status = status
    talk.error(Fault(Kind.INTERRUPTED, "Ended by SIGTERM; 0 of 1 were accepted.", retry="after-receipt"))
    assert capsys.readouterr().err.startswith(f"volc_sms: {start}: ")
    assert talk.all_is_well == (status == "accepted")


@pytest.mark.parametrize("spelt", [VolcConsole().spelt, spelling_of("send")], ids=["volc_sms.py", "send_sms.sh"])
def test_no_hint_advises_an_option_that_the_door_has_not(spelt: Callable[[str], str]) -> None:
    hints = {
        "Run it as that user, or with --allow-root if you mean it.": "or with SMSWRAP_ALLOW_ROOT=1 if",
        "Run it with --sandbox --verbose and report": "with SMSWRAP_SANDBOX=1 SMSWRAP_VERBOSE=1 and",
        "wait; --allow-duplicate sends all the same.": "smswrap send --allow-duplicate` sends",
        "`smswrap --sandbox resume --unknown 1`": "--sandbox resume --unknown 1`",
    }
    assert all(said in spelt(hint) for hint, said in hints.items())


def test_the_script_knows_every_code_that_it_is_given_and_every_option_and_exit() -> None:
    assert set(VOLC_CODES.values()) - {"signal"} <= set(volc.ENDINGS)
    assert {option.field: flag for flag, option in volc.OPTIONS.items() if option.field in VOLC_FIELDS} == {
        field: VOLC_SPELLINGS.get(ours, ours) for field, ours in VOLC_FIELDS.items()
    }
    assert EXIT_OF[Kind.DUPLICATE] == volc.Exit.DUPLICATE


# Numbers


def test_the_script_refuses_the_same_example_numbers() -> None:
    assert {dialled(number) for number in EXAMPLE_NUMBERS} == set(volc.SAMPLE_NUMBERS)
    of_documents = {dialled(number) for number, source in EXAMPLE_NUMBERS.items() if source == DOCUMENTATION}
    assert of_documents == {number for number, source in volc.SAMPLE_NUMBERS.items() if source == volc.DOCUMENTATION}


def test_an_example_number_of_ours_passes_in_the_sandbox_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(volc.SampleNumberError, match="of smswrap's own texts"):
        volc.read_mobiles("+852 9876 5432")
    monkeypatch.setenv("SMSWRAP_SANDBOX", "1")
    assert volc.read_mobiles("13912345678") == "13912345678"
    with pytest.raises(volc.SampleNumberError):
        volc.read_mobiles("13800138000")


@settings(derandomize=True)
@given(st.from_regex(volc.MOBILES_ABROAD, fullmatch=True))
def test_a_bare_number_that_the_script_takes_for_one_abroad_is_a_mobile(number: str) -> None:
    parsed = phonenumbers.parse(f"+{number}")
    mobile, either = PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE
    assert not phonenumbers.is_valid_number(parsed) or phonenumbers.number_type(parsed) in {mobile, either}
    assert 11 <= len(number) <= 13


@pytest.mark.parametrize(
    "number",
    [
        *("85261234567", "85366123456", "886912345678", "60123456789", "447911123456", "818012345678", "821012345678"),
        *("4915123456789", "33612345678", "393123456789", "61412345678", "79161234567", "971501234567"),
    ],
)
def test_a_bare_mobile_abroad_is_read_with_its_plus(number: str) -> None:
    assert volc.read_mobile(number) == f"+{number}"


@pytest.mark.parametrize("number", ["442079460000", "85221234567", "886223456789", "3912345678", "390612345678"])
def test_a_bare_number_that_is_no_mobile_needs_its_plus(number: str) -> None:
    with pytest.raises(volc.OptionError, match="starts with \\+"):
        volc.read_mobile(number)
    assert volc.read_mobile(f"+{number}") == f"+{number}"


@pytest.mark.parametrize("python", [[sys.executable], [sys.executable, "-S"]], ids=["in the hall", "alone"])
def test_a_plus_that_is_added_is_told(gateway: Gateway, run: Callable[..., Ran], python: list[str]) -> None:
    ran = run(*SEND, "85261234567,+447911123456", python=python)
    (call,) = [call for call in gateway.lines("calls") if call["action"] == "SendSmsForAgent"]
    assert (ran.code, call["body"]["Mobiles"]) == (0, "+85261234567,+447911123456")
    assert ran.stderr == "volc_sms: note[plus-added]: +85****4567 had no + in front: read as abroad\n"


# The lines that were tried with the old script


def in_this_process(words: Sequence[str]) -> int:
    """The script's command line in this process, which keeps its signals."""
    before = {number: signal.getsignal(number) for number in ENDING_SIGNALS}
    try:
        return int(volc.run_command(words, volc.Run()))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.mark.parametrize("line", VOLC_LINES, ids=lambda line: line.words[:60])
def test_a_line_that_was_tried_with_the_old_script_does_what_the_table_says(
    gateway: Gateway, inside: Callable[..., Ran], line: VolcLine
) -> None:
    ran = inside(in_this_process, *shlex.split(line.words))
    assert ran.code == line.ours, ran.stderr
    assert [call["body"] for call in gateway.lines("calls")] == ([] if line.body is None else [line.body])
    assert bool(line.why) >= (line.old != line.ours)
    assert ("note[" in ran.stderr) >= ("told" in line.why)


def test_the_page_for_old_callers_shows_these_lines() -> None:
    assert table("volc_sms.py") in PAGE.read_text("utf-8")
