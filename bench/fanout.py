"""Times many questions at once on loopback: `python -m bench.fanout [--rounds N]`.

A server in a process of its own answers each after its latency. Ideal is the latency times the number of waves. Of
each library one row is the bare way out, one the whole loop with every call booked and settled on disk; the last is
whole panels of eight seats of unlike latency, by their own account (`seconds` in `compare --json`).
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
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from outrider.data import HttpCall, Message, Request, Route, Target, Timing
from outrider.doors.ledger import Ledger, RunRow
from outrider.doors.ledger_group import Group
from outrider.doors.settings import Places
from outrider.doors.transport.bulk import Bulk
from outrider.doors.transport.crowd import Crowd
from outrider.engine import World, run
from outrider.rows import Model, Price, Provider, Rates
from outrider.rules.limits import Limits
from outrider.wire.call import encode, reading

CALLS, AT_ONCE, LATENCY = 200, 50, 0.05
IDEAL = CALLS / AT_ONCE * LATENCY
BAR = 1.7
SEATS = tuple(0.05 * step for step in range(1, 9))
"""The latency of each seat of a panel, in seconds."""
SHARE, SLACK = 1.15, 0.03
"""A panel may take so much of its slowest seat, and so many seconds more."""
TIMING = Timing(connect=5.0, first_byte=60.0, idle=30.0, total=90.0, max_bytes=1_000_000)
Way = Crowd | Bulk
WAYS: tuple[tuple[str, type[Way]], ...] = (("httpx2", Crowd), ("aiohttp", Bulk))
HELPER = Path(__file__).resolve().parents[1] / "helper"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.fanout", description="Times many questions at once.")
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with serving() as url:
        say(f"{CALLS} calls, {AT_ONCE} at once, {LATENCY * 1_000:.0f} ms each: ideal {IDEAL:.3f} s, {rounds} rounds")
        for library, way in WAYS:
            found = {"way out": bare(url, rounds, way), "loop and book": booked(url, rounds, way)}
            for name, times in found.items():
                middle = statistics.median(times)
                say(f"{f'{name}, {library}':<24}{middle:.3f} s ({min(times):.3f} to {max(times):.3f}), "
                    f"{middle / IDEAL:.2f} x ideal")  # fmt: skip
        times = panels(url, rounds)
        middle, slowest = statistics.median(times), max(SEATS)
        say(
            f"{len(SEATS)} seats, the slowest {slowest * 1_000:.0f} ms: {middle:.3f} s ({min(times):.3f} to "
            f"{max(times):.3f}), at most {SHARE * slowest + SLACK:.3f} s is allowed"
        )
    say(f"the bar for each: {BAR} x ideal")


def bare(url: str, rounds: int, way: type[Way]) -> list[float]:
    """Times the way out alone."""

    async def ask(crowd: Way) -> None:
        call, target = a_call(url, LATENCY)
        await crowd.send(call, reading(target, stream=False))

    return timed(ask, rounds, way)


def booked(url: str, rounds: int, way: type[Way]) -> list[float]:
    """Times the loop with its book on disk."""
    with tempfile.TemporaryDirectory() as folder:
        places = Places(home=folder, claude=folder, project=None, bundled=folder, managed=folder)
        ledger = Ledger(places)
        row = RunRow(id="bench", command="bench", task="", rule="bench", level=None, preset=None, private=False,
                     decision={})  # fmt: skip
        target = a_target(url, LATENCY)
        route = Route(task="", rule="bench", level=None, targets=(target,), passed=())
        request = Request(messages=(Message(role="user", text="hello"),))
        groups: list[Group] = []

        async def ask(crowd: Way) -> None:
            if not groups:
                groups.append(Group(ledger))
            group = groups[0]
            world = World(
                send=crowd.send, settle=group.settle, key=lambda _: None, now=time.monotonic, at=time.time,
                reserve=lambda target, number, check: group.reserve(
                    row, target, number=number, check=check, prompt_digest="d", prompt_bytes=5
                ),
                sleep=asyncio.sleep, chance=lambda: 0.5, price=lambda _: None, purse=lambda _: 100,
                scrub=lambda text: text,
            )  # fmt: skip
            await run(route, request, Limits(budget={}), world)

        try:
            return timed(ask, rounds, way)
        finally:
            ledger.close()


def timed(ask: Callable[[Way], Awaitable[None]], rounds: int, way: type[Way]) -> list[float]:
    """Times so many rounds of all calls; connections are kept from round to round, and a first one warms them up."""

    async def measure() -> list[float]:
        crowd = way({})
        gate = asyncio.Semaphore(AT_ONCE)

        async def one() -> None:
            async with gate:
                await ask(crowd)

        found = []
        try:
            for _ in range(rounds + 1):
                began = time.monotonic()
                await asyncio.gather(*(one() for _ in range(CALLS)))
                found.append(time.monotonic() - began)
        finally:
            await crowd.close()
        return found[1:]

    return asyncio.run(measure())


def panels(url: str, rounds: int) -> list[float]:
    """Times whole panels, each a command of its own, by their own account."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, ".claude", "config")
        config.mkdir(parents=True)
        price = {"input": 1, "output": 2}
        models = {f"s.{number}": {"provider": "s", "id": f"{latency:.3f}", "price": price, "max_output": 1_000}
                  for number, latency in enumerate(SEATS)}  # fmt: skip
        layer = {"providers": {"s": {"dialect": "openai", "base_url": url, "quirks": "none"}}, "models": models}
        (config / "models.local.json").write_text(json.dumps(layer), encoding="utf-8")
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "PYTHONPATH": str(HELPER)}
        seats = [part for name in models for part in ("-m", name)]
        command = [sys.executable, "-m", "outrider", "compare", *seats, "hello", "--json"]
        found = []
        for _ in range(rounds):
            done = subprocess.run(  # noqa: S603 - the command of this checkout
                command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=True
            )
            found.append(float(json.loads(done.stdout)["seconds"]))
        return found


