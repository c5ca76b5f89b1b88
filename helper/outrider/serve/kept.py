"""What stays the same from request to request: registry, keys, limits; read once, and again when a file changes.

A change that cannot be read leaves what was in force, and is told once.
"""

import os
import time
from collections.abc import Mapping

from outrider.cli.session import Session
from outrider.cli.show import note
from outrider.doors import registry as registry_door
from outrider.doors.settings import Places
from outrider.errors import OutriderError
from outrider.records import record, replace
from outrider.rows import Model, Registry
from outrider.rules.facts.pricing import Known
from outrider.rules.limits import Limits, Spend
from outrider.rules.targets import Situation
from outrider.serve.book import Book

LOOK_EVERY = 1.0
"""Seconds between two looks at the files."""
PRICED_FOR = 600.0
"""Seconds for which the catalog's price of a model counts before it is looked up again."""


@record
class Standing:
    """What is in force until a file changes. `bare` is the situation without what the book says.

    `secrets` are the values that must not leave, each with the name of its variable.
    """

    session: Session
    registry: Registry
    limits: Limits
    preset: str | None
    preset_from: str
    fallback: bool | None
    bare: Situation
    secrets: Mapping[str, str]


class Kept:
    """Holds what is in force, and the book. `limits` are the walls of each request: `max_cost`, `timeout`."""

    def __init__(self, session: Session, limits: Mapping[str, object], *, look_every: float = LOOK_EVERY) -> None:
        self._wanted = limits
        self._look_every = look_every
        self._first = session
        self.book = Book(session.places)
        self._signature = signature(session.places)
        self._looked = time.monotonic()
        self._prices: dict[tuple[str, str], tuple[float, Known | None]] = {}
        self.now_in_force = self._standing(session)

    def standing(self) -> Standing:
        """Returns what is in force now."""
        now = time.monotonic()
        if now - self._looked >= self._look_every:
            self._looked = now
            self.book.look()
            found = signature(self._first.places)
            if found != self._signature:
                self._signature = found
                self._read_again()
        return self.now_in_force

    def situation(self, standing: Standing, run: str, models: tuple[Model, ...]) -> Situation:
        """Returns what this decision depends on besides the registry and the request."""
        ledger = self.book.ledger
        at = time.time()
        spend: Spend = ledger.spend(run, at=at, repository=self._first.places.project)
        return replace(
            standing.bare, health=ledger.health(), served=ledger.served(), spend=spend, now=time.monotonic(), at=at,
            prices=self._priced(standing, models),
        )  # fmt: skip

    @staticmethod
    def wall_clock() -> float:
        """Returns the time, in seconds since 1970."""
        return time.time()

    def _priced(self, standing: Standing, models: tuple[Model, ...]) -> Mapping[tuple[str, str], Known]:
        """Returns the catalog's prices of models without one, from memory where they were looked up lately."""
        now = time.monotonic()
        keys = {(model.provider, model.id): model for model in models}
        missing = [key for key in keys if key not in self._prices or now - self._prices[key][0] > PRICED_FOR]
        if missing:
            from outrider.cli.facts_in_force import prices

            found = prices(standing.session, tuple(keys[key] for key in missing))
            self._prices |= {key: (now, found.get(key)) for key in missing}
        return {key: known for key in keys if (known := self._prices[key][1]) is not None}

    def _read_again(self) -> None:
        try:
            session = Session(self._first.places, self._first.environment)
            self.now_in_force = self._standing(session)
            self._prices.clear()
            note("the settings changed, and are in force")
        except OutriderError as mistake:
            note(f"the settings changed and cannot be used, so what was in force stays: {mistake.message}")

    def _standing(self, session: Session) -> Standing:
        session.ledger = self.book.ledger
        limits = session.limits(**self._wanted)  # type: ignore[arg-type]
        preset, preset_from = session.preset()
        return Standing(
            session=session, registry=session.registry, limits=limits, preset=preset, preset_from=preset_from,
            fallback=session.fallback(flag=None), bare=session.situation(limits),
            secrets=session.keys.named_values(session.registry),
        )  # fmt: skip


def signature(places: Places) -> tuple[object, ...]:
    """Returns what changes with any file that has a say."""
    files = (
        *registry_door.files(places), *(places.ours(name) for name in ("env", "state.json")),
        os.path.join(places.claude, "config", "outrider.pack.json"),
    )  # fmt: skip
    return tuple(_stamp(path) for path in files)


def _stamp(path: str) -> tuple[int, ...]:
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode
