"""The old scripts' command lines in smswrap's words: `send_sms.sh` of the Alibaba Cloud skill, `volc_sms.py`'s send."""

from __future__ import annotations

import math
import os
import re
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from smswrap.__main__ import leave
from smswrap.cli.console import Console, program
from smswrap.errors import Exit, InputError, Kind, without_sending
from smswrap.providers.parameters import LONGEST_TIMEOUT, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from smswrap.errors import Fault

HELP = "See `send_sms.sh --help`."


class Command(NamedTuple):
    """One old command, which is smswrap's verb of that name: its options, old spelling to new, and what is added."""

    options: Mapping[str, str] = {}
    always: tuple[str, ...] = ()


def _known(*rows: str) -> dict[str, str]:
    """Old spellings to ours, which a row names last; behind `=` where the old script did not have that one."""
    found: dict[str, str] = {}
    for *others, ours in map(str.split, rows):
        found |= dict.fromkeys(others if ours[0] == "=" else (*others, ours), ours.lstrip("="))
    return found


COMMON = _known("-r --region", "--profile")
SIGN, TEMPLATE = "-s --sign-name", "-t --template-code"
FIRST_FIFTY, FIRST_TEN = ("--page=1", "--page-size=50"), ("--page=1", "--page-size=10")

ALWAYS = ("--provider=aliyun", "--output=raw", "--region=cn-hangzhou")
"""Before every verb: neither the environment nor the profile changes what an old command line does.

The region decides which host is asked, and the old script named one on every call.
"""

