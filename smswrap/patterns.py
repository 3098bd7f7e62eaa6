"""Regular expressions that are compiled when they are first used: a start has sixty of them, and a send needs ten."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from re import compile as pattern


class _Pattern:
    """To its users a `re.Pattern`, each of whose methods is looked for once."""

    def __init__(self, text: str, flags: int = 0) -> None:
        self._made_of = (text, flags)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever a pattern has
        found = getattr(re.compile(*self._made_of), name)
        setattr(self, name, found)
        return found


if not TYPE_CHECKING:
    pattern = _Pattern

__all__ = ["pattern"]
