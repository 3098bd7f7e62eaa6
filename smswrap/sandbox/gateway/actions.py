"""The seven actions: what each request must look like, and what the account (account.json) answers."""

from __future__ import annotations

import json
import re
import time
import uuid
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from ..common import Row, files, message
from .magic import find_receipt
from .replies import BAD_PARAMETER, Refusal, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CREATED = 1767225600  # seconds; 2026-01-01
APPROVED = (3, 5)  # approved, and exempt from review
MOST_NUMBERS = 200
MOST_ITEMS = 100
NUMBER = re.compile(r"(\+86)?(1[0-9]{10})|\+(?!86)[1-9][0-9]{6,14}")


def load_account(directory: str, groups: int | None) -> Row:
    """The account, overridden key by key by the directory's file; `groups` keeps only the first so many."""
    account = files.read_object(f"{__file__.rpartition('/')[0]}/account.json")
    account |= files.read_object(f"{directory}/gateway-account.json")
    return {**account, "groups": account["groups"][:groups]}


def find_item(items: list[Row], field: str, value: str) -> Row | None:
    """The item whose field has this value."""
    return next((item for item in items if item[field] == value), None)


@dataclass(frozen=True)
class State:
    """What an action works on."""

    account: Row
    ledger: str

    def sent(self, body: Row, first: float, last: float) -> list[Row]:
        """The messages of these seconds that have all that is asked for, as the send log shows them, newest first."""
        records = [show_record(record) for record in reversed(files.read_lines(self.ledger))]
        asked = body | {"Mobile": body.get("Mobile", "").removeprefix("+86")}
        return [
            record
            for record in records
            if first <= record["SendTime"] / 1000 <= last
            and all(asked[name] in ("", record[name]) for name in asked.keys() & record.keys())
        ]


def send(state: State, body: Row) -> Row:
    """Accept one message per recipient, or refuse all."""
    template = check_message(state.account, body)
    values = read_parameters(body, template)
    text = f"【{body['Signature']}】{message.fill(template['Content'], values)}"
    records = [
        {
            "SendTime": time.time_ns() // 10**6,
            "MessageId": str(uuid.uuid4()),
            "Account": state.account["account"],
            "Mobile": mobile,
            "Content": text,
            "ChannelType": template["ChannelType"],
            "Count": message.parts(text),
            **{name: body[name] for name in ("SubAccount", "Signature", "TemplateId")},
            "receipt": asdict(find_receipt(mobile, state.account["late_receipt_ms"])),
        }
        for mobile in split_mobiles(body["Mobiles"])
    ]
    files.append(state.ledger, records)
    return {"MessageId": [record["MessageId"] for record in records]}


def check_message(account: Row, body: Row) -> Row:
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


def read_parameters(body: Row, template: Row) -> dict[str, str]:
    """The template's values; a wrong set of names or a value that is no string is refused."""
    try:
        values = json.loads(body.get("TemplateParam") or "{}")
    except ValueError:
        values = None
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise Refusal("RE:0009", "TemplateParam is not a JSON object of strings.")
    if missing := set(message.variables(template["Content"])) - set(values):
        raise Refusal("RE:0009", f"TemplateParam lacks {', '.join(sorted(missing))}.")
    return values


def list_groups(state: State, body: Row) -> Row:
    """Message groups by part of their name."""
    groups = [item for item in state.account["groups"] if fits(item, body)]
    return {"Total": len(groups), "List": groups}


def list_signatures(state: State, body: Row) -> Row:
    """Signatures of every state."""
    return cut_page([{**item, "CreatedAt": CREATED} for item in state.account["signatures"] if fits(item, body)], body)


def list_templates(state: State, body: Row) -> Row:
    """Templates of every state; their text is not returned."""
    return cut_page([show_template(item) for item in state.account["templates"] if fits(item, body)], body)


def fits(item: Row, body: Row) -> bool:
    """Whether the item has what is asked for: a part of a text, or one of several names."""
    asked = ((body[name], item[name]) for name in body.keys() & item.keys() if body[name])
    return all(want in has if isinstance(want, str) else set(want) & set(has) for want, has in asked)


def list_texts(state: State, body: Row) -> Row:
    """A template's forms, one a signature, with their text; the reply is in lower camel case, as the query is."""
    wanted = body.get("signatures", "")
    template = find_item(state.account["templates"], "TemplateId", body["templateId"])
    form = second_id(body["templateId"])
    if template is None or body.get("secondTemplateId", form) != form:
        return {"list": [], "total": 0}
    shared = {"templateId": body["templateId"], "secondTemplateId": form, "status": template["Status"]}
    shared |= {"content": template["Content"], "templateParams": message.variables(template["Content"])}
    forms = [{**shared, "sign": name} for name in template["Signatures"] if not wanted or name in wanted.split(",")]
    return {"list": forms, "total": len(forms)}


