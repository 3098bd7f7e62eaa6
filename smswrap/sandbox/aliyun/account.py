"""The account: its signs, templates and qualifications. All names, numbers and licences here are made up.

What it has stands in account.json beside this file; one in the sandbox's folder may replace `signs`, `templates` or
`qualifications`. A sign needs only `name`, a template only `code` and `content`, a qualification only `group_id`; the
rest comes from `defaults`. `state` is reviewing, approved, rejected or cancelled; a template's `type` is verification,
notification, promotion or international. `always` is what all of a kind have. `statistics` is a list of {date:
yyyyMMdd, total, succeeded, failed, pending, is_globe, sign, type}; without it the ledger is counted.
"""

from __future__ import annotations

from ..common import Row, files

CODES = "验证码"
"""The business of a sign that sends templates for codes only."""


class Account:
    """The parts of the account as lists of complete rows."""

    def __init__(self, folder: str) -> None:
        account = files.read_object(f"{__file__.rpartition('/')[0]}/account.json")
        account |= files.read_object(f"{folder}/account.json")
        self._defaults: Row = account["defaults"]
        self.signs = self._complete("signs", account)
        self.templates = self._complete("templates", account)
        self.qualifications = self._complete("qualifications", account)
        self.always: Row = account["always"]
        self.statistics: list[Row] | None = account.get("statistics")

    def sign(self, name: str) -> Row | None:
        """The sign of that name."""
        return next((sign for sign in self.signs if sign["name"] == name), None)

    def template(self, code: str) -> Row | None:
        """The template of that code."""
        return next((template for template in self.templates if template["code"] == code), None)

    def _complete(self, part: str, account: Row) -> list[Row]:
        return [{**self._defaults[part], **row} for row in account[part]]
