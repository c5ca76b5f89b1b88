"""The classes of data, from the freest to the strictest, and which providers each may reach.

A class obeys its own rules and those of every freer one. What reaches only the user's machines is decided by
`privacy.is_local`; here is what else a class forbids.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from outrider.data import NOTHING, Json
from outrider.records import record
from outrider.rows import Preset, Provider, Registry, Task
from outrider.rules.privacy import CLASSES, LOCAL_ONLY, PUBLIC, SECRET, is_local, origin, rank


@record
class Mark:
    """A class, and what said so, in words by which it can be found."""

    name: str = PUBLIC
    because: str = ""


def strictest(marks: Iterable[Mark]) -> Mark:
    """Returns the strictest mark, the first of equals."""
    return max((Mark(), *marks), key=lambda mark: rank(mark.name))


def of_request(registry: Registry, given: Mark, *, flag: bool, task: Task, preset: Preset | None) -> Mark:
    """Returns the class of a request: the strictest of its flag, its task, the settings, and what came with it."""
    return strictest(
        (
            given,
            *([Mark(name=LOCAL_ONLY, because="flag --private")] if flag else ()),
            *([Mark(name=LOCAL_ONLY, because=f"task {task.name} is private")] if task.private else ()),
            Mark(name=task.row.get("class", PUBLIC), because=f"task {task.name}"),
            *([Mark(name=LOCAL_ONLY, because=f"preset {preset.name} is local")] if preset and preset.local else ()),
            *([Mark(name=LOCAL_ONLY, because="the setting `privacy.private`")] if _says_private(registry) else ()),
        )
    )


def _says_private(registry: Registry) -> bool:
    return bool(registry.values.get("privacy", {}).get("private"))


def why_barred(registry: Registry, provider: Provider, name: str, *, is_local: bool) -> str | None:
    """Says why data of a class may not go to a provider, or None. What stays here needs no allowance."""
    rules = registry.values.get("privacy", {})
    if _is_denied(registry, provider, rules.get("deny", ())) or (
        "allow" in rules and provider.name not in rules["allow"]
    ):
        return f"{provider.name} is not allowed by `privacy`"
    for held, row in _held(rules, name):
        is_closed = held == SECRET and not row.get("deny") and "allow" not in row
        is_missing = "allow" in row and provider.name not in row["allow"]
        if _is_denied(registry, provider, row.get("deny", ())) or (not is_local and (is_missing or is_closed)):
            return f"{provider.name} is not allowed for {name} data"
    return None


def _held(rules: Mapping[str, Any], name: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Returns the classes whose rules a class obeys, with those rules."""
    classes = rules.get("classes", NOTHING)
    return [(held, classes.get(held, NOTHING)) for held in CLASSES[: rank(name) + 1]]


def _is_denied(registry: Registry, provider: Provider, denied: Iterable[str]) -> bool:
    """Whether a provider is denied, by its name or because a denied one is at the same address."""
    names = tuple(denied)
    if not names:
        return False
    address = origin(provider.base_url)
    others = (registry.providers[name].base_url for name in names if name in registry.providers)
    return provider.name in names or (address != "" and address in {origin(other) for other in others})


def may_be_asked(registry: Registry, provider: Provider, *, private: bool) -> bool:
    """Whether a provider may be asked what it serves, which tells it nothing but that we are here."""
    is_here = is_local(provider.base_url, declared=provider.local, wire_id="")
    is_private = private or _says_private(registry)
    return (is_here or not is_private) and why_barred(registry, provider, PUBLIC, is_local=is_here) is None


def carried(registry: Registry, provider: Provider, name: str) -> Mapping[str, Json]:
    """Returns the fields that a call must carry, so that a gateway hands the data to no host that keeps it."""
    fields: Mapping[str, Json] = provider.row.get("privacy_fields", NOTHING)
    if not fields:
        return NOTHING
    rows = _held(registry.values.get("privacy", {}), name)
    return fields if any(row.get("upstream") == "deny" for _, row in rows) else NOTHING
