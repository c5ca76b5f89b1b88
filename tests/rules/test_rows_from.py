"""From values to rows, and every contradiction that a schema cannot see."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rows import Model, Preset, Price, Provider, Rates, Registry, Task
from outrider.rules.rows_from import contradictions, duplicates, registry_from

CLOUD = {"dialect": "openai", "base_url": "https://cloud.example/v1", "key": "CLOUD_KEY"}
VALUES: dict[str, Any] = {
    "providers": {"cloud": CLOUD},
    "models": {"cloud.big": {"provider": "cloud", "id": "big"}},
    "tasks": {"work": {"chain": ["cloud.big"]}},
}


def problems(more: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Returns the contradictions of sound values with these put over them, group by group."""
    merged = {**VALUES}
    for key, value in more.items():
        merged[key] = {**merged[key], **value} if isinstance(value, Mapping) and key in VALUES else value
    return contradictions(merged)


def test_sound_values_have_no_problem() -> None:
    """What is right is said nothing about; nothing at all is right too."""
    assert problems({}) == ()
    assert contradictions({}) == ()


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({}, ("$.providers.x", "has no `dialect`")),
        ({"dialect": "openai"}, ("$.providers.x", "has no `base_url`")),
        ({"dialect": "ollama", "base_url": ""}, ("$.providers.x", "has no `base_url`")),
        (
            {"dialect": "openai", "base_url": "http://box.lan/v1"},
            ("$.providers.x.base_url", "`http://box.lan/v1` is plain http to another machine"),
        ),
        (
            {"dialect": "openai", "base_url": "https://a@b/v1"},
            (
                "$.providers.x.base_url",
                "`https://a@b/v1` is not a plain http(s) address (no user, query, fragment or backslash)",
            ),
        ),
    ],
    ids=["dialect", "address", "empty address", "http to another machine", "user in the address"],
)
def test_a_provider_that_cannot_be(row: Mapping[str, Any], problem: tuple[str, str]) -> None:
    """A provider says how it speaks and where it is, and http stays at home."""
    assert problems({"providers": {"x": row}}) == (problem,)


@pytest.mark.parametrize(
    "row",
    [
        {"dialect": "native"},
        {"dialect": "echo"},
        {"dialect": "openai", "base_url": "http://localhost:8000/v1"},
        {"dialect": "openai", "base_url": "http://box.lan:8000/v1", "local": True},
    ],
    ids=["native", "echo", "loopback", "called local"],
)
def test_a_provider_that_can_be(row: Mapping[str, Any]) -> None:
    """Some providers have no address, and one's own machines may speak plain http."""
    assert problems({"providers": {"x": row}}) == ()


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({}, (("$.models.x", "has no `provider`"), ("$.models.x", "has no `id`"))),
        ({"provider": "clout", "id": "1"},
         (("$.models.x.provider", "no provider is called `clout`; did you mean `cloud`?"),)),
        ({"provider": "zzz", "id": "1"}, (("$.models.x.provider", "no provider is called `zzz`"),)),
        ({"provider": "cloud", "id": "1", "also": {"cloud": "a", "gone": "b"}},
         (("$.models.x.also", "no provider is called `gone`"),)),
    ],
    ids=["empty", "mistyped", "unknown", "way over nobody"],
)  # fmt: skip
def test_a_model_that_cannot_be(row: Mapping[str, Any], found: tuple[tuple[str, str], ...]) -> None:
    """A model names its provider and its id, and every way is over a provider that exists."""
    assert problems({"models": {"x": row}}) == found


@pytest.mark.parametrize(
    ("aliases", "found"),
    [
        ({"a": "b", "b": {"model": "cloud.big"}}, ()),
        ({"a": "cloud/any-id"}, ()),
        ({"cloud.big": "cloud.big"}, ()),
        ({"a": "a"}, (("$.aliases.a", "leads back to itself: a -> a"),)),
        ({"a": {"model": "b"}, "b": "c", "c": "a"},
         (("$.aliases.a", "leads back to itself: a -> b -> c -> a"),
          ("$.aliases.b", "leads back to itself: b -> c -> a -> b"),
          ("$.aliases.c", "leads back to itself: c -> a -> b -> c"))),
        ({"in": "a", "a": "b", "b": "a"},
         (("$.aliases.in", "leads back to itself: in -> a -> b -> a"),
          ("$.aliases.a", "leads back to itself: a -> b -> a"),
          ("$.aliases.b", "leads back to itself: b -> a -> b"))),
        ({"a.b": "cloud.bug"}, (('$.aliases["a.b"]', "no model is called `cloud.bug`; did you mean `cloud.big`?"),)),
        ({"a": "gone/any-id"}, (("$.aliases.a", "no model is called `gone/any-id`"),)),
        ({"a": "cloud/"}, (("$.aliases.a", "no model is called `cloud/`"),)),
    ],
    ids=["chain of aliases", "wire id", "own name", "itself", "cycle", "into a cycle", "mistyped", "no such provider",
         "no wire id"],
)  # fmt: skip
def test_aliases(aliases: Mapping[str, Any], found: tuple[tuple[str, str], ...]) -> None:
    """An alias leads to a model, over others if need be, and never in a circle."""
    assert problems({"aliases": aliases}) == found


