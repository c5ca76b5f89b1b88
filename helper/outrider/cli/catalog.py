"""`outrider catalog`: every model's facts, in SQL, by role, with what is stale and what a plan costs."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import click

from outrider.cli.families import plain_options
from outrider.cli.session import Session
from outrider.cli.show import dump, note, out

EPILOG = """\b
Examples:
  outrider catalog sql "SELECT name, intelligence, coding, price FROM llms WHERE intelligence >= 45 ORDER BY price"
  outrider catalog pick orchestrator
  outrider catalog show opus
  outrider catalog stale

Facts have a date and a source. `price` is three parts input to one part output, in dollars for a million tokens."""
COST_EPILOG = """\b
Examples:
  outrider catalog cost plan.yaml
  outrider catalog cost --model openai.gpt_6_luna --documents 10000 --input 3000 --beside anthropic.opus_5_5

\b
plan.yaml:
  beside: anthropic.opus_5_5
  stages:
    - {name: extract, model: openai.gpt_6_luna, documents: 10000, input: 3000, output: 300, batch_share: 1}
    - {name: report, model: anthropic.sonnet_5_5, input: 120000, output: 12000}"""
MOST_EXCLUDED = 100
LIMIT = re.compile(r"(?is)\blimit\s+(\d+)\s*;?\s*$")


@click.group(epilog=EPILOG)
def catalog() -> None:
    """Look models up by facts: prices, windows, scores, speed; offline, dated, sourced."""


@catalog.command()
@click.argument("query", required=False, default="")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=1_000, show_default=True, help="Rows at most.")
@plain_options
def sql(query: str, *, as_csv: bool, limit: int, as_json: bool, quiet: bool) -> None:
    """Answer one SELECT over `llms`, `prices`, `scores`, `aliases`, `conflicts`, `snapshots`.

    `llms` has name, creator, intelligence, coding, price, tps, provider, id, model, family, price_input, price_output,
    price_cached, context, max_output, vision, tools, reasoning, local, status, released, shutdown, index_version,
    as_of, source. Scores are of the newest index version alone; older ones are in `scores`.
    """
    from outrider.cli import facts_in_force
    from outrider.doors import catalog as door

    session = Session()
    facts_in_force.ensure(session)
    found = door.query(session.places, query, limit=limit)
    if as_json:
        rows = [dict(zip(found.columns, map(_plain, row), strict=True)) for row in found.rows]
        notes = _notes(session, query, found)
        dump({"columns": list(found.columns), "rows": rows, "cut": found.is_cut, "notes": notes})
        return
    if as_csv:
        _print_csv(found.columns, found.rows)
    else:
        _print_table(found.columns, found.rows)
    for text in () if quiet else _notes(session, query, found):
        note(text)


def _notes(session: Session, query: str, found: Any) -> list[str]:
    """Says what a table does not show: rows that were cut, models without a price, why there are fewer than wanted."""
    from outrider.cli import facts_in_force

    counts = facts_in_force.counts(session)
    told = []
    if found.is_cut:
        told.append(f"cut after {len(found.rows):,} rows: see `--limit`")
    wanted = LIMIT.search(query)
    if wanted is not None and len(found.rows) < int(wanted[1]) and "llms" in query.lower():
        told.append(f"{len(found.rows)} of {wanted[1]} rows: no more fit")
        if counts["version"] is not None and re.search(r"(?i)intelligence|coding", query):
            told[-1] = (
                f"{len(found.rows)} of {wanted[1]} rows: {counts['scored']} of {counts['models']} models have a score "
                f"of index version {counts['version']}, whose best are {_best(counts, 'intelligence')} (intelligence) "
                f"and {_best(counts, 'coding')} (coding); older scores are in `scores`"
            )
    if "llms" in query.lower() and counts["unpriced"]:
        told.append(f"not in llms, for want of a price: {counts['unpriced']:,}")
    return told


def _best(counts: Mapping[str, Any], axis: str) -> str:
    value = counts[f"best_{axis}"]
    return "none" if value is None else f"{value:g}"


@catalog.command()
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@click.option("--force", is_flag=True, help="Take a list with fewer than half of the models before, too.")
@plain_options
def sync(sources: tuple[str, ...], *, force: bool, as_json: bool, quiet: bool) -> int:
    """Fetch facts from models.dev, litellm, openrouter, artificial-analysis, genai-prices, or all.

    Only public lists are fetched and nothing of yours is sent, but for your key to artificial-analysis. What fails
    leaves the old snapshot in place, and exits with 1.
    """
    from outrider.cli.catalog_sync import sync as fetch

    return fetch(sources, force=force, as_json=as_json, quiet=quiet)


@catalog.command()
@plain_options
def stale(*, as_json: bool, quiet: bool) -> None:
    """Name what is out of date: models that ended or will, old prices, models that no list has any more."""
    from outrider.cli.catalog_stale import show as show_stale

    show_stale(as_json=as_json, quiet=quiet)


@catalog.command(epilog=COST_EPILOG)
@click.argument("file", required=False)
@click.option("--model", metavar="NAME", help="The model, where there is no FILE.")
@click.option("--documents", type=int, metavar="N", help="How many times it is asked.")
@click.option("--input", "input_", type=int, metavar="N", help="Tokens in, each time.")
@click.option("--output", type=int, metavar="N", help="Tokens out, each time, thinking included.")
@click.option("--cached-share", type=float, metavar="SHARE", help="Which share of the input is read from the cache.")
@click.option("--batch-share", type=float, metavar="SHARE", help="Which share of the documents is sent in batches.")
@click.option("--hour", type=int, metavar="H", help="The hour (UTC); without it the dearest of the week counts.")
@click.option("--beside", metavar="NAME", help="A model to compare with, for everything.")
@plain_options
def cost(file: str | None, *, input_: int | None, as_json: bool, quiet: bool, **flags: Any) -> None:
    """Say what a plan costs with today's prices, stage by stage, and beside one model for everything."""
    from outrider.cli.catalog_cost import cost as count

    count(file, {**flags, "input": input_}, as_json=as_json, quiet=quiet)


