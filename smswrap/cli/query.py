"""The verbs that only read, made from the operations tables: one operation, one verb."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from smswrap.cli.options import option_for, with_common_options
from smswrap.cli.reading import STATES, Reading, read
from smswrap.errors import InputError, Problem
from smswrap.providers.base import PROVIDER_NAMES, operations_of
from smswrap.providers.parameters import check
from smswrap.sending.recipients import read_recipient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smswrap.cli.output import Answer
    from smswrap.cli.runtime import Runtime
    from smswrap.providers.base import Operation
    from smswrap.providers.parameters import Parameter

EXAMPLES = {
    "list-signs": "smswrap list-signs --approved --all",
    "list-templates": "smswrap list-templates --approved --all",
    "list-groups": "smswrap --provider volcengine list-groups",
    "query-sign": "smswrap query-sign -s 我的签名",
    "query-template": "smswrap query-template -t SMS_123456",
    "query-status": "smswrap query-status -p 13812345678 --send-date 20260326 --wait",
    "query-statistics": "smswrap query-statistics --start-date 20260301 --end-date 20260326",
    "list-qualifications": "smswrap list-qualifications --state PASS",
    "query-qualification": "smswrap query-qualification --qualification-group-id 10000123",
}


def _tables() -> Mapping[str, Mapping[str, Operation]]:
    return {name: operations_of(name) for name in PROVIDER_NAMES}


def _parameters(verb: str) -> dict[str, Parameter]:
    rows = [table[verb] for table in _tables().values() if verb in table]
    return {parameter.key: parameter for row in rows for parameter in row.parameters}


def _command(verb: str) -> click.Command:
    operation = next(table[verb] for table in _tables().values() if verb in table)
    command = click.Command(
        verb,
        callback=click.pass_obj(partial(_run, verb=verb)),
        params=[*(option_for(parameter) for parameter in _parameters(verb).values()), *_extras(verb, operation)],
        help=f"{operation.help}\n\n\b\nExample:\n  {EXAMPLES[verb]}",
    )
    return with_common_options(command)


def _extras(verb: str, operation: Operation) -> list[click.Option]:
    extras = []
    if operation.paging:
        extras.append(click.Option(["--all", "every_page"], is_flag=True, help="Walk all pages."))
    if verb in STATES:
        extras.append(click.Option(["--approved"], is_flag=True, help="Only what can be sent with."))
    if operation.personal:
        extras.append(click.Option(["--show-personal-data"], is_flag=True, help="Show identities unmasked."))
    if verb == "query-status":
        seconds = click.IntRange(1, 3600)
        extras.append(click.Option(["--wait"], is_flag=True, help="Poll until all are delivered or failed."))
        extras.append(click.Option(["--wait-timeout"], type=seconds, default=60, show_default=True, help="Seconds."))
    return extras


def _run(runtime: Runtime, /, *, verb: str, **given: Any) -> Answer:  # noqa: ANN401  click's options
    known = operations_of(runtime.provider_name).get(verb)
    if known is None:
        rule = f"is not offered by the provider {runtime.provider_name}"
        raise InputError.of(verb, "", rule, "See `smswrap --help` for the verbs, or choose another --provider.")
    extras = {key: given.pop(key) for key in list(given) if key not in _parameters(verb)}
    values = checked(known, given)
    reading = Reading(runtime, verb, known, values, **extras)
    return read(reading)


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
    for rule in operation.rules:
        rule(values)
    return values


def _value(parameter: Parameter, value: object) -> Any:  # noqa: ANN401  what the parameter's type says
    if value is None:
        if parameter.required:
            raise InputError.of(parameter.option, "", "must be given", f"Add {parameter.option}: {parameter.help}")
        return parameter.default
    if parameter.type == "phone":
        found = read_recipient(str(value), field=parameter.option)
        if isinstance(found, Problem):
            raise InputError([found])
        return found.number
    return check(parameter, value)


COMMANDS = {verb: _command(verb) for verb in EXAMPLES if any(verb in table for table in _tables().values())}
