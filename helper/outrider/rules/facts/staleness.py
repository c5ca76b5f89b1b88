"""What of the catalog is out of date: models that ended or will, old prices, models that no source lists any more.

Pure: the day is handed in. What the user's chains name comes first, since that is what will fail.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from outrider.records import record
from outrider.rows import Model, Registry
from outrider.rules.facts.judging import age
from outrider.rules.facts.matching import plain
from outrider.rules.facts.merging import base
from outrider.rules.facts.nouns import Fact
from outrider.rules.paths import inside
from outrider.rules.routing import model_called

SOON = 60
"""Days before a model's end in which it is named."""
OLD = 30
"""Days after which a price is looked at again."""


@record
class Ending:
    """A model that ended or will: when (None where no day is known), and what to use instead."""

    id: str
    provider: str
    day: str | None
    days: int | None
    instead: str | None
    chains: tuple[str, ...]
    model: str | None


@record
class OldPrice:
    """A price that nobody has looked at for long."""

    id: str
    provider: str
    as_of: str
    days: int
    chains: tuple[str, ...]


@record
class Differing:
    """A price that we count with, and another that a newer source says."""

    model: str
    counted: str
    said: str
    source: str
    as_of: str
    chains: tuple[str, ...]


@record
class Gone:
    """A model of the user's own chains that no fetched list of its provider has."""

    model: str
    id: str
    provider: str
    chains: tuple[str, ...]


@record
class Stale:
    """Everything out of date, what is in a chain first."""

    ending: tuple[Ending, ...]
    prices: tuple[OldPrice, ...]
    differing: tuple[Differing, ...]
    gone: tuple[Gone, ...]


def stale(
    registry: Registry, facts: Iterable[Fact], *, names: Mapping[str, tuple[str, str]], listed: Iterable[Fact],
    today: date,
) -> Stale:  # fmt: skip
    """Returns what is out of date; `listed` are the facts of fetched lists, `names` ours by provider and id."""
    every = tuple(facts)
    chains = chains_by_model(registry)
    ours: dict[tuple[str, str], str] = {}
    used: dict[tuple[str, str], tuple[str, ...]] = {}
    for name, key in names.items():
        if name in registry.models:
            ours.setdefault(key, name)
    for name, named in chains.items():
        provider, _, wire_id = name.partition("/")
        key = names.get(name, (provider, wire_id))
        used[key] = (*used.get(key, ()), *(chain for chain in named if chain not in used.get(key, ())))
    endings = [ending for fact in every if (ending := _ending(fact, ours, used, today=today)) is not None]
    prices = [price for fact in every if (price := _old(fact, ours, used, today=today)) is not None]
    return Stale(
        ending=tuple(sorted(endings, key=_urgency)),
        prices=tuple(sorted(prices, key=lambda one: (not one.chains, one.as_of, one.id))),
        differing=_differing(registry, every, chains), gone=_gone(registry, tuple(listed)),
    )  # fmt: skip


def _urgency(one: Ending) -> tuple[bool, bool, str, str]:
    """Orders endings: those in a chain first, then those with a row of ours, then by day."""
    return not one.chains, not one.chains and one.model is None, one.day or "", one.id


def chains_by_model(registry: Registry, *, own: bool = False) -> dict[str, tuple[str, ...]]:
    """Returns the chains that name each model, by its row's name; with `own` those of the user's layers alone."""
    found: dict[str, tuple[str, ...]] = {}
    for kind, rows in (("tasks", registry.tasks), ("presets", registry.presets)):
        for name, row in rows.items():
            if own and inside(f"$.{kind}", name) + ".chain" not in registry.origins:
                continue
            for wanted in row.chain:
                model = model_called(registry, wanted)
                if model is not None and name not in found.get(model.name, ()):
                    found[model.name] = (*found.get(model.name, ()), name)
    return found


def _ending(
    fact: Fact, ours: Mapping[tuple[str, str], str], used: Mapping[tuple[str, str], tuple[str, ...]], *, today: date
) -> Ending | None:
    left = _days_left(fact.shutdown, today=today)
    is_over = fact.status == "retired" or (left is not None and left < 0)
    if not is_over and (left is None or left > SOON):
        return None
    # A list says for years that a thing of the past has ended: that is news only to whoever uses it.
    if is_over and fact.key not in ours and fact.key not in used and fact.replacement is None:
        return None
    return Ending(
        id=fact.id, provider=fact.provider, day=fact.shutdown, days=left, instead=fact.replacement,
        chains=used.get(fact.key, ()), model=ours.get(fact.key),
    )  # fmt: skip


def _days_left(day: str | None, *, today: date) -> int | None:
    try:
        return (date.fromisoformat(str(day)) - today).days
    except ValueError:
        return None


def _old(
    fact: Fact, ours: Mapping[tuple[str, str], str], used: Mapping[tuple[str, str], tuple[str, ...]], *, today: date
) -> OldPrice | None:
    if fact.local or fact.stated or fact.key not in ours or base(fact) is None or fact.status == "retired":
        return None
    days = age(fact.as_of, today=today)
    if days is None or days <= OLD:
        return None
    return OldPrice(
        id=fact.id, provider=fact.provider, as_of=fact.as_of, days=days, chains=used.get(fact.key, ())
    )  # fmt: skip


def _differing(
    registry: Registry, facts: tuple[Fact, ...], chains: Mapping[str, tuple[str, ...]]
) -> tuple[Differing, ...]:
    """Returns the rows of the registry whose price is another than the newest word of the catalog."""
    by_key = {fact.key: fact for fact in facts}
    found = []
    for model in registry.models.values():
        fact = by_key.get((model.provider, model.id))
        rate = base(fact) if fact is not None else None
        if fact is None or rate is None or model.price is None or fact.as_of <= str(model.row.get("as_of", "")):
            continue
        counted = (model.price.base.input, model.price.base.output)
        if counted != (rate.input, rate.output):
            found.append(
                Differing(
                    model=model.name, counted=f"${counted[0]}/${counted[1]}", said=f"${rate.input}/${rate.output}",
                    source=fact.source, as_of=fact.as_of, chains=chains.get(model.name, ()),
                )
            )  # fmt: skip
    return tuple(sorted(found, key=lambda one: (not one.chains, one.model)))


def _gone(registry: Registry, listed: tuple[Fact, ...]) -> tuple[Gone, ...]:
    """Returns what the user's own chains name and no list has, where there is a list of its provider at all."""
    known: dict[str, set[str]] = {}
    for fact in listed:
        known.setdefault(fact.provider, set()).update((fact.id, plain(fact.id), *fact.aliases))
    found = []
    for name, chains in sorted(chains_by_model(registry, own=True).items()):
        model = model_called(registry, name)
        if model is not None and _is_missing(model, known):
            found.append(Gone(model=name, id=model.id, provider=model.provider, chains=chains))
    return tuple(found)


def _is_missing(model: Model, known: Mapping[str, set[str]]) -> bool:
    ids = known.get(model.provider)
    return ids is not None and model.id != "*" and not {model.id, plain(model.id)} & ids
