"""The six actions: what each request must look like, and what the account answers."""

from __future__ import annotations

import json
import re
import time
import uuid
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from .account import APPROVED, CREATED, find_item, find_parameters
from .magic import find_receipt
from .replies import BAD_PARAMETER, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .account import Item
    from .files import JsonLines

MOST_NUMBERS = 200
MOST_ITEMS = 100
NUMBER = re.compile(r"(\+86)?(1[0-9]{10})|\+(?!86)[1-9][0-9]{6,14}")


@dataclass(frozen=True)
class State:
    """What an action works on."""

    account: Mapping[str, Any]
    ledger: JsonLines


def send(state: State, body: Item) -> Item:
    """Accept one message per recipient, or refuse all."""
    template = check_message(state.account, body)
    values = read_parameters(body, template)
    text = f"【{body['Signature']}】{fill(template['Content'], values)}"
    records = [
        {
            "SendTime": time.time_ns() // 10**6,
            "MessageId": str(uuid.uuid4()),
            "Account": state.account["account"],
            "Mobile": mobile,
            "Content": text,
            "ChannelType": template["ChannelType"],
            "Count": 1 if len(text) <= 70 else -(-len(text) // 67),  # noqa: PLR2004  UCS-2: alone, and in parts
            **{name: body[name] for name in ("SubAccount", "Signature", "TemplateId")},
            "receipt": asdict(find_receipt(mobile, state.account["late_receipt_ms"])),
        }
        for mobile in split_mobiles(body["Mobiles"])
    ]
    state.ledger.append(records)
    return {"MessageId": [record["MessageId"] for record in records]}


def check_message(account: Mapping[str, Any], body: Item) -> Item:
    """The template, if group, signature, template and numbers go together."""
    group = body["SubAccount"]
    if not find_item(account["groups"], "SubAccount", group):
        raise Refusal("RE:0003")
    signature = find_item(account["signatures"], "Signature", body["Signature"])
    if not signature or signature["Status"] not in APPROVED or group not in signature["SubAccounts"]:
        raise Refusal("RE:0004")
    template = find_item(account["templates"], "TemplateId", body["TemplateId"])
    if not template or template["Status"] not in APPROVED or body["Signature"] not in template["Signatures"]:
        raise Refusal("RE:0005")
    mobiles = body["Mobiles"].split(",")
    if not all(map(NUMBER.fullmatch, mobiles)):
        raise Refusal("RE:0006")
    if len(mobiles) > MOST_NUMBERS:
        raise Refusal("RE:0009", f"There are more than {MOST_NUMBERS} numbers.")
    return template


def split_mobiles(mobiles: str) -> list[str]:
    """The numbers of a comma string, mainland ones without their country code."""
    return [mobile.removeprefix("+86") for mobile in mobiles.split(",")]


def read_parameters(body: Item, template: Item) -> dict[str, str]:
    """The template's values; a wrong set of names or a value that is no string is refused."""
    try:
        values = json.loads(body.get("TemplateParam") or "{}")
    except ValueError:
        values = None
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise Refusal("RE:0009", "TemplateParam is not a JSON object of strings.")
    if missing := set(find_parameters(template["Content"])) - set(values):
        raise Refusal("RE:0009", f"TemplateParam lacks {', '.join(sorted(missing))}.")
    return values


def fill(content: str, values: Mapping[str, str]) -> str:
    """The template's text with its values."""
    for name, value in values.items():
        content = content.replace(f"${{{name}}}", value)
    return content


def list_groups(state: State, body: Item) -> Item:
    """Message groups by part of their name."""
    groups = [item for item in state.account["groups"] if body.get("SubAccountName", "") in item["SubAccountName"]]
    return {"Total": len(groups), "List": groups}


def list_signatures(state: State, body: Item) -> Item:
    """Signatures of every state."""
    found = [
        {**item, "CreatedAt": CREATED}
        for item in state.account["signatures"]
        if body.get("Signature", "") in item["Signature"] and overlap(body, item, "SubAccounts")
    ]
    return cut_page(found, body)


def list_templates(state: State, body: Item) -> Item:
    """Templates of every state; their text is not returned."""
    found = [
        show_template(item)
        for item in state.account["templates"]
        if body.get("TemplateId", "") in item["TemplateId"]
        and overlap(body, item, "SubAccounts")
        and overlap(body, item, "Signatures")
    ]
    return cut_page(found, body)


def show_template(template: Item) -> Item:
    """A template as the list shows it."""
    shown = {name: value for name, value in template.items() if name != "Content"}
    return {
        **shown,
        "SecondTemplateId": template["TemplateId"].replace("ST_", "S2T_"),
        "Signature": template["Signatures"][0],
        "StatusDescription": "approved" if template["Status"] in APPROVED else "rejected",
        "TemplateParams": find_parameters(template["Content"]),
        "CreatedAt": CREATED,
    }


def overlap(body: Item, item: Item, field: str) -> bool:
    """Whether the item has one of the asked names, if any is asked."""
    return not body.get(field) or bool(set(body[field]) & set(item[field]))


def list_log(state: State, body: Item) -> Item:
    """Accepted messages, newest first, with the receipts that have come by now."""
    exact = [name for name in ("SubAccount", "TemplateId", "Signature", "MessageId") if body.get(name)]
    mobile = body.get("Mobile", "").removeprefix("+86")
    found = [
        show_record(record)
        for record in reversed(state.ledger.read())
        if all(record[name] == body[name] for name in exact)
        and (not mobile or record["Mobile"] == mobile)
        and body.get("FromTime", 0) <= record["SendTime"] / 1000 <= body.get("ToTime", 10**11)
    ]
    return cut_page(found, body)


def show_record(record: Item) -> Item:
    """A message as the send log shows it: times in milliseconds, ReceiptTime 0 and no code while in flight."""
    receipt = record["receipt"]
    shown = {name: value for name, value in record.items() if name != "receipt"}
    arrived = receipt_time(record)
    names = {"ErrorCode": "code", "ErrorType": "type", "ErrorMessage": "message"}
    words = {name: receipt[word] if arrived else "" for name, word in names.items()}
    return {**shown, **words, "ReceiptTime": arrived}


def receipt_time(record: Item) -> int:
    """When the receipt came, in milliseconds; 0 if it has not."""
    after = record["receipt"]["after_ms"]
    due = 0 if after is None else record["SendTime"] + after
    return due if due <= time.time_ns() // 10**6 else 0


def count(state: State, body: Item) -> Item:
    """Messages and receipts of a stretch of time."""
    exact = [name for name in ("SubAccount", "ChannelType", "Signature", "TemplateId") if body.get(name)]
    found = [
        show_record(record)
        for record in state.ledger.read()
        if all(record[name] == body[name] for name in exact)
        and body["StartTime"] <= record["SendTime"] / 1000 <= body["EndTime"]
    ]
    received = [record for record in found if record["ReceiptTime"]]
    good = sum(record["ErrorCode"] == "0" for record in received)
    totals = dict.fromkeys(("TotalSendCount", "TotalAllSendCount", "TotalSendSuccessCount"), len(found))
    return {**totals, "TotalReceiptSuccessCount": good, "TotalReceiptFailureCount": len(received) - good}


def cut_page(items: list[Item], body: Item) -> Item:
    """One page of a list, and the number of all."""
    page, size = body["Page"], body["PageSize"]
    if page < 1 or not 1 <= size <= MOST_ITEMS:
        raise Refusal(BAD_PARAMETER, f"Page is at least 1, PageSize 1 to {MOST_ITEMS}.")
    return {"Total": len(items), "List": items[(page - 1) * size : page * size]}


@dataclass(frozen=True)
class Action:
    """One action: who carries it out, the fields it needs, and those it takes."""

    run: Callable[[State, Item], Item]
    required: Mapping[str, type]
    optional: Mapping[str, type]


PAGING = {"Page": int, "PageSize": int}
ACTIONS: Mapping[str, Action] = {
    "SendSmsForAgent": Action(
        send, {"SubAccount": str, "Signature": str, "TemplateId": str, "Mobiles": str}, {"TemplateParam": str}
    ),
    "ListSubAccountForAgent": Action(list_groups, {}, {"SubAccountName": str}),
    "ListSignatureForAgent": Action(list_signatures, PAGING, {"Signature": str, "SubAccounts": list}),
    "ListSmsTemplateForAgent": Action(
        list_templates, PAGING, {"TemplateId": str, "SubAccounts": list, "Signatures": list}
    ),
    "ListSmsSendLogForAgent": Action(
        list_log,
        {"SubAccount": str, **PAGING},
        {"FromTime": int, "ToTime": int, "Mobile": str, "TemplateId": str, "Signature": str, "MessageId": str},
    ),
    "ListTotalSendCountStatForAgent": Action(
        count,
        {"StartTime": int, "EndTime": int},
        {"SubAccount": str, "ChannelType": str, "Signature": str, "TemplateId": str},
    ),
}


def read_body(action: Action, raw: bytes) -> Item:
    """The request's fields; one that is missing, of a wrong type or unknown is refused loudly."""
    try:
        body = json.loads(raw)
    except ValueError:
        raise Refusal(BAD_PARAMETER, "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise Refusal(BAD_PARAMETER, "The body is not a JSON object.")
    types = {**action.required, **action.optional}
    wrong = [name for name, value in body.items() if type(value) is not types.get(name)]
    wrong += [name for name in action.required if name not in body]
    if wrong:
        raise Refusal(BAD_PARAMETER, f"Wrong, missing or unknown: {', '.join(wrong)}.")
    return body
