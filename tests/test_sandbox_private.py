"""What the sandbox makes is its owner's only."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from smswrap.errors import SetupError
from smswrap.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable
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


def as_a_file(path: Path) -> None:
    path.touch()


def open_to_others(path: Path) -> None:
    path.mkdir()
    path.chmod(0o777)


def below_a_file(path: Path) -> None:
    path.parent.rmdir()
    path.parent.touch()


@pytest.mark.parametrize(
    ("spoil", "way_out"),
    [(as_a_file, "name a place of your own"), (open_to_others, "chmod go-w"), (below_a_file, "SMSWRAP_SANDBOX_DIR")],
)
def test_a_place_that_is_not_ours_alone_is_refused_with_the_way_out(
    tmp_path: Path, spoil: Callable[[Path], None], way_out: str
) -> None:
    place = tmp_path / "above" / "box"
    place.parent.mkdir()
    spoil(place)
    with pytest.raises(SetupError) as caught:
        Sandbox(place).prepare()
    assert str(place) in caught.value.fault.message
    assert way_out in caught.value.fault.next_step
    assert "SMSWRAP_STATE_DIR" not in caught.value.fault.next_step
