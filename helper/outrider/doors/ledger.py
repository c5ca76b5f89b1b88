"""The book of runs and attempts: a row is written before a call leaves, and settled when it has ended.

Every write is one short transaction of `ledger_file`; none spans a call. What is decided inside a transaction (may
this call leave?) is decided by a pure rule that is handed in.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

from outrider.data import Attempt, Failure, Target
from outrider.doors import ledger_purse, ledger_spend
from outrider.doors.alive import is_alive
from outrider.doors.ledger_file import Connection, LedgerFile
from outrider.doors.ledger_page import Check, Page, Reservation, RunRow, health_of, storable
from outrider.doors.settings import Places
from outrider.rules import health as health_rules
from outrider.rules.disclosure import Disclosure
from outrider.rules.limits import Spend
from outrider.rules.rates import Wait
from outrider.rules.targets import Served

__all__ = ["Check", "Ledger", "Reservation", "RunRow"]
ORPHANS_EVERY = 30.0
"""How often a process that lives long looks for rows of dead ones, in seconds; every process does at its first call."""


class Ledger(LedgerFile):
    """The book: what ran, what it cost, how every target fares."""

    def __init__(self, places: Places) -> None:
        super().__init__(places)
        self.boot = _boot()
        self._looked_for_orphans = float("-inf")

    def health(self) -> dict[str, health_rules.Health]:
        """Returns the health of every target that is not well; rests of an earlier boot are over, bad keys are not."""
        rows = self.read("SELECT target, failures, kind, until, boot, message FROM health")
        return {
            row["target"]: health_of(row)
            for row in rows
            if row["boot"] == self.boot or row["until"] == health_rules.FOREVER
        }

    def served(self) -> dict[str, Served]:
        """Returns what each server said last that it serves."""
        rows = self.read("SELECT provider, alive, ids FROM servers")
        return {row["provider"]: Served(alive=bool(row["alive"]), ids=tuple(json.loads(row["ids"]))) for row in rows}

    def served_at(self) -> dict[str, float]:
        """Returns when each server was last asked, in seconds since 1970."""
        return {row["provider"]: row["at"] for row in self.read("SELECT provider, at FROM servers")}

    def purse(self, provider: str) -> int:
        """Returns what is left of a provider's retry quota."""
        return ledger_purse.purse(self, provider)

    def spend(self, run: str, *, at: float, repository: str | None = None) -> Spend:
        """Returns what this run, this day, this month and this repository today have cost or reserved."""
        return ledger_spend.read(self, run, at=at, repository=repository)

    def record_served(self, provider: str, served: Served) -> None:
        """Remembers what a server said that it serves."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO servers VALUES (?, ?, ?, ?) ON CONFLICT (provider) DO UPDATE SET"
                " at = excluded.at, alive = excluded.alive, ids = excluded.ids",
                (provider, time.time(), served.alive, json.dumps(served.ids)),
            )

    def record_run(self, run: RunRow, *, outcome: str, kind: str | None) -> None:
        """Books a run that ended before any call could leave."""
        with self.page() as page:
            page.insert_run(run)
            page.connection.execute("UPDATE runs SET outcome = ?, kind = ? WHERE id = ?", (outcome, kind, run.id))

    def end_run(self, run: RunRow, *, outcome: str, kind: str | None) -> None:
        """Books how a run of several calls ended, and what it came to, which none of its calls says."""
        with self.page() as page:
            page.insert_run(run)
            page.connection.execute(
                "UPDATE runs SET outcome = ?, kind = ?, decision = ? WHERE id = ?",
                storable(outcome, kind, json.dumps(run.decision, sort_keys=True), run.id),
            )

    def reserve(
        self, run: RunRow, target: Target, *, number: int, check: Check, prompt_digest: str, prompt_bytes: int,
        disclosure: Disclosure | None = None,
    ) -> Reservation | Failure | Wait:  # fmt: skip
        """Books the worst case of a call before it leaves, and what it discloses, if check and rates allow it."""
        with self.page() as page:
            return page.reserve(
                run, target, number=number, check=check, prompt_digest=prompt_digest, prompt_bytes=prompt_bytes,
                disclosure=disclosure,
            )  # fmt: skip

    def settle(self, reservation: Reservation, attempt: Attempt) -> None:
        """Closes an attempt's row with what happened and what it cost, and moves the target's health."""
        with self.page() as page:
            page.settle(reservation, attempt)

    @contextmanager
    def page(self) -> Iterator[Page]:
        """Runs one transaction's entries, whole or not at all."""
        with self.transaction() as connection:
            self._close_orphans(connection)
            page = Page(connection, self.boot)
            yield page
            page.close()

    def _close_orphans(self, connection: Connection) -> None:
        """Marks attempts whose process is gone: they may have been billed, so their reservation stays booked."""
        if time.monotonic() - self._looked_for_orphans < ORPHANS_EVERY:
            return
        self._looked_for_orphans = time.monotonic()
        # What a provider's own batch holds has no process, and needs none.
        rows = connection.execute(
            "SELECT id, run, boot, pid FROM attempts WHERE outcome = 'open' AND boot <> 'batch'"
        ).fetchall()
        for row in rows:
            if row["boot"] != self.boot or not is_alive(row["pid"]):
                connection.execute(
                    "UPDATE attempts SET outcome = 'failure', kind = 'interrupted', certainty = 'in_doubt',"
                    " message = 'its process ended before the answer' WHERE id = ?",
                    (row["id"],),
                )
                connection.execute(
                    "UPDATE runs SET outcome = 'failure', kind = 'interrupted' WHERE id = ? AND outcome = 'open'",
                    (row["run"],),
                )


def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read(64).strip()
    except OSError:
        return "unknown"
