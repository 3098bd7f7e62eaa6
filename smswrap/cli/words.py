"""Text by the columns that it takes on a screen, where a Chinese character takes two."""

from __future__ import annotations

from smswrap.messages import width
from smswrap.patterns import pattern

_WIDE = "\u2e80-\u9fff\uff00-\uffef"
_WORDS = pattern(rf"(?:[{_WIDE}]|[^\s{_WIDE}]+)[。，；：！？）、”]*\s*|\s+")  # noqa: RUF001  Chinese punctuation
"""A Chinese character or a word, with the marks that may not begin a line."""


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
