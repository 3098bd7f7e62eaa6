"""Numbers as a spreadsheet shows them: the formats that look the same on every machine, and no others.

Formats by ECMA-376 part 1, 18.8.30 and 18.8.31; SheetJS's SSF (github.com/SheetJS/ssf) is read alike. No maintained
Python library renders them: `ssf` rests since 2020.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BUILT_IN: Mapping[int, str] = {
    0: "General",
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    37: "#,##0_);(#,##0)",
    38: "#,##0_);[Red](#,##0)",
    39: "#,##0.00_);(#,##0.00)",
    40: "#,##0.00_);[Red](#,##0.00)",
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    49: "@",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    14: "[short date]",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    22: "[short date and time]",
    48: "##0.0E+0",
}
"""Formats that a file names by their number only. The last ones are not rendered: exponents, fractions, and what looks
different in each country; nor are those that are not here, which are of single countries."""

_SMALLEST = Decimal("1e-9")
"""Below it, a number without a format is shown with an exponent."""
PRECISION = 15
"""Digits that a spreadsheet keeps; those after them are the machine's, not the person's."""

_GENERAL = frozenset({"", "General", "GENERAL", "general", "G/通用格式", "@"})
_TOKEN = re.compile(
    r"""(?P<literal>"[^"]*"|\\.|_.|\*.)"""
    r"|(?P<elapsed>\[(?:h+|m+|s+)\])"
    r"|(?P<bracket>\[[^\]]*\])"
    r"|(?P<half>AM/PM|am/pm|上午/下午)"
    r"|(?P<date>[yY]+|[mM]+|[dD]+|[hH]+|[sS]+(?:\.0+)?)"
    r"|(?P<general>General)"
    r"|(?P<digit>[0#?])|(?P<point>\.)|(?P<comma>,)|(?P<percent>%)"
    r"|(?P<plain>[ $+\-/():^&'~{}<>=]|[^\x00-\x7f])"
    r"|(?P<other>.)",
    re.DOTALL,
)
_COLOURS = frozenset("black blue cyan green magenta red white yellow 黑色 蓝色 绿色 红色 白色 黄色 青色".split())  # noqa: SIM905  a list of words reads best as a line
_COLOUR = re.compile(r"colou?r ?\d+", re.IGNORECASE)
_CURRENCY = re.compile(r"\$([^-\]]*)(?:-([0-9A-Fa-f]+))?")
_SYSTEM_LOCALES = frozenset({"F800", "F400"})
"""Locales that mean: as this machine shows its long dates and times."""


class _Token(NamedTuple):
    kind: str
    text: str


def render(number: Decimal, code: str, *, from_1904: bool = False) -> str | None:
    """Give the number as a cell of that format shows it, or None if that is not certain."""
    if code in _GENERAL:
        return general(number)
    sections = _sections(code)
    if sections is None:
        return None
    tokens, negative = _section_for(number, sections)
    if tokens is None or not tokens:
        return None
    if any(token.kind in {"date", "elapsed"} for token in tokens):
        return None if number < 0 else _render_date(number, tokens, from_1904=from_1904)
    return _render_number(abs(number), tokens, negative=negative)


def shows_text(code: str) -> bool:
    """Whether a cell of that format shows a text as it is."""
    if code in _GENERAL or code.count(";") < 3:  # noqa: PLR2004  the fourth section is for texts
        return True
    return code.split(";")[3].strip() in {"@", "General"}


def general(number: Decimal) -> str | None:
    """Give a number without a format: at most 15 significant digits, never an exponent."""
    if number == number.to_integral_value():
        return format(number.quantize(Decimal(1)), "f") if abs(number) < 10**PRECISION else None
    if abs(number) < _SMALLEST:
        return None
    shown = format(round_to_precision(number), "f")
    return shown.rstrip("0").rstrip(".") if len(shown) <= 2 * PRECISION else None


def round_to_precision(number: Decimal) -> Decimal:
    """Round to the digits that a spreadsheet keeps."""
    return Decimal(f"{number:.{PRECISION - 1}e}")


