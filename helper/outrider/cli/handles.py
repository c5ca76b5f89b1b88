"""Batches at providers as the book knows them: found, listed, told of. Nothing here asks a provider anything."""

import json
import time
from typing import Any

from outrider.cli.batch_telling import span
from outrider.cli.session import Session
from outrider.cli.show import dollars, dump, note, out
from outrider.data import Json
from outrider.doors.provider_batches import Handle, Handles
from outrider.errors import StorageFault


def find(session: Session, name: str) -> Handle | None:
    """Returns a batch at a provider by its id; None where none is called so."""
    return Handles(session.ledger).find(name)


def every(session: Session) -> tuple[Handle, ...]:
    """Returns every batch at a provider, the newest first; a book that cannot be read hides no other job."""
    try:
        return Handles(session.ledger).listed()
    except StorageFault as fault:
        note(f"batches at providers are not listed: {fault.message}")
        return ()


def shapes(session: Session, batches: tuple[Handle, ...]) -> list[dict[str, object]]:
    """Returns batches as scripts read them."""
    handles = Handles(session.ledger)
    return [shape(handle, handles) for handle in batches]


def show(session: Session, handle: Handle, *, as_json: bool) -> None:
    """Says how a batch is, as the book knows it."""
    handles = Handles(session.ledger)
    if as_json:
        dump(shape(handle, handles))
        return
    told = shape(handle, handles)
    out(f"job {handle.id}: {state_in_words(handle)}, started {_clock(handle.at)}")
    remote = f" as {handle.remote}" if handle.remote else ""
    out(f"{handle.documents:,} documents for {handle.model}, at {handle.provider}{remote}; run {handle.run}")
    back = f", {told['given_back']:,} given back" if told["given_back"] else ""
    out(
        f"{told['answered']:,} answered, {told['failed']:,} failed{back}, {told['open']:,} open; "
        f"booked: {dollars(handles.cost(handle.id))}"
    )  # fmt: skip
    if handle.state != "ended":
        last = f", last asked {span(time.time() - handle.polled)} ago" if handle.polled is not None else ""
        out(f"wanted by {_clock(handle.due)}{last}")
    if handle.message:
        out(handle.message)
    if handle.state in ("lost", "creating") and not handle.is_owned:
        out(f"nobody asks its documents again until you say so: `outrider jobs cancel {handle.id} --ask-again`")


def _clock(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def value(handle: Handle, text: str | None) -> Json:
    """Returns an answer as it is printed: with a schema its value, not its text."""
    if text is None or handle.schema is None:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def state_in_words(handle: Handle) -> str:
    """Returns how a batch is, in a word or two."""
    held = handle.counts.get("open", 0)
    if handle.state == "ended":
        answered = handle.counts.get("answered", 0)
        return "done" if answered == handle.documents else f"ended, {answered:,} answered"
    if handle.state == "lost":
        return "in doubt"
    if handle.state == "creating" and not handle.is_owned:
        return "in doubt"
    if handle.state in ("intended", "creating"):
        return "being handed over" if handle.is_owned else "interrupted"
    return f"ending, {held:,} open" if handle.stopped is not None else f"at {handle.provider}, {held:,} open"


def shape(handle: Handle, handles: Handles) -> dict[str, Any]:
    """Returns a handle as scripts read it."""
    return {
        "id": handle.id, "kind": "batch", "state": handle.state, "provider": handle.provider, "model": handle.model,
        "remote": handle.remote or None, "run": handle.run, "started": handle.at, "due": handle.due,
        "documents": handle.documents, "open": handle.counts.get("open", 0),
        "answered": handle.counts.get("answered", 0), "failed": handle.counts.get("failed", 0),
        "given_back": handle.counts.get("back", 0), "cost_usd": float(handles.cost(handle.id)),
        "message": handle.message or None,
    }  # fmt: skip


def told_of(handle: Handle, *, now: float) -> str:
    """Returns what is said of a handle while it is waited for."""
    since = span(max(now - (handle.created_at or handle.at), 0.0))
    why = f": {handle.message}" if handle.message else ""
    return f"batch {handle.id} of {handle.documents:,}: {state_in_words(handle)}, for {since}{why}"
