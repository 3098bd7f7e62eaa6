"""Volcengine's spellings turned into our records, the same ones that aliyun's replies become (facts sheet §3.1).

The traps: MessageId and MessageIds for one list; two states that mean approved; a sign under two keys; created times in
seconds but send and receipt times in milliseconds; success as code "0" or as no code.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from smswrap.clock import SHANGHAI
from smswrap.providers.records import (
    Counts,
    Group,
    Groups,
    Receipt,
    Receipts,
    Sent,
    Sign,
    Signs,
    Statistics,
    Template,
    Templates,
)

if TYPE_CHECKING:
    from smswrap.providers.base import Body

STATES = {"3": "approved", "5": "approved", "2": "rejected"}
REVIEW_EXEMPT = "5"
TEMPLATE_TYPES = {"CN_OTP": "verification", "CN_NTC": "notification", "CN_MKT": "promotion"}
MESSAGE_IDS = ("MessageId", "MessageIds", "MessageID")
"""The SDK's spelling, the older skill's, the older API's."""

SUCCESS = frozenset({"", "0"})
"""Receipt codes that are no failure; a message has arrived once it has a receipt time as well."""


def sent(body: Body) -> Sent:
    """SendSmsForAgent: a message id for each recipient, the first of which stands for the request."""
    result = _object(body.get("Result"))
    found: object = next((result[name] for name in MESSAGE_IDS if result.get(name)), [])
    ids = tuple(str(one) for one in (found if isinstance(found, list) else [found]))
    return Sent(ids[0] if ids else None, ids)


def groups(body: Body) -> Groups:
    """ListSubAccountForAgent."""
    found = tuple(Group(item.get("SubAccount"), item.get("SubAccountName")) for item in _items(body))
    return Groups(found, _total(body))


def signs(body: Body) -> Signs:
    """ListSignatureForAgent."""
    return Signs(tuple(map(_sign, _items(body))), _total(body))


def templates(body: Body) -> Templates:
    """ListSmsTemplateForAgent, whose templates have no `content`: ListSecondTemplate alone tells it."""
    return Templates(tuple(map(_template, _items(body))), _total(body))


def texts(body: Body) -> Templates:
    """ListSecondTemplate: a template's forms, one a sign, with their `content`; keys come in both capitalisations."""
    result = _capitalised(body.get("Result"))
    found = result.get("List") or result.get("Items")
    items = found if isinstance(found, list) else []
    forms = tuple(_template(_capitalised(item)) for item in items if isinstance(item, dict))
    return Templates(forms, len(forms))


def receipts(body: Body) -> Receipts:
    """ListSmsSendLogForAgent."""
    return Receipts(tuple(map(_receipt, _items(body))), _total(body))


def statistics(body: Body) -> Statistics:
    """ListTotalSendCountStatForAgent; unit and days are None: it tells neither.

    In `totals`, `sent` is what went out of `attempted`, which is `send_rate`, and `delivered` what arrived of `sent`,
    which is `delivery_rate` (the receipt rate); rates are 0..1, or None for a division by zero. `reported` is the
    service's own TotalSendCount, which belongs to no rate. Rates in the reply are not read: the SDK knows of none.
    """
    result = _object(body.get("Result"))
    attempted, sent_out = _count(result, "TotalAllSendCount"), _count(result, "TotalSendSuccessCount")
    delivered, failed = _count(result, "TotalReceiptSuccessCount"), _count(result, "TotalReceiptFailureCount")
    totals = Counts(
        attempted=attempted,
        sent=sent_out,
        delivered=delivered,
        failed=failed,
        no_receipt=_rest(sent_out, delivered, failed),
        send_rate=_rate(sent_out, attempted),
        delivery_rate=_rate(delivered, sent_out),
        reported=_count(result, "TotalSendCount"),
    )
    return Statistics(unit=None, days=None, totals=totals)


