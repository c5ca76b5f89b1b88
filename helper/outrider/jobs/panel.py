"""The second loop of the house: the rule says whom to ask next, the loop asks them at once and hands back the round.

It knows no provider and no clock; how one seat is asked and how a check is run comes from the caller.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from outrider.records import record, replace
from outrider.rules.panels.nouns import Ask, Check, Checked, Purpose, Reply, Round, Step, Turn

Verdict = TypeVar("Verdict")


@record
class Doors:
    """How one seat is asked, given for how many the money of the run must reach; how a check is run; who is told.

    A seat that is cancelled ends with a reply that is `late` and says what it is booked with.
    """

    ask: Callable[[Turn, Purpose, int], Coroutine[Any, Any, Reply]]
    check: Callable[[Check], Awaitable[Checked]]
    heard: Callable[[Purpose, Reply], None]


async def play(
    rule: Callable[[tuple[Any, ...]], Ask | Check | Verdict], doors: Doors
) -> tuple[Verdict, tuple[Step, ...]]:
    """Asks round after round until the rule has a verdict; returns it with everything that was said."""
    steps: tuple[Step, ...] = ()
    while True:
        wanted = rule(steps)
        match wanted:
            case Ask():
                steps = (*steps, await _round(wanted, doors))
            case Check():
                steps = (*steps, await doors.check(wanted))
            case _:
                return wanted, steps


async def _round(wanted: Ask, doors: Doors) -> Round:
    """Asks all seats at once. Once enough have answered the others are cancelled, and their rows booked in doubt."""
    # One more share than there are seats: whatever follows a round has to be paid, too.
    parts = len(wanted.turns) + 1
    tasks: dict[asyncio.Task[Reply], int] = {
        asyncio.create_task(doors.ask(turn, wanted.purpose, parts)): number
        for number, turn in enumerate(wanted.turns)
    }  # fmt: skip
    replies: dict[int, Reply] = {}
    left = set(tasks)
    is_whole = False
    try:
        while left and not _is_enough(wanted, replies):
            done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
            for task in sorted(done, key=lambda one: tasks[one]):
                reply = task.result()
                replies[tasks[task]] = reply
                doors.heard(wanted.purpose, reply)
        is_whole = True
    finally:
        for task in left:
            task.cancel()
        # Each settles its row before it goes, and says what it is booked with.
        ordered = sorted(left, key=lambda one: tasks[one])
        ended = await asyncio.gather(*ordered, return_exceptions=True)
        for task, said in zip(ordered, ended, strict=True):
            last = said if isinstance(said, Reply) else _never_asked(wanted.turns[tasks[task]])
            if last.late:
                last = replace(last, failure="cut off: enough had answered" if is_whole else "cut off: interrupted")
            replies[tasks[task]] = last
            doors.heard(wanted.purpose, last)
    return Round(purpose=wanted.purpose, replies=tuple(replies[number] for number in range(len(wanted.turns))))


def _never_asked(turn: Turn) -> Reply:
    return Reply(seat=turn.seat, text=None, late=True, asked=False)


def _is_enough(wanted: Ask, replies: dict[int, Reply]) -> bool:
    return wanted.enough is not None and sum(reply.text is not None for reply in replies.values()) >= wanted.enough
