"""CSV files that we write: whole or not at all, and nothing in them that a spreadsheet would run."""

from __future__ import annotations

import csv
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from smswrap import disk
from smswrap.errors import InputError
from smswrap.sending.table.cells import neutral, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType


class CsvFile:
    """A CSV that takes the place of an older one when the block ends, however it ends, if all could be written.

    Raises InputError, in each of its methods, if it cannot be written; `option` named it.
    """

    def __init__(self, option: str, name: str) -> None:
        self._option, self._name = option, name
        self._whole = True
        self._held = ExitStack()

    def __enter__(self) -> CsvFile:  # noqa: PYI034  typing.Self is younger than Python 3.10
        with self._failing():
            self._rows = csv.writer(self._held.enter_context(disk.replacing(Path(self._name).expanduser())))
        return self

    def write(self, cells: Iterable[str | int | None]) -> None:
        """Write a row."""
        with self._failing():
            self._rows.writerow([neutral(cell) if isinstance(cell, str) else cell for cell in cells])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the file in its place; what ended the block does not matter, unless it was the writing itself."""
        try:
            with self._failing():
                self._held.__exit__(*((None, None, None) if self._whole else (kind, error, trace)))
        except InputError:
            if error is None:
                raise

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError, RuntimeError) as error:
            self._whole = False
            raise _unwritable(self._option, self._name, error) from None


def check_writable(option: str, name: str) -> None:
    """Raise InputError if the file could not be written, before anything is sent whose outcome it is to tell."""
    try:
        disk.check_writable(Path(name).expanduser())
    except (OSError, ValueError, RuntimeError) as error:
        raise _unwritable(option, name, error) from None


def _unwritable(option: str, name: str, error: Exception) -> InputError:
    reason = error.strerror if isinstance(error, OSError) else error
    return InputError.of(option, printable(name), f"cannot be written: {reason}", "Name a file in a folder of yours.")
