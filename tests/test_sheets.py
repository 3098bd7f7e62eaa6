"""Workbooks: what a sheet shows is what is read, or the cell is refused."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from datetime import date, datetime
from datetime import time as clock
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smswrap.errors import InputError, Problem
from smswrap.model import Message
from smswrap.sending.oddities import find_oddity
from smswrap.sending.table.files import open_table
from smswrap.sending.table.formats import general, render
from smswrap.sending.table.headers import parse_map
from smswrap.sending.table.problems import Notices
from smswrap.sending.table.rows import read_messages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PHONE = "13812341234"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET = "xl/worksheets/sheet1.xml"


def book_of(*rows: list[Any], formats: dict[str, str] | None = None) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in rows:
        sheet.append(row)
    for place, code in (formats or {}).items():
        sheet[place].number_format = code
    return book


def saved(book: openpyxl.Workbook, folder: Path, edit: tuple[str, str] = ("", "")) -> str:
    """Save a workbook, its first sheet's XML edited."""
    book.save(folder / "whole.xlsx")
    path = folder / "list.xlsx"
    with zipfile.ZipFile(folder / "whole.xlsx") as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            text = old.read(name)
            new.writestr(name, text.replace(edit[0].encode(), edit[1].encode()) if name == SHEET and edit[0] else text)
    return str(path)


def read(source: str, **options: Any) -> tuple[list[Message | list[Problem]], list[str]]:
    notices = Notices()
    with open_table(source, **options) as table:
        columns = parse_map(options.get("column_map"), table.headers)
        found = read_messages(table, columns, sign="签", samples_allowed=False, notices=notices)
        return [message for _, message in found], notices.lines


def values(source: str, **options: Any) -> list[str]:
    """The variable `v` of each row."""
    messages, _ = read(source, **options)
    assert all(isinstance(message, Message) for message in messages), messages
    return [message.content.parameters["v"] for message in messages if isinstance(message, Message)]


def problem(source: str, **options: Any) -> Problem:
    """What is wrong with the last row."""
    messages, _ = read(source, **options)
    assert isinstance(messages[-1], list), messages
    return messages[-1][0]


def refusal(source: str, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        read(source, **options)
    return f"{caught.value} {caught.value.fault.next_step}"


def value_book(value: Any, code: str = "General") -> openpyxl.Workbook:
    return book_of(["phone", "v"], [PHONE, value], formats={"B2": code})


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        # zeros
        (42, "000000", "000042"),
        (1234, "00000000", "00001234"),
        (7, "000-0000", "000-0007"),
        # decimals
        (59.699999999999996, "0.00", "59.70"),
        (2.675, "0.00", "2.68"),
        (5.25, "0.0#", "5.25"),
        (5.25, "#.##", "5.25"),
        (-1.5, "0.00", "-1.50"),
        # thousands
        (1234567, "#,##0", "1,234,567"),
        (1234.5, "#,##0.00", "1,234.50"),
        (-1234.567, "#,##0.00_);[Red](#,##0.00)", "(1,234.57)"),
        (1234567, "#,##0,", "1,235"),
        # percent and money
        (0.8, "0%", "80%"),
        (0.1234, "0.00%", "12.34%"),
        (1234.5, "¥#,##0.00", "¥1,234.50"),
        (1234.5, '"¥"#,##0.00', "¥1,234.50"),
        (1234.5, "[$¥-804]#,##0.00", "¥1,234.50"),
        (12, '0"元"', "12元"),
        (12, "0\\ 件", "12 件"),
        (3, 'General"元"', "3元"),
        (1234.5, '_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ;_ @_ ', "1,234.50"),
        # dates and times
        (datetime(2026, 3, 1), "yyyy-mm-dd", "2026-03-01"),  # noqa: DTZ001  a sheet knows no time zones
        (date(2026, 3, 1), 'yyyy"年"m"月"d"日"', "2026年3月1日"),
        (date(2026, 3, 1), "yyyy/m/d;@", "2026/3/1"),
        (date(2026, 12, 31), "[$-804]yyyy年m月d日", "2026年12月31日"),
        (datetime(2026, 3, 1, 14, 30), "yyyy-mm-dd hh:mm", "2026-03-01 14:30"),  # noqa: DTZ001
        (datetime(2026, 3, 1, 14, 30, 5), "yyyy-mm-dd h:mm:ss", "2026-03-01 14:30:05"),  # noqa: DTZ001
        (clock(14, 30), "h:mm", "14:30"),
        (clock(14, 30), "h:mm AM/PM", "2:30 PM"),
        (clock(0, 5, 9), "hh:mm:ss", "00:05:09"),
        (1.5, "[h]:mm", "36:00"),
        # no format
        (111111, "General", "111111"),
        (123456789012345, "General", "123456789012345"),
        (0.1 + 0.2, "General", "0.3"),
        (-0.5, "General", "-0.5"),
        (True, "General", "TRUE"),
        ("007", "@", "007"),
        ("'007", "General", "'007"),
        ("=1", "@", "=1"),
        ("第一行\n第二行", "General", "第一行\n第二行"),
    ],
)
def test_a_cell_is_read_as_the_sheet_shows_it(tmp_path: Path, value: Any, code: str, shown: str) -> None:
    book = value_book(value, code)
    if value == "=1":
        book.active["B2"].data_type = "s"  # type: ignore[index]  # openpyxl would make it a formula
    assert values(saved(book, tmp_path)) == [shown]


