"""From effective JSON to the registry's rows, and every contradiction that a schema cannot see.

The values have passed the schema, so shapes are taken as they should be.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from outrider.rows import EMPTY, Model, Preset, Provider, Registry, Task
from outrider.rules.layers import NAMED_KINDS, key_names
from outrider.rules.money import price_from
from outrider.rules.nearest import nearest
from outrider.rules.paths import inside
from outrider.rules.privacy import address_problem


def registry_from(
    values: Mapping[str, Any], *, origins: Mapping[str, str], digest: str, notes: tuple[str, ...]
) -> Registry:
    """Returns the registry that these values describe."""
    return Registry(
        providers={name: _provider(name, row) for name, row in values.get("providers", {}).items()},
        models={name: _model(name, row) for name, row in values.get("models", {}).items()},
        aliases={
            name: {"model": row} if isinstance(row, str) else row for name, row in values.get("aliases", {}).items()
        },
        tasks={name: _task(name, row) for name, row in values.get("tasks", {}).items()},
        presets={
            name: Preset(name=name, chain=tuple(row.get("chain", ())), local=row.get("local", False), row=row)
            for name, row in values.get("presets", {}).items()
        },
        values=values, origins=origins, digest=digest, notes=notes,
    )  # fmt: skip


def _provider(name: str, row: Mapping[str, Any]) -> Provider:
    dialect = row["dialect"]
    return Provider(
        name=name, dialect=dialect, base_url=row.get("base_url", ""), keys=key_names(row),
        key_optional=row.get("key_optional", False),
        auth=row.get("auth") or ("x-api-key" if dialect == "anthropic" else "bearer"),
        local=row.get("local", False), serves_listed=row.get("serves") == "listed",
        quirks=row.get("quirks") or name, row=row,
    )  # fmt: skip


def _model(name: str, row: Mapping[str, Any]) -> Model:
    return Model(
        name=name, provider=row["provider"], id=row["id"], family=row.get("family", ""),
        context=row.get("context"), max_output=row.get("max_output"), price=price_from(row.get("price")),
        abilities=frozenset(row.get("abilities", ())), also=row.get("also", EMPTY), row=row,
    )  # fmt: skip


def _task(name: str, row: Mapping[str, Any]) -> Task:
    return Task(
        name=name, chain=tuple(row.get("chain", ())), tail=row.get("tail", False), floors=row.get("floors", EMPTY),
        order=row.get("order", "balance"), needs=frozenset(row.get("needs", ())), private=row.get("private", False),
        row=row,
    )  # fmt: skip


def contradictions(values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Returns every (path, problem) in the merged values: what is missing, what is circular, what is called twice."""
    from outrider.rules import served

    return (*_provider_problems(values), *_model_problems(values), *_alias_problems(values), *_chain_problems(values),
            *_privacy_problems(values), *served.contradictions(values))  # fmt: skip


def _privacy_problems(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    privacy = values.get("privacy", {})
    wanted = privacy.get("redact")
    for index, pattern in enumerate(wanted if isinstance(wanted, list) else ()):
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as fault:
            yield f"$.privacy.redact[{index}]", f"is no regular expression: {fault}"
    providers = values.get("providers", {})
    for name, row in privacy.get("classes", {}).items():
        for kind in ("allow", "deny"):
            for provider in row.get(kind, ()):
                if provider not in providers:
                    place = f"{inside('$.privacy.classes', name)}.{kind}"
                    yield place, _missing("provider", provider, providers)


def duplicates(said: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Returns every name that one layer gives to two things."""
    found: list[tuple[str, str]] = []
    owner: dict[str, str] = {}
    for kind in NAMED_KINDS:
        for name in said.get(kind, {}):
            if name in owner:
                found.append((inside(f"$.{kind}", name), f"`{name}` is in `{owner[name]}` too; a name means one thing"))
            owner.setdefault(name, kind)
    return tuple(found)


def _provider_problems(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, row in values.get("providers", {}).items():
        path = inside("$.providers", name)
        if "dialect" not in row:
            yield path, "has no `dialect`"
        elif row["dialect"] not in {"native", "echo"}:
            if not row.get("base_url"):
                yield path, "has no `base_url`"
            else:
                problem = address_problem(row["base_url"], declared_local=row.get("local", False))
                if problem:
                    yield f"{path}.base_url", f"`{row['base_url']}` {problem}"


def _model_problems(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    providers = values.get("providers", {})
    for name, row in values.get("models", {}).items():
        path = inside("$.models", name)
        for field in ("provider", "id"):
            if field not in row:
                yield path, f"has no `{field}`"
        if "provider" in row and row["provider"] not in providers:
            yield f"{path}.provider", _missing("provider", row["provider"], providers)
        for gateway in row.get("also", {}):
            if gateway not in providers:
                yield f"{path}.also", _missing("provider", gateway, providers)


def _alias_problems(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    models, aliases = values.get("models", {}), values.get("aliases", {})
    for name in aliases:
        path = inside("$.aliases", name)
        seen, target = [name], _aliased(aliases[name])
        while target in aliases and target not in models and target not in seen:
            seen.append(target)
            target = _aliased(aliases[target])
        if target in seen and target not in models:
            yield path, f"leads back to itself: {' -> '.join([*seen, target])}"
        elif not _is_model(values, target):
            yield path, _missing("model", target, models)


def _aliased(alias: Any) -> str:
    return alias if isinstance(alias, str) else str(alias["model"])


def _chain_problems(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    known = (*values.get("models", {}), *values.get("aliases", {}))
    chains = [(f"{inside(f'$.{kind}', name)}.chain", row.get("chain", ()))
              for kind in ("tasks", "presets") for name, row in values.get(kind, {}).items()]  # fmt: skip
    chains += [(inside("$.panels", name), panel) for name, panel in values.get("panels", {}).items()]
    for path, chain in chains:
        for index, name in enumerate(chain):
            if not _is_model(values, name) and name not in values.get("aliases", {}):
                yield f"{path}[{index}]", _missing("model", name, known)
    tasks = values.get("tasks", {})
    for name, row in tasks.items():
        if not row.get("chain") and not row.get("floors") and not row.get("tail"):
            yield inside("$.tasks", name), "has neither `chain`, `floors` nor `tail`"
    for index, rule in enumerate(values.get("rules", ())):
        if rule.get("task") not in tasks:
            yield f"$.rules[{index}].task", _missing("task", str(rule.get("task")), tasks)
    if values.get("default") is not None and values["default"] not in tasks:
        yield "$.default", _missing("task", values["default"], tasks)


def _is_model(values: Mapping[str, Any], name: str) -> bool:
    provider, slash, wire_id = name.partition("/")
    return name in values.get("models", {}) or bool(slash and wire_id and provider in values.get("providers", {}))


def _missing(what: str, name: str, known: Any) -> str:
    close = nearest(name, tuple(known))
    return f"no {what} is called `{name}`" + (f"; did you mean `{close}`?" if close else "")
