"""`smswrap send-batch`: a text of their own for each recipient, from a file or from the API's arrays."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from smswrap.cli.answer import Answer, of_report
from smswrap.cli.input import Carrying, Deciding, Heading, Reader, Speed, options_of, write_or_warn
from smswrap.cli.options import command, flag, option, several
from smswrap.errors import InputError, Problem
from smswrap.model import Content, Message, Order
from smswrap.providers.parameters import Parameter, check, check_shape, check_text
from smswrap.record import dataclass
from smswrap.sending.message import Tidied, check_parameters, odd_values, parse_array, tidy_sign
from smswrap.sending.recipients import read_recipients

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from smswrap.cli.runtime import Runtime
    from smswrap.sending.house import House
    from smswrap.sending.report import Report
    from smswrap.sending.service import Options
    from smswrap.sending.table.files import HiddenRows
    from smswrap.sending.table.headers import ColumnMap
    from smswrap.sending.table.problems import ProblemReport
    from smswrap.sending.table.rows import Table


MOST = 100
"""Elements of each array, by the API page of SendBatchSms."""

PHONES, SIGNS = "--phone-number-json", "--sign-name-json"
PARAMETERS, EXTENDS = "--template-param-json", "--sms-up-extend-code-json"


@dataclass(frozen=True)
class Listing:
    """A file of recipients, and what is done with its rows."""

    source: str | None = option("--file", "FILE", "Recipients: .csv, .xlsx, .jsonl, or - for stdin.")
    column_map: str | None = option("--map", "PAIRS", "Which column is what: phone=手机号,code=验证码.")
    sign_name: str | None = option("-s --sign-name", "SIGN", "The sign of all rows without one of their own.")
    errors_file: str | None = option("--errors-file", "FILE", "Write all problems of the rows to this CSV file.")
    skip_invalid: bool = flag("--skip-invalid", "Leave rows with problems out instead of sending nothing.")
    result_file: str | None = option("--result-file", "FILE", "Write each row's outcome to this CSV file.")
    variables: tuple[str, ...] = several("--var", "NAME=VALUE", "A parameter that is the same for all rows.")
    sheet: str | None = option("--sheet", "NAME|NUMBER", "The sheet of a workbook that is the list.")
    hidden_rows: HiddenRows | None = option(
        "--hidden-rows", None, "What to do with rows that a sheet hides.", type=click.Choice(["skip", "send"])
    )
    encoding: str | None = option("--encoding", "NAME", "The file's encoding, such as gb18030 or cp1252.")
    large_file: bool = flag("--large-file", "Read a file of any size.")


@dataclass(frozen=True)
class Arrays:
    """The API's arrays: an element for each recipient."""

    phone_number_json: str | None = option(PHONES, "JSON", 'Recipients: ["13812345678","13912345678"], at most 100.')
    sign_name_json: str | None = option(SIGNS, "JSON", 'A sign for each: ["SignA","SignB"].')
    template_param_json: str | None = option(PARAMETERS, "JSON", 'Parameters for each: [{"code":"1"},{"code":"2"}].')
    sms_up_extend_code_json: str | None = option(EXTENDS, "JSON", "An extension of the sending number for each.")


def run(  # noqa: PLR0913, PLR0917  a record for each kind of option
    runtime: Runtime,
    listing: Listing,
    arrays: Arrays,
    heading: Heading,
    deciding: Deciding,
    carrying: Carrying,
    speed: Speed,
) -> Answer:
    """Parse, send, tell."""
    from smswrap.sending import service
    from smswrap.sending.planning import Found

    _refuse_mixture(listing, arrays)
    options = options_of(deciding, carrying, speed)
    with runtime.house() as house:
        if listing.source is not None:
            report = _send_file(runtime, house, listing.source, listing, heading, options)
        else:
            report = service.send(_order_of(runtime, house, arrays, heading), options, house, Found())
        return of_report("send-batch", report)


def _refuse_mixture(listing: Listing, arrays: Arrays) -> None:
    """A file and arrays do not go together, nor what belongs to a file with arrays."""
    wrong = arrays if listing.source is not None else listing
    given = [one.metadata["spellings"][-1] for one in fields(wrong) if getattr(wrong, one.name)]
    if given:
        step = "Give either --file or the arrays."
        raise InputError([Problem(name, "", "does not go with the other options", step) for name in given])


