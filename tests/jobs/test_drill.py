"""A drill takes the real loop over a route, and touches nothing."""

from decimal import Decimal
from typing import Any

import pytest

from outrider.cli.stepping import step
from outrider.data import Message, Request, Route, Target
from outrider.errors import Refused
from outrider.jobs.drill import Drilled, drill
from outrider.records import replace
from outrider.rows import Model, Price, Provider, Rates
from outrider.rules.drilling import MISHAPS, Mishap
from outrider.rules.limits import Limits, Spend

PRICE = Price(base=Rates(input=Decimal(1), output=Decimal(10)))
LIMITS = Limits(budget={"run": Decimal(1), "day": Decimal(10)})
BY_NAME = {mishap.name: mishap for mishap in MISHAPS}
IN_DOUBT = (
    "HTML with 200",
    "half a JSON",
    "answer broken off",
    "reset after sending",
    "no answer in time",
    "endless answer",
)


def target(name: str, *, local: bool = False, dialect: Any = "openai", max_output: int = 10_000) -> Target:
    """Returns a way to a model of this name."""
    address = "http://127.0.0.1:1/v1" if local else "https://cloud.invalid/v1"
    provider = Provider(name=f"p-{name}", dialect=dialect, base_url=address, keys=("K",), local=local)
    model = Model(name=name, provider=provider.name, id=name, context=1_000_000, max_output=max_output, price=PRICE)
    return Target(model=model, provider=provider, wire_id=name, key_id="k", local=local)


def drilled(
    mishap: Mishap, *targets: Target, private: bool = False, limits: Limits = LIMITS, spend: Spend | None = None
) -> Drilled:
    """Runs one drill over these targets."""
    route = Route(task="t", rule="r", level=None, targets=targets, passed=(), private=private)
    request = Request(messages=(Message(role="user", text="hello"),))
    return step(
        drill(route, request, limits, mishap, at=0.0, spend=spend or Spend(), price=lambda _target: None, prompts={})
    )


@pytest.mark.parametrize("mishap", MISHAPS, ids=lambda mishap: mishap.name)
def test_the_second_answers_or_nobody_may(mishap: Mishap) -> None:
    """After every fault the next model answers, but where the table says to stop or nobody is larger."""
    found = drilled(mishap, target("one"), target("two"))
    is_stopped = mishap.is_final or mishap.name == "prompt too long"
    assert (found.ended.answer is None) == is_stopped
    assert found.is_silent == (mishap.name == "prompt too long")
    assert found.kind is not None
    assert not found.is_eaten
    assert found.seconds <= LIMITS.route
    hosts = [call.url for call in found.calls]
    assert len(hosts) == len(found.ended.attempts) <= 3
    assert all(("authorization", "Bearer drill-no-real-key") in call.headers for call in found.calls)


@pytest.mark.parametrize("name", IN_DOUBT)
def test_a_reservation_in_doubt_leaves_money_for_the_next(name: str) -> None:
    """What may have been billed stays booked, and never all of the run's budget while another target is left."""
    found = drilled(BY_NAME[name], target("one", max_output=1_000_000), target("two"))
    assert found.ended.answer is not None
    assert not found.is_eaten
    assert Decimal("0.4") < found.in_doubt < Decimal("0.8")


@pytest.mark.parametrize("name", IN_DOUBT)
def test_a_reservation_in_doubt_is_a_wall(name: str) -> None:
    """Where the least useful answer of a model costs the whole budget, nobody else may be asked after it."""
    dear = Price(base=Rates(input=Decimal(1), output=Decimal(120)))
    one = target("one")
    found = drilled(BY_NAME[name], replace(one, model=replace(one.model, price=dear)), target("two"))
    assert found.is_eaten
    assert found.is_silent
    assert found.ended.failure is not None
    assert found.ended.failure.kind == "budget"
    assert Decimal("0.9") < found.in_doubt == found.ended.cost <= Decimal(1)


@pytest.mark.parametrize("mishap", MISHAPS, ids=lambda mishap: mishap.name)
def test_no_budget_is_exceeded(mishap: Mishap) -> None:
    """Whatever goes wrong, a drilled run books no more than a real one may."""
    found = drilled(mishap, *(target(name, max_output=300_000) for name in ("one", "two", "three")))
    assert found.ended.cost <= Decimal(1)


def test_what_was_spent_counts() -> None:
    """A day whose budget is gone refuses the drill as it would refuse a run; another run's sum is none of this."""
    gone = drilled(MISHAPS[0], target("one"), spend=Spend(run=Decimal(9), day=Decimal(10)))
    assert (gone.kind, gone.calls) == ("budget", ())
    assert drilled(MISHAPS[0], target("one"), target("two"), spend=Spend(run=Decimal(9))).ended.answer is not None
    own = replace(LIMITS, budget={"per_repo": Decimal(1)})
    assert drilled(MISHAPS[0], target("one"), limits=own, spend=Spend(per_repo=Decimal(1))).kind == "budget"


@pytest.mark.parametrize("mishap", MISHAPS, ids=lambda mishap: mishap.name)
def test_a_private_chain_leaks_nothing(mishap: Mishap) -> None:
    """Every call of a private question is bound to this machine, also where a chain names a cloud."""
    here = drilled(mishap, target("one", local=True), target("two", local=True), private=True)
    route = Route(task="t", rule="r", level=None, targets=(), passed=(), private=True)
    assert here.calls
    assert all(call.local_only for call in here.calls)
    assert here.leaks(route) == ()


def test_a_cloud_in_a_private_chain_is_never_called() -> None:
    """Should a route ever hold one, the call is refused before the transport sees it."""
    with pytest.raises(Refused):
        drilled(MISHAPS[0], target("one", local=True), target("cloud"), private=True)


def test_a_leak_would_be_named() -> None:
    """The address of every call that leaves the machine, where the question is private."""
    found = drilled(MISHAPS[0], target("one"), target("two"))
    private = Route(task="t", rule="r", level=None, targets=(), passed=(), private=True)
    assert found.leaks(private) == tuple(call.url for call in found.calls) != ()
    assert found.leaks(replace(private, private=False)) == ()


def test_one_model_alone() -> None:
    """The waits are spent on it, and nobody else is asked."""
    found = drilled(BY_NAME["rate limited, wait 3 s"], target("one"))
    assert (found.ended.answer, found.is_silent, len(found.calls)) == (None, True, 3)
    assert found.seconds == pytest.approx(6.6)
