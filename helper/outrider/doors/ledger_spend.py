"""The running totals of the book: what each day, month and repository's day has cost or reserved.

A total is its own row, moved in the transaction that moves the attempt, so no check ever sums the book.
"""

import time
from functools import lru_cache

from outrider.doors.ledger_file import Connection, LedgerFile
from outrider.rules.limits import Spend
from outrider.rules.money import from_nano


def periods(at: float, repository: str | None) -> tuple[str, ...]:
    """Returns the names of the totals that a call at this moment counts to: its day, its month, its repository's."""
    return _periods(int(at // 86_400), repository)


@lru_cache(maxsize=16)
def _periods(day: int, repository: str | None) -> tuple[str, ...]:
    date = time.strftime("%Y-%m-%d", time.gmtime(day * 86_400))
    names = (f"day:{date}", f"month:{date[:7]}")
    # A folder's name may hold bytes that are no UTF-8, which SQLite does not take.
    return names if repository is None else (*names, f"repo:{date}:{repository}".encode("utf-8", "replace").decode())


def read(ledger: LedgerFile, run: str, *, at: float, repository: str | None) -> Spend:
    """Returns what this run, this day, this month and this repository today have cost or reserved."""
    names = periods(at, repository)
    marks = ", ".join("?" * len(names))
    found = ledger.read(f"SELECT period, nano FROM spend WHERE period IN ({marks})", names)  # noqa: S608 (only marks)
    totals = {row["period"]: from_nano(row["nano"]) for row in found}
    day, month, *own = (totals.get(name, from_nano(0)) for name in names)
    runs = ledger.read("SELECT cost_nano FROM runs WHERE id = ?", (run,))
    return Spend(
        run=from_nano(runs[0]["cost_nano"] if runs else 0), day=day, month=month, per_repo=own[0] if own else None
    )  # fmt: skip


class Totals:
    """The totals as one transaction sees them, with its own entries in them; `write` moves each row once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._periods: dict[str, int] = {}
        self._runs: dict[str, int] = {}
        self._moved: dict[str, int] = {}
        self._runs_moved: dict[str, int] = {}

    def of(self, run: str, *, at: float, repository: str | None) -> Spend:
        """Returns what this run, this day, this month and this repository today have cost or reserved."""
        day, month, *own = (from_nano(self._period(name)) for name in periods(at, repository))
        return Spend(run=from_nano(self._run(run)), day=day, month=month, per_repo=own[0] if own else None)

    def move(self, run: str, names: tuple[str, ...], nano: int) -> None:
        """Adds to a run and to its totals, or takes away what was reserved and not used."""
        for name in names:
            self._moved[name] = self._moved.get(name, 0) + nano
        self._runs_moved[run] = self._runs_moved.get(run, 0) + nano

    def write(self) -> None:
        """Writes what was moved."""
        self._connection.executemany(
            "INSERT INTO spend VALUES (?, ?) ON CONFLICT (period) DO UPDATE SET nano = nano + excluded.nano",
            self._moved.items(),
        )
        self._connection.executemany(
            "UPDATE runs SET cost_nano = cost_nano + ? WHERE id = ?",
            [(nano, run) for run, nano in self._runs_moved.items()],
        )

    def _period(self, name: str) -> int:
        if name not in self._periods:
            row = self._connection.execute("SELECT nano FROM spend WHERE period = ?", (name,)).fetchone()
            self._periods[name] = row["nano"] if row else 0
        return self._periods[name] + self._moved.get(name, 0)

    def _run(self, run: str) -> int:
        if run not in self._runs:
            row = self._connection.execute("SELECT cost_nano FROM runs WHERE id = ?", (run,)).fetchone()
            self._runs[run] = row["cost_nano"] if row else 0
        return self._runs[run] + self._runs_moved.get(run, 0)
