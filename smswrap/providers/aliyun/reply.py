"""What the CLI printed, read as a `Reply` or told as a `ProviderError` (facts sheet §2.1)."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from smswrap import catalogue
from smswrap.errors import Fault, Kind
from smswrap.masking import hide, redact, strip_colour
from smswrap.patterns import pattern
from smswrap.providers.base import ProviderError, Reply
from smswrap.providers.calls import LONGEST_COMPLAINT, ending
from smswrap.providers.tables import rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from smswrap.process import Finished
    from smswrap.providers.base import Body, Operation

MOST_STARTS = 20
"""Lines that are tried as the start of the reply, so that hostile output costs no time."""

MOST_READ = 20_000
"""Characters of an output without a reply that are looked at."""

MOST_NESTED = 40
"""Levels of a reply; the deepest that is documented has five."""

TWO_THINGS = "its reply says two things"

LONGEST_NUMBER = 100
"""Digits; a longer number is nothing that we know of, and Python refuses to write the longest ones."""


class HostText(NamedTuple):
    """A text with which the CLI itself ends before it starts the plugin: nothing was sent (facts §2.8).

    `exit` is the code with which it does so; `pattern` is what follows `ERROR: ` at the beginning of its complaint.
    """

    exit: int
    code: str
    pattern: str


@cache
def host_texts() -> list[HostText]:
    """The rows of host_texts.tsv; those of `cli.flags-refused` are its parser's own, misspelt as there."""
    table = rows(Path(__file__).with_name("host_texts.tsv"))
    return [HostText(int(row["exit"]), row["code"], row["pattern"]) for row in table]


HOST_TALK = pattern(
    r"(?:(?:Plugin '.*' is required|Auto-installing plugin|Note: Could not load|To install it, run"
    r"|Do you want to install it\?|A plugin ).*\n|[ \t]*\n)*ERROR: ",
)
"""How the CLI's own complaint begins: with ERROR, after nothing but what it says of a plugin that is not there."""


class PluginText(NamedTuple):
    """A text that comes after the plugin was started; `reached` says that the request may have gone out by then."""

    pattern: str
    code: str
    reached: bool = True


PLUGIN_TEXTS = (
    # No connection, no request.
    PluginText(
        r": dial (tcp|udp)\b|: TLS handshake timeout|: tls: (failed to verify|handshake)|: x509: ",
        "cli.unreachable",
        reached=False,
    ),
    PluginText(r"deadline exceeded|Client\.Timeout|i/o timeout|timed? ?out|timeout", "cli.timeout"),
    PluginText(r"connection reset|\bEOF\b|broken pipe|: (read|write) tcp", "cli.connection-lost"),
    PluginText(r"\AError: (required flags? missing|unknown (flag|field))\b", "cli.flags-refused"),
)

_PROVIDER_CODE = pattern(r"^[ \t]*(?:Error)?Code:[ \t]*([A-Za-z][\w.-]*)[ \t]*$", re.MULTILINE)
_SERVER_FAULT = pattern(r"^[ \t]*StatusCode:[ \t]*5\d\d\b", re.MULTILINE)
_MESSAGE = pattern(r"^\s*Message:\s*(?:code: \d+, )?(.+?)(?:\s+request id: \S+)?\s*$", re.MULTILINE)
_REQUEST_ID = pattern(r'request[ -]?id"?: ?"?([0-9A-Za-z-]{8,})', re.IGNORECASE)


