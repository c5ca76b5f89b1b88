"""Runs a coroutine by hand over blocking doors.

A single question needs no event loop, and importing one costs a quarter of the whole start. The doors handed to the
loop block, so it never really waits; one that does is a bug.
"""

import time
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def step(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Returns what a coroutine returns whose every await ends at once."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: Result = stop.value
        return result
    coroutine.close()
    raise RuntimeError("a blocking door gave way to an event loop that is not there")


async def sleep(seconds: float) -> None:
    """Waits, blocking."""
    time.sleep(seconds)  # noqa: ASYNC251 - there is no event loop to hold up
