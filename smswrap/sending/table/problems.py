"""What is wrong with the rows of a file, and what was noticed: counted by kind, the first of each shown."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, final

from smswrap.errors import InputError
from smswrap.patterns import pattern
from smswrap.record import dataclass
from smswrap.sending.table.writing import CsvFile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from smswrap.errors import Problem

ERRORS_FILE = "--errors-file"
SHOWN_ROWS = 20
"""Problems of each kind that are kept for showing."""
MOST_KINDS = 100
"""Kinds that are told apart; the rest are counted with the last."""

_VALUE = pattern(r"(?<!at most )(?<![\w.])\+?\d+|'[^']*'")


@dataclass
class _Kind:
    count: int = 0
    shown: list[Problem] = field(default_factory=list)


class _Kinds:
    """Problems, or what is worth a notice, by their field and rule."""

    def __init__(self) -> None:
        self.total = 0
        self.kinds: dict[tuple[str, str], _Kind] = {}

    def count(self, problem: Problem) -> None:
        self.total += 1
        key = (problem.field, _VALUE.sub("…", problem.rule))
        if key not in self.kinds and len(self.kinds) >= MOST_KINDS:
            key = next(reversed(self.kinds))
        kind = self.kinds.setdefault(key, _Kind())
        kind.count += 1
        if kind.count <= SHOWN_ROWS:
            kind.shown.append(problem)


@final
class Notices:
    """What the person should know although it stops nothing: a line for each kind."""

    def __init__(self) -> None:
        self._kinds = _Kinds()
        self._odd = 0

    def add(self, notices: Iterable[Problem]) -> None:
        """Take notices in."""
        for notice in notices:
            self._kinds.count(notice)

    def let_pass(self, problems: Iterable[Problem]) -> None:
        """Take in what is odd about values that somebody said are right."""
        for problem in problems:
            self._odd += 1
            self._kinds.count(replace(problem, next_step=""))

    @property
    def lines(self) -> list[str]:
        """A sentence for each kind, with the first of its rows."""
        passed = [f"{self._odd} odd value(s) are sent as they are."] if self._odd else []
        return [*map(_told, self._kinds.kinds.values()), *passed]


def _told(kind: _Kind) -> str:
    first = kind.shown[0]
    what = "values" if first.row is None else "rows"
    return f"{first}." if kind.count == 1 else f"{kind.count} {what}, as {first}."


@final
class ProblemReport:
    """Counts problems by their kind and keeps the first of each; inside `with`, writes all of them to a file.

    With `skips`, rows with problems are left out; otherwise nothing is sent while there are any.

    The file (CSV: row, field, value, rule, next_step) replaces an older one when the block ends, however it ends.
    """

    def __init__(self, errors_file: str | None = None, *, skips: bool = False) -> None:
        self._skips = skips
        self._kinds = _Kinds()
        self._file = CsvFile(ERRORS_FILE, errors_file) if errors_file is not None else None

    def __enter__(self) -> ProblemReport:
        if self._file:
            self._file.__enter__()
            self._file.write(["row", "field", "value", "rule", "next_step"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.__exit__(kind, error, trace)

    def add(self, problems: Iterable[Problem]) -> None:
        """Take problems in. Raises InputError if the errors file cannot be written."""
        for problem in problems:
            self._kinds.count(problem)
            if self._file:
                self._file.write([problem.row, problem.field, problem.value, problem.rule, problem.next_step])

    def refuse(self, messages: int) -> None:
        """Raise InputError if there are problems that are not skipped, or if no message is left."""
        if self.total and not (self._skips and messages):
            raise InputError(self.shown, total=self.total, kinds=self.as_json()["kinds"])
        if not messages:
            raise InputError.of("--file", "", "names no recipient", "Put at least one row below the header.")

    @property
    def total(self) -> int:
        """How many problems there are."""
        return self._kinds.total

    @property
    def shown(self) -> list[Problem]:
        """The first problems of each kind."""
        return [problem for kind in self._kinds.kinds.values() for problem in kind.shown]

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
            for (field, rule), kind in self._kinds.kinds.items()
        ]
        return {"total": self.total, "kinds": kinds}
