"""How layers meet: later wins, limits by the least, privacy by the strictest, and what a project may say."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rules import tiers
from outrider.rules.layers import Layer, LayerName, bindings, key_names, merge, tightened

BASE: dict[str, Any] = {
    "version": 1,
    "default": "work",
    "providers": {
        "cloud": {"dialect": "openai", "base_url": "https://cloud.example/v1", "key": "CLOUD_KEY"},
        "box": {"dialect": "ollama", "base_url": "http://localhost:11434", "local": True},
    },
    "models": {"cloud.big": {"provider": "cloud", "id": "big", "price": {"input": 1, "output": 2}}},
    "aliases": {"big": {"model": "cloud.big"}},
    "tasks": {"work": {"chain": ["cloud.big"], "tail": True}},
    "agents": {"scout": {"tier": "haiku/low"}, "reviewer": {"tier": "sonnet/medium"}},
    "limits": {"total": 90, "budget_usd": {"run": 1, "day": 10, "month": None}},
    "privacy": {"private": False, "deny": []},
}
DEFAULTS = {"limits": BASE["limits"], "privacy": {"private": False}}
USER = "/home/me/models.local.json"
PROJECT = "/repo/models.json"


def layer(name: LayerName, said: Mapping[str, Any], *, trusted: bool = True) -> Layer:
    """Returns a layer in its usual place."""
    return Layer(name=name, path=PROJECT if name.startswith("project") else USER, values=said, trusted=trusted)


def merged(*layers: Layer) -> tuple[dict[str, Any], dict[str, str], tuple[str, ...]]:
    """Merges layers over the bundled one, and shows only what differs from it."""
    values, origins, notes = merge((Layer(name="bundled", path="models.json", values=BASE), *layers))
    same = {**BASE, **DEFAULTS}
    return {key: value for key, value in values.items() if value != same.get(key)}, origins, notes


def test_the_bundled_layer_alone() -> None:
    """Nothing added is nothing changed, and nothing to say."""
    assert merged() == ({}, {}, ())


def test_later_wins_key_by_key() -> None:
    """A layer changes the values that it names, and each remembers who set it."""
    user = {
        "default": "play",
        "models": {"cloud.big": {"context": 8_000}, "cloud.new": {"provider": "cloud", "id": "new"}},
    }
    local = {"$schema": "x", "version": 1, "default": "rest", "models": {"cloud.big": {"context": 9_000}}}
    assert merged(layer("user", user), layer("project-local", local)) == (
        {
            "default": "rest",
            "models": {
                "cloud.big": {"provider": "cloud", "id": "big", "price": {"input": 1, "output": 2}, "context": 9_000},
                "cloud.new": {"provider": "cloud", "id": "new"},
            },
        },
        {
            "$.default": f"project-local {PROJECT}",
            '$.models["cloud.big"].context': f"project-local {PROJECT}",
            '$.models["cloud.new"].provider': f"user {USER}",
            '$.models["cloud.new"].id': f"user {USER}",
        },
        (),
    )


def test_a_list_is_replaced_and_nothing_is_changed_in_place() -> None:
    """A chain is taken as a whole, and no layer's own values are touched."""
    before = repr(BASE)
    user = {"agents": {"scout": {}}, "panels": {"both": ["a", "b"]}, "tasks": {"work": {"chain": ["x"]}}}
    values, _, _ = merged(layer("user", user))
    assert values == {"tasks": {"work": {"chain": ["x"], "tail": False}}, "panels": {"both": ["a", "b"]}}
    assert repr(BASE) == before


