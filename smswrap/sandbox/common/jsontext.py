"""JSON without the `json` module where that is easy: its import takes longer than the rest of a start (10 ms of 18)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

SMALL = 4096
BLANKS = " \t\n\r"
WORDS = {"null": None, "true": True, "false": False}
ESCAPES = {number: f"\\u{number:04x}" for number in range(0x20)} | {
    ord('"'): '\\"',
    ord("\\"): "\\\\",
    ord("\n"): "\\n",
}


def parse(text: str) -> object:
    """The value that a text spells; raises ValueError.

    Short and simple texts are read here. What is long or odd in any way is left to `json`, to read or to refuse.
    """
    if len(text) <= SMALL and "\\" not in text:
        try:
            value, end = _value(text, _after_blanks(text, 0))
            if _after_blanks(text, end) == len(text):
                return value
        except (ValueError, IndexError, RecursionError):
            pass
    import json

    return json.loads(text)


def write(value: object, indent: str = "", margin: str = "\n") -> str:
    """`value` as JSON, characters as they are; in one line when `indent` is empty."""
    if isinstance(value, str):
        return f'"{value.translate(ESCAPES)}"'
    if isinstance(value, dict):
        inner = margin + indent
        return _nest("{}", [f"{write(str(key))}: {write(value[key], indent, inner)}" for key in value], indent, margin)
    if isinstance(value, list | tuple):
        return _nest("[]", [write(item, indent, margin + indent) for item in value], indent, margin)
    return next((word for word, known in WORDS.items() if value is known), repr(value))


def ordered(value: object) -> object:
    """The same value with the keys of every object sorted, as Go writes a map."""
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value)}
    return [ordered(item) for item in value] if isinstance(value, list) else value


def _nest(brackets: str, parts: list[str], indent: str, margin: str) -> str:
    if not indent or not parts:
        return brackets[0] + ", ".join(parts) + brackets[1]
    inner = margin + indent
    return brackets[0] + inner + ("," + inner).join(parts) + margin + brackets[1]


def _value(text: str, at: int) -> tuple[object, int]:
    first = text[at]
    if first == '"':
        return _string(text, at)
    if first == "{":
        pairs, end = _several(text, at, "}", _pair)
        return dict(pairs), end
    if first == "[":
        return _several(text, at, "]", _value)
    for word, value in WORDS.items():
        if text.startswith(word, at):
            return value, at + len(word)
    return _integer(text, at)


def _string(text: str, at: int) -> tuple[str, int]:
    if text[at] != '"':
        raise ValueError
    end = text.index('"', at + 1)
    if not text[at + 1 : end].isprintable():
        raise ValueError
    return text[at + 1 : end], end + 1


def _integer(text: str, at: int) -> tuple[int, int]:
    end = at
    while text[end : end + 1] and text[end] in "-+.eE0123456789":
        end += 1
    number = int(text[at:end])
    if str(number) != text[at:end]:
        raise ValueError
    return number, end


def _pair(text: str, at: int) -> tuple[tuple[str, object], int]:
    key, at = _string(text, at)
    at = _after_blanks(text, at)
    if text[at] != ":":
        raise ValueError
    value, at = _value(text, _after_blanks(text, at + 1))
    return (key, value), at


def _several(text: str, at: int, close: str, one: Callable[[str, int], tuple[Any, int]]) -> tuple[list[Any], int]:
    found: list[Any] = []
    at = _after_blanks(text, at + 1)
    while found or text[at] != close:  # a comma promises another one
        item, at = one(text, at)
        found.append(item)
        at = _after_blanks(text, at)
        if text[at] == close:
            break
        if text[at] != ",":
            raise ValueError
        at = _after_blanks(text, at + 1)
    return found, at + 1


def _after_blanks(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in BLANKS:
        at += 1
    return at
