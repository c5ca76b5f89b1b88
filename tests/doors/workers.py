"""What one of many processes does to the book: `python -m tests.doors.workers WORK HOME NAME CALLS [MORE]`.

Each waits at the gate, a lock that the test holds until all are there; each prints one JSON line at its end.
"""

import asyncio
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from outrider.cli.stepping import sleep, step
from outrider.data import Attempt, Message, Request, Route, Target
from outrider.doors.ledger import Check, Ledger, Reservation
from outrider.doors.ledger_group import Group
from outrider.doors.transport import sender
from outrider.engine import World
from outrider.engine import run as ask
from outrider.records import replace
from outrider.rows import Price, Rates
from outrider.rules.limits import Limits
from outrider.rules.quota import FULL
from tests.doors.booking import a_run, a_target, answered, booked, places_at, reserve, within

ROOT = Path(__file__).parents[2]
COST = Decimal("0.000123457")
"""What one booked call comes to: a number whose sum shows any rounding."""


@contextmanager
def gate(home: Path) -> Iterator[None]:
    """Holds every worker until the block ends."""
    home.mkdir(mode=0o700, exist_ok=True)
    with (home.parent / "gate").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def start(work: str, home: Path, name: str, calls: int, *more: str) -> "subprocess.Popen[str]":
    """Starts a worker."""
    environment = {"PYTHONPATH": f"{ROOT / 'helper'}:{ROOT}", "PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", "tests.doors.workers", work, str(home), name, str(calls), *more]
    return subprocess.Popen(
        command, env=environment, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )  # fmt: skip


def ended(process: "subprocess.Popen[str]", *, seconds: float = 300.0) -> dict[str, Any]:
    """Waits for a worker and returns what it said."""
    out, err = process.communicate(timeout=seconds)
    assert (process.returncode, err) == (0, "")
    said: dict[str, Any] = json.loads(out)
    return said


def _book(ledger: Ledger, name: str, calls: int) -> dict[str, Any]:
    """Books and settles calls, one after the other."""
    slowest = 0.0
    for number in range(calls):
        began = time.monotonic()
        key = f"{name}-{number}"
        target = a_target(f"model.{number % 7}")
        reservation = reserve(ledger, a_run(key), target, digest=key)
        assert isinstance(reservation, Reservation)
        ledger.settle(reservation, answered(target, cost=str(COST)))
        slowest = max(slowest, time.monotonic() - began)
    return {"slowest": slowest}


def _spend(ledger: Ledger, name: str, calls: int, budget: Decimal) -> dict[str, Any]:
    """Makes calls as long as the budget allows; each is billed between half and all of its worst case."""
    worst, billed, refused = Decimal("0.01"), Decimal(0), 0
    for number in range(calls):
        reservation = reserve(ledger, a_run(f"{name}-{number}"), check=within(budget, worst))
        if not isinstance(reservation, Reservation):
            refused += 1
            continue
        cost = worst * (5 + (number + int(name)) % 6) / 10
        billed += cost
        ledger.settle(reservation, answered(cost=str(cost)))
    return {"billed": str(billed), "refused": refused}


async def _group(ledger: Ledger, name: str, calls: int, budget: Decimal) -> dict[str, Any]:
    """Makes calls, twenty at once, over one group; notes each that leaves where the test can see it, as a server would.

    Each is billed all of its worst case.
    """
    group = Group(ledger)
    numbers = iter(range(calls))
    refused = 0
    served = os.open(Path(ledger.path).parent.with_name("served"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def work() -> None:
        nonlocal refused
        for number in numbers:
            digest = f"{name}-{number}"
            booked_ = await group.reserve(
                a_run(name), a_target(), number=number, check=within(budget, COST), prompt_digest=digest,
                prompt_bytes=12, item=digest,
            )  # fmt: skip
            if not isinstance(booked_, Reservation):
                refused += 1
                continue
            os.write(served, f"{digest}\n".encode())
            await group.settle(booked_, answered(cost=str(COST)))

    await asyncio.gather(*(work() for _ in range(20)))
    await group.close()
    return {"refused": refused}


async def _reserve(ledger: Ledger, text: str, target: Target, number: int, check: Check) -> Any:
    return ledger.reserve(
        a_run(text), target, number=number, check=check, prompt_digest=text, prompt_bytes=len(text)
    )  # fmt: skip


async def _settle(ledger: Ledger, reservation: Reservation, attempt: Attempt) -> None:
    ledger.settle(reservation, attempt)


def _ask(ledger: Ledger, name: str, calls: int, url: str) -> dict[str, Any]:
    """Asks a server as a command does, each question with a text of its own."""
    price = Price(base=Rates(input=Decimal(1), output=Decimal(2)))
    target = a_target(base_url=f"{url}/v1")
    target = replace(target, model=replace(target.model, price=price, max_output=100), local=True)
    route = Route(task="simple", rule="default", level=None, targets=(target,), passed=())
    answers = 0
    for number in range(calls):
        text = f"{name}-{number}"
        world = World(
            send=sender({}), settle=partial(_settle, ledger), key=lambda _: "sk-test", now=time.monotonic, at=time.time,
            sleep=sleep, chance=lambda: 0.5, price=lambda _: price, scrub=str, purse=lambda _: FULL,
            reserve=partial(_reserve, ledger, text),
        )  # fmt: skip
        request = Request(messages=(Message(role="user", text=text),))
        end = step(ask(route, request, Limits(budget={"day": Decimal(100)}), world))
        answers += end.answer is not None
    return {"answers": answers}


def main() -> None:
    """Does one kind of work and says how it went."""
    work, home, name, calls, *more = sys.argv[1:]
    ledger = Ledger(places_at(home))
    with Path(home).parent.joinpath("gate").open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
    match work:
        case "book":
            said = _book(ledger, name, int(calls))
        case "spend":
            said = _spend(ledger, name, int(calls), Decimal(more[0]))
        case "ask":
            said = _ask(ledger, name, int(calls), more[0])
        case "group":
            said = asyncio.run(_group(ledger, name, int(calls), Decimal(more[0])))
        case "hold":
            booked(ledger, a_run(name))
            said = {}
        case _:
            raise SystemExit(f"no such work: {work}")
    ledger.close()
    print(json.dumps(said))


if __name__ == "__main__":
    main()
