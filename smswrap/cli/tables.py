"""Answers for people: tables, a card an item where a table would not fit, plain lines. Only this loads rich."""

from __future__ import annotations

import json
import re
from io import StringIO
from typing import TYPE_CHECKING, Any

from smswrap.cli.answer import EMPTY
from smswrap.cli.screen import HEADING, STYLES, Screen, padded, wrapped
from smswrap.clock import dashed
from smswrap.masking import visible
from smswrap.messages import PROSE_KEYS, said

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from smswrap.cli.answer import Answer

Row = dict[str, str]
"""A row as it is shown: a text for each column."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "messages": ("recipient", "text"),
    "receipts": ("recipient", "receipt", "code", "meaning", "received_at"),
    "requests": ("outcome", "code", "recipients_total", "recipients", "biz_id", "out_id"),
    "registration": ("carrier", "state", "completed_at", "reasons"),
    "sends": ("at", "recipient", "outcome", "code", "receipt", "template", "sign", "plan_id"),
    "kinds": ("count", "field", "rule", "rows", "example"),
    "problems": ("row", "field", "value", "rule"),
    "codes": ("code", "provider", "kind", "meaning", "next_step"),
    "calls": ("at", "ai_mode", "exit", "call"),
}
"""What people are shown of each of our own lists, in this order; those of an operation are in its row.

A list that is in neither is shown whole.
"""

TEXTS = frozenset(
    {
        *("audit_remark", "company", "content", "description", "detail", "meaning", "message", "next_step", "reason"),
        *("reasons", "rule", "text"),
    }
)
"""Columns of sentences: on a card they stand below, without a label."""

FREE = TEXTS | {"example", "groups", "name", "recipients", "rows", "signs", "usage", "value", "variables"}
"""Columns of words, which may go on in a next line; all others hold what people copy, and are never broken."""

CARDS = frozenset({"templates"})
"""Lists that are always a card an item: their texts are longer than a line."""

TELLING = frozenset({"at", "row", "rule", "recipient", "outcome", "receipt", "state", "code", "count"})
"""Columns that are shown although all rows say the same."""

DAYS = frozenset({"day"})
"""Columns that hold a day as yyyyMMdd, and show it as people write it."""

STATES = frozenset({"outcome", "receipt", "state"})
"""Columns that have colours."""

WORDS = STATES | {"carrier", "kind", "retry", "scope", "type", "unit"}
"""Columns of words that people read in their language."""

CLEAR = TEXTS | STATES
CLEAR |= {"at", "call", "code", "name", "plan_id", "provider", "recipient", "sign", "template", "type"}
"""Columns whose values tell what they are, without a label on a card."""

FEW = 3
"""Rows from which what they all say is said once."""

NARROWEST = 24
"""Columns below which a text in a table is hard to read."""

GAP = 3
"""Columns between two of a table."""

SHOWN_ELEMENTS = 5
"""Elements that a cell shows of a list."""

PAGING = ("total", "shown", "page", "page_size", "next_offset", "left_out", "problems_total")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00")

ALL_OF = "{shown} of {total} {name}"
NONE = "no {name}"
NEXT_PAGE = "; page {page} of {pages}, --page {following} goes on, --all shows all"
NEXT_LINES = "{shown} {name}; --offset {offset} goes on"
ALL_SAY, MORE = "all:", "and {count} more"


def render(answer: Answer, screen: Screen) -> str:
    """Give the answer's data as text: its lists of objects as tables, everything else as `name  value` lines."""
    if not isinstance(answer.data, dict):
        return ""
    # What stderr has told already: a single problem, the plan that a failure is about.
    told = answer.fault.message if answer.fault else ""
    data = {
        name: value
        for name, value in answer.data.items()
        if (name != "problems" or len(value) > 1) and not (name == "plan_id" and str(value) in told)
    }
    found = sorted(_tables(data), key=lambda table: table[0] != "kinds")
    listed = len(found) == 1 and any(key in data for key in ("total", "shown"))
    if listed or "problems_total" in data or "next_offset" in data or ("total" in data and not found):
        data = {name: value for name, value in data.items() if name not in PAGING}
    tables = (draw(name, rows, screen, answer.columns, titled=not listed) for name, rows in found)
    empty = [said(NONE).format(name=_named(key)) for key, value in data.items() if value == []][:1]
    return "\n".join([block for block in (_lines(data, screen), *tables, _footer(answer, found)) if block] or empty)


