"""One decision: from a registry, a request and a situation to an ordered route."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.data import Passed, Route, Target
from outrider.rows import Price, Rates
from outrider.rules import privacy
from outrider.rules.health import FOREVER, Health
from outrider.rules.limits import Limits, Spend
from outrider.rules.routing import TAIL_LENGTH, by_floors, estimate, model_called, route, stand_in
from outrider.rules.selection import Facts, Selection
from outrider.rules.targets import Served, Situation
from tests.rules.making import NO_BUDGET, target
from tests.rules.small import registry

CENT = {"input": 1, "output": 1}
VALUES: dict[str, Any] = {
    "default": "work",
    "providers": {
        "inside": {"dialect": "native"},
        "a": {"dialect": "openai", "base_url": "https://a.example/v1", "key": "A_KEY"},
        "b": {"dialect": "openai", "base_url": "https://b.example/v1", "key": "B_KEY"},
        "gate": {"dialect": "openai", "base_url": "https://gate.example/v1", "key": "GATE_KEY"},
        "box": {"dialect": "ollama", "base_url": "http://localhost:11434", "local": True, "serves": "listed"},
        "loud": {"dialect": "echo", "local": True},
    },
    "models": {
        "inside.sonnet": {"provider": "inside", "id": "sonnet", "also": {"gate": "sonnet"}},
        "a.one": {"provider": "a", "id": "one", "price": {"input": 1, "output": 10}, "also": {"gate": "a-one"}},
        "b.two": {"provider": "b", "id": "two", "price": {"input": 2, "output": 20}},
        "b.cheap": {"provider": "b", "id": "cheap", "price": {"input": 0.1, "output": 0.2}},
        "b.leaving": {"provider": "b", "id": "leaving", "price": {"input": 0.01, "output": 0.02}, "status": "retiring"},
        "b.gone": {"provider": "b", "id": "gone", "price": CENT, "status": "retired", "replacement": "b.two"},
        "box.any": {"provider": "box", "id": "*", "price": {"input": 0, "output": 0}},
        "box.small": {"provider": "box", "id": "small"},
        "loud.echo": {"provider": "loud", "id": "echo"},
    },
    "aliases": {"old": {"model": "a.one", "why": "it was renamed"}, "plain": "b.two", "loop": "pool", "pool": "loop"},
    "tasks": {
        "work": {"chain": ["inside.sonnet", "old"], "tail": True, "agent": "builder", "effort": "low"},
        "mine": {"chain": ["a.one", "b.two"]},
        "secret": {"chain": ["box.any"], "tail": True, "private": True},
        "own-secret": {"chain": ["a.one"], "private": True},
        "filtered": {"chain": ["a.one"], "content_filter": "next"},
        "picture": {"chain": ["a.one"], "needs": ["vision"]},
    },
    "presets": {"home": {"chain": ["box.any"], "local": True}, "hard": {"chain": ["b.two"], "effort": "high"}},
    "agents": {"scout": {"tier": "haiku/low"}, "reviewer": {"tier": "sonnet/medium"}},
}
UP = {"box": Served(alive=True, ids=("small", "llama"))}


def state(*keyed: str, **fields: Any) -> Situation:
    """Returns a situation in which these providers have a key, at second 100 of a boot."""
    keys = {name: f"{name}-key" for name in keyed} | {"box": "", "loud": ""}
    return Situation(
        **{"keys": keys, "health": {}, "served": {}, "limits": NO_BUDGET, "now": 100.0, "at": 1_790_000_000.0, **fields}
    )


def decide(
    selection: Selection, situation: Situation, facts: Facts | None = None, values: Mapping[str, Any] = VALUES
) -> Route:
    """Returns the route over the registry above."""
    return route(registry(values), selection, facts or Facts(), situation)


def names(way: Route) -> list[str]:
    """Returns the targets of a route as a reader sees them."""
    return [one.name for one in way.targets]


def test_a_route_whole() -> None:
    """A native first choice is passed over for us and named for Claude Code; aliases speak; the tail is told apart."""
    way = decide(Selection(), state("b", "gate"))
    rows = registry(VALUES)
    gate, b = rows.providers["gate"], rows.providers["b"]
    targets = (
        Target(model=rows.models["a.one"], provider=gate, wire_id="a-one", key_id="gate-key"),
        Target(model=rows.models["b.cheap"], provider=b, wire_id="cheap", key_id="b-key"),
        Target(model=rows.models["b.two"], provider=b, wire_id="two", key_id="b-key"),
        Target(model=rows.models["b.leaving"], provider=b, wire_id="leaving", key_id="b-key"),
    )
    assert way == Route(
        task="work", rule="default task work", level=None, targets=targets,
        passed=(Passed(model="inside.sonnet", why="runs inside Claude Code, as a subagent", kind="native"),),
        chain=("inside.sonnet", "a.one via gate", "b.cheap", "b.two", "b.leaving"),
        tail=("b|cheap|b-key", "b|two|b-key", "b|leaving|b-key"),
        rejected=("flag -m: not given", "flag -t: not given", "standing preset: none"),
        how="subagent", agent="builder", effort="low", notes=("old now means a.one: it was renamed",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("selection", "keyed", "served", "found"),
    [
        (Selection(task="mine"), ("a", "b"), {}, ["a.one", "b.two"]),
        (Selection(task="mine"), ("a", "gate"), {}, ["a.one", "a.one via gate"]),
        (Selection(task="mine"), (), UP, []),
        (Selection(), (), UP, ["box.small", "box/llama"]),
        (Selection(), (), {}, []),
        (Selection(), (), {"box": Served(alive=False, ids=("small",))}, []),
        (Selection(), ("a",), UP, ["a.one", "box.small", "box/llama"]),
        (Selection(fallback=False), ("a", "b"), UP, ["a.one"]),
        (Selection(task="mine", fallback=False), ("a", "b", "gate"), UP, ["a.one"]),
        (Selection(model="a.one"), ("a", "b", "gate"), UP, ["a.one", "a.one via gate"]),
        (Selection(model="a.one", fallback=True), ("a", "b"), {}, ["a.one", "b.cheap", "b.two", "b.leaving"]),
        (Selection(model="plain"), ("b",), {}, ["b.two"]),
        (Selection(model="b.gone"), ("b",), {}, []),
        (Selection(model="b/unheard-of"), ("b",), {}, ["b/unheard-of"]),
        (Selection(model="inside.sonnet"), ("gate",), {}, ["inside.sonnet via gate"]),
        (Selection(model="inside.sonnet"), ("a",), {}, []),
        (Selection(model="loud.echo"), (), {}, ["loud.echo"]),
        (Selection(model="box.small"), (), {}, ["box.small"]),
        (Selection(preset="hard", preset_from="flag"), ("a", "b"), {}, ["b.two", "a.one", "b.cheap", "b.leaving"]),
        (Selection(preset="home"), ("a", "b"), UP, ["box/llama", "box.small"]),
        (Selection(model="home"), ("a", "b"), UP, ["box/llama", "box.small"]),
        (Selection(private=True), ("a", "b"), UP, ["box/llama", "box.small"]),
        (Selection(private=True), ("a", "b"), {}, []),
        (Selection(task="secret"), ("a", "b"), UP, ["box/llama", "box.small"]),
        (Selection(private=True, task="work"), ("a",), UP, ["box.small", "box/llama"]),
        (Selection(task="own-secret"), ("a",), UP, []),
        (Selection(task="picture"), ("a",), {}, ["a.one"]),
    ],
    ids=[
        "own chain has no tail",
        "gateway before the next",
        "no key",
        "only a server",
        "server never asked",
        "server down",
        "tail behind the chain",
        "no fallback",
        "no fallback, no gateway",
        "-m with its ways",
        "-m with fallback",
        "-m alias",
        "-m retired",
        "-m wire id",
        "-m native",
        "-m native without a twin's key",
        "-m echo",
        "-m of a server",
        "preset",
        "local preset",
        "-m local preset",
        "--private",
        "--private without a server",
        "private task",
        "--private over a shipped chain",
        "own private chain has no tail",
        "unknown abilities",
    ],
)
def test_targets(selection: Selection, keyed: tuple[str, ...], served: Mapping[str, Served], found: list[str]) -> None:
    """What is asked, in order, by what was chosen and what there is."""
    assert names(decide(selection, state(*keyed, served=served))) == found


@pytest.mark.parametrize(
    ("keyed", "fallback", "kinds"),
    [(("gate",), None, []), ((), None, ["native", "key"]), (("b",), True, ["native", "key"])],
    ids=["its twin answers", "nobody answers", "another answers"],
)
def test_a_named_native_model(keyed: tuple[str, ...], kinds: list[str], *, fallback: bool | None) -> None:
    """That Claude Code runs it is no news where its twin was asked for and is there, and a reason where it is not."""
    way = decide(Selection(model="inside.sonnet", fallback=fallback), state(*keyed))
    assert [entry.kind for entry in way.passed] == kinds


@pytest.mark.parametrize(
    ("selection", "keyed", "how", "agent"),
    [
        (Selection(), ("a",), "subagent", "builder"),
        (Selection(task="mine"), ("a",), "outrider", None),
        (Selection(private=True, task="work"), (), "outrider", None),
        (Selection(model="inside.sonnet"), ("gate",), "outrider", None),
        (Selection(preset="hard"), ("b",), "outrider", None),
        (Selection(), (), "subagent", "builder"),
    ],
    ids=["native first", "ours first", "private", "named", "preset before", "nothing else"],
)
def test_how(selection: Selection, keyed: tuple[str, ...], how: str, agent: str | None) -> None:
    """A subagent does what a native model comes first for, never what is private or named."""
    way = decide(selection, state(*keyed))
    assert (way.how, way.agent) == (how, agent)


@pytest.mark.parametrize(
    ("task", "agents", "names", "paused", "how", "agent"),
    [
        ({"agent": "builder"}, {}, {"builder": "outrider:builder"}, False, "subagent", "outrider:builder"),
        ({}, VALUES["agents"], {}, False, "subagent", "reviewer"),
        ({}, VALUES["agents"], {"reviewer": "outrider-reviewer"}, False, "subagent", "outrider-reviewer"),
        ({}, {"scout": {"tier": "haiku/low"}}, {}, False, "outrider", None),
        ({}, VALUES["agents"], {"reviewer": "reviewer"}, True, "outrider", None),
        ({"agent": "theirs"}, VALUES["agents"], {"reviewer": "reviewer"}, True, "subagent", "theirs"),
    ],
    ids=["in a plugin", "not installed", "beside another", "none of its tier", "paused", "paused, the user's own"],
)
def test_which_agent(
    task: Mapping[str, Any],
    agents: Mapping[str, Any],
    names: Mapping[str, str],
    *,
    paused: bool,
    how: str,
    agent: str | None,
) -> None:
    """The task names its agent, else the first on the native model's tier takes it, as it is called in the client."""
    values = {**VALUES, "tasks": {"work": {"chain": ["inside.sonnet"], **task}}, "agents": agents}
    way = decide(Selection(), state("a", agent_names=names, paused=paused), values=values)
    assert (way.how, way.agent) == (how, agent)


