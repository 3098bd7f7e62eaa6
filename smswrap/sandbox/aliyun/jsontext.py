"""JSON without the `json` module: that imports `re` and `enum`, 15 ms before the first line of work."""

from __future__ import annotations

from _json import encode_basestring, make_scanner

BLANKS = " \t\n\r"
WORDS = {None: "null", True: "true", False: "false"}


class JsonError(ValueError):
    """The text is no JSON; says so in the words of Go, in which the real CLI is written."""

    def __init__(self, text: str, position: int) -> None:
        where = text[position:].lstrip(BLANKS)[:1]
        found = (
            f"invalid character '{where}' looking for beginning of value" if where else "unexpected end of JSON input"
        )
        super().__init__(found)


class _Grammar:
    strict = True
    object_hook = object_pairs_hook = array_hook = None
    parse_float, parse_int, parse_constant = float, int, float


_scan = make_scanner(_Grammar())  # type: ignore[arg-type]  # any object with these attributes will do


def parse(text: str) -> object:
    """The value that `text` spells; raises JsonError."""
    start = len(text) - len(text.lstrip(BLANKS))
    try:
        value, end = _scan(text, start)
    except (StopIteration, ValueError, SystemError):  # SystemError: it wants to raise json's error, which is not there
        raise JsonError(text, _bad_position(text)) from None
    if text[end:].strip(BLANKS):
        raise JsonError(text, end)
    return value


def _bad_position(text: str) -> int:
    import json  # only a mistake needs it

    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return len(text) if error.msg.startswith("Unterminated string") else error.pos
    return len(text)


def write(value: object, indent: str = "", margin: str = "\n") -> str:
    """`value` as JSON text, characters unescaped; one line when `indent` is empty."""
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        return _nest(
            "{}",
            [f"{encode_basestring(key)}: {write(value[key], indent, margin + indent)}" for key in value],
            indent,
            margin,
        )
    if isinstance(value, list | tuple):
        return _nest("[]", [write(item, indent, margin + indent) for item in value], indent, margin)
    return WORDS[value] if value is None or isinstance(value, bool) else repr(value)


def _nest(brackets: str, parts: list[str], indent: str, margin: str) -> str:
    if not indent or not parts:
        return brackets[0] + ", ".join(parts) + brackets[1]
    inner = margin + indent
    return brackets[0] + inner + ("," + inner).join(parts) + margin + brackets[1]


def ordered(value: object) -> object:
    """The same value with the keys of every object sorted, as Go writes a map."""
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value)}
    return [ordered(item) for item in value] if isinstance(value, list) else value
