"""What the pack's pages show as tables: tasks, roles, presets, tiers, prices, providers, local servers, old names.

Rows of plain text and JSON from the effective registry, in its own order; how they are laid out is a template's work.
Prices are dollars for a million tokens, the base ones, with the conditions that lie over them beside them: a page does
not depend on the hour at which it was rendered.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args

from outrider.data import Json, Level
from outrider.rows import Condition, Model, Price, Rates, Registry, Task
from outrider.rules import money
from outrider.rules.routing import FLOOR_CHAIN_LENGTH, by_floors, model_called

LEVELS: tuple[str, ...] = get_args(Level)
SHOWN_FALLBACKS = 3
NATIVE = "native"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
READ_TOKENS, WRITTEN_TOKENS = 100_000, 5_000
"""What an agent reads and writes in a small piece of work; the same for all, so that tiers can be compared."""
UNKNOWN = "?"


def tables(registry: Registry, tiers: Mapping[str, str], names: Mapping[str, str]) -> Mapping[str, Json]:
    """Returns every table by name; tiers (`haiku/low`) and installed names are by our own names of agents."""
    tasks = {name: _task_row(registry, task, names) for name, task in registry.tasks.items()}
    roles = [name for name, task in registry.tasks.items() if task.floors]
    models = tuple(registry.models.values())
    natives = [model for model in models if _is_native(registry, model)]
    servers = [name for name, provider in registry.providers.items() if provider.local and provider.base_url]
    agents = registry.values.get("agents", {})
    panels = registry.values.get("panels", {})
    return {
        "levels": [tasks[name] for name in LEVELS if name in tasks],
        "matrix": [row for name, row in tasks.items() if name not in {*LEVELS, *roles}],
        "roles": [tasks[name] for name in roles],
        "presets": [_preset_row(registry, name) for name in registry.presets],
        "tiers": [_tier_row(registry, name, tiers, names) for name in agents],
        "natives": [_native_row(model) for model in natives],
        "prices": [_price_row(registry, model) for model in models if _has_price_to_show(registry, model)],
        "providers": [_provider_row(registry, name) for name in registry.providers],
        "servers": [_server_row(registry, name) for name in servers],
        "local_models": [_local_row(model) for model in models if model.provider in servers and model.id != "*"],
        "old_names": [_alias_row(registry, name) for name in registry.aliases if registry.aliases[name].get("why")],
        "panels": [{"panel": cell(name), "seats": [cell(seat) for seat in seats]} for name, seats in panels.items()],
        "budgets": _budgets(registry), "read_tokens": f"{READ_TOKENS:,}", "written_tokens": f"{WRITTEN_TOKENS:,}",
        "as_of": _newest_day(registry),
    }  # fmt: skip


def cell(text: object) -> str:
    """Returns text that stays within one cell of a table: on one line, its bars escaped."""
    return " ".join(str(text).split()).replace("\\", "\\\\").replace("|", "\\|")


def _task_row(registry: Registry, task: Task, names: Mapping[str, str]) -> dict[str, Json]:
    chain = _chain(registry, task)
    first, *rest = chain or [""]
    model = model_called(registry, first) if first else None
    agent = task.row.get("agent") if model is not None and _is_native(registry, model) else None
    return {
        "task": cell(task.name), "description": cell(task.row.get("description", "")), "first": cell(first),
        "agent": names.get(agent, agent) if agent else None,
        "alias": model.id if model is not None and agent else None,
        "fallback": [cell(name) for name in rest[:SHOWN_FALLBACKS]], "more": max(len(rest) - SHOWN_FALLBACKS, 0),
        "chain": [cell(name) for name in chain], "tail": task.tail, "private": task.private,
        "needs": sorted(task.needs), "effort": task.row.get("effort"), "reason": cell(task.row.get("reason", "")),
        "floors": {axis: f"{share:.0%}" for axis, share in task.floors.items()}, "order": task.order,
        "prompt": task.row.get("prompt"),
    }  # fmt: skip


def _chain(registry: Registry, task: Task) -> list[str]:
    """Returns the models of a task in order; a role's are those that reach its floors, each family of rows once."""
    if task.chain or not task.floors:
        return list(task.chain)
    fit = by_floors(registry, task, at=_noon(_newest_day(registry)))
    twins = {row.also.get(name) for row in fit if _is_native(registry, row) for name in registry.providers}
    return [model.name for model in fit if _is_native(registry, model) or model.id not in twins][:FLOOR_CHAIN_LENGTH]


