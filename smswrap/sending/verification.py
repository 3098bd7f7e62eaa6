"""What the provider knows of signs and template, against what is to be sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from smswrap.errors import Fault, InputError, Kind, Problem, SmswrapError
from smswrap.record import dataclass
from smswrap.sending.message import LONGEST_MESSAGE, compare_variables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smswrap.model import Content, Plan
    from smswrap.providers.records import Sign, Template
    from smswrap.sending.house import House

APPROVED = "approved"
MINUTE = 60.0
"""Seconds within which a number gets one code (isv.BUSINESS_LIMIT_CONTROL)."""


@dataclass(frozen=True)
class Verified:
    """What the provider tells of the signs and the template of a plan."""

    signs: tuple[Sign, ...]
    template: Template


def verify(plan: Plan, house: House) -> Verified:
    """Look up every sign and the template of the plan.

    A sign's registration at the carriers is shown and never a reason to block. Raises SmswrapError (kind refused) if
    one is not approved or does not go with the others, ProviderError if one is not there, InputError for values that
    the template's rules forbid.
    """
    session, template = house.line.session(), house.template(plan.template, plan.signs[0])
    signs = tuple(session.sign(sign, plan.group) for sign in plan.signs)
    problems = [*_unapproved("template", template.template, template.state, template.reason)]
    for sign in signs:
        problems += _unapproved("sign", sign.sign, sign.state, sign.reason)
        problems += _stranger(f"The sign {sign.sign}", sign.groups, "message group", plan.group)
        problems += _stranger(f"The template {template.template}", template.signs, "sign", sign.sign)
    if problems:
        raise SmswrapError(_not_sendable(problems), data={"plan_id": plan.plan_id})
    for sign in signs:
        _hold_to_rules(plan, template, sign, house)
    if reached := house.journal.reached_lately(plan, MINUTE):
        house.talk.warn(
            f"{reached} recipient(s) got a message within the last minute; codes may be sent once a minute."
        )
    return Verified(signs, template)


def _hold_to_rules(plan: Plan, template: Template, sign: Sign, house: House) -> None:
    """Refuse what the provider certainly would, tell what it or a carrier may. Raises InputError."""
    from smswrap.sending.rules import judge

    listed = plan.command == "send-batch"
    numbered = house.journal.numbered(plan)
    messages = ((row if listed else None, one) for row, one in numbered if one.content.sign == sign.sign)
    problems, warnings = judge(template, sign, messages)
    for line in warnings.lines:
        house.talk.warn(line)
    if problems.total:
        raise InputError(problems.shown, total=problems.total, kinds=problems.as_json()["kinds"])


class Fitting:
    """Tells what is wrong with contents for this template; `field` is what the values are called at the door."""

    def __init__(self, template: Template, field: str, house: House) -> None:
        self._template, self._field, self._house = template, field, house
        self._known: set[tuple[str, ...]] = set()

    def problems(self, content: Content, length: int, row: int | None) -> list[Problem]:
        """Variables that the content lacks, and a text that is too long.

        Parameters that the template does not have are told beside those that it lacks; alone they do no harm.
        """
        names = tuple(content.parameters)
        problems = [] if names in self._known else self._compared(content, names, row)
        if self._template.content is not None and length > LONGEST_MESSAGE:
            rule = f"makes a text of {length} characters; at most {LONGEST_MESSAGE} can be sent"
            problems.append(Problem(self._field, "", rule, "Shorten the values.", row))
        return problems

    def _compared(self, content: Content, names: tuple[str, ...], row: int | None) -> list[Problem]:
        variables = self._template.variables
        missing, unknown = compare_variables(variables, content.parameters, row=row, field=self._field)
        if missing:
            return [*missing, *unknown]
        self._known.add(names)
        if unknown:
            self._house.talk.warn(f"{replace(unknown[0], row=None)}. They are sent, and do nothing.")
        return []


def _unapproved(word: str, name: str | None, state: str | None, reason: str | None) -> Iterator[str]:
    if state != APPROVED:
        yield f"The {word} {name} is {state}{f' ({reason})' if reason else ''}, not approved."


def _stranger(what: str, owners: tuple[str, ...] | None, word: str, name: str | None) -> Iterator[str]:
    if owners is not None and name is not None and name not in owners:
        belongs = f"it belongs to {', '.join(owners)}" if owners else f"it belongs to no {word}"
        yield f"{what} does not belong to the {word} {name}; {belongs}."


def _not_sendable(problems: list[str]) -> Fault:
    return Fault(
        kind=Kind.REFUSED,
        message=" ".join(dict.fromkeys(problems)),
        meaning="Nothing was sent.",
        next_step="Choose approved ones: `smswrap list-signs --approved`, `smswrap list-templates --approved`.",
        code="not-approved",
    )
