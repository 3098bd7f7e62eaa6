"""`smswrap confirm` and `smswrap resume`: go on with a plan that the journal holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from smswrap.cli.options import with_common_options
from smswrap.cli.output import Answer
from smswrap.cli.send import guarding_options, pace_options
from smswrap.cli.sender import Choice, look_up, patience, send, told, write_or_warn
from smswrap.errors import Fault, InputError
from smswrap.sending.confirmation import confirm as say_yes
from smswrap.sending.confirmation import find, refuse_overtaken, unless_begun
from smswrap.sending.plan import Plan
from smswrap.sending.requests import attempts_of, counts, row_results, sole_sender, unknown_numbers
from smswrap.sending.table.results import RESULT_FILE, write_results
from smswrap.sending.table.writing import check_writable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from sqlite3 import Row
    from typing import Any

    from smswrap.cli.runtime import Runtime
    from smswrap.providers.base import Provider
    from smswrap.sending.journal import Journal

ACCOUNT = ("provider", "profile", "region")
"""Common options that a plan fixes: they say with whose account, and where, it is sent."""


@click.command("confirm")
@click.argument("plan_id", metavar="PLAN")
@click.option("--wait", is_flag=True, help="Wait for the receipts.")
@click.option("--wait-timeout", type=click.IntRange(1, 3600), default=60, show_default=True, help="Seconds.")
@click.option("--settle", is_flag=True, help="If the outcome is unknown, look for it in the receipts at once.")
@click.option("--result-file", metavar="FILE", help="Write each recipient's outcome to this CSV file.")
@guarding_options
@pace_options
@click.pass_obj
def confirm(runtime: Runtime, /, plan_id: str, **given: Any) -> Answer:  # noqa: ANN401  click's options
    """Say yes to a plan: send exactly what it shows, once, within 30 minutes of its making.

    A second confirm sends nothing and tells what became of the first.

    \b
    Example:
      smswrap confirm 858a23a6452ebd11 --wait
    """  # noqa: D301  \b is click's mark for text that keeps its lines
    choice = Choice.taken_from(given)
    if given["result_file"]:
        check_writable(RESULT_FILE, given["result_file"])
    with runtime.journal() as journal:
        plan = find(journal, plan_id)
        provider = _provider(runtime, plan)
        # Before the yes, so that a second confirm cannot come between it and the sending.
        with sole_sender(plan, patience(runtime)):
            plan, first = say_yes(journal, plan_id, choice.guarding)
            if not first:
                return told(runtime, plan, again=True)
            try:
                with unless_begun(plan):
                    return send(runtime, plan, provider, choice)
            finally:
                _write_results(runtime, plan, given["result_file"])


@click.command("resume")
@click.argument("plan_id", metavar="[PLAN]", required=False)
@click.option("--unknown", is_flag=True, help="Look for requests of unknown outcome in the receipts; send nothing.")
@click.option("--resend-unknown", is_flag=True, help="A person has decided: send what is still unknown once more.")
@click.option("--yes", is_flag=True, help="With --resend-unknown: do not ask.")
@click.option("--allow-duplicate", is_flag=True, help="Send even what was sent again by another plan meanwhile.")
@click.option("--result-file", metavar="FILE", help="Write each recipient's outcome to this CSV file.")
@pace_options
@click.pass_obj
def resume(runtime: Runtime, /, plan_id: str | None, **given: Any) -> Answer:  # noqa: ANN401  click's options
    """Go on with a plan that was cut short: send what was never sent, and leave alone what may have been.

    With --unknown, find out about requests of unknown outcome instead, in one plan or in all.

    \b
    Examples:
      smswrap resume 858a23a6452ebd11
      smswrap resume --unknown
      smswrap resume --resend-unknown 858a23a6452ebd11
    """  # noqa: D301  \b is click's mark for text that keeps its lines
    with runtime.journal() as journal:
        if given["unknown"]:
            return _look_up(runtime, _plans_with_unknown(runtime, journal, plan_id))
        if plan_id is None:
            raise InputError.of("PLAN", "", "must be given", "`smswrap history` lists the plans that were sent.")
        plan = _confirmed(find(journal, plan_id))
        provider = _provider(runtime, plan)
        if given["result_file"]:
            check_writable(RESULT_FILE, given["result_file"])
        attempts = attempts_of(plan, "refused")
        if given["resend_unknown"]:
            attempts |= _unknown_attempts(runtime, plan)
            refusal = _decide(runtime, plan, yes=given["yes"])
            if refusal is not None:
                return replace(told(runtime, plan), error=refusal, failed=None)
        if not given["allow_duplicate"]:
            refuse_overtaken(plan)
        try:
            return send(runtime, plan, provider, Choice(pace=given["pace"], attempts=attempts))
        finally:
            _write_results(runtime, plan, given["result_file"])


def _unknown_attempts(runtime: Runtime, plan: Plan) -> dict[int, float]:
    """The attempts that the person means: not those that another run makes while we wait for it."""
    known = attempts_of(plan, "unknown")
    with sole_sender(plan, patience(runtime)):
        return known or attempts_of(plan, "unknown")


def _write_results(runtime: Runtime, plan: Plan, name: str | None) -> None:
    if name is not None:
        write_or_warn(runtime, lambda: write_results(name, row_results(plan)))


def _provider(runtime: Runtime, plan: Plan) -> Provider:
    """The provider as the plan names it: who says yes to a plan says yes to that."""
    row = plan.row
    for name in ACCOUNT:
        if not _fits(runtime, row, name):
            rule = f"is not the {name} of this plan, {row[name] or 'which has none'}"
            step = f"Give --{name} {row[name]}." if row[name] else f"Leave it out, and unset SMSWRAP_{name.upper()}."
            raise InputError.of(f"--{name}", runtime.given[name], rule, step)
    runtime.given.update({name: row[name] for name in ACCOUNT})
    return runtime.provider()


def _fits(runtime: Runtime, row: Row, name: str) -> bool:
    return runtime.given.get(name) in {None, row[name]}


def _confirmed(plan: Plan) -> Plan:
    if plan.row["state"] != "confirmed":
        step = f"After the person's yes run `smswrap confirm {plan.plan_id}`."
        raise InputError.of("PLAN", plan.plan_id, "has not been confirmed", step)
    return plan


def _plans_with_unknown(runtime: Runtime, journal: Journal, plan_id: str | None) -> list[Plan]:
    if plan_id is not None:
        return [_confirmed(find(journal, plan_id))]
    sql = "SELECT DISTINCT plan FROM requests WHERE state IN ('unknown', 'sending') ORDER BY plan"
    plans = [Plan(journal, row["plan"]) for row in journal.rows(sql)]
    return [plan for plan in plans if all(_fits(runtime, plan.row, name) for name in ACCOUNT)]


def _look_up(runtime: Runtime, plans: Iterable[Plan]) -> Answer:
    answers = [_look_up_one(runtime, plan) for plan in plans]
    if len(answers) == 1:
        return answers[0]
    left = [answer.error for answer in answers if answer.error is not None and answer.error.kind == "unknown"]
    data = {"plans": [{"plan_id": one.data["plan_id"], "counts": one.data["counts"]} for one in answers]}
    return Answer(runtime.command, None, data, error=left[0] if left else None)


def _look_up_one(runtime: Runtime, plan: Plan) -> Answer:
    with sole_sender(plan, patience(runtime)):
        given = dict(runtime.given)
        if unknown_numbers(plan):
            with _provider(runtime, plan).session(sends=False) as session:
                look_up(runtime, plan, session)
        runtime.given = given
        return _looked_in_vain(told(runtime, plan))


def _looked_in_vain(answer: Answer) -> Answer:
    if answer.error is not None and answer.error.kind == "unknown":
        plan_id = answer.data["plan_id"]
        answer.error = replace(
            answer.error,
            message="No receipt shows the request, which proves nothing: it may still have been sent.",
            next_step=(
                f"Look again later, or let a person decide, who knows that it may arrive twice: "
                f"`smswrap resume --resend-unknown {plan_id} --yes`."
            ),
        )
    return answer


def _decide(runtime: Runtime, plan: Plan, *, yes: bool) -> Fault | None:
    """Take the person's decision to send again what may have been sent; None if they took it."""
    unknown = counts(plan)["unknown"]
    if not unknown or yes or (runtime.asks and _ask(runtime, unknown)):
        return None
    message = f"{unknown} recipient(s) may have got the message already; a person has to decide to send it again."
    step = f"After an explicit yes: `smswrap resume --resend-unknown {plan.plan_id} --yes`."
    return Fault("confirmation", message, "Nothing was sent now.", step, "later")


def _ask(runtime: Runtime, unknown: int) -> bool:
    from smswrap.cli.prompts import ask

    return ask(f"{unknown} recipient(s) may have got the message already. Send it again? [y/N] ", runtime.talk)


for _command in (confirm, resume):
    with_common_options(_command)
