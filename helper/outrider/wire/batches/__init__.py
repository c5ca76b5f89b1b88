"""Providers' own batch interfaces: many requests handed over at once, answered within a day at about half the price.

One file a shape; a registry row says which shape an endpoint speaks (`batches: {shape: …}`). A shape turns what is to
be done into `HttpCall`s and reads states; the requests inside and their answers are those of the sync dialects, built
and read by the same codecs. Nothing here knows a clock, a file, or what a document is called by its owner: what is
sent is `custom_id`s that we make up.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Literal, Protocol

from outrider.data import Failure, HttpCall, Json, Outcome, Target, Timing
from outrider.records import record
from outrider.rows import Provider

SHAPES: Mapping[str, str] = {
    "openai": "openai_files", "anthropic": "anthropic_requests", "google": "google_files", "jobs": "job_files",
}  # fmt: skip
"""The shapes by the names that registry rows call them."""

Phase = Literal["working", "ended"]
"""Whether more may come. A state that nobody has documented is `working`: what may still run is never asked again."""


@record
class Bounds:
    """How much one batch may hold and for how long it may take; `cancel` is how long a cancellation may take.

    Times are in seconds. `documents` and `size` (bytes) are what the documents allow; we hand over less at a time.
    """

    documents: int
    size: int
    window: float
    cancel: float = 600.0


@record
class Sheet:
    """One batch on its way: by which name we know it, for whom, and its requests, one JSON object a line."""

    name: str
    target: Target
    key: str | None
    timing: Timing
    lines: tuple[bytes, ...] = ()

    @property
    def provider(self) -> Provider:
        """Where it goes."""
        return self.target.provider


@record
class Uploaded:
    """How far the requests have got: a file's id at the provider, or the address that takes the next step."""

    file: str = ""
    place: str = ""


@record
class State:
    """What a provider says of a batch. `files` are where its results are; `input` is the file that it was made from.

    `ended` says how: completed, failed, expired, cancelled. Counts are None where it does not tell.
    """

    id: str
    phase: Phase
    ended: str = ""
    files: tuple[str, ...] = ()
    total: int | None = None
    done: int | None = None
    failed: int | None = None
    created: float | None = None
    expires: float | None = None
    input: str = ""
    name: str = ""
    message: str = ""


@record
class Listed:
    """A page of a provider's batches, and what asks for the next one (empty at the end)."""

    states: tuple[State, ...]
    after: str = ""


@record
class Result:
    """What one line of a results file says: of which request, and what became of it."""

    custom_id: str
    outcome: Outcome


class Shape(Protocol):
    """What every file of this room gives."""

    BOUNDS: Bounds

    def line(self, custom_id: str, body: Mapping[str, Json]) -> dict[str, Json]:
        """Returns one request as a line or an entry."""

    def upload(self, sheet: Sheet, so_far: Uploaded) -> HttpCall | None:
        """Returns the next call that brings the requests there; None when all is there, or goes with `create`."""

    def read_upload(self, headers: Mapping[str, str], payload: Json, so_far: Uploaded, sheet: Sheet) -> Uploaded | None:
        """Reads a successful reply to an upload; None where it is none."""

    def create(self, sheet: Sheet, file: str) -> HttpCall:
        """Returns the call that starts a batch."""

    def status(self, sheet: Sheet, batch: str) -> HttpCall:
        """Returns the call that asks how a batch is."""

    def cancel(self, sheet: Sheet, batch: str) -> HttpCall:
        """Returns the call that stops a batch; what is done stays done, and is billed."""

    def listing(self, sheet: Sheet, *, page: int, after: str) -> HttpCall:
        """Returns the call for a page of all batches, the newest first: by its number from 0, or behind `after`."""

    def results(self, sheet: Sheet, state: State, file: str) -> HttpCall:
        """Returns the call that fetches one of the results files."""

    def read_state(self, payload: Json) -> State | None:
        """Reads what a provider says of a batch; None where it is nothing of the kind."""

    def read_listing(self, payload: Json) -> Listed | None:
        """Reads a page of batches."""

    def read_line(self, line: Mapping[str, Json], target: Target, *, schema_wanted: bool) -> Result | None:
        """Reads one line of a results file; None where it is nothing of the kind."""


def shape_of(provider: Provider) -> Shape | None:
    """Returns how an endpoint takes batches, or None where its row says nothing of it."""
    row = provider.row.get("batches") or {}
    module = SHAPES.get(str(row.get("shape")))
    if module is None:
        return None
    found: Shape = import_module(f"{__name__}.{module}").SHAPE
    return found


def not_done(why: str) -> Failure:
    """Returns what became of a request that the provider never worked on, and never bills."""
    return Failure(kind="interrupted", message=why, certainty="not_sent")
