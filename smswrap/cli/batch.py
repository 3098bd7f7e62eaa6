"""`smswrap send-batch`: a text of their own for each recipient, from a file or from the API's arrays."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from smswrap.cli.answer import Answer, of_report
from smswrap.cli.input import Reader, pace_of
from smswrap.cli.options import Deciding, Following, Guarding, Speed, command, option
from smswrap.cli.plans import write_or_warn
from smswrap.cli.send import options_of
from smswrap.errors import InputError, Problem
from smswrap.model import Content, Message, Order
from smswrap.providers.parameters import Parameter, check, check_shape, check_text
from smswrap.sending.message import check_parameters, parse_array
from smswrap.sending.planning import Found
from smswrap.sending.recipients import read_recipients
from smswrap.sending.service import send
from smswrap.sending.table.files import LARGEST_FILE, HiddenRows, open_table
from smswrap.sending.table.headers import parse_map
from smswrap.sending.table.problems import Notices, ProblemReport
from smswrap.sending.table.results import RESULT_FILE, write_results
from smswrap.sending.table.rows import read_messages
from smswrap.sending.table.writing import check_writable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from smswrap.cli.runtime import Runtime
    from smswrap.sending.house import House
    from smswrap.sending.report import Report
    from smswrap.sending.service import Options
    from smswrap.sending.table.headers import ColumnMap
    from smswrap.sending.table.rows import Table

MOST = 100
"""Elements of each array, by the API page of SendBatchSms."""

PHONES, SIGNS = "--phone-number-json", "--sign-name-json"
PARAMETERS, EXTENDS = "--template-param-json", "--sms-up-extend-code-json"

HELP = """Send each recipient a text of their own: from a file of any size, or from the API's arrays of up to 100.

The whole file is checked first, and nothing is sent while there are problems. Columns are named by --map, or by their
headers: phone, sign, and the template's variables. Without --yes it asks at a terminal; elsewhere it sends nothing and
exits 9.

\b
Examples:
  smswrap send-batch --file people.csv -t SMS_123456 -s 我的签名 --map phone=手机号,code=验证码
  smswrap send-batch -t SMS_123456 --phone-number-json '["13812345678","13912345678"]' \\
    --sign-name-json '["SignA","SignB"]' --template-param-json '[{"code":"111111"},{"code":"222222"}]'
"""


@dataclass(frozen=True)
class Listing:
    """A file of recipients, and what is done with its rows."""

    source: str | None = option("--file", metavar="FILE", help="Recipients: .csv, .xlsx, .jsonl, or - for stdin.")
    column_map: str | None = option("--map", metavar="PAIRS", help="Which column is what: phone=手机号,code=验证码.")
    sign_name: str | None = option(
        "-s", "--sign-name", metavar="SIGN", help="The sign of all rows without one of their own."
    )
    errors_file: str | None = option(
        "--errors-file", metavar="FILE", help="Write all problems of the rows to this CSV file."
    )
    skip_invalid: bool = option(
        "--skip-invalid", is_flag=True, default=False, help="Leave rows with problems out instead of sending nothing."
    )
    result_file: str | None = option("--result-file", metavar="FILE", help="Write each row's outcome to this CSV file.")
    variables: tuple[str, ...] = option(
        "--var", multiple=True, default=(), metavar="NAME=VALUE", help="A parameter that is the same for all rows."
    )
    sheet: str | None = option("--sheet", metavar="NAME|NUMBER", help="The sheet of a workbook that is the list.")
    hidden_rows: HiddenRows | None = option(  # noqa: RUF009  as its neighbours; the alias hides that it is a text
        "--hidden-rows", type=click.Choice(["skip", "send"]), help="What to do with rows that a sheet hides."
    )
    encoding: str | None = option("--encoding", metavar="NAME", help="The file's encoding, such as gb18030 or cp1252.")
    accept_odd_values: bool = option(
        "--accept-odd-values", is_flag=True, default=False, help="Send values such as nan or 4.2E+05 as they are."
    )
    large_file: bool = option("--large-file", is_flag=True, default=False, help="Read a file of any size.")


@dataclass(frozen=True)
class Arrays:
    """The API's arrays: an element for each recipient."""

    phone_number_json: str | None = option(
        PHONES, metavar="JSON", help='Recipients: ["13812345678","13912345678"], at most 100.'
    )
    sign_name_json: str | None = option(SIGNS, metavar="JSON", help='A sign for each: ["SignA","SignB"].')
    template_param_json: str | None = option(
        PARAMETERS, metavar="JSON", help='Parameters for each: [{"code":"1"},{"code":"2"}].'
    )
    sms_up_extend_code_json: str | None = option(
        EXTENDS, metavar="JSON", help="An extension of the sending number for each."
    )


