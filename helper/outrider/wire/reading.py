"""The frame in which every dialect over HTTP is read: refusals, whole bodies and streams, however they were split.

A dialect brings two functions: one that reads a whole JSON body, one that reads an event of a stream; both tell
what they found to a `Reply`. This room knows framing, completeness and how a reply ends; it knows no field of any
dialect. Whether a body is a stream is seen from its first byte, since servers answer plainly when a stream was
asked, and the other way round.

What `feed` returned is always the beginning of the answer's text (or of a failure's partial text): the end of it
may become known only at `finish`.
"""

import json
from collections.abc import Callable, Mapping
from typing import Literal

from outrider.data import Answer, Certainty, Failure, Fault, Json, Outcome
from outrider.wire.reply import Reply, broken
from outrider.wire.sse import Events, Lines
from outrider.wire.text import one_line

BLANK = b" \t\r\n\xef\xbb\xbf"
EVENT_STARTS = b"deir:"
"""First letters of `data`, `event`, `id`, `retry` and of a comment; no JSON value and no page begins so."""
REFUSAL_LIMIT = 1 << 18
LIGHT = 1 << 22
"""Up to this size, in bytes, a body is read without being weighed."""

ReadWhole = Callable[[Reply, dict[str, Json]], None]
ReadEvent = Callable[[Reply, str, dict[str, Json]], str]


