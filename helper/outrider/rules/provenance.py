"""Which layer says what: the origins of a row's values, and the layers that made it, in a word."""

from collections.abc import Iterator, Mapping
from typing import Any

from outrider.rows import Registry
from outrider.rules.paths import inside

BUNDLED = "bundled"


def path_of(*keys: str) -> str:
    """Returns the written path of a place: `("models", "my.fast")` is `$.models["my.fast"]`."""
    path = "$"
    for key in keys:
        path = inside(path, key)
    return path


def origins_under(registry: Registry, path: str) -> dict[str, str]:
    """Returns the origin of every value at or under a path that another layer than the bundled one set."""
    return {place: origin for place, origin in registry.origins.items() if is_under(place, path)}


def layers_of(registry: Registry, path: str, value: Any) -> str:
    """Returns the layers that a value comes from, the lowest first, as `bundled` or `bundled + user`."""
    origins = origins_under(registry, path)
    named = list(dict.fromkeys(origin.partition(" ")[0] for origin in origins.values()))
    is_whole = bool(origins) and all(any(is_under(leaf, place) for place in origins) for leaf in leaves(value, path))
    return " + ".join(named if is_whole else [BUNDLED, *named])


def leaves(value: Any, path: str) -> Iterator[str]:
    """Yields the path of every value that holds no named values itself."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from leaves(inner, inside(path, key))
    else:
        yield path


def flat(value: Mapping[str, Any], path: str, name: str = "") -> Iterator[tuple[str, str, Any]]:
    """Yields each value of a row with its dotted name, as people read it, and its path."""
    for key, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            yield from flat(inner, inside(path, key), f"{name}{key}.")
        else:
            yield f"{name}{key}", inside(path, key), inner


def is_under(place: str, path: str) -> bool:
    """Whether a written path is another one, or leads into it."""
    return place == path or place.startswith((f"{path}.", f"{path}["))