@catalog.command()
@click.argument("role")
@click.option("--intelligence", type=float, metavar="N", help="An absolute floor, of the newest index version.")
@click.option("--coding", type=float, metavar="N", help="An absolute floor for coding.")
@click.option("--max-price", type=float, metavar="USD", help="Most for a million tokens, three in to one out.")
@click.option("--usable", is_flag=True, help="Only what you have a key for, or run yourself.")
@click.option("--limit", type=click.IntRange(1, 100), default=5, show_default=True, help="Models at most.")
@plain_options
def pick(role: str, *, intelligence: float | None, coding: float | None, max_price: float | None, usable: bool,
         limit: int, as_json: bool, quiet: bool) -> None:  # fmt: skip
    """Pick models for a role by its floors and its priority, and say what was left out by which number."""
    from outrider.cli import facts_in_force
    from outrider.rules.facts.picking import pick as choose
    from outrider.rules.selection import unknown

    session = Session()
    roles = {name: task for name, task in session.registry.tasks.items() if task.floors}
    if role not in roles:
        raise unknown("role", role, tuple(roles), command="tasks")
    task = roles[role]
    keyed = frozenset(session.keys.present(session.registry)) if usable else None
    given = {"intelligence": intelligence, "coding": coding}
    found = choose(
        facts_in_force.rows(session), shares=task.floors, priority=task.order, usable=keyed, most_price=max_price,
        absolute={axis: value for axis, value in given.items() if value is not None},
        needs=task.needs & {"vision", "tools", "reasoning"},
    )  # fmt: skip
    if as_json:
        dump(
            {"role": role, "priority": task.order,
             "floors": [{"axis": one.axis, "least": round(one.least, 2), "share": one.share} for one in found.floors],
             "models": [dict(row) for row in found.chosen[:limit]],
             "fit": len(found.chosen), "left_out": len(found.excluded),
             "excluded": [{"name": one.name, "why": one.why} for one in _nearest_misses(found.excluded)],
             "warnings": list(found.warnings)}
        )  # fmt: skip
        return
    floors = ", ".join(
        f"{one.axis} {one.least:.1f}" + (f" ({one.share:.0%} of the best)" if one.share else "") for one in found.floors
    )
    out(f"{role}: {task.order} first, at least {floors or 'nothing'}")
    shown = ("name", "provider", "model", "intelligence", "coding", "price", "tps")
    _print_table(shown, [tuple(row[name] for name in shown) for row in found.chosen[:limit]])
    for text in () if quiet else found.warnings:
        note(text)
    if not quiet:
        _print_excluded(found.excluded, more=max(len(found.chosen) - limit, 0))


def _nearest_misses(excluded: Sequence[Any]) -> Sequence[Any]:
    """Returns those that a number left out before those of which nothing is known, and not thousands of them."""
    return sorted(excluded, key=lambda one: one.why.startswith("no "))[:MOST_EXCLUDED]


def _print_excluded(excluded: Sequence[Any], *, more: int) -> None:
    """Says what was left out, gathered by the kind of reason, with the nearest misses by name."""
    kinds: dict[str, int] = {}
    for one in excluded:
        kind = re.sub(r"[\d.]+", "…", one.why)
        kinds[kind] = kinds.get(kind, 0) + 1
    if more:
        note(f"{more} more fit: see `--limit`")
    for kind, count in sorted(kinds.items(), key=lambda entry: -entry[1]):
        example = next(one for one in excluded if re.sub(r"[\d.]+", "…", one.why) == kind)
        note(f"left out: {count} ({example.name}: {example.why})")


@catalog.command()
@click.argument("name")
@plain_options
def show(name: str, *, as_json: bool, quiet: bool) -> None:
    """Show everything known of a model: by the registry's name, an alias, its id, or a part of its name."""
    from outrider.cli.catalog_show import show as show_facts

    show_facts(name, as_json=as_json, quiet=quiet)


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def _print_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_plain(value) for value in row] for row in rows)
    out(text.getvalue().removesuffix("\n"))


def _print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    from outrider.cli.show import table

    table([[_cell(value) for value in row] for row in rows], heads=columns)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1_000 else f"{value:,.0f}"
    return str(_plain(value)) if not isinstance(value, Mapping) else json.dumps(value)
