"""The command line of `send_sms.sh`, as the Alibaba Cloud SMS skill published it, in smswrap's words."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from smswrap.errors import InputError
from smswrap.providers.parameters import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HELP = "See `send_sms.sh --help`."


@dataclass(frozen=True)
class Command:
    """One old command, which is smswrap's verb of that name: its options, old spelling to new, and what is added."""

    options: Mapping[str, str] = field(default_factory=dict)
    always: tuple[str, ...] = ()


COMMON = {"-r": "--region", "--region": "--region", "--profile": "--profile"}
SIGN = {"-s": "--sign-name", "--sign-name": "--sign-name"}
TEMPLATE = {"-t": "--template-code", "--template-code": "--template-code"}
FIRST_FIFTY = ("--page=1", "--page-size=50")

ALWAYS = ("--provider=aliyun", "--output=raw")
"""Before every verb: SMSWRAP_PROVIDER and SMSWRAP_OUTPUT must not change what an old command line does."""

COMMANDS: Mapping[str, Command] = {
    "send": Command(
        {
            "-p": "--phone-numbers",
            "--phone-numbers": "--phone-numbers",
            **SIGN,
            **TEMPLATE,
            "-tp": "--template-param",
            "--template-param": "--template-param",
            "-o": "--out-id",
            "--out-id": "--out-id",
            "--verify": "--verify",
        },
        # Its callers have asked the person before, and were never stopped from sending the same twice.
        always=("--yes", "--only-unknown-duplicates"),
    ),
    "list-signs": Command(always=FIRST_FIFTY),
    "list-templates": Command(always=FIRST_FIFTY),
    "query-sign": Command(SIGN),
    "query-template": Command(TEMPLATE),
    "query-status": Command(
        {
            "-p": "--phone-number",
            "--phone-numbers": "--phone-number",
            "--phone-number": "--phone-number",
            "--send-date": "--send-date",
            "--biz-id": "--biz-id",
        },
        always=("--page=1", "--page-size=10"),
    ),
    "query-statistics": Command(
        {
            "--start-date": "--start-date",
            "--end-date": "--end-date",
            "--is-globe": "--is-globe",
            "--template-type": "--template-type",
            **SIGN,
            "--page-index": "--page",
            "--page-size": "--page-size",
        },
    ),
}
FLAGS = frozenset({"--verify"})


def main(argv: Sequence[str]) -> int:
    """Carry out one old command line: the provider's reply to stdout, talk on stderr; return smswrap's exit code."""
    try:
        translated = translate(argv)
    except InputError as error:
        return _refuse(error)
    from smswrap.cli.app import main as carry_out

    return carry_out(translated)


def translate(argv: Sequence[str]) -> list[str]:
    """Give smswrap's arguments for an old command line, or raise InputError: nothing of it is silently left out."""
    name, *words = argv or [""]
    if name not in COMMANDS:
        raise InputError.of("command", shorten(name), "is not known to send_sms.sh", _suggestion(name, COMMANDS))
    given = _options(name, words)
    return [*ALWAYS, name, *COMMANDS[name].always, *given.values()]


def _options(name: str, words: Sequence[str]) -> dict[str, str]:
    """Give each option in smswrap's spelling, with its value in the same word, so that no value reads as an option."""
    known = {**COMMANDS[name].options, **COMMON}
    found: dict[str, str] = {}
    rest = list(words)
    while rest:
        place = len(words) - len(rest) + 1
        spelling, *value = rest.pop(0).split("=", 1)
        if spelling not in known:
            raise _unknown(name, spelling, place, known)
        option = known[spelling]
        if option in found:
            raise InputError.of(spelling, "", "is given twice", "Give it once; several numbers are joined by commas.")
        found[option] = _flag(spelling, value) if option in FLAGS else f"{option}={_value(spelling, value, rest)}"
    return found


def _flag(spelling: str, value: list[str]) -> str:
    if value:
        raise InputError.of(spelling, "", "takes no value", f"Write just {spelling}.")
    return spelling


def _value(spelling: str, value: list[str], rest: list[str]) -> str:
    found = value[0] if value else _following(spelling, rest)
    if not found:
        raise InputError.of(spelling, "", "has an empty value", f"Give a value, or leave {spelling} out.")
    return found


def _following(spelling: str, rest: list[str]) -> str:
    # "-" alone is stdin. Other words with a hyphen in front are options: `-o --verfy` must not send unverified.
    if rest and (rest[0] == "-" or not rest[0].startswith("-")):
        return rest.pop(0)
    step = f"Write it after {spelling}; if it begins with a hyphen, as {spelling}=VALUE."
    raise InputError.of(spelling, "", "needs a value", step)


def _unknown(name: str, spelling: str, place: int, known: Mapping[str, str]) -> InputError:
    if not spelling.startswith("-"):
        # Not shown: it may be a piece of a template parameter that lost its quotes.
        step = 'Put values with blanks in quotes: -tp \'{"code": "1"}\'.'
        return InputError.of(f"argument {place} of {name}", "", "belongs to no option", step)
    return InputError.of("option", shorten(spelling), f"is not known to {name}", _suggestion(spelling, known))


def _suggestion(word: str, known: Mapping[str, object]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1)
    return f"Did you mean {near[0]}? {HELP}" if near else HELP


def _refuse(error: InputError) -> int:
    from smswrap.cli.runtime import Console

    fault = error.fault
    Console().say(f"error: {fault.message} {fault.meaning} {fault.next_step}")
    return int(fault.exit)


def run() -> None:
    """Run with the process's arguments and end with the exit code."""
    try:
        code = main(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    run()