@pytest.mark.parametrize(
    ("value", "code", "words"),
    [
        (166722679628364992, "General", "more than 15 digits"),
        (1.6672267962836499e17, "0", "more than 15 digits"),
        (12345678901234567, "@", "more than 15 digits"),
        (12345, "0.00E+00", "has the format '0.00E+00'"),
        (0.5, "# ?/?", "has the format"),
        (5, "[>100]0", "has the format"),
        (5, "[DBNum1]General", "has the format"),
        (date(2026, 3, 1), "mm-dd-yy", "has the format '[short date]'"),
        (date(2026, 3, 1), "d-mmm-yy", "has the format"),
        (date(2026, 3, 1), "[$-F800]dddd, mmmm dd, yyyy", "has the format"),
        (1e-12, "General", "has the format"),
        (5, ";;;", "has the format"),
        ("secret", ";;;", "which shows another text"),
        ("#N/A", "General", "error of the spreadsheet"),
        ("#DIV/0!", "General", "error of the spreadsheet"),
        ("=1+1", "General", "formula without a saved result"),
    ],
)
def test_a_cell_of_which_it_is_not_certain_what_it_shows_is_refused(
    tmp_path: Path, value: Any, code: str, words: str
) -> None:
    found = problem(saved(value_book(value, code), tmp_path))
    assert words in found.rule
    assert (found.row, found.field) == (2, "v")
    assert found.next_step


def test_an_uncertain_cell_in_a_column_that_nothing_uses_does_not_matter(tmp_path: Path) -> None:
    book = book_of(["phone", "v", "note"], [PHONE, "x", "=1+1"], [PHONE, "y", 10**17])
    assert values(saved(book, tmp_path), column_map="phone=phone,v=v") == ["x", "y"]


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ('<c r="B2" t="str"><f>A1</f><v>ok</v></c>', "ok"),
        ('<c r="B2"><f>1+1</f><v>2</v></c>', "2"),
        ('<c r="B2" t="d"><v>2026-03-01T00:00:00</v></c>', "46082"),
        ('<c r="B2" t="inlineStr"><is><r><t>甲</t></r><r><t xml:space="preserve"> 乙</t></r></is></c>', "甲 乙"),
        ('<c r="B2" t="inlineStr"><is><t>汉</t><rPh sb="0" eb="1"><t>han</t></rPh></is></c>', "汉"),
        ('<c r="B2" t="inlineStr"><is><t>a_x000A_b</t></is></c>', "a\nb"),
        ("<c><v>5</v></c>", "5"),
    ],
)
def test_other_programs_spellings_of_a_cell_are_understood(tmp_path: Path, cell: str, shown: str) -> None:
    book = book_of(["phone", "v"], [PHONE, 77])
    assert values(saved(book, tmp_path, ('<c r="B2" t="n"><v>77</v></c>', cell))) == [shown]


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_a_whole_number_of_15_digits_keeps_them_all(number: int) -> None:
    assert general(Decimal(number)) == str(number)
    assert render(Decimal(number), "0") == str(number)
    assert render(Decimal(number), "#,##0") == f"{number:,}"
    assert render(Decimal(number), "0.00") == f"{number}.00"


