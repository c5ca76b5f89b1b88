"""`outrider policy`: what another policy would have decided, and whether this one decides as a team expects."""

import json
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import click

from outrider.cli.session import Session
from outrider.cli.show import dollars, dump, out
from outrider.errors import OutriderError

EPILOG = """\b
Examples:
  outrider policy diff current stricter.json --since 30d
  outrider policy test routes.yaml --json

A and B are `bundled`, `current`, or a file that stands in for your own layer. Nothing is asked, and nothing changes."""


@click.group(epilog=EPILOG)
def policy() -> None:
    """Try a policy on what was asked before, or on a table of prompts, without asking anybody."""


@policy.command()
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@click.option("--since", metavar="T", help="Runs since a date or for so long: 2026-11-01, 30d, 12h.")
@click.option("--outcomes", metavar="FILE", help='How well models did: JSON lines {"run", "outcomes": {MODEL: 0..1}}.')
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def diff(one: str, other: str, *, since: str | None, outcomes: str | None, as_json: bool) -> None:
    """Decide every run of the ledger again under two registries, and list each decision that changes.

    Costs are those of the run's own tokens at each side's price. What was resting, and which keys there were, is as it
    was then.
    """
    from outrider.cli import policy_cases
    from outrider.doors.registry_variants import variant
    from outrider.rules.replaying import compared
    from outrider.rules.since import since as moment

    session = Session()
    start = moment(since, now=time.time()) if since else 0.0
    registries = variant(session.places, one), variant(session.places, other)
    runs, skipped = policy_cases.past(session, since=start)
    found = compared(*registries, runs)
    beside = policy_cases.judged(registries, runs, policy_cases.read_outcomes(outcomes)) if outcomes else ((), ())
    if as_json:
        dump(
            {"a": one, "b": other, "replayed": found.replayed, "skipped": skipped, "changed": len(found.changes),
             "cost_usd": {"a": float(found.before), "b": float(found.after)}, "unpriced": found.unpriced,
             "changes": [_change(change) for change in found.changes],
             "beside": {"a": _measures(beside[0]), "b": _measures(beside[1])}}
        )  # fmt: skip
        return
    for change in found.changes:
        moved = f"{_told(change.before)} -> {_told(change.after)}"
        out(f"{change.run}  {change.task or '-'}: {moved}" + "".join(f"\n    {risk}" for risk in change.risks))
    out(
        f"{found.replayed} runs decided again, {len(found.changes)} changed"
        + (f"; {skipped} could not be" * bool(skipped))
    )
    priced = found.replayed - found.unpriced
    out(f"cost of the {priced} with a price on both sides: {dollars(found.before)} -> {dollars(found.after)}")
    for name, measures in zip((one, other), beside, strict=True):
        _print_measures(name, measures)


@policy.command("test")
@click.argument("file", metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def check(file: str, *, as_json: bool) -> int:
    """Check a table of prompts and the routes that they must take; exit 4 where one is wrong.

    FILE is YAML or JSON: `cases`, each with a `prompt`, what chooses (`task`, `model`, `private`, `preset`), and
    `expect`: `first`, `task`, `level`, `how`, `agent`, `provider`, `local`, `not`, `max_cost_usd`. `keys` names the
    providers that have a key, `all` where it is left out; `served` the local servers that run.
    """
    from outrider.cli import policy_cases

    session = Session()
    cases = policy_cases.read_cases(file)
    results = [policy_cases.tried(session, case, cases) for case in cases["cases"]]
    wrong = [result for result in results if result["wrong"]]
    beside = policy_cases.measured(results)
    if as_json:
        shown = [{name: value for name, value in result.items() if name != "case"} for result in results]
        dump({"cases": len(results), "failed": len(wrong), "results": shown, "beside": _measures(beside)})
    else:
        for result in wrong:
            out(f"{result['name']}: " + "; ".join(result["wrong"]))
        out(f"{len(results) - len(wrong)} of {len(results)} cases go where they should")
        _print_measures("this policy", beside)
    return 4 if wrong else 0


def _told(outcome: Any) -> str:
    if outcome.refused:
        return "refused"
    if outcome.first is None:
        return "no model"
    return f"{outcome.first} ({outcome.agent})" if outcome.agent else str(outcome.first)


def _change(change: Any) -> dict[str, Any]:
    def side(outcome: Any) -> dict[str, Any]:
        return {
            "first": outcome.first, "provider": outcome.provider or None, "how": outcome.how, "agent": outcome.agent,
            "local": outcome.local, "cost_usd": None if outcome.cost is None else float(outcome.cost),
            "refused": outcome.refused or None,
        }  # fmt: skip

    return {
        "run": change.run, "task": change.task or None, "a": side(change.before), "b": side(change.after),
        "risks": list(change.risks),
    }  # fmt: skip


def _measures(measures: Any) -> list[dict[str, Any]]:
    return [
        {"name": one.name, "outcome": round(one.outcome, 4), "cost_usd": None if one.cost is None else float(one.cost)}
        for one in measures
    ]  # fmt: skip


def _print_measures(name: str, measures: Any) -> None:
    if measures:
        out(f"{name}, on the cases with outcomes:")
    for one in measures:
        cost = "unknown" if one.cost is None else dollars(Decimal(one.cost))
        out(f"  {one.name:<32} {one.outcome:.3f}  {cost} a case")


def read_json_lines(data: bytes, *, source: str) -> list[Mapping[str, Any]]:
    """Reads a JSON object a line."""
    rows: list[Mapping[str, Any]] = []
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
        try:
            row = json.loads(line) if line.strip() else {}
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise OutriderError(
                f"{source}, line {number} is no JSON object", hint='write `{"run": …, "outcomes": {…}}`'
            )
        rows += [row] if row else []
    return rows