def second_id(template: str) -> str:
    """The id of a template's form."""
    return template.replace("ST_", "S2T_")


def show_template(template: Row) -> Row:
    """A template as the list shows it."""
    shown = {name: value for name, value in template.items() if name != "Content"}
    return {
        **shown,
        "SecondTemplateId": second_id(template["TemplateId"]),
        "Signature": template["Signatures"][0],
        "StatusDescription": "approved" if template["Status"] in APPROVED else "rejected",
        "TemplateParams": message.variables(template["Content"]),
        "CreatedAt": CREATED,
    }


def list_log(state: State, body: Row) -> Row:
    """Accepted messages, newest first, with the receipts that have come by now."""
    return cut_page(state.sent(body, body.get("FromTime", 0), body.get("ToTime", 10**11)), body)


def show_record(record: Row) -> Row:
    """A message as the send log shows it: times in milliseconds, ReceiptTime 0 and no code while in flight."""
    receipt = record["receipt"]
    shown = {name: value for name, value in record.items() if name != "receipt"}
    arrived = receipt_time(record)
    names = {"ErrorCode": "code", "ErrorType": "type", "ErrorMessage": "message"}
    words = {name: receipt[word] if arrived else "" for name, word in names.items()}
    return {**shown, **words, "ReceiptTime": arrived}


def receipt_time(record: Row) -> int:
    """When the receipt came, in milliseconds; 0 if it has not."""
    after = record["receipt"]["after_ms"]
    due = 0 if after is None else record["SendTime"] + after
    return due if due <= time.time_ns() // 10**6 else 0


def count(state: State, body: Row) -> Row:
    """Messages and receipts of a stretch of time."""
    found = state.sent(body, body["StartTime"], body["EndTime"])
    received = [record for record in found if record["ReceiptTime"]]
    good = sum(record["ErrorCode"] == "0" for record in received)
    totals = dict.fromkeys(("TotalSendCount", "TotalAllSendCount", "TotalSendSuccessCount"), len(found))
    return {**totals, "TotalReceiptSuccessCount": good, "TotalReceiptFailureCount": len(received) - good}


def cut_page(items: list[Row], body: Row) -> Row:
    """One page of a list, and the number of all."""
    page, size = body["Page"], body["PageSize"]
    if page < 1 or not 1 <= size <= MOST_ITEMS:
        raise Refusal(BAD_PARAMETER, f"Page is at least 1, PageSize 1 to {MOST_ITEMS}.")
    return {"Total": len(items), "List": items[(page - 1) * size : page * size]}


@dataclass(frozen=True)
class Action:
    """One action: who carries it out, the fields it needs, and those it takes."""

    run: Callable[[State, Row], Row]
    required: Mapping[str, type]
    optional: Mapping[str, type]
    method: str


def read_types(cell: str) -> dict[str, type]:
    """`Mobile Page:int SubAccounts:list`: fields and their types, a text where nothing else is said."""
    named = (word.partition(":") for word in cell.split())
    return {name: {"int": int, "list": list, "": str}[kind] for name, _, kind in named}


ACTIONS: Mapping[str, Action] = {
    name: Action(globals()[function], read_types(required), read_types(optional), method)
    for name, method, function, required, optional in files.read_table(__file__, "actions.tsv")
}


def read_fields(action: Action, request: Request) -> Row:
    """The request's fields; one that is missing, of a wrong type or unknown is refused loudly."""
    if action.method == "GET":
        query = parse_qs(request.query)
        fields: object = {name: query[name][-1] for name in query.keys() - {"Action", "Version"}}
    else:
        try:
            fields = json.loads(request.body)
        except ValueError:
            raise Refusal(BAD_PARAMETER, "The body is not JSON.") from None
    if not isinstance(fields, dict):
        raise Refusal(BAD_PARAMETER, "The body is not a JSON object.")
    types = {**action.required, **action.optional}
    wrong = [name for name, value in fields.items() if type(value) is not types.get(name)]
    wrong += [name for name in action.required if name not in fields]
    if wrong:
        raise Refusal(BAD_PARAMETER, f"Wrong, missing or unknown: {', '.join(wrong)}.")
    return fields
