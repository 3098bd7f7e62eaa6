"""Sign, template and its parameters as they were given, the text that the recipient will see, and its parts."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from smswrap import signals
from smswrap.errors import InputError, Problem
from smswrap.patterns import pattern
from smswrap.providers.parameters import LONGEST_TEXT, check_text, shorten
from smswrap.sending.oddities import STEP, find_oddity
from smswrap.sending.spellings import INVISIBLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

OPTION = "--template-param"
EXAMPLE = 'Give a JSON object such as {"code":"123456"}.'

LONGEST_MESSAGE = 500
"""Characters, sign and 【】 included (help.aliyun.com/document_detail/44335)."""

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = frozenset("\f^{}\\[~]|€")
_VARIABLE = pattern(r"\$\{([^${}]*)\}")
_LINE_BREAK = pattern("\r?\n")

_BRACKETS = ("【】", "[]", "［］", "〔〕")  # noqa: RUF001  as Chinese keyboards give them


class Tidied(NamedTuple):
    """A name without what was pasted around it, and what was taken off."""

    value: str
    notices: tuple[Problem, ...] = ()


def tidy_sign(given: str, *, field: str = "--sign-name", row: int | None = None) -> Tidied:
    """Give a sign without outer blanks and the 【】 that it stands in in a text: the provider adds those itself."""
    name = INVISIBLE.sub("", given).strip()
    inner = name[1:-1].strip()
    bare = inner and name[0] + name[-1] in _BRACKETS and not any(bracket in inner for bracket in name[0] + name[-1])
    return _tidied(given, inner if bare else name, field, row)


def tidy_template(given: str, *, field: str = "--template-code") -> Tidied:
    """Give a template's code without outer blanks."""
    return _tidied(given, INVISIBLE.sub("", given).strip(), field, None)


def _tidied(given: str, value: str, field: str, row: int | None) -> Tidied:
    if value in {given, ""}:
        return Tidied(given)
    return Tidied(value, (Problem(field, shorten(given), f"was read as {shorten(value)!r}", "", row),))


def read_parameters(given: str | None, variables: Sequence[str]) -> dict[str, str]:
    """Give the template parameters from `--template-param` (JSON, `@file`, `-`) and `--var name=value`s.

    Raises InputError with everything that is wrong.
    """
    parameters = parse_object(_fetch(given)) if given is not None else {}
    problems = []
    for variable in variables:
        name, equals, value = variable.partition("=")
        if not equals or not name.strip():
            problems.append(Problem("--var", shorten(variable), "is not name=value", "Write --var code=123456."))
        elif name.strip() in parameters:
            problems.append(Problem("--var", name.strip(), "is given twice", "Give each variable once."))
        else:
            parameters[name.strip()] = value
    problems += check_parameters(parameters)
    if problems:
        raise InputError(problems)
    return parameters


def check_parameters(parameters: Mapping[str, object], *, field: str = OPTION, row: int | None = None) -> list[Problem]:
    """Give all that is wrong with parameters of one message: they must be strings that a provider can take."""
    problems = []
    for name, value in parameters.items():
        if not isinstance(value, str):
            rule = f"has a value for {shorten(name)!r} that is not a string"
            problems.append(Problem(field, "", rule, 'Put the value in quotes: {"name":"value"}.', row))
            continue
        # Line breaks pass: the provider documents them ("standard JSON").
        for text in (name, _LINE_BREAK.sub(" ", value)):
            try:
                check_text(field, text)
            except InputError as error:
                rule = f"{error.problems[0].rule} (variable {shorten(name)!r})"
                problems.append(Problem(field, "", rule, error.problems[0].next_step, row))
    return problems


def odd_values(parameters: Mapping[str, str], *, field: str = OPTION, row: int | None = None) -> list[Problem]:
    """Give the values that a program left where a person's should stand; the person may let them pass."""
    found = ((name, value, find_oddity(value)) for name, value in parameters.items())
    return [
        Problem(field, shorten(value), f"{rule} (${{{shorten(name)}}})", STEP, row)
        for name, value, rule in found
        if rule
    ]


def parse_object(text: str, *, field: str = OPTION) -> dict[str, Any]:
    """Parse a JSON object; numbers keep their spelling as strings, as the API wants. Raises InputError."""
    parsed = _parse(text, field)
    if not isinstance(parsed, dict):
        raise InputError.of(field, "", "is not a JSON object", EXAMPLE)
    return parsed


def parse_array(text: str, *, field: str) -> list[Any]:
    """Parse a JSON array, its numbers too. Raises InputError."""
    parsed = _parse(text, field)
    if not isinstance(parsed, list):
        raise InputError.of(field, "", "is not a JSON array", 'Give a JSON array such as ["a","b"].')
    return parsed


class Compared(NamedTuple):
    """Variables without a value, which stop a send, and values without a variable, which are ignored."""

    missing: list[Problem]
    unknown: list[Problem]


