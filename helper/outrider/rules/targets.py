"""From model names to targets: every way to a model, and why a way cannot be taken.

A way is the model's own provider or a gateway that serves the same model (`also`).
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from outrider.data import NOTHING, Passed, Target
from outrider.records import record, replace
from outrider.rows import Model, Provider, Registry
from outrider.rules import classes, privacy
from outrider.rules.health import Health
from outrider.rules.limits import Limits, Spend

if TYPE_CHECKING:
    from outrider.rules.facts.pricing import Known

EMBEDDING_MARKS = ("embed", "rerank", "whisper", "tts", "bge-", "minilm")
"""Served by local servers beside chat models, and useless for a question."""


@record
class Served:
    """What a server that must be asked said last: whether it runs, and the wire ids it has."""

    alive: bool
    ids: tuple[str, ...] = ()


@record
class Situation:
    """Everything outside the registry that a decision depends on, read beforehand.

    `keys` maps a provider to the id of its key (empty for one that needs none); a provider without a usable key is
    missing. `now` is monotonic, `at` is wall-clock, both in seconds. `agent_names` is what our subagents are called in
    the client, empty where it has none of them; `paused` says that it has them, and does not see them, and `gone` names
    those whose file is not there. `prices` are the catalog's, by provider and wire id, for models without their own.
    """

    keys: Mapping[str, str]
    health: Mapping[str, Health]
    served: Mapping[str, Served]
    limits: Limits
    spend: Spend = Spend()
    now: float = 0.0
    at: float = 0.0
    agent_names: Mapping[str, str] = NOTHING
    paused: bool = False
    gone: frozenset[str] = frozenset()
    prices: "Mapping[tuple[str, str], Known]" = MappingProxyType({})


@record
class Wanted:
    """What a target must do for this request, and how confidential that is."""

    private: bool
    needs: frozenset[str]
    tokens: int
    explicit: bool
    data_class: str = privacy.PUBLIC


@record
class Look:
    """What every way is judged by: the registry, the situation, and what is wanted."""

    registry: Registry
    situation: Situation
    wanted: Wanted


def ways(registry: Registry, situation: Situation, model: Model, wanted: Wanted) -> Iterator[Target | Passed]:
    """Yields each way to a model that can be taken, and each that cannot, with its reason.

    Missing keys are told once: not at all where another way is open, in one line where none is.
    """
    reason = _unfit(model, wanted)
    if reason is not None:
        yield Passed(model=model.name, why=reason[1], kind=reason[0])
        return
    found = tuple(_all_ways(Look(registry=registry, situation=situation, wanted=wanted), model))
    keyless = [way.why for way in found if isinstance(way, Passed) and way.kind == "key"]
    yield from (way for way in found if isinstance(way, Target) or way.kind != "key")
    if keyless and not any(isinstance(way, Target) for way in found):
        yield Passed(model=model.name, why=f"no key ({', or '.join(keyless)})", kind="key")


def _all_ways(look: Look, model: Model) -> Iterator[Target | Passed]:
    own = look.registry.providers[model.provider]
    if own.dialect == "native":
        barred = _barred_for_class(look, own)
        told = ("native", "runs inside Claude Code, as a subagent") if barred is None else ("private", barred)
        yield Passed(model=model.name, why=told[1], kind=told[0])
        if not look.wanted.explicit:
            return
    else:
        yield from _way(look, model, own, model.id)
    for name, wire_id in model.also.items():
        provider = look.registry.providers.get(name)
        if provider is not None and provider.dialect != "native":
            yield from _way(look, _priced_at(look.registry, model, name, wire_id), provider, wire_id)


def _priced_at(registry: Registry, model: Model, provider: str, wire_id: str) -> Model:
    """Returns the model with the price it has at a gateway, where a row of that gateway says one."""
    for other in registry.models.values():
        if other.provider == provider and other.id == wire_id:
            row = {**model.row, "price": other.row.get("price")}
            return replace(model, price=other.price, context=other.context or model.context, row=row)
    return model


def _unfit(model: Model, wanted: Wanted) -> tuple[str, str] | None:
    if model.row.get("status") == "retired":
        instead = model.row.get("replacement")
        return "retired", "retired" + (f"; use {instead}" if instead else "")
    known = "abilities" in model.row
    for need in sorted(wanted.needs - {"json"}):
        if known and need not in model.abilities:
            return "ability", f"has no {need}"
    window = model.row.get("max_input") or model.context
    if window is not None and wanted.tokens > window:
        return "context", f"its window of {window:,} tokens is smaller than the prompt (about {wanted.tokens:,})"
    return None


def _way(look: Look, model: Model, provider: Provider, wire_id: str) -> Iterator[Target | Passed]:
    shown = model.name if provider.name == model.provider else f"{model.name} via {provider.name}"
    served = look.situation.served.get(provider.name) if provider.serves_listed else None
    # What the server calls it is what is asked, so that is what has to be local.
    there = (find_served(served.ids, wire_id) if served is not None else None) or wire_id
    # Where only local models will do, the next line is the wall; allowances speak of the others.
    reason = _barred(look, provider, is_local=look.wanted.private or _is_local(provider, there))
    if reason is None and look.wanted.private and not _is_local(provider, there):
        reason = "private", "not local, and the request is private"
    # A server may hold a model that it runs elsewhere: where it must be private, only what it lists as its own counts.
    must_be_listed = look.wanted.private or not look.wanted.explicit
    if reason is None and served is not None and wire_id != "*" and must_be_listed:
        reason = _not_there(served, wire_id)
    if reason is not None:
        yield Passed(model=shown, why=reason[1], kind=reason[0])
    elif wire_id == "*":
        yield from _whatever_is_served(look, model, provider, served)
    else:
        yield _target(look, model, provider, there)


def _is_local(provider: Provider, wire_id: str) -> bool:
    return privacy.is_local(provider.base_url, declared=provider.local, wire_id=wire_id)


def _target(look: Look, model: Model, provider: Provider, wire_id: str) -> Target:
    return Target(
        model=model, provider=provider, wire_id=wire_id, key_id=look.situation.keys.get(provider.name, ""),
        local=_is_local(provider, wire_id), carries=classes.carried(look.registry, provider, look.wanted.data_class),
    )  # fmt: skip


def _barred_for_class(look: Look, native: Provider) -> str | None:
    """Says why Claude Code's own models may not see data of this class; in public matters they always may."""
    if look.wanted.data_class == privacy.PUBLIC or look.wanted.private:
        return None
    return classes.why_barred(look.registry, native, look.wanted.data_class, is_local=False)


