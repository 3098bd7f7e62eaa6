"""Find every sentence that the program says and whether `smswrap/messages/zh.tsv` has a row for it.

python scripts/sentences.py            rows that are missing, ready to be filled in
python scripts/sentences.py --unused   rows that no sentence needs any more
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from smswrap.cli import shapes
from smswrap.cli.options import pages
from smswrap.cli.tables import COLUMNS, PAGING
from smswrap.providers import records
from smswrap.providers.base import PROVIDER_NAMES, operations_of
from smswrap.providers.tables import rows as rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent / "smswrap"
TABLE = ROOT / "messages" / "zh.tsv"
PROSE = re.compile(r"[A-Za-z]{2,}'?[,:;]? \(?[a-z]+|[A-Z][a-z]+ .*[.?…:\]]$")
"""Two words beside each other, the second one small; or a sentence."""

NO_TALK = re.compile(
    r"#!|<|text\{|(Mapping|tuple)\[|`?smswrap( --provider \w+)? [a-z-]+( .*[^.]$|$)"
    r"|(SELECT|INSERT|PRAGMA|CREATE|ALTER|DROP|DELETE|UPDATE) "
    r"|.*([=,(<] ?\?|\?\d|ORDER BY|SELECT |\bDESC\b|\(\?[:<!is]|\\[sSwbAZ.]|\S\|)",
    re.DOTALL,
)
"""Command lines, SQL and patterns."""

LABELLED = {"Finding", "_checked"}
"""What is called with the name of a point that doctor looks at."""

SPOKEN = ("help", "meaning", "next_step", "about", "ours", "sentence")
"""Columns of tables that people read."""

SILENT_ROOMS = ("sandbox/aliyun", "sandbox/gateway", "sandbox/common", "sandbox/standin.py", "messages", "record.py")
"""Files that say nothing to people in our name."""

SILENT = frozenset(
    (
        "ok",
        "utf-32",
        "list of str",
        "dict of str",
        "state directory {0}",
        "aliyun CLI: not on PATH",
        "{0}(place INTEGER PRIMARY KEY, position, recipient, key, content, octets)",
        "timeout before",
        "no code",
        "failed",
        "warning",
        "sandbox path",
        "sandbox reset",
        "sandbox log",
        "skill path",
        "skill install",
        "an order without messages was not refused",
        "module 'smswrap' has no attribute {0}",
        "No plugins installed",
        "database is locked",
        "[object object]",
        "black blue cyan green magenta red white yellow 黑色 蓝色 绿色 红色 白色 黄色 青色",
        "[short date]",
        "[short date and time]",
    )
)
"""Texts of the aliyun CLI and of SQLite that are looked for, names of commands, and what only a programmer meets."""


UNSEEN = {*PAGING, "smswrap", "data", "reply", "error", "status", "sandbox", "warnings"}
"""Fields that are never a line at a terminal."""


def spoken() -> dict[str, str]:
    """Every sentence of the program, and where it stands first."""
    found: dict[str, str] = {}
    for path in sorted(ROOT.rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        if not place.startswith(SILENT_ROOMS):
            for text in _strings(ast.parse(path.read_text("utf-8"))):
                found.setdefault(text.strip(), place)
    for name in _columns():
        found.setdefault(name.replace("_", " "), "a column")
    for text in filter(_is_talk, _helping()):
        found.setdefault(text, "cli/verbs.txt")
    for path in sorted(ROOT.rglob("*.tsv")):
        for text in (row[column] for row in rows_of(path) for column in SPOKEN if row.get(column)):
            found.setdefault(text, path.relative_to(ROOT).as_posix())
    return found


def _columns() -> Iterator[str]:
    """The names that tables and lines have for what they show."""
    for lists in (COLUMNS, {name: row.columns for kind in PROVIDER_NAMES for name, row in operations_of(kind).items()}):
        for columns in lists.values():
            yield from columns
    yield from (row.listed for kind in PROVIDER_NAMES for row in operations_of(kind).values() if row.listed)
    for room in (records, shapes):
        for kind in vars(room).values():
            if isinstance(kind, type) and kind.__module__ == room.__name__:
                yield from (name for name in kind.__annotations__ if name not in UNSEEN)


def _strings(tree: ast.Module) -> Iterator[str]:
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    silent |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if id(node) not in silent and isinstance(node, (ast.Constant, ast.JoinedStr)):
            yield from filter(_is_talk, _paragraphs(_text(node)))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in LABELLED:
            yield from (
                text
                for one in node.args
                if isinstance(one, ast.Constant) and (text := _text(one)) and text not in SILENT
            )


def _text(node: ast.Constant | ast.JoinedStr) -> str:
    """The text, its fields numbered."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    parts, number = [], 0
    for part in node.values:
        parts.append(str(part.value) if isinstance(part, ast.Constant) else f"{{{number}}}")
        number += not isinstance(part, ast.Constant)
    return "".join(parts)


def _paragraphs(text: str) -> Iterator[str]:
    """The paragraphs of a help text, each on one line; examples are left out."""
    for paragraph in text.split("\n\n"):
        if "\n  " not in paragraph and not paragraph.startswith("  "):
            yield " ".join(paragraph.split()) if "\n" in paragraph else paragraph


def _helping() -> Iterator[str]:
    """What help says of verbs, of topics, and of a topic's terms."""
    for name, page in pages().items():
        yield from (page.line, *_paragraphs(page.text))
        if name.startswith("help "):
            yield from (line.partition("  ")[2].strip() for line in re.findall("^  (.*)$", page.text, re.MULTILINE))


def _is_talk(text: str) -> bool:
    return bool(PROSE.search(text.strip())) and text.strip() not in SILENT and not NO_TALK.match(text)


def rows() -> dict[str, str]:
    """The table."""
    return dict(line.split("\t") for line in TABLE.read_text("utf-8").splitlines()[1:])


if __name__ == "__main__":
    if "--unused" in sys.argv:
        needed = spoken()
        sys.stdout.writelines(f"{text}\n" for text in rows() if PROSE.search(text) and text not in needed)
    else:
        sys.stdout.writelines(f"{text}\t\n" for text in spoken() if text not in rows())
