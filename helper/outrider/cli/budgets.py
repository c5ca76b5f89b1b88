"""The budgets in force beside what was spent, for `status` and `usage`."""

from decimal import Decimal
from typing import Any

from outrider.cli.show import dollars
from outrider.rules.limits import PERIODS, Limits, Spend


def facts(limits: Limits, spend: Spend) -> list[dict[str, Any]]:
    """Returns each budget, what counts against it so far, reservations of calls under way too, and who set it.

    A run's own begins with the run; a repository's is the one of the folder that we stand in.
    """
    spent = {"day": spend.day, "month": spend.month, "per_repo": spend.per_repo}
    return [
        {
            "period": period,
            "budget_usd": limits.budget.get(period),
            "spent_usd": spent.get(period),
            "set": period in limits.budgets_set,
        }
        for period in PERIODS
    ]


def words(entries: list[dict[str, Any]]) -> str:
    """Returns the budgets in one line; a repository's day is named where there is a budget for it."""
    return "; ".join(
        _words(entry) for entry in entries if entry["period"] != "per_repo" or entry["budget_usd"] is not None
    )


def _words(entry: dict[str, Any]) -> str:
    budget: Decimal | None = entry["budget_usd"]
    spent: Decimal | None = entry["spent_usd"]
    name = "repository's day" if entry["period"] == "per_repo" else entry["period"]
    wall = "no budget" if budget is None else f"{dollars(budget)}{'' if entry['set'] else ' (default)'}"
    if spent is None:
        return f"{name} {wall}"
    return f"{name} {dollars(spent)} {'spent, ' if budget is None else 'of '}{wall}"
