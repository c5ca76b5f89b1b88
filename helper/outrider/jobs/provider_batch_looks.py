"""Looks after batches at a provider: how they are, what came of them, and to take back what they did not do.

Any process may look, and two may look at once: what comes back settles a document once. A document goes back to be
asked one by one only when the provider has said that it did not answer it, or surely never had it.
"""

from collections.abc import Callable, Mapping

from outrider.data import Answer, Attempt, Failure, Json, Target
from outrider.doors.provider_batches import GUESSED, Handle
from outrider.jobs.provider_batches import TIMING, Doors, asked, clean, give_back, tried
from outrider.records import replace
from outrider.rules import deadlines
from outrider.rules.provider_batches import Entry, ended
from outrider.wire.batches import Shape, Sheet, State, not_done, shape_of
from outrider.wire.batches.reading import Lines

GROUP = 200
"""So many results are booked in one transaction."""
MOST_PAGES = 50
LATE = 600.0
"""For how many seconds results may come later than the end of their batch."""
MAY_BE_ANOTHERS = "it was found by its size and its hour alone, and may be another's: it is not stopped"
LAPSE = 3_600.0
"""How far apart our clock and a provider's may be when its list is searched, in seconds."""
NEAR = 600.0
"""How near to its leaving a batch without any name of ours must have come to be, to be taken for ours."""


async def look(handle: Handle, doors: Doors) -> Handle:
    """Does what is to be done next for a handle, and returns how it is then."""
    if handle.state != "ended" and not (handle.is_owned and handle.state in ("intended", "creating")):
        target = doors.target(handle)
        shape = shape_of(target.provider) if target is not None else None
        if target is None or shape is None:
            message = f"{handle.provider} with the key that it was given to is not set up here"
            doors.handles.polled(handle.id, next_poll=doors.at() + deadlines.LATEST_POLL, message=message)
        elif handle.state == "intended":
            never = not_done("its process ended before it was handed over")
            give_back(handle.id, never, target, doors)
        elif handle.state == "creating":
            await _find(handle, _sheet(handle, target, doors), shape, doors)
        else:
            await _ask(handle, _sheet(handle, target, doors), shape, doors)
    return doors.handles.find(handle.id) or handle


def _sheet(handle: Handle, target: Target, doors: Doors) -> Sheet:
    return Sheet(name=handle.id, target=target, key=doors.key(target.provider), timing=TIMING)


async def _ask(handle: Handle, sheet: Sheet, shape: Shape, doors: Doors) -> None:
    """Asks how a batch is, stops it when time is short, and collects it when it has ended."""
    _, payload = await asked(shape.status(sheet, handle.remote), sheet.target, doors)
    if isinstance(payload, Failure):
        if payload.kind == "not_found" and not _may_come(handle, doors):
            _lose(handle, doors, f"the provider does not know it: {payload.message}")
        else:
            _later(handle, doors, message=payload.message, asked_for=payload.retry_after)
        return
    state = shape.read_state(payload)
    if state is None or state.id != handle.remote:
        _later(handle, doors, message="the reply does not say how the batch is")
        return
    if handle.state == "lost":
        doors.handles.found(handle.id)
    if state.phase == "ended":
        await _collect(handle, state, sheet, shape, doors)
    elif deadlines.is_short(now=doors.at(), fall_back_at=handle.fall_back_at) and handle.stopped is None:
        await stop(handle, doors)
    else:
        _later(handle, doors, message=_progress(state))


def _later(handle: Handle, doors: Doors, *, message: str, asked_for: float | None = None) -> None:
    now = doors.at()
    fall_back_at = handle.fall_back_at if handle.stopped is None else None
    since = handle.stopped or handle.created_at or handle.at
    at = deadlines.next_poll(now=now, since=since, fall_back_at=fall_back_at, asked=asked_for)
    doors.handles.polled(handle.id, next_poll=at, message=message)


def _lose(handle: Handle, doors: Doors, message: str) -> None:
    doors.handles.lost(handle.id, message, next_poll=doors.at() + deadlines.LATEST_POLL)


def _progress(state: State) -> str:
    return f"{state.done:,} of {state.total:,} done" if state.done is not None and state.total else ""


