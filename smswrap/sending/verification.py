"""`--verify`: what the provider knows of the sign and the template, against what is to be sent."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from smswrap.errors import Fault, InputError, Problem, SmswrapError
from smswrap.sending.message import LONGEST_MESSAGE, OPTION, compare_variables, render
from smswrap.sending.plan import message_of

if TYPE_CHECKING:
    from smswrap.providers.base import Message, Session, Verified
    from smswrap.sending.plan import Plan

APPROVED = "approved"
MOST_SHOWN = 20
"""Misfits that are told at once."""


def verify(plan: Plan, session: Session) -> Verified:
    """Look up every sign and the template of the plan; give what was found of the first sign.

    A sign's registration at the carriers is shown and never a reason to block. Raises SmswrapError (kind refused) if
    one is not approved, InputError if parameters and variables do not match, ProviderError if one is not there.
    """
    row = plan.row
    found = [session.verify(sign, row["template"], row["message_group"]) for sign in plan.signs()]
    problems = [problem for verified in found for problem in (*_unapproved(verified), *verified.problems)]
    mismatches = _mismatches(plan, found[0])
    if problems:
        raise SmswrapError(_not_sendable([*dict.fromkeys(problems), *(str(mismatch) for mismatch in mismatches)]))
    if mismatches:
        raise InputError(mismatches)
    plan.learn(found[0].content)
    return found[0]


def _unapproved(verified: Verified) -> list[str]:
    problems = []
    for word, about in (("sign", verified.sign), ("template", verified.template)):
        if about["state"] != APPROVED:
            reason = f" ({about['reason']})" if about.get("reason") else ""
            problems.append(f"The {word} {about[word]} is {about['state']}{reason}, not approved.")
    return problems


def _mismatches(plan: Plan, verified: Verified) -> list[Problem]:
    """The first few messages that do not fit the template; those of the same content stand for each other."""
    sql = "SELECT *, MIN(row) FROM messages WHERE plan = ? GROUP BY content_key ORDER BY row"
    alone = len({row["content_key"] for row in plan.journal.rows(sql, plan.number)}) == 1
    problems: list[Problem] = []
    for row in plan.journal.rows(sql, plan.number):
        problems += _misfits(verified, message_of(row), None if alone else row["row"])
        if len(problems) >= MOST_SHOWN:
            break
    return problems


def _misfits(verified: Verified, message: Message, row: int | None) -> list[Problem]:
    problems = [*chain(*compare_variables(verified.variables, message.parameters, row=row))]
    if verified.content is None:
        return problems
    length = len(render(verified.content, message.sign, message.parameters))
    if length > LONGEST_MESSAGE:
        rule = f"makes a text of {length} characters; at most {LONGEST_MESSAGE} can be sent"
        problems.append(Problem(OPTION, "", rule, "Shorten the values.", row))
    return problems


def _not_sendable(problems: list[str]) -> Fault:
    return Fault(
        kind="refused",
        message=" ".join(problems),
        meaning="Nothing was sent.",
        next_step="Choose approved ones: `smswrap list-signs --approved`, `smswrap list-templates --approved`.",
        code="not-approved",
    )
