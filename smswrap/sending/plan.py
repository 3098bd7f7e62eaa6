"""What a send would do, frozen: nothing is sent but by a plan, and a person's yes is a yes to one plan.

A plan lives in the journal from the start, so that one of a million recipients needs no more memory than one of one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

from smswrap.clock import boot
from smswrap.errors import Problem
from smswrap.providers.base import Message
from smswrap.sending.message import count_parts, forcing_ucs2, render
from smswrap.sending.recipients import is_mainland

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from sqlite3 import Row

    from smswrap.providers.base import Body, Limits
    from smswrap.sending.journal import Journal

SHOWN_MESSAGES = 3
"""Messages whose text a shown plan spells out."""

SHOWN_RECIPIENTS = 1000
"""Recipients that a shown plan lists."""

ID_LENGTH = 16
NEVER_BEGUN = (
    "(state <> 'confirmed' OR "
    "NOT EXISTS (SELECT 1 FROM requests WHERE plan = plans.id AND (state <> 'planned' OR started IS NOT NULL)))"
)
REQUESTS_AT_ONCE = 100
CHUNK = 5_000
"""Rows that are written in one transaction, so that others get their turn."""


@dataclass(frozen=True)
class Draft:
    """What all messages of a plan have in common; `personal` makes each of them a text of its own (SendBatchSms)."""

    command: str
    provider: str
    template: str
    profile: str | None = None
    region: str | None = None
    group: str | None = None
    out_id: str | None = None
    personal: bool = False


@dataclass(frozen=True)
class Plan:
    """A plan in the journal; `number` is its row there. `content` is the template's text, where it is known."""

    journal: Journal
    number: int

    @property
    def row(self) -> Row:
        """The plan's row as it is now."""
        return self.journal.one("SELECT * FROM plans WHERE id = ?", self.number)

    @property
    def is_confirmed(self) -> bool:
        """Whether a person has said yes to it."""
        row = self.journal.first("SELECT state FROM plans WHERE id = ?", self.number)
        return row is not None and row["state"] == "confirmed"

    @property
    def plan_id(self) -> str:
        """The id that a person says yes to."""
        return str(self.row["plan_id"])

    def messages(self, most: int = -1) -> Iterator[Message]:
        """The messages in the order in which they were given, at most that many."""
        sql = "SELECT * FROM messages WHERE plan = ? ORDER BY row LIMIT ?"
        return (message_of(row) for row in self.journal.rows(sql, self.number, most))

    def signs(self) -> list[str]:
        """The signs that messages go out with."""
        sql = "SELECT sign FROM messages WHERE plan = ? GROUP BY sign ORDER BY MIN(row)"
        return [row["sign"] for row in self.journal.rows(sql, self.number)]

    def learn(self, content: str | None) -> None:
        """Note the template's text."""
        self.journal.run("UPDATE plans SET content = ? WHERE id = ?", content, self.number)

    def forget(self) -> None:
        """Remove the plan if none of its requests was ever begun; if that fails, it goes by itself some hours later."""
        self.journal.try_to_run(f"DELETE FROM plans WHERE id = ? AND {NEVER_BEGUN}", self.number)  # noqa: S608  our own words

    def text(self, message: Message) -> str | None:
        """The text as this recipient will see it, if the template's text is known."""
        return _text(self.row["content"], message)

    def parts(self) -> int | None:
        """Parts that all messages together are billed as, if the template's text is known."""
        content = self.row["content"]
        if content is None:
            return None
        return sum(
            count_parts(_text(content, message) or "", mainland=is_mainland(message.recipient))
            for message in self.messages()
        )

    def warnings(self) -> list[str]:
        """What the person should know before they say yes."""
        sql = "SELECT * FROM messages WHERE plan = ? AND recipient NOT LIKE '+86%' LIMIT 1"
        abroad = self.journal.first(sql, self.number)
        forcing = forcing_ucs2(self.text(message_of(abroad)) or "") if abroad else []
        if not forcing:
            return []
        return [f"Abroad, these characters make the text UCS-2, 70 characters a part: {' '.join(forcing[:10])}"]

    def as_json(self) -> Body:
        """The plan as `data` shows it: plan_id, provider, …, recipients, requests, parts, texts of the first ones."""
        row = self.row
        messages = list(self.messages(SHOWN_MESSAGES))
        return {
            "plan_id": _free_id(self.journal, row["fingerprint"]) if row["state"] == "draft" else row["plan_id"],
            "provider": row["provider"],
            "profile": row["profile"],
            "group": row["message_group"],
            "signs": self.signs(),
            "template": row["template"],
            "out_id": row["out_id"],
            "recipients": [message.recipient for message in self.messages(SHOWN_RECIPIENTS)],
            "recipients_total": row["recipients"],
            "requests": row["requests"],
            "parts": self.parts(),
            "parts_each": [_parts(row["content"], message) for message in messages],
            "messages": [
                {
                    "recipient": message.recipient,
                    "sign": message.sign,
                    "parameters": dict(message.parameters),
                    "text": _text(row["content"], message),
                }
                for message in messages
            ],
        }


