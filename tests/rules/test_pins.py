"""Pins that no recorded spawn shows: strange aliases, files of one name, callers that changed their model."""

from decimal import Decimal
from typing import Any

import pytest

from outrider.doors import registry as registry_door
from outrider.doors.settings import places
from outrider.records import replace
from outrider.rules.client_models import class_of, is_same, meant, version_of
from outrider.rules.client_prices import Tokens
from outrider.rules.pin_asking import AgentFile, Around, Spawn
from outrider.rules.pins import Judged, groups, judge
from outrider.rules.spending import Heap
from outrider.rules.transcripts import CONTEXT

REGISTRY = registry_door.load(places(environment={"HOME": "/nonexistent"}))
HAIKU, SONNET, OPUS = "claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"
AROUND = Around(variables={})


def heap(served: str, *, requested: str | None = None, **context: Any) -> Heap:
    """Returns a reply of a million tokens, by a model that was asked for by its name."""
    whose = {**dict.fromkeys(CONTEXT, ""), "model": served, "requested": served if requested is None else requested}
    return Heap(
        context={**whose, "agent_id": "a", "side": "1", **context}, at=0.0, prompt=0, tokens=Tokens(output=10**6)
    )


def spawn(pin: str | None, *heaps: Heap, **more: Any) -> Spawn:
    """Returns a spawn of an agent whose file has a pin."""
    file = AgentFile(name="scout", path="/p/scout.md", changed=0.0, model=pin or "")
    one = Spawn(
        agent_id="a", agent="scout", at=9.0, session="s", folder="/p", version="2.1.328", is_called=True,
        is_built_in=False, call_model="",
        call_effort="", noted="", resolved="", parents=frozenset({SONNET}), files=(file,), around=AROUND, heaps=heaps,
    )  # fmt: skip
    return replace(one, **more)


def judged(one: Spawn) -> Judged:
    """Judges one spawn."""
    (found,) = judge((one,), REGISTRY)
    return found


@pytest.mark.parametrize(
    ("one", "verdict", "why"),
    [
        (spawn("default", heap(OPUS)), "UNKNOWN", "what default then meant is not known"),
        (spawn("inherit", heap(SONNET), parents=frozenset()), "UNKNOWN", "what inherit then meant is not known"),
        (spawn("inherit", heap(OPUS), parents=frozenset({SONNET, OPUS})), "OK", ""),
        (spawn("haiku", heap("gateway-model")), "UNKNOWN", "what haiku then meant is not known"),
        (spawn("haiku", heap("eu.anthropic.claude-haiku-4-5-20251001-v1:0")), "OK", "haiku means claude-haiku-5-5"),
        (spawn("sonnet", heap("gateway-model", requested="my-sonnet")), "UNKNOWN", "what answers to the name"),
        (spawn("haiku", heap(HAIKU), heap(SONNET)), "IGNORED", "nothing that is set now says why"),
        (spawn("haiku", heap(HAIKU), heap(OPUS, requested="")), "OK", ""),
        (spawn("haiku"), "UNKNOWN", "no reply of it is in the transcripts"),
        (spawn("haiku", heap(SONNET), is_called=False), "UNKNOWN", "its call is not in the transcripts any more"),
        (spawn("haiku", heap(SONNET), is_called=False, noted=SONNET), "IGNORED", "it ran on its caller's model"),
        (spawn("haiku", heap(SONNET), at=-1.0), "UNKNOWN", "the agent's file was changed after it ran"),
        (spawn(None, heap(SONNET), files=(), agent="gone"), "UNKNOWN", "no file of this agent is to be found any more"),
        (spawn(None, heap(SONNET), files=(), agent="Explore", is_called=False), "UNKNOWN", "no file of this agent"),
        (spawn("haiku", heap(SONNET), parents=frozenset({OPUS}), around=Around(variables={}, available=("haiku",),
               available_in="/s")), "IGNORED", "nothing that is set now says why"),
        (spawn(None, heap(SONNET), files=(), agent="new-one", is_built_in=True), "OK", ""),
        (spawn("haiku", heap(SONNET, requested="")), "IGNORED", "it ran on its caller's model"),
        (spawn("haiku", heap(SONNET, requested=""), resolved=HAIKU), "MISMATCH", "claude-haiku-5-5 was asked"),
    ],
)  # fmt: skip
def test_a_spawn_is_judged_by_what_can_still_be_known(one: Spawn, verdict: str, why: str) -> None:
    """An alarm only where something shows that the pin was not kept."""
    found = judged(one)
    assert (found.verdict, found.why[: len(why)]) == (verdict, why)
    assert bool(found.why) == bool(why) or verdict == "IGNORED"


