"""What a plan costs: shares, batches, tiers, hours and dates, to the last cent."""

from decimal import Decimal
from typing import Any

import pytest

from outrider.errors import OutriderError
from outrider.rows import Condition, Price, Rates
from outrider.rules.facts.planning import Plan, Priced, Stage, all_by_one, lines, plan_from, total

MONDAY = 1_763_942_400.0
"""2025-11-24, midnight UTC."""
PLAIN = Price(
    base=Rates(input=Decimal(1), output=Decimal(10), cached=Decimal("0.1")),
    tiers=(Condition(rates=Rates(input=Decimal(2), output=Decimal(15)), above=200_000),),
    variants=(Condition(rates=Rates(input=Decimal("0.5"), output=Decimal(5)), name="batch"),),
)
HOURLY = Price(
    base=Rates(input=Decimal(1), output=Decimal(1)),
    windows=(Condition(rates=Rates(input=Decimal(3), output=Decimal(3)), days=(1, 2, 3, 4, 5), start=60, end=240),),
)
LATER = Price(
    base=Rates(input=Decimal(1), output=Decimal(1)),
    changes=(Condition(rates=Rates(input=Decimal(5)), since="2025-11-24"),),
)


@pytest.mark.parametrize(
    ("price", "values", "cost"),
    [
        (PLAIN, {"input": 1_000_000 // 10, "output": 1_000}, "0.11"),
        (PLAIN, {"input": 100_000, "output": 1_000, "documents": 10}, "1.1"),
        (PLAIN, {"input": 100_000, "cached_share": Decimal("0.5")}, "0.055"),
        (PLAIN, {"input": 100_000, "output": 1_000, "batch_share": Decimal(1)}, "0.055"),
        (PLAIN, {"input": 100_000, "output": 1_000, "batch_share": Decimal("0.5")}, "0.0825"),
        (PLAIN, {"input": 300_000, "output": 1_000}, "0.615"),
        (PLAIN, {"input": 300_000, "output": 1_000, "batch_share": Decimal(1)}, "0.3075"),
        (PLAIN, {"documents": 0, "input": 5}, "0"),
        (HOURLY, {"input": 1_000_000}, "3"),
        (HOURLY, {"input": 1_000_000, "hour": 2}, "3"),
        (HOURLY, {"input": 1_000_000, "hour": 5}, "1"),
        (LATER, {"input": 1_000_000}, "5"),
    ],
)
def test_a_stage_costs(price: Price, values: dict[str, Any], cost: str) -> None:
    """Each share at its own rate, each size in its tier, each hour in its window."""
    (line,) = lines((Stage(name="s", model="m", **values),), {"m": Priced(price=price)}, midnight=MONDAY)
    assert line.cost == Decimal(cost)


def test_what_is_not_known_is_said() -> None:
    """No price is no cost and no total; a missing batch or cache price is counted as the plain one, in words."""
    stages = (
        Stage(name="a", model="x"),
        Stage(name="b", model="y", input=500, output=50, batch_share=Decimal(1), cached_share=Decimal(1)),
    )
    known = {"x": Priced(price=None), "y": Priced(price=HOURLY, context=400, max_output=40)}
    found = lines(stages, known, midnight=MONDAY)
    assert [line.cost for line in found] == [None, Decimal("0.00165")]
    assert total(found) is None
    assert [note for line in found for note in line.notes] == [
        "the price of x is not known",
        "y has no known batch price: counted at the plain one",
        "y has no known price for cached input: counted as fresh",
        "y is counted at its dearest hour of the week",
        "y takes 400 tokens, fewer than a document has",
        "y gives 40 tokens at most",
    ]
    assert total(lines(all_by_one(stages, "y"), known, midnight=MONDAY)) == Decimal("0.00165")


def test_a_plan_is_read() -> None:
    """What a stage does not say is one document without tokens, and nothing is batched or cached."""
    document = {
        "beside": "y",
        "description": "…",
        "stages": [{"model": "x"}, {"model": "x", "name": "n", "hour": None}],
    }
    assert plan_from(document) == Plan(
        stages=(Stage(name="stage 1", model="x"), Stage(name="n", model="x")), beside="y"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "a plan is an object with `stages`"),
        ({"stage": []}, "the plan has no `stage`"),
        ({"stages": [1]}, "stages[0] is an object"),
        ({"stages": [{"model": "x"}] * 101}, "`stages` is a list of 1 to 100 stages"),
        ({"stages": [{"model": "x"}], "beside": 3}, "`beside` names a model"),
        ({"stages": [{"model": "x", "name": 3}]}, "stages[0].name is a text"),
        ({"stages": [{"model": "x", "input": True}]}, "stages[0].input is a whole number from 0 to 1,000,000,000,000"),
        ({"stages": [{"model": "x", "input": 1.5}]}, "stages[0].input is a whole number from 0 to 1,000,000,000,000"),
    ],
)
def test_a_plan_that_is_none_names_the_place(document: Any, message: str) -> None:
    """Nothing is counted of a plan that is wrong in one place."""
    with pytest.raises(OutriderError) as refused:
        plan_from(document)
    assert refused.value.message == message
