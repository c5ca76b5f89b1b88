"""Hands documents over to a provider's own batch: in bounded chunks, each on disk before it leaves.

What is billed begins with one call, the last of each chunk. One that is known not to have arrived gives its documents
back at once. One of which nobody knows is never made again: `jobs.provider_batch_looks` asks the provider what it has.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any

from outrider.data import Answer, Attempt, Failure, Fault, HttpCall, Json, Outcome, Reading, Request, Target, Timing
from outrider.doors.ledger import RunRow
from outrider.doors.provider_batches import Given, Handle, Handles, Wanted
from outrider.records import record, replace
from outrider.rows import Provider
from outrider.rules import money
from outrider.rules.disclosure import Disclosure
from outrider.rules.limits import Booking, Limits, Spend
from outrider.rules.provider_batches import MOST_BYTES, MOST_DOCUMENTS, Entry, added, booked
from outrider.wire.batches import Shape, Sheet, Uploaded, not_done, shape_of
from outrider.wire.batches.reading import Small
from outrider.wire.call import encode

TIMING = Timing(connect=10.0, first_byte=300.0, idle=60.0, total=1_800.0, max_bytes=1 << 30)
TRIES = 5
LONGEST_PAUSE = 60.0
PASSING = ("rate_limit", "server", "network", "timeout", "incomplete")
"""Failures of a call that bills nothing after which it is made again."""


@record
class Paper:
    """One document that may be handed over: its place in the run, its key, what is asked, what that discloses."""

    position: int
    item: str
    request: Request
    disclosure: Disclosure


@record
class Terms:
    """For which run documents are handed over, to whom, within which limits, and by when (seconds since 1970).

    `most` go into one batch.
    """

    batch: int
    run: RunRow
    target: Target
    limits: Limits
    documents: int
    due: float
    fall_back_at: float | None
    schema: Mapping[str, Any] | None = None
    most: int = MOST_DOCUMENTS


@record
class Doors:
    """What the loops need of the world.

    `target` and `accept` say for a handle of any process where it is and what judges its answers; `scrub` takes the
    user's keys out of what a server said; `name` makes a new handle's id.
    """

    send: Callable[[HttpCall, Reading], Awaitable[Fault | None]]
    key: Callable[[Provider], str | None]
    at: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    handles: Handles
    target: Callable[[Handle], Target | None]
    accept: Callable[[Handle], Callable[[Answer], Outcome] | None]
    scrub: Callable[[Outcome], Outcome]
    name: Callable[[], str]
    told: Callable[[str], None]


@record
class Handed:
    """What was handed over: the handles, how many documents, and what stopped it, if anything."""

    handles: tuple[str, ...] = ()
    documents: int = 0
    failure: Failure | None = None


async def hand_over(papers: Iterable[Paper], terms: Terms, doors: Doors) -> Handed:
    """Hands documents over, chunk by chunk, until none is left or one chunk is refused."""
    shape = shape_of(terms.target.provider)
    if shape is None:
        return Handed(failure=Failure(kind="bad_request", message="it takes no batches", certainty="not_sent"))
    handles: tuple[str, ...] = ()
    documents = 0
    for chunk in _chunks(papers, terms, shape, doors):
        if isinstance(chunk, Failure):
            return Handed(handles=handles, documents=documents, failure=chunk)
        name, given, lines = chunk
        taken, stopped = doors.handles.intend(_wanted(name, terms), given, _checking(terms, doors))
        if taken:
            sheet = Sheet(
                name=name, target=terms.target, key=doors.key(terms.target.provider), timing=TIMING,
                lines=tuple(lines[number] for number in taken),
            )  # fmt: skip
            failure = await _launch(sheet, shape, doors)
            if failure is not None:
                return Handed(handles=handles, documents=documents, failure=failure)
            handles, documents = (*handles, name), documents + len(taken)
        if stopped is not None:
            return Handed(handles=handles, documents=documents, failure=stopped)
    return Handed(handles=handles, documents=documents)


def _wanted(name: str, terms: Terms) -> Wanted:
    schema = json.dumps(terms.schema) if terms.schema is not None else None
    return Wanted(
        id=name, batch=terms.batch, run=terms.run, target=terms.target, schema=schema, due=terms.due,
        fall_back_at=terms.fall_back_at,
    )  # fmt: skip


def _checking(terms: Terms, doors: Doors) -> Callable[..., Booking | Failure]:
    def check(spend: Spend, entry: Entry) -> Booking | Failure:
        booking = entry.booking
        return booked(
            terms.target, terms.limits, spend, wanted=booking.cap, tokens=booking.input_tokens, at=doors.at()
        )  # fmt: skip

    return check


Chunk = tuple[str, list[Given], list[bytes]]


def _chunks(papers: Iterable[Paper], terms: Terms, shape: Shape, doors: Doors) -> Iterator[Chunk | Failure]:
    """Yields documents in bounded numbers, each with its booking and its line; a budget that is used up ends them."""
    most = min(shape.BOUNDS.documents, terms.most)
    size = min(shape.BOUNDS.size // 2, MOST_BYTES)
    name, held = doors.name(), 0
    given: list[Given] = []
    lines: list[bytes] = []
    left, spend = terms.documents, _spend(terms, doors)
    for paper in papers:
        entry = _entry(paper, terms, spend, at=doors.at(), parts=max(left, 1))
        if isinstance(entry, Failure):
            if given:
                yield name, given, lines
            yield entry
            return
        line = _line(f"{name}-{len(given)}", paper, entry, terms, shape)
        if given and (len(given) >= most or held + len(line) > size):
            yield name, given, lines
            spend = _spend(terms, doors)
            name, given, lines, held = doors.name(), [], [], 0
            line = _line(f"{name}-0", paper, entry, terms, shape)
        given.append(Given(entry=entry, disclosure=paper.disclosure))
        lines.append(line)
        held += len(line)
        left -= 1
        spend = added(spend, entry.booking.worst)
    if given:
        yield name, given, lines


def _spend(terms: Terms, doors: Doors) -> Spend:
    return doors.handles.ledger.spend(terms.run.id, at=doors.at(), repository=terms.run.repository)


def _entry(paper: Paper, terms: Terms, spend: Spend, *, at: float, parts: int) -> Entry | Failure:
    """Returns a document with what it may cost: its part of what is left of the run's budget."""
    request = paper.request
    tokens = money.most_tokens(request.messages, schema=request.schema)
    booking = booked(terms.target, terms.limits, spend, wanted=request.max_output, tokens=tokens, at=at, parts=parts)
    if isinstance(booking, Failure):
        return booking
    likely = money.likely_tokens(request.messages, schema=request.schema)
    return Entry(position=paper.position, item=paper.item, booking=booking, likely=likely)