@cache
def _sections(code: str) -> tuple[tuple[_Token, ...], ...] | None:
    """Cut a format into its sections; None if there is something in it that we do not render."""
    sections: list[list[_Token]] = [[]]
    for found in _TOKEN.finditer(code):
        kind, text = str(found.lastgroup), found[0]
        if kind == "other" and text == ";":
            sections.append([])
            continue
        token = _bracket(text[1:-1]) if kind == "bracket" else _Token(kind, text)
        if token is None or (token.kind == "other" and not (token.text == "@" and len(sections) > 1)):
            return None
        sections[-1].append(token)
    return tuple(map(tuple, sections[:3]))


def _bracket(inside: str) -> _Token | None:
    if inside.lower() in _COLOURS or _COLOUR.fullmatch(inside):
        return _Token("literal", "")
    currency = _CURRENCY.fullmatch(inside)
    if currency is None or (currency[2] or "").upper() in _SYSTEM_LOCALES:
        return None
    # Above the language stand the numerals and the calendar: those of other countries are not rendered.
    return _Token("plain", currency[1]) if len((currency[2] or "").lstrip("0")) <= 4 else None  # noqa: PLR2004


def _section_for(number: Decimal, sections: Sequence[tuple[_Token, ...]]) -> tuple[tuple[_Token, ...] | None, bool]:
    """The section for this number, and whether a minus sign is to be put before it."""
    if number < 0 and len(sections) > 1:
        return sections[1], False
    if number == 0 and len(sections) > 2:  # noqa: PLR2004  positive; negative; zero
        return sections[2], False
    return sections[0], number < 0


def _literal(token: _Token) -> str:
    if token.kind != "literal" or not token.text:
        return token.text
    mark = token.text[0]
    return token.text.strip('"') if mark == '"' else {"\\": token.text[1:], "_": " ", "*": ""}[mark]


def _render_number(number: Decimal, tokens: Sequence[_Token], *, negative: bool) -> str | None:
    kinds = [token.kind for token in tokens]
    if "other" in kinds or "half" in kinds:
        return None
    if "general" in kinds:
        shown = general(number)
        body = None if shown is None else "".join(shown if t.kind == "general" else _literal(t) for t in tokens)
        return body if body is None or not negative else f"-{body}"
    if "digit" not in kinds:
        return "".join(map(_literal, tokens))
    if any(token.text == "/" for token in tokens if token.kind == "plain") and "?" in {t.text for t in tokens}:
        return None  # a fraction
    return _fill(number, tokens, negative=negative)


def _fill(number: Decimal, tokens: Sequence[_Token], *, negative: bool) -> str | None:
    """Put the digits into a format's places."""
    kinds = [token.kind for token in tokens]
    point = kinds.index("point") if "point" in kinds else len(tokens)
    places = [place for place, kind in enumerate(kinds) if kind == "digit"]
    whole = [place for place in places if place < point]
    decimals = [place for place in places if place > point]
    last = places[-1]
    scale = sum(kind == "comma" for kind in kinds[last + 1 :])
    grouped = any(kind == "comma" for kind in kinds[:last])
    number = round_to_precision(number) * 100 ** kinds.count("percent") / 1000**scale
    rounded = number.quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP)
    if negative and not rounded:
        return None  # some programs show -0 here, some 0
    integer, _, fraction = format(rounded, "f").partition(".")
    shown = _whole_digits(integer.lstrip("0"), [tokens[place].text for place in whole], grouped=grouped)
    texts = dict(zip(whole, shown.values(), strict=True))
    texts |= dict(zip(decimals, _decimal_digits(fraction, [tokens[place].text for place in decimals]), strict=True))
    pieces = [texts.get(place, "" if token.kind == "comma" else _literal(token)) for place, token in enumerate(tokens)]
    body = "".join(pieces)
    return f"-{body}" if negative else body


def _whole_digits(digits: str, places: Sequence[str], *, grouped: bool) -> dict[int, str]:
    """The text of each place before the point; the first one takes the digits for which there is no place."""
    filled: dict[int, str] = {}
    padded = digits.rjust(len(places))
    surplus = len(padded) - len(places)
    for place, kind in enumerate(places):
        own = padded[: surplus + 1] if place == 0 else padded[surplus + place]
        own = own if own.strip() else {"0": "0", "?": " ", "#": ""}[kind]
        after = len(places) - place - 1
        if grouped and own.strip():
            own = "".join(
                digit + ("," if (after + len(own) - 1 - at) % 3 == 0 and after + len(own) - 1 - at else "")
                for at, digit in enumerate(own)
            )
        filled[place] = own
    return filled


