"""Seats models of three families at scripted providers, and reads what the book says of a run."""

import json
from pathlib import Path
from typing import Any

from tests.cli.typing_it import write_layer
from tests.doors.booking import rows
from tests.servers import Reply, ScriptedServer, say

PRICE = {"input": 1, "output": 2}


def write_seats(home: Path, server: ScriptedServer, *, is_local: bool = False, **more: Any) -> dict[str, Any]:
    """Writes a layer with three models of three families, a fourth of the first's, an alias, a task, a panel.

    With `is_local` they run on the user's own machine, and a fifth, `far.x` of a family of its own, does not.
    """
    families = {"one": "alpha", "two": "beta", "three": "gamma", "four": "alpha"}
    layer: dict[str, Any] = {
        "providers": {"here": {"dialect": "openai", "base_url": f"{server.url}/v1"}},
        "models": {
            f"here.{name}": {"provider": "here", "id": name, "family": family, "price": PRICE, "context": 100_000,
                             "max_output": 1_000}
            for name, family in families.items()
        },
        "aliases": {"nick": "here.one"},
        "tasks": {"ours": {"chain": ["here.three", "here.two", "here.one"]}},
        "panels": {"trio": ["here.one", "here.two", "here.three"]},
        "default": "ours",
        **more,
    }  # fmt: skip
    if is_local:
        layer["providers"]["here"]["local"] = True
        layer["providers"]["far"] = {"dialect": "openai", "base_url": "https://far.invalid/v1"}
        layer["models"]["far.x"] = {"provider": "far", "id": "x", "family": "delta", "price": PRICE}
    write_layer(home, layer)
    return layer


def vote(choice: str, reason: str = "it is so") -> Reply:
    """Returns a seat's vote."""
    return say(json.dumps({"choice": choice, "reason": reason}))


def booked(home: Path) -> tuple[int, list[tuple[str, str, str]]]:
    """Returns what the book holds in nano-dollars, and each call's model, end and certainty."""
    home = home / ".config" / "outrider"
    total = rows(home, "SELECT COALESCE(SUM(cost_nano), 0) FROM attempts")[0][0]
    calls = rows(home, "SELECT wire_id, COALESCE(kind, outcome), certainty FROM attempts ORDER BY id")
    return total, [tuple(call) for call in calls]


def ended(home: Path) -> tuple[str, str | None]:
    """Returns how the last run ended by the book."""
    found = rows(home / ".config" / "outrider", "SELECT outcome, kind FROM runs ORDER BY rowid DESC LIMIT 1")[0]
    return found[0], found[1]
