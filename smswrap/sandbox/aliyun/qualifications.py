"""Qualifications: the record list and one record in full. All persons and papers are made up."""

from __future__ import annotations

from ..common import Row
from . import gateway
from .call import RefusalError
from .plugin import Request

Reply = dict[str, object]

RECORD_STATES = {"reviewing": "INIT", "approved": "PASS", "rejected": "NOT_PASS", "cancelled": "CANCEL"}
SINGLE_STATES = {"reviewing": "INT", "approved": "PASSED", "rejected": "FAILED", "cancelled": "CANCELED"}
TEXT_FILTERS = {
    "state": "StateName",
    "use-by-self": "UseBySelf",
    "work-order-id": "WorkOrderId",
    "qualification-group-name": "QualificationGroupName",
    "company-name": "CompanyName",
    "legal-person-name": "LegalPersonName",
}
PAPERS = {
    "BusinessType": "软件和信息技术服务业",
    "OrganizationCode": "91330000MADEUP000X",
    "EffTimeStr": "2020-01-01~2040-01-01",
    "LegalPersonIDCardNo": "110101199001010000",
    "LegalPersonIDCardType": "identityCard",
    "LegalPersonIdCardEffTime": "2020-01-01~2040-01-01",
    "AdminName": "赵样本",
    "AdminPhoneNo": "13900000000",
    "AdminIDCardNo": "110101199002020000",
    "AdminIDCardType": "identityCard",
    "AdminIDCardExpDate": "2020-01-01~2040-01-01",
    "AdminIDCardFrontFace": "https://files.example/front.png",
    "AdminIDCardPic": "https://files.example/back.png",
    "BusinessLicensePics": [
        {"Type": "businessLicense", "LicensePic": "licence.png", "PicUrl": "https://files.example/licence.png"}
    ],
    "OtherFiles": [],
}


def query_sms_qualification_record(request: Request) -> Reply:
    """One page of records; UseBySelf is a string here."""
    rows = [record for record in map(_record, request.account().qualifications) if _fits(request, record)]
    number, size, page = request.page("page-no", rows)
    return gateway.accepted(Success=True, Data={"PageNo": number, "PageSize": size, "Total": len(rows), "List": page})


def query_single_sms_qualification(request: Request) -> Reply:
    """One qualification in full; UseBySelf is a boolean here, states are spelt otherwise, AuditRemark is missing."""
    group = request.integer("qualification-group-id", 0)
    for row in request.account().qualifications:
        if row["group_id"] == group and request.integer("order-id", row["order_id"]) == row["order_id"]:
            return gateway.accepted(Success=True, Data=_single(row))
    raise RefusalError("isv.INVALID_PARAMETERS", "资质不存在")


def _record(row: Row) -> Row:
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


def _fits(request: Request, record: Row) -> bool:
    return all(request.text(flag) in ("", str(record[field])) for flag, field in TEXT_FILTERS.items())


def _single(row: Row) -> Row:
    return {
        **PAPERS,
        "QualificationGroupId": row["group_id"],
        "WorkOrderId": row["order_id"],
        "QualificationName": row["name"],
        "CompanyName": row["company"],
        "CompanyType": row["company_type"],
        "LegalPersonName": row["legal_person"],
        "State": SINGLE_STATES[row["state"]],
        "UseBySelf": row["own_use"],
        "WhetherShare": False,
        "Remark": "",
    }
