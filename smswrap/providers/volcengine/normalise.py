"""Volcengine's spellings turned into ours, in the words and keys that aliyun's replies get (facts sheet §3.1).

The traps: MessageId and MessageIds for one list; two states that mean approved; a sign under two keys; created times in
seconds but send and receipt times in milliseconds; success as code "0" or as no code.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from smswrap.clock import SHANGHAI

if TYPE_CHECKING:
    from smswrap.providers.base import Body

STATES = {"3": "approved", "5": "approved", "2": "rejected"}
REVIEW_EXEMPT = "5"
TEMPLATE_TYPES = {"CN_OTP": "verification", "CN_NTC": "notification", "CN_MKT": "promotion"}
MESSAGE_IDS = ("MessageId", "MessageIds", "MessageID")
"""The SDK's spelling, the older skill's, the older API's."""

SUCCESS = frozenset({"", "0"})
"""Receipt codes that are no failure; a message has arrived once it has a receipt time as well."""


def sent(body: Body) -> Body:
    """SendSmsForAgent -> {biz_id, message_ids}: an id for each recipient, and the first of them for the request."""
    result = _object(body.get("Result"))
    found: object = next((result[name] for name in MESSAGE_IDS if result.get(name)), [])
    ids = [str(one) for one in (found if isinstance(found, list) else [found])]
    return {"biz_id": ids[0] if ids else None, "message_ids": ids}


def groups(body: Body) -> Body:
    """ListSubAccountForAgent -> {groups: [{group, name}], total}."""
    found = [{"group": item.get("SubAccount"), "name": item.get("SubAccountName")} for item in _items(body)]
    return {"groups": found, "total": _total(body)}


def signs(body: Body) -> Body:
    """ListSignatureForAgent -> {signs: [{sign, state, review_exempt, groups, …}], total}."""
    return {"signs": [_sign(item) for item in _items(body)], "total": _total(body)}


def templates(body: Body) -> Body:
    """ListSmsTemplateForAgent -> {templates: [{template, name, type, state, variables, signs, groups, …}], total}.

    `content` is always null: this API does not tell a template's text.
    """
    return {"templates": [_template(item) for item in _items(body)], "total": _total(body)}


def receipts(body: Body) -> Body:
    """ListSmsSendLogForAgent -> {messages: [{recipient, receipt, code, content, sent_at, received_at, …}], total}."""
    return {"messages": [_receipt(item) for item in _items(body)], "total": _total(body)}


def statistics(body: Body) -> Body:
    """ListTotalSendCountStatForAgent -> {unit, days, totals}; unit and days are null: it tells neither.

    In `totals`, `sent` is what went out of `attempted`, which is `send_rate`, and `delivered` what arrived of `sent`,
    which is `delivery_rate` (the receipt rate); rates are 0..1, or null for a division by zero. `reported` is the
    service's own TotalSendCount, which belongs to no rate. Rates in the reply are not read: the SDK knows of none.
    """
    result = _object(body.get("Result"))
    attempted, sent_out = _count(result, "TotalAllSendCount"), _count(result, "TotalSendSuccessCount")
    delivered, failed = _count(result, "TotalReceiptSuccessCount"), _count(result, "TotalReceiptFailureCount")
    totals = {
        "attempted": attempted,
        "sent": sent_out,
        "delivered": delivered,
        "failed": failed,
        "no_receipt": _rest(sent_out, delivered, failed),
        "send_rate": _rate(sent_out, attempted),
        "delivery_rate": _rate(delivered, sent_out),
        "reported": _count(result, "TotalSendCount"),
    }
    return {"unit": None, "days": None, "totals": totals}


def _sign(item: Body) -> Body:
    return {
        "sign": item.get("Signature"),
        **_state(item),
        "groups": _names(item, "SubAccounts"),
        "description": item.get("Description") or None,
        "created_at": _moment(item.get("CreatedAt"), per_second=1),
        "reason": None,
    }


def _template(item: Body) -> Body:
    state = _state(item)
    return {
        "template": item.get("TemplateId"),
        "second_template": item.get("SecondTemplateId"),
        "name": item.get("TemplateName"),
        "type": TEMPLATE_TYPES.get(str(item.get("ChannelType")), item.get("ChannelType")),
        **state,
        "content": None,
        "variables": _names(item, "TemplateParams") or [],
        "signs": _names(item, "Signatures", "Signature"),
        "groups": _names(item, "SubAccounts"),
        "created_at": _moment(item.get("CreatedAt"), per_second=1),
        "reason": (item.get("StatusDescription") or None) if state["state"] == "rejected" else None,
    }


def _receipt(item: Body) -> Body:
    code = str(item.get("ErrorCode") or "")
    received_at = _moment(item.get("ReceiptTime"))
    return {
        "recipient": item.get("Mobile"),
        "receipt": "failed" if code not in SUCCESS else "delivered" if received_at else "in_flight",
        "code": None if code in SUCCESS else code,
        "template": item.get("TemplateId"),
        "sign": item.get("Signature"),
        "group": item.get("SubAccount"),
        "content": item.get("Content"),
        "parts": item.get("Count"),
        "sent_at": _moment(item.get("SendTime")),
        "received_at": received_at,
        "out_id": None,
        "message_id": item.get("MessageId"),
        "reason": item.get("ErrorMessage") or None,
    }


def _state(item: Body) -> Body:
    # A status that nobody documented is passed on as it came.
    status = str(item.get("Status"))
    return {"state": STATES.get(status, status), "review_exempt": status == REVIEW_EXEMPT}


def _names(item: Body, *keys: str) -> list[str] | None:
    """The names under all keys; None if the item has none of them, which says nothing about what it belongs to."""
    told = [item[key] for key in keys if item.get(key) is not None]
    flat = [name for names in told for name in (names if isinstance(names, list) else [names])]
    return list(dict.fromkeys(str(name) for name in flat if name)) if told else None


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
