"""Where smswrap keeps what it must remember: the user's state directory, or SMSWRAP_STATE_DIR."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any


def directory() -> Path:
    """The state directory; it need not exist yet."""
    named = os.environ.get("SMSWRAP_STATE_DIR")
    if named:
        return Path(named).expanduser().absolute()
    from platformdirs import user_state_path

    return user_state_path("smswrap", appauthor=False)


def remembered(name: str) -> dict[str, Any]:
    """What was remembered under the name; nothing if that cannot be read, since all of it can be found out again."""
    try:
        found = json.loads((directory() / name).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def remember(name: str, facts: dict[str, Any]) -> None:
    """Keep facts under the name, whole or not at all; not being able to is no failure."""
    with contextlib.suppress(OSError):
        directory().mkdir(mode=0o700, parents=True, exist_ok=True)
        import tempfile

        number, draft = tempfile.mkstemp(dir=directory(), prefix=f".{name}.")
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                json.dump(facts, file)
            Path(draft).replace(directory() / name)
        except OSError:
            Path(draft).unlink()
