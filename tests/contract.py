"""Whether an answer is what `smswrap schema` says: the part of JSON Schema that our schemas use."""

from __future__ import annotations

from functools import cache
from typing import Any

from smswrap.cli.schema import schema_of
from smswrap.errors import InputError

TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
    "array": list,
    "object": dict,
}


@cache
def schema_for(command: str) -> dict[str, Any]:
    """The schema of a command's envelope; of what is no command, that of every envelope."""
    try:
        return schema_of(command or None)
    except InputError:
        return schema_of()


def against(value: Any, schema: dict[str, Any], place: str = "$") -> list[str]:
    """What of a value is not as its schema says."""
    if "anyOf" in schema:
        found = [against(value, one, place) for one in schema["anyOf"]]
        return min(found, key=len) if all(found) else []
    if "const" in schema or "enum" in schema:
        return [] if value in [schema.get("const"), *schema.get("enum", ())] else [f"{place}: {value!r}"]
    wanted = schema.get("type", list(TYPES))
    named = [wanted] if isinstance(wanted, str) else wanted
    if not any(_is(value, one) for one in named):
        return [f"{place}: {value!r} is no {wanted}"]
    if isinstance(value, list) and "items" in schema:
        return [wrong for row, one in enumerate(value) for wrong in against(one, schema["items"], f"{place}[{row}]")]
    return _members(value, schema, place) if isinstance(value, dict) else []


def _is(value: Any, name: str) -> bool:
    return isinstance(value, TYPES[name]) and not (isinstance(value, bool) and name in {"integer", "number"})


def _members(value: dict[str, Any], schema: dict[str, Any], place: str) -> list[str]:
    known, other = schema.get("properties", {}), schema.get("additionalProperties", {})
    wrong = [f"{place}.{name} is missing" for name in schema.get("required", ()) if name not in value]
    wrong += [f"{place}.{name} is not told of" for name in value if name not in known and other is False]
    for name, one in value.items():
        wrong += against(one, known.get(name, other or {}), f"{place}.{name}")
    return wrong
