"""`outrider why`: the stored decision of a past run, told so that it can be checked."""

import json
import re
from collections.abc import Mapping
from typing import Any

import click

from outrider.cli.session import Session
from outrider.cli.show import dollars, dump, out
from outrider.errors import OutriderError
from outrider.rules.money import from_nano

ROW = re.compile(r'\$\.(?:models|providers|tasks|presets|aliases)(?:\.\w+|\["[^"]*"\])')


@click.command(epilog="\b\nExamples:\n  outrider why\n  outrider why 1k2m3n --json")
@click.argument("run", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def why(run: str | None, *, as_json: bool) -> None:
    """Explain a past run: the rule that won, those that lost, settings, prices, models passed over.

    Without RUN the last one; inside Claude Code the last one of this session.
    """
    session = Session()
    row = _find(session, run)
    attempts = session.ledger.read("SELECT * FROM attempts WHERE run = ? ORDER BY id", (row["id"],))
    decision = json.loads(row["decision"])
    settings = _with_lines(decision.get("settings", {}))
    if as_json:
        dump(_shape(row, decision, attempts, settings))
        return
    _print(row, decision, attempts, settings)


def tell(session: Session, run: str | None) -> None:
    """Prints the explanation of a run in an open session."""
    row = _find(session, run)
    attempts = session.ledger.read("SELECT * FROM attempts WHERE run = ? ORDER BY id", (row["id"],))
    _print(row, json.loads(row["decision"]), attempts, {})


def _find(session: Session, run: str | None) -> Mapping[str, Any]:
    if run is not None:
        rows = session.ledger.read("SELECT * FROM runs WHERE id = ?", (run,))
        if not rows:
            raise OutriderError(f"no run is called `{run[:40]}`", hint="list them with `outrider runs`")
        return dict(rows[0])
    own = session.environment.get("CLAUDE_CODE_SESSION_ID") if session.inside_claude else None
    rows = session.ledger.read(
        "SELECT * FROM runs WHERE ?1 IS NULL OR session = ?1 ORDER BY at DESC, rowid DESC LIMIT 1", (own,)
    )
    if not rows:
        raise OutriderError("nothing has run yet", hint='ask something: `outrider ask -m echo "hello"`')
    return dict(rows[0])


def _with_lines(settings: Mapping[str, str]) -> dict[str, str]:
    """Adds the line to each setting's file, while the file still has the content that was used."""
    if not settings:
        return {}
    from outrider.doors.lines import located

    return {path: located(path, origin) for path, origin in settings.items()}


def _shape(
    row: Mapping[str, Any], decision: Mapping[str, Any], attempts: list[Any], settings: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "run": row["id"], "at": row["at"], "command": row["command"], "outcome": row["outcome"], "kind": row["kind"],
        "task": row["task"] or None, "rule": row["rule"], "level": row["level"],
        "rejected": decision["rejected"], "models": decision["targets"], "passed": decision["passed"],
        "notes": decision["notes"], "private": bool(row["private"]), "settings": settings,
        "class": decision.get("class"), "class_from": decision.get("class_from") or None,
        "inputs": decision["inputs"], "cost_usd": float(from_nano(row["cost_nano"])),
        **({"panel": decision["panel"]} if "panel" in decision else {}),
        "attempts": [
            {"model": attempt["model"], "provider": attempt["provider"], "id": attempt["wire_id"],
             "origin": attempt["origin"], "outcome": attempt["outcome"], "kind": attempt["kind"],
             "status": attempt["status"], "message": attempt["message"], "seconds": round(attempt["seconds"], 3),
             "cost_usd": float(from_nano(attempt["cost_nano"])), "certainty": attempt["certainty"],
             **({"purpose": _purpose(decision["panel"], attempt)} if "panel" in decision else {}),
             "usage": {"input": attempt["input"], "output": attempt["output"], "cached": attempt["cached"]}}
            for attempt in attempts
        ],
    }  # fmt: skip


def _print(
    row: Mapping[str, Any], decision: Mapping[str, Any], attempts: list[Any], settings: Mapping[str, str]
) -> None:
    out(f"run {row['id']}: {row['outcome']}{' (' + row['kind'] + ')' if row['kind'] else ''}")
    out(f"  rule that decided: {row['rule']}")
    for text in decision["rejected"]:
        out(f"  did not decide:    {text}")
    if row["task"]:
        out(f"  task: {row['task']}{', level ' + row['level'] if row['level'] else ''}")
    if decision.get("class_from"):
        out(f"  class: {decision['class']}, by {decision['class_from']}")
    for text in decision["notes"]:
        out(f"  note: {text}")
    for number, target in enumerate(decision["targets"], start=1):
        out(f"  choice {number}: {target['model']} at {target['provider']}/{target['id']}{_price(target)}")
    for entry in decision["passed"]:
        out(f"  passed over: {entry['model']}: {entry['why']}")
    for row_path, origin in by_row(settings).items():
        out(f"  setting: {row_path} from {origin}")
    panel = decision.get("panel", {})
    for line in _panel_lines(panel):
        out(f"  {line}")
    for attempt in attempts:
        purpose = _purpose(panel, attempt)
        ended = attempt["outcome"] + (f" ({attempt['kind']}: {attempt['message']})" if attempt["kind"] else "")
        cost = dollars(from_nano(attempt["cost_nano"]), known=bool(attempt["cost_known"]))
        tokens = f"{attempt['input']:,} in, {attempt['output']:,} out"
        out(
            f"  {purpose or 'attempt'}: {attempt['model']} at {attempt['origin']}: {ended}, "
            f"{attempt['seconds']:.2f} s, {cost} ({attempt['certainty']}), {tokens}"
        )
    out(f"  cost: {dollars(from_nano(row['cost_nano']))}")


def _panel_lines(panel: Mapping[str, Any]) -> list[str]:
    """Returns who sat on a panel, and what it came to."""
    given = set(panel.get("given", ()))
    lines = [
        f"seat: {seat['model']}, family {seat['family']}{', for its side: ' + seat['stance'] if seat['stance'] else ''}"
        f"{', handed in' if seat['model'] in given else ''}"
        for seat in panel.get("seats", ())
    ]
    return [*lines, f"came to: {panel['verdict']}"] if panel.get("verdict") else lines


def _purpose(panel: Mapping[str, Any], attempt: Mapping[str, Any]) -> str | None:
    """Returns what a call of a panel was for; None for one of a single question."""
    purposes = panel.get("purposes", ())
    number = int(attempt["number"])
    return str(purposes[number - 1]) if 0 < number <= len(purposes) else None


def by_row(settings: Mapping[str, str]) -> dict[str, str]:
    """Returns the settings a row each, where all of a row was set in one file; at the row's first line."""
    rows: dict[str, dict[str, str]] = {}
    for path, origin in settings.items():
        match = ROW.match(path)
        rows.setdefault(match[0] if match else path, {})[path] = origin
    told: dict[str, str] = {}
    for row, found in rows.items():
        files = {origin.rpartition(":")[0] or origin for origin in found.values()}
        told |= {row: min(found.values(), key=_line)} if len(files) == 1 else found
    return told


def _line(origin: str) -> int:
    number = origin.rpartition(":")[2]
    return int(number) if number.isdigit() else 0


def _price(target: Mapping[str, Any]) -> str:
    price = target.get("price")
    if not price:
        return ""
    as_of = f", as of {target['as_of']}" if target.get("as_of") else ""
    source = f", {target['price_source']}" if target.get("price_source") else ""
    return f" (${price.get('input')} in, ${price.get('output')} out for a million tokens{as_of}{source})"
