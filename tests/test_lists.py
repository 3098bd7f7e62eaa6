"""Lists as people have them: code pages, other programs' files, headers, odd values, constants."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smswrap.errors import InputError, Problem
from smswrap.model import Line, Message, Outcome
from smswrap.sending.oddities import find_oddity
from smswrap.sending.table.cells import neutral
from smswrap.sending.table.files import open_table
from smswrap.sending.table.headers import TARGETS, parse_map
from smswrap.sending.table.problems import Notices
from smswrap.sending.table.results import write_results
from smswrap.sending.table.rows import read_messages

PHONE = "13812341234"


def write(folder: Path, content: str | bytes, name: str = "list.csv") -> str:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def read(
    source: str,
    *,
    variables: tuple[str, ...] | None = None,
    constants: dict[str, str] | None = None,
    accept_odd_values: bool = False,
    **options: Any,
) -> tuple[list[Message | list[Problem]], list[str]]:
    notices = Notices()
    with open_table(source, **options) as table:
        columns = parse_map(options.get("column_map"), table.headers, variables, constants)
        found = read_messages(
            table,
            columns,
            sign="签",
            samples_allowed=False,
            notices=notices,
            constants=constants,
            accept_odd_values=accept_odd_values,
        )
        return [message for _, message in found], notices.lines


def parameters(source: str, **options: Any) -> list[dict[str, str]]:
    messages, _ = read(source, **options)
    assert all(isinstance(message, Message) for message in messages), messages
    return [dict(message.content.parameters) for message in messages if isinstance(message, Message)]


def refusal(source: str, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        read(source, **options)
    told = f"{caught.value} {caught.value.fault.next_step}"
    assert "--template-param" not in told
    assert len(told) < 2_000
    return told


LISTS = {
    "cp1252": ["name\nMünchen\nZürich", "name\nJosé Peña", "name\nÅse Sørensen\nFrançois"],
    "cp1251": ["имя\nИванов", "name\nПетрова Анна", "name\nМОСКВА"],
    "big5": ["姓名\n王小明", "name\n陳大文", "name\n臺北市"],
    "shift_jis": ["名前\nやまだ", "name\nカタカナ", "name\n田中太郎"],
    "euc_kr": ["이름\n김철수", "name\n홍길동", "name\n전화번호"],
    "cp1250": ["name\nŁódź", "name\nPříbram", "name\nDvořák"],
    "cp1253": ["name\nΑθήνα", "name\nΓιώργος", "name\nΕλένη"],
}


@pytest.mark.parametrize(("encoding", "text"), [(name, text) for name in LISTS for text in LISTS[name]])
def test_another_code_page_is_refused_unless_it_is_named(tmp_path: Path, encoding: str, text: str) -> None:
    header, *names = text.split("\n")
    lines = [f"phone,{header}", *(f"{PHONE},{name}" for name in names)]
    source = write(tmp_path, "\n".join(lines).encode(encoding))
    assert "--encoding " in refusal(source)
    assert parameters(source, encoding=encoding) == [{header: name} for name in names]
    assert any(f"was read as {encoding}" in line for line in read(source, encoding=encoding)[1])


@pytest.mark.parametrize("text", ["phone,name\n{},张三\n", "手机号,名称\n{},欧阳锋\n", "phone,v\n{},您的订单已发货\n"])
def test_chinese_in_gb18030_is_read_and_told(tmp_path: Path, text: str) -> None:
    source = write(tmp_path, text.format(PHONE).encode("gb18030"))
    (found,) = parameters(source)
    assert list(found.values())[0] in text  # noqa: RUF015  it has one value
    assert "--file was read as gb18030." in read(source)[1]


@pytest.mark.parametrize(("encoding", "told"), [("utf-8", 0), ("utf-8-sig", 0), ("utf-16", 1)])
def test_what_is_certain_is_told_if_it_is_not_utf8(tmp_path: Path, encoding: str, told: int) -> None:
    source = write(tmp_path, f"phone,v\n{PHONE},Zoë 张\n".encode(encoding))
    assert parameters(source) == [{"v": "Zoë 张"}]
    assert len(read(source)[1]) == told


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_named(tmp_path: Path, encoding: str) -> None:
    source = write(tmp_path, f"phone,v\n{PHONE},x\n".encode(encoding))
    assert f"--encoding {encoding}" in refusal(source)
    assert parameters(source, encoding=encoding) == [{"v": "x"}]


@pytest.mark.parametrize("encoding", ["nonsense", "base64", "rot13", "", "utf-8\0"])
def test_an_encoding_that_is_none_is_refused(tmp_path: Path, encoding: str) -> None:
    assert "there is no encoding" in refusal(write(tmp_path, f"phone\n{PHONE}\n"), encoding=encoding)


def test_an_encoding_that_the_file_does_not_have_is_refused(tmp_path: Path) -> None:
    assert "is not ascii: byte 19 is wrong" in refusal(write(tmp_path, f"phone\n{PHONE}\né"), encoding="us-ascii")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"BEGIN:VCARD\r\nVERSION:3.0\r\nTEL:1\r\nEND:VCARD\r\n", "is a vCard file"),
        (b"\xef\xbb\xbfbegin:vcard\n", "is a vCard file"),
        (b"<html><table><tr><td>phone</td></tr></table></html>", "is an HTML page"),
        (b"\n <!DOCTYPE html>\n<body>", "is an HTML page"),
        (b"<table border=1><tr><td>1", "is an HTML page"),
        (
            b'<?xml version="1.0"?>\n<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
            "is an XML spreadsheet of 2003",
        ),
        (b"<?xml version='1.0'?><contacts/>", "is XML"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an old binary .xls file"),
        (b"%PDF-1.7\n", "is a PDF"),
        (b"\x1f\x8b\x08\0", "is a compressed file"),
        (b"MIME-Version: 1.0\r\n", "is a web archive"),
        (b"SQLite format 3\0", "is a SQLite database"),
        (b'[{"phone":"1"}]', "is a JSON array"),
    ],
)
@pytest.mark.parametrize("name", ["list.xls", "list.csv", "list"])
def test_a_file_of_another_kind_is_refused_with_its_kind_and_the_way_out(
    tmp_path: Path, content: bytes, words: str, name: str
) -> None:
    told = refusal(write(tmp_path, content, name))
    assert words in told
    assert told.rstrip().endswith(".")


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;", "\ufeffsep=;"])
def test_a_line_that_names_the_delimiter_is_understood(tmp_path: Path, line: str) -> None:
    source = write(tmp_path, f"{line}\r\nphone;v\r\n{PHONE};a,b\r\n{PHONE};\r\n")
    messages, _ = read(source)
    assert isinstance(messages[0], Message)
    assert messages[0].content.parameters == {"v": "a,b"}
    assert isinstance(messages[1], list)
    assert messages[1][0].row == 4


@pytest.mark.parametrize(
    "title", ["会员名单\n", "会员名单,\n\n", "List of May\nby,me\n", '"a title, with a comma"\n', ",,\n\n名单,,\n"]
)
def test_title_rows_above_the_header_are_understood_and_told(tmp_path: Path, title: str) -> None:
    source = write(tmp_path, f"{title}手机号,姓名,备注\n{PHONE},张三,x\n")
    messages, lines = read(source, column_map="v=姓名")
    assert [message.content.parameters for message in messages if isinstance(message, Message)] == [{"v": "张三"}]
    assert any("has its header in row" in line for line in lines)


def test_a_row_that_says_phone_is_no_header(tmp_path: Path) -> None:
    source = write(tmp_path, f"号码,设备\n{PHONE},手机\n,手机\n")
    messages, _ = read(source, column_map="phone=号码,v=设备")
    assert isinstance(messages[0], Message)
    assert "must say which column holds the phone numbers" in refusal(source)


HEADERS = [
    *("手机号", "手机号码", "手机", "电话", "电话号码", "联系电话", "收件人号码"),
    *("phone", "phone_number", "mobile", "tel", "telephone", "PhoneNumber", "recipient"),
]
SPELT = [
    "Phone Number",
    "Mobile Phone",
    "PHONENUMBER",
    "phone-number",
    "phoneNumber",
    "p h o n e  n u m b e r",
    "手机号：",
    "手机号*",
]


@pytest.mark.parametrize("header", HEADERS + SPELT)
def test_a_header_that_means_phone_is_recognised(header: str) -> None:
    assert parse_map(None, ["x", header], ("x",)).phone == 1


@pytest.mark.parametrize("pair", [("手机号", "联系电话"), ("phone", "Mobile"), ("tel", "Phone Number")])
def test_two_headers_that_mean_phone_stop_and_both_are_named(pair: tuple[str, str]) -> None:
    with pytest.raises(InputError) as caught:
        parse_map(None, pair)
    assert all(header in str(caught.value) for header in pair)
    assert f"--map phone={pair[0]}" in caught.value.fault.next_step or " " in pair[0]


@pytest.mark.parametrize("header", ["Code", "CODE", "co_de", "c-o d e"])
def test_a_variable_is_filled_by_the_only_header_that_is_alike_and_that_is_told(header: str) -> None:
    columns = parse_map(None, ["phone", header], ("code",))
    assert columns.variables == (("code", 1),)
    assert [notice.value for notice in columns.notices] == [header]


def test_the_exact_header_goes_before_those_that_are_alike() -> None:
    assert parse_map(None, ["phone", "CO DE", "code"], ("code",)).variables == (("code", 2),)


def test_two_headers_that_are_alike_fill_nothing() -> None:
    with pytest.raises(InputError, match=r"no column for \$\{code\}"):
        parse_map(None, ["phone", "CO DE", "co_de"], ("code",))


@pytest.mark.parametrize("column_map", [None, "phone=手机号"])
def test_a_variable_without_a_column_stops_with_the_map_that_would_help(column_map: str | None) -> None:
    with pytest.raises(InputError) as caught:
        parse_map(column_map, ["手机号", "验证码"], ("code",))
    assert "has no column for ${code}; columns: 手机号, 验证码" in str(caught.value)
    assert "Add --map code=验证码, or --var code=…" in caught.value.fault.next_step


@pytest.mark.parametrize(
    ("headers", "variables", "hints"),
    [
        (["手机号", "姓名", "验证码"], ("code",), ["code=验证码"]),
        (["手机号", "姓名", "验证码"], ("code", "name"), ["code=验证码", "name=姓名"]),
        (["手机号", "单号", "链接"], ("order", "url"), ["order=单号", "url=链接"]),
        (["手机号", "单号", "链接"], ("order",), ["'order=…'"]),
        (["姓名", "号码", "code"], ("code",), ["phone=号码"]),
    ],
)
def test_a_hint_never_names_a_column_for_no_reason(headers: list[str], variables: tuple[str], hints: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        parse_map(None, headers, variables)
    assert re.findall(r"--map ([^,. ]+)", caught.value.fault.next_step) == hints


def test_columns_that_nothing_used_are_told() -> None:
    columns = parse_map("code=码", ["手机", "码", "备注", "x"])
    assert "has columns that nothing uses: 备注, x" in columns.notices[-1].rule


def test_a_constant_is_the_same_for_all_rows(tmp_path: Path) -> None:
    source = write(tmp_path, f"phone,code\n{PHONE},1\n{PHONE},2 x\n")
    found = parameters(source, variables=("code", "shop"), constants={"shop": "Acme"})
    assert found == [{"code": "1", "shop": "Acme"}, {"code": "2 x", "shop": "Acme"}]


@pytest.mark.parametrize("header", ["shop", "Shop", "s hop"])
def test_a_constant_with_a_column_of_its_name_is_refused(tmp_path: Path, header: str) -> None:
    told = refusal(write(tmp_path, f"phone,{header}\n{PHONE},1\n"), variables=("shop",), constants={"shop": "Acme"})
    assert "--var: 'shop' is the same for all rows" in told


WORDS = [*"nan NaN None NULL null undefined N/A n/a - NaT <NA> nil (null) —— －".split(), "null null", "None - None"]  # noqa: SIM905  a list of words
LEFT_OVER = [
    "${order}",
    "Dear ${name}",
    "{{code}}",
    "{name}",
    "#{code}",
    "%(code)s",
    "=SUM(A1:A3)",
    "=B2",
    "???",
    "####",
]
EXPONENTS = ["2.02311E+17", "4.2E+05", "1E+10", "1.6672267962836499e-07", "1e5", "-1.5E3"]
DECIMALS = ["111111.0", "5.0", "-7.0"]
MOJIBAKE = [
    "\ufffd",
    "a\ufffdb",
    "锟斤拷",
    "寮犱笁",
    "鏉庡洓",
    "MÃ¼nchen",
    "RÃ©gie",
    "å¼ ä¸‰",
    "РџСЂРёРІРµС‚",
    "烫烫烫",
]


@pytest.mark.parametrize("value", [*WORDS, *LEFT_OVER, *EXPONENTS, *DECIMALS, *MOJIBAKE])
def test_an_odd_value_stops_with_its_row_until_it_is_accepted_which_is_told(tmp_path: Path, value: str) -> None:
    source = write(tmp_path, f"phone,v\n{PHONE},ok\n{PHONE},{value}\n{PHONE},{value}\n")
    messages, _ = read(source)
    assert isinstance(messages[0], Message)
    assert isinstance(messages[1], list)
    assert (messages[1][0].row, messages[1][0].field) == (3, "v")
    assert "--accept-odd-values" in messages[1][0].next_step
    assert [found["v"] for found in parameters(source, accept_odd_values=True)] == ["ok", value, value]
    _, lines = read(source, accept_odd_values=True)
    assert lines[0].startswith("2 rows, as v (row 3)")
    assert lines[-1] == "2 odd value(s) are sent as they are."


PLAIN = [
    "007",
    "10.00",
    "1.50",
    "2E",
    "E5",
    "12E4567",
    "A-1",
    "100%",
    "$5",
    "北京",
    "联通",
    "您好，张三",
    "München",
    "Zoë",
    "Привет",
]
MORE = [
    "{1}",
    "none of it",
    "N",
    "nanny",
    "-5",
    "a - b",
    "李雪琴",
    "é",
    "İstanbul",
    "café ☕",
    "👨‍👩‍👧",
    "ทดสอบ",
    "مرحبا",
    "한국어",
]


@pytest.mark.parametrize("value", PLAIN + MORE)
def test_a_usual_value_is_not_odd(tmp_path: Path, value: str) -> None:
    assert find_oddity(value) == ""
    assert parameters(write(tmp_path, f'phone,v\n{PHONE},"{value}"\n')) == [{"v": value}]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("0123456789 张😀'=\n"), min_size=1))
def test_any_text_of_a_csv_arrives_unchanged_or_is_refused(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "list.csv")
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["手机号", "v"], [PHONE, text]])
        messages, _ = read(str(path))
    (found,) = messages
    if isinstance(found, Message):
        # What a spreadsheet puts around digits, and what nobody sees, is not part of what a cell shows.
        shown = "".join(char for char in text if char not in UNSEEN).strip()
        wrapped = shown.startswith(("'", '="'))
        assert found.content.parameters["v"] == shown or (wrapped and found.content.parameters["v"] in shown)


UNSEEN = {chr(n) for n in (0xAD, 0x180E, 0x200B, 0x200E, 0x200F, 0xFEFF)} | {
    chr(n) for n in [*range(0x202A, 0x202F), *range(0x2060, 0x2065), *range(0x2066, 0x206A)]
}


@pytest.mark.parametrize(
    "cell", ["=HYPERLINK(1)", "+1+2", "-2+3", "@SUM(1)", "\t=1", "\r=1", " =1", "＝1", "\n=1", "-x"]
)
def test_a_cell_that_a_spreadsheet_would_run_is_written_as_text(cell: str) -> None:
    assert neutral(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "x", "张三", "-5", "+85251234567", "-1.5", "a=b", "'=1"])
def test_a_harmless_cell_is_written_as_it_is(cell: str) -> None:
    assert neutral(cell) == cell


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def line(row: int, recipient: str, outcome: Outcome, code: str | None = None, biz_id: str | None = None) -> Line:
    return Line("p", 0.0, "aliyun", "签", "SMS_1", recipient, outcome, code, None, "o", biz_id, row)


def test_results_stand_beside_the_rows_that_they_belong_to(tmp_path: Path) -> None:
    source = write(tmp_path, f"phone,code,v\n{PHONE},1,=1+1\n\nx,2,a\n+85251234567,3,b\n")
    results = [line(2, f"+86{PHONE}", Outcome.ACCEPTED, None, "B^1"), line(5, "+85251234567", Outcome.REFUSED, "=x")]
    with open_table(source) as table:
        write_results(str(tmp_path / "out.csv"), iter(results), table)
    assert rows_of(tmp_path / "out.csv") == [
        ["phone", "code", "v", "outcome", "sms_code", "biz_id", "receipt"],
        [PHONE, "1", "'=1+1", "accepted", "", "B^1", ""],
        ["x", "2", "a", "invalid", "", "", ""],
        ["+85251234567", "3", "b", "refused", "'=x", "", ""],
    ]
    assert (tmp_path / "out.csv").stat().st_mode & 0o777 == 0o600


def test_results_without_the_list_have_number_and_recipient(tmp_path: Path) -> None:
    write_results(str(tmp_path / "out.csv"), [line(2, "+8613812341234", Outcome.NOT_SENT)])
    assert rows_of(tmp_path / "out.csv")[1] == ["2", "+8613812341234", "not_sent", "", "", ""]


@pytest.mark.parametrize("name", ["no/such/folder/x.csv", "", "a\0b"])
def test_a_result_file_that_cannot_be_written_leaves_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="--result-file"):
        write_results(str(tmp_path / name) if "\0" not in name else name, [])
    assert {found.name for found in tmp_path.iterdir()} == {"home"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("phone" + "".join(f",{n:x}" for n in range(150_000)) + f"\n{PHONE}\n", "has 150001 columns"),
        ("phone" + ",same" * 16_000 + f"\n{PHONE}\n", "'same' is the header of columns B, C"),
        (f"phone,v\n{PHONE}," + "x" * 5_000_000 + "\n", "line of over 1000000 characters"),
        (f"phone,v\n{PHONE}\n" + "\n" * 3_000_000, "VARIES"),
    ],
    ids=["columns", "one name", "a long cell", "empty lines"],
)
def test_a_csv_without_measure_ends_in_seconds_with_a_short_message(tmp_path: Path, content: str, words: str) -> None:
    begun = time.monotonic()
    source = write(tmp_path, content)
    if words == "VARIES":
        assert len(read(source)[0]) == 1
    else:
        assert words in refusal(source)
    assert time.monotonic() - begun < 30


def test_a_file_has_a_largest_size_which_can_be_lifted(tmp_path: Path) -> None:
    source = write(tmp_path, f"phone\n{PHONE}\n")
    assert "is larger than 10 bytes" in refusal(source, largest=10)
    assert parameters(source, largest=None) == [{}]


def test_a_stream_without_an_end_is_not_copied_without_an_end(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom smswrap.errors import InputError\nfrom smswrap.sending.table.files import open_table\n"
        "try:\n    with open_table(sys.argv[1], largest=1_000_000): pass\nexcept InputError as error: print(error)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, "/dev/zero"],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert "is larger than 1000000 bytes" in ended.stdout


@pytest.mark.parametrize(("option", "value"), [("sheet", "x"), ("hidden_rows", "skip")])
def test_what_only_workbooks_have_is_refused_for_other_files(tmp_path: Path, option: str, value: str) -> None:
    told = refusal(write(tmp_path, f"phone\n{PHONE}\n"), **{option: value})
    assert f"--{option.replace('_', '-')}" in told
    assert "is not a workbook" in told


def test_every_header_that_means_something_is_written_as_it_is_compared() -> None:
    assert all(
        name == name.casefold() and " " not in name and "_" not in name for names in TARGETS.values() for name in names
    )
