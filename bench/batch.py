"""Times ten thousand documents on loopback: `python -m bench.batch [--rounds N] [--documents N] [--tls] [--long]`.

One server in a process of its own answers each question after 20 ms, 256 at once. Every client is a process and is
measured whole, start and end included: bare loops around aiohttp and httpx2, LiteLLM's router (in its own environment,
of the versions in `tests/peers/locks`), our engine with its book and journal, and the real `outrider batch`, each of
ours over both libraries. Answers are checked, one by one. Only ratios within one call of this program mean anything.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench.loopback.documents import MODEL, document, is_right
from outrider.records import record
from tests.doors.transport.certificates import make_certificate
from tests.peers.environments import CannotInstallError, install

LATENCY, AT_ONCE = 0.02, 256
LITELLM_SHARE = 10
"""The router is asked about a tenth of the documents, and its figures are multiplied: it would take minutes."""
ROOT = Path(__file__).resolve().parents[1]
HELPER = ROOT / "helper"
SCHEMA = {
    "type": "object", "additionalProperties": False, "required": ["digest", "label"],
    "properties": {"digest": {"type": "integer", "minimum": 0}, "label": {"enum": ["even", "odd"]}},
}  # fmt: skip


@record
class Took:
    """What one process took: seconds, seconds of the processor, mebibytes at most; and how many answers were wrong."""

    seconds: float
    cpu: float
    memory: float
    wrong: int


@record
class Bar:
    """A figure of one client beside the same of another, and what it may be."""

    who: str
    what: str
    beside: str
    most: float | None = None
    least: float | None = None


BARS = (
    Bar(who="batch, aiohttp", what="rate", beside="aiohttp", least=0.5),
    Bar(who="batch, aiohttp", what="cpu", beside="aiohttp", most=2.5),
    Bar(who="batch, aiohttp", what="rate", beside="litellm router", least=8.0),
    Bar(who="batch, aiohttp", what="cpu", beside="litellm router", most=0.1),
    Bar(who="batch, httpx2", what="rate", beside="httpx2", least=0.8),
    Bar(who="engine, aiohttp", what="rate", beside="aiohttp", least=0.5),
    Bar(who="engine, aiohttp", what="cpu", beside="aiohttp", most=2.5),
    Bar(who="engine, httpx2", what="rate", beside="httpx2", least=0.8),
)
MOST_MEMORY, MOST_MEMORY_TLS = 100.0, 150.0


@record
class Setting:
    """What all clients are given: the server's address, how many documents, and the CA file where it speaks TLS."""

    url: str
    documents: int
    ca_file: str | None
    folder: Path


