"""Whose number is it: texts -> E.164 and what was noticed, or the problem with them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from smswrap.errors import InputError, Problem
from smswrap.patterns import pattern
from smswrap.providers.parameters import shorten
from smswrap.sending.spellings import Misspelling, spell

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from smswrap.sending.spellings import Spelling

MAINLAND = "+86"
PHONES = "--phone-numbers"
DOCUMENTATION, OURS = "the provider's documentation", "smswrap's own texts"

EXAMPLE_NUMBERS: Mapping[str, str] = {
    **dict.fromkeys(("+8613800138000", "+8613900139000", "+8613700137000"), DOCUMENTATION),
    **dict.fromkeys(("+8613812345678", "+8613912345678", "+8613812348000", "+85298765432"), OURS),
    **dict.fromkeys((f"+86136123456{last}" for last in range(71, 80)), OURS),
    **dict.fromkeys((f"+86139000000{last:02}" for last in range(21)), OURS),
}
"""Numbers that stand in texts as examples, and in whose: real phones of strangers, which agents like to copy."""

USUAL_MOBILE = r"1(?:610\d|740[0-5])\d{6}|1(?:[38]\d|4[57]|[59][0-35-9]|6[25-7]|7[0-35-8])\d{8}"
"""Mainland mobiles as libphonenumber has them, which costs 30 ms to load; a test holds the two equal."""
_USUAL = re.compile(rf"(?:\+86|0086|86)?({USUAL_MOBILE})", re.ASCII)
_GROUPED = pattern(r"(?:(?:\+|00)?86[ -]?)?(1\d\d)([ -]?)(\d{4})\2(\d{4})", re.ASCII)

NO_SMS: Mapping[int, str] = {
    3: "a toll-free number",
    4: "a premium-rate number",
    5: "a shared-cost number",
    8: "a pager",
    9: "a company's number (UAN)",
    10: "a voicemail",
}
"""libphonenumber's kinds (phonenumberutil.PhoneNumberType) that get no SMS."""
_FIXED_LINE, _MOBILE, _EITHER = 0, 1, 2

_MAINLAND_GROUPS = {(11,), (3, 4, 4)}
_AMERICAN_GROUPS = (4, 3, 4)


class Recipient(NamedTuple):
    """A number in E.164 (`+8613…`), and what the person should know of how it was read."""

    number: str
    notices: tuple[Problem, ...] = ()


def read_recipients(
    texts: Iterable[str], *, samples_allowed: bool, field: str = PHONES, bare_foreign: bool = False
) -> tuple[list[str], list[Problem], list[Problem]]:
    """Give the recipients in E.164, all that is wrong with them, and what was noticed; rows count from 1.

    A number twice in one list is a problem, whatever its two spellings are: its owner would get the text twice.
    """
    first_row: dict[str, int] = {}
    problems: list[Problem] = []
    notices: list[Problem] = []
    for row, text in enumerate(texts, 1):
        found = read_recipient(text, field=field, row=row, bare_foreign=bare_foreign)
        if isinstance(found, Recipient):
            rule = refusal_of_example(found.number, samples_allowed=samples_allowed)
            if not rule and found.number in first_row:
                problems.append(_twice(field, text, row, first_row[found.number]))
            elif not rule:
                first_row[found.number] = row
                notices.extend(found.notices)
            else:
                problems.append(Problem(field, shorten(text), rule, ASK, row))
        else:
            problems.append(found)
    return list(first_row), problems, notices


ASK = "Ask for the real number."


def refusal_of_example(number: str, *, samples_allowed: bool) -> str:
    """Say why an example number (E.164) is not sent to, or nothing. Our own are allowed in the sandbox."""
    source = EXAMPLE_NUMBERS.get(number)
    return f"is an example number of {source}" if source and not (samples_allowed and source == OURS) else ""


def number_of(text: str, field: str) -> str:
    """A recipient in E.164. Raises InputError if it is none."""
    found = read_recipient(text, field=field)
    if isinstance(found, Problem):
        raise InputError([found])
    return found.number


def read_recipient(
    text: str, *, field: str = PHONES, row: int | None = None, bare_foreign: bool = False
) -> Recipient | Problem:
    """Give one number, or what is wrong with it.

    Mainland mobiles may stand as `1…`, `86…`, `0086…`, `+86…`; every other number needs `+` or `00`, as a mainland
    number with a digit lost is a foreign one in every tenth case. `bare_foreign` takes the API's own spelling, without
    either, if it is a mobile's.
    """
    usual = _USUAL.fullmatch(text)
    if not usual and (grouped := _GROUPED.fullmatch(text)):
        usual = _USUAL.fullmatch("".join(grouped.group(1, 3, 4)))
    if usual:
        return Recipient(MAINLAND + usual[1])
    spelling = spell(text)
    if isinstance(spelling, Misspelling):
        return Problem(field, shorten(text), spelling.rule, spelling.next_step, row)
    problem = _ambiguous(spelling) or _bare(spelling, bare_foreign=bare_foreign)
    if problem:
        return Problem(field, shorten(text), problem.rule, problem.next_step, row)
    found = _read(spelling)
    if isinstance(found, Misspelling):
        return Problem(field, shorten(text), found.rule, found.next_step, row)
    return _noticed(found, spelling, field, text, row)


