"""CSV files that we write: whole or not at all, and nothing in them that a spreadsheet would run."""

from __future__ import annotations

import csv
import os
import secrets
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from smswrap.errors import InputError
from smswrap.sending.table.cells import neutral, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType
    from typing import TextIO


class CsvFile:
    """A CSV that takes the place of an older one when the block ends, however it ends, if all could be written.

    It is written beside its place, with the rights of the older file, or for its owner alone. A device or a pipe is
    written to. Raises InputError, in each of its methods, if it cannot be written; `option` named it.
    """

    def __init__(self, option: str, name: str) -> None:
        self._option, self._name = option, name
        self._whole = True
        self._draft: Path | None = None

    def __enter__(self) -> CsvFile:  # noqa: PYI034  typing.Self is younger than Python 3.10
        with self._failing():
            self._path = Path(self._name).expanduser().resolve()
            self._file = self._opened()
            self._rows = csv.writer(self._file)
        return self

    def write(self, cells: Iterable[str | int | None]) -> None:
        """Write a row."""
        with self._failing():
            self._rows.writerow([neutral(cell) if isinstance(cell, str) else cell for cell in cells])

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _at: TracebackType | None
    ) -> None:
        try:
            with self._failing():
                self._file.close()
                if self._draft and self._whole:
                    self._draft.replace(self._path)
                    self._draft = None
        except InputError:
            if error is None:
                raise
        finally:
            if self._draft:
                with suppress(OSError):
                    self._draft.unlink()

    def _opened(self) -> TextIO:
        mode = 0o600
        with suppress(FileNotFoundError):
            found = self._path.stat()
            if stat.S_ISDIR(found.st_mode):
                raise IsADirectoryError(21, "Is a directory")
            if not stat.S_ISREG(found.st_mode):
                return self._path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
            mode = stat.S_IMODE(found.st_mode)
        draft = self._path.with_name(f".smswrap.{secrets.token_hex(8)}")
        number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        self._draft = draft
        os.fchmod(number, mode)
        return os.fdopen(number, "w", encoding="utf-8-sig", errors="backslashreplace", newline="")

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
        path = Path(name).expanduser().resolve()
        if path.is_dir():
            raise IsADirectoryError(21, "Is a directory")
        if not path.exists() or path.is_file():
            draft = path.with_name(f".smswrap.{secrets.token_hex(8)}")
            os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
            draft.unlink()
        elif not os.access(path, os.W_OK):
            raise PermissionError(13, "Permission denied")
    except (OSError, ValueError, RuntimeError) as error:
        raise _unwritable(option, name, error) from None


def _unwritable(option: str, name: str, error: Exception) -> InputError:
    reason = error.strerror if isinstance(error, OSError) else error
    return InputError.of(option, printable(name), f"cannot be written: {reason}", "Name a file in a folder of yours.")
