"""How far a model may go with tools: rounds, calls, bytes and seconds, each a wall that the user can move."""

import json
from collections.abc import Mapping
from typing import Any

from outrider.records import record, replace

REPEATS = 2
"""How often the same call is carried out with the same arguments; the answer will not change for being asked again."""
STUBBORN = 6
"""After so many calls that were refused one after another, a model is no longer asked what it wants to call."""


SETTINGS = {
    "tool_rounds": "rounds", "tool_calls": "calls", "tool_bytes": "bytes", "tool_result_bytes": "result",
    "tool_start": "start", "tool_call": "call", "tool_total": "total",
}  # fmt: skip
"""What the settings call the walls that can be moved."""


@record
class Bounds:
    """The walls: `bytes` is for all results of a run, `result` for one of them, `schemas` for all offered tools.

    `start`, `call` and `total` are seconds.
    """

    rounds: int = 12
    calls: int = 60
    bytes: int = 1_000_000
    result: int = 100_000
    tools: int = 64
    schemas: int = 160_000
    start: float = 30.0
    call: float = 60.0
    total: float = 600.0


def bounds_from(row: Mapping[str, Any] | None, *, timeout: float | None = None) -> Bounds:
    """Reads the walls of the settings' `limits`; `timeout` is the run's own, in seconds."""
    named = {own: row[name] for name, own in SETTINGS.items() if name in row} if row else {}
    bounds = Bounds(**named)
    if timeout is None:
        return bounds
    return replace(bounds, start=min(bounds.start, timeout), total=min(bounds.total, timeout))


@record
class Used:
    """What a run has used so far. `seen` counts equal calls, `refused` those refused since the last that was not."""

    rounds: int = 0
    calls: int = 0
    bytes: int = 0
    refused: int = 0
    seen: Mapping[tuple[str, str], int]


NONE_YET = Used(seen={})


def same(name: str, arguments: Mapping[str, Any]) -> tuple[str, str]:
    """Returns what two calls have in common that are the same call."""
    return name, json.dumps(dict(arguments), sort_keys=True)


def is_last(used: Used, bounds: Bounds, *, elapsed: float) -> bool:
    """Whether the model must answer now, with what it has."""
    return (
        used.rounds >= bounds.rounds
        or used.calls >= bounds.calls
        or used.bytes >= bounds.bytes
        or used.refused >= STUBBORN
        or elapsed >= bounds.total * 0.8
    )


def why_last(used: Used, bounds: Bounds) -> str:
    """Says which wall ended the calls."""
    if used.rounds >= bounds.rounds:
        return f"{bounds.rounds} rounds of tool calls were made"
    if used.calls >= bounds.calls:
        return f"{bounds.calls} tools were called"
    if used.bytes >= bounds.bytes:
        return f"tools gave {bounds.bytes:,} bytes"
    if used.refused >= STUBBORN:
        return f"{STUBBORN} calls one after another were refused"
    return "the time for tools was used up"
