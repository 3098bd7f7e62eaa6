"""Files of recipients -> a table of texts, streamed: CSV and its kin, workbooks, JSON lines, from a path or stdin."""

from __future__ import annotations

import io
import os
import re
import stat
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from smswrap import signals
from smswrap.errors import InputError, Problem
from smswrap.sending.table.cells import OPTION, clean, clean_text, file_error, shell_word
from smswrap.sending.table.headers import find_header, name_some, phone_header_of
from smswrap.sending.table.rows import Table
from smswrap.sending.table.sheets import LARGEST, Workbook
from smswrap.sending.table.strangers import refuse_stranger
from smswrap.sending.table.texts import Text, csv_records, guess_delimiter, json_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smswrap.sending.table.rows import Record
    from smswrap.sending.table.sheets import Sheet

LARGEST_FILE = 256 * 1024**2
"""Bytes of a file that are read unless the limit is lifted; a million rows are a fifth of it."""

HiddenRows = Literal["skip", "send"]

_CHUNK = 1 << 16
_HEAD = 4096
_ZIP = b"PK\x03\x04"
KINDS = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".xlsx": "xlsx", ".jsonl": "jsonl", ".ndjson": "jsonl"}


@contextmanager
def open_table(  # noqa: PLR0913  what a person may say about a file, each by its name
    source: str,
    *,
    column_map: str | None = None,
    sheet: str | None = None,
    hidden_rows: HiddenRows | None = None,
    encoding: str | None = None,
    largest: int | None = LARGEST_FILE,
) -> Iterator[Table]:
    """Open a file of recipients, or stdin (`-`), which is kept in a private temporary file for the length of the block.

    `column_map` helps to find the header row and the sheet; `largest` is in bytes, None lifts the limits of size.
    Raises InputError for whatever is wrong with the file as a whole. A signal ends the waiting for a pipe only: the
    rows may be needed again, for the results, when one has come.
    """
    with ExitStack() as held:
        file = _File(source, held.enter_context(_opened(source, largest)))
        if largest is not None and file.size > largest:
            raise _too_large(source, largest)
        phone_header = phone_header_of(column_map)
        head = file.head()
        refuse_stranger(source, head)
        if head.startswith(_ZIP) or KINDS.get(Path(source).suffix.lower()) == "xlsx":
            _refuse_option(source, "--encoding", encoding, "a workbook says itself how its texts are encoded")
            book = Workbook(source, file.file, None if largest is None else LARGEST)
            held.callback(book.close)
            yield _sheet_table(file, book, phone_header, sheet, hidden_rows)
        else:
            _refuse_option(source, "--sheet", sheet, "it is not a workbook")
            _refuse_option(source, "--hidden-rows", hidden_rows, "it is not a workbook")
            yield _text_table(file, phone_header, encoding)


class _Part(io.RawIOBase):
    """A reader with a position of its own in a file that others read too."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401  any writable buffer; typeshed's name for it is private
        octets = os.pread(self._number, len(buffer), self._position)
        buffer[: len(octets)] = octets
        self._position += len(octets)
        return len(octets)


class _File:
    """An open file that can be read several times, and must stay the same meanwhile."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        self.name = name
        self.file = file
        self._seen = self._state()

    @property
    def size(self) -> int:
        return self._seen[0]

    def read(self) -> BinaryIO:
        return io.BufferedReader(_Part(self.file.fileno()), _CHUNK)

    def head(self) -> bytes:
        return os.pread(self.file.fileno(), _HEAD, 0)

    def check_unchanged(self) -> None:
        if self._state() != self._seen:
            raise file_error(self.name, "was changed while it was being read", "Run the command again.")

    def _state(self) -> tuple[int, int]:
        status = os.fstat(self.file.fileno())
        return status.st_size, status.st_mtime_ns


def _opened(source: str, largest: int | None) -> BinaryIO:
    if source == "-":
        if sys.stdin is None:
            raise file_error(source, "cannot be read: stdin is closed", "Give the path of a file.")
        return _spool(source, sys.stdin.buffer, largest)
    try:
        path = Path(source).expanduser()
        if stat.S_ISREG(path.stat().st_mode) or path.is_dir():
            return path.open("rb")
        with signals.interruptible():  # it is a pipe, to which nobody may ever write
            stream = path.open("rb")
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise file_error(source, f"cannot be read: {reason}", "Give the path of a file that you may read.") from None
    with stream:
        return _spool(source, stream, largest)


def _spool(source: str, stream: BinaryIO, largest: int | None) -> BinaryIO:
    """Copy a stream into a file that has no name, so that no way of ending leaves it behind."""
    with ExitStack() as on_failure:
        try:
            # Outside of what signals may break into: tempfile would leave the file with which it tries the directory.
            kept = on_failure.enter_context(tempfile.TemporaryFile())
            with signals.interruptible():
                # A loop of Python's own: inside one of C, a signal that comes together with data goes unnoticed.
                while piece := os.read(stream.fileno(), _CHUNK):
                    kept.write(piece)
                    if largest is not None and kept.tell() > largest:
                        raise _too_large(source, largest)
            kept.flush()
        except OSError as error:
            rule = f"could not be copied to a temporary file: {error.strerror}"
            raise file_error(source, rule, "Give the path of a file, or set TMPDIR.") from None
        on_failure.pop_all()
    return kept


