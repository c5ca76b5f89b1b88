"""What one transaction does to the book: calls are booked and settled, and the sums are moved at its end.

A page may hold one call or hundreds. What it reads of totals and targets it reads once, so that later entries see the
earlier ones; what a rule decides, it decides on that. It opens no transaction and commits none.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from outrider.data import Answer, Attempt, Failure, Target
from outrider.doors import ledger_audit, ledger_purse, ledger_rates, ledger_spend
from outrider.doors.ledger_file import Connection, Row
from outrider.records import memo, record, replace
from outrider.rules import health as health_rules
from outrider.rules import privacy
from outrider.rules.disclosure import Disclosure
from outrider.rules.limits import Booking, Spend
from outrider.rules.money import to_nano
from outrider.rules.rates import Wait

Check = Callable[[Spend], "Booking | Failure"]
INTENT = (
    "INSERT INTO attempts (run, number, at, monotonic, boot, pid, target, model, provider, wire_id, origin, local,"
    " key_name, prompt_digest, prompt_bytes, item, reserved_nano, cost_nano, cost_known, class)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
SETTLEMENT = (
    "UPDATE attempts SET outcome = ?, kind = ?, status = ?, message = ?, seconds = ?, certainty = ?, cost_nano = ?,"
    " cost_known = ?, input = ?, output = ?, cached = ?, cache_write = ?, reasoning = ?, served_by = ?,"
    " request_id = ?, shown = ? WHERE id = ?"
)


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


class _Sums:
    """What a page adds to one run, and how the last of its settled calls ended."""

    __slots__ = ("attempts", "input", "last", "output", "seconds")

    def __init__(self) -> None:
        self.attempts = self.input = self.output = 0
        self.seconds = 0.0
        self.last: tuple[str, str | None, str] | None = None


class Page:
    """One transaction's entries. `close` must be called before its commit."""

    def __init__(self, connection: Connection, boot: str) -> None:
        self.connection = connection
        self._boot = boot
        self._totals = ledger_spend.Totals(connection)
        self._rates = ledger_rates.Turns(connection, boot)
        self._purses = ledger_purse.Purses(connection)
        self._runs: set[str] = set()
        self._sums: dict[str, _Sums] = {}
        self._health: dict[str, Row | None] = {}

    def reserve(
        self, run: RunRow, target: Target, *, number: int, check: Check, prompt_digest: str, prompt_bytes: int,
        disclosure: Disclosure | None = None, item: str | None = None,
    ) -> Reservation | Failure | Wait:  # fmt: skip
        """Books the worst case of a call before it leaves, and what it discloses, if check and rates allow it."""
        at = time.time()
        self.insert_run(run)
        verdict = check(self._totals.of(run.id, at=at, repository=run.repository))
        if isinstance(verdict, Failure):
            return self._refused(run, verdict)
        turn = self._rates.ask(target, verdict)
        if turn is not None:
            return turn if isinstance(turn, Wait) else self._refused(run, turn)
        nano = to_nano(verdict.worst)
        cursor = self.connection.execute(
            INTENT,
            (
                run.id, number, at, time.monotonic(), self._boot, os.getpid(), *_described(target),
                prompt_digest, prompt_bytes, _text(item) if item is not None else None, nano, nano, verdict.known,
                _text(disclosure.data_class) if disclosure is not None and disclosure.data_class else None,
            ),
        )  # fmt: skip
        row = cursor.lastrowid or 0
        self._rates.left(target)
        if disclosure is not None:
            ledger_audit.book(self.connection, run.id, row, disclosure)
        periods = ledger_spend.periods(at, run.repository)
        self._totals.move(run.id, periods, nano)
        if verdict.is_repeat:
            self._purses.take(target.provider.name)
        return Reservation(
            row=row, run=run.id, nano=nano, booking=verdict, periods=periods, is_probe=self._claim_probe(target)
        )

    def settle(self, reservation: Reservation, attempt: Attempt) -> None:
        """Closes an attempt's row with what happened and what it cost, and moves the target's health."""
        outcome = attempt.outcome
        usage = outcome.usage
        nano = to_nano(attempt.cost)
        is_answer = isinstance(outcome, Answer)
        told: tuple[str, str | None, int | None, str | None]
        if isinstance(outcome, Answer):
            told, kind = ("answer", None, None, None), None
            served_by = _text(outcome.served_by[:200])
        else:
            told, kind = ("failure", outcome.kind, outcome.status, _text(outcome.message[:500])), outcome.kind
            served_by = None
        self.connection.execute(
            SETTLEMENT,
            (
                *told, attempt.seconds, attempt.certainty, nano, attempt.cost_known, usage.input, usage.output,
                usage.cached, usage.cache_write, usage.reasoning, served_by, _text(outcome.request_id[:200]),
                attempt.shown, reservation.row,
            ),
        )  # fmt: skip
        sums = self._sums.setdefault(reservation.run, _Sums())
        sums.last = (told[0], kind, attempt.target.name)
        sums.attempts += 1
        sums.input += usage.input
        sums.output += usage.output
        sums.seconds += attempt.seconds + attempt.waited
        self._totals.move(reservation.run, reservation.periods, nano - reservation.nano)
        self._rates.came_back(attempt, taken=reservation.booking.tokens)
        self._move_health(attempt, is_probe=reservation.is_probe)
        if is_answer:
            self._purses.give(attempt.target.provider.name)

    def insert_run(self, run: RunRow) -> None:
        """Books a run, where that was not done before."""
        if run.id in self._runs:
            return
        self.connection.execute(
            "INSERT OR IGNORE INTO runs (id, at, command, task, rule, level, session, repository, agent, preset,"
            " private, decision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            storable(
                run.id, time.time(), run.command, run.task, run.rule, run.level, run.session, run.repository,
                run.agent, run.preset, run.private, json.dumps(run.decision, sort_keys=True),
            ),
        )  # fmt: skip
        self._runs.add(run.id)

    def close(self) -> None:
        """Moves the sums: each run's row and each total is written once, however many calls it had."""
        self._write_sums()
        self._totals.write()
        self._rates.write()

    def _write_sums(self) -> None:
        for run, sums in self._sums.items():
            outcome, kind, model = sums.last or ("", None, "")
            self.connection.execute(
                "UPDATE runs SET outcome = ?, kind = ?, model = ?, input = input + ?, output = output + ?,"
                " attempts = attempts + ?, seconds = seconds + ? WHERE id = ?",
                storable(outcome, kind, model, sums.input, sums.output, sums.attempts, sums.seconds, run),
            )
        self._sums.clear()

    def _refused(self, run: RunRow, failure: Failure) -> Failure:
        """Notes on its run that a call was refused; nothing left, so there is no attempt."""
        self._write_sums()  # in the order in which things happened: the last word stays
        self.connection.execute(
            "UPDATE runs SET outcome = 'failure', kind = ? WHERE id = ? AND NOT EXISTS"
            " (SELECT 1 FROM attempts WHERE run = runs.id AND outcome = 'open')", (failure.kind, run.id),
        )  # fmt: skip
        return failure

    def _move_health(self, attempt: Attempt, *, is_probe: bool) -> None:
        (key,) = storable(attempt.target.health_key)
        row = self._health_row(key)
        if row is None and isinstance(attempt.outcome, Answer):
            return
        before = health_of(row) if row else health_rules.WELL
        is_of_this_boot = row is None or row["boot"] == self._boot
        if (is_probe or not is_of_this_boot) and before.until != health_rules.FOREVER:
            # A probe left when the rest was over, and what kept the others away since then is its own claim, which
            # ends here. A rest of an earlier boot is told by a clock that no longer runs.
            before = replace(before, until=0.0)
        now = health_rules.after(before, attempt.outcome, now=time.monotonic())
        if now == before and not is_probe:
            return
        self._health.pop(key, None)
        if now.kind is None:
            self.connection.execute("DELETE FROM health WHERE target = ?", (key,))
            return
        self.connection.execute(
            "INSERT OR REPLACE INTO health VALUES (?, ?, ?, ?, ?, ?, ?)",
            storable(key, now.failures, now.kind, now.until, self._boot, now.message, time.time()),
        )

    def _claim_probe(self, target: Target) -> bool:
        """Keeps other processes away from a target that this call probes after its rest; False where it does not."""
        (key,) = storable(target.health_key)
        if self._health_row(key) is None:
            return False
        now = time.monotonic()
        cursor = self.connection.execute(
            "UPDATE health SET until = ? WHERE target = ? AND until <= ? AND boot = ?",
            (now + health_rules.PROBE_REST, key, now, self._boot),
        )
        self._health.pop(key, None)
        return cursor.rowcount > 0

    def _health_row(self, key: str) -> Row | None:
        if key not in self._health:
            self._health[key] = self.connection.execute(
                "SELECT failures, kind, until, message, boot FROM health WHERE target = ?", (key,)
            ).fetchone()
        return self._health[key]


def health_of(row: Row) -> health_rules.Health:
    """Returns the health that a row tells."""
    return health_rules.Health(failures=row["failures"], kind=row["kind"], until=row["until"], message=row["message"])


def storable(*values: Any) -> tuple[Any, ...]:
    """Returns the values as SQLite takes them: a folder's name or a flag may hold bytes that are no UTF-8."""
    return tuple(_text(value) if isinstance(value, str) else value for value in values)


def _text(value: str) -> str:
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


@memo
def _described(target: Target) -> tuple[Any, ...]:
    """Returns what a row says of its target: the same for all of many documents."""
    provider = target.provider
    return storable(
        target.health_key, target.model.name, provider.name, target.wire_id, privacy.origin(provider.base_url),
        target.local, provider.keys[0] if provider.keys else None,
    )  # fmt: skip
