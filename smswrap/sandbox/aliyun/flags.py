"""The flags of the CLI's own commands: `--name value` or `--name=value`, nothing unknown."""

from __future__ import annotations

from .conditions import FLAG_HINTS
from .errors import USAGE, CliError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .call import Call


def parse(
    call: Call, arguments: Sequence[str], known: Sequence[str], switches: Sequence[str] = ()
) -> tuple[dict[str, str], list[str]]:
    """Part `arguments` into flag values by name and words.

    A flag in `switches` takes no value and reads as "true". Raises CliError for an unknown flag (exit 2) and for a
    missing value (exit 1).
    """
    given: dict[str, str] = {}
    words: list[str] = []
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if not argument.startswith("-"):
            words.append(argument)
            continue
        name, equals, value = argument[2:].partition("=")
        if not argument.startswith("--") or name not in (*known, *switches):
            raise _unknown(call, name if argument.startswith("--") else argument, (*known, *switches))
        if name in switches:
            given[name] = "true"
        else:
            given[name] = value if equals else _next_value(name, rest)
    return given, words


def _next_value(name: str, rest: list[str]) -> str:
    if not rest or rest[0].startswith("--"):
        raise CliError(f"--{name} must be assigned with value")
    return rest.pop(0)


def _unknown(call: Call, name: str, known: Sequence[str]) -> CliError:
    if not call.conditions.since(FLAG_HINTS):
        return CliError(f"invalid flag {name}", USAGE)
    from .suggestions import near  # only a mistake needs it

    shown = name if name.startswith("-") else f"--{name}"
    close = near(name, known)
    if close:
        return CliError(f"invalid flag {shown}, did you mean {' or '.join('--' + flag for flag in close)}?", USAGE)
    return CliError(
        f"invalid flag {shown}; available flags: {', '.join('--' + flag for flag in ('help', *known))}", USAGE
    )
