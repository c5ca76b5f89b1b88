"""Times whole processes in turn: every round starts each command once, so a machine whose speed drifts drifts for all.

Ratios within one measurement are what counts; milliseconds of two measurements say nothing to each other. Knows
nothing of what the commands are.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

TIMER = Path(__file__).with_name("timer.py")
PATIENCE = 1800
"""How long a whole measurement may take, in seconds."""


class Command(NamedTuple):
    """One process to time: what to call it, what to start, with which environment, and what it has to print."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    prints: str = ""


class Figures(NamedTuple):
    """What one command took: wall-clock and processor milliseconds of each round, and peak memory in MiB."""

    wall: tuple[float, ...]
    cpu: tuple[float, ...]
    memory: tuple[float, ...]


def ratio(own: Figures, other: Figures) -> float:
    """Compares two commands by the smaller of two statistics, since noise on a shared machine only ever adds.

    One is the ratio of the fastest runs, the other the median of the ratios round by round.
    """
    return min(of_the_fastest(own, other), round_by_round(own, other))


def of_the_fastest(own: Figures, other: Figures) -> float:
    """Returns the ratio of the two fastest runs."""
    return min(own.wall) / min(other.wall)


def round_by_round(own: Figures, other: Figures) -> float:
    """Returns the median of the wall-clock ratios, each within one round."""
    return statistics.median(one / two for one, two in zip(own.wall, other.wall, strict=True))


def check(commands: Sequence[Command], folder: Path) -> None:
    """Runs each command once, in this folder, and raises unless it ends well and prints what it should."""
    for command in commands:
        done = subprocess.run(
            command.argv,
            env=dict(command.env),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        if done.returncode or command.prints not in done.stdout:
            raise RuntimeError(f"{command.name}: exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")


def measure(commands: Sequence[Command], folder: Path, *, rounds: int, warmup: int = 2) -> dict[str, Figures]:
    """Starts every command once a round, in this folder; raises when one of them ever fails."""
    job = {"commands": [(command.argv, dict(command.env)) for command in commands], "rounds": rounds, "warmup": warmup}
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(TIMER)],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    ) as timer:
        try:
            printed, _ = timer.communicate(json.dumps(job), timeout=PATIENCE)
        finally:
            if timer.poll() is None:
                os.killpg(timer.pid, signal.SIGKILL)
    runs: list[list[tuple[float, float, float, int]]] = json.loads(printed)
    failed = [command.name for command, taken in zip(commands, runs, strict=True) if any(run[3] for run in taken)]
    if failed:
        raise RuntimeError(f"failed while they were timed: {', '.join(failed)}")
    return {
        command.name: Figures(*(tuple(run[column] for run in taken) for column in range(3)))
        for command, taken in zip(commands, runs, strict=True)
    }


def table(figures: Mapping[str, Figures], base: str) -> str:
    """Writes the figures as a Markdown table, each with its ratio to the base command where that was measured."""
    lines = [
        f"| what | wall ms: median (min-max) | cpu ms | peak MiB | to {base}: median of rounds | of the fastest |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    other = figures.get(base)
    for name, own in figures.items():
        wall = f"{statistics.median(own.wall):.1f} ({min(own.wall):.1f}-{max(own.wall):.1f})"
        rest = f"{statistics.median(own.cpu):.1f} | {statistics.median(own.memory):.1f}"
        ratios = f"{round_by_round(own, other):.3f} | {of_the_fastest(own, other):.3f}" if other else " | "
        lines.append(f"| {name} | {wall} | {rest} | {ratios} |")
    return "\n".join(lines)
