"""dysmsapi's own spellings turned into ours: the one place that knows its traps.

Sources: facts sheet §1.3-1.11 (SDK models of dysmsapi 2017-05-25). The traps: states as AUDIT_STATE_* (with a misspelt
AUDIT_SATE_CANCEL), as int and as string; two numberings of template types; counts as strings; arrays in two levels;
two names of one state in the two qualification APIs.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from smswrap.patterns import pattern
from smswrap.providers.records import (
    Counts,
    Day,
    Qualification,
    Qualifications,
    Receipt,
    Receipts,
    Registration,
    Sent,
    Sign,
    Signs,
    Statistics,
    Template,
    Templates,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smswrap.providers.base import Body

STATES = {
    "AUDIT_STATE_INIT": "reviewing",
    "AUDIT_STATE_PASS": "approved",
    "AUDIT_STATE_NOT_PASS": "rejected",
    "AUDIT_STATE_CANCEL": "cancelled",
    "AUDIT_SATE_CANCEL": "cancelled",
    "0": "reviewing",
    "1": "approved",
    "2": "rejected",
    "10": "cancelled",
}
TEMPLATE_TYPES = {"0": "verification", "1": "notification", "2": "promotion", "3": "international", "7": "digital"}
RECEIPTS = {"1": "in_flight", "2": "failed", "3": "delivered"}
REGISTRATIONS = {
    "0": "failed",
    "1": "awaiting verification",
    "2": "lapsed",
    "3": "registered",
    "-1": "in progress",
    "-2": "not registered",
}
QUALIFICATION_STATES = {
    "INIT": "reviewing",
    "INT": "reviewing",
    "PASS": "approved",
    "PASSED": "approved",
    "NOT_PASS": "rejected",
    "FAILED": "rejected",
    "NOT_FINISH": "unfinished",
    "CANCEL": "cancelled",
    "CANCELED": "cancelled",
}
VARIABLE = pattern(r"\$\{([^${}]*)\}")


def sent(body: Body) -> Sent:
    """SendSms, SendBatchSms."""
    return Sent(_text(body.get("BizId")))


def signs(body: Body) -> Signs:
    """QuerySmsSignList."""
    return Signs(tuple(map(_listed_sign, _items(body, "SmsSignList"))), *_page(body))


def sign(body: Body) -> Sign:
    """GetSmsSign: one sign with its registration at each carrier."""
    return Sign(
        sign=_text(body.get("SignName")),
        state=_word(STATES, body.get("SignStatus")),
        scene=_text(body.get("ApplyScene")),
        created_at=moment(body.get("CreateDate")),
        order_id=_text(body.get("OrderId")),
        reason=_text(_object(body.get("AuditInfo")).get("RejectInfo")),
        registration=tuple(map(_registration, _items(body, "SignIspRegisterDetailList"))),
    )


def templates(body: Body) -> Templates:
    """QuerySmsTemplateList."""
    return Templates(tuple(map(_listed_template, _items(body, "SmsTemplateList"))), *_page(body))


def template(body: Body) -> Template:
    """GetSmsTemplate."""
    return Template(
        template=_text(body.get("TemplateCode")),
        name=_text(body.get("TemplateName")),
        type=_word(TEMPLATE_TYPES, body.get("TemplateType")),
        state=_word(STATES, body.get("TemplateStatus")),
        content=_text(body.get("TemplateContent")),
        variables=variables(body.get("TemplateContent")),
        sign=_text(body.get("RelatedSignName")),
        created_at=moment(body.get("CreateDate")),
        order_id=_text(body.get("OrderId")),
        reason=_text(_object(body.get("AuditInfo")).get("RejectInfo")),
        rules=_rules(body.get("VariableAttribute")),
    )


def _rules(text: object) -> dict[str, str]:
    """What the provider demands of a template's variables, from the JSON text of VariableAttribute."""
    try:
        found = json.loads(text) if isinstance(text, str) else {}
    except (ValueError, RecursionError):
        return {}
    return {name: rule for name, rule in _object(found).items() if isinstance(rule, str)}


