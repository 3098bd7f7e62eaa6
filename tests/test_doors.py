"""Four doors, one hall: each door is tried with whatever may break the promise. One table, no gaps, real processes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import DEADLINE, SEND, SIGN, TEMPLATE, Ran, wait_until
from gateway import KEY, serving

from smswrap.cli.console import program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from conftest import StandIn

ROOT = Path(__file__).resolve().parent.parent
NUMBER, LOST = "13811112222", {"aliyun": "19900000017", "volcengine": "19900000011"}
"""A number like any other, and those of which no stand-in says whether it took the message."""

ALIYUN = ("-s", SIGN, "-t", TEMPLATE)
LIBRARY = """
import sys, smswrap
try:
    planned = smswrap.plan(phone_numbers=[sys.argv[1]], sign_name=sys.argv[2], template_code=sys.argv[3],
                           template_param={"code": "123456"})
    print('{"data": {"plan_id": "%s"}}' % planned.id)
    code = 9 if "--plan" in sys.argv else smswrap.confirm(planned.id).exit
except smswrap.SmswrapError as error:
    print(error, file=sys.stderr)
    code = error.fault.exit
sys.exit(int(code))
"""
LIBRARY_CONFIRM = """
import sys, smswrap
try:
    code = smswrap.confirm(sys.argv[1]).exit
except smswrap.SmswrapError as error:
    print(error, file=sys.stderr)
    code = error.fault.exit
