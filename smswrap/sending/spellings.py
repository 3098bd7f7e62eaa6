"""How numbers are spelt: what stands around the digits is taken off, or named where it leaves a doubt."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from smswrap.patterns import pattern
from smswrap.providers.parameters import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable

JOINERS = "\u200c\u200d"
"""Invisible by themselves, but they shape what stands beside them: an emoji of several persons, Persian letters."""
_UNSEEN = "\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
INVISIBLE = pattern(f"[{_UNSEEN}]+")
"""Characters that nobody sees; address books and web pages put them around what is copied."""
_INVISIBLE_IN_NUMBERS = pattern(f"[{_UNSEEN}{JOINERS}]+")
_NARROW = {0x3000: " ", **{0xFF01 + offset: chr(0x21 + offset) for offset in range(94)}}
"""Full-width characters as Chinese keyboards give them, to ASCII."""

LONGEST = 64
"""Characters; no spelling of a number needs more."""

_SEPARATORS = pattern(r"[\s().\u2010-\u2015\u2212-]+")
_SCHEME = pattern(r"(?:tel|sms|smsto|callto):(?://)?", re.IGNORECASE)
_DECIMAL = pattern(r"((?:[^.,\d]*\d){7,})[.,]0+")
_NAME_BEHIND = pattern(r"(.*\d)\s*[(\[<{「【](?P<name>[^\d()+]*[^\W\d_][^\d()+]*)[)\]>}」】]")
_NAME_BEFORE = pattern(r"(?P<name>[^\d()+<]*[^\W\d_][^\d()+<]*)[(\[<{「【]([^()\[\]<>{}「」【】]*\d)[)\]>}」】]")
_WHOLE = pattern(r"[(\[<{「【\"'“]([^()\[\]<>{}「」【】\"'“”]*)[)\]>}」】\"'”]")
_SEVERAL = pattern(r"\s*(?::{2,}|[,;、/|\n])\s*")
_BLANKS = pattern(r"\s+(?=[+\d(])")
_MARKS = pattern(r"\s*:{2,}\s*|[,;、\n\uff0c\uff1b|]")
_SHORTEST = 8
"""Digits of the shortest mobile numbers; shorter pieces are groups of one."""
_COMMAS = "Separate numbers by commas."


class Spelling(NamedTuple):
    """The digits of a number, with the plus that stood before them, and what was seen in its spelling.

    `groups` are the lengths of the groups that it was written in; `bracket` says that one stood in front, which is
    an area code; `notice` tells what was taken off, if it was more than blanks and hyphens; `decimal`: a `.0` was.
    """

    digits: str
    groups: tuple[int, ...]
    bracket: bool
    notice: str = ""
    decimal: bool = False


class Misspelling(NamedTuple):
    """Why a text is not the spelling of one number, and what to do."""

    rule: str
    next_step: str = "Give digits, as 13812345678 or +85298765432."


_LETTERS = Misspelling("is not a phone number: letters stand beside its digits", "Give the digits alone.")
_AS_TEXT = "Format the column as text, and fill it again from where the numbers came."
_MISTAKEN = (
    (
        pattern(r"[\d.,]+[eE][+-]?\d+"),
        Misspelling("was turned into an exponent by a spreadsheet: its digits are lost", _AS_TEXT),
    ),
    (
        # One point with one or two digits behind it, or a last group of one digit: no number is grouped so.
        pattern(r"\+?\d{7,}[.,]\d+|[+\d\s()-]{7,}[.,]\d\d?|[+\d\s().,-]{7,}[.,]\d"),
        Misspelling("is a number with decimals, not a phone number"),
    ),
    (pattern(r"\d{1,3}(?:,\d{3}){2,}"), Misspelling("has thousands separators", _AS_TEXT)),
    (
        pattern(r".*\d\s*(?:;ext=|ext\.?|x|转|分机)\s*\d+", re.IGNORECASE),
        Misspelling("has an extension, as no mobile number does", "Give a mobile number."),
    ),
    (
        pattern(r"[\d+\s-]*[*•xX]{2,}[\d\s-]*"),
        Misspelling("is masked: some of its digits are hidden", "Give the whole number."),
    ),
)


def spell(text: str) -> Spelling | Misspelling:
    """Give the digits that a text spells, or what stands in the way."""
    if len(text) > LONGEST:
        return Misspelling("is not a phone number")
    plain = _INVISIBLE_IN_NUMBERS.sub("", text.translate(_NARROW)).strip()
    plain = plain[1:].lstrip() if plain[:1] == "'" else plain
    if not plain:
        return Misspelling("is empty")
    bare, notice = _without_surroundings(plain)
    if whole := _WHOLE.fullmatch(bare):
        bare = whole[1].strip()
    if decimal := _DECIMAL.fullmatch(bare):
        bare, notice = decimal[1], "ends in .0, as programs write whole numbers"
    if found := _refused(bare):
        return found
    digits = _SEPARATORS.sub("", bare)
    if not re.fullmatch(r"\+?[0-9]{3,20}", digits) or bare[-1] in "-.":
        return Misspelling("is not a phone number")
    groups = tuple(len(group) for group in re.findall(r"\d+", bare))
    bracket = bool(re.match(r"\((?!\s*(?:\+|00))", bare))
    return Spelling(digits, groups, bracket, notice, decimal=decimal is not None)


def split_numbers(text: str) -> list[str]:
    """Give the numbers of a list: a JSON array, or between commas, semicolons, `、`, `|`, ` ::: ` and line ends."""
    plain = text.strip()
    if plain[:1] == "[" and plain[-1:] == "]":
        try:
            elements = json.loads(plain, parse_int=str, parse_float=str)
        except (ValueError, RecursionError):
            elements = plain[1:-1].replace('"', "").replace("'", "").split(",")
        return [str(element) for element in elements]
    return _MARKS.split(text)


def _without_surroundings(plain: str) -> tuple[str, str]:
    """Take off a scheme and a name in brackets."""
    if scheme := _SCHEME.match(plain):
        return plain[scheme.end() :], ""
    if named := _NAME_BEHIND.fullmatch(plain):
        return named[1], f"stands beside {shorten(named['name'].strip())!r}, which was left out"
    if named := _NAME_BEFORE.fullmatch(plain):
        return named[2], f"stands beside {shorten(named['name'].strip())!r}, which was left out"
    return plain, ""


def _refused(plain: str) -> Misspelling | None:
    """Name what looks like a number and is something else."""
    for mistaken, misspelling in _MISTAKEN:
        if mistaken.fullmatch(plain):
            return misspelling
    for separator, between in ((_SEVERAL, ""), (_BLANKS, " with a blank between")):
        pieces = separator.split(plain)
        if _several(pieces):
            return Misspelling(f"holds {len(pieces)} numbers{between}", f"{_COMMAS} In a file, give each its row.")
    return _LETTERS if re.search(r"(?:\d[\s-]?){8}", plain) and re.search(r"[^\W\d_]", plain) else None


def _several(pieces: Iterable[str]) -> bool:
    lengths = [len(re.sub(r"\D", "", piece)) for piece in pieces]
    return len(lengths) > 1 and min(lengths) >= _SHORTEST
