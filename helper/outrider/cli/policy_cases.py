"""Reads what a policy is tried on: the runs of the ledger, outcomes from a file, a team's table of prompts."""

import json
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from outrider.cli import prompts
from outrider.cli.policy import read_json_lines
from outrider.cli.session import Session
from outrider.data import Message, Usage
from outrider.doors.files import read_small
from outrider.errors import OutriderError
from outrider.rows import Registry
from outrider.rules import money
from outrider.rules.nearest import nearest
from outrider.rules.replaying import Past, first_of, outcome
from outrider.rules.routing import LIKELY_OUTPUT, model_called
from outrider.rules.routing import route as decide
from outrider.rules.selection import Selection
from outrider.rules.targets import Served, Situation
from outrider.rules.yardsticks import Case, Yardstick, beside

LARGEST = 33_554_432
MOST_RUNS = 100_000
EXPECTED = ("first", "task", "level", "how", "agent", "provider", "local", "not", "max_cost_usd")
CHOOSES = ("prompt", "name", "task", "model", "private", "preset", "needs", "tokens", "expect", "outcomes")


def past(session: Session, *, since: float) -> tuple[tuple[Past, ...], int]:
    """Returns the runs whose decision can be replayed, and how many cannot."""
    rows = session.ledger.read(
        "SELECT id, at, decision, input, output FROM runs WHERE at >= ? ORDER BY at LIMIT ?", (since, MOST_RUNS)
    )
    found, skipped = [], 0
    for row in rows:
        inputs = json.loads(row["decision"]).get("inputs")
        if not isinstance(inputs, dict) or not {"selection", "facts"} <= set(inputs):
            skipped += 1
            continue
        # A run that never came to an answer is priced as it would likely have come out.
        usage = Usage(input=row["input"] or inputs["facts"].get("tokens", 0), output=row["output"] or LIKELY_OUTPUT)
        found.append(Past(run=row["id"], at=row["at"], inputs=inputs, usage=usage))
    return tuple(found), skipped


def read_outcomes(path: str) -> dict[str, dict[str, float]]:
    """Reads how well each model did on each run."""
    data = read_small(path, limit=LARGEST)
    if data is None:
        raise OutriderError(f"there is no file {path}", hint="name a file of JSON lines")
    return {
        str(row.get("run")): _scores(row.get("outcomes"), source=path) for row in read_json_lines(data, source=path)
    }


def _scores(given: Any, *, source: str) -> dict[str, float]:
    is_right = isinstance(given, Mapping) and all(
        isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1 for value in given.values()
    )
    if not is_right:
        raise OutriderError(f"{source}: `outcomes` wants a number from 0 to 1 for each model", hint="mend that line")
    return {str(name): float(value) for name, value in given.items()}


def judged(
    registries: tuple[Registry, Registry], runs: tuple[Past, ...], outcomes: Mapping[str, Mapping[str, float]]
) -> tuple[tuple[Yardstick, ...], tuple[Yardstick, ...]]:
    """Returns each registry beside the yardsticks, on the runs that have outcomes."""
    sides = []
    for registry in registries:
        cases = []
        for run in runs:
            if run.run in outcomes:
                chosen = outcome(registry, run)[0].first or ""
                costs = _costs(registry, outcomes[run.run], usage=run.usage, at=run.at)
                cases.append(Case(chosen=chosen, outcomes=outcomes[run.run], costs=costs))
        sides.append(beside(cases))
    return sides[0], sides[1]


def _costs(registry: Registry, names: Mapping[str, float], *, usage: Usage, at: float) -> dict[str, Decimal]:
    found = {}
    for name in names:
        model = model_called(registry, name)
        cost = money.cost(model.price, usage, at=at) if model is not None and model.price is not None else None
        if cost is not None:
            found[name] = cost
    return found


def read_cases(path: str) -> dict[str, Any]:
    """Reads a table of cases; refuses a word that it does not know, with the nearest one."""
    from outrider.doors.documents import load_yaml

    data = read_small(path, limit=LARGEST)
    if data is None:
        raise OutriderError(f"there is no file {path}", hint="name a YAML or JSON file with `cases`")
    document = load_yaml(data, source=path)
    cases = document.get("cases") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(cases, list) or not cases:
        raise OutriderError(f"{path} holds no `cases`", hint="write `cases:` and below it `- prompt: …`")
    for number, case in enumerate(cases, start=1):
        where = f"{path}, case {number}"
        if not isinstance(case, dict) or not isinstance(case.get("prompt"), str) or not case["prompt"].strip():
            raise OutriderError(f"{where} has no prompt", hint="write `- prompt: …`")
        if not isinstance(case.get("expect"), dict) or not case["expect"]:
            raise OutriderError(f"{where} expects nothing", hint=f"write `expect:` with one of {', '.join(EXPECTED)}")
        _known(case, CHOOSES, where=where)
        _known(case["expect"], EXPECTED, where=f"{where}, expect")
        if "outcomes" in case:
            _scores(case["outcomes"], source=where)
    _known(document, ("cases", "keys", "served"), where=path)
    return document


