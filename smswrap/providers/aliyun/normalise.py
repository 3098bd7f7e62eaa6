"""dysmsapi's own spellings turned into ours: the one place that knows its traps.

Sources: facts sheet §1.3-1.11 (SDK models of dysmsapi 2017-05-25). The traps: states as AUDIT_STATE_* (with a misspelt
AUDIT_SATE_CANCEL), as int and as string; two numberings of template types; counts as strings; arrays in two levels;
two names of one state in the two qualification APIs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

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
VARIABLE = re.compile(r"\$\{([^${}]*)\}")


def sent(body: Body) -> Body:
    """SendSms, SendBatchSms -> {biz_id}."""
    return {"biz_id": body.get("BizId")}


def signs(body: Body) -> Body:
    """QuerySmsSignList -> {signs: [{sign, state, usage, created_at, order_id, reason}], page, page_size, total}."""
    return {"signs": [_listed_sign(item) for item in _items(body, "SmsSignList")], **_page(body)}


def sign(body: Body) -> Body:
    """GetSmsSign -> one sign with its registration at each carrier."""
    return {
        "sign": body.get("SignName"),
        "state": _word(STATES, body.get("SignStatus")),
        "scene": body.get("ApplyScene"),
        "created_at": moment(body.get("CreateDate")),
        "order_id": body.get("OrderId"),
        "reason": _object(body.get("AuditInfo")).get("RejectInfo") or None,
        "registration": [_registration(item) for item in _items(body, "SignIspRegisterDetailList")],
    }


def templates(body: Body) -> Body:
    """QuerySmsTemplateList -> {templates: [...as `template`], page, page_size, total}."""
    return {"templates": [_listed_template(item) for item in _items(body, "SmsTemplateList")], **_page(body)}


def template(body: Body) -> Body:
    """GetSmsTemplate -> {template, name, type, state, content, variables, sign, created_at, order_id, reason}."""
    return {
        "template": body.get("TemplateCode"),
        "name": body.get("TemplateName"),
        "type": _word(TEMPLATE_TYPES, body.get("TemplateType")),
        "state": _word(STATES, body.get("TemplateStatus")),
        "content": body.get("TemplateContent"),
        "variables": variables(body.get("TemplateContent")),
        "sign": body.get("RelatedSignName"),
        "created_at": moment(body.get("CreateDate")),
        "order_id": body.get("OrderId"),
        "reason": _object(body.get("AuditInfo")).get("RejectInfo") or None,
    }


def receipts(body: Body) -> Body:
    """QuerySendDetails -> {messages: [{recipient, receipt, code, content, sent_at, received_at, ...}], total}."""
    items = _items(_object(body.get("SmsSendDetailDTOs")), "SmsSendDetailDTO")
    return {"messages": [_receipt(item) for item in items], "total": _count(body.get("TotalCount"))}


def statistics(body: Body) -> Body:
    """QuerySendStatistics -> {days: [...], totals}; counts are billed parts, not recipients; rates 0..1 or null."""
    data = _object(body.get("Data"))
    days = [_day(item) for item in _items(data, "TargetList")]
    return {"unit": "parts", "days": days, "totals": totals(days), "total": _count(data.get("TotalSize"))}


def totals(days: Iterable[Body]) -> Body:
    """Add days up: {sent, delivered, failed, no_receipt, delivery_rate}."""
    rows = list(days)
    sums = {key: sum(row[key] for row in rows) for key in ("sent", "delivered", "failed", "no_receipt")}
    return {**sums, "delivery_rate": _rate(sums["delivered"], sums["sent"])}


def qualifications(body: Body) -> Body:
    """QuerySmsQualificationRecord -> {qualifications: [...], page, page_size, total}."""
    data = _object(body.get("Data"))
    page = {"page": data.get("PageNo"), "page_size": data.get("PageSize"), "total": _count(data.get("Total"))}
    return {"qualifications": [_listed_qualification(item) for item in _items(data, "List")], **page}


def qualification(body: Body) -> Body:
    """QuerySingleSmsQualification -> one record; `personal` holds identities, phones and pictures."""
    data = _object(body.get("Data"))
    return {
        "group_id": data.get("QualificationGroupId"),
        "work_order_id": data.get("WorkOrderId"),
        "name": data.get("QualificationName"),
        "company": data.get("CompanyName"),
        "company_type": data.get("CompanyType"),
        "state": _word(QUALIFICATION_STATES, data.get("State")),
        "own_use": _boolean(data.get("UseBySelf")),
        "shared": _boolean(data.get("WhetherShare")),
        "valid": data.get("EffTimeStr"),
        "remark": data.get("Remark"),
        "audit_remark": None,
        "personal": {_snake(key): data[key] for key in PERSONAL if key in data},
    }


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


def variables(content: object) -> list[str]:
    """The names in a template's `${...}`, each once, in order."""
    found = VARIABLE.findall(content if isinstance(content, str) else "")
    return list(dict.fromkeys(name.strip() for name in found))


