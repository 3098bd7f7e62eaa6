"""Programs that are loaded once and forked for each run: a process of its own, without the time of its start.

What a start does, and what signals and terminals do to a process, is tested with processes that were started.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SERVER = """
import gc, json, os, socket, sys, time, traceback

def become(asked, files):
    channel.close()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    time.tzset()
    sys.argv[1:] = asked["words"]
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stdout = open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)

def live():
    try:
        run()
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)

channel = socket.socket(fileno=int(sys.argv[1]))
exec(sys.argv.pop())
gc.freeze()
while True:
    asking, files, _, _ = socket.recv_fds(channel, 1, 4)
    if not asking:
        break
    with open(files.pop(), "rb") as request:
        asked = json.load(request)
    child = os.fork()
    if not child:
        become(asked, files)
        live()
    for file in files:
        os.close(file)
    _, status = os.waitpid(child, 0)
    channel.sendall(b"%d\\n" % os.waitstatus_to_exitcode(status))
"""
SMSWRAP = """
import importlib, pkgutil, phonenumbers, smswrap.__main__
for module in pkgutil.walk_packages(smswrap.__path__, "smswrap."):
    if not module.name.startswith("smswrap.sandbox."):
        importlib.import_module(module.name)
sys.argv[0] = smswrap.__main__.__file__
run = smswrap.__main__.run
"""
"""Loads the program: all its modules, and what they load at their first use."""

ROOM = 60.0
"""Seconds that a run may take before its test has failed."""


class Forked:
    """A process that has loaded a program, which makes `run`, and waits to be forked."""

    def __init__(self, loading: str, env: Mapping[str, str], *flags: str) -> None:
        self._start = _read_at_start(env)
        self._channel, theirs = socket.socketpair()
        self._channel.settimeout(ROOM)
        self._answers = self._channel.makefile()
        words = [sys.executable, *flags, "-c", SERVER, str(theirs.fileno()), loading]
        place = Path(__file__).parents[1]
        with theirs:
            self._process = subprocess.Popen(
                words, env=env, cwd=place, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )

    def close(self) -> None:
        """End it."""
        self._answers.close()
        self._channel.close()
        self._process.wait(ROOM)

    def fits(self, env: Mapping[str, str]) -> bool:
        """Whether a program that is started with this environment would be the same one."""
        return _read_at_start(env) == self._start

    def run(self, words: Sequence[str], env: Mapping[str, str]) -> tuple[int, str, str]:
        """Run the program to its end, in this folder, with this environment: exit code, stdout, stderr."""
        asked = {"words": words, "env": dict(env), "cwd": os.getcwd()}  # noqa: PTH109  its name, not where it leads
        with contextlib.ExitStack() as held:
            nothing = held.enter_context(Path(os.devnull).open("rb"))
            out, err, request = (held.enter_context(tempfile.TemporaryFile()) for _ in range(3))
            request.write(json.dumps(asked).encode())
            request.seek(0)
            socket.send_fds(self._channel, [b"!"], [file.fileno() for file in (nothing, out, err, request)])
            code = int(self._answers.readline())
            return code, _written(out), _written(err)


def _written(file: IO[Any]) -> str:
    file.seek(0)
    text: bytes = file.read()
    return text.decode("utf-8")


def _read_at_start(env: Mapping[str, str]) -> dict[str, str]:
    return {name: env[name] for name in env if name.startswith(("PYTHON", "LANG", "LC_"))}
