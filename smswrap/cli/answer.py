"""The answer of a command and its renderings: the envelope, the provider's own reply, or a table."""

from __future__ import annotations

import json
from dataclasses import asdict, field, replace
from typing import TYPE_CHECKING, Any

from smswrap.clock import iso
from smswrap.errors import STATUS_OF, Exit, Kind
from smswrap.masking import escape_json
from smswrap.messages import said
from smswrap.providers.records import as_json
from smswrap.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from smswrap.cli.screen import Screen
    from smswrap.cli.shapes import PlanData, RequestData
    from smswrap.errors import Fault
    from smswrap.model import RequestRecord
    from smswrap.providers.records import Receipt
    from smswrap.sending.report import Report
    from smswrap.sending.shown import ShownPlan

ENVELOPE = 1
"""Version of the envelope."""

MOST_RECEIPTS = 20
"""Receipts that an answer shows one by one: the failed ones first."""

MOST_RECIPIENTS = 1000
"""Recipients that an answer about a plan names, in all its requests together."""

EMPTY: tuple[object, ...] = (None, [], {}, "", ())
"""What short rows and tables leave out."""


@dataclass
class Answer:
    """What a command has to say.

    `form` is how it is written, whatever --output says. `reply` is the provider's JSON (a list for several requests)
    and `text` the same as it was received. `report` is what became of a plan: then status, exit code and error follow
    from it. `trouble` went wrong beside the request; `request_id` is the provider's, of what failed. `again` begins a
    command line of the same kind; `columns` are what a table shows of its rows, where the operation says so, `pages`
    how many replies it is made of; a `long` one is paged at a terminal; `drawn` draws it for people in place of tables.
    """

    command: str
    provider: str | None = None
    data: Any = None
    reply: Any = None
    text: str = ""
    fault: Fault | None = None
    failed: str | None = None
    warnings: list[str] = field(default_factory=list)
    report: Report | None = None
    trouble: Fault | None = None
    signum: int | None = None
    sandbox: bool = False
    again: str = "smswrap"
    form: str | None = None
    request_id: str | None = None
    columns: tuple[str, ...] = ()
    drawn: Callable[[Screen], str] | None = None
    pages: int = 1
    long: bool = False

    @property
    def error(self) -> Fault | None:
        """The failure of the whole; its next step can be pasted as it stands."""
        found = (self.report.error if self.report else self.fault) or self.trouble
        if found is None:
            return None
        step = said(found.next_step).replace("`smswrap ", f"`{self.again} ")
        return replace(found, message=said(found.message), meaning=said(found.meaning), next_step=step)

    @property
    def status(self) -> str:
        """One word for what happened."""
        if self.report is not None:
            return self.report.status
        if self.fault is None:
            return "ok"
        if self.fault.kind == Kind.CONFIRMATION and self.fault.code != "waiting":
            return self.fault.code or "failed"
        return self.failed or STATUS_OF.get(self.fault.kind, "failed")

    @property
    def exit(self) -> int:
        """The exit code."""
        if self.report is not None and self.report.error is not None:
            return int(self.report.exit)
        if self.signum is not None and self.fault is not None:
            return 128 + self.signum
        return int(self.error.exit) if self.error else int(Exit.OK)

    def attach(self, bodies: Sequence[Any], texts: Sequence[str]) -> None:
        """Bring in what the provider answered, to one request or to several."""
        if len(texts) == 1:
            self.reply, self.text = bodies[0], texts[0]
        elif texts:
            self.reply, self.text = [*bodies], json.dumps(bodies, ensure_ascii=False, indent=2)

    def envelope(self, *, with_reply: bool) -> dict[str, Any]:
        """The answer as JSON, the same shape for all commands and for success and failure.

        `reply` is there where it was asked for, and where it tells of a failure.
        """
        return {
            "smswrap": ENVELOPE,
            "command": self.command,
            "provider": self.provider,
            "sandbox": self.sandbox,
            "status": self.status,
            "error": {**self.error.as_json(), "request_id": self.request_id} if self.error else None,
            "warnings": [*map(said, self.warnings)],
            "data": self.data,
            "reply": self.reply if with_reply or self.error is not None else None,
        }


