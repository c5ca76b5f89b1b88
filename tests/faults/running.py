"""Runs the real loop over the real doors against scripted providers, and keeps everything that came of it.

Only waiting is not real: a wait is written down and the clock is moved on, so that what is compared is exact.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

from outrider.cli.stepping import step
from outrider.data import Attempt, Failure, Message, Outcome, Request, Route, Target
from outrider.doors.ledger import Check, Ledger, Reservation, RunRow
from outrider.doors.transport import many_sender, sender
from outrider.engine import Accept, Ended, World, run
from outrider.records import replace
from outrider.rows import Model, Price, Provider, Rates
from outrider.rules.limits import Limits, Spend
from outrider.rules.rates import Wait
from tests.doors.booking import places_at, rows
from tests.servers.dialects import Dialect

Library = Literal["aiohttp", "httpx2"]
LIBRARIES: tuple[Library, ...] = get_args(Library)
PROMPT = "say hello"
LIKELY = 11
"""What the prompt is estimated at, in tokens; `test_table` holds it."""
KEY = "canary-0123456789abcdef"
PRICE = Price(base=Rates(input=Decimal(1), output=Decimal(2)))
BUDGET = Decimal(1)
PATIENT = Limits(budget={"run": BUDGET, "day": BUDGET}, max_bytes=200_000)
HASTY: dict[str, Any] = {"limits": {"first_byte": 0.15, "idle": 0.15, "total": 0.4}}
"""A row of a model that must be quick, for faults that take time."""
BASES = {"openai": "{url}/v1", "anthropic": "{url}", "ollama": "{url}"}


def a_target(dialect: Dialect, url: str, name: str = "one", *, window: int = 100_000, **row: Any) -> Target:
    """Returns a way to a model of this name at a provider of its own."""
    provider = Provider(
        name=f"p-{name}", dialect=dialect, base_url=BASES[dialect].format(url=url), keys=(f"{name.upper()}_API_KEY",)
    )
    model = Model(
        name=f"{provider.name}.{name}", provider=provider.name, id=name, context=window, max_output=1_000,
        price=PRICE, row=row,
    )  # fmt: skip
    return Target(model=model, provider=provider, wire_id=name, key_id="k1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """Everything that came of a run. `calls` are the book's rows: model, kind, certainty, nano-dollars."""

    ended: Ended
    calls: tuple[tuple[str, str, str, int | str], ...]
    waits: tuple[float, ...]
    shown: str
    spent: Spend
    seconds: float
    home: Path

    @property
    def text(self) -> str | None:
        """The answer's text, if there is one."""
        return self.ended.answer.text if self.ended.answer else None

    @property
    def booked(self) -> int:
        """Returns what all rows come to, in nano-dollars."""
        found: int = rows(self.home, "SELECT SUM(cost_nano) FROM attempts")[0][0]
        return found


def ask(
    home: Path,
    *targets: Target,
    stream: bool,
    limits: Limits = PATIENT,
    show: bool = False,
    accept: Accept | None = None,
    at: Callable[[], float] = time.time,
    network: dict[str, Any] | None = None,
    name: str = "run1",
    wait: float = 0.0,
    content_filter_falls_over: bool = False,
    schema: dict[str, Any] | None = None,
    max_output: int | None = None,
    at_once: Library | None = None,
) -> Ran:
    """Asks along these targets, books in this home, and tells what came of it; `at_once` by a way out for many."""
    ledger = Ledger(places_at(home))
    row = RunRow(
        id=name, command="ask", task="t", rule="default", level=None, preset=None, private=False, decision={}
    )  # fmt: skip
    waits: list[float] = []
    shown: list[str] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        let_pass(home, seconds)

    async def reserve(target: Target, number: int, check: Check) -> Reservation | Failure | Wait:
        return ledger.reserve(row, target, number=number, check=check, prompt_digest="d", prompt_bytes=len(PROMPT))

    async def settle(reservation: Reservation, attempt: Attempt) -> None:
        ledger.settle(reservation, attempt)

    world = World(
        send=sender(network or {}), reserve=reserve, settle=settle, key=lambda _provider: KEY,
        now=lambda: time.monotonic() + sum(waits), at=at, sleep=sleep, chance=lambda: 0.5,
        price=lambda _target: None, purse=lambda provider: ledger.purse(provider.name), scrub=lambda text: text,
    )  # fmt: skip
    request = Request(
        messages=(Message(role="user", text=PROMPT),), stream=stream, schema=schema, max_output=max_output
    )
    route = Route(
        task="t", rule="default", level=None, targets=targets, passed=(), wait=wait,
        content_filter_falls_over=content_filter_falls_over,
    )  # fmt: skip
    began = time.monotonic()
    try:
        asked = partial(_run, route, request, limits, show=shown.append if show else None, accept=accept)
        ended = asyncio.run(_over_many(world, network or {}, asked, at_once)) if at_once else step(asked(world))
        return Ran(
            ended=ended, calls=_calls(home), waits=tuple(waits), shown="".join(shown),
            spent=ledger.spend(name, at=time.time()), seconds=time.monotonic() - began, home=home,
        )  # fmt: skip
    finally:
        ledger.close()


async def _run(route: Route, request: Request, limits: Limits, world: World, **more: Any) -> Ended:
    return await run(route, request, limits, world, **more)


async def _over_many(
    world: World, network: dict[str, Any], asked: Callable[[World], Coroutine[Any, Any, Ended]], library: Library
) -> Ended:
    """Runs over the way out for many, and lets its connections go."""
    send, close = many_sender(network, library=library)
    try:
        return await asked(replace(world, send=send))
    finally:
        await close()


def let_pass(home: Path, seconds: float) -> None:
    """Moves the clock of the book on, by moving back every moment that it holds."""
    connection = sqlite3.connect(home / "ledger.db")
    with connection:
        connection.execute("UPDATE health SET until = until - ?", (seconds,))
        connection.execute("UPDATE closures SET until = until - ?", (seconds,))
    connection.close()


def _calls(home: Path) -> tuple[tuple[str, str, str, int | str], ...]:
    found = rows(
        home, "SELECT wire_id, COALESCE(kind, outcome), certainty, cost_nano, reserved_nano FROM attempts ORDER BY id"
    )
    return tuple(
        (model, kind, certainty, "reservation" if cost == reserved else cost)
        for model, kind, certainty, cost, reserved in found
    )


def told(attempt: Attempt) -> tuple[str, str]:
    """Returns how an attempt ended and how sure its cost is."""
    outcome: Outcome = attempt.outcome
    return (outcome.kind if isinstance(outcome, Failure) else "answer"), attempt.certainty


def bounded(limits: Limits, **changes: Any) -> Limits:
    """Returns limits with some of them set by the user, as walls."""
    return replace(limits, walls=frozenset(changes), **changes)
