"""`smswrap send-batch`: a text of their own for each recipient."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from smswrap.cli.options import with_common_options
from smswrap.cli.send import LONGEST_OUT_ID, collect, draft_of, read_text, sending_options
from smswrap.cli.sender import Choice, carry_out
from smswrap.errors import InputError, Problem
from smswrap.providers.base import Message
from smswrap.providers.parameters import Parameter, check, check_text
from smswrap.sending.message import check_parameters, parse_array
from smswrap.sending.recipients import read_recipients

if TYPE_CHECKING:
    from smswrap.cli.output import Answer
    from smswrap.cli.runtime import Runtime
    from smswrap.sending.plan import Draft

MOST = 100
"""Elements of each array, by the API page of SendBatchSms."""

PHONES, SIGNS = "--phone-number-json", "--sign-name-json"
PARAMETERS, EXTENDS = "--template-param-json", "--sms-up-extend-code-json"


@click.command("send-batch")
@click.option(PHONES, metavar="JSON", help='Recipients: ["13812345678","13912345678"], at most 100.')
@click.option(SIGNS, metavar="JSON", help='A sign for each: ["SignA","SignB"].')
@click.option(PARAMETERS, metavar="JSON", help='Parameters for each: [{"code":"1"},{"code":"2"}].')
@click.option(EXTENDS, metavar="JSON", help="An extension of the sending number for each.")
@click.option("-t", "--template-code", metavar="CODE", help="The approved template of all.")
@click.option("-o", "--out-id", metavar="ID", help="Your own id of this send, below 256 characters.")
@sending_options
@click.pass_obj
def send_batch(runtime: Runtime, /, **given: Any) -> Answer:  # noqa: ANN401  click's options, each of its own type
    """Send each of up to 100 recipients a text of their own.

    The arrays correspond one to one. Without --yes it asks at a terminal; elsewhere it sends nothing and exits 9.

    \b
    Example:
      smswrap send-batch -t SMS_123456 --phone-number-json '["13812345678","13912345678"]' \\
        --sign-name-json '["SignA","SignB"]' --template-param-json '[{"code":"111111"},{"code":"222222"}]' --verify
    """  # noqa: D301  \b is click's mark for text that keeps its lines
    choice = Choice.taken_from(given)
    draft, messages = _planned(runtime, given)
    return carry_out(runtime, draft, messages, choice)


def _planned(runtime: Runtime, given: dict[str, Any]) -> tuple[Draft, list[Message]]:
    problems: list[Problem] = []
    template = read_text(problems, "--template-code", given["template_code"])
    if given["out_id"] is not None:
        read_text(problems, "--out-id", given["out_id"], longest=LONGEST_OUT_ID)
    phones = _array(problems, PHONES, given["phone_number_json"], required=True)
    signs = _array(problems, SIGNS, given["sign_name_json"], required=True)
    parameters = _array(problems, PARAMETERS, given["template_param_json"], required=False)
    extends = _array(problems, EXTENDS, given["sms_up_extend_code_json"], required=False)
    problems += _uneven(phones, {SIGNS: signs, PARAMETERS: parameters, EXTENDS: extends})
    recipients, wrong = read_recipients(map(str, phones), samples_allowed=runtime.sandbox, field=PHONES)
    problems += [*wrong, *_texts(SIGNS, signs), *_texts(EXTENDS, extends), *_objects(parameters)]
    if problems:
        raise InputError(problems)
    each = (recipients, signs, parameters or [{}] * len(recipients), extends or [None] * len(recipients))
    return draft_of(runtime, template, out_id=given["out_id"], personal=True), list(map(Message, *each))


def _array(problems: list[Problem], option: str, text: str | None, *, required: bool) -> list[Any]:
    if text is None:
        if required:
            problems.append(Problem(option, "", "must be given", f"Add {option} with a JSON array."))
        return []
    collect(problems, lambda: check(Parameter(option[2:], option, "", "array", high=MOST, private=True), text))
    return collect([], lambda: parse_array(text, field=option)) or []


def _uneven(phones: list[Any], others: dict[str, list[Any]]) -> list[Problem]:
    return [
        Problem(
            option, "", f"has {len(array)} elements, but {PHONES} has {len(phones)}", "Give one for each recipient."
        )
        for option, array in others.items()
        if array and len(array) != len(phones)
    ]


def _texts(option: str, texts: list[Any]) -> list[Problem]:
    problems: list[Problem] = []
    for row, text in enumerate(texts, 1):
        if not isinstance(text, str):
            problems.append(Problem(option, "", "is not a string", 'Put it in quotes: ["…"].', row))
            continue
        found: list[Problem] = []
        collect(found, partial(check_text, option, text))
        problems += [replace(problem, row=row) for problem in found]
    return problems


def _objects(parameters: list[Any]) -> list[Problem]:
    problems: list[Problem] = []
    for row, values in enumerate(parameters, 1):
        if isinstance(values, dict):
            problems += check_parameters(values, field=PARAMETERS, row=row)
        else:
            problems.append(Problem(PARAMETERS, "", "is not a JSON object", 'Give [{"code":"1"},…].', row))
    return problems


with_common_options(send_batch)
