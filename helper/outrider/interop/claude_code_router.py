"""claude-code-router's `config.json`: `Providers` and `Router`.

Source: the project's README and `config.example.json`, 2026-11. A route is `provider,model`.
"""

from collections.abc import Mapping
from typing import Any

from outrider.interop.drafting import Draft, row_name
from outrider.interop.nouns import Imported, Key, Way
from outrider.interop.providing import Into

TOOL = "claude-code-router"
LONG = 60_000
"""Tokens above which `longContext` is used when the file does not say."""
_TOP = {"Providers", "providers", "Router", "router", "API_TIMEOUT_MS", "LOG", "LOG_LEVEL", "HOST", "PORT",
        "NON_INTERACTIVE_MODE", "$schema"}  # fmt: skip
_OWN = "it belongs to the proxy, and there is none here"
_TASKS: Mapping[str, Mapping[str, Any]] = {
    "background": {"description": "Small work in the background"},
    "webSearch": {"description": "Questions that want a search of the web"},
    "image": {"description": "Questions about pictures", "needs": ["vision"]},
}
_CALLED = {"webSearch": "web-search"}


def is_mine(document: Any) -> bool:
    """Whether a document has this tool's shape."""
    return (
        isinstance(document, Mapping)
        and any(isinstance(document.get(name), list) for name in ("Providers", "providers"))
        and any(name in document for name in ("Router", "router", "Providers"))
    )