@pytest.mark.parametrize(
    ("task", "gone", "way"),
    [
        ({"agent": "reviewer"}, {"reviewer"}, ("outrider", None)),
        ({}, {"reviewer"}, ("outrider", None)),
        ({"agent": "reviewer"}, {"scout"}, ("subagent", "outrider-reviewer")),
        ({"agent": "theirs"}, {"reviewer", "theirs"}, ("subagent", "theirs")),
    ],
    ids=["named by its task", "first of its tier", "another's", "not ours"],
)
def test_an_agent_whose_file_is_gone_is_not_named(
    task: Mapping[str, Any], gone: set[str], way: tuple[str, str | None]
) -> None:
    """The work is the helper's then, and no other agent of that tier is made to do it."""
    values = {**VALUES, "tasks": {"work": {"chain": ["inside.sonnet"], **task}}}
    here = state("a", agent_names={"reviewer": "outrider-reviewer"}, gone=frozenset(gone))
    found = decide(Selection(), here, values=values)
    assert (found.how, found.agent) == way


@pytest.mark.parametrize(
    ("selection", "effort"),
    [
        (Selection(), "low"),
        (Selection(preset="hard"), "high"),
        (Selection(preset="home"), "low"),
        (Selection(task="mine"), None),
    ],
)
def test_effort(selection: Selection, effort: str | None) -> None:
    """A preset's effort lies over the task's."""
    assert decide(selection, state("a", "b")).effort == effort


