"""The rows of a workbook's sheet, from its tags: each cell as the sheet shows it."""

from __future__ import annotations

import re
from array import array
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from smswrap.sending.table.cells import Spoilt, file_error
from smswrap.sending.table.formats import PRECISION, render, shows_text

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
"""The end of any sheet."""
MOST_CELLS = 12_000_000
"""Cells of a sheet, empty ones too; a full sheet of ten columns has fewer."""
MOST_TEXT = 128 * 1024**2
"""Bytes of all different texts of a workbook, which are kept in memory."""
LONGEST_CELL = 32_767
"""Characters that a cell can hold."""

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_FIRST_DAY = datetime(1899, 12, 30)  # noqa: DTZ001  a sheet knows no time zones

Attributes = dict[str, str]


class SheetRow(NamedTuple):
    """A row's number, its cells as they are shown (Spoilt where that is not certain), and whether it is hidden."""

    number: int
    cells: list[str]
    hidden: bool


class Texts:
    """The different texts of a workbook, in little memory: their bytes in one, and where each ends."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._octets = bytearray()
        self._ends = array("Q")
        self._pieces: list[str] = []
        self._length = 0
        self._reads = False
        self._phonetic = False

    def __getitem__(self, number: int) -> str:
        if not 0 <= number < len(self._ends):
            raise IndexError(f"there is no text {number}")
        start = self._ends[number - 1] if number else 0
        return self._octets[start : self._ends[number]].decode("utf-8", "surrogatepass")

    def start(self, tag: str, _given: Attributes) -> None:
        """Take an opening tag."""
        name = local(tag)
        self._reads = name == "t" and not self._phonetic
        if name == "rPh":
            self._phonetic = True
        elif name == "si":
            self._pieces.clear()
            self._length = 0

    def text(self, piece: str) -> None:
        """Take a piece of text."""
        if self._reads:
            self._length += len(piece)
            if self._length > LONGEST_CELL:
                raise file_error(self._name, f"has a cell of over {LONGEST_CELL} characters")
            self._pieces.append(piece)

    def end(self, tag: str) -> None:
        """Take a closing tag."""
        name = local(tag)
        self._reads = False
        if name == "rPh":
            self._phonetic = False
        elif name == "si":
            self._octets += _unescape("".join(self._pieces)).encode("utf-8", "surrogatepass")
            self._ends.append(len(self._octets))
            if len(self._octets) > MOST_TEXT:
                raise file_error(self._name, f"has over {MOST_TEXT} bytes of texts", "Split it, or save it as CSV.")


class Rows:
    """Turns a sheet's tags into rows."""

    def __init__(self, name: str, texts: Texts, formats: list[str], *, from_1904: bool) -> None:
        self._name, self._texts, self._formats, self._from_1904 = name, texts, formats, from_1904
        self._rows: list[SheetRow] = []
        self._cells: list[str] = []
        self._number = 0
        self._hidden = self._all_hidden = False
        self._count = 0
        self._given: Attributes = {}
        self._pieces: list[str] = []
        self._length = 0
        self._reads = self._phonetic = False
        self._formula = self._value = False
        self._known: dict[tuple[str, str], str] = {}

    def taken(self) -> list[SheetRow]:
        """Give the rows that are complete, once."""
        rows, self._rows = self._rows, []
        return rows

    def start(self, tag: str, given: Attributes) -> None:
        """Take an opening tag."""
        name = local(tag) if ":" in tag else tag
        if name == "c":
            self._count += 1
            if self._count > MOST_CELLS:
                raise file_error(self._name, f"has a sheet of over {MOST_CELLS} cells", "Split it, or save it as CSV.")
            self._given = given
            self._formula = self._value = False
            self._pieces.clear()
            self._length = 0
        elif name in {"v", "t"}:
            self._reads, self._value = not self._phonetic, True
        elif name == "f":
            self._formula = True
        elif name == "row":
            self._number = int(given["r"]) if "r" in given else self._number + 1
            if self._number > LAST_ROW:
                raise file_error(self._name, f"has more than {LAST_ROW} rows", "Split it.")
            self._hidden = self._all_hidden or given.get("hidden") in {"1", "true"} or _is_zero(given.get("ht"))
            self._cells = []
        elif name == "rPh":
            self._phonetic = True
        elif name == "sheetFormatPr":
            self._all_hidden = given.get("zeroHeight") in {"1", "true"}

    def text(self, piece: str) -> None:
        """Take a piece of text."""
        if self._reads:
            self._pieces.append(piece)
            self._length += len(piece)
            if self._length > LONGEST_CELL:
                raise file_error(self._name, f"has a cell of over {LONGEST_CELL} characters", "", self._number)

    def end(self, tag: str) -> None:
        """Take a closing tag."""
        name = local(tag) if ":" in tag else tag
        if name in {"v", "t"}:
            self._reads = False
        elif name == "rPh":
            self._phonetic = False
        elif name == "c":
            if self._value or self._formula:
                self._place(self._given.get("r"), self._shown())
        elif name == "row" and any(self._cells):
            self._rows.append(SheetRow(self._number, self._cells, self._hidden))

    def _place(self, reference: str | None, text: str) -> None:
        column = column_of(reference) if reference else len(self._cells)
        if column >= LAST_COLUMN:
            raise file_error(self._name, f"has more than {LAST_COLUMN} columns", "", self._number)
        if column < len(self._cells):
            raise ValueError(f"row {self._number} has its cells in disorder")
        if column > len(self._cells):
            self._cells.extend([""] * (column - len(self._cells)))
        self._cells.append(text)

    def _shown(self) -> str:
        given, raw = self._given, "".join(self._pieces)
        kind = given.get("t", "n")
        code = self._formats[int(given.get("s", "0"))]
        if self._formula and not raw and kind != "str":
            return Spoilt("", "is a formula without a saved result", "Open the file, recalculate, and save it.")
        if kind == "s":
            return _as_text(self._texts[int(raw)], code)
        if kind in {"inlineStr", "str"}:
            return _as_text(_unescape(raw), code)
        if kind == "b":
            return "TRUE" if raw.strip() in {"1", "true"} else "FALSE"
        if kind == "e" or not raw:
            return raw
        return self._number_shown(_serial(raw) if kind == "d" else raw.strip(), code)

    def _number_shown(self, raw: str, code: str) -> str:
        known = self._known.get((raw, code))
        if known is None:
            known = _shown_number(raw, code, from_1904=self._from_1904)
            if len(self._known) < LONGEST_CELL:
                self._known[raw, code] = known
        return known


