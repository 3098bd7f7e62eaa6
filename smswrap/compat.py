"""The command line of `send_sms.sh`, as the Alibaba Cloud SMS skill published it, in smswrap's words."""

from __future__ import annotations

import re
import sys
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from smswrap.errors import InputError
from smswrap.providers.parameters import shorten
from smswrap.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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

ALWAYS = ("--provider=aliyun", "--output=raw", "--region=cn-hangzhou")
"""Before every verb: neither the environment nor the profile changes what an old command line does.

The region decides which host is asked, and the old script named one on every call.
"""

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
        always=("--yes", "--only-unknown-duplicates", "--repeated-once"),
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
        always=("--page=1", "--page-size=10"),
    ),
}
FLAGS = frozenset({"--verify"})
LISTS = frozenset({"--phone-numbers"})
"""Options of ours whose value is a list: what stands between two commas may be nothing."""


def main(argv: Sequence[str]) -> int:
    """Carry out one old command line: the provider's reply to stdout, talk on stderr; return smswrap's exit code."""
    try:
        translated = translate(argv)
    except InputError as error:
        return _refuse(error)
    from smswrap.cli.app import main as carry_out

    return carry_out(translated, spelling_of(argv[0]))


def spelling_of(name: str) -> Callable[[str], str]:
    """How messages about this command are worded at this door: its own options, and a `smswrap` that can be started."""
    old: dict[str, str] = {}
    for spelling, new in {**COMMANDS[name].options, **COMMON}.items():
        if new not in {**COMMANDS[name].options, **COMMON}:
            old.setdefault(new, spelling)
    program = _program()

    def spelt(text: str) -> str:
        for new, spelling in old.items():
            text = re.sub(rf"{new}(?![\w-])", spelling, text)
        return text.replace("`smswrap ", f"`{program} ")

    return spelt


def _program() -> str:
    """The words that start smswrap: its name if it is on PATH, else the file beside our interpreter."""
    from shutil import which

    beside = Path(sys.executable).with_name("smswrap")
    return str(beside) if which("smswrap") is None and beside.exists() else "smswrap"


def translate(argv: Sequence[str]) -> list[str]:
    """Give smswrap's arguments for an old command line, or raise InputError: nothing of it is silently left out.

    As in the old script an empty value counts as none, and of an option that is given twice the last value counts.
    """
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
        if option in FLAGS:
            found[option] = _flag(spelling, value)
            continue
        text = _cleared(option, value[0] if value else _following(spelling, rest, known))
        found.pop(option, None)
        if text:
            found[option] = f"{option}={text}"
    return found


def _cleared(option: str, text: str) -> str:
    """The value without what is nothing: all of it if it is blank, of a list its empty elements."""
    if option not in LISTS:
        return text if text.strip() else ""
    return ",".join(part for part in re.split("[,\N{FULLWIDTH COMMA}]", text) if part.strip())


def _flag(spelling: str, value: list[str]) -> str:
    if value:
        raise InputError.of(spelling, "", "takes no value", f"Write just {spelling}.")
    return spelling


def _following(spelling: str, rest: list[str], known: Mapping[str, str]) -> str:
    # A value may begin with a hyphen. But `-o --verfy` must not send unverified, nor `-o -s X` without its sign.
    if rest and not rest[0].startswith("--") and rest[0] not in known:
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

    Console().error(error.fault)
    return int(error.fault.exit)


def _show_help() -> int:
    """The script's own help, which it shows itself before anything is set up; `send_sms` has it from there."""
    from smswrap.cli.skill import folder

    script = (folder() / "scripts" / "send_sms.sh").read_text("utf-8")
    sys.stdout.write(script.partition("<<'HELP'\n")[2].partition("HELP\n")[0])
    return 0


def run() -> None:
    """Run with the process's arguments and end with the exit code."""
    from smswrap.__main__ import leave

    if not sys.argv[1:] or sys.argv[1] == "help" or {"-h", "--help"} & set(sys.argv[1:3]):
        leave(_show_help())
    try:
        code = main(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    leave(code)


if __name__ == "__main__":
    run()