async def stop(handle: Handle, doors: Doors) -> Failure | None:
    """Asks the provider to stop a batch; what it has done by then is still collected."""
    target = doors.target(handle)
    shape = shape_of(target.provider) if target is not None else None
    if handle.input == GUESSED:
        # Its answers will say whose it is; stopped, it would be lost to whoever made it.
        _later(handle, doors, message=MAY_BE_ANOTHERS)
        return Failure(kind="not_found", message=MAY_BE_ANOTHERS, certainty="not_sent")
    if target is None or shape is None or not handle.remote:
        return Failure(kind="not_found", message="it cannot be reached", certainty="not_sent")
    _, payload = await tried(shape.cancel(_sheet(handle, target, doors), handle.remote), target, doors)
    if isinstance(payload, Failure) and payload.status not in (400, 409):
        # One that has just ended cannot be stopped any more, which is as good.
        _later(handle, doors, message=payload.message, asked_for=payload.retry_after)
        return payload
    doors.handles.stopping(handle.id)
    return None


class _Reader:
    """Takes the lines of results files, and books them in groups as they come."""

    def __init__(self, handle: Handle, sheet: Sheet, shape: Shape, doors: Doors, entries: dict[int, Entry]) -> None:
        self._handle, self._sheet, self._shape, self._doors = handle, sheet, shape, doors
        self._entries = entries
        self._accept = doors.accept(handle)
        self._waiting: list[tuple[int, Attempt]] = []
        self._schema_wanted = handle.schema is not None
        self.answered: set[int] = set()
        self.strange = 0

    def take(self, line: Mapping[str, Json]) -> None:
        """Reads one line. What was booked already, or is of no request of ours, changes nothing."""
        target = self._sheet.target
        result = self._shape.read_line(line, target, schema_wanted=self._schema_wanted)
        number = _number(result.custom_id, self._handle) if result is not None else None
        if result is None or number is None:
            self.strange += 1
            return
        outcome = result.outcome
        if isinstance(outcome, Answer):
            self.answered.add(number)
            if self._accept is not None:
                outcome = self._accept(outcome)
        entry = self._entries.pop(number, None)
        if entry is None:
            return
        attempt = ended(target, self._doors.scrub(outcome), entry=entry, at=self._doors.at())
        self._waiting.append((number, attempt))
        if len(self._waiting) >= GROUP:
            self.flush()

    def flush(self) -> None:
        """Books what waits."""
        self._doors.handles.settle(self._handle, self._waiting)
        self._waiting = []


def _number(custom_id: str, handle: Handle) -> int | None:
    """Returns which of a handle's documents a line is of; None for one that was never sent."""
    name, _, number = custom_id.rpartition("-")
    is_ours = name == handle.id and number.isascii() and number.isdigit() and len(number) < 9
    return int(number) if is_ours else None


async def _collect(handle: Handle, state: State, sheet: Sheet, shape: Shape, doors: Doors) -> None:
    """Books what a batch that has ended came to, and takes back what it did not do."""
    entries = doors.handles.entries(handle)
    reader = _Reader(handle, sheet, shape, doors, entries)
    failure, spoilt = None, 0
    for file in state.files:
        lines = Lines(reader.take)
        fault = await doors.send(shape.results(sheet, state, file), lines)
        failed = lines.judged(sheet.target, fault)
        failure = failure or failed
        spoilt += lines.spoilt
    reader.flush()
    if failure is not None and failure.kind != "not_found":
        _later(handle, doors, message=f"its results: {clean(failure, doors).message}")
        return
    if entries and failure is None and not spoilt and _is_whole(state, len(reader.answered)):
        why = not_done({"expired": "the batch expired", "cancelled": "the batch was cancelled"}.get(
            state.ended, state.message or "the batch did not do it"
        ))  # fmt: skip
        back = Attempt(target=sheet.target, outcome=doors.scrub(why), certainty="not_sent")
        doors.handles.settle(handle, [(number, back) for number in entries])
    told = f"{reader.strange:,} lines of its results were of no request of ours" if reader.strange else ""
    if not doors.handles.end(handle.id, told):
        what = clean(failure, doors).message if failure is not None else "some of its answers are missing"
        message = f"it has ended, but its results are not all there: {what}"
        if handle.stopped is None:
            doors.handles.stopping(handle.id)
        if doors.at() < (handle.stopped or doors.at()) + LATE:
            _later(replace(handle, stopped=handle.stopped or doors.at()), doors, message=message)
        else:
            _lose(handle, doors, message)


