"""Real children and real signals: nothing here is played."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import DEADLINE, wait_until

from smswrap.loans import lending
from smswrap.process import STOP_GRACE, environment, is_terminal, run, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Begin = Callable[..., subprocess.Popen[str]]

PYTHON = (sys.executable, "-S", "-c")
SOON = 20.0
ALL = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]

# A child that says it has started (its own pid), and ends well as soon as the file `go` is there.
PATIENT = "echo $$ > started.new; mv started.new started; while [ ! -e go ]; do sleep 0.02; done; echo done"
STUBBORN = f"trap 'touch termed' TERM; {PATIENT}"

PRELUDE = """
import json, os, signal, sys, time
from pathlib import Path
from smswrap import process, signals
from smswrap.guard import Guard
from smswrap.process import OnSignal, run
from smswrap.signals import Ended, checkpoint, finishing, pause, signal_received, signals_noticed

def tell(**facts):
    print(json.dumps(facts), flush=True)

def ran(**options):
    finished = run(["/bin/sh", "-c", sys.argv[1]], timeout=20, **options)
    return {key: getattr(finished, key) for key in ("code", "stdout", "timed_out", "stopped", "complete")}

def noticed():
    Path("noticed").touch()
"""
WAITING = """
with signals_noticed():
    try:
        tell(**ran())
    except Ended as ended:
        tell(ended=ended.signum.name, received=signal_received())
"""
FINISHING = """
with signals_noticed():
    with finishing(noticed):
        tell(**ran(on_signal=OnSignal.FINISH), received=signal_received())
"""
GUARDED = """
def cleanup():
    Path("cleaning").touch()
    latest = time.monotonic() + 20
    while Path("hold").exists() and time.monotonic() < latest:
        time.sleep(0.01)
    Path("cleaned").touch()

guard = Guard(cleanup)
Path("guard.new").write_text(str(guard.pid))
Path("guard.new").rename("guard")
"""


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Start a program of ours in a process of its own, in a session of its own; the rest is killed at the end."""
    begun: list[subprocess.Popen[str]] = []

    def start(body: str, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*before, sys.executable, "-c", PRELUDE + body, *arguments],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        begun.append(process)
        return process

    yield start
    for process in begun:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=DEADLINE)
    (tmp_path / "go").touch()


@pytest.fixture
def appears(tmp_path: Path) -> Callable[[str], str]:
    """Wait for a file and give what stands in it."""

    def wait(name: str) -> str:
        wait_until((tmp_path / name).exists, f"{name} did not appear")
        return (tmp_path / name).read_text("utf-8").strip()

    return wait


