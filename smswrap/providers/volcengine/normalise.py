"""Volcengine's spellings turned into our records, the same ones that aliyun's replies become (facts sheet §3.1).

The traps: MessageId and MessageIds for one list; two states that mean approved; a sign under two keys; created times in
seconds but send and receipt times in milliseconds; success as code "0" or as no code.
What is read from which key says fields.tsv, what states mean words.tsv.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from smswrap.clock import SHANGHAI
from smswrap.providers import records
from smswrap.providers.reading import as_object, count, field_reader, items, number, rate, text

if TYPE_CHECKING:
    from smswrap.providers.base import Body

REVIEW_EXEMPT = "5"
MESSAGE_IDS = ("MessageId", "MessageIds", "MessageID")
"""The SDK's spelling, the older skill's, the older API's."""

SUCCESS = frozenset({"", "0"})
"""Receipt codes that are no failure; a message has arrived once it has a receipt time as well."""


def sent(body: Body) -> records.Sent:
    """SendSmsForAgent: a message id for each recipient, the first of which stands for the request."""
    result = as_object(body.get("Result"))
    found: object = next((result[name] for name in MESSAGE_IDS if result.get(name)), [])
    ids = tuple(str(one) for one in (found if isinstance(found, list) else [found]))
    return records.Sent(ids[0] if ids else None, ids)


def groups(body: Body) -> records.Groups:
    """ListSubAccountForAgent."""
    return records.Groups(tuple(records.Group(**_fields("group", item)) for item in _listed(body)), _total(body))


def signs(body: Body) -> records.Signs:
    """ListSignatureForAgent."""
    return records.Signs(tuple(records.Sign(**_fields("sign", item)) for item in _listed(body)), _total(body))


def templates(body: Body) -> records.Templates:
    """ListSmsTemplateForAgent, whose templates have no `content`: ListSecondTemplate alone tells it."""
    return records.Templates(tuple(map(_template, _listed(body))), _total(body))


def texts(body: Body) -> records.Templates:
    """ListSecondTemplate: a template's forms, one a sign, with their `content`; keys come in both capitalisations."""
    result = _capitalised(body.get("Result"))
    forms = tuple(_template(_capitalised(item)) for item in items(result.get("List") or result.get("Items")))
    return records.Templates(forms, len(forms))


def receipts(body: Body) -> records.Receipts:
    """ListSmsSendLogForAgent."""
    return records.Receipts(tuple(map(_receipt, _listed(body))), _total(body))


def statistics(body: Body) -> records.Statistics:
    """ListTotalSendCountStatForAgent; unit and days are None: it tells neither.

    In `totals`, `sent` is what went out of `attempted`, which is `send_rate`, and `delivered` what arrived of `sent`,
    which is `delivery_rate` (the receipt rate); rates are 0..1, or None for a division by zero. `reported` is the
    service's own TotalSendCount, which belongs to no rate. Rates in the reply are not read: the SDK knows of none.
    """
    counts = _fields("counts", as_object(body.get("Result")))
    attempted, sent_out, delivered = counts["attempted"], counts["sent"], counts["delivered"]
    totals = records.Counts(
        **counts,
        no_receipt=_rest(sent_out, delivered, counts["failed"]),
        send_rate=rate(sent_out, attempted),
        delivery_rate=rate(delivered, sent_out),
    )
    return records.Statistics(unit=None, days=None, totals=totals)


def _template(item: Body) -> records.Template:
    fields = _fields("template", item)
    if fields["state"] != "rejected":
        fields = {**fields, "reason": None}
    signs_told = _names(item.get("Signatures"), item.get("Signature"), item.get("Sign"))
    return records.Template(**fields, variables=_names(item.get("TemplateParams")) or (), signs=signs_told)


def _receipt(item: Body) -> records.Receipt:
    fields = _fields("receipt", item)
    if fields["code"] not in SUCCESS:
        return records.Receipt(**fields, receipt="failed")
    return records.Receipt(**{**fields, "code": None}, receipt="delivered" if fields["received_at"] else "in_flight")


def _names(*told: object) -> tuple[str, ...] | None:
    """The names in all of these; None if nothing is told, which says nothing about what it belongs to.

    A name may stand alone, in a list, or in an object with a `name`, as ListSecondTemplate has its variables.
    """
    flat = [name for names in told if names is not None for name in (names if isinstance(names, list) else [names])]
    plain = [_capitalised(name).get("Name") if isinstance(name, dict) else name for name in flat]
    return None if told.count(None) == len(told) else tuple(dict.fromkeys(str(name) for name in plain if name))


def _moment(stamp: object, *, per_second: int = 1) -> str | None:
    """A Unix time as ISO 8601 in Asia/Shanghai; 0 and what is no time are None."""
    try:
        seconds = int(str(stamp)) // per_second
        return datetime.fromtimestamp(seconds, SHANGHAI).isoformat() if seconds > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


_fields = field_reader(
    __file__,
    {
        "text": text,
        "number": number,
        "names": _names,
        "code": lambda code: str(code or ""),
        "exempt": lambda status: str(status) == REVIEW_EXEMPT,
        "seconds": _moment,
        "milliseconds": partial(_moment, per_second=1000),
    },
)


def _listed(body: Body) -> list[Body]:
    return items(as_object(body.get("Result")).get("List"))


def _total(body: Body) -> int:
    return count(as_object(body.get("Result")).get("Total"))


def _capitalised(value: object) -> Body:
    return {f"{key[:1].upper()}{key[1:]}": inner for key, inner in as_object(value).items()}


def _rest(sent_out: int | None, delivered: int | None, failed: int | None) -> int | None:
    # Late receipts of earlier days can make more receipts than messages; then the rest cannot be told.
    if sent_out is None or delivered is None or failed is None or sent_out < delivered + failed:
        return None
    return sent_out - delivered - failed
