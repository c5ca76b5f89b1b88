"""The documents that every client asks about, the check of what it was told, and what it cost the process.

It imports nothing of ours, since other programs' environments run it too.
"""

import asyncio
import json
import resource
import sys
import time
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

BYTES = 2_000
FILL = ("lorem ipsum dolor sit amet " * (BYTES // 27 + 1))[: BYTES - 12]
MODEL = "loopback-small"


def document(number: int) -> str:
    """Returns a text of two kilobytes that no other number has."""
    return f"doc {number:07d} {FILL}"


def body(number: int) -> dict[str, object]:
    """Returns a question as a bare client asks it."""
    return {"model": MODEL, "messages": [{"role": "user", "content": document(number)}]}


def is_right(number: int, answer: object) -> bool:
    """Whether an answer is the one to this document."""
    return isinstance(answer, dict) and answer.get("digest") == zlib.crc32(document(number).encode())


class Meter:
    """What a run of many documents took: seconds, seconds of the processor, memory, wrong answers."""

    def __init__(self) -> None:
        self._wrong = 0
        self._began = time.perf_counter()
        self._cpu = time.process_time()

    def note(self, number: int, answer: object) -> None:
        """Takes an answer."""
        self._wrong += not is_right(number, answer)

    def tell(self, documents: int) -> None:
        """Prints what was measured as one line of JSON."""
        seconds, cpu = time.perf_counter() - self._began, time.process_time() - self._cpu
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
        told = {"seconds": seconds, "cpu": cpu, "mebibytes": memory, "wrong": self._wrong, "documents": documents}
        sys.stdout.write(json.dumps(told) + "\n")


async def asked(count: int, at_once: int, out: str, one: Callable[[int], Awaitable[str]]) -> Meter:
    """Asks about every document, so many at once; each answer is checked and written to a file."""
    meter = Meter()
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            text = await one(number)
            meter.note(number, json.loads(text))
            file.write(json.dumps({"id": number, "answer": text}) + "\n")

    with Path(out).open("w", encoding="utf-8") as file:  # noqa: ASYNC230 - as a script would
        await asyncio.gather(*(work() for _ in range(min(at_once, count))))
    return meter