@pytest.mark.parametrize(
    ("more", "found"),
    [
        (
            {"tasks": {"x": {"chain": ["cloud.big", "cloud.bib", "nothing-like-it"]}}},
            (
                ("$.tasks.x.chain[1]", "no model is called `cloud.bib`; did you mean `cloud.big`?"),
                ("$.tasks.x.chain[2]", "no model is called `nothing-like-it`"),
            ),
        ),
        ({"tasks": {"code-review": {}}}, (('$.tasks["code-review"]', "has neither `chain`, `floors` nor `tail`"),)),
        ({"tasks": {"a": {"floors": {"coding": 1}}, "b": {"tail": True}}}, ()),
        ({"tasks": {"x": {"chain": ["cloud/any", "big"]}}, "aliases": {"big": "cloud.big"}}, ()),
        (
            {"presets": {"p": {"chain": ["big"]}, "q": {}}},
            (("$.presets.p.chain[0]", "no model is called `big`; did you mean `cloud.big`?"),),
        ),
        (
            {"panels": {"both": ["cloud.big", "cloud.bog"]}},
            (("$.panels.both[1]", "no model is called `cloud.bog`; did you mean `cloud.big`?"),),
        ),
        (
            {"rules": [{"task": "work"}, {"task": "wrok"}, {}]},
            (
                ("$.rules[1].task", "no task is called `wrok`; did you mean `work`?"),
                ("$.rules[2].task", "no task is called `None`"),
            ),
        ),
        ({"default": "work"}, ()),
        ({"default": None}, ()),
        ({"default": "worl"}, (("$.default", "no task is called `worl`; did you mean `work`?"),)),
    ],
    ids=[
        "chain",
        "empty task",
        "floors or tail",
        "wire ids and aliases",
        "preset",
        "panel",
        "rules",
        "default",
        "no default",
        "default mistyped",
    ],
)
def test_chains_rules_and_the_default(more: Mapping[str, Any], found: tuple[tuple[str, str], ...]) -> None:
    """Every name that is used is a name of something, with its place and the nearest one that exists."""
    assert problems(more) == found


def test_every_problem_is_told_at_once() -> None:
    """One reading finds them all, in the order of the groups."""
    values = {
        "providers": {"p": {"dialect": "openai"}}, "models": {"m": {"provider": "q", "id": "x"}},
        "aliases": {"a": "b"}, "tasks": {"t": {"chain": ["n"]}}, "default": "none",
    }  # fmt: skip
    assert [path for path, _ in contradictions(values)] == [
        "$.providers.p", "$.models.m.provider", "$.aliases.a", "$.tasks.t.chain[0]", "$.default",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({}, ()),
        ({"models": {"a": {}}, "aliases": {"b": "a"}, "providers": {"a": {}}}, ()),
        (
            {"models": {"a": {}}, "aliases": {"a": "x"}},
            (("$.aliases.a", "`a` is in `models` too; a name means one thing"),),
        ),
        (
            {"presets": {"a.b": {}}, "tasks": {"a.b": {}}, "aliases": {"a.b": "c"}},
            (
                ('$.tasks["a.b"]', "`a.b` is in `aliases` too; a name means one thing"),
                ('$.presets["a.b"]', "`a.b` is in `aliases` too; a name means one thing"),
            ),
        ),
    ],
    ids=["nothing", "no clash", "twice", "three times"],
)
def test_duplicates(said: Mapping[str, Any], found: tuple[tuple[str, str], ...]) -> None:
    """What `-m` can name has one meaning within a layer."""
    assert duplicates(said) == found


