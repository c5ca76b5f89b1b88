"""From start to end: the event loop, the signals that end it, and an end that books what was under way."""

import asyncio
import gc
import logging
import os
import signal
from contextlib import suppress

from outrider.cli import OPENSSL

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


def live() -> int:
    """Serves until the client leaves or a signal comes; returns the exit code."""
    # Whoever speaks to us is taken for what Claude Code is: somebody's cloud, in a folder that may be hostile.
    os.environ["CLAUDECODE"] = "1"
    for name in OPENSSL:
        os.environ.pop(name, None)
    # What a client says wrongly it is told; on stderr it would only bury a fault of ours.
    logging.getLogger("mcp").setLevel(logging.ERROR)
    return asyncio.run(_live())


async def _live() -> int:
    from outrider.mcp_server.server import serve

    # A short command lets garbage lie; who lives long does not. What the start has made stays, and is not looked at.
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)
    loop = asyncio.get_running_loop()
    serving = asyncio.create_task(serve())
    heard: list[int] = []

    def stop(number: int) -> None:
        heard.append(number)
        serving.cancel()

    for number in CODES:
        with suppress(ValueError, RuntimeError):  # a thread beside the first hears no signals
            loop.add_signal_handler(number, stop, number)
    with suppress(asyncio.CancelledError):
        await serving
    return CODES[signal.Signals(heard[0])] if heard else 0
