"""The options that sends share, and what reads their values, collecting everything that is wrong with them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import click

from smswrap.cli.options import SECONDS, flag, option
from smswrap.errors import InputError, Problem, SmswrapError
from smswrap.providers.base import listing, operations_of
from smswrap.providers.parameters import LONGEST_OUT_ID, LONGEST_TEXT, check_shape, check_text
from smswrap.record import dataclass
from smswrap.sending.message import odd_values, read_parameters, tidy_sign, tidy_template
from smswrap.sending.recipients import Recipient, read_recipient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from smswrap.cli.runtime import Runtime
    from smswrap.sending.dispatch import Pace
    from smswrap.sending.message import Tidied
    from smswrap.sending.service import Options

T = TypeVar("T")


@dataclass(frozen=True)
class Heading:
    """What all messages of a send have in common."""

    template_code: str | None = option("-t --template-code", "CODE", "The approved template, SMS_….")
    out_id: str | None = option("-o --out-id", "ID", "Your own id of this send, below 256 characters.")
    message_group: str | None = option(
        "--message-group", "ID", "Volcengine's message group; needed if the account has several."
    )
    accept_odd_values: bool = flag("--accept-odd-values", "Send values such as nan or 4.2E+05 as they are.")


@dataclass(frozen=True)
class Deciding:
    """Options of whatever sends: how it is checked, decided and followed."""

    verify: bool = flag("--verify", "Check sign, template and variables first.")
    yes: bool = flag("--yes", "A person has said yes: do not ask.")
    dry_run: bool = flag("--dry-run", "Show what would be sent; send nothing.")
    idempotency_key: str | None = option(
        "--idempotency-key", "KEY", "The same key and content is sent once; then replayed."
    )


@dataclass(frozen=True)
class Carrying:
    """Options of how a send is carried out: what comes after it, and what is a duplicate."""

    wait: bool = flag("--wait", "Wait for the receipts.")
    wait_timeout: int = option("--wait-timeout", None, "Seconds.", type=SECONDS, default=60, show_default=True)
    settle: bool = flag("--settle", "If the outcome is unknown, look for it in the receipts at once.")
    allow_duplicate: bool = flag("--allow-duplicate", "Send although the same was sent just now.")
    duplicate_window: int = option(
        "--duplicate-window",
        "SECONDS",
        "How long the same send again is taken for a mistake.",
        type=click.IntRange(0),
        default=600,
        show_default=True,
    )
    only_unknown_duplicates: bool = flag("--only-unknown-duplicates", hidden=True)


@dataclass(frozen=True)
class Speed:
    """Options about speed."""

    jobs: int = option("--jobs", None, "Requests at once; 4.", type=click.IntRange(1, 32), default=4)
    rate: float | None = option("--rate", None, "Requests a second.", type=click.FloatRange(0, min_open=True))


@dataclass(frozen=True)
class Wanted:
    """What is to be sent, as far as it is known; empty is not given."""

    sign: str
    template: str
    parameters: Mapping[str, str]
    recipients: Sequence[str]
    group: str | None = None


class Reader:
    """Reads values; what is wrong with them joins `problems`, what is not there `lacking`."""

    def __init__(self, runtime: Runtime) -> None:
        self.problems: list[Problem] = []
        self.lacking: list[Problem] = []
        self.samples_allowed = runtime.common.sandbox
        self._runtime = runtime

    def sign(self, value: str | None) -> str:
        """A sign that must be given."""
        return self._named("--sign-name", value, "sign", tidy_sign)

    def template(self, value: str | None) -> str:
        """A template that must be given."""
        return self._named("--template-code", value, "template", tidy_template)

    def notice(self, notices: Iterable[Problem]) -> None:
        """Tell what was noticed and stops nothing."""
        self.warn([f"{notice}." for notice in notices])

    def warn(self, lines: Iterable[str]) -> None:
        """Tell what the person should know."""
        for line in lines:
            self._runtime.talk.warn(line)

    def text(self, option: str, value: str, *, longest: int = LONGEST_TEXT) -> str:
        """A text that a provider can take."""
        return self.collect(lambda: check_text(option, value, longest=longest)) or ""

    def out_id(self, value: str | None) -> None:
        """An out-id, where one is given; a provider that takes none is told of."""
        if value is None:
            return
        self.text("--out-id", value, longest=LONGEST_OUT_ID)
        if self._unknown("out-id"):
            name = self._runtime.provider_name
            self._runtime.talk.warn(f"{name} takes no out-id: it stands in smswrap's history only.")

    def group(self, value: str | None) -> str | None:
        """A message group, where one is given."""
        if value is not None:
            self.text("--message-group", value)
            self.problems += self._unknown("message-group")
        return value

    def extend_codes(self, option: str) -> None:
        """Extension codes were given: the provider must take them."""
        if self._unknown("extend-code"):
            rule = f"is an extension of the sending number, which {self._runtime.provider_name} does not take"
            self.problems.append(Problem(option, "", rule, "Leave it out."))

    def parameters(self, objects: tuple[str, ...], variables: tuple[str, ...], *, odd: bool = False) -> dict[str, str]:
        """The template's parameters; values that a program left behind are problems unless `odd` ones may pass."""
        if len(objects) > 1:
            self.problems.append(
                Problem("--template-param", "", "is given twice", "Give all parameters in one object.")
            )
        given = objects[0] if objects else None
        parameters = self.collect(lambda: read_parameters(given, variables)) or {}
        self.oddities(odd_values(parameters), accepted=odd)
        return parameters

    def oddities(self, found: Sequence[Problem], *, accepted: bool) -> None:
        """What is odd about values is wrong with them, unless somebody said that it is right: then it is counted."""
        if not accepted:
            self.problems += found
        elif found:
            from smswrap.sending.table.problems import Notices

            notices = Notices()
            notices.let_pass(found)
            self.warn(notices.lines)

    def once(self, numbers: Sequence[str]) -> list[str]:
        """The numbers, of those that are the same recipient only the first; how many that leaves out is told."""
        found: dict[object, str] = {}
        for number in numbers:
            found.setdefault(_same(number), number)
        if len(found) < len(numbers):
            left_out = len(numbers) - len(found)
            self._runtime.talk.warn(f"{left_out} number(s) stood twice; each recipient is sent to once.")
        return list(found.values())

    def missing(self, option: str, step: str) -> None:
        """An option that must be given was not."""
        self.lacking.append(Problem(option, "", "must be given", step))

    def refuse(self, *, asks: bool = False) -> None:
        """Raise InputError with all that is wrong; what is lacking is not if a person can be asked for it."""
        if self.problems or (self.lacking and not asks):
            raise InputError([*self.lacking, *self.problems])

    def collect(self, read: Callable[[], T], row: int | None = None) -> T | None:
        """Read something; what is wrong with it, in that row, joins the problems, and None comes back."""
        try:
            return read()
        except InputError as error:
            self.problems += error.problems if row is None else [replace(one, row=row) for one in error.problems]
            return None

    def _named(self, option: str, value: str | None, shape: str, tidy: Callable[[str], Tidied]) -> str:
        if value is None:
            verb = listing(self._runtime.provider_name, shape)
            self.missing(option, f"Let the person choose from `smswrap {verb} --approved`.")
            return ""
        tidied = tidy(value)
        self.notice(tidied.notices)
        text = self.text(option, tidied.value)
        return self.collect(lambda: check_shape(option, text, shape)) or "" if text else ""

    def _unknown(self, name: str) -> list[Problem]:
        """The problem with an option of `send` that the chosen provider does not have."""
        provider = self._runtime.provider_name
        known = {parameter.name for parameter in operations_of(provider)["send"].parameters}
        rule = f"is not known to the provider {provider}"
        return [] if name in known else [Problem(f"--{name}", "", rule, "Leave it out, or choose another --provider.")]