@dataclass(frozen=True)
class Heading:
    """What all messages have in common."""

    template_code: str | None = option("-t", "--template-code", metavar="CODE", help="The approved template of all.")
    out_id: str | None = option("-o", "--out-id", metavar="ID", help="Your own id of this send, below 256 characters.")
    message_group: str | None = option(
        "--message-group", metavar="ID", help="Volcengine's message group; needed if the account has several."
    )


def run(  # noqa: PLR0913, PLR0917  a record for each kind of option
    runtime: Runtime,
    listing: Listing,
    arrays: Arrays,
    heading: Heading,
    deciding: Deciding,
    following: Following,
    guarding: Guarding,
    speed: Speed,
) -> Answer:
    """Parse, send, tell."""
    _refuse_mixture(listing, arrays)
    options = options_of(deciding, following, guarding, pace_of(speed))
    with runtime.house() as house:
        if listing.source is not None:
            report = _send_file(runtime, house, listing.source, listing, heading, options)
        else:
            report = send(_order_of(runtime, house, arrays, heading), options, house, Found())
        return of_report("send-batch", report)


def _refuse_mixture(listing: Listing, arrays: Arrays) -> None:
    """A file and arrays do not go together, nor what belongs to a file with arrays."""
    wrong = arrays if listing.source is not None else listing
    given = [one.metadata["spellings"][-1] for one in fields(wrong) if getattr(wrong, one.name)]
    if given:
        step = "Give either --file or the arrays."
        raise InputError([Problem(name, "", "does not go with the other options", step) for name in given])


def _head(read: Reader, house: House, heading: Heading) -> Order:
    """The order without its messages."""
    template, group = read.template(heading.template_code), read.group(heading.message_group)
    read.out_id(heading.out_id)
    return Order("send-batch", house.provider.account(), template, (), group, heading.out_id)


def _order_of(runtime: Runtime, house: House, arrays: Arrays, heading: Heading) -> Order:
    read = Reader(runtime)
    order = _head(read, house, heading)
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
    _check_texts(read, SIGNS, signs)
    _check_texts(read, EXTENDS, extends)
    _check_objects(read, parameters)
    if read.problems:
        raise InputError(read.problems)
    contents = map(Content, signs, parameters or [{}] * len(signs), extends or [None] * len(signs))
    messages = enumerate(map(Message, recipients, contents), 1)
    return replace(order, messages=messages, personal=True, listed=True)


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


def _check_objects(read: Reader, parameters: list[Any]) -> None:
    for row, values in enumerate(parameters, 1):
        if isinstance(values, dict):
            read.problems += check_parameters(values, field=PARAMETERS, row=row)
        else:
            read.problems.append(Problem(PARAMETERS, "", "is not a JSON object", 'Give [{"code":"1"},…].', row))


def _send_file(  # noqa: PLR0913, PLR0917  each is a thing of its own
    runtime: Runtime, house: House, source: str, listing: Listing, heading: Heading, options: Options
) -> Report:
    """Plan and send the rows of a file; they are read again for the results."""
    read = Reader(runtime)
    order = _head(read, house, heading)
    sign = None if listing.sign_name is None else read.sign(listing.sign_name)
    constants = read.parameters((), listing.variables)
    if read.problems:
        raise InputError(read.problems)
    _refuse_overwriting(listing)
    if listing.result_file:
        check_writable(RESULT_FILE, listing.result_file)
    with (
        ProblemReport(listing.errors_file, skips=listing.skip_invalid) as problems,
        _opened(source, listing) as table,
    ):
        template = house.template_if_told(order.template, sign, rehearsal=options.dry_run)
        columns = parse_map(listing.column_map, table.headers, template.variables if template else None, constants)
        messages = _messages(read, listing, table, columns, constants, sign, problems)
        text = template.content if template else None
        report = send(replace(order, messages=messages, listed=True, text=text), options, house, problems)
        if listing.result_file and report.counts is not None:
            outcomes = house.journal.outcomes(report.plan)
            write_or_warn(runtime, partial(write_results, listing.result_file, outcomes, table))
        return report


def _opened(source: str, listing: Listing) -> AbstractContextManager[Table]:
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
    listing: Listing,
    table: Table,
    columns: ColumnMap,
    constants: Mapping[str, str],
    sign: str | None,
    problems: ProblemReport,
) -> Iterator[tuple[int, Message]]:
    notices = Notices()
    found = read_messages(
        table,
        columns,
        sign=sign,
        samples_allowed=read.samples_allowed,
        notices=notices,
        constants=constants,
        accept_odd_values=listing.accept_odd_values,
    )
    for row, message in found:
        if isinstance(message, list):
            problems.add(message)
        else:
            yield row, message
    read.warn(notices.lines)


COMMAND = command("send-batch", run, (Listing, Arrays, Heading, Deciding, Following, Guarding, Speed), HELP)