SHOWN = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="_") | st.sampled_from("0123456789 张😀\n")
)


@settings(max_examples=60)
@given(st.lists(SHOWN, min_size=1, max_size=10))
def test_any_text_that_a_cell_shows_arrives_unchanged_or_is_refused(texts: list[str]) -> None:
    book = book_of(["phone", "v"], *[[PHONE, text] for text in texts])
    for (cell,), text in zip(book.active.iter_rows(min_row=2, min_col=2), texts, strict=True):  # type: ignore[union-attr]  # it has one sheet
        cell.data_type = "s"
        cell.value = text if not text.startswith("=") else f"x{text}"
    with tempfile.TemporaryDirectory() as folder:
        messages, _ = read(saved(book, Path(folder)))
    for message, text in zip(messages, texts, strict=True):
        expected = f"x{text}" if text.startswith("=") else text
        unseen = re.sub("[\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]", "", expected)
        if isinstance(message, Message):
            assert message.content.parameters["v"] == unseen.strip()
        else:
            assert not unseen.strip() or find_oddity(unseen.strip()) or message[0].rule, text


@pytest.mark.parametrize("how", ["filter", "height", "all"])
def test_hidden_rows_stop_with_their_count_until_somebody_decides(tmp_path: Path, how: str) -> None:
    book = book_of(["phone", "v"], [PHONE, "a"], [PHONE, "b"], [PHONE, "c"])
    sheet: Any = book.active
    edit = ("", "")
    if how == "filter":
        sheet.row_dimensions[3].hidden = True
    elif how == "height":
        edit = ('<row r="3"', '<row r="3" customHeight="1" ht="0"')
    else:
        edit = ("<sheetFormatPr ", '<sheetFormatPr zeroHeight="1" ')
    source = saved(book, tmp_path, edit)
    told = refusal(source)
    assert "has 1 hidden row(s)" in told if how != "all" else "has 4 hidden row(s)" in told
    assert "--hidden-rows skip" in told
    assert values(source, hidden_rows="send") == ["a", "b", "c"]
    if how != "all":
        assert values(source, hidden_rows="skip") == ["a", "c"]


def test_hidden_rows_with_nothing_in_them_do_not_stop(tmp_path: Path) -> None:
    book = book_of(["phone", "v"], [PHONE, "a"])
    book.active.row_dimensions[9].hidden = True  # type: ignore[union-attr]  # it has one sheet
    assert values(saved(book, tmp_path)) == ["a"]


