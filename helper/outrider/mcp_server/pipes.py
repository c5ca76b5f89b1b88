"""The two ends of the line: what the client writes, cut into bounded frames, and what only we may write to it.

Descriptor 1 is the client's alone: while the line is open, whatever else in this process prints goes to stderr.
"""

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor

LONGEST_FRAME = 50_331_648
"""Bytes of one message; a longer one is read past and answered with an error. Holds the longest prompt, escaped."""
CHUNK = 262_144
AHEAD = 4
"""Chunks that are read before they are looked at."""


class TooLong(Exception):
    """A message was longer than any may be; all of it is gone."""


class Line:
    """Stdin and stdout as one line of messages. Made on the running event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._in, self._out = os.dup(0), os.dup(1)
        self._turned(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self._room = threading.Semaphore(AHEAD)
        self._held = bytearray()
        self._seen = 0
        self._is_past = False
        self._writer = ThreadPoolExecutor(max_workers=1)
        self._is_broken = False
        # Reading waits without end, which no event loop can cut short where stdin is a file; a daemon dies with us.
        threading.Thread(target=self._read, daemon=True).start()

    @staticmethod
    def _turned(other: int, number: int) -> None:
        os.dup2(other, number)
        os.close(other)

    def _read(self) -> None:
        while True:
            self._room.acquire()
            try:
                data = os.read(self._in, CHUNK)
            except OSError:
                data = b""
            try:
                self._loop.call_soon_threadsafe(self._chunks.put_nowait, data)
            except RuntimeError:
                return  # the loop is closed: nobody listens any more
            if not data:
                return

    async def frame(self) -> bytes | None:
        """Returns the next message, or None at the end; raises where one was too long. Blank lines are none."""
        while True:
            end = self._held.find(b"\n", self._seen)
            if end >= 0:
                found = bytes(self._held[:end])
                del self._held[: end + 1]
                self._seen = 0
                if self._is_past or len(found) > LONGEST_FRAME:
                    self._is_past = False
                    raise TooLong
                if found.strip():
                    return found
                continue
            self._seen = len(self._held)
            if self._seen > LONGEST_FRAME:
                self._held.clear()
                self._seen, self._is_past = 0, True
            data = await self._chunks.get()
            self._room.release()
            if not data:
                # The rest without an end is no message: who wrote it left in the middle.
                return None
            self._held += data

    async def write(self, data: bytes) -> None:
        """Writes one message whole; to a client that is gone nothing is written, and nothing is said."""
        if not self._is_broken:
            await self._loop.run_in_executor(self._writer, self._write, data)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view and not self._is_broken:
            try:
                view = view[os.write(self._out, view) :]
            except BlockingIOError:
                self._wait()
            except OSError:
                self._is_broken = True

    def _wait(self) -> None:
        """Waits until the client reads on; its end of the line may have been made not to wait."""
        import select

        select.select((), (self._out,), ())
