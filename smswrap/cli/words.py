"""Text by the columns that it takes on a screen, where a Chinese character takes two."""

from __future__ import annotations

import re

from smswrap.messages import width

_WORDS = re.compile(r"[\u2e80-\u9fff\uff00-\uffef]|[^\s\u2e80-\u9fff\uff00-\uffef]+\s*|\s+")


def padded(text: str, columns: int) -> str:
    """The text, filled with blanks up to that many columns."""
    return text + " " * (columns - width(text))


def wrapped(text: str, columns: int | None, less: int = 0) -> list[str]:
    """The lines of a text in so many columns less some, broken between words or Chinese characters, never in a word."""
    if columns is None:
        return [text]
    lines = [""]
    for word in _WORDS.findall(text):
        if lines[-1] and width(lines[-1]) + width(word.rstrip()) > columns - less and not _must_stay(word):
            lines.append("")
        lines[-1] += word
    return [line.rstrip() for line in lines]


def _must_stay(word: str) -> bool:
    """No line begins with the mark that ends a sentence."""
    return word in "。，；：！？）、”"  # noqa: RUF001  Chinese punctuation
