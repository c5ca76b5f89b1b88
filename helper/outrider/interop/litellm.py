"""LiteLLM's proxy `config.yaml`: `model_list`, `router_settings`, `litellm_settings`; read.

Source: docs.litellm.ai/docs/proxy/configs and /docs/proxy/reliability, 2026-11. A group is a `model_name`; several
deployments may share it, and `fallbacks` name the groups behind it. Writing is in `litellm_file`.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from outrider.interop.drafting import Draft
from outrider.interop.exporting import asked_of
from outrider.interop.nouns import Imported, Way
from outrider.interop.providing import Into
from outrider.records import record

TOOL = "litellm"
FOREIGN = {"azure", "azure_ai", "bedrock", "vertex_ai", "sagemaker", "cohere", "cohere_chat", "huggingface",
           "replicate", "watsonx", "databricks", "text-completion-openai"}  # fmt: skip
"""Whose protocol is none of ours."""
_CONTROL = {"model", "api_base", "base_url", "api_key", "rpm", "tpm", "max_parallel_requests", "timeout",
            "stream_timeout", "input_cost_per_token", "output_cost_per_token"}  # fmt: skip
_INFO = {"id", "mode", "base_model", "description", "max_tokens", "max_input_tokens", "max_output_tokens",
         "input_cost_per_token", "output_cost_per_token", "supports_vision", "supports_function_calling",
         "supports_reasoning", "supports_response_schema"}  # fmt: skip
_ABLE = {"supports_vision": "vision", "supports_function_calling": "tools", "supports_reasoning": "reasoning",
         "supports_response_schema": "json"}  # fmt: skip
_RATES = {"rpm": "requests_per_second", "tpm": "tokens_per_minute", "max_parallel_requests": "concurrency"}
_ROUTER = {"fallbacks", "context_window_fallbacks", "default_fallbacks", "model_group_alias", "num_retries", "timeout"}
_OWN = "it belongs to the proxy, and there is none here"


@record
class _Deployment:
    """One entry of the list."""

    way: Way
    params: Mapping[str, Any]
    more: Mapping[str, Any]
    path: str


def is_mine(document: Any) -> bool:
    """Whether a document has this tool's shape."""
    return isinstance(document, Mapping) and isinstance(document.get("model_list"), list)


def imported(document: Any, into: Into) -> Imported:
    """Reads a whole document; a bare list is read as its `model_list`."""
    whole = {"model_list": document} if isinstance(document, list) else document
    draft = Draft(TOOL, into)
    draft.leave_rest(whole, {"model_list", "router_settings", "litellm_settings", "general_settings",
                             "environment_variables"}, path="$")  # fmt: skip
    for section in ("general_settings", "environment_variables"):
        for name, value in draft.mapping(whole.get(section), path=f"$.{section}").items():
            draft.hide(value) if isinstance(value, str) and section == "environment_variables" else None
            if name in {"master_key", "database_url", "salt_key"}:
                draft.hide(value)
            draft.leave(f"$.{section}.{name}", _OWN if section == "general_settings" else
                        "variables stand in your environment or key file: `outrider keys set`")  # fmt: skip
    groups = _groups(draft, whole.get("model_list"))
    router = draft.mapping(whole.get("router_settings"), path="$.router_settings")
    library = draft.mapping(whole.get("litellm_settings"), path="$.litellm_settings")
    draft.leave_rest(router, _ROUTER, path="$.router_settings")
    draft.leave_rest(library, (_ROUTER | {"request_timeout"}) - {"timeout"}, path="$.litellm_settings")
    behind = _fallbacks(draft, {"$.router_settings": router, "$.litellm_settings": library}, groups)
    _place(draft, groups, behind)
    _aliases(draft, router, groups, behind)
    _limits(draft, router, library)
    return draft.done()


