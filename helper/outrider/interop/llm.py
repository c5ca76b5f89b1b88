"""llm's folder: `extra-openai-models.yaml`, `aliases.json`, `default_model.txt`, and the names in `keys.json`.

Source: llm.datasette.io (other-models, setup, aliases), 2026-11. There are no fallbacks, and no key of ours is read
there: `llm keys set NAME` stores it under the name that a model's `api_key_name` gives.
"""

import re
from collections.abc import Mapping
from typing import Any

from outrider.interop.drafting import Draft
from outrider.interop.exporting import Chosen, Entry, by_provider, unsaid, with_head
from outrider.interop.nouns import Exported, Imported, Key
from outrider.interop.providing import Into
from outrider.interop.reaching import word_of
from outrider.interop.yaml_text import text
from outrider.rows import Registry

TOOL = "llm"
MODELS, ALIASES, KEYS, DEFAULT = "extra-openai-models.yaml", "aliases.json", "keys.json", "default_model.txt"
FILES = (MODELS, ALIASES, KEYS, DEFAULT)
_MODEL = {"model_id", "model_name", "api_base", "api_key_name", "aliases", "vision", "supports_schema",
          "supports_tools", "reasoning", "can_stream"}  # fmt: skip
_ABLE = {"vision": "vision", "supports_tools": "tools", "reasoning": "reasoning", "supports_schema": "json"}
_PLUGINS: Mapping[str, str] = {
    "claude": "anthropic", "gemini": "gemini", "gpt": "openai", "o1": "openai", "o3": "openai", "deepseek": "deepseek",
    "grok": "xai", "kimi": "moonshot",
}  # fmt: skip
"""Whose models begin like this, where only the model is named."""


def is_mine(document: Any) -> bool:
    """Whether a document is a list of models as this tool writes it."""
    rows = document if isinstance(document, list) else []
    return bool(rows) and all(isinstance(row, Mapping) and "model_id" in row and "model_name" in row for row in rows)


def imported(document: Any, into: Into) -> Imported:
    """Reads the folder's files by their names."""
    draft = Draft(TOOL, into)
    files = document if isinstance(document, Mapping) and set(document) & set(FILES) else {MODELS: document}
    for name, value in draft.mapping(files.get(KEYS), path=KEYS).items():
        if not str(name).startswith("//"):
            draft.key(value, path=f"{KEYS}: {name}")
            draft.needs(_variable(draft, str(name)))
    names: dict[str, str] = {}
    for index, row in enumerate(draft.listed(files.get(MODELS), path=MODELS)):
        _model(draft, row, names, path=f"{MODELS}: [{index}]")
    for alias, target in draft.mapping(files.get(ALIASES), path=ALIASES).items():
        _alias(draft, alias, target, names, path=f"{ALIASES}: {alias}")
    default = files.get(DEFAULT)
    if isinstance(default, str) and default.strip():
        called = _called(draft, default.strip(), names, path=DEFAULT)
        if called is not None:
            draft.default([called])
    elif default is not None:
        draft.leave(DEFAULT, "it names no model")
    return draft.done()


def _variable(draft: Draft, name: str) -> str:
    """Returns the variable for a key that llm stores under a name."""
    provider = draft.into.providers.get(word_of(name))
    if provider is not None and provider.keys:
        return provider.keys[0]
    return re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") + "_API_KEY"


