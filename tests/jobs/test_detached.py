"""A long ask goes on in a process of its own: it can be left, found, read and stopped, and nothing is asked twice."""

import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outrider.doors.settings import Places
from outrider.errors import OutriderError, StorageFault
from outrider.jobs import detached
from outrider.records import replace
from tests.cli.typing_it import write_layer
from tests.doors.booking import places_at
from tests.servers import Reply, ScriptedServer, say, way

ROOT = Path(__file__).parents[2]
HANDLE = re.compile(r"job (\w+) is still running; its answer comes with: outrider jobs collect \1\n")


@pytest.fixture
def places(home: Path) -> Places:
    """Returns the places of the commands of this test."""
    return replace(places_at(home / ".config" / "outrider"), claude=str(home / ".claude"))


@pytest.fixture
def models(home: Path, server: ScriptedServer) -> None:
    """Writes a layer with a quick and a slow model at the scripted provider."""
    row = {"provider": "here", "price": {"input": 1, "output": 2}}
    write_layer(
        home,
        {
            "providers": {"here": {"dialect": "openai", "base_url": f"{server.url}/v1"}},
            "models": {
                "here.one": {**row, "id": "one"},
                "here.slow": {**row, "id": "slow", "limits": {"first_byte": 300, "total": 900}},
            },
        },
    )


def start(*arguments: str, inside: bool = False) -> "subprocess.Popen[str]":
    """Starts a command as a shell would."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "helper"), **({"CLAUDECODE": "1"} if inside else {})}
    return subprocess.Popen(
        [sys.executable, "-m", "outrider", *arguments], env=environment, cwd=os.environ["HOME"], text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def run(*arguments: str, inside: bool = False) -> tuple[int, str, str]:
    """Runs a command to its end."""
    process = start(*arguments, inside=inside)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def until(is_so: Callable[[], Any], *, seconds: float = 10.0) -> bool:
    """Waits until something is so, and returns whether it became so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return True
        os.sched_yield()
    return False


def ask_in_the_background(server: ScriptedServer, reply: Reply, *more: str) -> str:
    """Asks with `--background`, and returns the handle when the server has heard the question."""
    server.script(reply)
    code, out, _ = run("ask", "-m", "here.one", "--background", *more, "hi")
    match = HANDLE.match(out)
    assert (code, match is not None) == (6, True)
    assert server.wait_for(1)
    return match[1] if match else ""


def booked(places: Places) -> list[tuple[Any, ...]]:
    """Returns every attempt of the book, as how it ended."""
    connection = sqlite3.connect(places.ours("ledger.db"))
    try:
        return connection.execute("SELECT outcome, kind, certainty FROM attempts ORDER BY id").fetchall()
    finally:
        connection.close()


def test_an_answer_is_collected_as_often_as_one_likes(models: None, server: ScriptedServer, places: Places) -> None:
    """The handle is the first line and the code is 6; the answer comes with its own code, and was asked for once."""
    job = ask_in_the_background(server, say("the answer"), "--raw")
    assert [run("jobs", "collect", job)[:2] for _ in range(2)] == [(0, "the answer\n")] * 2
    assert len(server.asked) == 1
    assert booked(places) == [("answer", None, "exact")]
    assert run("jobs", "show", job)[1].startswith(f"job {job}: done, started ")


@pytest.mark.process
def test_a_handle_as_json_is_one_object(models: None, server: ScriptedServer) -> None:
    """It has the shape of an answer that is not there yet; collecting gives the answer's."""
    server.script(say("the answer"))
    code, out, _ = run("ask", "-m", "here.one", "--background", "--json", "hi")
    handle = json.loads(out)
    assert (code, handle["answer"], handle["error"]["kind"]) == (6, None, "running")
    assert handle["error"]["hint"] == f"outrider jobs collect {handle['job']}"
    code, out, _ = run("jobs", "collect", handle["job"])
    assert (code, json.loads(out)["answer"], json.loads(out)["run"]) == (0, "the answer", handle["run"])


def test_inside_claude_code_a_slow_model_is_asked_from_a_process_of_its_own(
    models: None, server: ScriptedServer, places: Places
) -> None:
    """When it is in time, its command prints the answer and nothing of the job shows."""
    server.script(say("the answer"))
    code, out, _ = run("ask", "-m", "here.slow", "hi", inside=True)
    assert (code, "the answer" in out, "still running" in out) == (0, True, False)
    assert (len(server.asked), len(detached.listed(places))) == (1, 1)


