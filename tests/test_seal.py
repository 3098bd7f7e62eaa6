"""The seal that all tests rely on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import StandIn


def test_home_and_state_are_temporary_directories(tmp_path: Path) -> None:
    assert Path.home() == tmp_path / "home"
    assert os.environ["SMSWRAP_STATE_DIR"].startswith(str(tmp_path))


def test_the_only_aliyun_on_path_is_the_stand_in(bare_standin: StandIn) -> None:
    assert shutil.which("aliyun") == str(bare_standin.launcher)
