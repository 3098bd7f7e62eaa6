"""Where smswrap keeps what it must remember: the user's state directory, or SMSWRAP_STATE_DIR."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from smswrap.disk import private_folder, read_regular, replacing
from smswrap.errors import SetupError


def directory() -> Path:
    """The state directory; it need not exist yet. Raises SetupError where there is no home."""
    try:
        return _directory()
    except RuntimeError as error:
        raise SetupError("This user has no home directory.", "Set HOME to a folder of yours.", code="state") from error


def _directory() -> Path:
    named = os.environ.get("SMSWRAP_STATE_DIR")
    if named:
        return Path(named).expanduser().absolute()
    if sys.platform != "linux":
        # volc_sms.py starts the sandbox with a bare interpreter, which has no platformdirs.
        with contextlib.suppress(ImportError):
            from platformdirs import user_state_path

            return user_state_path("smswrap", appauthor=False)
    # Where platformdirs points to on Linux; it takes 3 ms to load.
    return Path(os.environ.get("XDG_STATE_HOME", "").strip() or "~/.local/state").expanduser() / "smswrap"


def moved_by() -> str | None:
    """The variable that leads to another state directory than the user's one and only; None if none does."""
    usual = Path("~/.local/state/smswrap").expanduser()
    given = (name for name in ("SMSWRAP_STATE_DIR", "XDG_STATE_HOME") if os.environ.get(name))
    return next(given, None) if directory() != usual else None


def remembered(name: str) -> dict[str, Any]:
    """What was remembered under the name; nothing if that cannot be read, since all of it can be found out again."""
    try:
        found = json.loads(read_regular(directory() / name))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def remember(name: str, facts: dict[str, Any]) -> None:
    """Keep facts under the name, whole or not at all; not being able to is no failure."""
    with (
        contextlib.suppress(OSError, SetupError),
        replacing(private_folder(directory()) / name, encoding="utf-8") as file,
    ):
        json.dump(facts, file)
