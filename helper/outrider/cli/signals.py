"""Signals to stop, heard on a running event loop: no exception hits a half-done write."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Self

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


class Signals:
    """Calls `stop` at each signal to stop while the block runs; `number` is the first of them."""

    def __init__(self, stop: Callable[[], object]) -> None:
        self._act = stop
        self.number: int | None = None

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._before = {number: signal.getsignal(number) for number in CODES}
        with suppress(ValueError, RuntimeError):  # a thread beside the first hears no signals
            for number in CODES:
                self._loop.add_signal_handler(number, self._stop, number)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            with suppress(ValueError):
                self._loop.remove_signal_handler(number)
                signal.signal(number, handler)

    def _stop(self, number: int) -> None:
        if self.number is None:
            self.number = number
        self._act()


def cancelling() -> Signals:
    """Returns signals of which the first cancels the task that runs now, and no other does: it has to book itself."""
    task, cancels = asyncio.current_task(), iter((True,))
    return Signals(lambda: task.cancel() if task is not None and next(cancels, False) else None)


def code(number: int | None) -> int:
    """Returns the exit code of a command that a signal ended."""
    return CODES[signal.Signals(number)] if number is not None else 130
