"""`--verify`: whether sign, template and message group belong together, and which text the recipient will see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smswrap.errors import Fault
from smswrap.providers.base import ProviderError, TemplateText, Verified

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smswrap.providers.base import Body
    from smswrap.providers.records import Template

APPROVED = "approved"
LISTS = (
    "`smswrap --provider volcengine list-signs --approved`, `smswrap --provider volcengine list-templates --approved`"
)


def compare(sign: str, template: str, group: str, signs: Sequence[Body], templates: Sequence[Body]) -> Verified:
    """Give what was found under exactly these names. Raises ProviderError if a name is not there."""
    missing = [word for word, found in ((f"sign {sign}", signs), (f"template {template}", templates)) if not found]
    if missing:
        raise ProviderError(_not_there(missing))
    found_sign = _likeliest(signs, "groups", group)
    found_template = _likeliest(templates, "signs", sign)
    problems = (
        *_stranger(f"The sign {sign}", found_sign["groups"], "message group", group),
        *_stranger(f"The template {template}", found_template["signs"], "sign", sign),
    )
    return Verified(found_sign, found_template, tuple(found_template["variables"]), None, problems)


def choose_text(template: str, sign: str | None, forms: Sequence[Template]) -> TemplateText:
    """Give the text among a template's forms, of which there may be one for each sign; approved ones count first."""
    ours = [form for form in forms if template in {form.template, form.second_template} and form.content]
    ours = [form for form in ours if sign is None or form.signs is None or sign in form.signs]
    ours = [form for form in ours if form.state == APPROVED] or ours
    if not ours:
        return TemplateText(None, (), "Volcengine shows no text of this template.")
    if len({form.content for form in ours}) > 1:
        return TemplateText(None, ours[0].variables, "The template has several texts, and nothing tells which it is.")
    return TemplateText(ours[0].content, ours[0].variables)


def _likeliest(found: Sequence[Body], relation: str, name: str) -> Body:
    """The one to be sent with, should a name be listed more than once, as after a second application."""
    return max(found, key=lambda one: (name in (one[relation] or ()), one["state"] == APPROVED))


def _stranger(what: str, owners: Sequence[str] | None, word: str, name: str) -> list[str]:
    if owners is None or name in owners:
        return []  # None: the reply does not tell, and the provider will say so itself
    belongs = f"it belongs to {', '.join(owners)}" if owners else f"it belongs to no {word}"
    return [f"{what} does not belong to the {word} {name}; {belongs}."]


def _not_there(missing: Sequence[str]) -> Fault:
    return Fault(
        kind="refused",
        message=f"The account has no {' and no '.join(missing)}.",
        meaning="Nothing was sent.",
        next_step=f"Choose of what it has: {LISTS}.",
        code="not-found",
    )
