"""What the CLI printed, read as a `Reply` or told as a `ProviderError` (facts sheet §2.1)."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from smswrap import catalogue
from smswrap.errors import Fault
from smswrap.masking import redact, strip_colour
from smswrap.providers.base import ProviderError, Reply

if TYPE_CHECKING:
    from collections.abc import Collection

    from smswrap.errors import Kind
    from smswrap.process import Finished
    from smswrap.providers.base import Body, Operation

MOST_STARTS = 20
"""Lines that are tried as the start of the reply, so that hostile output costs no time."""

LONGEST_COMPLAINT = 300
"""Characters of foreign text that a message repeats."""


class CliText(NamedTuple):
    """A text that the CLI itself prints: the catalogue's code for it, and whether the request had gone out by then."""

    pattern: str
    code: str
    went_out: bool = False


CLI_TEXTS = (
    CliText(r"load current configuration failed", "cli.config-unreadable"),
    CliText(r"unknown profile", "cli.profile-unknown"),
    CliText(r"region can't be empty", "cli.region-missing"),
    CliText(r"access_?key_?(id|secret)\b.*(empty|not configured)|can't get credential", "cli.credentials-missing"),
    CliText(r"failed to resolve plugin binary path|not a valid (built-in )?product", "cli.plugin-missing"),
    CliText(r"flags? missing|(unknown|invalid) (flag|field)|not a valid (command|api)", "cli.flags-refused"),
    CliText(r"dial tcp|no such host|connection refused|unreachable|TLS handshake|x509", "cli.unreachable"),
    CliText(r"deadline exceeded|Client\.Timeout|i/o timeout|timed? ?out", "cli.timeout", went_out=True),
    CliText(r"connection reset|\bEOF\b|broken pipe", "cli.connection-lost", went_out=True),
)
_PROVIDER_CODE = re.compile(r'(?:^|[\s{,"])(?:Error)?Code"?:\s*"?(?!OK\b)([A-Za-z][\w.-]*)', re.MULTILINE)
_MESSAGE = re.compile(r"^\s*Message:\s*(?:code: \d+, )?(.+?)(?:\s+request id: \S+)?\s*$", re.MULTILINE)
_REQUEST_ID = re.compile(r'request ?id"?: ?"?([0-9A-Za-z-]{8,})', re.IGNORECASE)


def read(operation: Operation, finished: Finished, private: Collection[str] = ()) -> Reply:
    """Give the reply, or raise ProviderError: kind `unknown` where a send may have been made all the same.

    `private` are values of the call that no message may repeat.
    """
    found = json_object(finished.stdout)
    if found is None:
        raise _without_reply(operation, finished, private)
    text, body = found
    code = body.get("Code")
    if code == "OK":
        request_id = str(body.get("RequestId") or "")
        return Reply(operation.name, text, body, operation.normalise(body), request_id)
    if not isinstance(code, str) or not code:
        raise ProviderError(_unreadable(operation, "its reply has no Code"), text=text, body=body)
    fault = _refusal(operation, code, redact(str(body.get("Message") or ""), private))
    raise ProviderError(fault, text=text, body=body, request_id=str(body.get("RequestId") or ""))


def json_object(output: str) -> tuple[str, Body] | None:
    """Find the reply after lines that are none: an auto-install tells its progress on stdout before the JSON."""
    decoder, plain = json.JSONDecoder(), strip_colour(output)
    starts = (match.end() - 1 for match in re.finditer(r"(?:^|\r)\{", plain, re.MULTILINE))
    for start in islice(starts, MOST_STARTS):
        try:
            body, end = decoder.raw_decode(plain, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(body, dict):
            return plain[start:end], body
    return None


def _refusal(operation: Operation, code: str, message: str) -> Fault:
    entry = catalogue.explain(code, "aliyun")
    kind: Kind = "unavailable" if entry.kind == "unknown" and operation.kind == "read" else entry.kind
    said = f"{code}: {message}" if message else code
    return Fault(kind, said, entry.meaning, entry.next_step, entry.retry, code)


def _without_reply(operation: Operation, finished: Finished, private: Collection[str]) -> ProviderError:
    said = "\n".join((strip_colour(finished.stderr), strip_colour(finished.stdout)))
    code = _PROVIDER_CODE.search(said)
    if code and finished.complete:
        message, request_id = _MESSAGE.search(said), _REQUEST_ID.search(said)
        fault = _refusal(operation, code[1], redact(message[1], private) if message else "")
        return ProviderError(fault, request_id=request_id[1] if request_id else "")
    return ProviderError(_cli_fault(operation, finished, said, private))


def _cli_fault(operation: Operation, finished: Finished, said: str, private: Collection[str]) -> Fault:
    if finished.code is None:
        return _known("cli.not-started", "setup", finished.stderr)
    if not finished.complete:
        return _unreadable(operation, _ending(finished), "cli.timeout" if finished.timed_out else "cli.killed")
    row = next((row for row in CLI_TEXTS if re.search(row.pattern, said, re.IGNORECASE)), None)
    words = " ".join(redact(said, private).removeprefix("ERROR:").split())[:LONGEST_COMPLAINT]
    if row is None:
        return _unreadable(operation, f"it ended with exit code {finished.code}: {words or 'no output'}")
    if row.went_out:
        return _unreadable(operation, words, row.code)
    return _known(row.code, None, words) if row.code != "cli.unreachable" else _unreached(operation, words)


def _known(code: str, kind: Kind | None, words: str) -> Fault:
    entry = catalogue.explain(code, "aliyun")
    return Fault(kind or entry.kind, f"The aliyun CLI says: {words}", entry.meaning, entry.next_step, entry.retry, code)


def _unreached(operation: Operation, words: str) -> Fault:
    entry = catalogue.explain("cli.unreachable", "aliyun")
    kind: Kind = "refused" if operation.kind == "send" else "unavailable"
    message = f"The server was not reached: {words}"
    return Fault(kind, message, entry.meaning, entry.next_step, entry.retry, entry.code)


def _unreadable(operation: Operation, why: str, code: str = "cli.no-reply") -> Fault:
    message = f"The aliyun CLI gave no usable answer to {operation.name}: {why}."
    if operation.kind == "read":
        entry = catalogue.explain(code, "aliyun")
        return Fault("unavailable", message, entry.meaning, "Run the command again in a moment.", "later", code)
    meaning = "The outcome is unknown: the SMS may have been sent."
    step = "Do not send again. Look for it first: `smswrap query-status -p NUMBER` shows what reached the gateway."
    return Fault("unknown", message, meaning, step, "after-receipt", code)


def _ending(finished: Finished) -> str:
    if finished.stopped:
        return "it was stopped by your second signal"
    if finished.timed_out:
        return f"no answer within {finished.seconds:.1f} s"
    return f"it was ended by signal {-(finished.code or 0)}"
