"""The batch interface of the anthropic dialect: the requests go with the call, the results are one stream of lines.

Fields and states: the types of anthropic's SDK (`types/messages/message_batch*.py`, read 2026-11-21) and
https://docs.claude.com/en/api/creating-message-batches: 100,000 requests or 256 MB, `custom_id` of 1 to 64 letters,
digits, `_` and `-`, it expires 24 hours after its creation, results in any order and for 29 days. What was errored,
canceled or expired is not billed (https://docs.claude.com/en/docs/build-with-claude/batch-processing, recalled). A
batch has no name of ours: one whose creation was cut off is known by its time and its number of requests.
"""

from collections.abc import Mapping
from datetime import datetime

from outrider.data import HttpCall, Json, Target
from outrider.providers import quirks
from outrider.records import replace
from outrider.wire.anthropic_messages import HEADERS
from outrider.wire.batches import Bounds, Listed, Result, Sheet, State, Uploaded, not_done
from outrider.wire.batches.calls import call
from outrider.wire.batches.reading import answered, count, is_name, text
from outrider.wire.status import read_error

PATH = "/v1/messages/batches"
PAGE = 100
LEFT = {"canceled": "the batch was cancelled", "expired": "the batch expired"}
COUNTS = ("processing", "succeeded", "errored", "canceled", "expired")


class AnthropicRequests:
    """The shape of who speaks the anthropic dialect."""

    BOUNDS = Bounds(documents=100_000, size=256_000_000, window=86_400.0)

    def line(self, custom_id: str, body: Mapping[str, Json]) -> dict[str, Json]:
        """Returns one request."""
        return {"custom_id": custom_id, "params": body}

    def upload(self, sheet: Sheet, so_far: Uploaded) -> HttpCall | None:
        """Returns nothing: the requests go with `create`."""
        return None

    def read_upload(self, headers: Mapping[str, str], payload: Json, so_far: Uploaded, sheet: Sheet) -> Uploaded | None:
        """Returns nothing, since nothing is uploaded."""
        return None

    def create(self, sheet: Sheet, file: str) -> HttpCall:
        """Returns the call that hands over every request."""
        body = b'{"requests":[' + b",".join(sheet.lines) + b"]}"
        headers = {"content-type": "application/json", **HEADERS}
        return call(sheet, "POST", PATH, body=body, headers=headers, long=True)

    def status(self, sheet: Sheet, batch: str) -> HttpCall:
        """Returns the call that asks how a batch is."""
        return call(sheet, "GET", f"{PATH}/{batch}", headers=HEADERS)

    def cancel(self, sheet: Sheet, batch: str) -> HttpCall:
        """Returns the call that stops a batch."""
        return call(sheet, "POST", f"{PATH}/{batch}/cancel", headers=HEADERS)

    def listing(self, sheet: Sheet, *, page: int, after: str) -> HttpCall:
        """Returns the call for a page of batches."""
        return call(sheet, "GET", f"{PATH}?limit={PAGE}" + (f"&after_id={after}" if after else ""), headers=HEADERS)

    def results(self, sheet: Sheet, state: State, file: str) -> HttpCall:
        """Returns the call that fetches the results: at our own address, whatever `results_url` says."""
        return call(sheet, "GET", f"{PATH}/{file}/results", headers={**HEADERS, "accept": "*/*"}, long=True)

    def read_state(self, payload: Json) -> State | None:
        """Reads a batch object."""
        if not isinstance(payload, Mapping) or not is_name(payload.get("id")):
            return None
        status = text(payload.get("processing_status"))
        if not status:
            return None
        raw = payload.get("request_counts")
        counts = {name: count(raw.get(name)) for name in COUNTS} if isinstance(raw, Mapping) else {}
        known = [number for number in counts.values() if number is not None]
        is_ended = status == "ended"
        # Results that were archived are gone: there is nothing to fetch.
        has_results = is_ended and bool(payload.get("results_url")) and not payload.get("archived_at")
        is_cancelled = bool(payload.get("cancel_initiated_at"))
        return State(
            id=payload["id"], phase="ended" if is_ended else "working",
            ended=("cancelled" if is_cancelled else "completed") if is_ended else "",
            files=(payload["id"],) if has_results else (), total=sum(known) if known else None,
            done=counts.get("succeeded"), failed=counts.get("errored"), created=_moment(payload.get("created_at")),
            expires=_moment(payload.get("expires_at")),
            message="its results were archived" if payload.get("archived_at") else "",
        )  # fmt: skip

    def read_listing(self, payload: Json) -> Listed | None:
        """Reads a page of batches."""
        rows = payload.get("data") if isinstance(payload, Mapping) else None
        if not isinstance(rows, list):
            return None
        states = tuple(state for row in rows if (state := self.read_state(row)) is not None)
        last = payload.get("last_id")
        has_more = payload.get("has_more") is True and isinstance(last, str) and is_name(last)
        return Listed(states=states, after=last if has_more and isinstance(last, str) else "")

    def read_line(self, line: Mapping[str, Json], target: Target, *, schema_wanted: bool) -> Result | None:
        """Reads one line of the results."""
        custom_id, result = line.get("custom_id"), line.get("result")
        if not isinstance(custom_id, str) or not isinstance(result, Mapping):
            return None
        kind = text(result.get("type"))
        if kind in LEFT:
            return Result(custom_id=custom_id, outcome=not_done(LEFT[kind]))
        if kind == "succeeded" and isinstance(result.get("message"), Mapping):
            outcome = answered(200, result["message"], target, schema_wanted=schema_wanted)
            return Result(custom_id=custom_id, outcome=outcome)
        if kind == "errored" and isinstance(result.get("error"), Mapping):
            error = result["error"]
            failure = read_error(error, quirks=quirks(target.provider.quirks), otherwise="server")
            return Result(custom_id=custom_id, outcome=replace(failure, certainty="exact"))
        return None


def _moment(value: Json) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.timestamp() if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


SHAPE = AnthropicRequests()
