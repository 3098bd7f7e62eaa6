"""`smswrap send-batch --file`: a table of recipients, read twice: to plan it, and to write its results."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from smswrap.cli.send import LONGEST_OUT_ID, draft_of, read_text, unknown_to_provider
from smswrap.cli.sender import Choice, Given, carry_out
from smswrap.errors import InputError, Problem
from smswrap.sending.requests import row_results
from smswrap.sending.table.files import open_table
from smswrap.sending.table.headers import parse_map
from smswrap.sending.table.problems import Notices, ProblemReport
from smswrap.sending.table.results import RESULT_FILE, write_results
from smswrap.sending.table.rows import read_messages
from smswrap.sending.table.writing import check_writable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smswrap.cli.output import Answer
    from smswrap.cli.runtime import Runtime
    from smswrap.providers.base import Message
    from smswrap.sending.plan import Draft, Plan
    from smswrap.sending.table.headers import ColumnMap
    from smswrap.sending.table.rows import Table


def send_file(runtime: Runtime, choice: Choice, given: dict[str, Any]) -> Answer:
    """Plan and send the rows of a file."""
    draft = _draft(runtime, given)
    _refuse_overwriting(given)
    if given["result_file"]:
        check_writable(RESULT_FILE, given["result_file"])
    with (
        ProblemReport(given["errors_file"]) as report,
        open_table(given["source"], column_map=given["column_map"]) as table,
    ):
        variables = _variables(runtime, given["template_code"]) if choice.verify else None
        columns = parse_map(given["column_map"], table.headers, variables)
        messages = _messages(runtime, table, columns, given["sign_name"], report)
        name = given["result_file"]

        def results(plan: Plan) -> None:
            write_results(name, row_results(plan), table)

        return carry_out(
            runtime, Given(draft, messages, report, given["skip_invalid"], results if name else None), choice
        )


def _variables(runtime: Runtime, template: str) -> tuple[str, ...]:
    """The template's variables: of a list's columns only those with these names are meant for it."""
    with runtime.provider().session(sends=False) as session:
        return session.template(template)[1]


def _refuse_overwriting(given: dict[str, Any]) -> None:
    """What is written must not be the list that is read, nor the other thing that is written."""
    names = {"--file": given["source"], "--errors-file": given["errors_file"], "--result-file": given["result_file"]}
    seen: dict[str, str] = {}
    for option, name in names.items():
        if name is None or name == "-":
            continue
        place = os.path.realpath(os.path.expanduser(name))  # noqa: PTH111  pathlib raises for an unknown ~user
        if place in seen:
            raise InputError.of(option, name, f"is the same file as {seen[place]}", "Name another file.")
        seen[place] = option


def _draft(runtime: Runtime, given: dict[str, Any]) -> Draft:
    problems: list[Problem] = []
    template = read_text(problems, "--template-code", given["template_code"])
    for option, key in (("--sign-name", "sign_name"), ("--message-group", "message_group")):
        if given[key] is not None:
            read_text(problems, option, given[key])
    if given["out_id"] is not None:
        read_text(problems, "--out-id", given["out_id"], longest=LONGEST_OUT_ID)
    if given["message_group"] is not None:
        problems += unknown_to_provider(runtime, "message-group")
    if problems:
        raise InputError(problems)
    return draft_of(runtime, template, out_id=given["out_id"], group=given["message_group"])


def _messages(
    runtime: Runtime, table: Table, columns: ColumnMap, sign: str | None, report: ProblemReport
) -> Iterator[tuple[int, Message]]:
    notices = Notices()
    sandbox = runtime.sandbox
    for row, found in read_messages(table, columns, sign=sign, samples_allowed=sandbox, notices=notices):
        if isinstance(found, list):
            report.add(found)
        else:
            yield row, found
    for line in notices.lines:
        runtime.talk.warn(line)
