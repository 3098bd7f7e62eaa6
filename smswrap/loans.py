"""Files that outlive us: which programs that we start keep them open, and that no other copy of this process does."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

lent: set[int] = set()
"""The files that are lent now, by any thread."""

own: set[int] = set()
"""The files by which others see that we live."""

starting = threading.RLock()
"""Held while a program is started: a file that another thread stops lending must not be closed under it."""

_sharing = threading.Event()
"""Set while a fork of ours is made."""


@contextlib.contextmanager
def sharing() -> Iterator[None]:
    """Let a process that is forked inside the block keep our files, as a part of us.

    One that the program that imported us forks keeps none: it would hold our locks for as long as it lives, whatever
    becomes of us.
    """
    with starting:
        _sharing.set()
        try:
            yield
        finally:
            _sharing.clear()


def _after_in_child() -> None:
    if not _sharing.is_set():
        for file in own | lent:
            with contextlib.suppress(OSError):
                os.close(file)
        own.clear()
        lent.clear()
    # So that it is free in a child that is forked meanwhile: our guard starts programs, too.
    starting.release()


os.register_at_fork(before=starting.acquire, after_in_parent=starting.release, after_in_child=_after_in_child)


@contextlib.contextmanager
def lending(file: int) -> Iterator[None]:
    """Keep a file open in every program that is started inside the block."""
    lent.add(file)
    try:
        yield
    finally:
        with starting:
            lent.discard(file)
