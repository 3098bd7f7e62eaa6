"""Bars on a screen and in a file."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from conftest import SEND

from smswrap.cli.app import main
from smswrap.cli.charts import Bars, draw, svg
from smswrap.cli.screen import Screen
from smswrap.clock import days_ago, today
from smswrap.messages import width

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import StandIn

BARS = Bars(
    "A title",
    [
        ("2026-01-01", {"delivered": 900, "failed": 1, "no receipt": 99}),
        ("2026-01-02", {}),
        ("2026-01-03", {"delivered": 500}),
    ],
    "1,500 sent",
    ("delivered", "failed", "no receipt"),
)


def drawn(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert main(words) == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("columns", [40, 60, 80, 100])
def test_bars_fit_the_screen_and_keep_their_proportions(columns: int) -> None:
    lines = draw(BARS, Screen(columns)).splitlines()
    assert all(width(line) <= columns for line in lines)
    whole, nothing, half = (re.sub(r"[^█▓░]", "", line) for line in lines[2:5])
    assert nothing == ""
    assert abs(len(whole) / 2 - len(half)) <= 1
    assert "▓" in whole  # what happened once is seen
    assert (lines[5], lines[6]) == ("", "█ delivered  ▓ failed  ░ no receipt")


def test_parts_are_coloured_where_there_are_colours() -> None:
    assert "\x1b[32m█" in draw(BARS, Screen(80, colour=True))
    assert "\x1b" not in draw(BARS, Screen(80))


def test_the_svg_is_one_that_a_browser_reads() -> None:
    root = ET.fromstring(svg(BARS))  # noqa: S314  our own
    boxes = [box for box in root.iter("{http://www.w3.org/2000/svg}rect") if box.get("height") == "16"]
    assert sum(float(str(box.get("width"))) for box in boxes[:3]) == pytest.approx(480, abs=0.2)
    assert "1,500 sent" in [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]


def test_statistics_are_of_the_last_week_unless_days_are_given(
    standin: StandIn, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lines = drawn(capsys, "query-statistics", "--chart", "--chart-file", str(tmp_path / "x.svg"))
    assert [line.split()[0].replace("-", "") for line in lines[2:9]] == [days_ago(days) for days in range(6, -1, -1)]
    assert (tmp_path / "x.svg").read_text("utf-8").startswith("<svg ")
    assert days_ago(6) in standin.api_calls[0]["argv"]


def test_a_day_is_taken_in_iso_form_wherever_one_is_given(standin: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    day = today()
    iso = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    assert main(["query-statistics", "--start-date", iso, "--end-date", iso]) == 0
    assert main(["query-status", "-p", "19900000000", "--send-date", iso]) == 0
    assert all(day in call["argv"] for call in standin.api_calls)
    assert main(["history", "--date", iso]) == 0
    capsys.readouterr()
    assert main(["history", "--date", "2026-13-01"]) == 2
    assert "'2026-13-01' is not an existing date" in capsys.readouterr().err


def test_the_history_is_counted_by_outcome_and_code(standin: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    for number, code in (("19900000000", 0), ("19900000007", 5)):
        assert main([*(number if word == "19900000000" else word for word in SEND)]) == code
    assert len(standin.ledger) == 1
    capsys.readouterr()
    lines = drawn(capsys, "history", "--chart")
    assert sorted(line.split("  ")[0] for line in lines[2:4]) == ["accepted", "refused isv.AMOUNT_NOT_ENOUGH"]
    assert lines[-1] == "2 messages"
    counts = json.loads(drawn(capsys, "history", "--chart", "--output", "json")[0])["data"]["counts"]
    assert {(one["outcome"], one["code"], one["count"]) for one in counts} == {
        ("accepted", None, 1),
        ("refused", "isv.AMOUNT_NOT_ENOUGH", 1),
    }


@pytest.mark.parametrize("verb", ["history", "query-statistics"])
def test_another_kind_of_picture_is_refused_before_anything_is_called(
    standin: StandIn, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    assert main([verb, "--chart-file", "x.png"]) == 2
    assert "'x.png' does not end in .svg" in capsys.readouterr().err
    assert standin.api_calls == []
