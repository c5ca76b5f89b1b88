"""What a batch says while it works: a bar on a terminal, a line a minute elsewhere, events for scripts."""

import json
import sys
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from outrider.cli.show import dollars, dump, note, one_line
from outrider.records import record
from outrider.rules.bulk.nouns import Result

EVERY = 60.0
REPAINT = 0.2
BAR = 24


@record
class Manner:
    """How progress is told: `events` as JSON lines on stdout, or as lines on stderr, or not at all."""

    quiet: bool = False
    events: bool = False


class Teller:
    """Counts what is heard and says how far it is. `kept` are answers of earlier sittings, `asked` those of this one.

    `failed` are all that have no answer, whatever the sitting.
    """

    def __init__(self, manner: Manner, *, total: int) -> None:
        self._manner = manner
        self.total = total
        self.done = 0
        self.failed = 0
        self.kept = 0
        self.asked = 0
        self.cost = Decimal(0)
        self._began = time.monotonic()
        self._told = self._began
        self._is_bar = sys.stderr.isatty() and not manner.quiet and not manner.events
        self._width = 0

    @property
    def seconds(self) -> float:
        """How long this process has worked."""
        return time.monotonic() - self._began

    def heard(self, result: Result) -> None:
        """Takes in one document's result."""
        self.asked += 1
        self.done += result.ok
        self.failed += not result.ok
        self.cost += result.cost
        self.event(
            "document", id=result.id, ok=result.ok, model=result.model, kind=result.kind, cost_usd=float(result.cost)
        )
        self.tick()

    def told(self, event: str, line: str) -> None:
        """Says what happened to a provider."""
        self.event(event, message=line)
        if not self._manner.quiet and not self._manner.events:
            self._clear()
            note({"down": f"waiting: {line}", "slower": f"slower: {line}"}.get(event, line))

    def event(self, name: str, **fields: Any) -> None:
        """Writes an event, where they are wanted."""
        if self._manner.events:
            dump({"event": name, **fields})
            sys.stdout.flush()

    def tick(self) -> None:
        """Says how far it is, where it is time to."""
        now = time.monotonic()
        if now - self._told < (REPAINT if self._is_bar else EVERY):
            return
        self._told = now
        if self._is_bar:
            self._paint()
        elif self._manner.events:
            self.event("progress", **self._figures())
        elif not self._manner.quiet:
            note(self._line())

    def _figures(self) -> dict[str, Any]:
        rate = self.asked / max(self.seconds, 1e-9)
        left = max(self.total - self.done - self.failed - self.kept, 0)
        return {
            "documents": self.total, "done": self.done + self.kept, "failed": self.failed,
            "rate": round(rate, 2), "cost_usd": float(self.cost),
            "eta_seconds": round(left / rate) if self.asked else None,
        }  # fmt: skip

    def _line(self) -> str:
        told = self._figures()
        ended = told["done"] + told["failed"]
        failed = f", {told['failed']:,} failed" if told["failed"] else ""
        eta = f", {span(told['eta_seconds'])} left" if told["eta_seconds"] is not None else ""
        return f"{ended:,} of {self.total:,}{failed}, {told['rate']:,.1f} a second, {dollars(self.cost)}{eta}"

    def _paint(self) -> None:
        from shutil import get_terminal_size

        room = get_terminal_size((80, 24)).columns - 1
        share = min((self.done + self.failed + self.kept) / max(self.total, 1), 1.0)
        full = round(share * BAR)
        line = self._line()
        text = f"[{'#' * full}{'.' * (BAR - full)}] {line}" if room > BAR + len(line) + 3 else line
        text = one_line(text)[:room]
        sys.stderr.write("\r" + text.ljust(self._width))
        sys.stderr.flush()
        self._width = len(text)

    def _clear(self) -> None:
        if self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()
            self._width = 0

    def close(self) -> None:
        """Takes the bar away."""
        self._clear()


def span(seconds: float | None) -> str:
    """Returns a time as people say it."""
    if seconds is None:
        return "?"
    if seconds < 9.95 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5_400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.1f} h"


def in_words(failures: Mapping[str, int]) -> str:
    """Returns the classes of failures with their counts."""
    return ", ".join(f"{kind} {count:,}" for kind, count in failures.items())


def shown_id(value: str | int | None) -> str:
    """Returns an id before what is said of it; what is said of a line without one names the line."""
    return "" if value is None else f"{json.dumps(value, ensure_ascii=False)}: "
