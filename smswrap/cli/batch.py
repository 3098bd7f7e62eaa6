"""`smswrap send-batch`: a text of their own for each recipient."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from smswrap.cli.batchfile import send_file
from smswrap.cli.options import with_common_options
from smswrap.cli.send import (
    LONGEST_OUT_ID,
    collect,
    draft_of,
    pace_options,
    read_text,
    sending_options,
    unknown_to_provider,
)
from smswrap.cli.sender import Choice, Given, carry_out
from smswrap.errors import InputError, Problem
from smswrap.providers.base import Message
from smswrap.providers.parameters import Parameter, check, check_shape, check_text
from smswrap.sending.message import check_parameters, parse_array
from smswrap.sending.recipients import read_recipients
from smswrap.sending.table.problems import ProblemReport

if TYPE_CHECKING:
    from smswrap.cli.output import Answer
    from smswrap.cli.runtime import Runtime
    from smswrap.sending.plan import Draft

MOST = 100
"""Elements of each array, by the API page of SendBatchSms."""

PHONES, SIGNS = "--phone-number-json", "--sign-name-json"
PARAMETERS, EXTENDS = "--template-param-json", "--sms-up-extend-code-json"


FILE_ONLY = ("column_map", "sign_name", "errors_file", "skip_invalid", "result_file")
ARRAYS = ("phone_number_json", "sign_name_json", "template_param_json", "sms_up_extend_code_json")


@click.command("send-batch")
@click.option("--file", "source", metavar="FILE", help="Recipients: .csv, .xlsx, .jsonl, or - for stdin.")
@click.option("--map", "column_map", metavar="PAIRS", help="Which column is what: phone=手机号,code=验证码.")
@click.option("-s", "--sign-name", metavar="SIGN", help="The sign of all rows without one of their own.")
@click.option("--errors-file", metavar="FILE", help="Write all problems of the rows to this CSV file.")
@click.option("--skip-invalid", is_flag=True, help="Leave rows with problems out instead of sending nothing.")
@click.option("--result-file", metavar="FILE", help="Write each row's outcome to this CSV file.")
@click.option(PHONES, metavar="JSON", help='Recipients: ["13812345678","13912345678"], at most 100.')
@click.option(SIGNS, metavar="JSON", help='A sign for each: ["SignA","SignB"].')
@click.option(PARAMETERS, metavar="JSON", help='Parameters for each: [{"code":"1"},{"code":"2"}].')
@click.option(EXTENDS, metavar="JSON", help="An extension of the sending number for each.")
@click.option("-t", "--template-code", metavar="CODE", help="The approved template of all.")
@click.option("-o", "--out-id", metavar="ID", help="Your own id of this send, below 256 characters.")
@click.option("--message-group", metavar="ID", help="Volcengine's message group; needed if the account has several.")
@sending_options
@pace_options
@click.pass_obj
def send_batch(runtime: Runtime, /, **given: Any) -> Answer:  # noqa: ANN401  click's options, each of its own type
    """Send each recipient a text of their own: from a file of any size, or from the API's arrays of up to 100.

    The whole file is checked first, and nothing is sent while there are problems. Columns are named by --map, or by
    their headers: phone, sign, and the template's variables. Without --yes it asks at a terminal; elsewhere it sends
    nothing and exits 9.

    \b
    Examples:
      smswrap send-batch --file people.csv -t SMS_123456 -s 我的签名 --map phone=手机号,code=验证码 --verify
      smswrap send-batch -t SMS_123456 --phone-number-json '["13812345678","13912345678"]' \\
        --sign-name-json '["SignA","SignB"]' --template-param-json '[{"code":"111111"},{"code":"222222"}]'
    """  # noqa: D301  \b is click's mark for text that keeps its lines
    choice = Choice.taken_from(given)
    _refuse_mixture(given)
    if given["source"] is not None:
        return send_file(runtime, choice, given)
    draft, messages = _planned(runtime, given)
    return carry_out(runtime, Given(draft, enumerate(messages, 1), ProblemReport()), choice)


def _refuse_mixture(given: dict[str, Any]) -> None:
    wrong = ARRAYS if given["source"] is not None else FILE_ONLY
    step = "Give either --file or the arrays."
    problems = [
        Problem(f"--{key.replace('column_', '').replace('_', '-')}", "", "does not go with the other options", step)
        for key in wrong
        if given[key]
    ]
    if problems:
        raise InputError(problems)


def _planned(runtime: Runtime, given: dict[str, Any]) -> tuple[Draft, list[Message]]:
    problems: list[Problem] = []
    template = read_text(problems, "--template-code", given["template_code"])
    if given["message_group"] is not None:
        read_text(problems, "--message-group", given["message_group"])
        problems += unknown_to_provider(runtime, "message-group")
    if given["out_id"] is not None:
        read_text(problems, "--out-id", given["out_id"], longest=LONGEST_OUT_ID)
    phones = _array(problems, PHONES, given["phone_number_json"], required=True)
    signs = _array(problems, SIGNS, given["sign_name_json"], required=True)
    parameters = _array(problems, PARAMETERS, given["template_param_json"], required=False)
    extends = _array(problems, EXTENDS, given["sms_up_extend_code_json"], required=False)
    if extends and unknown_to_provider(runtime, "extend-code"):
        rule = f"is an extension of the sending number, which {runtime.provider_name} does not take"
        problems.append(Problem(EXTENDS, "", rule, "Leave it out."))
    problems += _uneven(phones, {SIGNS: signs, PARAMETERS: parameters, EXTENDS: extends})
    recipients, wrong, notices = read_recipients(map(str, phones), samples_allowed=runtime.sandbox, field=PHONES)
    problems += [*wrong, *_texts(SIGNS, signs), *_texts(EXTENDS, extends), *_objects(parameters)]
    if problems:
        raise InputError(problems)
    for notice in notices:
        runtime.talk.warn(f"{notice}.")
    each = (recipients, signs, parameters or [{}] * len(recipients), extends or [None] * len(recipients))
    head = {"out_id": given["out_id"], "group": given["message_group"], "personal": True}
    return draft_of(runtime, template, **head), list(map(Message, *each))


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
        if not found and option == SIGNS:
            collect(found, partial(check_shape, option, text, "sign"))
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
