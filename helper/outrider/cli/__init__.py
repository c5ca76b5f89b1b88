"""The command line: each command a file of its own, loaded when it is called.

`main` is the one place that turns a mistake into `error:` and `hint:` and chooses the exit code.
"""

import sys


def main() -> None:
    """Runs the command line and exits with its code."""
    if sys.argv[1:] == ["--version"]:
        from outrider import __version__

        sys.stdout.write(f"outrider {__version__}\n")
        return
    from outrider.cli.entry import run

    sys.exit(run(sys.argv[1:]))
