"""The result file of a batch: the input's columns, and what became of each row."""

from __future__ import annotations

import csv
import os
from errno import EISDIR
from pathlib import Path
from typing import TYPE_CHECKING

from smswrap.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from smswrap.model import Line
    from smswrap.sending.rows import Table

COLUMNS = ("outcome", "code", "biz_id")


def check_writable(name: str) -> None:
    """Raise InputError if the file could not be written, before anything is sent whose outcome it is to tell."""
    draft = _draft(name)
    try:
        draft.touch()
        draft.unlink()
        if Path(name).expanduser().is_dir():
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
    except (OSError, ValueError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError.of(
            "--result-file", name, f"cannot be written: {why}", "Name a file in a folder of yours."
        ) from error


def _draft(name: str) -> Path:
    path = Path(name).expanduser()
    return path.with_name(f".{path.name}.{os.getpid()}")


def write_results(name: str, outcomes: Iterable[Line], table: Table | None = None) -> None:
    """Write the file, whole or not at all; rows that were left out for their problems are `invalid`.

    A column of ours whose name the input has already is called `sms_outcome`, `sms_code`, `sms_biz_id`. Without the
    table, a row has its number and recipient only. Raises InputError if the file cannot be written.
    """
    draft = _draft(name)
    try:
        with draft.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(_from_journal(outcomes) if table is None else _from_table(iter(outcomes), table))
        draft.replace(Path(name).expanduser())
    except OSError as error:
        draft.unlink(missing_ok=True)
        step = "`smswrap history --plan` shows the outcomes."
        raise InputError.of("--result-file", name, f"cannot be written: {error.strerror}", step) from error


def _from_journal(outcomes: Iterable[Line]) -> Iterator[list[str]]:
    yield ["row", "recipient", *COLUMNS]
    for line in outcomes:
        yield [str(line.row), line.recipient, *_outcome(line)]


def _from_table(outcomes: Iterator[Line], table: Table) -> Iterator[list[str]]:
    """Walk through the table and the journal side by side: both are in the order of the rows."""
    taken = {header.casefold() for header in table.headers}
    yield [*table.headers, *(f"sms_{column}" if column in taken else column for column in COLUMNS)]
    line = next(outcomes, None)
    for row in table.rows():
        cells = list(row.values[: len(table.headers)])
        if line is not None and line.row == row.number:
            yield [*cells, *_outcome(line)]
            line = next(outcomes, None)
        else:
            yield [*cells, "invalid", "", ""]


def _outcome(line: Line) -> list[str]:
    return [line.outcome.value, line.code or "", line.biz_id or ""]
