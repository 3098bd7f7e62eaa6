"""QuerySendStatistics: sums by day, of account.json or counted from the ledger."""

from __future__ import annotations

from . import clock, gateway, recipient
from .errors import RefusalError
from .ledger import Ledger
from .receipts import DELIVERED, FAILED, Receipt
from .request import cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .account import Account
    from .ledger import Message
    from .request import Request

    Row = dict[str, Any]

DOMESTIC, GLOBE = 1, 2
TYPES = {"verification": 0, "notification": 1, "promotion": 2, "international": 3, "digital": 7}
COUNTS = {
    "total": "TotalCount",
    "succeeded": "RespondedSuccessCount",
    "failed": "RespondedFailCount",
    "pending": "NoRespondedCount",
}
DOMESTIC_PARTS = (70, 67)
PLAIN_PARTS = (160, 153)


def query_send_statistics(request: Request) -> dict[str, object]:
    """One row for each day with messages; TotalCount is what is billed: parts, not recipients."""
    number, size = request.page("page-index")
    first, last = request.text("start-date"), request.text("end-date")
    if not (clock.is_day(first) and clock.is_day(last) and first <= last):
        raise RefusalError("isv.INVALID_PARAMETERS", "日期格式须为yyyyMMdd")
    if request.integer("is-globe", 0) not in (DOMESTIC, GLOBE):
        raise RefusalError("isv.INVALID_PARAMETERS", "IsGlobe须为1或2")
    days: dict[str, Row] = {}
    for row in _rows(request):
        if first <= row["date"] <= last and _fits(request, row):
            _add(days.setdefault(row["date"], dict.fromkeys(COUNTS.values(), 0)), row)
    target = [{"SendDate": day, **days[day]} for day in sorted(days)]
    return gateway.accepted(Data={"TotalSize": len(target), "TargetList": cut(target, number, size)})


def parts(content: str) -> int:
    """How many messages are billed for a text: 70 characters in one or 67 in each, for plain ASCII 160 or 153."""
    single, each = PLAIN_PARTS if content.isascii() else DOMESTIC_PARTS
    return 1 if len(content) <= single else -(-len(content) // each)


def _rows(request: Request) -> list[Row]:
    account = request.account()
    if account.statistics is not None:
        return account.statistics
    return [_row(request, account, message) for message in Ledger(request.call.folder).messages()]


def _row(request: Request, account: Account, message: Message) -> Row:
    count = parts(message["content"])
    status = Receipt(message, request.call.conditions).status
    outcome = {DELIVERED: "succeeded", FAILED: "failed"}.get(status, "pending")
    template = account.template(message["template"])
    return {
        "date": clock.day_of(message["time"]),
        "total": count,
        outcome: count,
        "is_globe": DOMESTIC if recipient.is_mainland(message["phone"]) else GLOBE,
        "sign": message["sign"],
        "type": template["type"] if template else "",
    }


def _fits(request: Request, row: Row) -> bool:
    kind = request.text("template-type")
    return (
        row.get("is_globe", DOMESTIC) == request.integer("is-globe", DOMESTIC)
        and request.text("sign-name") in ("", row.get("sign", ""))
        and (not kind or TYPES.get(row.get("type", "")) == int(kind))
    )


def _add(day: Row, row: Row) -> None:
    for name, field in COUNTS.items():
        day[field] += row.get(name, 0)
