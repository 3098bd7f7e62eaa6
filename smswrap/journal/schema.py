"""The journal's tables, as the migrations that made them; each runs once, in order, in one transaction."""

from __future__ import annotations

APPLICATION_ID = 0x736D7377
"""`smsw`: marks the file as ours (PRAGMA application_id)."""

NAMES_OF_0_1_0 = frozenset({"meta", "plans", "requests", "messages"})
TABLES_OF_0_1_0: tuple[str, ...] = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL)",
    # The key makes fingerprints useless to whoever wants to guess a six-digit code from them.
    "INSERT INTO meta VALUES ('key', randomblob(32))",
)
"""What is left of the first version in a new journal."""

PLANS = """
    CREATE TABLE plans (
        -- Never used again: a plan that is gone must not be mistaken for a later one.
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        plan_id TEXT NOT NULL UNIQUE,
        fingerprint TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('draft', 'proposed', 'confirmed', 'cancelled')),
        command TEXT NOT NULL,
        provider TEXT NOT NULL,
        profile TEXT,
        mode TEXT,
        key_end TEXT,
        region TEXT,
        base TEXT,
        asked_profile TEXT,
        asked_region TEXT,
        template TEXT NOT NULL,
        message_group TEXT,
        out_id TEXT,
        text TEXT,
        signs TEXT NOT NULL DEFAULT '[]',
        parts INTEGER,
        parts_low INTEGER,
        parts_high INTEGER,
        shortest INTEGER,
        longest INTEGER,
        idempotency_key TEXT,
        allow_duplicate INTEGER NOT NULL DEFAULT 0,
        recipients INTEGER NOT NULL DEFAULT 0,
        requests INTEGER NOT NULL DEFAULT 0,
        created REAL NOT NULL,
        boot TEXT NOT NULL,
        ticks REAL NOT NULL,
        aged REAL NOT NULL,
        confirmed REAL,
        reopened REAL,
        cancelled REAL
    )
"""
CONTENTS = """
    CREATE TABLE contents (
        plan INTEGER NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        key BLOB NOT NULL,
        sign TEXT NOT NULL,
        parameters TEXT,
        extend_code TEXT,
        PRIMARY KEY (plan, number)
    ) WITHOUT ROWID
"""
REQUESTS = """
    CREATE TABLE requests (
        plan INTEGER NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        shared INTEGER NOT NULL,
        recipients INTEGER NOT NULL,
        -- The content that all of a shared request get; others of the plan may share it.
        content INTEGER,
        out_id TEXT NOT NULL,
        own_out_id INTEGER NOT NULL DEFAULT 1,
        digest BLOB NOT NULL,
        state TEXT NOT NULL DEFAULT 'not_sent'
            CHECK (state IN ('not_sent', 'sending', 'accepted', 'refused', 'unknown')),
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
"""
MESSAGES = """
    CREATE TABLE messages (
        plan INTEGER NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        row INTEGER NOT NULL,
        recipient TEXT NOT NULL,
        content INTEGER NOT NULL,
        request INTEGER,
        receipt TEXT,
        receipt_code TEXT,
        PRIMARY KEY (plan, position)
    ) WITHOUT ROWID
"""
INDEXES = (
    "CREATE INDEX plans_by_fingerprint ON plans (fingerprint)",
    "CREATE UNIQUE INDEX plans_by_key ON plans (idempotency_key) WHERE state = 'confirmed'",
    "CREATE INDEX requests_by_state ON requests (state, plan, number)",
    "CREATE INDEX requests_by_content ON requests (plan, content)",
    # The recipient first: it finds earlier sends to them, and keeps them from standing twice in one plan.
    "CREATE UNIQUE INDEX messages_by_recipient ON messages (recipient, plan)",
    # Named where it is used: SQLite knows no sizes, and would rather walk through a whole plan (measured, 3.40).
    "CREATE INDEX messages_by_request ON messages (plan, request)",
)
TABLES = (PLANS, CONTENTS, REQUESTS, MESSAGES, *INDEXES)

TAKE_OVER: tuple[str, ...] = (
    # Tables with foreign keys are made anew beside the old ones, filled, and the old ones dropped. Contents were keyed
    # by the same hash in 0.1.0, so that a repeat of what it sent is still known. A proposal of 0.1.0 has expired: its
    # fingerprint was another one.
    *(f"ALTER TABLE {name} RENAME TO old_{name}" for name in ("plans", "requests", "messages")),
    *(f"DROP INDEX IF EXISTS {one.partition(' INDEX ')[2].split()[0]}" for one in INDEXES),
    *TABLES,
    """
    INSERT INTO plans (id, plan_id, fingerprint, state, command, provider, profile, region, asked_profile, asked_region,
                       template, message_group, out_id, text, idempotency_key, allow_duplicate, recipients, requests,
                       created, boot, ticks, aged, confirmed)
    SELECT id, plan_id, fingerprint, state, command, provider, profile, region, profile, region, template,
           message_group, out_id, content, idempotency_key, allow_duplicate, recipients, requests,
           CASE state WHEN 'confirmed' THEN created ELSE 0 END, CASE state WHEN 'confirmed' THEN boot ELSE '' END,
           ticks, created, confirmed
    FROM old_plans
    """,
    """
    INSERT INTO contents (plan, number, key, sign, parameters, extend_code)
    SELECT plan, MIN(row), content_key, sign, MAX(parameters), extend_code FROM old_messages GROUP BY plan, content_key
    """,
    """
    INSERT INTO messages (plan, position, row, recipient, content, request, receipt, receipt_code)
    SELECT old.plan, old.row, old.row, old.recipient, contents.number, old.request, old.receipt, old.receipt_code
    FROM old_messages AS old JOIN contents ON contents.plan = old.plan AND contents.key = old.content_key
    """,
    """
    INSERT INTO requests (plan, number, shared, recipients, content, out_id, digest, state, passing, biz_id, request_id,
                          fault, reply, day, started, boot, ticks, ended)
    SELECT plan, number, shared, recipients,
           CASE WHEN shared THEN (
               SELECT MIN(content) FROM messages WHERE plan = old_requests.plan AND request = old_requests.number
           ) END,
           out_id, X'', CASE state WHEN 'planned' THEN 'not_sent' ELSE state END,
           passing, biz_id, request_id, fault, NULL, day, started, boot, ticks, ended
    FROM old_requests
    """,
    """
    UPDATE plans SET signs = (
        SELECT json_group_array(sign) FROM (SELECT DISTINCT sign FROM contents WHERE plan = plans.id)
    )
    """,
    *(f"DROP TABLE old_{name}" for name in ("messages", "requests", "plans")),
)
"""From the journal of 0.1.0 (user_version 1), which is taken over."""
