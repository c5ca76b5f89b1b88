"""The catalog's database: built from facts when they change, read by SQL that can only read.

A user's SELECT runs on a file opened read-only, with every other kind of statement refused by SQLite's own authorizer,
with a clock, a limit of rows, and a limit of what one value may hold.
"""

import os
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from outrider.data import Json
from outrider.doors.files import make_folder
from outrider.doors.settings import Places
from outrider.errors import OutriderError, StorageFault
from outrider.records import record
from outrider.rules.facts.likeness import LONGEST_PATTERN, like
from outrider.rules.facts.llms import COLUMNS, Table
from outrider.rules.facts.merging import Catalog
from outrider.rules.facts.nouns import Rate

FILE = "catalog.db"
LONGEST = 2.0
"""Seconds that a query may take."""
MOST_ROWS = 1_000
LARGEST_VALUE = 262_144
LARGEST_RESULT = 16_777_216
"""Letters and bytes of all rows together."""
MOST_MEMORY = 268_435_456
MOST_STEPS = 50_000
"""Of SQLite's machine in one statement: views of views grow without end while they are read."""
EVERY = 10_000
"""After how many steps of SQLite's machine the clock is looked at."""
READING = frozenset({
    sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE,
})  # fmt: skip
REFUSED_FUNCTIONS = frozenset({"load_extension", "fts3_tokenizer", "zeroblob", "randomblob", "glob"})
"""`glob` compares in a time that grows with a power of its stars, and nothing can stop it."""
_OTHERS: Mapping[str, str] = {
    "prices": "provider TEXT, id TEXT, kind TEXT, condition TEXT, price_input REAL, price_output REAL, "
    "price_cached REAL, price_cache_write REAL, as_of TEXT, source TEXT",
    "scores": "provider TEXT, id TEXT, axis TEXT, value REAL, index_name TEXT, version TEXT, date TEXT, effort TEXT",
    "aliases": "alias TEXT, provider TEXT, id TEXT",
    "conflicts": "provider TEXT, id TEXT, field TEXT, kept TEXT, kept_source TEXT, other TEXT, other_source TEXT",
    "counts": "name TEXT, value INTEGER",
    "snapshots": "source TEXT, taken TEXT, digest TEXT, models INTEGER",
}


@record
class Found:
    """What a query found: its columns, its rows, and whether more than the limit were there."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    is_cut: bool


def is_fresh(places: Places, digest: str, *, day: str) -> bool:
    """Whether the database was built from these very facts, and no change of a price has come since."""
    try:
        with _reading(places) as connection:
            until = connection.execute("SELECT value FROM counts WHERE name = 'until'").fetchone()[0]
            is_same = connection.execute("PRAGMA user_version").fetchone()[0] == _version(digest)
    except (sqlite3.Error, StorageFault, TypeError):
        return False
    return bool(is_same and (not until or int(day.replace("-", "")) < until))


def build(
    places: Places, catalog: Catalog, table: Table, *, aliases: Mapping[str, tuple[str, str]], digest: str,
    snapshots: Iterable[tuple[str, str, str, int]], until: str = "",
) -> None:  # fmt: skip
    """Writes the database anew, in place of the old one at once; the same facts make the same bytes."""
    make_folder(places.home)
    path = places.ours(FILE)
    draft = f"{path}.{os.getpid()}"
    try:
        connection = sqlite3.connect(draft, isolation_level=None)
        try:
            connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;")
            _fill(connection, catalog, table, aliases=aliases, snapshots=snapshots)
            day = int(until.replace("-", "")) if until else 0
            _insert(connection, "counts", [("unpriced", table.unpriced), ("scored", table.scored), ("until", day)])
            connection.execute(f"PRAGMA user_version = {_version(digest)}")
            connection.execute("COMMIT")
        finally:
            connection.close()
        os.chmod(draft, 0o600)
        os.replace(draft, path)
    except (sqlite3.Error, OSError) as fault:
        if os.path.lexists(draft):
            os.unlink(draft)
        raise StorageFault(
            f"cannot write {path}: {getattr(fault, 'strerror', None) or fault}",
            hint="check the free space (`df -h`) and the folder's mode",
        ) from None


def _fill(
    connection: sqlite3.Connection, catalog: Catalog, table: Table, *, aliases: Mapping[str, tuple[str, str]],
    snapshots: Iterable[tuple[str, str, str, int]],
) -> None:  # fmt: skip
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    connection.execute(f"CREATE TABLE llms ({columns})")
    for table_name, its_columns in _OTHERS.items():
        connection.execute(f"CREATE TABLE {table_name} ({its_columns})")
    _insert(connection, "llms", ([row[name] for name in COLUMNS] for row in table.rows))
    _insert(connection, "prices", (
        (fact.provider, fact.id, rate.kind, rate.condition, *map(_number, (rate.input, rate.output, rate.cached,
         rate.cache_write)), fact.as_of, fact.source)
        for fact in catalog.facts for rate in fact.rates
    ))  # fmt: skip
    _insert(connection, "scores", (
        (fact.provider, fact.id, one.axis, one.value, one.index, one.version, one.date, one.effort)
        for fact in catalog.facts for one in fact.scores
    ))  # fmt: skip
    spelled = {(alias, *fact.key) for fact in catalog.facts for alias in fact.aliases}
    spelled |= {(alias, provider, wire_id) for alias, (provider, wire_id) in aliases.items()}
    _insert(connection, "aliases", sorted(spelled))
    _insert(connection, "conflicts", (
        (one.provider, one.id, one.field, one.kept, one.kept_source, one.other, one.other_source)
        for one in catalog.conflicts
    ))  # fmt: skip
    _insert(connection, "snapshots", snapshots)


def rates_of(places: Places, provider: str, wire_id: str) -> tuple[tuple[Rate, ...], str, str]:
    """Returns a model's rates by its wire id, their date and their source; nothing where it has none."""
    with _reading(places) as connection:
        rows = connection.execute(
            "SELECT kind, condition, price_input, price_output, price_cached, price_cache_write, as_of, source"
            " FROM prices WHERE provider = ? AND id = ? ORDER BY rowid", (provider, wire_id),
        ).fetchall()  # fmt: skip
    rates = tuple(
        Rate(kind=row[0], condition=row[1], input=_money(row[2]), output=_money(row[3]), cached=_money(row[4]),
             cache_write=_money(row[5]))
        for row in rows
    )  # fmt: skip
    return rates, *((rows[0][6], rows[0][7]) if rows else ("", ""))


