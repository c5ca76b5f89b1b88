"""The retry quotas in the book: one row for each provider that was asked again; one without a row has a full purse.

Every write is part of a transaction of the ledger. What a repeat takes and an answer gives is the rule's.
"""

from outrider.doors.ledger_file import Connection, LedgerFile
from outrider.rules import quota

READ = "SELECT tenths FROM purses WHERE provider = ?"


def purse(ledger: LedgerFile, provider: str) -> int:
    """Returns what a provider's purse holds."""
    rows = ledger.read(READ, (provider,))
    return rows[0]["tenths"] if rows else quota.FULL


def take(connection: Connection, provider: str) -> None:
    """Pays for a repeat that is about to leave."""
    row = connection.execute(READ, (provider,)).fetchone()
    left = quota.after_repeat(row["tenths"] if row else quota.FULL)
    connection.execute("INSERT OR REPLACE INTO purses VALUES (?, ?)", (provider, left))


def give(connection: Connection, provider: str) -> None:
    """Books an answer; a full purse needs no row."""
    row = connection.execute(READ, (provider,)).fetchone()
    if row is None:
        return
    filled = quota.after_answer(row["tenths"])
    if filled < quota.FULL:
        connection.execute("UPDATE purses SET tenths = ? WHERE provider = ?", (filled, provider))
    else:
        connection.execute("DELETE FROM purses WHERE provider = ?", (provider,))