COMMANDS: Mapping[str, Command] = {
    "send": Command(
        _known("-p --phone-numbers", SIGN, TEMPLATE, "-tp --template-param", "-o --out-id", "--verify"),
        # Its callers have asked the person before, and were never stopped from sending the same twice.
        always=("--yes", "--only-unknown-duplicates", "--repeated-once"),
    ),
    "list-signs": Command(always=FIRST_FIFTY),
    "list-templates": Command(always=FIRST_FIFTY),
    "query-sign": Command(_known(SIGN)),
    "query-template": Command(_known(TEMPLATE)),
    "query-status": Command(_known("-p --phone-numbers --phone-number", "--send-date", "--biz-id"), always=FIRST_TEN),
    "query-statistics": Command(
        _known(
            *("--start-date", "--end-date", "--is-globe", "--template-type"),
            *(SIGN, "--page-index =--page", "--page-size"),
        ),
        always=FIRST_TEN,
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
        Console().error(error.fault if argv[:1] == ["send"] else without_sending(error.fault))
        return int(error.fault.exit)
    from smswrap.cli.app import main as carry_out

    return carry_out(translated, Console(spelling_of(argv[0])))


def spelling_of(name: str) -> Callable[[str], str]:
    """How messages about this command are worded at this door: its own options, and a `smswrap` that can be started."""
    known = {**COMMANDS[name].options, **COMMON}
    return _speller({new: spelling for spelling, new in reversed(known.items()) if new not in known})


NOT_AN_OPTION: Mapping[str, str] = {
    "--allow-root": "SMSWRAP_ALLOW_ROOT=1",
    "--sandbox --verbose": "SMSWRAP_SANDBOX=1 SMSWRAP_VERBOSE=1",
    "--allow-duplicate": "`smswrap send --allow-duplicate`",
}
"""What hints advise that neither old script has as an option -> how it can be had there."""


def _speller(old: Mapping[str, str]) -> Callable[[str], str]:
    def spelt(text: str) -> str:
        for new, spelling in {**NOT_AN_OPTION, **old}.items():
            text = re.sub(rf"{new}(?![\w-])", spelling, text)
        return text.replace("`smswrap ", f"`{program(beside=True)} ")

    return spelt


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
            if value:
                raise InputError.of(spelling, "", "takes no value", f"Write just {spelling}.")
            found[option] = spelling
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


def _show_help() -> int:
    """The script's own help, which it shows itself before anything is set up; `send_sms` has it from there."""
    from smswrap.cli.skill import folder

    script = (folder() / "scripts" / "send_sms.sh").read_text("utf-8")
    sys.stdout.write(script.partition("<<'HELP'\n")[2].partition("HELP\n")[0])
    return 0


VOLC_FIELDS: Mapping[str, str] = {
    "SubAccount": "--message-group",
    "Signature": "--sign-name",
    "TemplateId": "--template-code",
    "Mobiles": "--phone-numbers",
    "TemplateParam": "--template-param",
}
"""The fields of volc_sms.py's request and our options."""

VOLC_SPELLINGS: Mapping[str, str] = {
    "--message-group": "--sub-account",
    "--sign-name": "--signature",
    "--template-code": "--template-id",
    "--phone-numbers": "--mobiles",
    "--read-timeout": "--timeout",
}
NOT_FOR_VOLC = ("PROFILE", "REGION", "READ_TIMEOUT")
"""Variables of ours, SMSWRAP_…, that mean another provider's account, or that its command line says itself."""

VOLC_WORDS: Mapping[int, str] = {
    Exit.UNEXPECTED: "unexpected",
    Exit.INPUT: "usage",
    Exit.SETUP: "setup",
    Exit.UNKNOWN: "unknown",
    **dict.fromkeys((Exit.HUP, Exit.INT, Exit.TERM), "interrupted"),
}
VOLC_CODES: Mapping[str, str] = {
    "script.unreachable": "unreachable",
    "script.timeout": "timeout",
    "script.connection-lost": "lost",
    "script.no-reply": "unreadable",
    "script.killed": "lost",
    "internal": "internal",
    "input": "arguments",
    "setup": "hall",
    "credentials": "no-credentials",
    "duplicate": "duplicate",
    "interrupted": "signal",
}
"""A failure's code, or its kind where it has none -> volc_sms.py's code for it; all others are the provider's."""
OURS = frozenset({Kind.DUPLICATE, Kind.INTERRUPTED, Kind.SETUP})
"""Kinds of failure that no provider's code tells of."""


def _volc_code(fault: Fault) -> str:
    found = (fault.code or fault.kind) if fault.kind not in OURS else fault.kind
    status = found.removeprefix("script.")
    return status if status.startswith("http-") else VOLC_CODES.get(found, "provider")


class VolcConsole(Console):
    """Talk as volc_sms.py has it, whose callers read its words and codes: `volc_sms: WORD[CODE]: …`, a line each."""

    def __init__(self) -> None:
        super().__init__(_speller(VOLC_SPELLINGS))
        self.all_is_well = False

    def say(self, text: str, end: str = "\n") -> None:
        """Say it as a note."""
        self._line("note[sandbox]" if text.startswith("sandbox: ") else "note[smswrap]", text, end)

    def warn(self, text: str) -> None:
        """Say it as a warning, once."""
        if text not in self.warnings:
            self.warnings.append(text)
            self._line("warning[smswrap]", text)

    def error(self, fault: Fault) -> None:
        """Tell of a failure in a word and a code, and what to do.

        A signal that met a send which was accepted is none: in that script's table 143 means that nothing was sent.
        """
        self.all_is_well = fault.kind == Kind.INTERRUPTED and self.status == "accepted"
        if self.all_is_well:
            self.say(fault.message)
            return
        code = _volc_code(fault)
        word = VOLC_WORDS.get(fault.exit, "refused")
        self._line(f"{word}[{code}]", f"{fault.message} {fault.meaning}".strip())
        if fault.next_step:
            self._line("hint", fault.next_step)

    def _line(self, word: str, text: str, end: str = "\n") -> None:
        super().say(f"volc_sms: {word}: {' '.join(text.split())}", end)


def send_sms(body: Mapping[str, Any], timeout: float, *, sandbox: bool) -> int:
    """Carry out volc_sms.py's send: its request as that script has read it, and the seconds to wait for the answer.

    The provider's reply to stdout, talk on stderr in that script's form; its exit code comes back.
    """
    from smswrap.cli.app import main as carry_out

    for name in NOT_FOR_VOLC:
        os.environ.pop(f"SMSWRAP_{name}", None)
    os.environ["SMSWRAP_SANDBOX"] = "1" if sandbox else ""
    # `+1…` can be read as a mainland number with a plus too many; volc_sms.py has made sure that it is none.
    numbers = re.sub(r"(?<![^,])\+", "00", body["Mobiles"])
    words = (f"{VOLC_FIELDS[name]}={value}" for name, value in {**body, "Mobiles": numbers}.items())
    seconds = min(math.ceil(timeout), LONGEST_TIMEOUT)
    always = ("--provider=volcengine", "--output=raw", f"--read-timeout={seconds}", "send")
    talk = VolcConsole()
    if timeout > seconds:
        talk.note(f"--timeout {timeout:g} is more than is waited here: {seconds} s")
    code = carry_out([*always, *COMMANDS["send"].always, *words], talk)
    return int(Exit.OK) if talk.all_is_well else code


def run() -> None:
    """Run with the process's arguments and end with the exit code."""
    if not sys.argv[1:] or sys.argv[1] == "help" or {"-h", "--help"} & set(sys.argv[1:3]):
        leave(_show_help())
    try:
        code = main(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    leave(code)


if __name__ == "__main__":
    run()