def _money(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[Sequence[Any]]) -> None:
    rows = list(rows)
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 (our own words only)


def _number(value: Json) -> float | None:
    return None if value is None else float(value)


def _version(digest: str) -> int:
    """Returns a number for a digest, as SQLite keeps one for its file's owner."""
    return int(digest[:7], 16)


def query(places: Places, text: str, *, limit: int = MOST_ROWS) -> Found:
    """Runs one SELECT and returns what it found, or raises with what is wrong about it."""
    if not text.strip().strip(";").strip():
        raise OutriderError("the query is empty", hint='ask something: `outrider catalog sql "SELECT name FROM llms"`')
    until = time.monotonic() + LONGEST
    with _reading(places) as connection:
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA hard_heap_limit = {MOST_MEMORY}")
        for arguments in (2, 3):
            connection.create_function("like", arguments, like, deterministic=True)
        connection.set_authorizer(_allowed)
        connection.set_progress_handler(lambda: time.monotonic() > until, EVERY)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_VALUE)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.setlimit(sqlite3.SQLITE_LIMIT_VDBE_OP, MOST_STEPS)
        try:
            cursor = connection.execute(text)
            if cursor.description is None:
                raise OutriderError("only SELECT is answered", hint="the catalog is read-only: `outrider catalog show`")
            rows = _fetch(cursor, limit + 1)
        except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError, MemoryError) as fault:
            raise _told(fault, is_late=time.monotonic() > until) from None
        columns = tuple(str(entry[0]) for entry in cursor.description)
    return Found(columns=columns, rows=tuple(rows[:limit]), is_cut=len(rows) > limit)


def _fetch(cursor: sqlite3.Cursor, most: int) -> list[tuple[Any, ...]]:
    """Returns the rows, one by one, as long as they are few and small enough."""
    rows: list[tuple[Any, ...]] = []
    size = 0
    for row in cursor:
        size += sum(len(value) if isinstance(value, str | bytes) else 8 for value in row)
        if size > LARGEST_RESULT:
            raise OutriderError(
                f"the answer has more than {LARGEST_RESULT:,} letters", hint="ask for fewer columns or rows"
            )
        rows.append(row)
        if len(rows) == most:
            break
    return rows


class _reading:  # noqa: N801 (used as a word: `with _reading(places)`)
    """Opens the database for reading, and closes it."""

    def __init__(self, places: Places) -> None:
        self._path = places.ours(FILE)

    def __enter__(self) -> sqlite3.Connection:
        from urllib.parse import quote

        if not os.path.isfile(self._path):
            raise StorageFault(f"there is no {self._path}", hint="run `outrider catalog show` again")
        self._connection = sqlite3.connect(f"file:{quote(self._path)}?mode=ro&immutable=1", uri=True)
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def _allowed(action: int, _one: str | None, two: str | None, _three: str | None, _four: str | None) -> int:
    if action == sqlite3.SQLITE_FUNCTION and (two or "").lower() in REFUSED_FUNCTIONS:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in READING else sqlite3.SQLITE_DENY


def _told(fault: Exception, *, is_late: bool) -> OutriderError:
    """Returns the error for a query: what SQLite says of it, and the tables and columns that there are."""
    words = str(fault).rstrip(".")
    if is_late or words == "interrupted":
        return OutriderError(
            f"the query took longer than {LONGEST:g} s", hint="narrow it, and join nothing with itself"
        )
    if isinstance(fault, MemoryError) or "out of memory" in words:
        return OutriderError("the query needs too much memory", hint="narrow it, and join nothing with itself")
    if "user-defined function raised" in words:
        words = f"a pattern of LIKE has more than {LONGEST_PATTERN:,} letters"
    if words.startswith("not authorized to use function"):
        return OutriderError(f"the query cannot use {words.rpartition(' ')[2][:40]}", hint="use LIKE, or no function")
    if "not authorized" in words or "one statement" in words:
        return OutriderError("only one SELECT is answered", hint="the catalog is read-only and opens no other file")
    tables = ", ".join(("llms", *_OTHERS))
    hint = f"columns of llms: {', '.join(COLUMNS)}" if "no such column" in words else f"tables: {tables}"
    return OutriderError(f"the query cannot be answered: {words[:200]}", hint=hint)
