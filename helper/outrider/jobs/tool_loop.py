"""The loop around the engine in which a model uses tools: it asks, carries out what is called, and asks again.

Each round is one more call of the same run, under the same walls. What may be called and how far it goes is decided
by `rules/tools`; this room knows no server, no file and no clock.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from outrider.data import Answer, Attempt, Failure, Message, Request, Route
from outrider.engine import Ended
from outrider.records import record, replace
from outrider.rules.tools.bounds import NONE_YET, Bounds, Used, is_last, why_last
from outrider.rules.tools.calling import Given, Refuse, Use, answered, judged, refused
from outrider.rules.tools.offering import Offer

Step = Use | Refuse


@record
class Doors:
    """What the loop needs of the world.

    `ask` puts a request to a route within so many seconds; `call` carries a call out in a round, and books it; `gone`
    names the tools that the servers of these calls have changed or withdrawn; `refused` hears of calls that were not
    made; `nonce` is a word that nobody can guess.
    """

    ask: Callable[[Route, Request, float], Awaitable[Ended]]
    call: Callable[[Use, int], Awaitable[Given]]
    gone: Callable[[tuple[str, ...]], Awaitable[Mapping[str, str]]]
    refused: Callable[[Refuse, int], None]
    heard: Callable[[Step, Given | None], None]
    now: Callable[[], float]
    nonce: Callable[[], str]
    secrets: tuple[str, ...] = ()


async def play(route: Route, request: Request, offer: Offer, bounds: Bounds, doors: Doors) -> tuple[Ended, Used]:
    """Asks until there is an answer without calls, or no answer; returns it with every attempt, and what was used."""
    began = doors.now()
    attempts: tuple[Attempt, ...] = ()
    used = NONE_YET
    withdrawn: dict[str, str] = {}
    request = replace(request, tools=tuple(one.tool for one in offer.tools))
    while True:
        elapsed = doors.now() - began
        is_over = bool(offer.tools) and is_last(used, bounds, elapsed=elapsed)
        asked = replace(request, tool_choice="none") if is_over else request
        ended = await doors.ask(route, asked, max(bounds.total - elapsed, 1.0))
        attempts = (*attempts, *ended.attempts)
        answer = ended.answer
        if answer is None or not answer.tool_calls:
            return Ended(answer=answer, failure=ended.failure, attempts=attempts), used
        if is_over:
            return Ended(answer=None, failure=_endless(answer, used, bounds), attempts=attempts), used
        last = attempts[-1].target
        # Who has begun goes on: another model would have to be shown what this one thought, and cannot be.
        others = tuple(target for target in route.targets if target.health_key != last.health_key)
        route = replace(route, targets=(last, *others), wait=0.0)
        calls = _unique(answer, request.messages)
        withdrawn |= await doors.gone(tuple(call.name for call in calls))
        steps, used = judged(calls, offer, used, bounds, gone=withdrawn)
        results, used = await _results(steps, used, bounds, doors)
        turn = Message(
            role="assistant", text=answer.text, tool_calls=calls, reasoning=answer.reasoning, replay=answer.replay,
            said_by=last.address,
        )  # fmt: skip
        request = replace(request, messages=(*request.messages, turn, *results))


async def _results(
    steps: tuple[Step, ...], used: Used, bounds: Bounds, doors: Doors
) -> tuple[tuple[Message, ...], Used]:
    """Carries out the calls of one round, all at once; returns their results in the order of the calls."""
    tasks = {
        number: asyncio.create_task(_called(step, used.rounds, doors))
        for number, step in enumerate(steps)
        if isinstance(step, Use)
    }
    try:
        await asyncio.gather(*tasks.values())
    except BaseException:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        raise
    turns: list[Message] = []
    for number, step in enumerate(steps):
        if isinstance(step, Refuse):
            doors.refused(step, used.rounds)
            doors.heard(step, None)
            turns.append(refused(step))
            continue
        given = tasks[number].result()
        doors.heard(step, given)
        turn, size = answered(
            step, given, bounds, nonce=doors.nonce(), secrets=doors.secrets, left=bounds.bytes - used.bytes
        )
        used = replace(used, bytes=used.bytes + size)
        turns.append(turn)
    return tuple(turns), used


async def _called(step: Use, number: int, doors: Doors) -> Given:
    return await doors.call(step, number)


def _unique(answer: Answer, messages: tuple[Message, ...]) -> Any:
    """Returns the calls of an answer with ids that no earlier call of the conversation has."""
    taken = {call.id for message in messages for call in message.tool_calls}
    calls = []
    for call in answer.tool_calls:
        free, number = call.id, 2
        while free in taken:
            free, number = f"{call.id}_{number}", number + 1
        taken.add(free)
        calls.append(replace(call, id=free))
    return tuple(calls)


def _endless(answer: Answer, used: Used, bounds: Bounds) -> Failure:
    """Says of a model that would not stop calling tools that it gave no answer."""
    reason = why_last(used, bounds)
    return Failure(
        kind="incomplete", message=f"{reason}, and the model still wants more instead of answering",
        partial=answer.text, usage=answer.usage,
    )  # fmt: skip
