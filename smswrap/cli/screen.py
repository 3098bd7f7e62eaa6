"""What a terminal can do: width, colours, cursor; and text by the columns it takes there. Only colours load rich."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from smswrap import process
from smswrap.messages import width
from smswrap.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

GOOD, BAD, OPEN, HEADING = "green", "red", "magenta", "bold"
"""Colours that can be read on light and on dark: no yellow, no white, nothing bright or dim."""

STYLES: Mapping[str, str] = {
    **dict.fromkeys(("accepted", "delivered", "approved", "registered", "ok"), GOOD),
    **dict.fromkeys(("refused", "failed", "rejected", "error:"), BAD),
    **dict.fromkeys(("unknown", "not_sent", "in_flight", "reviewing", "cancelled", "warning", "warning:"), OPEN),
    "hint:": HEADING,
}
"""How a word for a state, an outcome or a kind of talk is drawn."""


_WIDE = "\u2e80-\u9fff\uff00-\uffef"
_WORDS = pattern(rf"(?:[{_WIDE}]|[^\s{_WIDE}]+)[。，；：！？）、”]*\s*|\s+")  # noqa: RUF001  Chinese punctuation
"""A Chinese character or a word, with the marks that may not begin a line."""


class Screen(NamedTuple):
    """Where something is drawn: `width` in columns, None where it may be of any."""

    width: int | None = None
    colour: bool = False
    height: int = 24

    @classmethod
    def of(cls, stream: int) -> Screen:
        """What stands behind stdout (1) or stderr (2)."""
        if not process.is_terminal(stream):
            return cls()
        import shutil

        size = shutil.get_terminal_size()
        return cls(max(size.columns, 20), has_colour(stream), size.lines)

    def styled(self, text: str, style: str | None) -> str:
        """The text in that style, where there are colours."""
        if not (style and self.colour and text):
            return text
        from rich.style import Style

        return Style.parse(style).render(text)


def has_cursor(stream: int) -> bool:
    """Whether a line can be drawn over."""
    return process.is_terminal(stream) and os.environ.get("TERM") not in {None, "", "dumb", "unknown"}


def has_colour(stream: int) -> bool:
    """Whether colours are wanted (https://no-color.org) and seen."""
    return has_cursor(stream) and not os.environ.get("NO_COLOR")


def padded(text: str, columns: int) -> str:
    """The text, filled with blanks up to that many columns."""
    return text + " " * (columns - width(text))


def wrapped(text: str, columns: int | None, less: int = 0) -> list[str]:
    """The lines of a text in so many columns less some, broken between words or Chinese characters, never in a word."""
    if columns is None:
        return [text]
    lines = [""]
    for word in _WORDS.findall(text):
        if lines[-1] and width(lines[-1]) + width(word.rstrip()) > columns - less:
            lines.append("")
        lines[-1] += word
    return [line.rstrip() for line in lines]
