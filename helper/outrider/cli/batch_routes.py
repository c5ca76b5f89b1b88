"""Routes for many documents: decided once for all of which the same can be said, and anew as the situation changes."""

import bisect
import time
from typing import Any

from outrider.cli.batch_plan import Plan
from outrider.data import Route
from outrider.rules import complexity
from outrider.rules.selection import Facts
from outrider.rules.targets import Situation

FRESH = 1.0
"""Seconds for which what the book says of targets and money is believed; each call is checked again when it leaves."""


class Routes:
    """The routes of one run."""

    def __init__(self, plan: Plan, run: str, *, is_walled: bool = True) -> None:
        self._plan = plan
        self._run = run
        self._decide = plan.route if is_walled else plan.unwalled
        self._windows = plan.windows()
        self._is_auto = plan.selection.task == "auto"
        self._read_at = float("-inf")
        self._situation: Situation | None = None
        self._known: dict[tuple[Any, ...], Route] = {}

    def forget(self) -> None:
        """Reads the situation anew before the next decision: something has failed."""
        self._read_at = float("-inf")

    def situation(self) -> Situation:
        """Returns what decisions are made from now."""
        now = time.monotonic()
        if self._situation is None or now - self._read_at > FRESH:
            self._situation = self._plan.situation(self._run)
            self._read_at = now
            self._known.clear()
        return self._situation

    def route(self, facts: Facts) -> Route:
        """Returns the route for these facts: that of an earlier document where nothing it depends on differs."""
        situation = self.situation()
        level = complexity.level(facts.score) if self._is_auto else None
        key = (bisect.bisect_left(self._windows, facts.tokens), level, facts.keywords, facts.data_class)
        route = self._known.get(key)
        if route is None:
            route = self._decide(facts, situation)
            if route.targets:
                self._known[key] = route
        return route
