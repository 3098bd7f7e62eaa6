"""What survives SIGKILL: a process that does in our place what we were killed before doing."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

from smswrap import loans
from smswrap.signals import ENDING_SIGNALS

if TYPE_CHECKING:
    from collections.abc import Callable


class Guard:
    """A forked process that outlives us if we are killed, and then does `cleanup` in our place.

    It waits on a pipe whose writing end (`pipe`) dies with us and with every child that inherits it: an orphan that is
    slow to do its work would otherwise do it after the cleanup. It leaves our session and closes our streams, so that
    neither a kill of our process group nor a reader who waits for the end of our output meets it. Of our files it keeps
    those that are `needed`: another thread's pipes would end only with it. A process that others fork keeps none of
    them: it would count as we do. Raises OSError.
    """

    def __init__(self, cleanup: Callable[[], None], needed: tuple[int, ...] = ()) -> None:
        reading, self.pipe = os.pipe()
        ready, getting_ready = os.pipe()
        self._own = (self.pipe, *needed)
        loans.own.update(self._own)
        with loans.sharing():
            self.pid = os.fork()
        if self.pid == 0:
            _close_all_but({0, 1, 2, reading, getting_ready, *needed})
            _keep_watch(reading, getting_ready, cleanup)
        for end in (reading, getting_ready):
            os.close(end)
        # Before it has left our session, a kill of our process group would take it along.
        os.read(ready, 1)
        os.close(ready)

    def dismiss(self) -> None:
        """Send the guard away: the cleanup has been done."""
        with contextlib.suppress(OSError):
            os.write(self.pipe, b"!")
        self.release()

    def release(self) -> None:
        """Let the guard do the cleanup now, as if we were dead, and wait for it."""
        with loans.starting:
            loans.own.difference_update(self._own)
            os.close(self.pipe)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def _close_all_but(kept: set[int]) -> None:
    with contextlib.suppress(OSError):
        for number in {int(name) for name in os.listdir("/dev/fd")} - kept:  # noqa: PTH208  pathlib takes 4 ms to load
            with contextlib.suppress(OSError):  # the folder itself, which has been read
                os.close(number)


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