def _read(spelling: Spelling) -> Recipient | Misspelling:
    """The number that the digits stand for; libphonenumber is asked only where our own table does not know it."""
    if usual := _USUAL.fullmatch(spelling.digits):
        return Recipient(MAINLAND + usual[1])
    known = [number for number in _readings(spelling) if _kind(number) is not None]
    return _TWO_COUNTRIES if len(known) > 1 else _judge(known[0]) if known else _UNKNOWN


def is_mainland(recipient: str) -> bool:
    """Whether an E.164 number belongs to mainland China."""
    return recipient.startswith(MAINLAND)


_CHECK = "Check its digits and country code."
_UNKNOWN = Misspelling("is not a phone number that can receive SMS", _CHECK)
_TWO_COUNTRIES = Misspelling(
    "can be read as a mainland and as a North American number", "Write +86… for the first, 001… for the second."
)


def _ambiguous(spelling: Spelling) -> Misspelling | None:
    """A bare number of eleven digits that begins with 1, but is not written as mainland mobiles are."""
    if not re.fullmatch(r"1\d{10}", spelling.digits) or spelling.groups in _MAINLAND_GROUPS:
        return None
    if spelling.groups[0] == 1 or spelling.groups == _AMERICAN_GROUPS:
        return _TWO_COUNTRIES
    return Misspelling("is not grouped as mainland mobiles are (138 1234 5678)", "Write it without blanks, or with +.")


def _bare(spelling: Spelling, *, bare_foreign: bool) -> Misspelling | None:
    """A number without `+` or `00` that is not a mainland one, where none is taken for a foreign one."""
    if spelling.digits.startswith(("+", "00")) or re.fullmatch(r"(?:86)?1\d{10}", spelling.digits):
        in_front = spelling.bracket and spelling.digits.startswith("86")
        return Misspelling("has a country code in brackets, without +", "Write +86….") if in_front else None
    if spelling.bracket:
        return Misspelling("begins with an area code in brackets, and has no country code", _add_code("1…"))
    mobile = _kind(f"+{spelling.digits}") in {_MOBILE, _EITHER}
    # What was a number to a program or a sheet has lost its plus there.
    if mobile and (bare_foreign or spelling.decimal):
        return None
    rule = f"is not a mainland mobile ({len(spelling.digits)} digits), and has no country code"
    return Misspelling(rule, _add_code(spelling.digits if mobile else "852…"))


def _add_code(digits: str) -> str:
    return f"Check its digits; a number abroad needs + and its country code: +{digits}."


def _readings(spelling: Spelling) -> list[str]:
    """The numbers that the digits may mean, with their country codes.

    The API takes mainland numbers with a bare `+` as well; 00 always stands before a country code.
    """
    digits = spelling.digits
    if digits.startswith(("00", "+00")):
        return [f"+{digits.removeprefix('+')[2:]}"]
    if re.fullmatch(r"\+1\d{10}", digits) and spelling.groups[0] != 1:
        return [digits, MAINLAND + digits[1:]]
    if digits.startswith("+"):
        return [digits]
    return [MAINLAND + digits] if re.fullmatch(r"1\d{10}", digits) else [f"+{digits}"]


def _judge(number: str) -> Recipient | Misspelling:
    """A known number in E.164, without a national prefix, if SMS can reach it."""
    import phonenumbers

    kind = _kind(number)
    e164 = phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.E164)
    if kind is not None and kind in NO_SMS:
        return Misspelling(f"is {NO_SMS[kind]}, which gets no SMS", "Give a mobile number.")
    if is_mainland(e164) and kind != _MOBILE:
        return Misspelling("is not a phone number that can receive SMS: it is not a mobile", _CHECK)
    landline = Problem("", "", "is a fixed line, which is billed and seldom gets SMS", "", None)
    return Recipient(e164, (landline,) if kind == _FIXED_LINE else ())


def _kind(number: str) -> int | None:
    """The kind of a number with its country code; None where libphonenumber knows no such number."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.number_type(parsed) if phonenumbers.is_valid_number(parsed) else None


def _noticed(found: Recipient, spelling: Spelling, field: str, text: str, row: int | None) -> Recipient:
    rules = [notice.rule for notice in found.notices]
    if spelling.notice:
        rules.append(f"{spelling.notice}: read as {found.number}")
    elif not spelling.digits.startswith(("+", "00")) and not is_mainland(found.number):
        rules.append(f"has no + in front: read as {found.number}")
    elif spelling.digits.startswith("+1") and is_mainland(found.number):
        rules.append(f"is not a North American number: read as {found.number}")
    return Recipient(found.number, tuple(Problem(field, shorten(text), rule, "", row) for rule in rules))


def _twice(field: str, text: str, row: int, first: int) -> Problem:
    return Problem(field, shorten(text), f"is the same recipient as row {first}", "Name each recipient once.", row)
