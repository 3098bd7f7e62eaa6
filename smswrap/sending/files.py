"""Files of recipients -> a table of texts, streamed: CSV and its kin, XLSX, JSON lines, from a path or from stdin."""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
import re
import shutil
import stat
import sys
import tempfile
import zipfile
from contextlib import ExitStack, closing, contextmanager
from datetime import date, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from smswrap import process
from smswrap.errors import InputError, Problem
from smswrap.sending.recipients import read_recipient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

OPTION = "--file"
LONGEST_LINE = 1_000_000
"""Characters of a line or a cell that are read at all; what a provider takes is far below."""
LARGEST_WORKBOOK = 2 * 1024**3
"""Bytes of a workbook once unzipped; a full sheet of ten columns is below a quarter of it."""
LAST_SHEET_ROW = 1_048_576
"""The last row that a sheet can have; openpyxl would fill the gap before a row of any number."""

Record = tuple[int, "Sequence[str]"]
"""A row's number and its raw cells; the first record with any text in it is the header."""

_CHUNK = 1 << 16
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_KINDS = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".xlsx": "xlsx", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufeff]+")
_FORMULA_TEXT = re.compile(r'="([^"]*)"')
_CHINESE = re.compile("[\u3000-\u9fff\uff00-\uffef]")


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
            raise _wrong(source, "has a header and no rows", "Put the recipients below its header.")

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


@contextmanager
def open_table(source: str) -> Iterator[Table]:
    """Open a file of recipients, or stdin (`-`), which is kept in a private temporary file for the length of the block.

    Raises InputError for whatever is wrong with the file as a whole.
    """
    with ExitStack() as held:
        with process.interruptible():
            file = _File(source, held.enter_context(_opened(source)))
            table = Table(source, _choose_reader(file, held))
        yield table


def clean(text: str) -> str:
    """Give a cell without invisible characters, surrounding blanks, and what spreadsheets put around digits."""
    plain = (text if text.isascii() else _INVISIBLE.sub("", text)).strip()
    return _unwrap(plain) if plain[:1] in {"'", "="} else plain


def _unwrap(text: str) -> str:
    wrapped = _FORMULA_TEXT.fullmatch(text)
    if wrapped:
        return wrapped[1].strip()
    # A second apostrophe makes it a quotation, which belongs to the text.
    return text[1:].lstrip() if text[0] == "'" and text.count("'") == 1 else text


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

    def read(self) -> io.BufferedReader:
        return io.BufferedReader(_Part(self.file.fileno()), _CHUNK)

    def head(self) -> bytes:
        return os.pread(self.file.fileno(), 4, 0)

    def check_unchanged(self) -> None:
        if self._state() != self._seen:
            raise _wrong(self.name, "was changed while it was being read", "Run the command again.")

    def _state(self) -> tuple[int, int]:
        status = os.fstat(self.file.fileno())
        return status.st_size, status.st_mtime_ns


class _Text:
    """The lines of a file whose encoding has been checked to its end."""

    def __init__(self, file: _File) -> None:
        self.file = file
        self._encoding = _find_encoding(file)

    def lines(self) -> Iterator[str]:
        self.file.check_unchanged()
        with io.TextIOWrapper(self.file.read(), self._encoding, newline="") as text:
            try:
                while line := text.readline(LONGEST_LINE):
                    if len(line) == LONGEST_LINE:
                        raise _wrong(self.file.name, f"has a line of over {LONGEST_LINE} characters")
                    yield line
            except UnicodeDecodeError:
                self.file.check_unchanged()
                raise
        self.file.check_unchanged()

    def begins_with(self, character: str) -> bool:
        first = next((line for line in map(clean, self.lines()) if line), "")
        return first.startswith(character)


def _opened(source: str) -> BinaryIO:
    if source == "-":
        return _spool(sys.stdin.buffer)
    try:
        file = Path(source).expanduser().open("rb")
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return file
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise _wrong(source, f"cannot be read: {reason}", "Give the path of a file that you may read.") from None
    with file:  # a pipe: it can be read once
        return _spool(file)


