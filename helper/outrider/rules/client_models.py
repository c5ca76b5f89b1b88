"""What Claude Code's names of models mean: its classes, its aliases by version, ids that are one model.

Pure. Which alias stood for which model is a fact of the registry, with the version in which it was seen.
"""

import re
from collections.abc import Mapping
from typing import Any

from outrider.rows import EMPTY, Registry
from outrider.rules.client_prices import plain
from outrider.rules.tiers import MODELS

CLASSES = MODELS
"""The classes by their alias, the smallest first."""
INHERIT = "inherit"
CLASSES_OF = {
    **{name: frozenset({name}) for name in CLASSES},
    "best": frozenset({"opus"}), "opusplan": frozenset({"opus", "sonnet"}),
}  # fmt: skip
"""Which classes an alias may run on; `opusplan` is one while it plans and another afterwards."""
FIRST_OF = {"best": "opus", "opusplan": "sonnet"}
"""What an alias that is no class runs on in a subagent."""
_NUMBER = re.compile(r"[0-9]+")


def version_of(text: str) -> tuple[int, ...]:
    """Returns a version as numbers that can be compared, none for what is no version."""
    return tuple(int(number) for number in _NUMBER.findall(text)[:3])


def spoken(name: str) -> str:
    """Returns a name of a model as the client compares it: no case, no window."""
    return name.strip().lower().removesuffix("[1m]")


def class_of(name: str) -> str | None:
    """Returns the class that an alias or an id is of, or None where its words do not say."""
    words = re.split(r"[^a-z]+", spoken(name))
    return next((found for found in CLASSES if found in words), None)


def is_same(one: str, other: str) -> bool:
    """Whether two ids are one model."""
    return plain(spoken(one)) == plain(spoken(other))


def meant(registry: Registry, name: str, *, version: str) -> str | None:
    """Returns the id that a name stood for in a version of the client, or None where nobody wrote that down.

    Between two versions that were looked at an alias may have moved on any day: then it is known only if it did not.
    It is taken to stand since the last one.
    """
    row = _client(registry)
    said = spoken(name)
    said = successor(registry, said) or said
    if said not in CLASSES_OF:
        return said
    alias = FIRST_OF.get(said, said)
    tables = sorted((version_of(of), table) for of, table in row.get("aliases", EMPTY).items())
    at = version_of(version)
    before = [table for of, table in tables if of <= at]
    after = [table for of, table in tables if of >= at] or [table for _, table in tables[-1:]]
    if not before or not after:
        return None
    found = {before[-1].get(alias), after[0].get(alias)}
    one: str | None = found.pop() if len(found) == 1 else None
    return one


def successor(registry: Registry, name: str) -> str | None:
    """Returns the alias whose model the client asks instead of a retired one, or None for what is not retired."""
    found: str | None = _client(registry).get("remapped", EMPTY).get(spoken(name))
    return found


def _client(registry: Registry) -> Mapping[str, Any]:
    rows = (provider.row for provider in registry.providers.values() if provider.dialect == "native")
    return next(rows, EMPTY)