def read(operation: Operation, finished: Finished, private: Iterable[str] = (), secrets: Collection[str] = ()) -> Reply:
    """Give the reply, or raise ProviderError: kind `unknown` where a send may have been made all the same.

    `private` are values of the call that no message may repeat, gone through once, where there is a message at all;
    `secrets` are keys that nothing may hold.
    """
    finished = replace(finished, stdout=hide(finished.stdout, secrets), stderr=hide(finished.stderr, secrets))
    try:
        found = json_object(finished.stdout)
    except AmbiguousError as error:
        raise ProviderError(_unreadable(operation, str(error)), text=strip_colour(finished.stdout)) from None
    if found is None:
        raise _without_reply(operation, finished, private)
    text, body = found
    code, request_id = body.get("Code"), body.get("RequestId")
    told_id = request_id if isinstance(request_id, str) else ""
    if code == "OK":
        return Reply(operation.name, text, body, operation.normalise(body), told_id)
    if not isinstance(code, str) or not code:
        raise ProviderError(_unreadable(operation, "its reply has no Code"), text=text, body=body, request_id=told_id)
    if operation.kind == "send" and body.get("BizId"):  # which only what was accepted has (facts §1)
        raise ProviderError(_unreadable(operation, TWO_THINGS), text=text, body=body, request_id=told_id)
    fault = _refusal(operation, code, redact(str(body.get("Message") or ""), private))
    raise ProviderError(fault, text=text, body=body, request_id=told_id)


class AmbiguousError(ValueError):
    """A reply that says two things, so that nobody knows which of them is so."""


def json_object(output: str) -> tuple[str, Body] | None:
    """Find the reply after lines that are none: an auto-install tells its progress on stdout before the JSON.

    Raises AmbiguousError if a name stands twice in it.
    """
    decoder = json.JSONDecoder(parse_constant=_no_number, parse_int=_int, object_pairs_hook=_once)
    plain = strip_colour(output)
    starts = (match.end() - 1 for match in re.finditer(r"(?:^|\r)\{", plain, re.MULTILINE))
    for start in islice(starts, MOST_STARTS):
        try:
            body, end = decoder.raw_decode(plain, start)
            body = _whole(body)
        except AmbiguousError:
            raise
        except (ValueError, RecursionError):
            continue
        if isinstance(body, dict):
            _refuse_second(plain[end:], body)
            return plain[start:end], body
    return None


def _refuse_second(rest: str, body: Body) -> None:
    """Raise AmbiguousError if a code stands twice: in another spelling, or in another document behind the first."""
    twice = sum(name.casefold() == "code" for name in body) > 1
    if twice or any("Code" in second for second in _documents(rest)):
        raise AmbiguousError(TWO_THINGS)


def _documents(text: str) -> Iterator[Body]:
    """The JSON objects in a text that may hold anything; what stands inside of one is not looked at by itself."""
    decoder, start = json.JSONDecoder(parse_int=_int), text.find("{")
    for _ in range(MOST_STARTS):
        if start < 0:
            return
        try:
            found, end = decoder.raw_decode(text, start)
            yield found
        except (ValueError, RecursionError):
            end = start + 1
        start = text.find("{", end)


def _no_number(constant: str) -> None:
    raise ValueError(constant)


def _int(digits: str) -> int | None:
    return int(digits) if len(digits) <= LONGEST_NUMBER else None


def _once(pairs: list[tuple[str, Any]]) -> Body:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise AmbiguousError(TWO_THINGS)
    return found


def _whole(value: object, depth: int = 0) -> Any:  # noqa: ANN401  JSON in, the same shape of JSON out
    """The JSON value with whole characters only: a lone half of one can be neither stored nor printed."""
    if depth > MOST_NESTED:
        raise ValueError("too deep")
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(element, depth + 1) for element in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(inner, depth + 1) for key, inner in value.items()}
    return value


def _refusal(operation: Operation, code: str, message: str) -> Fault:
    entry = catalogue.explain(code, "aliyun")
    if entry.kind == Kind.NONE:  # `ok`, or a receipt's code: neither a reply that we know nor a refusal
        return _unreadable(operation, "its Code tells of no failure")
    kind: Kind = Kind.UNAVAILABLE if entry.kind == Kind.UNKNOWN and operation.kind == "read" else entry.kind
    said = f"{code}: {message}" if message else code
    return Fault(kind, said, entry.meaning, entry.step(operation.action), entry.retry, code)


