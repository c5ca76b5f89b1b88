"""A long ask goes on in a process of its own session; whoever waits may leave with a handle.

The fork happens before any connection is open, so one process owns the socket and the ledger's rows throughout.
Everything it prints goes to a spool in our home, from which `jobs collect` prints it again. While it lives it holds a
lock there: its number alone would say nothing, since numbers come again.
"""

import fcntl
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from outrider.doors.files import make_folder, read_small, write_whole
from outrider.doors.settings import Places
from outrider.errors import OutriderError, StorageFault
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
    lock = _take_lock(folder)
    started = time.time()
    pid = os.fork()
    if pid == 0:
        os.close(ended)
        _become(folder, work, run=run, started=started)
    os.close(lock)
    os.close(held)
    _introduce(folder, run, pid=pid, started=started)
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


def _introduce(folder: str, run: str, *, pid: int, started: float) -> None:
    """Says who works here. Both processes say it, so that neither's end leaves a job that nobody finds."""
    about = {"id": run, "pid": pid, "started": started}
    write_whole(os.path.join(folder, "job.json"), json.dumps(about).encode())


def _take_lock(folder: str) -> int:
    """Returns a descriptor with a lock, which is free again when every process that inherited it is gone."""
    descriptor = os.open(os.path.join(folder, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def print_handle(run: str, *, as_json: bool) -> None:
    """Prints the handle first, since Claude Code shows the first line of a command that exits with an error."""
    if as_json:
        error = {"kind": "running", "message": "still running", "hint": f"outrider jobs collect {run}"}
        sys.stdout.write(json.dumps({"answer": None, "job": run, "run": run, "error": error}) + "\n")
    else:
        sys.stdout.write(f"job {run} is still running; its answer comes with: outrider jobs collect {run}\n")


def _become(folder: str, work: Callable[[], int], *, run: str, started: float) -> NoReturn:
    """Turns this process into the detached one. Never returns into the caller's frames, whatever fails."""
    code = 1
    try:
        os.setsid()
        _introduce(folder, run, pid=os.getpid(), started=started)
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
        try:
            try:
                sys.stdout.flush()
                sys.stderr.flush()
            except OSError:
                code = 1  # the spool has no room for what was printed
            write_whole(os.path.join(folder, "exit"), str(code).encode())
        finally:
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
    try:
        about = json.loads(data)
        pid, started = int(about["pid"]), float(about["started"])
        ended = read_small(os.path.join(folder, "exit"), limit=64)
        code = int(ended) if ended else None
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise StorageFault(f"the job in {folder} is damaged", hint=f"remove it: `rm -r {folder}`") from None
    return Job(
        id=name, folder=folder, pid=pid, started=started, code=code,
        alive=code is None and _is_locked(os.path.join(folder, "lock")),
    )  # fmt: skip


def _is_plain(name: str) -> bool:
    return name.isascii() and name.isalnum() and len(name) <= 40


def listed(places: Places) -> tuple[Job, ...]:
    """Returns every job, the newest first; one whose files are damaged is none."""
    try:
        names = os.listdir(places.ours("jobs"))
    except FileNotFoundError:
        return ()
    jobs = []
    for name in names:
        with suppress(OutriderError):
            jobs.append(find(places, name))
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


def _is_locked(path: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