def note_messages(
    journal: Journal, draft: Draft, messages: Iterable[tuple[int, Message]], report: Callable[[Problem], None]
) -> Plan:
    """Write the messages down under a new plan, each with its row; a recipient twice is reported and left out."""
    plan = Plan(journal, _insert(journal, draft))
    stream = iter(messages)
    try:
        while chunk := list(islice(stream, CHUNK)):
            with journal.transaction():
                for row, message in chunk:
                    if not _note(plan, draft, row, message):
                        report(_twice(plan, row, message))
    except BaseException:
        plan.forget()
        raise
    return plan


def split(plan: Plan, draft: Draft, limits: Limits) -> None:
    """Split the noted messages into requests, and give the plan its fingerprint.

    Messages that share sign and parameters go out together, `limits.shared` a request; others as personal ones.
    """
    _split(plan, draft, limits)
    _sum_up(plan)


def keep(plan: Plan, state: Literal["proposed", "confirmed"]) -> None:
    """Give a draft its id and its state, inside a transaction.

    An earlier proposal of the same content, to which nobody has said yes, gives way.
    """
    row, journal = plan.row, plan.journal
    journal.run("DELETE FROM plans WHERE fingerprint = ? AND state = 'proposed'", row["fingerprint"])
    plan_id = _free_id(journal, row["fingerprint"])
    confirmed = time.time() if state == "confirmed" else None
    sql = "UPDATE plans SET plan_id = ?, state = ?, confirmed = ? WHERE id = ?"
    journal.run(sql, plan_id, state, confirmed, plan.number)


def fingerprint(plan: Plan) -> str:
    """The keyed hash of everything that a person says yes to."""
    row = plan.row
    digest = hmac.new(plan.journal.key, digestmod=hashlib.sha256)
    head = [row[name] for name in ("provider", "profile", "region", "template", "message_group", "out_id")]
    digest.update(_canonical(head))
    for message in plan.messages():
        digest.update(_canonical([message.recipient, *_content(message)]))
    return digest.hexdigest()


def message_of(row: Row) -> Message:
    """A row of the journal as the message that it is."""
    parameters = json.loads(row["parameters"]) if row["parameters"] else {}
    return Message(row["recipient"], row["sign"], parameters, row["extend_code"])


def _free_id(journal: Journal, digest: str) -> str:
    """The fingerprint, shortened, with a number behind it if that content has been sent before."""
    sql = "SELECT plan_id FROM plans WHERE fingerprint = ? AND state = 'confirmed'"
    # The highest number, not how many there are: the oldest may be forgotten already.
    taken = [int(row["plan_id"].partition("-")[2] or 1) for row in journal.rows(sql, digest)]
    return digest[:ID_LENGTH] + (f"-{max(taken) + 1}" if taken else "")


def _insert(journal: Journal, draft: Draft) -> int:
    with journal.transaction():
        return journal.insert(
            "plans",
            plan_id=f"draft-{os.urandom(16).hex()}",
            fingerprint="",
            state="draft",
            command=draft.command,
            provider=draft.provider,
            profile=draft.profile,
            region=draft.region,
            template=draft.template,
            message_group=draft.group,
            out_id=draft.out_id,
            created=time.time(),
            boot=boot(),
            ticks=time.monotonic(),
        )


def _note(plan: Plan, draft: Draft, row: int, message: Message) -> bool:
    content = _canonical(_content(message))
    sent_as = _canonical([draft.provider, draft.template, message.recipient])
    return bool(
        plan.journal.run(
            "INSERT OR IGNORE INTO messages (plan, row, recipient, sign, parameters, extend_code, content_key, "
            "duplicate_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            plan.number,
            row,
            message.recipient,
            message.sign,
            json.dumps(dict(message.parameters), ensure_ascii=False) if message.parameters else None,
            message.extend_code,
            _hash(plan, content),
            _hash(plan, sent_as + content),
        )
    )