def main() -> None:
    """Measures and prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.batch", description="Times ten thousand documents.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--tls", action="store_true", help="let the server speak TLS")
    parser.add_argument("--long", action="store_true", help="compare the memory of ten times as many documents")
    parser.add_argument("--only", nargs="+", choices=tuple(CLIENTS), help="leave the other clients out")
    flags = parser.parse_args()
    wanted = flags.only or list(CLIENTS)
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), tls=flags.tls) as (url, ca_file):
        setting = Setting(url=url, documents=flags.documents, ca_file=ca_file, folder=Path(folder))
        ideal = flags.documents / AT_ONCE * LATENCY
        say(f"{flags.documents:,} documents of 2 KB, {AT_ONCE} at once, {LATENCY * 1_000:.0f} ms each: ideal "
            f"{ideal:.2f} s; {flags.rounds} rounds{', over TLS' if flags.tls else ''}")  # fmt: skip
        found = measured(setting, wanted, flags.rounds)
        table(found, flags.documents)
        judge(found, MOST_MEMORY_TLS if flags.tls else MOST_MEMORY)
        if flags.long:
            grown(setting, [name for name in wanted if name in {"batch, aiohttp", "batch, httpx2"}], found)


def measured(setting: Setting, wanted: list[str], rounds: int) -> dict[str, list[Took]]:
    """Runs every client so many times, in turns, so that a busy minute hits all of them."""
    found: dict[str, list[Took]] = {}
    for _ in range(rounds):
        for name in wanted:
            try:
                found.setdefault(name, []).append(CLIENTS[name](setting))
            except CannotInstallError:
                say(f"SKIPPED {name}: its packages cannot be had")
    return {name: took for name, took in found.items() if took}


def table(found: Mapping[str, list[Took]], documents: int) -> None:
    """Prints what each took: the middle of its rounds."""
    say(f"{'':<18}{'seconds':>16}{'a second':>10}{'cpu s/1,000':>13}{'MiB':>8}{'wrong':>7}")
    for name, took in found.items():
        times = [one.seconds for one in took]
        middle = statistics.median(times)
        span = f"{middle:.2f} ({min(times):.2f}-{max(times):.2f})"
        cpu = statistics.median([one.cpu for one in took]) * 1_000 / documents
        memory, wrong = max(one.memory for one in took), sum(one.wrong for one in took)
        say(f"{name:<18}{span:>18}{documents / middle:>8,.0f}{cpu:>13.3f}{memory:>8.0f}{wrong:>7}")


def judge(found: Mapping[str, list[Took]], most_memory: float) -> None:
    """Prints the ratios beside their bars."""
    for bar in BARS:
        if bar.who not in found or bar.beside not in found:
            continue
        ours, theirs = (_middle(found[name], bar.what) for name in (bar.who, bar.beside))
        ratio = ours / theirs
        is_met = ratio <= bar.most if bar.most is not None else ratio >= (bar.least or 0.0)
        limit = f"at most {bar.most:g}" if bar.most is not None else f"at least {bar.least:g}"
        say(f"{'ok  ' if is_met else 'MISSED'} {bar.who}: {bar.what} {ratio:.3f} x {bar.beside} (bar: {limit})")
    for name in ("batch, aiohttp", "batch, httpx2"):
        if name in found:
            memory = max(one.memory for one in found[name])
            say(f"{'ok  ' if memory <= most_memory else 'MISSED'} {name}: {memory:.0f} MiB (bar: {most_memory:.0f})")


def grown(setting: Setting, names: list[str], found: Mapping[str, list[Took]]) -> None:
    """Prints how memory grows with ten times as many documents."""
    from outrider.records import replace

    for name in names:
        took = CLIENTS[name](replace(setting, documents=10 * setting.documents))
        before = max(one.memory for one in found[name])
        is_met = took.memory <= 1.1 * before
        say(f"{'ok  ' if is_met else 'MISSED'} {name}: {10 * setting.documents:,} documents in {took.seconds:.1f} s, "
            f"{took.memory:.0f} MiB, {took.memory / before:.2f} x (bar: at most 1.1), {took.wrong} wrong")  # fmt: skip


def _middle(took: list[Took], what: str) -> float:
    return statistics.median([1 / one.seconds if what == "rate" else one.cpu for one in took])


def other(setting: Setting, *, client: str) -> Took:
    """Runs a bare client."""
    return _client(setting, sys.executable, "bench.loopback.others", client, setting.documents)


def litellm(setting: Setting) -> Took:
    """Runs LiteLLM's router from its own environment, on a share of the documents."""
    count = min(max(setting.documents // LITELLM_SHARE, AT_ONCE), setting.documents)
    return _client(setting, str(install("litellm") / "python"), "bench.loopback.others", "litellm", count)


def engine(setting: Setting, *, library: str) -> Took:
    """Runs our engine over its book and journal."""
    return _client(setting, sys.executable, "bench.loopback.ours", library, setting.documents)


def _client(setting: Setting, python: str, module: str, client: str, count: int) -> Took:
    """Runs a client that checks its answers; one that asked fewer documents than wanted is taken for so many more."""
    out = setting.folder / "out.jsonl"
    command = [python, "-m", module, client, str(count), str(AT_ONCE), setting.url, str(out)]
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        environment = {
            "PATH": os.environ["PATH"], "HOME": home, "PYTHONPATH": f"{HELPER}{os.pathsep}{ROOT}",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }  # fmt: skip
        if setting.ca_file:
            command.append(setting.ca_file)
            environment["SSL_CERT_FILE"] = setting.ca_file
        took, text = _run(command, environment, Path(home))
    told = json.loads(text.splitlines()[-1])
    # Its start is paid once, however many it asks.
    more = setting.documents / count - 1
    return Took(
        seconds=took.seconds + more * told["seconds"], cpu=took.cpu + more * told["cpu"], memory=took.memory,
        wrong=told["wrong"],
    )  # fmt: skip


def command(setting: Setting, *, library: str) -> Took:
    """Runs the real command as a process, start and end measured too, and checks what it wrote."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        _write_home(home, setting)
        asked, out = home / "documents.jsonl", home / "answers.jsonl"
        with asked.open("w", encoding="utf-8") as file:
            for number in range(setting.documents):
                file.write(json.dumps({"id": number, "text": document(number)}) + "\n")
        path = str(HELPER)
        if library == "httpx2":
            # What it does where the optional library is not installed.
            (home / "without").mkdir()
            (home / "without" / "aiohttp.py").write_text("raise ModuleNotFoundError('left out')\n", encoding="utf-8")
            path = f"{home / 'without'}{os.pathsep}{HELPER}"
        line = [
            sys.executable, "-m", "outrider", "batch", str(asked), "--text-field", "text", "-m", "loopback.small",
            "--schema", str(home / "schema.json"), "--max-output", "200", "--max-cost", "1000",
            "--concurrency", str(AT_ONCE), "-o", str(out), "--quiet",
        ]  # fmt: skip
        environment = {
            "PATH": os.environ["PATH"], "HOME": folder, "PYTHONPATH": path, "LOOPBACK_API_KEY": "sk-loopback-012345678",
        }  # fmt: skip
        took, _ = _run(line, environment, home)
        answers = [json.loads(text) for text in out.read_text(encoding="utf-8").splitlines()]
    wrong = sum(not is_right(one["id"], one["answer"]) for one in answers) + setting.documents - len(answers)
    return Took(seconds=took.seconds, cpu=took.cpu, memory=took.memory, wrong=wrong)


def _write_home(home: Path, setting: Setting) -> None:
    """Writes the user's layer of a home that knows one model, and the schema of its answers."""
    config = home / ".claude" / "config"
    config.mkdir(parents=True)
    model = {
        "provider": "loopback", "id": MODEL, "price": {"input": 0.1, "output": 0.2}, "context": 128_000,
        "max_output": 16_000, "abilities": ["json"],
    }  # fmt: skip
    provider = {"dialect": "openai", "base_url": setting.url, "keys": ["LOOPBACK_API_KEY"]}
    layer: dict[str, Any] = {
        "providers": {"loopback": provider}, "models": {"loopback.small": model},
        "limits": {"budget_usd": {"day": None, "month": None}},
    }  # fmt: skip
    if setting.ca_file:
        layer["network"] = {"ca_file": setting.ca_file}
    (config / "models.local.json").write_text(json.dumps(layer), encoding="utf-8")
    (home / "schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")


def _run(line: list[str], environment: Mapping[str, str], folder: Path) -> tuple[Took, str]:
    """Runs a process to its end, and returns what it took and what it printed."""
    printed = folder / "printed"
    began = time.perf_counter()
    with printed.open("wb") as file, (folder / "said").open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603 - a command of ours
            line, env=dict(environment), cwd=folder, stdin=subprocess.DEVNULL, stdout=file, stderr=errors
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise RuntimeError((folder / "said").read_text(encoding="utf-8")[-2_000:])
    took = Took(seconds=seconds, cpu=usage.ru_utime + usage.ru_stime, memory=usage.ru_maxrss / 1_024, wrong=0)
    return took, printed.read_text(encoding="utf-8")


@contextmanager
def serving(folder: Path, *, tls: bool) -> Iterator[tuple[str, str | None]]:
    """Runs the server as a process of its own until the block ends; yields its address and the CA file."""
    line = [sys.executable, "-m", "bench.loopback.server", str(LATENCY)]
    ca_file = None
    if tls:
        certificate = make_certificate(folder)
        line += [str(certificate.file), str(certificate.key)]
        ca_file = str(certificate.file)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(  # noqa: S603 - a file of ours
        line, env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("its pipes are ours")
        try:
            yield f"http{'s' if tls else ''}://127.0.0.1:{process.stdout.readline().strip()}/v1", ca_file
        finally:
            process.stdin.close()


def say(text: str) -> None:
    """Writes a line to standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


CLIENTS: dict[str, Callable[[Setting], Took]] = {
    "aiohttp": partial(other, client="aiohttp"),
    "httpx2": partial(other, client="httpx2"),
    "litellm router": litellm,
    "engine, aiohttp": partial(engine, library="aiohttp"),
    "engine, httpx2": partial(engine, library="httpx2"),
    "batch, aiohttp": partial(command, library="aiohttp"),
    "batch, httpx2": partial(command, library="httpx2"),
}

if __name__ == "__main__":
    main()