def _groups(draft: Draft, given: Any) -> dict[str, list[_Deployment]]:
    """Reads the list; returns the deployments of each group."""
    groups: dict[str, list[_Deployment]] = {}
    rates: dict[str, list[dict[str, float]]] = {}
    for index, row in enumerate(draft.listed(given, path="$.model_list")):
        path = f"$.model_list[{index}]"
        params = row.get("litellm_params") if isinstance(row, Mapping) else None
        name = row.get("model_name") if isinstance(row, Mapping) else None
        if not isinstance(params, Mapping) or not isinstance(name, str):
            draft.leave(path, "it has no `model_name` and `litellm_params`")
            continue
        info = draft.mapping(row.get("model_info"), path=f"{path}.model_info")
        draft.leave_rest(row, {"model_name", "litellm_params", "model_info"}, path=path)
        draft.leave_rest(info, _INFO, path=f"{path}.model_info")
        if info.get("mode") not in (None, "chat", "completion", "responses"):
            draft.leave(path, f"it is for {str(info['mode'])[:40]}, and only answers in text are asked for here")
            continue
        way = _way(draft, params, path=f"{path}.litellm_params")
        if way is None:
            continue
        more = _more(params, info, way)
        rest = {key: value for key, value in params.items() if key not in _CONTROL}
        groups.setdefault(name, []).append(_Deployment(way=way, params=rest, more=more, path=path))
        rates.setdefault(way.provider, []).append({key: params[key] for key in _RATES if _is_count(params.get(key))})
    _rates(draft, rates)
    return groups


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _way(draft: Draft, params: Mapping[str, Any], *, path: str) -> Way | None:
    word, slash, wire_id = str(params.get("model") or "").partition("/")
    if not slash:
        wire_id = word
        word = "anthropic" if wire_id.startswith("claude-") else "openai"
    if word in FOREIGN:
        draft.leave(path, f"{word} speaks a protocol that is none of ours; reach it through a LiteLLM proxy of yours")
        return None
    key = draft.key(params.get("api_key"), path=f"{path}.api_key")
    address = params.get("api_base") or params.get("base_url")
    return draft.way(word, wire_id, path=path, address=address, key=key)


def _more(params: Mapping[str, Any], info: Mapping[str, Any], way: Way) -> dict[str, Any]:
    """Returns what the file says of a model: facts where we have none, and its patience."""
    found: dict[str, Any] = {}
    seconds = {ours: params[theirs] for theirs, ours in (("timeout", "total"), ("stream_timeout", "first_byte"))
               if isinstance(params.get(theirs), int | float) and 0 < params[theirs] <= 86_400}  # fmt: skip
    if seconds:
        found["limits"] = {**way.facts.get("limits", {}), **seconds}
    if way.facts and not way.local:
        most = info.get("max_output_tokens")
        is_lower = _is_count(most) and most < way.facts.get("max_output", 0)
        return {**found, "max_output": most} if is_lower else found
    costs = {**info, **params}
    price = {ours: float(Decimal(str(costs[theirs])) * 1_000_000)
             for theirs, ours in (("input_cost_per_token", "input"), ("output_cost_per_token", "output"))
             if isinstance(costs.get(theirs), int | float) and 0 <= costs[theirs] < 1}  # fmt: skip
    if price:
        found["price"] = price
    sizes = (("max_input_tokens", "max_input"), ("max_output_tokens", "max_output"))
    found |= {ours: info[theirs] for theirs, ours in sizes if _is_count(info.get(theirs))}
    if any(name in info for name in _ABLE):
        found["abilities"] = [ours for theirs, ours in _ABLE.items() if info.get(theirs) is True]
    return found


def _rates(draft: Draft, rates: Mapping[str, list[dict[str, float]]]) -> None:
    """Turns the rates of deployments into those of their provider: together they may use what each may."""
    for provider, rows in rates.items():
        limits: dict[str, Any] = {}
        for theirs, ours in _RATES.items():
            given = [row[theirs] for row in rows if theirs in row]
            if given and len(given) < len(rows):
                draft.leave(f"$.model_list: {theirs} at {provider}", "not every model there has it, and here it is the "
                            "provider's")  # fmt: skip
            elif given:
                limits[ours] = sum(given) / 60 if theirs == "rpm" else sum(given)
        if limits:
            row = draft.made.get(provider, {})
            draft.made[provider] = {**row, "limits": {**row.get("limits", {}), **limits}}


