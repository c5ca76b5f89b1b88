"""What each agent runs on, and who said so."""

from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from outrider.doors.client_pack import AGENTS
from outrider.errors import OutriderError
from outrider.rows import Registry
from outrider.rules.layers import Layer, merge
from outrider.rules.rows_from import registry_from
from outrider.rules.tiers import (
    OUTRIDERS,
    Tier,
    effective,
    every,
    is_at_most,
    is_lower,
    lower,
    parse,
    standing,
    strangers,
)

SHIPPED = yaml.safe_load(
    (Path(__file__).parents[2] / "templates" / "registry.yaml").read_text(encoding="utf-8")
)["agents"]  # fmt: skip
BASE: dict[str, Any] = {
    "agents": {
        "scout": {"task": "simple", "tier": "haiku/low"},
        "architect": {"task": "hard", "tier": "opus/high"},
        "bulk": {"task": "many", "tier": "haiku/low"},
    },
    "presets": {
        "best": {"agents": "opus/max"},
        "cheap": {"agents": "haiku/low"},
        "some": {"agents": {"scout": "sonnet", "bulk": "sonnet/low"}},
        "local": {"local": True},
    },
}
PROJECT = "/repo/.claude/config/models.json"


def registry(*said: Layer) -> Registry:
    """Returns the registry of these layers over a small bundled one."""
    values, origins, notes = merge((Layer(name="bundled", path="/bundled", values=BASE), *said))
    return registry_from(values, origins=origins, digest="", notes=notes)


def project(values: Mapping[str, Any], *, trusted: bool = True) -> Layer:
    """Returns a repository's layer."""
    return Layer(name="project", path=PROJECT, values=values, trusted=trusted)


@pytest.mark.parametrize("text", every())
def test_a_tier_is_read_as_it_is_written(text: str) -> None:
    """Each has one spelling."""
    assert parse(text).text == text


def test_there_are_four_classes_and_five_efforts() -> None:
    """A class alone is a tier too."""
    assert len(every()) == 24
    assert (parse("opus"), parse("fable/xhigh")) == (Tier(model="opus"), Tier(model="fable", effort="xhigh"))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("haku/low", "haiku/low"),
        ("haiku/lo", "haiku/low"),
        ("Opus/high", "opus/high"),
        ("haiku/", "haiku/high"),
        ("sonnet/mediun", "sonnet/medium"),
        ("inherit", None),
        ("", None),
        ("gpt-5", None),
        ("haiku/low/", "haiku/low"),
    ],
)
def test_no_tier_is_told_the_nearest(text: str, meant: str | None) -> None:
    """A mistyped one names what was probably meant, and what there is."""
    with pytest.raises(OutriderError) as caught:
        parse(text)
    guess = f"did you mean `{meant}`? " if meant else ""
    assert caught.value.message == f"`{text}` is no tier"
    assert caught.value.hint == (
        f"{guess}a tier is one of haiku, sonnet, opus, fable, and after a slash one of low, medium, high, xhigh, max"
    )


@pytest.mark.parametrize(
    ("wanted", "current", "is_it"),
    [
        ("haiku/low", "sonnet/medium", True),
        ("sonnet/medium", "sonnet/medium", True),
        ("sonnet/low", "sonnet", True),
        ("sonnet", "sonnet/medium", True),
        ("sonnet", "sonnet/low", False),
        ("opus/low", "sonnet/high", False),
        ("haiku/high", "opus/medium", False),
        ("inherit", "opus/max", False),
        ("haiku/extreme", "opus/max", False),
        ("fable/low", "opus/low", False),
        ("haiku/low", "gone", False),
    ],
)
def test_a_tier_is_lower_in_both(wanted: str, current: str, *, is_it: bool) -> None:
    """Neither its model nor its effort is higher; an unknown word is never lower."""
    assert is_lower(wanted, current) is is_it


def test_the_lower_of_two_is_at_most_both() -> None:
    """For every two tiers."""
    for one, other in product(every(), repeat=2):
        least = lower(parse(one), parse(other))
        assert is_at_most(least, parse(one)), (one, other)
        assert is_at_most(least, parse(other)), (one, other)
        assert {least.model} <= {parse(one).model, parse(other).model}, (one, other)


MINE: dict[str, Any] = {"agents": {"architect": {"tier": "sonnet/high"}}}


