"""Plans in the journal: drafted in chunks, kept, found, said yes or no to."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from smswrap.journal.drafts import Drafts, fingerprint_of
from smswrap.journal.rows import message_of, plan_of
from smswrap.model import Plan, PlanState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from sqlite3 import Row

    from smswrap.journal.keys import Keys
    from smswrap.model import Message

NEVER_BEGUN = (
    "(state <> 'confirmed' OR NOT EXISTS "
    "(SELECT 1 FROM requests WHERE plan = plans.id AND (state <> 'not_sent' OR started IS NOT NULL)))"
)
_MESSAGES = (
    "SELECT row, recipient, sign, parameters, extend_code FROM messages "
    "JOIN contents ON contents.plan = messages.plan AND contents.number = messages.content WHERE messages.plan = ?"
)
_KEPT = ("plan_id", "text", "confirmed", "idempotency_key", "allow_duplicate")
FIRST_TRIES = 64
"""Ids that begin with the same characters, of which a prefix is told to be ambiguous."""


class Plans(Drafts):
    """The journal's plans, contents and messages."""

    def forget(self, plan: Plan) -> None:
        """Remove the plan if none of its requests was ever begun; if that fails, it goes by itself some hours later."""
        self._try_to_run(f"DELETE FROM plans WHERE id = ? AND {NEVER_BEGUN}", plan.number)  # noqa: S608  our own words

    def read(self, plan: Plan) -> Plan:
        """The plan as it is now."""
        row = self._first("SELECT * FROM plans WHERE id = ?", plan.number)
        return plan_of(row) if row else replace(plan, state=PlanState.CANCELLED)

    def named(self, prefix: str) -> list[Plan]:
        """The plans whose id is this, or else begins with it; drafts have none."""
        sql = "SELECT * FROM plans WHERE state <> 'draft' AND plan_id = ?"
        exact = self._first(sql, prefix)
        if exact is not None:
            return [plan_of(exact)]
        sql = "SELECT * FROM plans WHERE state <> 'draft' AND substr(plan_id, 1, ?) = ? ORDER BY created DESC LIMIT ?"
        return [plan_of(row) for row in self._rows(sql, len(prefix), prefix, FIRST_TRIES)]

    def plan_ids(self) -> list[str]:
        """The ids of the plans that are not drafts, newest first."""
        sql = "SELECT plan_id FROM plans WHERE state <> 'draft' ORDER BY created DESC LIMIT 1000"
        return [row["plan_id"] for row in self._rows(sql)]

    def messages(self, plan: Plan, most: int = -1) -> Iterator[Message]:
        """The messages in the order in which they were given, at most that many."""
        return map(message_of, self._rows(f"{_MESSAGES} ORDER BY position LIMIT ?", plan.number, most))

    def numbered(self, plan: Plan) -> Iterator[tuple[int, Message]]:
        """The messages with their rows, in their order."""
        rows = self._rows(f"{_MESSAGES} ORDER BY position", plan.number)
        return ((row["row"], message_of(row)) for row in rows)

    def message_at(self, plan: Plan, position: int) -> Message | None:
        """The message at a position."""
        row = self._first(f"{_MESSAGES} AND position = ?", plan.number, position)
        return message_of(row) if row else None

    def message_to(self, plan: Plan, recipient: str) -> Message:
        """A recipient's message, with its parameters as long as the journal holds them."""
        row = self._first(f"{_MESSAGES} AND recipient = ?", plan.number, recipient)
        if row is None:
            raise LookupError(recipient)
        return message_of(row)

    def recipients(self, plan: Plan, most: int) -> list[str]:
        """The recipients in the order in which they were given, at most that many."""
        sql = "SELECT recipient FROM messages WHERE plan = ? ORDER BY position LIMIT ?"
        return [row["recipient"] for row in self._rows(sql, plan.number, most)]

    def keep(self, plan: Plan, state: PlanState, key: str | None = None, *, allow_duplicate: bool = False) -> Plan:
        """Give a draft its id and its state, inside a transaction.

        An earlier proposal of the same content, to which nobody has said yes, gives way and leaves its key behind.
        """
        alike = self._alike(plan)
        earlier = [row for row in alike if row["state"] == "proposed"]
        if earlier:
            key = key or earlier[0]["idempotency_key"]
            if plan.text is None:  # nobody looked it up now: it stays the plan that a person was shown
                plan = replace(plan, plan_id=earlier[0]["plan_id"].partition("-")[0], text=earlier[0]["text"])
            self._run("DELETE FROM plans WHERE fingerprint = ? AND state = 'proposed'", plan.fingerprint)
        confirmed = time.time() if state is PlanState.CONFIRMED else None
        kept = replace(plan, plan_id=_free_id(plan.plan_id, alike), state=state, confirmed=confirmed)
        kept = replace(kept, idempotency_key=key, allow_duplicate=allow_duplicate)
        told = {"state": state.value, **{name: getattr(kept, name) for name in _KEPT}}
        changed = self._update("plans", told, "id = ? AND state = 'draft'", plan.number)
        return kept if changed else self.read(plan)

    def _update(self, table: str, columns: Mapping[str, object], where: str, *which: object) -> int:
        """Write columns; gives the number of rows that were changed."""
        names = ", ".join(f"{name} = ?" for name in columns)
        return self._run(f"UPDATE {table} SET {names} WHERE {where}", *columns.values(), *which)  # noqa: S608  our own words

    def say_yes(self, plan: Plan) -> Plan:
        """Take a proposed or reopened plan as confirmed, inside a transaction."""
        now = time.time()
        sql = "UPDATE plans SET state = 'confirmed', confirmed = ?, reopened = NULL WHERE id = ?"
        self._run(sql, now, plan.number)
        return replace(plan, state=PlanState.CONFIRMED, confirmed=now, reopened=None)

    def take_yes_back(self, plan: Plan) -> None:
        """Let a plan be proposed again, if none of its requests was begun."""
        sql = f"UPDATE plans SET state = 'proposed', confirmed = NULL WHERE id = ? AND {NEVER_BEGUN}"  # noqa: S608  our own words
        self._try_to_run(sql, plan.number)

    def say_no(self, plan: Plan) -> Plan:
        """Take a plan as cancelled: nothing more of it is sent. What was sent stays known."""
        now = time.time()
        with self.transaction():
            state = "cancelled" if plan.state is PlanState.PROPOSED else plan.state.value
            sql = "UPDATE plans SET state = ?, cancelled = ?, reopened = NULL WHERE id = ?"
            self._run(sql, state, now, plan.number)
        return replace(plan, state=PlanState(state), cancelled=now, reopened=None)

    def reopen(self, plan: Plan) -> Plan:
        """Propose what is left of a confirmed plan once more."""
        now = time.time()
        with self.transaction():
            self._run("UPDATE plans SET reopened = ? WHERE id = ?", now, plan.number)
        return replace(plan, reopened=now)

    def with_key(self, key: str) -> Plan | None:
        """The confirmed plan that was sent with this idempotency key."""
        row = self._first("SELECT * FROM plans WHERE idempotency_key = ? AND state = 'confirmed'", key)
        return plan_of(row) if row else None

    def is_as_shown(self, plan: Plan) -> bool:
        """Whether what the journal holds is what the plan's id stands for: the messages, the account and the text."""
        shown = self.keys.plan_id(plan.fingerprint, plan.text)
        return self.is_unaltered(plan) and plan.plan_id.partition("-")[0] == shown

    def is_unaltered(self, plan: Plan) -> bool:
        """Whether messages, requests and account are those of the plan's fingerprint."""
        return self._fingerprint(plan, self.keys) == plan.fingerprint

    def _fingerprint(self, plan: Plan, keys: Keys) -> str:
        sql = "SELECT digest FROM requests WHERE plan = ? ORDER BY number"
        return fingerprint_of(plan, keys, (bytes(row["digest"]) for row in self._rows(sql, plan.number)))

    def free_id(self, plan: Plan) -> str:
        """The id that a draft would get: with a number behind it if that content has been sent before."""
        return _free_id(plan.plan_id, self._alike(plan))

    def _alike(self, plan: Plan) -> list[Row]:
        sql = "SELECT plan_id, state, idempotency_key, text FROM plans WHERE fingerprint = ? AND state <> 'draft'"
        return list(self._rows(sql, plan.fingerprint))

    def _taken_over(self, keys: Keys) -> None:
        sql = "SELECT plan, number, shared FROM requests WHERE state = 'not_sent'"
        for row in list(self._rows(sql)):
            digest = keys.request(self._of_request(row["plan"], row["number"]), shared=bool(row["shared"]))
            where = (row["plan"], row["number"])
            self._run("UPDATE requests SET digest = ? WHERE plan = ? AND number = ?", digest, *where)
        for plan in list(map(plan_of, self._rows("SELECT * FROM plans"))):
            fingerprint = self._fingerprint(plan, keys)
            self._run("UPDATE plans SET fingerprint = ? WHERE id = ?", fingerprint, plan.number)

    def _of_request(self, plan: int, number: int) -> Iterator[tuple[str, bytes]]:
        sql = (
            "SELECT recipient, contents.key FROM messages INDEXED BY messages_by_request "
            "JOIN contents ON contents.plan = messages.plan AND contents.number = messages.content "
            "WHERE messages.plan = ? AND messages.request = ? ORDER BY position"
        )
        return ((row["recipient"], bytes(row["key"])) for row in self._rows(sql, plan, number))


def _free_id(plan_id: str, alike: list[Row]) -> str:
    found = (row["plan_id"].partition("-") for row in alike if row["state"] != "proposed")
    # The highest number, not how many there are: the oldest may be forgotten already.
    taken = [int(number or 1) for base, _, number in found if base == plan_id]
    return plan_id + (f"-{max(taken) + 1}" if taken else "")
