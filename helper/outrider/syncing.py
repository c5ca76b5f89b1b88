"""Fetches public catalogues of models: the third small loop beside the engine's. It asks no model anything.

What comes is bounded in size and time, its address never redirected, its JSON read by the source's own importer. What
fails is a value; nothing is stored here.
"""

from collections.abc import Mapping

from outrider.data import Failure, FailureKind, Fault, HttpCall, Timing
from outrider.doors.transport import Send
from outrider.interop.catalogs.reading import ChangedShape, Source, document
from outrider.records import record
from outrider.rules.facts.merging import merged
from outrider.rules.facts.nouns import Fact
from outrider.rules.redaction import redact

PATIENT = Timing(connect=5.0, first_byte=30.0, idle=10.0, total=60.0, max_bytes=67_108_864)
MOST_PAGES = 40
LONGEST_TAG = 200


@record
class Fetched:
    """What a source says now: its facts, its tag, and how many rows were refused."""

    facts: tuple[Fact, ...]
    etag: str
    refused: int


@record
class Unchanged:
    """It says what it said before."""


Came = Fetched | Unchanged | Failure


class _Body:
    """Keeps what comes, whatever way it is split."""

    def __init__(self) -> None:
        self.status = 0
        self.etag = ""
        self.data = bytearray()

    def open(self, status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        tag = headers.get("etag", "")
        self.etag = tag if len(tag) <= LONGEST_TAG and tag.isprintable() else ""

    def feed(self, chunk: bytes) -> str:
        self.data += chunk
        return ""

    def finish(self, fault: Fault | None) -> Failure:
        return Failure(kind="bad_response", message="not an answer")


async def fetch(
    source: Source, *, url: str, key: str | None, etag: str, send: Send, timing: Timing = PATIENT
) -> Came:  # fmt: skip
    """Fetches one source, all its pages; `etag` is that of what is already here."""
    facts: list[tuple[Fact, ...]] = []
    refused, first_tag, more = 0, "", ""
    for _ in range(MOST_PAGES):
        body = _Body()
        # Pages have a tag each, so only a source that fits one answer can say that nothing changed.
        fault = await send(_call(source, _paged(url, more), key=key, etag="" if more else etag, timing=timing), body)
        if fault is not None:
            return _redacted(fault.kind, fault.message, key)
        if body.status == 304 and etag and not more:
            return Unchanged()
        if body.status != 200:
            return _redacted("server" if body.status >= 500 else "bad_response", _status(body.status, source), key)
        try:
            found = source.read(document(bytes(body.data)))
        except ChangedShape as wrong:
            return _redacted("bad_response", str(wrong), key)
        facts.append(found.facts)
        refused += found.refused
        first_tag = first_tag or body.etag
        more = found.more
        if not more:
            tag = first_tag if len(facts) == 1 else ""
            return Fetched(facts=merged(facts).facts if len(facts) > 1 else facts[0], etag=tag, refused=refused)
    return _redacted("too_large", f"it has more than {MOST_PAGES} pages", key)


def _call(source: Source, url: str, *, key: str | None, etag: str, timing: Timing) -> HttpCall:
    headers = [("accept", "application/json"), ("accept-encoding", "identity"), ("user-agent", "outrider")]
    if source.key and key:
        headers.append(("x-api-key", key))
    if etag:
        headers.append(("if-none-match", etag))
    return HttpCall(method="GET", url=url, headers=tuple(headers), body=b"", timing=timing)


def _paged(url: str, more: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{more}" if more else url


def _status(status: int, source: Source) -> str:
    if status in {401, 403} and source.key:
        return f"it refused {source.key} (status {status})"
    if 300 <= status < 400:
        return f"it answered with a redirect (status {status}), which is never followed"
    return f"it answered with status {status}"


def _redacted(kind: FailureKind, message: str, key: str | None) -> Failure:
    return Failure(kind=kind, message=redact(message, (key,) if key else ()), certainty="not_sent")
