"""Near misses of a misspelt word."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

NEAR = 2


def near(word: str, known: Iterable[str]) -> list[str]:
    """The known words that at most two edits turn into `word`."""
    return [candidate for candidate in known if edits(word, candidate) <= NEAR]


def edits(left: str, right: str) -> int:
    """Levenshtein's distance: how many insertions, deletions and replacements lie between two words."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row = row, [i]
        for j, b in enumerate(right, 1):
            row.append(min(previous[j] + 1, row[-1] + 1, previous[j - 1] + (a != b)))
    return row[-1]
