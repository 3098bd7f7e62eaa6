"""`smswrap send`: one text to one or many recipients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smswrap.cli.answer import of_report
from smswrap.cli.input import Carrying, Deciding, Heading, Reader, Wanted, options_of
from smswrap.cli.options import command, flag, option, several
from smswrap.model import Content, Message, Order
from smswrap.record import dataclass
from smswrap.sending.message import check_parameters, odd_values
from smswrap.sending.recipients import read_recipients
from smswrap.sending.spellings import split_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smswrap.cli.answer import Answer
    from smswrap.cli.runtime import Runtime
    from smswrap.errors import Problem
    from smswrap.sending.house import House


@dataclass(frozen=True)
class Sending:
    """What `send` is told of the message."""

    phone_numbers: tuple[str, ...] = several("-p --phone-numbers", "NUMBERS", "Recipients, separated by commas.")
    sign_name: str | None = option("-s --sign-name", "SIGN", "The approved sign (signature name).")
    template_param: tuple[str, ...] = several(
        "-tp --template-param", "JSON", '{"code":"123456"}, @FILE, or - for stdin.'
    )
    variables: tuple[str, ...] = several("--var", "NAME=VALUE", "One template parameter; repeatable.")
    repeated_once: bool = flag("--repeated-once", hidden=True)


def run(runtime: Runtime, given: Sending, heading: Heading, deciding: Deciding, carrying: Carrying) -> Answer:
    """Parse, send, tell."""
    from smswrap.sending import service
    from smswrap.sending.planning import Found

    with runtime.house() as house:
        order = order_of(runtime, house, given, heading, deciding)
        return of_report("send", service.send(order, options_of(deciding, carrying), house, Found()))


def order_of(runtime: Runtime, house: House, given: Sending, heading: Heading, deciding: Deciding) -> Order:
    """Give what is to be sent, asked for where it is missing, or raise InputError with all that is wrong."""
    read, asks = Reader(runtime), house.desk.asks and not deciding.yes
    sign, template = read.sign(given.sign_name), read.template(heading.template_code)
    read.out_id(heading.out_id)
    group = read.group(heading.message_group)
    odd = heading.accept_odd_values or given.repeated_once
    parameters = read.parameters(given.template_param, given.variables, odd=odd)
    recipients = _recipients(read, given.phone_numbers, repeated_once=given.repeated_once)
    read.refuse(asks=asks)
    wanted = Wanted(sign, template, parameters, recipients, group)
    if asks:
        if not deciding.dry_run:
            house.provider.check(sends=True)  # before a person types what could not be sent
        wanted = _asked(runtime, house, wanted, odd=odd)
    content = Content(wanted.sign, wanted.parameters)
    messages = ((row, Message(recipient, content)) for row, recipient in enumerate(wanted.recipients, 1))
    account = house.provider.account()
    return Order("send", account, wanted.template, messages, wanted.group, heading.out_id, sign=wanted.sign)


def _asked(runtime: Runtime, house: House, wanted: Wanted, *, odd: bool) -> Wanted:
    """What is wanted, with what the person at the terminal adds."""
    from smswrap.cli.picking import Picker

    def wrong(values: Mapping[str, str]) -> list[Problem]:
        return check_parameters(values) or ([] if odd else odd_values(values))

    def numbers(text: str) -> tuple[list[str], list[Problem]]:
        again = Reader(runtime)
        return _recipients(again, (text,), repeated_once=False), [*again.lacking, *again.problems]

    return Picker(runtime, house).complete(wanted, wrong, numbers)


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


COMMANDS = {"send": command("send", run, (Sending, Heading, Deciding, Carrying))}
