"""aichat's `config.yaml` and its folder `roles`: clients with their models, the default model, roles.

Source: the project's `config.example.yaml`, 2026-11. A model is `client:model`; a client without `api_key` reads
`CLIENT_API_KEY`. There are no fallbacks.
"""

import re
from collections.abc import Mapping
from typing import Any

from outrider.interop.drafting import Draft
from outrider.interop.exporting import Chosen, Entry, unsaid, with_head
from outrider.interop.nouns import Exported, Imported, Key, Way
from outrider.interop.parameters import NUMBERS
from outrider.interop.providing import Into
from outrider.interop.reaching import word_of
from outrider.interop.yaml_text import text
from outrider.rows import Registry

TOOL = "aichat"
FOREIGN = {"azure-openai", "vertexai", "bedrock", "cohere", "replicate", "ernie", "qianwen", "cloudflare"}
_CLIENT = {"type", "name", "api_base", "api_key", "models"}
_MODEL = {"name", "type", "max_input_tokens", "max_output_tokens", "input_price", "output_price", "supports_vision",
          "supports_function_calling", "supports_reasoning", "require_max_tokens", "max_tokens"}  # fmt: skip
_ABLE = {"supports_vision": "vision", "supports_function_calling": "tools", "supports_reasoning": "reasoning"}
_HEAD = re.compile(r"\A---\r?\n(.*?)\r?\n---\r?\n?", re.DOTALL)
_LINE = re.compile(r"([a-z_]+):\s*(.*?)\s*")


def is_mine(document: Any) -> bool:
    """Whether a document has this tool's shape."""
    return isinstance(document, Mapping) and isinstance(document.get("clients"), list)


class _Reader:
    """Knows the file's clients by their names."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.clients: dict[str, tuple[str, Any, Key]] = {}
        self.names: dict[str, str] = {}
        self.local: dict[str, bool] = {}

    def take(self, rows: Any) -> None:
        """Reads every client, and names its models."""
        for index, row in enumerate(self.draft.listed(rows, path="$.clients")):
            path = f"$.clients[{index}]"
            if not isinstance(row, Mapping):
                self.draft.leave(path, "it is no client")
                continue
            kind = str(row.get("type") or "")
            name = str(row.get("name") or kind)
            self.draft.leave_rest(row, _CLIENT, path=path)
            if kind in FOREIGN:
                self.draft.leave(path, f"{kind} speaks a protocol that is none of ours")
                continue
            key = self.draft.key(row.get("api_key"), path=f"{path}.api_key")
            variable = re.sub(r"[^A-Z0-9]+", "_", f"{name}_api_key".upper())
            address = row.get("api_base")
            if row.get("api_key") is None and not _is_loopback(address) and kind != "ollama" and name != "ollama":
                key = Key(variable=variable) if re.fullmatch(r"[A-Z_][A-Z0-9_]*", variable) else key
            self.clients[name] = (name if kind in {"openai-compatible", ""} else kind), address, key
            for number, model in enumerate(self.draft.listed(row.get("models"), path=f"{path}.models")):
                self._model(name, model, path=f"{path}.models[{number}]")

    def _model(self, client: str, row: Any, *, path: str) -> None:
        wire_id = row.get("name") if isinstance(row, Mapping) else None
        if not isinstance(row, Mapping) or not isinstance(wire_id, str):
            self.draft.leave(path, "it has no name")
            return
        self.draft.leave_rest(row, _MODEL, path=path)
        if row.get("type") not in (None, "chat"):
            self.draft.leave(path, "it answers no questions, and only answers in text are asked for here")
            return
        way = self.way(f"{client}:{wire_id}", path=path)
        if way is not None:
            self.name(f"{client}:{wire_id}", way, _facts(row, way), path=path)

    def way(self, name: str, *, path: str) -> Way | None:
        """Returns the way that `client:model` means."""
        client, colon, wire_id = name.partition(":")
        if not colon:
            self.draft.leave(path, "it is no `client:model`")
            return None
        word, address, key = self.clients.get(client, (client, None, Key()))
        dialect = "anthropic" if word == "claude" else ""
        return self.draft.way(word, wire_id, path=path, address=address, key=key, dialect=dialect)

    def name(self, name: str, way: Way, more: Mapping[str, Any], *, path: str) -> str | None:
        """Gives a model its name."""
        called = self.draft.model(name, way, path=path, more=more)
        if called is not None:
            self.names[name] = called
            self.local[name] = way.local
        return called

    def called(self, name: Any, *, path: str) -> str | None:
        """Returns the name in a chain of `client:model`."""
        if not isinstance(name, str):
            self.draft.leave(path, "it names no model")
            return None
        if name in self.names:
            return self.names[name]
        way = self.way(name, path=path)
        return None if way is None else self.name(name, way, {}, path=path)


def _is_loopback(address: Any) -> bool:
    return isinstance(address, str) and re.match(r"https?://(?:localhost|127\.|\[::1\])", address) is not None


def _facts(row: Mapping[str, Any], way: Way) -> dict[str, Any]:
    most = row.get("max_output_tokens")
    if way.facts and not way.local:
        is_lower = isinstance(most, int) and not isinstance(most, bool) and 0 < most < way.facts.get("max_output", 0)
        return {"max_output": most} if is_lower else {}
    found: dict[str, Any] = {
        ours: row[theirs] for theirs, ours in (("max_input_tokens", "max_input"), ("max_output_tokens", "max_output"))
        if isinstance(row.get(theirs), int) and not isinstance(row[theirs], bool) and row[theirs] > 0
    }  # fmt: skip
    rates = {"input": row.get("input_price"), "output": row.get("output_price")}
    price = {ours: rate for ours, rate in rates.items()
             if isinstance(rate, int | float) and not isinstance(rate, bool) and rate >= 0}  # fmt: skip
    if price:
        found["price"] = price
    if any(name in row for name in _ABLE):
        found["abilities"] = [ours for theirs, ours in _ABLE.items() if row.get(theirs) is True]
    return found


def imported(document: Any, into: Into) -> Imported:
    """Reads `config.yaml`, or a folder's files by name: `config.yaml`, and `roles` with the text of each."""
    is_folder = "config.yaml" in document or (isinstance(document.get("roles"), Mapping) and "clients" not in document)
    files = document if is_folder else {"config.yaml": document}
    draft = Draft(TOOL, into)
    whole = draft.mapping(files.get("config.yaml"), path="$")
    reader = _Reader(draft)
    draft.leave_rest(whole, {"clients", "model", "roles", *NUMBERS}, path="$")
    for name in sorted(NUMBERS & set(whole)):
        if whole[name] is not None:
            draft.leave(f"$.{name}", "it is for every model there; here a model's row has it, or `--temperature`")
    reader.take(whole.get("clients"))
    if whole.get("model") is not None:
        called = reader.called(whole["model"], path="$.model")
        if called is not None:
            draft.default([called])
    _roles(reader, whole.get("roles"), files.get("roles"))
    return draft.done()