def _decimal_digits(fraction: str, places: Sequence[str]) -> list[str]:
    """The text of each place behind the point; zeros at the end are shown where the format has a 0."""
    kept = len(fraction.rstrip("0"))
    blank = {"0": "0", "?": " ", "#": ""}
    return [digit if at < kept else blank[kind] for at, (digit, kind) in enumerate(zip(fraction, places, strict=True))]


_FIRST_DAY = datetime(1899, 12, 30)  # noqa: DTZ001  a sheet knows no time zones
_FIRST_DAY_1904 = datetime(1904, 1, 1)  # noqa: DTZ001
_LEAP_BUG = 61
"""The first day that all programs call the same: Excel has a 29 February 1900."""
_LAST_SERIAL = 2_958_466
_DAY = 86_400


def _render_date(number: Decimal, tokens: Sequence[_Token], *, from_1904: bool) -> str | None:
    days = any(token.kind == "date" and token.text[0] in "yYdD" for token in tokens)
    if number >= _LAST_SERIAL or (days and not from_1904 and number < _LEAP_BUG):
        return None
    fractions = [len(token.text.partition(".")[2]) for token in tokens if token.text[:1] in "sS" and "." in token.text]
    seconds = (number * _DAY).quantize(Decimal(1).scaleb(-max(fractions, default=0)), ROUND_HALF_UP)
    if seconds // _DAY != number // 1:
        return None  # a moment before midnight: some programs round it up into the next day
    start = _FIRST_DAY_1904 if from_1904 else _FIRST_DAY
    moment = start + timedelta(seconds=int(seconds))
    kinds = _minutes_marked(tokens)
    if kinds is None:
        return None
    half = any(token.kind == "half" for token in tokens)
    pieces = []
    for token, kind in zip(tokens, kinds, strict=True):
        piece = _piece(kind, token, moment, seconds, half=half)
        if piece is None:
            return None
        pieces.append(piece)
    return "".join(pieces)


def _minutes_marked(tokens: Sequence[_Token]) -> list[str] | None:
    """Give each part of a date a letter; an m beside hours or seconds is minutes, `i` here."""
    letters = [
        token.text.strip("[]")[0].lower() if token.kind in {"date", "elapsed"} else token.kind for token in tokens
    ]
    dated = [place for place, token in enumerate(tokens) if token.kind in {"date", "elapsed"}]
    for at, place in enumerate(dated):
        before = letters[dated[at - 1]] if at else ""
        after = letters[dated[at + 1]] if at + 1 < len(dated) else ""
        if letters[place] == "m" and (before == "h" or after == "s" or tokens[place].kind == "elapsed"):
            letters[place] = "i"
    return None if {"digit", "percent", "general", "other"} & set(letters) else letters


def _piece(kind: str, token: _Token, moment: datetime, seconds: Decimal, *, half: bool) -> str | None:
    width = len(token.text.strip("[]").partition(".")[0])
    if token.kind == "elapsed":
        total = int(seconds) // {"h": 3600, "i": 60, "s": 1}[kind]
        return str(total).zfill(width)
    if kind == "half":
        words = {"AM/PM": ("AM", "PM"), "上午/下午": ("上午", "下午")}.get(token.text)
        return words and words[moment.hour >= 12]  # noqa: PLR2004  noon
    if kind == "y":
        return {2: f"{moment.year % 100:02}", 4: f"{moment.year:04}"}.get(width)
    hour = (moment.hour % 12 or 12) if half else moment.hour
    values = {"m": moment.month, "d": moment.day, "h": hour, "i": moment.minute, "s": moment.second}
    if kind not in values:
        return {"point": ".", "comma": ","}.get(kind, _literal(token))
    if width > 2:  # noqa: PLR2004  names of months and days: in the language of the machine
        return None
    fraction = token.text.partition(".")[2]
    tail = f"{seconds % 1:.{len(fraction)}f}"[1:] if fraction else ""
    return str(values[kind]).zfill(width) + tail
