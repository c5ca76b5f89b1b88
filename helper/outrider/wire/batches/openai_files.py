"""The batch interface of the openai dialect: a file of requests, a batch over it, a file of answers and one of errors.

Limits, states and fields: https://developers.openai.com/api/reference/resources/batches and the types of the openai
SDK 3.54.0 (read 2026-11-21): 50,000 requests and 200 MB a file, window 24 h, `metadata` of 16 texts, a list with
`after`. A cancelled batch may be `cancelling` for ten minutes, what was done by then is in the output file; one that
expires keeps what was done, the rest is in the error file as `batch_expired`, and only what was done is billed (help
page 9197833, read 2026-11-21). The order of lines is not promised: `custom_id` tells them apart (batch guide).
"""

from collections.abc import Mapping

from outrider.data import HttpCall, Json, Target
from outrider.providers import quirks
from outrider.records import replace
from outrider.wire.batches import Bounds, Listed, Result, Sheet, State, Uploaded, not_done
from outrider.wire.batches.calls import call, form, posted
from outrider.wire.batches.reading import answered, count, is_name, seconds, text
from outrider.wire.status import read_error

ENDPOINT = "/v1/chat/completions"
NAME = "outrider"
"""Under which key of `metadata` our own name of the batch stands."""
ENDED = {"completed": "completed", "failed": "failed", "expired": "expired", "cancelled": "cancelled"}
NOT_DONE = frozenset({"batch_expired", "batch_cancelled", "batch_canceled"})
PAGE = 100


class OpenaiFiles:
    """The shape of who speaks the openai dialect."""

    BOUNDS = Bounds(documents=50_000, size=200_000_000, window=86_400.0)

    def line(self, custom_id: str, body: Mapping[str, Json]) -> dict[str, Json]:
        """Returns one request: where it would go, and what would go there."""
        return {"custom_id": custom_id, "method": "POST", "url": ENDPOINT, "body": body}

    def upload(self, sheet: Sheet, so_far: Uploaded) -> HttpCall | None:
        """Returns the call that uploads the file; there is one."""
        return None if so_far.file else form(sheet, "/files")

    def read_upload(self, headers: Mapping[str, str], payload: Json, so_far: Uploaded, sheet: Sheet) -> Uploaded | None:
        """Reads the file's id."""
        found = payload.get("id") if isinstance(payload, Mapping) else None
        return Uploaded(file=found) if is_name(found) and isinstance(found, str) else None

    def create(self, sheet: Sheet, file: str) -> HttpCall:
        """Returns the call that starts the batch, under our name."""
        body = {
            "input_file_id": file, "endpoint": ENDPOINT, "completion_window": "24h", "metadata": {NAME: sheet.name},
        }  # fmt: skip
        return posted(sheet, "/batches", body)

    def status(self, sheet: Sheet, batch: str) -> HttpCall:
        """Returns the call that asks how a batch is."""
        return call(sheet, "GET", f"/batches/{batch}")

    def cancel(self, sheet: Sheet, batch: str) -> HttpCall:
        """Returns the call that stops a batch."""
        return call(sheet, "POST", f"/batches/{batch}/cancel")

    def listing(self, sheet: Sheet, *, page: int, after: str) -> HttpCall:
        """Returns the call for a page of batches."""
        return call(sheet, "GET", f"/batches?limit={PAGE}" + (f"&after={after}" if after else ""))

    def results(self, sheet: Sheet, state: State, file: str) -> HttpCall:
        """Returns the call that fetches a file."""
        return call(sheet, "GET", f"/files/{file}/content", headers={"accept": "*/*"}, long=True)

    def read_state(self, payload: Json) -> State | None:
        """Reads a batch object."""
        if not isinstance(payload, Mapping) or not is_name(payload.get("id")) or not text(payload.get("status")):
            return None
        ended = ENDED.get(text(payload.get("status")).lower(), "")
        counts = payload.get("request_counts")
        counts = counts if isinstance(counts, Mapping) else {}
        metadata = payload.get("metadata")
        files = (payload.get("output_file_id"), payload.get("error_file_id"))
        return State(
            id=payload["id"], phase="ended" if ended else "working", ended=ended,
            files=tuple(file for file in files if isinstance(file, str) and is_name(file)),
            total=count(counts.get("total")), done=count(counts.get("completed")), failed=count(counts.get("failed")),
            created=seconds(payload.get("created_at")), expires=seconds(payload.get("expires_at")),
            input=text(payload.get("input_file_id")),
            name=text(metadata.get(NAME)) if isinstance(metadata, Mapping) else "", message=_message(payload),
        )  # fmt: skip

    def read_listing(self, payload: Json) -> Listed | None:
        """Reads a page of batches."""
        rows = payload.get("data") if isinstance(payload, Mapping) else None
        if not isinstance(rows, list):
            return None
        states = tuple(state for row in rows if (state := self.read_state(row)) is not None)
        has_more = payload.get("has_more") is True and bool(states)
        return Listed(states=states, after=states[-1].id if has_more else "")

    def read_line(self, line: Mapping[str, Json], target: Target, *, schema_wanted: bool) -> Result | None:
        """Reads one line of the output or the error file."""
        custom_id = line.get("custom_id")
        if not isinstance(custom_id, str):
            return None
        response, error = line.get("response"), line.get("error")
        if isinstance(response, Mapping) and isinstance(response.get("body"), Mapping | list):
            outcome = answered(
                response.get("status_code"), response["body"], target, schema_wanted=schema_wanted,
                request=response.get("request_id"),
            )  # fmt: skip
            return Result(custom_id=custom_id, outcome=outcome)
        if not isinstance(error, Mapping):
            return None
        code = text(error.get("code")).lower()
        if code in NOT_DONE:
            return Result(custom_id=custom_id, outcome=not_done(code.replace("_", " ")))
        failure = read_error({"error": error}, quirks=quirks(target.provider.quirks), otherwise="server")
        return Result(custom_id=custom_id, outcome=replace(failure, certainty="exact"))


def _message(payload: Mapping[str, Json]) -> str:
    errors = payload.get("errors")
    rows = errors.get("data") if isinstance(errors, Mapping) else None
    first = rows[0] if isinstance(rows, list) and rows else None
    return text(first.get("message"), 500) if isinstance(first, Mapping) else ""


SHAPE = OpenaiFiles()
