"""Time as the API tells it: Asia/Shanghai, UTC+8 all year."""

from __future__ import annotations

import time

SHANGHAI_SECONDS = 8 * 3600
DAY_SECONDS = 24 * 3600
DATE = "%Y%m%d"
MOMENT = "%Y-%m-%d %H:%M:%S"


def day_of(epoch: float) -> str:
    """The Shanghai day of a moment, yyyyMMdd."""
    return time.strftime(DATE, time.gmtime(epoch + SHANGHAI_SECONDS))


def moment_of(epoch: float) -> str:
    """A moment in Shanghai, yyyy-MM-dd HH:mm:ss."""
    return time.strftime(MOMENT, time.gmtime(epoch + SHANGHAI_SECONDS))


def is_day(text: str) -> bool:
    """Whether `text` is a date of the calendar, yyyyMMdd."""
    if len(text) != len("yyyyMMdd") or not text.isdecimal():
        return False
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:])
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return 1 <= month <= len(lengths) and 1 <= day <= lengths[month - 1]


def is_recent_day(text: str, days: int) -> bool:
    """Whether `text` is today in Shanghai or one of the `days` days before."""
    now = time.time()
    return is_day(text) and day_of(now - days * DAY_SECONDS) <= text <= day_of(now)
