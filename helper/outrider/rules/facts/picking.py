"""Picks a model for a role: floors first, then the role's priority, and every exclusion with the number that caused it.

A floor is a fraction of the best score of the same index version, since indices get rebased. Absolute numbers are
taken too, with a word where no model of the version reaches what an older scale asked for.
"""

from collections.abc import Mapping, Sequence

from outrider.data import Json
from outrider.records import record

PRIORITIES = ("capability", "cost", "reliability", "balance")
AXES = ("intelligence", "coding")
REBASED = 0.95
"""From which share of the best score on an absolute floor is told to come from another scale."""


@record
class Floor:
    """The least score on an axis, on this scale; `share` is what was asked for, None for an absolute number."""

    axis: str
    least: float
    share: float | None


@record
class Excluded:
    """A model that was left out, and by which number."""

    name: str
    why: str


@record
class Pick:
    """The models that fit, the best first by the priority, and those that do not."""

    chosen: tuple[Mapping[str, Json], ...]
    excluded: tuple[Excluded, ...]
    floors: tuple[Floor, ...]
    warnings: tuple[str, ...]


def pick(
    rows: Sequence[Mapping[str, Json]], *, shares: Mapping[str, float], absolute: Mapping[str, float], priority: str,
    needs: frozenset[str] = frozenset(), most_price: float | None = None, usable: frozenset[str] | None = None,
) -> Pick:  # fmt: skip
    """Returns what fits. `usable` are providers with a key; None where that does not count."""
    best = {axis: max((row[axis] for row in rows if row[axis] is not None), default=0.0) for axis in AXES}
    floors = tuple(_floor(axis, best[axis], shares.get(axis), absolute.get(axis)) for axis in AXES)
    wanted = tuple(floor for floor in floors if floor is not None)
    chosen, excluded = [], []
    for row in rows:
        why = _unfit(row, wanted, needs=needs, most_price=most_price, usable=usable)
        if why is None:
            chosen.append(row)
        else:
            excluded.append(Excluded(name=str(row["name"]), why=why))
    return Pick(
        chosen=tuple(sorted(chosen, key=lambda row: _rank(row, priority))),
        excluded=tuple(sorted(excluded, key=lambda one: one.name)), floors=wanted, warnings=_warnings(wanted, best),
    )  # fmt: skip


def _floor(axis: str, best: float, share: float | None, absolute: float | None) -> Floor | None:
    if absolute is not None:
        return Floor(axis=axis, least=absolute, share=None)
    return None if share is None else Floor(axis=axis, least=share * best, share=share)


def _unfit(
    row: Mapping[str, Json], floors: tuple[Floor, ...], *, needs: frozenset[str], most_price: float | None,
    usable: frozenset[str] | None,
) -> str | None:  # fmt: skip
    for floor in floors:
        value = row[floor.axis]
        if value is None:
            return f"no {floor.axis} score in this index version"
        if value < floor.least - 1e-9:
            return f"{floor.axis} {value:g} is below {floor.least:.1f}"
    for need in sorted(needs):
        if row.get(need) is False:
            return f"has no {need}"
    if most_price is not None and row["price"] is not None and row["price"] > most_price:
        return f"costs {row['price']:g}, more than {most_price:g}"
    if usable is not None and row["provider"] not in usable and not row["local"]:
        return f"no key for {row['provider']}"
    return None


def _rank(row: Mapping[str, Json], priority: str) -> tuple[float, float, str, str]:
    price = float(row["price"]) if row["price"] is not None else 1e9
    intelligence = float(row["intelligence"] or 0.0)
    coding = float(row["coding"] or 0.0)
    named = str(row["name"]), str(row["provider"])
    match priority:
        case "capability":
            return (-intelligence, price, *named)
        case "cost":
            return (price, -intelligence, *named)
        case "reliability":
            return (-coding, price, *named)
        case _:
            return (price / max(intelligence, 1.0) ** 2, -intelligence, *named)


def _warnings(floors: tuple[Floor, ...], best: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(
        f"{floor.axis} {floor.least:g} is {floor.least / best[floor.axis]:.0%} of the best of this index version "
        f"({best[floor.axis]:g}): floors of an older version do not fit; leave it out for the role's own"
        for floor in floors
        if floor.share is None and best[floor.axis] and floor.least > best[floor.axis] * REBASED
    )
