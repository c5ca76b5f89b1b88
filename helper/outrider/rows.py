"""The registry's nouns: providers, models, tasks, presets, and the registry that holds them.

Each is one row of `models.json`, already checked. Rows are facts; what follows from them is decided in `rules`.
Prices are `Decimal` dollars for a million tokens.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal

from outrider.records import record

Dialect = Literal["openai", "anthropic", "ollama", "echo", "native"]
EMPTY: Mapping[str, Any] = MappingProxyType({})


@record
class Rates:
    """What a million tokens cost. `None` means: as in the price around it."""

    input: Decimal | None = None
    output: Decimal | None = None
    cached: Decimal | None = None
    cache_write: Decimal | None = None


@record
class Condition:
    """When some rates hold instead of the base ones.

    A tier has `above` (input tokens), a change has `since` (a date), a window has `days` (1 is Monday),
    `start` and `end` (minutes after midnight, UTC). A variant has only its name.
    """

    rates: Rates
    above: int | None = None
    since: str | None = None
    days: tuple[int, ...] = ()
    start: int = 0
    end: int = 1440
    name: str = ""


@record
class Price:
    """A price with everything it depends on."""

    base: Rates
    tiers: tuple[Condition, ...] = ()
    windows: tuple[Condition, ...] = ()
    changes: tuple[Condition, ...] = ()
    variants: tuple[Condition, ...] = ()


@record
class Provider:
    """An endpoint: where it is, how it speaks, and the *name* of the variable that holds its key."""

    name: str
    dialect: Dialect
    base_url: str = ""
    keys: tuple[str, ...] = ()
    key_optional: bool = False
    auth: str = ""
    local: bool = False
    serves_listed: bool = False
    quirks: str = ""
    row: Mapping[str, Any] = EMPTY

    @property
    def needs_key(self) -> bool:
        """Whether a call without a key is certain to be refused."""
        return bool(self.keys) and not self.key_optional


@record
class Model:
    """A model: what it is, where it is, what it can do and what it costs.

    `row` is the whole registry row, for the facts that only a codec or a listing needs.
    """

    name: str
    provider: str
    id: str
    family: str = ""
    context: int | None = None
    max_output: int | None = None
    price: Price | None = None
    abilities: frozenset[str] = frozenset()
    also: Mapping[str, str] = EMPTY
    row: Mapping[str, Any] = EMPTY


@record
class Task:
    """A named kind of work: an ordered chain, or floors from which one is computed."""

    name: str
    chain: tuple[str, ...] = ()
    tail: bool = False
    floors: Mapping[str, float] = EMPTY
    order: str = "balance"
    needs: frozenset[str] = frozenset()
    private: bool = False
    row: Mapping[str, Any] = EMPTY


@record
class Preset:
    """A user's standing choice, laid over tasks."""

    name: str
    chain: tuple[str, ...] = ()
    local: bool = False
    row: Mapping[str, Any] = EMPTY


@record
class Registry:
    """Everything that decisions are made from, after all layers.

    `values` is the effective JSON. `origins` says which layer set a path, where it was not the bundled one.
    `digest` names this exact content. `notes` are what a user should hear about how the layers met.
    """

    providers: Mapping[str, Provider]
    models: Mapping[str, Model]
    aliases: Mapping[str, Mapping[str, str]]
    tasks: Mapping[str, Task]
    presets: Mapping[str, Preset]
    values: Mapping[str, Any]
    origins: Mapping[str, str]
    digest: str
    notes: tuple[str, ...] = ()
