"""The loop of a panel: rounds at once, in the order of their turns, and nobody left behind however it ends."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from outrider.jobs.panel import Doors, play
from outrider.rules.panels.nouns import Ask, Check, Checked, Purpose, Reply, Round, Seat, Turn

ONE, TWO, THREE = (Seat(model=name, family=name) for name in ("one", "two", "three"))


def an_ask(*seats: Seat, enough: int | None = None) -> Ask:
    """Returns a round for these seats."""
    return Ask(purpose="answer", turns=tuple(Turn(seat=seat, messages=()) for seat in seats), enough=enough)


class Table:
    """Seats that answer after so many turns of the event loop, fail, or never answer."""

    def __init__(self, **seats: int | Exception | None) -> None:
        self._seats = seats
        self.heard: list[tuple[str, bool]] = []
        self.parts: list[int] = []

    @property
    def doors(self) -> Doors:
        """The doors to these seats; a check passes."""
        return Doors(ask=self._ask, check=self._check, heard=self._hear)

    async def _ask(self, turn: Turn, _purpose: Purpose, parts: int) -> Reply:
        self.parts.append(parts)
        wait = self._seats[turn.seat.model]
        if isinstance(wait, Exception):
            raise wait
        try:
            if wait is None:
                await asyncio.Event().wait()
            for _ in range(wait or 0):
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            return Reply(seat=turn.seat, text=None, late=True, cost=Decimal(1), in_doubt=Decimal(1))
        return Reply(seat=turn.seat, text=turn.seat.model)

    async def _check(self, check: Check) -> Checked:
        return Checked(gate=check.gate, passed=True)

    def _hear(self, _purpose: Purpose, reply: Reply) -> None:
        self.heard.append((reply.seat.model, reply.late))


def asking(wanted: Ask) -> Callable[[tuple[Any, ...]], Any]:
    """Returns a rule that asks one round and is content with it."""
    return lambda steps: "done" if steps else wanted


def test_a_round_is_heard_as_it_comes_and_kept_in_order() -> None:
    """Who is quick is told first; the round has the order of its turns; money is shared with one more than asked."""
    table = Table(one=9, two=1, three=5)
    verdict, steps = asyncio.run(play(asking(an_ask(ONE, TWO, THREE)), table.doors))
    (only,) = steps
    assert isinstance(only, Round)
    assert (verdict, [reply.text for reply in only.replies]) == ("done", ["one", "two", "three"])
    assert (table.heard, table.parts) == ([("two", False), ("three", False), ("one", False)], [4, 4, 4])


def test_enough_answers_cut_the_rest_off() -> None:
    """What is cut off says what it is booked with, and why."""
    table = Table(one=None, two=1, three=None)
    _, steps = asyncio.run(play(asking(an_ask(ONE, TWO, THREE, enough=1)), table.doors))
    assert isinstance(steps[0], Round)
    first, second, third = steps[0].replies
    assert (second.text, first.in_doubt, third.in_doubt) == ("two", Decimal(1), Decimal(1))
    assert {first.failure, third.failure} == {"cut off: enough had answered"}
    assert table.heard == [("two", False), ("one", True), ("three", True)]


def test_none_is_enough_without_an_answer() -> None:
    """A panel whose handed-in answers are enough asks nobody, and one that never started owes nothing."""
    table = Table(one=None)
    _, steps = asyncio.run(play(asking(an_ask(ONE, enough=0)), table.doors))
    assert isinstance(steps[0], Round)
    (reply,) = steps[0].replies
    assert (reply.late, reply.cost, reply.certainty, table.parts) == (True, Decimal(0), "not_sent", [])


def test_a_bug_in_one_seat_ends_the_others_first() -> None:
    """It is raised when nobody is left on the way."""
    table = Table(one=None, two=ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        asyncio.run(play(asking(an_ask(ONE, TWO)), table.doors))
    assert table.heard == [("one", True)]


def test_a_cancelled_panel_hears_every_seat_before_it_ends() -> None:
    """Interrupted is what they say."""
    table = Table(one=None, two=1)

    async def stop() -> None:
        task = asyncio.create_task(play(asking(an_ask(ONE, TWO)), table.doors))
        while ("two", False) not in table.heard:  # noqa: ASYNC110 - there is nothing else to wait for
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stop())
    assert table.heard == [("two", False), ("one", True)]


def test_a_check_is_a_step_of_its_own() -> None:
    """What it said is handed to the rule."""
    check = Check(gate="check:true", text="x", command=("true",))
    verdict, steps = asyncio.run(play(lambda steps: steps[0].passed if steps else check, Table().doors))
    assert (verdict, steps) == (True, (Checked(gate="check:true", passed=True),))
