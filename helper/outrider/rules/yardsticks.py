"""What a policy is worth beside three others: chance, the best single model, and one that always knew. Pure.

An outcome is how well a model did on a case, from 0 to 1. A policy is judged on the cases whose chosen model has an
outcome; so are the others, on the same cases.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from outrider.records import record


@record
class Case:
    """One case: what the policy chose, and by model how well each did and what it cost there."""

    chosen: str
    outcomes: Mapping[str, float]
    costs: Mapping[str, Decimal]


@record
class Yardstick:
    """What one way of choosing comes to: the mean outcome, and the mean cost where all prices are known."""

    name: str
    outcome: float
    cost: Decimal | None


def beside(cases: Sequence[Case]) -> tuple[Yardstick, ...]:
    """Returns the policy, chance, the best single model and the oracle, over the cases that can be judged."""
    judged = [case for case in cases if case.chosen in case.outcomes]
    if not judged:
        return ()
    everywhere = sorted(set.intersection(*(set(case.outcomes) for case in judged)))
    found = [_chosen("this policy", judged, [case.chosen for case in judged]), _chance(judged)]
    if everywhere:
        best = min(
            everywhere, key=lambda name: (-sum(case.outcomes[name] for case in judged), _total(judged, name), name)
        )
        found.append(_chosen(f"best single ({best})", judged, [best] * len(judged)))
    found.append(_chosen("oracle", judged, [_oracle(case) for case in judged]))
    return tuple(found)


def _oracle(case: Case) -> str:
    """Returns the model that did best on a case, the cheapest of those alike."""
    return min(case.outcomes, key=lambda name: (-case.outcomes[name], case.costs.get(name, Decimal(1_000_000)), name))


def _total(cases: Sequence[Case], name: str) -> Decimal:
    return sum((case.costs.get(name, Decimal(1_000_000)) for case in cases), Decimal(0))


def _chosen(name: str, cases: Sequence[Case], chosen: Sequence[str]) -> Yardstick:
    pairs = list(zip(cases, chosen, strict=True))
    costs = [case.costs.get(model) for case, model in pairs]
    known = [cost for cost in costs if cost is not None]
    return Yardstick(
        name=name, outcome=sum(case.outcomes[model] for case, model in pairs) / len(pairs),
        cost=sum(known, Decimal(0)) / len(pairs) if len(known) == len(costs) else None,
    )  # fmt: skip


def _chance(cases: Sequence[Case]) -> Yardstick:
    """Returns what drawing a model for each case comes to on average, without drawing."""
    outcome = sum(sum(case.outcomes.values()) / len(case.outcomes) for case in cases) / len(cases)
    means = []
    for case in cases:
        known = [case.costs[name] for name in case.outcomes if name in case.costs]
        if len(known) != len(case.outcomes):
            return Yardstick(name="random", outcome=outcome, cost=None)
        means.append(sum(known, Decimal(0)) / len(known))
    return Yardstick(name="random", outcome=outcome, cost=sum(means, Decimal(0)) / len(cases))
