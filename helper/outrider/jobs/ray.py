"""The crew: workers on a Ray cluster that ask documents, and what the driver does for them.

Rows, budgets, rates, health and the journal stay in the driver's book, so that a wall holds whoever asks. A worker
that is lost takes no document along: what it had booked stays booked in doubt, and another worker asks again.
"""

import itertools
import os
import secrets
import socket
from collections import Counter
from importlib.util import find_spec
from typing import Any

from outrider import __version__
from outrider.data import Answer, Attempt, Failure, Target
from outrider.engine import Ended, World
from outrider.errors import OutriderError
from outrider.jobs.ray_member import Member, Wants, Work
from outrider.rules.limits import Booking
from outrider.rules.quota import FULL

MOST_AGAIN = 3
"""How often a document is asked again at most because its worker was lost."""
MOST_MEMBERS = 64
AT_ONCE = 1024
"""Documents that a worker may have under way: the batch's own `--concurrency` is far below."""
START = 120.0
"""Seconds that the workers may take to start."""
REACHED = 5.0
"""Seconds that the head of a cluster may take to answer."""
LOST = "the Ray worker was lost"


def check(address: str | None) -> None:
    """Raises where Ray is not installed, or is not where it is said to be."""
    if find_spec("ray") is None:
        raise OutriderError("ray is not installed", hint="install it with the extra: `pip install 'outrider[ray]'`")
    if address is None:
        return
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal():
        raise OutriderError(f"`{address}` is no address of a Ray cluster", hint="write it as HOST:PORT")
    try:
        # Ray itself would try for minutes.
        socket.create_connection((host, int(port)), timeout=REACHED).close()
    except (OSError, OverflowError) as fault:
        raise OutriderError(f"nobody answers at {address}: {fault}", hint="`ray status` says what runs") from None


def _alone() -> dict[str, Any]:
    """Prepares for a cluster that only this run can reach, and returns what it is started with.

    By itself Ray listens on every address of the machine, and runs what anyone sends.
    """
    os.environ |= {
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # what makes it stay on 127.0.0.1 on Linux, too
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }
    return {"include_dashboard": False, "_node_ip_address": "127.0.0.1"}


class _Worker:
    """One worker and how many documents it has."""

    __slots__ = ("actor", "count")

    def __init__(self, actor: Any) -> None:
        self.actor = actor
        self.count = 0


