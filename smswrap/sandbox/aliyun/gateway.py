"""The gateway before the API: who asks, and how errors of the line look. Their text is not JSON and goes to stderr."""

from __future__ import annotations

import os

from ..common import files
from .call import CliError, PluginError, RefusalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .plugin import Request

HOST = "dysmsapi.example"
ERRORS = {code: (status, message) for code, status, message in files.read_table(__file__, "errors.tsv")}
"""Code -> HTTP status, message: 4xx the line's errors, 200 the API's own refusals."""


def authenticate(request: Request) -> None:
    """Refuse the keys that are made to be refused; raises PluginError."""
    key, secret = request.profile.get("access_key_id", ""), request.profile.get("access_key_secret", "")
    if key == "LTAI-bad":
        raise error("InvalidAccessKeyId.NotFound")
    if secret == "wrong":  # noqa: S105  the made-up secret that is made to be refused
        raise error("SignatureDoesNotMatch")
    if key == "LTAI-forbidden":
        raise error("Forbidden.RAM")


def error(code: str) -> PluginError:
    """A gateway error with HTTP 4xx, as the plugin prints it."""
    status, message = ERRORS[code]
    request_id = random_id()
    data = f'{{"Code":"{code}","HostId":"{HOST}","Message":"{message}","RequestId":"{request_id}"}}'
    return PluginError(
        f"SDKError:\n   StatusCode: {status}\n   Code: {code}\n"
        f"   Message: code: {status}, {message} request id: {request_id}\n   Data: {data}"
    )


def refusal(refused: RefusalError) -> dict[str, object]:
    """A business error as a reply."""
    message = refused.message or ERRORS[refused.code][1]
    return {"Code": refused.code, "Message": message, "RequestId": random_id()}


def accepted(**fields: object) -> dict[str, object]:
    """A reply that says OK."""
    return {**fields, "Code": "OK", "Message": "OK", "RequestId": random_id()}


def timed_out(request: Request) -> CliError:
    """No reply in time; the text holds the URL, with key id, numbers and signature, as the real one does."""
    why = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    return CliError(f'Get "{_url(request)}": {why}')


def unreachable(request: Request) -> CliError:
    """Nobody listens."""
    return CliError(f'Get "{_url(request)}": dial tcp 127.0.0.1:80: connect: connection refused')


def random_id() -> str:
    """A request id in the usual form, upper-case hexadecimal 8-4-4-4-12."""
    text = os.urandom(16).hex().upper()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _url(request: Request) -> str:
    query = {
        "AccessKeyId": request.profile.get("access_key_id", ""),
        "Action": request.api,
        "PhoneNumbers": request.text("phone-numbers") or request.text("phone-number-json"),
        "Signature": os.urandom(14).hex(),
        "SignName": request.text("sign-name") or request.text("sign-name-json"),
    }
    return f"http://{HOST}/?" + "&".join(f"{name}={_escape(value)}" for name, value in query.items())


def _escape(text: str) -> str:
    letters = map(chr, text.encode())
    return "".join(letter if letter.isascii() and letter.isalnum() else f"%{ord(letter):02X}" for letter in letters)