def moment(text: object) -> str | None:
    """`2026-03-26 10:00:00`, which means Asia/Shanghai, as ISO 8601 with its offset; anything else as is."""
    if not isinstance(text, str) or not text:
        return None
    return f"{text.replace(' ', 'T')}+08:00" if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text) else text


def _listed_sign(item: Body) -> Body:
    return {
        "sign": item.get("SignName"),
        "state": _word(STATES, item.get("AuditStatus")),
        "usage": item.get("BusinessType"),
        "created_at": moment(item.get("CreateDate")),
        "order_id": item.get("OrderId"),
        "reason": _reason(item),
    }


def _listed_template(item: Body) -> Body:
    return {
        "template": item.get("TemplateCode"),
        "name": item.get("TemplateName"),
        "type": _listed_type(item),
        "state": _word(STATES, item.get("AuditStatus")),
        "content": item.get("TemplateContent"),
        "variables": variables(item.get("TemplateContent")),
        "sign": item.get("SignatureName"),
        "created_at": moment(item.get("CreateDate")),
        "order_id": item.get("OrderId"),
        "reason": _reason(item),
    }


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
    return _object(item.get("Reason")).get("RejectInfo") or None


def _registration(item: Body) -> Body:
    reasons = _items(item, "RegisterStatusReasons")
    return {
        "carrier": item.get("OperatorCode"),
        "state": _word(REGISTRATIONS, item.get("RegisterStatus")),
        "completed_at": moment(item.get("OperatorCompleteTime")),
        "reasons": [text for reason in reasons for text in _words(reason)],
    }


def _words(reason: Body) -> list[Any]:
    described = reason.get("ReasonDescList")
    return described if isinstance(described, list) and described else [reason.get("ReasonCode")]


def _receipt(item: Body) -> Body:
    return {
        "recipient": item.get("PhoneNum"),
        "receipt": _word(RECEIPTS, item.get("SendStatus")),
        "code": item.get("ErrCode") or None,
        "template": item.get("TemplateCode"),
        "content": item.get("Content"),
        "sent_at": moment(item.get("SendDate")),
        "received_at": moment(item.get("ReceiveDate")),
        "out_id": item.get("OutId") or None,
    }


def _day(item: Body) -> Body:
    counts = {
        "sent": _count(item.get("TotalCount")),
        "delivered": _count(item.get("RespondedSuccessCount")),
        "failed": _count(item.get("RespondedFailCount")),
        "no_receipt": _count(item.get("NoRespondedCount")),
    }
    return {"day": item.get("SendDate"), **counts, "delivery_rate": _rate(counts["delivered"], counts["sent"])}


def _listed_qualification(item: Body) -> Body:
    return {
        "group_id": item.get("GroupId"),
        "work_order_id": item.get("WorkOrderId"),
        "name": item.get("QualificationGroupName"),
        "company": item.get("CompanyName"),
        "state": _word(QUALIFICATION_STATES, item.get("StateName")),
        "own_use": _boolean(item.get("UseBySelf")),
        "audit_remark": item.get("AuditRemark") or None,
        "audited_at": moment(item.get("AuditTime")),
        "created_at": moment(item.get("CreateDate")),
        "personal": {"legal_person_name": item.get("LegalPersonName")},
    }


def _page(body: Body) -> Body:
    page, size = body.get("CurrentPage"), body.get("PageSize")
    return {"page": page, "page_size": size, "total": _count(body.get("TotalCount"))}


def _word(words: dict[str, str], value: object) -> str | None:
    # int in one operation, str in another: compare as text. What nobody documented is passed on as it came.
    return None if value is None else words.get(str(value), str(value))


def _items(body: Body, key: str) -> list[Body]:
    found = body.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: object) -> int:
    text = str(value)
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else 0


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _boolean(value: object) -> bool | None:
    return {"true": True, "false": False}.get(str(value).lower())


def _snake(key: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", key.replace("IdCard", "IDCard")).lower()
