"""What is said of a run beside its answer.

The receipt, the error for a chain without a usable model, the decision as it is stored. Pure text and data; printing
is a front's work.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from outrider.data import Attempt, Passed, Route
from outrider.records import as_dict
from outrider.rows import Registry
from outrider.rules.advice import price_hint
from outrider.rules.health import FOREVER, Health
from outrider.rules.limits import UNPRICED
from outrider.rules.paths import inside
from outrider.rules.privacy import PUBLIC
from outrider.rules.routing import dearest
from outrider.rules.selection import Facts, Selection
from outrider.rules.targets import Situation


def receipt(attempt: Attempt, *, route: Route, cost: Decimal, cost_known: bool, run: str, tried: int) -> str:
    """Returns the line under an answer: who served it, by which way, tokens, cents, and the rule that decided."""
    usage = attempt.outcome.usage
    cents = f"{cost * 100:.4f}".rstrip("0").rstrip(".")
    about = "" if cost_known and attempt.certainty == "exact" else "about "
    steps = f", after {tried - 1} failed" if tried > 1 else ""
    rule = f"{route.rule}, from its computed tail" if attempt.target.health_key in route.tail else route.rule
    return (
        f"{attempt.target.name} ({attempt.target.provider.name}/{attempt.target.wire_id}){steps} · "
        f"{usage.input:,} in, {usage.output:,} out · {about}{cents} cents · {rule} · run {run}"
    )


def no_model(registry: Registry, route: Route, *, private: bool) -> tuple[str, str, str]:
    """Returns (kind, message, hint) for a route without a target: which key or server would make one."""
    told = [entry for entry in route.passed if entry.kind != "native"]
    broke = [entry for entry in told if entry.kind == "budget"]
    barred = [entry for entry in told if entry.kind == "private"]
    small = [entry for entry in told if entry.kind == "context"]
    if broke and broke[0].why.endswith(UNPRICED):
        return "budget", f"{broke[0].model}: {broke[0].why}", _price_hint(registry, broke[0].model)
    if broke:
        return "budget", f"{broke[0].model}: {broke[0].why}", "raise `limits.budget_usd`, or see `outrider usage`"
    if private:
        why = f"; it is local-only by {route.class_from}" if route.class_from not in {"", "flag --private"} else ""
        # A key would make no model a local one: what keeps those from answering is told before.
        near = [entry for entry in told if entry.kind != "key"] or told
        return "private", f"no local model can be used{_first_reason(near)}{why}", _local_hint(registry)
    if barred and route.data_class != PUBLIC:
        message = f"it is {route.data_class} by {route.class_from}, and no model for that can be used"
        hint = f"allow a provider under `privacy.classes.{route.data_class}` in your models.local.json, or ask"
        return "private", f"{message}{_first_reason(told)}", f"{hint} with `--private`"
    if barred and len(barred) == len(told):
        return "private", f"{barred[0].model}: {barred[0].why}", "see `privacy` in your models.local.json"
    if small and len(small) == len(told):
        return "context", f"{small[0].model}: {small[0].why}", "ask with fewer files, or a model with a larger window"
    return "not_found", f"no usable model{_first_reason(list(route.passed))}", key_hint(registry, route.passed)


def _price_hint(registry: Registry, shown: str) -> str:
    """Returns the row to add for a model without a price, at a price that is rather too high than too low."""
    name, _, gateway = shown.partition(" via ")
    row = registry.models.get(name)
    if row is not None and not gateway:
        return price_hint(name, dearest(registry, row.provider))
    provider, _, wire_id = name.partition("/")
    if row is not None:
        provider, wire_id = gateway, row.also.get(gateway, row.id)
    return price_hint(f"{provider}.{wire_id}", dearest(registry, provider), provider=provider, wire_id=wire_id)


def _first_reason(told: list[Passed]) -> str:
    shown = "; ".join(f"{entry.model}: {entry.why}" for entry in told[:3])
    more = f"; and {len(told) - 3} more" if len(told) > 3 else ""
    return f" ({shown}{more})" if shown else ""


def key_hint(registry: Registry, passed: tuple[Passed, ...]) -> str:
    """Says which key or local server would make a model usable, a line a provider."""
    names = {entry.model.partition(".")[0] for entry in passed if entry.kind == "key"}
    keyed = [provider for provider in registry.providers.values() if provider.needs_key]
    keyed.sort(key=lambda provider: provider.name not in names)
    lines = [
        f"  {provider.name:<12} {provider.keys[0]}"
        + (f"  ({provider.row['keys_url']})" if provider.row.get("keys_url") else "")
        for provider in keyed
    ]
    return "\n".join(
        ["set one key with `outrider keys set NAME`, or start a local server:", *lines, *_servers(registry)]
    )


def _servers(registry: Registry) -> list[str]:
    return [
        f"  {provider.name:<12} at {provider.base_url}"
        for provider in registry.providers.values()
        if provider.local and provider.base_url
    ]


def _local_hint(registry: Registry) -> str:
    return "\n".join(["start a local server, then run `outrider models --live`:", *_servers(registry)])


def decision(
    registry: Registry, selection: Selection, facts: Facts, situation: Situation, route: Route
) -> dict[str, Any]:
    """Returns everything that `why` and a replay need of a decision, and nothing of the prompt."""
    return {
        "inputs": {
            "selection": as_dict(selection), "registry": registry.digest, "at": situation.at,
            "facts": {**as_dict(facts), "needs": sorted(facts.needs), "keywords": sorted(facts.keywords)},
            "providers_with_key": sorted(situation.keys),
            "served": {name: {"alive": served.alive, "ids": list(served.ids)[:50]}
                       for name, served in sorted(situation.served.items())},
            "health": {key: _health(state, situation.now) for key, state in sorted(situation.health.items())},
            "spend": {name: str(value) for name, value in as_dict(situation.spend).items()
                      if value is not None},
            "budget": {name: str(value) for name, value in sorted(situation.limits.budget.items())},
            "budgets_set": sorted(situation.limits.budgets_set),
        },
        "task": route.task, "rule": route.rule, "level": route.level, "rejected": list(route.rejected),
        "targets": [
            {"model": target.model.name, "provider": target.provider.name, "id": target.wire_id,
             "price": target.model.row.get("price"), "as_of": target.model.row.get("as_of"),
             **({"price_source": said} if (said := target.model.row.get("price_source")) else {})}
            for target in route.targets
        ],
        "passed": [{"model": entry.model, "why": entry.why, "kind": entry.kind} for entry in route.passed],
        "notes": list(route.notes), "private": route.private, "class": route.data_class,
        "class_from": route.class_from, "settings": _settings(registry, route),
    }  # fmt: skip


def _health(state: Health, now: float) -> dict[str, Any]:
    left = -1.0 if state.until == FOREVER else round(max(state.until - now, 0.0), 1)
    return {"kind": state.kind, "failures": state.failures, "left": left}


def _settings(registry: Registry, route: Route) -> Mapping[str, str]:
    """Returns which layer set each value that this decision used; what is not named is the bundled one."""
    names = {target.model.name for target in route.targets} | {target.provider.name for target in route.targets}
    prefixes = (
        *tuple(inside(f"$.{kind}", name) for kind in ("models", "providers") for name in sorted(names)),
        inside("$.tasks", route.task),
        "$.limits",
        "$.privacy",
        "$.rules",
        "$.default",
        "$.presets",
        "$.preset",
        "$.aliases",
    )
    return {
        path: origin
        for path, origin in sorted(registry.origins.items())
        if any(path == prefix or path.startswith((f"{prefix}.", f"{prefix}[")) for prefix in prefixes)
    }
