# ruff: noqa: RUF001  the texts are Chinese, with Chinese punctuation
"""The account: its signs, templates and qualifications. All names, numbers and licences here are made up.

account.json may replace any of the four parts. A sign needs only `name`, a template only `code` and `content`, a
qualification only `group_id`; what is left out has the values of FRESH. `state` is reviewing, approved, rejected or
cancelled; a template's `type` is verification, notification, promotion or international. `statistics` is a list of
{date: yyyyMMdd, total, succeeded, failed, pending, is_globe, sign, type}; without it the ledger is counted.
"""

from __future__ import annotations

from . import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Row = dict[str, Any]

CREATED = "2026-01-05 10:00:00"
FRESH: dict[str, Row] = {
    "signs": {"state": "approved", "business": "通用", "reason": "", "created": CREATED, "registration": 3},
    "templates": {
        "name": "模板",
        "state": "approved",
        "type": "notification",
        "reason": "",
        "created": CREATED,
        "sign": "",
    },
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
SIGNS: list[Row] = [
    {"name": "阿里云短信测试", "business": "验证码"},
    {"name": "示例商城", "registration": -1},
    # The names of the skill document, so that its lines work in the sandbox as they are printed.
    {"name": "AliyunDemo"},
    {"name": "SignA"},
    {"name": "SignB"},
    {"name": "审核中签名", "state": "reviewing", "registration": -2},
    {"name": "已驳回签名", "state": "rejected", "reason": "签名与企业名称不符", "registration": 0},
    {"name": "已取消签名", "state": "cancelled", "registration": -2},
]
TEMPLATES: list[Row] = [
    {
        "code": "SMS_100000001",
        "name": "登录验证码",
        "content": "您的验证码为：${code}，5分钟内有效，请勿泄露。",
        "type": "verification",
        "sign": "阿里云短信测试",
    },
    {
        "code": "SMS_100000002",
        "name": "发货通知",
        "content": "尊敬的${name}，您的订单${order}已发货，详情见${url}。",
        "sign": "示例商城",
    },
    {
        "code": "SMS_100000003",
        "name": "会员日活动",
        "content": "会员日全场八折，欢迎到店选购，拒收请回复R",
        "type": "promotion",
        "sign": "示例商城",
    },
    {
        "code": "SMS_123456",
        "name": "验证码",
        "content": "验证码${code}，您正在登录，若非本人操作，请勿泄露。",
        "type": "verification",
        "sign": "AliyunDemo",
    },
    {
        "code": "SMS_100000004",
        "name": "预约提醒",
        "content": "您预约的${service}将于${time}开始。",
        "state": "reviewing",
    },
    {
        "code": "SMS_100000005",
        "name": "贷款推广",
        "content": "您有${amount}元额度待领取",
        "type": "promotion",
        "state": "rejected",
        "reason": "内容不合规",
    },
    {
        "code": "SMS_100000006",
        "name": "旧版验证码",
        "content": "验证码${code}",
        "type": "verification",
        "state": "cancelled",
    },
    {"code": "SMS_100000007", "name": "Login code", "content": "Your code is ${code}", "type": "international"},
]
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
