"""What a person sees of lists: nothing that they copy is ever cut, and nothing is said twice."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smswrap.cli import tables
from smswrap.cli.answer import Answer
from smswrap.cli.screen import STYLES, Screen
from smswrap.cli.tables import draw, render

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran, StandIn

SEND: dict[str, Any] = {
    "plan_id": "298bd1468ba3744d-2",
    "at": "2026-11-26T10:00:00+08:00",
    "sign": "阿里云短信测试",
    "template": "SMS_100000001",
    "recipient": "+8619900000007",
    "outcome": "refused",
    "code": "isv.AMOUNT_NOT_ENOUGH",
    "receipt": None,
}
OTHER = {**SEND, "plan_id": "d1b759e30a4d1d25", "outcome": "unknown", "code": None, "template": "SMS_2"}
COPIED = ("plan_id", "recipient", "outcome", "code", "template")
TEMPLATE = {
    "template": "SMS_100000001",
    "name": "登录验证码",
    "type": "verification",
    "state": "approved",
    "content": "您的验证码为：${code}，5分钟内有效，请勿泄露。" * 2,
    "reason": None,
}
WIDTHS = pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
ONE_SIGN = st.text("签名甲乙", min_size=1, max_size=12)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "recipient": st.from_regex(r"\+86139[0-9]{8}", fullmatch=True),
            "outcome": st.sampled_from(["accepted", "refused", "unknown", "not_sent"]),
            "code": st.sampled_from([None, "isv.BUSINESS_LIMIT_CONTROL", "OK", "Throttling.User"]),
            "plan_id": st.from_regex(r"[0-9a-f]{16}(-[0-9]{1,3})?", fullmatch=True),
            "sign": ONE_SIGN,
            "meaning": st.text("ab 中文。", max_size=90),
        }
    ),
    min_size=1,
    max_size=6,
)


def visible_lines(text: str) -> list[str]:
    return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()]


def cells(text: str) -> int:
    """Columns of a line: the Chinese characters here take two."""
    return sum(2 if char > "\u2e80" else 1 for char in text)


@WIDTHS
def test_what_is_copied_is_whole_at_any_width(width: int) -> None:
    drawn = draw("sends", [SEND, OTHER], Screen(width))
    for row in (SEND, OTHER):
        assert all(str(row[key]) in drawn for key in COPIED if row[key])
    assert max(map(cells, drawn.splitlines())) <= width


@settings(max_examples=50)
@given(ROWS, st.integers(30, 140))
def test_nothing_but_words_is_ever_broken_and_no_character_is_lost(rows: list[dict[str, Any]], width: int) -> None:
    drawn = draw("rows", rows, Screen(width))
    for row in rows:
        assert all(str(row[key]) in drawn for key in ("recipient", "plan_id", "outcome", "sign"))
        assert row["code"] is None or row["code"] in drawn
    shown, given_ = (sorted(re.sub(r"[^ab中文。]", "", text)) for text in (drawn, "".join(r["meaning"] for r in rows)))
    assert len(rows) > 1 or set(given_) <= set(shown)
    assert max(map(cells, drawn.splitlines())) <= max(width, 34)


@WIDTHS
def test_a_template_is_a_card_with_its_text_below(width: int) -> None:
    first, *below = draw("templates", [TEMPLATE], Screen(width), titled=False).splitlines()
    assert first.startswith("SMS_100000001  登录验证码")
    said = "".join(line.strip() for line in below)
    assert said.replace("verification", "").replace("approved", "").strip() == TEMPLATE["content"]
    assert width < 60 or len(below) <= 4


def test_what_all_rows_say_is_said_once_and_empty_columns_are_left_out() -> None:
    rows = [{**SEND, "recipient": f"+861990000000{n}"} for n in range(4)]
    drawn = draw("sends", rows, Screen(100))
    assert drawn.count("阿里云短信测试") == drawn.count("298bd1468ba3744d-2") == 1
    assert drawn.splitlines()[-1].startswith("all:  template SMS_100000001")
    assert "receipt" not in drawn
    assert drawn.count("refused") == len(rows)


@pytest.mark.parametrize(
    ("data", "end"),
    [
        ({"templates": [TEMPLATE] * 8, "total": 8, "page": 1, "page_size": 50}, "8 of 8 templates"),
        (
            {"templates": [TEMPLATE] * 3, "total": 8, "page": 2, "page_size": 3},
            "3 of 8 templates; page 2 of 3, --page 3 goes on, --all shows all",
        ),
        ({"templates": [], "total": 0, "page": 1, "page_size": 50}, "no templates"),
        ({"shown": 2, "next_offset": 2, "sends": [SEND, OTHER]}, "2 sends; --offset 2 goes on"),
        ({"shown": 2, "next_offset": None, "sends": [SEND, OTHER]}, "2 of 2 sends"),
    ],
)
def test_the_last_line_says_how_many_and_how_to_go_on(data: dict[str, Any], end: str) -> None:
    drawn = render(Answer("list", data=data), Screen(80))
    assert drawn.splitlines()[-1] == end
    assert "page_size" not in drawn


def test_rates_and_days_are_written_as_people_do() -> None:
    counts = {"sent": 14, "delivery_rate": 0.92857}
    data = {"unit": "parts", "totals": counts, "days": [{"day": "20261127", **counts}]}
    drawn = render(Answer("query-statistics", data=data), Screen(80))
    assert drawn.count("92.9%") == 2
    assert "2026-11-27" in drawn


def test_a_sentence_beside_its_name_is_broken_between_words() -> None:
    data = {"code": "isv.AMOUNT_NOT_ENOUGH", "meaning": "The account's balance or package does not cover this send."}
    assert render(Answer("explain", data=data), Screen(40)).splitlines()[1:] == [
        "meaning  The account's balance or",
        "         package does not cover this",
        "         send.",
    ]


def test_all_pages_leave_nothing_to_go_on_with() -> None:
    data = {"templates": [TEMPLATE] * 2, "total": 8, "page": 1, "page_size": 3}
    assert render(Answer("list", data=data, pages=3), Screen(80)).endswith("2 of 8 templates")


def test_without_a_terminal_a_table_is_as_wide_as_it_needs() -> None:
    long = {**SEND, "meaning": "w " * 200}
    lines = draw("rows", [long, OTHER], Screen()).splitlines()
    assert len(lines) == 5  # title, heads, a rule, two rows
    assert long["meaning"].strip() in lines[3]


def test_colours_are_those_that_can_be_read_on_light_and_on_dark() -> None:
    drawn = draw("sends", [SEND, OTHER, {**SEND, "outcome": "accepted"}], Screen(200, colour=True))
    used = set(re.findall(r"\x1b\[([0-9;]*)m", drawn))
    assert {"31", "32", "35", "1"} <= used  # refused, accepted, unknown, headings
    assert used <= {"31", "32", "35", "1", "0"}
    assert not set(STYLES.values()) & {"yellow", "white", "bright_white", "dim"}
    assert (
        visible_lines(drawn) == draw("sends", [SEND, OTHER, {**SEND, "outcome": "accepted"}], Screen(200)).splitlines()
    )


def test_times_are_this_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        assert tables.local("2026-11-26T10:00:00+08:00") == "2026-11-26 03:00:00"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_number_has_one_spelling(standin: StandIn, words: Callable[..., Ran]) -> None:
    sent = ("-s", "阿里云短信测试", "-t", "SMS_100000001", "--var", "code=1", "--yes")
    assert words("send", "-p", "19900000000", *sent, "--output", "table").code == 0
    for looking in (("history",), ("query-status", "-p", "19900000000")):
        assert "+8619900000000" in words(*looking, "--output", "table").stdout
    assert words("query-status", "-p", "19900000000").envelope["data"]["messages"][0]["recipient"] == "+8619900000000"
    assert len(standin.ledger) == 1


def test_row_problems_are_counted_by_kind_first_and_the_message_is_short(
    standin: StandIn, words: Callable[..., Ran], tmp_path: Any
) -> None:
    assert standin.launcher.exists()
    bad = tmp_path / "bad.csv"
    bad.write_text("phone,code\nabc,1\nabd,1\n19900000000,\n", "utf-8")
    ran = words("send-batch", "--file", str(bad), "-s", "甲", "-t", "SMS_100000001", "--yes", "--output", "table")
    assert ran.stderr.startswith("error: 3 problems of 2 kinds. Nothing was sent.\nhint: ")
    assert ran.stdout.startswith("kinds\n")
    assert ran.stdout.index("problems") < ran.stdout.index("abd")


def test_the_sandbox_log_can_be_read_and_pasted(standin: StandIn, words: Callable[..., Ran]) -> None:
    assert standin.launcher.exists()
    words("--sandbox", "list-signs")
    told = words("--sandbox", "sandbox", "log", "--output", "table").stdout
    assert "aliyun configure ai-mode enable" in told
    assert not re.search(r"\d{10}\.\d", told)
    assert "{" not in told
