"""Sums of what the transcripts say was used, and one shape for both books."""

from decimal import Decimal
from typing import Any

import pytest

from outrider.rules import skipping, sums
from outrider.rules.client_prices import Tokens
from outrider.rules.skipping import Skipped
from outrider.rules.spending import Heap, Spending, Tally, Unpriced, spending
from outrider.rules.sums import Entry
from outrider.rules.transcripts import CONTEXT
from tests.rules.test_client_prices import ROWS

DAY = 1_795_132_800.0


def heap(
    model: str = "claude-opus-5-5", *, calls: int = 1, fresh: int = 1_000_000, at: float = DAY, **context: Any
) -> Heap:
    """Returns calls of a session in a folder."""
    whose = {**dict.fromkeys(CONTEXT, ""), "model": model, "session": "s", "folder": "/w/inner", **context}
    return Heap(context=whose, at=at, prompt=0, tokens=Tokens(calls=calls, fresh=fresh))


def summed(*heaps: Heap, by: tuple[str, ...] = ("model",)) -> Spending:
    """Sums heaps where folders are repositories by their first name."""
    return spending(heaps, ROWS, by=by, agents={"a1": "scout"}, repository_of=lambda folder: "/" + folder.split("/")[1])


def test_sums_have_the_dearest_first() -> None:
    """And what no price is known for is in none, but named."""
    found = summed(heap("x-1", calls=2), heap(fresh=10), heap("claude-opus-4-5"), heap(fresh=20, at=DAY + 86_400))
    assert found == Spending(
        tallies=(
            Tally(
                names=("vendor.claude-opus-4-5",),
                tokens=Tokens(calls=1, fresh=1_000_000),
                dollars=Decimal(1),
                unpriced=0,
            ),
            Tally(names=("home.opus",), tokens=Tokens(calls=2, fresh=30), dollars=Decimal("0.00003"), unpriced=0),
            Tally(names=("x-1",), tokens=Tokens(calls=2, fresh=1_000_000), dollars=Decimal(0), unpriced=2),
        ),
        total=Tally(names=(), tokens=Tokens(calls=5, fresh=2_000_030), dollars=Decimal("1.00003"), unpriced=2),
        unpriced=(Unpriced(model="x-1", why="no price row", calls=2, tokens=1_000_000),),
        as_of="2026-11-20",
    )


@pytest.mark.parametrize(
    ("by", "context", "name"),
    [
        ("agent", {}, "main"),
        ("agent", {"side": "1", "agent": "pack:scout", "agent_id": "a1"}, "pack:scout"),
        ("agent", {"side": "1", "agent_id": "a1"}, "scout"),
        ("agent", {"side": "1", "agent_id": "a2"}, "subagent"),
        ("plugin", {}, None),
        ("plugin", {"side": "1", "agent": "pack:scout"}, "pack"),
        ("plugin", {"side": "1", "agent": "pack:scout", "plugin": "other"}, "other"),
        ("repo", {}, "/w"),
        ("repository", {"folder": ""}, None),
        ("session", {"session": ""}, None),
        ("day", {}, "2026-11-20"),
        ("task", {}, None),
        ("preset", {}, None),
        ("provider", {}, "home"),
        ("provider", {"model": "x-1"}, None),
    ],
)
def test_every_dimension_has_a_name_or_none(by: str, context: dict[str, Any], name: str | None) -> None:
    """From the line, else from the paper beside the transcript, else it is nobody's."""
    assert summed(heap(**context), by=(by,)).tallies[0].names == (name,)


def test_nothing_is_nothing() -> None:
    """Without a history there are no sums."""
    empty = Tally(names=(), tokens=Tokens(), dollars=Decimal(0), unpriced=0)
    assert summed() == Spending(tallies=(), total=empty, unpriced=(), as_of="")


OURS = Entry(source="outrider", calls=2, failures=1, input=10, output=5, cost=Decimal(3), in_doubt=Decimal(1))
THEIRS = Entry(
    source="claude_code", calls=4, input=100, output=50, cached=60, written=30, written_hour=20, cost=Decimal(1)
)


def test_two_books_make_one_whole() -> None:
    """Which says that it is mixed; a whole of one source is that source's."""
    both = sums.whole((OURS, THEIRS))
    assert (both.source, both.basis, both.calls, both.cost, both.written_hour) == ("", "mixed", 6, Decimal(4), 20)
    assert [sums.whole(part).basis for part in ((OURS,), (THEIRS,), ())] == ["measured", "priced", "measured"]
    assert sums.ordered((THEIRS, OURS)) == (OURS, THEIRS)
    assert (sums.share(1, 4), sums.share(Decimal(1), Decimal(0))) == (0.25, 0.0)


def test_a_tally_is_an_entry() -> None:
    """Its input holds what was cached; where not one call has a price its dollars are not known."""
    tokens = Tokens(calls=4, fresh=10, read=60, five=10, hour=20, output=50)
    tally = Tally(names=("m",), tokens=tokens, dollars=Decimal(1), unpriced=1)
    found = sums.from_tally(tally)
    assert (found.input, found.cached, found.written, found.written_hour, found.known_cost) == (
        100,
        60,
        30,
        20,
        Decimal(1),
    )
    assert sums.from_tally(Tally(names=(), tokens=tokens, dollars=Decimal(0), unpriced=4)).known_cost is None


@pytest.mark.parametrize(
    ("skipped", "expected"),
    [
        (Skipped(copies=3, remade=True), ()),
        (Skipped(cut=1, bad=2), ("1 line was cut in the middle", "2 lines with a usage could not be read")),
        (
            Skipped(long=1_000, odd=1),
            ("1,000 lines were longer than 8 MiB", "1 record of an unknown kind may bill something"),
        ),
        (Skipped(unfinished=1, links=1), ("1 file ends in half a line", "1 link was not followed")),
        (Skipped(unreadable=("a", "b", "c", "d")), ("4 not readable: a, b, c and 1 more",)),
        (Skipped(unkept=True), ("nothing could be remembered of this reading, so the next one begins anew",)),
    ],
)
def test_what_is_in_no_total_is_a_line_each(skipped: Skipped, expected: tuple[str, ...]) -> None:
    """A sum that left something out says so."""
    assert skipping.lines(skipped) == tuple(f"transcripts: {line}" for line in expected)
