"""Counts votes by model family: two seats of one family share one vote, since what trained together errs together."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from outrider.records import record
from outrider.rules.panels.nouns import Seat

Kind = Literal["agreed", "split", "too_few"]


@record
class Vote:
    """What one seat chose; None for an abstention, a reply that named nothing, or a failure (`failure` says which)."""

    seat: Seat
    choice: str | None
    reason: str = ""
    failure: str = ""


@record
class Count:
    """What votes come to. `share` is that of the leading choice, by family; `leader` is None on a tie or no vote."""

    kind: Kind
    leader: str | None
    share: Fraction
    families: int
    shares: tuple[tuple[str, Fraction], ...]


def family_of(seat: Seat) -> str:
    """Returns the family that a seat votes for; a model of none is one of its own."""
    return seat.family or seat.model


def count(votes: Iterable[Vote], *, threshold: Decimal, quorum: int) -> Count:
    """Returns the count: agreed when a choice has at least the threshold, too few below a quorum of families."""
    cast = [vote for vote in votes if vote.choice is not None]
    families: dict[str, list[str]] = {}
    for vote in cast:
        families.setdefault(family_of(vote.seat), []).append(str(vote.choice))
    weights: dict[str, Fraction] = {}
    for chosen in families.values():
        for choice in chosen:
            weights[choice] = weights.get(choice, Fraction(0)) + Fraction(1, len(chosen) * len(families))
    shares = tuple(sorted(weights.items(), key=lambda entry: (-entry[1], entry[0])))
    is_tied = len(shares) > 1 and shares[0][1] == shares[1][1]
    leader = shares[0][0] if shares and not is_tied else None
    share = shares[0][1] if shares else Fraction(0)
    kind: Kind
    if len(families) < quorum:
        kind = "too_few"
    elif leader is not None and share >= Fraction(threshold):
        kind = "agreed"
    else:
        kind = "split"
    return Count(kind=kind, leader=leader, share=share, families=len(families), shares=shares)


def dissent(votes: Iterable[Vote], leader: str | None) -> tuple[Vote, ...]:
    """Returns the votes for something else than the leader; without a leader all of them."""
    return tuple(vote for vote in votes if vote.choice is not None and vote.choice != leader)
