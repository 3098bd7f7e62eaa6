"""The sandbox: stand-ins for both providers with a state of their own; no network, no account, no `~/.aliyun`.

The stand-ins in the folders beside this module are strangers: they import nothing from smswrap. They are started by
the interpreter that runs us, never found on PATH: a folder that is mounted noexec, or whose path holds a colon, would
lead to the real CLI, and the SMS out into the world.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smswrap import disk, state
from smswrap.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOREIGN = ("ALIBABA_CLOUD", "ALIBABACLOUD", "ALICLOUD")
"""What the names of variables begin with that would bring a real account into the sandbox."""

PROFILE = {
    "name": "default",
    "mode": "AK",
    "access_key_id": "LTAI-sandbox",
    "access_key_secret": "sandbox",
    "region_id": "cn-hangzhou",
}


MARK = ".smswrap-sandbox"
"""The file by which a folder is known as a sandbox of ours: only such a one is ever emptied."""

LEGACY = frozenset({"bin", "home", "journal.db", "senders.lock"})
"""What a sandbox of smswrap 0.1.0 holds, which had no mark yet: all its names are these or end like those below."""

LEGACY_ENDINGS = (".jsonl", ".json", ".lock", ".db", ".db-wal", ".db-shm")


class Sandbox:
    """The directory that all stand-ins share: `bin/` for people's PATH, `home/` as HOME, and what they remember."""

    def __init__(self, directory: Path | None = None) -> None:
        named = os.environ.get("SMSWRAP_SANDBOX_DIR")
        self.directory = directory or (Path(named).absolute() if named else state.directory() / "sandbox")

    @property
    def command(self) -> tuple[str, ...]:
        """The words that start the stand-in `aliyun`. `-I -S` halves the start."""
        return (sys.executable, "-I", "-S", str(Path(__file__).with_name("standin.py")), "aliyun")

    def prepare(self) -> None:
        """Make what is missing: the launcher and a saved profile. Raises SetupError."""
        if os.pathsep in str(self.directory):
            message = (
                f"The sandbox {self.directory} cannot be used: its path holds a {os.pathsep!r}, which PATH splits."
            )
            raise SetupError(message, "Name another place with SMSWRAP_SANDBOX_DIR.")
        try:
            self._make()
        except SetupError as error:
            step = error.fault.next_step.replace("SMSWRAP_STATE_DIR", "SMSWRAP_SANDBOX_DIR")
            raise SetupError(error.fault.message, step) from error
        except OSError as error:
            message = f"The sandbox {self.directory} cannot be made: {error.strerror}."
            raise SetupError(message, "Name another place with SMSWRAP_SANDBOX_DIR.") from error

    def _make(self) -> None:
        if self.directory.parent == state.directory():
            disk.private_folder(self.directory.parent)  # whoever may write there puts another sandbox in its place
        disk.private_folder(self.directory)
        if not any(self.directory.iterdir()) or self._is_ours():
            _write(self.directory / MARK, "", 0o600)
        write_launcher(disk.private_folder(self.directory / "bin") / "aliyun")
        configuration = disk.private_folder(self.directory / "home" / ".aliyun") / "config.json"
        if not configuration.exists():
            _write(configuration, json.dumps({"current": "default", "profiles": [PROFILE]}), 0o600)

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """The environment for children: `base`, with the stand-ins in place of everything real."""
        own = {name: value for name, value in base.items() if not name.startswith(FOREIGN)}
        return {
            **own,
            "PATH": os.pathsep.join((str(self.directory / "bin"), base.get("PATH", os.defpath))),
            "HOME": str(self.directory / "home"),
            "SMSWRAP_SANDBOX_DIR": str(self.directory),
        }

    def reset(self) -> bool:
        """Forget everything; whether there was something. Raises SetupError if the folder is not a sandbox of ours."""
        if not self.directory.exists():
            return False
        if self.directory.is_symlink() or not self._is_ours():
            message = f"{self.directory} was not made by smswrap's sandbox, so nothing in it is deleted."
            raise SetupError(message, "Set SMSWRAP_SANDBOX_DIR to the sandbox, or delete that folder by hand.")
        shutil.rmtree(self.directory.resolve())
        return True

    def _is_ours(self) -> bool:
        if (self.directory / MARK).is_file():
            return True
        names = {path.name for path in self.directory.iterdir()}
        made = {name for name in names if name in LEGACY or name.endswith(LEGACY_ENDINGS)}
        return {"bin", "home"} <= names == made and (self.directory / "home" / ".aliyun").is_dir()

    def calls(self) -> Iterator[dict[str, Any]]:
        """The calls that the stand-in CLI received, oldest first: {time, argv, ai_mode, exit}."""
        ends: dict[int, int] = {}
        records = list(self._records("calls.jsonl"))
        for record in records:
            if record.get("event") == "end":
                ends[record["pid"]] = record["exit"]
        for record in records:
            if record.get("event") == "start":
                kept = {key: record[key] for key in ("time", "argv", "ai_mode")}
                yield {**kept, "exit": ends.get(record["pid"])}

    def _records(self, name: str) -> Iterator[dict[str, Any]]:
        path = self.directory / name
        if path.exists():
            with path.open(encoding="utf-8") as lines:
                yield from (json.loads(line) for line in lines if line.endswith("\n"))


def write_launcher(path: Path) -> None:
    """Write an executable `aliyun` that starts the stand-in; leave one that is right as it is.

    A shell line, since a `#!` line may be no longer than 127 characters on older kernels.
    """
    text = f'#!/bin/sh\nexec {shlex.join(Sandbox(path.parent.parent).command)} "$@"\n'
    if path.exists() and path.read_text("utf-8") == text:
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    _write(draft, text, 0o700)
    draft.replace(path)


def _write(path: Path, text: str, mode: int) -> None:
    with os.fdopen(disk.private_file(path), "w", encoding="utf-8") as file:
        file.truncate()
        os.fchmod(file.fileno(), mode)
        file.write(text)