def test_the_registry_is_read_whole() -> None:
    """Every row keeps what it says, with its defaults, and the whole row for those who need more."""
    rows: dict[str, Any] = {
        "providers": {
            "cloud": {
                **CLOUD,
                "keys": ["OTHER_KEY"],
                "key_optional": True,
                "auth": "api-key",
                "quirks": "odd",
                "serves": "listed",
            },
            "own": {"dialect": "anthropic", "base_url": "https://own.example"},
            "box": {"dialect": "ollama", "base_url": "http://localhost:11434", "local": True},
            "inside": {"dialect": "native"},
        },
        "models": {
            "cloud.big": {
                "provider": "cloud",
                "id": "big",
                "family": "b",
                "context": 9,
                "max_output": 3,
                "price": {"input": 1, "output": 2},
                "abilities": ["tools"],
                "also": {"own": "x"},
            },
            "box.any": {"provider": "box", "id": "*"},
        },
        "aliases": {"a": "cloud.big", "b": {"model": "cloud.big", "why": "it is new"}},
        "tasks": {
            "work": {"chain": ["a"], "tail": True, "order": "cost", "needs": ["vision"], "private": True},
            "role": {"floors": {"coding": 0.5}},
        },
        "presets": {"home": {"chain": ["box.any"], "local": True}, "none": {}},
    }
    providers, models, tasks, presets = (rows[kind] for kind in ("providers", "models", "tasks", "presets"))
    assert registry_from(rows, origins={"$.default": "user x"}, digest="d", notes=("hear",)) == Registry(
        providers={
            "cloud": Provider(
                name="cloud",
                dialect="openai",
                base_url="https://cloud.example/v1",
                keys=("CLOUD_KEY", "OTHER_KEY"),
                key_optional=True,
                auth="api-key",
                serves_listed=True,
                quirks="odd",
                row=providers["cloud"],
            ),
            "own": Provider(
                name="own",
                dialect="anthropic",
                base_url="https://own.example",
                auth="x-api-key",
                quirks="own",
                row=providers["own"],
            ),
            "box": Provider(
                name="box",
                dialect="ollama",
                base_url="http://localhost:11434",
                auth="bearer",
                local=True,
                quirks="box",
                row=providers["box"],
            ),
            "inside": Provider(
                name="inside", dialect="native", auth="bearer", quirks="inside", row=providers["inside"]
            ),
        },
        models={
            "cloud.big": Model(
                name="cloud.big",
                provider="cloud",
                id="big",
                family="b",
                context=9,
                max_output=3,
                price=Price(base=Rates(input=Decimal(1), output=Decimal(2))),
                abilities=frozenset({"tools"}),
                also={"own": "x"},
                row=models["cloud.big"],
            ),
            "box.any": Model(name="box.any", provider="box", id="*", row=models["box.any"]),
        },
        aliases={"a": {"model": "cloud.big"}, "b": {"model": "cloud.big", "why": "it is new"}},
        tasks={
            "work": Task(
                name="work",
                chain=("a",),
                tail=True,
                order="cost",
                needs=frozenset({"vision"}),
                private=True,
                row=tasks["work"],
            ),
            "role": Task(name="role", floors={"coding": 0.5}, row=tasks["role"]),
        },
        presets={
            "home": Preset(name="home", chain=("box.any",), local=True, row=presets["home"]),
            "none": Preset(name="none", row=presets["none"]),
        },
        values=rows,
        origins={"$.default": "user x"},
        digest="d",
        notes=("hear",),
    )


@pytest.mark.parametrize(
    ("row", "needs"), [({}, False), ({"key": "A"}, True), ({"key": "A", "key_optional": True}, False)]
)
def test_needs_key(row: Mapping[str, Any], *, needs: bool) -> None:
    """A provider that has a variable and does not call it optional is not asked without."""
    registry = registry_from({"providers": {"x": {"dialect": "openai", **row}}}, origins={}, digest="", notes=())
    assert registry.providers["x"].needs_key is needs


NAMES = st.sampled_from(["a", "b", "c", "d", "cloud.big"])


@given(st.dictionaries(NAMES, NAMES))
def test_every_alias_ends_or_is_told(aliases: dict[str, str]) -> None:
    """Whatever aliases say, the search ends, and exactly those that reach no model are named."""
    told = {path.removeprefix("$.aliases").strip('.["]') for path, _ in problems({"aliases": aliases})}
    for name, first in aliases.items():
        place, seen = first, 0
        while place in aliases and place != "cloud.big" and seen < 9:
            place, seen = aliases[place], seen + 1
        assert (place == "cloud.big") is (name not in told)
