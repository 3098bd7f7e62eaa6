"""`smswrap schema`: JSON Schema of a verb's envelope, made from the types that the answers are made of."""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

import click

from smswrap import errors
from smswrap.cli import shapes
from smswrap.cli.answer import Answer, json_text
from smswrap.cli.options import command
from smswrap.errors import InputError
from smswrap.providers import records
from smswrap.providers.base import PROVIDER_NAMES, operations_of

if TYPE_CHECKING:
    from smswrap.cli.runtime import Runtime
    from smswrap.providers.base import Operation

Schema = dict[str, Any]
"""A JSON Schema."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NAMES = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
SIMPLE: Mapping[Any, Schema] = {
    **{kind: {"type": name} for kind, name in NAMES.items()},
    errors.Kind: {"enum": [kind.value for kind in errors.Kind]},
    Any: {},
    object: {},
}
SENT = (shapes.SentData, shapes.ProposedData)
OWN: Mapping[str, tuple[type, ...]] = {
    "send": SENT,
    "send-batch": SENT,
    "confirm": SENT,
    "resume": (*SENT, shapes.LookedUpData),
    "cancel": SENT,
    "history": (shapes.HistoryData, shapes.CountsData),
    "doctor": (shapes.DoctorData,),
    "setup": (shapes.DoctorData,),
    "completion": (shapes.Plain,),
    "help": (shapes.Plain,),
    "explain": (shapes.CodeData, shapes.CodesData),
    "sandbox path": (shapes.PathData,),
    "sandbox reset": (shapes.ResetData,),
    "sandbox log": (shapes.LogData,),
    "skill path": (shapes.PathData,),
    "skill install": (shapes.PathData,),
    "schema": (shapes.Plain,),
}
"""What `data` is, of the verbs that are no row of a provider's table."""


def schema_of(verb: str | None = None) -> Schema:
    """The schema of a verb's envelope, or of any. Raises InputError if there is no such verb."""
    whole = {"$schema": DIALECT, "title": f"smswrap {verb}" if verb else "smswrap", **_schema(shapes.Envelope)}
    if verb is not None:
        kinds = [_schema(kind) for kind in OWN.get(verb, ())] or _read(verb)
        whole["properties"]["command"] = {"const": verb}
        whole["properties"]["data"] = {"anyOf": [*kinds, _schema(shapes.FailedData), {"type": "null"}]}
    return whole


def _read(verb: str) -> list[Schema]:
    """The records that a reading verb's operations give; a verb's providers give the same."""
    rows = [row for name in PROVIDER_NAMES for row in operations_of(name).values() if row.verb == verb]
    if not rows:
        raise InputError.of("VERB", verb[:40], "is not one of smswrap's", "See `smswrap --help` for the verbs.")
    return [_listed(rows[0])]


def _listed(row: Operation) -> Schema:
    """A record's schema; without --full items are told in short, and `left_out` counts what did not fit."""
    # Their names alone: `normalise` is annotated with one of the records.
    found = _schema(getattr(records, row.normalise.__annotations__["return"].removeprefix("records.")))
    if row.listed:
        found["properties"]["left_out"] = {"type": "integer"}
        del found["properties"][row.listed]["items"]["required"]
    return found


def _schema(kind: Any) -> Schema:  # noqa: ANN401  any annotation
    if kind in SIMPLE:
        return SIMPLE[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {"enum": list(inner)}
    if origin in {Union, UnionType}:
        return _either([_schema(one) for one in inner])
    if origin in {list, tuple}:
        return {"type": "array", "items": _schema(inner[0])}
    if origin in {dict, Mapping}:
        return {"type": "object", "additionalProperties": _schema(inner[1])}
    return _object(kind)


def _either(found: list[Schema]) -> Schema:
    """Simple types side by side; objects and lists as alternatives."""
    if all(set(one) == {"type"} for one in found):
        return {"type": [one["type"] for one in found]}
    return {"anyOf": found}


def _object(kind: Any) -> Schema:  # noqa: ANN401  a record: dataclass, named tuple or typed dict
    hints = get_type_hints(kind, localns=vars(errors))
    required = getattr(kind, "__required_keys__", hints)  # of a typed dict
    return {
        "type": "object",
        "description": " ".join(str(kind.__doc__).split()),
        "properties": {name: _schema(hint) for name, hint in hints.items()},
        "required": [name for name in hints if name in required],
        "additionalProperties": False,
    }


def run(runtime: Runtime, verb: tuple[str, ...]) -> Answer:
    """Give the schema; bare with --output raw, and at a terminal, where no table shows it."""
    schema = schema_of(" ".join(verb) or None)
    form = "raw" if runtime.output == "table" else None
    return Answer("schema", data=schema, text=json_text(schema, pretty=True), form=form)


COMMANDS = {"schema": command("schema", run, (), click.Argument(["verb"], nargs=-1, metavar="[VERB]"))}
