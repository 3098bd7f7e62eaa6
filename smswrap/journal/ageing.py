"""What is forgotten after a while, by a clock that nobody can move.

The wall clock of a machine jumps: set wrong once, it would age everything at once, and what was sent today could be
sent again tomorrow. So rows are dated by a clock of the journal's own, which goes on as long as the machine does, and
by at most a day from one start of it to the next.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from smswrap.clock import DAY, Moment
from smswrap.journal.health import Health

KEPT = 30 * DAY
"""Seconds that plans are remembered: receipts cannot be queried for longer either."""

UNCONFIRMED_KEPT = 6 * 3_600.0
"""Seconds after which a draft must belong to a run that died, and a proposal has long expired: its codes go, too."""

FORGETS_EVERY = 3_600.0
JUMP = 3_600.0
"""Seconds by which the wall clock and the machine's own may differ before it is told."""


class _Reading(NamedTuple):
    """The journal's clock when it was last read: its age, the moment, and the age at which it last forgot."""

    age: float
    moment: Moment
    forgot: float


class Ageing(Health):
    """A journal that forgets."""

    jump = 0.0
    """Seconds by which the wall clock was moved since the last run; known once a plan is begun."""

    def _age(self) -> float:
        """Go on with the journal's clock, and forget what is old, inside a transaction; gives the age of now."""
        last, now = self._last_reading(), Moment.now()
        if last is None:
            self._note_reading(_Reading(now.wall, now, now.wall))
            return now.wall
        age = last.age + self._went_by(last.moment, now)
        due = age - last.forgot > FORGETS_EVERY
        if due:
            old = "aged < ? OR (state <> 'confirmed' AND aged < ?)"
            self._run(f"DELETE FROM plans WHERE {old}", age - KEPT, age - UNCONFIRMED_KEPT)  # noqa: S608  our own words
        self._note_reading(_Reading(age, now, age if due else last.forgot))
        return age

    def _went_by(self, last: Moment, now: Moment) -> float:
        by_wall, by_machine = last.ages()
        if last.boot and last.boot == now.boot:
            self.jump = by_wall - by_machine if abs(by_wall - by_machine) > JUMP else 0.0
            return max(0.0, by_machine)
        # From one start of the machine to the next, only a step back is certainly one of the clock.
        self.jump = by_wall if by_wall < -JUMP else 0.0
        return min(max(0.0, by_wall), DAY)

    def _last_reading(self) -> _Reading | None:
        if "clock" not in self.meta:
            return None
        age, wall, boot, ticks, forgot = json.loads(self.meta["clock"])
        return _Reading(age, Moment(wall, boot, ticks), forgot)

    def _note_reading(self, reading: _Reading) -> None:
        text = json.dumps([reading.age, *reading.moment, reading.forgot])
        self._run("INSERT OR REPLACE INTO meta (name, value) VALUES ('clock', ?)", text)
