"""The verbs that only read, made from the operations tables: one operation, one verb."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import click

from smswrap import signals
from smswrap.cli.answer import EMPTY, Answer, json_text
from smswrap.cli.options import SECONDS, Option, flag, option, option_for, options_of, with_common_options
from smswrap.clock import today, week
from smswrap.errors import Fault, InputError, Kind, Problem
from smswrap.masking import mask_under
from smswrap.providers.base import PROVIDER_NAMES, operations_of
from smswrap.providers.parameters import check
from smswrap.providers.records import as_json
from smswrap.record import dataclass
from smswrap.sending.message import tidy_sign, tidy_template
from smswrap.sending.receipts import FINAL, FIRST_PAUSE, LONGEST_PAUSE, explained
from smswrap.sending.recipients import Recipient, number_of, read_recipient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smswrap.cli.runtime import Runtime
    from smswrap.providers.base import Operation, Reply, Session, Talk
    from smswrap.providers.parameters import Parameter
    from smswrap.providers.records import Receipt

WAITING, READING = "Waiting for receipts", "Reading"

MOST_PAGES = 1000
"""Pages that --all walks at most, against a provider that never comes to an end."""

MOST_CHARACTERS = 57_000
"""Of JSON that the short rows of a list may take; an agent's view ends somewhere above that."""


@dataclass(frozen=True)
class Extras:
    """What we offer besides the operation's own parameters."""

    every_page: bool = flag("--all", "Walk all pages.")
    search: str | None = option("--search", "WORD", "Only items that hold this word, of all pages.")
    full: bool = flag("--full", "Tell all fields of each item, not the main ones.")
    approved: bool = flag("--approved", "Only what can be sent with.")
    show_personal_data: bool = flag("--show-personal-data", "Show identities unmasked.")
    wait: bool = flag("--wait", "Poll until all are delivered or failed.")
    wait_timeout: int = option("--wait-timeout", None, "Seconds.", type=SECONDS, default=60, show_default=True)
    chart: bool = False
    chart_file: str | None = None


OFFERED: Mapping[str, str] = {
    "every_page": "paged",
    "search": "listed",
    "full": "listed",
    "approved": "stateful",
    "show_personal_data": "personal",
    "wait": "awaited",
    "wait_timeout": "awaited",
}
"""What an operation must have so that an option is offered."""


@dataclass(frozen=True)
class Reading:
    """One use of a reading verb."""

    runtime: Runtime
    operation: Operation
    values: Mapping[str, Any]
    extras: Extras


def verbs() -> list[str]:
    """The reading verbs of all providers."""
    rows = [row for table in _tables().values() for row in table.values() if row.kind == "read"]
    return list(dict.fromkeys(row.verb for row in rows))


def group_and_line(verb: str) -> tuple[str, str]:
    """The group of a reading verb in the list of verbs, and its line."""
    row = next(table[verb] for table in _tables().values() if verb in table)
    return "Look up" if row.awaited or row.totals else "Account", row.help


def command_for(verb: str) -> click.Command:
    """Make a verb's command: its options are those that any provider's operation takes."""
    rows = [table[verb] for table in _tables().values() if verb in table]
    parameters = {parameter.key: parameter for row in rows for parameter in row.parameters}
    made = click.Command(
        verb,
        callback=click.pass_obj(partial(_run, verb=verb)),
        params=[*map(option_for, parameters.values()), *_extra_options(rows[0])],
        help=f"{rows[0].help}\n\nExample:\n  {rows[0].example}",
    )
    return with_common_options(made)


def _tables() -> Mapping[str, Mapping[str, Operation]]:
    return {name: operations_of(name) for name in PROVIDER_NAMES}


def _extra_options(operation: Operation) -> list[Option]:
    extras = [one for one in options_of(Extras) if getattr(operation, OFFERED[str(one.name)])]
    if operation.totals:
        from smswrap.cli.charts import Drawing

        extras += options_of(Drawing)
    return extras


def _run(runtime: Runtime, /, *, verb: str, **values: Any) -> Answer:  # noqa: ANN401  click's options
    operation = operations_of(runtime.provider_name).get(verb)
    if operation is None:
        rule = f"is not offered by the provider {runtime.provider_name}"
        raise InputError.of(verb, "", rule, "See `smswrap --help` for the verbs, or choose another --provider.")
    extras = Extras(**{name: values.pop(name) for name in vars(Extras()) if name in values})
    reading = Reading(runtime, operation, checked(operation, _tidied(runtime, operation, values)), extras)
    return _charted(reading) if extras.chart or extras.chart_file else _read(reading)


