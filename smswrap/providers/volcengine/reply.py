"""How volc_sms.py ended, read as a `Reply` or told as a `ProviderError`.

The word and the code of its last stderr line, and its exit code, say together what became of the call; where they do
not, a send has an unknown outcome. Its sentences are shown and never read.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from smswrap import catalogue
from smswrap.errors import Fault, Kind
from smswrap.masking import redact
from smswrap.providers.base import ProviderError, Reply
from smswrap.providers.calls import LONGEST_COMPLAINT, ending
from smswrap.providers.reading import as_object
from smswrap.providers.tables import rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from smswrap.catalogue import Entry
    from smswrap.errors import Retry
    from smswrap.process import Finished
    from smswrap.providers.base import Body, Operation

INTERRUPTIONS: Mapping[int, Kind] = {129: Kind.INTERRUPTED, 130: Kind.INTERRUPTED, 143: Kind.INTERRUPTED}
KINDS: Mapping[str, Mapping[int, Kind]] = {
    "usage": {2: Kind.INPUT},
    "setup": {3: Kind.SETUP},
    "unexpected": {1: Kind.INTERNAL},
    "unknown": {8: Kind.UNKNOWN},
    "interrupted": INTERRUPTIONS,
    "refused": {4: Kind.CREDENTIALS, 5: Kind.REFUSED, 6: Kind.THROTTLED},  # what it says of sends
    "failed": {4: Kind.CREDENTIALS, 5: Kind.REFUSED, 6: Kind.UNAVAILABLE},  # and of reads
}
"""The word of the stderr line and the exit code -> what happened. All but `unknown`: nothing was sent."""

ASIDES = frozenset({"note", "warning", "hint"})
"""Words of lines that stand beside an outcome and tell of none."""

CODES: Mapping[str, str] = {
    "unreachable": "script.unreachable",
    "timeout": "script.timeout",
    "lost": "script.connection-lost",
    "needs-signed": "script.needs-signed",
}
"""The script's code where no provider answered -> ours for it."""

STATUS, THROTTLED = "http-", "http-429"
"""What its code begins with where an HTTP status is all that is known."""


class Advice(NamedTuple):
    """What follows from a kind of failure where the catalogue has nothing better."""

    meaning: str
    next_step: str
    retry: Retry


ADVICE: Mapping[Kind, Advice] = {
    Kind(row["kind"]): Advice(row["meaning"], row["next_step"], cast("Retry", row["retry"]))
    for row in rows(Path(__file__).with_name("advice.tsv"))
}

_LINE = re.compile(r"^volc_sms: (?P<word>[a-z]+)(?:\[(?P<code>[a-z0-9-]+)\])?: (?P<text>.*)$", re.MULTILINE)


def read(operation: Operation, finished: Finished, private: Collection[str] = ()) -> Reply:
    """Give the reply, or raise ProviderError: kind `unknown` where a send may have been made all the same.

    `private` are values of the call that no message may repeat.
    """
    body = _object(finished.stdout)
    text = finished.stdout if body is not None else ""
    request_id = str(_metadata(body).get("RequestId") or "")
    if finished.code == 0 and finished.complete and body is not None:
        return Reply(operation.name, text, body, operation.normalise(body), request_id)
    raise ProviderError(_fault(operation, finished, body, private), text=text, body=body, request_id=request_id)


def warnings(finished: Finished) -> list[str]:
    """What the script warned of."""
    return [line["text"] for line in _LINE.finditer(finished.stderr) if line["word"] == "warning"]


def _fault(operation: Operation, finished: Finished, body: Body | None, private: Collection[str]) -> Fault:
    if finished.code is None:
        return _told(Kind.SETUP, f"volc_sms.py could not be started: {finished.stderr}", None)
    if not finished.complete:
        return _unreadable(operation, ending(finished), "script.timeout" if finished.timed_out else "script.killed")
    said = [line for line in _LINE.finditer(finished.stderr) if line["word"] not in ASIDES]
    kind = KINDS.get(said[-1]["word"], {}).get(finished.code) if said else None
    if kind is None:
        words = " ".join(redact(finished.stderr, private).split())[:LONGEST_COMPLAINT]
        return _unreadable(operation, f"it ended with exit code {finished.code}: {words or 'no complaint'}")
    code, message = _error(body)
    if not code:
        return _of_script(kind, said[-1]["code"], said[-1]["text"])
    message = redact(message, private)[:LONGEST_COMPLAINT]
    return _explained(operation, kind, code, f"{code}: {message}" if message else code)


def _of_script(kind: Kind, code: str | None, words: str) -> Fault:
    if kind == Kind.UNAVAILABLE and code == THROTTLED:
        kind = Kind.THROTTLED
    text = words[:LONGEST_COMPLAINT].removesuffix(".")
    is_host = "." in text.partition(" ")[0]  # which has no capital
    return _told(kind, f"{text if is_host else text[:1].upper() + text[1:]}.", _own(kind, code))


def _own(kind: Kind, code: str | None) -> str | None:
    if code and code.startswith(STATUS):
        return f"script.{code}"
    return CODES.get(code or "") or ("script.no-reply" if kind in {Kind.UNKNOWN, Kind.UNAVAILABLE} else None)


def _explained(operation: Operation, kind: Kind, code: str, message: str) -> Fault:
    entry = catalogue.explain(code, "volcengine")
    if operation.kind == "send" and entry.kind == Kind.UNKNOWN:
        kind = Kind.UNKNOWN  # a code of which nobody knows whether a message was taken before it must invite no resend
    if kind == Kind.UNAVAILABLE and entry.kind == Kind.THROTTLED:
        kind = Kind.THROTTLED
    advice = _advice(kind, entry)
    return Fault(kind, message, advice.meaning, advice.next_step, advice.retry, code)


def _advice(kind: Kind, entry: Entry) -> Advice:
    # After an outcome that is not known, the code's own advice ("fix it and send again") would be wrong.
    if kind == Kind.UNKNOWN and entry.kind == Kind.UNKNOWN:
        return ADVICE[kind]._replace(meaning=entry.meaning)
    if kind in {Kind.UNKNOWN, Kind.UNAVAILABLE}:
        return ADVICE[kind]
    return Advice(entry.meaning, entry.step(), entry.retry)


def _told(kind: Kind, message: str, code: str | None) -> Fault:
    return Fault(kind, message, *ADVICE[kind], code=code)


def _unreadable(operation: Operation, why: str, code: str = "script.no-reply") -> Fault:
    kind: Kind = Kind.UNKNOWN if operation.kind == "send" else Kind.UNAVAILABLE
    return _told(kind, f"volc_sms.py gave no usable answer to {operation.name}: {why}.", code)


def _object(text: str) -> Body | None:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _metadata(body: Body | None) -> Body:
    return as_object((body or {}).get("ResponseMetadata"))


def _error(body: Body | None) -> tuple[str, str]:
    error = as_object(_metadata(body).get("Error"))
    return str(error.get("Code") or error.get("CodeN") or ""), str(error.get("Message") or "")