def _preset_row(registry: Registry, name: str) -> dict[str, Json]:
    preset = registry.presets[name]
    agents = preset.row.get("agents")
    if isinstance(agents, Mapping):
        agents = ", ".join(f"{agent} {tier}" for agent, tier in agents.items())
    models = (model_called(registry, each) for each in preset.chain)
    called = next((model for model in models if model is not None and not _is_native(registry, model)), None)
    return {
        "preset": cell(name), "description": cell(preset.row.get("description", "")),
        "chain": [cell(each) for each in preset.chain], "first": cell(called.name) if called else "",
        "price": _in_and_out(called.price if called else None), "agents": cell(agents) if agents else None,
        "effort": preset.row.get("effort"), "local": preset.local,
    }  # fmt: skip


def _tier_row(registry: Registry, name: str, tiers: Mapping[str, str], names: Mapping[str, str]) -> dict[str, Json]:
    row = registry.values["agents"][name]
    tier = tiers.get(name, str(row.get("tier", "")))
    alias, _, effort = tier.partition("/")
    natives = (model for model in registry.models.values() if _is_native(registry, model))
    price = next((model.price for model in natives if model.id == alias), None)
    return {
        "agent": name, "name": names.get(name, name), "task": cell(row.get("task", "")), "tier": cell(tier),
        "model": cell(alias), "effort": cell(effort), "price": _in_and_out(price), "typical": _typical(price),
        "description": cell(row.get("description", "")),
    }  # fmt: skip


def _native_row(model: Model) -> dict[str, Json]:
    rules = model.row.get("rules", {})
    return {
        "alias": cell(model.id), "model": cell(model.name), "description": cell(model.row.get("description", "")),
        "price": _in_and_out(model.price), "conditions": _conditions(model.price),
        "typical": _typical(model.price), "efforts": [cell(effort) for effort in rules.get("efforts", ())],
        "also": {cell(provider): cell(wire_id) for provider, wire_id in model.also.items()},
    }  # fmt: skip


def _price_row(registry: Registry, model: Model) -> dict[str, Json]:
    scores = model.row.get("scores", {})
    return {
        "model": cell(model.name), "provider": cell(model.provider), "id": cell(model.id),
        "price": _in_and_out(model.price), "conditions": _conditions(model.price),
        "context": f"{model.context:,}" if model.context else UNKNOWN, "can": ", ".join(sorted(model.abilities)),
        "sampling": model.row.get("rules", {}).get("sampling") is not False,
        "score": _score(scores), "status": cell(model.row.get("status", "active")),
        "description": cell(model.row.get("description", "")), "as_of": cell(model.row.get("as_of", UNKNOWN)),
        "ways": [cell(name) for name in (model.provider, *model.also) if name in registry.providers],
    }  # fmt: skip


def _provider_row(registry: Registry, name: str) -> dict[str, Json]:
    provider = registry.providers[name]
    return {
        "provider": cell(name), "description": cell(provider.row.get("description", "")),
        "url": cell(provider.base_url), "keys": [cell(key) for key in provider.keys],
        "keys_url": cell(provider.row.get("keys_url", "")), "local": provider.local, "needs_key": provider.needs_key,
        "native": provider.dialect == NATIVE, "dialect": provider.dialect, "as_of": cell(provider.row.get("as_of", "")),
        "models": sum(model.provider == name or name in model.also for model in registry.models.values()),
    }  # fmt: skip


