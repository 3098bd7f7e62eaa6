"""What is wrong with the rows of a file: counted by kind, the first of each shown, all written to a file."""

from __future__ import annotations

import csv
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from errno import EINVAL
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from smswrap.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ERRORS_FILE = "--errors-file"
SHOWN_ROWS = 20
"""Problems of each kind that are kept for showing."""

_VALUE = re.compile(r"(?<!at most )\b\d+")


@final
class ProblemReport:
    """Counts problems by their kind and keeps the first of each; inside `with`, writes all of them to a file.

    With `skips`, rows with problems are left out; otherwise nothing is sent while there are any.

    The file (CSV: row, field, value, rule, next_step) replaces an older one when the block ends, however it ends.
    """

    def __init__(self, errors_file: str | None = None, *, skips: bool = False) -> None:
        self.total = 0
        self._skips = skips
        self._kinds: dict[tuple[str, str], _Kind] = {}
        self._file = _ErrorsFile(errors_file) if errors_file is not None else None

    def __enter__(self) -> ProblemReport:
        if self._file:
            self._file.open()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if self._file:
            self._file.close(failed=error is not None)

    def add(self, problems: Iterable[Problem]) -> None:
        """Take problems in. Raises InputError if the errors file cannot be written."""
        for problem in problems:
            self.total += 1
            kind = self._kinds.setdefault((problem.field, _generalise(problem.rule)), _Kind())
            kind.count += 1
            if kind.count <= SHOWN_ROWS:
                kind.shown.append(problem)
            if self._file:
                self._file.write(problem)

    def refuse(self, messages: int) -> None:
        """Raise InputError if there are problems that are not skipped, or if no message is left."""
        if self.total and not (self._skips and messages):
            raise InputError(self.shown, total=self.total, kinds=self.as_json()["kinds"])
        if not messages:
            raise InputError.of("--file", "", "names no recipient", "Put at least one row below the header.")

    @property
    def shown(self) -> list[Problem]:
        """The first problems of each kind."""
        return [problem for kind in self._kinds.values() for problem in kind.shown]

    def as_json(self) -> dict[str, Any]:
        """Give total and, of each kind, its field, rule, count, first rows, and the first value as an example."""
        kinds = [
            {
                "field": field,
                "rule": rule,
                "count": kind.count,
                "rows": [problem.row for problem in kind.shown if problem.row is not None],
                "example": kind.shown[0].value,
            }
            for (field, rule), kind in self._kinds.items()
        ]
        return {"total": self.total, "kinds": kinds}


@dataclass
class _Kind:
    count: int = 0
    shown: list[Problem] = field(default_factory=list)


def _generalise(rule: str) -> str:
    return _VALUE.sub("…", rule)


class _ErrorsFile:
    """A CSV of problems, written beside its place and moved there in the end."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._whole = True

    def open(self) -> None:
        with self._failing():
            self._path = Path(self._name).expanduser().resolve()
            if self._path.exists() and not self._path.is_file():
                raise OSError(EINVAL, "it is no regular file")
            import tempfile

            number, self._draft = tempfile.mkstemp(dir=self._path.parent, prefix=".smswrap-errors.")
            self._file = os.fdopen(number, "w", encoding="utf-8-sig", errors="backslashreplace", newline="")
            self._rows = csv.writer(self._file)
            self._rows.writerow(["row", "field", "value", "rule", "next_step"])

    def write(self, problem: Problem) -> None:
        cells = (problem.field, problem.value, problem.rule, problem.next_step)
        with self._failing():
            self._rows.writerow([problem.row, *map(_defuse, cells)])

    def close(self, *, failed: bool) -> None:
        """Move the file to its place, unless something could not be written; `failed`: that is known already."""
        try:
            with self._failing():
                self._file.close()
                if self._whole:
                    Path(self._draft).replace(self._path)
        except InputError:
            if not failed:
                raise
        finally:
            if not self._whole:
                Path(self._draft).unlink()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError, RuntimeError) as error:
            self._whole = False
            reason = error.strerror if isinstance(error, OSError) else error
            step = "Give --errors-file a path that you may write to."
            raise InputError.of(ERRORS_FILE, _printable(self._name), f"cannot be written: {reason}", step) from None


def _defuse(text: str) -> str:
    """Keep a spreadsheet from running a cell as a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
