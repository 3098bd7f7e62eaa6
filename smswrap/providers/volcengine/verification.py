"""Which of several signs or templates of one name is meant, and which text the recipient will see."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from smswrap.errors import Fault, Kind
from smswrap.providers.base import ProviderError
from smswrap.providers.records import Sign, Template

if TYPE_CHECKING:
    from collections.abc import Sequence

APPROVED = "approved"
LISTS = (
    "`smswrap --provider volcengine list-signs --approved`, `smswrap --provider volcengine list-templates --approved`"
)
Named = TypeVar("Named", Sign, Template)


class TemplateText(NamedTuple):
    """A template's text with `${variable}`s, or why it is not known."""

    content: str | None
    why_unknown: str = ""


def likeliest(found: Sequence[Named], relation: str, name: str | None, what: str) -> Named:
    """The one to be sent with, should a name be listed more than once. Raises ProviderError if it is not there."""
    if not found:
        message, step = f"The account has no {what}.", f"Choose of what it has: {LISTS}."
        raise ProviderError(Fault(Kind.REFUSED, message, "Nothing was sent.", step, code="not-found"))
    return max(found, key=lambda one: (name in (getattr(one, relation) or ()), one.state == APPROVED))


def choose_text(template: str, sign: str | None, forms: Sequence[Template]) -> TemplateText:
    """Give the text among a template's forms, of which there may be one for each sign; approved ones count first."""
    ours = [form for form in forms if template in {form.template, form.second_template} and form.content]
    ours = [form for form in ours if sign is None or form.signs is None or sign in form.signs]
    ours = [form for form in ours if form.state == APPROVED] or ours
    if not ours:
        return TemplateText(None, "Volcengine shows no text of this template.")
    if len({form.content for form in ours}) > 1:
        return TemplateText(None, "The template has several texts, and nothing tells which it is.")
    return TemplateText(ours[0].content)