@pytest.mark.parametrize("name", ["work", "filtered"])
def test_who_may_fall_over_a_content_filter(name: str) -> None:
    """Only a task that says so goes on after a content filter."""
    assert decide(Selection(task=name), state("a")).content_filter_falls_over is (name == "filtered")


@pytest.mark.parametrize("private", [True, False])
def test_privacy_settings_bind_every_request(*, private: bool) -> None:
    """With `privacy.private` nothing leaves, whatever is chosen, named or offered by the tail."""
    values = {**VALUES, "privacy": {"private": private}}
    for selection in (Selection(), Selection(task="mine"), Selection(model="a.one"), Selection(preset="hard")):
        way = decide(selection, state("a", "b", "gate", served=UP), values=values)
        assert way.private is private
        assert all(one.local for one in way.targets) is private


def test_the_tail_obeys_allow_lists() -> None:
    """What a layer forbids, no tail offers."""
    values = {**VALUES, "privacy": {"allow": ["a", "box"], "deny": ["box"]}}
    assert names(decide(Selection(), state("a", "b", "gate", served=UP), values=values)) == ["a.one"]


def test_the_tail_meets_the_needs() -> None:
    """What is known to lack an ability or a window is no last resort."""
    values = {
        **VALUES,
        "models": {
            **VALUES["models"],
            "b.blind": {"provider": "b", "id": "blind", "price": CENT, "abilities": []},
            "b.eye": {"provider": "b", "id": "eye", "price": CENT, "abilities": ["vision"]},
            "b.narrow": {"provider": "b", "id": "narrow", "price": CENT, "abilities": ["vision"], "context": 10},
        },
    }
    way = decide(Selection(), state("b"), Facts(needs=frozenset({"vision"}), tokens=50), values)
    assert names(way) == ["b.cheap", "b.eye", "b.two", "b.leaving"]


