"""What the real client's own history comes to, priced by hand, beside what a naive reader makes of it."""

import json
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from outrider.cli import spending as gathering
from outrider.cli.session import Session
from outrider.rules.client_prices import Tokens, row_of, rows_by_id, worth
from outrider.rules.spending import Spending
from tests.transcripts.record import GOLDEN

FIRST, FORKED, DEAR, DATED, STRANGE = (
    f"{number:08x}-0000-4000-8000-{number:012x}" for number in (0x1, 0x30, 0x35, 0x52, 0x59)
)
HAND: dict[str, tuple[Decimal | int, ...]] = {
    # model: millionths of a dollar, call by call, from `sessions.py` and the price list of 2026-11-20
    "claude.sonnet": (
        10 * 2 + 120 * 10 + 1_000 * Decimal("2.5") + 3_000 * 4,  # an hour's write costs twice the input
        5 * 2 + 80 * 10 + 4_000 * Decimal("0.1") + 200 * Decimal("2.5"),
        5 * 2 + 40 * 10 + 4_200 * Decimal("0.1") + 300 * 4,
        5 * 2 + 30 * 10 + 4_500 * Decimal("0.1") + 100 * Decimal("2.5"),
        6 * 2 + 15 * 10 + 4_600 * Decimal("0.1"),  # resumed
        6 * 2 + 16 * 10 + 4_600 * Decimal("0.1"),  # forked: what it repeats is not billed again
    ),
    "claude.haiku": (
        7 * Decimal("0.1") + 50 * Decimal("0.5") + 900 * Decimal("0.125"),
        3 * Decimal("0.1") + 25 * Decimal("0.5") + 900 * Decimal("0.01"),
        60_000 * Decimal("0.5") + 400 * Decimal("2.5") + 10_000 * Decimal("0.625") + 40_000 * 1,  # over 100,000: dearer
        20 * Decimal("0.1") + 40 * Decimal("0.5") + 90_000 * Decimal("0.01"),  # under: cheap again
    ),
    "claude.opus": (
        8 * 4 + 55 * 20 + 1_900 * 5,
        4 * 4 + 26 * 20 + 1_900 * Decimal("0.2"),
        1_000 * 8 + 500 * 40 + 2_000 * 16,  # fast: twice everything
        (1_000 * 4 + 500 * 20) * Decimal("1.1"),  # served in one region
        100 * 4 + 50 * 20 + 3 * 10_000,  # three web searches at a cent
        1_000 * 4 + 200 * 20,
    ),
    "claude.fable": (2_000 * 8 + 300 * 40,),  # the advisor, billed beside the reply that it is in
    "anthropic.opus_4_5": (300 * 5 + 200 * 25 + 1_000 * Decimal("0.5") + 400 * Decimal("6.25") + 500 * 10,),
    "claude-nova-9": (),  # no list knows it
}
BY_HAND: dict[str, Decimal] = {model: Decimal(sum(calls)) / 1_000_000 for model, calls in HAND.items()}


@pytest.fixture
def golden(home: Path) -> Session:
    """Puts the golden history where the client keeps its own."""
    shutil.copytree(GOLDEN, home / ".claude")
    return Session()


def summed(session: Session, *by: str) -> Spending:
    """Reads the history and sums it."""
    return gathering.spent(session, gathering.history(session, since=0), by=by)