def _line(custom_id: str, paper: Paper, entry: Entry, terms: Terms, shape: Shape) -> bytes:
    """Returns a document's request as the sync call would have it, but for the stream."""
    request = replace(paper.request, max_output=entry.booking.cap, stream=False)
    call, _ = encode(request, terms.target, key=None, timing=TIMING)
    body = json.loads(call.body)
    body.pop("stream", None)
    return json.dumps(shape.line(custom_id, body), separators=(",", ":")).encode("ascii")


async def _launch(sheet: Sheet, shape: Shape, doors: Doors) -> Failure | None:
    """Brings one chunk there and starts it; returns why it is not there, or may not be."""
    so_far = Uploaded()
    while (call := shape.upload(sheet, so_far)) is not None:
        reply, payload = await tried(call, sheet.target, doors)
        if isinstance(payload, Failure):
            return give_back(sheet.name, payload, sheet.target, doors)
        read = shape.read_upload(reply.headers, payload, so_far, sheet)
        if read is None:
            odd = Failure(kind="bad_response", message="the reply to the upload names no file", certainty="not_sent")
            return give_back(sheet.name, odd, sheet.target, doors)
        so_far = read
    doors.handles.creating(sheet.name, file=so_far.file)
    for number in range(TRIES):
        _, payload = await asked(shape.create(sheet, so_far.file), sheet.target, doors)
        if isinstance(payload, Failure):
            if not _surely_not_there(payload):
                doors.handles.uncertain(sheet.name, payload.message)
                return payload
            if payload.kind != "rate_limit" or number + 1 == TRIES:
                return give_back(sheet.name, payload, sheet.target, doors)
            await doors.sleep(pause(payload, number))
            continue
        state = shape.read_state(payload)
        if state is None:
            doors.handles.uncertain(sheet.name, "the reply does not say that it was taken")
            return Failure(kind="bad_response", message="the reply does not say that the batch was taken")
        doors.handles.created(sheet.name, state)
        return None
    return None


def _surely_not_there(failure: Failure) -> bool:
    """Whether a call that starts a batch did surely not start one: it never left, or was refused in plain words."""
    if failure.status is None:
        return failure.certainty == "not_sent"
    return 400 <= failure.status < 500 and failure.kind not in ("server", "timeout")


def give_back(name: str, failure: Failure, target: Target, doors: Doors) -> Failure:
    """Takes every document of a chunk back, of which surely nothing was billed."""
    handle = doors.handles.find(name)
    if handle is not None:
        lost = not_done(failure.message)
        ended = Attempt(target=target, outcome=lost, certainty="not_sent")
        doors.handles.settle(handle, [(number, ended) for number in doors.handles.entries(handle)])
        doors.handles.end(name, failure.message)
    return failure


def asked_again(handle: Handle, target: Target, doors: Doors) -> list[tuple[int, Attempt]]:
    """Returns what is booked for documents that a person wants back although they may be answered: their worst case."""
    lost = Failure(kind="interrupted", message="given up: nobody knows whether it was answered", certainty="in_doubt")
    return [
        (
            number,
            Attempt(
                target=target, outcome=lost, cost=entry.booking.worst, cost_known=entry.booking.known,
                certainty="in_doubt",
            ),
        )
        for number, entry in doors.handles.entries(handle).items()
    ]  # fmt: skip


async def tried(call: HttpCall, target: Target, doors: Doors) -> tuple[Small, Json | Failure]:
    """Makes a call that bills nothing, again after a passing fault; returns the reply and what it says."""
    number = 0
    while True:
        reply, payload = await asked(call, target, doors)
        number += 1
        if not isinstance(payload, Failure) or payload.kind not in PASSING or number == TRIES:
            return reply, payload
        await doors.sleep(pause(payload, number - 1))


async def asked(call: HttpCall, target: Target, doors: Doors) -> tuple[Small, Json | Failure]:
    """Makes one call and returns the reply and what it says."""
    reply = Small()
    payload = reply.judged(target, await doors.send(call, reply))
    return reply, clean(payload, doors) if isinstance(payload, Failure) else payload


def clean(failure: Failure, doors: Doors) -> Failure:
    """Takes the user's keys out of a failure's words."""
    outcome = doors.scrub(failure)
    return outcome if isinstance(outcome, Failure) else failure


def pause(failure: Failure, number: int) -> float:
    """Returns how long to wait before a call is made again."""
    wanted = failure.retry_after if failure.retry_after is not None else 2.0**number
    return min(max(wanted, 0.0), LONGEST_PAUSE)
