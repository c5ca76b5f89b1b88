"""Imports a text into the shipped registry, and says where each name then leads."""

from functools import cache
from typing import Any, NamedTuple

from outrider.doors import registry as registry_door
from outrider.doors import user_layer
from outrider.doors.documents import load_yaml
from outrider.doors.foreign import _json
from outrider.doors.settings import Places, places
from outrider.interop import formats
from outrider.interop.nouns import Imported
from outrider.interop.providing import Into
from outrider.rows import Registry
from outrider.rules.routing import model_called
from outrider.rules.selection import resolve


class Way(NamedTuple):
    """One model that a name leads to: where, under which id, and what its row adds."""

    provider: str
    id: str
    max_output: int | None = None
    params: tuple[tuple[str, Any], ...] = ()


def where() -> Places:
    """Returns the places of the test's empty home."""
    return places(cwd="/")


@cache
def bundled() -> Registry:
    """Returns the shipped registry."""
    return user_layer.tried(where(), {})


def document(text: str) -> Any:
    """Parses a text as the door does."""
    start = text.lstrip()[:1]
    return _json(text, "the file") if start == "{" else load_yaml(text.encode(), source="the file")


def read(tool: str, text: str, *, own: tuple[str, ...] = ()) -> Imported:
    """Imports a text into the shipped registry."""
    registry = bundled()
    into = Into(registry=registry, providers=registry.providers, own_hosts=frozenset(own))
    return formats.read(tool, document(text), into)


def after(found: Imported) -> Registry:
    """Returns the registry that follows; raises where the layer is not valid."""
    assert registry_door.user_files(where())
    return user_layer.tried(where(), dict(found.layer))


def ways(registry: Registry, name: str) -> tuple[Way, ...]:
    """Returns where `-m NAME` leads, in order, but for what only Claude Code runs and what a server has by chance."""
    kind, called, _ = resolve(registry, name)
    chain: tuple[str, ...] = (called,)
    if kind == "task":
        chain = registry.tasks[called].chain
    elif kind == "preset":
        chain = registry.presets[called].chain
    found = []
    for one in chain:
        model = model_called(registry, one)
        assert model is not None
        if model.id != "*" and registry.providers[model.provider].dialect != "native":
            params = tuple(sorted(model.row.get("params", {}).items()))
            found.append(Way(model.provider, model.id, model.max_output, params))
    return tuple(found)


def targets(registry: Registry, name: str) -> tuple[tuple[str, str, tuple[str, ...], bool], ...]:
    """Returns the same as addresses, ids, key variables and whether they are local: what a call depends on."""
    found = []
    for way in ways(registry, name):
        provider = registry.providers[way.provider]
        found.append((provider.base_url, way.id, provider.keys[:1] if provider.needs_key else (), provider.local))
    return tuple(found)