def _sign(item: Body) -> Sign:
    return Sign(
        sign=item.get("Signature"),
        state=_state(item),
        review_exempt=_is_exempt(item),
        groups=_names(item, "SubAccounts"),
        description=item.get("Description") or None,
        created_at=_moment(item.get("CreatedAt"), per_second=1),
    )


def _template(item: Body) -> Template:
    state = _state(item)
    return Template(
        template=item.get("TemplateId"),
        second_template=item.get("SecondTemplateId"),
        name=item.get("TemplateName") or item.get("Name"),
        type=TEMPLATE_TYPES.get(str(item.get("ChannelType")), item.get("ChannelType")),
        state=state,
        review_exempt=_is_exempt(item),
        content=item.get("Content") or None,
        variables=_names(item, "TemplateParams") or (),
        signs=_names(item, "Signatures", "Signature", "Sign"),
        groups=_names(item, "SubAccounts"),
        created_at=_moment(item.get("CreatedAt"), per_second=1),
        reason=(item.get("StatusDescription") or None) if state == "rejected" else None,
    )


def _receipt(item: Body) -> Receipt:
    code = str(item.get("ErrorCode") or "")
    received_at = _moment(item.get("ReceiptTime"))
    return Receipt(
        recipient=item.get("Mobile"),
        receipt="failed" if code not in SUCCESS else "delivered" if received_at else "in_flight",
        code=None if code in SUCCESS else code,
        template=item.get("TemplateId"),
        sign=item.get("Signature"),
        group=item.get("SubAccount"),
        content=item.get("Content"),
        parts=item.get("Count"),
        sent_at=_moment(item.get("SendTime")),
        received_at=received_at,
        message_id=item.get("MessageId"),
        reason=item.get("ErrorMessage") or None,
    )


def _status(item: Body) -> str:
    return str(next((item[key] for key in ("Status", "ReviewStatus") if key in item), None))


def _state(item: Body) -> str:
    # A status that nobody documented is passed on as it came.
    return STATES.get(_status(item), _status(item))


def _is_exempt(item: Body) -> bool:
    return _status(item) == REVIEW_EXEMPT


def _names(item: Body, *keys: str) -> tuple[str, ...] | None:
    """The names under all keys; None if the item has none of them, which says nothing about what it belongs to.

    A name may stand alone, in a list, or in an object with a `name`, as ListSecondTemplate has its variables.
    """
    told = [item[key] for key in keys if item.get(key) is not None]
    flat = [name for names in told for name in (names if isinstance(names, list) else [names])]
    plain = [_capitalised(name).get("Name") if isinstance(name, dict) else name for name in flat]
    return tuple(dict.fromkeys(str(name) for name in plain if name)) if told else None


def _moment(stamp: object, *, per_second: int = 1000) -> str | None:
    """A Unix time as ISO 8601 in Asia/Shanghai; 0 and what is no time are None."""
    try:
        seconds = int(str(stamp)) // per_second
        return datetime.fromtimestamp(seconds, SHANGHAI).isoformat() if seconds > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def _items(body: Body) -> list[Body]:
    found = _object(body.get("Result")).get("List")
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _total(body: Body) -> int:
    return _count(_object(body.get("Result")), "Total") or 0


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _capitalised(value: object) -> dict[str, Any]:
    return {f"{key[:1].upper()}{key[1:]}": inner for key, inner in _object(value).items()}


def _count(result: Body, key: str) -> int | None:
    try:
        return int(str(result.get(key)))
    except ValueError:
        return None


def _rest(sent_out: int | None, delivered: int | None, failed: int | None) -> int | None:
    # Late receipts of earlier days can make more receipts than messages; then the rest cannot be told.
    if sent_out is None or delivered is None or failed is None or sent_out < delivered + failed:
        return None
    return sent_out - delivered - failed


def _rate(part: int | None, whole: int | None) -> float | None:
    return round(part / whole, 4) if part is not None and whole else None