def _twice(plan: Plan, row: int, message: Message) -> Problem:
    sql = "SELECT row FROM messages WHERE plan = ? AND recipient = ?"
    first = plan.journal.one(sql, plan.number, message.recipient)["row"]
    rule = f"is the same recipient as in row {first}"
    return Problem("recipient", message.recipient, rule, "Name each recipient once.", row)


def _split(plan: Plan, draft: Draft, limits: Limits) -> None:
    base = f"smswrap-{os.urandom(8).hex()}"
    count = 0
    requests = _grouped(plan, draft, limits)
    while chunk := list(islice(requests, REQUESTS_AT_ONCE)):
        with plan.journal.transaction():
            for shared, rows in chunk:
                count += 1
                out_id = draft.out_id or f"{base}-{count}"
                plan.journal.insert(
                    "requests", plan=plan.number, number=count, shared=shared, recipients=len(rows), out_id=out_id
                )
                sql = "UPDATE messages SET request = ? WHERE plan = ? AND row = ?"
                plan.journal.run_many(sql, [(count, plan.number, row) for row in rows])


def _grouped(plan: Plan, draft: Draft, limits: Limits) -> Iterator[tuple[bool, list[int]]]:
    """Give the rows of each request: those of one content together, those of a content of their own as personal."""
    # A plain copy of the order first: the rows are updated while we walk through them. Contents come in the order of
    # their first rows, which keeps the requests in the order of the file, and the updates near each other on disk.
    first = "row" if draft.personal else "MIN(row) OVER (PARTITION BY content_key)"
    plan.journal.run("CREATE TEMP TABLE IF NOT EXISTS walk (position INTEGER PRIMARY KEY, row INTEGER, content BLOB)")
    plan.journal.run("DELETE FROM temp.walk")
    plan.journal.run(
        "INSERT INTO temp.walk (row, content) SELECT row, content_key FROM "  # noqa: S608  our own words
        f"(SELECT row, content_key, {first} AS first FROM messages WHERE plan = ?) ORDER BY first, row",
        plan.number,
    )
    walk = ((row["row"], row["content"]) for row in plan.journal.rows("SELECT * FROM temp.walk ORDER BY position"))
    yield from _personal_requests(walk, limits) if draft.personal else _mixed_requests(walk, limits)


def _personal_requests(walk: Iterator[tuple[int, bytes]], limits: Limits) -> Iterator[tuple[bool, list[int]]]:
    while chunk := [row for row, _ in islice(walk, limits.personal)]:
        yield False, chunk


def _mixed_requests(walk: Iterator[tuple[int, bytes]], limits: Limits) -> Iterator[tuple[bool, list[int]]]:
    same: list[int] = []
    lone: list[int] = []
    content = b""
    for row, key in walk:
        if same and (key != content or len(same) == limits.shared):
            yield from _close(same, lone, limits)
        content = key
        same.append(row)
    yield from _close(same, lone, limits)
    if lone:
        yield len(lone) == 1, lone


def _close(same: list[int], lone: list[int], limits: Limits) -> Iterator[tuple[bool, list[int]]]:
    if len(same) > 1 or limits.personal == 1:
        if same:
            yield True, same.copy()
    else:
        lone += same
        if len(lone) == limits.personal:
            yield False, lone.copy()
            lone.clear()
    same.clear()


def _sum_up(plan: Plan) -> None:
    counts = "(SELECT COUNT(*) FROM {0} WHERE plan = plans.id)"
    sql = (
        f"UPDATE plans SET fingerprint = ?, recipients = {counts.format('messages')}, "  # noqa: S608  our own words
        f"requests = {counts.format('requests')} WHERE id = ?"
    )
    plan.journal.run(sql, fingerprint(plan), plan.number)


def _content(message: Message) -> list[object]:
    return [message.sign, dict(sorted(message.parameters.items())), message.extend_code]


def _canonical(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass") + b"\n"


def _hash(plan: Plan, content: bytes) -> bytes:
    return hmac.digest(plan.journal.key, content, "sha256")[:16]


def _text(content: str | None, message: Message) -> str | None:
    if content is None:
        return None
    return render(content, message.sign, message.parameters, mainland=is_mainland(message.recipient))


def _parts(content: str | None, message: Message) -> int | None:
    text = _text(content, message)
    return None if text is None else count_parts(text, mainland=is_mainland(message.recipient))
