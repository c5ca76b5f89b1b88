"""Which parameters a request may carry to a model, decided before any body is built.

The model's own defaults come first, the request's values over them, the model's rules over both: what the model
refuses is left out with a sentence, never sent. A model without a row has no rules, so everything passes.
Nothing here knows how a dialect spells a parameter.
"""

import math
from collections.abc import Mapping
from typing import Any, Literal

from outrider.data import Json, Target
from outrider.providers import quirks
from outrider.rows import Provider

Params = dict[str, Json]
SAMPLING = ("temperature", "top_p", "top_k", "min_p", "frequency_penalty", "presence_penalty")
SETTLED = (("off", "never"), ("on", "always"))
"""Switches that say what is so anyway."""
CAPS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "num_predict")
OURS = ("model", "messages", "system", "stream", "stream_options", "n", "best_of")
"""What the codec sets itself; a second answer (`n`) would be billed beyond what was reserved."""


def merge(params: Mapping[str, Json], target: Target) -> tuple[Params, tuple[str, ...]]:
    """Returns the parameters to send, still in neutral names, and a sentence for each that was left out."""
    defaults = target.model.row.get("params")
    merged: Params = {**(defaults if isinstance(defaults, Mapping) else {}), **params}
    rules = read_rules(target)
    kept: Params = {}
    warnings: list[str] = []
    for name, told in merged.items():
        if told is None:
            continue
        value = _neutral(name, told)
        if name == "thinking" and (value, rules.get("thinking")) in SETTLED:
            continue
        why = _why_not(name, value, rules)
        if why:
            warnings.append(f"{name} was left out for {target.name}: {why}")
        else:
            kept[name] = value
    return kept, tuple(warnings)


def read_rules(target: Target) -> Mapping[str, Any]:
    """Returns the request rules of a model's row."""
    rules = target.model.row.get("rules")
    return rules if isinstance(rules, Mapping) else {}


def read_cap_field(target: Target) -> str:
    """Returns the name of the field that caps the output: the model's, else the provider's."""
    return str(read_rules(target).get("cap_field") or target.provider.row.get("cap_field") or "max_tokens")


def read_schema_mode(target: Target) -> Literal["schema", "object", "instruction"]:
    """Returns how a JSON schema is asked for: enforced, as a JSON object, or by instruction alone."""
    if target.model.row and "json" not in target.model.abilities:
        return "instruction"
    match target.provider.row.get("json") or quirks(target.provider.quirks or target.provider.name).json:
        case "object":
            return "object"
        case "none":
            return "instruction"
        case _:
            return "schema"


def apply_row(body: Params, provider: Provider, *, given: Mapping[str, Json]) -> tuple[Params, tuple[str, ...]]:
    """Returns a body after its provider's drop, rename and add, with a sentence for each dropped one that was `given`.

    What is already in the body is never overwritten by `add`; objects are merged.
    """
    shaped = dict(body)
    warnings: list[str] = []
    for name in provider.row.get("drop") or ():
        if name in shaped:
            del shaped[name]
            if name in given:
                warnings.append(f"{name} was left out: {provider.name} does not take it")
    for name, other in (provider.row.get("rename") or {}).items():
        if name in shaped:
            shaped[other] = shaped.pop(name)
    for name, value in (provider.row.get("add") or {}).items():
        present = shaped.get(name)
        if name not in shaped:
            shaped[name] = value
        elif isinstance(present, Mapping) and isinstance(value, Mapping):
            shaped[name] = {**value, **present}
    return shaped, tuple(warnings)


def _neutral(name: str, value: Json) -> Json:
    """Returns a parameter's value in the spelling that the rules know."""
    if name == "thinking" and isinstance(value, bool):
        return "on" if value else "off"
    return value.lower() if name in ("thinking", "effort") and isinstance(value, str) else value


def _why_not(name: str, value: Json, rules: Mapping[str, Any]) -> str:
    """Returns why a parameter may not be sent, or nothing."""
    if name in CAPS:
        return "the output limit is set by --max-output"
    if name in OURS:
        return "it is not for a parameter to set"
    if isinstance(value, float) and not math.isfinite(value):
        return "it is not a finite number"
    if name in SAMPLING and rules.get("sampling") is False:
        return "the model takes no sampling parameters"
    thinks = rules.get("thinking")
    if name == "thinking":
        if value == "off" and thinks == "always":
            return "the model always thinks"
        return "the model does not think" if value == "on" and thinks == "never" else ""
    if name == "effort":
        efforts = rules.get("efforts")
        if efforts is None:
            return "the model has no effort levels" if thinks == "never" else ""
        if value not in efforts:
            return f"the model accepts {', '.join(map(str, efforts))}" if efforts else "the model has no effort levels"
    return ""