@pytest.mark.parametrize(
    ("layers", "own", "user", "tier", "source"),
    [
        ((), None, None, "opus/high", "bundled"),
        ((), None, "cheap", "haiku/low", "preset cheap, switched"),
        ((), "best", "cheap", "opus/max", "preset best, switched for this project"),
        ((), None, "some", "opus/high", "bundled"),
        ((), None, "local", "opus/high", "bundled"),
        ((), "gone", "gone", "opus/high", "bundled"),
        ((project(MINE),), None, None, "sonnet/high", f"project {PROJECT}"),
        ((project(MINE),), None, "cheap", "sonnet/high", f"project {PROJECT}"),
        ((project(MINE),), "cheap", "best", "haiku/low", "preset cheap, switched for this project"),
        ((project({"preset": "cheap"}),), None, None, "haiku/low", f"preset cheap, project {PROJECT}"),
        ((project({"preset": "cheap"}),), None, "best", "opus/max", "preset best, switched"),
        ((project({**MINE, "preset": "best"}),), None, None, "sonnet/high", f"project {PROJECT}"),
        (
            (Layer(name="user", path="/u", values=MINE), project({"preset": "cheap"})),
            None, None, "haiku/low", f"preset cheap, project {PROJECT}",
        ),
        ((Layer(name="user", path="/u", values=MINE),), None, None, "sonnet/high", "user /u"),
        ((Layer(name="user", path="/u", values=MINE),), None, "best", "opus/max", "preset best, switched"),
    ],
)  # fmt: skip
def test_who_says_on_what_an_agent_runs(
    layers: tuple[Layer, ...], own: str | None, user: str | None, tier: str, source: str
) -> None:
    """The switch for this project, the repository's own row, the user's switch, the settings' preset, the row."""
    rows = registry(*layers)
    found = effective(rows, agent="architect", own={"preset": own}, user={"preset": user})
    assert found == (parse(tier), source)


@pytest.mark.parametrize(
    ("said", "own", "user", "tier", "source"),
    [
        ("haiku/low", None, None, "haiku/low", f"project {PROJECT}, not trusted"),
        ("sonnet/low", None, "best", "sonnet/low", f"project {PROJECT}, not trusted"),
        ("sonnet/low", None, "cheap", "haiku/low", "preset cheap, switched"),
        ("haiku/low", None, "cheap", "haiku/low", "preset cheap, switched"),
        ("haiku/low", "best", None, "opus/max", "preset best, switched for this project"),
        ("opus/low", None, "best", "opus/low", f"project {PROJECT}, not trusted"),
        ("opus/max", None, None, "opus/high", "bundled"),
        ("fable/low", None, "cheap", "haiku/low", "preset cheap, switched"),
    ],
)
def test_a_repository_that_is_not_trusted_only_lowers(
    said: str, own: str | None, user: str | None, tier: str, source: str
) -> None:
    """It never gives more than would hold without it, whatever the user has switched to."""
    rows = registry(project({"agents": {"architect": {"tier": said}}}, trusted=False))
    found = effective(rows, agent="architect", own={"preset": own}, user={"preset": user})
    assert found == (parse(tier), source)


@pytest.mark.parametrize("key", ["preset", "presets"])
def test_no_preset_of_an_untrusted_repository_counts(key: str) -> None:
    """Neither its choice of one, nor its change of what one means."""
    said = {"preset": "best"} if key == "preset" else {"presets": {"cheap": {"agents": "opus/max"}}}
    rows = registry(project(said, trusted=False))
    assert standing(rows, own={}, user={"preset": "cheap"} if key == "presets" else {}) == {
        "scout": (parse("haiku/low"), "preset cheap, switched" if key == "presets" else "bundled"),
        "architect": (
            (parse("haiku/low"), "preset cheap, switched") if key == "presets" else (parse("opus/high"), "bundled")
        ),
        "bulk": (parse("haiku/low"), "bundled"),
    }
    assert rows.notes == (f"{PROJECT} is not trusted, so its {key} is ignored (see `outrider trust`)",)


def test_outriders_are_moved_by_name_only() -> None:
    """They only pass on what other models say: one tier for all does not mean them, their own name does."""
    rows = registry()
    assert effective(rows, agent="bulk", own={}, user={"preset": "best"}) == (parse("haiku/low"), "bundled")
    assert effective(rows, agent="bulk", own={}, user={"preset": "some"}) == (
        parse("sonnet/low"), "preset some, switched",
    )  # fmt: skip


def test_an_agent_that_is_none_of_ours_is_refused() -> None:
    """With the nearest of ours."""
    with pytest.raises(OutriderError, match="no agent is called `scuot`") as caught:
        effective(registry(), agent="scuot", own={}, user={})
    assert caught.value.hint == "did you mean `scout`?"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, []),
        ({"agents": {"scout": {}}, "presets": {"x": {"agents": {"bulk": "haiku"}}, "y": {"agents": "opus"}}}, []),
        ({"agents": {"scuot": {}}}, [("$.agents.scuot", "no agent is called `scuot`; did you mean `scout`?")]),
        (
            {"presets": {"x": {"agents": {"painter": "haiku"}}}},
            [("$.presets.x.agents.painter", "no agent is called `painter` (ours: scout, architect, bulk)")],
        ),
    ],
)
def test_a_layer_names_our_agents_only(said: Mapping[str, Any], told: list[tuple[str, str]]) -> None:
    """A row for another would make no file, and is a slip."""
    assert list(strangers(said, BASE["agents"])) == told


def test_the_agents_that_we_ship_are_known_by_name() -> None:
    """Code that names them and the registry agree, and each has a tier that can be read."""
    assert tuple(SHIPPED) == AGENTS
    assert set(AGENTS) > OUTRIDERS
    assert {name: parse(row["tier"]).text for name, row in SHIPPED.items()} == {
        name: row["tier"] for name, row in SHIPPED.items()
    }
