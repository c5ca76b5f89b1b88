"""Every write of a command fails once, or is its last: the disk says no, or the process is killed in that very call.

`strace` puts the fault into the kernel's answer, so the command under test is the real one, unchanged.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.doors.booking import rows
from tests.servers import ScriptedServer
from tests.torture.conftest import Measured
from tests.torture.test_commands import write_models
from tests.torture.test_ledger import is_sound

pytestmark = pytest.mark.torture

SYSCALLS = ("write", "pwrite64", "fdatasync", "fsync", "rename", "link", "ftruncate", "unlink")
FAULTS = ("error=EIO", "error=ENOSPC", "signal=KILL")
COMMAND = [
    sys.executable, "-I", "-B", "-c", "from outrider.cli import main; main()",
    "ask", "-m", "here.one", "--max-output", "100", "hello", "--json",
]  # fmt: skip


class Ended(NamedTuple):
    """How a traced command ended, what it printed, and what strace saw."""

    code: int
    out: str
    err: str
    trace: str


@pytest.fixture
def tracing(tmp_path: Path) -> None:
    """Lets the test put faults into system calls; where that is not possible, the test says so, loudly."""
    if shutil.which("strace") is None:
        pytest.skip("LOUD: there is no strace here, so no single write was made to fail")
    trial = traced(tmp_path, ["true"], "inject=close:error=EIO:when=9999")
    if trial.code:
        pytest.skip(f"LOUD: strace may not trace here, so no single write was made to fail: {trial.err.strip()[:200]}")


def traced(
    folder: Path, command: list[str], *expressions: str, home: Path | None = None, syscalls: Sequence[str] = SYSCALLS
) -> Ended:
    """Runs a command under strace, with the home that it is given."""
    told = folder / "trace"
    told.unlink(missing_ok=True)
    options = [part for expression in (f"trace={','.join(syscalls)}", *expressions) for part in ("-e", expression)]
    ended = plain(folder, ["strace", "-f", "-o", str(told), *options, *command], home=home)
    return ended._replace(trace=told.read_text(errors="replace") if told.exists() else "")


def plain(folder: Path, command: list[str], *, home: Path | None = None) -> Ended:
    """Runs a command that nobody disturbs, with the home that it is given."""
    environment = dict(os.environ)
    if home is not None:
        environment |= {"HOME": str(home), "OUTRIDER_HOME": str(book(home)), "CLAUDE_CONFIG_DIR": str(home / ".claude")}
    done = subprocess.run(
        command, env=environment, cwd=folder, text=True, check=False, stdin=subprocess.DEVNULL, capture_output=True,
        timeout=60,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout, done.stderr, "")


def book(home: Path) -> Path:
    """Says where the book of a home is."""
    return home / ".config" / "outrider"


def calls_in(trace: str) -> Counter[str]:
    """Counts the system calls of a trace."""
    return Counter(line.split(None, 1)[1].partition("(")[0] for line in trace.splitlines() if "(" in line)


def spread(count: int, most: int) -> list[int]:
    """Returns up to `most` positions from 1 to `count`, the first and the last among them."""
    return sorted({1 + number * (count - 1) // max(1, min(count, most) - 1) for number in range(min(count, most))})


def places(counts: Counter[str], most: int) -> Iterator[tuple[str, int]]:
    """Yields every call that is struck."""
    for syscall in SYSCALLS:
        for position in spread(counts[syscall], most):
            yield syscall, position


def check_ended(ended: Ended, fault: str, about: str) -> None:
    """A killed command is dead; any other ends with a code and one answer or none, and never with a traceback."""
    if fault == "signal=KILL":
        assert ended.code in {-9, 137}, about
        return
    assert "(INJECTED)" in ended.trace, about
    assert ended.code in {0, 1, 2}, f"{about}: {ended.code} {ended.err}"
    struck = next(line for line in ended.trace.splitlines() if "(INJECTED)" in line)
    if " write(1," in struck:
        assert ended.code != 0, f"{about}: the answer was lost, and the code says that all is well"
        return  # What a person reads then is the last test's matter.
    assert "Traceback" not in ended.out + ended.err, about + ended.err
    if ended.out:
        assert ended.out.count("\n") == 1, about
        assert isinstance(json.loads(ended.out), dict), about


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("is_fresh", "most"), [(True, 4), (False, 2)], ids=["first-command", "later-command"])
def test_whichever_write_fails_the_next_command_works(
    tmp_path: Path, server: ScriptedServer, tracing: None, measured: Measured, *, is_fresh: bool, most: int, fault: str
) -> None:
    """No traceback, no half answer, no call without its row; and the command after it finds a whole book."""
    began = time.monotonic()

    def new_home(name: str) -> Path:
        home = tmp_path / name
        home.mkdir()
        write_models(home, server, budget=1000.0)
        return home

    used = new_home("used")
    clean = traced(tmp_path, COMMAND, home=used)
    if not is_fresh:
        clean = traced(tmp_path, COMMAND, home=used)
    assert clean.code == 0, clean.err
    counts = calls_in(clean.trace)
    assert counts["pwrite64"]
    assert counts["fdatasync"]
    codes: Counter[int] = Counter()
    before = len(server.asked) if is_fresh else 0
    for number, (syscall, position) in enumerate(places(counts, most)):
        about = f"{syscall} {position} of {counts[syscall]}, {fault}"
        home = new_home(str(number)) if is_fresh else used
        ended = traced(tmp_path, COMMAND, f"inject={syscall}:{fault}:when={position}", home=home)
        check_ended(ended, fault, about)
        codes[ended.code] += 1
        after = plain(tmp_path, COMMAND, home=home)
        assert (after.code, json.loads(after.out)["answer"]) == (0, "hello from one"), about + after.err
        assert is_sound(book(home)), about
        assert len((book(home) / "salt").read_bytes()) == 32, about
        heard = len(server.asked) - before
        assert heard <= rows(book(home), "SELECT count(*) FROM attempts")[0][0], about
        if is_fresh:
            before += heard
    struck = ", ".join(f"{syscall} {counts[syscall]}" for syscall in SYSCALLS if counts[syscall])
    measured(
        f"{fault}: {codes.total()} times among {counts.total()} calls ({struck}): codes {dict(sorted(codes.items()))},"
        f" the next command worked every time, {time.monotonic() - began:.1f} s"
    )


def test_a_full_disk_under_stdout_is_told_in_a_line(home: Path, server: ScriptedServer) -> None:
    """`outrider ask … > file` on a full disk: a code and a line, no traceback; the call has its row."""
    write_models(home, server, budget=1.0)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            COMMAND, stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )  # fmt: skip
    assert done.returncode == 1
    assert is_sound(book(home))
    assert "Traceback" not in done.stderr
