"""`outrider usage`: what was used and what it cost, from the ledger and from Claude Code's own transcripts."""

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from outrider.cli import budgets
from outrider.cli.families import plain_options
from outrider.cli.session import Session
from outrider.cli.show import dollars, dump, note, one_line, out, table
from outrider.doors import ledger_read
from outrider.doors.ledger_read import DIMENSIONS, Sum
from outrider.errors import OutriderError, StorageFault
from outrider.records import record, replace
from outrider.rules.limits import Spend
from outrider.rules.nearest import nearest
from outrider.rules.since import since as moment
from outrider.rules.spending import SOURCE
from outrider.rules.sums import OURS, Entry, from_tally, ordered, share, whole

if TYPE_CHECKING:
    from outrider.cli.spending import History
    from outrider.rules.spending import Spending

EXAMPLES = """\b
Examples:
  outrider usage
  outrider usage --by day,model --since 30d
  outrider usage --by agent --source claude_code --csv > agents.csv
  outrider usage --rows --json --since 2026-11-01 > attempts.jsonl"""
ROW_HEADS = ("run", "attempt", "at", "model", "provider", "task", "outcome", "certainty", "in", "out", "cost")
BOTH = "both"
HEADS = ("source", "calls", "failed", "in", "out", "read", "written", "dollars", "share", "in doubt")


@record
class Gathered:
    """What both books say: the sums, what each source came to, and what is in no total."""

    entries: tuple[Entry, ...]
    totals: tuple[Entry, ...]
    notes: tuple[str, ...]
    client: dict[str, Any] | None


@click.command(epilog=EXAMPLES)
@click.option("--by", metavar="WHAT", default="model", show_default=True,
              help=f"One or more of {', '.join(DIMENSIONS)}, with commas.")  # fmt: skip
@click.option("--since", metavar="T", help="A span (7d, 24h) or a date in UTC; default: everything.")
@click.option("--source", type=click.Choice([BOTH, OURS, SOURCE]), default=BOTH, show_default=True,
              help="The ledger, Claude Code's transcripts, or both.")  # fmt: skip
@click.option("--rows", is_flag=True, help="Each attempt of the ledger; with --json one JSON object a line.")
@click.option("--csv", "as_csv", is_flag=True, help="A table for a spreadsheet.")
@plain_options
def usage(
    *, by: str, since: str | None, source: str, rows: bool, as_csv: bool, as_json: bool, quiet: bool
) -> None:  # fmt: skip
    """Sum what was used: calls, tokens, dollars, shares.

    What ran through outrider is measured: billed to your keys. What Claude Code ran itself is priced: what the API
    would have charged for the tokens in its transcripts; a subscription does not pay that. Days are UTC.

    In doubt is what may have been billed: the call broke off and its provider never said. Budgets count it, the sum
    of dollars here does not.
    """
    dimensions = _dimensions(by)
    start = 0.0 if since is None else moment(since, now=time.time())
    session = Session()
    if rows:
        _print_rows(ledger_read.attempts(session.ledger, since=start), as_json=as_json)
        return
    found = gathered(session, dimensions, since=start, source=source)
    if as_json:
        _print_json(session, found, dimensions, since=ledger_read.stamp(start) if since else None)
    elif as_csv:
        _print_csv(found, dimensions)
    elif not found.entries:
        out("nothing was asked" + (f" since {ledger_read.stamp(start)}" if since else " yet"))
    else:
        _print_table(session, found, dimensions, quiet=quiet)
    if not quiet:
        for line in found.notes:
            note(line)


def gathered(session: Session, dimensions: tuple[str, ...], *, since: float, source: str = BOTH) -> Gathered:
    """Returns what both books say since a moment, summed by some dimensions."""
    entries: list[Entry] = []
    totals: list[Entry] = []
    notes: list[str] = []
    client, used = None, False
    if source != OURS:
        from outrider.cli import spending

        history: History = spending.history(session, since=since)
        sums: Spending = spending.spent(session, history, by=dimensions)
        entries += [from_tally(tally) for tally in sums.tallies]
        totals.append(from_tally(sums.total))
        notes += spending.told(history, sums)
        client, used = spending.facts(history, sums), sums.total.tokens.calls > 0
    if source != SOURCE:
        try:
            entries += [_ours(entry) for entry in ledger_read.sums(session.ledger, by=dimensions, since=since)]
            totals += [_ours(entry) for entry in ledger_read.sums(session.ledger, by=(), since=since)]
        except StorageFault as fault:
            # What the transcripts say is true without it.
            if not used:
                raise
            notes.append(f"the ledger is in no total: {fault.message}")
    found = [entry for entry in entries if entry.calls]
    used_of = tuple(total for total in totals if total.calls)
    return Gathered(entries=ordered(found), totals=used_of, notes=tuple(notes), client=client)


