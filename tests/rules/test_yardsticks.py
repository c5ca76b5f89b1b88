"""A policy beside chance, the best single model, and one that always knew."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rules.yardsticks import Case, Yardstick, beside

COSTS = {"cheap": Decimal("0.01"), "dear": Decimal("0.10")}


def case(chosen: str, cheap: float, dear: float) -> Case:
    """Returns a case with two models."""
    return Case(chosen=chosen, outcomes={"cheap": cheap, "dear": dear}, costs=COSTS)


def test_each_way_of_choosing_is_judged_on_the_same_cases() -> None:
    """Worked out by hand: 2.5 of 3 for the policy, 2 for the best single one, 3 for who always knew."""
    cases = (case("cheap", 1, 1), case("dear", 0, 1), case("cheap", 0.5, 0), case("unknown", 0, 0))
    assert beside(cases) == (
        Yardstick(name="this policy", outcome=2.5 / 3, cost=Decimal("0.04")),
        Yardstick(name="random", outcome=(1 + 0.5 + 0.25) / 3, cost=Decimal("0.055")),
        Yardstick(name="best single (dear)", outcome=2 / 3, cost=Decimal("0.10")),
        Yardstick(name="oracle", outcome=2.5 / 3, cost=Decimal("0.04")),
    )


def test_without_a_case_that_can_be_judged_nothing_is_measured() -> None:
    """A choice without an outcome says nothing."""
    assert beside((case("unknown", 1, 1),)) == ()


def test_an_unknown_price_leaves_the_cost_unknown() -> None:
    """Never zero."""
    known = Case(chosen="a", outcomes={"a": 1.0, "b": 0.0}, costs={"b": Decimal(1)})
    assert [(one.name, one.cost) for one in beside((known,))] == [
        ("this policy", None), ("random", None), ("best single (a)", None), ("oracle", None),
    ]  # fmt: skip


def test_models_that_did_not_see_every_case_are_no_single_best() -> None:
    """They cannot be compared."""
    cases = (Case(chosen="a", outcomes={"a": 1.0}, costs={}), Case(chosen="b", outcomes={"b": 1.0}, costs={}))
    assert [one.name for one in beside(cases)] == ["this policy", "random", "oracle"]


@given(
    st.lists(st.tuples(st.sampled_from(["cheap", "dear"]), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20)
)
def test_nobody_beats_the_oracle(rows: list[tuple[str, float, float]]) -> None:
    """And it beats chance and every single model."""
    found = {one.name.split(" (")[0]: one.outcome for one in beside([case(*row) for row in rows])}
    assert found["oracle"] == pytest.approx(max(found.values()))
