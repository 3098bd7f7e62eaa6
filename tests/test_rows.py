"""Rows of recipients become messages, or problems that are all told."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smswrap.errors import InputError, Problem
from smswrap.model import Content, Message
from smswrap.sending.message import check_parameters, odd_values
from smswrap.sending.table.cells import clean_text
from smswrap.sending.table.files import open_table
from smswrap.sending.table.headers import ColumnMap, parse_map
from smswrap.sending.table.problems import Notices, ProblemReport
from smswrap.sending.table.rows import Row, Table, read_messages

if TYPE_CHECKING:
    from collections.abc import Collection

GOOD = "13812341234"
E164 = "+8613812341234"
ANY_TEXT = st.text(st.characters(exclude_categories=()))


def table_of(*rows: tuple[str, ...]) -> Table:
    return Table("list.csv", partial(enumerate, rows, 1))


def read(
    *rows: tuple[str, ...], sign: str | None = "签名", mapping: str | None = None, samples_allowed: bool = False
) -> list[Message | list[Problem]]:
    table = table_of(*rows)
    columns = parse_map(mapping, table.headers)
    found = read_messages(table, columns, sign=sign, samples_allowed=samples_allowed, notices=Notices())
    return [message for _, message in found]


def refusal(text: str | None, headers: tuple[str, ...], variables: Collection[str] | None = None) -> str:
    with pytest.raises(InputError) as caught:
        parse_map(text, headers, variables)
    return f"{caught.value} {caught.value.fault.next_step}"


@pytest.mark.parametrize(
    ("text", "headers", "variables", "expected"),
    [
        (
            "phone=手机号,sign=签名,code=验证码",
            ("手机号", "签名", "验证码"),
            None,
            ColumnMap(0, 1, None, (("code", 2),)),
        ),
        (None, ("name", "Mobile", "sign_name", "code"), None, ColumnMap(1, 2, None, (("name", 0), ("code", 3)))),
        (None, ("name", "电话", "备注"), ("name",), ColumnMap(1, None, None, (("name", 0),))),
        (None, ("phone", "name"), (), ColumnMap(0)),
        ("code=验证码", ("手机", "验证码", "name"), None, ColumnMap(0, None, None, (("code", 1),))),
        ("code=验证码", ("手机", "验证码", "n"), ("code", "n"), ColumnMap(0, None, None, (("code", 1), ("n", 2)))),
        ("phone=b,extend_code=a", ("A", "B"), None, ColumnMap(1, None, 0)),
        (" phone = a , x = b ", ("a", "b"), None, ColumnMap(0, None, None, (("x", 1),))),
        (r"phone=a\,b,x\=y=c\=d", ("a,b", "c=d"), None, ColumnMap(0, None, None, (("x=y", 1),))),
        ("phone=a,x=b=c", ("a", "b=c"), None, ColumnMap(0, None, None, (("x", 1),))),
        ("phone=手机号", ("手机号", "phone"), ("phone",), ColumnMap(0, None, None, (("phone", 1),))),
        ("phone=a,${phone}=b", ("a", "b"), None, ColumnMap(0, None, None, (("phone", 1),))),
        ("phone=a,x=a", ("a", ""), None, ColumnMap(0, None, None, (("x", 0),))),
    ],
)
def test_columns_are_found_by_the_map_and_by_their_headers(
    text: str | None, headers: tuple[str, ...], variables: Collection[str] | None, expected: ColumnMap
) -> None:
    assert replace(parse_map(text, headers, variables), notices=()) == expected


@pytest.mark.parametrize(
    ("text", "headers", "words"),
    [
        (None, ("号码", "name"), ["which column holds the phone numbers", "号码, name"]),
        (None, ("phone", "手机号"), ["which column is the phone: phone or 手机号"]),
        (None, ("phone", "sign", "签名"), ["which column is the sign"]),
        ("phone=x,code=y", ("a",), ["'x' is not a header", "'y' is not a header", "The columns are: a."]),
        ("phone=a,code=b,code=c", ("a", "b", "c"), ["'code' is given twice"]),
        ("phone=a,phone=b", ("a", "b"), ["'phone' is given twice"]),
        ("phone=a,", ("a",), ["is not target=header"]),
        ("phone", ("phone",), ["'phone' is not target=header"]),
        ("=a,phone=", ("a",), ["'=a' is not", "'phone=' is not"]),
        (None, ("phone", "a\nb"), ["control character"]),
        ("", ("phone",), ["is not target=header"]),
    ],
)
def test_a_map_that_leaves_a_doubt_is_refused_with_everything_wrong(
    text: str | None, headers: tuple[str, ...], words: list[str]
) -> None:
    told = refusal(text, headers)
    assert all(word in told for word in words), told


@given(st.lists(st.text(min_size=1).map(clean_text).filter(bool), min_size=2, unique_by=str.casefold))
def test_any_header_can_be_named_in_a_map(headers: list[str]) -> None:
    # Before a comma or equals sign of the map itself, a backslash cannot stand for itself.
    headers = [header for header in headers if "\\" not in header] or ["x"]
    escaped = [header.replace(",", r"\,").replace("=", r"\=") for header in headers]
    text = "phone=" + escaped[0] + "".join(f",v{n}={header}" for n, header in enumerate(escaped[1:], 1))
    recognised = parse_map(text, headers, ())
    assert recognised.phone == 0
    assert recognised.variables == tuple((f"v{n}", n) for n in range(1, len(headers)))


def test_rows_become_messages() -> None:
    rows = [("phone", "sign", "code", "extend_code"), (GOOD, "甲", "007", "12"), ("+852 5123 4567", "", "x", "")]
    assert read(*rows) == [
        Message(E164, Content("甲", {"code": "007"}, "12")),
        Message("+85251234567", Content("签名", {"code": "x"})),
    ]


@pytest.mark.parametrize(
    ("header", "row", "field", "rule"),
    [
        (("phone", "code"), ("", "1"), "phone", "is empty"),
        (("手机号", "code"), ("1.38E+10", "1"), "手机号", "turned into an exponent"),
        (("phone", "code"), ("13800138000", "1"), "phone", "example number"),
        (("phone", "code"), ("+86 138-0013-8000", "1"), "phone", "example number"),
        (("phone", "code"), (GOOD, ""), "code", "the row has no ${code}"),
        (("phone", "code"), (GOOD, "x" * 20_001), "code", "20001 characters long"),
        (("phone", "code"), (GOOD, "a\rb"), "code", "control character"),
        (("phone", "code"), (GOOD, "#N/A"), "code", "error of the spreadsheet"),
        (("phone", "签名"), (GOOD, "a\x00b"), "签名", "control character"),
        (("phone", "extend_code"), (GOOD, "\ud800"), "extend_code", "not valid UTF-8"),
        (("phone", "code"), (GOOD, "1", "", "2"), "--file", "no header stands for"),
    ],
)
def test_what_is_wrong_with_a_row_is_told_with_its_row_and_header(
    header: tuple[str, ...], row: tuple[str, ...], field: str, rule: str
) -> None:
    good, wrong = read(header, (GOOD, *["x"] * (len(header) - 1)), row)
    assert isinstance(good, Message)
    assert isinstance(wrong, list)
    (problem,) = wrong
    assert (problem.row, problem.field) == (3, field)
    assert rule in problem.rule
    assert problem.next_step


def test_everything_wrong_with_a_row_is_told_at_once() -> None:
    (wrong,) = read(("phone", "sign", "code"), ("x", "", "", "more"), sign=None)
    assert isinstance(wrong, list)
    assert [problem.field for problem in wrong] == ["--file", "phone", "sign", "code"]


def test_brackets_around_the_sign_of_a_row_are_taken_off() -> None:
    assert read(("phone", "签名"), (GOOD, "【 甲 】")) == [Message(E164, Content("甲"))]


def test_sample_numbers_are_recipients_where_they_are_allowed() -> None:
    assert read(("phone",), ("13912345678",), samples_allowed=True) == [Message("+8613912345678", Content("签名"))]


@pytest.mark.parametrize("sign", [None, "", "a\nb"])
def test_a_missing_sign_is_refused_before_any_row_is_read(sign: str | None) -> None:
    table = table_of(("phone",), (GOOD,))
    with pytest.raises(InputError, match="--sign-name"):
        read_messages(table, parse_map(None, table.headers), sign=sign, samples_allowed=False, notices=Notices())


@given(ANY_TEXT.map(clean_text).filter(lambda text: text and text[0] not in "#'="))
def test_a_variable_is_what_its_cell_holds_or_has_the_problems_of_its_text(text: str) -> None:
    (found,) = read(("phone", "v"), (GOOD, text), sign="x")
    problems = check_parameters({"v": text}) or odd_values({"v": text})
    assert isinstance(found, list) if problems else found == Message(E164, Content("x", {"v": text}))


def add_all(report: ProblemReport) -> None:
    for row in range(2, 52):
        report.add([Problem("phone", f"=x{row}", "is not a phone number", "Mend it.", row)])
    for row in range(60, 63):
        rule = f"is {row * 1000} characters long; at most 20000 are allowed"
        report.add([Problem("code", "", rule, "", row), Problem("phone", "+1", "is not a phone number", "", row)])


def test_a_report_counts_each_kind_and_shows_its_first_rows() -> None:
    report = ProblemReport()
    add_all(report)
    assert report.as_json() == {
        "total": 56,
        "kinds": [
            {
                "field": "phone",
                "rule": "is not a phone number",
                "count": 53,
                "rows": list(range(2, 22)),
                "example": "=x2",
            },
            {
                "field": "code",
                "rule": "is … characters long; at most 20000 are allowed",
                "count": 3,
                "rows": [60, 61, 62],
                "example": "",
            },
        ],
    }
    assert len(report.shown) == 23


def read_errors(path: Path) -> list[list[str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_the_errors_file_has_all_problems_and_appears_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "errors.csv"
    path.write_text("older")
    path.chmod(0o600)
    with ProblemReport(str(path)) as report:
        add_all(report)
        report.add([Problem("@a", "张\ud800", "-x", "+y\n,z")])
        assert path.read_text() == "older"
    rows = read_errors(path)
    assert rows[0] == ["row", "field", "value", "rule", "next_step"]
    assert rows[1] == ["2", "phone", "'=x2", "is not a phone number", "Mend it."]
    assert rows[-1] == ["", "'@a", "张\\ud800", "'-x", "'+y\n,z"]
    assert len(rows) == 58
    assert path.stat().st_mode & 0o777 == 0o600
    assert {found.name for found in tmp_path.iterdir()} == {"errors.csv", "home"}


def test_the_errors_file_is_complete_after_a_failure_too(tmp_path: Path) -> None:
    path = tmp_path / "errors.csv"
    report = ProblemReport(str(path))
    with pytest.raises(ZeroDivisionError), report:
        report.add([Problem("phone", "x", "is wrong", "", row=1 // 0)])
    assert read_errors(path) == [["row", "field", "value", "rule", "next_step"]]


INTERRUPTED = """
import sys
from smswrap import signals
from smswrap.errors import Problem
from smswrap.sending.table.problems import ProblemReport
with signals.signals_noticed():
    with ProblemReport(sys.argv[1]) as report:
        report.add([Problem("phone", "x", "is wrong", "", 2)])
        print("ready", flush=True)
        signals.pause(60)
