"""Reads a provider's JSON, of which nothing is sure: what is missing or of another type is None, and never an error.

Which key a record's field is read from says `fields.tsv` beside a provider's `normalise.py`, a row each. `a.b` is the
key b inside of a, `a|b` the first of them that is there.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smswrap.providers.tables import rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smswrap.providers.base import Body

    Reader = Callable[[object], object]
    """A value of a provider's as one of ours."""


def field_reader(module: str, readers: Mapping[str, Reader]) -> Callable[[str, Body], Any]:
    """Gives the function that reads the fields of a thing (`sign`) from a provider's object; `module` is `__file__`.

    A row's `reader` is one of `readers`, or a kind of word, which `words.tsv` turns into ours.
    """
    folder = Path(module).parent
    known = {**readers, **word_readers(folder)}
    things: dict[str, list[tuple[str, str, Reader]]] = defaultdict(list)
    for row in rows(folder / "fields.tsv"):
        things[row["thing"]].append((row["field"], row["key"], known[row["reader"]]))

    def read(thing: str, item: Body) -> Mapping[str, object]:
        return {field: reader(_value(item, key)) for field, key, reader in things[thing]}

    return read


def word_readers(folder: Path) -> Mapping[str, Reader]:
    """The reader of each kind of word: int in one operation, str in another; what nobody documented stays as it is."""
    kinds: dict[str, dict[str | None, str]] = defaultdict(dict)
    for row in rows(folder / "words.tsv"):
        kinds[row["kind"]][row["word"]] = row["ours"]
    return {kind: partial(_word, words) for kind, words in kinds.items()}


def _word(words: Mapping[str | None, str], value: object) -> str | None:
    return words.get(text(value), text(value))


def _value(item: Body, key: str) -> object:
    outer, dot, inner = key.partition(".")
    found = next((item[name] for name in outer.split("|") if item.get(name) not in (None, "")), None)
    return _value(as_object(found), inner) if dot else found


def text(value: object) -> str | None:
    """A text that is not empty; an id may come as a number."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def number(value: object) -> int | None:
    """A whole number, of 18 digits at most."""
    digits = str(value)
    return int(digits) if re.fullmatch(r"[0-9]{1,18}", digits) else None


def count(value: object) -> int:
    """A whole number; 0 where none is told."""
    return number(value) or 0


def boolean(value: object) -> bool | None:
    """True or false, as such or as text."""
    return {"true": True, "false": False}.get(str(value).lower())


def as_object(value: object) -> Body:
    """The object; an empty one if it is none."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Body]:
    """The objects of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def rate(part: int | None, whole: int | None) -> float | None:
    """0..1, or None for a division by zero or by what is not told."""
    return round(part / whole, 4) if part is not None and whole else None
