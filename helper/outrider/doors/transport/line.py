"""One kept connection of the way out for thousands: it asks one question after another, and reads their answers.

The only importer of aiohttp, of which it takes the parser: compiled, and fed with whatever servers send. Waits and
promises are ours.
"""

import asyncio
import select
from typing import Any

import httpcore2
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpResponseParser

from outrider.data import Fault, HttpCall, Reading
from outrider.doors.transport.deadline import Deadline
from outrider.doors.transport.faults import LONGEST_ERROR, LONGEST_HEADER, packed, too_large
from outrider.records import record

MOST_HEADERS = 4_096
BODILESS = frozenset({204, 304})


@record
class Origin:
    """Where connections lead; those for calls that are bound to local peers are kept apart."""

    is_secure: bool
    host: str
    port: int
    local_only: bool


class _Exchange:
    """One call on one connection: what was asked, and how much of the answer is there."""

    def __init__(self, line: "Line", call: HttpCall, reading: Reading, deadline: Deadline) -> None:
        self._line: Any = line
        self._loop = line.loop
        self._call = call
        self._reading = reading
        self.deadline = deadline
        self.told: asyncio.Future[Fault | None] = line.loop.create_future()
        self.is_clean = False
        self._head = b""
        self._limit = 0
        self._size = 0
        self._left: int | None = None  # of a body whose length was told
        self._chunks: Any = None  # of one that comes in chunks
        self._parser: Any = None
        self._has_head = False
        self._last = line.loop.time()
        self._timer = line.loop.call_later(deadline.for_read(), self._look)

    def take(self, data: bytes) -> None:
        """Takes bytes as they come; what the reading raises goes to who waits."""
        if self.told.done():
            self.is_clean = False  # bytes behind the end of the answer
            return
        self._last = self._loop.time()
        self.deadline.bytes_read += len(data)
        try:
            if not self._has_head:
                data = self._take_head(data)
            if self._has_head and not self.told.done():
                self._take_body(data)
        except HttpProcessingError as fault:
            self._end(httpcore2.RemoteProtocolError("too long" if "too long" in str(fault) else "not HTTP"))
        except Exception as fault:  # noqa: BLE001 - a bug of a codec is raised where its call is awaited
            self._end(fault)
        else:
            if not self.told.done() and self._due() < self._timer.when():
                self._timer.cancel()
                self._timer = self._loop.call_at(self._due(), self._look)

    def close(self, fault: Exception | None) -> None:
        """Takes the end of the connection: of an answer without a length it is the end, of any other a fault."""
        if self.told.done():
            return
        if fault is not None:
            self._end(httpcore2.ReadError())
        elif self._has_head and self._left is None and self._chunks is None:
            self._end(None)
        else:
            self._end(httpcore2.RemoteProtocolError("closed connection" if self.deadline.bytes_read else "closed"))

    def _take_head(self, data: bytes) -> bytes:
        """Reads the head once it is whole, and returns what follows it."""
        while True:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0 and b"\n\n" not in self._head:
                if len(self._head) > LONGEST_HEADER:
                    raise httpcore2.RemoteProtocolError("too long")
                self._check_start()
                return b""
            end = self._head.find(b"\n\n") + 2 if end < 0 else end + 4
            head, data, self._head = self._head[:end], self._head[end:], b""
            if len(head) > LONGEST_HEADER:
                raise httpcore2.RemoteProtocolError("too long")
            if self._open(head):
                return data

    def _check_start(self) -> None:
        """Notices at once what cannot become HTTP."""
        if not b"HTTP/1.".startswith(self._head[:7]):
            raise httpcore2.RemoteProtocolError("not HTTP")

    def _open(self, head: bytes) -> bool:
        """Reads a head; False for one that only says that more is to come."""
        parser = HttpResponseParser(
            self._line, self._loop, 1 << 16, max_line_size=LONGEST_HEADER, max_field_size=LONGEST_HEADER,
            max_headers=MOST_HEADERS, read_until_eof=True, auto_decompress=False,
        )  # fmt: skip
        ((message, payload),) = parser.feed_data(head)[0]
        if 100 <= message.code < 200:
            return False
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message.raw_headers}
        fault = packed(headers)
        if fault is not None:
            self._end(fault)
            return True
        self._has_head = True
        self.is_clean = message.code == 200 and not message.should_close
        self._limit = self._call.timing.max_bytes if message.code == 200 else LONGEST_ERROR
        if message.code in BODILESS:
            self._left = 0
        elif message.chunked:
            self._parser, self._chunks = parser, payload
        elif "content-length" in headers:
            self._left = int(headers["content-length"])
        self._reading.open(message.code, headers)
        return True

    def _take_body(self, data: bytes) -> None:
        if self._chunks is not None:
            self._take_chunks(data)
            return
        if self._left is None:
            self._feed(data)
            return
        if len(data) > self._left:
            # What comes behind the end of an answer would be read as the next one: such a connection is not kept.
            data, self.is_clean = data[: self._left], False
        self._left -= len(data)
        self._feed(data)
        if not self._left:
            self._end(None)

    def _take_chunks(self, data: bytes) -> None:
        try:
            found = self._parser.feed_data(data)[0]
        except HttpProcessingError:
            if not self._chunks.is_eof():
                raise
            found = ("what follows is no answer",)
        self._feed(self._chunks.read_nowait(-1))
        if self._chunks.is_eof():
            self.is_clean = self.is_clean and not found and data.endswith(b"\r\n\r\n")
            self._end(None)

    def _feed(self, data: bytes) -> None:
        if not data or self.told.done():
            return
        self.deadline.is_answering = True
        self._size += len(data)
        if self._size > self._limit:
            self._end(too_large(self._limit))
            return
        self._reading.feed(data)

    def _look(self) -> None:
        """Ends a call whose time is over; one whose bytes still come or go has more of it."""
        if self.told.done():
            return
        if self._line.is_writing():
            self._last = self._loop.time()
        left = min(self._due() - self._loop.time(), self.deadline.left())
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
        else:
            self._end(httpcore2.ReadTimeout())

    def _due(self) -> float:
        """Returns until when more must have come."""
        timing = self._call.timing
        return self._last + (timing.idle if self.deadline.is_answering else timing.first_byte)

    def _end(self, result: Fault | Exception | None) -> None:
        self._timer.cancel()
        self.is_clean = self.is_clean and result is None
        if self.told.done():
            return
        if isinstance(result, Exception):
            self.told.set_exception(result)
        else:
            self.told.set_result(result)


