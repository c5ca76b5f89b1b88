"""The loop of a batch: so many at once, nothing twice, and nobody asked who is down."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from outrider.data import Failure, FailureKind
from outrider.jobs.batch import Batch, Doors, Ending
from outrider.records import replace
from outrider.rules.bulk.nouns import Call, Document, Replied, Result

DOWN = Failure(kind="server", message="down", status=503)


class Office:
    """A provider that answers as it is told, and what was heard of it. Time is what is waited."""

    def __init__(self) -> None:
        self.failures: dict[int, list[Failure]] = {}
        self.asked: Counter[int] = Counter()
        self.results: list[tuple[int, bool]] = []
        self.events: list[str] = []
        self.open = self.most_open = 0
        self.now = 0.0
        self.down_until = 0.0
        self.takes = 0

    async def ask(self, document: Document) -> Replied:
        """Answers, or fails as often as it was told to."""
        self.asked[document.position] += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        for _ in range(self.takes + 1):
            await asyncio.sleep(0)
        self.open -= 1
        self.now += 0.25
        failure = DOWN if self.now < self.down_until else None
        if waiting := self.failures.get(document.position):
            failure = waiting.pop(0)
        calls = (Call(provider="here", kind=failure.kind if failure else None, seconds=0.1),)
        if failure is not None:
            return Replied(failure=failure, calls=calls, provider="here")
        return Replied(result=Result(position=document.position, id=document.id, ok=True), calls=calls, provider="here")

    def give_up(self, document: Document, replied: Replied) -> Result:
        """Keeps a failure."""
        return Result(position=document.position, id=document.id, ok=False)

    def doors(self) -> Doors:
        """Returns what the loop gets of it."""
        return Doors(
            ask=self.ask, give_up=self.give_up, provider=lambda _document: "here", now=lambda: self.now,
            heard=lambda result: self.results.append((result.position, result.ok)),
            told=lambda event, _line: self.events.append(event),
        )  # fmt: skip


def documents(count: int) -> Iterator[Document]:
    """Yields so many documents."""
    return (Document(position=position, id=position) for position in range(count))


def played(office: Office, count: int = 20, *, most: int = 4, waits: bool = True) -> Ending:
    """Runs a batch to its end."""

    async def run() -> Ending:
        return await Batch(documents(count), office.doors(), most=most, waits=waits).work()

    return asyncio.run(run())


def failing(kind: FailureKind, times: int = 1) -> list[Failure]:
    """Returns so many failures of a kind."""
    return [Failure(kind=kind, message=kind) for _ in range(times)]


def test_every_document_is_asked_once_so_many_at_a_time() -> None:
    """And each result is heard."""
    office = Office()
    office.takes = 3
    assert played(office, 50) == Ending(why="done")
    assert (set(office.asked.values()), office.most_open) == ({1}, 4)
    assert sorted(office.results) == [(position, True) for position in range(50)]


def test_a_provider_gets_no_more_than_its_settings_say() -> None:
    """More would only wait for their turn."""
    office = Office()
    office.takes = 3
    doors = replace(office.doors(), most=lambda _provider: 2)

    async def run() -> Ending:
        return await Batch(documents(20), doors, most=8).work()

    assert asyncio.run(run()) == Ending(why="done")
    assert (office.most_open, len(office.results)) == (2, 20)


def test_a_document_that_fails_by_itself_is_kept_as_a_failure() -> None:
    """The others are answered."""
    office = Office()
    office.failures = {3: failing("bad_request")}
    assert played(office) == Ending(why="done")
    assert (office.asked[3], dict(office.results)[3]) == (1, False)


def test_a_document_is_asked_again_while_it_may_be_chance() -> None:
    """Once is chance; one that fails while others are answered is given up."""
    office = Office()
    office.failures = {3: failing("server"), 7: failing("server", 9)}
    assert played(office, 40, most=2) == Ending(why="done")
    assert (office.asked[3], office.asked[7]) == (2, 3)
    assert [position for position, is_ok in office.results if not is_ok] == [7]


def test_a_provider_that_is_down_gets_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """One at a time, ever later; then all are answered, and none has failed."""
    office = Office()
    office.down_until = 20.0
    real = asyncio.timeout

    def timeout(seconds: float | None) -> Any:
        if seconds:
            office.now += seconds
        return real(0 if seconds is not None else None)

    monkeypatch.setattr(asyncio, "timeout", timeout)
    assert played(office, 20) == Ending(why="done")
    assert (all(is_ok for _, is_ok in office.results), len(office.results)) == (True, 20)
    assert sum(office.asked.values()) <= 20 + 4 + 6
    assert (office.events[0], office.events[-1]) == ("down", "back")


def test_with_fail_it_ends_instead() -> None:
    """Nobody else is asked, and nothing is kept as a failure."""
    office = Office()
    office.down_until = 1e9
    ending = played(office, 20, waits=False)
    assert ending == Ending(why="outage", failure=DOWN, provider="here")
    assert (sum(office.asked.values()), office.results) == (4, [])


@pytest.mark.parametrize("kind", ["auth", "quota", "not_found"])
def test_what_a_person_must_mend_ends_the_run(kind: FailureKind) -> None:
    """The rest would fail alike."""
    office = Office()
    office.failures = {position: failing(kind) for position in range(20)}
    assert (played(office).why, sum(office.asked.values())) == ("halt", 4)


def test_the_wall_is_reached_by_a_document_that_is_alone() -> None:
    """What others had reserved may come back: it is asked once more when nobody else is."""
    office = Office()
    office.failures = {position: failing("budget", 9) for position in range(2, 20)}
    assert played(office).why == "wall"
    assert dict(office.results) == {0: True, 1: True}
    office = Office()
    office.failures = {5: failing("budget", 1)}
    assert played(office) == Ending(why="done")
    assert len(office.results) == 20


def test_a_fault_of_the_input_is_raised_when_all_have_come_back() -> None:
    """What is under way is finished first."""
    office = Office()
    office.takes = 5

    def broken() -> Iterator[Document]:
        yield from documents(3)
        raise ValueError("line 4")

    async def run() -> Ending:
        return await Batch(broken(), office.doors(), most=8).work()

    with pytest.raises(ValueError, match="line 4"):
        asyncio.run(run())
    assert sorted(office.results) == [(0, True), (1, True), (2, True)]


def test_a_stop_takes_no_more_and_lets_go_after_a_while() -> None:
    """What is under way has its moment, then it is cancelled; a second stop does not wait."""
    office = Office()
    cancelled: list[int] = []
    are_asked = asyncio.Event()

    async def never(document: Document) -> Replied:
        office.asked[document.position] += 1
        if len(office.asked) == 4:
            are_asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(document.position)
            raise
        raise AssertionError

    async def run() -> Ending:
        doors = office.doors()
        batch = Batch(
            documents(20), Doors(ask=never, give_up=doors.give_up, provider=doors.provider, now=doors.now), most=4
        )
        task = asyncio.create_task(batch.work())
        await are_asked.wait()
        batch.stop()
        batch.stop()
        return await task

    assert asyncio.run(run()) == Ending(why="stopped")
    assert sorted(cancelled) == [0, 1, 2, 3]
