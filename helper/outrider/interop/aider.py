"""Writes aider's `.aider.conf.yml`: its main, weak and editor model, and an alias for each of ours.

Source: aider.chat/docs/config (aider_conf, model-aliases, llms), 2026-11. aider calls models as LiteLLM does, reads
keys from LiteLLM's variables, and has one address for all OpenAI-compatible servers.
"""

from typing import Any

from outrider.interop.exporting import Chosen, Entry, by_provider, unsaid, with_head
from outrider.interop.litellm_file import PREFIXES, name_of
from outrider.interop.nouns import Exported
from outrider.interop.yaml_text import text
from outrider.rows import Registry

ROLES = (("model", ("coding", "")), ("weak-model", ("simple",)), ("editor-model", ("coding",)))
"""Each of aider's models, and the tasks of ours whose first model it is."""
_VARIABLES = {"together": "TOGETHERAI_API_KEY"}


def exported(registry: Registry, choice: Chosen) -> Exported:
    """Returns the file."""
    notes = unsaid(choice, chains=False)
    others: list[Entry] = []
    named: dict[str, str] = {}
    for entry in choice.entries:
        if _is_sayable(entry):
            named[entry.name] = name_of(registry, entry)[0]
        else:
            others.append(entry)
    why = "aider has one address besides: set `openai-api-base` to {url}, and call openai/ID"
    notes += by_provider(tuple(others), why)
    chains = {**dict(choice.chains), "": choice.first}
    document: dict[str, Any] = {}
    for role, tasks in ROLES:
        found = next((named[name] for task in tasks for name in chains.get(task, ()) if name in named), None)
        document |= {role: found} if found else {}
    if "model" not in document and named:
        document["model"] = next(iter(named.values()))
    aliases = [f"{name}:{theirs}" for name, theirs in named.items()]
    aliases += [f"{name}:{first}" for name, chain in choice.chains if name not in named
                for first in [next((named[model] for model in chain if model in named), None)] if first]  # fmt: skip
    document |= {"alias": aliases} if aliases else {}
    return with_head(text(document), place="aider's .aider.conf.yml", notes=notes, steps=_keys(choice))


def _is_sayable(entry: Entry) -> bool:
    return entry.provider.name in PREFIXES or entry.provider.dialect == "ollama"


def _keys(choice: Chosen) -> list[str]:
    """Says which variables aider reads instead of ours, and where Ollama is."""
    told = []
    for entry in choice.entries:
        if entry.provider.dialect == "ollama":
            told.append(f"the server's address: export OLLAMA_API_BASE={entry.provider.base_url}")
        theirs = _VARIABLES.get(entry.provider.name, f"{entry.provider.name.upper()}_API_KEY")
        if entry.variable and entry.provider.name in PREFIXES and entry.variable != theirs:
            told.append(f'the key of {entry.provider.name}: export {theirs}="${{{entry.variable}}}"')
    return told
