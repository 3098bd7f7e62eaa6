"""INT, TERM and HUP: what has been received, and what may be done about it at this moment.

A signal never breaks into running code. It is remembered, and becomes `Ended` where the program waits (for a child, a
lock, a person) or asks (`checkpoint`). So nothing between two waits can be torn, and what must not be torn even while
it waits (turning AI mode off, a send whose outcome we want to know) does not ask.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

GLANCE = 0.05
"""Seconds between two looks at the signals, in a wait that a signal may end."""

SECOND = 2
"""The second signal stops what the first one let finish; the third one kills it."""


class Ended(BaseException):
    """INT, TERM or HUP asked the program to end; a BaseException so that no `except Exception` swallows it."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signal.Signals(signum)


class _Received:
    """What has been received in one run of the program."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.count = 0
        self.interruptible = False
        self.notice: Callable[[], None] | None = None
        self.stops: set[Callable[[signal.Signals], None]] = set()

    def receive(self, signum: int, _frame: FrameType | None) -> None:
        self.count += 1
        self.first = self.first or signum
        if self.interruptible:
            raise Ended(self.first)
        if self.count == 1 and self.notice is not None:
            self.notice()
        elif self.count >= SECOND:
            for stop in tuple(self.stops):
                stop(self.strength)

    @property
    def strength(self) -> signal.Signals:
        return signal.SIGTERM if self.count == SECOND else signal.SIGKILL


_received = _Received()


@contextlib.contextmanager
def signals_noticed(*, passed_on: bool = False) -> Iterator[None]:
    """For the length of the block, take INT, TERM and HUP, except those that our parent told us to ignore (nohup).

    Each block begins as if none had come; `passed_on` gives the first that came to whom it was meant for.
    Off the main thread, where Python lets nobody take signals, it does nothing.
    """
    global _received  # signals belong to the process, and so does what has been received of them
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    outer, _received = _received, _Received()
    # None: a handler that is not Python's, which could not be put back.
    taken = [number for number in ENDING_SIGNALS if signal.getsignal(number) not in {signal.SIG_IGN, None}]
    before = {number: signal.signal(number, _received.receive) for number in taken}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        mine, _received = _received, outer
        if passed_on and mine.first is not None:
            signal.raise_signal(mine.first)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let a signal raise `Ended` inside the block: at once if one has come already.

    For waits that cannot look at the signals themselves, such as reading a line. Signals meet the main thread, so that
    elsewhere the block is only looked at before it begins.
    """
    checkpoint()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    mine, outer = _received, _received.interruptible
    try:
        mine.interruptible = True
        checkpoint()
        yield
    finally:
        mine.interruptible = outer


@contextlib.contextmanager
def finishing(notice: Callable[[], None]) -> Iterator[None]:
    """Call `notice` at a first signal, which lets running sends finish; a second one stops them (see `stoppable`)."""
    mine, outer = _received, _received.notice
    mine.notice = notice
    try:
        yield
    finally:
        mine.notice = outer


@contextlib.contextmanager
def stoppable(stop: Callable[[signal.Signals], None]) -> Iterator[None]:
    """Call `stop` with TERM at a second signal, with KILL at any later one, while the block runs."""
    mine = _received
    mine.stops.add(stop)
    try:
        if mine.count >= SECOND:
            stop(mine.strength)
        yield
    finally:
        mine.stops.discard(stop)


def checkpoint() -> None:
    """Raise `Ended` if a signal has come."""
    if _received.first is not None:
        raise Ended(_received.first)


def signal_received() -> int | None:
    """The signal that asked the program to end, if one has."""
    return _received.first


def signals_received() -> int:
    """How many have come."""
    return _received.count


def name_of(number: int) -> str:
    """A signal's name, such as SIGINT."""
    return next((one.name for one in signal.Signals if one == number), f"signal {number}")


def pause(seconds: float) -> None:
    """Sleep, but end with the program."""
    deadline = time.monotonic() + seconds
    checkpoint()
    while (left := deadline - time.monotonic()) > 0:
        time.sleep(min(GLANCE, left))
        checkpoint()
