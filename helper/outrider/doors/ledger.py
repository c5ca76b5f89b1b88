"""The book of runs and attempts: a row is written before a call leaves, and settled when it has ended.

Every write is one short transaction of `ledger_file`; none spans a call. What is decided inside a transaction (may
this call leave?) is decided by a pure rule that is handed in.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from outrider.data import Answer, Attempt, Failure, Target
from outrider.doors import ledger_audit, ledger_purse, ledger_rates, ledger_spend
from outrider.doors.alive import is_alive
from outrider.doors.ledger_file import Connection, LedgerFile, Row
from outrider.doors.settings import Places
from outrider.records import record, replace
from outrider.rules import health as health_rules
from outrider.rules import privacy
from outrider.rules.disclosure import Disclosure
from outrider.rules.limits import Booking, Spend
from outrider.rules.money import to_nano
from outrider.rules.rates import Wait
from outrider.rules.targets import Served

Check = Callable[[Spend], "Booking | Failure"]
ORPHANS_EVERY = 30.0
"""How often a process that lives long looks for rows of dead ones, in seconds; every process does at its first call."""


@record
class RunRow:
    """What is known of a run before its first call. `decision` is everything `why` needs, never the prompt."""

    id: str
    command: str
    task: str
    rule: str
    level: str | None
    preset: str | None
    private: bool
    decision: Mapping[str, Any]
    session: str | None = None
    repository: str | None = None
    agent: str | None = None


@record
class Reservation:
    """An attempt's row, open: what it may cost at most, in nano-dollars. `is_probe`: the first call after a rest."""

    row: int
    run: str
    nano: int
    periods: tuple[str, ...]
    booking: Booking
    is_probe: bool = False


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
            row["target"]: _health(row)
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
        with self.transaction() as connection:
            self._close_orphans(connection)
            self._insert_run(connection, run)
            connection.execute("UPDATE runs SET outcome = ?, kind = ? WHERE id = ?", (outcome, kind, run.id))

    def end_run(self, run: RunRow, *, outcome: str, kind: str | None) -> None:
        """Books how a run of several calls ended, and what it came to, which none of its calls says."""
        with self.transaction() as connection:
            self._insert_run(connection, run)
            connection.execute(
                "UPDATE runs SET outcome = ?, kind = ?, decision = ? WHERE id = ?",
                _storable(outcome, kind, json.dumps(run.decision, sort_keys=True), run.id),
            )

    def reserve(
        self, run: RunRow, target: Target, *, number: int, check: Check, prompt_digest: str, prompt_bytes: int,
        disclosure: Disclosure | None = None,
    ) -> Reservation | Failure | Wait:  # fmt: skip
        """Books the worst case of a call before it leaves, and what it discloses, if check and rates allow it."""
        at = time.time()
        with self.transaction() as connection:
            self._close_orphans(connection)
            self._insert_run(connection, run)
            verdict = check(self.spend(run.id, at=at, repository=run.repository))
            if isinstance(verdict, Failure):
                return _refused(connection, run, verdict)
            turn = ledger_rates.ask_for_turn(connection, self.boot, target, verdict)
            if turn is not None:
                return turn if isinstance(turn, Wait) else _refused(connection, run, turn)
            nano = to_nano(verdict.worst)
            cursor = connection.execute(
                "INSERT INTO attempts (run, number, at, monotonic, boot, pid, target, model, provider, wire_id, origin,"
                " local, key_name, prompt_digest, prompt_bytes, reserved_nano, cost_nano, cost_known, class)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                _storable(
                    run.id, number, at, time.monotonic(), self.boot, os.getpid(), target.health_key, target.model.name,
                    target.provider.name, target.wire_id, privacy.origin(target.provider.base_url), target.local,
                    target.provider.keys[0] if target.provider.keys else None, prompt_digest, prompt_bytes,
                    nano, nano, verdict.known, disclosure.data_class if disclosure is not None else None,
                ),
            )  # fmt: skip
            if disclosure is not None:
                ledger_audit.book(connection, run.id, cursor.lastrowid or 0, disclosure)
            periods = ledger_spend.periods(at, run.repository)
            ledger_spend.move(connection, run.id, periods, nano)
            if verdict.is_repeat:
                ledger_purse.take(connection, target.provider.name)
            return Reservation(
                row=cursor.lastrowid or 0, run=run.id, nano=nano, booking=verdict, periods=periods,
                is_probe=self._claim_probe(connection, target),
            )  # fmt: skip

    def settle(self, reservation: Reservation, attempt: Attempt) -> None:
        """Closes an attempt's row with what happened and what it cost, and moves the target's health."""
        outcome = attempt.outcome
        usage = outcome.usage
        nano = to_nano(attempt.cost)
        is_answer = isinstance(outcome, Answer)
        with self.transaction() as connection:
            connection.execute(
                "UPDATE attempts SET outcome = ?, kind = ?, status = ?, message = ?, seconds = ?, certainty = ?,"
                " cost_nano = ?, cost_known = ?, input = ?, output = ?, cached = ?, cache_write = ?, reasoning = ?,"
                " served_by = ?, request_id = ?, shown = ? WHERE id = ?",
                _storable(
                    "answer" if is_answer else "failure", None if isinstance(outcome, Answer) else outcome.kind,
                    None if isinstance(outcome, Answer) else outcome.status,
                    None if isinstance(outcome, Answer) else outcome.message[:500], attempt.seconds,
                    attempt.certainty, nano, attempt.cost_known, usage.input, usage.output, usage.cached,
                    usage.cache_write, usage.reasoning,
                    outcome.served_by[:200] if isinstance(outcome, Answer) else None, outcome.request_id[:200],
                    attempt.shown, reservation.row,
                ),
            )  # fmt: skip
            connection.execute(
                "UPDATE runs SET outcome = ?, kind = ?, model = ?, input = input + ?, output = output + ?,"
                " attempts = attempts + 1, seconds = seconds + ? WHERE id = ?",
                _storable(
                    "answer" if is_answer else "failure", None if isinstance(outcome, Answer) else outcome.kind,
                    attempt.target.name, usage.input, usage.output, attempt.seconds + attempt.waited, reservation.run,
                ),
            )  # fmt: skip
            ledger_spend.move(connection, reservation.run, reservation.periods, nano - reservation.nano)
            ledger_rates.after_call(connection, self.boot, attempt, taken=reservation.booking.tokens)
            self._move_health(connection, attempt, is_probe=reservation.is_probe)
            if is_answer:
                ledger_purse.give(connection, attempt.target.provider.name)

    def _move_health(self, connection: Connection, attempt: Attempt, *, is_probe: bool) -> None:
        (key,) = _storable(attempt.target.health_key)
        row = connection.execute(
            "SELECT failures, kind, until, message, boot FROM health WHERE target = ?", (key,)
        ).fetchone()
        before = _health(row) if row else health_rules.WELL
        is_of_this_boot = row is None or row["boot"] == self.boot
        if (is_probe or not is_of_this_boot) and before.until != health_rules.FOREVER:
            # A probe left when the rest was over, and what kept the others away since then is its own claim, which
            # ends here. A rest of an earlier boot is told by a clock that no longer runs.
            before = replace(before, until=0.0)
        now = health_rules.after(before, attempt.outcome, now=time.monotonic())
        if now == before and not is_probe:
            return
        if now.kind is None:
            connection.execute("DELETE FROM health WHERE target = ?", (key,))
            return
        connection.execute(
            "INSERT OR REPLACE INTO health VALUES (?, ?, ?, ?, ?, ?, ?)",
            _storable(key, now.failures, now.kind, now.until, self.boot, now.message, time.time()),
        )

    def _claim_probe(self, connection: Connection, target: Target) -> bool:
        """Keeps other processes away from a target that this call probes after its rest; False where it does not."""
        now = time.monotonic()
        cursor = connection.execute(
            "UPDATE health SET until = ? WHERE target = ? AND until <= ? AND boot = ?",
            _storable(now + health_rules.PROBE_REST, target.health_key, now, self.boot),
        )
        return cursor.rowcount > 0

    def _insert_run(self, connection: Connection, run: RunRow) -> None:
        connection.execute(
            "INSERT OR IGNORE INTO runs (id, at, command, task, rule, level, session, repository, agent, preset,"
            " private, decision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            _storable(
                run.id, time.time(), run.command, run.task, run.rule, run.level, run.session, run.repository,
                run.agent, run.preset, run.private, json.dumps(run.decision, sort_keys=True),
            ),
        )  # fmt: skip

    def _close_orphans(self, connection: Connection) -> None:
        """Marks attempts whose process is gone: they may have been billed, so their reservation stays booked."""
        if time.monotonic() - self._looked_for_orphans < ORPHANS_EVERY:
            return
        self._looked_for_orphans = time.monotonic()
        rows = connection.execute("SELECT id, run, boot, pid FROM attempts WHERE outcome = 'open'").fetchall()
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


def _storable(*values: Any) -> tuple[Any, ...]:
    """Returns the values as SQLite takes them: a folder's name or a flag may hold bytes that are no UTF-8."""
    return tuple(value.encode("utf-8", "replace").decode() if isinstance(value, str) else value for value in values)


def _health(row: Row) -> health_rules.Health:
    return health_rules.Health(failures=row["failures"], kind=row["kind"], until=row["until"], message=row["message"])


def _refused(connection: Connection, run: RunRow, failure: Failure) -> Failure:
    """Notes on its run that a call was refused; nothing left, so there is no attempt."""
    connection.execute(
        "UPDATE runs SET outcome = 'failure', kind = ? WHERE id = ? AND NOT EXISTS"
        " (SELECT 1 FROM attempts WHERE run = runs.id AND outcome = 'open')", (failure.kind, run.id),
    )  # fmt: skip
    return failure


def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read(64).strip()
    except OSError:
        return "unknown"
