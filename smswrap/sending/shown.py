"""A plan as a person is shown it: who, with which account, which texts, how many parts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from smswrap.model import PlanState
from smswrap.record import dataclass
from smswrap.sending.message import count_parts, forcing_ucs2, render
from smswrap.sending.recipients import is_mainland

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smswrap.journal.journal import Journal
    from smswrap.model import Message, Plan

FEW = 20
"""Messages up to which a plan shows each text."""

MOST_RECIPIENTS = 1000
"""Recipients that a shown plan lists."""


@dataclass(frozen=True)
class ShownMessage:
    """One message of a plan, with its text and its parts where the template's text is known."""

    message: Message
    text: str | None
    parts: int | None

    @property
    def values(self) -> str:
        """The template's parameters in a line."""
        return ", ".join(f"{name}={value}" for name, value in self.message.content.parameters.items()) or "none"


@dataclass(frozen=True)
class ShownPlan:
    """A plan with its first recipients and some of its messages.

    Those are all of them if they are few, else the first and two others: the shortest and the longest, or one from the
    middle where the first is that already; `every` gives all.
    """

    plan: Plan
    recipients: tuple[str, ...]
    messages: tuple[ShownMessage, ...]
    every: Callable[[], Iterator[ShownMessage]] = lambda: iter(())

    @property
    def left_out(self) -> int:
        """Messages that are not shown."""
        return self.plan.recipients - len(self.messages)

    @property
    def warnings(self) -> list[str]:
        """What the person should know before they say yes."""
        abroad = next((one for one in self.messages if not is_mainland(one.message.recipient)), None)
        forcing = forcing_ucs2(abroad.text) if abroad and abroad.text else []
        if not forcing:
            return []
        return [f"Abroad, these characters make the text UCS-2, 70 characters a part: {' '.join(forcing[:10])}"]


def show(plan: Plan, journal: Journal) -> ShownPlan:
    """Give the plan as a person is shown it."""
    if plan.state is PlanState.DRAFT:
        plan = replace(plan, plan_id=journal.free_id(plan))
    recipients = tuple(journal.recipients(plan, MOST_RECIPIENTS))

    def shown(messages: Iterator[Message]) -> Iterator[ShownMessage]:
        return (_show_message(plan, message) for message in messages)

    return ShownPlan(plan, recipients, tuple(shown(_chosen(plan, journal))), lambda: shown(journal.messages(plan)))


def _chosen(plan: Plan, journal: Journal) -> Iterator[Message]:
    if plan.recipients <= FEW:
        yield from journal.messages(plan)
        return
    yield from journal.messages(plan, 1)
    positions = dict.fromkeys((plan.shortest, plan.longest, plan.recipients // 2))
    for position in [one for one in positions if one is not None and one > 1][:2]:
        if message := journal.message_at(plan, position):
            yield message


def _show_message(plan: Plan, message: Message) -> ShownMessage:
    if plan.text is None:
        return ShownMessage(message, None, None)
    mainland = is_mainland(message.recipient)
    text = render(plan.text, message.content.sign, message.content.parameters, mainland=mainland)
    return ShownMessage(message, text, count_parts(text, mainland=mainland))
