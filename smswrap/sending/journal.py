"""The SQLite file that remembers every send request, before it is made and after.

WAL with full syncs: what is committed survives kill and power cut. Mode 0600; erased values are overwritten.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import time
from typing import TYPE_CHECKING, Any, final

from smswrap.errors import Fault, SetupError, SmswrapError
from smswrap.sending.schema import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

NAME = "journal.db"
PATIENCE = 10.0
"""Seconds that we wait for another process's transaction."""

KEPT = 30 * 86_400
"""Seconds that plans are remembered: receipts cannot be queried for longer either."""

UNCONFIRMED_KEPT = 6 * 3_600
"""Seconds after which a draft must belong to a run that died, and a proposal has long expired: its codes go, too."""


class JournalLost(SmswrapError):  # noqa: N818  said as what happened
    """The journal failed while requests were being made: nothing more may be sent. Exit 1."""

    def __init__(self, path: Path, error: sqlite3.Error) -> None:
        message = f"The journal {path} can no longer be written: {error}."
        meaning = "Sending stopped: nothing is sent that the journal does not hold. A running request reads as unknown."
        step = "Make room or mend the file's permissions, then run `smswrap resume` with the plan's id."
        super().__init__(Fault("internal", message, meaning, step, "after-receipt", "journal"))


@final
class Journal:
    """An open journal."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._told():
            self._file = _create_privately(path)
            self._connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
            self._connection.row_factory = sqlite3.Row
            self._prepare()
            self.key = bytes(self.one("SELECT value FROM meta WHERE name = 'key'")["value"])

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the last one to do so empties the write-ahead log, where erased values may still stand."""
        with contextlib.suppress(sqlite3.Error):
            # Whoever is busy with it now will close it later.
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and nobody else writes meanwhile. Raises SetupError if the journal cannot be written."""
        with self._told():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def while_sending(self, plan: int) -> Iterator[None]:
        """A transaction around the record of one of the plan's requests. Raises JournalLost."""
        try:
            if not self._is_in_place():
                # Written on, it would keep nobody from sending the same beside us: others already use another file.
                raise self._unusable(OSError("it has been moved or deleted"))
            with self.transaction():
                yield
        except SetupError as error:
            cause = error.__cause__
            lost = JournalLost(
                self.path, cause if isinstance(cause, sqlite3.Error) else sqlite3.Error(error.fault.message)
            )
            lost.data = self._named(plan)
            raise lost from error

    def run(self, sql: str, *values: object) -> int:
        """Execute a statement; gives the number of rows that it changed."""
        with self._told():
            return self._connection.execute(sql, values).rowcount

    def try_to_run(self, sql: str, *values: object) -> None:
        """Execute a statement that may as well fail: it only tidies up, or keeps what can be found out again."""
        with contextlib.suppress(SmswrapError, sqlite3.Error):
            self.run(sql, *values)

    def run_many(self, sql: str, rows: Sequence[Sequence[object]]) -> int:
        """Execute a statement for each row; gives the number of rows that it changed in all."""
        with self._told():
            return self._connection.executemany(sql, rows).rowcount

    def rows(self, sql: str, *values: object) -> Iterator[sqlite3.Row]:
        """Query, row by row."""
        with self._told():
            yield from self._connection.execute(sql, values)

    def first(self, sql: str, *values: object) -> sqlite3.Row | None:
        """Query for one row that may not be there."""
        return next(self.rows(sql, *values), None)

    def one(self, sql: str, *values: object) -> sqlite3.Row:
        """Query for one row that is there."""
        return next(self.rows(sql, *values))

    def insert(self, table: str, **values: Any) -> int:  # noqa: ANN401  whatever a column takes
        """Insert a row; gives its rowid."""
        names = ", ".join(values)
        marks = ", ".join("?" for _ in values)
        with self._told():
            # Table and columns are our own words, the values are bound.
            sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608
            return int(self._connection.execute(sql, tuple(values.values())).lastrowid or 0)

    def _prepare(self) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        # A million rows must not live in memory: 16 MB of pages, and sorting on disk.
        self._connection.execute("PRAGMA cache_size = -16000")
        self._connection.execute("PRAGMA temp_store = FILE")
        if self._version() < len(MIGRATIONS):
            self._migrate()
        if self._version() > len(MIGRATIONS):
            raise self._too_new()
        self._forget()

    def _named(self, plan: int) -> dict[str, str] | None:
        with contextlib.suppress(SmswrapError, sqlite3.Error):
            return {"plan_id": self.one("SELECT plan_id FROM plans WHERE id = ?", plan)["plan_id"]}
        return None

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def _migrate(self) -> None:
        with self.transaction():
            # Somebody else may have done it while we waited.
            for number, statements in enumerate(MIGRATIONS[self._version() :], self._version() + 1):
                for statement in statements:
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {number}")

    def _forget(self) -> None:
        old = "created < ? OR (state <> 'confirmed' AND created < ?)"
        limits = (time.time() - KEPT, time.time() - UNCONFIRMED_KEPT)
        if self.first(f"SELECT 1 FROM plans WHERE {old} LIMIT 1", *limits):  # noqa: S608  our own words
            with self.transaction():
                self.run(f"DELETE FROM plans WHERE {old}", *limits)  # noqa: S608  our own words

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise self._unusable(error) from error
        except sqlite3.DatabaseError as error:
            if type(error) is not sqlite3.DatabaseError:
                raise  # a subclass: our own mistake, and none of the file's
            raise self._corrupt(error) from error
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> SetupError:
        locked = "locked" in str(error)
        what = "is locked by another process" if locked else f"cannot be used: {error}"
        step = (
            "Wait until that one has ended, then run the command again."
            if locked
            else "Make room, or mend its permissions."
        )
        return SetupError(f"The journal {self.path} {what}. Without it nothing is sent.", step, code="journal")

    def _too_new(self) -> SetupError:
        self._connection.close()
        message = f"The journal {self.path} was made by a newer smswrap, which keeps it in another way."
        return SetupError(message, "Use that newer one. Without the journal nothing is sent.", code="journal")

    def _corrupt(self, error: Exception) -> SetupError:
        aside = self.path.with_name(f"{NAME}.corrupt-{time.time_ns()}")
        with _locked(self.path.parent):
            # The journal itself goes last: as soon as it is gone, another process makes a new one, with its own log.
            for suffix in ("-wal", "-shm", "") if self._is_in_place() else ():
                with contextlib.suppress(FileNotFoundError):
                    os.rename(f"{self.path}{suffix}", f"{aside}{suffix}")  # noqa: PTH104  pathlib has no such suffix
        # Closed where it was, SQLite would write the log into it first (measured, 3.40); a file that moved it leaves.
        with contextlib.suppress(AttributeError):
            self._connection.close()
        message = f"The journal was corrupt ({error}) and has been set aside beside {self.path}, as {NAME}.corrupt-*."
        step = "The next run starts an empty one, which knows of no earlier send: query what you sent last first."
        return SetupError(message, step, code="journal")

    def _is_in_place(self) -> bool:
        """Whether the path still leads to our file: another process may have met the corruption first."""
        try:
            return os.path.samestat(self.path.stat(), self._file)
        except FileNotFoundError:
            return False


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Let others who are about to set the journal aside wait: they might move the new one."""
    file = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _create_privately(path: Path) -> os.stat_result:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        return os.fstat(file)
    finally:
        os.close(file)
