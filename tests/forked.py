"""Programs that are loaded once and forked for each run: a process of its own, without the time of its start.

What a start does, and what signals and terminals do to a process, is tested with processes that were started.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SERVER = """
import gc, json, os, socket, sys, time, traceback

def become(asked, files):
    channel.close()
    for number in range(3):
        os.dup2(files[number], number)
    for file in files:
        os.close(file)
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    time.tzset()
    sys.argv[:] = asked["argv"]
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stdout = open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)

def live():
    try:
        run()
        code = 0
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)

channel = socket.socket(fileno=int(sys.argv[1]))
exec(sys.argv[2])
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
run = smswrap.__main__.run
"""
ROOM = 30.0
"""Seconds that a run may take before its test has failed."""


class Ended(NamedTuple):
    """One run: its exit code and what it wrote."""

    code: int
    stdout: str
    stderr: str


class Forked:
    """A process that has loaded a program, and waits to be forked."""

    def __init__(self, interpreter: Sequence[str], loading: str, env: Mapping[str, str]) -> None:
        self._start = _read_at_start(env)
        self._channel, theirs = socket.socketpair()
        self._channel.settimeout(ROOM)
        words = [*interpreter, "-c", SERVER, str(theirs.fileno()), loading]
        self._process = subprocess.Popen(words, env=env, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()

    def close(self) -> None:
        """End it."""
        self._channel.close()
        self._process.wait(ROOM)

    def fits(self, env: Mapping[str, str]) -> bool:
        """Whether a program that is started with this environment would be the same one."""
        return _read_at_start(env) == self._start

    def run(self, argv: Sequence[str], env: Mapping[str, str]) -> Ended:
        """Run the program to its end, here, with this environment."""
        asked = {"argv": argv, "env": dict(env), "cwd": str(Path.cwd())}
        with _files(json.dumps(asked).encode()) as (request, out, err), Path(os.devnull).open("rb") as nothing:
            files = [file.fileno() for file in (nothing, out, err, request)]
            socket.send_fds(self._channel, [b"!"], files)
            code = int(self._channel.makefile().readline())
            return Ended(code, *(_written(file) for file in (out, err)))


@contextlib.contextmanager
def _files(request: bytes) -> Iterator[tuple[BinaryIO, ...]]:
    with contextlib.ExitStack() as held:
        files: tuple[Any, ...] = tuple(held.enter_context(tempfile.TemporaryFile()) for _ in range(3))
        files[0].write(request)
        files[0].seek(0)
        yield files


def _written(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode("utf-8")


def _read_at_start(env: Mapping[str, str]) -> dict[str, str]:
    return {name: env[name] for name in env if name.startswith(("PYTHON", "LANG", "LC_"))}
