"""A row of the operations table and its values, in our words -> the words of volc_sms.py's command line.

Days and times as people give them, in Asia/Shanghai, become Unix seconds, as the API wants them.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from smswrap.clock import SHANGHAI, now, today
from smswrap.errors import InputError
from smswrap.providers.parameters import shorten, spelt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smswrap.providers.base import Operation

DAY = 24 * 60 * 60

FORMS = "202603261030, 2026-03-26T10:30, both in Asia/Shanghai, or Unix seconds"

_DIGITS = {12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_UNIX_SECONDS = 10
"""Digits of a Unix time since 2001; a time in milliseconds has 13, so the two cannot be taken for each other."""
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?", re.ASCII)

CHANNEL_TYPES = {0: "CN_OTP", 1: "CN_NTC", 2: "CN_MKT"}
"""--template-type, as aliyun numbers it -> ChannelType."""


def compose(operation: Operation, values: Mapping[str, Any], timeout: int) -> list[str]:
    """Give the script's options; each value stands in its option's word, so that none reads as an option.

    They go to the script's stdin, not to its command line, which every user of the machine can read.
    """
    converted = {**values, **_CONVERSIONS.get(operation.verb, dict)(values)}
    given = ((parameter.wire, converted.get(parameter.key)) for parameter in operation.parameters)
    return [*(f"{wire}={spelt(value)}" for wire, value in given if value is not None), f"--timeout={timeout}"]


def dialled(recipient: str) -> str:
    """E.164 as the API takes it: mainland numbers bare, others with their plus."""
    return recipient.removeprefix("+86")


def stretch(values: Mapping[str, Any]) -> tuple[int, int]:
    """First and last second that a query of the send log asks for: from --from-time to --to-time, else one day.

    Raises InputError.
    """
    if values.get("from_time") is None:
        return days(values.get("send_date") or today(), values.get("send_date") or today())
    start = read_time("--from-time", values["from_time"])
    if values.get("to_time") is None:
        return start, int(now().timestamp()) + 1  # this second has not ended yet, and a message may be sent in it
    return start, read_time("--to-time", values["to_time"])


def days(first: str, last: str) -> tuple[int, int]:
    """First and last second of these days (yyyyMMdd): the API counts the last one in (Volcengine's skill 1.3.1)."""
    return _midnight(first), _midnight(last) + DAY - 1


def read_time(option: str, text: str) -> int:
    """Give a moment in Unix seconds. Raises InputError."""
    try:
        return int(_moment(text).timestamp())
    except ValueError:
        raise InputError.of(option, shorten(text), "is no existing time", f"Write it as {FORMS}.") from None


def _moment(text: str) -> datetime:
    if re.fullmatch("[0-9]+", text):
        return _moment_of_digits(text)
    if not _ISO.fullmatch(text):
        raise ValueError(text)
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))  # Python 3.10 does not know the Z
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


def _moment_of_digits(text: str) -> datetime:
    if len(text) == _UNIX_SECONDS:
        return datetime.fromtimestamp(int(text), SHANGHAI)
    if len(text) not in _DIGITS:
        raise ValueError(text)
    return datetime.strptime(text, _DIGITS[len(text)]).replace(tzinfo=SHANGHAI)


def _midnight(day: str) -> int:
    return int(datetime.strptime(day, "%Y%m%d").replace(tzinfo=SHANGHAI).timestamp())


def _send(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"phone_numbers": ",".join(map(dialled, values["phone_numbers"]))}


def _status(values: Mapping[str, Any]) -> dict[str, Any]:
    first, last = stretch(values)
    number = values.get("phone_number")
    return {
        "send_date": None,
        "from_time": first,
        "to_time": last,
        "phone_number": dialled(number) if number is not None else None,
    }


def _statistics(values: Mapping[str, Any]) -> dict[str, Any]:
    first, last = days(values["start_date"], values["end_date"])
    kind = values.get("template_type")
    return {"start_date": first, "end_date": last, "template_type": None if kind is None else CHANNEL_TYPES[kind]}


_CONVERSIONS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "send": _send,
    "query-status": _status,
    "query-statistics": _statistics,
}
