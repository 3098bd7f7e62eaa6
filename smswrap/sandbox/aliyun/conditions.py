"""conditions.json: which version of the CLI is played, and in what weather."""

from __future__ import annotations

from . import files

PLUGIN_SYSTEM = (3, 3, 0)
AI_MODE = (3, 3, 3)
PROFILE_FATAL = (3, 3, 17)
READ_TIMEOUT_KEY = (3, 4, 8)
FLAG_HINTS = (3, 4, 9)


def version_of(text: str) -> tuple[int, ...]:
    """'3.4.11' as numbers that compare; what follows a hyphen is left out."""
    return tuple(int(part) for part in text.partition("-")[0].split("."))


class Conditions:
    """The conditions of one sandbox folder; seconds are floats."""

    def __init__(self, folder: str) -> None:
        given = files.read_object(f"{folder}/conditions.json")
        self.version = str(given.get("version", "3.4.11"))
        self.offline = bool(given.get("offline", False))
        self.plugin_update_available = bool(given.get("plugin_update_available", False))
        self.plugin_version = str(given.get("plugin_version", "0.3.2"))
        self.replace_seconds = float(given.get("replace_seconds", 0.1))
        self.receipt_seconds = float(given.get("receipt_seconds", 0))
        self.late_seconds = float(given.get("late_seconds", 3))

    def since(self, first: tuple[int, ...]) -> bool:
        """Whether the version played is `first` or newer."""
        return version_of(self.version) >= first
