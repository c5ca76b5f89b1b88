"""Runs a user's own check over an answer: a program, no shell, the text on its standard input, bounded in every way.

An answer is data: nothing of it becomes an argument, a path or a variable. The program gets the environment without
the keys that are ours to keep, and a process group of its own, so that nothing of it is left behind.
"""

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Iterable

from outrider.rules.panels.nouns import Check, Checked

LONGEST_OUTPUT = 16 * 1_048_576
"""Bytes that a check may print; one that prints more is ended and has not passed."""
KEPT = 2_000
PIECE = 65_536


async def run_check(check: Check, *, folder: str, hidden: Iterable[str], longest: float) -> Checked:
    """Puts a text to a program and returns whether it ended with 0 within so many seconds."""
    environment = {name: value for name, value in os.environ.items() if name not in set(hidden)}
    try:
        process = await asyncio.create_subprocess_exec(
            *check.command, stdin=PIPE, stdout=PIPE, stderr=STDOUT, cwd=folder, env=environment,
            start_new_session=True,
        )  # fmt: skip
    except OSError as fault:
        return Checked(gate=check.gate, passed=False, why=f"it could not be started: {fault.strerror}")
    try:
        async with asyncio.timeout(longest):
            (tail, is_whole), _ = await asyncio.gather(_read(process), _write(process, check.text))
            if not is_whole:
                return Checked(gate=check.gate, passed=False, why=f"it printed more than {LONGEST_OUTPUT:,} bytes")
            code = await process.wait()
    except TimeoutError:
        return Checked(gate=check.gate, passed=False, why=f"it did not end within {longest:g} s")
    finally:
        _end(process)
    said = " ".join(tail.decode("utf-8", "replace").split())[-300:]
    return Checked(gate=check.gate, passed=code == 0, why=said or f"it ended with {code} and said nothing")


async def _write(process: Process, text: str) -> None:
    """Hands the text over; a program that reads none of it, or leaves early, is its own judge."""
    if process.stdin is None:
        return
    try:
        process.stdin.write(text.encode("utf-8", "replace"))
        await process.stdin.drain()
        process.stdin.close()
    except (BrokenPipeError, ConnectionResetError):
        return


async def _read(process: Process) -> tuple[bytes, bool]:
    """Returns the end of what it printed, and whether it stayed within the limit."""
    tail, size = b"", 0
    while process.stdout is not None and (piece := await process.stdout.read(PIECE)):
        size += len(piece)
        if size > LONGEST_OUTPUT:
            return tail, False
        tail = (tail + piece)[-KEPT:]
    return tail, True


def _end(process: Process) -> None:
    """Ends whatever is left of its process group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
