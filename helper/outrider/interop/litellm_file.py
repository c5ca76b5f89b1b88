"""Writes a LiteLLM proxy's `config.yaml`: a group for each model, and one with fallbacks for each task and preset.

Source: docs.litellm.ai/docs/proxy/configs and /docs/providers, 2026-11.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from outrider.interop.exporting import Chosen, Entry, unsaid, with_head
from outrider.interop.nouns import Exported
from outrider.interop.yaml_text import text
from outrider.rows import Provider, Registry

PREFIXES: Mapping[str, str] = {
    "openai": "openai", "anthropic": "anthropic", "gemini": "gemini", "deepseek": "deepseek", "moonshot": "moonshot",
    "groq": "groq", "openrouter": "openrouter", "xai": "xai", "mistral": "mistral", "together": "together_ai",
}  # fmt: skip
"""What LiteLLM calls the providers that it knows by address."""
_PARAMS = {"temperature", "top_p", "top_k", "min_p", "frequency_penalty", "presence_penalty", "seed", "stop", "num_ctx",
           "repeat_penalty"}  # fmt: skip


def exported(registry: Registry, choice: Chosen) -> Exported:
    """Returns the file."""
    rows = {entry.name: _row(registry, entry) for entry in choice.entries}
    models = [{"model_name": name, **row} for name, row in rows.items()]
    fallbacks = []
    for name, chain in choice.chains:
        if name not in rows:
            models.append({"model_name": name, **rows[chain[0]]})
        if chain[1:]:
            fallbacks.append({name: list(chain[1:])})
    document: dict[str, Any] = {"model_list": models}
    if fallbacks:
        document["router_settings"] = {"fallbacks": fallbacks}
    notes = unsaid(choice, chains=True)
    switched = [entry.name for entry in choice.entries if {"thinking"} & set(entry.model.row.get("params", {}))]
    if switched:
        notes.append(f"whether a model thinks: {', '.join(switched)}")
    if any(registry.tasks[name].tail for name, _ in choice.chains if name in registry.tasks):
        notes.append("the computed tail of our tasks: a chain ends where it is written to end")
    return with_head(text(document), place="LiteLLM's config.yaml", notes=notes)


def name_of(registry: Registry, entry: Entry) -> tuple[str, str]:
    """Returns LiteLLM's name of a model, and the address that has to stand beside it."""
    provider = entry.provider
    moved = f"$.providers.{provider.name}.base_url" in registry.origins
    if provider.name in PREFIXES and not (moved and provider.dialect == "openai"):
        return f"{PREFIXES[provider.name]}/{entry.model.id}", provider.base_url if moved else ""
    return f"{_prefix(provider)}/{entry.model.id}", provider.base_url


def _prefix(provider: Provider) -> str:
    match provider.dialect:
        case "ollama":
            return "ollama_chat"
        case "anthropic":
            return "anthropic"
        case _:
            return "hosted_vllm" if provider.local else PREFIXES.get(provider.name, "openai")


def _row(registry: Registry, entry: Entry) -> dict[str, Any]:
    name, address = name_of(registry, entry)
    params: dict[str, Any] = {"model": name}
    if address:
        params["api_base"] = address
    if entry.variable:
        params["api_key"] = f"os.environ/{entry.variable}"
    elif entry.provider.dialect == "openai":
        # Its client wants some text where the server wants none.
        params["api_key"] = "not-needed"
    row = entry.model.row
    given = row.get("params", {})
    params |= {key: value for key, value in given.items() if key in _PARAMS}
    if isinstance(given.get("effort"), str):
        params["reasoning_effort"] = given["effort"]
    info: dict[str, Any] = {}
    if entry.model.max_output:
        info["max_output_tokens"] = entry.model.max_output
    if entry.model.context:
        info["max_input_tokens"] = row.get("max_input") or entry.model.context
    price = entry.model.price
    if price is not None:
        for ours, rate in (("input_cost_per_token", price.base.input), ("output_cost_per_token", price.base.output)):
            info |= {ours: float(rate / Decimal(1_000_000))} if rate is not None else {}
    return {"litellm_params": params, **({"model_info": info} if info else {})}
