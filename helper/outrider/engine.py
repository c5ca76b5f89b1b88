"""The one loop of the house: the rule reads the history and says what to do next, the loop does it.

It knows no provider, no file and no clock: what it needs of the world comes as callables. Nothing here waits by
itself, so a front may step the loop by hand over a blocking door, or let an event loop run many.
"""

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, assert_never

from outrider.data import (
    NOTHING,
    Answer,
    Attempt,
    Certainty,
    Failure,
    Fault,
    HttpCall,
    Outcome,
    Reading,
    Request,
    Route,
    Target,
    Usage,
)
from outrider.records import record, replace
from outrider.rows import Model, Price, Provider
from outrider.rules import money
from outrider.rules.fallback import Done, GiveUp, Try, has_others, next_move
from outrider.rules.incoming import scrubbed
from outrider.rules.limits import Booking, Limits, Spend, believable, book, timing
from outrider.rules.outgoing import Cleared, as_it_is, restored
from outrider.rules.prompting import for_model
from outrider.rules.quota import FULL
from outrider.rules.rates import Wait
from outrider.rules.redaction import ready
from outrider.wire.call import encode, reading

Show = Callable[[str], None]
Accept = Callable[[Answer], Outcome]
Check = Callable[[Spend], "Booking | Failure"]


@record
class World:
    """The doors that the loop needs.

    `reserve` returns when a call may leave, its row being on disk; `settle` when what became of it is.

    `now` is monotonic seconds, `at` is seconds since 1970; `purse` holds a provider's retry quota; `scrub` takes keys
    out of a server's words, and `secrets` are the keys that no answer may show; `clear` says what of a request may go
    to a target.
    """

    send: Callable[[HttpCall, Reading], Awaitable[Fault | None]]
    reserve: Callable[[Target, int, Check], Awaitable[Any]]
    settle: Callable[[Any, Attempt], Awaitable[None]]
    key: Callable[[Provider], str | None]
    now: Callable[[], float]
    at: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    chance: Callable[[], float]
    price: Callable[[Target], Price | None]
    purse: Callable[[Provider], int]
    scrub: Callable[[str], str]
    clear: Callable[[Request, Target], Cleared | Failure] = as_it_is
    secrets: tuple[str, ...] = ()


@record
class Ended:
    """How a run ended: an answer, or the failure to report, and all its attempts."""

    answer: Answer | None
    failure: Failure | None
    attempts: tuple[Attempt, ...]

    @property
    def cost(self) -> Decimal:
        """Everything the run was booked with, rejected answers included, in dollars."""
        return sum((attempt.cost for attempt in self.attempts), Decimal(0))

    @property
    def cost_known(self) -> bool:
        """Whether every price was known."""
        return all(attempt.cost_known for attempt in self.attempts)


async def run(
    route: Route,
    request: Request,
    limits: Limits,
    world: World,
    *,
    show: Show | None = None,
    accept: Accept | None = None,
    notice: Callable[[Attempt, Target], None] | None = None,
    prompts: Mapping[str, str] = NOTHING,
    parts: int = 1,
) -> Ended:
    """Asks along a route until there is an answer or nothing left to try.

    `show` gets text as it arrives, `accept` judges an answer, `notice` hears of every step to another target,
    `prompts` are the system texts that model rows name, `parts` are how many may need the run's budget beside this.
    """
    if route.private and not request.private:
        request = replace(request, private=True)
    attempts: tuple[Attempt, ...] = ()
    began = world.now()
    while True:
        elapsed = world.now() - began
        has_failed = bool(attempts) and isinstance(attempts[-1].outcome, Failure)
        purse = world.purse(attempts[-1].target.provider) if has_failed else FULL
        move = next_move(route, attempts, limits, elapsed=elapsed, chance=world.chance(), purse=purse)
        match move:
            case Done(answer=answer):
                return Ended(answer=answer, failure=None, attempts=attempts)
            case GiveUp(failure=failure):
                return Ended(answer=None, failure=_sized(failure, request), attempts=attempts)
            case Try(target=target, after=after, uncapped=uncapped, is_repeat=is_repeat):
                if notice is not None and attempts and attempts[-1].target.health_key != target.health_key:
                    notice(attempts[-1], target)
                if after > 0:
                    await world.sleep(after)
                asked = replace(request, max_output=None) if uncapped else request
                shares = max(parts, 2) if has_others(route, attempts, target) else parts
                attempt = await _attempt(
                    target, for_model(asked, target.model, prompts, effort=route.effort), limits, world,
                    number=len(attempts) + 1, waited=after, left=limits.route - (world.now() - began),
                    parts=shares, is_repeat=is_repeat, show=show, accept=accept,
                )  # fmt: skip
                attempts = (*attempts, attempt)
            case never:
                assert_never(never)


def _sized(failure: Failure, request: Request) -> Failure:
    """Says of a prompt that no window held how large one would have to be."""
    if failure.kind != "context":
        return failure
    tokens = money.likely_tokens(request.messages, schema=request.schema, tools=request.tools)
    return replace(failure, message=f"{failure.message} (the prompt is about {tokens:,} tokens)")