class Crew:
    """The workers of one run. Without an address a cluster is started on this machine, and ended with the run."""

    def __init__(self, address: str | None, *, most: int) -> None:
        # Ray reads its variables when it is imported; it sends no statistics home.
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        more = {} if address else _alone()
        import ray  # type: ignore[import-not-found,unused-ignore]

        self._ray = ray
        self._numbers = itertools.count()
        self._losses: Counter[str] = Counter()
        try:
            ray.init(
                address=address or "local", log_to_driver=False, logging_level="ERROR", ignore_reinit_error=True, **more
            )
        except (OSError, RuntimeError, ValueError) as fault:
            said = str(fault).partition("\n")[0]
            raise OutriderError(
                f"cannot reach Ray at {address or 'this machine'}: {said}",
                hint="`ray status` says what runs; its token is in RAY_AUTH_TOKEN or ~/.ray/auth_token",
            ) from None
        # Ray would print on stdout, among our answers, that a worker died; there is no official way to have it silent.
        ray._private.worker._worker_logs_enabled = False  # noqa: SLF001
        # Workers wait for the network most of the time, and take no processor from the cluster's own tasks.
        self._kind = ray.remote(
            num_cpus=0, max_restarts=0, max_concurrency=AT_ONCE, scheduling_strategy="SPREAD"
        )(Member)  # fmt: skip
        count = min(int(ray.cluster_resources().get("CPU", 1)) or 1, most, MOST_MEMBERS)
        self._workers = [_Worker(self._kind.remote()) for _ in range(count)]
        try:
            self._check()
        except BaseException:
            ray.shutdown()
            raise

    def _check(self) -> None:
        """Raises where a node has not what a worker needs."""
        cure = f"install outrider {__version__} with the extra `ray` on every node"
        try:
            told = self._ray.get([worker.actor.hello.remote() for worker in self._workers], timeout=START)
        except self._ray.exceptions.RayError as fault:
            lines = [line for line in str(fault).splitlines() if line.strip()] or [type(fault).__name__]
            raise OutriderError(f"the Ray workers cannot start: {lines[-1].strip()}", hint=cure) from None
        other = next((version for version, _ in told if version != __version__), None)
        if other is not None:
            raise OutriderError(f"a Ray node has outrider {other}, and this is {__version__}", hint=cure)

    def close(self) -> None:
        """Ends the workers, and the cluster where it was started here."""
        for worker in self._workers:
            self._ray.kill(worker.actor)
        self._ray.shutdown()

    async def run(self, work: Work, world: World, *, item: str) -> Ended:
        """Asks a document on a worker, and on another if that one is lost."""
        while True:
            lease = _Lease(world)
            worker = min(self._workers, key=lambda one: one.count)
            worker.count += 1
            try:
                return await self._talk(worker.actor, work, lease)
            except self._ray.exceptions.RayActorError:
                await lease.lost("network")
                self._renew(worker)
                answered = lease.ended()
                if answered is not None:
                    return answered
                self._losses[item] += 1
                if self._losses[item] > MOST_AGAIN:
                    lost = Failure(kind="network", message=LOST, certainty="in_doubt")
                    return Ended(answer=None, failure=lost, attempts=tuple(lease.attempts))
            finally:
                worker.count -= 1

    async def _talk(self, actor: Any, work: Work, lease: "_Lease") -> Ended:
        number = next(self._numbers)
        try:
            wants: Wants = await actor.begin.remote(number, work)
            while wants.ended is None:
                wants = await actor.go_on.remote(number, await lease.answer(wants))
        except self._ray.exceptions.RayActorError:
            raise
        except BaseException:
            # Told to stop, or a bug: what is in flight may be billed, and is cancelled.
            actor.drop.remote(number)
            await lease.lost("interrupted")
            raise
        return wants.ended

    def _renew(self, worker: _Worker) -> None:
        """Starts a worker in the place of one that is lost; the first who notices does."""
        if worker in self._workers:
            self._workers[self._workers.index(worker)] = _Worker(self._kind.remote())


class _Lease:
    """What one document on one worker has booked."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._open: tuple[Any, Target] | None = None
        self.attempts: list[Attempt] = []

    async def answer(self, wants: Wants) -> Any:
        """Does what a worker wants in the driver's book, and returns what it is told."""
        if wants.reserve is not None:
            target, number, check = wants.reserve
            booked = await self._world.reserve(target, number, check)
            if isinstance(getattr(booked, "booking", None), Booking):
                self._open = (booked, target)
            return booked
        if wants.settle is None or self._open is None:
            raise RuntimeError("a worker settles what it has not booked")
        (reservation, _), self._open = self._open, None
        await self._settle(reservation, wants.settle)
        is_failure = isinstance(wants.settle.outcome, Failure)
        return self._world.purse(wants.settle.target.provider) if is_failure else FULL

    async def _settle(self, reservation: Any, attempt: Attempt) -> None:
        await self._world.settle(reservation, attempt)
        self.attempts.append(attempt)

    async def lost(self, kind: str) -> None:
        """Books a call whose worker will not tell how it ended: at its worst case, in doubt."""
        if self._open is None:
            return
        (reservation, target), self._open = self._open, None
        said = LOST if kind == "network" else "interrupted"
        # It says nothing of the provider, whatever becomes of the document.
        failure = Failure(kind="interrupted", message=said, certainty="in_doubt")
        booking = reservation.booking
        await self._settle(
            reservation,
            Attempt(target=target, outcome=failure, cost=booking.worst, cost_known=booking.known, certainty="in_doubt"),
        )

    def ended(self) -> Ended | None:
        """Returns the answer that was committed before its worker was lost, if one was."""
        last = self.attempts[-1] if self.attempts else None
        if last is None or not isinstance(last.outcome, Answer):
            return None
        return Ended(answer=last.outcome, failure=None, attempts=tuple(self.attempts))