@pytest.mark.process
def test_a_command_that_is_killed_leaves_its_answer(models: None, server: ScriptedServer, places: Places) -> None:
    """Claude Code may kill the command; the question was paid for, and its answer waits."""
    server.script(way("drip", Reply(text="the answer", pause=0.0005)))
    command = start("ask", "-m", "here.slow", "--raw", "hi", inside=True)
    assert server.wait_for(1)
    command.kill()
    command.communicate(timeout=10)
    (job,) = detached.listed(places)
    assert run("jobs", "collect", job.id)[:2] == (0, "the answer\n")
    assert len(server.asked) == 1


@pytest.mark.process
def test_a_command_that_is_stopped_stops_its_work(models: None, server: ScriptedServer, places: Places) -> None:
    """Who presses Ctrl-C wants no answer; the call may have been billed, and its row says so."""
    server.script(way("hang"))
    command = start("ask", "-m", "here.slow", "hi", inside=True)
    assert server.wait_for(1)
    command.send_signal(signal.SIGINT)
    command.communicate(timeout=10)
    assert command.returncode == 130
    assert until(lambda: booked(places) == [("failure", "interrupted", "in_doubt")])
    assert until(lambda: not detached.listed(places)[0].alive)


@pytest.mark.process
def test_a_job_is_cancelled(models: None, server: ScriptedServer, places: Places) -> None:
    """It ends as any command that is asked to; cancelling it again finds nothing to stop."""
    job = ask_in_the_background(server, way("hang"))
    assert run("jobs", "show", job, "--json")[1].startswith(f'{{"id": "{job}", "state": "running"')
    assert run("jobs", "cancel", job)[:2] == (0, f"job {job} was asked to stop\n")
    assert until(lambda: detached.find(places, job).code is not None)
    assert detached.find(places, job).code == 143
    assert run("jobs", "cancel", job)[1] == f"job {job} is not running\n"
    assert booked(places) == [("failure", "interrupted", "in_doubt")]
    assert len(server.asked) == 1


@pytest.mark.process
def test_a_job_that_is_killed_is_known_to_be(models: None, server: ScriptedServer, places: Places) -> None:
    """No answer comes and none is waited for; the next call books what may have been billed."""
    job = ask_in_the_background(server, way("hang"))
    os.kill(detached.find(places, job).pid, signal.SIGKILL)
    assert until(lambda: not detached.find(places, job).alive)
    code, _, err = run("jobs", "collect", job)
    assert (code, err.splitlines()[0]) == (
        1, f"error: job {job} was killed before its answer; its call may have been billed",
    )  # fmt: skip
    assert "killed" in run("jobs", "list")[1]
    assert booked(places) == [("open", None, "in_doubt")]
    assert run("ask", "-m", "here.one", "next")[0] == 0
    assert booked(places) == [("failure", "interrupted", "in_doubt"), ("answer", None, "exact")]


@pytest.mark.process
def test_a_job_that_still_runs_can_be_asked_for_in_vain(models: None, server: ScriptedServer) -> None:
    """Collecting waits as long as it may, and then gives the handle again."""
    job = ask_in_the_background(server, way("hang"))
    code, out, _ = run("jobs", "collect", job, "--wait", "0.1")
    assert (code, out) == (6, f"job {job} is still running; its answer comes with: outrider jobs collect {job}\n")
    run("jobs", "cancel", job)
    assert len(server.asked) == 1


BESIDES = """
import os, sys
from outrider.errors import OutriderError
from outrider.jobs.detached import detach
from tests.doors.booking import places_at
places = places_at(sys.argv[1])
def work():
    {work}
code = detach(places, "job1", work, wait=float(sys.argv[2]), as_json=False)
print("after", code, flush=True)
"""


def detach_in(places: Places, work: str, *, wait: float = 20.0) -> tuple[int, str, str]:
    """Runs some work detached, from a process of its own."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'helper'}:{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", BESIDES.format(work=work), places.home, str(wait)], env=environment, text=True,
        capture_output=True, check=False, timeout=30,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("work", "out", "err", "code"),
    [
        ("print('out'); print('err', file=sys.stderr); return 4", "out\n", "err\n", 4),
        ("raise OutriderError('a mistake', hint='mend it')", "", "error: a mistake\nhint: mend it\n", 2),
        ("raise KeyboardInterrupt", "", "", 130),
        ("raise SystemExit(3)", "", "", 1),
        ("sys.stdout.buffer.write(b'\\xff\\n'); return 0", "\ufffd\n", "", 0),
        ("print('half \\ud800'); return 0", "half ?\n", "", 0),
        ("os.write(1, b'raw\\n'); return 0", "raw\n", "", 0),
        ("print(repr(sys.stdin.read())); return 0", "''\n", "", 0),
        ("print(os.getsid(0) == os.getpid()); return 0", "True\n", "", 0),
    ],
)
def test_what_the_work_says_is_relayed(places: Places, work: str, out: str, err: str, code: int) -> None:
    """Its output, its errors and its code; the caller goes on once, and the work never in its place."""
    assert detach_in(places, work) == (0, f"{out}after {code}\n", err)
    assert detached.find(places, "job1").code == code


def test_a_bug_of_the_work_is_shown(places: Places) -> None:
    """Its traceback is kept, since nobody else could print it."""
    _, out, err = detach_in(places, "raise ZeroDivisionError")
    assert (out, "ZeroDivisionError" in err) == ("after 1\n", True)


def test_work_that_takes_longer_is_left(places: Places, tmp_path: Path) -> None:
    """After the wait there is a handle, and the work goes on until it has an end."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    _, out, _ = detach_in(places, f"print(open({str(pipe)!r}).read()); return 0", wait=0.1)
    assert out == "job job1 is still running; its answer comes with: outrider jobs collect job1\nafter 6\n"
    job = detached.find(places, "job1")
    assert (job.alive, job.code) == (True, None)
    assert job.started == pytest.approx(time.time(), abs=20)
    pipe.write_text("late", encoding="utf-8")
    assert until(lambda: detached.find(places, "job1").code == 0)
    assert Path(job.folder, "stdout").read_text(encoding="utf-8") == "late\n"