def of_report(command: str, report: Report) -> Answer:
    """The answer about a plan."""
    data: dict[str, object] = {"plan_id": report.plan.plan_id}
    if report.shown is not None:
        data = {**_plan(report.shown), "state": report.plan.state.value}
    if report.counts is not None:
        data |= {"counts": asdict(report.counts), "requests": _requests(report.requests)}
        data["requests_total"] = report.plan.requests
    if report.verified is not None:
        signs = [as_json(sign) for sign in report.verified.signs]
        data["verified"] = {"sign": signs[0], "signs": signs, "template": as_json(report.verified.template)}
    if report.receipts is not None:
        data |= _receipts(report.receipts)
    answer = Answer(command, report.plan.account.provider, data, report=report)
    failed = (one.request_id for one in report.requests if one.fault is not None and one.request_id)
    answer.request_id = next(failed, None)
    answer.warnings = [*(report.shown.warnings if report.shown else ()), *report.warnings]
    texts = [request.reply for request in report.requests if request.reply]
    answer.attach([_parsed(text) for text in texts], texts)
    return answer


def _plan(shown: ShownPlan) -> PlanData:
    """A plan as `data` shows it: plan_id, account, …, recipients, requests, parts, texts."""
    plan, account, parts = shown.plan, shown.plan.account, shown.plan.parts
    return {
        "plan_id": plan.plan_id,
        "provider": account.provider,
        "profile": account.profile,
        "account": {
            "profile": account.profile,
            "mode": account.mode,
            "key_end": account.key_end,
            "region": account.region,
            "base": account.base,
        },
        "group": plan.group,
        "signs": list(plan.signs),
        "template": plan.template,
        "out_id": plan.out_id,
        "expires_at": iso(plan.expires_at),
        "recipients_total": plan.recipients,
        "requests": plan.requests,
        "parts": parts.total if parts else None,
        "parts_each": [message.parts for message in shown.messages],
        "parts_from": parts.low if parts else None,
        "parts_to": parts.high if parts else None,
        "messages": [
            {
                "recipient": one.message.recipient,
                "sign": one.message.content.sign,
                "parameters": dict(one.message.content.parameters),
                "extend_code": one.message.content.extend_code,
                "text": one.text,
            }
            for one in shown.messages
        ],
        "messages_left_out": shown.left_out,
        "recipients": list(shown.recipients),
    }


def _requests(requests: Sequence[RequestRecord]) -> list[RequestData]:
    most = max(1, MOST_RECIPIENTS // max(1, len(requests)))
    return [
        {
            "outcome": request.outcome.value,
            "code": "OK" if request.outcome.value == "accepted" else request.fault.code if request.fault else None,
            "biz_id": request.biz_id,
            "out_id": request.out_id,
            "request_id": request.request_id,
            "recipients_total": len(request.recipients),
            "recipients": list(request.recipients[:most]),
        }
        for request in requests
    ]


def _receipts(receipts: Sequence[Receipt]) -> dict[str, object]:
    counted = {word: sum(one.receipt == word for one in receipts) for word in ("delivered", "failed", "in_flight")}
    first = sorted(receipts, key=lambda one: one.receipt != "failed")[:MOST_RECEIPTS]
    shown = [as_json(one) for one in first]
    if len(receipts) > MOST_RECEIPTS:
        shown = [{name: one[name] for name in ("recipient", "receipt", "code", "meaning")} for one in shown]
    return {"receipt_counts": counted, "receipts": shown, "receipts_left_out": len(receipts) - len(first)}


def _parsed(text: str) -> Any:  # noqa: ANN401  whatever the provider said
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def json_text(value: object, *, pretty: bool) -> str:
    """JSON on one line, or for people at a terminal; what a terminal would obey stands as escapes."""
    form = {"indent": 2} if pretty else {"separators": (",", ":")}
    return escape_json(json.dumps(value, ensure_ascii=False, default=dict, **form))
