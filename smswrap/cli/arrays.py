"""The API's arrays of `send-batch`: an element for each recipient, checked into an order."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from smswrap.cli.input import Reader
from smswrap.cli.options import option
from smswrap.errors import Problem
from smswrap.model import Content, Message, Order
from smswrap.providers.parameters import Parameter, check, check_shape, check_text
from smswrap.record import dataclass
from smswrap.sending.message import Tidied, check_parameters, odd_values, parse_array, tidy_sign
from smswrap.sending.recipients import read_recipients

if TYPE_CHECKING:
    from smswrap.cli.options import Heading
    from smswrap.cli.runtime import Runtime
    from smswrap.sending.house import House

MOST = 100
"""Elements of each array, by the API page of SendBatchSms."""

PHONES, SIGNS = "--phone-number-json", "--sign-name-json"
PARAMETERS, EXTENDS = "--template-param-json", "--sms-up-extend-code-json"


@dataclass(frozen=True)
class Arrays:
    """The API's arrays: an element for each recipient."""

    phone_number_json: str | None = option(PHONES, "JSON", 'Recipients: ["13812345678","13912345678"], at most 100.')
    sign_name_json: str | None = option(SIGNS, "JSON", 'A sign for each: ["SignA","SignB"].')
    template_param_json: str | None = option(PARAMETERS, "JSON", 'Parameters for each: [{"code":"1"},{"code":"2"}].')
    sms_up_extend_code_json: str | None = option(EXTENDS, "JSON", "An extension of the sending number for each.")


def head_of(read: Reader, house: House, heading: Heading) -> Order:
    """The order without its messages."""
    template, group = read.template(heading.template_code), read.group(heading.message_group)
    read.out_id(heading.out_id)
    return Order("send-batch", house.provider.account(), template, (), group, heading.out_id)


def order_of(runtime: Runtime, house: House, arrays: Arrays, heading: Heading) -> Order:
    """What the arrays say is to be sent, or raise InputError with all that is wrong."""
    read = Reader(runtime)
    order = head_of(read, house, heading)
    phones = _array(read, PHONES, arrays.phone_number_json, required=True)
    signs = _array(read, SIGNS, arrays.sign_name_json, required=True)
    parameters = _array(read, PARAMETERS, arrays.template_param_json, required=False)
    extends = _array(read, EXTENDS, arrays.sms_up_extend_code_json, required=False)
    if extends:
        read.extend_codes(EXTENDS)
    _refuse_uneven(read, phones, {SIGNS: signs, PARAMETERS: parameters, EXTENDS: extends})
    recipients, wrong, notices = read_recipients(map(str, phones), samples_allowed=read.samples_allowed, field=PHONES)
    read.problems += wrong
    read.notice(notices)
    signs = _without_brackets(read, signs)
    _check_texts(read, SIGNS, signs)
    _check_texts(read, EXTENDS, extends)
    read.oddities(_check_objects(read, parameters), accepted=heading.accept_odd_values)
    read.refuse()
    contents = map(Content, signs, parameters or [{}] * len(signs), extends or [None] * len(signs))
    messages = enumerate(map(Message, recipients, contents), 1)
    return replace(order, messages=messages, personal=True, listed=True, values=PARAMETERS)


def _array(read: Reader, option_name: str, text: str | None, *, required: bool) -> list[Any]:
    if text is None:
        if required:
            read.missing(option_name, f"Add {option_name} with a JSON array.")
        return []
    shape = Parameter(option_name[2:], option_name, "", "array", high=MOST, private=True)
    if read.collect(lambda: check(shape, text)) is None:
        return []
    return read.collect(lambda: parse_array(text, field=option_name)) or []


def _refuse_uneven(read: Reader, phones: list[Any], others: dict[str, list[Any]]) -> None:
    for name, array in others.items():
        if phones and array and len(array) != len(phones):
            rule = f"has {len(array)} elements, but {PHONES} has {len(phones)}"
            read.problems.append(Problem(name, "", rule, "Give one for each recipient."))


def _without_brackets(read: Reader, signs: list[Any]) -> list[Any]:
    """The signs as the provider knows them; what was taken off is told."""
    found = []
    for row, sign in enumerate(signs, 1):
        tidied = tidy_sign(sign, field=SIGNS, row=row) if isinstance(sign, str) else Tidied(sign)
        read.notice(tidied.notices)
        found.append(tidied.value)
    return found


def _check_texts(read: Reader, name: str, texts: list[Any]) -> None:
    for row, text in enumerate(texts, 1):
        if not isinstance(text, str):
            read.problems.append(Problem(name, "", "is not a string", 'Put it in quotes: ["…"].', row))
            continue
        found = Reader.of(read)
        found.collect(partial(check_text, name, text))
        if name == SIGNS and not found.problems:
            found.collect(partial(check_shape, name, text, "sign"))
        read.problems += [replace(problem, row=row) for problem in found.problems]


def _check_objects(read: Reader, parameters: list[Any]) -> list[Problem]:
    """Check each recipient's parameters; give what is odd about their values."""
    odd: list[Problem] = []
    for row, values in enumerate(parameters, 1):
        if isinstance(values, dict):
            wrong = check_parameters(values, field=PARAMETERS, row=row)
            read.problems += wrong
            odd += [] if wrong else odd_values(values, field=PARAMETERS, row=row)
        else:
            read.problems.append(Problem(PARAMETERS, "", "is not a JSON object", 'Give [{"code":"1"},…].', row))
    return odd
