"""What the CLI printed, read as a `Reply` or told as a `ProviderError` (facts sheet §2.1)."""

from __future__ import annotations

import json
import re
from dataclasses import replace
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

MOST_READ = 20_000
"""Characters of an output without a reply that are looked at."""

LONGEST_COMPLAINT = 300
"""Characters of foreign text that a message repeats."""


_BEGIN = r"^(?:ERROR: |Error: )?"
"""What the CLI refuses by itself it says at the beginning of a line; anywhere else such words may be the server's."""


class CliText(NamedTuple):
    """A text that the CLI itself prints: the catalogue's code for it, and whether the request had gone out by then."""

    pattern: str
    code: str
    went_out: bool = False


CLI_TEXTS = (
    CliText(
        r": dial (tcp|udp)\b|: TLS handshake timeout|: tls: (failed to verify|handshake)|: x509: ", "cli.unreachable"
    ),
    CliText(r"deadline exceeded|Client\.Timeout|i/o timeout|timed? ?out|timeout", "cli.timeout", went_out=True),
    CliText(r"connection reset|\bEOF\b|broken pipe|: (read|write) tcp", "cli.connection-lost", went_out=True),
    CliText(rf"{_BEGIN}load current configuration failed", "cli.config-unreadable"),
    CliText(rf"{_BEGIN}unknown profile", "cli.profile-unknown"),
    CliText(rf"{_BEGIN}region can't be empty", "cli.region-missing"),
    CliText(
        rf"{_BEGIN}(unable to load credentials|access[ _]?key[ _]?(id|secret)\b.*(empty|not configured))",
        "cli.credentials-missing",
    ),
    CliText(
        rf"{_BEGIN}(failed to (resolve plugin binary path|read user input)|'\S+' is not a valid (built-in )?product)",
        "cli.plugin-missing",
    ),
    CliText(
        rf"{_BEGIN}(required flags? missing|(unknown|invalid) (flag|field)\b|\S+ is not a valid (command|api)"
        "|command missing)",
        "cli.flags-refused",
    ),
)
_PROVIDER_CODE = re.compile(r"^[ \t]*(?:Error)?Code:[ \t]*([A-Za-z][\w.-]*)[ \t]*$", re.MULTILINE)
_SERVER_FAULT = re.compile(r"^[ \t]*StatusCode:[ \t]*5\d\d\b", re.MULTILINE)
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
    decoder, plain = json.JSONDecoder(parse_constant=_no_number), strip_colour(output)
    starts = (match.end() - 1 for match in re.finditer(r"(?:^|\r)\{", plain, re.MULTILINE))
    for start in islice(starts, MOST_STARTS):
        try:
            body, end = decoder.raw_decode(plain, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(body, dict):
            return plain[start:end], body
    return None


def _no_number(constant: str) -> None:
    raise ValueError(constant)


def _refusal(operation: Operation, code: str, message: str) -> Fault:
    entry = catalogue.explain(code, "aliyun")
    kind: Kind = "unavailable" if entry.kind == "unknown" and operation.kind == "read" else entry.kind
    said = f"{code}: {message}" if message else code
    step = entry.next_step.replace("dysms:<Operation>, for instance dysms:SendSms,", operation.action)
    return Fault(kind, said, entry.meaning, step, entry.retry, code)


def _without_reply(operation: Operation, finished: Finished, private: Collection[str]) -> ProviderError:
    # With exit 0, what is no JSON on stdout is somebody else's page; of a failure, either stream may tell.
    streams = (finished.stderr,) if finished.code == 0 else (finished.stderr, finished.stdout)
    said = "\n".join(strip_colour(text)[:MOST_READ] for text in streams)
    code = _PROVIDER_CODE.search(said)
    if code and code[1] != "OK" and finished.complete:
        message, request_id = _MESSAGE.search(said), _REQUEST_ID.search(said)
        fault = _refusal(operation, code[1], redact(message[1], private) if message else "")
        if _SERVER_FAULT.search(said):
            fault = replace(fault, kind="unknown" if operation.kind == "send" else "unavailable", retry="after-receipt")
        return ProviderError(fault, request_id=request_id[1] if request_id else "")
    return ProviderError(_cli_fault(operation, finished, redact(said, private)))


def _cli_fault(operation: Operation, finished: Finished, said: str) -> Fault:
    """Tell a text of the CLI itself; `said` holds no URL queries any more, which may hold any word."""
    if finished.code is None:
        return _known("cli.not-started", "setup", finished.stderr)
    if not finished.complete:
        return _unreadable(operation, _ending(finished), "cli.timeout" if finished.timed_out else "cli.killed")
    flags = re.IGNORECASE | re.MULTILINE
    row = next((row for row in CLI_TEXTS if re.search(row.pattern, said, flags)), None)
    words = " ".join(said.removeprefix("ERROR:").split())[:LONGEST_COMPLAINT]
    if row is None:
        return _unreadable(operation, f"it ended with exit code {finished.code}: {words or _glimpse(finished)}")
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


def _glimpse(finished: Finished) -> str:
    return "its output is no reply" if finished.stdout.strip() else "no output"


def _ending(finished: Finished) -> str:
    if finished.stopped:
        return "it was stopped by your second signal"
    if finished.timed_out:
        return f"no answer within {finished.seconds:.1f} s"
    return f"it was ended by signal {-(finished.code or 0)}"
