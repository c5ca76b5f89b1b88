"""Times what is read from standard input, as a process of its own: `python -I -S timer.py`; see processes.py.

On Linux a new process inherits the peak memory of the one that started it: a test runner's own 60 MiB would hide what
is measured, so this file imports as little as can be. What is smaller than this process (9 MiB) reads as its size.
"""

import json
import os
import sys
import time

Run = tuple[float, float, float, int]


def once(argv: list[str], env: dict[str, str]) -> Run:
    """Runs one process; returns wall-clock and processor milliseconds, peak MiB, and its exit code."""
    actions = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in range(3)]
    began = time.perf_counter()
    child = os.posix_spawn(argv[0], argv, env, file_actions=actions)
    _, status, used = os.wait4(child, 0)
    wall = time.perf_counter() - began
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux kibibytes
    return wall * 1e3, (used.ru_utime + used.ru_stime) * 1e3, used.ru_maxrss / unit, os.waitstatus_to_exitcode(status)


def main() -> None:
    """Starts every command once a round, and writes what each run took."""
    job = json.load(sys.stdin)
    taken: list[list[Run]] = [[] for _ in job["commands"]]
    for number in range(job["warmup"] + job["rounds"]):
        for place, (argv, env) in enumerate(job["commands"]):
            run = once(argv, env)
            if number >= job["warmup"]:
                taken[place].append(run)
    json.dump(taken, sys.stdout)


if __name__ == "__main__":
    main()