def compare_variables(
    expected: Iterable[str], parameters: Mapping[str, str], *, row: int | None = None, field: str = OPTION
) -> Compared:
    """Name the template's variables that are missing, and the parameters that it does not have."""
    wanted = tuple(dict.fromkeys(expected))
    missing = [name for name in wanted if name not in parameters]
    unknown = [name for name in parameters if name not in wanted]
    compared = Compared([], [])
    if missing:
        rule = f"lacks the template's {_listed(missing)}"
        compared.missing.append(Problem(field, "", rule, f"Ask for the value of {_listed(missing)}.", row))
    if unknown:
        rule = f"has {_listed(unknown)}, which the template does not have"
        step = f"The template's variables are: {_listed(wanted) or 'none'}."
        compared.unknown.append(Problem(field, "", rule, step, row))
    return compared


def render(content: str, sign: str, parameters: Mapping[str, str], *, mainland: bool = True) -> str:
    """Give the text as the recipient will see it: 【sign】, or [sign] abroad, and the filled template."""
    filled = _VARIABLE.sub(lambda found: parameters.get(found[1].strip(), found[0]), content)
    return f"【{sign}】{filled}" if mainland else f"[{sign}]{filled}"


def length_of(content: str, sign: str, parameters: Mapping[str, str]) -> int:
    """The length of that text, which is the same on the mainland and abroad."""
    fixed, variables = _measured(content)
    return fixed + len(sign) + sum([len(parameters.get(name, spelt)) for name, spelt in variables])


@lru_cache(maxsize=8)
def _measured(content: str) -> tuple[int, list[tuple[str, str]]]:
    """The characters of a template, with the sign's brackets and without its variables; each of these, as spelt too."""
    variables = [(found[1].strip(), found[0]) for found in _VARIABLE.finditer(content)]
    return len(content) - sum(len(spelt) for _, spelt in variables) + 2, variables


def count_parts(text: str, *, mainland: bool) -> int:
    """Count the parts that a whole text (sign included) is billed as.

    Mainland: 70 characters, else 67 a part. Abroad: GSM-7 160 or 153 (extension characters count 2), and UCS-2 70 or 67
    for the whole text as soon as one character needs it; there, what is outside the BMP counts 2. What counts
    2 is never split (3GPP TS 23.040, 9.2.3.24.1): it moves to the next part.
    """
    if mainland:
        return mainland_parts(len(text))
    if not forcing_ucs2(text):
        return _parts((2 if char in GSM_EXTENSION else 1 for char in text), 160, 153)
    return _parts((2 if char > "\uffff" else 1 for char in text), 70, 67)


def mainland_parts(length: int) -> int:
    """Count the parts of a text on the mainland, by its characters."""
    return 1 if length <= 70 else -(-length // 67)  # noqa: PLR2004  as above


def forcing_ucs2(text: str) -> list[str]:
    """The characters outside GSM-7, each once: abroad they make every part of the text shorter."""
    return list(dict.fromkeys(char for char in text if char not in GSM_BASIC and char not in GSM_EXTENSION))


def _parts(units: Iterable[int], single: int, each: int) -> int:
    counted = list(units)
    if sum(counted) <= single:
        return 1
    parts, used = 1, 0
    for unit in counted:
        if used + unit > each:
            parts, used = parts + 1, 0
        used += unit
    return parts


def _parse(text: str, field: str) -> Any:  # noqa: ANN401  whatever the text holds
    if len(text) > LONGEST_TEXT:
        rule = f"is {len(text)} characters long; at most {LONGEST_TEXT} are allowed"
        raise InputError.of(field, "", rule, "Shorten it.")
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=_no_number, object_pairs_hook=_once)
    except RecursionError:
        raise InputError.of(field, "", "is nested too deeply", EXAMPLE) from None
    except ValueError as error:
        raise InputError.of(field, "", f"is not valid JSON: {error}", EXAMPLE) from None


def _fetch(given: str) -> str:
    if given != "-" and not given.startswith("@"):
        return given
    try:
        with signals.interruptible(), _opened(given) as file:
            octets = file.read(LONGEST_TEXT * 4 + 1)
    except (OSError, RuntimeError, ValueError, AttributeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError.of(OPTION, shorten(given), f"cannot be read: {why}", "Name a readable file.") from error
    if len(octets) > LONGEST_TEXT * 4:
        rule = f"holds too many characters; at most {LONGEST_TEXT} are allowed"
        raise InputError.of(OPTION, shorten(given), rule, "Shorten it.")
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError.of(OPTION, shorten(given), "is not UTF-8", "Save it in UTF-8.") from None


def _opened(given: str) -> BinaryIO:
    # A descriptor of its own: closing it leaves stdin open.
    return os.fdopen(os.dup(0), "rb") if given == "-" else Path(given[1:]).expanduser().open("rb")


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in it")
    return found


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"${{{shorten(name)}}}" for name in names)
