"""Runs the scripted server alone: prints its address, and ends after `--seconds` or when its input closes."""

import argparse
import sys
from threading import Event, Thread

from tests.servers.replies import named
from tests.servers.server import ScriptedServer


def main() -> None:
    """Serves until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long to run at most")
    parser.add_argument("--model", action="append", default=[], help="a model to list; may be repeated")
    parser.add_argument("--always", default="", help="fail every request so: a status, a way or a shape")
    options = parser.parse_args()
    done = Event()

    def watch() -> None:
        sys.stdin.read()
        done.set()

    with ScriptedServer(port=options.port, models=tuple(options.model) or ("test-model",)) as server:
        if options.always:
            server.always(named(options.always))
        print(server.url, flush=True)
        Thread(target=watch, daemon=True).start()
        done.wait(options.seconds)


if __name__ == "__main__":
    main()