def test_the_tail_is_short_cheap_first_and_never_the_simulator() -> None:
    """However many models there are, the tail is bounded; the retiring come last, and echo never."""
    many = {f"b.m{n:02}": {"provider": "b", "id": f"m{n:02}", "price": {"input": n, "output": n}} for n in range(1, 30)}
    twin = {"b.twin": {"provider": "b", "id": "m01", "price": {"input": 0.5, "output": 0.5}}}
    unpriced = {"b.unpriced": {"provider": "b", "id": "unpriced"}}
    values = {**VALUES, "models": {**VALUES["models"], **many, **twin, **unpriced}, "tasks": {"work": {"tail": True}}}
    way = decide(Selection(), state("b"), values=values)
    assert names(way) == ["b.cheap", "b.m01", "b.m02", "b.m03", "b.m04", "b.m05", "b.m06", "b.two"]
    assert len(way.tail) == TAIL_LENGTH
    few = {**VALUES, "models": {**unpriced, **twin, "b.leaving": VALUES["models"]["b.leaving"]}, "aliases": {},
           "tasks": {"work": {"tail": True}}}  # fmt: skip
    assert names(decide(Selection(), state("b"), values=few)) == ["b.twin", "b.unpriced", "b.leaving"]


WORST = Facts(most_tokens=1_000, max_output=1_000)  # a.one costs at most 1.1 cents, b.two 2.2
RESTING = Health(failures=1, kind="server", until=130.0)
LATER = Health(failures=2, kind="rate_limit", until=160.0)
REFUSED = Health(failures=1, kind="auth", until=FOREVER, message="invalid key")
SILENT = Health(failures=1, kind="auth", until=FOREVER)
A, B = "a|one|a-key", "b|two|b-key"


