"""How many questions are under way at once, and how many wait; more than that come again later.

The bytes of bodies that are being read are bounded too: a few clients with long prompts must not fill the memory.
"""

from asyncio import Semaphore
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from outrider.wire.serving.errors import Unfit

MOST_BYTES = 134_217_728
"""The bytes of all bodies together, from when they are read until their answer."""


class Gate:
    """Lets `most` in at once and as many as `queue` wait for their turn."""

    def __init__(self, most: int, queue: int) -> None:
        self._places = Semaphore(most)
        self._queue = queue
        self._waiting = 0
        self._bytes = 0
        self.is_closing = False
        self.inside = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Waits for a place, if the queue is not full."""
        self.check()
        if self._places.locked() and self._waiting >= self._queue:
            raise Unfit("too many requests are waiting", status=429, code="rate_limit_exceeded", retry_after=1,
                        hint="come again in a second, or start `outrider serve` with a longer `--queue`")  # fmt: skip
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
        self.inside += 1
        try:
            self.check()
            yield
        finally:
            self.inside -= 1
            self._places.release()

    def check(self) -> None:
        """Refuses whoever comes while we are ending."""
        if self.is_closing:
            raise Unfit("outrider serve is ending", status=503, code="ending", retry_after=5)

    @contextmanager
    def weight(self) -> "Iterator[Weight]":
        """Keeps account of one request's bytes."""
        weight = Weight(self)
        try:
            yield weight
        finally:
            self._bytes -= weight.bytes

    def add(self, size: int) -> None:
        """Counts bytes that came."""
        if self._bytes + size > MOST_BYTES:
            raise Unfit("too many long requests are under way", status=503, code="busy", retry_after=2)
        self._bytes += size


class Weight:
    """The bytes of one request that are counted so far."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.bytes = 0

    def add(self, size: int) -> None:
        """Counts some more."""
        self._gate.add(size)
        self.bytes += size
