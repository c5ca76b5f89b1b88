"""Runs a user's own check over an answer: a program, no shell, the text on its standard input, bounded in every way.

An answer is data: nothing of it becomes an argument, a path or a variable. The program gets the environment without
the keys that are ours to keep, and a process group of its own, which is ended with it; what leaves that group on
purpose lives on, and holds nothing up.
"""

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Iterable
from contextlib import suppress

from outrider.rules.panels.nouns import Check, Checked

LONGEST_OUTPUT = 16 * 1_048_576
"""Bytes that a check may print; one that prints more is ended and has not passed."""
KEPT = 2_000
LAST_WORDS = 0.5
"""Seconds that are left to what was printed, once the program itself has ended: another may hold its output open."""


class _Program(asyncio.SubprocessProtocol):
    """Hears what a program prints, and when it ended, which may be long before its output does."""

    def __init__(self) -> None:
        self.tail = b""
        self.size = 0
        self.is_fed = False
        self.ended = asyncio.Event()
        self.silent = asyncio.Event()
        self.too_much = asyncio.Event()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Keeps the end of what it prints."""
        self.size += len(data)
        self.tail = (self.tail + data)[-KEPT:]
        if self.size > LONGEST_OUTPUT:
            self.too_much.set()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Notes the end of its output; that it reads no more of its input is its own affair."""
        if fd == 1:
            self.silent.set()
        else:
            self.is_fed = True

    def process_exited(self) -> None:
        """Notes its end."""
        self.ended.set()


async def run_check(check: Check, *, folder: str, hidden: Iterable[str], longest: float) -> Checked:
    """Puts a text to a program and returns whether it ended with 0 within so many seconds."""
    environment = {name: value for name, value in os.environ.items() if name not in set(hidden)}
    try:
        transport, program = await asyncio.get_running_loop().subprocess_exec(
            _Program, *check.command, stdin=PIPE, stdout=PIPE, stderr=STDOUT, cwd=folder, env=environment,
            start_new_session=True,
        )  # fmt: skip
    except OSError as fault:
        return Checked(gate=check.gate, passed=False, why=f"it could not be started: {fault.strerror}")
    try:
        _hand_over(transport, check.text.encode("utf-8", "replace"))
        why = await _until_it_ended(program, longest)
    finally:
        await _end(transport, program)
    if why:
        return Checked(gate=check.gate, passed=False, why=why)
    code = transport.get_returncode()
    said = " ".join(program.tail.decode("utf-8", "replace").split())[-300:]
    return Checked(gate=check.gate, passed=code == 0, why=said or f"it ended with {code} and said nothing")


def _hand_over(transport: asyncio.SubprocessTransport, text: bytes) -> None:
    """Writes the text and closes its input; a program that reads none of it, or leaves early, is its own judge."""
    pipe = transport.get_pipe_transport(0)
    if isinstance(pipe, asyncio.WriteTransport):
        pipe.write(text)
        pipe.write_eof()


async def _until_it_ended(program: _Program, longest: float) -> str:
    """Waits for the end of a program; returns what kept it from ending well, if anything did."""
    waits = [asyncio.ensure_future(event.wait()) for event in (program.ended, program.too_much)]
    try:
        await asyncio.wait(waits, timeout=longest, return_when=asyncio.FIRST_COMPLETED)
        if program.ended.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(program.silent.wait(), LAST_WORDS)
    finally:
        for wait in waits:
            wait.cancel()
    if program.too_much.is_set():
        return f"it printed more than {LONGEST_OUTPUT:,} bytes"
    return "" if program.ended.is_set() else f"it did not end within {longest:g} s"


async def _end(transport: asyncio.SubprocessTransport, program: _Program) -> None:
    """Ends whatever is left of its process group, and lets its pipes go."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(transport.get_pid(), signal.SIGKILL)
    pipe = transport.get_pipe_transport(0)
    if isinstance(pipe, asyncio.WriteTransport) and not program.is_fed:
        pipe.abort()  # what it has not read by now is of no use to it
    with suppress(TimeoutError):
        await asyncio.wait_for(program.ended.wait(), LAST_WORDS)
    transport.close()
    await asyncio.sleep(0)
