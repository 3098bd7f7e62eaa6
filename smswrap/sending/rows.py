"""Rows of a table of recipients -> messages, and everything that is wrong with them."""

from __future__ import annotations

import csv
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from smswrap import process
from smswrap.errors import InputError, Problem
from smswrap.providers.base import Message
from smswrap.providers.parameters import LONGEST_TEXT, check_text, shorten
from smswrap.sending.message import check_parameters
from smswrap.sending.recipients import MAINLAND, SAMPLE_NUMBERS, read_recipient

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from types import TracebackType

OPTION, MAP, ERRORS_FILE = "--file", "--map", "--errors-file"
SHOWN_ROWS = 20
"""Problems of each kind that are kept for showing."""

Record = tuple[int, "Sequence[str]"]
"""A row's number and its raw cells; the first record with any text in it is the header."""

TARGETS = {
    "phone": frozenset({"phone", "mobile", "phone_number", "phone_numbers", "mobiles", "手机号", "手机", "电话"}),
    "sign": frozenset({"sign", "sign_name", "签名"}),
    "extend_code": frozenset({"extend_code"}),
}
"""What a column can be, other than a variable of the template, and the headers that say so by themselves."""

SPREADSHEET_ERRORS = frozenset({"#N/A", "#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!"})

_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufeff]+")
_FORMULA_TEXT = re.compile(r'="([^"]*)"')
_FINE = re.compile(rf"[^\x00-\x1f\x7f\ud800-\udfff]{{1,{LONGEST_TEXT}}}")
_PAIR = re.compile(r"((?:\\[\\,=]|[^,\\]|\\)*?)(,|$)")


class Row(NamedTuple):
    """One row: its number as a person sees it (the header is row 1), a value for each header, and whether it has more.

    In JSON lines the number is the line's, and `extra` says that the line has a field that the first one has not.
    """

    number: int
    values: tuple[str, ...]
    extra: bool = False


class Table:
    """The headers and rows of a file; a header is empty where a whole column is."""

    def __init__(self, source: str, records: Callable[[], Iterator[Record]]) -> None:
        self.source = source
        self._records = records
        filled = ((number, cells) for number, cells in records() if any(map(clean, cells)))
        self._header_number, cells = next(filled, (0, ()))
        self.headers = _read_headers(source, cells)
        if next(self.rows(), None) is None:
            raise file_error(source, "has a header and no rows", "Put the recipients below its header.")

    def rows(self) -> Iterator[Row]:
        """Read the rows from the first to the last, at each call anew; wholly empty ones are left out.

        Raises InputError where the file cannot be read further. Asks for no signal: a caller may want to read on.
        """
        width = len(self.headers)
        unnamed = [column for column, header in enumerate(self.headers) if not header]
        padding = ("",) * width
        for number, cells in self._records():
            values = tuple(map(clean, cells))
            if number <= self._header_number or not any(values):
                continue
            extra = len(values) > width and any(values[width:])
            if len(values) != width:
                values = (values + padding)[:width]
            if unnamed:
                _refuse_unnamed(self.source, Row(number, values), unnamed)
            yield Row(number, values, extra)


@dataclass(frozen=True)
class ColumnMap:
    """Which column is what; `variables` pairs each variable of the template with its column."""

    headers: tuple[str, ...]
    phone: int
    sign: int | None = None
    extend_code: int | None = None
    variables: tuple[tuple[str, int], ...] = ()


def clean(text: str) -> str:
    """Give a cell without invisible characters, surrounding blanks, and what spreadsheets put around digits."""
    plain = (text if text.isascii() else _INVISIBLE.sub("", text)).strip()
    return _unwrap(plain) if plain[:1] in {"'", "="} else plain


def parse_map(text: str | None, headers: Sequence[str], variables: Collection[str] | None = None) -> ColumnMap:
    r"""Give the columns by `--map target=header,…` (`\,` and `\=` stand for themselves), the rest by their headers.

    A target is phone, sign, extend_code or a variable of the template (`${phone}` for one of such a name); `variables`
    are the template's, where they are known. Raises InputError with everything that is wrong.
    """
    columns = {header.casefold(): column for column, header in enumerate(headers) if header}
    targets, problems = _read_pairs(text, columns) if text is not None else ({}, [])
    for target, names in TARGETS.items():
        fitting = [column for name, column in columns.items() if name in names and target not in targets]
        if len(fitting) > 1:
            named = ", ".join(headers[column] for column in fitting)
            problems.append(Problem(MAP, "", f"must say which column is the {target}: {named}", f"Add {target}=…"))
        targets |= dict.fromkeys([target], fitting[0]) if fitting else {}
    if "phone" not in targets:
        step = f"Add {MAP} phone=… with one of the headers: {', '.join(filter(None, headers))}."
        problems.append(Problem(MAP, "", "must say which column holds the phone numbers", step))
    taken = {targets[target] for target in TARGETS if target in targets}
    wanted = variables if variables is not None or text is not None else headers
    for column, header in enumerate(headers):
        if header and column not in taken and header in (wanted or ()):
            targets.setdefault(f"${{{header}}}", column)
    found = {key[2:-1]: column for key, column in targets.items() if key not in TARGETS}
    problems += check_parameters(dict.fromkeys(found, "-"), field=MAP)
    if problems:
        raise InputError(problems)
    fixed = {target: targets.get(target) for target in ("sign", "extend_code")}
    return ColumnMap(targets["phone"], variables=tuple(found.items()), **fixed)
