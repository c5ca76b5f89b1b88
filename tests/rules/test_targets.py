"""Every way to a model, in order, and why a way cannot be taken."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from outrider.data import Passed, Target
from outrider.records import record
from outrider.rows import Price, Rates, Registry
from outrider.rules.targets import Served, Wanted, find_served, score, ways
from tests.rules.making import model
from tests.rules.small import VALUES, registry, situation


@record
class Way:
    """A way as a reader sees it: the model's name, the provider, the wire id, whether it is local."""

    model: str
    provider: str
    id: str
    local: bool = False


def seen(
    name: str,
    *keyed: str,
    values: Mapping[str, Any] = VALUES,
    served: Mapping[str, Served] | None = None,
    private: bool = False,
    explicit: bool = False,
    needs: tuple[str, ...] = (),
    tokens: int = 0,
) -> list[Way | Passed]:
    """Returns the ways to a model of the small registry."""
    rows = registry(values)
    wanted = Wanted(private=private, needs=frozenset(needs), tokens=tokens, explicit=explicit)
    found = ways(rows, situation(*keyed, served=served or {}), rows.models[name], wanted)
    return [
        Way(model=way.model.name, provider=way.provider.name, id=way.wire_id, local=way.local)
        if isinstance(way, Target)
        else way
        for way in found
    ]