def _send_file(  # noqa: PLR0913, PLR0917  each is a thing of its own
    runtime: Runtime, house: House, source: str, listing: Listing, heading: Heading, options: Options
) -> Report:
    """Plan and send the rows of a file; they are read again for the results."""
    from smswrap.sending import service
    from smswrap.sending.table.headers import parse_map
    from smswrap.sending.table.problems import ProblemReport
    from smswrap.sending.table.results import RESULT_FILE, write_results
    from smswrap.sending.table.writing import check_writable

    read = Reader(runtime)
    order = _head_of(read, house, heading)
    sign = None if listing.sign_name is None else read.sign(listing.sign_name)
    constants = read.parameters((), listing.variables, odd=heading.accept_odd_values)
    read.refuse()
    _refuse_overwriting(listing)
    if listing.result_file:
        check_writable(RESULT_FILE, listing.result_file)
    with (
        ProblemReport(listing.errors_file, skips=listing.skip_invalid) as problems,
        _opened(source, listing) as table,
    ):
        template = house.template_if_told(order.template, sign, rehearsal=options.dry_run)
        columns = parse_map(listing.column_map, table.headers, template.variables if template else None, constants)
        messages = _messages(read, heading, table, columns, constants, sign, problems)
        text = template.content if template else None
        order = replace(order, messages=messages, listed=True, text=text, values="--file")
        report = service.send(order, options, house, problems)
        if listing.result_file and report.counts is not None:
            outcomes = house.journal.outcomes(report.plan)
            write_or_warn(runtime, partial(write_results, listing.result_file, outcomes, table))
        return report


def _opened(source: str, listing: Listing) -> AbstractContextManager[Table]:
    from smswrap.sending.table.files import LARGEST_FILE, open_table

    return open_table(
        source,
        column_map=listing.column_map,
        sheet=listing.sheet,
        hidden_rows=listing.hidden_rows,
        encoding=listing.encoding,
        largest=None if listing.large_file else LARGEST_FILE,
    )


def _refuse_overwriting(listing: Listing) -> None:
    """What is written must not be the list that is read, nor the other thing that is written."""
    names = {"--file": listing.source, "--errors-file": listing.errors_file, "--result-file": listing.result_file}
    seen: dict[str, str] = {}
    for name, path in names.items():
        if path is None or path == "-":
            continue
        place = os.path.realpath(os.path.expanduser(path))  # noqa: PTH111  pathlib raises for an unknown ~user
        if place in seen:
            raise InputError.of(name, path, f"is the same file as {seen[place]}", "Name another file.")
        seen[place] = name


def _messages(  # noqa: PLR0913, PLR0917  each is a thing of its own
    read: Reader,
    heading: Heading,
    table: Table,
    columns: ColumnMap,
    constants: Mapping[str, str],
    sign: str | None,
    problems: ProblemReport,
) -> Iterator[tuple[int, Message]]:
    from smswrap.sending.table.problems import Notices
    from smswrap.sending.table.rows import read_messages

    notices = Notices()
    found = read_messages(
        table,
        columns,
        sign=sign,
        samples_allowed=read.samples_allowed,
        notices=notices,
        constants=constants,
        accept_odd_values=heading.accept_odd_values,
    )
    for row, message in found:
        if isinstance(message, list):
            problems.add(message)
        else:
            yield row, message
    read.warn(notices.lines)


def _head_of(read: Reader, house: House, heading: Heading) -> Order:
    """The order without its messages."""
    template, group = read.template(heading.template_code), read.group(heading.message_group)
    read.out_id(heading.out_id)
    return Order("send-batch", house.provider.account(), template, (), group, heading.out_id)


def _order_of(runtime: Runtime, house: House, arrays: Arrays, heading: Heading) -> Order:
    """What the arrays say is to be sent, or raise InputError with all that is wrong."""
    read = Reader(runtime)
    order = _head_of(read, house, heading)
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
        checked = read.collect(partial(check_text, name, text), row)
        if name == SIGNS and checked is not None:
            read.collect(partial(check_shape, name, text, "sign"), row)


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


COMMANDS = {"send-batch": command("send-batch", run, (Listing, Arrays, Heading, Deciding, Carrying, Speed))}
