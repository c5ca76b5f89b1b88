"""One shape for what two books say: the ledger of its calls (measured), the transcripts of theirs (priced)."""

from collections.abc import Iterable
from decimal import Decimal

from outrider.records import record
from outrider.rules.client_prices import Tokens
from outrider.rules.spending import SOURCE, Tally

OURS = "outrider"
BASES = {OURS: "measured", SOURCE: "priced"}
"""Measured: billed to a key of the user, as settled. Priced: what the API would have charged; a plan pays otherwise."""
MIXED = "mixed"


@record
class Entry:
    """What some calls of one source came to; `names` are those of the dimensions.

    `input` holds `cached` and `written`. `in_doubt` may have been billed besides; `unpriced` calls are in no dollars,
    or a guess.
    """

    source: str
    names: tuple[str | None, ...] = ()
    calls: int = 0
    failures: int = 0
    input: int = 0
    output: int = 0
    cached: int = 0
    written: int = 0
    written_hour: int = 0
    cost: Decimal = Decimal(0)
    in_doubt: Decimal = Decimal(0)
    unpriced: int = 0

    @property
    def basis(self) -> str:
        """How its dollars are known."""
        return BASES.get(self.source, MIXED)

    @property
    def known_cost(self) -> Decimal | None:
        """Its dollars, or None where not one of its calls has a list price."""
        is_unknown = self.source == SOURCE and self.calls and self.unpriced == self.calls
        return None if is_unknown else self.cost


def from_tally(tally: Tally) -> Entry:
    """Returns an entry for what Claude Code used."""
    tokens: Tokens = tally.tokens
    return Entry(
        source=SOURCE, names=tally.names, calls=tokens.calls, input=tokens.input, output=tokens.output,
        cached=tokens.read, written=tokens.five + tokens.hour, written_hour=tokens.hour, cost=tally.dollars,
        unpriced=tally.unpriced,
    )  # fmt: skip


def whole(entries: Iterable[Entry]) -> Entry:
    """Returns the sum of some entries, of one source where they have one."""
    parts = [entry for entry in entries if entry.calls]
    sources = {entry.source for entry in parts} or {OURS}
    return Entry(
        source=sources.pop() if len(sources) == 1 else "",
        calls=sum(part.calls for part in parts), failures=sum(part.failures for part in parts),
        input=sum(part.input for part in parts), output=sum(part.output for part in parts),
        cached=sum(part.cached for part in parts), written=sum(part.written for part in parts),
        written_hour=sum(part.written_hour for part in parts), cost=sum((part.cost for part in parts), Decimal(0)),
        in_doubt=sum((part.in_doubt for part in parts), Decimal(0)), unpriced=sum(part.unpriced for part in parts),
    )  # fmt: skip


def share(part: Decimal | int, total: Decimal | int) -> float:
    """Returns a part of a whole, nothing of nothing."""
    return float(part / total) if total else 0.0


def ordered(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Returns entries with the dearest first, then those that used most."""
    return tuple(
        sorted(entries, key=lambda entry: (-entry.cost, -entry.calls, tuple(map(str, entry.names)), entry.source))
    )