async def _attempt(
    target: Target,
    request: Request,
    limits: Limits,
    world: World,
    *,
    number: int,
    waited: float,
    left: float,
    parts: int,
    show: Show | None,
    accept: Accept | None,
    is_repeat: bool,
) -> Attempt:
    """Books, sends, reads and settles one call. No call leaves without its row."""
    cleared = world.clear(request, target)
    if isinstance(cleared, Failure):
        return Attempt(target=target, outcome=cleared, waited=waited, certainty="not_sent")
    request = cleared.request
    most = money.most_tokens(request.messages, schema=request.schema, tools=request.tools)
    price = target.model.price or world.price(target)
    # A function of plain data: it may be carried to where the book is.
    known = {"wanted": request.max_output, "input_tokens": most, "price": price, "parts": parts}
    check = partial(_checked, target.model, limits, world.at, known)
    reservation, held = await _reserved(
        target, number, world, check, is_repeat=is_repeat, patience=min(limits.max_wait, left)
    )
    waited, left = waited + held, left - held
    if isinstance(reservation, Failure):
        return Attempt(target=target, outcome=reservation, waited=waited, certainty="not_sent")
    booking: Booking = reservation.booking
    capped = request if request.max_output == booking.cap else replace(request, max_output=booking.cap)
    began = world.now()
    certainty: Certainty = "not_sent"
    try:
        call, warnings = encode(
            capped, target, key=world.key(target.provider),
            timing=timing(limits, target.model, target.provider.row, left=left),
        )  # fmt: skip
        watched = _Watched(reading(target, stream=call.stream, schema_wanted=request.schema is not None),
                           None if cleared.table else show, world.secrets)  # fmt: skip
        certainty = "in_doubt"
        outcome = watched.finish(await world.send(call, watched))
    except BaseException:
        # Ctrl-C, a key that no header can carry, or a bug: the row is closed, and what is in flight may be billed.
        lost = Failure(kind="interrupted", message="interrupted", certainty=certainty)
        ended = _ended(target, lost, booking=booking, price=price, request=request, at=world.at())
        await world.settle(reservation, ended)
        raise
    if isinstance(outcome, Answer) and cleared.table:
        outcome = restored(outcome, cleared)
    if accept is not None and isinstance(outcome, Answer):
        outcome = accept(outcome)
    outcome = scrubbed(outcome, scrub=world.scrub, secrets=world.secrets)
    attempt = _ended(
        target, outcome, booking=booking, price=price, request=request, at=world.at(),
        seconds=world.now() - began, waited=waited, shown=watched.shown, may_grow=booking.may_grow,
        warnings=(*cleared.warnings, *warnings),
    )  # fmt: skip
    await world.settle(reservation, attempt)
    return attempt


async def _reserved(
    target: Target, number: int, world: World, check: Check, *, is_repeat: bool, patience: float
) -> tuple[Any, float]:
    """Books a call, as soon as its provider's rates give it a turn; returns for how long it had to wait."""
    waited, turn = 0.0, None
    while True:
        more = {"is_repeat": is_repeat, "turn": turn, "patience": patience - waited}
        booked = await world.reserve(target, number, partial(_completed, check, more))
        if not isinstance(booked, Wait):
            return booked, waited
        turn = booked.turn
        waited += booked.seconds
        await world.sleep(booked.seconds)


def _checked(
    model: Model, limits: Limits, at: Callable[[], float], known: Mapping[str, Any], spend: Spend
) -> Booking | Failure:
    return book(model, limits, spend, at=at(), **known)


def _completed(check: Check, more: Mapping[str, Any], spend: Spend) -> Booking | Failure:
    booking = check(spend)
    return replace(booking, **more) if isinstance(booking, Booking) else booking


def _ended(
    target: Target, outcome: Outcome, *, booking: Booking, price: Price | None, request: Request, at: float, **more: Any
) -> Attempt:
    """Puts a price on how an attempt ended; `more` is what else is known of it."""
    usage, certainty = _billed(outcome, request, model=target.model, booking=booking)
    if certainty == "not_sent":
        return Attempt(target=target, outcome=outcome, certainty=certainty, **more)
    if certainty == "in_doubt":
        return Attempt(
            target=target, outcome=outcome, cost=booking.worst, cost_known=booking.known, certainty=certainty, **more
        )
    cost = money.cost(price, usage, at=at) if price is not None else None
    return Attempt(
        target=target, outcome=outcome if usage is outcome.usage else replace(outcome, usage=usage),
        cost=cost or Decimal(0), cost_known=booking.known and cost is not None, certainty=certainty, **more,
    )  # fmt: skip


def _billed(outcome: Outcome, request: Request, *, model: Model, booking: Booking) -> tuple[Usage, Certainty]:
    """Returns the tokens to bill and how sure they are. What a server does not count is estimated and marked."""
    if outcome.usage.known:
        usage = believable(outcome.usage, model, booking)
        return usage, "exact" if usage is outcome.usage or usage == outcome.usage else "estimate"
    match outcome:
        case Answer():
            text = outcome.text + outcome.reasoning + "".join(call.arguments for call in outcome.tool_calls)
        case Failure() if outcome.partial:
            text = outcome.partial
        case Failure():
            return outcome.usage, outcome.certainty
        case never:
            assert_never(never)
    output = len(text.encode("utf-8", "replace")) // 4 + 1
    asked = money.likely_tokens(request.messages, schema=request.schema, tools=request.tools)
    return Usage(input=asked, output=output), "estimate"


class _Watched:
    """A reading whose text is shown as it arrives, and which remembers that it was. Blanks wait for the first word."""

    def __init__(self, inner: Reading, show: Show | None, secrets: tuple[str, ...]) -> None:
        self._inner = inner
        self._show = show
        self._secrets = secrets
        self._held = ""
        self.shown = False

    def open(self, status: int, headers: Mapping[str, str]) -> None:
        self._inner.open(status, headers)

    def feed(self, chunk: bytes) -> str:
        text = self._inner.feed(chunk)
        if text and self._show is not None:
            self._held += text
            sure, rest = ready(self._held, self._secrets)
            if sure and (self.shown or sure.strip()):
                self._show(sure)
                self._held, self.shown = rest, True
        return text

    def finish(self, fault: Fault | None) -> Outcome:
        return self._inner.finish(fault)
