"""Columns as Go's tabwriter sets them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def columns(rows: Sequence[Sequence[str]], least: int, padding: int) -> str:
    """Rows as lines; every column but the last is as wide as its longest cell plus padding, `least` at least."""
    widths = [max(least, padding + max(map(len, column))) for column in list(zip(*rows, strict=True))[:-1]]
    return "".join(
        "".join(cell.ljust(width) for cell, width in zip(row, (*widths, 0), strict=True)) + "\n" for row in rows
    )
