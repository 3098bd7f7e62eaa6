"""What a command has said so far; it is written in one go, so that a rule can hold it back."""

from __future__ import annotations

import os
import sys

RED = "\033[1;31m"
YELLOW = "\033[1;33m"
OFF = "\033[0m"


def paint(colour: str, text: str) -> str:
    """`text` in colour, as the real CLI does it: also into a pipe, unless NO_COLOR is exactly 1 or true."""
    return text if os.environ.get("NO_COLOR") in ("1", "true") else f"{colour}{text}{OFF}"


class Console:
    """Text for stdout and stderr, held until `flush`."""

    def __init__(self) -> None:
        self._held: list[tuple[int, str]] = []

    def out(self, text: str) -> None:
        """Say something on stdout."""
        self._held.append((1, text))

    def err(self, text: str) -> None:
        """Say something on stderr."""
        self._held.append((2, text))

    def fail(self, why: str) -> None:
        """Say in red why the command failed; the line's end is inside the colour."""
        self.err(paint(RED, f"ERROR: {why}\n"))

    def flush(self) -> None:
        """Write what was held; UTF-8 whatever the locale, as Go does."""
        for stream, text in self._held:
            buffer = (sys.stdout if stream == 1 else sys.stderr).buffer
            buffer.write(text.encode(errors="replace"))
            buffer.flush()
        self._held.clear()
