"""Drafts in the journal: an order written down in chunks, given its requests and its id."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from smswrap.clock import Moment
from smswrap.journal.ageing import Ageing
from smswrap.journal.store import LARGE
from smswrap.model import Plan, PlanState
from smswrap.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from smswrap.journal.keys import Keys
    from smswrap.model import Order, Parts


class NewContent(NamedTuple):
    """A content of a draft, by its number there and its hash; `parameters` is the text that the journal keeps."""

    number: int
    key: bytes
    sign: str
    parameters: str | None
    extend_code: str | None


class NewMessage(NamedTuple):
    """A message of a draft: its place in the order, its row in the file, and the request that it will go out with."""

    position: int
    row: int
    recipient: str
    content: int
    request: int


class WalkedMessage(NamedTuple):
    """A message of a draft on the walk through its contents; `content` is the first of those that are alike.

    `octets` are the bytes of its sign and parameters; `copied` says that it gets a copy of that content, since its
    request does not share it.
    """

    position: int
    recipient: str
    key: bytes
    content: int
    octets: int
    copied: bool = False


class NewRequest(NamedTuple):
    """A request of a draft; `content` is what all of a shared one get."""

    number: int
    shared: bool
    recipients: int
    content: int | None
    out_id: str
    own_out_id: bool
    digest: bytes


@dataclass(frozen=True)
class Summary:
    """What all messages of a draft add up to."""

    signs: tuple[str, ...]
    recipients: int
    parts: Parts | None
    shortest: int | None
    longest: int | None


class Drafts(Ageing):
    """Orders on their way to a plan."""

    def begin(self, order: Order, asked_profile: str | None, asked_region: str | None) -> Plan:
        """Write a draft's head down, inside a transaction."""
        made, account = Moment.now(), order.account
        plan_id = f"draft-{os.urandom(16).hex()}"
        sql = (
            "INSERT INTO plans (plan_id, fingerprint, state, command, provider, profile, mode, key_end, region, base, "
            "asked_profile, asked_region, template, message_group, out_id, text, created, boot, ticks, aged) "
            "VALUES (?, '', 'draft', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        asked = (asked_profile, asked_region)
        where = (account.provider, account.profile, account.mode, account.key_end, account.region, account.base)
        what = (order.template, order.group, order.out_id, order.text)
        number = self._insert(sql, plan_id, order.command, *where, *asked, *what, *made, self._age())
        return _draft(number, plan_id, order, made, asked)

    def write(self, plan: Plan, contents: Sequence[NewContent], messages: Sequence[NewMessage]) -> list[NewMessage]:
        """Write a chunk of messages down, inside a transaction; gives those whose recipient the plan has already."""
        if len(messages) >= LARGE:
            self._bound_caches()
        sql = "INSERT INTO contents (plan, number, key, sign, parameters, extend_code) VALUES (?, ?, ?, ?, ?, ?)"
        self._run_many(sql, [(plan.number, *content) for content in contents])
        sql = "INSERT OR IGNORE INTO messages (plan, position, row, recipient, content, request) VALUES (?,?,?,?,?,?)"
        written = self._run_many(sql, [(plan.number, *message) for message in messages])
        return self._left_out(plan, messages) if written < len(messages) else []

    def first_row(self, plan: Plan, recipient: str) -> int:
        """The row in which a recipient stands first."""
        row = self._first("SELECT row FROM messages WHERE plan = ? AND recipient = ?", plan.number, recipient)
        return int(row["row"]) if row else 0

    def by_content(self, plan: Plan) -> Iterator[WalkedMessage]:
        """All messages, those of one content together, the contents in the order in which they come first."""
        sql = "CREATE TEMP TABLE IF NOT EXISTS walk "
        self._run(f"{sql}(place INTEGER PRIMARY KEY, position, recipient, key, content, octets)")
        self._run("DELETE FROM temp.walk")
        # A copy, since the messages are updated while we walk. A content that a draft had no longer in mind may be
        # noted twice: its hash tells that the two are one.
        self._run(
            "INSERT INTO temp.walk (position, recipient, key, content, octets) "
            "SELECT position, recipient, key, first, octets FROM "
            "(SELECT position, recipient, key, MIN(content) OVER (PARTITION BY key) AS first, "
            "length(CAST(sign || COALESCE(parameters, '') AS BLOB)) AS octets FROM messages "
            "JOIN contents ON contents.plan = messages.plan AND contents.number = messages.content "
            "WHERE messages.plan = ?) ORDER BY first, position",
            plan.number,
        )
        rows = self._rows("SELECT position, recipient, key, content, octets FROM temp.walk ORDER BY place")
        return (WalkedMessage(*row) for row in rows)

    def assign(self, plan: Plan, number: int, messages: Sequence[WalkedMessage]) -> None:
        """Let these messages go out with this request."""
        copies = [(-message.position, plan.number, message.content) for message in messages if message.copied]
        if copies:
            sql = (
                "INSERT INTO contents (plan, number, key, sign, parameters, extend_code) "
                "SELECT plan, ?, key, sign, parameters, extend_code FROM contents WHERE plan = ? AND number = ?"
            )
            self._run_many(sql, copies)
        rows = [
            (number, -message.position if message.copied else message.content, plan.number, message.position)
            for message in messages
        ]
        self._run_many("UPDATE messages SET request = ?, content = ? WHERE plan = ? AND position = ?", rows)

    def finish(self, plan: Plan, summary: Summary, requests: Sequence[NewRequest]) -> Plan:
        """Give the draft its requests, its fingerprint and its id, inside a transaction."""
        sql = (
            "INSERT INTO requests (plan, number, shared, recipients, content, out_id, own_out_id, digest) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        )
        self._run_many(sql, [(plan.number, *request) for request in requests])
        fingerprint = fingerprint_of(plan, self.keys, (request.digest for request in requests))
        parts = summary.parts
        billed = (parts.total, parts.low, parts.high) if parts else (None, None, None)
        self._run(
            "UPDATE plans SET fingerprint = ?, signs = ?, recipients = ?, requests = ?, parts = ?, parts_low = ?, "
            "parts_high = ?, shortest = ?, longest = ? WHERE id = ?",
            fingerprint,
            json.dumps(summary.signs, ensure_ascii=False),
            summary.recipients,
            len(requests),
            *billed,
            summary.shortest,
            summary.longest,
            plan.number,
        )
        return replace(
            plan,
            plan_id=self.keys.plan_id(fingerprint, plan.text),
            fingerprint=fingerprint,
            signs=summary.signs,
            recipients=summary.recipients,
            requests=len(requests),
            parts=parts,
            shortest=summary.shortest,
            longest=summary.longest,
        )

    def _left_out(self, plan: Plan, messages: Sequence[NewMessage]) -> list[NewMessage]:
        sql = "SELECT position FROM messages WHERE plan = ? AND position BETWEEN ? AND ?"
        written = {row[0] for row in self._rows(sql, plan.number, messages[0].position, messages[-1].position)}
        return [message for message in messages if message.position not in written]


def fingerprint_of(plan: Plan, keys: Keys, digests: Iterable[bytes]) -> str:
    """What a plan's id stands for, but for its text."""
    return keys.fingerprint(plan.account, (plan.template, plan.group, plan.out_id), digests)


def _draft(number: int, plan_id: str, order: Order, made: Moment, asked: tuple[str | None, str | None]) -> Plan:
    return Plan(
        number=number,
        plan_id=plan_id,
        fingerprint="",
        state=PlanState.DRAFT,
        command=order.command,
        account=order.account,
        template=order.template,
        made=made,
        asked_profile=asked[0],
        asked_region=asked[1],
        group=order.group,
        out_id=order.out_id,
        text=order.text,
    )
