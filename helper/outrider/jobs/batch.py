"""The loop of a batch: takes documents as they come, asks so many at once, and never holds more than it asks.

It knows neither files nor books: who asks a document also keeps its answer. What a failure means is decided by
`rules/bulk`. When it is told to stop it takes no more, gives what is under way a moment, and cancels the rest, each
of which books itself.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Literal

from outrider.data import Failure
from outrider.records import record, replace
from outrider.rules.bulk import outage, pace
from outrider.rules.bulk.nouns import Document, Replied, Result

End = Literal["done", "stopped", "outage", "wall", "halt"]
"""Why the loop ended: there was nothing more to ask, a signal, a provider that is down, the budget, or a setting."""
GRACE = 3.0
"""Seconds that calls under way get when the run is told to stop."""
AHEAD = 64
"""Documents that wait at most for a provider that has no room, beside those that are asked."""


@record
class Doors:
    """What the loop needs of the world.

    `ask` asks a document and commits its answer; `give_up` commits its failure; `provider` names whom it would go to
    now, and `most` how many calls that one takes at one time, where its settings say so. `heard` gets every result,
    `told` what happens to a provider: `down`, `back` or `slower`, with a line.
    """

    ask: Callable[[Document], Awaitable[Replied]]
    give_up: Callable[[Document, Replied], Result]
    provider: Callable[[Document], str]
    now: Callable[[], float]
    most: Callable[[str], int | None] = lambda _provider: None
    heard: Callable[[Result], None] = lambda _result: None
    told: Callable[[str, str], None] = lambda _event, _line: None


@record
class Ending:
    """Why the loop ended, and the failure that ended it, where one did, with whom it was."""

    why: End
    failure: Failure | None = None
    provider: str = ""


@record
class _Down:
    """A provider that is left alone until a moment; `probes` were in vain."""

    until: float
    probes: int
    since: float


class _Flight:
    """One document that is being asked: whom it is with, and whether nobody else was asked beside it."""

    __slots__ = ("document", "is_alone", "provider", "task")

    def __init__(self, document: Document, provider: str, *, is_alone: bool) -> None:
        self.document = document
        self.provider = provider
        self.is_alone = is_alone
        self.task: asyncio.Task[None] | None = None


class Batch:
    """One run over many documents, `most` at a time."""

    def __init__(
        self, documents: Iterator[Document], doors: Doors, *, most: int, waits: bool = True
    ) -> None:  # fmt: skip
        self._documents: Iterator[Document] | None = documents
        self._doors = doors
        self._most = most
        self._waits = waits
        self._waiting: dict[str, deque[Document]] = defaultdict(deque)
        self._flights: set[_Flight] = set()
        self._flying: dict[str, int] = defaultdict(int)
        self._paces: dict[str, pace.Pace] = {}
        self._down: dict[str, _Down] = {}
        self._answers: dict[str, int] = defaultdict(int)
        self._in_a_row: dict[str, int] = defaultdict(int)
        self._tries: dict[int, tuple[int, int]] = {}
        self._is_tight = False
        self._ending: Ending | None = None
        self._fault: BaseException | None = None
        self._wake = asyncio.Event()

    def stop(self) -> None:
        """Takes no more documents; a second call leaves at once."""
        if self._ending is None:
            self._end("stopped")
        else:
            self._cancel()

    async def work(self) -> Ending:
        """Asks until there is nothing left or something ends it; raises what reading or asking raised."""
        self._fill()
        while self._ending is None and (self._flights or any(self._waiting.values())):
            await self._woken(self._until_probe())
            self._fill()
        if self._flights:
            deadline = self._doors.now() + GRACE
            while self._flights and (left := deadline - self._doors.now()) > 0:
                await self._woken(left)
            self._cancel()
            while self._flights:
                await self._woken(None)
        if self._fault is not None:
            raise self._fault
        return self._ending or Ending(why="done")

    async def _woken(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    def _end(self, why: End, failure: Failure | None = None, provider: str = "") -> None:
        if self._ending is None:
            self._ending = Ending(why=why, failure=failure, provider=provider)
        self._wake.set()

    def _fail(self, fault: BaseException) -> None:
        if self._fault is None:
            self._fault = fault
        self._end("stopped")

    def _cancel(self) -> None:
        for flight in self._flights:
            if flight.task is not None:
                flight.task.cancel()

    def _fill(self) -> None:
        """Starts as many documents as there is room for."""
        try:
            while self._ending is None and len(self._flights) < self._most:
                document = self._next()
                if document is None:
                    return
                self._start(*document)
        except Exception as fault:  # noqa: BLE001 - raised again when what is under way has been booked
            self._fail(fault)

    def _start(self, document: Document, provider: str) -> None:
        flight = _Flight(document, provider, is_alone=not self._flights)
        self._flights.add(flight)
        self._flying[provider] += 1
        flight.task = asyncio.create_task(self._fly(flight))

    def _next(self) -> tuple[Document, str] | None:
        """Returns the next document whose provider has room, and who that is."""
        if self._is_tight and self._flights:
            return None
        for name in tuple(self._waiting):
            queue = self._waiting[name]
            while queue:
                # Whom it goes to may have changed since it was put aside.
                now = self._doors.provider(queue[0])
                if self._has_room(now):
                    return queue.popleft(), now
                if now == name:
                    break
                self._waiting[now].append(queue.popleft())
        while self._documents is not None and sum(map(len, self._waiting.values())) < AHEAD:
            document = next(self._documents, None)
            if document is None:
                self._documents = None
                return None
            name = self._doors.provider(document)
            if self._has_room(name):
                return document, name
            self._waiting[name].append(document)
        return None

    def _has_room(self, provider: str) -> bool:
        down = self._down.get(provider)
        if down is not None:
            # One at a time, and only when its pause is over: a probe.
            return not self._flying[provider] and self._doors.now() >= down.until
        return self._flying[provider] < self._pace(provider).calls

    def _pace(self, provider: str) -> pace.Pace:
        if provider not in self._paces:
            self._paces[provider] = pace.begun(min(self._doors.most(provider) or self._most, self._most))
        return self._paces[provider]

    def _until_probe(self) -> float | None:
        """Returns for how long nothing will happen by itself; None where only a call that ends can change anything."""
        resting = [down.until for name, down in self._down.items() if not self._flying[name]]
        return max(min(resting) - self._doors.now(), 0.0) if resting else None

    async def _fly(self, flight: _Flight) -> None:
        try:
            replied = await self._doors.ask(flight.document)
            self._landed(flight, replied)
        except asyncio.CancelledError:
            pass  # it has booked itself, and is asked again by the next run
        except Exception as fault:  # noqa: BLE001 - raised again by `work`
            self._fail(fault)
        finally:
            self._flights.discard(flight)
            self._flying[flight.provider] -= 1
            self._fill()
            if not self._flights or self._down:
                self._wake.set()

    def _landed(self, flight: _Flight, replied: Replied) -> None:
        """Takes in how a document ended."""
        for call in replied.calls:
            before = self._pace(call.provider)
            self._paces[call.provider] = now = pace.after(before, call.kind, call.seconds)
            if now.calls * 2 <= before.calls:
                self._doors.told("slower", f"{call.provider}: {call.kind}; {now.calls} at a time")
        if replied.result is not None:
            self._answered(flight, replied.result)
        elif replied.failure is not None:
            self._unanswered(flight, replied, replied.failure)

    def _answered(self, flight: _Flight, result: Result) -> None:
        name = flight.provider
        self._answers[name] += 1
        self._in_a_row[name] = 0
        self._is_tight = False
        self._tries.pop(flight.document.position, None)
        down = self._down.pop(name, None)
        if down is not None:
            self._doors.told("back", f"{name} answers again after {self._doors.now() - down.since:.0f} s")
        self._doors.heard(result)

    def _unanswered(self, flight: _Flight, replied: Replied, failure: Failure) -> None:
        document, name = flight.document, flight.provider
        tries, before = self._tries.get(document.position, (0, self._answers[name]))
        self._in_a_row[name] += 1
        decided = outage.verdict(
            failure, tries=tries + 1, in_a_row=self._in_a_row[name], answered=self._answers[name] > 0,
            others=self._answers[name] > before,
        )  # fmt: skip
        if decided == "kept":
            self._in_a_row[name] = 0
            self._tries.pop(document.position, None)
            self._doors.heard(self._doors.give_up(document, replied))
            return
        self._tries[document.position] = (tries + 1, before)
        self._waiting[name].appendleft(document)
        match decided:
            case "outage":
                self._rest(name, failure)
            case "halt":
                self._end("halt", failure, name)
            case "wall" if flight.is_alone:
                self._end("wall", failure, name)
            case "wall":
                # What others have reserved may come back: it is asked again when nobody else is.
                self._is_tight = True
            case _:
                pass

    def _rest(self, name: str, failure: Failure) -> None:
        """Leaves a provider alone for a while, or ends the run where it was told to."""
        now = self._doors.now()
        down = self._down.get(name)
        if not self._waits and failure.kind != outage.THROTTLED:
            self._end("outage", failure, name)
        elif down is None:
            seconds = outage.pause(0, asked=failure.retry_after)
            self._down[name] = _Down(until=now + seconds, probes=0, since=now)
            self._doors.told("down", _resting(name, failure, seconds))
        elif now >= down.until:
            seconds = outage.pause(down.probes + 1, asked=failure.retry_after)
            self._down[name] = replace(down, until=now + seconds, probes=down.probes + 1)
            self._doors.told("down", _resting(name, failure, seconds))


def _resting(name: str, failure: Failure, seconds: float) -> str:
    """Says who is left alone, why and how long; without a name nobody could be asked at all."""
    who = f"{name}: {failure.kind}: " if name else ""
    return f"{who}{failure.message[:200]}; next try in {seconds:.0f} s"
