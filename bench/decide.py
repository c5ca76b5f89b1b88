"""Measures one decision: `python -m bench.decide`.

It prints the median processor time of `route()` on the bundled registry with every key there is, together with what
has to be known of the prompt first: its level score, its tokens, the rules' keywords. The bars are 5 ms for a short
prompt and 20 ms for one of 100 kB. Nothing is read or asked while the clock runs.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median

from outrider.data import Message
from outrider.rows import Registry
from outrider.rules import complexity, money
from outrider.rules.limits import limits_from
from outrider.rules.routing import route
from outrider.rules.rows_from import registry_from
from outrider.rules.selection import Facts, Selection, keywords_in
from outrider.rules.targets import Served, Situation

BUNDLED = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".claude", "config", "models.json")
ROUNDS = 200
PROSE = "Explain why the cache of the second shard holds sessions that the first one closed, and how to prove it. "
LOG = "2026-11-20T12:00:01Z WARN [cache] shard 3 refused while the worker was closed\n"
PROMPTS = {
    "short prompt": ("rename this variable", 5.0),
    "100 kB of prose": (PROSE * (100_000 // len(PROSE) + 1), 20.0),
    "100 kB of log": (PROSE + LOG * (100_000 // len(LOG) + 1), 20.0),
}
SELECTIONS = {
    "default": Selection(),
    "-t auto": Selection(task="auto"),
    "-t orchestrator": Selection(task="orchestrator"),
    "--private": Selection(private=True),
}


def main() -> None:
    """Prints the table."""
    registry = read()
    situation = everything(registry)
    say(f"{len(registry.models)} models, {len(situation.keys)} providers with a key, {ROUNDS} rounds")
    say(f"\n{'median ms':<18}{''.join(f'{name:>17}' for name in SELECTIONS)}{'bar':>7}")
    for name, (prompt, bar) in PROMPTS.items():
        times = [
            milliseconds(partial(decide, registry, selection, prompt, situation)) for selection in SELECTIONS.values()
        ]
        missed = "" if max(times) < bar else "  MISSED"
        say(f"{name:<18}{''.join(f'{taken:>17.3f}' for taken in times)}{bar:>7.0f}{missed}")


def read() -> Registry:
    """Reads the registry that is shipped."""
    with open(BUNDLED, encoding="utf-8") as file:
        values = json.load(file)
    return registry_from(values, origins={}, digest="bundled", notes=())


def everything(registry: Registry) -> Situation:
    """Returns the longest decision: every key is there, and every local server is alive with some models."""
    return Situation(
        keys=dict.fromkeys(registry.providers, "key"),
        health={},
        served={
            provider.name: Served(alive=True, ids=tuple(f"model-{number}:7b" for number in range(20)))
            for provider in registry.providers.values()
            if provider.serves_listed
        },
        limits=limits_from(registry.values["limits"], was_set=frozenset()),
        at=1_795_000_000.0,
    )


def decide(registry: Registry, selection: Selection, prompt: str, situation: Situation) -> None:
    """Makes one decision from a prompt, as `outrider route` does."""
    messages = (Message(role="user", text=prompt),)
    facts = Facts(
        tokens=money.likely_tokens(messages),
        most_tokens=money.most_tokens(messages),
        score=complexity.score(prompt),
        keywords=keywords_in(prompt, tuple(registry.values.get("rules", ()))),
    )
    route(registry, selection, facts, situation)


def milliseconds(work: Callable[[], None]) -> float:
    """Returns the median processor time of some work, in milliseconds: others may use the machine."""
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        times.append((time.process_time() - start) * 1_000)
    return median(times)


def say(line: str) -> None:
    """Prints one line."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
