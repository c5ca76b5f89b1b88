"""LlamaFarm's `llamafarm.yaml`: `runtime.models`, `runtime.default_model`, `prompts`.

Source: the project's documentation of `runtime`, `prompts` and `mcp`, 2026-11. A model is called by its name; the
default one answers where none is named. Models called fallback, emergency or backup stand behind the default.
"""

import re
from collections.abc import Mapping
from typing import Any

from outrider.interop.drafting import NAME, Draft
from outrider.interop.nouns import Imported
from outrider.interop.providing import Into
from outrider.rules.paths import inside

TOOL = "llamafarm"
ADDRESSES = {"universal": "http://localhost:11540"}
"""Where a runtime stands when nothing else is said."""
_BEHIND = re.compile(r"(?:fallback|emergency|backup|secondary|tertiary)", re.IGNORECASE)
_MODEL = {
    "name", "description", "provider", "model", "base_url", "api_key", "default", "prompt", "prompts", "mcp_servers",
    "tools", "model_api_parameters",
}  # fmt: skip


def is_mine(document: Any) -> bool:
    """Whether a document has this tool's shape."""
    runtime = document.get("runtime") if isinstance(document, Mapping) else None
    return isinstance(runtime, Mapping) and isinstance(runtime.get("models"), list)


def imported(document: Any, into: Into) -> Imported:
    """Reads a whole document; a bare list of models is read as its `runtime.models`."""
    whole = {"runtime": {"models": document}} if isinstance(document, list) else document
    draft = Draft(TOOL, into)
    draft.leave_rest(whole, {"version", "name", "namespace", "prompts", "runtime", "mcp"}, path="$")
    prompts = _prompts(draft, whole.get("prompts"))
    _servers(draft, whole.get("mcp"))
    runtime = draft.mapping(whole.get("runtime"), path="$.runtime")
    draft.leave_rest(runtime, {"models", "default_model"}, path="$.runtime")
    wanted = runtime.get("default_model")
    names: dict[str, str] = {}
    behind: list[str] = []
    first = ""
    for index, row in enumerate(draft.listed(runtime.get("models"), path="$.runtime.models")):
        path = f"$.runtime.models[{index}]"
        if not isinstance(row, Mapping):
            draft.leave(path, "it is no model")
            continue
        own = str(row.get("name") or row.get("model") or "")
        if own in names:
            draft.leave(path, f"the name `{own[:80]}` is there twice; the first one counts")
            continue
        called = _model(draft, row, own, prompts=prompts, path=path)
        if called is None:
            continue
        names[own] = called
        if row.get("default") is True and not wanted:
            wanted = own
        if _BEHIND.match(own):
            behind.append(called)
        first = first or called
    _default(draft, names, wanted, behind=[name for name in behind if name != first])
    return draft.done()


def _model(draft: Draft, row: Mapping[str, Any], own: str, *, prompts: Mapping[str, str], path: str) -> str | None:
    draft.leave_rest(row, _MODEL, path=path)
    more = _more(draft, row, prompts, path=path)
    if not row.get("provider") and not row.get("model"):
        return _unnamed(draft, own, more, path=path)
    word = str(row.get("provider") or "")
    address = row.get("base_url") or (ADDRESSES.get(word) if word not in draft.into.providers else None)
    key = draft.key(row.get("api_key"), path=f"{path}.api_key")
    way = draft.way(word, row.get("model"), path=path, address=address, key=key)
    if way is None:
        return None
    given = draft.mapping(row.get("model_api_parameters"), path=f"{path}.model_api_parameters")
    text = row.get("description")
    called = draft.model(
        own, way, params=given, params_path=f"{path}.model_api_parameters", more=more, path=path,
        description=text if isinstance(text, str) else "",
    )  # fmt: skip
    # A preset of ours goes by this name: choosing it is choosing this model.
    draft.preset(own, [called] if called else [], is_local=way.local)
    return called


