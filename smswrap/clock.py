"""The calendar that dysmsapi and its frequency limits go by: Asia/Shanghai, which has no summer time."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


def now() -> datetime:
    """The present moment in Asia/Shanghai."""
    return datetime.now(SHANGHAI)


def today() -> str:
    """Today as yyyyMMdd."""
    return days_ago(0)


def days_ago(days: int) -> str:
    """The day that many days before today, as yyyyMMdd."""
    return (now() - timedelta(days=days)).strftime("%Y%m%d")


def boot() -> str:
    """What names this start of the machine; empty where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def elapsed(wall: float, started: str, ticks: float) -> tuple[float, float]:
    """Seconds since a moment that was noted as (time.time(), boot(), time.monotonic()), by both clocks.

    The wall clock can jump; the other one cannot, but starts anew with the machine: then the wall clock is all we have.
    """
    by_wall = time.time() - wall
    same = bool(started) and started == boot()
    return by_wall, time.monotonic() - ticks if same else by_wall
