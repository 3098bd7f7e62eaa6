"""Phone numbers as people write them -> E.164, or the problem with them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from smswrap.errors import Problem
from smswrap.providers.parameters import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable

MAINLAND = "+86"
SAMPLE_NUMBERS = frozenset({"+8613800138000", "+8613900139000", "+8613700137000"})
"""The documentation's sample numbers: real phones of strangers, which agents like to copy."""

_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_SEPARATORS = re.compile(r"(?<=[\d)])[\s().\u2010-\u2015\u2212-]+(?=[\d(])|[()\s]")
_NARROW = {0x3000: " ", **{0xFF01 + offset: chr(0x21 + offset) for offset in range(94)}}
"""Full-width characters as Chinese keyboards give them, to ASCII."""

_CHECK = "Check its digits and country code."
LONGEST = 64
"""Characters; no spelling of a number needs more."""


def read_recipients(texts: Iterable[str], *, samples_allowed: bool, field: str) -> tuple[list[str], list[Problem]]:
    """Give the recipients in E.164 and all that is wrong with them; rows count from 1.

    A number twice in one list is a problem, whatever its two spellings are: its owner would get the text twice.
    """
    first_row: dict[str, int] = {}
    problems = []
    for row, text in enumerate(texts, 1):
        found = read_recipient(text, field=field, row=row)
        if isinstance(found, Problem):
            problems.append(found)
        elif found in SAMPLE_NUMBERS and not samples_allowed:
            rule = "is a sample number of the documentation"
            problems.append(Problem(field, text, rule, "Ask the person for the real number.", row))
        elif found in first_row:
            rule = f"is the same recipient as row {first_row[found]}"
            problems.append(Problem(field, text, rule, "Name each recipient once.", row))
        else:
            first_row[found] = row
    return list(first_row), problems


def read_recipient(text: str, *, field: str = "--phone-numbers", row: int | None = None) -> str | Problem:
    """Give one number in E.164 (`+8613812348000`), or what is wrong with it.

    Mainland mobiles may stand as `1…`, `86…`, `0086…`, `+86…`; others need their country code. Full-width digits,
    blanks, hyphens and brackets are accepted.
    """
    plain = _INVISIBLE.sub("", text.translate(_NARROW)).strip() if len(text) <= LONGEST else text
    digits = _SEPARATORS.sub("", plain) if len(plain) <= LONGEST else ""
    if not re.fullmatch(r"\+?[0-9]{3,20}", digits):
        return Problem(field, shorten(text), _spoilt(plain), "Give digits, as 13812345678 or +85298765432.", row)
    found = [number for number in map(_receiving, _readings(digits, plain)) if number]
    if len(set(found)) > 1:
        rule = "can be read as a mainland and as a North American number"
        return Problem(field, shorten(text), rule, "Write +86… for the first, 001… for the second.", row)
    problem = Problem(field, shorten(text), "is no phone number that can receive SMS", _CHECK, row)
    return found[0] if found else problem


def is_mainland(recipient: str) -> bool:
    """Whether an E.164 number belongs to mainland China."""
    return recipient.startswith(MAINLAND)


def _spoilt(plain: str) -> str:
    if not plain:
        return "is empty"
    if re.fullmatch(r"[\d.,]+[eE]\+?\d+", plain):
        return "was turned into an exponent by a spreadsheet: its digits are lost"
    return "is not a phone number"


def _readings(digits: str, plain: str) -> list[str]:
    """The numbers that the digits may mean, with their country codes.

    The API takes mainland numbers with a bare `+` as well; 00 always stands before a country code.
    """
    if digits.startswith(("00", "+00")):
        return [f"+{digits.removeprefix('+')[2:]}"]
    if re.fullmatch(r"\+1\d{10}", digits) and not re.match(r"\+1\D", plain):
        return [digits, MAINLAND + digits[1:]]
    if digits.startswith("+"):
        return [digits]
    # Without a plus this is a mainland number or a mistyped one, never a North American one.
    return [MAINLAND + digits] if re.fullmatch(r"1\d{10}", digits) else [f"+{digits}"]


def _receiving(number: str) -> str | None:
    """The number in E.164, without a national prefix, if SMS can reach it."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    mobile = phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.MOBILE
    return e164 if mobile or not is_mainland(e164) else None
