"""A plan as a person at a terminal sees it, before the question and after a rehearsal."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from smswrap.cli.screen import HEADING, OPEN
from smswrap.masking import visible
from smswrap.messages import said, width

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smswrap.cli.screen import Screen
    from smswrap.sending.shown import ShownMessage, ShownPlan

FIRST = 3
"""Recipients that are named."""

LABEL = 12
"""Columns of the labels."""

SANDBOX = "{provider} (sandbox: nothing real is sent)"
AND_MORE = "{count:,}: {first} and {left:,} more"
PROFILE, KEY = "profile {name}", "key …{end}"
NO_ACCOUNT = "none is configured"
PARTS = "{total:,} in {requests}"
PARTS_EACH = "{total:,} in {requests}, {low}-{high} each"
PLAN = "{plan_id}, can be confirmed until {until:%H:%M}"
TEXT_UNKNOWN = "not known"
ONE_REQUEST, REQUESTS = "1 request", "{count:,} requests"


def describe(shown: ShownPlan, screen: Screen, *, sandbox: bool, plan_id: bool = False) -> Iterator[str]:
    """The lines that show what would be sent, to whom and by whom."""
    for label, value in _facts(shown, sandbox=sandbox, plan_id=plan_id):
        word, style = said(label), OPEN if label == "Warning" or value == said(TEXT_UNKNOWN) else None
        yield f"{screen.styled(word, HEADING)}{' ' * (LABEL - width(word))}{screen.styled(visible(value), style)}"


def requests(count: int) -> str:
    """How many requests."""
    return said(ONE_REQUEST) if count == 1 else said(REQUESTS).format(count=count)


def _facts(shown: ShownPlan, *, sandbox: bool, plan_id: bool) -> Iterator[tuple[str, str]]:
    plan = shown.plan
    if plan_id:
        until = datetime.fromtimestamp(plan.expires_at).astimezone()
        yield "Plan", said(PLAN).format(plan_id=plan.plan_id, until=until)
    yield "Provider", said(SANDBOX).format(provider=plan.account.provider) if sandbox else plan.account.provider
    yield "Account", _account(shown)
    yield "Sign", ", ".join(plan.signs)
    yield "Template", plan.template
    if plan.group is not None:
        yield "Group", plan.group
    yield "Recipients", _recipients(shown)
    for label, message in samples(shown):
        yield label, _said(message)
    if plan.parts is None:
        yield "Text", said(TEXT_UNKNOWN)
    else:
        low, high, total = plan.parts.low, plan.parts.high, plan.parts.total
        form = PARTS if low == high else PARTS_EACH
        yield "Parts", said(form).format(total=total, requests=requests(plan.requests), low=low, high=high)
    for warning in shown.warnings:
        yield "Warning", said(warning)


def samples(shown: ShownPlan) -> list[tuple[str, ShownMessage]]:
    """The first text, and the two others that differ most in length, each with its label."""
    first = shown.messages[0]
    others = {_said(one): one for one in reversed(shown.messages) if _said(one) != _said(first)}
    by_length = sorted(others, key=len)
    chosen = dict.fromkeys((*by_length[:1], *by_length[-1:]))
    word = "Text" if first.text is not None else "Values"
    return [(word, first), *((_label(text, first), others[text]) for text in chosen)]


def _label(text: str, first: ShownMessage) -> str:
    length = len(_said(first))
    return "Shortest" if len(text) < length else "Longest" if len(text) > length else "Another"


def _said(message: ShownMessage) -> str:
    return message.text or message.values


def _recipients(shown: ShownPlan) -> str:
    count, first = shown.plan.recipients, ", ".join(shown.recipients[:FIRST])
    if count == 1:
        return first
    return said(AND_MORE).format(count=count, first=first, left=count - FIRST) if count > FIRST else f"{count}: {first}"


def _account(shown: ShownPlan) -> str:
    account = shown.plan.account
    words = (
        said(PROFILE).format(name=account.profile) if account.profile else None,
        account.mode,
        said(KEY).format(end=account.key_end) if account.key_end else None,
        account.region or account.base,
    )
    return ", ".join(word for word in words if word) or said(NO_ACCOUNT)
