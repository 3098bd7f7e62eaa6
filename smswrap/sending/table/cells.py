"""Single cells: what is taken off around their text, and how they are written so that no program runs them."""

from __future__ import annotations

import re
from shlex import quote

from smswrap.errors import InputError, Problem
from smswrap.patterns import pattern
from smswrap.providers.parameters import LONGEST_SHOWN
from smswrap.sending.spellings import INVISIBLE

OPTION = "--file"

_FORMULA_TEXT = pattern(r'="([^"]*)"')
_QUOTED_DIGITS = pattern(r"'(\s*[+\-(]?\d[\d\s+()./-]*)")
_LIVE = pattern(r"[\s\x00-\x1f\u200b-\u200f\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n]")
_NUMBER = pattern(r"[+-]?\d+(?:\.\d+)?", re.ASCII)


class Spoilt(str):
    """A cell of which it is not certain what it shows: why, and what to do; the text is what the file holds."""

    __slots__ = ("next_step", "rule")

    def __new__(cls, text: str, rule: str, next_step: str) -> Spoilt:  # noqa: PYI034  no subclass
        """Mark a text."""
        made = super().__new__(cls, text or "…")
        made.rule = rule
        made.next_step = next_step
        return made

    rule: str
    next_step: str


def clean(text: str) -> str:
    """Give a cell without invisible characters and surrounding blanks."""
    if type(text) is not str:
        return text
    return (text if text.isascii() else INVISIBLE.sub("", text)).strip()


def clean_text(text: str) -> str:
    """Clean a cell of a text file, where spreadsheets' `="007"` and `'007` stand for 007."""
    plain = clean(text)
    if plain[:1] == "=":
        wrapped = _FORMULA_TEXT.fullmatch(plain)
        return wrapped[1].strip() if wrapped else plain
    if plain[:1] == "'":
        quoted = _QUOTED_DIGITS.fullmatch(plain)
        return quoted[1].strip() if quoted else plain
    return plain


def neutral(text: str) -> str:
    """Keep a spreadsheet from running a cell as a formula, which is one from `=`, `+`, `-`, `@` or a tab on."""
    return f"'{text}" if _LIVE.match(text) and not _NUMBER.fullmatch(text) else text


def letter(column: int) -> str:
    """A column's name in a spreadsheet: 0 is A."""
    rest, last = divmod(column, 26)
    return (letter(rest - 1) if rest else "") + chr(ord("A") + last)


def printable(text: str) -> str:
    """Give a file's name as it can be written."""
    return text.encode("utf-8", "backslashreplace").decode()


def shell_word(text: str) -> str:
    """Give a word as it can be pasted into a shell: quoted only where it must be, unlike shlex.quote's Chinese."""
    return text if re.fullmatch(r"[\w=,.:/@%+-]+", text) else quote(text)


def file_error(source: str, rule: str, next_step: str = "", row: int | None = None) -> InputError:
    """The error of a file that cannot be read, or not at this row."""
    return InputError([Problem(OPTION, printable(source), rule[: 10 * LONGEST_SHOWN], next_step, row)])
