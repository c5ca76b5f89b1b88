"""The running totals of the book: what each day, month and repository's day has cost or reserved.

A total is its own row, moved in the transaction that moves the attempt, so no check ever sums the book.
"""

import time

from outrider.doors.ledger_file import Connection, LedgerFile
from outrider.rules.limits import Spend
from outrider.rules.money import from_nano


def periods(at: float, repository: str | None) -> tuple[str, ...]:
    """Returns the names of the totals that a call at this moment counts to: its day, its month, its repository's."""
    date = time.strftime("%Y-%m-%d", time.gmtime(at))
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


def move(connection: Connection, run: str, names: tuple[str, ...], nano: int) -> None:
    """Adds to a run and to its totals, or takes away what was reserved and not used."""
    for name in names:
        connection.execute(
            "INSERT INTO spend VALUES (?, ?) ON CONFLICT (period) DO UPDATE SET nano = nano + excluded.nano",
            (name, nano),
        )
    connection.execute("UPDATE runs SET cost_nano = cost_nano + ? WHERE id = ?", (nano, run))
