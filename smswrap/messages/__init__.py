"""What is said in the language of whoever reads: the program's sentences are English, `zh.tsv` has a row for each.

The translating happens where something is rendered, so that nobody else knows of languages: a finished sentence is
laid beside the rows, whose `{0}` or `{name}` stand for what was filled in. A row that begins with a small letter is the
end of a sentence ("is not a phone number"). What no row fits stays as it is.
"""

from __future__ import annotations

import os
import re
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from smswrap.patterns import pattern

VARIABLES = ("SMSWRAP_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
"""What says which language, the first one that is not empty."""

PROSE_KEYS = frozenset({"meaning", "next_step", "rule", "detail", "verdict"})
"""Keys of an answer whose values are sentences of ours."""

WRITTEN_BY_PEOPLE = frozenset({"parameters"})

_FIELD = pattern(r"\{(\w+)(?:!r)?(?::[^{}]*)?\}")
FEWEST = 3
"""Letters of its own that a row with fields needs."""

_COLOURS = pattern(r"(\x1b\[[0-9;]*m)")
_COLOURED = pattern(r"(?<=[。；：！？])(\x1b\[0m) +(?=\S)")  # noqa: RUF001  Chinese punctuation
_COLUMNS = pattern(r"(.*?)(\s{2,}|$)(.*)", re.DOTALL)
_PIECES = pattern(r"(?<=[.;:!?…。])(\s+)")
_ANY, _IN_A_SENTENCE = "(.*?)", "((?:(?![.;?!] ).)*?)"
_NOTHING, _HEAD = "()", "((?:'[^']*'|(?![.;?!] ).)*) "
"""What precedes the end of a sentence, where that is in the row: no sentence, but in quotes there may be anything."""

_NAME = pattern(r"\{(\w+)(?:!r)?(?::[^{}]*)?\}(?=[=}])")
"""A field in which a name stands, as in `${name}` or `--var name=…`, which is the same in every language."""

_MARKS = {".": "。", ";": "；", ":": "："}  # noqa: RUF001  Chinese punctuation
_FULL = pattern(r"(?<=[。；：！？]) +")  # noqa: RUF001  Chinese punctuation


def is_chinese() -> bool:
    """Whether the environment asks for Chinese."""
    return next((os.environ[name] for name in VARIABLES if os.environ.get(name)), "").startswith("zh")


def said(text: str) -> str:
    """The text in the reader's language."""
    return "\n".join(map(_line, text.split("\n"))) if text and is_chinese() else text


def spoken(data: Any) -> Any:  # noqa: ANN401  JSON
    """Data with its sentences in the reader's language; keys, codes and what a person wrote as they are."""
    if isinstance(data, list):
        return [*map(spoken, data)]
    if not isinstance(data, dict) or not is_chinese():
        return data
    return {
        key: said(value) if key in PROSE_KEYS and isinstance(value, str) else _below(key, value)
        for key, value in data.items()
    }


def _below(key: str, value: Any) -> Any:  # noqa: ANN401  JSON
    return value if key in WRITTEN_BY_PEOPLE else spoken(value)


def _line(text: str) -> str:
    """A line, whose columns stand apart by two blanks or more, and which may be coloured."""
    if "\x1b" in text:
        line = "".join(part if part[:1] == "\x1b" else _line(part) for part in _COLOURS.split(text))
        return _COLOURED.sub(r"\1", line)
    line = text.strip()
    if line != text:
        before, after = text.split(line, 1) if line else (text, "")
        return before + (_line(line) if line else "") + after
    head, gap, rest = _COLUMNS.match(line).groups()  # type: ignore[union-attr]  # fits any
    if not rest:
        return _sentences(line)
    shown = _sentences(head)
    blanks = 2 if rest.startswith("[") else max(2, len(gap) + width(head) - width(shown))  # click's [default: …]
    return f"{shown}{' ' * blanks}{_line(rest)}"


def width(text: str) -> int:
    """Columns of a terminal that the text takes."""
    from unicodedata import east_asian_width

    return sum(1 + (east_asian_width(char) in "WF") for char in text)


def _sentences(text: str) -> str:
    """The longest runs of sentences that a row fits, from the left."""
    pieces = _PIECES.split(text)
    done: list[str] = []
    while pieces:
        count, found = _longest(pieces)
        done += [found, *pieces[count : count + 1]]
        pieces = pieces[count + 1 :]
    return _FULL.sub("", "".join(done))


def _longest(pieces: list[str]) -> tuple[int, str]:
    """How many of the pieces make the longest text that a row fits, rather without a sentence in a field."""
    for field in (_IN_A_SENTENCE, _ANY):
        for count in range(len(pieces), 0, -2):
            if (found := _fitting("".join(pieces[:count]), field)) is not None:
                return count, found
    return 1, pieces[0]


@cache
def _fitting(text: str, field: str) -> str | None:
    """What the row says that fits the whole text, or all but its last mark; the one with the most words of its own."""
    mark = text[-1:] if text[-1:] in _MARKS else ""
    bare = text.removesuffix(mark)
    for whole, end in ((text, ""), (bare, _MARKS.get(mark, ""))):
        if whole in _rows():
            return _rows()[whole] + end
    for (english, literals), before in product(_shapes(), (_NOTHING, _HEAD)):
        whole = text if english[-1] in _MARKS else bare
        if all(literal in whole for literal in literals) and (
            fits := _pattern(english, before, field).fullmatch(whole)
        ):
            head, *values = fits.groups()
            names, told = _FIELD.findall(english), _NAME.findall(english)
            fields = [value if name in told else said(value) for name, value in zip(names, values, strict=True)]
            end = "" if whole is text else _MARKS[mark]
            if end and english[-1] == "}" and (sentence := said(values[-1] + mark)) != fields[-1] + mark:
                fields[-1], end = sentence, ""  # a sentence of its own, which has its mark
            chinese = _filled(_rows()[english], dict(zip(names, fields, strict=True)))
            return f"{said(head)} {chinese}".lstrip() + end
    return None


def _filled(chinese: str, fields: dict[str, str]) -> str:
    return _FIELD.sub(lambda found: fields[found[1]], chinese)


@cache
def _rows() -> dict[str, str]:
    lines = Path(__file__).with_name("zh.tsv").read_text("utf-8").splitlines()[1:]
    return dict(line.split("\t") for line in lines)


@cache
def _shapes() -> list[tuple[str, list[str]]]:
    """The rows that fit more than one text, each with what is to be found in it; most words first."""
    rows = [row for row in _rows() if (is_telling(row) if _FIELD.search(row) else row[0].islower())]
    rows.sort(key=lambda row: -len(_FIELD.sub("", row)))
    return [(row, [part for part in _FIELD.split(row)[::2] if part]) for row in rows]


def is_telling(row: str) -> bool:
    """Whether enough of it is its own that a text that fits is surely meant; others are formats, translated as such."""
    return sum(char.isalpha() for char in _FIELD.sub("", row)) >= FEWEST


@cache
def _pattern(english: str, before: str, field: str) -> re.Pattern[str]:
    """What precedes the end of a sentence, then the fields."""
    parts = [re.escape(part) for part in _FIELD.split(english)[::2]]
    is_end = english[0].islower() and " " in english
    return re.compile((before if is_end else _NOTHING) + field.join(parts), re.DOTALL)