def _barred(look: Look, provider: Provider, *, is_local: bool) -> tuple[str, str] | None:
    told = classes.why_barred(look.registry, provider, look.wanted.data_class, is_local=is_local)
    if told is not None:
        return "private", told
    if provider.name not in look.situation.keys:
        return "key", provider.keys[0] if provider.keys else provider.name
    return None


def _not_there(served: Served, wire_id: str) -> tuple[str, str] | None:
    if not served.alive:
        return "down", "its server did not answer when last asked"
    if find_served(served.ids, wire_id) is None:
        return "not_served", "its server does not have it"
    return None


def find_served(ids: tuple[str, ...], wire_id: str) -> str | None:
    """Returns the served id that a wire id stands for: itself, with `:latest`, or behind a gateway's prefix."""
    for candidate in ids:
        if candidate in {wire_id, f"{wire_id}:latest"} or candidate.endswith(f"/{wire_id}"):
            return candidate
    return None


def _whatever_is_served(
    look: Look, model: Model, provider: Provider, served: Served | None
) -> Iterator[Target | Passed]:
    if served is None:
        yield Passed(model=model.name, why="its server was not asked yet what it serves", kind="unknown")
        return
    chats = [wire_id for wire_id in served.ids if not any(mark in wire_id.lower() for mark in EMBEDDING_MARKS)]
    if not served.alive or not chats:
        why = "serves no chat model" if served.alive else "did not answer when last asked"
        yield Passed(model=model.name, why=f"its server {why}", kind="down")
        return
    rows = {
        found: row
        for row in look.registry.models.values()
        if row.provider == provider.name and row.id != "*" and (found := find_served(served.ids, row.id))
    }
    usable = 0
    for wire_id in sorted(chats, key=lambda wire_id: _preference(rows.get(wire_id), wire_id)):
        row = rows.get(wire_id) or replace(model, name=f"{provider.name}/{wire_id}", id=wire_id)
        is_barred = look.wanted.private and not _is_local(provider, wire_id)
        if not is_barred and _unfit(row, look.wanted) is None:
            usable += 1
            yield _target(look, row, provider, wire_id)
    if not usable:
        yield Passed(model=model.name, why="nothing it serves fits the request", kind="not_served")


def _preference(row: Model | None, wire_id: str) -> tuple[float, str]:
    """Orders what a server has: best known score first, then by name, so that the choice is the same every time."""
    return -score(row, "intelligence") if row else 0.0, wire_id


def score(model: Model, axis: str) -> float:
    """Returns a model's score on an axis, zero where there is none."""
    value = model.row.get("scores", {}).get(axis)
    return float(value) if value is not None else 0.0
