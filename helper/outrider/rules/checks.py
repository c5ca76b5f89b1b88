"""What is odd about a configuration and yet allowed: names that a layer takes over, chains that nothing can answer."""

from collections.abc import Iterator, Mapping
from typing import Any

from outrider.rows import Registry
from outrider.rules.difference import differences
from outrider.rules.layers import NAMED_KINDS, Layer
from outrider.rules.targets import Situation, Wanted
from outrider.rules.usable import chain_standing


def shadowed(layers: tuple[Layer, ...]) -> Iterator[tuple[str, str]]:
    """Yields (file, sentence) for every name that a layer gives another meaning than a layer below it."""
    below: dict[str, tuple[str, str]] = {}
    for layer in layers:
        if not layer.trusted:
            continue
        said = [(kind, name) for kind in NAMED_KINDS for name in _names(layer.values, kind)]
        for kind, name in said:
            if name in below and (below[name][0] != kind or kind == "aliases"):
                owner_kind, owner = below[name]
                yield layer.path, f"`{name}` was one of the {owner} layer's {owner_kind}, and is now one of its {kind}"
        below |= {name: (kind, layer.name) for kind, name in said}


def changed(layers: tuple[Layer, ...]) -> Iterator[tuple[str, str]]:
    """Yields (file, sentence) for every row of a layer below that a layer changes."""
    below: set[tuple[str, str]] = set()
    for layer in layers:
        if not layer.trusted:
            continue
        said = {(kind, name) for kind in ("providers", *NAMED_KINDS) for name in _names(layer.values, kind)}
        for kind, name in sorted(said & below):
            if kind != "aliases":
                yield layer.path, f"changes {kind}.{name}"
        below |= said


def _names(values: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    group = values.get(kind)
    return tuple(group) if isinstance(group, Mapping) else ()


def unanswerable(registry: Registry, situation: Situation) -> Iterator[str]:
    """Yields a sentence for every chain of which no model can be used now."""
    chains = [("tasks", task.name, task.chain, task.private) for task in registry.tasks.values() if not task.tail]
    chains += [("presets", preset.name, preset.chain, preset.local) for preset in registry.presets.values()]
    for kind, name, chain, private in chains:
        wanted = Wanted(private=private, needs=frozenset(), tokens=0, explicit=False)
        found = chain_standing(registry, situation, chain, wanted)
        if chain and not any(how.is_usable for _, how in found):
            yield f"nothing in {kind}.{name} can be used now ({found[0][0]}: {found[0][1].why})"


def hand_edits(rendered: Mapping[str, Any], bundled: Mapping[str, Any], *, most: int = 5) -> str | None:
    """Says where the registry that is there for reading differs from this version's own, or None."""
    found = differences(bundled, rendered)
    if not found:
        return None
    named = ", ".join(change.path for change in found[:most])
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return f"differs from this version's registry at {named}{more}"
