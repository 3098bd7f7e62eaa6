"""The account that the stand-in plays: message groups, signatures and templates in each state."""

from __future__ import annotations

from ..common import Row, files

MAIN, MARKETING = "77da1acf", "88eb2bd0"
CREATED = 1767225600  # seconds; 2026-01-01
APPROVED = (3, 5)  # approved, and exempt from review

DEFAULT: Row = {
    "account": "sandbox",
    "late_receipt_ms": 3000,
    "groups": [
        {"SubAccount": MAIN, "SubAccountName": "sandbox main"},
        {"SubAccount": MARKETING, "SubAccountName": "sandbox marketing"},
    ],
    "signatures": [
        {"Signature": "火山引擎", "Description": "approved", "Status": 3, "SubAccounts": [MAIN]},
        {"Signature": "沙盒免审", "Description": "exempt from review", "Status": 5, "SubAccounts": [MAIN, MARKETING]},
        {"Signature": "沙盒驳回", "Description": "rejected", "Status": 2, "SubAccounts": [MAIN]},
    ],
    "templates": [
        {
            "TemplateId": "ST_code",
            "TemplateName": "code",
            "ChannelType": "CN_OTP",
            "Signatures": ["火山引擎", "沙盒免审"],
            "SubAccounts": [MAIN],
            "Status": 3,
            "Content": "您的验证码是${code}，5分钟内有效。",  # noqa: RUF001  Chinese text has Chinese commas
        },
        {
            "TemplateId": "ST_notice",
            "TemplateName": "notice",
            "ChannelType": "CN_NTC",
            "Signatures": ["火山引擎"],
            "SubAccounts": [MAIN],
            "Status": 5,
            "Content": "${name}，您的订单${order}已发货。",  # noqa: RUF001  Chinese text has Chinese commas
        },
        {
            "TemplateId": "ST_market",
            "TemplateName": "market",
            "ChannelType": "CN_MKT",
            "Signatures": ["沙盒免审"],
            "SubAccounts": [MARKETING],
            "Status": 3,
            "Content": "新品上市，回复R退订。",  # noqa: RUF001  Chinese text has Chinese commas
        },
        {
            "TemplateId": "ST_rejected",
            "TemplateName": "rejected",
            "ChannelType": "CN_NTC",
            "Signatures": ["火山引擎"],
            "SubAccounts": [MAIN],
            "Status": 2,
            "Content": "您好${name}。",
        },
    ],
}


def load_account(directory: str, groups: int | None) -> Row:
    """The default account, overridden key by key by the directory's file; `groups` keeps only the first so many."""
    account = {**DEFAULT, **files.read_object(f"{directory}/gateway-account.json")}
    return {**account, "groups": account["groups"][:groups]}


def find_item(items: list[Row], field: str, value: str) -> Row | None:
    """The item whose field has this value."""
    return next((item for item in items if item[field] == value), None)
