"""The SQLite file: opened privately, safely by many at once; what is committed survives kill and power cut.

WAL with full syncs, mode 0600, erased values overwritten. The write lock is taken from the start of a transaction: a
reader that turns writer while others write would fail at once (SQLITE_BUSY_SNAPSHOT).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
import sqlite3
import time
from typing import TYPE_CHECKING

from smswrap.clock import Moment
from smswrap.disk import private_file, private_folder
from smswrap.errors import Fault, Kind, SetupError, SmswrapError
from smswrap.journal import aside, schema
from smswrap.journal.keys import Keys
from smswrap.journal.log import hole_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

NAME = "journal.db"
SYNCHRONOUS = "FULL"
"""What is committed survives a power cut."""

PATIENCE = 10.0
"""Seconds that we wait for another process's transaction."""

BUSY = 0.005
"""Seconds between two looks whether another process's checkpoint is done."""

VERSION = 2
"""PRAGMA user_version: 1 was smswrap 0.1.0's."""

HEADER = 100
"""Bytes of a database file's header."""

LARGE = 5_000
"""Messages from which on a plan needs bounded caches: 5 MB of pages, and sorting on disk."""


class JournalLost(SmswrapError):  # noqa: N818  said as what happened
    """The journal failed while requests were being made: nothing more may be sent. Exit 1."""

    def __init__(self, path: Path, why: str, plan_id: str) -> None:
        message = f"The journal {path} can no longer be written: {why}."
        meaning = "Sending stopped: nothing is sent that the journal does not hold. A running request reads as unknown."
        step = f"Make room or fix the file's permissions, then run `smswrap resume {plan_id}`."
        fault = Fault(Kind.INTERNAL, message, meaning, step, "after-receipt", "journal")
        super().__init__(fault, data={"plan_id": plan_id})


