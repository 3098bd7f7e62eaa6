"""Signs, templates and qualifications, in the spellings that differ from operation to operation."""

from __future__ import annotations

from ..common import Row
from . import gateway
from .call import RefusalError
from .plugin import Request

Reply = dict[str, object]

SIGN_STATES = {
    "reviewing": "AUDIT_STATE_INIT",
    "approved": "AUDIT_STATE_PASS",
    "rejected": "AUDIT_STATE_NOT_PASS",
    "cancelled": "AUDIT_STATE_CANCEL",
}
TEMPLATE_STATES = {**SIGN_STATES, "cancelled": "AUDIT_SATE_CANCEL"}  # misspelt in the API's own documents
NUMBERS = {"reviewing": 0, "approved": 1, "rejected": 2, "cancelled": 10}
TYPES = {"verification": 0, "notification": 1, "promotion": 2, "international": 3}
LIST_TYPES = {"notification": 0, "promotion": 1, "verification": 2, "international": 6}
REGISTRATION_REASONS = {0: "OTHERS_ERROR", -1: "REGISTERING", -2: "NON_REGISTER", 3: "DETECT_SUCCESS"}
RECORD_STATES = {"reviewing": "INIT", "approved": "PASS", "rejected": "NOT_PASS", "cancelled": "CANCEL"}
SINGLE_STATES = {"reviewing": "INT", "approved": "PASSED", "rejected": "FAILED", "cancelled": "CANCELED"}
FILTERS = (
    ("state", "StateName"),
    ("use-by-self", "UseBySelf"),
    ("work-order-id", "WorkOrderId"),
    ("qualification-group-name", "QualificationGroupName"),
    ("company-name", "CompanyName"),
    ("legal-person-name", "LegalPersonName"),
)


def query_sms_sign_list(request: Request) -> Reply:
    """One page of signs."""
    return _listed(request, "SmsSignList", [_listed_sign(sign) for sign in request.account().signs])


def query_sms_template_list(request: Request) -> Reply:
    """One page of templates."""
    return _listed(request, "SmsTemplateList", [_listed_template(row) for row in request.account().templates])


def get_sms_sign(request: Request) -> Reply:
    """One sign: SignStatus is a number, FileUrlList a plain array."""
    account = request.account()
    sign = account.sign(request.text("sign-name"))
    if sign is None:
        raise RefusalError("SignatureNotFound")
    return gateway.accepted(
        **account.always["sign"],
        SignName=sign["name"],
        SignStatus=NUMBERS[sign["state"]],
        SignCode=f"SIGN_{_order_id(sign['name'])}",
        ApplyScene=sign["business"],
        CreateDate=sign["created"],
        OrderId=_order_id(sign["name"]),
        AuditInfo=_audit_info(sign),
        SignIspRegisterDetailList=_registrations(sign),
    )


def get_sms_template(request: Request) -> Reply:
    """One template: TemplateStatus and TemplateType are strings, FileUrlList is an object around an array."""
    account = request.account()
    template = account.template(request.text("template-code"))
    if template is None:
        raise RefusalError("TemplateNotFound")
    international = {"IntlType": 1} if template["type"] == "international" else {}
    return gateway.accepted(
        **account.always["template"],
        **international,
        TemplateCode=template["code"],
        TemplateName=template["name"],
        TemplateContent=template["content"],
        TemplateStatus=str(NUMBERS[template["state"]]),
        TemplateType=str(TYPES[template["type"]]),
        RelatedSignName=template["sign"],
        OrderId=_order_id(template["code"]),
        CreateDate=template["created"],
        AuditInfo=_audit_info(template),
    )


def query_sms_qualification_record(request: Request) -> Reply:
    """One page of records; UseBySelf is a string here."""
    listed = map(_listed_qualification, request.account().qualifications)
    rows = [record for record in listed if all(request.text(flag) in ("", str(record[key])) for flag, key in FILTERS)]
    number, size, page = request.page("page-no", rows)
    return gateway.accepted(Success=True, Data={"PageNo": number, "PageSize": size, "Total": len(rows), "List": page})


