"""`outrider usage`: the ledger summed, or attempt by attempt."""

import time
from decimal import Decimal
from typing import Any

import click

from outrider.cli import budgets
from outrider.cli.families import plain_options
from outrider.cli.session import Session
from outrider.cli.show import dollars, dump, note, out, table
from outrider.doors import ledger_read
from outrider.doors.ledger_read import DIMENSIONS, Sum
from outrider.errors import OutriderError
from outrider.records import replace
from outrider.rules.limits import Spend
from outrider.rules.nearest import nearest
from outrider.rules.since import since as moment

EXAMPLES = """\b
Examples:
  outrider usage
  outrider usage --by day,model --since 30d
  outrider usage --rows --json --since 2026-11-01 > attempts.jsonl"""
ROW_HEADS = ("run", "attempt", "at", "model", "provider", "task", "outcome", "certainty", "in", "out", "cost")


@click.command(epilog=EXAMPLES)
@click.option("--by", metavar="WHAT", default="model", show_default=True,
              help=f"One or more of {', '.join(DIMENSIONS)}, with commas.")  # fmt: skip
@click.option("--since", metavar="T", help="A span (7d, 24h) or a date in UTC; default: everything.")
@click.option("--rows", is_flag=True, help="Each attempt; with --json one JSON object a line.")
@plain_options
def usage(*, by: str, since: str | None, rows: bool, as_json: bool, quiet: bool) -> None:
    """Sum the ledger: calls, tokens, dollars, shares.

    In doubt is what may have been billed: the call broke off and its provider never said. Budgets count it, the sum
    of dollars here does not.
    """
    dimensions = _dimensions(by)
    start = 0.0 if since is None else moment(since, now=time.time())
    session = Session()
    ledger = session.ledger
    if rows:
        _print_rows(ledger_read.attempts(ledger, since=start), as_json=as_json)
        return
    found = ledger_read.sums(ledger, by=dimensions, since=start)
    (total,) = ledger_read.sums(ledger, by=(), since=start) or (_NOTHING,)
    if as_json:
        dump({
            "since": ledger_read.stamp(start) if since else None, "by": list(dimensions),
            "rows": [_shape(entry, dimensions, total) for entry in found], "total": _shape(total, (), total),
            "budgets": budgets.facts(session.limits(), _spent(session)),
        })  # fmt: skip
        return
    if not total.calls:
        out("nothing was asked" + (f" since {ledger_read.stamp(start)}" if since else " yet"))
        return
    table(
        [_cells(entry, total) for entry in (*found, _named(total, "total", len(dimensions)))],
        heads=(*dimensions, "calls", "failed", "in", "out", "dollars", "share", "in doubt"),
    )
    if not quiet:
        out(f"budgets: {budgets.words(budgets.facts(session.limits(), _spent(session)))}")
    if total.unpriced and not quiet:
        note(f"{total.unpriced} calls had no known price: their dollars are a guess, or missing")


_NOTHING = Sum(
    names=(), calls=0, failures=0, input=0, output=0, cached=0, cost=Decimal(0), in_doubt=Decimal(0), unpriced=0
)


def _spent(session: Session) -> Spend:
    return session.ledger.spend("", at=time.time(), repository=session.places.project)


def _dimensions(by: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in by.split(",") if name.strip()))
    for name in names:
        if name not in DIMENSIONS:
            close = nearest(name, DIMENSIONS)
            raise OutriderError(
                f"`--by {name[:40]}` is nothing to sum by",
                hint=f"did you mean `{close}`?" if close else f"sum by one or more of {', '.join(DIMENSIONS)}",
            )
    return names


def _named(total: Sum, name: str, columns: int) -> Sum:
    return replace(total, names=(name, *[""] * (columns - 1)) if columns else ())


def _share(entry: Sum, total: Sum) -> float:
    return float(entry.cost / total.cost) if total.cost else 0.0


def _cells(entry: Sum, total: Sum) -> tuple[str, ...]:
    return (
        *("-" if name is None else name for name in entry.names), f"{entry.calls:,}", f"{entry.failures:,}",
        f"{entry.input:,}", f"{entry.output:,}", dollars(entry.cost, known=not entry.unpriced),
        f"{_share(entry, total):.0%}" if total.cost else "", dollars(entry.in_doubt) if entry.in_doubt else "",
    )  # fmt: skip


def _shape(entry: Sum, by: tuple[str, ...], total: Sum) -> dict[str, Any]:
    return {
        **dict(zip(by, entry.names, strict=True)), "calls": entry.calls, "failures": entry.failures,
        "input": entry.input, "output": entry.output, "cached": entry.cached, "cost_usd": entry.cost,
        "in_doubt_usd": entry.in_doubt, "unpriced": entry.unpriced, "share": round(_share(entry, total), 6),
    }  # fmt: skip


def _print_rows(attempts: Any, *, as_json: bool) -> None:
    if as_json:
        for attempt in attempts:
            dump(attempt)
        return
    cells = [
        (
            attempt["run"], str(attempt["attempt"]), attempt["at"], attempt["model"], attempt["provider"],
            attempt["task"] or "-", attempt["kind"] or attempt["outcome"], attempt["certainty"],
            f"{attempt['tokens']['input']:,}", f"{attempt['tokens']['output']:,}",
            dollars(Decimal(str(attempt["cost_usd"]))),
        )
        for attempt in attempts
    ]  # fmt: skip
    table(cells, heads=ROW_HEADS)
