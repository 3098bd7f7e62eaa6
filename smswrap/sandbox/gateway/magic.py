"""Magic recipients and rules: each number, and each rule of gateway-rules.json, makes one thing happen."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..common import twin
from .replies import ERRORS, Refusal, Reply, Request, describe, encode, refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..common import Row

HTML = {"Content-Type": "text/html"}
PAGE = b"<html><body>an error page</body></html>"
HUGE = 10 * 1024 * 1024 + 1
LATE = -1


@dataclass(frozen=True)
class Receipt:
    """What the carrier says later: after how many milliseconds (None: never; LATE: the account says), and what."""

    after_ms: int | None = 0
    code: str = "0"
    type: str = ""
    message: str = ""


@dataclass(frozen=True)
class Incident:
    """What happens instead of a plain answer: is the call carried out, and what comes back."""

    accept: bool = False
    hang: bool = False
    drop: bool = False
    delay_ms: int = 0
    answer: Callable[[Request, Reply], Reply] | None = None


ACCEPTED = Incident(accept=True)


@dataclass(frozen=True)
class Magic:
    """One number: a sentence that says what it does, and what it does."""

    number: str
    sentence: str
    incident: Incident = ACCEPTED
    receipt: Receipt = Receipt()


def answer_with(code: str) -> Incident:
    """The API's refusal with a code; nothing is accepted."""
    return Incident(answer=lambda request, _reply: refuse(request, Refusal(code)))


def answer_page(status: int) -> Incident:
    """A page that is not the API's; nothing is accepted."""
    return Incident(answer=lambda _request, _reply: Reply(status, PAGE, HTML))


def answer_server_error(request: Request, _reply: Reply) -> Reply:
    """HTTP 500 with the API's envelope."""
    error = {"Code": "InternalError", "Message": "The server failed."}
    return encode(500, {"ResponseMetadata": {**describe(request), "Error": error}})


def redirect(request: Request, _reply: Reply) -> Reply:
    """To another name of this same server: whoever follows is seen in its call log."""
    port = request.headers["host"].rpartition(":")[2]
    return Reply(307, b"", {"Location": f"http://localhost:{port}/elsewhere?{request.query}"})


def enlarge(_request: Request, reply: Reply) -> Reply:
    """The same JSON and more than 10 MB of white space."""
    return Reply(reply.status, reply.body + b" " * HUGE, reply.headers)


def truncate(_request: Request, reply: Reply) -> Reply:
    """Half of the JSON, as a whole HTTP body."""
    return Reply(reply.status, reply.body[: len(reply.body) // 2], reply.headers)


def rename_ids(_request: Request, reply: Reply) -> Reply:
    """The spelling of older documentation."""
    return Reply(reply.status, reply.body.replace(b'"MessageId"', b'"MessageIds"'), reply.headers)


# A failed receipt's code is made up; CR: is the documented family of carrier codes.
FAILED = Receipt(0, "CR:0001", "carrier", "the number is not in service")
MAGIC = (
    Magic("13900000000", "Accepted, and delivered."),
    Magic("13900000001", "Accepted, but the receipt says failed: CR:0001.", receipt=FAILED),
    Magic("13900000002", "HTTP 429: too many requests.", answer_with("FlowLimitExceeded")),
    Magic("13900000003", "No answer; the gateway has not accepted the message.", Incident(hang=True)),
    Magic("13900000004", "No answer; the gateway has accepted the message.", Incident(accept=True, hang=True)),
    Magic("13900000005", "Accepted; the receipt comes some seconds late.", receipt=Receipt(LATE)),
    Magic("13900000006", "Accepted; the receipt never comes.", receipt=Receipt(None)),
    Magic("13900000007", "Refused: the account is in arrears (RE:0010).", answer_with("RE:0010")),
    Magic("13900000008", "Accepted, then the connection is dropped.", Incident(accept=True, drop=True)),
    Magic("13900000009", "The connection is dropped; nothing was accepted.", Incident(drop=True)),
    Magic("13900000010", "An HTML page with HTTP 200; nothing was accepted.", answer_page(200)),
    Magic("13900000011", "HTTP 500 with the API's envelope.", Incident(answer=answer_server_error)),
    Magic("13900000012", "HTTP 502 with an HTML page.", answer_page(502)),
    Magic("13900000013", "HTTP 401: the key is not valid.", answer_with("InvalidAccessKey")),
    Magic("13900000014", "HTTP 403: the key may not send.", answer_with("AccessDenied")),
    Magic("13900000015", "HTTP 200 that carries an error (RE:0009).", answer_with("RE:0009")),
    Magic("13900000016", "Accepted, but the reply is JSON that breaks off.", Incident(accept=True, answer=truncate)),
    Magic("13900000017", "Accepted, but the reply is larger than 10 MB.", Incident(accept=True, answer=enlarge)),
    Magic("13900000018", "A redirect to another host.", Incident(answer=redirect)),
    Magic("13900000019", "Accepted; the reply spells MessageIds.", Incident(accept=True, answer=rename_ids)),
    Magic("1390001NNNN", "Refused with the code RE:NNNN, where the API has one."),
)
BY_NUMBER = {row.number: row for row in MAGIC} | {
    f"1390001{code[3:]}": Magic(f"1390001{code[3:]}", "", answer_with(code))
    for code in ERRORS
    if re.fullmatch("RE:[0-9]{4}", code)
}
BY_NUMBER |= {twin(number): row for number, row in BY_NUMBER.items()}


def find_incident(mobiles: list[str]) -> Incident:
    """What the first magic number among the recipients brings on; else the plain answer."""
    return next((BY_NUMBER[mobile].incident for mobile in mobiles if mobile in BY_NUMBER), ACCEPTED)


def find_receipt(mobile: str, late_ms: int) -> Receipt:
    """The receipt that a number will get."""
    receipt = BY_NUMBER[mobile].receipt if mobile in BY_NUMBER else Receipt()
    return Receipt(late_ms) if receipt.after_ms == LATE else receipt


# `then` of a rule: an accepting one is carried out as usual, authentication included.
THENS = {
    "reply": Incident(),
    "drop": Incident(drop=True),
    "hang": Incident(hang=True),
    "accept": ACCEPTED,
    "accept-drop": Incident(accept=True, drop=True),
    "accept-hang": Incident(accept=True, hang=True),
}
RULE_KEYS = {"name", "action", "times", "status", "headers", "body", "delay_ms", "then"}


def read_rule(rule: Row) -> Incident:
    """What a rule makes happen, with its own reply if it has one; ValueError if it says something unknown."""
    if rule.keys() - RULE_KEYS or rule.get("then", "reply") not in THENS:
        raise ValueError(f"gateway-rules.json: a rule has {sorted(RULE_KEYS)}, `then` one of {sorted(THENS)}: {rule}")
    incident = replace(THENS[rule.get("then", "reply")], delay_ms=rule.get("delay_ms", 0))
    if "status" not in rule and "body" not in rule:
        return incident
    body = rule.get("body", "")
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    headers = {"Content-Type": "application/json", **rule.get("headers", {})}
    reply = Reply(rule.get("status", 200), text.encode(), headers)
    return replace(incident, answer=lambda _request, _reply: reply)