def several(*sheets: tuple[str, list[list[Any]], str]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.remove(book.active)  # type: ignore[arg-type]  # it has one sheet
    for name, rows, state in sheets:
        sheet = book.create_sheet(name)
        sheet.sheet_state = state
        for row in rows:
            sheet.append(row)
    return book


def people(value: str) -> list[list[Any]]:
    return [["手机号", "v"], [PHONE, value]]


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_never_read_unless_it_is_named(tmp_path: Path, state: str) -> None:
    source = saved(several(("旧", people("old"), state), ("新", people("new"), "visible")), tmp_path)
    messages, lines = read(source)
    assert [message.content.parameters["v"] for message in messages if isinstance(message, Message)] == ["new"]
    assert any("'新'" in line and "旧 (hidden)" in line for line in lines)
    assert values(source, sheet="旧") == ["old"]
    assert values(source, sheet="1") == ["new"]
    assert "is not a sheet" in refusal(source, sheet="2")


def test_several_sheets_that_could_be_the_list_stop_and_are_named(tmp_path: Path) -> None:
    book = several(
        ("说明", [["请填写"]], "visible"), ("一月", people("1"), "visible"), ("二 月", people("2"), "visible")
    )
    source = saved(book, tmp_path)
    told = refusal(source)
    assert "一月, 二 月" in told
    assert "说明" not in told
    assert values(source, sheet="二 月") == ["2"]
    assert values(source, sheet=" 二 月 ") == ["2"]
    assert values(source, sheet="2") == ["1"]
    assert "is not a sheet" in refusal(source, sheet="三月")


@pytest.mark.parametrize(
    ("titles", "named", "value"),
    [
        (("2", "1"), "2", "0"),
        (("2", "1"), "1", "1"),
        (("a", "1"), "1", "1"),
        (("a", "b"), "2", "1"),
        (("A", "b"), "B", "1"),
        (("01", "1"), "01", "0"),
        (("3", "x"), "１", None),
        (("3", "x"), "0", None),
        (("Data ", "data"), "DATA", None),
    ],
)
def test_a_title_is_meant_before_a_place_and_the_sheet_that_was_read_is_told(
    tmp_path: Path, titles: tuple[str, str], named: str, value: str | None
) -> None:
    source = saved(several(*((title, people(str(n)), "visible") for n, title in enumerate(titles))), tmp_path)
    if value is None:
        assert "--sheet" in refusal(source, sheet=named)
        return
    _, lines = read(source, sheet=named)
    assert values(source, sheet=named) == [value]
    assert f"read is {titles[int(value)]!r}" in lines[0]


def test_the_only_sheet_with_a_list_is_found_and_told(tmp_path: Path) -> None:
    book = several(("说明", [["请填写"], ["x"]], "visible"), ("空", [], "visible"), ("名单", people("1"), "visible"))
    messages, lines = read(saved(book, tmp_path))
    assert len(messages) == 1
    assert any("read is '名单', not 说明, 空" in line for line in lines)


def test_the_sheet_whose_header_the_map_names_is_the_list(tmp_path: Path) -> None:
    book = several(("说明", [["a"], ["b"]], "visible"), ("名单", [["号码", "v"], [PHONE, "1"]], "visible"))
    assert values(saved(book, tmp_path), column_map="phone=号码,v=v") == ["1"]


def test_an_empty_sheet_is_refused_as_empty(tmp_path: Path) -> None:
    assert "is empty" in refusal(saved(several(("a", [], "visible"), ("b", [], "visible")), tmp_path))


def test_a_title_above_the_header_is_understood_and_told(tmp_path: Path) -> None:
    rows = [["三月会员名单"], [], ["制表", "张三"], ["手机号", "v", "备注"], [PHONE, "x", "手机"]]
    messages, lines = read(saved(book_of(*rows), tmp_path), column_map="phone=手机号,v=v")
    assert [message.content.parameters for message in messages if isinstance(message, Message)] == [{"v": "x"}]
    assert "--file has its header in row 4." in lines


def test_prefixed_names_of_elements_are_read(tmp_path: Path) -> None:
    cell = '<x:c r="{}" t="inlineStr"><x:is><x:t>{}</x:t></x:is></x:c>'
    head = cell.format("A1", "phone") + cell.format("B1", "v")
    row = cell.format("A2", PHONE) + cell.format("B2", "ok")
    rows = f'<x:row r="1">{head}</x:row><x:row r="2">{row}</x:row>'
    text = f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'
    assert values(with_sheet(tmp_path, text.encode())) == ["ok"]


def with_sheet(folder: Path, sheet: bytes | Iterable[bytes], **parts: Iterable[bytes]) -> str:
    """Write a workbook, pieces of whose parts are given: what is large is never whole in memory."""
    plain = io.BytesIO()
    book_of(["phone", "v"], [PHONE, "x"]).save(plain)
    path = folder / "made.xlsx"
    changed = {SHEET: [sheet] if isinstance(sheet, bytes) else sheet}
    changed |= {f"xl/{name}.xml": part for name, part in parts.items()}
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for name in {**dict.fromkeys(old.namelist()), **changed}:
            with new.open(name, "w") as part:
                part.writelines(changed[name] if name in changed else [old.read(name)])
    return str(path)


HEAD = b'<worksheet xmlns="%s"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>phone</t></is></c></row>'
TAIL = b"</sheetData></worksheet>"


def sheet_of(piece: bytes, times: int = 1) -> Iterator[bytes]:
    """A sheet with a header, and then this piece as often as that."""
    yield HEAD % MAIN.encode()
    at_once = max(1, 1_000_000 // len(piece))
    for _ in range(times // at_once):
        yield piece * at_once
    yield piece * (times % at_once)
    yield TAIL


BOUNDED = """
import re, sys
from pathlib import Path
from smswrap.errors import InputError
from smswrap.sending.table import sheetrows
from smswrap.sending.table.files import open_table
sheetrows.MOST_CELLS = int(sys.argv[2])
try:
    with open_table(sys.argv[1]) as table:
        print("rows", sum(1 for _ in table.rows()))
except InputError as error:
    print(error)
# What Linux counts since the exec is ours alone; ru_maxrss is handed down from a large parent.
status = Path("/proc/self/status")
print(re.findall(r"VmHWM:\\s+(\\d+) kB", status.read_text())[0] if status.exists() else 0)
"""
CELL = b'<c t="inlineStr"><is><t>'


@pytest.mark.parametrize(
    ("piece", "times", "words"),
    [
        (b'<row spans="1:9" ht="15"/>', 1_048_575, "has a header and no rows"),
        (b"<row>" + b"<c/>" * 16_000 + b"</row>", 63, "has a sheet of over 1000000 cells"),
        (CELL + b"x" * 32_768, 1, "has a cell of over 32767 characters"),
        (b"<row>" + CELL + b"x" * 10_000_000, 4, "has a cell of over 32767 characters"),
        (b'<row r="2">' + b'<c r="A2"><v>1</v></c>' * 150_000, 1, "disorder"),
        (b'<row r="2">' + b"<c><v>1</v></c>" * 150_000, 1, "more than 16384 columns"),
        (b'<row r="2"><c r="XFE2"><v>1</v></c></row>', 1, "more than 16384 columns"),
        (b'<row r="1048577"/>', 1, "more than 1048576 rows"),
        (b"<!-- " + b"x" * 20_000_000, 1, "a tag or a comment of over 1000000 bytes"),
        (b"<row a='" + b"x" * 20_000_000, 1, "a tag or a comment of over 1000000 bytes"),
        (b" " * 1_000_000, 600, "bytes large when unzipped"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_too_large_ends_in_seconds_in_little_memory_with_a_message(
    tmp_path: Path, piece: bytes, times: int, words: str
) -> None:
    source = with_sheet(tmp_path, sheet_of(piece, times))
    begun = time.monotonic()
    # The largest number of cells is lowered, as 12 million take a reader some seconds.
    command = [sys.executable, "-c", BOUNDED, source, "1000000"]
    ended = subprocess.run(command, capture_output=True, check=True, text=True)
    said, kilobytes = ended.stdout.splitlines()
    assert words in said
    assert int(kilobytes) < 300 * 1024
    assert time.monotonic() - begun < 60


def test_texts_of_over_a_hundred_megabytes_are_refused(tmp_path: Path) -> None:
    text = b"<si><t>" + b"x" * 30_000 + b"</t></si>"
    shared = [b'<sst xmlns="%s">' % MAIN.encode(), *[text] * 5_000, b"</sst>"]
    source = with_sheet(tmp_path, sheet_of(b'<row r="2"><c r="A2" t="s"><v>0</v></c></row>'), sharedStrings=shared)
    assert "bytes of texts" in refusal(source)


def test_shared_texts_are_read_by_their_numbers(tmp_path: Path) -> None:
    texts = ["phone", "v", PHONE, "😀 张", "_x005F_x"]
    items = "".join(f"<si><t>{text}</t></si>" for text in texts)
    shared = f'<sst xmlns="{MAIN}">{items}</sst>'.encode()
    cell = '<c r="%s" t="s"><v>%d</v></c>'
    rows = [("A1", 0), ("B1", 1), ("A2", 2), ("B2", 3), ("A3", 2), ("B3", 4)]
    body = "".join(
        f'<row r="{n}">{"".join(cell % row for row in rows if row[0][1] == str(n))}</row>' for n in (1, 2, 3)
    )
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData></worksheet>'.encode()
    assert values(with_sheet(tmp_path, sheet, sharedStrings=[shared])) == ["😀 张", "_x"]
