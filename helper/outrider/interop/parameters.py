"""Parameters of another tool's model: which of them our row can carry, under which name, and what becomes of a cap."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from outrider.interop.nouns import Left, Way
from outrider.records import record
from outrider.rules.limits import LEAST_OUTPUT
from outrider.rules.paths import inside

CAPS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "num_predict", "max_new_tokens")
SAMPLING = frozenset({"temperature", "top_p", "top_k", "min_p", "frequency_penalty", "presence_penalty"})
NUMBERS = SAMPLING | {"seed", "num_ctx", "repeat_penalty", "repeat_last_n", "typical_p", "mirostat", "num_gpu",
                      "num_keep", "num_thread", "num_batch"}  # fmt: skip
OLLAMA_ONLY = frozenset({"num_ctx", "repeat_penalty", "repeat_last_n", "typical_p", "mirostat", "num_gpu", "num_keep",
                         "num_thread", "num_batch"})  # fmt: skip
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


@record
class Carried:
    """What a row takes over: parameters, the cap as its most output, what was left, and what to say."""

    params: Mapping[str, Any]
    max_output: int | None
    left: tuple[Left, ...]
    notes: tuple[str, ...]


def carried(given: Mapping[str, Any], way: Way, *, path: str, name: str) -> Carried:
    """Returns what of these parameters a row of this model can carry."""
    kept: dict[str, Any] = {}
    left: list[Left] = []
    notes: list[str] = []
    cap: int | None = None
    for key, value in given.items():
        here = inside(path, key)
        if value is None:
            continue
        if key in CAPS:
            cap = _cap(value) if cap is None else min(cap, _cap(value) or cap)
            left += [] if _cap(value) else [Left(path=here, why="it is no whole number above zero")]
            continue
        ours, why = _carry(key, value, way)
        if why:
            left.append(Left(path=here, why=why))
        else:
            kept[ours] = value
    if cap is not None and thinks(way, kept):
        whole = cap + LEAST_OUTPUT
        most = way.facts.get("max_output")
        notes.append(f"{name} thinks before it answers: its cap of {cap:,} tokens becomes {cap:,} for the answer and "
                     f"{LEAST_OUTPUT:,} to think")  # fmt: skip
        cap = min(whole, most) if isinstance(most, int) else whole
    return Carried(params=kept, max_output=cap, left=tuple(left), notes=tuple(notes))


def thinks(way: Way, params: Mapping[str, Any]) -> bool:
    """Whether a model is known to think, and is not told not to."""
    told = {**way.facts.get("params", {}), **params}
    return way.facts.get("rules", {}).get("thinking") in {"always", "optional", "adaptive"} and (
        told.get("thinking") != "off" and told.get("effort") != "none"
    )


def _cap(value: Any) -> int | None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and 0 < value <= 100_000_000 else None


def _carry(key: str, value: Any, way: Way) -> tuple[str, str]:
    """Returns our name for a parameter, and why it is not carried, if so."""
    rules = way.facts.get("rules", {})
    if key in NUMBERS and (isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value)):
        return key, "it is no number"
    if key in SAMPLING and rules.get("sampling") is False:
        return key, f"{way.id} takes no sampling parameters"
    if key in way.drop:
        return key, f"{way.provider} does not take it"
    if key in OLLAMA_ONLY and way.dialect != "ollama":
        return key, "only a server of Ollama's takes it"
    if key in {"reasoning_effort", "effort"}:
        return "effort", _why_no_effort(value, rules)
    if key == "stop" and (
        isinstance(value, str) or (isinstance(value, list) and all(isinstance(v, str) for v in value))
    ):
        return key, ""
    return key, "" if key in NUMBERS else "nothing of ours stands for it; `--param` sends a field with one call"


def _why_no_effort(value: Any, rules: Mapping[str, Any]) -> str:
    if value not in EFFORTS:
        return f"an effort is one of {', '.join(EFFORTS)}"
    efforts = rules.get("efforts")
    if efforts is not None and value not in efforts:
        return f"the model accepts {', '.join(efforts)}" if efforts else "the model has no effort levels"
    return ""


def lefts(given: Mapping[str, Any], known: frozenset[str] | set[str], *, path: str) -> Iterator[Left]:
    """Yields every name that an importer does not know, so that nothing is lost in silence."""
    for key, value in given.items():
        if key not in known and value not in (None, [], {}):
            yield Left(path=inside(path, key), why="nothing of ours stands for it")