def _spool(stream: BinaryIO) -> BinaryIO:
    """Copy a stream into a file that has no name, so that no way of ending leaves it behind."""
    with ExitStack() as on_failure:
        try:
            kept = on_failure.enter_context(tempfile.TemporaryFile())
            shutil.copyfileobj(stream, kept, _CHUNK)
            kept.flush()
        except OSError as error:
            rule = f"could not be copied to a temporary file: {error.strerror}"
            raise _wrong("-", rule, "Give the path of a file, or set TMPDIR.") from None
        on_failure.pop_all()
    return kept


def _choose_reader(file: _File, held: ExitStack) -> Callable[[], Iterator[Record]]:
    kind = _KINDS.get(Path(file.name).suffix.lower())
    head = file.head()
    if head == _OLE:
        raise _wrong(file.name, "is an old or encrypted Excel file", "Save it as .xlsx without a password, or as CSV.")
    if kind == "xlsx" or head == _ZIP:
        return partial(_sheet_records, file, _open_sheet(file, held))
    text = _Text(file)
    if kind == "jsonl" or (kind is None and text.begins_with("{")):
        return partial(_json_records, text)
    return partial(_csv_records, text, _guess_delimiter(text))


def _read_headers(source: str, cells: Sequence[str]) -> tuple[str, ...]:
    headers = [clean(cell) for cell in cells]
    while headers and not headers[-1]:
        headers.pop()
    if not headers:
        raise _wrong(source, "is empty", "Give a file with a header row and a row for each recipient.")
    if any(isinstance(read_recipient(header), str) for header in headers):
        raise _wrong(source, "has no header row: its first row holds a phone number", "Put names above the columns.")
    columns: dict[str, list[str]] = {}
    for column, header in enumerate(headers):
        columns.setdefault(header.casefold(), []).append(_letter(column))
    wrong = [
        Problem(OPTION, name, f"is the header of columns {', '.join(letters)}", "Give each column a name of its own.")
        for name, letters in columns.items()
        if name and len(letters) > 1
    ]
    if wrong:
        raise InputError(wrong)
    return tuple(headers)


def _refuse_unnamed(source: str, row: Row, unnamed: list[int]) -> None:
    for column in unnamed:
        if row.values[column]:
            rule = f"has values in column {_letter(column)}, which has no header"
            raise _wrong(source, rule, "Name the column, or empty it.", row.number)


def _letter(column: int) -> str:
    rest, last = divmod(column, 26)
    return (_letter(rest - 1) if rest else "") + chr(ord("A") + last)


def _find_encoding(file: _File) -> str:
    marked = next((name for mark, name in _MARKS.items() if file.head().startswith(mark)), None)
    found = _find_fault(file, marked or "utf-8")
    if found is None:
        return marked or "utf-8"
    position, chinese = found
    # UTF-8 with one broken byte is often valid GB18030 by chance, and would be sent as gibberish: if Chinese was read
    # before that byte, the file is UTF-8.
    if not marked and not chinese and _find_fault(file, "gb18030") is None:
        return "gb18030"
    rule = f"is neither UTF-8, UTF-16 nor GB18030: byte {position + 1} is wrong"
    raise _wrong(file.name, rule, "Save it again, as CSV in UTF-8.")


