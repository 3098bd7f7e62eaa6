"""The ten operations of dysmsapi 2017-05-25 (facts sheet §1.1-1.10): tables, and what some do besides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smswrap.errors import InputError
from smswrap.providers.aliyun import normalise
from smswrap.providers.parameters import ordered_dates
from smswrap.providers.tables import read_operations

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


OPERATIONS = read_operations(
    Path(__file__).parent,
    normalise,
    {
        "query-status": {"rules": (_recent_date,)},
        "query-statistics": {"rules": (ordered_dates,), "totals": normalise.totals},
        "list-qualifications": {"personal": normalise.PERSONAL},
        "query-qualification": {"personal": normalise.PERSONAL, "completed": _audit_remark},
    },
)