@pytest.mark.parametrize(
    ("health", "budget", "found", "passed"),
    [
        ({}, None, ["a.one", "b.two"], ()),
        ({A: RESTING}, None, ["b.two"], (Passed(model="a.one", why="rests 30 s more after server", kind="resting"),)),
        (
            {A: REFUSED},
            None,
            ["b.two"],
            (Passed(model="a.one", why="its key was refused (invalid key)", kind="resting"),),
        ),
        ({A: SILENT}, None, ["b.two"], (Passed(model="a.one", why="its key was refused", kind="resting"),)),
        (
            {A: RESTING, B: LATER},
            None,
            ["a.one"],
            (Passed(model="b.two", why="rests 60 s more after rate_limit", kind="resting"),),
        ),
        (
            {A: LATER, B: RESTING},
            None,
            ["b.two"],
            (Passed(model="a.one", why="rests 60 s more after rate_limit", kind="resting"),),
        ),
        ({A: Health(failures=1, kind="server", until=100.0)}, None, ["a.one", "b.two"], ()),
        ({"a|one|other-key": REFUSED}, None, ["a.one", "b.two"], ()),
        (
            {},
            "0.02",
            ["a.one"],
            (
                Passed(
                    model="b.two", why="the run budget has $0.0200 left, less than this call can cost", kind="budget"
                ),
            ),
        ),
        (
            {A: RESTING},
            "0.02",
            ["a.one"],
            (
                Passed(
                    model="b.two", why="the run budget has $0.0200 left, less than this call can cost", kind="budget"
                ),
            ),
        ),
        (
            {},
            "0.001",
            [],
            (
                Passed(
                    model="a.one", why="the run budget has $0.0010 left, less than this call can cost", kind="budget"
                ),
                Passed(
                    model="b.two", why="the run budget has $0.0010 left, less than this call can cost", kind="budget"
                ),
            ),
        ),
    ],
    ids=[
        "well",
        "one rests",
        "key refused",
        "key refused in silence",
        "all rest",
        "all rest, other order",
        "rest is over",
        "another key",
        "too dear",
        "only the affordable one, though it rests",
        "all too dear",
    ],
)
def test_rest_and_budget(
    health: Mapping[str, Health], budget: str | None, found: list[str], passed: tuple[Passed, ...]
) -> None:
    """What rests or is too dear is passed over with its reason, but the last usable target is asked all the same."""
    limits = Limits(budget={} if budget is None else {"run": Decimal(budget)})
    way = decide(Selection(task="mine"), state("a", "b", health=health, limits=limits), WORST)
    assert (names(way), way.passed) == (found, passed)


def test_json_prefers_who_promises_it() -> None:
    """Models that are known not to promise JSON come behind the others, and stay."""
    values = {**VALUES, "models": {
        "a.one": {"provider": "a", "id": "one", "abilities": ["tools"]},
        "a.two": {"provider": "a", "id": "two", "abilities": ["json"]},
        "a.three": {"provider": "a", "id": "three"}}, "aliases": {},
        "tasks": {"work": {"chain": ["a.one", "a.two", "a.three"]}}}  # fmt: skip
    assert names(decide(Selection(), state("a"), values=values)) == ["a.one", "a.two", "a.three"]
    needs = Facts(needs=frozenset({"json"}))
    assert names(decide(Selection(), state("a"), needs, values)) == ["a.two", "a.three", "a.one"]


def test_one_way_is_asked_once() -> None:
    """A model named twice, by an alias too, is one choice."""
    values = {**VALUES, "tasks": {"work": {"chain": ["a.one", "old", "a.one", "a/one", "nobody"]}}}
    assert names(decide(Selection(), state("a"), values=values)) == ["a.one"]