sys.exit(int(code))
"""


@dataclass(frozen=True)
class Door:
    """How a send is asked for at a door: what stands before and behind the number.

    `repeats`: as it always did, it sends what is asked for twice, but not what may have been sent. `plans` are the
    words that make a plan in place of a send, where the door has any, and `confirms` those that say yes to it.
    """

    name: str
    provider: str
    before: tuple[str, ...]
    behind: tuple[str, ...]
    repeats: bool = False
    plans: tuple[str, ...] = ()
    confirms: tuple[str, ...] = ()

    def line(self, number: str) -> list[str]:
        """A whole command line that sends."""
        return [*self.before, number, *self.behind]


SMSWRAP = (sys.executable, "-m", "smswrap")
CODE = '{"code":"123456"}'
DOORS = (
    Door(
        "smswrap",
        "aliyun",
        (*SMSWRAP, "send", "-p"),
        (*ALIYUN, "-tp", CODE, "--yes"),
        plans=(*ALIYUN, "-tp", CODE),
        confirms=(*SMSWRAP, "confirm"),
    ),
    Door(
        "send_sms.sh",
        "aliyun",
        ("bash", str(ROOT / "scripts" / "send_sms.sh"), "send", "-p"),
        (*ALIYUN, "-tp", CODE),
        repeats=True,
    ),
    Door(
        "volc_sms.py",
        "volcengine",
        (sys.executable, str(ROOT / "scripts" / "volc_sms.py"), "send_sms", "--mobiles"),
        ("--sub-account", "77da1acf", "--signature", "火山引擎", "--template-id", "ST_code", "--template-param", CODE),
        repeats=True,
    ),
    Door(
        "library",
        "aliyun",
        (sys.executable, "-c", LIBRARY),
        (SIGN, TEMPLATE),
        plans=(SIGN, TEMPLATE, "--plan"),
        confirms=(sys.executable, "-c", LIBRARY_CONFIRM),
    ),
)


@dataclass
class Place:
    """A door on a machine with real accounts of both providers, and what reached them."""

    door: Door
    standin: StandIn
    gateway: Path
    sandbox: Path
    patch: pytest.MonkeyPatch
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, words: Sequence[str]) -> subprocess.Popen[str]:
        """Start a process."""
        pipe, null = subprocess.PIPE, subprocess.DEVNULL
        self.running.append(subprocess.Popen(words, stdin=null, stdout=pipe, stderr=pipe, encoding="utf-8"))
        return self.running[-1]

    def run(self, words: Sequence[str]) -> Ran:
        """Run a process to its end."""
        process = self.start(words)
        out, err = process.communicate(timeout=DEADLINE)
        return Ran(process.returncode, out, err)

    def send(self, number: str = NUMBER) -> Ran:
        """Send through this door."""
        return self.run(self.door.line(number))

    def begin(self) -> tuple[str, tuple[str, ...]]:
        """Begin what another account must not end: the plan's id, and the words that would end it.

        A door that asks nobody has no plan that waits; there it is a send of unknown outcome.
        """
        if self.door.plans:
            ran = self.run([*self.door.before, NUMBER, *self.door.plans])
            return json.loads(ran.stdout)["data"]["plan_id"], self.door.confirms
        assert self.send(LOST[self.door.provider]).code == 8
        return self.history()[0]["plan_id"], (*SMSWRAP, "resume", "--unknown")

    def history(self) -> list[dict[str, Any]]:
        """What smswrap remembers of sends, newest first."""
        sends: list[dict[str, Any]] = self.run([*SMSWRAP, "history", "--output", "json"]).envelope["data"]["sends"]
        return sends

    def tried(self) -> int:
        """How many sends the provider was asked for."""
        if self.door.provider == "aliyun":
            return len(self.standin.sends)
        return sum(call["action"] == "SendSmsForAgent" for call in lines(self.gateway / "gateway-calls.jsonl"))

    def accepted(self, directory: Path | None = None) -> int:
        """How many messages were taken, by the provider or by the sandbox."""
        if self.door.provider == "aliyun":
            return len(lines((directory or self.standin.directory) / "ledger.jsonl"))
        return len(lines((directory or self.gateway) / "gateway-ledger.jsonl"))

    def slow(self) -> None:
        """Let the next send take a while."""
        self.standin.rules({"cmd": "dysmsapi send-sms *", "delay_ms": 1_000, "then": "continue", "times": 1})
        rule = {"name": "slow", "action": "SendSmsForAgent", "delay_ms": 1_000, "then": "accept", "times": 1}
        (self.gateway / "gateway-rules.json").write_text(json.dumps([rule]), "utf-8")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


@pytest.fixture
def place(
    request: pytest.FixtureRequest, standin: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    """The machine; send_sms.sh finds the checkout's own environment."""
    gateway, sandbox = tmp_path / "gateway", tmp_path / "sandbox"
    monkeypatch.setenv("SMSWRAP_SANDBOX_DIR", str(sandbox))
    # The stand-in on PATH plays the real CLI here, and keeps its own place.
    launcher = standin.launcher.read_text("utf-8")
    stated = f"#!/bin/sh\nSMSWRAP_SANDBOX_DIR='{standin.directory}'\nexport SMSWRAP_SANDBOX_DIR\n"
    standin.launcher.write_text(launcher.replace("#!/bin/sh\n", stated, 1), "utf-8")
    monkeypatch.chdir(tmp_path)
    with serving(gateway) as running:
        monkeypatch.setenv("ARK_SKILL_API_KEY", KEY)
        monkeypatch.setenv("ARK_SKILL_API_BASE", f"http://127.0.0.1:{running.port}")
        made = Place(request.param, standin, gateway, sandbox, monkeypatch)
        yield made
        for process in made.running:
            process.kill()
            process.communicate(timeout=DEADLINE)


def duplicate(place: Place) -> None:
    """The same twice: refused where a person was asked, and sent twice where old callers always could."""
    codes = [place.send().code for _ in range(2)]
    assert codes == ([0, 0] if place.door.repeats else [0, 10])
    assert place.accepted() == codes.count(0)
    assert [one["outcome"] for one in place.history()] == ["accepted"] * codes.count(0)


def unknown_outcome(place: Place) -> None:
    """What may have been sent is not sent again at any door."""
    first, second = (place.send(LOST[place.door.provider]) for _ in range(2))
    assert (first.code, second.code, place.tried()) == (8, 10, 1), second.stderr
    assert "resume --unknown" in second.stderr or place.door.name == "library"
    assert [one["outcome"] for one in place.history()] == ["unknown"]


