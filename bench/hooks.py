"""Times what our hooks add to Claude Code's calls, whole processes in turn: `python -m bench.hooks [--rounds N]`.

The bare interpreter is in the same table; what counts is the difference to it, and how many times it a hook takes:
three at most. Processor time says more than the clock
where the machine has other work. Bash calls that are none of ours start no hook at all, so they cost nothing.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BARE = "the interpreter alone"
START = "from outrider.cli import main; main()"
MANIFEST = {
    "version": 1, "helper": "0", "form": "loose", "names": {"scout": "scout"}, "explore": False, "files": {},
}  # fmt: skip


def main() -> None:
    """Measures every case in each round, and prints one table."""
    parser = argparse.ArgumentParser(prog="python -m bench.hooks", description="Times the hooks.")
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        cases = prepared(Path(folder))
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
        for turn in range(rounds + 1):
            for name, (command, given, environment) in cases.items():
                start, used = time.perf_counter(), processor()
                subprocess.run(  # noqa: S603 (what is measured)
                    command, input=given, env=environment, stdout=subprocess.DEVNULL, check=True
                )
                if turn:
                    taken[name].append((time.perf_counter() - start, processor() - used))
    medians = {
        name: [statistics.median(times) * 1e3 for times in zip(*both, strict=True)] for name, both in taken.items()
    }
    clock, processed = medians[BARE]
    sys.stdout.write(f"{rounds} rounds, every case once in each; medians of whole processes, in milliseconds\n\n")
    sys.stdout.write(f"{'':38}{'clock':>8}{'more':>8}{'processor':>12}{'more':>8}{'times':>8}\n")
    for name, (here, there) in medians.items():
        more = f"{here:8.1f}{here - clock:8.1f}{there:12.1f}{there - processed:8.1f}{there / processed:8.2f}"
        sys.stdout.write(f"{name:38}{more}\n")


def processor() -> float:
    """Returns the processor's seconds of all processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def prepared(folder: Path) -> dict[str, tuple[list[str], bytes, dict[str, str]]]:
    """Makes a home with the pack's manifest and a project with a file; returns what is run, with which input."""
    home, project = folder / "home", folder / "project"
    (home / ".claude" / "config").mkdir(parents=True)
    (home / ".claude" / "config" / "outrider.pack.json").write_text(json.dumps(MANIFEST), encoding="utf-8")
    (project / ".git").mkdir(parents=True)
    (project / "a.py").write_text("one\n", encoding="utf-8")
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "CLAUDE_PROJECT_DIR": str(project)}

    def case(event: str, tool: str, **given: str) -> tuple[list[str], bytes, dict[str, str]]:
        told = {"hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": given, "cwd": str(project)}
        return [sys.executable, "-I", "-c", START, "hook", event], json.dumps(told).encode(), environment

    return {
        BARE: ([sys.executable, "-I", "-c", "pass"], b"", environment),
        "agent: a spawn that is not ours": case("agent", "Agent", subagent_type="general-purpose", prompt="x"),
        "agent: a spawn that names its model": case("agent", "Agent", subagent_type="scout", model="opus"),
        "agent: one of ours, put on its tier": case("agent", "Agent", subagent_type="scout", prompt="x"),
        "bash: a line that is not on the list": case("bash", "Bash", command="outrider ask hi; ls"),
        "bash: a question": case("bash", "Bash", command="outrider ask hi"),
        "bash: a question with a file": case("bash", "Bash", command="outrider ask -f a.py hi"),
        "private: one call": case("private", "Bash", command="outrider ask --private -f a.py hi"),
    }


if __name__ == "__main__":
    main()