def with_models(**more: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the small registry's values with models added; `a__b` is called `a.b`."""
    added = {name.replace("__", "."): row for name, row in more.items()}
    return {**VALUES, "models": {**VALUES["models"], **added}}


OWN = Way(model="cloud.big", provider="cloud", id="big-1")
GATE = Way(model="cloud.big", provider="gate", id="cloud/big-1")


@pytest.mark.parametrize(
    ("keyed", "found"),
    [
        (("cloud", "gate"), [OWN, GATE]),
        (("cloud",), [OWN]),
        (("gate",), [GATE]),
        ((), [Passed(model="cloud.big", why="no key (CLOUD_KEY, or GATE_KEY)", kind="key")]),
    ],
    ids=["both", "own", "gateway", "neither"],
)
def test_a_model_and_its_gateway(keyed: tuple[str, ...], found: list[Way | Passed]) -> None:
    """The model's own provider comes first, then where else it is served; missing keys are told once."""
    assert seen("cloud.big", *keyed) == found


NATIVE = Passed(model="native.sonnet", why="runs inside Claude Code, as a subagent", kind="native")
TWIN = with_models(native__sonnet={"provider": "native", "id": "sonnet", "also": {"own": "claude-sonnet", "gone": "x"}})


def test_a_native_model_is_passed_over() -> None:
    """A plain ask never calls a native model, and never its paid twin."""
    assert seen("native.sonnet", "own", values=TWIN) == [NATIVE]


def test_a_native_model_that_is_named_uses_its_twin() -> None:
    """Only who names it pays for the same model at an API."""
    assert seen("native.sonnet", "own", values=TWIN, explicit=True) == [
        NATIVE, Way(model="native.sonnet", provider="own", id="claude-sonnet"),
    ]  # fmt: skip
    assert seen("native.sonnet", values=TWIN, explicit=True) == [
        NATIVE, Passed(model="native.sonnet", why="no key (OUTRIDER_ANTHROPIC_API_KEY)", kind="key"),
    ]  # fmt: skip


def test_a_gateway_has_its_own_price() -> None:
    """The way over a gateway costs what the gateway's row says, and holds what it holds."""
    row = {"provider": "gate", "id": "cloud/big-1", "price": {"input": 3, "output": 4}, "context": 9_000}
    rows = registry(with_models(gate__big=row))
    wanted = Wanted(private=False, needs=frozenset(), tokens=0, explicit=False)
    own, over = ways(rows, situation("cloud", "gate"), rows.models["cloud.big"], wanted)
    assert isinstance(own, Target)
    assert isinstance(over, Target)
    assert own.model == rows.models["cloud.big"]
    assert over.model.price == Price(base=Rates(input=Decimal(3), output=Decimal(4)))
    assert (over.model.context, over.model.row["price"]) == (9_000, {"input": 3, "output": 4})
    assert (own.name, over.name) == ("cloud.big", "cloud.big via gate")
    assert (own.health_key, over.health_key) == ("cloud|big-1|k", "gate|cloud/big-1|k")


FIT = with_models(
    cloud__eye={"provider": "cloud", "id": "eye", "abilities": ["vision"], "context": 1_000},
    cloud__plain={"provider": "cloud", "id": "plain", "abilities": []},
    cloud__long={"provider": "cloud", "id": "long", "context": 9_000, "max_input": 500},
)


@pytest.mark.parametrize(
    ("name", "needs", "tokens", "passed"),
    [
        ("cloud.old", (), 0, ("retired", "retired; use cloud.big")),
        ("cloud.plain", ("vision",), 0, ("ability", "has no vision")),
        ("cloud.plain", ("tools", "vision"), 0, ("ability", "has no tools")),
        ("cloud.plain", ("json",), 0, None),
        ("cloud.eye", ("vision",), 1_000, None),
        ("cloud.eye", (), 1_001, ("context", "its window of 1,000 tokens is smaller than the prompt (about 1,001)")),
        ("cloud.long", (), 501, ("context", "its window of 500 tokens is smaller than the prompt (about 501)")),
        ("cloud.big", ("vision",), 10**9, None),
    ],
    ids=[
        "retired",
        "no eyes",
        "first need",
        "json is asked for in words",
        "fits",
        "too long",
        "input window",
        "unknown",
    ],
)
def test_what_a_model_must_do(name: str, needs: tuple[str, ...], tokens: int, passed: tuple[str, str] | None) -> None:
    """A model is passed over for what it is known not to do, and tried for what nobody knows."""
    found = seen(name, "cloud", values=FIT, needs=needs, tokens=tokens)
    if passed is not None:
        assert found == [Passed(model=name, why=passed[1], kind=passed[0])]
    else:
        assert found == [Way(model=name, provider="cloud", id=name.partition(".")[2].replace("big", "big-1"))]


@pytest.mark.parametrize(
    ("privacy", "found"),
    [
        (
            {"deny": ["cloud"]},
            [Passed(model="cloud.big", why="cloud is not allowed by `privacy`", kind="private"), GATE],
        ),
        (
            {"allow": ["cloud"]},
            [OWN, Passed(model="cloud.big via gate", why="gate is not allowed by `privacy`", kind="private")],
        ),
        (
            {"allow": ["cloud", "gate"], "deny": ["gate"]},
            [OWN, Passed(model="cloud.big via gate", why="gate is not allowed by `privacy`", kind="private")],
        ),
        (
            {"allow": []},
            [
                Passed(model="cloud.big", why="cloud is not allowed by `privacy`", kind="private"),
                Passed(model="cloud.big via gate", why="gate is not allowed by `privacy`", kind="private"),
            ],
        ),
    ],
    ids=["denied", "not allowed", "denied although allowed", "nobody allowed"],
)
def test_allow_lists(privacy: Mapping[str, Any], found: list[Way | Passed]) -> None:
    """Privacy settings bar a provider on every way, also when the model is named."""
    values = {**VALUES, "privacy": privacy}
    assert seen("cloud.big", "cloud", "gate", values=values) == found
    assert seen("cloud.big", "cloud", "gate", values=values, explicit=True) == found


def test_private_requests_stay_at_home() -> None:
    """Only what is local is a way for a private request, whatever keys there are."""
    assert seen("cloud.big", "cloud", "gate", private=True) == [
        Passed(model="cloud.big", why="not local, and the request is private", kind="private"),
        Passed(model="cloud.big via gate", why="not local, and the request is private", kind="private"),
    ]
    assert seen("box.one", private=True, explicit=True) == [Way(model="box.one", provider="box", id="one", local=True)]


CLOUDY = with_models(box__far={"provider": "box", "id": "far:120b-cloud"}, box__near={"provider": "box", "id": "near"})


def test_a_local_server_s_cloud_model_is_not_local() -> None:
    """A model that a local server runs elsewhere is no way for a private request, by whatever name it is served."""
    assert seen("box.far", values=CLOUDY, private=True, explicit=True) == [
        Passed(model="box.far", why="not local, and the request is private", kind="private")
    ]
    assert seen("box.far", values=CLOUDY) == [Way(model="box.far", provider="box", id="far:120b-cloud")]
    served = {"box": Served(alive=True, ids=("far:120b-cloud", "near:latest"))}
    assert seen("box.any", values=CLOUDY, served=served, private=True) == [
        Way(model="box.near", provider="box", id="near:latest", local=True)
    ]


DOWN = Passed(model="box.one", why="its server did not answer when last asked", kind="down")


@pytest.mark.parametrize(
    ("served", "explicit", "found"),
    [
        ({}, False, Way(model="box.one", provider="box", id="one", local=True)),
        ({"box": Served(alive=True, ids=("one",))}, False, Way(model="box.one", provider="box", id="one", local=True)),
        (
            {"box": Served(alive=True, ids=("one:latest",))},
            False,
            Way(model="box.one", provider="box", id="one:latest", local=True),
        ),
        (
            {"box": Served(alive=True, ids=("two",))},
            False,
            Passed(model="box.one", why="its server does not have it", kind="not_served"),
        ),
        ({"box": Served(alive=False)}, False, DOWN),
        ({"box": Served(alive=False)}, True, Way(model="box.one", provider="box", id="one", local=True)),
        ({"box": Served(alive=True)}, True, Way(model="box.one", provider="box", id="one", local=True)),
    ],
    ids=["never asked", "served", "served as latest", "not served", "down", "down but named", "not served but named"],
)
def test_a_server_that_was_asked(served: Mapping[str, Served], found: Way | Passed, *, explicit: bool) -> None:
    """What a server said last decides, unless the model is named: then it is tried."""
    assert seen("box.one", served=served, explicit=explicit) == [found]


ANY = with_models(
    box__one={"provider": "box", "id": "one", "scores": {"intelligence": 20}},
    box__two={"provider": "box", "id": "two", "scores": {"intelligence": 40}, "abilities": ["vision"], "context": 100},
    box__old={"provider": "box", "id": "old", "status": "retired"},
)
SERVED = Served(alive=True, ids=("zeta", "one:latest", "nomic-embed-text", "alpha", "two", "old", "whisper-1"))


@pytest.mark.parametrize(
    ("served", "needs", "tokens", "found"),
    [
        (SERVED, (), 0, [("box.two", "two"), ("box.one", "one:latest"), ("box/alpha", "alpha"), ("box/zeta", "zeta")]),
        (SERVED, (), 101, [("box.one", "one:latest"), ("box/alpha", "alpha"), ("box/zeta", "zeta")]),
        (Served(alive=True, ids=("two",)), ("tools",), 0, "nothing it serves fits the request"),
        (Served(alive=True, ids=("nomic-embed-text",)), (), 0, "its server serves no chat model"),
        (Served(alive=True), (), 0, "its server serves no chat model"),
        (Served(alive=False, ids=("two",)), (), 0, "its server did not answer when last asked"),
        (None, (), 0, "its server was not asked yet what it serves"),
    ],
    ids=["best first", "what fits", "nothing fits", "no chat model", "nothing", "down", "never asked"],
)  # fmt: skip
def test_whatever_is_served(
    served: Served | None, needs: tuple[str, ...], tokens: int, found: list[tuple[str, str]] | str
) -> None:
    """`*` is what the server has: best known score first, then by name, without what is no chat model."""
    told = seen("box.any", values=ANY, served={"box": served} if served else {}, needs=needs, tokens=tokens)
    if isinstance(found, str):
        assert [way.why for way in told if isinstance(way, Passed)] == [found]
    else:
        assert told == [Way(model=name, provider="box", id=wire_id, local=True) for name, wire_id in found]


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        (("a", "b"), "a"), (("a:latest",), "a:latest"), (("gate/a",), "gate/a"), (("b", "x/y/a"), "x/y/a"),
        (("ab", "b-a", "a:7b"), None), ((), None),
    ],
)  # fmt: skip
def test_find_served(ids: tuple[str, ...], found: str | None) -> None:
    """An id is found as itself, as latest, or behind a gateway's prefix, and never by a part of a name."""
    assert find_served(ids, "a") == found


@pytest.mark.parametrize(("row", "value"), [({}, 0.0), ({"scores": {}}, 0.0), ({"scores": {"coding": 53}}, 53.0)])
def test_score(row: Mapping[str, Any], value: float) -> None:
    """A model that nobody scored has nothing."""
    assert score(model(row=row), "coding") == value


def test_a_way_over_a_provider_that_is_gone_is_no_way() -> None:
    """`also` may name a provider that a layer took away."""
    rows: Registry = registry(with_models(cloud__x={"provider": "cloud", "id": "x", "also": {"gone": "y"}}))
    wanted = Wanted(private=False, needs=frozenset(), tokens=0, explicit=False)
    assert [
        way.wire_id for way in ways(rows, situation("cloud"), rows.models["cloud.x"], wanted) if isinstance(way, Target)
    ] == ["x"]
