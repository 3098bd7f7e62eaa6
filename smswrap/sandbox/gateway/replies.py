"""What the stand-in answers: the envelope of the API, and its documented errors."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from ..common import Row, files

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
ERRORS = {
    code: (int(status), int(number), message)
    for code, status, number, message in files.read_table(__file__, "errors.tsv")
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
