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
)
NEWEST = len(STEPS)
