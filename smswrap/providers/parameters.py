"""What may be given to an operation: each parameter with its type, its limits and whether it is private."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from smswrap.errors import InputError
from smswrap.patterns import pattern
from smswrap.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

Type = Literal["text", "phone", "integer", "date", "boolean", "array"]

LONGEST_TEXT = 20_000
"""Characters; far above what any API takes, and below what a command line may hold (128 KiB per argument on Linux)."""

LONGEST_OUT_ID = 255
"""Characters: below 256 by the API page of SendBatchSms."""

LONGEST_TIMEOUT = 60
"""Seconds; no call should hang longer than a person would wait."""

_CONTROL = pattern("[\\x00-\\x1f\\x7f-\\x9f]")
_HALF = pattern("[\\ud800-\\udfff]")
LONGEST_SHOWN = 40
"""Characters of a wrong value that an error message repeats."""


class Shape(NamedTuple):
    """What a text must look like, and how that is said."""

    pattern: re.Pattern[str]
    rule: str


SHAPES: Mapping[str, Shape] = {
    # The CLI's own parser reads every word before the plugin does: a value that begins with a hyphen is one of its
    # options to it (`--config-path=…` runs what that file says; read in cli/parser.go of 3.4.11).
    "sign": Shape(pattern(r"[^-].*"), "begins with a hyphen, as no sign does"),
    "template": Shape(pattern(r"[A-Za-z0-9_][A-Za-z0-9_-]*"), "is not a template code: letters, digits, _ and -"),
    "biz-id": Shape(pattern(r"\w[\w^.:-]*"), "is not the id of a request: letters, digits, ^._-"),
    "profile": Shape(pattern(r"\w[\w.@+:-]*"), "is not a profile's name: letters, digits, . @ + : _ and -"),
    "region": Shape(pattern(r"[a-z]{2}-[a-z0-9-]+"), "is not a region, such as cn-hangzhou"),
}


@dataclass(frozen=True)
class Parameter:
    """One parameter of an operation.

    `name` is the option's word (`--sign-name`), `wire` the provider's own spelling of it; `low` and `high` bound an
    integer's value, a text's characters or an array's elements; `private` values are masked in talk and logs; `shape`
    names a row of SHAPES.
    """

    name: str
    wire: str
    help: str
    type: Type = "text"
    required: bool = False
    low: int | None = None
    high: int | None = None
    choices: tuple[str, ...] = ()
    default: str | int | None = None
    private: bool = False
    short: tuple[str, ...] = ()
    shape: str | None = None

    @property
    def option(self) -> str:
        """The option's spelling."""
        return f"--{self.name}"

    @property
    def key(self) -> str:
        """The name as a key of the values and of Python."""
        return self.name.replace("-", "_")


def check(parameter: Parameter, value: object) -> Any:  # noqa: ANN401  the type is what `parameter.type` says
    """Return the value as its parameter's type, or raise InputError with the value and the rule."""
    text = str(value)
    checked = _CHECKS[parameter.type](parameter, text)
    if parameter.choices and text not in parameter.choices:
        raise _wrong(parameter, text, f"is none of {', '.join(parameter.choices)}")
    return checked


def check_text(option: str, text: str, *, longest: int = LONGEST_TEXT, private: bool = False) -> str:
    """Return the text if a provider can take it: not empty, not too long, no control or half characters."""
    shown = "" if private else shorten(text)
    if not text.strip():
        raise InputError.of(option, "", "must not be empty", f"Give a value for {option}.")
    if len(text) > longest:
        rule = f"is {len(text)} characters long; at most {longest} are allowed"
        raise InputError.of(option, shown, rule, "Shorten the value.")
    if _CONTROL.search(text):
        raise InputError.of(option, shown, "holds a control character", "Remove it: retype the value.")
    if _HALF.search(text):
        raise InputError.of(option, shown, "is not valid UTF-8", "Give the value in UTF-8.")
    return text


def check_shape(option: str, text: str, shape: str) -> str:
    """Return the text if it looks like what the row of SHAPES describes, or raise InputError."""
    if SHAPES[shape].pattern.fullmatch(text) is None:
        raise InputError.of(option, shorten(text), SHAPES[shape].rule, f"Correct {option}.")
    return text


def shorten(text: str) -> str:
    """Give a value as an error message shows it: printable and not long."""
    shown = text.encode("utf-8", "backslashreplace").decode()
    return shown if len(shown) <= LONGEST_SHOWN else shown[: LONGEST_SHOWN - 1] + "…"


def spelt(value: object) -> str:
    """A checked value as a word of a program's command line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)


def ordered_dates(values: Mapping[str, Any]) -> None:
    """Raise InputError if `start_date` lies after `end_date`."""
    start, end = values.get("start_date"), values.get("end_date")
    if start and end and start > end:
        rule = f"lies after --end-date {end}"
        raise InputError.of("--start-date", start, rule, "Give a start date that is not after the end date.")


def _text(parameter: Parameter, text: str) -> str:
    checked = check_text(parameter.option, text, longest=parameter.high or LONGEST_TEXT, private=parameter.private)
    return check_shape(parameter.option, checked, parameter.shape) if parameter.shape else checked


def _integer(parameter: Parameter, text: str) -> int:
    low, high = parameter.low, parameter.high
    bounds = f"from {low} to {high}" if high is not None else f"from {low} up"
    number = int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None
    if number is None or (low is not None and number < low) or (high is not None and number > high):
        raise _wrong(parameter, text, f"is not a whole number {bounds}")
    return number


def _date(parameter: Parameter, text: str) -> str:
    from datetime import datetime, timezone

    day = text.replace("-", "") if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else text
    try:
        # strptime alone would take 2026131 for the 31st or 13th of something.
        datetime.strptime(day if re.fullmatch(r"[0-9]{8}", day) else "", "%Y%m%d").replace(tzinfo=timezone.utc)
    except ValueError:
        raise _wrong(parameter, text, "is not an existing date, such as 2026-01-31 or 20260131") from None
    return day


def _boolean(parameter: Parameter, text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise _wrong(parameter, text, "is neither true nor false")
    return text.lower() == "true"


def _array(parameter: Parameter, text: str) -> list[Any]:
    if len(text) > LONGEST_TEXT:
        raise _wrong(parameter, text, f"is {len(text)} characters long; at most {LONGEST_TEXT} are allowed")
    try:
        array = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        array = None
    if not isinstance(array, list) or not array:
        raise _wrong(parameter, text, 'is not a JSON array with elements, such as ["a","b"]')
    if parameter.high is not None and len(array) > parameter.high:
        raise _wrong(parameter, text, f"has {len(array)} elements; at most {parameter.high} are allowed")
    return array


def _no_number(constant: str) -> None:
    raise ValueError(constant)


_CHECKS = {"text": _text, "phone": _text, "integer": _integer, "date": _date, "boolean": _boolean, "array": _array}


def _wrong(parameter: Parameter, text: str, rule: str) -> InputError:
    shown = "" if parameter.private else shorten(text)
    return InputError.of(parameter.option, shown, rule, f"Correct {parameter.option}.")
