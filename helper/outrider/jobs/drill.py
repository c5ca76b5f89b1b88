"""The drill: every fault in front of the real chain, on a transport that reaches nobody and a clock that only counts.

The loop, the rules and the codecs are the ones that a real question takes; the ledger is not touched.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal

from outrider.data import Attempt, Failure, FailureKind, Fault, HttpCall, Reading, Request, Route, Target
from outrider.engine import Ended, World, run
from outrider.records import record, replace
from outrider.rows import Price, Provider
from outrider.rules.drilling import Mishap, reply_of, sound_reply
from outrider.rules.limits import Booking, Limits, Spend
from outrider.rules.quota import FULL

ECHO = "echo:"
KEY = "drill-no-real-key"
ANSWER_SECONDS = 1.0


@record
class Drilled:
    """What one fault at the first model led to."""

    mishap: Mishap
    ended: Ended
    seconds: float
    calls: tuple[HttpCall, ...]

    @property
    def in_doubt(self) -> Decimal:
        """What stays booked for attempts that may have been billed, in dollars."""
        return sum((attempt.cost for attempt in self.ended.attempts if attempt.certainty == "in_doubt"), Decimal(0))

    @property
    def kind(self) -> FailureKind | None:
        """The class that the fault itself is given."""
        outcome = self.ended.attempts[0].outcome if self.ended.attempts else None
        return outcome.kind if isinstance(outcome, Failure) else None

    @property
    def is_eaten(self) -> bool:
        """Whether what stays booked in doubt left a later attempt without budget."""
        outcomes = [attempt.outcome for attempt in self.ended.attempts]
        return bool(self.in_doubt) and any(isinstance(each, Failure) and each.kind == "budget" for each in outcomes)

    @property
    def is_silent(self) -> bool:
        """Whether nobody answered where somebody might have."""
        return self.ended.answer is None and not self.mishap.is_final

    def leaks(self, route: Route) -> tuple[str, ...]:
        """Returns the addresses that a private question would have reached beyond this machine."""
        return tuple(call.url for call in self.calls if route.private and not call.local_only)


@record
class _Reservation:
    booking: Booking


class _Stage:
    """A transport, a clock and a book of one drill."""

    def __init__(self, mishap: Mishap, first: Target, spend: Spend) -> None:
        self._mishap = mishap
        self._spend = spend
        self._first = first
        self._target: Target | None = None
        self.clock = 0.0
        self.calls: tuple[HttpCall, ...] = ()

    async def reserve(
        self, target: Target, _number: int, check: Callable[[Spend], Booking | Failure]
    ) -> _Reservation | Failure:
        self._target = target
        verdict = check(self._spend)
        if isinstance(verdict, Failure):
            return verdict
        self._move(verdict.worst)
        return _Reservation(booking=verdict)

    async def settle(self, reservation: _Reservation, attempt: Attempt) -> None:
        self._move(attempt.cost - reservation.booking.worst)

    def _move(self, amount: Decimal) -> None:
        spend = self._spend
        own = None if spend.per_repo is None else spend.per_repo + amount
        self._spend = Spend(run=spend.run + amount, day=spend.day + amount, month=spend.month + amount, per_repo=own)

    async def send(self, call: HttpCall, reading: Reading) -> Fault | None:
        self.calls = (*self.calls, call)
        target = self._target
        if target is None or target.health_key != self._first.health_key:
            self.clock += ANSWER_SECONDS
            reading.open(200, {"content-type": "application/json"})
            body = call.body if call.url.startswith(ECHO) else sound_reply((target or self._first).provider.dialect)
            reading.feed(body)
            return None
        self.clock += min(self._mishap.seconds, call.timing.first_byte)
        if self._mishap.status is not None:
            reading.open(self._mishap.status, self._mishap.headers)
            reading.feed(reply_of(self._mishap, target.provider.dialect))
        return self._mishap.fault

    async def sleep(self, seconds: float) -> None:
        self.clock += seconds


async def drill(
    route: Route,
    request: Request,
    limits: Limits,
    mishap: Mishap,
    *,
    at: float,
    spend: Spend,
    price: Callable[[Target], Price | None],
    prompts: Mapping[str, str],
) -> Drilled:
    """Returns what a fault at the route's first target leads to. The chance is its worst: every wait is the longest.

    `spend` is what the budgets hold already; what the drill reserves is added to it, as in a run, and then forgotten.
    """
    stage = _Stage(mishap, route.targets[0], replace(spend, run=Decimal(0)))

    def key(provider: Provider) -> str | None:
        return KEY if provider.keys else None

    world = World(
        send=stage.send, reserve=stage.reserve, settle=stage.settle, key=key, now=lambda: stage.clock, at=lambda: at,
        sleep=stage.sleep, chance=lambda: 1.0, price=price, purse=lambda _provider: FULL, scrub=lambda text: text,
    )  # fmt: skip
    ended = await run(route, request, limits, world, prompts=prompts)
    return Drilled(mishap=mishap, ended=ended, seconds=stage.clock, calls=stage.calls)
