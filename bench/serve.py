"""Times the local endpoint on loopback: `python -m bench.serve [--litellm] [--calls N]`.

A server in a process of its own answers at once. The first figure is what `outrider serve` adds to a lone call, against
the same call without it; the second how many calls a second fifty connections get, with the endpoint's memory. With
`--litellm` a LiteLLM proxy (one worker, installed into `.cache`) is asked the same over the same server, round by round
in turn, and the ratios are printed.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from bench.fanout import HELPER, say, serving

AT_ONCE, CALLS, LONE = 50, 2_000, 200
BARS = {"a lone call, ms": 5.0, "times the requests": 3.0, "times the memory": 0.3}
MODEL = "mock.a"


class Way(NamedTuple):
    """One way to the same answer: its address, the key, and the processes whose memory counts."""

    name: str
    url: str
    key: str
    pids: tuple[int, ...]
    model: str


class Found(NamedTuple):
    """What one way came to: calls a second by round, milliseconds of a processor a call, MiB of memory at the end."""

    rates: list[float]
    busy: float
    memory: float

    @property
    def rate(self) -> float:
        """The middle round."""
        return statistics.median(self.rates)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.serve", description="Times the local endpoint.")
    parser.add_argument("--litellm", action="store_true", help="beside a LiteLLM proxy")
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with ExitStack() as stack:
        upstream = stack.enter_context(serving())
        ours = stack.enter_context(endpoint(upstream))
        direct = Way("direct", upstream, "none", (), "0")
        middle, fastest = lone(direct, ours)
        say(
            f"a lone call: {middle:.2f} ms more through the endpoint than without it, the fastest {fastest:.2f} ms more"
        )
        ways = [ours]
        if given.litellm:
            ways.append(stack.enter_context(litellm(upstream)))
        found = crowds(ways, calls=given.calls, rounds=given.rounds)
    for way in ways:
        one = found[way.name]
        say(
            f"{way.name:<10}{one.rate:>7.0f} calls a second ({min(one.rates):.0f} to {max(one.rates):.0f}), "
            f"{AT_ONCE} connections, {one.busy:.2f} ms of a processor each, {one.memory:.0f} MiB"
        )
    if given.litellm:
        mine, other = (found[way.name] for way in ways)
        say(f"{mine.rate / other.rate:.2f} times the calls at {mine.memory / other.memory:.2f} times the memory")
    say("the bars: " + ", ".join(f"{name} {bar:g}" for name, bar in BARS.items()))


@contextmanager
def endpoint(upstream: str) -> Iterator[Way]:
    """Runs `outrider serve` over the server until the block ends, in a home of its own."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / ".claude/config/models.local.json"
        settings.parent.mkdir(parents=True)
        price = {"input": 1, "output": 2}
        layer = {
            "version": 1,
            "providers": {"mock": {"dialect": "openai", "base_url": upstream, "local": True}},
            "models": {MODEL: {"provider": "mock", "id": "0", "price": price}},
            "limits": {"budget_usd": {"day": 1000, "month": 1000}},
        }
        settings.write_text(json.dumps(layer), encoding="utf-8")
        command = [sys.executable, "-m", "outrider", "serve", "--port", "0", "--json", "--quiet"]
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "PYTHONPATH": str(HELPER)}
        with subprocess.Popen(  # noqa: S603 - the command of this checkout
            command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        ) as process:
            if process.stdout is None:
                raise RuntimeError("its pipe is ours")
            told = json.loads(process.stdout.readline())
            try:
                yield Way("outrider", told["url"], told["token"], (process.pid,), MODEL)
            finally:
                process.terminate()


@contextmanager
def litellm(upstream: str) -> Iterator[Way]:
    """Runs a LiteLLM proxy with one worker over the server until the block ends."""
    from tests.litellm_proxy.proxy import install, running

    with (
        tempfile.TemporaryDirectory() as folder,
        running(install(), Path(folder), upstream={MODEL: (upstream, "0")}) as proxy,
    ):
        yield Way("litellm", proxy.url, proxy.key, family(proxy.pid), MODEL)


def lone(direct: Way, through: Way) -> tuple[float, float]:
    """Returns what the endpoint adds to one call at a time, in milliseconds: to the middle one, and to the fastest.

    Both are asked in turn. Where others use the machine, only the fastest says what is the endpoint's own.
    """

    async def measure() -> dict[str, list[float]]:
        times: dict[str, list[float]] = {direct.name: [], through.name: []}
        clients = {way.name: await Client.of(way) for way in (direct, through)}
        for index in range(LONE + 20):
            for name, client in clients.items():
                began = time.perf_counter()
                await client.ask()
                if index >= 20:
                    times[name].append((time.perf_counter() - began) * 1_000)
        for client in clients.values():
            client.close()
        return times

    times = asyncio.run(measure())
    plain, ours = times[direct.name], times[through.name]
    return statistics.median(ours) - statistics.median(plain), min(ours) - min(plain)


def crowds(ways: list[Way], *, calls: int, rounds: int) -> dict[str, Found]:
    """Asks each way with fifty connections, round by round in turn; the first round of each only warms it up."""
    rates: dict[str, list[float]] = {way.name: [] for way in ways}
    spent = dict.fromkeys(rates, 0.0)
    for index in range(rounds + 1):
        for way in ways:
            before = sum(map(processor, way.pids))
            rate = asyncio.run(crowd(way, calls if index else calls // 4))
            if index:
                rates[way.name].append(rate)
                spent[way.name] += sum(map(processor, way.pids)) - before
    return {
        way.name: Found(rates[way.name], spent[way.name] * 1_000 / (calls * rounds), sum(map(resident, way.pids)))
        for way in ways
    }


async def crowd(way: Way, calls: int) -> float:
    """Returns how many calls a second fifty connections get."""
    clients = [await Client.of(way) for _ in range(AT_ONCE)]
    left = iter(range(calls))

    async def work(client: "Client") -> None:
        for _ in left:
            await client.ask()

    began = time.perf_counter()
    await asyncio.gather(*(work(client) for client in clients))
    seconds = time.perf_counter() - began
    for client in clients:
        client.close()
    return calls / seconds


class Client:
    """One kept connection that asks the same again and again; it knows as little of HTTP as will do."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
        self._reader = reader
        self._writer = writer
        self._request = request

    @classmethod
    async def of(cls, way: Way) -> "Client":
        """Connects."""
        parts = urlsplit(way.url)
        body = json.dumps({"model": way.model, "messages": [{"role": "user", "content": "hello"}]}).encode()
        head = (
            f"POST {parts.path}/chat/completions HTTP/1.1\r\nhost: {parts.netloc}\r\n"
            f"authorization: Bearer {way.key}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        return cls(reader, writer, head.encode() + body)

    async def ask(self) -> None:
        """Asks once, and checks the answer."""
        self._writer.write(self._request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r")[0])
        body = await self._reader.readexactly(length)
        if b" 200 " not in head.split(b"\r")[0] or b'"hello"' not in body:
            raise RuntimeError(f"no answer: {head[:100]!r} {body[:300]!r}")

    def close(self) -> None:
        """Lets the connection go."""
        self._writer.close()


def family(pid: int) -> tuple[int, ...]:
    """Returns a process and all its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return (pid, *(one for child in children for one in family(int(child))))


def processor(pid: int) -> float:
    """Returns the processor time that a process has taken, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """Returns the memory of a process, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
