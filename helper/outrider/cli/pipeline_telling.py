"""What a pipeline says while it works: a table of its stages that is painted anew, or a line a minute, or events."""

import sys
import time
from collections.abc import Sequence
from decimal import Decimal
from shutil import get_terminal_size
from typing import Any

from outrider.cli.batch_telling import span
from outrider.cli.show import dollars, dump, note, one_line
from outrider.rules.bulk.nouns import Result

EVERY = 60.0
REPAINT = 0.2
BAR = 16


class _Stage:
    """How far one stage is. `kept` are answers of earlier sittings."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.total = self.kept = self.done = self.failed = 0
        self.cost = Decimal(0)
        self.began: float | None = None
        self.seconds: float | None = None
        self.state = "waiting"

    def figures(self) -> dict[str, Any]:
        return {
            "stage": self.name, "state": self.state, "items": self.total, "done": self.done + self.kept,
            "failed": self.failed, "cost_usd": float(self.cost),
        }  # fmt: skip


class Teller:
    """Counts what is heard of each stage and says how far the whole is."""

    def __init__(self, stages: Sequence[str], *, quiet: bool, events: bool, watch: bool) -> None:
        self._stages = {name: _Stage(name) for name in stages}
        self._quiet = quiet
        self._events = events
        self._began = self._told = time.monotonic()
        self._is_live = watch and sys.stderr.isatty() and not quiet and not events
        self._is_bar = sys.stderr.isatty() and not quiet and not events and not watch
        self._painted = 0

    @property
    def seconds(self) -> float:
        """How long this process has worked."""
        return time.monotonic() - self._began

    @property
    def asked(self) -> int:
        """How many prompts ended in this sitting."""
        return sum(stage.done + stage.failed for stage in self._stages.values())

    @property
    def cost(self) -> Decimal:
        """What this sitting's answers cost."""
        return sum((stage.cost for stage in self._stages.values()), Decimal(0))

    def figures(self) -> list[dict[str, Any]]:
        """Returns how far each stage is."""
        return [stage.figures() for stage in self._stages.values()]

    def begin(self, name: str, *, total: int, kept: int) -> None:
        """Takes in that a stage begins, or goes on with its next level."""
        stage = self._stages[name]
        stage.began = stage.began or time.monotonic()
        stage.total += total
        stage.kept += kept
        stage.state = "running"
        self.event("stage", **stage.figures())
        self.tick(now=True)

    def heard(self, name: str, result: Result) -> None:
        """Takes in one prompt's result."""
        stage = self._stages[name]
        stage.done += result.ok
        stage.failed += not result.ok
        stage.cost += result.cost
        self.event(
            "item", stage=name, id=result.id, ok=result.ok, model=result.model, kind=result.kind,
            cost_usd=float(result.cost),
        )  # fmt: skip
        self.tick()

    def end(self, name: str, *, is_whole: bool) -> None:
        """Takes in that a stage, or one level of it, has ended."""
        stage = self._stages[name]
        stage.seconds = time.monotonic() - (stage.began or time.monotonic())
        stage.state = "done" if is_whole else "stopped"
        self.event("stage", **stage.figures())
        if stage.total and not (self._quiet or self._events or self._is_live):
            self._clear()
            note(self._line(stage))
        self.tick(now=True)

    def told(self, event: str, line: str) -> None:
        """Says what happened to a provider."""
        self.event(event, message=line)
        if not self._quiet and not self._events:
            self._clear()
            note({"down": f"waiting: {line}", "slower": f"slower: {line}"}.get(event, line))

    def event(self, name: str, **fields: Any) -> None:
        """Writes an event, where they are wanted."""
        if self._events:
            dump({"event": name, **fields})
            sys.stdout.flush()

    def tick(self, *, now: bool = False) -> None:
        """Says how far it is, where it is time to."""
        moment = time.monotonic()
        is_painted = self._is_live or self._is_bar
        if not (now and is_painted) and moment - self._told < (REPAINT if is_painted else EVERY):
            return
        self._told = moment
        running = [stage for stage in self._stages.values() if stage.state == "running"]
        if self._is_live:
            self._paint([self._row(stage) for stage in self._stages.values()])
        elif self._is_bar:
            self._paint([self._row(stage) for stage in running[:1]])
        elif self._events:
            self.event("progress", stages=self.figures())
        elif not self._quiet:
            for stage in running:
                note(self._line(stage))

    def _line(self, stage: _Stage) -> str:
        ended = stage.done + stage.kept
        failed = f", {stage.failed:,} failed" if stage.failed else ""
        kept = f" ({stage.kept:,} from before)" if stage.kept else ""
        taken = stage.seconds if stage.seconds is not None and stage.state != "running" else None
        after = f", {span(taken)}" if taken is not None else ""
        return f"{stage.name}: {ended:,} of {stage.total:,}{kept}{failed}, {dollars(stage.cost)}{after}"

    def _row(self, stage: _Stage) -> str:
        width = max(len(name) for name in self._stages)
        share = (stage.done + stage.failed + stage.kept) / stage.total if stage.total else 0.0
        full = round(min(share, 1.0) * BAR)
        bar = f"[{'#' * full}{'.' * (BAR - full)}]"
        if stage.state == "waiting":
            return f"{stage.name.ljust(width)}  {bar}  waiting"
        return f"{stage.name.ljust(width)}  {bar}  {self._line(stage).partition(': ')[2]}"

    def _paint(self, rows: Sequence[str]) -> None:
        size = get_terminal_size((80, 24))
        # A table that is taller than the terminal could not be painted over.
        shown = [one_line(row)[: size.columns - 1] for row in rows][: max(size.lines - 1, 1)]
        up = f"\x1b[{self._painted}F" if self._painted else ""
        sys.stderr.write(up + "".join(f"\x1b[2K{row}\n" for row in shown))
        sys.stderr.flush()
        self._painted = len(shown)

    def _clear(self) -> None:
        if self._painted:
            sys.stderr.write(f"\x1b[{self._painted}F\x1b[0J")
            sys.stderr.flush()
            self._painted = 0

    def close(self) -> None:
        """Takes the live view away, but for its last state where it was asked for."""
        if self._is_live:
            self._paint([self._row(stage) for stage in self._stages.values()])
            self._painted = 0
        else:
            self._clear()
