"""How far a large send has come: a bar at a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from smswrap import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smswrap.cli.runtime import Runtime

FEW = 1000
"""Recipients up to which nobody needs to watch."""

EVERY = 5.0
"""Seconds between two lines."""


@contextlib.contextmanager
def progress(runtime: Runtime, recipients: int) -> Iterator[Callable[[int], None]]:
    """Show how many recipients have their outcome; gives the function that is told of more of them."""
    if runtime.talk.quiet or recipients <= FEW:
        yield lambda _done: None
    elif process.is_terminal(2):
        with _bar(recipients) as advance:
            yield advance
    else:
        yield _lines(runtime, recipients)


def _lines(runtime: Runtime, recipients: int) -> Callable[[int], None]:
    start = said = time.monotonic()
    done = 0

    def advance(more: int) -> None:
        nonlocal said, done
        done += more
        if time.monotonic() - said >= EVERY:
            said = time.monotonic()
            runtime.talk.note(f"{done} of {recipients} after {said - start:.0f} s …")

    return advance


@contextlib.contextmanager
def _bar(recipients: int) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("Sending"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=recipients)
        yield lambda more: bar.advance(task, more)
