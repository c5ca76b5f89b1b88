"""The nouns of the catalog. Prices are `Decimal` dollars for a million tokens, speed is tokens a second."""

from decimal import Decimal

from outrider.records import record


@record
class Rate:
    """One price of a model and when it holds.

    `kind` is `base`, `tier` (above so many input tokens), `window` (hours of the day, UTC), `change` (from a date on)
    or `variant` (batch, flex, fast …); `condition` says which, in words that sort.
    """

    kind: str
    input: Decimal | None
    output: Decimal | None
    cached: Decimal | None = None
    cache_write: Decimal | None = None
    condition: str = ""


@record
class Score:
    """A measured quality: by which index, in which version, when, at which effort. Versions are different scales."""

    axis: str
    value: float
    index: str
    version: str
    date: str
    effort: str = ""


@record
class Fact:
    """What one source says of one model. `creator` made it, `provider` serves it under `id`.

    `stated` says that the user's own settings give its price, which no source overrules.
    """

    provider: str
    id: str
    name: str
    creator: str = ""
    family: str = ""
    rates: tuple[Rate, ...] = ()
    scores: tuple[Score, ...] = ()
    context: int | None = None
    max_output: int | None = None
    tps: float | None = None
    vision: bool | None = None
    tools: bool | None = None
    reasoning: bool | None = None
    local: bool = False
    released: str | None = None
    shutdown: str | None = None
    replacement: str | None = None
    status: str = "active"
    aliases: tuple[str, ...] = ()
    as_of: str = ""
    source: str = ""
    stated: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What makes two facts speak of the same model."""
        return self.provider, self.id


@record
class Conflict:
    """A field on which two sources differ, with what was kept."""

    provider: str
    id: str
    field: str
    kept: str
    kept_source: str
    other: str
    other_source: str