def _same(number: str) -> object:
    """What two spellings of a number have in common."""
    read = read_recipient(number) if number.strip() else None
    return read.number if isinstance(read, Recipient) else number


def options_of(deciding: Deciding, carrying: Carrying, speed: Speed | None = None) -> Options:
    """The options as the hall takes them. Raises InputError for a rate that is no number."""
    from smswrap.sending.refusals import DuplicatePolicy
    from smswrap.sending.service import Options

    if deciding.idempotency_key is not None:  # of a shell's variable that is not set, it would stop no repeat
        check_text("--idempotency-key", deciding.idempotency_key)
    duplicates = DuplicatePolicy(carrying.duplicate_window, carrying.only_unknown_duplicates, carrying.allow_duplicate)
    decided = (deciding.verify, deciding.yes, deciding.dry_run)
    waited = carrying.wait_timeout if carrying.wait else None
    return Options(*decided, waited, carrying.settle, deciding.idempotency_key, duplicates, pace_of(speed))


def pace_of(speed: Speed | None) -> Pace:
    """How fast requests are made. Raises InputError for a rate that is no number."""
    from smswrap.sending.dispatch import Pace

    if speed is None:
        return Pace()
    if speed.rate is not None and not math.isfinite(speed.rate):
        raise InputError.of("--rate", str(speed.rate), "is not a finite number", "Give requests a second, such as 2.5.")
    return Pace(speed.jobs, speed.rate)


def write_or_warn(runtime: Runtime, write: Callable[[], None]) -> None:
    """Write a result file; what was sent must be told even if that fails."""
    try:
        write()
    except SmswrapError as error:
        runtime.talk.warn(error.fault.message)
