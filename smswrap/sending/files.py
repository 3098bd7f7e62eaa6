"""Files of recipients -> a table of texts, streamed: CSV and its kin, XLSX, JSON lines, from a path or from stdin."""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
import re
import stat
import sys
import tempfile
import zipfile
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from smswrap import process
from smswrap.errors import InputError
from smswrap.sending.rows import OPTION, Row, Table, clean, file_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smswrap.sending.rows import Record

__all__ = ["OPTION", "Row", "Table", "open_table"]

LONGEST_LINE = 1_000_000
"""Characters of a line or a cell that are read at all; what a provider takes is far below."""
LARGEST_WORKBOOK = 2 * 1024**3
"""Bytes of a workbook once unzipped; a full sheet of ten columns is below a quarter of it."""
LAST_SHEET_ROW = 1_048_576
"""The last row that a sheet can have; openpyxl would fill the gap before a row of any number."""

_CHUNK = 1 << 16
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_KINDS = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".xlsx": "xlsx", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_CHINESE = re.compile("[\u3000-\u9fff\uff00-\uffef]")


@contextmanager
def open_table(source: str) -> Iterator[Table]:
    """Open a file of recipients, or stdin (`-`), which is kept in a private temporary file for the length of the block.

    Raises InputError for whatever is wrong with the file as a whole. A signal ends the waiting for a pipe only: the
    rows may be needed again, for the results, when one has come.
    """
    with ExitStack() as held:
        file = _File(source, held.enter_context(_opened(source)))
        yield Table(source, _choose_reader(file, held))


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
            raise file_error(self.name, "was changed while it was being read", "Run the command again.")

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
                        raise file_error(self.file.name, f"has a line of over {LONGEST_LINE} characters")
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
        if sys.stdin is None:
            raise file_error(source, "cannot be read: stdin is closed", "Give the path of a file.")
        return _spool(sys.stdin.buffer)
    try:
        path = Path(source).expanduser()
        if stat.S_ISREG(path.stat().st_mode) or path.is_dir():
            return path.open("rb")
        with process.interruptible():  # it is a pipe, to which nobody may ever write
            stream = path.open("rb")
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise file_error(source, f"cannot be read: {reason}", "Give the path of a file that you may read.") from None
    with stream:
        return _spool(stream)


def _spool(stream: BinaryIO) -> BinaryIO:
    """Copy a stream into a file that has no name, so that no way of ending leaves it behind."""
    with ExitStack() as on_failure:
        try:
            # Outside of what signals may break into: tempfile would leave the file with which it tries the directory.
            kept = on_failure.enter_context(tempfile.TemporaryFile())
            with process.interruptible():
                # A loop of Python's own: inside one of C, a signal that comes together with data goes unnoticed.
                while piece := os.read(stream.fileno(), _CHUNK):
                    kept.write(piece)
            kept.flush()
        except OSError as error:
            rule = f"could not be copied to a temporary file: {error.strerror}"
            raise file_error("-", rule, "Give the path of a file, or set TMPDIR.") from None
        on_failure.pop_all()
    return kept


def _choose_reader(file: _File, held: ExitStack) -> Callable[[], Iterator[Record]]:
    kind = _KINDS.get(Path(file.name).suffix.lower())
    head = file.head()
    if head == _OLE:
        raise file_error(
            file.name, "is an old or encrypted Excel file", "Save it as .xlsx without a password, or as CSV."
        )
    if kind == "xlsx" or head == _ZIP:
        return partial(_sheet_records, file, _open_sheet(file, held))
    text = _Text(file)
    if kind == "jsonl" or (kind is None and text.begins_with("{")):
        return partial(_json_records, text)
    return partial(_csv_records, text, _guess_delimiter(text))


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
    raise file_error(file.name, rule, "Save it again, as CSV in UTF-8.")


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
        raise file_error(name, f"is no text: line {line} holds a NUL byte", "Save it again, as CSV in UTF-8.")


def _guess_delimiter(text: _Text) -> str:
    order = "\t,;|" if text.file.name.lower().endswith(".tsv") else ",;\t|"
    return max(order, key=partial(_rate_delimiter, text))


def _rate_delimiter(text: _Text, delimiter: str) -> tuple[float, int]:
    """Rate by how many of the first rows are as wide as the header, which must be wider than 1, and by that width."""
    widths: list[int] = []
    with suppress(InputError):  # what stands before a fault counts; the reading itself will tell of it
        widths.extend(len(cells) for _, cells in islice(_csv_records(text, delimiter), 20) if any(cells))
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
        raise file_error(text.file.name, f"is not valid CSV: {error}", step, number + 1) from None


def _json_records(text: _Text) -> Iterator[Record]:
    names: list[str] = []
    for number, line in enumerate(text.lines(), 1):
        if not line.strip():
            continue
        fields = _parse_line(text.file.name, number, line)
        if not names:
            names = list(fields)
            if not any(names):
                raise file_error(
                    text.file.name, "names no fields in its first line", 'Write {"phone":"…"} lines.', number
                )
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
    raise file_error(name, f"has a line that is no JSON object of texts: {reason}", "Mend the line.", number)


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
    raise file_error(
        file.name, f"is {size} bytes large when unzipped", f"At most {LARGEST_WORKBOOK} are read: split it."
    )


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
    raise file_error(file.name, f"has more than {LAST_SHEET_ROW} rows", "Split it.")


def _spell(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).removesuffix(" 00:00:00")  # a date, which openpyxl gives as the midnight at its beginning


def _broken(name: str, error: Exception) -> InputError:
    return file_error(name, f"is no workbook that can be read: {error}", "Save it again as .xlsx, or as CSV in UTF-8.")
