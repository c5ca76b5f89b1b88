"""What the report asks of the book beyond sums: fallbacks by reason, how long answers took, cascades, days' totals."""

from outrider.doors.ledger_file import LedgerFile
from outrider.rules.money import from_nano
from outrider.rules.report_facts import Burn, Climb, Latency, Step

PANELS = "('compare', 'consensus', 'cascade', 'verify')"
"""Commands that ask several models anyway: that one is asked after another failed is no fallback there."""


def steps(ledger: LedgerFile, *, since: float, repository: str | None) -> tuple[Step, ...]:
    """Returns how often a question went on from a target that failed to another one, the most frequent first."""
    rows = ledger.read(
        "SELECT COALESCE(kind, 'failure') AS kind, model, second, COUNT(*) AS number FROM ("  # noqa: S608 (our own words)
        " SELECT attempts.outcome, attempts.kind, attempts.model, attempts.target,"
        " LEAD(attempts.target) OVER turns AS next, LEAD(attempts.model) OVER turns AS second"
        " FROM attempts JOIN runs ON runs.id = attempts.run"
        f" WHERE attempts.at >= ?1 AND runs.command NOT IN {PANELS} AND (?2 IS NULL OR runs.repository = ?2)"
        " WINDOW turns AS (PARTITION BY attempts.run, attempts.item ORDER BY attempts.id)"
        ") WHERE outcome = 'failure' AND next <> target GROUP BY 1, 2, 3 ORDER BY number DESC, 1, 2, 3",
        (since, repository),
    )
    return tuple(
        Step(kind=row["kind"], first=row["model"], second=row["second"], count=row["number"]) for row in rows
    )  # fmt: skip


def latencies(ledger: LedgerFile, *, since: float, repository: str | None) -> tuple[Latency, ...]:
    """Returns how long each model's answers took: the ranks that a report shows, never every answer."""
    rows = ledger.read(
        "SELECT model, answers, MAX(CASE WHEN place = (answers + 9) / 10 THEN seconds END) AS low,"
        " MAX(CASE WHEN place = (answers + 1) / 2 THEN seconds END) AS half,"
        " MAX(CASE WHEN place = (9 * answers + 9) / 10 THEN seconds END) AS high, MAX(seconds) AS most FROM ("
        " SELECT model, seconds, COUNT(*) OVER (PARTITION BY model) AS answers,"
        " ROW_NUMBER() OVER (PARTITION BY model ORDER BY seconds) AS place FROM ("
        " SELECT attempts.model, attempts.seconds FROM attempts JOIN runs ON runs.id = attempts.run"
        " WHERE attempts.at >= ?1 AND attempts.outcome = 'answer' AND (?2 IS NULL OR runs.repository = ?2)))"
        " GROUP BY model ORDER BY answers DESC, model",
        (since, repository),
    )
    return tuple(
        Latency(
            model=row["model"], answers=row["answers"], low=row["low"], half=row["half"], high=row["high"],
            most=row["most"],
        )
        for row in rows
    )  # fmt: skip


def climbs(ledger: LedgerFile, *, since: float, repository: str | None) -> tuple[Climb, ...]:
    """Returns the runs of `cascade` by how many models they asked and which answered last."""
    rows = ledger.read(
        "SELECT asked, last, COUNT(*) AS runs, SUM(cost_nano) AS cost FROM ("
        " SELECT runs.cost_nano, (SELECT COUNT(DISTINCT model) FROM attempts WHERE run = runs.id) AS asked,"
        " (SELECT model FROM attempts WHERE run = runs.id AND outcome = 'answer' ORDER BY id DESC LIMIT 1) AS last"
        " FROM runs WHERE command = 'cascade' AND at >= ?1 AND (?2 IS NULL OR repository = ?2))"
        " GROUP BY 1, 2 ORDER BY 1, runs DESC, 2",
        (since, repository),
    )
    return tuple(
        Climb(asked=row["asked"], last=row["last"], runs=row["runs"], cost=from_nano(row["cost"])) for row in rows
    )  # fmt: skip


def burn(ledger: LedgerFile, *, since: str, repository: str | None) -> tuple[Burn, ...]:
    """Returns what counted against the budget of each day from `since` (a date, or nothing) on, oldest first."""
    begin, end = ("day:", "") if repository is None else ("repo:", f":{repository}")
    rows = ledger.read(
        "SELECT substr(period, ?1, 10) AS day, nano FROM spend WHERE substr(period, 1, ?1 - 1) = ?2"
        " AND substr(period, ?1 + 10) = ?3 AND substr(period, ?1, 10) >= ?4 ORDER BY 1",
        (len(begin) + 1, begin, end, since),
    )
    return tuple(Burn(day=row["day"], spent=from_nano(row["nano"])) for row in rows)
