"""Journals that were damaged and set aside: the name of each says when, by both clocks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from smswrap.clock import Moment
from smswrap.patterns import pattern

if TYPE_CHECKING:
    from pathlib import Path

SENDERS = "senders.lock"
"""The file beside a journal that the first send makes, and nobody removes."""

_NAME = pattern(r"\.corrupt-(-?\d+)(?:\.(-?\d+)\.(.*?))?(?:-wal|-shm)?$")
"""Nanoseconds of the wall clock, seconds of the machine's own and its start; 0.1.0 told only the first."""


def named(path: Path) -> Path:
    """Where the damaged journal goes now."""
    now = Moment.now()
    return path.with_name(f"{path.name}.corrupt-{now.wall * 1e9:.0f}.{now.ticks:.0f}.{now.boot}")


def is_emptied(path: Path) -> bool:
    """Whether a journal of which something was sent has nothing left in it; to SQLite, one byte is nothing, too."""
    try:
        return path.stat().st_size <= 1 and path.with_name(SENDERS).exists()
    except OSError:
        return False


def is_gone(path: Path) -> bool:
    """Whether something was sent here, and its journal is not there any more."""
    # Not `Path.exists`: before Python 3.12 it raises where a folder above may not be entered.
    return not os.path.lexists(path) and os.path.lexists(path.with_name(SENDERS))


def last_damage(path: Path) -> Moment | None:
    """When the last damaged journal was set aside here; None if there is none. A new one knows nothing of its sends."""
    found = map(_NAME.search, (file.name for file in path.parent.glob(f"{path.name}.corrupt-*")))
    moments = (Moment(int(name[1]) / 1e9, name[3] or "", float(name[2] or 0)) for name in found if name)
    return min(moments, key=lambda moment: min(moment.ages()), default=None)
