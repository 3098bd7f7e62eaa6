"""A plan for a person: before the question and after a rehearsal; then what became of it, in one sentence."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from smswrap.catalogue import explain
from smswrap.cli.screen import BAD, GOOD, HEADING, OPEN
from smswrap.cli.tables import draw
from smswrap.masking import visible
from smswrap.messages import said, width
from smswrap.model import Outcome
from smswrap.sending.report import MOST_REQUESTS, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from smswrap.cli.screen import Screen
    from smswrap.model import RequestRecord
    from smswrap.providers.records import Receipt
    from smswrap.sending.report import Report
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

MOST_FAILED = 20
"""Failed receipts that are shown one by one."""

ACCEPTED = "{count:,} accepted in {requests}"
REFUSED = "{count:,} refused: {codes}"
UNKNOWN = "{count:,} of unknown outcome"
NOT_SENT = "{count:,} not sent"
DELIVERED = "{count:,} delivered"
FAILED = "{count:,} failed: {codes}"
IN_FLIGHT = "{count:,} without a receipt yet"
FIRST_REQUESTS = ", of the first {count} requests"
SENTENCE = "{mark} {sent} (plan {plan_id})."
RECEIPTS = "{mark} {sent}; {received} (plan {plan_id})."
REHEARSED = "Rehearsed; nothing was sent."
APPROVED = "Verified: sign and template are approved."
CANCELLED = "✓ Cancelled plan {plan_id}; {count:,} not sent."


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
    lengths = [len(_said(first)), *map(len, by_length)]
    return [(word, first), *((_label(len(text), lengths), others[text]) for text in chosen)]


def _label(length: int, lengths: Sequence[int]) -> str:
    """What a text is among all of them, the first of which is shown as such."""
    if length == lengths[0]:
        return "Another"
    return "Shortest" if length == min(lengths) else "Longest" if length == max(lengths) else "Another"


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


def tell(report: Report, screen: Screen, *, sandbox: bool) -> str:
    """The report as text; whoever said no has just seen it all."""
    if report.stage is Stage.DECLINED:
        return ""
    if report.stage is Stage.CANCELLED:
        count = report.counts.not_sent if report.counts else report.plan.recipients
        return screen.styled(said(CANCELLED).format(plan_id=report.plan.plan_id, count=count), GOOD)
    return "\n".join(_proposal(report, screen, sandbox=sandbox) if report.shown else _sent(report, screen))


def _proposal(report: Report, screen: Screen, *, sandbox: bool) -> Iterator[str]:
    if report.shown is not None:
        yield from describe(report.shown, screen, sandbox=sandbox, plan_id=report.stage is Stage.PROPOSED)
    if report.verified is not None:
        yield said(APPROVED)
    if report.stage is Stage.PLANNED:
        yield said(REHEARSED)


def _sent(report: Report, screen: Screen) -> Iterator[str]:
    provider = report.plan.account.provider
    kinds = list(_kinds([one for one in report.requests if one.outcome is not Outcome.ACCEPTED], provider))
    if len(kinds) > 1 or (kinds and report.counts and report.counts.accepted):  # else all of it was said on stderr
        first = said(FIRST_REQUESTS).format(count=MOST_REQUESTS) if report.plan.requests > MOST_REQUESTS else ""
        yield draw(said("not accepted") + first, kinds, screen)
    failed = [one for one in report.receipts or () if one.receipt == "failed"]
    if failed:
        several = len({one.code for one in failed}) > 1  # what a single code means was said on stderr
        rows = [
            {"recipient": one.recipient, "code": one.code, "meaning": said(one.meaning or "") if several else None}
            for one in failed
        ]
        yield draw("not delivered", rows[:MOST_FAILED], screen)
    yield sentence(report, screen)


def _kinds(others: Sequence[RequestRecord], provider: str) -> Iterator[dict[str, object]]:
    """The requests that were not accepted, by outcome and code."""
    found: dict[tuple[str, str | None], list[str]] = {}
    for one in others:
        found.setdefault((one.outcome.value, one.fault.code if one.fault else None), []).extend(one.recipients)
    for (outcome, code), recipients in found.items():
        meaning = said(explain(code, provider).meaning) if code and len(found) > 1 else None
        yield {"outcome": outcome, "code": code, "count": len(recipients), "recipients": recipients, "meaning": meaning}


def sentence(report: Report, screen: Screen) -> str:
    """What became of the plan, in one sentence."""
    counts, receipts = report.counts, report.receipts or ()
    assert counts is not None  # noqa: S101  whatever was sent was counted
    codes = ", ".join(sorted({str(one.fault.code) for one in report.requests if one.fault and one.fault.code}))
    forms = {ACCEPTED: counts.accepted, REFUSED: counts.refused, UNKNOWN: counts.unknown, NOT_SENT: counts.not_sent}
    told = _told(forms, codes=codes, requests=requests(report.plan.requests))
    good = report.error is None
    mark = "✓" if good else "?" if counts.unknown else "✗"
    form = RECEIPTS if receipts else SENTENCE
    text = said(form).format(mark=mark, sent=told, received=_received(receipts), plan_id=report.plan.plan_id)
    return screen.styled(text, GOOD if good else OPEN if counts.unknown else BAD)


def _received(receipts: Sequence[Receipt]) -> str:
    counted = {word: sum(one.receipt == word for one in receipts) for word in ("delivered", "failed", "in_flight")}
    codes = ", ".join(sorted({str(one.code) for one in receipts if one.receipt == "failed"}))
    forms = {FAILED: counted["failed"], IN_FLIGHT: counted["in_flight"]}
    return ", ".join(filter(None, (said(DELIVERED).format(count=counted["delivered"]), _told(forms, codes=codes))))


def _told(forms: Mapping[str, int], **more: str) -> str:
    """How many of each, but for what there is none of."""
    return ", ".join(said(form).format(count=count, **more) for form, count in forms.items() if count)
