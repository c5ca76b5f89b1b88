"""How layers of settings meet: later wins key by key, except limits (the smallest) and privacy (the strictest).

A project that is not trusted may only tighten. Pure: layers come in as parsed JSON, in order.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from outrider import __version__
from outrider.records import record
from outrider.rules import limits, privacy, rates, requires, tiers
from outrider.rules.paths import inside

LayerName = Literal["bundled", "managed", "user", "project", "project-local", "flag"]
TIGHTENING = frozenset({"limits", "privacy"})
SILENT = frozenset({"version", "$schema", "$comment"})
MANAGED: LayerName = "managed"
PROJECT = frozenset({"project", "project-local"})
NAMED_KINDS = ("models", "aliases", "tasks", "presets")
"""What `-m` can name: across layers the later meaning of a name wins, whatever it was below."""
OF_OTHERS = (
    "ANTHROPIC_", "CLAUDE_CODE_", "CLAUDE_API_", "AWS_", "AZURE_", "GOOGLE_APPLICATION_", "GITHUB_", "GH_",
    "GITLAB_", "CI_", "NPM_",
    "NODE_AUTH_", "PYPI_", "TWINE_", "UV_", "CARGO_", "DOCKER_", "SSH_", "GPG_", "VAULT_", "KUBE", "DATABASE_", "PG",
    "MYSQL_", "REDIS_", "STRIPE_", "SLACK_", "OUTRIDER_",
)  # fmt: skip
"""How variables begin that hold secrets of other programs: no project's provider is handed one."""


@record
class Layer:
    """One source of settings: its name, where it was read, what it says, and whether all of it counts."""

    name: LayerName
    path: str
    values: Mapping[str, Any]
    trusted: bool = True


def merge(
    layers: tuple[Layer, ...], *, version: str = __version__
) -> tuple[dict[str, Any], dict[str, str], tuple[str, ...]]:
    """Returns the effective values, which layer set each path, and what the user should hear.

    The first layer is the bundled one, the base of all others. `version` is the helper's, for layers that ask for one.
    """
    base = layers[0].values
    values: dict[str, Any] = dict(base)
    origins: dict[str, str] = {}
    notes: list[str] = []
    ceilings: dict[str, str] = {}
    for layer in layers[1:]:
        said = layer.values
        notes.extend(requires.unmet(said, path=layer.path, version=version))
        if not layer.trusted:
            said, ignored = tightened(said, base=values)
            ceilings |= {name: row["tier"] for name, row in said.get("agents", {}).items()}
            if ignored:
                notes.append(
                    f"{layer.path} is not trusted, so its {', '.join(ignored)} "
                    f"{'is' if len(ignored) == 1 else 'are'} ignored (see `outrider trust`)"
                )
        elif layer.name in PROJECT:
            said, refused = _bound_keys(_unpriced(said, base=values), base=values)
            notes.extend(f"{layer.path}: {reason}" for reason in refused)
        if "trust" in said and layer.name != MANAGED:
            notes.append(f"{layer.path}: only the managed layer may say `trust`; yours is `outrider trust`")
        hidden = TIGHTENING | SILENT | {"trust"}
        ordinary = _without_tails({key: value for key, value in said.items() if key not in hidden})
        below = values
        values = _overlay(_renamed(values, ordinary), ordinary)
        if layer.name in PROJECT:
            values["tasks"] = privacy.as_strict(below.get("tasks", {}), values.get("tasks", {}))
        origins.update((path, f"{layer.name} {layer.path}") for path in _leaves(ordinary, "$"))
    if ceilings:
        values[tiers.CEILINGS] = ceilings
    values["providers"] = rates.with_least(
        values.get("providers", {}), base.get("providers", {}),
        own=_said(layers, "providers", of_projects=False), projects=_said(layers, "providers", of_projects=True),
    )  # fmt: skip
    own = limits.combined(base.get("limits", {}), _said(layers, "limits", of_projects=False))
    # A project's limits stand against the shipped defaults too: it may lower a budget, and raise none.
    values["limits"] = limits.combined(own, (own, *_said(layers, "limits", of_projects=True)))
    wishes = tuple(
        privacy.as_wished(layer.values["privacy"], trusted=layer.trusted)
        for layer in layers[1:]
        if isinstance(layer.values.get("privacy"), Mapping)
    )
    values["privacy"] = dict(privacy.strictest((base.get("privacy", {}), *wishes)))
    # No project makes the user's book keep what they typed; any layer may say that it keeps nothing.
    wanted = {entry.get("store_prompts") for entry in _said(layers, "privacy", of_projects=False)}
    if True in wanted and not any(entry.get("store_prompts") is False for entry in wishes):
        values["privacy"]["store_prompts"] = True
    for layer in layers[1:]:
        for path in _in_force(layer.values, values):
            origins.setdefault(path, f"{layer.name} {layer.path}")
    return values, origins, tuple(notes)


