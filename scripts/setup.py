"""Make the private environment of this checkout: `setup.py NAME ROOT PLACE`, NAME being a file of requirements/.

It is built beside its place, under a lock, and renamed when it is whole: a kill at any moment leaves nothing half made,
and of several starts at once one builds while the others wait. Every package is checked by its hash. Nothing outside
the checkout is written, but for what pip keeps of its downloads. Exit 3 if it cannot be made.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import NoReturn

MARK, REQUIREMENTS = ".smswrap", ".smswrap-requirements"
MARKS = (MARK, ".set-up", ".set-up-test")
"""Of environments that are ours; the last two are those of 0.1.0."""

LASTING = (".venv.new-", ".venv.old-")
"""What a set-up that was killed leaves; the next one takes it away."""

AWAY = (
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_USER",
    "PIP_DRY_RUN",
    "PIP_NO_DEPS",
    "PIP_REQUIRE_VIRTUALENV",
    "PYTHONHOME",
)
"""Settings with which pip would install elsewhere, or nothing."""

CHECKED = ("--require-hashes", "--only-binary", ":all:")
"""Nothing but files of the hashes that are pinned, and none that runs code of its own to be installed."""

CHECK = """
import os, sys, sysconfig
from importlib.metadata import version
from packaging.requirements import Requirement
for line in open(sys.argv[1], encoding="utf-8"):
    if "==" in line and not line.startswith((" ", "#")):
        wanted = Requirement(line.rstrip("\\\\\\n "))
        if (wanted.marker is None or wanted.marker.evaluate()) and not wanted.specifier.contains(version(wanted.name)):
            sys.exit(f"{wanted.name} is {version(wanted.name)}, but {wanted.specifier} is pinned")
packages = sysconfig.get_path("purelib")
os.symlink(os.path.relpath(sys.argv[2], packages), os.path.join(packages, "smswrap"))
"""
"""Run in the new environment: is all of it there? Then our package is linked to: a .pth file is read in the locale's
encoding, and where that is ASCII a checkout in a Chinese folder would start no Python at all."""

LAUNCHER = """#!/bin/sh
exec {python} -I -X utf8 -c 'from smswrap.__main__ import run; run()' "$@"
"""


class SetupFailed(Exception):  # noqa: N818  said as what happened
    """The environment could not be made; says why."""


def tell(text: str) -> None:
    """Say something on stderr, if somebody listens; past its buffer, which turns the exit code to 120 if it is full."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            os.write(2, os.fsencode(text))


def is_whole(name: str, root: Path, place: Path) -> bool:
    """As setup.sh looks at it, after waiting for another set-up."""
    with contextlib.suppress(OSError):
        pins = (root / "requirements" / f"{name}.txt").read_bytes()
        made = (place / MARK).read_bytes() == mark(name, root)
        return made and (place / REQUIREMENTS).read_bytes() == pins and os.access(place / "bin" / "python", os.X_OK)
    return False


def mark(name: str, root: Path) -> bytes:
    """What an environment says of itself: of which requirements it is made, and for which checkout."""
    return os.fsencode(f"{name}\n{root}\n")


