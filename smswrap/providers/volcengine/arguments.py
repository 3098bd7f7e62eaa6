"""A row of the operations table and its values, in our words -> the words of volc_sms.py's command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from smswrap.providers.volcengine.times import days, stretch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smswrap.providers.base import Operation

CHANNEL_TYPES = {0: "CN_OTP", 1: "CN_NTC", 2: "CN_MKT"}
"""--template-type, as aliyun numbers it -> ChannelType."""


def compose(operation: Operation, values: Mapping[str, Any], timeout: int) -> list[str]:
    """Give the script's options; each value stands in its option's word, so that none reads as an option.

    They go to the script's stdin, not to its command line, which every user of the machine can read.
    """
    converted = {**values, **_CONVERSIONS.get(operation.verb, dict)(values)}
    given = ((parameter.wire, converted.get(parameter.key)) for parameter in operation.parameters)
    return [*(f"{wire}={_spell(value)}" for wire, value in given if value is not None), f"--timeout={timeout}"]


def dialled(recipient: str) -> str:
    """E.164 as the API takes it: mainland numbers bare, others with their plus."""
    return recipient.removeprefix("+86")


def _send(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"phone_numbers": ",".join(map(dialled, values["phone_numbers"]))}


def _status(values: Mapping[str, Any]) -> dict[str, Any]:
    first, last = stretch(values)
    number = values.get("phone_number")
    return {
        "send_date": None,
        "from_time": first,
        "to_time": last,
        "phone_number": dialled(number) if number is not None else None,
    }


def _statistics(values: Mapping[str, Any]) -> dict[str, Any]:
    first, last = days(values["start_date"], values["end_date"])
    kind = values.get("template_type")
    return {"start_date": first, "end_date": last, "template_type": None if kind is None else CHANNEL_TYPES[kind]}


_CONVERSIONS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "send": _send,
    "query-status": _status,
    "query-statistics": _statistics,
}


def _spell(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)
