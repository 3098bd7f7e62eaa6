"""The seal around every test, and the program run as a user runs it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from contract import against, schema_for
from forked import SMSWRAP, Forked
from hall import Clocks, Hall

import smswrap as package
from smswrap.cli.console import Console
from smswrap.process import environment
from smswrap.providers.aliyun import preflight
from smswrap.providers.aliyun.program import find
from smswrap.providers.base import Settings
from smswrap.sandbox import PROFILE, write_launcher
from smswrap.signals import ENDING_SIGNALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SIGN = "阿里云短信测试"
TEMPLATE = "SMS_100000001"
USER_AGENT = "AlibabaCloud-Agent-Skills/alibabacloud-sms-send-short-message"
SEND = ("send", "-p", "19900000000", "-s", SIGN, "-t", TEMPLATE, "--var", "code=123456", "--yes")
DEADLINE = 30.0
"""Seconds that anything may take here before its test has failed."""


# What starts us may ignore INT (a shell's background job) or HUP (nohup), and so would every child that a test ends.
for ignored in (one for one in ENDING_SIGNALS if signal.getsignal(one) is signal.SIG_IGN):
    signal.signal(ignored, signal.default_int_handler if ignored == signal.SIGINT else signal.SIG_DFL)


@dataclass(frozen=True)
class Ran:
    """What one run of the program left behind."""

    code: int
    stdout: str
    stderr: str

    @property
    def envelope(self) -> dict[str, Any]:
        """The one JSON document on stdout; it is as `smswrap schema` says."""
        found = json.loads(self.stdout)
        assert isinstance(found, dict)
        assert against(found, schema_for(found["command"])) == []
        return found

    @property
    def error(self) -> dict[str, Any]:
        """The envelope's error."""
        found = self.envelope["error"]
        assert isinstance(found, dict), self.stdout
        return found


class Running:
    """A run of the program that has not ended yet."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def send(self, signum: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(signum)

    def end(self) -> Ran:
        """Wait for its end."""
        stdout, stderr = self.process.communicate(timeout=DEADLINE)
        return Ran(self.process.returncode, stdout, stderr)


class StandIn:
    """The stand-in `aliyun` of one test: its conditions, its rules, and what it saw."""

    def __init__(self, directory: Path, home: Path) -> None:
        self.directory = directory
        self.home = home
        self.launcher = directory / "bin" / "aliyun"
        self.launcher.parent.mkdir(parents=True)
        write_launcher(self.launcher)

    def conditions(self, **conditions: object) -> None:
        """Set what the stand-in plays: version, offline, …"""
        (self.directory / "conditions.json").write_text(json.dumps(conditions), "utf-8")

    def rules(self, *rules: dict[str, object]) -> None:
        """Set the rules by which calls are intercepted, as `aliyun mock` has them."""
        complete = [
            {"name": str(n), "exit_code": 0, "stdout": "", "stderr": "", "times": 0, **rule}
            for n, rule in enumerate(rules)
        ]
        (self.directory / "rules.json").write_text(json.dumps(complete), "utf-8")

    def save_profile(self, name: str = "default", **more: object) -> None:
        """Save a profile with region and keys, the first one as the current one."""
        path = self.home / ".aliyun" / "config.json"
        path.parent.mkdir(mode=0o700, exist_ok=True)
        saved: dict[str, Any] = (
            json.loads(path.read_text("utf-8")) if path.exists() else {"current": name, "profiles": []}
        )
        saved["profiles"].append({**PROFILE, "name": name, **more})
        path.write_text(json.dumps(saved), "utf-8")

    def configure(self, configuration: dict[str, Any]) -> None:
        """Write config.json anew."""
        (self.home / ".aliyun" / "config.json").write_text(json.dumps(configuration), "utf-8")

    def install_plugin(self) -> None:
        """Install dysmsapi, as an earlier run would have left it."""
        ended = subprocess.run(
            [str(self.launcher), "plugin", "install", "--names", "dysmsapi"], check=True, capture_output=True
        )
        assert ended.returncode == 0
        (self.directory / "calls.jsonl").unlink()

    @property
    def configuration(self) -> dict[str, Any]:
        """What config.json holds."""
        found = json.loads((self.home / ".aliyun" / "config.json").read_text("utf-8"))
        assert isinstance(found, dict)
        return found

    @property
    def ai_mode(self) -> bool:
        """Whether AI mode is on now."""
        path = self.home / ".aliyun" / "ai-mode.json"
        try:
            return bool(json.loads(path.read_text("utf-8"))["enabled"])
        except (FileNotFoundError, ValueError):
            return False

    def records(self, name: str) -> list[dict[str, Any]]:
        """The whole lines of a log or the ledger."""
        path = self.directory / name
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text("utf-8").splitlines(keepends=True) if line.endswith("\n")]

    @property
    def starts(self) -> list[dict[str, Any]]:
        """The calls in the order of their start."""
        return [record for record in self.records("calls.jsonl") if record["event"] == "start"]

    @property
    def calls(self) -> list[str]:
        """The calls' arguments, each as one line."""
        return [" ".join(record["argv"]) for record in self.starts]

    @property
    def api_calls(self) -> list[dict[str, Any]]:
        """The dysmsapi calls."""
        return [record for record in self.starts if record["argv"][:1] == ["dysmsapi"]]

    @property
    def sends(self) -> list[dict[str, Any]]:
        """The calls that send."""
        return [record for record in self.api_calls if record["argv"][1] in {"send-sms", "send-batch-sms"}]

    @property
    def ledger(self) -> list[dict[str, Any]]:
        """Every message that the gateway accepted."""
        return self.records("ledger.jsonl")

    def wait_for_call(self, words: str) -> None:
        """Wait until a call that holds these words has started."""
        wait_until(lambda: any(words in call for call in self.calls), f"no call with {words!r}; calls: {self.calls}")


