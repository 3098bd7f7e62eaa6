"""Rules of the providers that can be known before a send: what will be refused, and what often is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from smswrap.errors import Problem
from smswrap.masking import mask_number
from smswrap.patterns import pattern
from smswrap.providers.parameters import shorten
from smswrap.sending.recipients import is_mainland
from smswrap.sending.table.problems import Notices, ProblemReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from smswrap.model import Message
    from smswrap.providers.records import Sign, Template

LONGEST_VALUE = 35
"""Characters of a variable (document_detail/101346)."""
HIDDEN = ""
"""Instead of a value: it may be a code, and what is said ends in logs."""
CODE_LENGTH = range(4, 7)
MOST_CODES = 100_000
"""Codes that are held against each other."""
CODE_RULES: Mapping[str, tuple[re.Pattern[str], str]] = {
    "numberCaptcha": (pattern(r"[0-9]{4,6}"), "is not 4 to 6 digits"),
    "characterWithNumber2": (pattern(r"[0-9A-Za-z]{4,6}"), "is not 4 to 6 letters and digits"),
}
"""What the attributes of a code's variable demand (document_detail/2806243), by their names in VariableAttribute."""

_URL = pattern(r"https?://|www\.|\b[a-z0-9-]+\.(?:com|cn|net|org|top|cc|me|io|xyz|shop|link|vip)\b", re.IGNORECASE)
_IP = pattern(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_CODES, _INTERNATIONAL, _DOMESTIC = (
    "verification",
    "international",
    frozenset({"verification", "notification", "promotion"}),
)
_SIGN_FOR_CODES = "验证码"
_TEMPLATE = "--template-code"


class Verdict(NamedTuple):
    """What will be refused, and what may be: counted by kind, with the first rows of each."""

    problems: ProblemReport
    warnings: Notices


def judge(
    template: Template,
    sign: Sign,
    messages: Iterable[tuple[int | None, Message]],
) -> Verdict:
    """Hold a template, a sign and the messages with it against the rules; the messages may be a stream.

    They come with the rows of their list, or with None. Values are named by their variables, as each door spells them
    otherwise.
    Which variables the template has was held against the messages when they were drafted.
    """
    verdict = Verdict(ProblemReport(), Notices())
    verdict.problems.add(_sign_problems(template, sign))
    verdict.warnings.add(_sign_warnings(sign))
    codes = _Codes()
    for row, message in messages:
        values = message.content.parameters
        verdict.problems.add(_wrong_country(template, message.recipient, row))
        verdict.warnings.add(_doubtful_country(template, message.recipient, row))
        verdict.problems.add(_broken_rules(template.rules, values, row))
        verdict.warnings.add(_doubtful_values(template.type, values, row))
        if template.type == _CODES:
            verdict.warnings.add(codes.shared(message, row))
    return verdict


def _broken_rules(rules: Mapping[str, str], values: Mapping[str, str], row: int | None) -> list[Problem]:
    """Give the values that break what the template's attributes demand of a code."""
    return [
        Problem(_variable(name), HIDDEN, f"{CODE_RULES[rule][1]}, as the template demands", "Give another code.", row)
        for name, rule in rules.items()
        if rule in CODE_RULES and name in values and not CODE_RULES[rule][0].fullmatch(values[name])
    ]


def _variable(name: str) -> str:
    return f"${{{shorten(name)}}}"


def _doubtful_values(kind: str | None, values: Mapping[str, str], row: int | None) -> list[Problem]:
    """Give the values that carriers often refuse; `kind` is the template's type."""
    return [
        Problem(_variable(name), HIDDEN, rule, "", row)
        for name, value in values.items()
        for rule in _doubts(kind, name, value)
    ]


def _doubts(kind: str | None, name: str, value: str) -> list[str]:
    doubts = []
    if len(value) > LONGEST_VALUE:
        doubts.append(f"has {len(value)} characters; a variable takes {LONGEST_VALUE}")
    if _URL.search(value):
        doubts.append("holds a link, which carriers refuse in a variable")
    if _IP.search(value):
        doubts.append("holds an IP address, which carriers refuse in a variable")
    if (
        kind == _CODES
        and "code" in name.lower()
        and not (value.isascii() and value.isalnum() and len(value) in CODE_LENGTH)
    ):
        doubts.append("is not a code of 4 to 6 letters and digits")
    return doubts


def _wrong_country(template: Template, recipient: str, row: int | None) -> list[Problem]:
    if template.type != _INTERNATIONAL or not is_mainland(recipient):
        return []
    number = mask_number(recipient)
    rule = f"is an international template, and {number} is a mainland number (isv.DOMESTIC_NUMBER_NOT_SUPPORTED)"
    return [Problem(_TEMPLATE, template.template or "", rule, "Choose a template for the mainland.", row)]


def _doubtful_country(template: Template, recipient: str, row: int | None) -> list[Problem]:
    if template.type not in _DOMESTIC or is_mainland(recipient):
        return []
    rule = f"is a template for the mainland, and {mask_number(recipient)} is abroad"
    return [Problem(_TEMPLATE, template.template or "", rule, "", row)]


def _sign_problems(template: Template, sign: Sign) -> list[Problem]:
    uses = f"{sign.scene or ''} {sign.usage or ''}"
    if _SIGN_FOR_CODES not in uses or "通用" in uses or template.type in {_CODES, _INTERNATIONAL, None}:
        return []
    rule = f"is a sign for codes, and the template's type is {template.type} (isv.SMS_SIGNATURE_SCENE_ILLEGAL)"
    return [Problem("--sign-name", sign.sign or "", rule, "Choose another sign, or a template for codes.")]


def _sign_warnings(sign: Sign) -> list[Problem]:
    missing = [entry.carrier or "?" for entry in sign.registration if entry.state != "registered"]
    rule = f"is not registered with {', '.join(missing)}, whose users may not get it"
    return [Problem("--sign-name", sign.sign or "", rule)] if missing else []


class _Codes:
    """Finds one code that goes to several numbers."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}

    def shared(self, message: Message, row: int | None) -> list[Problem]:
        found = []
        for name, value in message.content.parameters.items():
            if "code" not in name.lower():
                continue
            known = self._owners.get(value)
            if known is None and len(self._owners) < MOST_CODES:
                self._owners[value] = message.recipient
            elif known not in {None, message.recipient}:
                found.append(Problem(_variable(name), HIDDEN, "is the code of several numbers", "", row))
        return found
