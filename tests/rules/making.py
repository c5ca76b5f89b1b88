"""Targets, routes and attempts for the tests of rules, each in one line."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from outrider.data import Answer, Attempt, Failure, FailureKind, Outcome, Route, Target, Usage
from outrider.rows import Model, Price, Provider, Rates
from outrider.rules.limits import Limits

NO_BUDGET = Limits(budget={})
ANSWER = Answer(text="yes", usage=Usage(input=10, output=5, known=True))


def price(given: float | str, returned: float | str, **more: Any) -> Price:
    """Returns a price of so many dollars for a million tokens in and out."""
    return Price(base=Rates(input=Decimal(str(given)), output=Decimal(str(returned))), **more)


def model(name: str = "acme.one", **fields: Any) -> Model:
    """Returns a model whose provider and id are in its name."""
    provider, _, wire_id = name.partition(".")
    return Model(**{"name": name, "provider": provider, "id": wire_id, **fields})


def target(name: str = "acme.one", *, local: bool = False, key: str = "k", **fields: Any) -> Target:
    """Returns the target of a made-up model at its own provider."""
    row = model(name, **fields)
    provider = Provider(
        name=row.provider, dialect="openai", base_url=f"https://{row.provider}.example/v1", keys=("ACME_KEY",),
        local=local,
    )  # fmt: skip
    return Target(model=row, provider=provider, wire_id=row.id, key_id=key, local=local)


def route(*targets: Target, **fields: Any) -> Route:
    """Returns a route over these targets."""
    return Route(
        **{"task": "work", "rule": "default task work", "level": None, "passed": (), **fields, "targets": targets}
    )


def failed(kind: FailureKind, message: str = "no", **fields: Any) -> Failure:
    """Returns a failure."""
    return Failure(kind=kind, message=message, **fields)


def attempt(asked: Target, outcome: Outcome = ANSWER, **fields: Any) -> Attempt:
    """Returns one call that ended."""
    return Attempt(target=asked, outcome=outcome, **fields)


def limits(row: Mapping[str, str] | None = None, **fields: Any) -> Limits:
    """Returns limits with these budgets, which a user set."""
    budget = {period: Decimal(dollars) for period, dollars in (row or {}).items()}
    return Limits(**{"budget": budget, "budgets_set": frozenset(budget), **fields})