def a_target(url: str, latency: float) -> Target:
    """Returns a way to a model that takes so long."""
    model = Model(name="s.0", provider="s", id=f"{latency:.3f}", max_output=1_000,
                  price=Price(base=Rates(input=Decimal(1), output=Decimal(2))))  # fmt: skip
    return Target(model=model, provider=Provider(name="s", dialect="openai", base_url=url), wire_id=model.id)


def a_call(url: str, latency: float) -> tuple[HttpCall, Target]:
    """Returns a call as the codec makes it."""
    target = a_target(url, latency)
    request = Request(messages=(Message(role="user", text="hello"),), max_output=100)
    return encode(request, target, key=None, timing=TIMING)[0], target


@contextmanager
def serving() -> Iterator[str]:
    """Runs the server as a process of its own until the block ends."""
    command = [sys.executable, "-m", "bench.fanout", "--serve"]
    root = str(HELPER.parent)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{HELPER}{os.pathsep}{root}"}
    with subprocess.Popen(  # noqa: S603 - this file
        command, env=environment, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("its pipes are ours")
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
        finally:
            process.stdin.close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"POST"):
                break
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r")[0])
            model = json.loads(await reader.readexactly(length))["model"]
            await asyncio.sleep(float(model))
            choice = {"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}
            usage = {"prompt_tokens": 8, "completion_tokens": 1}
            body = json.dumps({"model": model, "choices": [choice], "usage": usage}).encode()
            kind = b"content-type: application/json"
            writer.write(b"HTTP/1.1 200 OK\r\n%s\r\ncontent-length: %d\r\n\r\n%s" % (kind, len(body), body))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _serve() -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, backlog=512)
    say(str(server.sockets[0].getsockname()[1]))
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def say(text: str) -> None:
    """Writes a line to standard output."""
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    asyncio.run(_serve()) if "--serve" in sys.argv else main()
