"""Phone numbers as the API takes them, and the magic ones: each of these has one fixed outcome.

Every other number is accepted and delivered.
"""

from __future__ import annotations

from ..common import files, twin


class Magic:
    """One number: what it does (`effect`), with which code (`detail`), and a sentence that says so."""

    def __init__(self, number: str, effect: str, detail: str, sentence: str) -> None:
        self.number = number
        self.effect = effect
        self.detail = detail
        self.sentence = sentence


MAINLAND_DIGITS = NORTH_AMERICA_DIGITS = 11
INTERNATIONAL_DIGITS = range(8, 16)
PREFIXES = ("+86", "0086", "86", "+", "")
MAGIC = tuple(Magic(*cells) for cells in files.read_table(__file__, "magic.tsv"))
BY_NUMBER = {row.number: row for row in MAGIC} | {twin(row.number): row for row in MAGIC}


def first_of(numbers: list[str]) -> Magic:
    """The row that decides for a request with these recipients: the first magic one, or the plain one."""
    return next((BY_NUMBER[number] for number in numbers if number in BY_NUMBER), MAGIC[0])


def normalise(number: str) -> str:
    """The 11 digits of a mainland number in any documented spelling, other numbers as they are; "" if illegal."""
    for prefix in PREFIXES:
        rest = number.removeprefix(prefix)
        if number.startswith(prefix) and is_mainland(rest):
            return rest
    # `00` stays: without it, a North American number may be a mainland one.
    return number if is_international(number.removeprefix("00")) else ""


def is_mainland(number: str) -> bool:
    """Whether these are the 11 digits of a mainland mobile number."""
    return _is_digits(number) and len(number) == MAINLAND_DIGITS and number[0] == "1" and number[1] in "3456789"


def is_international(number: str) -> bool:
    """Whether this is a country code (not 86) and a number, without a plus."""
    if not _is_digits(number) or len(number) not in INTERNATIONAL_DIGITS or number.startswith(("0", "86")):
        return False
    return not number.startswith("1") or len(number) == NORTH_AMERICA_DIGITS


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()
