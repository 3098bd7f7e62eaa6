"""The journal's tables, as the migrations that made them; each runs once, in order, in a transaction of its own."""

from __future__ import annotations

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
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
    ),
)
