"""How a command of the stand-in ends when it fails."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE = 2
CONFIGURATION = 3


class CliError(Exception):
    """The CLI itself fails: `ERROR: <why>` in red, a tip below, near misses of a misspelt word on stdout."""

    def __init__(self, why: str, code: int = 1, tip: str = "", suggestions: Sequence[str] = ()) -> None:
        super().__init__(why)
        self.code = code
        self.tip = tip
        self.suggestions = suggestions


class PluginError(Exception):
    """The plugin, a program of its own, fails: its text stands on stderr as it is, exit code 1."""


class RefusalError(Exception):
    """The API answers HTTP 200 with a `Code` other than OK: JSON on stdout, exit code 0."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = message


def not_a_command(word: str) -> CliError:
    """The failure for a word that nothing expects."""
    return CliError(f"'{word}' is not a valid command", USAGE)
