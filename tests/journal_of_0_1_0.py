"""The journal as smswrap 0.1.0 left it: its tables, and one accepted message beside a plan that is half sent."""

from __future__ import annotations

import hmac
import json
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

STATEMENTS: tuple[str, ...] = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL)",
    # The key makes fingerprints useless to whoever wants to guess a six-digit code from them.
    "INSERT INTO meta VALUES ('key', randomblob(32))",
    """
    CREATE TABLE plans (
        -- Never used again: a plan that is gone must not be mistaken for a later one.
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        plan_id TEXT NOT NULL UNIQUE,
        fingerprint TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('draft', 'proposed', 'confirmed')),
        command TEXT NOT NULL,
        provider TEXT NOT NULL,
        profile TEXT,
        region TEXT,
        template TEXT NOT NULL,
        message_group TEXT,
        out_id TEXT,
        content TEXT,
        idempotency_key TEXT,
        allow_duplicate INTEGER NOT NULL DEFAULT 0,
        recipients INTEGER NOT NULL DEFAULT 0,
        requests INTEGER NOT NULL DEFAULT 0,
        created REAL NOT NULL,
        boot TEXT NOT NULL,
        ticks REAL NOT NULL,
        confirmed REAL
    )
    """,
    "CREATE INDEX plans_by_fingerprint ON plans (fingerprint)",
    "CREATE UNIQUE INDEX plans_by_key ON plans (idempotency_key) WHERE state = 'confirmed'",
    """
    CREATE TABLE requests (
        plan INTEGER NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        shared INTEGER NOT NULL,
        recipients INTEGER NOT NULL,
        out_id TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'planned'
            CHECK (state IN ('planned', 'sending', 'accepted', 'refused', 'unknown')),
        passing INTEGER NOT NULL DEFAULT 0,
        biz_id TEXT,
        request_id TEXT,
        fault TEXT,
        reply TEXT,
        day TEXT,
        started REAL,
        boot TEXT,
        ticks REAL,
        ended REAL,
        PRIMARY KEY (plan, number)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX requests_by_state ON requests (state, plan, number)",
    """
    CREATE TABLE messages (
        plan INTEGER NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
        row INTEGER NOT NULL,
        request INTEGER,
        recipient TEXT NOT NULL,
        sign TEXT NOT NULL,
        parameters TEXT,
        extend_code TEXT,
        content_key BLOB NOT NULL,
        duplicate_key BLOB NOT NULL,
        receipt TEXT,
        receipt_code TEXT,
        PRIMARY KEY (plan, row)
    ) WITHOUT ROWID
    """,
    # The recipient first: it finds earlier sends to them, and keeps them from standing twice in one plan.
    "CREATE UNIQUE INDEX messages_by_recipient ON messages (recipient, plan)",
    "CREATE INDEX messages_by_request ON messages (plan, request)",
    "PRAGMA user_version = 1",
)


def FINGERPRINTED(connection: sqlite3.Connection) -> None:  # noqa: N802  a table of data, made where the key is known
    """Fill the tables: their hashes need the key that the file has."""
    (key,) = connection.execute("SELECT value FROM meta WHERE name = 'key'").fetchone()
    now = time.time()
    plan = (
        "INSERT INTO plans (id, plan_id, fingerprint, state, command, provider, template, recipients, requests, "
        "created, boot, ticks, confirmed) VALUES (?, ?, 'f', 'confirmed', 'send', 'aliyun', 'SMS_1', ?, ?, ?, '', 0, ?)"
    )
    connection.execute(plan, (1, "fedcba9876543210", 1, 1, now, now))
    connection.execute(plan, (2, "0123456789abcdef", 2, 2, now, now))
    request = (
        "INSERT INTO requests (plan, number, shared, recipients, out_id, state, started) VALUES (?, ?, 1, 1, ?, ?, ?)"
    )
    connection.execute(request, (1, 1, "o-1", "accepted", now))
    connection.execute(request, (2, 1, "o-2", "accepted", now))
    connection.execute(request, (2, 2, "o-3", "planned", None))
    for plan_number, row, recipient, number, code in (
        (1, 1, "+8619900000000", 1, "1"),
        (2, 1, "+8619900000001", 1, "2"),
        (2, 2, "+8619900000002", 2, "2"),
    ):
        content = json.dumps(["甲", {"code": code}, None], ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        hashed = hmac.digest(bytes(key), content, "sha256")[:16]
        parameters = json.dumps({"code": code}) if recipient.endswith("2") else None
        connection.execute(
            "INSERT INTO messages (plan, row, request, recipient, sign, parameters, content_key, duplicate_key) "
            "VALUES (?, ?, ?, ?, '甲', ?, ?, X'00')",
            (plan_number, row, number, recipient, parameters, hashed),
        )
