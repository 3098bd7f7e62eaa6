"""Where smswrap keeps what it must remember: the user's state directory, or SMSWRAP_STATE_DIR."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from smswrap.disk import private_folder, replacing
from smswrap.errors import SetupError


def directory() -> Path:
    """The state directory; it need not exist yet."""
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


def remembered(name: str) -> dict[str, Any]:
    """What was remembered under the name; nothing if that cannot be read, since all of it can be found out again."""
    try:
        found = json.loads((directory() / name).read_bytes())
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
