"""Days and times as people give them, in Asia/Shanghai -> Unix seconds, as the API wants them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from smswrap.clock import SHANGHAI, now, today
from smswrap.errors import InputError
from smswrap.providers.parameters import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY = 24 * 60 * 60

FORMS = "202603261030, 2026-03-26T10:30, both in Asia/Shanghai, or Unix seconds"

_DIGITS = {12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_UNIX_SECONDS = 10
"""Digits of a Unix time since 2001; a time in milliseconds has 13, so the two cannot be taken for each other."""
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


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
