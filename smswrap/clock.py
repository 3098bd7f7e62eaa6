"""The calendar that dysmsapi and its frequency limits go by (Asia/Shanghai, without summer time), and moments."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import NamedTuple

DAY = 86_400.0
MOST_DAYS = 30
"""Days, today included, of which receipts can be queried."""

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


def ticks() -> float:
    """Seconds since the machine was started, its sleep included where the system counts that."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Moment(NamedTuple):
    """A moment by both clocks: `wall` in Unix seconds, `ticks` of the clock that starts with `boot` and never jumps."""

    wall: float
    boot: str
    ticks: float

    @classmethod
    def now(cls) -> Moment:
        """The present moment."""
        return cls(time.time(), boot(), ticks())

    def ages(self) -> tuple[float, float]:
        """Seconds since then, by the wall clock and by the other one.

        The wall clock can jump; the other cannot, but starts anew with the machine: then the wall clock is all we have.
        """
        by_wall = time.time() - self.wall
        same = bool(self.boot) and self.boot == boot()
        return by_wall, ticks() - self.ticks if same else by_wall


def now() -> datetime:
    """The present moment in Asia/Shanghai."""
    return datetime.fromtimestamp(time.time(), SHANGHAI)


def iso(wall: float) -> str:
    """A moment in Unix seconds as ISO 8601 in Asia/Shanghai."""
    return datetime.fromtimestamp(wall, SHANGHAI).isoformat(timespec="seconds")


def day_of(wall: float) -> str:
    """The day of a moment in Unix seconds, as yyyyMMdd."""
    return datetime.fromtimestamp(wall, SHANGHAI).strftime("%Y%m%d")


def today() -> str:
    """Today as yyyyMMdd."""
    return days_ago(0)


def days_ago(days: int) -> str:
    """The day that many days before today, as yyyyMMdd."""
    return day_of(time.time() - days * DAY)


def askable(*days: str | None) -> list[str]:
    """Those of the days, each once, that a provider can be asked about: a clock that was wrong noted any day."""
    return [day for day in dict.fromkeys(days) if day and days_ago(MOST_DAYS - 1) <= day <= today()]


def week(first: str | None, last: str | None) -> tuple[str, str]:
    """The days from first to last, all as yyyyMMdd; what is left out makes it a week that ends today."""
    last = last or max(today(), first or "")
    return first or (datetime.strptime(f"{last}+0800", "%Y%m%d%z") - timedelta(days=6)).strftime("%Y%m%d"), last


@cache
def boot() -> str:
    """What names this start of the machine; empty where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_bytes().decode("ascii").strip()
    except OSError:
        return ""


def dashed(day: str) -> str:
    """A day as people write it: 2026-01-31 for 20260131."""
    return f"{day[:4]}-{day[4:6]}-{day[6:]}" if len(day) == len("yyyyMMdd") else day
