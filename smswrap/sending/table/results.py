"""The result file of a batch: the input's columns, and what became of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smswrap.sending.table.writing import CsvFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from smswrap.model import Line
    from smswrap.sending.table.rows import Table

RESULT_FILE = "--result-file"
COLUMNS = ("outcome", "code", "biz_id", "receipt")


def write_results(name: str, results: Iterable[Line], table: Table | None = None) -> None:
    """Write the file, whole or not at all; rows that were left out for their problems are `invalid`.

    The results are in the order of the rows. A column of ours whose name the input has already is called
    `sms_outcome`, `sms_code`, … Without the table, a row has its number and recipient only. Raises
    InputError if the file cannot be written.
    """
    with CsvFile(RESULT_FILE, name) as file:
        for cells in _alone(results) if table is None else _beside(results, table):
            file.write(cells)


def _alone(results: Iterable[Line]) -> Iterator[Iterable[str | int]]:
    yield ["row", "recipient", *COLUMNS]
    for line in results:
        yield [line.row, line.recipient, *_outcome(line)]


def _beside(results: Iterable[Line], table: Table) -> Iterator[Iterable[str | int]]:
    """Walk through the table and the results side by side: both are in the order of the rows."""
    taken = {header.casefold() for header in table.headers}
    yield [*table.headers, *(f"sms_{column}" if column in taken else column for column in COLUMNS)]
    left = iter(results)
    result = next(left, None)
    for row in table.rows():
        if result is not None and result.row == row.number:
            yield [*row.values, *_outcome(result)]
            result = next(left, None)
        else:
            yield [*row.values, "invalid", "", "", ""]


def _outcome(line: Line) -> list[str]:
    return [line.outcome.value, line.code or "", line.biz_id or "", line.receipt or ""]