def _model(draft: Draft, row: Any, names: dict[str, str], *, path: str) -> None:
    if not isinstance(row, Mapping) or not isinstance(row.get("model_id"), str):
        draft.leave(path, "it has no `model_id`")
        return
    draft.leave_rest(row, _MODEL, path=path)
    own, stored = row["model_id"], row.get("api_key_name")
    if own in names:
        draft.leave(path, "its name is there twice; the first one counts")
        return
    key = Key(variable=_variable(draft, stored)) if isinstance(stored, str) else Key()
    word = str(stored or "openai")
    if not isinstance(stored, str) and isinstance(row.get("api_base"), str):
        # Without a key of its own a server gets none.
        key = Key(is_dummy=True)
    way = draft.way(word, row.get("model_name"), path=path, address=row.get("api_base"), key=key)
    if way is None:
        return
    more: dict[str, Any] = {}
    if (not way.facts or way.local) and not way.known and any(name in row for name in _ABLE):
        more["abilities"] = [ours for theirs, ours in _ABLE.items() if row.get(theirs) is True]
    called = draft.model(own, way, path=path, more=more)
    if called is None:
        return
    names[own] = called
    for alias in draft.listed(row.get("aliases"), path=f"{path}.aliases"):
        _alias(draft, alias, own, names, path=f"{path}.aliases")


def _called(draft: Draft, target: str, names: Mapping[str, str], *, path: str) -> str | None:
    """Returns our name of a model that llm calls so: of the file, of ours, or of a plugin's."""
    if target in names:
        return names[target]
    registry = draft.into.registry
    if target in registry.models or target in registry.aliases:
        alias = registry.aliases.get(target)
        if alias is not None and alias.get("why"):
            draft.note(f"{target} became {alias['model']}: {alias['why']}")
        return alias["model"] if alias is not None else target
    word, slash, wire_id = target.partition("/")
    if not slash:
        word, wire_id = next((ours for start, ours in _PLUGINS.items() if target.startswith(start)), ""), target
    if word not in draft.into.providers:
        draft.leave(path, "which provider serves it is known to a plugin only: name it as `provider/id`")
        return None
    way = draft.way(word, wire_id, path=path)
    return None if way is None else draft.chained(way, path=path)


def _alias(draft: Draft, alias: Any, target: Any, names: dict[str, str], *, path: str) -> None:
    if not isinstance(alias, str) or not isinstance(target, str):
        draft.leave(path, "it is no name of a model")
        return
    called = _called(draft, target, names, path=path)
    if called is None:
        return
    provider = draft.into.registry.models[called].provider if called in draft.into.registry.models else ""
    row = draft.layer.get("models", {}).get(called, {})
    at = draft.into.providers.get(provider or row.get("provider", called.partition("/")[0]))
    if draft.preset(alias, [called], is_local=at is not None and at.local):
        return
    known = draft.into.registry.aliases.get(alias)
    if alias != called and (known is None or known["model"] != called):
        draft.named("aliases", alias, called, path=path)


def exported(registry: Registry, choice: Chosen) -> Exported:  # noqa: ARG001 (every export is called so)
    """Returns `extra-openai-models.yaml`: what speaks the OpenAI dialect, and Ollama through its own."""
    rows: list[dict[str, Any]] = []
    others: list[Entry] = []
    notes = unsaid(choice, chains=False)
    stored: dict[str, str] = {}
    for entry in choice.entries:
        dialect, address = entry.provider.dialect, entry.provider.base_url
        if dialect not in {"openai", "ollama"}:
            others.append(entry)
            continue
        row: dict[str, Any] = {"model_id": entry.name, "model_name": entry.model.id}
        row["api_base"] = f"{address.rstrip('/')}/v1" if dialect == "ollama" else address
        if entry.variable:
            name = entry.variable.removesuffix("_API_KEY").lower()
            row["api_key_name"] = name
            stored[name] = entry.variable
        row |= {theirs: True for theirs, ours in _ABLE.items() if ours in entry.model.abilities}
        rows.append(row)
    notes += by_provider(tuple(others), "llm needs a plugin for the {dialect} dialect")
    steps = [f'llm keys set {name} --value "${variable}"' for name, variable in stored.items()]
    if any(entry.model.row.get("params") for entry in choice.entries):
        notes.append("parameters of single models: `llm -o` has them")
    return with_head(text(rows), place=f"llm's {MODELS}", notes=notes, steps=steps)
