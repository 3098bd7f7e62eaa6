"""Answers for people: tables and plain lines. Only this rendering loads rich."""

from __future__ import annotations

import json
import re
from io import StringIO
from typing import TYPE_CHECKING, Any

from smswrap.cli.answer import EMPTY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from smswrap.cli.answer import Answer

PLAIN_WIDTH = 160
"""Columns of a table that goes to no terminal."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "messages": ("recipient", "text"),
    "receipts": ("recipient", "receipt", "code", "meaning", "received_at", "content"),
    "requests": ("outcome", "recipients", "code", "biz_id", "out_id"),
    "registration": ("carrier", "state", "completed_at", "reasons"),
    "sends": ("at", "recipient", "outcome", "code", "receipt", "sign", "template", "plan_id"),
    "problems": ("field", "row", "value", "rule", "next_step"),
    "codes": ("code", "provider", "kind", "meaning", "next_step"),
}
"""What people are shown of each of our own lists, in this order; those of an operation are in its row.

A list that is in neither is shown whole.
"""

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00")
IDENTIFIERS = frozenset({"template", "sign", "type", "state", "code", "recipient", "outcome", "plan_id", "biz_id"})
"""Columns that people copy from: never broken."""

SHOWN_ELEMENTS = 5
"""Elements that a cell shows of a list."""


def render(answer: Answer) -> str:
    """Give the answer's data as text: its lists of objects as tables, everything else as `name  value` lines."""
    if not isinstance(answer.data, dict) or answer.status == "declined":  # whoever said no has just seen it all
        return ""
    # A single problem was told on stderr already.
    data = {name: value for name, value in answer.data.items() if name != "problems" or len(value) > 1}
    tables = (_table(name, rows, answer.columns) for name, rows in _tables(data))
    blocks = [_lines(data), *tables]
    return "\n".join(block for block in blocks if block)


def _tables(data: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    for name, value in data.items():
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            yield name, value
        elif isinstance(value, dict):
            yield from _tables(value)


def _lines(data: Mapping[str, Any], indent: str = "") -> str:
    tables = {name for name, _ in _tables(data)}
    plain = {name: value for name, value in data.items() if name not in tables and value not in EMPTY}
    width = max((len(name) for name in plain), default=0)
    return "\n".join(_line(name.ljust(width), value, indent) for name, value in plain.items())


def _line(name: str, value: object, indent: str) -> str:
    if isinstance(value, dict):
        return f"{indent}{name.rstrip()}\n{_lines(value, indent + '  ')}"
    return f"{indent}{name}  {_cell(value)}"


def _shown(name: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[str]:
    """The columns that the operation names, else ours of that list, else all; without the empty ones."""
    known = {key for row in rows for key in row}
    named = [key for key in columns if key in known] or COLUMNS.get(name) or tuple(rows[0])
    return [key for key in named if any(row.get(key) not in EMPTY for row in rows)]


def _table(name: str, rows: Sequence[Mapping[str, Any]], named: Sequence[str]) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    columns = _shown(name, rows, named)
    table = Table(title=name.replace("_", " "), title_justify="left", box=box.SIMPLE_HEAD)
    for column in columns:
        whole = column in IDENTIFIERS
        table.add_column(column.replace("_", " "), overflow="fold", no_wrap=whole)
    for row in rows:
        table.add_row(*(_escape(_cell(row.get(column))) for column in columns))
    drawn = StringIO()
    Console(file=drawn, width=_width(), color_system=None).print(table)
    return "\n".join(line.rstrip() for line in drawn.getvalue().splitlines())


def _width() -> int:
    import shutil

    from smswrap import process

    return shutil.get_terminal_size().columns if process.is_terminal(1) else PLAIN_WIDTH


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(element, (str, int)) for element in value):
        more = f" and {len(value) - SHOWN_ELEMENTS} more" if len(value) > SHOWN_ELEMENTS else ""
        return ", ".join(_cell(element) for element in value[:SHOWN_ELEMENTS]) + more
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    text = str(value)
    if MOMENT.fullmatch(text):
        return text[:19].replace("T", " ")
    return "".join(char if char.isprintable() else "·" for char in text)


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)