class _Reader:
    """Knows the file's providers by their names."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.rows: dict[str, tuple[Mapping[str, Any], Key, str]] = {}

    def take(self, rows: Any) -> None:
        """Reads every provider; each of its models can then be called."""
        for index, row in enumerate(self.draft.listed(rows, path="$.Providers")):
            path = f"$.Providers[{index}]"
            name = row.get("name") if isinstance(row, Mapping) else None
            if not isinstance(row, Mapping) or not isinstance(name, str):
                self.draft.leave(path, "it is no provider with a name")
                continue
            if name in self.rows:
                self.draft.leave(path, "its name is there twice; the first one counts")
                continue
            known = {"name", "api_base_url", "api_key", "models", "transformer"}
            self.draft.leave_rest(row, known, path=path)
            self.rows[name] = row, self.draft.key(row.get("api_key"), path=f"{path}.api_key"), path
            self._transformers(row.get("transformer"), path=f"{path}.transformer")
            for number, wire_id in enumerate(self.draft.listed(row.get("models"), path=f"{path}.models")):
                way = self.way(f"{name},{wire_id}", path=f"{path}.models[{number}]")
                if way is not None:
                    self.called(way, f"{name},{wire_id}", path=f"{path}.models[{number}]")

    def _transformers(self, given: Any, *, path: str) -> None:
        for name, value in self.draft.mapping(given, path=path).items():
            used = value if name == "use" else value.get("use") if isinstance(value, Mapping) else None
            for entry in used if isinstance(used, list) else []:
                word = entry[0] if isinstance(entry, list) and entry else entry
                if word == "maxtoken":
                    continue
                self.draft.leave(f"{path}.{name}", f"the transformer {str(word)[:60]}: our dialects and rows do this")

    def cap(self, name: str, wire_id: str) -> dict[str, Any]:
        """Returns the cap that a provider's or a model's transformer sets."""
        given = self.rows[name][0].get("transformer")
        whole = given if isinstance(given, Mapping) else {}
        of_model = whole.get(wire_id)
        for used in (of_model.get("use") if isinstance(of_model, Mapping) else None, whole.get("use")):
            for entry in used if isinstance(used, list) else []:
                is_cap = isinstance(entry, list) and len(entry) > 1 and entry[0] == "maxtoken"
                if is_cap and isinstance(entry[1], Mapping) and "max_tokens" in entry[1]:
                    return {"max_tokens": entry[1]["max_tokens"]}
        return {}

    def way(self, route: Any, *, path: str) -> Way | None:
        """Returns the way that `provider,model` means."""
        name, comma, wire_id = route.partition(",") if isinstance(route, str) else ("", "", "")
        if not comma or name not in self.rows:
            self.draft.leave(path, "it is no `provider,model` of a provider above")
            return None
        row, key, _ = self.rows[name]
        address = row.get("api_base_url")
        dialect = "anthropic" if isinstance(address, str) and address.rstrip("/").endswith("/messages") else ""
        return self.draft.way(name, wire_id, path=path, address=address, key=key, dialect=dialect)

    def called(self, way: Way, route: str, *, path: str) -> str | None:
        """Returns the name by which a chain reaches the model of a route."""
        name, _, wire_id = route.partition(",")
        cap = self.cap(name, wire_id)
        if cap:
            return self.draft.model(row_name(way), way, path=path, params=cap)
        return self.draft.chained(way, path=path)


def imported(document: Any, into: Into) -> Imported:
    """Reads a whole document."""
    draft = Draft(TOOL, into)
    reader = _Reader(draft)
    for name in ("HOST", "PORT", "LOG", "LOG_LEVEL", "NON_INTERACTIVE_MODE"):
        if name in document:
            draft.leave(f"$.{name}", _OWN)
    if document.get("APIKEY") is not None:
        draft.hide(document["APIKEY"])
        draft.leave("$.APIKEY", _OWN)
    if document.get("PROXY_URL") is not None:
        draft.leave(
            "$.PROXY_URL", "which proxy sees your prompts is yours to say: `network.proxy` in models.local.json"
        )
    draft.leave_rest(document, _TOP | {"APIKEY", "PROXY_URL"}, path="$")
    timeout = document.get("API_TIMEOUT_MS")
    milliseconds = int(timeout) if isinstance(timeout, str) and timeout.isdigit() and len(timeout) < 12 else timeout
    if isinstance(milliseconds, int) and 0 < milliseconds <= 86_400_000:
        draft.top["limits"] = {"total": milliseconds / 1000}
    elif timeout is not None:
        draft.leave("$.API_TIMEOUT_MS", "it is no number of milliseconds within a day")
    reader.take(document.get("Providers", document.get("providers")))
    router = draft.mapping(document.get("Router", document.get("router")), path="$.Router")
    known = {"default", "background", "think", "longContext", "longContextThreshold", "webSearch", "image"}
    draft.leave_rest(router, known, path="$.Router")
    chains = {name: found for name in known - {"longContextThreshold"} if (found := _route(reader, router, name))}
    rest = chains.get("default", [])
    if rest:
        draft.default(rest)
    if "think" in chains:
        draft.preset("think", list(dict.fromkeys([*chains["think"], *rest])), is_local=False)
    for name, row in _TASKS.items():
        if name in chains:
            draft.named("tasks", _CALLED.get(name, name), {**row, "chain": chains[name]}, path=f"$.Router.{name}")
    if "webSearch" in chains:
        draft.leave("$.Router.webSearch", "the model is kept as a task; no search of the web goes with it")
    if "longContext" in chains:
        _long(draft, chains["longContext"], router.get("longContextThreshold"))
    return draft.done()


def _route(reader: _Reader, router: Mapping[str, Any], name: str) -> list[str]:
    given = router.get(name)
    if given in (None, ""):
        return []
    way = reader.way(given, path=f"$.Router.{name}")
    called = reader.called(way, str(given), path=f"$.Router.{name}") if way is not None else None
    return [called] if called else []


def _long(draft: Draft, chain: list[str], threshold: Any) -> None:
    """Makes a rule: what is longer than so many tokens goes to the model with the long window."""
    is_given = isinstance(threshold, int) and not isinstance(threshold, bool) and threshold >= 0
    if threshold is not None and not is_given:
        draft.leave("$.Router.longContextThreshold", "it is no number of tokens")
    row = {"description": "Prompts that need a long window", "chain": chain}
    task = draft.named("tasks", "long-context", row, path="$.Router.longContext")
    if task is not None:
        above = threshold if is_given else LONG
        draft.top["rules"] = [{"name": "long-context", "tokens_above": above, "task": task}]
        draft.note(f"prompts of more than {above:,} tokens go to the task `{task}`: the rule `long-context`")
