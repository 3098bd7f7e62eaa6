"""Files that every program which we start keeps open: a lock on one of them outlives us with those programs."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

lent: set[int] = set()
"""The files that are lent now, by any thread."""

starting = threading.RLock()
"""Held while a program is started: a file that another thread stops lending must not be closed under it."""

# So that it is free in a child that is forked meanwhile: our guard starts programs, too.
os.register_at_fork(before=starting.acquire, after_in_parent=starting.release, after_in_child=starting.release)


@contextlib.contextmanager
def lending(file: int) -> Iterator[None]:
    """Keep a file open in every program that is started inside the block."""
    lent.add(file)
    try:
        yield
    finally:
        with starting:
            lent.discard(file)