def _too_large(source: str, largest: int) -> InputError:
    return file_error(source, f"is larger than {largest} bytes", "Split it, or lift the limit: --large-file.")


def _refuse_option(source: str, option: str, given: str | None, why: str) -> None:
    if given is not None:
        raise InputError.of(option, given, f"does not go with {source}: {why}", "Leave it out.")


def _text_table(file: _File, phone_header: str | None, encoding: str | None) -> Table:
    kind = KINDS.get(Path(file.name).suffix.lower())
    text = Text(file.name, file.read, file.check_unchanged, file.head(), encoding)
    notices = [Problem(OPTION, "", f"was read as {text.encoding.name}")] if text.encoding.told else []
    if text.begins_with("["):
        step = f"Write one object a line: jq -c '.[]' {file.name} > list.jsonl."
        raise file_error(file.name, "is a JSON array, not a list of lines", step)
    if kind == "jsonl" or (kind is None and text.begins_with("{")):
        return Table(file.name, partial(json_records, text), phone_header=phone_header, notices=notices)
    records = partial(csv_records, text, guess_delimiter(text))
    return Table(file.name, records, clean_text, phone_header=phone_header, notices=notices)


def _sheet_table(
    file: _File, book: Workbook, phone_header: str | None, named: str | None, hidden_rows: HiddenRows | None
) -> Table:
    sheet, notices = _choose_sheet(book, phone_header, named)
    if hidden_rows is None and book.has_hidden_rows(sheet):
        _refuse_hidden_rows(book, sheet)
    records = partial(_sheet_records, file, book, sheet, hidden_rows)
    return Table(file.name, records, clean, phone_header=phone_header, notices=notices)


def _sheet_records(file: _File, book: Workbook, sheet: Sheet, hidden_rows: HiddenRows | None) -> Iterator[Record]:
    file.check_unchanged()
    for number, cells, hidden in book.rows(sheet):
        if not hidden or hidden_rows != "skip":
            yield number, cells


def _refuse_hidden_rows(book: Workbook, sheet: Sheet) -> None:
    hidden = [str(row.number) for row in book.rows(sheet) if row.hidden and any(map(clean, row.cells))]
    if hidden:
        rule = f"has {len(hidden)} hidden row(s) in the sheet {sheet.name!r}: {name_some(hidden)}"
        raise file_error(book.name, rule, "Add --hidden-rows skip to leave them out, or --hidden-rows send.")


def _choose_sheet(book: Workbook, phone_header: str | None, named: str | None) -> tuple[Sheet, list[Problem]]:
    """The sheet that is the list: the named one, or the only visible one that could be it."""
    visible = [sheet for sheet in book.sheets if not sheet.hidden]
    if named is not None:
        return _told_of(book, _named_sheet(book, visible, named))
    if not visible:
        step = f"Name a hidden one: --sheet {shell_word(book.sheets[0].name)}."
        raise file_error(book.name, "has no visible sheet", step)
    kinds = {sheet.name: _looks_like_a_list(book, sheet, phone_header) for sheet in visible}
    likely = [sheet for sheet in visible if kinds[sheet.name]] or [
        sheet for sheet in visible if kinds[sheet.name] is not None
    ]
    if len(likely) > 1:
        rule = f"must say which sheet is the list: {_names(likely)}"
        raise InputError.of("--sheet", "", rule, f"Add --sheet {shell_word(likely[0].name)}.")
    return _told_of(book, (likely or visible)[0])


def _told_of(book: Workbook, sheet: Sheet) -> tuple[Sheet, list[Problem]]:
    others = [other for other in book.sheets if other is not sheet]
    rule = f"has several sheets: read is {sheet.name!r}, not {_names(others)}"
    return sheet, [Problem(OPTION, "", rule)] if others else []


def _named_sheet(book: Workbook, visible: list[Sheet], named: str) -> Sheet:
    """The sheet of that title, exactly or but for case; else the one at that place among the visible ones."""
    exact = [sheet for sheet in book.sheets if sheet.name == named]
    alike = [sheet for sheet in book.sheets if sheet.name.strip().casefold() == named.strip().casefold()]
    place = int(named) if re.fullmatch("[0-9]{1,6}", named) else 0
    found = exact or alike or visible[max(0, place - 1) : place]
    if len(found) != 1:
        rule = f"is {'the title of several sheets' if found else 'not a sheet'} of {book.name}"
        step = f"The sheets are: {_names(book.sheets)}; or give the place of a visible one, from 1."
        raise InputError.of("--sheet", named, rule, step)
    return found[0]


def _looks_like_a_list(book: Workbook, sheet: Sheet, phone_header: str | None) -> bool | None:
    """Whether a header row names a phone column; None if the sheet is empty."""
    found = find_header(((row.number, row.cells) for row in book.rows(sheet)), phone_header)
    return found and found[2]


def _names(sheets: list[Sheet]) -> str:
    return name_some([f"{sheet.name} (hidden)" if sheet.hidden else sheet.name for sheet in sheets])