def _ours(entry: Sum) -> Entry:
    return Entry(
        source=OURS, names=entry.names, calls=entry.calls, failures=entry.failures, input=entry.input,
        output=entry.output, cached=entry.cached, written=entry.written, cost=entry.cost, in_doubt=entry.in_doubt,
        unpriced=entry.unpriced,
    )  # fmt: skip


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


def _print_json(session: Session, found: Gathered, dimensions: tuple[str, ...], *, since: str | None) -> None:
    total = whole(found.totals)
    try:
        facts = budgets.facts(session.limits(), _spent(session))
    except StorageFault:
        facts = []
    dump({
        "since": since, "by": list(dimensions),
        "rows": [_shape(entry, dimensions, total) for entry in found.entries], "total": _shape(total, (), total),
        "totals": {entry.source: _shape(entry, (), total) for entry in found.totals},
        "budgets": facts, SOURCE: found.client, "skipped": list(found.notes),
    })  # fmt: skip


def _shape(entry: Entry, by: tuple[str, ...], total: Entry) -> dict[str, Any]:
    return {
        **dict(zip(by, entry.names, strict=True)), "calls": entry.calls, "failures": entry.failures,
        "input": entry.input, "output": entry.output, "cached": entry.cached, "cost_usd": entry.known_cost,
        "in_doubt_usd": entry.in_doubt, "unpriced": entry.unpriced, "share": round(share(entry.cost, total.cost), 6),
        "source": entry.source or BOTH, "basis": entry.basis, "cache_write": entry.written,
        "cache_write_1h": entry.written_hour,
        "token_share": round(share(entry.input + entry.output, total.input + total.output), 6),
    }  # fmt: skip


def _print_csv(found: Gathered, dimensions: tuple[str, ...]) -> None:
    import csv
    import sys

    total = whole(found.totals)
    shapes = [_shape(entry, dimensions, total) for entry in found.entries]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(_shape(replace(total, names=dimensions), dimensions, total))
    for shape in shapes:
        writer.writerow(_plain(value) for value in shape.values())


def _plain(value: Any) -> Any:
    """Returns a cell that a spreadsheet takes for a number or a text, never for a formula."""
    match value:
        case None:
            return ""
        case Decimal():
            return f"{value:f}"
        case str() if value[:1] in {"=", "+", "-", "@"}:
            return f"'{one_line(value)}"
        case str():
            return one_line(value)
        case _:
            return value


def _print_table(session: Session, found: Gathered, dimensions: tuple[str, ...], *, quiet: bool) -> None:
    total = whole(found.totals)
    ends = [replace(entry, names=_named("total", dimensions)) for entry in found.totals]
    if len(ends) > 1:
        ends.append(replace(total, names=_named("total", dimensions)))
    table([_cells(entry, total) for entry in (*found.entries, *ends)], heads=(*dimensions, *HEADS))
    if quiet:
        return
    if found.client is not None and any(entry.source == SOURCE for entry in found.totals):
        day = found.client["priced_as_of"]
        listed = f"priced from the list of {day}" if day else "priced"
        out(f"{SOURCE}: {listed}, what the API would have charged; {OURS}: measured")
    try:
        out(f"budgets: {budgets.words(budgets.facts(session.limits(), _spent(session)))}")
    except StorageFault as fault:
        note(f"no budgets: {fault.message}")
    ours = sum(entry.unpriced for entry in found.totals if entry.source == OURS)
    if ours:
        note(f"{ours} calls had no known price: their dollars are a guess, or missing")


def _named(name: str, dimensions: tuple[str, ...]) -> tuple[str, ...]:
    return (name, *[""] * (len(dimensions) - 1)) if dimensions else ()


def _cells(entry: Entry, total: Entry) -> tuple[str, ...]:
    return (
        *("-" if name is None else name for name in entry.names), entry.source or BOTH, f"{entry.calls:,}",
        f"{entry.failures:,}", f"{entry.input:,}", f"{entry.output:,}", f"{entry.cached:,}", f"{entry.written:,}",
        dollars(entry.known_cost, known=not entry.unpriced),
        f"{share(entry.cost, total.cost):.0%}" if total.cost else "", dollars(entry.in_doubt) if entry.in_doubt else "",
    )  # fmt: skip


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