"""


def test_the_errors_file_is_complete_after_a_signal(tmp_path: Path) -> None:
    path = tmp_path / "errors.csv"
    command = [sys.executable, "-c", INTERRUPTED, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(signal.SIGTERM)
        child.wait(timeout=30)
    assert len(read_errors(path)) == 2


@pytest.mark.parametrize("name", ["missing/errors.csv", "home", "a\0b"])
def test_an_errors_file_that_cannot_be_written_is_refused_at_once(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="--errors-file") as caught, ProblemReport(str(tmp_path / name)):
        pytest.fail("it was opened")
    assert "cannot be written" in str(caught.value)


def test_a_device_or_a_pipe_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    with ProblemReport("/dev/null") as report:
        add_all(report)
    assert not Path("/dev/null").is_file()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["/bin/cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        with ProblemReport(str(pipe)) as report:
            add_all(report)
        assert reader.stdout is not None
        assert len(reader.stdout.read().splitlines()) == 57
    assert pipe.is_fifo()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_the_errors_file_keeps_the_rights_of_the_older_one(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "errors.csv"
    path.touch()
    path.chmod(mode)
    (tmp_path / "link").symlink_to(path)
    with ProblemReport(str(tmp_path / "link")) as report:
        add_all(report)
    assert path.stat().st_mode & 0o777 == mode
    assert (tmp_path / "link").is_symlink()
    assert len(read_errors(path)) == 57


def test_a_full_disk_is_told_and_leaves_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "errors.csv"
    path.write_text("older")
    program = (
        "import sys\n"
        "from smswrap.errors import InputError, Problem\n"
        "from smswrap.sending.table.problems import ProblemReport\n"
        "try:\n"
        "    with ProblemReport(sys.argv[1]) as report:\n"
        "        report.add(Problem('phone', 'x' * 30, 'is wrong', '', row) for row in range(9000))\n"
        "except InputError as error:\n"
        "    print(error)\n"
    )
    script = 'ulimit -f 64; trap "" XFSZ; exec "$0" -c "$1" "$2"'
    command = ["/bin/sh", "-c", script, sys.executable, program, str(path)]
    ended = subprocess.run(command, capture_output=True, check=True, text=True)
    assert "cannot be written" in ended.stdout
    assert path.read_text() == "older"
    assert {found.name for found in tmp_path.iterdir()} == {"errors.csv", "home"}


def test_an_errors_file_can_be_read_as_a_table_again(tmp_path: Path) -> None:
    with ProblemReport(str(tmp_path / "errors.csv")) as report:
        report.add([Problem("phone", "+86 1381", "is not a phone number", "", 4)])
    with open_table(str(tmp_path / "errors.csv")) as table:
        assert list(table.rows()) == [Row(2, ("4", "phone", "+86 1381", "is not a phone number", ""))]
