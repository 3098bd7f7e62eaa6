"""The ten operations of dysmsapi 2017-05-25 that the stand-in plays."""

from __future__ import annotations

API_VERSION = "2017-05-25"
COMMON = ("api-version", "user-agent", "read-timeout", "connect-timeout", "retry-count", "profile", "region", "yes")
INTEGERS = (
    *("connect-timeout", "current-page", "is-globe", "order-id", "page-index", "page-no", "page-size"),
    *("qualification-group-id", "read-timeout", "retry-count", "template-type", "work-order-id"),
)


class Operation:
    """One row: the API's name, the module whose function of the command's name answers, and the flags."""

    def __init__(self, api: str, module: str, required: str, optional: str = "") -> None:
        self.api = api
        self.module = module
        self.required = required.split()
        self.optional = optional.split()


OPERATIONS = {
    "send-sms": Operation(
        "SendSms", "sending", "phone-numbers sign-name template-code", "template-param out-id sms-up-extend-code"
    ),
    "send-batch-sms": Operation(
        "SendBatchSms",
        "sending",
        "phone-number-json sign-name-json template-code",
        "template-param-json out-id sms-up-extend-code-json",
    ),
    "query-sms-sign-list": Operation("QuerySmsSignList", "listings", "", "page-index page-size"),
    "query-sms-template-list": Operation("QuerySmsTemplateList", "listings", "", "page-index page-size"),
    "get-sms-sign": Operation("GetSmsSign", "listings", "sign-name"),
    "get-sms-template": Operation("GetSmsTemplate", "listings", "template-code"),
    "query-send-details": Operation(
        "QuerySendDetails", "receipts", "phone-number send-date page-size current-page", "biz-id"
    ),
    "query-send-statistics": Operation(
        "QuerySendStatistics",
        "receipts",
        "is-globe start-date end-date page-index page-size",
        "sign-name template-type",
    ),
    "query-sms-qualification-record": Operation(
        "QuerySmsQualificationRecord",
        "qualifications",
        "",
        "page-no page-size state use-by-self work-order-id qualification-group-name company-name legal-person-name",
    ),
    "query-single-sms-qualification": Operation(
        "QuerySingleSmsQualification", "qualifications", "qualification-group-id", "order-id"
    ),
}
