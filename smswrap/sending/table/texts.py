"""Text files: CSV with any usual delimiter, and JSON lines."""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, TextIO

from smswrap.errors import InputError
from smswrap.sending.table.cells import clean, clean_text, file_error
from smswrap.sending.table.encodings import LONGEST_LINE, find_encoding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smswrap.sending.table.rows import Record

_SEPARATOR_LINE = re.compile(r'\ufeff?"?sep=(.)"?\s*', re.IGNORECASE)
_CELLS_SHOWN = 20
MOST_COLUMNS = 16_384
"""Columns of any sheet."""


class Text:
    """The lines of a file whose encoding has been checked to its end."""

    def __init__(
        self,
        name: str,
        read: Callable[[], BinaryIO],
        check_unchanged: Callable[[], None],
        head: bytes,
        encoding: str | None = None,
    ) -> None:
        self.name = name
        self._read = read
        self._check_unchanged = check_unchanged
        self.encoding = find_encoding(name, read, head, encoding)
        first = next(self.lines(), "")
        found = _SEPARATOR_LINE.fullmatch(first)
        self.separator = found[1] if found else None

    def lines(self) -> Iterator[str]:
        """Read the lines, at each call anew. Raises InputError if the file is changed meanwhile."""
        with self.opened() as text:
            yield from text

    @contextmanager
    def opened(self) -> Iterator[TextIO]:
        """Open the text, whose lines are known to be short enough, for a reader that is quicker than ours."""
        self._check_unchanged()
        with io.TextIOWrapper(self._read(), self.encoding.name, newline="") as text:
            try:
                yield text
            except UnicodeDecodeError:
                self._check_unchanged()
                raise
        self._check_unchanged()

    def begins_with(self, character: str) -> bool:
        """Whether the first character that is not blank is this one."""
        first = next((line for line in map(clean, self.lines()) if line), "")
        return first.startswith(character)


def guess_delimiter(text: Text) -> str:
    """Give the delimiter that cuts the first rows alike; a `sep=;` line says it itself."""
    if text.separator is not None:
        return text.separator
    order = "\t,;|" if text.name.lower().endswith(".tsv") else ",;\t|"
    return max(order, key=partial(_rate_delimiter, text))


def _rate_delimiter(text: Text, delimiter: str) -> tuple[float, int]:
    """Rate by how many of the first rows are as wide as most of them, which must be wider than 1, and by that width.

    Title rows above the header are narrow, and shall not decide.
    """
    widths: list[int] = []
    with suppress(InputError):  # what stands before a fault counts; the reading itself will tell of it
        rows = (cells for _, cells in islice(csv_records(text, delimiter), _CELLS_SHOWN))
        widths.extend(len(cells) for cells in rows if any(map(clean_text, cells)))
    wide = [width for width in widths if width > 1]
    if not wide:
        return 0.0, 0
    usual = max(set(wide), key=lambda width: (wide.count(width), width == wide[0]))
    return wide.count(usual) / len(widths), usual


def csv_records(text: Text, delimiter: str) -> Iterator[Record]:
    """Read the rows of a CSV; a row's number counts rows, not lines. Raises InputError where it is not valid."""
    csv.field_size_limit(LONGEST_LINE)
    with text.opened() as lines:
        skipped = number = 0 if text.separator is None else len([next(lines, "")])
        # Strict, because otherwise a quote that nobody closed swallows all rows after it without a word.
        reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
        try:
            for number, cells in enumerate(reader, skipped + 1):
                yield number, cells if len(cells) <= MOST_COLUMNS else _cut(text.name, number, cells)
        except csv.Error as error:
            step = "Look for a quotation mark that is not closed; inside a quoted cell, write it twice."
            raise file_error(text.name, f"is not valid CSV: {error}", step, number + 1) from None


def _cut(name: str, row: int, cells: list[str]) -> list[str]:
    """Take off the empty cells behind the last column of any sheet. Raises InputError if they are not empty."""
    if any(map(str.strip, cells[MOST_COLUMNS:])):
        rule = f"has {len(cells)} columns; at most {MOST_COLUMNS} are read"
        raise file_error(name, rule, "Delete the surplus.", row)
    return cells[:MOST_COLUMNS]


def json_records(text: Text) -> Iterator[Record]:
    """Read objects, one a line; the first one's names are the header. Raises InputError at a line that is none."""
    names: list[str] = []
    for number, line in enumerate(text.lines(), 1):
        if not line.strip():
            continue
        fields = _parse_line(text.name, number, line)
        if not names:
            names = list(fields)
            if not any(names):
                raise file_error(text.name, "names no fields in its first line", 'Write {"phone":"…"} lines.', number)
            yield 0, names
        unknown = [name for name in fields if name not in names]
        yield number, [*(fields.get(name, "") for name in names), *unknown]


def _parse_line(name: str, number: int, line: str) -> dict[str, str]:
    try:
        # Numbers stay as they are spelt: 007 and 1.50 are texts to whoever gets the message.
        found = json.loads(line, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_fields)
        if isinstance(found, dict):
            return found
        reason: object = "it is not an object"
    except RecursionError:
        reason = "it is nested too deeply"
    except ValueError as error:
        reason = error
    raise file_error(name, f"has a line that is not a JSON object of texts: {reason}", "Correct the line.", number)


def _fields(pairs: list[tuple[str, object]]) -> dict[str, str]:
    fields = {clean(name): _scalar(value) for name, value in pairs}
    if len(fields) < len(pairs):
        raise ValueError("a name stands twice in it")
    return fields


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    raise ValueError("a value is an object or an array")