@pytest.mark.parametrize(
    ("said", "row"),
    [
        ({"chain": ["x"]}, {"chain": ["x"], "tail": False}),
        ({"chain": ["x"], "tail": True}, {"chain": ["x"], "tail": True}),
        ({"effort": "low"}, {"chain": ["cloud.big"], "tail": True, "effort": "low"}),
    ],
    ids=["own chain", "own chain with a tail", "shipped chain"],
)
def test_the_tail_belongs_to_shipped_chains(said: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    """Who writes a chain means it: no computed tail goes on behind it, unless the layer asks for one."""
    assert merged(layer("user", {"tasks": {"work": said}}))[0] == {"tasks": {"work": row}}


@pytest.mark.parametrize("kind", ["models", "aliases", "tasks", "presets"])
def test_a_name_means_what_the_last_layer_says(kind: str) -> None:
    """A name that a later layer gives to another kind leaves the kind it had."""
    values, _, notes = merge(
        (
            Layer(name="bundled", path="", values={**BASE, "presets": {"big": {"chain": []}}}),
            layer("user", {kind: {"big": {"model": "cloud.big"}}}),
        )
    )
    assert [other for other in ("models", "aliases", "tasks", "presets") if "big" in values[other]] == [kind]
    assert notes == ()


TOTAL, RUN = "$.limits.total", "$.limits.budget_usd.run"


@pytest.mark.parametrize(
    ("layers", "total", "run", "origins"),
    [
        ((layer("user", {"limits": {"total": 300}}),), 300, 1, {TOTAL: f"user {USER}"}),
        (
            (layer("managed", {"limits": {"total": 60}}), layer("user", {"limits": {"total": 300}})),
            60,
            1,
            {TOTAL: f"managed {USER}"},
        ),
        ((layer("user", {"limits": {"budget_usd": {"run": 5}}}),), 90, 5, {RUN: f"user {USER}"}),
        (
            (
                layer("user", {"limits": {"budget_usd": {"run": 5}}}),
                layer("project", {"limits": {"budget_usd": {"run": 3}}}),
            ),
            90,
            3,
            {RUN: f"project {PROJECT}"},
        ),
        (
            (
                layer("user", {"limits": {"budget_usd": {"run": 5}}}),
                layer("project", {"limits": {"budget_usd": {"run": 9}}}),
            ),
            90,
            5,
            {RUN: f"user {USER}"},
        ),
        ((layer("project", {"limits": {"total": 900, "budget_usd": {"run": 100}}}),), 90, 1, {}),
        ((layer("project", {"limits": {"total": 900, "budget_usd": {"run": 100}}}, trusted=False),), 90, 1, {}),
        (
            (layer("project", {"limits": {"total": 9, "budget_usd": {"run": 0.5}}}, trusted=False),),
            9,
            0.5,
            {TOTAL: f"project {PROJECT}", RUN: f"project {PROJECT}"},
        ),
        (
            (layer("project", {"limits": {"total": 9}}), layer("project-local", {"limits": {"total": 50}})),
            9,
            1,
            {TOTAL: f"project {PROJECT}"},
        ),
    ],
    ids=[
        "the user raises",
        "nobody loosens the managed one",
        "the user raises a budget",
        "a project lowers it",
        "a project cannot raise it",
        "a project cannot raise the shipped one",
        "an untrusted one neither",
        "an untrusted one may lower",
        "least of both",
    ],
)
def test_limits_combine_by_the_least(
    layers: tuple[Layer, ...], total: float, run: float, origins: Mapping[str, str]
) -> None:
    """Shipped values are defaults for the user and walls for a project; the origin is who set the value in force."""
    values, found, notes = merge((Layer(name="bundled", path="", values=BASE), *layers))
    expected = {"total": total, "budget_usd": {"run": run, "day": 10, "month": None}}
    assert (values["limits"], found, notes) == (expected, origins, ())


@pytest.mark.parametrize("trusted", [True, False])
def test_privacy_combines_by_the_strictest(*, trusted: bool) -> None:
    """Every layer may forbid and none may allow again, a project too."""
    user = {"privacy": {"private": True, "deny": ["cloud"]}}
    project = {"privacy": {"private": False, "deny": ["box"], "allow": ["gate"]}}
    values, origins, notes = merged(layer("user", user), layer("project", project, trusted=trusted))
    assert values == {"privacy": {"private": True, "deny": ["box", "cloud"], "allow": ["gate"]}}
    assert origins == {
        "$.privacy.private": f"user {USER}",
        "$.privacy.deny": f"user {USER}",
        "$.privacy.allow": f"project {PROJECT}",
    }
    assert notes == ()


def test_an_untrusted_project_may_only_tighten() -> None:
    """Its limits, its privacy and lower tiers count; the rest is ignored and said in one line."""
    said = {
        "version": 1,
        "$schema": "x",
        "$comment": "for people",
        "requires": ">=0.1",
        "default": "evil",
        "providers": {"cloud": {"base_url": "https://evil"}},
        "network": {"proxy": "http://evil"},
        "rules": [],
        "prompts": {"x": "y"},
        "limits": {"total": 5},
        "privacy": {"private": True},
        "agents": {"scout": {"tier": "opus/high"}, "reviewer": {"tier": "haiku/low", "task": "x"}},
    }
    values, origins, notes = merged(layer("project", said, trusted=False))
    assert values == {
        "agents": {"scout": {"tier": "haiku/low"}, "reviewer": {"tier": "haiku/low"}},
        "agents_at_most": {"reviewer": "haiku/low"},
        "limits": {**BASE["limits"], "total": 5},
        "privacy": {"private": True},
    }
    assert origins == {
        "$.agents.reviewer.tier": f"project {PROJECT}",
        TOTAL: f"project {PROJECT}",
        "$.privacy.private": f"project {PROJECT}",
    }
    ignored = "default, providers, network, rules, prompts, agents.scout"
    assert notes == (f"{PROJECT} is not trusted, so its {ignored} are ignored (see `outrider trust`)",)


def test_one_ignored_thing_is_said_in_the_singular() -> None:
    """The line reads well for one."""
    notes = merged(layer("project", {"default": "evil"}, trusted=False))[2]
    assert notes == (f"{PROJECT} is not trusted, so its default is ignored (see `outrider trust`)",)


@pytest.mark.parametrize(
    ("said", "kept", "ignored"),
    [
        ({}, {}, ()),
        ({"agents": {"scout": "opus"}}, {}, ("agents.scout",)),
        ({"agents": {"nobody": {"tier": "haiku/low"}}}, {}, ("agents.nobody",)),
        ({"agents": {"scout": {"description": "x"}}}, {}, ("agents.scout",)),
        ({"agents": [], "limits": 5, "privacy": None}, {}, ()),
        ({"agents": {"reviewer": {"tier": "sonnet/medium"}}}, {"agents": {"reviewer": {"tier": "sonnet/medium"}}}, ()),
    ],
)
def test_tightened(said: Mapping[str, Any], kept: Mapping[str, Any], ignored: tuple[str, ...]) -> None:
    """Odd shapes of an untrusted file count for nothing."""
    assert tightened(said, base=BASE) == (kept, ignored)


EVIL = "https://evil.example/v1"


@pytest.mark.parametrize(
    ("name", "row", "reason"),
    [
        (
            "cloud",
            {"base_url": EVIL},
            "provider cloud may not send CLOUD_KEY to https://evil.example:443; give it a key variable of its own",
        ),
        (
            "mine",
            {"dialect": "openai", "base_url": EVIL, "key": "CLOUD_KEY"},
            "provider mine may not send CLOUD_KEY to https://evil.example:443; give it a key variable of its own",
        ),
        (
            "mine",
            {"dialect": "openai", "base_url": EVIL, "keys": ["MINE_KEY", "CLOUD_KEY"]},
            "provider mine may not send CLOUD_KEY to https://evil.example:443; give it a key variable of its own",
        ),
        (
            "cloud",
            {"base_url": "https://cloud.example:8443/v1"},
            "provider cloud may not send CLOUD_KEY to https://cloud.example:8443; give it a key variable of its own",
        ),
        (
            "cloud",
            {"base_url": "http://cloud.example/v1"},
            "provider cloud may not send CLOUD_KEY to http://cloud.example:80; give it a key variable of its own",
        ),
        ("cloud", {"local": True}, "provider cloud may not call itself local; only the user may"),
        (
            "mine",
            {"dialect": "openai", "base_url": "http://10.0.0.9/v1", "local": True},
            "provider mine may not call itself local; only the user may",
        ),
        ("box", {"base_url": "http://10.0.0.9:11434"}, "provider box is local, and only the user may say where"),
        ("cloud", {"headers": {"x-to": "evil"}}, "provider cloud is the user's, and so are its headers"),
        (
            "cloud",
            {"batches": {"shape": "openai", "discount": 0.99}},
            "provider cloud is the user's, and so are its `batches`",
        ),
    ],
    ids=[
        "moved",
        "borrowed",
        "borrowed second",
        "other port",
        "other scheme",
        "called local",
        "new one called local",
        "local one moved",
        "headers",
        "batches",
    ],
)
def test_a_key_is_bound_to_its_origin_in_a_trusted_project_too(name: str, row: Mapping[str, Any], reason: str) -> None:
    """No project sends a user's key elsewhere, moves what is local, or speaks through the user's providers."""
    assert merged(layer("project", {"providers": {name: row}})) == ({}, {}, (f"{PROJECT}: {reason}",))


def test_a_trusted_project_has_providers_of_its_own() -> None:
    """A provider with its own key variable, at the user's origin or its own, is accepted."""
    own = {"dialect": "openai", "base_url": EVIL, "key": "MINE_KEY", "headers": {"x-title": "mine"}}
    twin = {"dialect": "openai", "base_url": "https://CLOUD.example:443/v2", "key": "CLOUD_KEY"}
    values, _, notes = merged(layer("project", {"providers": {"mine": own, "twin": twin, "odd": 5}}))
    assert (values, notes) == ({"providers": {**BASE["providers"], "mine": own, "twin": twin}}, ())


def test_the_user_may_move_a_key() -> None:
    """The user's own layer says where a key goes, and a project is then bound to that."""
    moved = {"providers": {"cloud": {"base_url": EVIL}}}
    values, _, notes = merged(layer("user", moved), layer("project", {"providers": {"cloud": {"base_url": EVIL}}}))
    assert values["providers"]["cloud"]["base_url"] == EVIL
    assert notes == ()


def test_no_project_says_how_to_reach_the_network() -> None:
    """A proxy and a certificate authority come from the user."""
    assert merged(layer("project-local", {"network": {"proxy": "http://evil"}})) == (
        {}, {}, (f"{PROJECT}: only the user's own layer may say `network`",),
    )  # fmt: skip


def test_prices_at_the_user_s_providers_are_the_user_s() -> None:
    """A project cannot make a model free, and so pass a budget; at a provider of its own it knows the price."""
    free = {"price": {"input": 0, "output": 0}}
    said = {
        "providers": {"mine": {"dialect": "openai", "base_url": EVIL, "key": "MINE_KEY"}},
        "models": {
            "cloud.big": {**free, "context": 5},
            "cloud.new": {"provider": "cloud", "id": "new", **free},
            "mine.one": {"provider": "mine", "id": "one", **free},
            "odd": 5,
        },
    }
    assert merged(layer("project", said))[0]["models"] == {
        "cloud.big": {"provider": "cloud", "id": "big", "price": {"input": 1, "output": 2}, "context": 5},
        "cloud.new": {"provider": "cloud", "id": "new"},
        "mine.one": {"provider": "mine", "id": "one", **free},
        "odd": 5,
    }


def test_bindings() -> None:
    """Every variable that a provider reads is bound, and two providers may share one."""
    values = {
        "providers": {**BASE["providers"], "twin": {"base_url": "https://other.example", "keys": ["CLOUD_KEY", "B"]}}
    }
    assert bindings(values) == {
        "CLOUD_KEY": {"https://cloud.example:443", "https://other.example:443"}, "B": {"https://other.example:443"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "names"),
    [({}, ()), ({"key": "A"}, ("A",)), ({"keys": ["B"]}, ("B",)), ({"key": "A", "keys": ["B", "C"]}, ("A", "B", "C"))],
)
def test_key_names(row: Mapping[str, Any], names: tuple[str, ...]) -> None:
    """The first variable comes first."""
    assert key_names(row) == names


NUMBERS = st.integers(0, 50)
SAID = st.fixed_dictionaries(
    {},
    optional={
        "limits": st.fixed_dictionaries(
            {},
            optional={
                "total": NUMBERS,
                "route": NUMBERS,
                "budget_usd": st.fixed_dictionaries({}, optional={"run": NUMBERS, "day": NUMBERS, "month": NUMBERS}),
            },
        ),
        "privacy": st.fixed_dictionaries(
            {}, optional={"private": st.booleans(), "deny": st.lists(st.sampled_from(["cloud", "box"]), unique=True)}
        ),
        "default": st.just("evil"),
        "providers": st.just({"cloud": {"base_url": EVIL}}),
        "models": st.just({"cloud.big": {"price": {"input": 0, "output": 0}}}),
        "agents": st.dictionaries(
            st.sampled_from(["scout", "reviewer"]),
            st.fixed_dictionaries({"tier": st.sampled_from(["haiku/low", "opus/max"])}),
        ),
    },
)


@given(SAID, SAID, st.sampled_from(["project", "project-local"]))
def test_no_untrusted_project_loosens_anything(user: dict[str, Any], project: dict[str, Any], name: LayerName) -> None:
    """Whatever it says, every limit is at most what it was, nothing private opens, and all else stays."""
    before, _, _ = merge((Layer(name="bundled", path="", values=BASE), layer("user", user)))
    after, _, _ = merge(
        (Layer(name="bundled", path="", values=BASE), layer("user", user), layer(name, project, trusted=False))
    )
    tight = {"limits", "privacy", "agents"}
    assert {k: v for k, v in after.items() if k not in tight | {tiers.CEILINGS}} == {
        k: v for k, v in before.items() if k not in tight
    }
    for key, value in before["limits"].items():
        if key != "budget_usd":
            assert after["limits"][key] <= value
    for period, value in before["limits"]["budget_usd"].items():
        assert value is None or after["limits"]["budget_usd"][period] <= value
    assert after["privacy"]["private"] >= before["privacy"]["private"]
    assert set(after["privacy"].get("deny", ())) >= set(before["privacy"].get("deny", ()))
    for agent in ("scout", "reviewer"):
        assert tiers.is_lower(after["agents"][agent]["tier"], before["agents"][agent]["tier"])


@given(SAID, SAID)
def test_merging_is_the_same_every_time(user: dict[str, Any], project: dict[str, Any]) -> None:
    """The same layers make the same values, origins and notes, in the same order."""
    layers = (Layer(name="bundled", path="", values=BASE), layer("user", user), layer("project", project))
    assert repr(merge(layers)) == repr(merge(layers))


def test_a_file_for_a_later_helper_says_so_trusted_or_not() -> None:
    """It informs: one line, and the rest of the file counts as ever."""
    base = Layer(name="bundled", path="bundled", values=BASE)
    said = {"requires": ">=9.1", "limits": {"total": 5}}
    line = f"{PROJECT} asks for outrider >=9.1, and this is 1.0: see `outrider upgrade`"
    for trusted in (True, False):
        values, _, notes = merge((base, layer("project", said, trusted=trusted)), version="1.0")
        assert (values["limits"]["total"], notes) == (5, (line,))
    assert merge((base, layer("project", said)), version="9.1")[2] == ()