def _renamed(values: dict[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Takes a name out of the kinds in which a later layer no longer means it."""
    result = dict(values)
    for kind in NAMED_KINDS:
        others = {name for other in NAMED_KINDS if other != kind for name in said.get(other, {})}
        if others & set(result.get(kind, {})):
            result[kind] = {name: row for name, row in result[kind].items() if name not in others}
    return result


def _without_tails(said: Mapping[str, Any]) -> dict[str, Any]:
    """Takes the computed tail from each task whose chain a layer rewrites: it belongs to the chains that we ship."""
    tasks = said.get("tasks")
    if not isinstance(tasks, Mapping):
        return dict(said)
    return {
        **said,
        "tasks": {name: {"tail": False, **row} if "chain" in row else row for name, row in tasks.items()},
    }


def _said(layers: tuple[Layer, ...], key: str, *, of_projects: bool) -> tuple[Mapping[str, Any], ...]:
    """Returns what the project's layers, or those of the user and the machine, say under a key."""
    said = (layer.values.get(key) for layer in layers[1:] if (layer.name in PROJECT) is of_projects)
    return tuple(value for value in said if isinstance(value, Mapping))


def _in_force(said: Mapping[str, Any], values: Mapping[str, Any], path: str = "$") -> Iterator[str]:
    """Yields the paths of the limits and privacy settings of a layer that hold: the least, the strictest."""
    for key, value in said.items():
        holds = values.get(key)
        if path == "$" and key not in TIGHTENING:
            continue
        if isinstance(value, Mapping) and isinstance(holds, Mapping):
            yield from _in_force(value, holds, inside(path, key))
        elif value == holds or isinstance(value, list):
            yield inside(path, key)


def _overlay(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _overlay(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def _leaves(value: Any, path: str) -> Iterator[str]:
    """Yields the path of every value that a layer sets; an empty object lies over the one below and sets none."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, inside(path, key))
    else:
        yield path


def tightened(said: Mapping[str, Any], *, base: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Returns what an untrusted project may say, and the names of what it may not."""
    kept: dict[str, Any] = {
        key: value for key, value in said.items() if key in TIGHTENING and isinstance(value, Mapping)
    }
    ignored = [key for key in said if key not in TIGHTENING | SILENT | {"agents", "requires"}]
    lowered: dict[str, Any] = {}
    agents = said.get("agents")
    for name, agent in agents.items() if isinstance(agents, Mapping) else ():
        current = base.get("agents", {}).get(name, {}).get("tier")
        wanted = agent.get("tier") if isinstance(agent, Mapping) else None
        if isinstance(wanted, str) and isinstance(current, str) and tiers.is_lower(wanted, current):
            lowered[name] = {"tier": wanted}
        else:
            ignored.append(f"agents.{name}")
    if lowered:
        kept["agents"] = lowered
    return kept, tuple(ignored)


def _unpriced(said: Mapping[str, Any], *, base: Mapping[str, Any]) -> Mapping[str, Any]:
    """Takes out the prices that a project gives to models at providers of the user's: a budget stands on them."""
    models = said.get("models")
    if not isinstance(models, Mapping):
        return said
    kept: dict[str, Any] = {}
    for name, row in models.items():
        below = base.get("models", {}).get(name, {})
        is_theirs = isinstance(row, Mapping) and row.get("provider", below.get("provider")) in base.get("providers", {})
        kept[name] = {key: value for key, value in row.items() if key != "price"} if is_theirs else row
    return {**said, "models": kept}


def _bound_keys(said: Mapping[str, Any], *, base: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Drops what no project may say, trusted or not: how to reach the network, and where to send a bound key."""
    refused: list[str] = []
    if "catalog" in said:
        said = {key: value for key, value in said.items() if key != "catalog"}
        refused.append("only the user's own layer may say `catalog`")
    if "network" in said:
        # A proxy sees every prompt that goes out in the clear, and a CA file vouches for anybody.
        said = {key: value for key, value in said.items() if key != "network"}
        refused.append("only the user's own layer may say `network`")
    bound = bindings(base)
    providers = said.get("providers")
    if not isinstance(providers, Mapping):
        return dict(said), tuple(refused)
    kept: dict[str, Any] = {}
    for name, row in providers.items():
        if not isinstance(row, Mapping):
            continue
        below = base.get("providers", {}).get(name, {})
        merged = {**below, **row}
        address = privacy.origin(str(merged.get("base_url", "")))
        loose = [key for key in key_names(merged) if key in bound and address not in bound[key]]
        if row.get("local") and not below.get("local"):
            refused.append(f"provider {name} may not call itself local; only the user may")
        elif below.get("local") and address != privacy.origin(str(below.get("base_url", ""))):
            refused.append(f"provider {name} is local, and only the user may say where")
        elif below and row.get("headers", below.get("headers")) != below.get("headers"):
            refused.append(f"provider {name} is the user's, and so are its headers")
        elif below and merged.get("privacy_fields") != below.get("privacy_fields"):
            refused.append(f"provider {name} is the user's, and so are its `privacy_fields`")
        elif below and merged.get("batches") != below.get("batches"):
            # A discount is a price, and a budget stands on it.
            refused.append(f"provider {name} is the user's, and so are its `batches`")
        elif stolen := [key for key in key_names(merged) if key not in bound and key.startswith(OF_OTHERS)]:
            refused.append(f"provider {name} may not take {stolen[0]}, which is another program's secret")
        elif loose:
            refused.append(f"provider {name} may not send {loose[0]} to {address}; give it a key variable of its own")
        else:
            kept[name] = row
    return {**said, "providers": kept}, tuple(refused)


def bindings(values: Mapping[str, Any]) -> dict[str, set[str]]:
    """Returns the origins that each key variable may be sent to."""
    bound: dict[str, set[str]] = {}
    for row in values.get("providers", {}).values():
        for name in key_names(row):
            bound.setdefault(name, set()).add(privacy.origin(str(row.get("base_url", ""))))
    return bound


def key_names(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the variables that may hold a provider's key, the first one first."""
    first = (row["key"],) if row.get("key") else ()
    return (*first, *row.get("keys", ()))
