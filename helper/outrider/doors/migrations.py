"""The ledger's schema, as numbered steps; each runs in one transaction with the record that it ran."""

STEPS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE runs (
            id TEXT PRIMARY KEY, at REAL NOT NULL, command TEXT NOT NULL, task TEXT NOT NULL, rule TEXT NOT NULL,
            level TEXT, session TEXT, repository TEXT, agent TEXT, preset TEXT, private INTEGER NOT NULL,
            decision TEXT NOT NULL, outcome TEXT NOT NULL DEFAULT 'open', kind TEXT, model TEXT,
            cost_nano INTEGER NOT NULL DEFAULT 0, input INTEGER NOT NULL DEFAULT 0,
            output INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, seconds REAL NOT NULL DEFAULT 0
        ) STRICT""",
        "CREATE INDEX runs_at ON runs (at)",
        """CREATE TABLE attempts (
            id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL REFERENCES runs (id), number INTEGER NOT NULL,
            at REAL NOT NULL, monotonic REAL NOT NULL, boot TEXT NOT NULL, pid INTEGER NOT NULL,
            target TEXT NOT NULL, model TEXT NOT NULL, provider TEXT NOT NULL, wire_id TEXT NOT NULL,
            origin TEXT NOT NULL, local INTEGER NOT NULL, key_name TEXT, prompt_digest TEXT NOT NULL,
            prompt_bytes INTEGER NOT NULL, item TEXT, outcome TEXT NOT NULL DEFAULT 'open', kind TEXT,
            status INTEGER, message TEXT, seconds REAL NOT NULL DEFAULT 0, certainty TEXT NOT NULL DEFAULT 'in_doubt',
            reserved_nano INTEGER NOT NULL, cost_nano INTEGER NOT NULL, cost_known INTEGER NOT NULL,
            input INTEGER NOT NULL DEFAULT 0, output INTEGER NOT NULL DEFAULT 0, cached INTEGER NOT NULL DEFAULT 0,
            cache_write INTEGER NOT NULL DEFAULT 0, reasoning INTEGER NOT NULL DEFAULT 0, served_by TEXT,
            request_id TEXT, shown INTEGER NOT NULL DEFAULT 0
        ) STRICT""",
        "CREATE INDEX attempts_run ON attempts (run)",
        "CREATE INDEX attempts_open ON attempts (id) WHERE outcome = 'open'",
        "CREATE TABLE spend (period TEXT PRIMARY KEY, nano INTEGER NOT NULL) STRICT, WITHOUT ROWID",
        """CREATE TABLE health (
            target TEXT PRIMARY KEY, failures INTEGER NOT NULL, kind TEXT NOT NULL, until REAL NOT NULL,
            boot TEXT NOT NULL, message TEXT NOT NULL, at REAL NOT NULL
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE servers (
            provider TEXT PRIMARY KEY, at REAL NOT NULL, alive INTEGER NOT NULL, ids TEXT NOT NULL
        ) STRICT, WITHOUT ROWID""",
    ),
    ("CREATE TABLE purses (provider TEXT PRIMARY KEY, tenths INTEGER NOT NULL) STRICT, WITHOUT ROWID",),
    (  # The audit: what was attached to each attempt, in which class; and rows that stay as they were settled.
        "ALTER TABLE attempts ADD COLUMN class TEXT",
        """CREATE TABLE attachments (
            id INTEGER PRIMARY KEY, attempt INTEGER NOT NULL REFERENCES attempts (id), kind TEXT NOT NULL,
            name TEXT NOT NULL, digest TEXT NOT NULL, path_digest TEXT, bytes INTEGER NOT NULL, class TEXT
        ) STRICT""",
        "CREATE INDEX attachments_attempt ON attachments (attempt)",
        "CREATE INDEX attachments_digest ON attachments (digest)",
        "CREATE INDEX attachments_path ON attachments (path_digest) WHERE path_digest IS NOT NULL",
        """CREATE TABLE prompts (
            run TEXT NOT NULL, digest TEXT NOT NULL, at REAL NOT NULL, text TEXT NOT NULL, PRIMARY KEY (run, digest)
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE prunings (
            id INTEGER PRIMARY KEY, at REAL NOT NULL, before REAL NOT NULL, attempts INTEGER NOT NULL
        ) STRICT""",
        """CREATE TRIGGER attempts_say_once BEFORE UPDATE OF id, run, number, at, model, provider, wire_id, origin,
            local, key_name, prompt_digest, prompt_bytes, item, class ON attempts
            BEGIN SELECT RAISE(ABORT, 'what an attempt was is not changed afterwards'); END""",
        # One that seemed to have lost its process may still be settled by it.
        """CREATE TRIGGER attempts_settle_once BEFORE UPDATE OF outcome, kind, status, certainty, cost_nano, served_by
            ON attempts WHEN OLD.outcome <> 'open' AND NOT (OLD.kind IS 'interrupted' AND OLD.certainty = 'in_doubt')
            BEGIN SELECT RAISE(ABORT, 'a settled attempt is not changed'); END""",
        """CREATE TRIGGER attempts_stay BEFORE DELETE ON attempts
            WHEN OLD.at >= (SELECT COALESCE(MAX(before), 0) FROM prunings)
            BEGIN SELECT RAISE(ABORT, 'attempts are deleted by `outrider prune` alone'); END""",
        """CREATE TRIGGER attachments_say_once BEFORE UPDATE ON attachments
            BEGIN SELECT RAISE(ABORT, 'what was attached is not changed afterwards'); END""",
        """CREATE TRIGGER attachments_stay BEFORE DELETE ON attachments
            WHEN (SELECT at FROM attempts WHERE id = OLD.attempt) >= (SELECT COALESCE(MAX(before), 0) FROM prunings)
            BEGIN SELECT RAISE(ABORT, 'attachments are deleted by `outrider prune` alone'); END""",
        """CREATE TRIGGER prunings_say_once BEFORE UPDATE ON prunings
            BEGIN SELECT RAISE(ABORT, 'what was pruned is not changed afterwards'); END""",
        """CREATE TRIGGER prunings_stay BEFORE DELETE ON prunings
            BEGIN SELECT RAISE(ABORT, 'what was pruned is not forgotten'); END""",
    ),
    (
        """CREATE TABLE paces (
            provider TEXT PRIMARY KEY, boot TEXT NOT NULL, requests REAL NOT NULL, tokens REAL NOT NULL
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE closures (
            target TEXT PRIMARY KEY, boot TEXT NOT NULL, until REAL NOT NULL
        ) STRICT, WITHOUT ROWID""",
    ),
    (  # Batches: each document with its state and its answer, which commits with the settlement of its last call.
        """CREATE TABLE batches (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, run TEXT NOT NULL, at REAL NOT NULL,
            source TEXT NOT NULL, settings TEXT NOT NULL, ended REAL, output TEXT
        ) STRICT""",
        """CREATE TABLE batch_documents (
            id INTEGER PRIMARY KEY, batch INTEGER NOT NULL REFERENCES batches (id), position INTEGER, key TEXT,
            digest TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'pending', kind TEXT, message TEXT, model TEXT,
            cost_nano INTEGER NOT NULL DEFAULT 0, finished REAL, answer TEXT
        ) STRICT""",
        "CREATE UNIQUE INDEX batch_documents_key ON batch_documents (batch, key) WHERE key IS NOT NULL",
        "CREATE UNIQUE INDEX batch_documents_position ON batch_documents (batch, position) WHERE position IS NOT NULL",
        "CREATE INDEX batch_documents_failed ON batch_documents (batch) WHERE state = 'failed'",
    ),
    (  # Batches that a provider works on: what was handed over, and which attempt each of its documents is.
        """CREATE TABLE provider_batches (
            id TEXT PRIMARY KEY, batch INTEGER NOT NULL REFERENCES batches (id), run TEXT NOT NULL, at REAL NOT NULL,
            boot TEXT NOT NULL, pid INTEGER NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
            wire_id TEXT NOT NULL, key_id TEXT NOT NULL, origin TEXT NOT NULL, state TEXT NOT NULL,
            documents INTEGER NOT NULL, periods TEXT NOT NULL, schema TEXT, due REAL NOT NULL, fall_back_at REAL,
            remote TEXT NOT NULL DEFAULT '', input TEXT NOT NULL DEFAULT '', created_at REAL, polled REAL,
            next_poll REAL, stopped REAL, message TEXT NOT NULL DEFAULT ''
        ) STRICT""",
        "CREATE INDEX provider_batches_open ON provider_batches (batch) WHERE state <> 'ended'",
        """CREATE TABLE provider_batch_documents (
            handle TEXT NOT NULL REFERENCES provider_batches (id), number INTEGER NOT NULL, document INTEGER NOT NULL,
            attempt INTEGER NOT NULL, cap INTEGER NOT NULL, tokens INTEGER NOT NULL, likely INTEGER NOT NULL,
            nano INTEGER NOT NULL, known INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'open',
            PRIMARY KEY (handle, number)
        ) STRICT, WITHOUT ROWID""",
        # What such a batch holds is nobody's call under way.
        "DROP INDEX attempts_open",
        "CREATE INDEX attempts_open ON attempts (id) WHERE outcome = 'open' AND boot <> 'batch'",
    ),
    (  # What models had done with tools: which server was told what, and what it gave back, as digests and sizes.
        """CREATE TABLE tool_calls (
            id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, round INTEGER NOT NULL, at REAL NOT NULL,
            server TEXT NOT NULL, tool TEXT NOT NULL, place TEXT NOT NULL, local INTEGER NOT NULL, class TEXT,
            arguments_digest TEXT NOT NULL, arguments_bytes INTEGER NOT NULL, outcome TEXT NOT NULL DEFAULT 'open',
            kind TEXT, result_digest TEXT, result_bytes INTEGER NOT NULL DEFAULT 0, seconds REAL NOT NULL DEFAULT 0
        ) STRICT""",
        "CREATE INDEX tool_calls_run ON tool_calls (run)",
        """CREATE TRIGGER tool_calls_say_once BEFORE UPDATE OF id, run, round, at, server, tool, place, local, class,
            arguments_digest, arguments_bytes ON tool_calls
            BEGIN SELECT RAISE(ABORT, 'what a tool was told is not changed afterwards'); END""",
        """CREATE TRIGGER tool_calls_settle_once BEFORE UPDATE ON tool_calls WHEN OLD.outcome <> 'open'
            BEGIN SELECT RAISE(ABORT, 'a tool call that has ended is not changed'); END""",
        """CREATE TRIGGER tool_calls_stay BEFORE DELETE ON tool_calls
            WHEN OLD.at >= (SELECT COALESCE(MAX(before), 0) FROM prunings)
            BEGIN SELECT RAISE(ABORT, 'tool calls are deleted by `outrider prune` alone'); END""",
    ),
)
NEWEST = len(STEPS)