def scored(intelligence: float, coding: float = 0, version: str = "5", **more: Any) -> dict[str, Any]:
    """Returns a model's row with scores."""
    scores = {"intelligence": intelligence, "coding": coding, "version": version}
    return {"provider": "a", "id": f"{intelligence}-{coding}", "scores": scores, "price": CENT, **more}


ROLES: dict[str, Any] = {
    "providers": VALUES["providers"],
    "models": {
        "a.best": scored(60, 50, price={"input": 9, "output": 9}),
        "a.coder": scored(55, 70, price={"input": 5, "output": 5}),
        "a.cheap": scored(50, 40),
        "a.floor": scored(48, 35, price={"input": 2, "output": 2}),
        "a.weak": scored(47.9, 35),
        "a.other": scored(99, 99, version="4.1"),
        "a.gone": scored(90, 90, status="retired"),
        "a.unpriced": scored(52, 36, price=None),
        "a.unscored": {"provider": "a", "id": "unscored"},
        "gate.twin": {**scored(51, 36), "provider": "gate"},
    },
}


def test_a_role_may_be_a_native_model_s() -> None:
    """Claude Code's own models count for a role: they need no key, and are named for a subagent."""
    values = {**ROLES, "models": {**ROLES["models"], "inside.best": {**scored(59, 50), "provider": "inside"}}}
    rows = registry({**values, "tasks": {"role": {"floors": {"intelligence": 0.9}, "order": "capability"}}})
    way = route(rows, Selection(task="role"), Facts(), state("a"))
    assert way.chain == ("a.best", "inside.best", "a.coder")


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("capability", ["a.best", "a.coder", "a.unpriced", "gate.twin", "a.cheap", "a.floor"]),
        ("cost", ["gate.twin", "a.cheap", "a.floor", "a.coder", "a.best", "a.unpriced"]),
        ("reliability", ["a.coder", "a.best", "a.cheap", "gate.twin", "a.unpriced", "a.floor"]),
        ("balance", ["gate.twin", "a.cheap", "a.floor", "a.coder", "a.best", "a.unpriced"]),
    ],
)
def test_floors(order: str, found: list[str]) -> None:
    """Who reaches the shares of the newest index's best is in, in the role's order; other versions are not compared."""
    task = {"floors": {"intelligence": 0.8, "coding": 0.5}, "order": order}
    rows = registry({**ROLES, "tasks": {"role": task}})
    assert [one.name for one in by_floors(rows, rows.tasks["role"], at=0.0)] == found
    way = route(rows, Selection(task="role"), Facts(), state("a"))
    assert names(way) == [name for name in found if name != "gate.twin"]
    alone = route(rows, Selection(task="role"), Facts(), state())
    assert [one.kind for one in alone.passed] == ["key"] * 6


def test_floors_without_scores() -> None:
    """Where nothing is scored, nothing reaches a floor."""
    rows = registry({**VALUES, "tasks": {"role": {"floors": {"coding": 0.5}}}})
    assert by_floors(rows, rows.tasks["role"], at=0.0) == ()
    assert names(route(rows, Selection(task="role"), Facts(), state("a"))) == []


def test_versions_are_compared_as_numbers() -> None:
    """Version 10 is newer than version 9."""
    models = {"a.new": scored(10, version="10.0"), "a.old": scored(90, version="9.4")}
    rows = registry({**ROLES, "models": models, "tasks": {"role": {"floors": {"intelligence": 0.5}}}})
    assert [one.name for one in by_floors(rows, rows.tasks["role"], at=0.0)] == ["a.new"]


