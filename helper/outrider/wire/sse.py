"""Bytes into lines, and lines into server-sent events, whatever way the bytes were split.

It knows nothing of what the events say. A line that grows past its bound is refused, so that an endless one
cannot fill the memory: `too_long` says so, and nothing more is read.
"""

LINE_LIMIT = 1 << 20
"""The longest line, in bytes, that is read; events of any dialect are far shorter."""


class Lines:
    """Cuts bytes into lines at LF, CR or CR LF. Bad UTF-8 is replaced, a byte order mark is dropped."""

    __slots__ = ("_after_cr", "_first", "_parts", "_size", "too_long")

    def __init__(self) -> None:
        """Starts before the first byte."""
        self._parts: list[bytes] = []
        self._size = 0
        self._after_cr = False
        self._first = True
        self.too_long = False

    def feed(self, chunk: bytes) -> list[str]:
        """Returns the lines that these bytes complete, without their ends."""
        found: list[str] = []
        if not chunk:
            return found
        ends_in_cr = chunk.endswith(b"\r")
        if self._after_cr:
            chunk = chunk.removeprefix(b"\n")
        self._after_cr = ends_in_cr
        for piece in chunk.splitlines(keepends=True):
            if self.too_long:
                break
            text = piece.rstrip(b"\r\n")
            self._parts.append(text)
            self._size += len(text)
            if self._size > LINE_LIMIT:
                self.too_long = True
                self._parts.clear()
            elif len(text) < len(piece):
                found.append(self._take())
        return found

    def close(self) -> str:
        """Returns the last line, if it never ended."""
        return self._take()

    def _take(self) -> str:
        line = b"".join(self._parts).decode("utf-8", "replace")
        self._parts.clear()
        self._size = 0
        if self._first:
            self._first = False
            line = line.removeprefix("\ufeff")
        return line


class Events:
    """Reads server-sent events: comments are skipped, several `data` lines are one event.

    `strange` says that a line was seen which is no part of the format.
    """

    __slots__ = ("_data", "_lines", "_name", "strange")

    def __init__(self) -> None:
        """Starts before the first event."""
        self._lines = Lines()
        self._name = ""
        self._data: list[str] = []
        self.strange = False

    @property
    def too_long(self) -> bool:
        """Whether a line passed its bound."""
        return self._lines.too_long

    def feed(self, chunk: bytes) -> list[tuple[str, str]]:
        """Returns the events, as name and data, that these bytes complete."""
        found: list[tuple[str, str]] = []
        for line in self._lines.feed(chunk):
            self._take(line, found)
        return found

    def close(self) -> list[tuple[str, str]]:
        """Returns the event that the end of the stream left open; some servers never send its blank line."""
        found: list[tuple[str, str]] = []
        self._take(self._lines.close(), found)
        self._take("", found)
        return found

    def _take(self, line: str, found: list[tuple[str, str]]) -> None:
        if not line:
            if self._data:
                found.append((self._name, "\n".join(self._data)))
            self._name, self._data = "", []
            return
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        elif field not in ("", "id", "retry"):
            self.strange = True
