# ruff: noqa: RUF001  the texts are Chinese, with Chinese punctuation
"""The account: its signs, templates and qualifications. All names, numbers and licences here are made up.

account.json may replace any of the four parts. A sign needs only `name`, a template only `code` and `content`, a
qualification only `group_id`; what is left out has the values of FRESH. `state` is reviewing, approved, rejected or
cancelled; a template's `type` is verification, notification, promotion or international. `statistics` is a list of
{date: yyyyMMdd, total, succeeded, failed, pending, is_globe, sign, type}; without it the ledger is counted.
"""

from __future__ import annotations

from ..common import Row, files

CREATED = "2026-01-05 10:00:00"
STATE: Row = {"state": "approved", "reason": "", "created": CREATED}
FRESH: dict[str, Row] = {
    "signs": {**STATE, "business": "通用", "registration": 3},
    "templates": {**STATE, "name": "模板", "type": "notification", "sign": ""},
    "qualifications": {
        "order_id": 20000000001,
        "name": "测试资质",
        "company": "示例科技有限公司",
        "company_type": "COMPANY",
        "legal_person": "张示例",
        "state": "approved",
        "remark": "",
        "own_use": True,
        "created": CREATED,
    },
}
CODES = "验证码"
"""The business of a sign that sends templates for codes only."""

SIGNS: list[Row] = [
    {"name": "阿里云短信测试", "business": CODES},
    {"name": "示例商城", "registration": -1},
    # The names of the skill document, so that its lines work in the sandbox as they are printed.
    {"name": "AliyunDemo"},
    {"name": "SignA"},
    {"name": "SignB"},
    {"name": "审核中签名", "state": "reviewing", "registration": -2},
    {"name": "已驳回签名", "state": "rejected", "reason": "签名与企业名称不符", "registration": 0},
    {"name": "已取消签名", "state": "cancelled", "registration": -2},
]
CODE, NOTE, PROMOTION = "verification", "notification", "promotion"
COLUMNS = ("code", "type", "state", "sign", "name", "content")
TEMPLATES: list[Row] = [
    dict(zip(COLUMNS, row, strict=True))
    for row in (
        (
            "SMS_100000001",
            CODE,
            "approved",
            "阿里云短信测试",
            "登录验证码",
            "您的验证码为：${code}，5分钟内有效，请勿泄露。",
        ),
        (
            "SMS_100000002",
            NOTE,
            "approved",
            "示例商城",
            "发货通知",
            "尊敬的${name}，您的订单${order}已发货，详情见${url}。",
        ),
        ("SMS_100000003", PROMOTION, "approved", "示例商城", "会员日活动", "会员日全场八折，欢迎到店选购，拒收请回复R"),
        ("SMS_123456", CODE, "approved", "AliyunDemo", "验证码", "验证码${code}，您正在登录，若非本人操作，请勿泄露。"),
        ("SMS_100000004", NOTE, "reviewing", "", "预约提醒", "您预约的${service}将于${time}开始。"),
        ("SMS_100000005", PROMOTION, "rejected", "", "贷款推广", "您有${amount}元额度待领取"),
        ("SMS_100000006", CODE, "cancelled", "", "旧版验证码", "验证码${code}"),
        ("SMS_100000007", "international", "approved", "", "Login code", "Your code is ${code}"),
    )
]
TEMPLATES[5]["reason"] = "内容不合规"
QUALIFICATIONS: list[Row] = [
    {"group_id": 10000123, "order_id": 20000000123, "name": "示例科技资质"},
    {
        "group_id": 10000124,
        "order_id": 20000000124,
        "name": "样例商贸资质",
        "company": "样例商贸有限公司",
        "legal_person": "李样例",
        "state": "rejected",
        "remark": "营业执照图片不清晰，请重新上传",
        "own_use": False,
    },
    {
        "group_id": 10000125,
        "order_id": 20000000125,
        "name": "模范公益资质",
        "company": "模范公益基金会",
        "company_type": "NON_PROFIT_ORGANIZATION",
        "legal_person": "王模范",
        "state": "reviewing",
    },
]


class Account:
    """The parts of the account as lists of complete rows."""

    def __init__(self, folder: str) -> None:
        given = files.read_object(f"{folder}/account.json")
        self.signs = _complete("signs", given.get("signs", SIGNS))
        self.templates = _complete("templates", given.get("templates", TEMPLATES))
        self.qualifications = _complete("qualifications", given.get("qualifications", QUALIFICATIONS))
        self.statistics: list[Row] | None = given.get("statistics")

    def sign(self, name: str) -> Row | None:
        """The sign of that name."""
        return next((sign for sign in self.signs if sign["name"] == name), None)

    def template(self, code: str) -> Row | None:
        """The template of that code."""
        return next((template for template in self.templates if template["code"] == code), None)


def _complete(part: str, rows: list[Row]) -> list[Row]:
    return [{**FRESH[part], **row} for row in rows]