@pytest.mark.parametrize(
    ("name", "found"),
    [("a.one", "a.one"), ("old", "a.one"), ("a/x", "a/x"), ("zz/x", None), ("nobody", None), ("loop", None)],
)
def test_model_called(name: str, found: str | None) -> None:
    """A name is a row, an alias of one, or a wire id at a known provider."""
    called = model_called(registry(VALUES), name)
    assert (None if called is None else called.name) == found


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (target("b.new"), ("2", "20")),
        (target("a.new"), ("1", "10")),
        (target("zz.new"), ("2", "20")),
        (target("box.new", local=True), ("0", "0")),
    ],
    ids=["dearest of the provider", "and not of another", "dearest of all", "local"],
)
def test_stand_in(asked: Target, expected: tuple[str, str]) -> None:
    """What has no price is reserved at its provider's dearest, or else at the dearest; what runs here is free."""
    price = Price(base=Rates(input=Decimal(expected[0]), output=Decimal(expected[1])))
    assert stand_in(registry(VALUES), asked) == price


def test_no_stand_in() -> None:
    """Where no price is known at all, there is none to reserve at, but for what runs here."""
    rows = registry({"default": "work", "tasks": {"work": {"chain": []}}})
    assert stand_in(rows, target("zz.new")) is None
    assert stand_in(rows, target("box.new", local=True)) == Price(base=Rates(input=Decimal(0), output=Decimal(0)))


@pytest.mark.parametrize(
    ("selection", "facts", "dollars"),
    [
        (Selection(task="mine"), Facts(tokens=1_000), "0.009"),
        (Selection(task="mine"), Facts(tokens=1_000, max_output=100), "0.002"),
        (Selection(task="mine"), Facts(tokens=1_000, max_output=9_999), "0.009"),
        (Selection(model="box.small"), Facts(tokens=1_000), "0"),
        (Selection(model="b/unheard-of"), Facts(), None),
        (Selection(model="b.gone"), Facts(), None),
    ],
    ids=["likely", "short", "at most likely", "local", "unknown", "no target"],
)
def test_estimate(selection: Selection, facts: Facts, dollars: str | None) -> None:
    """What the first target would likely cost, or nothing where nobody knows."""
    rows, situation = registry(VALUES), state("a", "b")
    way = route(rows, selection, facts, situation)
    found = estimate(rows, way, facts, at=0.0)
    assert found == (None if dollars is None else Decimal(dollars))