def _known(given: Mapping[str, Any], known: tuple[str, ...], *, where: str) -> None:
    wrong = next((name for name in given if name not in known), None)
    if wrong is not None:
        close = nearest(str(wrong), known)
        guess = f"did you mean `{close}`? " if close else ""
        raise OutriderError(f"{where}: there is no `{wrong}`", hint=f"{guess}known are {', '.join(known)}")


def tried(session: Session, case: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """Decides one case, on a machine with the keys that the table names, and says what is not as expected."""
    registry = session.registry
    text = case["prompt"]
    prompt = prompts.Prompt(instruction=text, text=text)
    facts = prompts.facts(prompt, (Message(role="user", text=text),), registry, schema=None, max_output=None)
    at = time.time()
    selection = Selection(
        model=case.get("model"), task=case.get("task"), private=bool(case.get("private")),
        preset=case.get("preset"), preset_from="the case",
    )  # fmt: skip
    situation = Situation(
        keys=_keys(registry, document.get("keys", "all")), health={}, served=_served(registry, document),
        limits=session.limits(), at=at,
    )  # fmt: skip
    route = decide(registry, selection, facts, situation)
    usage = Usage(input=facts.tokens, output=LIKELY_OUTPUT)
    found = first_of(registry, route, usage=usage, at=at)
    shown = {
        "first": found.first, "task": route.task or None, "level": route.level, "how": found.how, "agent": found.agent,
        "provider": found.provider or None, "local": found.local,
        "max_cost_usd": None if found.cost is None else float(found.cost),
    }  # fmt: skip
    return {
        "name": str(case.get("name") or text[:60]), "found": shown, "rule": route.rule,
        "wrong": _wrong(case["expect"], shown),
        "case": Case(
            chosen=found.first or "", outcomes=dict(case.get("outcomes", {})),
            costs=_costs(registry, case.get("outcomes", {}), usage=usage, at=at),
        ),
    }  # fmt: skip


def _keys(registry: Registry, wanted: Any) -> dict[str, str]:
    """Returns the providers that can be asked as far as keys go: those named, and those that need none."""
    if wanted == "all":
        return dict.fromkeys(registry.providers, "")
    if not isinstance(wanted, list) or not all(isinstance(name, str) for name in wanted):
        raise OutriderError("`keys` wants `all` or a list of providers", hint="run `outrider providers`")
    _known(dict.fromkeys(wanted), tuple(registry.providers), where="keys")
    return {name: "" for name, provider in registry.providers.items() if name in wanted or not provider.needs_key}


def _served(registry: Registry, document: Mapping[str, Any]) -> dict[str, Served]:
    """Returns the local servers that the table says are running, with the models it says they have."""
    given = document.get("served", {})
    if not isinstance(given, Mapping):
        raise OutriderError("`served` wants a list of models for each server", hint="write `served: {ollama: [qwen3]}`")
    _known(given, tuple(registry.providers), where="served")
    return {name: Served(alive=True, ids=tuple(map(str, ids or ()))) for name, ids in given.items()}


def _wrong(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Says what is not as expected, each in a few words."""
    wrong = []
    for name, wanted in expected.items():
        if name == "not":
            refused = wanted if isinstance(wanted, list) else [wanted]
            if found["first"] in refused or found["provider"] in refused:
                wrong.append(f"must not be {found['first']}")
        elif name == "max_cost_usd":
            if found[name] is None or found[name] > float(wanted):
                wrong.append(f"costs {found[name]}, wanted at most {wanted}")
        elif found[name] not in (wanted if isinstance(wanted, list) else [wanted]):
            wrong.append(f"{name} is {found[name]}, wanted {wanted}")
    return wrong


def measured(results: list[dict[str, Any]]) -> tuple[Yardstick, ...]:
    """Returns the policy beside the yardsticks, on the cases that have outcomes."""
    return beside([result["case"] for result in results])
