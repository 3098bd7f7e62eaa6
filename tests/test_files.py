"""Files of recipients, as spreadsheets and programs write them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from smswrap.errors import InputError, Problem
from smswrap.sending.table.files import open_table
from smswrap.sending.table.rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"]
DELIMITERS = [",", ";", "\t", "|"]
MARKS = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
INVISIBLE = "".join(
    map(
        chr,
        [
            0xAD,
            0x180E,
            0x200B,
            0x200E,
            0x200F,
            *range(0x202A, 0x202F),
            *range(0x2060, 0x2065),
            *range(0x2066, 0x206A),
            0xFEFF,
        ],
    )
)
SIMPLE = [["手机号", "姓名"], ["13812345678", "张三"], ["+85251234567", "Li, Si"]]


def write(path: Path, content: str | bytes, encoding: str = "utf-8") -> str:
    octets = MARKS.get(encoding, b"") + content.encode(encoding) if isinstance(content, str) else content
    path.write_bytes(octets)
    return str(path)


def as_csv(rows: list[list[str]], delimiter: str = ",") -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()


def save_workbook(path: Path, rows: list[list[Any]]) -> str:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in rows:
        sheet.append(row)
    book.create_sheet("other").append(["not", "this"])
    book.save(path)
    return str(path)


def read(source: str) -> tuple[tuple[str, ...], list[Row]]:
    with open_table(source) as table:
        return table.headers, list(table.rows())


def refusal(source: str) -> str:
    with pytest.raises(InputError) as caught:
        read(source)
    assert all(problem.field == "--file" for problem in caught.value.problems)
    return str(caught.value)


def problem_of(source: str) -> Problem:
    with pytest.raises(InputError) as caught:
        read(source)
    return caught.value.problems[0]


def plain(text: str) -> str:
    return "".join(char for char in text if char not in INVISIBLE).strip()


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_csv_is_read_in_every_encoding_with_every_delimiter_and_line_end(
    tmp_path: Path, encoding: str, delimiter: str, ending: str
) -> None:
    text = as_csv(SIMPLE, delimiter).replace("\r\n", ending)
    headers, rows = read(write(tmp_path / "list.csv", text, encoding))
    assert headers == ("手机号", "姓名")
    assert rows == [Row(2, ("13812345678", "张三")), Row(3, ("+85251234567", "Li, Si"))]


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    names = st.text("abcXYZ姓名验证码0123456789 _-", min_size=1, max_size=8).filter(str.strip)
    more = draw(st.lists(names, min_size=1, max_size=4, unique_by=lambda name: name.strip().casefold()))
    assume(not any(name.strip().isdigit() for name in more))
    # Its GB18030 is no UTF-8, so that the encoding of the file is never in doubt.
    headers = ["手机号", *more]
    cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
    cells = cells.filter(lambda cell: not plain(cell).startswith(("'", "=")))
    width = len(headers)
    return headers, draw(st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=8))


@given(tables(), st.sampled_from(DELIMITERS), st.sampled_from(ENCODINGS))
def test_any_table_that_was_written_as_csv_reads_back_stripped(
    table: tuple[list[str], list[list[str]]], delimiter: str, encoding: str
) -> None:
    headers, rows = table
    expected = [Row(number, tuple(map(plain, row))) for number, row in enumerate(rows, 2) if any(map(plain, row))]
    assume(expected)
    with tempfile.TemporaryDirectory() as directory:
        source = write(Path(directory, "list.txt"), as_csv([headers, *rows], delimiter), encoding)
        assert read(source) == (tuple(map(plain, headers)), expected)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.text(max_size=8), min_size=3), min_size=1, max_size=5))
def test_any_table_that_was_written_as_json_lines_reads_back_stripped(rows: list[dict[str, str]]) -> None:
    assume(not any(plain(cell).startswith(("'", "=")) for row in rows for cell in row.values()))
    headers = tuple(rows[0])
    expected = [Row(number, tuple(plain(row[name]) for name in headers)) for number, row in enumerate(rows, 1)]
    expected = [row for row in expected if any(row.values)]
    assume(expected)
    for escaped in (True, False):
        with tempfile.TemporaryDirectory() as directory:
            text = "\n".join(json.dumps(row, ensure_ascii=escaped) for row in rows)
            assert read(write(Path(directory, "list.jsonl"), text)) == (headers, expected)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("'13812345678", "13812345678"),
        ("'+8613812345678", "+8613812345678"),
        ("'quoted'", "'quoted'"),
        ('="13812345678"', "13812345678"),
        ('="" ', ""),
        ("=1+1", "=1+1"),
        ("\u200b138\ufeff12345678\u202c \u3000", "13812345678"),
        ("\u00a0 张 三\t", "张 三"),
        ("1.38E+10", "1.38E+10"),
    ],
)
def test_a_cell_loses_only_what_a_spreadsheet_put_around_it(tmp_path: Path, cell: str, value: str) -> None:
    quoted = '"' + cell.replace('"', '""') + '"'
    for number, spelling in enumerate((cell, quoted)):
        _, rows = read(write(tmp_path / f"{number}.csv", f"a,b\nx,{spelling}\n"))
        assert rows == [Row(2, ("x", value))]


def test_short_rows_are_padded_and_rows_with_more_cells_are_marked(tmp_path: Path) -> None:
    source = write(tmp_path / "list.csv", "a,b,c,,\n1\n1,2,3,,,\n,,,,\n\n1,2,3,4\n1,2,3,,5\n")
    assert read(source) == (
        ("a", "b", "c"),
        [
            Row(2, ("1", "", "")),
            Row(3, ("1", "2", "3")),
            Row(6, ("1", "2", "3"), extra=True),
            Row(7, ("1", "2", "3"), extra=True),
        ],
    )


def test_a_cell_of_several_lines_counts_as_one_row(tmp_path: Path) -> None:
    _, rows = read(write(tmp_path / "list.csv", 'a,b\n1,"x\ny"\n2,z\n'))
    assert rows == [Row(2, ("1", "x\ny")), Row(3, ("2", "z"))]


def test_blank_lines_before_the_header_count_as_rows(tmp_path: Path) -> None:
    assert read(write(tmp_path / "list.csv", "\n,\na,b\n1,2\n")) == (("a", "b"), [Row(4, ("1", "2"))])


def test_a_file_of_one_column_needs_no_delimiter(tmp_path: Path) -> None:
    source = write(tmp_path / "list.txt", "手机号\n13812345678\n13912345678\n")
    assert read(source) == (("手机号",), [Row(2, ("13812345678",)), Row(3, ("13912345678",))])


@pytest.mark.parametrize(
    ("name", "text", "headers"),
    [
        ("list.csv", "手机号;备注, 内部\n1;a,b\n2;c\n", ("手机号", "备注, 内部")),
        ("list.csv", "phone,text;more\n1,a\n2,b;c\n", ("phone", "text;more")),
        ("list.csv", '"phone";"a,b"\n"1";"x,y"\n', ("phone", "a,b")),
        ("list.csv", "phone|name|x\n1|a\n2|b|c\n", ("phone", "name", "x")),
        ("list.tsv", "a,b\tc\n1,2\t3\n", ("a,b", "c")),
        ("list.csv", 'a, "b, c"\n1, "2, 3"\n', ("a", "b, c")),
    ],
)
def test_the_delimiter_is_the_one_that_cuts_all_rows_alike(
    tmp_path: Path, name: str, text: str, headers: tuple[str, ...]
) -> None:
    assert read(write(tmp_path / name, text))[0] == headers


def test_the_rows_can_be_read_several_times_at_once(tmp_path: Path) -> None:
    sources = [
        write(tmp_path / "list.csv", as_csv(SIMPLE)),
        save_workbook(tmp_path / "list.xlsx", SIMPLE),
        write(tmp_path / "list.jsonl", '{"手机号":"13812345678","姓名":"张三"}\n' * 2),
    ]
    for source in sources:
        with open_table(source) as table:
            pairs = list(zip(table.rows(), table.rows(), strict=True))
            assert len(pairs) == 2
            assert all(first == second for first, second in pairs)
            assert list(table.rows()) == [first for first, _ in pairs]


def test_numbers_dates_and_truths_of_a_sheet_become_texts(tmp_path: Path) -> None:
    cells: list[tuple[Any, str]] = [
        (13812345678, "13812345678"),
        (13812345678.0, "13812345678"),
        (1.38e10, "13800000000"),
        (0.1, "0.1"),
        (-1.5, "-1.5"),
        (True, "TRUE"),
        (False, "FALSE"),
        (date(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 31, 8, 30), "2026-01-31 8:30:00"),  # noqa: DTZ001  a sheet knows no time zones
        (time(8, 30), "8:30:00"),
        ("#N/A", "#N/A"),
        ("'13812345678", "'13812345678"),
        (" 张三\u200b", "张三"),
        ("007", "007"),
        ("x", "x"),
    ]
    headers = ["phone", *(f"h{column}" for column in range(1, len(cells)))]
    source = save_workbook(tmp_path / "list.xlsx", [headers, [cell for cell, _ in cells]])
    assert read(source) == (tuple(headers), [Row(2, tuple(text for _, text in cells))])


def test_empty_rows_and_columns_of_a_sheet_are_ignored_and_rows_keep_their_numbers(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for place, value in {"A1": "phone", "B1": "name", "A5": 13812345678, "C7": "stray", "A7": 1, "F9": " "}.items():
        sheet[place] = value
    book.save(tmp_path / "list.XLSX")
    expected = [Row(5, ("13812345678", "")), Row(7, ("1", ""), extra=True)]
    assert read(str(tmp_path / "list.XLSX")) == (("phone", "name"), expected)


def test_json_values_keep_their_spelling(tmp_path: Path) -> None:
    lines = '{"phone":13812345678,"a":1.50,"b":null,"c":true}\n\n{"c":"x","phone":1e3}\n{"phone":"1","d":"y"}\n{}\n'
    assert read(write(tmp_path / "list.ndjson", lines)) == (
        ("phone", "a", "b", "c"),
        [
            Row(1, ("13812345678", "1.50", "", "true")),
            Row(3, ("1e3", "", "", "x")),
            Row(4, ("1", "", "", ""), extra=True),
        ],
    )


@pytest.mark.parametrize(
    "line",
    ["[1]", '"x"', "{", "x", '{"a":{}}', '{"a":[1]}', '{"a":1,"a":2}', '{"a":1," a":2}', '{"a":' + "[" * 100_000],
)
def test_a_bad_json_line_is_named(tmp_path: Path, line: str) -> None:
    text = refusal(write(tmp_path / "list.jsonl", f'{{"a":"1"}}\n{line}\n'))
    assert "(row 2)" in text
    assert "not a JSON object of texts" in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n,,\n", "is empty"),
        (b"phone,name\n", "has a header and no rows"),
        (b"phone,name\n,\n \n", "has a header and no rows"),
        (b"13812345678,x\n13912345678,y\n", "no header row"),
        ("姓名,＋86 13812345678\na,b\n".encode(), "no header row"),
        (b"Phone,name,phone \nx,y,z\n", "'Phone' is the header of columns A, C"),
        (b"a,,c\n1,,3\n1,2,3\n", r"\(row 3\): .* column B, which has no header"),
        (b"a,b\n1,\0\n", "line 2 holds a NUL byte"),
        (b"\0\0\0\0", "line 1 holds a NUL byte"),
        (b'a,b\n1,2\n3,"x\n4,y\n', r"\(row 3\): .* not valid CSV"),
        (b'a,b\n1,"x\n2,"y"\n3,z\n', r"\(row 2\): .* not valid CSV"),
        (b"a,b\n1," + b"x" * 1_000_001, "line of over 1000000 characters"),
        (b'a,b\n1,"' + b"x\n" * 600_000, r"\(row 2\): .* not valid CSV"),
        (b"a,b\n1,\xff\xff\n", "byte 7 is wrong"),
        ("a,b\n1,张三李四".encode()[:-1], "byte 16 is wrong"),
        ("a,b\n1,张三".encode("utf-16")[:-1], "byte 17 is wrong"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old binary .xls"),
    ],
)
def test_a_file_that_is_no_table_of_recipients_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "list.csv"
    text = refusal(write(path, content))
    assert str(path) in text or "header of columns" in text
    assert re.search(words, text), text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["phone,name\n1,Li\n", "手机号\n1\n", "手机号,说明\n1," + "汉" * 3000 + "\n"])
def test_utf16_without_a_mark_is_named_and_not_taken(tmp_path: Path, encoding: str, text: str) -> None:
    said = problem_of(write(tmp_path / "list.csv", text.encode(encoding)))
    assert f"add --encoding {encoding}." in said.next_step
    assert "looks like UTF-16 without a mark" in said.rule


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [
        ("李", "gb18030", ["gb18030", "cp1251"]),
        ("李\n1,李\n1,李", "gb18030", ["gb18030", "cp1251"]),
        ("嫣", "gb18030", ["cp1251", "gb18030"]),
        ("￥100", "gb18030", ["gb18030"]),
        ("Ан\n1,Ан\n1,Ан", "cp1251", ["gb18030", "cp1251"]),
        ("Анна\n1,Пётр", "cp1251", ["cp1251", "gb18030"]),
        ("München", "cp1252", ["cp1252"]),
        ("株式会社", "euc_jp", ["gb18030", "euc_kr"]),
        ("張三\n1,陳大文\n1,黃小姐", "big5", ["big5"]),
    ],
)
def test_what_is_not_certainly_chinese_is_refused_and_the_likely_encodings_named(
    tmp_path: Path, text: str, encoding: str, named: list[str]
) -> None:
    step = problem_of(write(tmp_path / "list.csv", f"phone,name\n1,{text}\n".encode(encoding))).next_step
    assert re.findall(r"--encoding (\w+)", step) == named


def test_utf8_with_a_broken_byte_is_not_taken_for_gb18030(tmp_path: Path) -> None:
    whole = "phone,姓名\n13812345678,张三\n13912345678,".encode()
    octets = whole + b"\xe6\xe5\n"
    assert octets.decode("gb18030"), "the point of the test: by chance it is valid there"
    assert f"byte {len(whole) + 1} is wrong" in refusal(write(tmp_path / "list.csv", octets))


def test_the_first_broken_byte_is_found_beyond_the_first_chunk(tmp_path: Path) -> None:
    octets = ("a,张\n" + "1,三\n" * 40_000).encode()
    assert f"byte {len(octets) + 2} is wrong" in refusal(write(tmp_path / "list.csv", octets + b"x\xff"))


def test_gb18030_is_recognised_by_a_byte_at_the_far_end(tmp_path: Path) -> None:
    octets = b"phone,name\n" + b"1,x\n" * 40_000 + "1,张三\n".encode("gb18030")
    _, rows = read(write(tmp_path / "list.csv", octets))
    assert rows[-1] == Row(40_002, ("1", "张三"))


@pytest.mark.parametrize("name", ["nowhere.csv", "", "a\0b.csv", "~nobody-of-this-name/x.csv"])
def test_a_file_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    assert "cannot be read" in refusal(str(tmp_path / name) if name.startswith("nowhere") else name)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    assert "directory" in refusal(str(tmp_path)).lower()


@contextlib.contextmanager
def nobody_special() -> Iterator[None]:
    """Be a user who may not read everything: root is somebody else meanwhile."""
    ours = os.geteuid()
    os.seteuid(ours or 4002)
    try:
        yield
    finally:
        os.seteuid(ours)


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    source = write(tmp_path / "list.csv", as_csv(SIMPLE))
    Path(source).chmod(0)
    with nobody_special():
        assert "Permission denied" in refusal(source)


def test_a_file_that_changes_meanwhile_is_refused_and_one_that_is_replaced_is_read_on(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    with open_table(write(path, as_csv(SIMPLE))) as table:
        write(tmp_path / "new.csv", "x,y\n1,2\n")
        (tmp_path / "new.csv").replace(path)
        assert [row.values[1] for row in table.rows()] == ["张三", "Li, Si"]
    with open_table(str(path)) as table:
        with path.open("a") as file:
            file.write("3,4\n")
        with pytest.raises(InputError, match="was changed while"):
            list(table.rows())


def _workbook_bytes() -> bytes:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in SIMPLE:
        sheet.append(row)
    sheet.append([13812345678, date(2026, 1, 31)])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


WORKBOOK = _workbook_bytes()


def edit_workbook(change: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change.get(name, old.read(name)))
    return file.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
ROW = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'


@pytest.mark.parametrize(
    "content",
    [
        b"no zip at all",
        WORKBOOK[:-100],
        WORKBOOK[:2000] + WORKBOOK[2100:],
        edit_workbook({SHEET: b"<broken"}),
        edit_workbook({SHEET: ROW % b'<row r="x"><c r="A1"/></row>'}),
        edit_workbook({SHEET: ROW % b'<row r="1"><c r="A1" t="s"><v>999</v></c></row>'}),
        edit_workbook({"xl/workbook.xml": b"<x/>"}),
        edit_workbook({"xl/workbook.xml": b"<!DOCTYPE x [<!ENTITY a 'b'>]><workbook>&a;</workbook>"}),
    ],
)
def test_a_broken_workbook_is_refused(tmp_path: Path, content: bytes) -> None:
    assert "is not a workbook that can be read" in refusal(write(tmp_path / "list.xlsx", content))


def test_a_row_beyond_the_end_of_any_sheet_is_refused(tmp_path: Path) -> None:
    cell = b'<c r="A%d" t="inlineStr"><is><t>x</t></is></c>'
    rows = b"".join(b'<row r="%d">' % row + cell % row + b"</row>" for row in (1, 2, 10**12))
    source = write(tmp_path / "list.xlsx", edit_workbook({SHEET: ROW % rows}))
    assert "more than 1048576 rows" in refusal(source)


def test_a_workbook_that_would_unzip_to_gigabytes_is_refused(tmp_path: Path) -> None:
    octets = bytearray(WORKBOOK)
    entry = octets.index(b"PK\x01\x02")
    octets[entry + 24 : entry + 28] = (3 * 1024**3).to_bytes(4, "little")
    assert "bytes large when unzipped" in refusal(write(tmp_path / "list.xlsx", bytes(octets)))


def test_a_workbook_is_recognised_whatever_its_name_is(tmp_path: Path) -> None:
    assert read(write(tmp_path / "list.csv", WORKBOOK))[1][-1] == Row(4, ("13812345678", "2026-01-31"))


TEXTS = [
    "\n",
    "\r",
    ",",
    ";",
    "\t",
    '"',
    "{",
    "}",
    '{"a":"b"}',
    "a,b\n1,2\n",
    "\0",
    "手机号",
    "13812345678",
    "=",
    "'",
    "\\ud800",
]
PIECES = [
    *(text.encode() for text in TEXTS),
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xd5\xc5\xc8\xfd",
    b"PK\x03\x04",
    b"\xed\xa0\x80",
]


@settings(max_examples=300)
@given(
    st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join)),
    st.sampled_from(["list.csv", "list.tsv", "list.jsonl", "list", "list.xlsx"]),
)
def test_any_bytes_end_in_rows_or_in_a_refusal(octets: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        read_or_refuse(write(Path(directory, name), octets))


@settings(max_examples=150)
@given(st.data())
def test_any_damage_to_a_workbook_ends_in_rows_or_in_a_refusal(data: st.DataObject) -> None:
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as archive:
        part = data.draw(st.sampled_from([None, *archive.namelist()]))
        octets = bytearray(WORKBOOK if part is None else archive.read(part))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(octets)))
        end = start + data.draw(st.sampled_from([0, 1, 2, 8]))
        octets[start:end] = data.draw(st.sampled_from([b"", b"9", b"<", b'"', b">", b"x", b"-1", b"\xff", b"E9"]))
    with tempfile.TemporaryDirectory() as directory:
        damaged = bytes(octets) if part is None else edit_workbook({part: bytes(octets)})
        read_or_refuse(write(Path(directory, "list.xlsx"), damaged))


def read_or_refuse(source: str) -> None:
    with contextlib.suppress(InputError):
        headers, rows = read(source)
        assert all(len(row.values) == len(headers) for row in rows)


CHILD = """
import json, sys
from smswrap import signals
from smswrap.errors import InputError
from smswrap.sending.table.files import open_table
with signals.signals_noticed():
    try:
        print("ready", flush=True)
        with open_table(sys.argv[1]) as table:
            print(json.dumps([table.headers, [list(table.rows()), list(table.rows())]]))
    except InputError as error:
        print(json.dumps(str(error)))
    except signals.Ended as ended:
        print(json.dumps(ended.signum))
