"""A past run, explained so that it can be checked: its rule, its settings with their lines, its calls and prices."""

import json
import re
from collections.abc import Mapping
from typing import Any

from outrider.cli.session import Session
from outrider.cli.show import dollars, out
from outrider.errors import OutriderError
from outrider.rules.money import from_nano

MOST, TOLD, FIRST = 1_000, 40, 10
"""Of a batch, so many attempts are read at most; where there are more than `TOLD`, the first ones are printed."""
ROW = re.compile(r'\$\.(?:models|providers|tasks|presets|aliases)(?:\.\w+|\["[^"]*"\])')


def explained(session: Session, run: str | None) -> tuple[dict[str, Any], list[str]]:
    """Returns a past run as scripts read it, and as lines for people."""
    row = find(session, run)
    attempts = attempts_of(session, row)
    decision = json.loads(row["decision"])
    settings = with_lines(decision.get("settings", {}))
    return shape(row, decision, attempts, settings), lines(row, decision, attempts, settings)


def tell(session: Session, run: str | None) -> None:
    """Prints a past run, without where its settings stand."""
    row = find(session, run)
    for line in lines(row, json.loads(row["decision"]), attempts_of(session, row), {}):
        out(line)


def attempts_of(session: Session, row: Mapping[str, Any]) -> list[Any]:
    """Returns the attempts of a run, of a batch the first ones."""
    return session.ledger.read("SELECT * FROM attempts WHERE run = ? ORDER BY id LIMIT ?", (row["id"], MOST))


def find(session: Session, run: str | None) -> Mapping[str, Any]:
    """Returns a run's row: the one named, else the last one; inside Claude Code the last of its session."""
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


def with_lines(settings: Mapping[str, str]) -> dict[str, str]:
    """Adds the line to each setting's file, while the file still has the content that was used."""
    if not settings:
        return {}
    from outrider.doors.lines import located

    return {path: located(path, origin) for path, origin in settings.items()}


def shape(
    row: Mapping[str, Any], decision: Mapping[str, Any], attempts: list[Any], settings: Mapping[str, str]
) -> dict[str, Any]:
    """Returns a run as scripts read it."""
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


def lines(
    row: Mapping[str, Any], decision: Mapping[str, Any], attempts: list[Any], settings: Mapping[str, str]
) -> list[str]:
    """Returns a run as lines for people."""
    told: list[str] = []
    say = told.append
    say(f"run {row['id']}: {row['outcome']}{' (' + row['kind'] + ')' if row['kind'] else ''}")
    say(f"  rule that decided: {row['rule']}")
    for text in decision["rejected"]:
        say(f"  did not decide:    {text}")
    if row["task"]:
        say(f"  task: {row['task']}{', level ' + row['level'] if row['level'] else ''}")
    if decision.get("class_from"):
        say(f"  class: {decision['class']}, by {decision['class_from']}")
    for text in decision["notes"]:
        say(f"  note: {text}")
    for number, target in enumerate(decision["targets"], start=1):
        say(f"  choice {number}: {target['model']} at {target['provider']}/{target['id']}{_price(target)}")
    for entry in decision["passed"]:
        say(f"  passed over: {entry['model']}: {entry['why']}")
    for row_path, origin in by_row(settings).items():
        say(f"  setting: {row_path} from {origin}")
    panel = decision.get("panel", {})
    for line in _panel_lines(panel):
        say(f"  {line}")
    for attempt in attempts if len(attempts) <= TOLD else attempts[:FIRST]:
        purpose = _purpose(panel, attempt)
        ended = attempt["outcome"] + (f" ({attempt['kind']}: {attempt['message']})" if attempt["kind"] else "")
        cost = dollars(from_nano(attempt["cost_nano"]), known=bool(attempt["cost_known"]))
        tokens = f"{attempt['input']:,} in, {attempt['output']:,} out"
        say(
            f"  {purpose or 'attempt'}: {attempt['model']} at {attempt['origin']}: {ended}, "
            f"{attempt['seconds']:.2f} s, {cost} ({attempt['certainty']}), {tokens}"
        )
    if len(attempts) > TOLD:
        say(f"  and {row['attempts'] - FIRST:,} attempts more: `outrider usage --rows --json`")
    say(f"  cost: {dollars(from_nano(row['cost_nano']))}")
    return told


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
