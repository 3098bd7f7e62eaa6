"""JSON without the `json` module: its import takes 7 ms, as long as the rest of a start."""

from __future__ import annotations

BLANKS = " \t\n\r"
WORDS = {"null": None, "true": True, "false": False}
ESCAPES = {number: f"\\u{number:04x}" for number in range(0x20)} | {
    ord('"'): '\\"',
    ord("\\"): "\\\\",
    ord("\n"): "\\n",
}


class _Plainly:
    """How the scanner reads: as `json.loads` does."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_int, parse_float, parse_constant = int, float, float


def parse(text: str) -> object:
    """The value that a text spells; raises ValueError.

    The scanner is the one that `json` is made of, without the module around it. It is CPython's own affair, so where
    it is not there, and for a text that it refuses, `json` reads, or says what is wrong.
    """
    try:
        from _json import make_scanner

        scan = make_scanner(_Plainly())  # type: ignore[arg-type]  # the stub asks for a scanner to make one of
        value, end = scan(text, len(text) - len(text.lstrip(BLANKS)))
        if not text[end:].strip(BLANKS):
            return value
    except (ImportError, StopIteration, ValueError, RecursionError):
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