def _fallbacks(
    draft: Draft, sections: Mapping[str, Mapping[str, Any]], groups: Mapping[str, list[_Deployment]]
) -> dict[str, list[str]]:
    """Returns the groups behind each group."""
    behind: dict[str, list[str]] = {}
    for section, row in sections.items():
        for kind in ("fallbacks", "context_window_fallbacks"):
            for index, entry in enumerate(draft.listed(row.get(kind), path=f"{section}.{kind}")):
                path = f"{section}.{kind}[{index}]"
                for name, others in draft.mapping(entry, path=path).items():
                    known = [other for other in others if other in groups] if isinstance(others, list) else []
                    if name not in groups or not known or len(known) < len(others):
                        draft.leave(path, "a group that it names was not imported")
                    if name in groups and known:
                        behind.setdefault(name, []).extend(known)
                        if kind != "fallbacks":
                            draft.note(
                                f"{path}: the models behind `{name}` are tried after any fault, not only a full window"
                            )
        common = draft.listed(row.get("default_fallbacks"), path=f"{section}.default_fallbacks")
        for name in groups if common else ():
            behind.setdefault(name, []).extend(other for other in common if other in groups and other != name)
    return {name: list(dict.fromkeys(others)) for name, others in behind.items() if others}


def _place(draft: Draft, groups: Mapping[str, list[_Deployment]], behind: Mapping[str, list[str]]) -> None:
    """Names every group: a model where it is one, a task where it is a chain."""
    alone = {name for name, rows in groups.items() if len(rows) == 1 and name not in behind}
    names: dict[str, list[str]] = {}
    for group, rows in groups.items():
        found = [_call(draft, group if group in alone else None, group, row) for row in rows]
        names[group] = list(dict.fromkeys(name for name in found if name is not None))
        if len(names[group]) > 1:
            draft.note(f"`{group}` was balanced over {len(names[group])} deployments: here they are tried in order")
    for group, own in names.items():
        chain = list(dict.fromkeys([*own, *(name for other in behind.get(group, ()) for name in names[other])]))[:100]
        if not chain or asked_of(draft.into.registry, group) == tuple(chain):
            continue
        is_local = all(row.way.local for other in (group, *behind.get(group, ())) for row in groups[other])
        if not draft.preset(group, chain, is_local=is_local) and group not in alone:
            draft.named("tasks", group, {"chain": chain}, path=f"$.model_list: {group}")


def _call(draft: Draft, name: str | None, group: str, row: _Deployment) -> str | None:
    params_path = f"{row.path}.litellm_params"
    if name is None and not row.params and not row.more:
        return draft.chained(row.way, path=row.path)
    # Behind a task of the group's own name the row needs another.
    wanted = name or f"{TOOL}.{group}"
    return draft.model(wanted, row.way, path=row.path, params=row.params, params_path=params_path, more=row.more)


def _aliases(
    draft: Draft, router: Mapping[str, Any], groups: Mapping[str, list[_Deployment]], behind: Mapping[str, list[str]]
) -> None:
    for name, given in draft.mapping(
        router.get("model_group_alias"), path="$.router_settings.model_group_alias"
    ).items():
        group = given.get("model") if isinstance(given, Mapping) else given
        path = f"$.router_settings.model_group_alias.{name}"
        if not isinstance(group, str) or group not in groups:
            draft.leave(path, "the group that it names was not imported")
            continue
        rows = draft.layer
        if len(groups[group]) == 1 and group not in behind:
            target = next((free for free in (f"{TOOL}.{group}", group) if free in rows.get("models", {})), None)
            draft.named("aliases", name, target or groups[group][0].way.name, path=path)
            continue
        task = next((rows["tasks"][free] for free in (f"{TOOL}.{group}", group) if free in rows.get("tasks", {})), None)
        if task is None:
            draft.leave(path, f"`{group}` is a preset or task of ours: ask for that")
        else:
            draft.named("tasks", name, task, path=path)


def _limits(draft: Draft, router: Mapping[str, Any], library: Mapping[str, Any]) -> None:
    limits: dict[str, Any] = {}
    for path, value in (("$.router_settings.num_retries", router.get("num_retries")),
                        ("$.litellm_settings.num_retries", library.get("num_retries"))):  # fmt: skip
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 20:
            limits.setdefault("retries", value)
        elif value is not None:
            draft.leave(path, "it is no number from 0 to 20")
    for path, value in (("$.router_settings.timeout", router.get("timeout")),
                        ("$.litellm_settings.request_timeout", library.get("request_timeout"))):  # fmt: skip
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 86_400:
            limits.setdefault("total", value)
        elif value is not None:
            draft.leave(path, "it is no number of seconds within a day")
    if limits:
        draft.top["limits"] = limits
