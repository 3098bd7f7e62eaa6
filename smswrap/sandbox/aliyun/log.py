"""calls.jsonl: who called the stand-in, with what, and how it ended."""

from __future__ import annotations

import os
import stat
import time

from ..common import files
from . import aimode

ENVIRONMENT = (
    "NO_COLOR",
    "ALIBABA_CLOUD_CLI_PLUGIN_AUTO_INSTALL",
    "ALIBABA_CLOUD_RETRY_COUNT",
    "ALIBABA_CLOUD_THROTTLING_RETRY_ENABLED",
    "LANG",
    "LC_ALL",
    "PYTHONUTF8",
)


def record_start(folder: str, argv: list[str]) -> None:
    """Note an invocation before it does anything, with AI mode as it is at this moment."""
    stdin = stdin_kind()  # before a file is opened: that would take the number of a closed stdin
    record = {
        "event": "start",
        "time": time.time(),
        "pid": os.getpid(),
        "argv": argv,
        "ai_mode": aimode.load(),
        "environment": {name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
        "stdin": stdin,
    }
    files.append(f"{folder}/calls.jsonl", [record])


def record_end(folder: str, code: int) -> None:
    """Note the exit code; an invocation that was killed has no such line."""
    record = {"event": "end", "time": time.time(), "pid": os.getpid(), "exit": code}
    files.append(f"{folder}/calls.jsonl", [record])


def stdin_kind() -> str:
    """What stdin is: pipe (or socket), tty, null (any other device), file, closed."""
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return "closed"
    if stat.S_ISCHR(mode):
        return "tty" if os.isatty(0) else "null"
    return "file" if stat.S_ISREG(mode) else "pipe"
