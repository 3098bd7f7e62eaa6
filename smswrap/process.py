"""The seam: the only module that starts a program, and the only one that knows signals.

A signal never breaks into running code. INT, TERM and HUP are remembered, and become `Ended` where the program waits
(for a child, a lock, a person) or asks (`checkpoint`). So nothing between two waits can be torn, and what must not be
torn even while it waits (turning AI mode off, a send whose outcome we want to know) does not say `interruptible`.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

STOP_GRACE = 1.0
"""Seconds that a child gets after TERM, and again after KILL."""


class Ended(BaseException):
    """INT, TERM or HUP asked the program to end; a BaseException so that no `except Exception` swallows it."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signal.Signals(signum)


@dataclass(frozen=True)
class Finished:
    """What became of one program: a missing program, a failure and a timeout are values, not exceptions.

    `code` is None when the program could not be started (`stderr` then says why) and negative when a signal ended it;
    `stopped` says that the user's second signal stopped it; `seconds` is wall time.
    """

    argv: tuple[str, ...]
    code: int | None
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool = False
    stopped: bool = False

    @property
    def complete(self) -> bool:
        """Whether the program ran to an end of its own."""
        return self.code is not None and self.code >= 0 and not self.timed_out and not self.stopped


class _Signals:
    """What has been received, and what may be done about it at this moment."""

    def __init__(self) -> None:
        self.pending: int | None = None
        self.count = 0
        self.interruptible = False
        self.notice: Callable[[], None] | None = None
        self.running: set[subprocess.Popen[bytes]] = set()

    def receive(self, signum: int, _frame: FrameType | None) -> None:
        self.count += 1
        self.pending = self.pending or signum
        if self.interruptible:
            raise Ended(self.pending)
        if self.notice is not None:
            self.notice() if self.count == 1 else self.stop_running()

    def stop_running(self) -> None:
        for child in tuple(self.running):
            _signal_group(child, signal.SIGTERM if self.count == 2 else signal.SIGKILL)  # noqa: PLR2004  the second ^C


_signals = _Signals()


