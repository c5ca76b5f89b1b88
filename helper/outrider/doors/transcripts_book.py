"""What was read from the transcripts, kept in `transcripts.db`: a cache, made anew whenever anything is wrong with it.

Each file has its own rows, so that one that changed or went takes only its own away. Where several files hold the
same reply, all are kept and one is counted. Knows nothing of files' lines and of prices.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from outrider.doors.files import locked, make_folder
from outrider.doors.settings import Places
from outrider.errors import StorageFault
from outrider.records import as_dict, record
from outrider.rules.client_prices import SUMMED
from outrider.rules.transcripts import CONTEXT, Call, Meta, Result

Broken = sqlite3.DatabaseError
VERSION = 1
"""Of the tables and of what `rules.transcripts` reads from a line: one more makes every cache anew."""
DAY = 86_400_000
MINUTE = 60_000
TABLES = (
    """CREATE TABLE files (
        id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, inode INTEGER NOT NULL, size INTEGER NOT NULL,
        changed INTEGER NOT NULL, offset INTEGER NOT NULL, digest BLOB NOT NULL, last INTEGER NOT NULL,
        cut INTEGER NOT NULL, long INTEGER NOT NULL, bad INTEGER NOT NULL, odd INTEGER NOT NULL,
        unfinished INTEGER NOT NULL
    ) STRICT""",
    "CREATE TABLE contexts (id INTEGER PRIMARY KEY, facts TEXT NOT NULL UNIQUE) STRICT",
    """CREATE TABLE replies (
        file INTEGER NOT NULL, key INTEGER NOT NULL, at INTEGER NOT NULL, rank INTEGER NOT NULL,
        context INTEGER NOT NULL, fresh INTEGER NOT NULL, output INTEGER NOT NULL, read INTEGER NOT NULL,
        five INTEGER NOT NULL, hour INTEGER NOT NULL, searches INTEGER NOT NULL, copy INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (file, key)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX replies_key ON replies (key)",
    "CREATE TABLE told (file INTEGER NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, facts TEXT NOT NULL) STRICT",
    "CREATE INDEX told_file ON told (file)",
)
OF_A_FILE = ("path", "inode", "size", "changed", "offset", "digest", "last", "cut", "long", "bad", "odd", "unfinished")
KEEP = (
    "INSERT INTO replies (file, key, at, rank, context, fresh, output, read, five, hour, searches)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (file, key) DO UPDATE SET fresh = excluded.fresh,"
    " output = excluded.output, read = excluded.read, five = excluded.five, hour = excluded.hour,"
    " searches = excluded.searches WHERE excluded.output >= output"
)
# A session's own line before a copied one, that before a subagent's replay; of equals the one with the final usage.
CHOOSE = (
    "UPDATE replies SET copy = 1 WHERE (file, key) IN (SELECT file, key FROM (SELECT replies.file, replies.key,"
    " ROW_NUMBER() OVER (PARTITION BY replies.key ORDER BY rank, output DESC, path) AS place"
    " FROM several JOIN replies USING (key) JOIN files ON files.id = replies.file) WHERE place > 1)"
)


@record
class FileState:
    """How far a file was read, and what was wrong with it so far."""

    path: str
    inode: int
    size: int
    changed: int
    offset: int = 0
    digest: bytes = b""
    last: int = 0
    cut: int = 0
    long: int = 0
    bad: int = 0
    odd: int = 0
    unfinished: int = 0