def _server_row(registry: Registry, name: str) -> dict[str, Json]:
    models = [model for model in registry.models.values() if model.provider == name]
    whatever = next((model.name for model in models if model.id == "*"), None)
    return {**_provider_row(registry, name), "any": cell(whatever) if whatever else None}


def _local_row(model: Model) -> dict[str, Json]:
    return {
        "model": cell(model.name), "provider": cell(model.provider), "id": cell(model.id),
        "description": cell(model.row.get("description", "")), "can": ", ".join(sorted(model.abilities)),
        "score": _score(model.row.get("scores", {})),
    }  # fmt: skip


def _alias_row(registry: Registry, name: str) -> dict[str, Json]:
    alias = registry.aliases[name]
    return {"old": cell(name), "now": cell(alias["model"]), "why": cell(alias["why"])}


def _budgets(registry: Registry) -> str:
    budgets = registry.values.get("limits", {}).get("budget_usd", {})
    return ", ".join(f"${amount:g} a {cell(name)}" for name, amount in budgets.items() if amount is not None)


def _is_native(registry: Registry, model: Model) -> bool:
    provider = registry.providers.get(model.provider)
    return provider is not None and provider.dialect == NATIVE


def _has_price_to_show(registry: Registry, model: Model) -> bool:
    provider = registry.providers.get(model.provider)
    is_remote = provider is not None and not provider.local and provider.dialect != NATIVE
    return is_remote and model.id != "*" and model.row.get("status") != "retired"


def _score(scores: Mapping[str, Json]) -> str:
    """Returns a score with the version of its index, since figures of two versions cannot be compared."""
    if scores.get("intelligence") is None:
        return ""
    effort = f", {scores['effort']}" if scores.get("effort") else ""
    return cell(f"{scores['intelligence']:g} (v{scores.get('version', UNKNOWN)}{effort})")


def _in_and_out(price: Price | None) -> str:
    return _rates(price.base) if price is not None else UNKNOWN


def _rates(rates: Rates) -> str:
    return f"{_money(rates.input)} / {_money(rates.output)}"


def _money(amount: Decimal | None) -> str:
    return UNKNOWN if amount is None else f"{amount.normalize():f}"


def _typical(price: Price | None) -> str:
    """Returns what a small piece of work costs at base prices, nothing of it cached."""
    if price is None or price.base.input is None or price.base.output is None:
        return UNKNOWN
    dollars = (READ_TOKENS * price.base.input + WRITTEN_TOKENS * price.base.output) / money.MILLION
    return f"${_money(dollars)}"


def _conditions(price: Price | None) -> str:
    """Returns what lies over a base price: size, hours, dates and variants, in words."""
    if price is None:
        return ""
    parts = [f"above {tier.above:,} tokens {_rates(tier.rates)}" for tier in price.tiers if tier.above is not None]
    parts += [f"{_hours(window)} {_rates(window.rates)}" for window in price.windows]
    parts += [f"from {change.since} {_rates(change.rates)}" for change in price.changes]
    parts += [f"{variant.name} {_rates(variant.rates)}" for variant in price.variants]
    return cell("; ".join(parts))


def _hours(window: Condition) -> str:
    days = ", ".join(DAYS[day - 1] for day in window.days)
    if len(window.days) > 2 and window.days == tuple(range(window.days[0], window.days[-1] + 1)):
        days = f"{DAYS[window.days[0] - 1]}-{DAYS[window.days[-1] - 1]}"
    return f"{days} {_clock(window.start)}-{_clock(window.end)} UTC".strip()


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _newest_day(registry: Registry) -> str:
    """Returns the last day on which a row was checked; the pages say it, and rank by the prices of its noon."""
    days = (str(model.row.get("as_of", "")) for model in registry.models.values())
    return max((day for day in days if _noon(day)), default="")


def _noon(day: str) -> float:
    try:
        return datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0
