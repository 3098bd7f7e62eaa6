"""The text of a message: a template with its values, and how many parts are billed."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ALONE, IN_PARTS = 70, 67
"""Characters of a message in UCS-2, which the brackets of a sign bring about, and of each part of a longer one."""


def variables(content: str) -> list[str]:
    """The names of a template's variables, in their order."""
    return [part.partition("}")[0] for part in content.split("${")[1:]]


def fill(content: str, values: Mapping[str, str]) -> str:
    """The template's text with its values; raises KeyError for one that is missing."""
    head, *rest = content.split("${")
    return head + "".join(values[name] + tail for name, _, tail in (part.partition("}") for part in rest))


def parts(text: str) -> int:
    """How many messages are billed for a text."""
    return 1 if len(text) <= ALONE else -(-len(text) // IN_PARTS)
