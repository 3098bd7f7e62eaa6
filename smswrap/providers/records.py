"""What providers tell, in our words: one record a thing, the same for every provider; None where one does not tell.

Moments are ISO 8601 in Asia/Shanghai, counts are whole numbers, rates lie in 0..1. What stands here is the shape of
`data` in the envelope; a record that holds a list holds it under the list's own name, beside page, page_size and total.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields, is_dataclass
from typing import Any

from smswrap.record import dataclass


@dataclass(frozen=True)
class Sent:
    """A send request that was accepted: the request's id, and an id for each message where there is one."""

    biz_id: str | None
    message_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Registration:
    """A sign's registration at one carrier."""

    carrier: str | None
    state: str | None
    completed_at: str | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sign:
    """A sign: `state` is reviewing, approved, rejected or cancelled; `scene` and `usage` say what it is for."""

    sign: str | None
    state: str | None
    usage: str | None = None
    scene: str | None = None
    description: str | None = None
    groups: tuple[str, ...] | None = None
    review_exempt: bool | None = None
    created_at: str | None = None
    order_id: str | None = None
    reason: str | None = None
    registration: tuple[Registration, ...] = ()


@dataclass(frozen=True)
class Signs:
    """A list of signs."""

    signs: tuple[Sign, ...]
    total: int
    page: int | None = None
    page_size: int | None = None


@dataclass(frozen=True)
class Template:
    """A template: `type` is verification, notification, promotion, international or digital.

    `content` is its text with `${variable}`s, or None, and `why_unknown` says why; `rules` are what the provider
    demands of a variable's value, by its name.
    """

    template: str | None
    name: str | None
    type: str | None
    state: str | None
    content: str | None = None
    variables: tuple[str, ...] = ()
    rules: Mapping[str, str] = field(default_factory=dict)
    sign: str | None = None
    signs: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    second_template: str | None = None
    review_exempt: bool | None = None
    created_at: str | None = None
    order_id: str | None = None
    reason: str | None = None
    why_unknown: str | None = None


@dataclass(frozen=True)
class Templates:
    """A list of templates."""

    templates: tuple[Template, ...]
    total: int
    page: int | None = None
    page_size: int | None = None


@dataclass(frozen=True)
class Receipt:
    """What became of one message: `receipt` is in_flight, delivered or failed, `code` the provider's word for why."""

    recipient: str | None
    receipt: str | None
    code: str | None = None
    meaning: str | None = None
    reason: str | None = None
    template: str | None = None
    sign: str | None = None
    group: str | None = None
    content: str | None = None
    parts: int | None = None
    sent_at: str | None = None
    received_at: str | None = None
    out_id: str | None = None
    message_id: str | None = None


@dataclass(frozen=True)
class Receipts:
    """The receipts of one recipient or request."""

    messages: tuple[Receipt, ...]
    total: int
    page: int | None = None
    page_size: int | None = None


@dataclass(frozen=True)
class Counts:
    """What was sent: billed parts or messages, as `Statistics.unit` says."""

    sent: int | None
    delivered: int | None
    failed: int | None
    no_receipt: int | None
    delivery_rate: float | None
    attempted: int | None = None
    send_rate: float | None = None
    reported: int | None = None


@dataclass(frozen=True)
class Day:
    """One day's counts; `day` is yyyyMMdd."""

    day: str | None
    sent: int
    delivered: int
    failed: int
    no_receipt: int
    delivery_rate: float | None


@dataclass(frozen=True)
class Statistics:
    """Counts by day, where the provider tells them, and in total."""

    unit: str | None
    days: tuple[Day, ...] | None
    totals: Counts
    total: int | None = None
    page: int | None = None
    page_size: int | None = None


@dataclass(frozen=True)
class Qualification:
    """A company's qualification; `personal` holds identities, phones and pictures, by the provider's names."""

    group_id: int | None
    work_order_id: int | None
    name: str | None
    company: str | None
    state: str | None
    own_use: bool | None
    company_type: str | None = None
    shared: bool | None = None
    valid: str | None = None
    remark: str | None = None
    audit_remark: str | None = None
    audited_at: str | None = None
    created_at: str | None = None
    personal: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Qualifications:
    """A list of qualifications."""

    qualifications: tuple[Qualification, ...]
    total: int
    page: int | None = None
    page_size: int | None = None


@dataclass(frozen=True)
class Group:
    """One of Volcengine's message groups."""

    group: str | None
    name: str | None


@dataclass(frozen=True)
class Groups:
    """A list of message groups."""

    groups: tuple[Group, ...]
    total: int


def as_json(record: object) -> Any:  # noqa: ANN401  a record gives an object, its parts give what they are
    """A record as JSON has it: records and mappings as objects, tuples as arrays."""
    if is_dataclass(record) and not isinstance(record, type):
        return {one.name: as_json(getattr(record, one.name)) for one in fields(record)}
    if isinstance(record, Mapping):
        return {key: as_json(value) for key, value in record.items()}
    if isinstance(record, (list, tuple)):
        return [as_json(value) for value in record]
    return record