def _is_whole(state: State, answered: int) -> bool:
    """Whether everything that a batch answered is here: the rest was not done, then, and is not billed."""
    return state.ended != "completed" if state.done is None else answered >= state.done


async def _find(handle: Handle, sheet: Sheet, shape: Shape, doors: Doors) -> None:
    """Finds out whether the provider took a batch whose start was cut off, by looking through what it has."""
    left = handle.created_at or handle.at
    states = await _all(sheet, shape, doors, until=left - LAPSE)
    if isinstance(states, Failure):
        _later(handle, doors, message=f"it may have been taken: {states.message}", asked_for=states.retry_after)
        return
    taken = doors.handles.remotes(handle.provider)
    found = [state for state in states if state.id not in taken and _is_ours(state, handle)]
    if len(found) == 1:
        is_named = bool(found[0].name or found[0].input)
        (doors.handles.created if is_named else doors.handles.guessed)(handle.id, found[0])
        await _ask(doors.handles.find(handle.id) or handle, sheet, shape, doors)
    elif found:
        _later(handle, doors, message=f"it may be one of {len(found)} batches there: " + ", ".join(
            state.id for state in found[:5]
        ))  # fmt: skip
    elif deadlines.may_be_listed_later(now=doors.at(), left=left):
        _later(handle, doors, message="it is not in the provider's list yet")
    else:
        give_back(handle.id, not_done("the provider never had it"), sheet.target, doors)


def _is_ours(state: State, handle: Handle) -> bool:
    """Whether a batch is this one: by our name or our file, else by its size and its hour."""
    if state.name or (state.input and handle.input):
        return state.name == handle.id or bool(handle.input and state.input == handle.input)
    left = handle.created_at or handle.at
    return state.total == handle.documents and state.created is not None and abs(state.created - left) < NEAR


async def _all(sheet: Sheet, shape: Shape, doors: Doors, *, until: float) -> tuple[State, ...] | Failure:
    """Returns what a provider has, back to a moment."""
    found: tuple[State, ...] = ()
    after = ""
    for page in range(MOST_PAGES):
        _, payload = await tried(shape.listing(sheet, page=page, after=after), sheet.target, doors)
        if isinstance(payload, Failure):
            return payload
        listed = shape.read_listing(payload)
        if listed is None:
            return Failure(kind="bad_response", message="the reply is no list of batches")
        found = (*found, *listed.states)
        after = listed.after
        if not after or any(state.created is not None and state.created < until for state in listed.states):
            return found
    return Failure(kind="too_large", message="its list of batches has no end")


async def wait(
    doors: Doors, *, batch: int, heard: Callable[[Handle], None], is_stopped: Callable[[], bool]
) -> tuple[Handle, ...]:
    """Looks after every handle of a run until none can be waited for any more; returns those that still hold documents.

    One that is lost, or of which nobody knows whether it exists, is not waited for, and neither is one beyond its due.
    """
    while True:
        handles = doors.handles.listed(batch=batch, is_open=True)
        for handle in handles:
            if handle.next_poll is None or handle.next_poll <= doors.at():
                heard(await look(handle, doors))
        handles = doors.handles.listed(batch=batch, is_open=True)
        waiting = [one for one in handles if one.state == "submitted" and doors.at() < one.due]
        waiting += [one for one in handles if one.state == "creating" and _may_come(one, doors)]
        if not waiting or is_stopped():
            return handles
        soonest = min(one.next_poll or doors.at() for one in waiting)
        await doors.sleep(min(max(soonest - doors.at(), 0.05), 5.0))


def _may_come(handle: Handle, doors: Doors) -> bool:
    return deadlines.may_be_listed_later(now=doors.at(), left=handle.created_at or handle.at)