def _roles(reader: _Reader, rows: Any, texts: Any) -> None:
    """Keeps each role's text as a prompt; one with a model of its own is a task."""
    found: list[tuple[str, Mapping[str, Any], str]] = []
    for index, row in enumerate(reader.draft.listed(rows, path="$.roles")):
        found.append((f"$.roles[{index}]", row if isinstance(row, Mapping) else {}, ""))
    for name, body in (texts if isinstance(texts, Mapping) else {}).items():
        head = _HEAD.match(body)
        lines = [_LINE.fullmatch(line) for line in (head[1].splitlines() if head else ())]
        row = {line[1]: line[2] for line in lines if line is not None}
        found.append((f"roles/{name}.md", {**row, "name": name, "prompt": body[head.end() if head else 0 :]}, ""))
    for path, row, _ in found:
        name, prompt = row.get("name"), row.get("prompt")
        if not isinstance(name, str) or not isinstance(prompt, str):
            reader.draft.leave(path, "it has no name and prompt")
            continue
        reader.draft.leave_rest(row, {"name", "prompt", "model"}, path=path)
        kept = reader.draft.prompt(name, prompt.strip(), path=path)
        called = reader.called(row["model"], path=f"{path}.model") if row.get("model") else None
        if called is not None:
            prompted = {"prompt": kept} if kept else {}
            reader.draft.named("tasks", name, {"chain": [called], **prompted}, path=path)


def exported(registry: Registry, choice: Chosen) -> Exported:  # noqa: ARG001 (every export is called so)
    """Returns the file: a client for each variable, since aichat finds a key by its client's name."""
    clients: dict[str, dict[str, Any]] = {}
    notes = unsaid(choice, chains=False)
    steps: list[str] = []
    names: dict[str, str] = {}
    for entry in choice.entries:
        client = client_of(entry)
        row = clients.setdefault(client, _client(entry, client))
        row["models"].append(_model(entry))
        names[entry.name] = f"{client}:{entry.model.id}"
        if entry.variable and not entry.variable.upper().endswith("_API_KEY"):
            theirs = f"{client.upper().replace('-', '_')}_API_KEY"
            steps.append(f'aichat reads {theirs} for {client}: export {theirs}="${{{entry.variable}}}"')
    first = next((names[name] for name in (*choice.first, *names)), None)
    if any(entry.model.row.get("params") for entry in choice.entries):
        notes.append("parameters of single models: in aichat a role or session has them")
    document = {**({"model": first} if first else {}), "clients": list(clients.values())}
    return with_head(text(document), place="aichat's config.yaml", notes=notes, steps=steps)


def client_of(entry: Entry) -> str:
    """Returns the client's name: the variable's without its end, so that aichat reads just that variable."""
    if entry.variable.endswith("_API_KEY"):
        name = entry.variable.removesuffix("_API_KEY").lower()
        own = word_of(entry.provider.name)
        return own if own.upper().replace("-", "_") == name.upper() else name
    return entry.provider.name


def _client(entry: Entry, name: str) -> dict[str, Any]:
    provider = entry.provider
    row: dict[str, Any] = {"type": "claude" if provider.dialect == "anthropic" else "openai-compatible", "name": name}
    address = provider.base_url
    if provider.dialect in {"anthropic", "ollama"}:
        address = f"{address.rstrip('/')}/v1"
    return {**row, "api_base": address, "models": []}


def _model(entry: Entry) -> dict[str, Any]:
    model = entry.model
    row: dict[str, Any] = {"name": model.id}
    if model.row.get("max_input") or model.context:
        row["max_input_tokens"] = model.row.get("max_input") or model.context
    if model.max_output:
        row["max_output_tokens"] = model.max_output
    if model.price is not None:
        for ours, rate in (("input_price", model.price.base.input), ("output_price", model.price.base.output)):
            row |= {ours: float(rate)} if rate is not None else {}
    row |= {theirs: True for theirs, ours in _ABLE.items() if ours in model.abilities}
    return row
