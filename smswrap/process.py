"""The seam: the only module that starts a program."""

from __future__ import annotations

import contextlib
import os
import select
import selectors
import signal
import subprocess
import sys
import time
from enum import Enum, unique
from typing import TYPE_CHECKING

from smswrap.loans import lent, starting
from smswrap.record import dataclass
from smswrap.signals import GLANCE, SECOND, checkpoint, signals_received, stoppable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import IO

STOP_GRACE = 1.0
"""Seconds that a child gets after TERM, and again after KILL."""

MOST_OUTPUT = 2**20
"""Bytes of each stream that are read; a reply has some kilobytes, a page of 50 templates some ten."""

CHUNK = 2**16


@unique
class OnSignal(Enum):
    """What a signal to us means for a running child."""

    END = "end"
    """It is stopped, and `Ended` is raised."""
    FINISH = "finish"
    """A first signal lets it finish, a second one stops it."""
    IGNORE = "ignore"
    """It runs to its end, whatever comes."""


@dataclass(frozen=True)
class Finished:
    """What became of one program: a missing program, a failure and a timeout are values, not exceptions.

    `code` is None when the program could not be started (`stderr` then says why) and negative when a signal ended it;
    `stopped` says that the user's second signal stopped it, `cut_off` that it printed without end and was stopped for
    that; `seconds` is wall time.
    """

    code: int | None
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool = False
    stopped: bool = False
    cut_off: bool = False

    @property
    def complete(self) -> bool:
        """Whether the program ran to an end of its own."""
        own = self.code is not None and self.code >= 0
        return own and not (self.timed_out or self.stopped or self.cut_off)


def run(  # noqa: PLR0913  each is a thing of its own, and all but one have a default
    argv: Sequence[str],
    *,
    timeout: float,
    env: Mapping[str, str] | None = None,
    input: bytes = b"",  # noqa: A002  subprocess calls it so
    on_signal: OnSignal = OnSignal.END,
    most_output: int = MOST_OUTPUT,
    grace: float = STOP_GRACE,
    inherit: tuple[int, ...] = (),
) -> Finished:
    """Run a program and return what became of it. Raises Ended, if `on_signal` says so.

    Its stdin is a pipe with `input`, never /dev/null, which the aliyun CLI takes for a terminal and prompts (measured,
    3.4.11). It runs in a session of its own, so that a ^C at the terminal reaches us and not it. After `timeout`
    seconds, or more than `most_output` bytes on a stream, it is stopped. `inherit` are file descriptors it keeps open.
    """
    start = time.monotonic()
    if on_signal is OnSignal.END:
        checkpoint()
    try:
        child = _start(argv, env, inherit)
    except (OSError, ValueError) as error:  # ValueError: an argument with a NUL
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return Finished(None, "", f"{argv[0]}: {why}", time.monotonic() - start)
    exchange = _Exchange(child, input, most_output)
    timed_out, stopped = _attend(child, exchange, start + timeout, on_signal, grace)
    # A child that cannot even be waited for (its program changed user, say) counts as killed.
    code = -signal.SIGKILL if child.returncode is None else child.returncode
    out, err = exchange.heard
    seconds = time.monotonic() - start
    return Finished(code, out, err, seconds, timed_out, stopped and code < 0, exchange.overflowed)


