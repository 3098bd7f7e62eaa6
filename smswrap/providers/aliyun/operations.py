"""The ten operations of dysmsapi 2017-05-25, a row each (facts sheet §1.1-1.10)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from smswrap.errors import InputError
from smswrap.providers.aliyun import normalise
from smswrap.providers.base import Operation, Paging
from smswrap.providers.parameters import Parameter, ordered_dates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smswrap.providers.base import Session
    from smswrap.providers.records import Qualification

OLDEST_RECEIPT = 30
"""Days that QuerySendDetails looks back."""


def _recent_date(values: Mapping[str, Any]) -> None:
    from smswrap.clock import days_ago, today

    day = values.get("send_date") or today()
    if not days_ago(OLDEST_RECEIPT) <= day <= today():
        rule = f"is not within the last {OLDEST_RECEIPT} days (Asia/Shanghai; today is {today()})"
        raise InputError.of("--send-date", day, rule, "Receipts cannot be queried for other days.")


def _audit_remark(session: Session, record: Qualification) -> Qualification:
    """Why a qualification was rejected: QuerySingleSmsQualification does not say, its list does (facts §1.9-1.10)."""
    if record.state != "rejected" or not record.work_order_id:
        return record
    listed = session.call("list-qualifications", {"work_order_id": record.work_order_id}).record.qualifications
    return replace(record, audit_remark=next((one.audit_remark for one in listed), None))


_PAGE = Parameter("page", "--page-index", "Page, from 1.", "integer", low=1, default=1, short=("--page-index",))
_PAGE_SIZE = Parameter("page-size", "--page-size", "Items per page, 1-50.", "integer", low=1, high=50, default=50)
_SIGN = Parameter("sign-name", "--sign-name", "The sign's name.", required=True, short=("-s",), shape="sign")
_TEMPLATE = Parameter(
    "template-code", "--template-code", "The template's code.", required=True, short=("-t",), shape="template"
)
_OUT_ID = Parameter("out-id", "--out-id", "Your own id of the send, below 256 characters.", high=255, short=("-o",))


def _page(wire: str, *aliases: str, default: int = 1) -> Parameter:
    return Parameter("page", wire, "Page, from 1.", "integer", low=1, default=default, short=aliases)


_ROWS = (
    Operation(
        verb="send",
        name="send-sms",
        kind="send",
        help="Send one text to up to 1000 recipients.",
        action="dysms:SendSms",
        parameters=(
            Parameter("phone-numbers", "--phone-numbers", "Recipients.", required=True, private=True, high=1000 * 20),
            _SIGN,
            _TEMPLATE,
            Parameter("template-param", "--template-param", "Template parameters as a JSON object.", private=True),
            Parameter("extend-code", "--sms-up-extend-code", "Extension of the sending number."),
            _OUT_ID,
        ),
        normalise=normalise.sent,
        example="smswrap send -p 13900000000 -s 阿里云短信测试 -t SMS_100000001 --var code=123456",
    ),
    Operation(
        verb="send-batch",
        name="send-batch-sms",
        kind="send",
        help="Send each of up to 100 recipients a text of their own.",
        action="dysms:SendBatchSms",
        parameters=(
            Parameter("phone-number-json", "--phone-number-json", "Recipients.", "array", required=True, private=True),
            Parameter("sign-name-json", "--sign-name-json", "A sign for each recipient.", "array", required=True),
            _TEMPLATE,
            Parameter("template-param-json", "--template-param-json", "Parameters for each.", "array", private=True),
            Parameter("extend-code-json", "--sms-up-extend-code-json", "An extension code for each.", "array"),
            _OUT_ID,
        ),
        normalise=normalise.sent,
        example="smswrap send-batch --file list.xlsx -s 阿里云短信测试 -t SMS_100000001",
    ),
    Operation(
        verb="list-signs",
        name="query-sms-sign-list",
        kind="read",
        help="List the account's signs and their states.",
        action="dysms:QuerySmsSignList",
        parameters=(_PAGE, _PAGE_SIZE),
        normalise=normalise.signs,
        paging=Paging("page", "page_size", "signs"),
        example="smswrap list-signs --approved --all",
        columns=("sign", "state", "usage", "reason"),
        listed="signs",
        stateful=True,
    ),
    Operation(
        verb="list-templates",
        name="query-sms-template-list",
        kind="read",
        help="List the account's templates, their texts and states.",
        action="dysms:QuerySmsTemplateList",
        parameters=(_PAGE, _PAGE_SIZE),
        normalise=normalise.templates,
        paging=Paging("page", "page_size", "templates"),
        example="smswrap list-templates --approved --all",
        # Without the variables: they stand in the text.
        columns=("template", "name", "type", "state", "content", "sign", "reason"),
        listed="templates",
        stateful=True,
    ),
    Operation(
        verb="query-sign",
        name="get-sms-sign",
        kind="read",
        help="Look one sign up, and its registration at carriers.",
        action="dysms:GetSmsSign",
        parameters=(_SIGN,),
        normalise=normalise.sign,
        example="smswrap query-sign -s 阿里云短信测试",
        columns=("carrier", "state", "completed_at", "reasons"),
        stateful=True,
    ),
    Operation(
        verb="query-template",
        name="get-sms-template",
        kind="read",
        help="Look one template up, with its text and variables.",
        action="dysms:GetSmsTemplate",
        parameters=(_TEMPLATE,),
        normalise=normalise.template,
        example="smswrap query-template -t SMS_100000001",
        stateful=True,
    ),
    Operation(
        verb="query-status",
        name="query-send-details",
        kind="read",
        help="Show the receipts of one recipient on one day.",
        action="dysms:QuerySendDetails",
        parameters=(
            Parameter(
                "phone-number",
                "--phone-number",
                "The recipient.",
                "phone",
                required=True,
                private=True,
                short=("-p", "--phone-numbers"),
            ),
            Parameter(
                "send-date", "--send-date", "Day of the send, 2026-01-31 or 20260131, within 30 days; today.", "date"
            ),
            Parameter("biz-id", "--biz-id", "Only the request with this BizId.", shape="biz-id"),
            _PAGE_SIZE,
            _page("--current-page", "--current-page"),
        ),
        normalise=normalise.receipts,
        paging=Paging("page", "page_size", "messages"),
        rules=(_recent_date,),
        example="smswrap query-status -p 13900000000 --wait",
        columns=("recipient", "receipt", "code", "meaning", "sent_at", "received_at", "content"),
        awaited=True,
    ),
    Operation(
        verb="query-statistics",
        name="query-send-statistics",
        kind="read",
        help="Count billed parts a day: sent, delivered, failed.",
        action="dysms:QuerySendStatistics",
        parameters=(
            Parameter("is-globe", "--is-globe", "1 domestic, 2 international.", "integer", low=1, high=2, default=1),
            Parameter(
                "start-date", "--start-date", "First day, 2026-01-31 or 20260131; a week before the last.", "date"
            ),
            Parameter("end-date", "--end-date", "Last day; today.", "date"),
            _PAGE,
            _PAGE_SIZE,
            Parameter("sign-name", "--sign-name", "Only this sign.", short=("-s",), shape="sign"),
            Parameter(
                "template-type",
                "--template-type",
                "0 verification, 1 notification, 2 promotion, 3 international, 7 digital.",
                "integer",
                low=0,
                choices=("0", "1", "2", "3", "7"),
            ),
        ),
        normalise=normalise.statistics,
        paging=Paging("page", "page_size", "days"),
        totals=normalise.totals,
        rules=(ordered_dates,),
        example="smswrap query-statistics --chart",
        columns=("day", "sent", "delivered", "failed", "no_receipt", "delivery_rate"),
    ),
    Operation(
        verb="list-qualifications",
        name="query-sms-qualification-record",
        kind="read",
        help="List the account's qualifications and their states.",
        action="dysms:QuerySmsQualificationRecord",
        parameters=(
            _page("--page-no", "--page-no"),
            _PAGE_SIZE,
            Parameter(
                "state",
                "--state",
                "INIT, NOT_PASS, PASS, NOT_FINISH or CANCEL.",
                choices=("INIT", "NOT_PASS", "PASS", "NOT_FINISH", "CANCEL"),
            ),
            Parameter("use-by-self", "--use-by-self", "true: own use; false: for others.", "boolean"),
            Parameter("work-order-id", "--work-order-id", "Only this work order.", "integer", low=1),
            Parameter("qualification-group-name", "--qualification-group-name", "Only with this name."),
            Parameter("company-name", "--company-name", "Only of this company."),
            Parameter("legal-person-name", "--legal-person-name", "Only of this person.", private=True),
        ),
        normalise=normalise.qualifications,
        paging=Paging("page", "page_size", "qualifications"),
        personal=normalise.PERSONAL,
        example="smswrap list-qualifications --state PASS",
        columns=("group_id", "name", "company", "state", "own_use", "audit_remark", "work_order_id"),
        listed="qualifications",
    ),
    Operation(
        verb="query-qualification",
        name="query-single-sms-qualification",
        kind="read",
        help="Show one qualification, its identities masked.",
        action="dysms:QuerySingleSmsQualification",
        parameters=(
            Parameter(
                "qualification-group-id", "--qualification-group-id", "The group id.", "integer", required=True, low=1
            ),
            Parameter("order-id", "--order-id", "Only this work order.", "integer", low=1),
        ),
        normalise=normalise.qualification,
        personal=normalise.PERSONAL,
        example="smswrap query-qualification --qualification-group-id 10000123",
        completed=_audit_remark,
    ),
)

OPERATIONS = {row.verb: row for row in _ROWS}