def receipts(body: Body) -> Receipts:
    """QuerySendDetails; it tells no page."""
    items = _items(_object(body.get("SmsSendDetailDTOs")), "SmsSendDetailDTO")
    return Receipts(tuple(map(_receipt, items)), _count(body.get("TotalCount")))


def statistics(body: Body) -> Statistics:
    """QuerySendStatistics; counts are billed parts, not recipients."""
    data = _object(body.get("Data"))
    days = tuple(map(_day, _items(data, "TargetList")))
    return Statistics("parts", days, totals(days), _count(data.get("TotalSize")))


def totals(days: Iterable[Day]) -> Counts:
    """Add days up."""
    counts = [(day.sent, day.delivered, day.failed, day.no_receipt) for day in days]
    sent_out, delivered, failed, no_receipt = (sum(column) for column in zip((0, 0, 0, 0), *counts, strict=True))
    return Counts(sent_out, delivered, failed, no_receipt, _rate(delivered, sent_out))


def qualifications(body: Body) -> Qualifications:
    """QuerySmsQualificationRecord."""
    data = _object(body.get("Data"))
    page = _count(data.get("Total")), _number(data.get("PageNo")), _number(data.get("PageSize"))
    return Qualifications(tuple(map(_listed_qualification, _items(data, "List"))), *page)


def qualification(body: Body) -> Qualification:
    """QuerySingleSmsQualification."""
    data = _object(body.get("Data"))
    return Qualification(
        group_id=_number(data.get("QualificationGroupId")),
        work_order_id=_number(data.get("WorkOrderId")),
        name=_text(data.get("QualificationName")),
        company=_text(data.get("CompanyName")),
        company_type=_text(data.get("CompanyType")),
        state=_word(QUALIFICATION_STATES, data.get("State")),
        own_use=_boolean(data.get("UseBySelf")),
        shared=_boolean(data.get("WhetherShare")),
        valid=_text(data.get("EffTimeStr")),
        remark=_text(data.get("Remark")),
        personal={_snake(key): data[key] for key in PERSONAL if key in data},
    )


PERSONAL = (
    "OrganizationCode",
    "LegalPersonName",
    "LegalPersonIDCardNo",
    "LegalPersonIDCardType",
    "LegalPersonIdCardEffTime",
    "AdminName",
    "AdminPhoneNo",
    "AdminIDCardNo",
    "AdminIDCardType",
    "AdminIDCardExpDate",
    "AdminIDCardFrontFace",
    "AdminIDCardPic",
    "BusinessLicensePics",
    "OtherFiles",
)


def variables(content: object) -> tuple[str, ...]:
    """The names in a template's `${...}`, each once, in order."""
    found = VARIABLE.findall(content if isinstance(content, str) else "")
    return tuple(dict.fromkeys(name.strip() for name in found))


def moment(text: object) -> str | None:
    """`2026-03-26 10:00:00`, which means Asia/Shanghai, as ISO 8601 with its offset; anything else as is."""
    if not isinstance(text, str) or not text:
        return None
    return f"{text.replace(' ', 'T')}+08:00" if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text) else text


def _listed_sign(item: Body) -> Sign:
    return Sign(
        sign=_text(item.get("SignName")),
        state=_word(STATES, item.get("AuditStatus")),
        usage=_text(item.get("BusinessType")),
        created_at=moment(item.get("CreateDate")),
        order_id=_text(item.get("OrderId")),
        reason=_reason(item),
    )


def _listed_template(item: Body) -> Template:
    return Template(
        template=_text(item.get("TemplateCode")),
        name=_text(item.get("TemplateName")),
        type=_listed_type(item),
        state=_word(STATES, item.get("AuditStatus")),
        content=_text(item.get("TemplateContent")),
        variables=variables(item.get("TemplateContent")),
        sign=_text(item.get("SignatureName")),
        created_at=moment(item.get("CreateDate")),
        order_id=_text(item.get("OrderId")),
        reason=_reason(item),
    )