class Book:
    """The cache, open. `remade` says that an old one could not be used, `unkept` that none could be written."""

    def __init__(self, places: Places, *, unkept: bool = False) -> None:
        self._places = places
        self.path = places.ours("transcripts.db")
        self.remade = False
        self.unkept = unkept
        self._contexts: dict[tuple[str, ...], int] = {}
        self._connection = self._in_memory() if unkept else self._open()

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def _open(self) -> sqlite3.Connection:
        try:
            make_folder(self._places.home)
            if not os.path.exists(self.path):
                os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
            elif not (os.access(self.path, os.W_OK) and os.access(self._places.home, os.W_OK)):
                return self._in_memory()
        except (OSError, StorageFault):
            return self._in_memory()
        with locked(self._places.ours("transcripts.lock"), about=self.path):
            try:
                return self._prepared(self.path)
            except sqlite3.DatabaseError:
                try:
                    self.throw_away()
                    return self._prepared(self.path)
                except (sqlite3.DatabaseError, OSError):
                    return self._in_memory()

    def _in_memory(self) -> sqlite3.Connection:
        self.unkept = True
        return self._prepared(":memory:")

    def anew(self, *, on_disk: bool) -> "Book":
        """Returns an empty cache in place of this one, which broke."""
        self.close()
        with suppress(OSError):
            self.throw_away()
        book = Book(self._places, unkept=not on_disk)
        book.remade = True
        return book

    def throw_away(self) -> None:
        """Deletes a cache that cannot be used; everything in it can be read again."""
        self.remade = True
        for ending in ("", "-journal", "-wal", "-shm"):
            if os.path.lexists(self.path + ending):
                os.unlink(self.path + ending)

    def _prepared(self, path: str) -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None, timeout=30.0)
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA journal_mode = TRUNCATE")
            connection.execute("PRAGMA temp_store = MEMORY")
            if version != VERSION:
                self.remade = self.remade or version != 0
                _make(connection)
            connection.execute("SELECT COUNT(*) FROM files").fetchone()
            for name in ("touched", "several"):
                connection.execute(f"CREATE TEMP TABLE {name} (key INTEGER PRIMARY KEY)")
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return connection

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Holds the cache for one refresh; what is done in it stays, or none of it since the last `settle`."""
        if self.unkept:
            yield
            return
        with locked(self._places.ours("transcripts.lock"), about=self.path, longest=600.0):
            yield

    def begin(self) -> None:
        """Begins a change."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._contexts = {}

    def settle(self) -> None:
        """Chooses which copy of each reply that was touched is counted, and makes the change last."""
        run = self._connection.execute
        run("INSERT INTO several SELECT key FROM touched JOIN replies USING (key) GROUP BY key HAVING COUNT(*) > 1")
        run("UPDATE replies SET copy = 0 WHERE copy AND key IN (SELECT key FROM touched)")
        run(CHOOSE)
        run("DELETE FROM several")
        run("DELETE FROM touched")
        run("COMMIT")

    def give_up(self) -> None:
        """Takes back what was changed since `begin`."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def files(self) -> dict[str, tuple[int, FileState]]:
        """Returns every file that was read, with its number."""
        names = ", ".join(OF_A_FILE)
        rows = self._connection.execute(f"SELECT id, {names} FROM files")  # noqa: S608 (our own words only)
        return {row[1]: (row[0], FileState(**dict(zip(OF_A_FILE, row[1:], strict=True)))) for row in rows}

    def forget(self, file: int) -> None:
        """Takes away all that one file said."""
        run = self._connection.execute
        run("INSERT OR IGNORE INTO touched SELECT key FROM replies WHERE file = ?", (file,))
        for table, column in (("replies", "file"), ("told", "file"), ("files", "id")):
            run(f"DELETE FROM {table} WHERE {column} = ?", (file,))  # noqa: S608 (our own words only)

    def put_file(self, state: FileState, number: int | None) -> int:
        """Writes how far a file was read, and returns its number."""
        names = ", ".join(OF_A_FILE)
        marks = ", ".join("?" for _ in OF_A_FILE)
        sets = ", ".join(f"{name} = excluded.{name}" for name in OF_A_FILE)
        row = self._connection.execute(
            f"INSERT INTO files (id, {names}) VALUES (?, {marks}) ON CONFLICT (id) DO UPDATE SET {sets} RETURNING id",  # noqa: S608
            (number, *as_dict(state).values()),
        ).fetchone()
        return int(row[0])

    def put_replies(self, file: int, rows: Iterable[tuple[Any, ...]]) -> None:
        """Keeps replies of a file, in the order of `REPLY`."""
        kept = [(file, *row[:3], self._context(row[3]), *row[4:]) for row in rows]
        self._connection.executemany(KEEP, kept)
        self._connection.executemany("INSERT OR IGNORE INTO touched VALUES (?)", ((row[1],) for row in kept))

    def _context(self, facts: tuple[str, ...]) -> int:
        number = self._contexts.get(facts)
        if number is None:
            text = json.dumps(facts)
            self._connection.execute("INSERT OR IGNORE INTO contexts (facts) VALUES (?)", (text,))
            row = self._connection.execute("SELECT id FROM contexts WHERE facts = ?", (text,)).fetchone()
            number = self._contexts[facts] = int(row[0])
        return number

    def put_told(self, file: int, told: Iterable[Call | Result | Meta]) -> None:
        """Keeps what a file says of subagents."""
        self._connection.executemany(
            "INSERT INTO told (file, kind, id, facts) VALUES (?, ?, ?, ?)",
            (
                (file, type(one).__name__, one.agent_id if isinstance(one, Meta) else one.id, json.dumps(as_dict(one)))
                for one in told
            ),
        )

    def told(self, kind: type[Call | Result | Meta]) -> list[dict[str, Any]]:
        """Returns the fields of what was told of one kind; a copy of a session repeats its calls."""
        rows = self._connection.execute(
            "SELECT DISTINCT id, facts FROM told WHERE kind = ? ORDER BY id, facts", (kind.__name__,)
        )
        return [json.loads(facts) for _, facts in rows]

    def sums(
        self, *, since: int, steps: tuple[int, ...], grain: int
    ) -> Iterator[tuple[dict[str, str], int, int, tuple[int, ...]]]:
        """Yields what was used by whose it is, span of time and size of prompt.

        Each is a context, the span's begin, how many of `steps` the prompts exceeded, and the numbers of `SUMMED`.
        """
        prompt = "(fresh + read + five + hour)"
        above = " + ".join(f"({prompt} > {int(step)})" for step in steps) or "0"
        numbers = ", ".join(f"SUM({name}) AS {name}" for name in SUMMED if name != "calls")
        rows = self._connection.execute(
            f"SELECT facts, span, above, {', '.join(SUMMED)} FROM (SELECT context, at / {int(grain)} AS span,"  # noqa: S608
            f" {above} AS above, COUNT(*) AS calls, {numbers} FROM replies WHERE NOT copy AND at >= ? GROUP BY 1, 2, 3)"
            " JOIN contexts ON contexts.id = context ORDER BY facts, span, above",
            (since,),
        )
        for facts, span, larger, *used in rows:
            yield dict(zip(CONTEXT, json.loads(facts), strict=True)), span * grain, larger, tuple(used)

    def ends(self, *, since: int) -> Iterator[tuple[dict[str, str], int, tuple[int, ...], int, int]]:
        """Yields, by whose it is: when the first request was and its numbers, when the last reply was and its output.

        The database takes the other columns from the row that has the least, or the most.
        """
        rows = self._connection.execute(
            "SELECT facts, least, fresh, read, five, hour, most, output FROM (SELECT context, MIN(at) AS least, fresh,"
            " read, five, hour FROM replies WHERE NOT copy AND at >= ?1 GROUP BY context) JOIN (SELECT context,"
            " MAX(at) AS most, output FROM replies WHERE NOT copy AND at >= ?1 GROUP BY context) USING (context)"
            " JOIN contexts ON contexts.id = context",
            (since,),
        )
        for facts, least, *first, most, output in rows:
            yield dict(zip(CONTEXT, json.loads(facts), strict=True)), least, tuple(first), most, output

    def copies(self) -> int:
        """Returns how many replies are kept but not counted, since another file has them too."""
        return int(self._connection.execute("SELECT COALESCE(SUM(copy), 0) FROM replies").fetchone()[0])


def _make(connection: sqlite3.Connection) -> None:
    """Makes the tables, in place of those of another version."""
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    connection.execute("BEGIN IMMEDIATE")
    for name in names:
        connection.execute('DROP TABLE "' + name.replace('"', '""') + '"')
    for statement in TABLES:
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")
