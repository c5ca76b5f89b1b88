"""A worker on a Ray cluster: asks documents with the engine, while the driver keeps the book.

It has its own way out and its own keys, which it reads where it runs. Before each call leaves, and after each that
came back, the engine here waits for what the driver says: the worker's methods return what a document wants next.
"""

import asyncio
import copyreg
import os
import platform
import time
from collections.abc import Mapping
from functools import partial
from random import random
from types import MappingProxyType
from typing import Any

from outrider import __version__
from outrider.data import Attempt, Failure, Request, Route, Target
from outrider.doors import registry as registry_door
from outrider.doors.keys import Keys
from outrider.doors.ledger import Check
from outrider.doors.settings import places
from outrider.doors.transport import many_sender
from outrider.engine import Accept, Ended, World, run
from outrider.records import record
from outrider.rows import Price, Provider
from outrider.rules import outgoing
from outrider.rules.limits import Limits
from outrider.rules.outgoing import Cleared
from outrider.rules.quota import FULL
from outrider.rules.redaction import redact


def _plain(proxy: Any) -> tuple[Any, ...]:
    return MappingProxyType, (dict(proxy),)


copyreg.pickle(MappingProxyType, _plain)


@record
class Work:
    """What asks one document. `prices` are stand-ins by health key, for models that have no price of their own."""

    route: Route
    request: Request
    limits: Limits
    prices: Mapping[str, Price | None]
    prompts: Mapping[str, str]
    redact: bool | list[str] | None
    parts: int
    accept: Accept | None


@record
class Wants:
    """What a document wants of the driver: a call booked, a call settled, or nothing more, since it has ended."""

    reserve: tuple[Target, int, Check] | None = None
    settle: Attempt | None = None
    ended: Ended | None = None


class Member:
    """One worker; Ray makes it, and calls its methods on one event loop."""

    def __init__(self) -> None:
        self._talks: dict[int, _Talk] = {}
        self._doors: _Doors | None = None

    async def hello(self) -> tuple[str, int]:
        """Returns which version of ours is installed here, and this process."""
        return __version__, os.getpid()

    async def begin(self, number: int, work: Work) -> Wants:
        """Begins a document."""
        if self._doors is None:
            self._doors = _Doors()
        talk = self._talks[number] = _Talk(self._doors, work)
        return await self._next(number, talk)

    async def go_on(self, number: int, reply: Any) -> Wants:
        """Goes on with a document after what the driver said."""
        talk = self._talks[number]
        talk.hear(reply)
        return await self._next(number, talk)

    async def drop(self, number: int) -> None:
        """Cancels a document that the driver has given up, and whose call it has booked."""
        talk = self._talks.pop(number, None)
        if talk is not None:
            talk.cancel()

    async def _next(self, number: int, talk: "_Talk") -> Wants:
        try:
            wants = await talk.next()
        except BaseException:
            self._talks.pop(number, None)
            raise
        if wants.ended is not None:
            self._talks.pop(number, None)
        return wants


class _Doors:
    """What this machine has: its keys, its settings of the network, its way out."""

    def __init__(self) -> None:
        where = places()
        registry = registry_door.load(where)
        self.keys = Keys(where, os.environ)
        self.named = self.keys.named_values(registry)
        self.values = tuple(sorted(self.named))
        self.send, _ = many_sender(registry.values.get("network", {}))

    def clear(self, request: Request, target: Target, *, redact: bool | list[str] | None) -> Cleared | Failure:
        """Returns what may leave from here; without a key nothing may."""
        provider = target.provider
        if provider.needs_key and self.keys.value(provider) is None:
            return Failure(
                kind="auth", certainty="not_sent",
                message=f"the Ray worker on {platform.node()} has no key for {provider.name}"
                f" ({provider.keys[0]} is not set there)",
            )  # fmt: skip
        return outgoing.clear(request, target, secrets=self.named, redact=redact)


class _Talk:
    """One document on its way, which stops wherever it needs the driver."""

    def __init__(self, doors: _Doors, work: Work) -> None:
        self._wants: asyncio.Queue[Wants] = asyncio.Queue()
        self._reply: asyncio.Future[Any] | None = None
        self._purses: dict[str, int] = {}
        self._is_dropped = False
        self._task = asyncio.create_task(self._run(doors, work))

    def hear(self, reply: Any) -> None:
        """Takes what the driver said."""
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(reply)

    def cancel(self) -> None:
        """Ends it; nobody waits for it any more."""
        self._is_dropped = True
        self._task.cancel()

    async def next(self) -> Wants:
        """Returns what it wants next; raises what the engine raised."""
        getting = asyncio.create_task(self._wants.get())
        await asyncio.wait({getting, self._task}, return_when=asyncio.FIRST_COMPLETED)
        if getting.done():
            return getting.result()
        getting.cancel()
        return Wants(ended=self._task.result())

    async def _asked(self, wants: Wants) -> Any:
        if self._is_dropped:
            return None
        self._reply = asyncio.get_running_loop().create_future()
        self._wants.put_nowait(wants)
        return await self._reply

    async def _reserve(self, target: Target, number: int, check: Check) -> Any:
        return await self._asked(Wants(reserve=(target, number, check)))

    async def _settle(self, _reservation: Any, attempt: Attempt) -> None:
        self._purses[attempt.target.provider.name] = await self._asked(Wants(settle=attempt))

    def _purse(self, provider: Provider) -> int:
        return self._purses.get(provider.name, FULL)

    async def _run(self, doors: _Doors, work: Work) -> Ended:
        world = World(
            send=doors.send, reserve=self._reserve, settle=self._settle, key=doors.keys.value, now=time.monotonic,
            at=time.time, sleep=asyncio.sleep, chance=random, purse=self._purse, secrets=doors.values,
            price=lambda target: work.prices.get(target.health_key),
            scrub=lambda text: redact(text, doors.values), clear=partial(doors.clear, redact=work.redact),
        )  # fmt: skip
        return await run(
            work.route, work.request, work.limits, world,
            accept=work.accept, prompts=work.prompts, parts=work.parts,
        )  # fmt: skip
