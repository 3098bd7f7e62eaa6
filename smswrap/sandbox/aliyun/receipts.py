"""QuerySendDetails and QuerySendStatistics: what became of the ledger's messages, by the time that has passed.

The API tells time as Asia/Shanghai, UTC+8 all year.
"""

from __future__ import annotations

import time

from ..common import Row, files, message
from . import gateway, magic
from .account import Account
from .call import Conditions, RefusalError
from .plugin import Request

Reply = dict[str, object]

SHANGHAI_SECONDS, DAY_SECONDS = 8 * 3600, 24 * 3600
IN_FLIGHT, FAILED, DELIVERED = 1, 2, 3
DAYS_KEPT = 30
DOMESTIC, GLOBE = 1, 2
TYPES = {"verification": 0, "notification": 1, "promotion": 2, "international": 3, "digital": 7}
COUNTS = {
    "total": "TotalCount",
    "succeeded": "RespondedSuccessCount",
    "failed": "RespondedFailCount",
    "pending": "NoRespondedCount",
}


class Receipt:
    """What became of one message: status, carrier code, and when it is known (epoch seconds)."""

    def __init__(self, sent: Row, conditions: Conditions) -> None:
        row = magic.first_of([sent["phone"]])
        late = conditions.late_seconds if row.effect == "late" else 0
        self.time = sent["time"] + conditions.receipt_seconds + late
        if row.effect == "never" or self.time > time.time():
            self.status, self.code = IN_FLIGHT, ""
        elif row.effect == "failed":
            self.status, self.code = FAILED, row.detail
        else:
            self.status, self.code = DELIVERED, "DELIVERED"


def query_send_details(request: Request) -> Reply:
    """The messages of one day to one number, newest first; TotalCount is a string, the list lies two levels deep."""
    phone, day, biz_id = request.text("phone-number"), request.text("send-date"), request.text("biz-id")
    if not (magic.is_mainland(phone) or magic.is_international(phone.removeprefix("00"))):
        raise RefusalError("isv.MOBILE_NUMBER_ILLEGAL")
    now = time.time()
    if not (_is_day(day) and _day_of(now - DAYS_KEPT * DAY_SECONDS) <= day <= _day_of(now)):
        raise RefusalError("isv.INVALID_PARAMETERS", "发送日期须为近30天内的yyyyMMdd")
    found = [
        sent
        for sent in reversed(_ledger(request))
        if (sent["phone"] == phone or (biz_id and sent["phone"].removeprefix("00") == phone))
        and _day_of(sent["time"]) == day
        and biz_id in ("", sent["biz_id"])
    ]
    _, _, page = request.page("current-page", found)
    items = [_item(sent, Receipt(sent, request.call.conditions)) for sent in page]
    return gateway.accepted(TotalCount=str(len(found)), SmsSendDetailDTOs={"SmsSendDetailDTO": items})


def _item(sent: Row, receipt: Receipt) -> Row:
    received = {} if receipt.status == IN_FLIGHT else {"ReceiveDate": _moment_of(receipt.time)}
    return {
        "PhoneNum": sent["phone"],
        "SendStatus": receipt.status,
        "ErrCode": receipt.code,
        "TemplateCode": sent["template"],
        "Content": sent["content"],
        "SendDate": _moment_of(sent["time"]),
        "OutId": sent["out_id"],
        **received,
    }


def query_send_statistics(request: Request) -> Reply:
    """One row for each day with messages; TotalCount is what is billed: parts, not recipients."""
    first, last = request.text("start-date"), request.text("end-date")
    if not (_is_day(first) and _is_day(last) and first <= last):
        raise RefusalError("isv.INVALID_PARAMETERS", "日期格式须为yyyyMMdd")
    if request.integer("is-globe", 0) not in (DOMESTIC, GLOBE):
        raise RefusalError("isv.INVALID_PARAMETERS", "IsGlobe须为1或2")
    days: dict[str, Row] = {}
    for row in _rows(request, request.account()):
        if first <= row["date"] <= last and _fits(request, row):
            day = days.setdefault(row["date"], {"SendDate": row["date"], **dict.fromkeys(COUNTS.values(), 0)})
            for name, field in COUNTS.items():
                day[field] += row.get(name, 0)
    target = [days[day] for day in sorted(days)]
    _, _, page = request.page("page-index", target)
    return gateway.accepted(Data={"TotalSize": len(target), "TargetList": page})


def _rows(request: Request, account: Account) -> list[Row]:
    if account.statistics is not None:
        return account.statistics
    return [_row(sent, Receipt(sent, request.call.conditions), account) for sent in _ledger(request)]


def _row(sent: Row, receipt: Receipt, account: Account) -> Row:
    count = message.parts(sent["content"])
    outcome = {DELIVERED: "succeeded", FAILED: "failed"}.get(receipt.status, "pending")
    template = account.template(sent["template"])
    return {
        "date": _day_of(sent["time"]),
        "total": count,
        outcome: count,
        "is_globe": DOMESTIC if magic.is_mainland(sent["phone"]) else GLOBE,
        "sign": sent["sign"],
        "type": template["type"] if template else "",
    }


def _fits(request: Request, row: Row) -> bool:
    kind = request.text("template-type")
    return (
        row.get("is_globe", DOMESTIC) == request.integer("is-globe", DOMESTIC)
        and request.text("sign-name") in ("", row.get("sign", ""))
        and (not kind or TYPES.get(row.get("type", "")) == int(kind))
    )


def _ledger(request: Request) -> list[Row]:
    return files.read_lines(f"{request.call.folder}/ledger.jsonl")


def _day_of(epoch: float) -> str:
    return time.strftime("%Y%m%d", time.gmtime(epoch + SHANGHAI_SECONDS))


def _moment_of(epoch: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(epoch + SHANGHAI_SECONDS))


def _is_day(text: str) -> bool:
    """Whether the calendar has this day, yyyyMMdd."""
    import datetime as dt  # 3 ms, for queries only

    try:
        dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return len(text) == len("yyyyMMdd") and text.isdecimal()
