"""`--verify`: what the provider knows of the sign and the template, against what is to be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smswrap.errors import Fault, InputError, SmswrapError
from smswrap.sending.message import LONGEST_MESSAGE, OPTION, compare_variables, render

if TYPE_CHECKING:
    from smswrap.errors import Problem
    from smswrap.providers.base import Session, Verified
    from smswrap.sending.plan import SendPlan

APPROVED = "approved"


def verify(plan: SendPlan, session: Session) -> Verified:
    """Look up every sign and the template of the plan; give what was found of the first sign.

    A sign's registration at the carriers is shown and never a reason to block. Raises SmswrapError (kind refused) if
    one is not approved, InputError if parameters and variables do not match, ProviderError if one is not there.
    """
    signs = list(dict.fromkeys(message.sign for message in plan.messages))
    found = [session.verify(sign, plan.template, plan.group) for sign in signs]
    problems = [problem for verified in found for problem in (*_unapproved(verified), *verified.problems)]
    mismatches = _mismatches(plan, found[0])
    if problems:
        raise SmswrapError(_not_sendable([*dict.fromkeys(problems), *(str(mismatch) for mismatch in mismatches)]))
    if mismatches:
        raise InputError(mismatches)
    return found[0]


def _unapproved(verified: Verified) -> list[str]:
    problems = []
    for word, about in (("sign", verified.sign), ("template", verified.template)):
        if about["state"] != APPROVED:
            reason = f" ({about['reason']})" if about.get("reason") else ""
            problems.append(f"The {word} {about[word]} is {about['state']}{reason}, not approved.")
    return problems


def _mismatches(plan: SendPlan, verified: Verified) -> list[Problem]:
    from smswrap.errors import Problem

    problems = []
    for row, message in enumerate(plan.messages if not plan.shared else plan.messages[:1], 1):
        place = None if plan.shared else row
        problems += compare_variables(verified.variables, message.parameters, row=place)
        if verified.content is None:
            continue
        length = len(render(verified.content, message.sign, message.parameters))
        if length > LONGEST_MESSAGE:
            rule = f"makes a text of {length} characters; at most {LONGEST_MESSAGE} can be sent"
            problems.append(Problem(OPTION, "", rule, "Shorten the values.", place))
    return problems


def _not_sendable(problems: list[str]) -> Fault:
    return Fault(
        kind="refused",
        message=" ".join(problems),
        meaning="Nothing was sent.",
        next_step="Choose approved ones: `smswrap list-signs --approved`, `smswrap list-templates --approved`.",
        code="not-approved",
    )
