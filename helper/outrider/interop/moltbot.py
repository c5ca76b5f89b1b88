"""Moltbot's `moltbot.json` (Clawdbot's and OpenClaw's too): agents with their models, providers, `env`.

Source: the project's configuration reference, 2026-11. A model is `provider/id`; one primary with fallbacks answers,
and aliases choose another one.
"""

from collections.abc import Mapping
from typing import Any

from outrider.interop.drafting import Draft, row_name
from outrider.interop.nouns import Imported, Key, Way
from outrider.interop.providing import Into
from outrider.rules.secrets import FOREIGN

TOOL = "moltbot"
DIALECTS = {
    "openai-completions": "openai", "anthropic-messages": "anthropic", "ollama": "ollama", "openai-chat": "openai",
}  # fmt: skip
_RATES = {"input": "input", "output": "output", "cacheRead": "cached", "cacheWrite": "cache_write"}


def is_mine(document: Any) -> bool:
    """Whether a document has this tool's shape."""
    if not isinstance(document, Mapping):
        return False
    agents, model = document.get("agents"), document.get("model")
    is_whole = isinstance(agents, Mapping) and any(name in agents for name in ("defaults", "list"))
    models = document.get("models")
    has_providers = isinstance(models, Mapping) and isinstance(models.get("providers"), Mapping)
    return is_whole or has_providers or (isinstance(model, Mapping) and "primary" in model)