def _more(draft: Draft, row: Mapping[str, Any], prompts: Mapping[str, str], *, path: str) -> dict[str, Any]:
    more: dict[str, Any] = {}
    one = row.get("prompt")
    named = draft.listed(row.get("prompts"), path=f"{path}.prompts") if one is None else [one]
    for index, name in enumerate(named):
        if index:
            draft.leave(inside(f"{path}.prompts", index), "a model has one prompt here")
        elif isinstance(name, str) and name in prompts:
            more["prompt"] = prompts[name]
        else:
            draft.leave(f"{path}.prompt", "there is no such prompt in the file")
    for index, name in enumerate(draft.listed(row.get("mcp_servers"), path=f"{path}.mcp_servers")):
        if isinstance(name, str) and NAME.fullmatch(name):
            more.setdefault("tools", []).append(name)
        else:
            draft.leave(f"{path}.mcp_servers[{index}]", "it is no name of a tool server")
    if row.get("tools"):
        draft.leave(f"{path}.tools", "tools of its own stand in no row; a tool server does (`mcp_servers`)")
    return more


def _unnamed(draft: Draft, own: str, more: Mapping[str, Any], *, path: str) -> str | None:
    """Gives a model that says only its prompt to the models of our default task."""
    registry = draft.into.registry
    task = registry.tasks.get(str(registry.values.get("default")))
    if task is None or not task.chain:
        draft.leave(path, "it names neither a provider nor a model")
        return None
    row = {"chain": list(task.chain), "tail": True, "description": f"As {task.name}, with its own prompt"}
    row |= {name: more[name] for name in ("prompt",) if name in more}
    called = draft.named("tasks", own, row, path=path)
    if called is not None:
        draft.note(f"{path} names no model: `{called}` is a task with the models of `{task.name}` and its own prompt")
    return None


def _default(draft: Draft, names: Mapping[str, str], wanted: Any, *, behind: list[str]) -> None:
    """Makes the default model, with what stands behind it, the task that a plain `ask` uses."""
    if not names:
        return
    if wanted is not None and (not isinstance(wanted, str) or wanted not in names):
        draft.leave("$.runtime.default_model", "no model that was imported has this name")
        return
    if wanted is None:
        draft.note("the file names no default model, so a plain `outrider ask` goes where it went before")
        return
    chain = list(dict.fromkeys([names[wanted], *behind]))
    draft.default(chain)
    if len(chain) > 1:
        draft.note(f"by their names, {', '.join(chain[1:])} stand behind {chain[0]} when it fails")


def _prompts(draft: Draft, given: Any) -> dict[str, str]:
    """Keeps the system text of each prompt; returns our name of it by the file's."""
    found: dict[str, str] = {}
    for index, row in enumerate(draft.listed(given, path="$.prompts")):
        path = f"$.prompts[{index}]"
        name = row.get("name") if isinstance(row, Mapping) else None
        messages = row.get("messages") if isinstance(row, Mapping) else None
        if not isinstance(name, str) or not isinstance(messages, list):
            draft.leave(path, "it has no name and messages")
            continue
        texts = []
        for number, message in enumerate(messages):
            is_one = isinstance(message, Mapping) and isinstance(message.get("content"), str)
            if is_one and message.get("role", "system") in {"system", "developer"}:
                texts.append(message["content"].strip())
            else:
                draft.leave(f"{path}.messages[{number}]", "only system text is kept as a prompt")
        if texts:
            called = draft.prompt(name, "\n\n".join(texts), path=path)
            found |= {name: called} if called else {}
    return found


def _servers(draft: Draft, given: Any) -> None:
    mcp = draft.mapping(given, path="$.mcp")
    for index, row in enumerate(draft.listed(mcp.get("servers"), path="$.mcp.servers")):
        name = row.get("name") if isinstance(row, Mapping) else None
        draft.leave(
            f"$.mcp.servers[{index}]" + (f" ({name})" if isinstance(name, str) else ""),
            "tool servers are declared in .claude/mcp-servers.json: write it there under this name",
        )
    draft.leave_rest(mcp, {"servers"}, path="$.mcp")