def column_of(reference: str) -> int:
    """The column of a reference (`A1` is 0). Raises ValueError if it is none."""
    column = 0
    for letter in reference.rstrip("0123456789"):
        if not "A" <= letter <= "Z":
            raise ValueError(f"{reference[:20]!r} is not a cell")
        column = column * 26 + ord(letter) - ord("A") + 1
        if column > LAST_COLUMN:
            return column
    return column - 1


def _shown_number(raw: str, code: str, *, from_1904: bool) -> str:
    try:
        number = Decimal(raw)
    except InvalidOperation:
        raise ValueError(f"{raw[:20]!r} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{raw[:20]!r} is not a number")
    if number == number.to_integral_value() and abs(number) >= 10**PRECISION:
        rule = f"is a number of more than {PRECISION} digits: a spreadsheet keeps {PRECISION}, the rest is lost"
        return Spoilt(raw, rule, "Format the column as text, and fill it again from where it came.")
    shown = render(number, code, from_1904=from_1904)
    if shown is None:
        rule = f"has the format {code[:40]!r}, which shows numbers differently here and there"
        return Spoilt(raw, rule, "Make it text, or give it a plain format such as 0, 0.00 or yyyy-mm-dd.")
    return shown


def _as_text(text: str, code: str) -> str:
    if text and not shows_text(code):
        return Spoilt(text, f"has the format {code[:40]!r}, which shows another text", "Format the cell as text.")
    return text


def _serial(raw: str) -> str:
    """The serial number of an ISO 8601 moment."""
    passed = datetime.fromisoformat(raw.strip().rstrip("Z")) - _FIRST_DAY
    return str(passed.days + Decimal(passed.seconds) / 86_400)


def _is_zero(height: str | None) -> bool:
    return height is not None and not height.strip("0.")


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def local(tag: str) -> str:
    """Give a tag without its prefix."""
    return tag.rpartition(":")[2]
