"""Reads a provider's tables, `operations.tsv` and `parameters.tsv`: a row each, beside the provider's `operations.py`.

An operation's row names its parameters; `name@verb` is a parameter that is another one than its namesake elsewhere.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, cast

from smswrap.providers.base import Operation
from smswrap.providers.parameters import Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import ModuleType

    from smswrap.providers.parameters import Type


def read_operations(
    folder: Path, normalise: ModuleType, more: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Operation]:
    """The operations by verb; `more` is what a table cannot hold: the functions that some verbs have besides."""
    parameters = {row["parameter"]: _parameter(row) for row in rows(folder / "parameters.tsv")}
    found = [_operation(row, parameters, normalise) for row in rows(folder / "operations.tsv")]
    return {row.verb: replace(row, **more.get(row.verb, {})) for row in found}


def rows(path: Path) -> list[dict[str, str]]:
    """The lines of a table, each cell under its column's name."""
    head, *lines = (line.split("\t") for line in path.read_text("utf-8").splitlines())
    return [dict(zip(head, line, strict=True)) for line in lines]


def _operation(row: Mapping[str, str], parameters: Mapping[str, Parameter], normalise: ModuleType) -> Operation:
    return Operation(
        verb=row["verb"],
        name=row["name"],
        kind=cast("Literal['read', 'send']", row["kind"]),
        help=row["help"],
        action=row["action"],
        parameters=tuple(parameters[name] for name in row["parameters"].split()),
        normalise=getattr(normalise, row["normalise"]),
        paged=row["paged"],
        example=row["example"],
        columns=tuple(row["columns"].split()),
        listed=row["listed"],
        stateful="stateful" in row["traits"],
        awaited="awaited" in row["traits"],
    )


def _parameter(row: Mapping[str, str]) -> Parameter:
    return Parameter(
        name=row["parameter"].partition("@")[0],
        wire=row["wire"],
        help=row["help"],
        type=cast("Type", row["type"]),
        required="required" in row["traits"],
        private="private" in row["traits"],
        low=_number(row["low"]),
        high=_number(row["high"]),
        default=_number(row["default"]),
        choices=tuple(row["choices"].split()),
        short=tuple(row["short"].split()),
        shape=row["shape"] or None,
    )


def _number(cell: str) -> int | None:
    return int(cell) if cell else None
