"""`outrider demo --batch`: many documents, their process killed again and again, and nothing lost or kept twice.

Everything is real but the provider: processes, kills, the book, the command that goes on where it was left.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from outrider.cli.show import complain, out
from outrider.doors.ledger import Ledger
from outrider.doors.settings import Places
from outrider.doors.simulator import simulated

AT_ONCE = 16
PATIENCE = 120.0
POLL = 0.003
TYPED = ("batch", "documents.jsonl", "-m", "demo.second", "--max-output", "200", "--max-cost", "5", "-o",
         "answers.jsonl")  # fmt: skip


def play(count: int, kills: int, layer: Callable[[str], dict[str, Any]]) -> int:
    """Asks so many documents with so many kills on the way; returns the exit code."""
    with simulated() as address, tempfile.TemporaryDirectory(prefix="outrider-demo-") as folder:
        config = os.path.join(folder, ".claude", "config")
        os.makedirs(config)
        with open(os.path.join(config, "models.local.json"), "w", encoding="utf-8") as file:
            json.dump(layer(address), file)
        with open(os.path.join(folder, "documents.jsonl"), "w", encoding="utf-8") as file:
            file.writelines(f'{{"id": "d{number}", "prompt": "document {number}"}}\n' for number in range(count))
        out(
            f"outrider demo: {count:,} documents, a simulated provider on this machine, {kills} kills; no key, no "
            "network, none of your files"
        )
        return _told(folder, count, kills)


def _told(folder: str, count: int, kills: int) -> int:
    places = Places(
        home=os.path.join(folder, "home"), claude=os.path.join(folder, ".claude"), project=None, bundled="",
        managed=os.path.join(folder, "none"),
    )  # fmt: skip
    for number in range(kills):
        out(f"\n$ outrider {' '.join(TYPED)}")
        _kill(_start(folder), places, count * (number + 1) // (kills + 1))
        out(f"[killed with signal 9; {_kept(places):,} answers are kept]")
    out(f"\n$ outrider {' '.join(TYPED)}")
    code = _start(folder).wait(PATIENCE)
    asked, wrong = _calls(places), _wrong(folder, count)
    out(f"[exit {code}]\n\n$ outrider {' '.join(TYPED)}")
    again = _start(folder).wait(PATIENCE)
    out(f"[exit {again}; {_calls(places) - asked} calls]")
    out(
        f"\n{count:,} documents, {count - wrong:,} with their own answer; {asked:,} calls booked: "
        f"{asked - count:,} were under way at a kill and asked again (at most {kills} kills x {AT_ONCE} at one time)"
    )
    if code or again or wrong or not count <= asked <= count + kills * AT_ONCE or _calls(places) != asked:
        complain("the demo ended otherwise than it should", "run `outrider doctor`")
        return 1
    return 0


def _start(folder: str) -> "subprocess.Popen[bytes]":
    """Types the command in a process of its own, with a home of its own."""
    isolated = ["-I"] if sys.flags.isolated else []
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    environment = {
        **kept, "HOME": folder, "OUTRIDER_HOME": os.path.join(folder, "home"),
        "CLAUDE_CONFIG_DIR": os.path.join(folder, ".claude"),
    }  # fmt: skip
    sys.stdout.flush()
    command = [sys.executable, *isolated, "-m", "outrider", *TYPED]
    return subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL)  # noqa: S603 (our own)


def _kill(process: "subprocess.Popen[bytes]", places: Places, wanted: int) -> None:
    """Kills a process as soon as so many answers are kept."""
    until = time.monotonic() + PATIENCE
    while process.poll() is None and _kept(places) < wanted and time.monotonic() < until:
        time.sleep(POLL)
    process.kill()
    process.wait(PATIENCE)


def _kept(places: Places) -> int:
    return _counted(places, "SELECT COUNT(*) FROM batch_documents WHERE state = 'done'")


def _calls(places: Places) -> int:
    return _counted(places, "SELECT COUNT(*) FROM attempts")


def _counted(places: Places, query: str) -> int:
    ledger = Ledger(places)
    try:
        found = ledger.read(query)
    finally:
        ledger.close()
    return int(found[0][0]) if found else 0


def _wrong(folder: str, count: int) -> int:
    """Returns how many documents do not have their own answer, once and in their place."""
    try:
        with open(os.path.join(folder, "answers.jsonl"), encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
    except OSError:
        return count
    right: int = sum(
        line["id"] == f"d{number}" and str(line["answer"]).endswith(f"document {number}")
        for number, line in enumerate(lines[:count])
    )
    return count - right + max(len(lines) - count, 0)