PROVIDERS = st.fixed_dictionaries(
    {
        "base_url": st.sampled_from(
            ["http://localhost:1", "http://127.0.0.1:4000/v1", "http://10.0.0.7/v1", "https://box.lan/v1", "https://8.8.8.8/v1",
             "https://api.example/v1", "http://localhost@evil.example/", "https://[2002:808:808::1]/v1"]
        ),
        "local": st.booleans(),
        "serves": st.sampled_from(["listed", "catalog"]),
        "dialect": st.sampled_from(["openai", "ollama", "native", "echo"]),
    },
    optional={"key": st.just("SOME_KEY")},
)  # fmt: skip
PLACES = ["p0", "p1", "p2", "p3"]
MODEL_NAMES = [f"m{n}" for n in range(6)]
IDS = st.sampled_from(["*", "one", "two:cloud", "three:120b-cloud"])
MODELS = st.fixed_dictionaries(
    {"provider": st.sampled_from(PLACES), "id": IDS},
    optional={
        "also": st.dictionaries(st.sampled_from(PLACES), IDS, max_size=2),
        "abilities": st.lists(st.sampled_from(["vision", "json"])),
        "price": st.sampled_from([CENT, {"input": 0, "output": 0}, {"input": 100, "output": 500}]),
        "status": st.sampled_from(["active", "retiring", "retired"]),
        "context": st.sampled_from([10, 100_000]),
        "scores": st.fixed_dictionaries({"intelligence": st.integers(1, 60), "version": st.sampled_from(["4", "5"])}),
    },
)
TASKS = st.fixed_dictionaries(
    {"chain": st.lists(st.sampled_from([*MODEL_NAMES, "alias", "p1/any", "p2/x:cloud"]), max_size=6)},
    optional={"tail": st.booleans(), "private": st.booleans(), "floors": st.just({"intelligence": 0.5})},
)
REGISTRIES = st.fixed_dictionaries(
    {
        "default": st.just("t0"),
        "providers": st.fixed_dictionaries(dict.fromkeys(PLACES, PROVIDERS)),
        "models": st.fixed_dictionaries(dict.fromkeys(MODEL_NAMES, MODELS)),
        "aliases": st.just({"alias": {"model": "m0", "why": "it was"}}),
        "tasks": st.fixed_dictionaries(
            {"t0": TASKS, "t1": TASKS, "simple": TASKS, "analysis": TASKS, "complex": TASKS}
        ),
        "presets": st.fixed_dictionaries(
            {
                "s0": st.fixed_dictionaries(
                    {"chain": st.lists(st.sampled_from(MODEL_NAMES), max_size=3), "local": st.booleans()}
                )
            }
        ),
        "privacy": st.fixed_dictionaries(
            {}, optional={"private": st.booleans(), "deny": st.lists(st.sampled_from(PLACES), max_size=2)}
        ),
    }
)
SELECTIONS = st.builds(
    lambda model, task, private, fallback, preset: Selection(
        model=model, task=task, private=private, fallback=fallback, preset=preset
    ),
    st.none() | st.sampled_from([*MODEL_NAMES, "alias", "t1", "s0"]),
    st.sampled_from([None, "t1", "auto"]),
    st.booleans(),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, "s0"]),
)
FACTS = st.builds(
    lambda tokens, needs, most: Facts(tokens=tokens, most_tokens=tokens * 2, needs=needs, max_output=most),
    st.sampled_from([0, 50, 90_000]), st.frozensets(st.sampled_from(["vision", "json"])), st.sampled_from([None, 100]),
)  # fmt: skip
SITUATIONS = st.builds(
    lambda keyed, served, resting, spent: state(
        *keyed,
        served=dict.fromkeys(served, Served(alive=True, ids=("one", "two:cloud", "four"))),
        limits=Limits(budget={"run": Decimal(1)}),
        health={f"{name}|one|{name}-key": RESTING for name in resting},
        spend=Spend(run=spent),
    ),
    st.lists(st.sampled_from(PLACES)),
    st.lists(st.sampled_from(PLACES)),
    st.lists(st.sampled_from(PLACES)),
    st.decimals(0, 1, places=2),
)


@given(REGISTRIES, SELECTIONS, FACTS, SITUATIONS)
def test_any_route(values: dict[str, Any], selection: Selection, facts: Facts, situation: Situation) -> None:
    """Over any registry private stays at home, nothing is there twice, none is native, and the same comes out again."""
    rows = registry(values)
    way = route(rows, selection, facts, situation)
    again = route(registry(values), selection, facts, situation)
    assert way == again
    assert repr(way) == repr(again)
    keys = [one.health_key for one in way.targets]
    assert len(set(keys)) == len(keys)
    wants_private = selection.private or bool(values["privacy"].get("private"))
    wants_private = wants_private or (way.task in values["tasks"] and bool(values["tasks"][way.task].get("private")))
    assert way.private or not wants_private
    for one in way.targets:
        assert one.provider.dialect != "native"
        assert one.provider.name in situation.keys
        assert one.provider.name not in values["privacy"].get("deny", ())
        assert one.model.row.get("status") != "retired"
        assert one.local == privacy.is_local(one.provider.base_url, declared=one.provider.local, wire_id=one.wire_id)
        if way.private:
            assert one.local
            assert one.provider.local
            assert "cloud" not in one.wire_id
            assert one.provider.base_url not in {
                "https://8.8.8.8/v1",
                "http://localhost@evil.example/",
                "https://[2002:808:808::1]/v1",
            }
    tails = values["tasks"].get(way.task, {}).get("tail", way.task == "private")
    is_single = selection.model in {*MODEL_NAMES, "alias"}
    assert not way.tail or (tails and not is_single) or (is_single and selection.fallback is True)
    assert len(way.tail) <= TAIL_LENGTH
    assert selection.fallback is not False or is_single or len(way.targets) <= 1