@contextlib.contextmanager
def serving(argv: Sequence[str], *, env: Mapping[str, str], timeout: float) -> Iterator[str]:
    """Run a program beside us for the length of the block; gives the first line that it prints (empty if none comes).

    Its stdin is a pipe that ends when we do, however that is: it should end then, too. Raises OSError.
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
        yield _first_line(child, timeout).decode("utf-8", "replace")
    finally:
        _stop(child, _Exchange(child, b"", MOST_OUTPUT), STOP_GRACE)


def environment(changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """Give the environment that children get: ours without colours, in UTF-8, with `changes` (None removes a name)."""
    merged: dict[str, str | None] = {**os.environ, "NO_COLOR": "1", "PYTHONUTF8": "1", **(changes or {})}
    return {name: value for name, value in merged.items() if value is not None}


def leave_no_core() -> None:
    """Let neither us nor our children leave a core dump: numbers, codes and keys would stand in it."""
    import resource

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


class _Exchange:
    """What goes to a child and what comes back from it, up to a bound.

    Poll, not epoll or kqueue: those need a file descriptor, and there may be none left once the child is running.
    """

    def __init__(self, child: subprocess.Popen[bytes], given: bytes, most: int) -> None:
        self.overflowed = False
        self._child, self._given, self._most = child, memoryview(given), most
        self._said: dict[int, bytearray] = {}
        self._pipes = selectors.PollSelector()
        self._streams = (self._listen(child.stdout), self._listen(child.stderr))
        if child.stdin is not None:
            os.set_blocking(child.stdin.fileno(), False)
            self._pipes.register(child.stdin.fileno(), selectors.EVENT_WRITE, child.stdin)

    def _listen(self, stream: IO[bytes] | None) -> int:
        if stream is None:
            return -1
        number = stream.fileno()
        self._said[number] = bytearray()
        self._pipes.register(number, selectors.EVENT_READ, stream)
        return number

    @property
    def heard(self) -> tuple[str, str]:
        """What it said on stdout and on stderr."""
        out, err = (self._said.get(stream, b"").decode("utf-8", "replace") for stream in self._streams)
        return out, err

    def go_on(self, until: float) -> bool:
        """Exchange what can be until that moment; whether the child has ended and all its pipes with it."""
        while self._pipes.get_map() and not self.overflowed:
            left = until - time.monotonic()
            ready = self._pipes.select(max(0.0, left))
            for key, _ in ready:
                self._write(key) if key.events == selectors.EVENT_WRITE else self._read(key)
            if not ready and left <= 0:
                return False
        return not self.overflowed and _reaped(self._child, max(0.0, until - time.monotonic()))

    def close(self) -> None:
        """Give the pipes back."""
        for key in tuple(self._pipes.get_map().values()):
            self._drop(key)

    def _read(self, key: selectors.SelectorKey) -> None:
        octets = os.read(key.fd, CHUNK)
        if not octets:
            self._drop(key)
            return
        said = self._said[key.fd]
        room = self._most - len(said)
        said += octets[:room]
        self.overflowed = self.overflowed or len(octets) > room

    def _write(self, key: selectors.SelectorKey) -> None:
        try:
            written = os.write(key.fd, self._given[:CHUNK]) if self._given else 0
        except BlockingIOError:
            return
        except OSError:  # it reads no stdin
            written = len(self._given)
        self._given = self._given[written:]
        if not self._given:
            self._drop(key)

    def _drop(self, key: selectors.SelectorKey) -> None:
        self._pipes.unregister(key.fd)
        with contextlib.suppress(OSError):
            key.data.close()


def _start(argv: Sequence[str], env: Mapping[str, str] | None, inherit: tuple[int, ...]) -> subprocess.Popen[bytes]:
    # Arguments go out in UTF-8 whatever our locale is: the aliyun CLI is a Go program and knows nothing else.
    with starting:
        return subprocess.Popen(
            [argument.encode("utf-8", "surrogateescape") for argument in argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment() if env is None else env,
            start_new_session=True,
            pass_fds=(*inherit, *lent),
        )


def _attend(
    child: subprocess.Popen[bytes], exchange: _Exchange, deadline: float, on_signal: OnSignal, grace: float
) -> tuple[bool, bool]:
    """Wait for the child, and stop it where it must be; whether it was too late, and whether the user stopped it."""
    watched = stoppable(lambda number: _signal_group(child, number)) if on_signal is OnSignal.FINISH else None
    try:
        with watched or contextlib.nullcontext():
            while not exchange.go_on(min(deadline, time.monotonic() + GLANCE)):
                if exchange.overflowed or time.monotonic() >= deadline:
                    break
                if on_signal is OnSignal.END:
                    checkpoint()
            else:
                exchange.close()
                return False, on_signal is OnSignal.FINISH and signals_received() >= SECOND
    except BaseException:
        _stop(child, exchange, grace)
        raise
    _stop(child, exchange, grace)
    return not exchange.overflowed, False


def _stop(child: subprocess.Popen[bytes], exchange: _Exchange, grace: float) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        _signal_group(child, number)
        # Nothing more is read from a child that prints without end.
        if _reaped(child, grace) if exchange.overflowed else exchange.go_on(time.monotonic() + grace):
            break
    # Even killed, something that it started elsewhere may hold its pipes: what it said so far is all we get.
    child.poll()
    exchange.close()


def _reaped(child: subprocess.Popen[bytes], seconds: float) -> bool:
    if child.poll() is None:
        try:  # Popen.wait sleeps a millisecond between two looks, and a child closes its pipes just before it ends
            with os.fdopen(os.pidfd_open(child.pid), "rb", 0) as end:
                select.select([end], [], [], seconds)
        except (AttributeError, OSError, ValueError):  # only Linux has it; or too many files are open
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(seconds)
    return child.poll() is not None


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


def _signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # The group, because the CLI runs its plugin as a process of its own; it is gone if the child has been waited for.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def abandon(stream: int) -> None:
    """Let whatever is still written to this file descriptor go nowhere.

    Else Python tries to flush the rest at its end, complains, and ends with 120.
    """
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)


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
