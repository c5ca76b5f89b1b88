"""Bodies and lines of batch interfaces: whole small ones, results files line by line, the answers inside them.

A results file is of any size and may hold anything: bytes that are no text, lines without an end, lines that are no
JSON. A line is never kept longer than it is read, one that is too long is dropped while it arrives, and what cannot
be read is counted.
"""

import json
from collections.abc import Callable, Mapping

from outrider.data import Failure, Fault, Json, Outcome, Target
from outrider.providers import quirks
from outrider.wire.call import reading
from outrider.wire.status import read_refusal
from outrider.wire.text import one_line
from outrider.wire.weight import is_too_heavy

LONGEST_LINE = 1 << 25
"""The longest line that is read, in bytes; the largest answer that a sync call may have."""
LIGHT = 1 << 22
MOST_SMALL = 1 << 23
"""The largest status or list that is read, in bytes."""


class Small:
    """Collects the reply to a call that is not about answers: its status, headers and bytes."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self._data = bytearray()

    def open(self, status: int, headers: Mapping[str, str]) -> None:
        """Takes the status and the headers."""
        self.status, self.headers = status, headers

    def feed(self, chunk: bytes) -> str:
        """Takes bytes, as many as an object of this kind can have; of more it is none."""
        if len(self._data) <= MOST_SMALL:
            self._data += chunk
        return ""

    def finish(self, fault: Fault | None) -> Failure:
        """Fills the contract; `judged` is what is asked."""
        return Failure(kind="bad_response", message="not an answer")

    def judged(self, target: Target, fault: Fault | None) -> Json | Failure:
        """Returns the JSON that came with success, or the failure that came instead."""
        if fault is not None:
            return Failure(kind=fault.kind, message=fault.message, certainty=fault.certainty)
        payload = load(bytes(self._data))
        if not 200 <= self.status < 300:
            own = quirks(target.provider.quirks or target.provider.name)
            return read_refusal(self.status, self.headers, payload, quirks=own, request_id=request_id(self.headers))
        return payload


class Lines:
    """Reads a results file as it arrives, and hands every line that is a JSON object to `take`."""

    def __init__(self, take: Callable[[Mapping[str, Json]], None]) -> None:
        self._take = take
        self._line = bytearray()
        self._is_too_long = False
        self._refusal: Small | None = None
        self.spoilt = 0

    def open(self, status: int, headers: Mapping[str, str]) -> None:
        """Takes the status and the headers; what comes with a refusal is no results file."""
        if not 200 <= status < 300:
            self._refusal = Small()
            self._refusal.open(status, headers)

    def feed(self, chunk: bytes) -> str:
        """Takes bytes."""
        if self._refusal is not None:
            return self._refusal.feed(chunk)
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            self._add(part)
            self._end()
        self._add(rest)
        return ""

    def finish(self, fault: Fault | None) -> Failure:
        """Fills the contract; `judged` is what is asked."""
        return Failure(kind="bad_response", message="not an answer")

    def judged(self, target: Target, fault: Fault | None) -> Failure | None:
        """Returns why the file could not be read to its end, or None. A line that broke off is not read."""
        if self._refusal is not None:
            failure = self._refusal.judged(target, fault)
            return failure if isinstance(failure, Failure) else None
        if fault is not None:
            return Failure(kind=fault.kind, message=fault.message, certainty=fault.certainty)
        self._end()
        return None

    def _add(self, part: bytes) -> None:
        if len(self._line) + len(part) > LONGEST_LINE:
            self._is_too_long = True
            self._line.clear()
        if not self._is_too_long:
            self._line += part

    def _end(self) -> None:
        data, is_too_long = bytes(self._line), self._is_too_long
        self._line.clear()
        self._is_too_long = False
        if not is_too_long and not data.strip():
            return
        line = None if is_too_long else load(data)
        if isinstance(line, Mapping):
            self._take(line)
        else:
            self.spoilt += 1


def load(data: bytes) -> Json:
    """Returns the JSON that bytes are, or None: what would take too much memory is none."""
    if len(data) > LIGHT and is_too_heavy(data):
        return None
    try:
        return json.loads(data.decode("utf-8", "replace").strip("\ufeff \t\r\n"))
    except (ValueError, RecursionError):
        return None


def answered(status: Json, body: Json, target: Target, *, schema_wanted: bool, request: Json = None) -> Outcome:
    """Reads a body that a sync call would have brought, as the sync dialect reads it."""
    reader = reading(target, stream=False, schema_wanted=schema_wanted)
    is_status = isinstance(status, int) and not isinstance(status, bool) and 100 <= status <= 599
    headers = {"x-request-id": request} if isinstance(request, str) else {}
    reader.open(status if is_status else 200, headers)
    reader.feed(json.dumps(body).encode("ascii"))
    return reader.finish(None)


def text(value: Json, limit: int = 200) -> str:
    """Returns a text of theirs on one line, nothing where it is none."""
    return one_line(value, limit) if isinstance(value, str) else ""


def count(value: Json) -> int | None:
    """Returns a sane number of documents, or None."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value <= 10**9 else None


def seconds(value: Json) -> float | None:
    """Returns a moment that stands there as a number, in seconds since 1970."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 < value < 1e11 else None


def request_id(headers: Mapping[str, str]) -> str:
    """Returns by which name the provider knows a call."""
    return one_line(headers.get("x-request-id") or headers.get("request-id") or "", 200)


def is_name(value: Json) -> bool:
    """Whether a text can be an id in an address: it is put there as it is."""
    if not isinstance(value, str) or not 0 < len(value) <= 256 or ".." in value:
        return False
    return value.isascii() and all(letter.isalnum() or letter in "-_./:" for letter in value)
