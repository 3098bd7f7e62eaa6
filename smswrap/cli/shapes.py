"""What `data` holds, verb by verb, where no record of the providers is it.

mypy checks our answers by these types, and `smswrap schema` is made from them. What stands in a `total=False` part is
not there every time.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from smswrap.errors import Kind, Problem, Retry
from smswrap.model import Counts
from smswrap.providers.base import Finding
from smswrap.providers.records import Receipt, Sign, Template

Plain = dict[str, Any]
"""A JSON object of somebody else's shape."""


class Error(TypedDict):
    """What went wrong: what happened, what follows from it, and what to do."""

    kind: Kind
    code: str | None
    message: str
    meaning: str
    next_step: str
    retry: Retry
    request_id: str | None


class Envelope(TypedDict):
    """Every answer, of success and of failure."""

    smswrap: Literal[1]
    command: str
    provider: str | None
    sandbox: bool
    status: str
    error: Error | None
    warnings: list[str]
    data: object
    reply: object


class AccountData(TypedDict):
    """Who sends."""

    profile: str | None
    mode: str | None
    key_end: str | None
    region: str | None
    base: str | None


class MessageData(TypedDict):
    """One message of a plan; `text` is what the recipient will see."""

    recipient: str
    sign: str
    parameters: dict[str, str]
    extend_code: str | None
    text: str | None


class PlanData(TypedDict):
    """A plan, as a person is shown it; `parts` are billed, and null where the text is not known."""

    plan_id: str
    provider: str
    profile: str | None
    account: AccountData
    group: str | None
    signs: list[str]
    template: str
    out_id: str | None
    expires_at: str
    recipients_total: int
    requests: int
    parts: int | None
    parts_each: list[int | None]
    parts_from: int | None
    parts_to: int | None
    messages: list[MessageData]
    messages_left_out: int
    recipients: list[str]


class RequestData(TypedDict):
    """One request of a send and what became of it."""

    outcome: str
    code: str | None
    biz_id: str | None
    out_id: str
    request_id: str | None
    recipients_total: int
    recipients: list[str]


class VerifiedData(TypedDict):
    """What --verify looked up; `sign` is the first of `signs`."""

    sign: Sign
    signs: list[Sign]
    template: Template


class ProposedData(PlanData, total=False):
    """A plan that waits for a yes; `counts` where a part of it was sent before."""

    state: str
    verified: VerifiedData
    counts: Counts
    requests_total: int


class ShortReceipt(TypedDict):
    """What became of one message, where there are too many to tell more of each."""

    recipient: str
    receipt: str
    code: str | None
    meaning: str | None


class _SentData(TypedDict):
    plan_id: str


class SentData(_SentData, total=False):
    """What became of a plan; receipts with --wait, the failed ones first."""

    counts: Counts
    requests: list[RequestData]
    requests_total: int
    verified: VerifiedData
    receipt_counts: dict[str, int]
    receipts: list[Receipt] | list[ShortReceipt]
    receipts_left_out: int


class LookedUpData(TypedDict):
    """What `resume --unknown` found of several plans."""

    plans: list[Plain]


class FailedData(TypedDict, total=False):
    """Of a failure: the plan that it is about, an earlier one, or everything that is wrong with the input."""

    plan_id: str
    earlier: Plain
    problems: list[Problem]
    problems_total: int
    kinds: list[Plain]


class LineData(TypedDict, total=False):
    """One recipient of the history; what is not known is left out."""

    plan_id: str
    at: str
    provider: str
    sign: str
    template: str
    recipient: str
    outcome: str
    code: str
    receipt: str
    out_id: str
    biz_id: str


class HistoryData(TypedDict):
    """Messages, newest first; `next_offset` is null at the end."""

    shown: int
    next_offset: int | None
    sends: list[LineData]


class CountData(TypedDict):
    """How many messages had this outcome, receipt and code."""

    outcome: str
    receipt: str | None
    code: str | None
    count: int


class CountsData(TypedDict):
    """The history with --chart, the most frequent first."""

    total: int
    counts: list[CountData]


class _DoctorData(TypedDict):
    ready: bool
    verdict: str
    checks: list[Finding]


class DoctorData(_DoctorData, total=False):
    """Whether the next send would pass, what was looked at, and what --fix did."""

    fixed: list[str]


class CodeData(TypedDict, total=False):
    """What a code means; of many, without `scope` and `retry`."""

    code: str
    provider: str
    kind: Kind
    scope: str
    retry: Retry
    meaning: str
    next_step: str


class CodesData(TypedDict):
    """The codes that hold the words."""

    codes: list[CodeData]
    total: int


class PathData(TypedDict):
    """A folder."""

    path: str


class ResetData(PathData):
    """What became of the sandbox's folder."""

    deleted: bool


class LogData(TypedDict):
    """The calls that the stand-ins received."""

    calls: list[Plain]
