"""`smswrap send`: one text to one or many recipients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smswrap.cli.answer import of_report
from smswrap.cli.input import Reader
from smswrap.cli.options import Deciding, Following, Guarding, command, option
from smswrap.model import Content, Message, Order
from smswrap.providers.parameters import check_text
from smswrap.record import dataclass
from smswrap.sending.message import check_parameters, odd_values
from smswrap.sending.recipients import read_recipients
from smswrap.sending.spellings import split_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smswrap.cli.answer import Answer
    from smswrap.cli.runtime import Runtime
    from smswrap.errors import Problem
    from smswrap.sending.dispatch import Pace
    from smswrap.sending.house import House
    from smswrap.sending.refusals import DuplicatePolicy
    from smswrap.sending.service import Options

HELP = """Send one text to one or many recipients.

Without --yes it asks at a terminal; elsewhere it sends nothing and exits 9.

\b
Examples:
  smswrap send -p 13900000000 -s 阿里云短信测试 -t SMS_100000001 \\
    -tp '{"code":"123456"}' --verify --dry-run
  smswrap send -p 13900000000,13900000020 -s 阿里云短信测试 \\
    -t SMS_100000001 --var code=123456 --yes --wait
"""


@dataclass(frozen=True)
class Wanted:
    """What is to be sent, as far as it is known; empty is not given."""

    sign: str
    template: str
    parameters: Mapping[str, str]
    recipients: Sequence[str]
    group: str | None = None


@dataclass(frozen=True)
class Sending:
    """What `send` is told of the message."""

    phone_numbers: tuple[str, ...] = option(
        "-p", "--phone-numbers", multiple=True, default=(), metavar="NUMBERS", help="Recipients, separated by commas."
    )
    sign_name: str | None = option("-s", "--sign-name", metavar="SIGN", help="The approved sign (signature name).")
    template_code: str | None = option("-t", "--template-code", metavar="CODE", help="The approved template, SMS_….")
    template_param: tuple[str, ...] = option(
        "-tp",
        "--template-param",
        multiple=True,
        default=(),
        metavar="JSON",
        help='{"code":"123456"}, @FILE, or - for stdin.',
    )
    variables: tuple[str, ...] = option(
        "--var", multiple=True, default=(), metavar="NAME=VALUE", help="One template parameter; repeatable."
    )
    accept_odd_values: bool = option(
        "--accept-odd-values", is_flag=True, default=False, help="Send values such as nan or 4.2E+05 as they are."
    )
    repeated_once: bool = option("--repeated-once", is_flag=True, default=False, hidden=True)
    out_id: str | None = option("-o", "--out-id", metavar="ID", help="Your own id of this send, below 256 characters.")
    message_group: str | None = option(
        "--message-group", metavar="ID", help="Volcengine's message group; needed if the account has several."
    )


def run(runtime: Runtime, given: Sending, deciding: Deciding, following: Following, guarding: Guarding) -> Answer:
    """Parse, send, tell."""
    from smswrap.sending import service
    from smswrap.sending.planning import Found

    with runtime.house() as house:
        asks = house.desk.asks and not deciding.yes
        order = order_of(runtime, house, given, asks=asks, rehearsal=deciding.dry_run)
        return of_report("send", service.send(order, options_of(deciding, following, guarding), house, Found()))


def order_of(runtime: Runtime, house: House, given: Sending, *, asks: bool, rehearsal: bool) -> Order:
    """Give what is to be sent, asked for where it is missing, or raise InputError with all that is wrong."""
    read = Reader(runtime)
    sign, template = read.sign(given.sign_name), read.template(given.template_code)
    read.out_id(given.out_id)
    group = read.group(given.message_group)
    odd = given.accept_odd_values or given.repeated_once
    parameters = read.parameters(given.template_param, given.variables, odd=odd)
    recipients = _recipients(read, given.phone_numbers, repeated_once=given.repeated_once)
    read.refuse(asks=asks)
    wanted = Wanted(sign, template, parameters, recipients, group)
    if asks:
        if not rehearsal:
            house.provider.check(sends=True)  # before a person types what could not be sent
        wanted = _asked(runtime, house, wanted, read, odd=odd)
    content = Content(wanted.sign, wanted.parameters)
    messages = ((row, Message(recipient, content)) for row, recipient in enumerate(wanted.recipients, 1))
    account = house.provider.account()
    return Order("send", account, wanted.template, messages, wanted.group, given.out_id, sign=wanted.sign)


def _asked(runtime: Runtime, house: House, wanted: Wanted, read: Reader, *, odd: bool) -> Wanted:
    """What is wanted, with what the person at the terminal adds."""
    from smswrap.cli.picking import Picker

    def wrong(values: Mapping[str, str]) -> list[Problem]:
        return check_parameters(values) or ([] if odd else odd_values(values))

    def numbers(text: str) -> tuple[list[str], list[Problem]]:
        again = Reader.of(read)
        return _recipients(again, (text,), repeated_once=False), [*again.lacking, *again.problems]

    return Picker(runtime, house).complete(wanted, wrong, numbers)


def options_of(deciding: Deciding, following: Following, guarding: Guarding, pace: Pace | None = None) -> Options:
    """The options as the hall takes them."""
    from smswrap.sending.service import Options

    if deciding.idempotency_key is not None:  # of a shell's variable that is not set, it would stop no repeat
        check_text("--idempotency-key", deciding.idempotency_key)
    options = Options(
        verify=deciding.verify,
        yes=deciding.yes,
        dry_run=deciding.dry_run,
        wait=following.seconds,
        settle=following.settle,
        key=deciding.idempotency_key,
        duplicates=policy_of(guarding),
    )
    return Options(**{**vars(options), "pace": pace}) if pace else options


def policy_of(guarding: Guarding) -> DuplicatePolicy:
    """What counts as a duplicate."""
    from smswrap.sending.refusals import DuplicatePolicy

    window, only_unknown = guarding.duplicate_window, guarding.only_unknown_duplicates
    return DuplicatePolicy(window, only_unknown, guarding.allow_duplicate)


def _recipients(read: Reader, given: tuple[str, ...], *, repeated_once: bool) -> list[str]:
    numbers = [number for text in given for number in _split(text, old=repeated_once)]
    if not numbers:
        read.missing("--phone-numbers", "Add -p with the numbers that the person gave.")
        return []
    if repeated_once:
        numbers = read.once(numbers)
    found, wrong, notices = read_recipients(numbers, samples_allowed=read.samples_allowed, bare_foreign=repeated_once)
    read.problems += wrong
    read.notice(notices)
    return found


def _split(text: str, *, old: bool) -> list[str]:
    """The numbers of one option; the old command line let empty ones pass."""
    return [number for number in split_numbers(text) if number.strip() or not old]


COMMAND = command("send", run, (Sending, Deciding, Following, Guarding), HELP)