def sample_number(place: Place) -> None:
    """The documentation's numbers and our own are strangers' phones."""
    for number in ("13800138000", "13912345678"):
        assert place.send(number).code == 2
    assert place.tried() == 0


def sandbox(place: Place) -> None:
    """With SMSWRAP_SANDBOX nothing leaves for the accounts that are there."""
    place.patch.setenv("SMSWRAP_SANDBOX", "1")
    ran = place.send()
    assert (ran.code, place.accepted(place.sandbox)) == (0, 1), ran.stderr
    assert {"library": "", "volc_sms.py": "note[sandbox]"}.get(place.door.name, "sandbox: nothing real") in ran.stderr
    assert (place.standin.calls, lines(place.gateway / "gateway-calls.jsonl")) == ([], [])
    assert place.send("13800138000").code == 2


def another_account(place: Place) -> None:
    """What began with one account is ended by no other."""
    place.standin.save_profile("another", access_key_id="LTAI-another-1x1Z")
    plan_id, words = place.begin()
    before = place.tried()
    place.patch.setenv("ARK_SKILL_API_KEY", "another-key-of-somebody")
    place.patch.setenv("ALIBABA_CLOUD_PROFILE", "another")
    ran = place.run([*words, plan_id])
    assert (ran.code, place.tried() - before) == (9, 0)
    assert "another account" in ran.stderr


def killed_half_way(place: Place) -> None:
    """After SIGKILL the call may have arrived: the same line sends nothing, and AI mode goes off."""
    place.slow()
    process = place.start(place.door.line(NUMBER))
    wait_until(lambda: place.tried() == 1, "nothing was called")
    process.send_signal(signal.SIGKILL)
    process.wait(DEADLINE)
    ran = place.send()
    assert (ran.code, place.tried()) == (10, 1), ran.stderr
    wait_until(lambda: place.accepted() == 1, "the call that was on its way never arrived")
    wait_until(lambda: not place.standin.ai_mode, "AI mode stayed on")


CASES = (duplicate, unknown_outcome, sample_number, sandbox, another_account, killed_half_way)


@pytest.mark.parametrize(
    ("started", "named"),
    [
        ("", "smswrap"),
        ("scripts/smswrap", "scripts/smswrap"),
        ("my tools/smswrap", "'my tools/smswrap'"),
        ("a\x1b", "smswrap"),
    ],
)
def test_hints_name_the_program_as_it_was_started(
    standin: StandIn, words: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, started: str, named: str
) -> None:
    monkeypatch.setenv("SMSWRAP_PROGRAM", started)
    ran = words(*SEND[:-1])
    assert f"run `{named} confirm " in ran.error["next_step"]
    assert f"run `{named} confirm " in ran.stderr
    wrong = words("send", "-p", NUMBER, "-t", TEMPLATE)
    assert f"`{named} list-signs --approved`" in wrong.envelope["data"]["problems"][0]["next_step"]
    assert standin.sends == []


def test_a_program_on_path_is_named_by_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "smswrap").symlink_to(ROOT / "scripts" / "smswrap")
    monkeypatch.setenv("SMSWRAP_PROGRAM", str(tmp_path / "smswrap"))
    assert program() == str(tmp_path / "smswrap")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program() == "smswrap"


def test_the_launcher_says_how_it_was_started() -> None:
    ended = subprocess.run(["./scripts/smswrap", "snd"], cwd=ROOT, check=False, capture_output=True, encoding="utf-8")
    assert (ended.returncode, "`./scripts/smswrap send`" in ended.stderr) == (2, True)


@pytest.mark.parametrize("place", DOORS, ids=lambda door: door.name, indirect=True)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_each_door_keeps_the_promise(place: Place, case: Callable[[Place], None]) -> None:
    case(place)
