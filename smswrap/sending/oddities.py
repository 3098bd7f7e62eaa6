"""Values that a program left where a person's should stand: words for "no value", exponents, mojibake."""

from __future__ import annotations

import re
from functools import cache

from smswrap.patterns import pattern

STEP = "Correct the value; --accept-odd-values sends it as it is."

NO_VALUE = frozenset(
    {
        "nan", "nat", "none", "null", "nil", "undefined", "n/a", "#n/a", "<na>", "<null>", "<nil>", "(null)", "[null]",
        "-", "--", "\\n", "[object object]", "inf", "-inf", "infinity", "-infinity", "missing",
    }
)  # fmt: skip
"""Words of programs for "no value", in small letters."""

_EXPONENT = pattern(r"\A[+-]?(?:\d+\.\d+[eE][+-]?|\d+[eE][+-]|\d[eE])\d{1,3}\Z", re.ASCII)
_DECIMAL = pattern(r"\A[+-]?\d+\.0\Z", re.ASCII)
_LEFT_OVER = pattern(r"[$#]\{[^{}]*\}|\{\{[^{}]*\}\}|\{[A-Za-z_]\w*\}|%\([^()]*\)s|<%.*%>")
_BROKEN = pattern("\ufffd|锟斤拷?|斤拷锟|烫烫烫|屯屯屯|ï»¿|ï¿½")
_LOST = pattern(r"\A(?:\?{2,}|#{3,})\Z")
_DASHES = pattern("\\A[\u2010-\u2015\u2212\uff0d]+\\Z")
_FORMULA = pattern(r"\A=(?:[A-Z]{1,12}\(.*\)|\$?[A-Z]{1,3}\$?\d+)\Z", re.DOTALL)
_CODE_PAGES = ("cp1252", "latin-1", "cp1251", "cp437")
_SENSIBLE = pattern("[\u00a0-\u017f\u0370-\u052f\u2010-\u2122\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef]+")
"""What people write in: by chance some pairs of letters are UTF-8 too, of signs that nobody writes."""


_NOTHING = 'is a program\'s word for "no value"'
_REPLACED = "holds characters that replace lost ones"
_UNFILLED = "has a variable left over that nothing filled"
_ASCII_RULES = (
    (_EXPONENT, "was turned into an exponent by a spreadsheet: its digits are lost"),
    (_DECIMAL, "ends in .0, as programs write whole numbers"),
    (_LEFT_OVER, _UNFILLED),
    (_LOST, _REPLACED),
    (_FORMULA, "is a formula that nothing calculated"),
)
_RULES = ((_LEFT_OVER, _UNFILLED), (_BROKEN, _REPLACED), (_DASHES, _NOTHING))


def find_oddity(text: str) -> str:
    """Say what is odd about a value, or nothing."""
    if not text.isascii():
        found = next((rule for wrong, rule in _RULES if wrong.search(text)), "")
        return found or ("is UTF-8 that was read in another encoding" if is_mojibake(text) else "")
    if text.isdigit():
        return ""
    words = text.lower().split()
    if text.lower() in NO_VALUE or (words and NO_VALUE.issuperset(words)):
        return _NOTHING
    return next((rule for wrong, rule in _ASCII_RULES if wrong.search(text)), "")


def is_mojibake(text: str) -> bool:
    """Whether the text makes sense, as UTF-8, if it is put back into the bytes of a code page that it was read in."""
    if not suspicious().search(text):
        return False
    # Names of frequent characters are UTF-8 by chance now and then; what was misread is full of rare ones.
    chinese = not all(map(is_common, text)) and _put_back(text, "gb18030")
    # What was a no-break space there is often a usual one by now.
    return chinese or any(_put_back(one, page) for page in _CODE_PAGES for one in {text, text.replace(" ", "\xa0")})


def is_common(character: str) -> bool:
    """Whether a character is ASCII, punctuation or of the 3,755 of level 1 of GB 2312."""
    octets = character.encode("gb18030", "replace")
    if len(octets) != 2:  # noqa: PLR2004  the four-byte ones are the rare ones
        return len(octets) == 1
    return octets[1] >= 0xA1 and (0xA1 <= octets[0] <= 0xA3 or 0xB0 <= octets[0] <= 0xD7)  # noqa: PLR2004  rows


def _put_back(text: str, page: str) -> bool:
    try:
        octets = text.encode(page)
    except UnicodeEncodeError:
        return False
    try:
        found = octets.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character that was cut in two at the end of the text was lost.
        if error.start < len(octets) - 2:
            return False
        found = octets[: error.start].decode("utf-8")
    foreign = "".join(char for char in found if not char.isascii())
    fewest = 2 if page == "gb18030" else 1
    return len(foreign) >= fewest and _SENSIBLE.fullmatch(foreign) is not None


@cache
def suspicious() -> re.Pattern[str]:
    """What mojibake has: the characters that the first bytes of UTF-8 become in each code page, 锟 of lost ones."""
    leads = set("锟斤烫屯")
    for first in range(0xC3, 0xF0):
        leads.update("".join(bytes([first]).decode(page, "ignore") for page in _CODE_PAGES))
        leads.update("".join(bytes([first, second]).decode("gb18030", "ignore")[:1] for second in range(0x80, 0xC0)))
    return re.compile(f"[{''.join(map(re.escape, sorted(char for char in leads if not char.isascii())))}]")