def _find_fault(file: _File, encoding: str) -> tuple[int, bool] | None:
    """Decode the whole file: None if it is valid, else where it is not, and whether Chinese stands before that."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines, position, chinese = 1, 0, False
    with file.read() as stream:
        while True:
            chunk = stream.read(_CHUNK)
            pending = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                before = error.object[: error.start].decode(encoding, "ignore")
                return position - pending + error.start, chinese or bool(_CHINESE.search(before))
            _refuse_nul(file.name, text, lines)
            if not chunk:
                return None
            chinese = chinese or (not text.isascii() and bool(_CHINESE.search(text)))
            lines += text.count("\n")
            position += len(chunk)


def _refuse_nul(name: str, text: str, lines: int) -> None:
    if "\0" in text:
        line = lines + text.count("\n", 0, text.index("\0"))
        raise _wrong(name, f"is no text: line {line} holds a NUL byte", "Save it again, as CSV in UTF-8.")


def _guess_delimiter(text: _Text) -> str:
    order = "\t,;|" if text.file.name.lower().endswith(".tsv") else ",;\t|"
    return max(order, key=partial(_rate_delimiter, text))


def _rate_delimiter(text: _Text, delimiter: str) -> tuple[float, int]:
    """Rate by how many of the first rows are as wide as the header, which must be wider than 1, and by that width."""
    widths: list[int] = []
    try:
        widths.extend(len(cells) for _, cells in islice(_csv_records(text, delimiter), 20) if any(cells))
    except InputError:
        pass  # what stands before the fault counts; the reading itself will tell of it
    if not widths or widths[0] == 1:
        return 0.0, 0
    return widths.count(widths[0]) / len(widths), widths[0]


def _csv_records(text: _Text, delimiter: str) -> Iterator[Record]:
    csv.field_size_limit(LONGEST_LINE)
    # Strict, because otherwise a quote that nobody closed swallows all rows after it without a word.
    reader = csv.reader(text.lines(), delimiter=delimiter, strict=True, skipinitialspace=True)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            yield number, cells
    except csv.Error as error:
        step = "Look for a quotation mark that is not closed; inside a quoted cell, write it twice."
        raise _wrong(text.file.name, f"is not valid CSV: {error}", step, number + 1) from None


def _json_records(text: _Text) -> Iterator[Record]:
    names: list[str] = []
    for number, line in enumerate(text.lines(), 1):
        if not line.strip():
            continue
        fields = _parse_line(text.file.name, number, line)
        if not names:
            names = list(fields)
            if not any(names):
                raise _wrong(text.file.name, "names no fields in its first line", 'Write {"phone":"…"} lines.', number)
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
    raise _wrong(name, f"has a line that is no JSON object of texts: {reason}", "Mend the line.", number)


def _fields(pairs: list[tuple[str, object]]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in pairs:
        if clean(name) in fields:
            raise ValueError("a name stands twice in it")
        if isinstance(value, (dict, list)):
            raise ValueError("a value is an object or an array")  # noqa: TRY004  json's own errors are ValueErrors
        fields[clean(name)] = {None: "", True: "true", False: "false"}.get(value, value)  # type: ignore[arg-type, call-overload, index]
    return fields


def _open_sheet(file: _File, held: ExitStack) -> Any:  # noqa: ANN401  openpyxl's read-only sheet has no public type
    import warnings

    import openpyxl

    # It warns of styles and validations that it would lose in writing; we only read.
    warnings.filterwarnings("ignore", module="openpyxl")
    try:
        with zipfile.ZipFile(file.file) as archive:
            size = sum(part.file_size for part in archive.infolist())
        if size <= LARGEST_WORKBOOK:
            book = openpyxl.load_workbook(file.file, read_only=True, data_only=True, keep_links=False)
            held.callback(book.close)
            sheet: Any = book.worksheets[0]
            sheet.reset_dimensions()  # what the file says of its own size may be wrong
            return sheet
    except Exception as error:  # noqa: BLE001  on a broken workbook openpyxl raises whatever its parsers come upon
        raise _broken(file.name, error) from None
    raise _wrong(file.name, f"is {size} bytes large when unzipped", f"At most {LARGEST_WORKBOOK} are read: split it.")


def _sheet_records(file: _File, sheet: Any) -> Iterator[Record]:  # noqa: ANN401  as above
    file.check_unchanged()
    with closing(sheet.iter_rows(values_only=True)) as rows:
        for number in range(1, LAST_SHEET_ROW + 2):
            try:
                cells = next(rows, None)
            except Exception as error:  # noqa: BLE001  as above
                raise _broken(file.name, error) from None
            if cells is None:
                return
            yield number, [_spell(cell) for cell in cells]
    raise _wrong(file.name, f"has more than {LAST_SHEET_ROW} rows", "Split it.")


def _spell(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return str(cell).removesuffix(" 00:00:00")
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _broken(name: str, error: Exception) -> InputError:
    return _wrong(name, f"is no workbook that can be read: {error}", "Save it again as .xlsx, or as CSV in UTF-8.")


def _wrong(name: str, rule: str, next_step: str = "", row: int | None = None) -> InputError:
    shown = name.encode("utf-8", "backslashreplace").decode()
    return InputError([Problem(OPTION, shown, rule, next_step, row)])