@contextlib.contextmanager
def signals_noticed() -> Iterator[None]:
    """For the length of the block, take INT, TERM and HUP, except those that our parent told us to ignore (nohup)."""
    _signals.pending, _signals.count = None, 0
    taken = [number for number in ENDING_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, _signals.receive) for number in taken}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let a signal raise `Ended` inside the block: at once if one has come already."""
    outer = _signals.interruptible
    try:
        _signals.interruptible = True
        checkpoint()
        yield
    finally:
        _signals.interruptible = outer


@contextlib.contextmanager
def finishing(notice: Callable[[], None]) -> Iterator[None]:
    """Let running children finish on a first signal (`notice` tells the user so); a second one stops them."""
    _signals.notice = notice
    try:
        yield
    finally:
        _signals.notice = None


def checkpoint() -> None:
    """Raise `Ended` if a signal has come."""
    if _signals.pending is not None:
        raise Ended(_signals.pending)


def signal_received() -> int | None:
    """The signal that asked the program to end, if one has."""
    return _signals.pending


def pause(seconds: float) -> None:
    """Sleep, but end with the program."""
    with interruptible():
        time.sleep(seconds)


def run(
    argv: Sequence[str],
    *,
    timeout: float,
    env: Mapping[str, str] | None = None,
    to_the_end: bool = False,
) -> Finished:
    """Run a program and return what became of it.

    Its stdin is an empty pipe, because the aliyun CLI takes /dev/null for a terminal and prompts (measured, 3.4.11). It
    runs in a session of its own, so that a ^C at the terminal reaches us and not it. After `timeout` seconds it is
    stopped. `to_the_end` shields it from signals to us.
    """
    start = time.monotonic()
    try:
        child = _start(argv, env)
    except OSError as error:
        return Finished(tuple(argv), None, "", f"{argv[0]}: {error.strerror}", time.monotonic() - start)
    _signals.running.add(child)
    try:
        out, err, timed_out = _attend(child, timeout, to_the_end=to_the_end)
    finally:
        _signals.running.discard(child)
    # A child that cannot even be waited for (its program changed user, say) counts as killed.
    code = -signal.SIGKILL if child.returncode is None else child.returncode
    stopped = not to_the_end and code < 0 and _signals.count > 1
    seconds = time.monotonic() - start
    return Finished(tuple(argv), code, _text(out), _text(err), seconds, timed_out, stopped)


@contextlib.contextmanager
def serving(argv: Sequence[str], *, env: Mapping[str, str], timeout: float) -> Iterator[str]:
    """Run a program beside us for the length of the block; gives the first line that it prints (empty if none comes).

    Its stdin is a pipe that ends when we do, however that is: it should end then, too.
    """
    child = subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=env,
        start_new_session=True,
    )
    try:
        yield _text(_first_line(child, timeout))
    finally:
        _stop(child)


def _first_line(child: subprocess.Popen[bytes], timeout: float) -> bytes:
    line, deadline = b"", time.monotonic() + timeout
    while child.stdout is not None and not line.endswith(b"\n"):
        if not select.select([child.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return b""
        octet = os.read(child.stdout.fileno(), 1)
        if not octet:
            break
        line += octet
    return line


def environment(changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """Give the environment that children get: ours without colours, in UTF-8, with `changes` (None removes a name)."""
    merged: dict[str, str | None] = {**os.environ, "NO_COLOR": "1", "PYTHONUTF8": "1", **(changes or {})}
    return {name: value for name, value in merged.items() if value is not None}


class Guard:
    """A forked process that outlives us if we are killed, and then does `cleanup` in our place.

    It waits on a pipe whose writing end dies with us. It leaves our session and closes our streams, so that neither a
    kill of our process group nor a reader who waits for the end of our output meets it.
    """

    def __init__(self, cleanup: Callable[[], None]) -> None:
        reading, self._writing = os.pipe()
        ready, getting_ready = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._writing)
            _keep_watch(reading, getting_ready, cleanup)
        for end in (reading, getting_ready):
            os.close(end)
        # Before it has left our session, a kill of our process group would take it along.
        os.read(ready, 1)
        os.close(ready)

    def dismiss(self) -> None:
        """Send the guard away: the cleanup has been done."""
        with contextlib.suppress(OSError):
            os.write(self._writing, b"!")
        os.close(self._writing)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def _keep_watch(reading: int, getting_ready: int, cleanup: Callable[[], None]) -> None:
    code = 1
    try:
        os.setsid()
        for number in ENDING_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        os.close(getting_ready)
        if not os.read(reading, 1):
            cleanup()
        code = 0
    finally:
        os._exit(code)


def _start(argv: Sequence[str], env: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    # Arguments go out in UTF-8 whatever our locale is: the aliyun CLI is a Go program and knows nothing else.
    return subprocess.Popen(
        [argument.encode("utf-8", "surrogateescape") for argument in argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment() if env is None else env,
        start_new_session=True,
    )


def _attend(child: subprocess.Popen[bytes], timeout: float, *, to_the_end: bool) -> tuple[bytes, bytes, bool]:
    waiting = contextlib.nullcontext() if to_the_end or _signals.notice else interruptible()
    try:
        with waiting:
            return *child.communicate(b"", timeout), False
    except subprocess.TimeoutExpired:
        return *_stop(child), True
    except BaseException:
        _stop(child)
        raise


def _stop(child: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    heard: tuple[bytes, bytes] = b"", b""
    for number in (signal.SIGTERM, signal.SIGKILL):
        _signal_group(child, number)
        try:
            return child.communicate(timeout=STOP_GRACE)
        except subprocess.TimeoutExpired as late:
            heard = late.output or b"", late.stderr or b""
    # Killed, yet something that it started elsewhere still holds its pipes: what it said so far is all we get.
    child.poll()
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    return heard


def _signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # The group, because the CLI runs its plugin as a process of its own; it is gone if the child has been waited for.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")


def is_terminal(*streams: int) -> bool:
    """Whether all these file descriptors are terminals."""
    return all(_is_terminal(stream) for stream in streams)


def _is_terminal(stream: int) -> bool:
    try:
        return os.isatty(stream)
    except OSError:
        return False


if sys.platform == "win32":  # pragma: no cover
    raise ImportError("smswrap runs on Linux and macOS; on Windows, run it inside WSL.")