def told(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What the program of ours told at its end."""
    stdout, stderr = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, stderr
    found = json.loads(stdout)
    assert isinstance(found, dict)
    return found


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    if Path("/proc/self/stat").exists():
        try:
            return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
        except (FileNotFoundError, ProcessLookupError):
            return False
    ended = subprocess.run(["/bin/ps", "-o", "stat=", "-p", str(pid)], check=False, capture_output=True, text=True)
    return ended.stdout.strip()[:1] not in {"", "Z"}


@pytest.mark.parametrize(
    ("name", "mode", "why"),
    [
        (None, 0, "No such file or directory"),
        ("plain", 0o644, "Permission denied"),
        ("formless", 0o755, "Exec format error"),
    ],
)
def test_a_program_that_cannot_be_started_is_a_value(tmp_path: Path, name: str | None, mode: int, why: str) -> None:
    path = tmp_path / (name or "missing")
    if name:
        path.write_text("no program\n", "utf-8")
        path.chmod(mode)
    finished = run([str(path), "x"], timeout=SOON)
    assert (finished.code, finished.stdout) == (None, "")
    assert finished.stderr == f"{path}: {why}"
    assert not finished.complete
    assert not finished.timed_out


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_both_streams_and_the_exit_code_come_back(code: int) -> None:
    finished = run(["/bin/sh", "-c", f"echo 签名; echo 错误 >&2; exit {code}"], timeout=SOON)
    assert (finished.code, finished.stdout, finished.stderr) == (code, "签名\n", "错误\n")
    assert finished.complete
    assert not finished.timed_out
    assert 0 < finished.seconds < SOON


def test_a_child_that_a_signal_ended_is_not_complete() -> None:
    finished = run(["/bin/sh", "-c", "echo said; kill -KILL $$"], timeout=SOON)
    assert (finished.code, finished.stdout, finished.complete) == (-signal.SIGKILL, "said\n", False)


def test_a_megabyte_on_both_streams_does_not_block() -> None:
    program = "import sys\nfor stream in (sys.stderr, sys.stdout): stream.write('x' * 2**20)"
    finished = run([*PYTHON, program], timeout=SOON)
    assert (len(finished.stdout), len(finished.stderr), finished.code) == (2**20, 2**20, 0)


def test_what_is_handed_in_arrives_on_stdin_whole() -> None:
    octets = bytes(range(256)) * 8_192
    finished = run(["/bin/cat"], timeout=SOON, input=octets, most_output=2**22)
    assert finished.stdout.encode("utf-8", "replace")[:128] == octets[:128]
    program = "import hashlib, sys\nprint(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())"
    assert run([*PYTHON, program], timeout=SOON, input=octets).stdout.strip() == hashlib.sha256(octets).hexdigest()


def test_a_child_that_does_not_read_what_is_handed_in_is_no_trouble() -> None:
    finished = run(["/bin/sh", "-c", "exec <&-; echo done"], timeout=SOON, input=b"x" * 2**20)
    assert (finished.code, finished.stdout, finished.complete) == (0, "done\n", True)


@pytest.mark.parametrize("stream", [1, 2])
@pytest.mark.parametrize("stubborn", ["", "trap '' TERM; "])
def test_a_child_that_prints_without_end_is_stopped_and_costs_no_memory(stream: int, stubborn: str) -> None:
    program = f"{stubborn}while :; do echo 0123456789012345678901234567890123456789; done >&{stream}"
    finished = run(["/bin/sh", "-c", program], timeout=SOON, most_output=10_000, grace=0.1)
    assert len(finished.stdout) + len(finished.stderr) == 10_000
    assert (finished.cut_off, finished.timed_out, finished.complete) == (True, False, False)
    assert finished.seconds < SOON / 2


def test_arguments_that_are_too_long_are_a_value() -> None:
    finished = run(["/bin/echo", "x" * 2**22], timeout=SOON)
    assert (finished.code, finished.stderr) == (None, "/bin/echo: Argument list too long")
    assert run(["/bin/echo", "a\0b"], timeout=SOON).code is None


@pytest.mark.parametrize("left", range(9))
def test_having_no_file_descriptors_left_is_a_value(begin: Begin, left: int) -> None:
    body = f"""
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
opened = []
try:
    while True:
        opened.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
for number in opened[:{left}]:
    os.close(number)
finished = run(["/bin/echo", "said"], timeout=20)
for number in opened[{left}:]:
    os.close(number)
tell(code=finished.code, stdout=finished.stdout, stderr=finished.stderr)
"""
    found = told(begin(body))
    whole = {"code": 0, "stdout": "said\n", "stderr": ""}
    assert found in (whole, {"code": None, "stdout": "", "stderr": "/bin/echo: Too many open files"})
    assert left or found["code"] is None
    assert left < 8 or found == whole


def test_a_signal_ends_children_that_run_in_threads_and_breaks_into_nobody(
    begin: Begin, appears: Callable[[str], str]
) -> None:
    body = """
from threading import Thread

def work(ends):
    try:
        run(["/bin/sh", "-c", sys.argv[1]], timeout=20)
    except Ended as ended:
        ends.append(ended.signum.name)

with signals_noticed():
    ends = []
    threads = [Thread(target=work, args=(ends,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():  # a signal that comes just before a wait without an end is heard after it
            thread.join(0.05)  # and must not break out of here
    tell(ends=ends, received=signal_received())
"""
    process = begin(body, PATIENT)
    appears("started")
    process.send_signal(signal.SIGTERM)
    assert told(process) == {"ends": ["SIGTERM"] * 3, "received": signal.SIGTERM}


def test_what_ignores_signals_is_not_stopped_by_a_second_one_either(
    begin: Begin, appears: Callable[[str], str], tmp_path: Path
) -> None:
    body = """
with signals_noticed(), finishing(noticed):
    tell(**ran(on_signal=OnSignal.IGNORE))
"""
    process = begin(body, PATIENT)
    appears("started")
    for number in (signal.SIGINT, signal.SIGTERM):
        process.send_signal(number)
    appears("noticed")
    (tmp_path / "go").touch()
    assert told(process)["stdout"] == "done\n"


def test_each_block_begins_as_if_no_signal_had_come(begin: Begin) -> None:
    body = """
seen = []
for _ in range(2):
    with signals_noticed():
        seen.append(signal_received())
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            pause(20)
        except Ended as ended:
            seen.append(ended.signum.name)
    checkpoint()
tell(seen=seen, after=signal_received())
"""
    assert told(begin(body)) == {"seen": [None, "SIGTERM"] * 2, "after": None}


def test_off_the_main_thread_signals_are_left_to_whoever_has_them(begin: Begin) -> None:
    body = """
from threading import Thread

def work():
    with signals_noticed():
        tell(**ran())

thread = Thread(target=work)
thread.start()
thread.join()
"""
    assert told(begin(body, "echo done"))["stdout"] == "done\n"


def test_an_inner_notice_gives_way_to_the_outer_one(begin: Begin) -> None:
    body = """
heard = []
with signals_noticed(), finishing(lambda: heard.append("outer")):
    with finishing(lambda: heard.append("inner")):
        pass
    os.kill(os.getpid(), signal.SIGINT)
    while signal_received() is None:
        time.sleep(0.001)
tell(heard=heard)
"""
    assert told(begin(body)) == {"heard": ["outer"]}


def test_a_core_dump_is_left_neither_by_us_nor_by_our_children(begin: Begin) -> None:
    body = """
process.leave_no_core()
tell(**ran())
"""
    assert told(begin(body, "ulimit -c"))["stdout"] == "0\n"


def test_the_guard_waits_for_every_child_that_keeps_its_pipe(
    begin: Begin, appears: Callable[[str], str], tmp_path: Path
) -> None:
    process = begin(GUARDED + 'run(["/bin/sh", "-c", sys.argv[1]], timeout=20, inherit=(guard.pipe,))', PATIENT)
    child = int(appears("started"))
    guard = int(appears("guard"))
    process.kill()
    process.wait(DEADLINE)
    assert (alive(child), alive(guard)) == (True, True)
    assert not (tmp_path / "cleaning").exists()
    (tmp_path / "go").touch()
    appears("cleaned")


def test_a_file_that_another_thread_lent_is_not_closed_while_a_program_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, closed, real = threading.Event(), threading.Event(), subprocess.Popen
    lent, ready = fcntl.fcntl(0, fcntl.F_DUPFD, 200), threading.Event()  # a number that no new pipe gets

    def lend() -> None:
        with lending(lent):
            ready.set()
            assert begun.wait(DEADLINE)
        os.close(lent)
        closed.set()

    def popen(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        begun.set()
        closed.wait(0.2)
        return real(*arguments, **options)

    other = threading.Thread(target=lend)
    other.start()
    assert ready.wait(DEADLINE)
    monkeypatch.setattr(subprocess, "Popen", popen)
    assert run(["/bin/true"], timeout=DEADLINE).code == 0
    other.join(DEADLINE)
    assert closed.is_set()


def test_output_that_is_no_utf8_is_replaced() -> None:
    finished = run([*PYTHON, "import sys; sys.stdout.buffer.write(bytes(range(256)))"], timeout=SOON)
    assert finished.stdout.startswith("\x00\x01")
    assert finished.stdout.count("\ufffd") == 128


def test_stdin_is_an_empty_pipe() -> None:
    program = "import os, stat, sys\nprint(stat.S_ISFIFO(os.fstat(0).st_mode), os.isatty(0), sys.stdin.read() == '')"
    assert run([*PYTHON, program], timeout=SOON).stdout == "True False True\n"


def test_a_child_that_reads_no_stdin_is_no_trouble() -> None:
    assert run(["/bin/sh", "-c", "exec <&-; sleep 0.05; echo done"], timeout=SOON).stdout == "done\n"


def test_children_get_our_environment_without_colours_in_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    monkeypatch.setenv("PYTHONUTF8", "0")
    monkeypatch.setenv("ALIBABA_CLOUD_PROFILE", "someone")
    finished = run(["/usr/bin/env"], timeout=SOON)
    lines = finished.stdout.splitlines()
    assert {"NO_COLOR=1", "PYTHONUTF8=1", "ALIBABA_CLOUD_PROFILE=someone"} <= set(lines)


def test_a_change_of_the_environment_adds_and_removes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GONE", "1")
    found = environment({"GONE": None, "ADDED": "2"})
    assert "GONE" not in found
    assert (found["ADDED"], found["HOME"]) == ("2", os.environ["HOME"])
    assert run(["/usr/bin/env"], timeout=SOON, env={"ONLY": "this"}).stdout == "ONLY=this\n"


def test_arguments_go_out_in_utf8_whatever_the_locale_is(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}.items():
        monkeypatch.setenv(name, value)
    body = (
        'finished = run(["/usr/bin/printf", "%s|%s", "\\u7b7e\\u540d", os.fsdecode(b"\\xff")], timeout=20)\n'
        "tell(stdout=finished.stdout, encoding=sys.getfilesystemencoding())"
    )
    found = told(begin(body))
    assert found["encoding"] not in {"utf-8", "utf8"}
    assert found["stdout"] == "签名|\ufffd"


def test_a_child_that_is_late_is_stopped_and_what_it_said_is_kept() -> None:
    finished = run(["/bin/sh", "-c", "echo said; echo so >&2; exec sleep 60"], timeout=0.3)
    assert (finished.stdout, finished.stderr) == ("said\n", "so\n")
    assert (finished.code, finished.timed_out, finished.complete) == (-signal.SIGTERM, True, False)
    assert 0.3 <= finished.seconds < 0.3 + STOP_GRACE


def test_a_late_child_that_ignores_term_is_killed(tmp_path: Path) -> None:
    program = f"trap 'touch {tmp_path}/termed' TERM; echo said; while :; do sleep 0.02; done"
    finished = run(["/bin/sh", "-c", program], timeout=0.3)
    assert (finished.stdout, finished.code, finished.timed_out) == ("said\n", -signal.SIGKILL, True)
    assert (tmp_path / "termed").exists()
    assert finished.seconds < 0.3 + 3 * STOP_GRACE


def test_a_late_child_takes_its_own_children_along(tmp_path: Path) -> None:
    program = f"sleep 60 & echo $! > {tmp_path}/pid; wait"
    finished = run(["/bin/sh", "-c", program], timeout=0.5)
    assert finished.timed_out
    wait_until(lambda: not alive(int((tmp_path / "pid").read_text("utf-8"))), "the grandchild lives on")


def test_a_grandchild_elsewhere_that_holds_the_pipe_cannot_hold_us(begin: Begin, appears: Callable[[str], str]) -> None:
    grandchild = (
        "import os, time\nprint('said', flush=True)\n"
        "if os.fork() == 0:\n    os.setsid()\n    open('pid', 'w').write(str(os.getpid()))\n"
        "    time.sleep(60)\nos._exit(0)"
    )
    body = f"""
finished = run([sys.executable, "-S", "-c", {grandchild!r}], timeout=0.5)
tell(code=finished.code, stdout=finished.stdout, timed_out=finished.timed_out, seconds=finished.seconds)
"""
    found = told(begin(body))
    os.kill(int(appears("pid")), signal.SIGKILL)
    assert (found["stdout"], found["code"], found["timed_out"]) == ("said\n", 0, True)
    assert found["seconds"] < 0.5 + 3 * STOP_GRACE


@pytest.mark.parametrize("signum", ALL)
def test_a_signal_ends_the_wait_for_a_child_and_the_child(
    begin: Begin, appears: Callable[[str], str], signum: signal.Signals
) -> None:
    process = begin(WAITING, PATIENT)
    child = int(appears("started"))
    process.send_signal(signum)
    assert told(process) == {"ended": signum.name, "received": signum}
    assert not alive(child)


def test_a_signal_ends_the_wait_for_a_child_that_ignores_term(begin: Begin, appears: Callable[[str], str]) -> None:
    process = begin(WAITING, STUBBORN)
    child = int(appears("started"))
    process.send_signal(signal.SIGINT)
    assert told(process)["ended"] == "SIGINT"
    appears("termed")
    assert not alive(child)


def test_a_signal_between_two_waits_tears_nothing_and_ends_the_next_wait(begin: Begin) -> None:
    body = """
with signals_noticed():
    os.kill(os.getpid(), signal.SIGTERM)
    while signal_received() is None:
        time.sleep(0.001)
    whole = [number for number in range(1000)]
    ends = []
    for wait in (checkpoint, lambda: pause(20), lambda: run(["/usr/bin/touch", "started"], timeout=20)):
        try:
            wait()
        except Ended as ended:
            ends.append(ended.signum.name)
    tell(ends=ends, whole=len(whole))
"""
    assert told(begin(body)) == {"ends": ["SIGTERM"] * 3, "whole": 1000}


def test_a_signal_ends_a_pause(begin: Begin, appears: Callable[[str], str]) -> None:
    body = """
with signals_noticed():
    try:
        Path("started").touch()
        pause(20)
    except Ended as ended:
        tell(ended=ended.signum.name)
"""
    process = begin(body)
    appears("started")
    start = time.monotonic()
    process.send_signal(signal.SIGHUP)
    assert told(process) == {"ended": "SIGHUP"}
    assert time.monotonic() - start < 5


def test_the_first_of_several_signals_names_the_end(begin: Begin) -> None:
    body = """
with signals_noticed():
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        os.kill(os.getpid(), number)
    while signals.signals_received() < 3:
        time.sleep(0.001)
    try:
        checkpoint()
    except Ended as ended:
        tell(ended=ended.signum.name)
"""
    assert told(begin(body)) == {"ended": "SIGHUP"}


@pytest.mark.parametrize("signum", ALL)
def test_while_finishing_a_first_signal_lets_the_child_end(
    begin: Begin, appears: Callable[[str], str], tmp_path: Path, signum: signal.Signals
) -> None:
    process = begin(FINISHING, PATIENT)
    appears("started")
    process.send_signal(signum)
    appears("noticed")
    (tmp_path / "go").touch()
    found = told(process)
    assert (found["code"], found["stdout"], found["stopped"], found["received"]) == (0, "done\n", False, signum)


@pytest.mark.parametrize("second", ALL)
def test_while_finishing_a_second_signal_stops_the_child(
    begin: Begin, appears: Callable[[str], str], second: signal.Signals
) -> None:
    process = begin(FINISHING, PATIENT)
    child = int(appears("started"))
    process.send_signal(signal.SIGINT)
    appears("noticed")
    process.send_signal(second)
    found = told(process)
    assert (found["code"], found["stopped"], found["complete"]) == (-signal.SIGTERM, True, False)
    assert found["received"] == signal.SIGINT
    assert not alive(child)


def test_while_finishing_a_third_signal_kills_a_child_that_ignores_term(
    begin: Begin, appears: Callable[[str], str]
) -> None:
    process = begin(FINISHING, STUBBORN)
    appears("started")
    process.send_signal(signal.SIGINT)
    appears("noticed")
    process.send_signal(signal.SIGINT)
    appears("termed")
    process.send_signal(signal.SIGINT)
    found = told(process)
    assert (found["code"], found["stopped"], found["timed_out"]) == (-signal.SIGKILL, True, False)


@pytest.mark.parametrize("signum", ALL)
def test_what_must_run_to_the_end_does_and_the_signal_is_told_afterwards(
    begin: Begin, appears: Callable[[str], str], tmp_path: Path, signum: signal.Signals
) -> None:
    body = """
with signals_noticed():
    facts = ran(on_signal=OnSignal.IGNORE)
    try:
        checkpoint()
    except Ended as ended:
        tell(**facts, ended=ended.signum.name)
"""
    process = begin(body, PATIENT)
    appears("started")
    process.send_signal(signum)
    process.send_signal(signum)
    (tmp_path / "go").touch()
    found = told(process)
    assert (found["code"], found["stdout"], found["stopped"], found["ended"]) == (0, "done\n", False, signum.name)


def test_a_signal_to_the_whole_terminal_does_not_reach_the_child(
    begin: Begin, appears: Callable[[str], str], tmp_path: Path
) -> None:
    process = begin(FINISHING, PATIENT)
    appears("started")
    os.killpg(process.pid, signal.SIGINT)
    appears("noticed")
    (tmp_path / "go").touch()
    assert told(process)["code"] == 0


@pytest.mark.parametrize(("trap", "signum"), [("HUP", signal.SIGHUP), ("INT", signal.SIGINT)])
def test_a_signal_that_our_parent_told_us_to_ignore_is_ignored(
    begin: Begin, appears: Callable[[str], str], tmp_path: Path, trap: str, signum: signal.Signals
) -> None:
    nohup = ("/bin/sh", "-c", f'trap "" {trap}; exec "$@"', "sh")
    process = begin(WAITING, PATIENT, before=nohup)
    appears("started")
    process.send_signal(signum)
    (tmp_path / "go").touch()
    assert told(process)["stdout"] == "done\n"


def test_afterwards_signals_do_what_they_did_before(begin: Begin) -> None:
    body = """
before = [signal.getsignal(number) for number in signals.ENDING_SIGNALS]
try:
    with signals_noticed():
        during = [signal.getsignal(number) for number in signals.ENDING_SIGNALS]
        raise RuntimeError
except RuntimeError:
    after = [signal.getsignal(number) for number in signals.ENDING_SIGNALS]
tell(same=before == after, taken=all(handler not in before for handler in during))
"""
    assert told(begin(body)) == {"same": True, "taken": True}


@pytest.mark.parametrize("group", [False, True])
def test_the_guard_cleans_up_within_a_second_when_we_are_killed(
    begin: Begin, appears: Callable[[str], str], tmp_path: Path, *, group: bool
) -> None:
    process = begin(GUARDED + "signal.pause()")
    guard = int(appears("guard"))
    wait_until(lambda: os.getsid(guard) == guard, "the guard stays in our session")
    start = time.monotonic()
    (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)
    wait_until((tmp_path / "cleaned").exists, "the guard did nothing")
    assert time.monotonic() - start < 1
    wait_until(lambda: not alive(guard), "the guard stays")


@pytest.mark.parametrize("ending", ["os._exit(3)", "raise RuntimeError", "os.kill(os.getpid(), signal.SIGSEGV)"])
def test_the_guard_cleans_up_after_any_other_end_without_dismissal(
    begin: Begin, appears: Callable[[str], str], ending: str
) -> None:
    process = begin(GUARDED + ending)
    assert process.wait(DEADLINE) != 0
    appears("cleaned")


def test_the_guard_holds_no_pipe_of_another_thread_open_which_would_not_end_before_it(begin: Begin) -> None:
    anothers = "reading, writing = os.pipe()\n"
    closed = "os.close(writing)\ntell(ended=bool(select.select([reading], [], [], 2)[0]))\n"
    assert told(begin(f"import select\n{anothers}{GUARDED}{closed}guard.dismiss()")) == {"ended": True}


def test_a_dismissed_guard_goes_without_cleaning_up(
    begin: Begin, appears: Callable[[str], str], tmp_path: Path
) -> None:
    process = begin(GUARDED + "guard.dismiss()\ntell(gone=True)")
    assert told(process) == {"gone": True}
    assert not alive(int(appears("guard")))
    assert not (tmp_path / "cleaned").exists()


def test_dismissing_a_guard_that_was_killed_is_no_error(begin: Begin, tmp_path: Path) -> None:
    process = begin(GUARDED + "os.kill(guard.pid, signal.SIGKILL)\nguard.dismiss()\ntell(gone=True)")
    assert told(process) == {"gone": True}
    assert not (tmp_path / "cleaned").exists()


def test_the_guard_holds_no_stream_of_ours_open(begin: Begin, appears: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / "hold").touch()
    process = begin(GUARDED + "signal.pause()")
    guard = int(appears("guard"))
    process.kill()
    process.communicate(timeout=DEADLINE)
    assert alive(guard)
    assert not (tmp_path / "cleaned").exists()
    (tmp_path / "hold").unlink()
    appears("cleaned")


@pytest.mark.parametrize("signum", ALL)
def test_the_guard_is_not_ended_by_the_signals_that_end_us(
    begin: Begin, appears: Callable[[str], str], tmp_path: Path, signum: signal.Signals
) -> None:
    (tmp_path / "hold").touch()
    process = begin(GUARDED + "signal.pause()")
    guard = int(appears("guard"))
    process.kill()
    appears("cleaning")
    os.kill(guard, signum)
    (tmp_path / "hold").unlink()
    appears("cleaned")


def test_a_server_runs_beside_us_until_the_end_of_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a slow end lets it get as far as to write its files
    program = f"echo $$; echo more; trap 'touch {tmp_path}/termed' TERM; cat; {PATIENT}"
    with serving(["/bin/sh", "-c", program], env={"PATH": os.environ["PATH"]}, timeout=SOON) as line:
        assert alive(int(line))
    assert not alive(int(line))


@pytest.mark.parametrize(
    ("program", "timeout"), [("exit 1", SOON), ("exec 1>&-; exec sleep 60", SOON), ("sleep 60", 0.1)]
)
def test_a_server_that_says_nothing_gives_an_empty_line_and_is_stopped(program: str, timeout: float) -> None:
    start = time.monotonic()
    with serving(["/bin/sh", "-c", program], env={"PATH": os.environ["PATH"]}, timeout=timeout) as line:
        assert line == ""
    assert time.monotonic() - start < 3 * STOP_GRACE


def test_a_server_is_stopped_when_the_block_fails() -> None:
    pids: list[int] = []

    def fail() -> None:
        with serving(["/bin/sh", "-c", "echo $$; cat"], env={}, timeout=SOON) as line:
            pids.append(int(line))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not alive(pids[0])


def test_a_servers_stdin_ends_when_we_are_killed(begin: Begin, appears: Callable[[str], str]) -> None:
    body = """
with process.serving(["/bin/sh", "-c", "echo $$; cat; touch ended"], env=dict(os.environ), timeout=20) as line:
    Path("begun").touch()
    signal.pause()
"""
    process = begin(body)
    appears("begun")
    process.kill()
    appears("ended")


def test_a_pipe_a_file_and_a_closed_stream_are_no_terminals(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with (tmp_path / "file").open("w") as file:
        assert not is_terminal(file.fileno())
        assert not is_terminal(reading, writing)
    os.close(reading)
    os.close(writing)
    assert not is_terminal(writing)


def test_a_pseudo_terminal_is_a_terminal() -> None:
    ours, theirs = os.openpty()
    assert is_terminal(theirs)
    reading, writing = os.pipe()
    assert not is_terminal(theirs, reading)
    for file in (ours, theirs, reading, writing):
        os.close(file)
