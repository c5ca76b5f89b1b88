"""Votes are counted by family."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rules.panels.counting import Count, Vote, count, dissent
from outrider.rules.panels.nouns import Seat


def votes(text: str) -> tuple[Vote, ...]:
    """Reads `family:choice` words; `-` is no vote."""
    found = []
    for number, word in enumerate(text.split()):
        family, _, choice = word.partition(":")
        found.append(Vote(seat=Seat(model=f"m{number}", family=family), choice=None if choice == "-" else choice))
    return tuple(found)


@pytest.mark.parametrize(
    ("text", "kind", "leader", "share"),
    [
        ("a:yes b:yes c:no", "agreed", "yes", Fraction(2, 3)),
        ("a:yes b:no", "split", None, Fraction(1, 2)),
        ("a:yes b:yes c:yes", "agreed", "yes", Fraction(1)),
        ("a:yes a:yes a:yes b:no c:no", "agreed", "no", Fraction(2, 3)),
        ("a:yes a:no b:yes", "agreed", "yes", Fraction(3, 4)),
        ("a:yes a:no b:no b:yes", "split", None, Fraction(1, 2)),
        ("a:yes a:yes", "too_few", "yes", Fraction(1)),
        ("a:yes b:-", "too_few", "yes", Fraction(1)),
        ("a:- b:-", "too_few", None, Fraction(0)),
        ("", "too_few", None, Fraction(0)),
        ("a:x b:y c:z", "split", None, Fraction(1, 3)),
        ("a:x b:y c:y d:z", "split", "y", Fraction(1, 2)),
    ],
)
def test_a_count_weighs_families(text: str, kind: str, leader: str | None, share: Fraction) -> None:
    """Each family has one vote, shared by its seats; abstentions and failures are none; a tie has no leader."""
    found = count(votes(text), threshold=Decimal("0.66"), quorum=2)
    assert (found.kind, found.leader, found.share) == (kind, leader, share)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["yes", "no", None])), max_size=9), st.randoms())
def test_the_order_of_seats_does_not_count(cast: list[tuple[str, str | None]], chance: object) -> None:
    """Shuffled votes come to the same."""
    seats = [
        Vote(seat=Seat(model=f"m{number}", family=family), choice=choice)
        for number, (family, choice) in enumerate(cast)
    ]  # fmt: skip
    before = count(seats, threshold=Decimal("0.66"), quorum=2)
    chance.shuffle(seats)  # type: ignore[attr-defined]
    assert count(seats, threshold=Decimal("0.66"), quorum=2) == before


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["x", "y", "z"])), min_size=1, max_size=12))
def test_shares_add_up_to_one(cast: list[tuple[str, str]]) -> None:
    """Exactly: no vote is lost in rounding."""
    seats = [
        Vote(seat=Seat(model=f"m{number}", family=family), choice=choice)
        for number, (family, choice) in enumerate(cast)
    ]  # fmt: skip
    found: Count = count(seats, threshold=Decimal(1), quorum=1)
    assert sum(share for _, share in found.shares) == 1


def test_a_seat_without_a_family_is_one_of_its_own() -> None:
    """A model that no row describes stands for itself."""
    unknown = (
        Vote(seat=Seat(model="p/x", family=""), choice="yes"),
        Vote(seat=Seat(model="p/y", family=""), choice="no"),
    )
    assert count(unknown, threshold=Decimal("0.66"), quorum=2).families == 2


def test_dissent_is_every_vote_for_something_else() -> None:
    """Without a leader all of them dissent; what is no vote does not."""
    cast = votes("a:yes b:no c:-")
    assert dissent(cast, "yes") == (cast[1],)
    assert dissent(cast, None) == cast[:2]
