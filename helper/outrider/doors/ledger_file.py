"""The ledger's file: opening it safely, one short locked transaction at a time, faults in one line.

The only importer of sqlite3. Knows nothing of what the rows mean.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from outrider.doors import migrations
from outrider.doors.files import LONGEST_WAIT, locked, make_folder
from outrider.doors.settings import Places
from outrider.errors import StorageFault

SAFE_WAL = (3, 51, 3)
"""Before this release a WAL file could be reset under a reader, which corrupts the book."""

Row = sqlite3.Row
Connection = sqlite3.Connection


class Damaged(StorageFault):
    """The file is no book any more: not locked, not full, not newer, but broken."""


class LedgerFile:
    """One connection to the book; opened when first needed, closed before a fork."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self.path = places.ours("ledger.db")
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None

    def is_current(self) -> bool:
        """Whether its file is the one that was opened: a process that lives long may see it set aside."""
        if self._connection is None:
            return True
        try:
            status = os.stat(self.path)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self._opened

    def close(self) -> None:
        """Closes the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def read(self, query: str, values: tuple[Any, ...] = ()) -> list[Row]:
        """Returns rows; a ledger that does not exist yet has none."""
        if self._connection is None and not os.path.exists(self.path):
            return []
        with _storage_faults(self.path):
            return self._open().execute(query, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Runs one write, whole or not at all. `IMMEDIATE`: a read that turned into a write would lose its place."""
        with _storage_faults(self.path):
            connection = self._open()
            with self._turn():
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise

    def _turn(self) -> AbstractContextManager[None]:
        """Waits its turn: with a lock file the slowest of many writers waits a tenth of what SQLite alone makes it."""
        return locked(self._places.ours("ledger.lock"), about=self.path, longest=LONGEST_WAIT)

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None:
            return self._connection
        make_folder(self._places.home)
        if not os.path.exists(self.path):
            # Made here, since SQLite would give it the mode that the umask happens to allow.
            os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        connection = sqlite3.connect(self.path, timeout=LONGEST_WAIT, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        status = os.stat(self.path)
        self._opened = (status.st_dev, status.st_ino)
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > migrations.NEWEST:
            raise StorageFault(
                f"{self.path} was written by a newer outrider", hint="run `./install.sh` from a newer checkout"
            )
        connection.execute("PRAGMA synchronous = FULL")
        if connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete":
            # The same rollback journal and as safe, but its folder is not written twice for every commit, which on a
            # plain disk makes three commits of one.
            connection.execute("PRAGMA journal_mode = TRUNCATE")
        if version == migrations.NEWEST:
            return
        with self._turn():
            if sqlite3.sqlite_version_info >= SAFE_WAL:
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            for step in migrations.STEPS[version:]:
                for statement in step:
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {migrations.NEWEST}")
            connection.execute("COMMIT")


@contextmanager
def _storage_faults(path: str) -> Iterator[None]:
    """Turns SQLite's and the disk's errors into one line that names the file."""
    try:
        yield
    except sqlite3.DatabaseError as fault:
        text = str(fault)
        if any(words in text for words in ("malformed", "not a database", "no such table", "no such column")):
            raise Damaged(
                f"cannot use {path}: {text}",
                hint="run `outrider doctor --repair`: it sets the file aside and starts anew",
            ) from None
        raise StorageFault(
            f"cannot use {path}: {text}", hint="check the free space (`df -h`) and the folder's mode"
        ) from None
    except OSError as fault:
        raise StorageFault(
            f"cannot use {path}: {fault.strerror or fault}", hint="set OUTRIDER_HOME to a folder you can write to"
        ) from None