"""


def start_reader(source: str, directory: Path, stdin: int | None = subprocess.PIPE) -> subprocess.Popen[bytes]:
    directory.mkdir()
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, source],
        stdin=stdin,
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(directory)},
    )


def answer(child: subprocess.Popen[bytes], stdin: bytes | None = None) -> Any:
    stdout, _ = child.communicate(stdin, timeout=30)
    assert child.returncode == 0
    return json.loads(stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "content",
    [
        as_csv(SIMPLE).encode(),
        as_csv(SIMPLE, "\t").encode("utf-16"),
        '\n {"手机号":13812345678,"姓名":"张三"}\n'.encode(),
        WORKBOOK,
    ],
    ids=["csv", "utf-16", "jsonl", "xlsx"],
)
def test_stdin_is_recognised_by_its_content_and_read_twice_without_a_trace(tmp_path: Path, content: bytes) -> None:
    headers, (once, again) = answer(start_reader("-", tmp_path / "t"), content)
    assert headers == ["手机号", "姓名"]
    assert once[0][1] == ["13812345678", "张三"]
    assert once == again
    assert list((tmp_path / "t").iterdir()) == []


def test_a_pipe_with_a_name_is_read_like_stdin(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(as_csv(SIMPLE).encode(),))
    writer.start()
    _, rows = read(str(pipe))
    writer.join()
    assert [row.values[1] for row in rows] == ["张三", "Li, Si"]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_waiting_for_stdin(tmp_path: Path, signum: signal.Signals) -> None:
    child = start_reader("-", tmp_path / "t")
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    child.stdin.write(b"phone,name\n")
    child.stdin.flush()
    child.send_signal(signum)
    assert json.loads(child.stdout.read()) == signum
    child.stdin.close()
    child.stdout.close()
    assert child.wait(timeout=30) == 0
    assert list((tmp_path / "t").iterdir()) == []


def test_a_file_can_be_read_after_a_signal_has_come(tmp_path: Path) -> None:
    source = write(tmp_path / "list.csv", as_csv(SIMPLE))
    program = CHILD.replace('print("ready", flush=True)', "import os; os.kill(os.getpid(), 15)")
    ended = subprocess.run([sys.executable, "-c", program, source], capture_output=True, check=True)
    assert json.loads(ended.stdout)[0] == ["手机号", "姓名"]


def test_closed_stdin_is_refused() -> None:
    ended = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" -c "$1" - <&-', sys.executable, CHILD], capture_output=True, check=True
    )
    assert "stdin is closed" in json.loads(ended.stdout.splitlines()[-1])


def test_a_stdin_that_does_not_fit_on_the_disk_is_refused() -> None:
    script = 'ulimit -f 64; trap "" XFSZ; exec "$0" -c "$1" -'
    ended = subprocess.run(
        ["/bin/sh", "-c", script, sys.executable, CHILD], input=b"x" * 300_000, capture_output=True, check=True
    )
    assert "could not be copied to a temporary file" in json.loads(ended.stdout.splitlines()[-1])


MEASURE = """
import re, resource, sys
from pathlib import Path
from smswrap.sending.table.files import open_table
from smswrap.sending.table.headers import parse_map
from smswrap.sending.table.problems import Notices, ProblemReport
from smswrap.sending.table.rows import read_messages
with open_table(sys.argv[1]) as table, ProblemReport(sys.argv[2]) as report:
    columns = parse_map(None, table.headers)
    good = 0
    for row, found in read_messages(table, columns, sign="x", samples_allowed=False, notices=Notices()):
        if isinstance(found, list):
            report.add(found)
        else:
            good += 1
# ru_maxrss is handed down from a parent that was large; what Linux counts since the exec is ours alone.
status = Path("/proc/self/status")
peaks = re.findall(r"VmHWM:\\s+(\\d+) kB", status.read_text()) if status.exists() else []
unit = 1024 if sys.platform == "darwin" else 1
print(good, report.total, *peaks or [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit])
"""


def test_a_million_rows_are_read_into_messages_within_150_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("手机号,姓名,验证码\n")
        file.writelines(f"{13500000000 + n},{'' if n % 100 == 0 else f'张{n}'},{n:06}\n" for n in range(1_000_000))
    command = [sys.executable, "-c", MEASURE, str(path), str(tmp_path / "errors.csv")]
    ended = subprocess.run(command, capture_output=True, check=True, text=True, timeout=100)
    good, wrong, kilobytes = map(int, ended.stdout.split())
    assert (good, wrong) == (990_000, 10_000)
    assert kilobytes < 150 * 1024
    with (tmp_path / "errors.csv").open(encoding="utf-8-sig", newline="") as file:
        assert sum(1 for _ in csv.reader(file)) == 10_001
