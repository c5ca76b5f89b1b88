"""A long ask goes on in a process of its own session; whoever waits may leave with a handle.

The fork happens before any connection is open, so one process owns the socket and the ledger's rows throughout.
Everything it prints goes to a spool in our home, from which `jobs collect` prints it again.
"""

import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import NoReturn

from outrider.doors.files import make_folder, read_small, write_whole
from outrider.doors.settings import Places
from outrider.errors import OutriderError
from outrider.records import record
from outrider.rules.containment import clean

STILL_RUNNING = 6
FENCED, PRIVATE = "fenced", "private"
LARGEST_SPOOL = 67_108_864


@record
class Job:
    """One detached run: where its spool is, whose it is, and how it ended (`code` is None while it runs)."""

    id: str
    folder: str
    pid: int
    started: float
    code: int | None
    alive: bool


def detach(places: Places, run: str, work: Callable[[], int], *, wait: float, as_json: bool, made_for: str = "") -> int:
    """Runs `work` in a process of its own and relays it for `wait` seconds; returns its code, or 6 with a handle.

    `made_for` says what is spooled: FENCED where it is fit for Claude Code, PRIVATE where it must not get there.
    """
    folder = places.ours("jobs", run)
    make_folder(folder)
    write_whole(os.path.join(folder, "made_for"), made_for.encode())
    sys.stdout.flush()
    sys.stderr.flush()
    ended, held = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ended)
        _become(folder, work)
    os.close(held)
    about = {"id": run, "pid": pid, "started": time.time()}
    write_whole(os.path.join(folder, "job.json"), json.dumps(about).encode())
    try:
        # The other end closes with the last process that holds it, which is when the work has ended.
        if wait > 0 and select.select([ended], [], [], wait)[0]:
            os.waitpid(pid, 0)
            return relay(find(places, run))
    except KeyboardInterrupt:
        os.kill(pid, signal.SIGTERM)
        raise
    finally:
        os.close(ended)
    print_handle(run, as_json=as_json)
    return STILL_RUNNING


def print_handle(run: str, *, as_json: bool) -> None:
    """Prints the handle first, since Claude Code shows the first line of a command that exits with an error."""
    if as_json:
        error = {"kind": "running", "message": "still running", "hint": f"outrider jobs collect {run}"}
        sys.stdout.write(json.dumps({"answer": None, "job": run, "run": run, "error": error}) + "\n")
    else:
        sys.stdout.write(f"job {run} is still running; its answer comes with: outrider jobs collect {run}\n")


def _become(folder: str, work: Callable[[], int]) -> NoReturn:
    """Turns this process into the detached one. Never returns into the caller's frames."""
    code = 1
    try:
        os.setsid()
        for name, number in (("stdout", 1), ("stderr", 2)):
            descriptor = os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(descriptor, number)
            os.close(descriptor)
        # What was bound to the caller's streams writes into the spool from here on.
        sys.stdout = open(1, "w", encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        empty = os.open(os.devnull, os.O_RDONLY)
        os.dup2(empty, 0)
        code = _outcome(work)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        write_whole(os.path.join(folder, "exit"), str(code).encode())
        os._exit(code)


def _outcome(work: Callable[[], int]) -> int:
    try:
        return work()
    except OutriderError as mistake:
        sys.stderr.write(f"error: {clean(mistake.message)}\nhint: {clean(mistake.hint)}\n")
        return mistake.exit_code
    except KeyboardInterrupt as stop:
        return int(getattr(stop, "code", 130))
    except Exception:  # noqa: BLE001 - nobody else can print a bug of this process
        import traceback

        traceback.print_exc()
        return 1


def find(places: Places, name: str) -> Job:
    """Returns a job by its id, or raises."""
    folder = places.ours("jobs", name)
    data = read_small(os.path.join(folder, "job.json"), limit=65_536) if _is_plain(name) else None
    if data is None:
        raise OutriderError(f"no job is called `{name[:40]}`", hint="see them all with `outrider jobs list`")
    about = json.loads(data)
    code = read_small(os.path.join(folder, "exit"), limit=64)
    pid = int(about["pid"])
    return Job(
        id=name, folder=folder, pid=pid, started=float(about["started"]),
        code=int(code) if code else None, alive=code is None and _is_alive(pid),
    )  # fmt: skip


def _is_plain(name: str) -> bool:
    return name.isascii() and name.isalnum() and len(name) <= 40


def listed(places: Places) -> tuple[Job, ...]:
    """Returns every job, the newest first."""
    try:
        names = os.listdir(places.ours("jobs"))
    except FileNotFoundError:
        return ()
    jobs = [find(places, name) for name in names if os.path.exists(places.ours("jobs", name, "job.json"))]
    return tuple(sorted(jobs, key=lambda job: -job.started))


def made_for(job: Job) -> str:
    """Returns what a job's spool is fit for: FENCED, PRIVATE, or nothing in particular."""
    return (read_small(os.path.join(job.folder, "made_for"), limit=64) or b"").decode("ascii", "replace")


def relay(job: Job, made: Callable[[str, str], str] = lambda _name, text: text) -> int:
    """Prints what a job printed, as `made` gives it for `stdout` and `stderr`, and returns its exit code."""
    for name, stream in (("stderr", sys.stderr), ("stdout", sys.stdout)):
        data = read_small(os.path.join(job.folder, name), limit=LARGEST_SPOOL) or b""
        stream.write(made(name, data.decode("utf-8", "replace")))
        stream.flush()
    return 1 if job.code is None else job.code


def cancel(job: Job) -> bool:
    """Asks a running job to stop; False where it no longer runs."""
    if not job.alive:
        return False
    os.kill(job.pid, signal.SIGTERM)
    return True


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
