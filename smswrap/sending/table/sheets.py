"""Workbooks (.xlsx) as their sheets show them, streamed: values by their formats, hidden rows and sheets marked.

Read with expat, as openpyxl's reading of rows tells neither which are hidden nor which formulas have no result, and
takes gigabytes for a million empty ones.
"""

from __future__ import annotations

import re
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple
from xml.parsers import expat

from smswrap.sending.table.cells import file_error
from smswrap.sending.table.formats import BUILT_IN
from smswrap.sending.table.sheetrows import Rows, Texts, local

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from typing import BinaryIO

    from smswrap.errors import InputError
    from smswrap.sending.table.sheetrows import Attributes, SheetRow

LARGEST = 512 * 1024**2
"""Bytes of a workbook once unzipped; a full sheet of ten columns is below that."""

_CHUNK = 1 << 16
_HIDING = [
    re.compile(pattern)  # each begins with plain letters, which are searched for fast
    for pattern in (
        rb"hidden\s*=\s*[\"'](?:1|true)",
        rb"ht\s*=\s*[\"']0*\.?0*[\"']",
        rb"zeroHeight\s*=\s*[\"'](?:1|true)",
    )
]
_LONGEST_HIDING = 100
_LONGEST_MARK = 1_000_000
"""Bytes of one piece of XML, which no program writes as long."""


class Sheet(NamedTuple):
    """A sheet's name, the part of the archive that holds it, and whether it is hidden."""

    name: str
    part: str
    hidden: bool


class Workbook:
    """An open workbook. Raises InputError, in each of its methods too, where it cannot be read."""

    def __init__(self, name: str, file: BinaryIO, largest: int | None = LARGEST) -> None:
        self.name = name
        try:
            self._archive = zipfile.ZipFile(file)
        except Exception as error:  # noqa: BLE001  zipfile raises whatever it comes upon in a broken file
            raise _broken(name, error) from None
        parts = self._archive.infolist()
        size = sum(part.file_size for part in parts)
        if largest is not None and size > largest:
            step = f"At most {largest} are read: split it, save it as CSV, or lift the limit."
            raise file_error(name, f"is {size} bytes large when unzipped", step)
        names = {part.filename for part in parts}
        if "xl/workbook.xml" not in names:
            raise file_error(name, *_other_archive(names))
        self._from_1904 = False
        self.sheets = self._read_sheets()
        if not self.sheets:
            raise _broken(name, ValueError("it has no sheet"))
        self._formats = self._read_formats() if "xl/styles.xml" in names else ["General"]
        self._texts = Texts(name)
        if shared := next((part for part in names if part.lower() == "xl/sharedstrings.xml"), None):
            self._read_texts(shared)

    def rows(self, sheet: Sheet) -> Iterator[SheetRow]:
        """Give the rows that the sheet has something in, from the first to the last."""
        reader = Rows(self.name, self._texts, self._formats, from_1904=self._from_1904)
        yield from self._parse(sheet.part, reader.start, reader.end, reader.text, reader.taken)

    def has_hidden_rows(self, sheet: Sheet) -> bool:
        """Whether any row may be hidden, fast: what hides is searched, and the tags are not read."""
        rest = b""
        for chunk in self._chunks(sheet.part):
            text = rest + chunk
            if any(hiding.search(text) for hiding in _HIDING):
                return True
            rest = chunk[-_LONGEST_HIDING:]
        return False

    def close(self) -> None:
        """Close the archive."""
        self._archive.close()

    def _chunks(self, part: str) -> Generator[bytes, None, None]:
        try:
            with self._archive.open(part) as stream:
                while chunk := stream.read(_CHUNK):
                    yield chunk
        except Exception as error:  # noqa: BLE001  as above
            raise _broken(self.name, error) from None

    def _parse(
        self,
        part: str,
        start: Callable[[str, Attributes], None],
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
        taken: Callable[[], list[SheetRow]] = list,
    ) -> Iterator[SheetRow]:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text
        parser.StartDoctypeDeclHandler = _refuse_doctype
        read = 0
        with closing(self._chunks(part)) as chunks:
            for chunk in chunks:
                read += len(chunk)
                try:
                    parser.Parse(chunk, False)  # noqa: FBT003  expat takes it by its place
                    _refuse_long_mark(read - parser.CurrentByteIndex)
                except (expat.ExpatError, ValueError, KeyError, IndexError, ArithmeticError) as error:
                    raise _broken(self.name, error) from None
                yield from taken()
        try:
            parser.Parse(b"", True)  # noqa: FBT003  as above
        except expat.ExpatError as error:
            raise _broken(self.name, error) from None

    def _read_sheets(self) -> list[Sheet]:
        found: list[tuple[str, str, bool]] = []
        targets: dict[str, str] = {}

        def sheet(tag: str, given: Attributes) -> None:
            name = local(tag)
            if name == "sheet":
                link = next((value for key, value in given.items() if local(key) == "id"), "")
                found.append((given.get("name", ""), link, given.get("state", "visible") != "visible"))
            elif name == "workbookPr":
                self._from_1904 = given.get("date1904") in {"1", "true"}

        def relation(tag: str, given: Attributes) -> None:
            if local(tag) == "Relationship" and given.get("Type", "").endswith("/worksheet"):
                targets[given["Id"]] = given["Target"]

        list(self._parse("xl/workbook.xml", sheet))
        list(self._parse("xl/_rels/workbook.xml.rels", relation))
        return [
            Sheet(name, target.lstrip("/") if target.startswith("/") else f"xl/{target}", hidden)
            for name, link, hidden in found
            if (target := targets.get(link)) is not None
        ]

    def _read_formats(self) -> list[str]:
        """The format of each style; what we do not know is in brackets, which nothing renders."""
        own: dict[int, str] = {}
        styles: list[int] = []
        inside: list[str] = []

        def start(tag: str, given: Attributes) -> None:
            name = local(tag)
            inside.append(name)
            if name == "numFmt" and "numFmts" in inside:
                own[int(given["numFmtId"])] = given.get("formatCode", "")
            elif name == "xf" and "cellXfs" in inside:
                styles.append(int(given.get("numFmtId", "0")))

        def end(_tag: str) -> None:
            inside.pop()

        list(self._parse("xl/styles.xml", start, end))
        return [own.get(style, BUILT_IN.get(style, f"[format {style}]")) for style in styles] or ["General"]

    def _read_texts(self, part: str) -> None:
        texts = self._texts
        list(self._parse(part, texts.start, texts.end, texts.text))


def _refuse_long_mark(unread: int) -> None:
    """Bound what expat keeps as it has no end yet, and reads anew with each chunk."""
    if unread > _LONGEST_MARK:
        raise ValueError(f"it holds a tag or a comment of over {_LONGEST_MARK} bytes")


def _refuse_doctype(*_given: object) -> None:
    raise ValueError("it declares a document type, as no workbook does")


def _other_archive(names: set[str]) -> tuple[str, str]:
    kinds = {
        "xl/workbook.bin": "is a binary workbook (.xlsb)",
        "word/document.xml": "is a Word document",
        "content.xml": "is an OpenDocument file (.ods)",
        "Index/Document.iwa": "is a Numbers document",
    }
    rule = next((kinds[part] for part in kinds if part in names), "is an archive, not a workbook")
    return rule, "Save it as .xlsx, or as CSV in UTF-8."


def _broken(name: str, error: Exception) -> InputError:
    step = "Save it again as .xlsx, or as CSV in UTF-8."
    return file_error(name, f"is not a workbook that can be read: {error}", step)
