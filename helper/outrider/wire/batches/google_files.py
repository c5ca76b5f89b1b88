"""Google's batch interface at its openai-compatible address: the same lines and states, files the vendor's own way.

https://ai.google.dev/gemini-api/docs/openai (section on batches, read in a stored copy of 2026-11-21): the file is in
the openai shape, batches are created and asked below `/openai`, and "compatibility for upload and download is
currently not supported": a file goes up in two steps below `/upload/v1beta/files` (the first names the place of the
second in `x-goog-upload-url`) and comes down from `/download/v1beta/FILE:download`, with the key in `x-goog-api-key`
(https://ai.google.dev/gemini-api/docs/files, /batch-api). 2 GB a file, half the price, aimed at 24 h, expired after
48 h without results. Whether `metadata` is kept is not said, so a batch is found again by its input file.
"""

from collections.abc import Mapping

from outrider.data import HttpCall, Json
from outrider.records import replace
from outrider.wire.batches import Bounds, Sheet, State, Uploaded
from outrider.wire.batches.calls import call, jsonl
from outrider.wire.batches.openai_files import OpenaiFiles
from outrider.wire.batches.reading import is_name
from outrider.wire.call import origin

PLACE = "x-goog-upload-url"
JSONL = "application/jsonl"


class GoogleFiles(OpenaiFiles):
    """The shape of the openai dialect, but for its files."""

    BOUNDS = Bounds(documents=50_000, size=2_000_000_000, window=172_800.0)

    def upload(self, sheet: Sheet, so_far: Uploaded) -> HttpCall | None:
        """Returns the call that announces the file, then the one that sends it."""
        if so_far.file:
            return None
        data = jsonl(sheet)
        if so_far.place:
            headers = {"x-goog-upload-offset": "0", "x-goog-upload-command": "upload, finalize", "content-type": JSONL}
            return _own(sheet, call(sheet, "POST", so_far.place, body=data, headers=headers, long=True))
        headers = {
            "content-type": "application/json", "x-goog-upload-protocol": "resumable",
            "x-goog-upload-command": "start", "x-goog-upload-header-content-length": str(len(data)),
            "x-goog-upload-header-content-type": JSONL,
        }  # fmt: skip
        body = f'{{"file":{{"display_name":"{sheet.name}"}}}}'.encode("ascii")
        return _own(sheet, call(sheet, "POST", _beside(sheet, "upload", "files"), body=body, headers=headers))

    def read_upload(self, headers: Mapping[str, str], payload: Json, so_far: Uploaded, sheet: Sheet) -> Uploaded | None:
        """Reads the place of the second step, which is nowhere but at the provider's own origin; then the file."""
        if not so_far.place:
            place = headers.get(PLACE, "")
            is_home = origin(place) == origin(sheet.provider.base_url) and place.isascii() and place.isprintable()
            return Uploaded(place=place) if is_home else None
        file = payload.get("file") if isinstance(payload, Mapping) else None
        found = file.get("name") if isinstance(file, Mapping) else None
        return Uploaded(file=found) if isinstance(found, str) and is_name(found) else None

    def results(self, sheet: Sheet, state: State, file: str) -> HttpCall:
        """Returns the call that fetches a file."""
        path = f"{_beside(sheet, 'download', file)}:download?alt=media"
        return _own(sheet, call(sheet, "GET", path, headers={"accept": "*/*"}, long=True))


def _beside(sheet: Sheet, way: str, path: str) -> str:
    """Returns an address of the vendor's own interface, which stands beside the compatible one."""
    base = sheet.provider.base_url.rstrip("/").removesuffix("/openai")
    root = origin(base)
    return f"{root}/{way}{base[len(root) :]}/{path}"


def _own(sheet: Sheet, made: HttpCall) -> HttpCall:
    """Returns a call with the key where the vendor's own interface wants it."""
    headers = tuple(pair for pair in made.headers if pair[0] != "authorization")
    return replace(made, headers=(*headers, ("x-goog-api-key", sheet.key)) if sheet.key else headers)


SHAPE = GoogleFiles()
