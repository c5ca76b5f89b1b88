"""Times cold starts beside the peers, whole processes in turn: `python -m bench.start [--rounds N]`.

The table that `./test.sh peers` judges, without judging. Compare ratios within one table, never two tables.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.peers import contest, processes


def main() -> None:
    """Installs everybody, measures, and prints one table."""
    parser = argparse.ArgumentParser(prog="python -m bench.start", description="Times cold starts beside the peers.")
    parser.add_argument("--rounds", type=int, default=contest.ROUNDS)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder, contest.prepared(Path(folder)) as ready:
        for name, why in ready.missing.items():
            say(f"SKIPPED {name}: {why}")
        say(f"{rounds} rounds, every command once in each; times of whole processes\n")
        say(processes.table(ready.run(rounds), contest.BASE))


def say(text: str) -> None:
    """Writes a line to standard output."""
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