class HttpReading:
    """The `Reading` of every dialect over HTTP."""

    __slots__ = (
        "_body",
        "_events",
        "_framing",
        "_has_events",
        "_headers",
        "_lines",
        "_mode",
        "_read_event",
        "_read_whole",
        "_reply",
        "_schema_wanted",
        "_size",
        "_status",
        "_stream",
    )

    def __init__(
        self,
        reply: Reply,
        *,
        whole: ReadWhole,
        event: ReadEvent,
        framing: Literal["sse", "ndjson", "whole"],
        stream: bool,
        schema_wanted: bool,
    ) -> None:
        """Binds a dialect's two functions to the frame."""
        self._reply = reply
        self._read_whole = whole
        self._read_event = event
        self._framing = framing
        self._stream = stream
        self._schema_wanted = schema_wanted
        self._status: int | None = None
        self._headers: Mapping[str, str] = {}
        self._mode: Literal["", "whole", "events", "lines", "refusal"] = ""
        self._body: list[bytes] = []
        self._size = 0
        self._events: Events | None = None
        self._lines: Lines | None = None
        self._has_events = False

    def open(self, status: int, headers: Mapping[str, str]) -> None:
        """Takes the status and the lower-cased headers."""
        self._status = status
        self._headers = headers
        self._reply.request_id = one_line(headers.get("x-request-id") or headers.get("request-id") or "", 200)
        if not 200 <= status < 300:
            self._mode = "refusal"

    def feed(self, chunk: bytes) -> str:
        """Takes the next bytes and returns the text that became known by them."""
        if not self._mode:
            chunk = chunk.lstrip(BLANK)
            if not chunk:
                return ""
            if self._framing == "sse" and chunk[0] in EVENT_STARTS:
                self._mode, self._events = "events", Events()
            elif self._framing == "ndjson" and self._stream and chunk.startswith(b"{"):
                self._mode, self._lines = "lines", Lines()
            else:
                self._mode = "whole"
        if self._events is not None:
            return "".join([self._take(name, data) for name, data in self._events.feed(chunk)])
        if self._lines is not None:
            return "".join([self._take("", line) for line in self._lines.feed(chunk) if line.strip()])
        if self._mode == "whole" or self._size < REFUSAL_LIMIT:
            self._size += len(chunk)
            self._body.append(chunk)
        return ""

    def finish(self, fault: Fault | None) -> Outcome:
        """Closes the reply: what was complete stays an answer, whatever cut the rest short."""
        if self._mode == "refusal":
            from outrider.wire.status import read_refusal

            return read_refusal(
                self._status or 0,
                self._headers,
                _read_refusal_body(b"".join(self._body)[:REFUSAL_LIMIT]),
                quirks=self._reply.quirks,
                request_id=self._reply.request_id,
            )
        reply = self._reply
        if (self._events is not None and self._events.too_long) or (self._lines is not None and self._lines.too_long):
            reply.fail("too_large", "a line of the stream is longer than 1 MiB")
        if fault is None:
            self._end()
        text, reasoning = reply.close()
        if reply.failure is not None:
            return self._failed(reply.failure, text)
        if reply.is_complete:
            return self._answered(text, reasoning)
        if fault is not None:
            return Failure(
                kind=fault.kind,
                message=fault.message,
                status=self._status,
                certainty=fault.certainty,
                usage=reply.usage,
                partial=text,
                request_id=reply.request_id,
            )
        return self._failed(broken("incomplete", "the stream ended before the answer did"), text)

    def _take(self, name: str, data: str) -> str:
        """Reads one event of a stream."""
        reply = self._reply
        if reply.failure is not None:
            return ""
        if data.strip() == "[DONE]":
            reply.is_complete = True
            return ""
        payload = _load(data)
        if not isinstance(payload, dict):
            reply.fail(
                "incomplete" if self._has_events else "bad_response", "an event of the stream is not a JSON object"
            )
            return ""
        self._has_events = True
        return self._read_event(reply, name, payload)

    def _end(self) -> None:
        """Reads what the end of the body leaves over: a whole body, or an event without its end."""
        reply = self._reply
        if self._mode == "whole":
            self._read_body()
        elif self._events is not None:
            for name, data in self._events.close():
                if isinstance(_load(data), dict) or data.strip() == "[DONE]":
                    self._take(name, data)
            if self._events.strange and not self._has_events:
                reply.fail("bad_response", "the reply is neither JSON nor a stream of events")
        elif self._lines is not None:
            line = self._lines.close()
            if line.strip() and (isinstance(_load(line), dict) or not self._has_events):
                self._take("", line)
            if not reply.has_message:
                reply.fail("bad_response", "the reply has no answer in it")
        elif not self._stream or "json" in self._headers.get("content-type", ""):
            reply.fail("bad_response", "the reply has no body")

    def _read_body(self) -> None:
        """Reads a reply that came as one JSON value. No copy is kept longer than it is needed: it may be large."""
        body = b"".join(self._body).strip(BLANK)
        self._body.clear()
        if len(body) > LIGHT:
            from outrider.wire.weight import is_too_heavy

            if is_too_heavy(body):
                self._reply.fail("too_large", "the reply would take too much memory to read")
                return
        is_page = body.startswith(b"<")
        text = body.decode("utf-8", "replace")
        del body
        payload = _load(text)
        del text
        if isinstance(payload, dict):
            self._read_whole(self._reply, payload)
        elif isinstance(payload, list) and payload and isinstance(payload[0], dict) and payload[0].get("error"):
            self._reply.refuse(payload, otherwise="bad_response")
        elif is_page:
            self._reply.fail("bad_response", "the reply is a web page, not an answer")
        else:
            self._reply.fail("bad_response", "the reply is not a JSON object")

    def _answered(self, text: str, reasoning: str) -> Outcome:
        """Returns what a reply that came to its end amounts to."""
        reply = self._reply
        has_text = bool(text.strip())
        calls = reply.called()
        match reply.finish:
            case "content_filter":
                return self._failed(broken("content_filter", "the provider's content filter stopped the answer"), text)
            case "error":
                return self._failed(broken("server", "the provider failed while it was answering"), text)
            case "context" if not has_text:
                return self._failed(broken("context", "the context window was full before any text"), "")
            case "length" | "context" if reply.calls_tools:
                return self._failed(broken("truncated", "the output limit cut a tool call short"), text)
            case "length" if not has_text:
                return self._failed(broken("truncated", "the output limit was reached before any text"), "")
            case "length" | "context" if self._schema_wanted:
                return self._failed(broken("truncated", "the output limit cut the JSON short"), text)
            case _ if not reply.has_message:
                return self._failed(broken("bad_response", "the reply has no answer in it"), "")
            case finish:
                if not has_text and not calls:
                    return self._failed(broken("empty", "the answer is empty"), "")
        return Answer(
            text=text,
            usage=reply.usage,
            served_by=reply.served_by,
            finish="tool_calls" if calls else {"": "stop", "context": "length"}.get(finish, finish),
            truncated=finish in ("length", "context"),
            reasoning=reasoning,
            request_id=reply.request_id,
            tool_calls=calls,
            replay=tuple(reply.replay) if calls else (),
        )

    def _failed(self, failure: Failure, partial: str) -> Failure:
        """Returns a failure with what is known of its cost, its text and its request."""
        usage = self._reply.usage
        # An error that a server reports before any text is not billed; otherwise only reported usage is sure.
        is_doubtful = bool(partial) or failure.certainty == "in_doubt" or failure.kind in ("bad_response", "incomplete")
        certainty: Certainty = "in_doubt" if is_doubtful and not usage.known else "exact"
        return Failure(
            kind=failure.kind,
            message=failure.message,
            status=failure.status,
            retry_after=failure.retry_after,
            certainty=certainty,
            usage=usage,
            partial=partial,
            request_id=self._reply.request_id,
        )


def _load(text: str) -> Json:
    """Returns the JSON value that a text is, or nothing: numbers too long and nests too deep are none either."""
    try:
        return json.loads(text.strip("\ufeff \t\r\n"))
    except (ValueError, RecursionError):
        return None


def _read_refusal_body(body: bytes) -> Json:
    """Returns what the body of a refusal says: JSON, or words; a web page says nothing."""
    text = body.decode("utf-8", "replace")
    payload = _load(text)
    return text if payload is None and not text.lstrip().startswith("<") else payload
