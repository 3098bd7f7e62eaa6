"""references/files.md says what the code does."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from smswrap.errors import Problem
from smswrap.sending.oddities import NO_VALUE, find_oddity
from smswrap.sending.recipients import Recipient, read_recipient
from smswrap.sending.table import encodings, files, sheetrows, sheets
from smswrap.sending.table.formats import render
from smswrap.sending.table.headers import TARGETS

PAGE = (Path(__file__).parent.parent / "references" / "files.md").read_text("utf-8")
CODE = re.compile(r"`([^`]+)`")


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def table(title: str) -> list[list[str]]:
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


@pytest.mark.parametrize("row", table("Cells of a workbook"), ids=str)
def test_each_format_of_the_page_shows_what_it_says(row: list[str]) -> None:
    code, number, shown = (cell.strip("`") for cell in row)
    assert render(Decimal(number), code) == (None if shown == "refused" else shown)


@pytest.mark.parametrize("row", table("Numbers"), ids=str)
def test_each_number_of_the_page_becomes_what_it_says(row: list[str]) -> None:
    spellings, becomes, told = CODE.findall(row[0]), row[1].strip("`"), row[2]
    for spelling in spellings:
        found = read_recipient(spelling)
        if becomes == "-":
            assert isinstance(found, Problem), spelling
        else:
            assert isinstance(found, Recipient), spelling
            assert (found.number, bool(found.notices)) == (becomes, told == "told")


def test_the_page_names_every_header_and_every_word_for_no_value() -> None:
    assert set(CODE.findall(section("Columns").split("mean the phone: ")[1].split(". Two")[0])) == TARGETS["phone"]
    assert set(CODE.findall(section("Odd values").split('"no value" (')[1].split("),\n")[0])) == NO_VALUE


def test_the_values_that_the_page_calls_odd_are() -> None:
    odd = CODE.findall(section("Odd values").split("),\n")[1].split("Around")[0])
    assert all(find_oddity(value) for value in odd)
    assert len(odd) == 14


def test_the_page_names_the_limits_and_the_kinds() -> None:
    limits = [files.LARGEST_FILE, sheets.LARGEST, sheetrows.LAST_ROW, sheetrows.LAST_COLUMN]
    limits += [sheetrows.MOST_CELLS, sheetrows.LONGEST_CELL, encodings.LONGEST_LINE]
    assert all(str(limit) in PAGE for limit in limits)
    assert set(files.KINDS) <= set(CODE.findall(PAGE))
