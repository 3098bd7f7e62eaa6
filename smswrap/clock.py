"""The calendar that dysmsapi and its frequency limits go by: Asia/Shanghai, which has no summer time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

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
