"""`outrider jobs` for batches at providers: asked, collected and stopped from any process."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from outrider.cli import handles as told
from outrider.cli import provider_batches as shown
from outrider.cli.session import Session
from outrider.cli.show import dump, inert, note, out
from outrider.doors.provider_batches import Handle, Handles
from outrider.errors import OutriderError
from outrider.jobs.provider_batch_looks import look, stop
from outrider.jobs.provider_batches import Doors, asked_again
from outrider.rules.bulk import lines
from outrider.rules.money import from_nano

STILL_RUNNING = 6


def _with_doors(session: Session, work: Callable[[Doors], Awaitable[Any]]) -> Any:
    async def worked() -> Any:
        send, close = shown.way_out(session)
        try:
            return await work(shown.doors(session, send, told=note))
        finally:
            await close()

    return asyncio.run(worked())


def collect(session: Session, handle: Handle, *, wait: float, as_json: bool) -> int:
    """Fetches what a provider has done, prints the answers, and returns the exit code."""
    until = time.monotonic() + wait

    async def fetched(doors: Doors) -> Handle:
        found = await look(handle, doors)
        while found.state == "submitted" and time.monotonic() < until:
            left = max((found.next_poll or 0.0) - doors.at(), 1.0)
            await doors.sleep(min(left, max(until - time.monotonic(), 0.0)))
            found = await look(found, doors)
        return found

    found: Handle = _with_doors(session, fetched)
    if as_json:
        dump(told.shape(found, Handles(session.ledger)))
    elif found.state != "ended":
        out(f"job {found.id} is {told.state_in_words(found)}; its answers come with: outrider jobs collect {found.id}")
        if found.message:
            note(found.message)
    elif session.inside_claude:
        # What a model says is for a file that the run writes, not for the reader of this command.
        out(f"job {found.id}: {found.counts.get('answered', 0):,} of {found.documents:,} answered; the command that")
        out("began the run writes the answers, and asks what is left over")
    else:
        _print_answers(session, found)
    if found.state == "ended":
        return 1 if found.counts.get("failed") else 0
    return STILL_RUNNING if found.state == "submitted" or found.is_owned else 1


def _print_answers(session: Session, handle: Handle) -> None:
    """Prints each document that this batch settled as a line, in the order in which they were handed over."""
    back = handle.counts.get("back", 0)
    for row in Handles(session.ledger).results(handle):
        line = lines.line(
            key=row.id, ok=row.state == "done", answer=told.value(handle, row.answer), model=row.model, kind=row.kind,
            cost=from_nano(row.cost_nano),
        )  # fmt: skip
        sys.stdout.write(inert(line) + "\n")
    note(f"job {handle.id}: {handle.counts.get('answered', 0):,} of {handle.documents:,} answered")
    if back:
        note(f"{back:,} were given back: the command that began the run asks them one by one")


def cancel(session: Session, handle: Handle, *, ask_again: bool) -> None:
    """Stops a batch, or lets go of one of which nobody knows."""
    if handle.state == "ended":
        out(f"job {handle.id} is not running")
        return
    if ask_again:
        _let_go(session, handle)
        return
    if handle.state in ("lost", "creating") and not handle.is_owned:
        raise OutriderError(
            f"job {handle.id} may or may not exist at {handle.provider}: {handle.message or 'its start was cut off'}",
            hint=f"`outrider jobs cancel {handle.id} --ask-again` gives its documents back; they may be billed twice",
        )

    async def stopped(doors: Doors) -> Any:
        if handle.state == "submitted":
            failure = await stop(handle, doors)
            if failure is not None:
                return failure
        return await look(handle, doors)

    left = _with_doors(session, stopped)
    if not isinstance(left, Handle):
        raise OutriderError(
            f"job {handle.id} was not stopped: {left.message}",
            hint=f"try again, or see `outrider jobs show {handle.id}`",
        )
    if left.state == "ended":
        out(f"job {handle.id} was stopped; {left.counts.get('back', 0):,} documents were given back")
    else:
        out(f"job {handle.id} was asked to stop; collect what it has done with: outrider jobs collect {handle.id}")


def _let_go(session: Session, handle: Handle) -> None:
    """Gives documents back that may have been answered: they stay booked at the most they can have cost."""
    if handle.state not in ("lost", "creating") or handle.is_owned:
        raise OutriderError(
            f"job {handle.id} is known at {handle.provider}, so its documents are not asked again meanwhile",
            hint=f"stop it: `outrider jobs cancel {handle.id}`",
        )

    async def given_back(doors: Doors) -> int:
        target = doors.target(handle) or shown.bare_target(handle)
        news = doors.handles.settle(handle, asked_again(handle, target, doors), asks_again=True)
        doors.handles.end(handle.id, "given up: its documents were given back, and may have been billed")
        return news

    count = _with_doors(session, given_back)
    out(f"job {handle.id}: {count:,} documents were given back; what they may have cost stays booked, in doubt")