def query_single_sms_qualification(request: Request) -> Reply:
    """One qualification in full; UseBySelf is a boolean here, states are spelt otherwise, AuditRemark is missing."""
    account, group = request.account(), request.integer("qualification-group-id", 0)
    for row in account.qualifications:
        if row["group_id"] == group and request.integer("order-id", row["order_id"]) == row["order_id"]:
            return gateway.accepted(Success=True, Data=_single_qualification(row, account.always["qualification"]))
    raise RefusalError("isv.INVALID_PARAMETERS", "资质不存在")


def _listed(request: Request, key: str, rows: list[Row]) -> Reply:
    number, size, page = request.page("page-index", rows)
    return gateway.accepted(CurrentPage=number, PageSize=size, TotalCount=len(rows), **{key: page})


def _listed_sign(sign: Row) -> Row:
    return {
        "SignName": sign["name"],
        "AuditStatus": SIGN_STATES[sign["state"]],
        "BusinessType": sign["business"],
        "CreateDate": sign["created"],
        "OrderId": _order_id(sign["name"]),
        "Reason": _reason(sign),
        "authorizationLetterAuditPass": False,
    }


def _listed_template(template: Row) -> Row:
    return {
        "TemplateCode": template["code"],
        "TemplateName": template["name"],
        "TemplateContent": template["content"],
        "AuditStatus": TEMPLATE_STATES[template["state"]],
        "TemplateType": LIST_TYPES[template["type"]],
        "OuterTemplateType": TYPES[template["type"]],
        "CreateDate": template["created"],
        "OrderId": _order_id(template["code"]),
        "SignatureName": template["sign"],
        "TrafficDriving": "",
        "Reason": _reason(template),
    }


def _reason(row: Row) -> Row:
    """Why it was rejected; others carry a text too, which is no reason."""
    if row["state"] != "rejected":
        return {"RejectInfo": "无审批备注"}
    return {"RejectDate": row["created"], "RejectInfo": row["reason"], "RejectSubInfo": ""}


def _audit_info(row: Row) -> Row:
    return {} if row["state"] == "reviewing" else {"AuditDate": row["created"], "RejectInfo": row["reason"]}


def _registrations(sign: Row) -> list[Row]:
    status = sign["registration"]
    reason = {"ReasonCode": REGISTRATION_REASONS.get(status, "OTHERS_ERROR"), "ReasonDescList": []}
    alike = {"OperatorCompleteTime": sign["created"], "RegisterStatus": status, "RegisterStatusReasons": [reason]}
    return [{"OperatorCode": operator, **alike} for operator in ("mobile", "unicom", "telecom")]


def _order_id(name: str) -> str:
    """The same made-up number for the same name, in every process."""
    return str(30000000000 + sum(name.encode()) % 10**6)


def _listed_qualification(row: Row) -> Row:
    return {
        "GroupId": row["group_id"],
        "WorkOrderId": row["order_id"],
        "QualificationGroupName": row["name"],
        "CompanyName": row["company"],
        "LegalPersonName": row["legal_person"],
        "StateName": RECORD_STATES[row["state"]],
        "AuditRemark": row["remark"],
        "AuditTime": "" if row["state"] == "reviewing" else row["created"],
        "CreateDate": row["created"],
        "UseBySelf": "true" if row["own_use"] else "false",
    }


def _single_qualification(row: Row, always: Row) -> Row:
    return {
        **always,
        "QualificationGroupId": row["group_id"],
        "WorkOrderId": row["order_id"],
        "QualificationName": row["name"],
        "CompanyName": row["company"],
        "CompanyType": row["company_type"],
        "LegalPersonName": row["legal_person"],
        "State": SINGLE_STATES[row["state"]],
        "UseBySelf": row["own_use"],
    }