def lines() -> Iterator[dict[str, Any]]:
    """Yields every line of every transcript."""
    for path in sorted(GOLDEN.rglob("*.jsonl")):
        yield from (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


def naive() -> dict[str, Decimal]:
    """Prices every line with a usage by its model's plain prices: input, output, read, and one price for all writes."""
    prices: dict[str, tuple[float | str, ...]] = {
        "claude.sonnet": (2, 10, "0.1", "2.5"), "claude.haiku": ("0.1", "0.5", "0.01", "0.125"),
        "claude.opus": (4, 20, "0.2", 5),
    }  # fmt: skip
    found = dict.fromkeys(prices, Decimal(0))
    for line in lines():
        if line["type"] == "assistant":
            message = line["message"]
            for name, row in prices.items():
                if f"{name.replace('.', '-')}-5-5" == message["model"]:
                    names = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
                    used = (message["usage"][key] * Decimal(str(price)) for key, price in zip(names, row, strict=True))
                    found[name] += sum(used, Decimal(0)) / 1_000_000
    return found


def test_the_total_is_the_one_priced_by_hand(golden: Session, capsys: pytest.CaptureFixture[str]) -> None:
    """Model by model within a thousandth of what the vendor bills; who reads naively is off by tens of per cent."""
    found = summed(golden, "model")
    dollars = {tally.names[0]: tally.dollars for tally in found.tallies}
    total, hand, others = found.total.dollars, sum(BY_HAND.values(), Decimal(0)), naive()
    off = {name: (others[name] - BY_HAND[name]) / BY_HAND[name] for name in others}
    with capsys.disabled():
        print(f"\ngolden: by hand ${hand:.6f}; outrider ${total:.6f}, off by {abs(total - hand) / hand:.4%};")
        print("a naive reader is off by", ", ".join(f"{part:+.0%} for {name}" for name, part in off.items()))
    assert dollars == BY_HAND
    assert abs(total - hand) / hand <= Decimal("0.001")
    assert min(abs(part) for part in off.values()) > Decimal("0.2")


def test_the_client_came_to_the_same(golden: Session) -> None:
    """Its own books say what ours do, session by session, but that it prices an unknown model by guess."""
    stated: dict[str, Decimal] = {}
    for line in lines():
        if line["type"] == "cost-state":
            stated[line["sessionId"]] = Decimal(str(line["totalCostUSD"]))
    ours = {tally.names[0]: tally.dollars for tally in summed(golden, "session").tallies}
    # A fork's books go on from those of the session that it was forked from.
    ours[FORKED] += ours[FIRST]
    guess = Decimal("0.0001")
    assert {name: round(dollars, 9) for name, dollars in stated.items()} == {**ours, STRANGE: guess}


@pytest.mark.parametrize(
    ("by", "calls"),
    [
        (("agent",), {("main",): 13, ("pack:scout",): 4, ("general-purpose",): 2}),
        (("plugin",), {(None,): 15, ("pack",): 4}),
        (("repository",), {("/work/project",): 19}),
        (("day",), {("2026-11-20",): 19}),
        (("session",), {(FIRST,): 9, (FORKED,): 1, (DEAR,): 7, (DATED,): 1, (STRANGE,): 1}),
        (("agent", "model"), {
            ("main", "claude.sonnet"): 6, ("main", "claude.opus"): 4, ("main", "claude.fable"): 1,
            ("main", "anthropic.opus_4_5"): 1, ("main", "claude-nova-9"): 1, ("pack:scout", "claude.haiku"): 4,
            ("general-purpose", "claude.opus"): 2,
        }),
        (("task", "preset", "provider"), {
            (None, None, "claude"): 17, (None, None, "anthropic"): 1, (None, None, None): 1,
        }),
    ],
)  # fmt: skip
def test_calls_are_whose_they_were(
    golden: Session, by: tuple[str, ...], calls: dict[tuple[str | None, ...], int]
) -> None:
    """Each call has its agent, plugin, repository, day, and the session that first made it."""
    assert {tally.names: tally.tokens.calls for tally in summed(golden, *by).tallies} == calls


def test_an_unknown_model_is_marked(golden: Session) -> None:
    """Its tokens are counted, its dollars are not, and both are said."""
    found = gathering.history(golden, since=0)
    sums = gathering.spent(golden, found, by=("model",))
    assert gathering.told(found, sums) == ("transcripts: no dollars for 1 call of claude-nova-9: no price row",)
    assert (sums.total.unpriced, sums.as_of) == (1, "2026-11-20")


def test_subagents_are_told_of(golden: Session) -> None:
    """What a call asked for, what the client made of it, and what stands beside the transcript meet by their ids."""
    transcripts = gathering.history(golden, since=0).transcripts
    calls, results, metas = ({one.id: one for one in transcripts.calls()}, transcripts.results(), transcripts.metas())
    assert [(call.agent, call.model, call.background, call.version) for call in calls.values()] == [
        ("pack:scout", "", False, "2.1.328"),
        ("general-purpose", "opus", True, "2.1.328"),
        ("pack:scout", "", False, "2.1.328"),
    ]
    assert {call.session for call in calls.values()} == {FIRST, DEAR}
    assert [(calls[one.id].agent, one.model, one.status) for one in results] == [
        ("pack:scout", "claude-haiku-5-5", "completed"),
        ("general-purpose", "claude-opus-5-5", "async_launched"),
        ("pack:scout", "claude-haiku-5-5", "completed"),
    ]
    assert {(calls[meta.call].agent, meta.agent, meta.finished) for meta in metas} == {
        ("pack:scout", "pack:scout", True),
        ("general-purpose", "general-purpose", True),
    }
    assert {meta.agent_id for meta in metas} == {one.agent_id for one in results}


@pytest.mark.parametrize(
    ("model", "name", "dollars"),
    [
        # What the client 2.1.328 reckons for a million tokens each of input, output, cache reads and both cache writes.
        ("claude-opus-4-8", "claude-opus-4-8", "46.75"),
        ("claude-opus-4-1-20250805", "claude-opus-4-1", "140.25"),
        ("claude-opus-4-20250514", "claude-opus-4", "140.25"),
        ("claude-sonnet-5", "claude-sonnet-5", "18.7"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4", "28.05"),
        ("claude-3-5-haiku-20241022", "claude-3-5-haiku", "7.48"),
        ("claude-fable-5", "claude-fable-5", "93.5"),
        ("claude-opus-5", "anthropic.opus_5", "46.75"),
        ("claude-haiku-4-5-20251001", "anthropic.haiku_4_5", "9.35"),
        ("claude-opus-4-9", None, None),
    ],
)
def test_older_models_have_their_own_prices(golden: Session, model: str, name: str | None, dollars: str | None) -> None:
    """History holds models that nobody can choose any more; each costs what it cost, and a stranger nothing."""
    row = row_of(rows_by_id(golden.registry), model)
    tokens = Tokens(fresh=10**6, output=10**6, read=10**6, five=10**6, hour=10**6)
    found = worth(golden.registry, row, tokens, service="", region="", prompt=0, at=0.0).dollars
    assert (row.name if row else None, found) == (name, Decimal(dollars) if dollars else None)