@pytest.mark.parametrize(
    ("pin", "ran", "said"),
    [
        (None, HAIKU, ("haiku", "environment", ("/s",))),
        (None, SONNET, (None, "nobody", ("/p/scout.md",))),
        ("haiku", HAIKU, ("haiku", "file", ("/p/scout.md",))),
    ],
)
def test_a_variable_asks_where_nobody_else_does(pin: str | None, ran: str, said: tuple[Any, ...]) -> None:
    """It is named where it is set now and its model ran; what is set now may not have been set then."""
    around = Around(variables={"CLAUDE_CODE_SUBAGENT_MODEL": ("haiku", "/s")})
    found = judged(spawn(pin, heap(ran), around=around))
    assert (found.verdict, (found.asked, found.source, found.hints)) == ("OK", said)


def test_files_of_one_name_are_all_asked() -> None:
    """Which one the client takes is not defined: one that was kept is enough, and none has a price."""
    two = tuple(AgentFile(name="scout", path=f"/{pin}", changed=0.0, model=pin) for pin in ("haiku", "opus"))
    kept, ignored = judged(spawn("", heap(OPUS), files=two)), judged(spawn("", heap(SONNET), files=two))
    assert (kept.verdict, kept.asked, kept.extra) == ("OK", "haiku or opus", Decimal(0))
    assert (ignored.verdict, ignored.extra) == ("IGNORED", None)
    unpinned = (two[0], replace(two[1], model=""))
    assert judged(spawn("", heap(SONNET), files=unpinned)).verdict == "UNKNOWN"


@pytest.mark.parametrize(
    ("pin", "ran", "parents", "extra"),
    [
        ("haiku", SONNET, {SONNET}, Decimal("9.5")),
        ("opus", SONNET, {SONNET}, Decimal(-10)),
        ("inherit", OPUS, {SONNET}, Decimal(10)),
        ("inherit", HAIKU, {SONNET, OPUS}, None),
        ("opus", SONNET, {"claude-opus-4-5"}, Decimal(-15)),
        ("gpt-5", SONNET, {SONNET}, None),
    ],
)
def test_the_difference_is_that_of_the_same_tokens(
    pin: str, ran: str, parents: set[str], extra: Decimal | None
) -> None:
    """At list prices, less where it ran on a cheaper one, and nothing where a price is not known."""
    assert judged(spawn(pin, heap(ran), parents=frozenset(parents))).extra == extra


def test_agents_with_alarms_come_first() -> None:
    """Each with its verdicts, what was asked, what ran, and what it cost more."""
    fine = judged(spawn("haiku", heap(HAIKU), agent="a"))
    ones = (fine, judged(spawn("haiku", heap(SONNET), agent="z")), judged(spawn("gpt-5", heap(SONNET), agent="z")))
    found = groups(ones)
    assert [(one.agent, one.verdicts["IGNORED"], one.asked, one.extra, one.unpriced) for one in found] == [
        ("z", 2, ("gpt-5", "haiku"), Decimal("9.5"), 1),
        ("a", 0, ("haiku",), Decimal(0), 0),
    ]


@pytest.mark.parametrize(
    ("name", "version", "id_"),
    [
        ("opus", "2.1.328", "claude-opus-5-5"),
        ("Opus[1m]", "2.1.400", "claude-opus-5-5"),
        ("opus", "2.1.197", "claude-opus-4-8"),
        ("best", "2.1.197", "claude-opus-4-8"),
        ("opusplan", "2.1.328", "claude-sonnet-5-5"),
        ("haiku", "2.1.250", None),  # between two versions that were looked at it moved, and nobody wrote down when
        ("haiku", "2.1.100", None),
        ("haiku", "", None),
        ("claude-opus-4-1", "2.1.328", "claude-opus-5-5"),
        ("claude-sonnet-4-6", "", "claude-sonnet-4-6"),
    ],
)
def test_an_alias_means_what_its_version_says(name: str, version: str, id_: str | None) -> None:
    """And nothing where it is not known."""
    assert meant(REGISTRY, name, version=version) == id_


def test_names_are_compared_without_their_dress() -> None:
    """Dates, clouds and windows make no other model; other numbers do."""
    assert is_same("claude-haiku-4-5-20251001", "us.anthropic.claude-haiku-4-5-v1:0")
    assert is_same("claude-opus-4-8[1m]", "claude-opus-4-8")
    assert not is_same("claude-opus-4-8", "claude-opus-4-5")
    assert [class_of(name) for name in ("opus[1m]", "claude-3-5-haiku", "gpt-5", "magnum-opusculum")] == [
        "opus", "haiku", None, None
    ]  # fmt: skip
    assert (version_of("2.1.328 (Claude Code)"), version_of("")) == ((2, 1, 328), ())