def wait_until(reached: Callable[[], bool], otherwise: str) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + DEADLINE
    while not reached():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def _sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the user's home, configuration or accounts."""
    for name in list(os.environ):
        if name.startswith(("ALIBABA", "ALICLOUD", "VOLC", "ARK_", "SMSWRAP", "LC_")):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("SMSWRAP_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("SMSWRAP_SANDBOX_DIR", str(tmp_path / "stand-in"))


@pytest.fixture
def bare_standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """The stand-in alone on PATH (with /bin for its shell line), with no profile and no plugin yet."""
    standin = StandIn(tmp_path / "stand-in", tmp_path / "home")
    monkeypatch.setenv("PATH", f"{standin.launcher.parent}{os.pathsep}/bin{os.pathsep}/usr/bin")
    return standin


@pytest.fixture(scope="session")
def daily_machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a home lies as on a machine in daily use; it is made once, and copied for each test."""
    place = tmp_path_factory.mktemp("daily")
    (place / "home").mkdir()
    standin = StandIn(place / "stand-in", place / "home")
    standin.save_profile(auto_plugin_install=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(place / "home"))
        patch.setenv("SMSWRAP_SANDBOX_DIR", str(standin.directory))
        standin.install_plugin()
    return place


@pytest.fixture
def first_standin(bare_standin: StandIn, daily_machine: Path) -> StandIn:
    """The stand-in with a saved profile that allows auto-installs and the plugin, before our first run."""
    shutil.copytree(daily_machine / "home", bare_standin.home, dirs_exist_ok=True)
    return bare_standin


@pytest.fixture
def standin(first_standin: StandIn) -> StandIn:
    """The stand-in as in daily use: a run a moment ago asked its version, updated its plugins and named us.

    Half of the calls of a first send are not made then.
    """
    program = find(Settings(Console(), environment()))
    preflight.remember_version(program, "3.4.11")
    preflight.remember_update(program)
    named = {"enabled": False, "user_agent": USER_AGENT}
    (first_standin.home / ".aliyun" / "ai-mode.json").write_text(json.dumps(named), "utf-8")
    return first_standin


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    """Start the program in a real process; whatever still runs at the end of the test is killed."""
    running: list[Running] = []

    def begin(*arguments: str, stdin: int = subprocess.DEVNULL, **options: Any) -> Running:
        process = subprocess.Popen(
            [sys.executable, "-m", "smswrap", *arguments],
            stdin=stdin,
            stdout=options.pop("stdout", subprocess.PIPE),
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            **options,
        )
        running.append(Running(process))
        return running[-1]

    yield begin
    for run in running:
        if run.process.poll() is None:
            run.process.kill()
        run.process.communicate(timeout=DEADLINE)


@pytest.fixture(scope="session")
def loaded() -> Iterator[Forked]:
    """The program, loaded once."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("LC_")} | {"LANG": "C.UTF-8"}
    with contextlib.closing(Forked([sys.executable], SMSWRAP, env)) as made:
        yield made


@pytest.fixture
def smswrap(start: Callable[..., Running], loaded: Forked) -> Callable[..., Ran]:
    """Run the program to its end, in a process of its own; it is started anew where that can make a difference."""
    main = str(Path(package.__file__).with_name("__main__.py"))

    def run(*arguments: str, **options: Any) -> Ran:
        if options or not loaded.fits(os.environ):
            return start(*arguments, **options).end()
        return Ran(*loaded.run([main, *arguments], os.environ))

    return run


@contextlib.contextmanager
def descriptors(*files: Any) -> Iterator[None]:
    """Put open files in the place of stdin, stdout and stderr, as a shell does."""
    kept = [os.dup(number) for number in range(len(files))]
    try:
        for number, file in enumerate(files):
            os.dup2(file.fileno(), number)
        yield
    finally:
        for number, old in enumerate(kept):
            os.dup2(old, number)
            os.close(old)


@pytest.fixture
def inside(tmp_path: Path) -> Callable[..., Ran]:
    """Run a `main(argv)` in this process, with files for stdin, stdout and stderr as a run without a terminal has."""

    def run(main: Callable[[Sequence[str]], int], *arguments: str, stdin: Any = None) -> Ran:
        paths = [tmp_path / name for name in ("nothing", "stdout", "stderr")]
        with contextlib.ExitStack() as held:
            nothing, out, err = (held.enter_context(path.open("wb+")) for path in paths)
            held.enter_context(descriptors(stdin or nothing, out, err))
            patch = held.enter_context(pytest.MonkeyPatch.context())
            for number, name in enumerate(("stdout", "stderr"), 1):
                stream = os.fdopen(os.dup(number), "w", encoding="utf-8", errors="backslashreplace")
                patch.setattr(sys, name, held.enter_context(stream))
            before = list(map(signal.getsignal, ENDING_SIGNALS))
            code = main(arguments)
            assert list(map(signal.getsignal, ENDING_SIGNALS)) == before
        return Ran(code, *(path.read_bytes().decode("utf-8") for path in paths[1:]))

    return run


@pytest.fixture
def words(inside: Callable[..., Ran]) -> Callable[..., Ran]:
    """Run one command line in this process, for cases that are about words: a third of what a process costs.

    Signals, terminals and what a process leaves behind are tested with `smswrap`.
    """
    from smswrap.cli.app import main

    return partial(inside, main)


SHIFTING = """
import os, time
wall, ticks = (float(part) for part in os.environ["TEST_CLOCKS"].split())
real_time, real_gettime = time.time, time.clock_gettime
time.time = lambda: real_time() + wall
time.clock_gettime = lambda clock: real_gettime(clock) + (ticks if clock == getattr(time, "CLOCK_BOOTTIME", -1) else 0)
"""
"""What Python loads at its start (sitecustomize): the process then lives at another time."""


@pytest.fixture
def later(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """The environment of a process that lives so many seconds later, by both clocks or by each."""
    folder = tmp_path / "later"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SHIFTING, "utf-8")

    def environment(wall: float, ticks: float | None = None) -> dict[str, str]:
        path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
        clocks = f"{wall} {wall if ticks is None else ticks}"
        return {**os.environ, "PYTHONPATH": path, "TEST_CLOCKS": clocks}

    return environment


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    """The hall with a model provider, without processes."""
    return Hall(tmp_path / "state" / "journal.db")


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    """Clocks that can be moved, for what runs in this process."""
    return Clocks(monkeypatch)
