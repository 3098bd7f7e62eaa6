"""How far something has come that lasts: a line that is drawn over, or one every few seconds."""

from __future__ import annotations

import contextlib
import time
from threading import Event, Thread
from typing import TYPE_CHECKING

from smswrap.cli.screen import GOOD, Screen, has_cursor
from smswrap.messages import said

if TYPE_CHECKING:
    from collections.abc import Callable

    from smswrap.cli.runtime import Console

AT_ONCE = 1.0
"""Seconds after which somebody who watches wonders what is happening."""

DRAWN = 0.2
"""Seconds between two drawings of a line."""

EVERY = 5.0
"""Seconds between two lines where there is no cursor."""

BAR = 20
"""Columns of the bar."""

OF = "{done:,} of {total:,}"
LEFT = "{seconds:.0f} s left"
SINCE = "{seconds:.0f} s"


class Progress:
    """What is awaited, how many of how many are done, how many seconds are left: `seconds` if that is known before."""

    def __init__(self, talk: Console, what: str, total: int | None, seconds: float | None) -> None:
        self._talk, self._what, self._total, self._seconds = talk, what, total, seconds
        self._done, self._start, self._ended = 0, time.monotonic(), Event()
        self._draws = has_cursor(2)
        self._thread = Thread(target=self._tell, daemon=True)

    def __enter__(self) -> Callable[[int], None]:
        with contextlib.suppress(RuntimeError):  # no more threads: then nothing is told
            self._thread.start()
        return self.advance

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._talk.wipe()

    def advance(self, more: int) -> None:
        """So many more are done."""
        self._done += more

    def _tell(self) -> None:
        first, every = (AT_ONCE, DRAWN) if self._draws else (EVERY, EVERY)
        if self._ended.wait(first):
            return
        while True:
            self._talk.draw(self._line(Screen.of(2))) if self._draws else self._talk.note(self._line(Screen()))
            if self._ended.wait(every):
                return

    def _line(self, screen: Screen) -> str:
        elapsed = time.monotonic() - self._start
        words = [said(self._what)]
        if self._total:
            if self._draws and screen.width and screen.width > BAR + 50:
                words.append(self._bar(screen))
            words.append(said(OF).format(done=self._done, total=self._total))
        left = self._left(elapsed)
        words.append(said(SINCE).format(seconds=elapsed) if left is None else said(LEFT).format(seconds=left))
        text = "  ".join(words)
        return text if screen.width is None or screen.colour else text[: screen.width - 1]

    def _left(self, elapsed: float) -> float | None:
        if self._seconds is not None:
            return max(0.0, self._seconds - elapsed)
        return elapsed / self._done * (self._total - self._done) if self._total and self._done else None

    def _bar(self, screen: Screen) -> str:
        filled = min(BAR, BAR * self._done // (self._total or 1))
        return screen.styled("━" * filled, GOOD) + "─" * (BAR - filled)
