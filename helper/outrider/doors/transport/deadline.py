"""The time that one call has, handed out read by read.

A timeout of a library holds for one read, so a server that drips bytes lives for ever; here every read gets the
smaller of its own limit and what is left of the whole. Knows nothing of sockets.
"""

import time

from outrider.data import Timing


class Deadline:
    """Tracks one call: which wait it is in, when it must be over, and how many bytes have come.

    `is_answering` is set by the first byte of the body: many servers send their headers at once and think then.
    """

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._end = time.monotonic() + timing.total
        self.sent = False
        self.bytes_read = 0
        self.is_answering = False

    def left(self) -> float:
        """Returns the seconds until the whole call must be over."""
        return self._end - time.monotonic()

    def for_connect(self) -> float:
        """Returns how long connecting may take now."""
        return max(min(self._timing.connect, self.left()), 0.0)

    def for_read(self) -> float:
        """Returns how long the next read may take."""
        own = self._timing.idle if self.is_answering else self._timing.first_byte
        return max(min(own, self.left()), 0.0)

    def reason(self) -> str:
        """Says which limit ran out."""
        if self.left() <= 0.001:
            return f"took longer than {self._timing.total:g} s in all"
        if self.is_answering:
            return f"went silent for {self._timing.idle:g} s"
        if self.sent:
            return f"did not answer within {self._timing.first_byte:g} s"
        return f"could not be reached within {self._timing.connect:g} s"
