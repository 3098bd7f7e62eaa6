"""Rows of a table of recipients -> messages, and everything that is wrong with them."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import dropwhile
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from smswrap import signals
from smswrap.errors import InputError, Problem
from smswrap.model import Content, Message
from smswrap.providers.parameters import check_shape, check_text, shorten
from smswrap.record import dataclass
from smswrap.sending.message import check_parameters, tidy_sign
from smswrap.sending.oddities import STEP, find_oddity, suspicious
from smswrap.sending.recipients import (
    ASK,
    EXAMPLE_NUMBERS,
    MAINLAND,
    USUAL_MOBILE,
    Recipient,
    read_recipient,
    refusal_of_example,
)
from smswrap.sending.table.cells import OPTION, Spoilt, clean_text, file_error, letter
from smswrap.sending.table.headers import find_header, read_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from smswrap.sending.table.headers import ColumnMap
    from smswrap.sending.table.problems import Notices

Record = tuple[int, "Sequence[str]"]
"""A row's number and its raw cells."""

SPREADSHEET_ERRORS = frozenset(
    {"#N/A", "#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"}
)

_MORE = "\u4e00-\u9fff0-9A-Za-z"
_VALUE = rf"[0-9]{{1,20}}|[\u4e00-\u9fff](?:[{_MORE} .,:，。、：！（）()-]{{0,60}}[{_MORE}。！）)])?"  # noqa: RUF001  Chinese marks
_PLAIN = re.compile(f"(?:{_VALUE})(?:\n(?:{_VALUE}))*")
"""Lines of values that nothing can be wrong with, but for mojibake: digits, and texts that begin in Chinese."""
_SOUND = re.compile("[^\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff]{1,1000}")
"""Values that every provider can take; the others are looked at more closely."""
_CHECKPOINT = 1_000
"""Rows between two looks for a signal."""


class Row(NamedTuple):
    """One row: its number as a person sees it, a value for each header, and whether it has more.

    In JSON lines the number is the line's, and `extra` says that the line has a field that the first one has not.
    """

    number: int
    values: tuple[str, ...]
    extra: bool = False


class Table:
    """The headers and rows of a file; a header is empty where a whole column is. `notices` tell how it was read."""

    def __init__(
        self,
        source: str,
        records: Callable[[], Iterator[Record]],
        clean: Callable[[str], str] = clean_text,
        *,
        phone_header: str | None = None,
        notices: Sequence[Problem] = (),
    ) -> None:
        self.source = source
        self.clean = clean
        self.notices = list(notices)
        self._records = records
        self.header_number, cells, named = find_header(records(), phone_header) or (0, (), False)
        if named and self.header_number > 1:
            self.notices.append(Problem(OPTION, "", f"has its header in row {self.header_number}"))
        self.headers = read_headers(source, cells)
        self._unnamed = [column for column, header in enumerate(self.headers) if not header]
        self.is_plain = not self._unnamed
        self.may_be_spoilt = clean is not clean_text
        if next(self.rows(), None) is None:
            raise file_error(source, "has a header and no rows", "Put the recipients below its header.")

    def records(self) -> Iterator[Record]:
        """Give the raw rows below the header, at each call anew. Raises InputError where they cannot be read."""
        return dropwhile(lambda record: record[0] <= self.header_number, self._records())

    def rows(self) -> Iterator[Row]:
        """Read the rows from the first to the last, at each call anew; wholly empty ones are left out.

        Raises InputError where the file cannot be read further. Asks for no signal: a caller may want to read on.
        """
        return filter(None, (self.row(number, cells) for number, cells in self.records()))

    def row(self, number: int, cells: Sequence[str]) -> Row | None:
        """Clean a raw row; None if it is wholly empty."""
        values = tuple(map(self.clean, cells))
        if not any(values):
            return None
        width = len(self.headers)
        extra = len(values) > width and any(values[width:])
        if len(values) != width:
            values = (values + ("",) * width)[:width]
        for column in self._unnamed:
            if values[column]:
                rule = f"has values in column {letter(column)}, which has no header"
                raise file_error(self.source, rule, "Name the column, or empty it.", number)
        return Row(number, values, extra)


def read_messages(  # noqa: PLR0913  what is asked of a list, each by its name
    table: Table,
    columns: ColumnMap,
    *,
    sign: str | None,
    samples_allowed: bool,
    notices: Notices,
    constants: Mapping[str, str] | None = None,
    accept_odd_values: bool = False,
) -> Iterator[tuple[int, Message | list[Problem]]]:
    """Give each row's number with its message, or with all that is wrong with it.

    `sign` is for rows without one, `constants` are parameters that are the same for all. What stops nothing goes to
    `notices`. A signal ends it. Raises InputError where the file cannot be read further, and at once without any sign.
    """
    if sign is not None:
        check_shape("--sign-name", check_text("--sign-name", sign), "sign")
    elif columns.sign is None:
        raise InputError.of("--sign-name", "", "must be given", "Add --sign-name, or name its column: --map sign=….")
    notices.add(table.notices)
    notices.add(columns.notices)
    return _read_all(_Reader(table, columns, sign, samples_allowed, accept_odd_values, constants or {}, notices))