class Store:
    """An open journal: statements, transactions, and what can go wrong with them."""

    def __init__(self, path: Path, *, patience: float = PATIENCE) -> None:
        self.path, self._patience = path, patience
        self._holds_the_lock = False
        try:
            with self._told():
                self._open()
        except BaseException:
            with contextlib.suppress(AttributeError):  # there may be none yet
                self._connection.close()
            raise

    def _open(self) -> None:
        self._emptied, self._gone = aside.is_emptied(self.path), aside.is_gone(self.path)
        self._file, header = _opened_privately(self.path)
        self._is_current = _is_current(header)
        log_was_left = _size(self.path.with_name(f"{self.path.name}-wal")) > 0
        self._connection = sqlite3.connect(self.path, timeout=self._patience, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._prepare(log_was_left=log_was_left)

    def close(self) -> None:
        """Close the file. The last one to do so removes the write-ahead log, where erased values may still stand."""
        self._connection.close()
        log = self.path.with_name(f"{self.path.name}-wal")
        with contextlib.suppress(OSError, sqlite3.Error):
            if log.stat().st_size and self._is_in_place():
                # Others have it open: what stands in the log goes into the file now, unless they are busy with it.
                with contextlib.closing(sqlite3.connect(self.path, timeout=0)) as again:
                    again.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and nobody else writes meanwhile. Raises SetupError if the journal cannot be written.

        Inside another one it is a part of that.
        """
        if self._connection.in_transaction:
            yield
            return
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
    def while_sending(self, plan_id: str) -> Iterator[None]:
        """A transaction around the record of one of the plan's requests. Raises JournalLost."""
        try:
            if not self._is_in_place():
                # Written on, it would keep nobody from sending the same beside us: others already use another file.
                moved = OSError("it has been moved or deleted")
                raise self._unusable(moved) from moved
            with self.transaction():
                yield
        except SetupError as error:
            raise JournalLost(self.path, str(error.__cause__ or error), plan_id) from error

    def check_writable(self) -> None:
        """Raise SetupError if there is no room, or somebody holds the file."""
        with self.transaction():
            self._run("UPDATE meta SET value = value")

    def _run(self, sql: str, *values: object) -> int:
        """Execute a statement; gives the number of rows that it changed."""
        with self._told():
            return self._connection.execute(sql, values).rowcount

    def _try_to_run(self, sql: str, *values: object) -> None:
        """Execute a statement that may as well fail: it only tidies up, or keeps what can be found out again."""
        with contextlib.suppress(SmswrapError, sqlite3.Error):
            self._run(sql, *values)

    def _run_many(self, sql: str, rows: Sequence[Sequence[object]]) -> int:
        """Execute a statement for each row; gives the number of rows that it changed in all."""
        with self._told():
            return self._connection.executemany(sql, rows).rowcount

    def _rows(self, sql: str, *values: object) -> Iterator[sqlite3.Row]:
        """Query, row by row."""
        with self._told():
            yield from self._connection.execute(sql, values)

    def _all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Query all rows at once."""
        with self._told():
            return self._connection.execute(sql, values).fetchall()

    def _first(self, sql: str, *values: object) -> sqlite3.Row | None:
        """Query for one row that may not be there."""
        return next(self._rows(sql, *values), None)

    def _insert(self, sql: str, *values: object) -> int:
        """Insert a row; gives its rowid."""
        with self._told():
            return int(self._connection.execute(sql, values).lastrowid or 0)

    def _bound_caches(self) -> None:
        """A million rows must not live in memory."""
        self._run("PRAGMA cache_size = -5000")
        self._run("PRAGMA temp_store = FILE")

    def _prepare(self, *, log_was_left: bool) -> None:
        # Under a lock of our own: SQLite's patience does not cover the switch to WAL, and of several first users at
        # once some failed (measured: 9 of 900).
        with self._alone():
            self.hole = self._hole() if log_was_left else None
            if not self._is_current and self._refuse_strangers() != VERSION:
                self._run("PRAGMA journal_mode = WAL")
                self._migrate()
        for pragma in (f"synchronous = {SYNCHRONOUS}", "foreign_keys = ON", "secure_delete = ON"):
            self._run(f"PRAGMA {pragma}")
        self.keys = self._read_keys()

    def _hole(self) -> str | None:
        """What marks a log that has lost commits. Only while we could write does it stand still."""
        with self.transaction(), contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as other:
            page = int(other.execute("PRAGMA page_size").fetchone()[0])
            return hole_in(self.path, page, self._frames_seen(other))

    def _frames_seen(self, connection: sqlite3.Connection) -> int:
        """How many frames of the log SQLite sees: a checkpoint's second number (sqlite.org/pragma.html).

        A connection in a transaction makes none. While another process makes one the number is -1, and for ever where
        the file was made anew: SQLite has taken the log of the one that is gone away.
        """
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            return 0
        deadline = time.monotonic() + self._patience
        while (frames := int(connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1])) < 0:
            if time.monotonic() > deadline:
                raise sqlite3.OperationalError("database is locked")
            time.sleep(BUSY)
        return frames

    def _refuse_strangers(self) -> int:
        """The version of the file. Raises SetupError if it is another program's."""
        version, mark = (int(next(self._rows(f"PRAGMA {name}"))[0]) for name in ("user_version", "application_id"))
        tables = {row["name"] for row in self._rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if mark == schema.APPLICATION_ID or not tables or (version == 1 and tables >= schema.NAMES_OF_0_1_0):
            return version
        raise self._not_ours("is another program's database")

    def _read_keys(self) -> Keys:
        self.meta = {row["name"]: row["value"] for row in self._rows(_META)}
        if self.meta.pop("strangers"):
            raise self._not_ours("holds triggers or views that smswrap did not make")
        if "key" not in self.meta:
            raise self._unusable(sqlite3.OperationalError("its key is missing"))
        return Keys(bytes(self.meta["key"]))

    def _not_ours(self, what: str) -> SetupError:
        self._connection.close()
        step = f"Move it away: `mv {shlex.quote(str(self.path))} {shlex.quote(f'{self.path}.other')}`."
        return SetupError(f"The journal {self.path} {what}. Without it nothing is sent.", step, code="journal")

    def _migrate(self) -> None:
        version = self._refuse_strangers()
        if version > VERSION:
            raise self._too_new()
        if version == VERSION:
            return
        with self.transaction():
            statements = schema.TAKE_OVER if version else (*schema.TABLES_OF_0_1_0, *schema.TABLES)
            for statement in statements:
                self._connection.execute(statement)
            if not version and (damage := self._damage()):
                self._run("INSERT INTO meta (name, value) VALUES ('lost', ?)", json.dumps([*damage, ""]))
            self._taken_over(self._read_keys())
            self._connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            self._connection.execute(f"PRAGMA user_version = {VERSION}")

    def _damage(self) -> Moment | None:
        """When it was found that the journal before this one was lost; one that is gone may have been set aside."""
        found = None if self._emptied else aside.last_damage(self.path)
        return found or (Moment.now() if self._emptied or self._gone else None)

    def _taken_over(self, keys: Keys) -> None:
        """Complete what was taken over from 0.1.0, inside the transaction."""

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
        if "locked" in str(error):
            step = "Wait until that one has ended, then run the command again."
            message = f"The journal {self.path} is locked by another process. Without it nothing is sent."
            return SetupError(message, step, code="journal")
        message = f"The journal {self.path} cannot be used: {error}. Without it nothing is sent."
        return SetupError(message, "Make room, or fix its permissions.", code="journal")

    def _too_new(self) -> SetupError:
        self._connection.close()
        message = f"The journal {self.path} was made by a newer smswrap. Without it nothing is sent."
        return SetupError(message, "Use that newer smswrap.", code="journal")

    def _corrupt(self, error: Exception) -> SetupError:
        place = aside.named(self.path)
        with self._alone():
            # The journal itself goes last: as soon as it is gone, another process makes a new one, with its own log.
            for suffix in ("-wal", "-shm", "") if self._is_in_place() else ():
                with contextlib.suppress(FileNotFoundError):
                    os.rename(f"{self.path}{suffix}", f"{place}{suffix}")  # noqa: PTH104  pathlib has no such suffix
        # Closed where it was, SQLite would write the log into it first (measured, 3.40); a file that moved it leaves.
        with contextlib.suppress(AttributeError):
            self._connection.close()
        message = f"The journal was corrupt ({error}) and has been set aside beside {self.path}, as {NAME}.corrupt-*."
        step = (
            "The next run starts an empty one, which knows of no earlier send and refuses to send for ten minutes: "
            "query what you sent last first."
        )
        return SetupError(message, step, code="journal")

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Under the folder's lock. A corrupt file is met while we hold it: taken twice, it would wait for itself."""
        if self._holds_the_lock:
            yield
            return
        with _locked(self.path.parent):
            self._holds_the_lock = True
            try:
                yield
            finally:
                self._holds_the_lock = False

    def _is_in_place(self) -> bool:
        """Whether the path still leads to our file: another process may have met the corruption first."""
        try:
            return os.path.samestat(self.path.stat(), self._file)
        except FileNotFoundError:
            return False


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Let others wait who are about to make the journal, or to set it aside: they might move the new one."""
    file = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


_META = """
    SELECT name, value FROM meta
    UNION ALL SELECT 'strangers', COUNT(*) FROM sqlite_master WHERE type IN ('trigger', 'view')
"""
"""What the journal knows of itself; and a trigger would change a recipient between the yes and the call."""


def _opened_privately(path: Path) -> tuple[os.stat_result, bytes]:
    """Make the file if it is missing, ours alone; gives its status and the header of the database."""
    private_folder(path.parent)
    file = private_file(path)
    try:
        return os.fstat(file), os.pread(file, HEADER, 0)
    finally:
        os.close(file)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _is_current(header: bytes) -> bool:
    """Whether the header says that it is our file, of this version (sqlite.org/fileformat.html, 60 and 68)."""
    version, mark = int.from_bytes(header[60:64], "big"), int.from_bytes(header[68:72], "big")
    return len(header) == HEADER and (version, mark) == (VERSION, schema.APPLICATION_ID)