def draw(
    name: str,
    rows: Sequence[Mapping[str, Any]],
    screen: Screen,
    columns: Sequence[str] = (),
    *,
    titled: bool = True,
) -> str:
    """A list of objects as a table that fits the screen, else as cards."""
    shown = _shown(name, rows, columns)
    texts = [{key: _value(key, row) for key in shown} for row in rows]
    same = [key for key in shown if key not in TELLING and len(rows) >= FEW and len({row[key] for row in texts}) == 1]
    same = same if len(same) < len(shown) else []
    left = [key for key in shown if key not in same]
    widths = _widths(left, texts, screen.width)
    title = [screen.styled(_named(name), HEADING)] if titled else []
    all_say = [(said(ALL_SAY), ""), *((f"{_named(key)} {_word(key, texts[0])}", "") for key in same)]
    shared = _flowing(all_say, screen) if same else ()
    if widths is None or (name in CARDS and screen.width is not None):
        return "\n".join([*title, *_cards(left, texts, screen), *shared])
    return "\n".join([*title, *_table(left, texts, widths, screen), *shared])


def _tables(data: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    for name, value in data.items():
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            yield name, value
        elif isinstance(value, dict):
            yield from _tables(value)


def _lines(data: Mapping[str, Any], screen: Screen, indent: str = "") -> str:
    tables = {name for name, _ in _tables(data)}
    plain = {name: value for name, value in data.items() if name not in tables and value not in EMPTY}
    width = max((_cells(_named(name)) for name in plain), default=0)
    told = {name: said(str(value)) if name in WORDS else value for name, value in plain.items()}
    return "\n".join(line for name, value in told.items() for line in _line(name, value, width, screen, indent))


def _line(name: str, value: object, width: int, screen: Screen, indent: str) -> list[str]:
    if isinstance(value, dict):
        return [f"{indent}{_named(name)}", _lines(value, screen, indent + "  ")]
    label, text = f"{indent}{padded(_named(name), width)}  ", _cell(value)
    lines = wrapped(text, screen.width, _cells(label)) if name in PROSE_KEYS else [text]
    return [label + lines[0], *(" " * _cells(label) + line for line in lines[1:])]


def _footer(answer: Answer, found: Sequence[tuple[str, Sequence[object]]]) -> str:
    """How many of how many are shown, and how to get at the rest."""
    data = answer.data
    if "total" not in data and "shown" not in data:
        return ""
    empty = [key for key, value in data.items() if value == []]
    name, shown = (found[0][0], len(found[0][1])) if found else (empty[0] if empty else "", 0)
    total, following = data.get("total"), data.get("next_offset")
    if not shown:
        return said(NONE).format(name=_named(name)) if name else ""
    text = said(ALL_OF).format(shown=shown, total=shown if total is None else total, name=_named(name))
    if following is not None:
        return said(NEXT_LINES).format(shown=shown, name=_named(name), offset=following)
    page, size = data.get("page"), data.get("page_size")
    last = page + answer.pages - 1 if page and size else 0
    pages = -(-total // size) if last and total else 0
    return text + (said(NEXT_PAGE).format(page=last, pages=pages, following=last + 1) if last < pages else "")


def _shown(name: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[str]:
    """The columns that the operation names, else ours of that list, else all; without the empty ones."""
    known = {key for row in rows for key in row}
    named = [key for key in columns if key in known] or COLUMNS.get(name) or tuple(rows[0])
    return [key for key in named if any(row.get(key) not in EMPTY for row in rows)] or list(rows[0])


def _widths(columns: Sequence[str], rows: Sequence[Row], most: int | None) -> dict[str, int] | None:
    """How wide each column is, so that nothing but words is broken; None if that does not fit."""
    needs = {key: max(_cells(text) for text in (_named(key), *(row[key] for row in rows))) for key in columns}
    room = None if most is None else most - GAP * len(columns)
    if room is None or sum(needs.values()) <= room:
        return needs
    least = {key: min(needs[key], _least(key, rows)) if key in FREE else needs[key] for key in columns}
    spare = room - sum(least.values())
    if spare < 0:
        return None
    wanting = {key: needs[key] - least[key] for key in columns}
    total = sum(wanting.values())
    return {key: least[key] + spare * wanting[key] // total for key in columns}


def _least(column: str, rows: Sequence[Row]) -> int:
    """The longest word of a column of words, and enough to read in."""
    words = (word for text in (_named(column), *(row[column] for row in rows)) for word in re.findall("[!-~]+", text))
    return max([NARROWEST, *map(len, words)])


def _table(columns: Sequence[str], rows: Sequence[Row], widths: Mapping[str, int], screen: Screen) -> list[str]:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, header_style=HEADING, padding=(0, 1), pad_edge=False, show_edge=False)
    for key in columns:
        table.add_column(Text(_named(key)), width=widths[key], overflow="fold", no_wrap=key not in FREE)
    for row in rows:
        table.add_row(*(Text(_word(key, row), _style(key, row)) for key in columns))
    return _printed(table, sum(widths.values()) + GAP * len(columns), screen)


def _cards(columns: Sequence[str], rows: Sequence[Row], screen: Screen) -> Iterator[str]:
    """An item a card: what is copied in the first line, more of it in the next ones, then its texts."""
    from rich.text import Text

    width = screen.width or NARROWEST
    for row in rows:
        filled = [key for key in columns if row[key]]
        whole = [key for key in filled if key not in FREE or (key not in TEXTS and _cells(row[key]) < NARROWEST)]
        yield from _flowing([(_labelled(key, row, columns), _style(key, row)) for key in whole], screen)
        for key in filled:
            if key not in whole:
                text = Text(_labelled(key, row, columns), overflow="fold")
                yield from (f"    {line}" for line in _printed(text, width - 4, screen))


def _style(key: str, row: Row) -> str:
    return STYLES.get(row[key], "") if key in STATES else ""


def _word(key: str, row: Row) -> str:
    return said(row[key]) if key in WORDS else row[key]


def _labelled(key: str, row: Row, columns: Sequence[str]) -> str:
    word = _word(key, row)
    return word if key == columns[0] or key in CLEAR else f"{_named(key)} {word}"


def _flowing(items: Iterable[tuple[str, str]], screen: Screen) -> Iterator[str]:
    """Items side by side, each whole, in as many lines as they need."""
    line, used = "", 0
    for text, style in items:
        if used and screen.width is not None and used + 2 + _cells(text) > screen.width:
            yield line
            line, used = "  ", 2
        gap = "  " if used else ""
        line, used = line + gap + screen.styled(text, style), used + len(gap) + _cells(text)
    yield line


def _printed(what: object, width: int, screen: Screen) -> list[str]:
    from rich.console import Console

    drawn, colours = StringIO(), "standard" if screen.colour else None
    Console(
        file=drawn,
        width=width,
        color_system=colours,  # type: ignore[arg-type]  # one of its words
        force_terminal=screen.colour,
        legacy_windows=False,
        no_color=not screen.colour,
        highlight=False,
    ).print(what)
    return [line.rstrip() for line in drawn.getvalue().splitlines()]


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _named(column: str) -> str:
    return said(column.replace("_", " "))


def _value(key: str, row: Mapping[str, Any]) -> str:
    text = _cell(row.get(key))
    return dashed(text) if key in DAYS else text


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1%}"  # all of ours are rates
    if value is None or isinstance(value, bool):
        return "" if value is None else said("yes" if value else "no")
    if isinstance(value, list) and all(isinstance(element, (str, int)) for element in value):
        more = f" {said(MORE).format(count=len(value) - SHOWN_ELEMENTS)}" if len(value) > SHOWN_ELEMENTS else ""
        return ", ".join(_cell(element) for element in value[:SHOWN_ELEMENTS]) + more
    if isinstance(value, dict) and all(isinstance(inner, (str, int)) for inner in value.values()):
        return ", ".join(f"{_named(key)} {inner}" for key, inner in value.items() if inner)
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    text = str(value)
    return local(text) if MOMENT.fullmatch(text) else visible(text)


def local(moment: str) -> str:
    """A moment as this machine's clock shows it."""
    from datetime import datetime

    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M:%S}"
