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


class Purses:
    """The purses as one transaction sees them, with its own repeats and answers in them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._held: dict[str, int] = {}

    def take(self, provider: str) -> None:
        """Pays for a repeat that is about to leave."""
        self._keep(provider, quota.after_repeat(self._read(provider)))

    def give(self, provider: str) -> None:
        """Books an answer; a full purse needs no row."""
        held = self._read(provider)
        if held < quota.FULL:
            self._keep(provider, quota.after_answer(held))

    def _read(self, provider: str) -> int:
        if provider not in self._held:
            row = self._connection.execute(READ, (provider,)).fetchone()
            self._held[provider] = row["tenths"] if row else quota.FULL
        return self._held[provider]

    def _keep(self, provider: str, tenths: int) -> None:
        self._held[provider] = tenths
        if tenths < quota.FULL:
            self._connection.execute("INSERT OR REPLACE INTO purses VALUES (?, ?)", (provider, tenths))
        else:
            self._connection.execute("DELETE FROM purses WHERE provider = ?", (provider,))
