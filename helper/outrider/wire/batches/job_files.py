"""A batch interface of jobs over files, with the lines of the openai dialect: `/batch/jobs`.

https://docs.mistral.ai/capabilities/batch and /studio-api/batch-processing, and the models of the vendor's client
(`BatchJobIn`, `BatchJobOut`; read 2026-11-21): the model is said once, up to a million requests, `timeout_hours` of 24
unless told otherwise, half the price, `metadata` of texts, states in capitals. The lines of the output file are read
in the openai shape (`custom_id`, `response.status_code`, `response.body`, `error`; recalled).
"""

from collections.abc import Mapping

from outrider.data import HttpCall, Json
from outrider.wire.batches import Bounds, Listed, Sheet, State
from outrider.wire.batches.calls import call, posted
from outrider.wire.batches.openai_files import ENDPOINT, NAME, OpenaiFiles
from outrider.wire.batches.reading import count, is_name, seconds, text

PATH = "/batch/jobs"
HOURS = 24
PAGE = 100
ENDED = {"SUCCESS": "completed", "FAILED": "failed", "TIMEOUT_EXCEEDED": "expired", "CANCELLED": "cancelled"}


class JobFiles(OpenaiFiles):
    """The shape of jobs: files as in the openai dialect, everything else its own."""

    BOUNDS = Bounds(documents=1_000_000, size=512_000_000, window=HOURS * 3_600.0)

    def line(self, custom_id: str, body: Mapping[str, Json]) -> dict[str, Json]:
        """Returns one request; where it goes is said by the job."""
        return {"custom_id": custom_id, "body": body}

    def create(self, sheet: Sheet, file: str) -> HttpCall:
        """Returns the call that starts the job, under our name."""
        body = {
            "input_files": [file], "endpoint": ENDPOINT, "model": sheet.target.wire_id, "timeout_hours": HOURS,
            "metadata": {NAME: sheet.name},
        }  # fmt: skip
        return posted(sheet, PATH, body)

    def status(self, sheet: Sheet, batch: str) -> HttpCall:
        """Returns the call that asks how a job is."""
        return call(sheet, "GET", f"{PATH}/{batch}")

    def cancel(self, sheet: Sheet, batch: str) -> HttpCall:
        """Returns the call that stops a job."""
        return call(sheet, "POST", f"{PATH}/{batch}/cancel")

    def listing(self, sheet: Sheet, *, page: int, after: str) -> HttpCall:
        """Returns the call for a page of jobs."""
        return call(sheet, "GET", f"{PATH}?page={page}&page_size={PAGE}")

    def read_state(self, payload: Json) -> State | None:
        """Reads a job."""
        if not isinstance(payload, Mapping) or not is_name(payload.get("id")) or not text(payload.get("status")):
            return None
        ended = ENDED.get(text(payload.get("status")).upper(), "")
        files = (payload.get("output_file"), payload.get("error_file"))
        inputs, metadata, errors = payload.get("input_files"), payload.get("metadata"), payload.get("errors")
        first = errors[0] if isinstance(errors, list) and errors else None
        return State(
            id=payload["id"], phase="ended" if ended else "working", ended=ended,
            files=tuple(file for file in files if isinstance(file, str) and is_name(file)),
            total=count(payload.get("total_requests")), done=count(payload.get("succeeded_requests")),
            failed=count(payload.get("failed_requests")), created=seconds(payload.get("created_at")),
            input=text(inputs[0]) if isinstance(inputs, list) and inputs else "",
            name=text(metadata.get(NAME)) if isinstance(metadata, Mapping) else "",
            message=text(first.get("message"), 500) if isinstance(first, Mapping) else "",
        )  # fmt: skip

    def read_listing(self, payload: Json) -> Listed | None:
        """Reads a page of jobs. The next is asked for, by its number, while a page is full."""
        rows = payload.get("data") if isinstance(payload, Mapping) else None
        if rows is None and isinstance(payload, Mapping) and payload.get("total") == 0:
            return Listed(states=())
        if not isinstance(rows, list):
            return None
        states = tuple(state for row in rows if (state := self.read_state(row)) is not None)
        return Listed(states=states, after="more" if len(rows) >= PAGE else "")


SHAPE = JobFiles()