def _tidied(runtime: Runtime, operation: Operation, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values without what was pasted around a sign or a template's code; that is told."""
    tidy = {"sign": tidy_sign, "template": tidy_template}
    found = dict(values)
    for parameter in operation.parameters:
        if parameter.shape in tidy and found.get(parameter.key):
            tidied = tidy[parameter.shape](found[parameter.key], field=parameter.option)
            found[parameter.key] = tidied.value
            for notice in tidied.notices:
                runtime.talk.warn(f"{notice}.")
    return found


def _charted(reading: Reading) -> Answer:
    """The answer with its bars; they stand in for the table, and go to a file."""
    from smswrap.cli import charts

    drawing = charts.Drawing(reading.extras.chart, reading.extras.chart_file)
    charts.check_file(drawing)
    answer = _read(replace(reading, extras=replace(reading.extras, every_page=bool(reading.operation.paged))))
    charts.finish(reading.runtime, drawing, answer, charts.statistics_bars(answer.data, reading.values))
    return answer


def checked(operation: Operation, given: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values by the operation's parameters, or raise InputError with all that is wrong."""
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    own = {parameter.key: parameter for parameter in operation.parameters}
    for key, value in given.items():
        if value is not None and key not in own:
            problems.append(Problem(f"--{key.replace('_', '-')}", "", "is not known to this provider", "Leave it out."))
    for key, parameter in own.items():
        try:
            values[key] = _value(parameter, given.get(key))
        except InputError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError(problems)
    if "end_date" in values:
        values["start_date"], values["end_date"] = week(values["start_date"], values["end_date"])
    for rule in operation.rules:
        rule(values)
    return values


def _value(parameter: Parameter, value: object) -> Any:  # noqa: ANN401  what the parameter's type says
    if value is None:
        if parameter.required:
            raise InputError.of(parameter.option, "", "must be given", f"Add {parameter.option}: {parameter.help}")
        return parameter.default
    if parameter.type == "phone":
        return number_of(str(value), parameter.option)
    return check(parameter, value)


def _read(reading: Reading) -> Answer:
    """Make the calls and give the answer."""
    runtime, operation = reading.runtime, reading.operation
    with runtime.provider().session(sends=False) as session:
        replies = _replies(reading, session)
        record = _joined(reading, replies)
        if operation.completed is not None:
            record = operation.completed(session, record)
    answer = Answer(operation.verb, runtime.provider_name, as_json(record), columns=operation.columns)
    if operation.stateful and operation.listed:
        from smswrap.cli.completion import remember

        items = answer.data[operation.listed]
        remember(runtime, operation.listed, ((item[operation.columns[0]], item["state"]) for item in items))
    if operation.listed and not reading.extras.full:
        _shorten(reading, answer)
    answer.pages = len(replies)
    answer.attach([reply.body for reply in replies], [reply.text for reply in replies])
    if operation.personal and not reading.extras.show_personal_data:
        answer.data = mask_under(answer.data, {"personal"})
        answer.reply = mask_under(answer.reply, operation.personal)
    _judge(reading, answer)
    return answer


def _replies(reading: Reading, session: Session) -> list[Reply]:
    values = dict(reading.values)
    if not reading.operation.awaited:
        return _pages(reading, session, values)
    if values.get("send_date") is None and "from_time" not in values:
        values["send_date"] = today()
    replies = _pages(reading, session, values)
    deadline, pause = time.monotonic() + reading.extras.wait_timeout, FIRST_PAUSE
    with reading.runtime.talk.progress(WAITING, seconds=reading.extras.wait_timeout):
        while reading.extras.wait and _in_flight(replies) and (left := deadline - time.monotonic()) > 0:
            signals.pause(min(pause, left))
            pause = min(pause * 2, LONGEST_PAUSE)
            replies = _pages(reading, session, values)
    return replies


def _pages(reading: Reading, session: Session, values: dict[str, Any]) -> list[Reply]:
    if not reading.operation.paged or not (reading.extras.every_page or reading.extras.search):
        with reading.runtime.talk.progress(READING):
            return [session.call(reading.operation.verb, values)]
    return every_page(reading.operation, session, values, reading.runtime.talk)


def every_page(operation: Operation, session: Session, values: Mapping[str, Any], talk: Talk) -> list[Reply]:
    """The replies of all pages, from the first."""
    if not operation.paged:
        return [session.call(operation.verb, values)]
    values = {**values, "page": 1}
    replies = [session.call(operation.verb, values)]
    with talk.progress(READING, replies[0].record.total) as advance:
        seen = 0
        for _ in range(MOST_PAGES):
            items = getattr(replies[-1].record, operation.paged)
            seen += len(items)
            advance(len(items))
            if not items or seen >= replies[-1].record.total:
                break
            values = {**values, "page": values["page"] + 1}
            replies.append(session.call(operation.verb, values))
    return replies


def _in_flight(replies: list[Reply]) -> bool:
    messages = [message for reply in replies for message in reply.record.messages]
    return not messages or any(message.receipt not in FINAL for message in messages)


def _shorten(reading: Reading, answer: Answer) -> None:
    """Tell of each item what its columns name and what is known; of very many, as many as fit."""
    name, columns = reading.operation.listed, reading.operation.columns
    if reading.extras.approved:
        columns = tuple(column for column in columns if column != "state")  # all are
    rows = [{column: item[column] for column in columns if item[column] not in EMPTY} for item in answer.data[name]]
    sizes = accumulate(len(json_text(row, pretty=False)) + 1 for row in rows)
    fitting = sum(size <= MOST_CHARACTERS for size in sizes)
    answer.data[name] = rows[:fitting]
    if fitting < len(rows):
        answer.data["left_out"] = len(rows) - fitting
        answer.warnings.append(f"{len(rows) - fitting} more are left out: --search WORD finds some, --full tells all.")


def _joined(reading: Reading, replies: list[Reply]) -> Any:  # noqa: ANN401  one of the records
    """The records of all pages as one, filtered and explained."""
    record, operation, extras = replies[0].record, reading.operation, reading.extras
    name = operation.paged or operation.listed
    if not name:
        return record
    items = [item for reply in replies for item in getattr(reply.record, name)]
    if extras.approved:
        items = [item for item in items if item.state == "approved"]
    if extras.search:
        word, columns = extras.search.casefold(), operation.columns
        items = [one for one in items if any(word in str(getattr(one, key, None) or "").casefold() for key in columns)]
    if operation.awaited:
        items = [explained(_spelt(item), reading.runtime.provider_name) for item in items]
    told: dict[str, object] = {"totals": operation.totals(items)} if operation.totals else {}
    if operation.listed and (extras.every_page or extras.search):
        told["total"] = len(items)
    return replace(record, **{name: tuple(items)}, **told)


def _spelt(receipt: Receipt) -> Receipt:
    """The receipt with its number in the one spelling that smswrap gives numbers."""
    found = read_recipient(receipt.recipient, bare_foreign=True) if receipt.recipient else None
    return replace(receipt, recipient=found.number) if isinstance(found, Recipient) else receipt


def _judge(reading: Reading, answer: Answer) -> None:
    if reading.operation.awaited:
        _judge_receipts(reading, answer)
    elif reading.extras.approved and not reading.operation.paged and answer.data["state"] != "approved":
        message = f"It is {answer.data['state']}, not approved."
        lists = [
            row.verb for row in operations_of(reading.runtime.provider_name).values() if row.listed and row.stateful
        ]
        step = f"Choose an approved one: {', '.join(f'`smswrap {verb} --approved`' for verb in lists)}."
        answer.fault = Fault(Kind.REFUSED, message, "It cannot be sent with.", step, code="not-approved")


def _judge_receipts(reading: Reading, answer: Answer) -> None:
    messages = answer.data["messages"]
    if not messages:
        answer.warnings.append("The gateway shows no such message; shortly after a send that proves nothing.")
    failed = [message for message in messages if message["receipt"] == "failed"]
    if failed:
        message = f"{len(failed)} of {len(messages)} messages failed: {failed[0]['code']}."
        step = f"See `smswrap explain {failed[0]['code']}`."
        answer.fault = Fault(Kind.REFUSED, message, failed[0]["meaning"] or "", step, "never", failed[0]["code"])
        answer.failed = "undelivered"
    elif reading.extras.wait and (not messages or any(message["receipt"] not in FINAL for message in messages)):
        seconds = reading.extras.wait_timeout
        answer.warnings.append(f"Still no receipt after {seconds} s; query again later, do not send again.")
