"""Bars on a screen and in a file."""

from __future__ import annotations

import json
import re
import struct
import zlib
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from conftest import SEND

from smswrap.cli.app import main
from smswrap.cli.charts import draw
from smswrap.cli.raster import SCALE, SIGNATURE, png
from smswrap.cli.screen import Screen
from smswrap.cli.sketch import Bars, sketch, svg
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
    root = ET.fromstring(svg(sketch(BARS, str)))  # noqa: S314  our own
    boxes = [box for box in root.iter("{http://www.w3.org/2000/svg}rect") if box.get("height") == "16"]
    assert sum(float(str(box.get("width"))) for box in boxes[:3]) == pytest.approx(480, abs=1)
    assert "1,500 sent" in [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]


def pixels(picture: bytes) -> list[list[str]]:
    """The rows of a palette's PNG, a colour a pixel; its parts, lengths and sums are checked."""
    assert picture.startswith(SIGNATURE)
    chunks, at = {}, len(SIGNATURE)
    while at < len(picture):
        (long,), name = struct.unpack_from(">I", picture, at), picture[at + 4 : at + 8]
        chunks[name] = picture[at + 8 : at + 8 + long]
        assert struct.unpack_from(">I", picture, at + 8 + long) == (zlib.crc32(name + chunks[name]),)
        at += long + 12
    wide, high, depth, kind = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    data, colours = zlib.decompress(chunks[b"IDAT"]), chunks[b"PLTE"].hex()
    assert (list(chunks)[-1], depth, kind, len(data)) == (b"IEND", 8, 3, high * (wide + 1))
    rows = [data[at : at + wide + 1] for at in range(0, len(data), wide + 1)]
    assert {row[0] for row in rows} == {0}
    return [[f"#{colours[6 * pixel : 6 * pixel + 6]}" for pixel in row[1:]] for row in rows]


def test_the_png_shows_what_the_svg_does() -> None:
    picture = sketch(BARS, str)
    rows = pixels(png(picture))
    assert (len(rows[0]), len(rows)) == (picture.wide * SCALE, picture.high * SCALE)
    for box in (box for box in picture.boxes if box.wide):
        middle = rows[round((box.y + box.high / 2) * SCALE)]
        assert middle[round((box.x + box.wide / 2) * SCALE)] == box.colour
    for text in picture.labels:
        top, left = round((text.y - 12) * SCALE), round(text.x * SCALE)
        assert any("#222222" in row[left : left + 9 * len(text.text) * SCALE] for row in rows[top : top + 24])
    assert (rows[0][0], rows[-1][-1]) == ("#ffffff", "#ffffff")


def test_each_printable_letter_has_a_shape_of_its_own() -> None:
    letters = [chr(code) for code in range(0x21, 0x7F)]
    pictures = {png(sketch(Bars(letter, [], ""), str)) for letter in letters}
    assert len(pictures) == len(letters)


def test_a_chart_in_chinese_has_english_words_as_png(
    standin: StandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert standin.ledger == []
    for language in ("en", "zh"):
        monkeypatch.setenv("SMSWRAP_LANG", language)
        drawn(capsys, "query-statistics", "--chart-file", str(tmp_path / f"{language}.PNG"))
        drawn(capsys, "query-statistics", "--chart-file", str(tmp_path / f"{language}.svg"))
    assert (tmp_path / "zh.PNG").read_bytes() == (tmp_path / "en.PNG").read_bytes()
    assert "已送达" in (tmp_path / "zh.svg").read_text("utf-8")


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


def test_of_nothing_no_legend_is_drawn(standin: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    assert drawn(capsys, "history", "--chart") == ["Messages by outcome and code", "0 messages"]
    assert standin.calls == []


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
def test_a_chart_that_cannot_be_written_is_refused_before_anything_is_called(
    standin: StandIn, capsys: pytest.CaptureFixture[str], tmp_path: Path, verb: str
) -> None:
    nowhere = str(tmp_path / "nowhere" / "x.png")
    for name, said in (("x.jpg", "'x.jpg' does not end in .svg or .png"), (nowhere, repr(nowhere))):
        assert main([verb, "--chart-file", name]) == 2
        told = capsys.readouterr().err
        assert (told.count("--chart-file"), said in told) == (1, True)
    assert standin.api_calls == []
