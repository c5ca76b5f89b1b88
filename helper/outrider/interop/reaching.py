"""Which provider another tool means: by the word it uses, or by an address; and what we know of the model there.

Dead ids become their successors here, by the registry's own aliases: but not at a local server, where what was pulled
once is there still.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from outrider.interop.nouns import Way
from outrider.rows import Model, Provider, Registry
from outrider.rules import privacy

WORDS: Mapping[str, str] = {
    "claude": "anthropic", "google": "gemini", "google-gemini": "gemini", "together_ai": "together",
    "togetherai": "together", "ollama_chat": "ollama", "hosted_vllm": "vllm", "litellm_proxy": "litellm",
    "moonshotai": "moonshot", "kimi": "moonshot", "x-ai": "xai", "grok": "xai", "mistralai": "mistral",
    "local-ai": "localai",
}  # fmt: skip
"""What other tools call our providers."""
RUNTIMES = frozenset({"ollama", "vllm", "localai", "universal", "lmstudio", "lm_studio", "llamacpp", "llamafile"})
"""Programs that run a model where they stand, and hand nothing on."""
GENERIC = frozenset(
    {
        "openai",
        "openai-compatible",
        "openai_compatible",
        "custom_openai",
        "custom",
        "anthropic",
        "claude",
        "",
        "litellm",
    }
)
"""Words for a protocol rather than for whoever speaks it."""
ELSEWHERE: Mapping[str, str] = {"api.together.xyz": "together"}
"""Older addresses of our providers."""
_ENDS = re.compile(r"(?:/v1)?/messages$|/(?:chat/)?completions$|/responses$|/api/(?:chat|generate)$")
COPIED = (
    "family", "context", "max_input", "max_output", "price", "abilities", "rules", "params", "scores", "speed",
    "limits", "released", "status", "shutdown", "replacement", "as_of", "source",
)  # fmt: skip
"""What is true of a model whatever a user calls it."""


def word_of(name: str) -> str:
    """Returns our word for a provider as another tool calls it."""
    return WORDS.get(name.lower(), name.lower())


def plain_address(url: str) -> str:
    """Returns an address without the path of a single call; empty where it can be read in two ways."""
    bare = _ENDS.sub("", url.strip().rstrip("/")).rstrip("/")
    return bare if privacy.plain_host(bare) is not None else ""


def same_place(url: str) -> str:
    """Returns what tells two addresses apart: scheme, host and port, the loopback under one name."""
    host = privacy.plain_host(url) or ""
    place = privacy.origin(url)
    return place.replace(host.lower(), "localhost", 1) if privacy.is_loopback_host(host) else place


def provider_at(providers: Mapping[str, Provider], address: str, *, word: str) -> Provider | None:
    """Returns the provider at an address, the one of this name first."""
    elsewhere = ELSEWHERE.get(privacy.plain_host(address) or "", "")
    if elsewhere in providers:
        return providers[elsewhere]
    place = same_place(address)
    found = [
        provider for provider in providers.values() if provider.base_url and same_place(provider.base_url) == place
    ]
    return next((provider for provider in found if provider.name == word), found[0] if found else None)


def new_name(word: str, address: str) -> str:
    """Returns a name for a provider that has none of ours: its own in the file, or what it is and where."""
    if word not in GENERIC and word not in RUNTIMES and re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,63}", word):
        return word
    parts = urlsplit(address)
    port = f"-{parts.port}" if parts.port else ""
    host = re.sub(r"[^A-Za-z0-9.-]", "-", parts.hostname or "").strip("-.")
    kind = re.sub(r"[^a-z0-9_.-]", "-", word).strip("-.") or "server"
    return f"{kind}-{host}{port}"[:64]


def way_to(registry: Registry, provider: Provider, wire_id: str) -> Way:
    """Returns the way to a model at a known provider, with what we know of it and what became of a dead id."""
    place: dict[str, Any] = {
        "local": provider.local, "dialect": provider.dialect, "drop": frozenset(provider.row.get("drop", ())),
    }  # fmt: skip
    own = [row for row in registry.models.values() if row.provider == provider.name and row.id != "*"]
    same = next((row for row in own if row.id == wire_id or (provider.local and f"{row.id}:latest" == wire_id)), None)
    if same is not None and same.row.get("status") != "retired":
        return Way(provider=provider.name, id=same.id, known=same.name, facts=facts_of(same), **place)
    if provider.local:
        # One that runs elsewhere, through a server that stands here, is neither free nor private.
        facts = {} if privacy.runs_in_the_cloud(wire_id) else local_facts()
        return Way(provider=provider.name, id=wire_id, facts=facts, **place)
    at_gateway = next((row for row in registry.models.values() if row.also.get(provider.name) == wire_id), None)
    if at_gateway is not None:
        return Way(provider=provider.name, id=wire_id, facts=facts_of(at_gateway), **place)
    return _successor(registry, provider, wire_id, place) or Way(provider=provider.name, id=wire_id, **place)


def _successor(registry: Registry, provider: Provider, wire_id: str, place: Mapping[str, Any]) -> Way | None:
    """Follows the alias of a dead id, at the same provider: a gateway that was named is meant."""
    bare = wire_id.rpartition("/")[2]
    for name in (f"{provider.name}/{wire_id}", f"{provider.name}:{wire_id}", wire_id, bare):
        alias = registry.aliases.get(name)
        model = registry.models.get(alias["model"]) if alias is not None else None
        if alias is None or model is None:
            continue
        why = f"{wire_id} became {model.id}" + (f": {alias['why']}" if alias.get("why") else "")
        if model.provider == provider.name:
            return Way(provider=provider.name, id=model.id, known=model.name, facts=facts_of(model), why=why, **place)
        if provider.name in model.also:
            there = model.also[provider.name]
            return Way(provider=provider.name, id=there, facts=facts_of(model), why=why, **place)
    return None


def facts_of(model: Model) -> dict[str, Any]:
    """Returns what a row says of a model itself, with where that was read."""
    return {name: model.row[name] for name in COPIED if name in model.row}


def local_facts() -> dict[str, Any]:
    """Returns what holds of any model on the user's own machine: it costs nothing, and may load for long."""
    return {"price": {"input": 0, "output": 0}, "limits": {"first_byte": 300, "total": 900}}
