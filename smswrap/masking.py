"""What talk and logs show of phone numbers, template values and foreign text."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_NUMBER = re.compile(r"(?<![\w.])\+?\d{7,15}(?![\w.])")
_QUERY = re.compile(r"(https?://[^\s?\"']+)\?[^\s\"']*")
_KEY = re.compile(
    r"((?:access_?key_?(?:id|secret)|signature|security_?token|authorization)[\"']?\s*(?:[=:]|%3D)\s*[\"']?)"
    r"(?:(?!%26)[^\s&\"',])+",
    re.IGNORECASE,
)
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

SHORTEST_HIDDEN = 2
"""Characters; a shorter private value would blot out ordinary text."""

LONGEST_REDACTED = 4_000
"""Characters of foreign text that are kept; searching it takes the square of its length at worst."""


def mask_number(number: str) -> str:
    """`+8613812348000` as `138****8000`: enough to recognise, not enough to call."""
    number = number.removeprefix("+86")
    head, tail = (3, 4) if len(number) > 9 else (2, 2)  # noqa: PLR2004  short numbers show less
    return f"{number[:head]}****{number[-tail:]}"


def redact(text: str, private: Iterable[str] = ()) -> str:
    """Foreign text without colours, URL queries, keys, phone numbers and the given private values.

    The aliyun CLI's timeout message holds the whole request URL: key id, numbers and signature (measured, 3.4.11).
    """
    text = _KEY.sub(r"\1***", _QUERY.sub(r"\1?***", strip_colour(text)[:LONGEST_REDACTED]))
    for hidden in sorted({spelling for value in private for spelling in _spellings(value)}, key=len, reverse=True):
        if len(hidden) >= SHORTEST_HIDDEN:
            text = text.replace(hidden, "***")
    return _NUMBER.sub(lambda found: mask_number(found[0]), text)


def _spellings(value: str) -> tuple[str, ...]:
    """The value itself, and as it stands in JSON, in a quoted Go string, in a URL and in a signed string."""
    from urllib.parse import quote

    percent = quote(value.encode("utf-8", "surrogatepass"), safe="")
    twice = quote(percent, safe="")
    return value, json.dumps(value, ensure_ascii=False)[1:-1], json.dumps(value)[1:-1], percent, twice


def mask_under(value: object, keys: Collection[str]) -> Any:  # noqa: ANN401  JSON in, the same shape of JSON out
    """The JSON value with everything masked that stands under one of these keys, at any depth."""
    if isinstance(value, list):
        return [mask_under(element, keys) for element in value]
    if not isinstance(value, dict):
        return value
    return {key: _masked(inner) if key in keys else mask_under(inner, keys) for key, inner in value.items()}


def _masked(value: object) -> object:
    if isinstance(value, dict):
        return {key: _masked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(element) for element in value]
    return f"{value[:1]}***" if isinstance(value, str) and value else value


def strip_colour(text: str) -> str:
    """The text without ANSI escapes; the CLI colours its errors even off a terminal (measured, 3.4.11)."""
    return _COLOUR.sub("", text)
