"""Starts one command line in many processes at one moment.

Run alone: `python -m tests.torture.crowd COUNT TIMES FOLDER ARGUMENTS…`. The command is imported once and forked, so
that nobody is late for having to import it: every child waits at a gate, and the gate opens for all at once. Each
child types the command TIMES times and writes what it printed to its own file in FOLDER.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, NoReturn

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 300


class Crowd(NamedTuple):
    """How each process ended, in the order of their starts, what they printed, and how long all of them took."""

    codes: tuple[int, ...]
    printed: tuple[str, ...]
    seconds: float


def gather(
    count: int, folder: Path, *arguments: str, times: int = 1, env: Mapping[str, str] | None = None, kill: float = 0.0
) -> Crowd:
    """Runs a command in so many processes at once; with `kill`, all are killed that many seconds after the start."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.torture.crowd", str(count), str(times), str(kill), str(folder), *arguments]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'helper'}{os.pathsep}{ROOT}", **(env or {})}
    began = time.monotonic()
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    codes = json.loads(done.stdout)
    printed = tuple((folder / f"out.{number}").read_text(encoding="utf-8") for number in range(count))
    return Crowd(codes=tuple(codes), printed=printed, seconds=time.monotonic() - began)


def main(count: int, times: int, kill: float, folder: str, arguments: list[str]) -> list[int]:
    """Forks the processes, opens the gate, and returns the exit code of each; 137 for one that was killed."""
    import outrider.cli.run_ask
    import outrider.doors.ledger
    import outrider.doors.transport.blocking  # noqa: F401 (before the fork, so that no child imports it)

    gate, opener = os.pipe()
    children = []
    for number in range(count):
        # Before the fork: a child that is killed before it could run has printed nothing, and that is what is read.
        out = os.open(os.path.join(folder, f"out.{number}"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        child = os.fork()
        if child == 0:
            os.close(opener)
            _type(out, times, gate, arguments)
        os.close(out)
        children.append(child)
    os.close(gate)
    os.close(opener)
    if kill > 0:
        time.sleep(kill)
        for child in children:
            os.kill(child, signal.SIGKILL)
    statuses = [os.waitpid(child, 0)[1] for child in children]
    return [os.waitstatus_to_exitcode(status) & 0xFF if status >> 8 else status & 0x7F for status in statuses]


def _type(out: int, times: int, gate: int, arguments: list[str]) -> NoReturn:
    from outrider.cli.entry import run

    code = 70
    try:
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 (it lives as long as the process)
        os.read(gate, 1)
        for _ in range(times):
            code = run(arguments)
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4], sys.argv[5:])))
