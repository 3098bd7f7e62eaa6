"""What talk and logs show of phone numbers, template values, keys and foreign text."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from smswrap.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

# ASCII on purpose: the letter before a number may well be a Chinese one.
# The first and the last group of a request's id are none.
_NUMBER = pattern(
    r"(?<![0-9A-Za-z])(?<![0-9]\.)(?<!-[0-9A-Fa-f]{4}-)\+?[0-9]{7,15}"
    r"(?![0-9A-Za-z]|\.[0-9])(?!-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-)"
)
_QUERY = pattern(r"(https?://[^\s?\"']+)\?[^\s\"']*")
_KEY_NAME = (
    r"(?:access[-_ ]?key(?:[-_ ]?(?:id|secret))?|secret[-_ ]?(?:access[-_ ]?)?key|(?:private|api)[-_ ]?key"
    r"|(?:security|session|sts|bearer|access|refresh)[-_ ]?token|signature|credential|authorization|password)"
)
_KEY = pattern(
    rf"((?:{_KEY_NAME}[\"']?\s*(?:[=:]|%3D)|--{_KEY_NAME}\s)\s*[\"']?(?:(?:Bearer|Basic)\s+)?|\bBearer\s+)"
    r"(?:(?!%26)[^\s&\"',;])+",
    re.IGNORECASE,
)
_COLOUR = pattern(r"\x1b\[[0-9;?]*[A-Za-z]")
_SECRET_NAME = pattern(
    r"(access_?key(_?id|_?secret)?|secret_?key|private_?key|api_?key|token|password)$", re.IGNORECASE
)
# C1 and DEL; marks of direction, of no width and of no sight; halves of characters.
_UNSEEN = (
    "\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f"
)
_HARMFUL = pattern(f"[\x00-\x1f{_UNSEEN}]")
_HARMFUL_IN_JSON = pattern(f"[{_UNSEEN}]")

SHORTEST_HIDDEN = 2
"""Characters; a shorter private value would blot out ordinary text."""

SHORTEST_SECRET = 6
"""Characters; what is shorter is no key, and may be a word of an ordinary text."""

LONGEST_REDACTED = 4_000
"""Characters of foreign text that are kept; searching it takes the square of its length at worst."""


def mask_number(number: str) -> str:
    """`+8613812348000` as `138****8000`: enough to recognise, not enough to call."""
    number = number.removeprefix("+86")
    head, tail = (3, 4) if len(number) > 9 else (2, 2)  # noqa: PLR2004  short numbers show less
    return f"{number[:head]}****{number[-tail:]}"


def visible(text: str, keep: str = "") -> str:
    """The text with a dot for each character that a terminal would obey, or that nobody sees; `keep` are left."""
    return _HARMFUL.sub(lambda found: found[0] if found[0] in keep else "·", text)


def escape_json(text: str) -> str:
    """JSON text whose strings hold no C1, bidi or invisible character as such: the same document, safe to look at."""
    return _HARMFUL_IN_JSON.sub(lambda found: json.dumps(found[0])[1:-1], text)


def secrets_of(named: Mapping[str, object]) -> frozenset[str]:
    """The values whose names say that they are keys: of an environment, or of a saved profile."""
    return frozenset(
        value
        for name, value in named.items()
        if isinstance(value, str) and len(value) >= SHORTEST_SECRET and _SECRET_NAME.search(name)
    )


def redact(text: str, private: Iterable[str] = ()) -> str:
    """Foreign text without escapes, URL queries, keys, phone numbers and the given private values.

    The aliyun CLI's timeout message holds the whole request URL: key id, numbers and signature (measured, 3.4.11).
    """
    if not text:
        return ""
    text = hide(strip_colour(text)[:LONGEST_REDACTED], private)
    text = _KEY.sub(r"\1***", _QUERY.sub(r"\1?***", text))
    return visible(_NUMBER.sub(lambda found: mask_number(found[0]), text), keep="\n\t")


def hide(text: str, private: Iterable[str]) -> str:
    """The text with stars for the given values, however they are spelled in it."""
    for hidden in sorted({spelling for value in private for spelling in _spellings(value)}, key=len, reverse=True):
        if len(hidden) >= SHORTEST_HIDDEN:
            text = text.replace(hidden, "***")
    return text


def _spellings(value: str) -> tuple[str, ...]:
    """The value itself, and as it stands in JSON, in a quoted Go string, in a URL and in a signed string."""
    if value.isascii() and value.isalnum():
        return (value,)
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