@contextlib.contextmanager
def alone(root: Path) -> Iterator[None]:
    """Wait until no other set-up of this checkout runs; the lock ends with this process, however it ends."""
    # Only read, so that it serves the next user too where root was the first.
    lock = os.open(root / ".venv.lock", os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        tell("Waiting for another set-up of this folder ...\n")
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(lock)


class Builder:
    """One building of an environment, in a place of its own beside the one where it is to stand."""

    def __init__(self, pins: Path, place: Path) -> None:
        self.pins, self.place = pins, place
        self.new = place.with_name(f"{LASTING[0]}{os.getpid()}")
        self.log = place.with_name(".venv.log")

    def build(self) -> None:
        """Make the environment, with the pinned packages in it. Raises SetupFailed."""
        index = "The packages could not be installed (is the package index reached, and is there room?)."
        python, pins = str(self.new / "bin" / "python"), str(self.pins)
        if importlib.util.find_spec("ensurepip"):
            self.run("The environment could not be made.", sys.executable, "-I", "-m", "venv", str(self.new))
        elif uv := found_on_path("uv"):
            self.run("The environment could not be made.", uv, "venv", "--python", sys.executable, str(self.new))
            self.run(index, uv, "pip", "install", *CHECKED, "--python", python, "-r", pins)
            return
        elif virtualenv := found_on_path("virtualenv"):
            self.run("The environment could not be made.", virtualenv, "-p", sys.executable, str(self.new))
        else:
            raise SetupFailed(
                "This Python makes no environments: install its venv (apt-get install python3-venv), or uv."
            )
        patience = ("--retries", "2", "--disable-pip-version-check")
        self.run(index, python, "-I", "-m", "pip", "install", *CHECKED, *patience, "-r", pins)

    def finish(self, name: str, root: Path) -> None:
        """See that everything is there, let the checkout be found, and put the environment in its place."""
        python = str(self.new / "bin" / "python")
        missing = "Not everything that is pinned was installed."
        self.run(missing, python, "-I", "-X", "utf8", "-c", CHECK, str(self.pins), str(root / "smswrap"))
        launcher = self.new / "bin" / "smswrap"
        launcher.write_bytes(os.fsencode(LAUNCHER.format(python=shlex.quote(str(self.place / "bin" / "python")))))
        launcher.chmod(0o755)
        for script in (self.new / "bin").iterdir():
            if script.is_file() and not script.is_symlink():
                self._name_its_place(script)
        shutil.copyfile(self.pins, self.new / REQUIREMENTS)
        (self.new / MARK).write_bytes(mark(name, root))
        if os.path.lexists(self.place):
            # One that bears no mark of ours is somebody's own: it steps aside and is kept.
            before = LASTING[1] if any((self.place / mark).exists() for mark in MARKS) else ".venv.kept-"
            self.place.rename(self.place.with_name(f"{before}{os.getpid()}"))
        self.new.rename(self.place)

    def _name_its_place(self, script: Path) -> None:
        """A script names the place where it was made: let it name the place where it will be."""
        octets = script.read_bytes()
        if b"\0" not in octets:
            script.write_bytes(octets.replace(os.fsencode(self.new), os.fsencode(self.place)))

    def run(self, failure: str, *command: str) -> None:
        """Run a program, a dot a second, in the checkout: in the caller's folder it would find other settings.

        It has a session of its own, so that a ^C meets us alone, and we end it and what it started. Raises SetupFailed.
        """
        environment = {key: value for key, value in os.environ.items() if key not in AWAY}
        # Or virtualenv puts a file that names what it made (PEP 832) where the environment is to stand.
        environment["VIRTUALENV_VENV_REDIRECT"] = "false"
        self.log.unlink(missing_ok=True)
        with self.log.open("x+", encoding="utf-8", errors="backslashreplace") as log:
            with subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.place.parent,
                env=environment,
                start_new_session=True,
            ) as child:
                try:
                    while not ended(child):
                        tell(".")
                except BaseException:
                    os.killpg(child.pid, signal.SIGKILL)
                    raise
            log.seek(0)
            lines = [line.strip() for line in log if line.strip()]
        if child.returncode:
            raise SetupFailed(f"{failure} {reason(lines) or f'exit {child.returncode}'} (more in {self.log})")


def reason(lines: list[str]) -> str:
    """Why it failed: its last line; of a hash that is not the pinned one, where that is a bare hash, a sentence."""
    last = lines[-1] if lines else ""
    if re.search(r"\b[0-9a-f]{64}$", last) is None:
        return last
    named = (re.search(r"[\w.-]+==[\w.+!-]+", line) for line in reversed(lines))
    package = next((found[0] for found in named if found), "a package")
    return f"What was downloaded as {package} is not what is pinned: its hash ends in {last[-8:]}. Do not use it."


def ended(child: subprocess.Popen[bytes]) -> bool:
    """Whether it ends within a second."""
    try:
        child.wait(1)
    except subprocess.TimeoutExpired:
        return False
    return True


def found_on_path(name: str) -> str | None:
    """A program of PATH; not one of the caller's folder."""
    path = os.pathsep.join(entry for entry in os.environ.get("PATH", "").split(os.pathsep) if entry.startswith("/"))
    return shutil.which(name, path=path)


def sweep(root: Path) -> None:
    """Take away what earlier set-ups left."""
    for left in root.iterdir():
        if left.name.startswith(LASTING):
            shutil.rmtree(left, ignore_errors=True)


def end(number: int, _: FrameType | None) -> NoReturn:
    """End as after a signal, with everything taken away."""
    sys.exit(128 + number)


def main(name: str, root: Path, place: Path) -> None:
    """Make the environment unless another process just has. Raises SetupFailed, or OSError."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    os.umask(os.umask(0o077) | 0o022)
    if not os.access(root, os.W_OK):
        raise SetupFailed(
            f"{root} cannot be written, and the environment belongs there: copy it to a place of your own."
        )
    with alone(root):
        if is_whole(name, root, place):
            return
        sweep(root)
        tell(f"Setting up {place} (once, about 20 s) ")
        try:
            builder = Builder(root / "requirements" / f"{name}.txt", place)
            builder.build()
            builder.finish(name, root)
            builder.log.unlink()
        finally:
            tell("\n")
            sweep(root)


if __name__ == "__main__":
    try:
        main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
    except SetupFailed as failure:
        tell(f"error: {failure}\n")
        sys.exit(3)
    except OSError as error:
        tell(f"error: The environment could not be made in {sys.argv[2]}: {error.strerror}.\n")
        sys.exit(3)