class _Reader:
    """Reads one document: its providers first, since ids refer to them."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.keys: dict[str, Key] = {}
        self.rows: dict[str, Mapping[str, Any]] = {}
        self.caps: dict[tuple[str, str], Mapping[str, Any]] = {}
        self.named: dict[str, str] = {}

    def environment(self, given: Any) -> None:
        """Notes which variables the file sets; a key among them stands there in plain text."""
        rows = self.draft.mapping(given, path="$.env")
        nested = rows.get("vars")
        for name, value in {**rows, **(nested if isinstance(nested, Mapping) else {})}.items():
            if name in {"vars", "shellEnv"}:
                continue
            provider = next((row for row in self.draft.into.providers.values() if name in row.keys), None)
            if name == "OLLAMA_API_KEY":
                self.draft.note("OLLAMA_API_KEY is ignored: an Ollama server on your own machine needs no key")
            elif name in FOREIGN:
                self.draft.key(value, path=f"$.env.{name}")
                self.draft.note(
                    f"{name} is not read: Claude Code sets it for itself; OUTRIDER_ANTHROPIC_API_KEY is read"
                )
            elif provider is not None:
                self.draft.key(value, path=f"$.env.{name}")
                self.draft.needs(name)
            else:
                self.draft.hide(value)
                self.draft.leave(f"$.env.{name}", "no provider of ours reads this variable")

    def providers(self, given: Any) -> None:
        """Keeps what the file says of its own providers and their models."""
        models = self.draft.mapping(given, path="$.models")
        self.draft.leave_rest(models, {"providers", "mode"}, path="$.models")
        for name, row in self.draft.mapping(models.get("providers"), path="$.models.providers").items():
            path = f"$.models.providers.{name}"
            if not isinstance(row, Mapping):
                self.draft.leave(path, "it is no provider")
                continue
            self.draft.leave_rest(row, {"baseUrl", "apiKey", "api", "models"}, path=path)
            self.rows[name] = row
            self.keys[name] = self.draft.key(row.get("apiKey"), path=f"{path}.apiKey")
            if row.get("api") is not None and row.get("api") not in DIALECTS:
                self.draft.leave(f"{path}.api", "this protocol is not spoken here; the OpenAI-compatible one is tried")
            for model in self.draft.listed(row.get("models"), path=f"{path}.models"):
                if isinstance(model, Mapping) and isinstance(model.get("id"), str):
                    self.caps[name, model["id"]] = model

    def way(self, name: Any, *, path: str) -> Way | None:
        """Returns the way that `provider/id` means."""
        if not isinstance(name, str) or "/" not in name:
            self.draft.leave(path, "it is no `provider/model`")
            return None
        word, _, wire_id = name.partition("/")
        row = self.rows.get(word, {})
        return self.draft.way(
            word, wire_id, path=path, address=row.get("baseUrl"), key=self.keys.get(word),
            dialect=DIALECTS.get(str(row.get("api")), ""),
        )  # fmt: skip

    def called(self, name: Any, *, path: str) -> tuple[str, Way] | None:
        """Returns the name in a chain that `provider/id` gets, and its way."""
        way = self.way(name, path=path)
        if way is None:
            return None
        if way.local and way.dialect == "ollama":
            self.draft.note("OLLAMA_API_KEY is ignored: an Ollama server on your own machine needs no key")
        if name not in self.named:
            word, _, wire_id = str(name).partition("/")
            facts = _facts(self.caps.get((word, wire_id), {}), way)
            wanted = row_name(way)
            given = (
                self.draft.model(wanted, way, path=path, more=facts) if facts else self.draft.chained(way, path=path)
            )
            if given is None:
                return None
            self.named[name] = given
        return self.named[name], way


def _facts(row: Mapping[str, Any], way: Way) -> dict[str, Any]:
    """Returns what the file says of a model that we have no facts of."""
    if way.facts and not way.local:
        return {}
    found: dict[str, Any] = {}
    for theirs, ours in (("contextWindow", "context"), ("maxTokens", "max_output")):
        if _whole(row.get(theirs)):
            found[ours] = row[theirs]
    cost = row.get("cost")
    rates = (
        {ours: cost[theirs] for theirs, ours in _RATES.items() if _number(cost.get(theirs))}
        if isinstance(cost, Mapping)
        else {}
    )
    if rates:
        found["price"] = rates
    if isinstance(row.get("input"), list) and "image" in row["input"]:
        found["abilities"] = ["vision", *(["reasoning"] if row.get("reasoning") is True else [])]
    return found


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def imported(document: Any, into: Into) -> Imported:
    """Reads a document: the whole, or only the `model` or `agents.defaults` of one."""
    draft = Draft(TOOL, into)
    reader = _Reader(draft)
    reader.environment(document.get("env"))
    models = document.get("models")
    # The models of the whole are providers; those of a part are aliases.
    has_providers = "agents" in document or (isinstance(models, Mapping) and "providers" in models)
    reader.providers(models if has_providers else None)
    agents = draft.mapping(document.get("agents"), path="$.agents")
    if agents:
        draft.leave_rest(document, {"agents", "models", "env"}, path="$")
        draft.leave_rest(agents, {"defaults", "list"}, path="$.agents")
        path = "$.agents.defaults"
        defaults = draft.mapping(agents.get("defaults"), path=path)
    else:
        defaults, path = {name: document[name] for name in ("model", "models", "imageModel") if name in document}, "$"
        draft.leave_rest(document, {"model", "models", "imageModel", "env"}, path="$")
        if has_providers:
            defaults.pop("models", None)
    draft.leave_rest(defaults, {"model", "models", "imageModel"} if agents else set(defaults), path=path)
    chain = _chain(reader, defaults.get("model"), path=f"{path}.model")
    aliases = _aliases(reader, defaults.get("models"), path=f"{path}.models")
    for alias, (name, is_local) in aliases.items():
        # The fallbacks stand behind whichever model was chosen; behind a local one they would hand its prompts out.
        rest = [] if is_local else [other for other in chain[1:] if other != name]
        draft.preset(alias, [name, *rest], is_local=is_local)
    if chain:
        draft.default(chain)
    pictures = _chain(reader, defaults.get("imageModel"), path=f"{path}.imageModel")
    if pictures:
        draft.named("tasks", "images", {"chain": pictures, "needs": ["vision"]}, path=f"{path}.imageModel")
    if agents:
        _agents(reader, agents.get("list"))
    return draft.done()


def _chain(reader: _Reader, given: Any, *, path: str) -> list[str]:
    """Returns a primary and its fallbacks as a chain."""
    row = {"primary": given} if isinstance(given, str) else given
    if row is None:
        return []
    if not isinstance(row, Mapping):
        reader.draft.leave(path, "it names no models")
        return []
    reader.draft.leave_rest(row, {"primary", "fallbacks"}, path=path)
    fallbacks = reader.draft.listed(row.get("fallbacks"), path=f"{path}.fallbacks")
    wanted = [(row.get("primary"), f"{path}.primary")] if row.get("primary") is not None else []
    wanted += [(name, f"{path}.fallbacks[{i}]") for i, name in enumerate(fallbacks)]
    found = [reader.called(name, path=place) for name, place in wanted[:100]]
    return list(dict.fromkeys(entry[0] for entry in found if entry is not None))


def _aliases(reader: _Reader, given: Any, *, path: str) -> dict[str, tuple[str, bool]]:
    """Gives models their other names; returns those that are presets of ours, with their model."""
    presets: dict[str, tuple[str, bool]] = {}
    for name, row in reader.draft.mapping(given, path=path).items():
        here = f"{path}[{name!r}]"
        found = reader.called(name, path=here)
        if found is None or not isinstance(row, Mapping):
            continue
        reader.draft.leave_rest(row, {"alias"}, path=here)
        alias = row.get("alias")
        if not isinstance(alias, str):
            continue
        if alias in reader.draft.into.registry.presets:
            presets.setdefault(alias, (found[0], found[1].local))
        elif not reader.draft.means(alias, found[1]):
            reader.draft.named("aliases", alias, found[0], path=f"{here}.alias")
    return presets


def _agents(reader: _Reader, given: Any) -> None:
    """Makes a task of each agent that has models of its own."""
    for index, row in enumerate(reader.draft.listed(given, path="$.agents.list")):
        path = f"$.agents.list[{index}]"
        if not isinstance(row, Mapping):
            reader.draft.leave(path, "it is no agent")
            continue
        reader.draft.leave_rest(row, {"id", "name", "model", "default"}, path=path)
        chain = _chain(reader, row.get("model"), path=f"{path}.model")
        if chain:
            reader.draft.named("tasks", str(row.get("id") or row.get("name") or ""), {"chain": chain}, path=path)