def test_a_job_is_its_owners_alone(places: Places) -> None:
    """Its answer is as private as the question."""
    detach_in(places, "print('out'); return 0")
    folder = Path(places.ours("jobs", "job1"))
    names = ("job.json", "exit", "stdout", "stderr", "lock", "made_for")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == dict.fromkeys(names, 0o600)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_full_spool_is_no_success(places: Places) -> None:
    """What could not be kept was not answered; the process ends all the same, and not in its caller's place."""
    work = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); sys.stdout.write('x' * 5000); return 0"
    )
    code, out, _ = detach_in(places, work)
    assert (code, out.count("after")) == (0, 1)
    assert out.endswith("after 1\n")


@pytest.fixture
def forged(places: Places) -> Callable[..., Path]:
    """Writes the folder of a job by hand."""

    def forge(job: str = "job1", **files: str) -> Path:
        folder = Path(places.ours("jobs", job))
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name.replace("_", ".")).write_text(content, encoding="utf-8")
        return folder

    return forge


def test_a_number_that_came_again_is_not_the_job(places: Places, forged: Callable[..., Path]) -> None:
    """After a reboot another process may have it: it is not called the job, and never stopped."""
    innocent = subprocess.Popen(["sleep", "30"])
    try:
        forged(job_json=json.dumps({"id": "job1", "pid": innocent.pid, "started": 1.0}), lock="")
        job = detached.find(places, "job1")
        assert (job.alive, job.code, detached.cancel(job)) == (False, None, False)
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


@pytest.mark.parametrize("name", ["", ".", "..", "../job1", "a/b", "nope", "j" * 41, "jöb", "a b"])
def test_an_unknown_job_is_a_mistake(places: Places, name: str) -> None:
    """No name leads out of the folder, and the hint lists those that are there."""
    Path(places.ours("jobs")).mkdir(parents=True)
    with pytest.raises(OutriderError) as caught:
        detached.find(places, name)
    assert caught.value.message == f"no job is called `{name[:40]}`"
    assert caught.value.hint == "see them all with `outrider jobs list`"


@pytest.mark.parametrize(
    "files",
    [
        {"job_json": ""}, {"job_json": "[]"}, {"job_json": "{}"}, {"job_json": '{"pid": "x", "started": 1}'},
        {"job_json": '{"pid": 1, "started": 1}', "exit": "x"},
    ],
)  # fmt: skip
def test_a_damaged_job_is_named(places: Places, forged: Callable[..., Path], files: dict[str, str]) -> None:
    """The others are listed all the same."""
    folder = forged(**files)
    forged("whole", job_json='{"id": "whole", "pid": 1, "started": 1}', exit="0")
    with pytest.raises(StorageFault) as caught:
        detached.find(places, "job1")
    assert (caught.value.message, caught.value.hint) == (
        f"the job in {folder} is damaged", f"remove it: `rm -r {folder}`",
    )  # fmt: skip
    assert [job.id for job in detached.listed(places)] == ["whole"]


def test_jobs_are_listed_from_the_newest(places: Places, forged: Callable[..., Path]) -> None:
    """A folder without one, or none at all, is no mistake."""
    assert detached.listed(places) == ()
    for name, started in (("old", 1.0), ("new", 3.0), ("middle", 2.0)):
        forged(name, job_json=json.dumps({"id": name, "pid": 1, "started": started}), exit="0")
    forged("empty")
    Path(places.ours("jobs", ".DS_Store")).touch()
    assert [job.id for job in detached.listed(places)] == ["new", "middle", "old"]
