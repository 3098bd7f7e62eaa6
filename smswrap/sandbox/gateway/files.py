"""Files of JSON lines that several gateways may share: appended and read whole under a lock."""

from __future__ import annotations

import fcntl
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from typing import TextIO


class JsonLines:
    """One such file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def lock(self) -> Iterator[TextIO]:
        """The open file, for nobody else meanwhile; closing it frees the lock, also when the process dies."""
        with self.path.open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file

    def read(self) -> list[dict[str, Any]]:
        """Every record, oldest first."""
        with self.lock() as file:
            return read_records(file)

    def append(self, records: Iterable[dict[str, Any]]) -> None:
        """Add records at the end."""
        self.append_after(lambda _earlier: records)

    def append_after(self, decide: Callable[[list[dict[str, Any]]], Iterable[dict[str, Any]]]) -> None:
        """Add the records that `decide` makes of the earlier ones; nobody else writes in between."""
        with self.lock() as file:
            added = decide(read_records(file))
            file.write("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in added))
            file.flush()


def read_records(file: TextIO) -> list[dict[str, Any]]:
    """The records of an open file."""
    file.seek(0)
    return [json.loads(line) for line in file]