def _without_reply(operation: Operation, finished: Finished, private: Iterable[str]) -> ProviderError:
    complaint = strip_colour(finished.stderr)[:MOST_READ]
    found = _REQUEST_ID.search(complaint) or _REQUEST_ID.search(finished.stdout[:MOST_READ])
    request_id = found[1] if found else ""
    code = _host_code(finished, complaint)
    if code is not None:
        return ProviderError(_known(code, redact(complaint, private)), request_id=request_id)
    # With exit 0, what is no JSON on stdout is somebody else's page; of a failure, either stream may tell.
    said = complaint if finished.code == 0 else f"{complaint}\n{strip_colour(finished.stdout)[:MOST_READ]}"
    told = _PROVIDER_CODE.search(said)
    if told and told[1] != "OK" and finished.complete:
        message = _MESSAGE.search(said)
        fault = _refusal(operation, told[1], redact(message[1], private) if message else "")
        if _SERVER_FAULT.search(said):
            kind = Kind.UNKNOWN if operation.kind == "send" else Kind.UNAVAILABLE
            fault = replace(fault, kind=kind, retry="after-receipt")
        return ProviderError(fault, request_id=request_id)
    return ProviderError(_cli_fault(operation, finished, redact(said, private)), request_id=request_id)


def _host_code(finished: Finished, complaint: str) -> str | None:
    """The catalogue's code for a complaint of the CLI itself, by which nothing was sent; None for any other."""
    begin = HOST_TALK.match(complaint)
    if begin is None or not finished.complete:
        return None
    why = complaint[begin.end() :]
    known = (row.code for row in host_texts() if finished.code == row.exit and re.match(row.pattern, why))
    return next(known, None)


def _cli_fault(operation: Operation, finished: Finished, said: str) -> Fault:
    """Tell a text of a started plugin; `said` holds no URL queries any more, which may hold any word."""
    if finished.code is None:
        return _known("cli.not-started", finished.stderr)
    if not finished.complete:
        return _unreadable(operation, ending(finished), "cli.timeout" if finished.timed_out else "cli.killed")
    row = next((row for row in PLUGIN_TEXTS if re.search(row.pattern, said, re.IGNORECASE | re.MULTILINE)), None)
    words = _words(said)
    if row is None:
        words = words or ("its output is no reply" if finished.stdout.strip() else "no output")
        return _unreadable(operation, f"it ended with exit code {finished.code}: {words}")
    return _unreadable(operation, words, row.code) if row.reached else _unreached(operation, words)


def _known(code: str, said: str) -> Fault:
    entry = catalogue.explain(code, "aliyun")
    return Fault(entry.kind, f"The aliyun CLI says: {_words(said)}", entry.meaning, entry.next_step, entry.retry, code)


def _words(said: str) -> str:
    begin = HOST_TALK.match(said)
    return " ".join(said[begin.end() if begin else 0 :].split())[:LONGEST_COMPLAINT]


def _unreached(operation: Operation, words: str) -> Fault:
    entry = catalogue.explain("cli.unreachable", "aliyun")
    kind: Kind = Kind.REFUSED if operation.kind == "send" else Kind.UNAVAILABLE
    message = f"The server was not reached: {words}"
    return Fault(kind, message, entry.meaning, entry.next_step, entry.retry, entry.code)


def _unreadable(operation: Operation, why: str, code: str = "cli.no-reply") -> Fault:
    message = f"The aliyun CLI gave no usable answer to {operation.name}: {why}."
    if operation.kind == "read":
        entry = catalogue.explain(code, "aliyun")
        if entry.kind == Kind.SETUP:
            return _known(code, why)
        return Fault(Kind.UNAVAILABLE, message, entry.meaning, "Run the command again in a moment.", "later", code)
    meaning = "The outcome is unknown: the SMS may have been sent."
    step = "Do not send again. Look for it first: `smswrap query-status -p NUMBER` shows what reached the gateway."
    return Fault(Kind.UNKNOWN, message, meaning, step, "after-receipt", code)
