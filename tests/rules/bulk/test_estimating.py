"""What all of it will come to, and how a line of the output looks."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rules.bulk.lines import line
from outrider.rules.bulk.sampling import Estimate, Projection, added, faulty, projected, spread


def test_an_estimate_is_a_sum() -> None:
    """One document without a price makes the whole unknown."""
    one = added(Estimate(), tokens=10, likely=Decimal(1), most=Decimal(3))
    two = faulty(added(one, tokens=5, likely=Decimal(2), most=Decimal(4)))
    assert two == Estimate(documents=2, faults=1, tokens=15, likely=Decimal(3), most=Decimal(7))
    assert added(two, tokens=1, likely=None, most=None).likely is None


@pytest.mark.parametrize(
    ("total", "asked", "at_once", "sample_at_once", "expected"),
    [
        (1_000, 20, 16, 16, Projection(documents=1_000, cost=Decimal(50), hours=0.5)),
        (1_000, 20, 40, 20, Projection(documents=1_000, cost=Decimal(50), hours=0.25)),
    ],
)
def test_a_sample_is_scaled_up(total: int, asked: int, at_once: int, sample_at_once: int, expected: Projection) -> None:
    """By count, and by how many the whole will be asked at one time."""
    found = projected(
        total=total, asked=asked, cost=Decimal(1), seconds=36.0, at_once=at_once, sample_at_once=sample_at_once
    )
    assert found == expected


@given(st.integers(1, 10_000), st.integers(1, 200))
def test_a_sample_is_spread_over_the_input(total: int, wanted: int) -> None:
    """So many different places, all within it, in order."""
    found = spread(total, wanted)
    assert len(set(found)) == len(found) == min(total, wanted)
    assert sorted(found) == list(found)
    assert found[-1] < total


@given(st.text(), st.one_of(st.text(min_size=1), st.integers()))
def test_a_line_loses_nothing_and_obeys_nobody(answer: str, key: str | int) -> None:
    """What a terminal would obey is escaped, and reading the line gives the answer back."""
    text = line(key=key, ok=True, answer=answer, model="here.one", kind=None, cost=Decimal("0.25"))
    assert json.loads(text) == {
        "id": key, "ok": True, "answer": answer, "model": "here.one", "kind": None, "cost_usd": 0.25,
    }  # fmt: skip
    assert "\n" not in text
    assert not any(mark in text for mark in "\x1b\x9b\u202e\U000e0041\u2028")
