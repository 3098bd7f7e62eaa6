"""What the stand-in answers: the envelope of the API, and its documented errors."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from ..common import Row

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/json; charset=utf-8"
BAD_PARAMETER = "ZJ10200"


@dataclass(frozen=True)
class Reply:
    """One HTTP answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": JSON})


@dataclass(frozen=True)
class Request:
    """One HTTP request, as it arrived; header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    action: str
    version: str


class Refusal(Exception):  # noqa: N818  a refusal is an answer
    """The API says no, with one of its codes."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = message


# Code -> HTTP status, CodeN, message. The named ones are the platform's; their numbers and statuses are documented.
ERRORS: Mapping[str, tuple[int, int, str]] = {
    "MissingParameter": (400, 100002, "The request lacks Action or Version."),
    "MissingAuthenticationToken": (401, 100003, "The request lacks an Authorization header."),
    "MissingRequestInfo": (400, 100004, "The request lacks some information."),
    "InvalidTimestamp": (400, 100006, "The signature is older than 15 minutes or comes from the future."),
    "InvalidActionOrVersion": (404, 100008, "There is no such action of this version."),
    "InvalidAccessKey": (401, 100009, "The access key is not valid."),
    "SignatureDoesNotMatch": (401, 100010, "The signature does not match."),
    "AccessDenied": (403, 100013, "The caller may not do this."),
    "FlowLimitExceeded": (429, 100018, "Too many requests."),
    BAD_PARAMETER: (400, 0, "A parameter is wrong."),
    "RE:0000": (200, 0, "Authentication failed."),
    "RE:0001": (200, 0, "The SMS service is not activated."),
    "RE:0002": (200, 0, "The SMS service is closed."),
    "RE:0003": (200, 0, "The message group is wrong."),
    "RE:0004": (200, 0, "The signature is wrong."),
    "RE:0005": (200, 0, "The template is wrong."),
    "RE:0006": (200, 0, "The mobile number is wrong."),
    "RE:0007": (200, 0, "The address is not on the allow list."),
    "RE:0009": (200, 0, "A parameter is wrong."),
    "RE:0010": (200, 0, "The account is in arrears."),
    "RE:0011": (200, 0, "The region is wrong."),
    "RE:0012": (200, 0, "The type of message is wrong."),
    "RE:0013": (200, 0, "A threshold is exceeded."),
    "RE:0500": (200, 0, "The server failed."),
}


def describe(request: Request) -> Row:
    """The ResponseMetadata of an answer."""
    return {
        "RequestId": uuid.uuid4().hex.upper(),
        "Action": request.action,
        "Version": request.version,
        "Service": "volcSMS",
        "Region": "cn-north-1",
    }


def accept(request: Request, result: object) -> Reply:
    """The answer of a call that worked."""
    return encode(HTTPStatus.OK, {"ResponseMetadata": describe(request), "Result": result})


def refuse(request: Request, refusal: Refusal) -> Reply:
    """The answer of a call that did not work."""
    status, number, message = ERRORS[refusal.code]
    error: dict[str, object] = {"Code": refusal.code, "Message": f"{message} {refusal.message}".strip()}
    if number:
        error["CodeN"] = number
    return encode(status, {"ResponseMetadata": {**describe(request), "Error": error}})


def encode(status: int, body: object) -> Reply:
    """A JSON answer."""
    return Reply(status, json.dumps(body, ensure_ascii=False).encode())
