"""What tiering saved, priced by hand: thirty subagents on a small model, one session on a larger one."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outrider.cli.savings import reckoned
from outrider.cli.session import Session
from outrider.doors import registry as registry_door
from outrider.doors.settings import places
from outrider.records import replace
from outrider.rules.client_prices import Tokens
from outrider.rules.savings import COLUMNS, Reckoning, Use, reckon
from outrider.rules.spending import End, Heap, spending
from outrider.rules.transcripts import CONTEXT, Call
from tests.transcripts.writing import Folder, reply

REGISTRY = registry_door.load(places(environment={"HOME": "/nonexistent"}))
HAIKU, SONNET, OPUS = "claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"
AT = 1_795_132_800.0
# Millionths of a dollar, from the price list of 2026-11-20: input, output, cache read, cache write of five minutes.
HAND: dict[str, dict[str, Decimal | int]] = {
    "sessions": {  # 1,000 fresh, 500 out, 10,000 written
        "run": 1_000 * 2 + 500 * 10 + 10_000 * Decimal("2.5"),
        "session": 1_000 * 2 + 500 * 10 + 10_000 * Decimal("2.5"),
        "best": 1_000 * 4 + 500 * 20 + 10_000 * 5,
    },
    "subagents": {  # thirty times 200 fresh, 50 out, 2,000 written; then 10 fresh, 400 out, 2,000 read
        "run": 30 * (200 * Decimal("0.1") + 50 * Decimal("0.5") + 2_000 * Decimal("0.125")
                     + 10 * Decimal("0.1") + 400 * Decimal("0.5") + 2_000 * Decimal("0.01")),
        "session": 30 * (200 * 2 + 50 * 10 + 2_000 * Decimal("2.5") + 10 * 2 + 400 * 10 + 2_000 * Decimal("0.1")),
        "best": 30 * (200 * 4 + 50 * 20 + 2_000 * 5 + 10 * 4 + 400 * 20 + 2_000 * Decimal("0.2")),
    },
    "outrider": {"run": 0, "session": 0, "best": 0},
    "prompts": {  # thirty prompts of 400 bytes are 3,000 tokens that the caller wrote
        "run": 3_000 * 10, "session": 3_000 * 10, "best": 3_000 * 20,
    },
    "context": {  # what each was sent first
        "run": 30 * (200 * Decimal("0.1") + 2_000 * Decimal("0.125")),
        "session": 30 * (200 * 2 + 2_000 * Decimal("2.5")),
        "best": 30 * (200 * 4 + 2_000 * 5),
    },
    "handback": {  # 400 tokens of each, written to the caller's cache
        "run": 30 * 400 * Decimal("2.5"), "session": 30 * 400 * Decimal("2.5"), "best": 30 * 400 * 5,
    },
    "rejected": {"run": 0, "session": 0, "best": 0},
    "failed": {"run": 0, "session": 0, "best": 0},
}  # fmt: skip
SAVED = {"session": Decimal("0.06612"), "best": Decimal("0.17972")}


def write(home: Path, *, subagents: int = 30) -> None:
    """Writes the history that was priced by hand."""
    folder = Folder(home)
    calls = [
        {"type": "tool_use", "id": f"t{n}", "name": "Agent", "input": {"prompt": "p" * 400, "subagent_type": "scout"}}
        for n in range(subagents)
    ]
    main = reply("main", output=500, usage=usage(1_000, five=10_000), model=SONNET)
    folder.write("p/s.jsonl", main.replace('"content":[]', f'"content":{_json(calls)}'))
    for n in range(subagents):
        whose: dict[str, Any] = {"agentId": f"a{n}", "isSidechain": True, "model": HAIKU, "attributionAgent": "scout"}
        folder.write(
            f"p/s/subagents/agent-a{n}.jsonl",
            reply(f"{n}-1", output=50, usage=usage(200, five=2_000), at="2026-11-20T10:00:01.000Z", **whose),
            reply(f"{n}-2", output=400, usage=usage(10, read=2_000), at="2026-11-20T10:00:02.000Z", **whose),
        )


def usage(fresh: int, *, five: int = 0, read: int = 0) -> dict[str, Any]:
    """Returns what was sent, by how it is billed."""
    return {"input_tokens": fresh, "cache_creation_input_tokens": five, "cache_read_input_tokens": read}


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def by_name(found: Reckoning) -> dict[str, dict[str, Decimal]]:
    """Returns the dollars of every line, by column."""
    lines = (*found.parts, *found.routing)
    return {line.name: {column: getattr(line, column) for column in COLUMNS} for line in lines}


def test_the_reckoning_is_the_one_made_by_hand(home: Path) -> None:
    """Line by line and column by column, to the last millionth."""
    write(home)
    found, notes = reckoned(Session())
    hand = {
        name: {column: Decimal(dollars) / 1_000_000 for column, dollars in columns.items()}
        for name, columns in HAND.items()
    }
    assert by_name(found) == hand
    assert {column: found.saved(column) for column in SAVED} == SAVED
    assert (found.delegations, found.subagents, found.asked, found.best, notes) == (30, 30, 0, "claude.opus", ())
    assert found.is_enough


def test_too_few_are_no_claim(home: Path) -> None:
    """Twenty-nine are counted, and nothing is claimed of them."""
    write(home, subagents=29)
    found, _ = reckoned(Session())
    assert (found.delegations, found.is_enough) == (29, False)


def heap(model: str, tokens: Tokens, *, side: bool, session: str = "s") -> Heap:
    """Returns calls of a session, or of a subagent of it."""
    whose = {**dict.fromkeys(CONTEXT, ""), "model": model, "session": session, "side": "1" if side else ""}
    return Heap(context={**whose, "agent_id": "a" if side else ""}, at=AT, prompt=0, tokens=tokens)


numbers = st.integers(0, 10**7)
models = st.sampled_from((HAIKU, SONNET, OPUS, "claude-opus-4-5-20251101", "claude-nova-9"))
tokens = st.tuples(st.integers(1, 9), *[numbers] * 5).map(
    lambda of: Tokens(calls=of[0], fresh=of[1], output=of[2], read=of[3], five=of[4], hour=of[5])
)
sessions = st.sampled_from(("s", "t", ""))
heaps = st.lists(st.builds(heap, models, tokens, side=st.booleans(), session=sessions), max_size=6)
money = st.integers(0, 10**8).map(lambda millionths: Decimal(millionths) / 1_000_000)
uses = st.lists(
    st.builds(
        Use, session=sessions, is_used=st.booleans(), is_answer=st.booleans(), is_known=st.booleans(),
        at=st.just(AT), prompt=st.just(0), tokens=tokens, cost=money, in_doubt=money, seconds=st.just(1.0),
    ), max_size=4,
)  # fmt: skip


# A busy machine is no fault of these.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(heaps=heaps, uses=uses, firsts=st.lists(tokens, max_size=3), sizes=st.lists(numbers, max_size=3))
def test_the_figures_hold_together(
    heaps: list[Heap], uses: list[Use], firsts: list[Tokens], sizes: list[int]
) -> None:  # fmt: skip
    """As run is what both books sum to; routing costs at least nothing; lines and shares add up."""
    context = heap(HAIKU, Tokens(), side=True).context
    ends = [End(context=context, begun=0, first=first, ended=1, output=first.output) for first in firsts]
    calls = [
        Call(
            id=str(n), at=0, session="s", caller="", agent="", model="", effort="", background=None,
            prompt_bytes=size, version="", copied=False,
        )
        for n, size in enumerate(sizes)
    ]  # fmt: skip
    found = reckon(heaps, REGISTRY, ends=ends, calls=calls, uses=uses)
    used = spending(heaps, REGISTRY, by=(), agents={}, repository_of=str).total
    assert found.total("run") == used.dollars + sum(use.cost for use in uses)
    assert found.unpriced_calls == used.unpriced
    assert found.plan_tokens == used.tokens.whole
    for column in COLUMNS:
        assert sum(getattr(share, column) for share in found.shares) == used.tokens.whole
        assert all(getattr(line, column) >= 0 for line in (*found.parts, *found.routing))
    for column in ("session", "best"):
        assert found.saved(column) == found.total(column) - found.overhead(column) - found.total("run")


@pytest.mark.parametrize("model", ["claude-nova-9", "gpt-5"])
def test_an_unknown_model_saves_nothing(model: str) -> None:
    """It is named, counted, and in no dollars of any column."""
    found = reckon([heap(model, Tokens(calls=2, fresh=9), side=True)], REGISTRY, ends=(), calls=(), uses=())
    assert by_name(found) == {name: dict.fromkeys(COLUMNS, 0) for name in HAND}
    assert (found.unpriced_calls, found.unpriced_models) == (2, (model,))


def test_what_the_ledger_does_not_know_the_price_of_saves_nothing() -> None:
    """It stands in every column with what it cost; a known one stands at what the session's model would have taken."""
    main = heap(SONNET, Tokens(calls=1, output=1_000_000), side=False)
    use = Use(
        session="s", is_used=True, is_answer=True, is_known=False, at=AT, prompt=0, cost=Decimal(1),
        tokens=Tokens(calls=1, output=1_000_000), in_doubt=Decimal(0), seconds=2.0,
    )  # fmt: skip
    guessed = reckon([main], REGISTRY, ends=(), calls=(), uses=[use])
    known = reckon([main], REGISTRY, ends=(), calls=(), uses=[replace(use, is_known=True)])
    failed = reckon(
        [main], REGISTRY, ends=(), calls=(), uses=[replace(use, is_known=True, is_used=False, is_answer=False)]
    )
    assert by_name(guessed)["outrider"] == {"session": 1, "best": 1, "run": 1}
    assert by_name(known)["outrider"] == {"session": 10, "best": 20, "run": 1}
    assert by_name(failed)["failed"] == {"session": 10, "best": 20, "run": 1}
    assert (known.saved("session"), failed.saved("session")) == (Decimal(9), Decimal(-1))
