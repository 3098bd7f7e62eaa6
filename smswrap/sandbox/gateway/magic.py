"""Magic recipients: each number has one fixed outcome, so that every outcome can be had without a telephone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .replies import ERRORS, Refusal, Reply, Request, describe, encode, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HTML = {"Content-Type": "text/html"}
PAGE = b"<html><body>an error page</body></html>"
HUGE = 10 * 1024 * 1024 + 1


@dataclass(frozen=True)
class Receipt:
    """What the carrier says later: after how many milliseconds (None: never; LATE: the account says), and what."""

    after_ms: int | None = 0
    code: str = "0"
    type: str = ""
    message: str = ""


LATE = -1


@dataclass(frozen=True)
class Incident:
    """What happens instead of a plain answer: is the call carried out, and what comes back."""

    accept: bool = False
    hang: bool = False
    drop: bool = False
    delay_ms: int = 0
    answer: Callable[[Request, Reply], Reply] | None = None


# A failed receipt's code is made up; CR: is the documented family of carrier codes.
RECEIPTS: Mapping[str, Receipt] = {
    "13900000000": Receipt(),
    "13900000001": Receipt(0, "CR:0001", "carrier", "the number is not in service"),
    "13900000005": Receipt(LATE),
    "13900000006": Receipt(None),
}


def answer_with(code: str) -> Incident:
    """The API's refusal with a code; nothing is accepted."""
    return Incident(answer=lambda request, _reply: refuse(request, Refusal(code)))


def answer_page(status: int, headers: Mapping[str, str] = HTML) -> Incident:
    """A page that is not the API's; nothing is accepted."""
    return Incident(answer=lambda _request, _reply: Reply(status, PAGE, headers))


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


INCIDENTS: Mapping[str, Incident] = {
    "13900000002": answer_with("FlowLimitExceeded"),
    "13900000003": Incident(hang=True),
    "13900000004": Incident(accept=True, hang=True),
    "13900000007": answer_with("RE:0010"),
    "13900000008": Incident(accept=True, drop=True),
    "13900000009": Incident(drop=True),
    "13900000010": answer_page(200),
    "13900000011": Incident(answer=answer_server_error),
    "13900000012": answer_page(502),
    "13900000013": answer_with("InvalidAccessKey"),
    "13900000014": answer_with("AccessDenied"),
    "13900000015": answer_with("RE:0009"),
    "13900000016": Incident(accept=True, answer=truncate),
    "13900000017": Incident(accept=True, answer=enlarge),
    "13900000018": Incident(answer=redirect),
    "13900000019": Incident(accept=True, answer=rename_ids),
    **{f"1390001{code[3:]}": answer_with(code) for code in ERRORS if re.fullmatch("RE:[0-9]{4}", code)},
}


SENTENCES: Mapping[str, str] = {
    "13900000000": "Accepted, and delivered.",
    "13900000001": "Accepted, but the receipt says failed: CR:0001.",
    "13900000002": "HTTP 429: too many requests.",
    "13900000003": "No answer; the gateway has not accepted the message.",
    "13900000004": "No answer; the gateway has accepted the message.",
    "13900000005": "Accepted; the receipt comes some seconds late.",
    "13900000006": "Accepted; the receipt never comes.",
    "13900000007": "Refused: the account is in arrears (RE:0010).",
    "13900000008": "Accepted, then the connection is dropped.",
    "13900000009": "The connection is dropped; nothing was accepted.",
    "13900000010": "An HTML page with HTTP 200; nothing was accepted.",
    "13900000011": "HTTP 500 with the API's envelope.",
    "13900000012": "HTTP 502 with an HTML page.",
    "13900000013": "HTTP 401: the key is not valid.",
    "13900000014": "HTTP 403: the key may not send.",
    "13900000015": "HTTP 200 that carries an error (RE:0009).",
    "13900000016": "Accepted, but the reply is JSON that breaks off.",
    "13900000017": "Accepted, but the reply is larger than 10 MB.",
    "13900000018": "A redirect to another host.",
    "13900000019": "Accepted; the reply spells MessageIds.",
    "1390001NNNN": "Refused with the code RE:NNNN, where the API has one.",
}
"""What each number does, for the README."""


def find_incident(mobiles: list[str]) -> Incident:
    """What the first magic number among the recipients brings on; else the plain answer."""
    return next((INCIDENTS[mobile] for mobile in mobiles if mobile in INCIDENTS), Incident(accept=True))


def find_receipt(mobile: str, late_ms: int) -> Receipt:
    """The receipt that a number will get."""
    receipt = RECEIPTS.get(mobile, Receipt())
    return Receipt(late_ms) if receipt.after_ms == LATE else receipt
