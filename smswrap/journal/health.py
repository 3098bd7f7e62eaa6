"""What is done when the journal has lost what was written last: it is told, and nothing is guessed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from smswrap.clock import Moment
from smswrap.errors import Fault, Kind
from smswrap.journal.rows import fault_text
from smswrap.journal.store import PATIENCE, Store

if TYPE_CHECKING:
    from pathlib import Path

LOST = Fault(
    kind=Kind.UNKNOWN,
    message="The journal's log was damaged: whether this request was made before that cannot be known.",
    meaning="The outcome is unknown: the SMS may have been sent.",
    next_step="Do not send again. `smswrap resume --unknown` looks for it in the receipts.",
    retry="after-receipt",
    code="journal-damaged",
)


class Health(Store):
    """A journal that knows whether it has lost something."""

    def __init__(self, path: Path, *, patience: float = PATIENCE) -> None:
        super().__init__(path, patience=patience)
        if self.hole is not None and self.hole not in str(self.meta.get("lost", "")):
            self._note_loss(self.hole)
        self.lost: Moment | None = None
        """When it was found that the last entries are gone."""
        if "lost" in self.meta:
            wall, boot, ticks, _ = json.loads(self.meta["lost"])
            self.lost = Moment(wall, boot, ticks)

    def _note_loss(self, hole: str) -> None:
        """A yes, and the requests that followed it, may be among what is gone: nothing of that is done again."""
        now = Moment.now()
        self.meta["lost"] = json.dumps([*now, hole])
        with self.transaction():
            self._run("INSERT OR REPLACE INTO meta (name, value) VALUES ('lost', ?)", self.meta["lost"])
            self._run("UPDATE plans SET created = 0, boot = '' WHERE state = 'proposed'")
            self._run(_MAY_HAVE_BEEN_SENT, fault_text(LOST), now.wall)
        # What stands behind the hole would be found again.
        self._try_to_run("PRAGMA wal_checkpoint(TRUNCATE)")


_MAY_HAVE_BEEN_SENT = """
    UPDATE requests SET state = 'unknown', passing = 0, fault = ?, started = COALESCE(started, ?)
    WHERE (state = 'not_sent' OR passing)
    AND plan IN (SELECT id FROM plans WHERE state = 'confirmed' AND cancelled IS NULL)
"""
