"""rules.json, as `aliyun mock` has it: what a test or a person orders to happen, so many times."""

from __future__ import annotations

from . import Row, files, jsontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def claim(path: str, fits: Callable[[Row], bool]) -> Row | None:
    """The first rule of a file that fits and has uses left; `times` 0 or absent: any number. Raises ValueError.

    Uses are counted in `….used.jsonl` beside it, under a lock: two calls at once must not both take the last one.
    """
    text = files.read(path)
    if text is None:
        return None
    rules = jsontext.parse(text)
    fitting = [rule for rule in rules if fits(rule)] if isinstance(rules, list) else []
    found: list[Row] = []

    def take(earlier: list[Row]) -> list[Row]:
        names = [record["name"] for record in earlier]
        left = [rule for rule in fitting if not rule.get("times") or names.count(rule["name"]) < rule["times"]]
        found.extend(left[:1])
        return [{"name": rule["name"]} for rule in found]

    if fitting:
        files.append_after(f"{path.removesuffix('.json')}.used.jsonl", take)
    return found[0] if found else None


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern, in which `*` is any text, fits the whole text."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    *between, last = rest
    at = len(first)
    if not text.startswith(first) or not text.endswith(last) or len(text) < at + len(last):
        return False
    for part in between:
        found = text.find(part, at, len(text) - len(last))
        if found < 0:
            return False
        at = found + len(part)
    return True
