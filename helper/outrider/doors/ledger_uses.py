"""What the ledger says for the reckoning of savings: the answers that were used, and what was paid beside them."""

from outrider.doors.ledger_file import LedgerFile
from outrider.rules.client_prices import Tokens
from outrider.rules.money import from_nano
from outrider.rules.savings import Use

# Of several answers in one run (of one item of a batch) the last is the one that was used.
QUERY = """
SELECT session, used, outcome, known, {above} AS above, CAST(at / 86400 AS INTEGER) * 86400 AS day, COUNT(*) AS calls,
    SUM(input) AS input, SUM(output) AS output, SUM(cached) AS cached, SUM(cache_write) AS written,
    SUM(CASE certainty WHEN 'in_doubt' THEN 0 ELSE cost_nano END) AS cost,
    SUM(CASE certainty WHEN 'in_doubt' THEN cost_nano ELSE 0 END) AS doubt, SUM(seconds) AS seconds
FROM (SELECT attempts.at, attempts.input, attempts.output, attempts.cached, attempts.cache_write, attempts.cost_nano,
    attempts.certainty, attempts.seconds, runs.session, attempts.outcome,
    cost_known OR certainty = 'not_sent' AS known,
    attempts.id = MAX(CASE attempts.outcome WHEN 'answer' THEN attempts.id END)
        OVER (PARTITION BY attempts.run, attempts.item) AS used
    FROM attempts JOIN runs ON runs.id = attempts.run WHERE attempts.at >= ?)
GROUP BY 1, 2, 3, 4, 5, 6
"""


def uses(ledger: LedgerFile, *, since: float, steps: tuple[int, ...]) -> tuple[Use, ...]:
    """Returns what was asked through the helper since a moment; `steps` are sizes of prompts where a price changes."""
    above = " + ".join(f"(input > {int(step)})" for step in steps) or "0"
    found = []
    for row in ledger.read(QUERY.replace("{above}", above), (since,)):
        written, cached = row["written"] or 0, row["cached"] or 0
        found.append(
            Use(
                session=row["session"] or "", is_used=bool(row["used"]), is_answer=row["outcome"] == "answer",
                is_known=bool(row["known"]), at=float(row["day"]), seconds=row["seconds"] or 0.0,
                prompt=steps[row["above"] - 1] + 1 if row["above"] else 0, cost=from_nano(row["cost"] or 0),
                in_doubt=from_nano(row["doubt"] or 0),
                tokens=Tokens(
                    calls=row["calls"], fresh=max((row["input"] or 0) - cached - written, 0),
                    output=row["output"] or 0, read=cached, five=written,
                ),
            )
        )  # fmt: skip
    return tuple(found)
