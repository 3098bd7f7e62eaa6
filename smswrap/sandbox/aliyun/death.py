"""Ways of ending that are no exit: by a signal, or not at all."""

from __future__ import annotations

import os
import signal
import time


def die_by(name: str) -> None:
    """End this process by the signal, e.g. "KILL", whatever was done about that signal before."""
    number = signal.Signals[f"SIG{name.removeprefix('SIG')}"]
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def hang(seconds: float) -> None:
    """Stay for `seconds` and ignore SIGTERM meanwhile."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(seconds)