class Line(asyncio.Protocol):
    """A connection, which serves one call after the other. What it says unasked makes it useless."""

    _reading_paused = False  # asked by the parser's own buffer, which is emptied at once

    def __init__(self, loop: asyncio.AbstractEventLoop, origin: Origin) -> None:
        self.loop = loop
        self.origin = origin
        self.is_useless = False
        self.since = 0.0
        self._transport: Any = None
        self._exchange: _Exchange | None = None
        self._poll = select.poll()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes the connection."""
        self._transport = transport
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        """Takes what was said."""
        if self._exchange is None:
            self.is_useless = True
        else:
            self._exchange.take(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Takes the end."""
        self.is_useless = True
        if self._exchange is not None:
            self._exchange.close(exc)

    def pause_reading(self) -> None:
        """Goes on: the parser's own buffer is emptied after every piece."""

    def resume_reading(self, **_: bool) -> None:
        """Goes on."""

    def is_writing(self) -> bool:
        """Whether the question is still on its way out."""
        return bool(self._transport.get_write_buffer_size())

    def is_quiet(self) -> bool:
        """Whether an idle connection has nothing to read, its end included, and may be used."""
        return not self.is_useless and not self._poll.poll(0)

    async def ask(self, question: bytes, call: HttpCall, reading: Reading, deadline: Deadline) -> Fault | None:
        """Sends a call and returns once its answer is read."""
        if self.is_useless:
            # It was there before the question: bytes that an earlier answer left behind.
            raise httpcore2.RemoteProtocolError("answered before it was asked")
        exchange = self._exchange = _Exchange(self, call, reading, deadline)
        deadline.sent = True
        self._transport.write(question)
        try:
            return await exchange.told
        except BaseException:
            exchange.is_clean = False  # who is cancelled leaves the rest of an answer on the way
            raise
        finally:
            self._exchange = None
            if not exchange.is_clean:
                self.drop()

    def drop(self) -> None:
        """Lets the connection go, whatever is still on its way."""
        self.is_useless = True
        self._transport.abort()
