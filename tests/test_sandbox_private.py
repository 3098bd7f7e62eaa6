"""What the sandbox makes is its owner's only."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from smswrap.sandbox import Sandbox

if TYPE_CHECKING:
    from pathlib import Path


def test_every_file_and_folder_is_private_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        sandbox = Sandbox(tmp_path / "box")
        sandbox.prepare()
        subprocess.run([*sandbox.command, "version"], check=True, env=sandbox.environment({}), capture_output=True)
    finally:
        os.umask(old)
    made = [sandbox.directory, *sandbox.directory.rglob("*")]
    assert (sandbox.directory / "calls.jsonl") in made
    assert {path: oct(path.stat().st_mode) for path in made if path.stat().st_mode & 0o077} == {}