def _listed_type(item: Body) -> str | None:
    # OuterTemplateType numbers as every other operation does; TemplateType of this list alone numbers otherwise.
    if item.get("OuterTemplateType") is not None:
        return _word(TEMPLATE_TYPES, item["OuterTemplateType"])
    inner = {"0": "notification", "1": "promotion", "2": "verification", "6": "international"}
    return _word(inner, item.get("TemplateType"))


def _reason(item: Body) -> str | None:
    # Approved items carry a "no remarks" text here, which is no reason.
    if _word(STATES, item.get("AuditStatus")) != "rejected":
        return None
    return _text(_object(item.get("Reason")).get("RejectInfo"))


def _registration(item: Body) -> Registration:
    reasons = _items(item, "RegisterStatusReasons")
    return Registration(
        carrier=_text(item.get("OperatorCode")),
        state=_word(REGISTRATIONS, item.get("RegisterStatus")),
        completed_at=moment(item.get("OperatorCompleteTime")),
        reasons=tuple(text for reason in reasons for text in _words(reason)),
    )


def _words(reason: Body) -> list[str]:
    described = reason.get("ReasonDescList")
    found = described if isinstance(described, list) and described else [reason.get("ReasonCode")]
    return [text for one in found if (text := _text(one))]


def _receipt(item: Body) -> Receipt:
    return Receipt(
        recipient=_text(item.get("PhoneNum")),
        receipt=_word(RECEIPTS, item.get("SendStatus")),
        code=_text(item.get("ErrCode")),
        template=_text(item.get("TemplateCode")),
        content=_text(item.get("Content")),
        sent_at=moment(item.get("SendDate")),
        received_at=moment(item.get("ReceiveDate")),
        out_id=_text(item.get("OutId")),
    )


def _day(item: Body) -> Day:
    names = ("TotalCount", "RespondedSuccessCount", "RespondedFailCount", "NoRespondedCount")
    sent_out, delivered, failed, no_receipt = (_count(item.get(name)) for name in names)
    day = _text(item.get("SendDate"))
    return Day(day, sent_out, delivered, failed, no_receipt, _rate(delivered, sent_out))


def _listed_qualification(item: Body) -> Qualification:
    return Qualification(
        group_id=_number(item.get("GroupId")),
        work_order_id=_number(item.get("WorkOrderId")),
        name=_text(item.get("QualificationGroupName")),
        company=_text(item.get("CompanyName")),
        state=_word(QUALIFICATION_STATES, item.get("StateName")),
        own_use=_boolean(item.get("UseBySelf")),
        audit_remark=_text(item.get("AuditRemark")),
        audited_at=moment(item.get("AuditTime")),
        created_at=moment(item.get("CreateDate")),
        personal={"legal_person_name": item.get("LegalPersonName")},
    )


def _page(body: Body) -> tuple[int, int | None, int | None]:
    return _count(body.get("TotalCount")), _number(body.get("CurrentPage")), _number(body.get("PageSize"))


def _word(words: dict[str, str], value: object) -> str | None:
    # int in one operation, str in another: compare as text. What nobody documented is passed on as it came.
    text = _text(value)
    return None if text is None else words.get(text, text)


def _text(value: object) -> str | None:
    # An id may come as a number. What is no text at all is nothing that we know of.
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def _items(body: Body, key: str) -> list[Body]:
    found = body.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> int | None:
    text = str(value)
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def _count(value: object) -> int:
    return _number(value) or 0


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _boolean(value: object) -> bool | None:
    return {"true": True, "false": False}.get(str(value).lower())


def _snake(key: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", key.replace("IdCard", "IDCard")).lower()