def _read_all(reader: _Reader) -> Iterator[tuple[int, Message | list[Problem]]]:
    """Read the rows: those of usual numbers and plain values, which are most, without a look at anything else."""
    table, columns = reader.table, reader.columns
    width, phone, sign, constants = len(table.headers), columns.phone, reader.sign, reader.constants
    spoilt, is_usual = (
        table.may_be_spoilt,
        table.is_plain and columns.sign is None and columns.extend_code is None and sign is not None,
    )
    mobile, are_plain, odd = re.compile(USUAL_MOBILE, re.ASCII).fullmatch, _PLAIN.fullmatch, suspicious().search
    names, pick = [name for name, _ in columns.variables], _picker([column for _, column in columns.variables])
    for count, (number, cells) in enumerate(table.records()):
        if not count % _CHECKPOINT:
            signals.checkpoint()
        if is_usual and len(cells) == width and mobile(cells[phone]) and not (spoilt and Spoilt in map(type, cells)):
            recipient, values = MAINLAND + cells[phone], pick(cells)
            joined = "\n".join(values) if names else "0"
            if recipient not in EXAMPLE_NUMBERS and are_plain(joined) and (joined.isascii() or not odd(joined)):
                parameters = dict(zip(names, values, strict=True))
                content = Content(sign or "", {**parameters, **constants} if constants else parameters)
                yield number, Message(recipient, content)
                continue
        row = table.row(number, cells)
        if row:
            yield number, reader.read(row)


@dataclass(frozen=True)
class _Reader:
    """Reads single rows into messages."""

    table: Table
    columns: ColumnMap
    sign: str | None
    samples_allowed: bool
    accept_odd_values: bool
    constants: Mapping[str, str]
    notices: Notices

    def read(self, row: Row) -> Message | list[Problem]:
        problems: list[Problem] = []
        if row.extra:
            step = "Empty the surplus cells, or put the cell that holds a separator in quotation marks."
            problems.append(Problem(OPTION, "", "has a value that no header stands for", step, row.number))
        recipient = self._read_phone(row, problems)
        sign = self._read_sign(row, problems)
        extend_code = self._read_extend_code(row, problems)
        parameters = {name: row.values[column] for name, column in self.columns.variables}
        for name, column in self.columns.variables:
            problems += self._check_variable(self._header(column), name, row.values[column], row.number)
        return problems or Message(recipient, Content(sign, {**parameters, **self.constants}, extend_code))

    def _header(self, column: int) -> str:
        return self.table.headers[column]

    def _read_phone(self, row: Row, problems: list[Problem]) -> str:
        text, header = row.values[self.columns.phone], self._header(self.columns.phone)
        spoilt = _check_cell(header, text, row.number)
        found = spoilt[0] if spoilt else read_recipient(text, field=header, row=row.number)
        if isinstance(found, Recipient):
            rule = refusal_of_example(found.number, samples_allowed=self.samples_allowed)
            if not rule:
                self.notices.add(found.notices)
                return found.number
            found = Problem(header, shorten(text), rule, ASK, row.number)
        problems.append(found)
        return ""

    def _read_sign(self, row: Row, problems: list[Problem]) -> str:
        if self.columns.sign is None:
            return self.sign or ""
        given, header = row.values[self.columns.sign], self._header(self.columns.sign)
        tidied = tidy_sign(given, field=header, row=row.number)
        self.notices.add(tidied.notices)
        text = tidied.value or self.sign or ""
        if text:
            problems += self._check_text(header, text, row.number, "sign")
        else:
            step = "Fill the cell, or give --sign-name for all rows without a sign."
            problems.append(Problem(header, "", "is empty: the row has no sign", step, row.number))
        return text

    def _read_extend_code(self, row: Row, problems: list[Problem]) -> str | None:
        text = "" if self.columns.extend_code is None else row.values[self.columns.extend_code]
        if self.columns.extend_code is None or not text:
            return None
        problems += self._check_text(self._header(self.columns.extend_code), text, row.number)
        return text

    def _check_text(self, header: str, text: str, row: int, shape: str | None = None) -> list[Problem]:
        try:
            check_text(header, text)
            if shape is not None:
                check_shape(header, text, shape)
        except InputError as error:
            return [replace(problem, row=row) for problem in error.problems]
        return _check_cell(header, text, row) or self._check_oddity(header, text, row)

    def _check_variable(self, header: str, name: str, text: str, row: int) -> list[Problem]:
        if not text:
            step = "Fill the cell: a template's variable needs a value."
            return [Problem(header, "", f"is empty: the row has no ${{{shorten(name)}}}", step, row)]
        if type(text) is str and _PLAIN.fullmatch(text) and not suspicious().search(text):
            return []
        problems = _check_cell(header, text, row)
        if not problems and not _SOUND.fullmatch(text):
            problems = check_parameters({name: text}, field=header, row=row)
        return problems or self._check_oddity(header, text, row)

    def _check_oddity(self, header: str, text: str, row: int) -> list[Problem]:
        rule = find_oddity(text)
        if not rule:
            return []
        problem = Problem(header, shorten(text), rule, STEP, row)
        if not self.accept_odd_values:
            return [problem]
        self.notices.let_pass([problem])
        return []


def _picker(columns: list[int]) -> Callable[[Sequence[str]], Sequence[str]]:
    """Give what picks these cells of a row."""
    if len(columns) > 1:
        return itemgetter(*columns)
    return lambda cells: [cells[column] for column in columns]


def _check_cell(header: str, text: str, row: int) -> list[Problem]:
    """What no option lets pass: a cell of which it is not certain what it shows, an error of the spreadsheet."""
    if isinstance(text, Spoilt):
        return [Problem(header, shorten(text), text.rule, text.next_step, row)]
    wrong = text in SPREADSHEET_ERRORS
    return [Problem(header, text, "is an error of the spreadsheet", "Correct its formula.", row)] if wrong else []
