"""QuerySendDetails: receipts, computed from the ledger and the time that has passed."""

from __future__ import annotations

import time

from . import clock, gateway, magic, recipient
from .errors import RefusalError
from .ledger import Ledger
from .request import cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .conditions import Conditions
    from .ledger import Message
    from .request import Request

    Reply = dict[str, object]

IN_FLIGHT, FAILED, DELIVERED = 1, 2, 3
DAYS_KEPT = 30


class Receipt:
    """What became of one message: status, carrier code, and when it is known (epoch seconds)."""

    def __init__(self, message: Message, conditions: Conditions) -> None:
        row = magic.of(message["phone"])
        late = conditions.late_seconds if row.effect == "late" else 0
        self.time = message["time"] + conditions.receipt_seconds + late
        if row.effect == "never" or self.time > time.time():
            self.status, self.code = IN_FLIGHT, ""
        elif row.effect == "failed":
            self.status, self.code = FAILED, row.detail
        else:
            self.status, self.code = DELIVERED, "DELIVERED"


def query_send_details(request: Request) -> Reply:
    """The messages of one day to one number, newest first; TotalCount is a string, the list lies two levels deep."""
    number, size = request.page("current-page")
    rows = [message for message in _messages(request) if _fits(request, message)]
    items = [_item(request, message) for message in cut(rows[::-1], number, size)]
    return gateway.accepted(TotalCount=str(len(rows)), SmsSendDetailDTOs={"SmsSendDetailDTO": items})


def _messages(request: Request) -> list[Message]:
    phone, day = request.text("phone-number"), request.text("send-date")
    if not (recipient.is_mainland(phone) or recipient.is_international(phone.removeprefix("00"))):
        raise RefusalError("isv.MOBILE_NUMBER_ILLEGAL")
    if not clock.is_recent_day(day, DAYS_KEPT):
        raise RefusalError("isv.INVALID_PARAMETERS", "发送日期须为近30天内的yyyyMMdd")
    return Ledger(request.call.folder).messages()


def _fits(request: Request, message: Message) -> bool:
    return (
        message["phone"] == request.text("phone-number")
        and clock.day_of(message["time"]) == request.text("send-date")
        and request.text("biz-id") in ("", message["biz_id"])
    )


def _item(request: Request, message: Message) -> Reply:
    receipt = Receipt(message, request.call.conditions)
    item = {
        "PhoneNum": message["phone"],
        "SendStatus": receipt.status,
        "ErrCode": receipt.code,
        "TemplateCode": message["template"],
        "Content": message["content"],
        "SendDate": clock.moment_of(message["time"]),
        "OutId": message["out_id"],
    }
    return item if receipt.status == IN_FLIGHT else {**item, "ReceiveDate": clock.moment_of(receipt.time)}
