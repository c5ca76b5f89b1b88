"""Whether a model could answer now, and why not."""

import pytest

from outrider.rules.health import FOREVER, Health
from outrider.rules.targets import Served, Wanted
from outrider.rules.usable import Standing, chain_standing, standing, standings
from tests.rules.small import registry, situation

REGISTRY = registry()
UP = {"box": Served(alive=True, ids=("one", "two"))}
DOWN = {"box": Served(alive=False)}
REFUSED = Health(failures=1, kind="auth", until=FOREVER, message="no")
TIRED = Health(failures=1, kind="server", until=1_030.0)
SUBAGENT = Standing(
    how="subagent", why="runs inside Claude Code, as a subagent", provider="native", wire_id="sonnet"
)  # fmt: skip


@pytest.mark.parametrize(
    ("model", "seen", "expected"),
    [
        ("native.sonnet", situation(), SUBAGENT),
        ("cloud.big", situation("cloud"), Standing(how="call", why="yes", provider="cloud", wire_id="big-1")),
        ("cloud.big", situation("gate"), Standing(how="call", why="via gate", provider="gate", wire_id="cloud/big-1")),
        (
            "cloud.big",
            situation(),
            Standing(
                how="no", why="no key (CLOUD_KEY, or GATE_KEY)", kind="key", provider="cloud", wire_id="big-1"
            ),
        ),
        (
            "cloud.old",
            situation("cloud"),
            Standing(how="no", why="retired; use cloud.big", kind="retired", provider="cloud", wire_id="old"),
        ),
        (
            "box.one",
            situation(),
            Standing(
                how="no",
                why="its server was not asked yet what it serves",
                kind="unknown",
                provider="box",
                wire_id="one",
            ),
        ),
        ("box.one", situation(served=UP), Standing(how="call", why="yes", provider="box", wire_id="one")),
        (
            "box.one",
            situation(served=DOWN),
            Standing(
                how="no",
                why="its server did not answer when last asked",
                kind="down",
                provider="box",
                wire_id="one",
            ),
        ),
        (
            "cloud.big",
            situation("cloud", health={"cloud|big-1|k": REFUSED}),
            Standing(how="no", why="its key was refused", kind="auth", provider="cloud", wire_id="big-1"),
        ),
        (
            "cloud.big",
            situation("cloud", health={"cloud|big-1|k": TIRED}),
            Standing(how="no", why="rests after server", kind="resting", provider="cloud", wire_id="big-1"),
        ),
        (
            "cloud.big",
            situation("cloud", "gate", health={"cloud|big-1|k": TIRED}),
            Standing(how="call", why="via gate", provider="gate", wire_id="cloud/big-1"),
        ),
    ],
)  # fmt: skip
def test_a_model_stands_by_its_best_way(model, seen, expected) -> None:
    """The first way that works decides; where none does, the first one's reason is given."""
    assert standing(REGISTRY, seen, REGISTRY.models[model]) == expected


def test_whatever_a_server_has_is_a_way_each() -> None:
    """A row for everything that a server serves stands once for every model there."""
    found = standings(REGISTRY, situation(served=UP), REGISTRY.models["box.any"])
    assert [(way.how, way.wire_id) for way in found] == [("call", "one"), ("call", "two")]


def test_a_way_at_a_gateway_has_its_own_reason() -> None:
    """A gateway that may not be used is named with the id that the model has there."""
    closed = registry({**REGISTRY.values, "privacy": {"deny": ["gate"]}})
    found = standings(closed, situation("cloud", "gate"), closed.models["cloud.big"])
    assert [(way.how, way.provider, way.wire_id, way.short) for way in found] == [
        ("call", "cloud", "big-1", "yes"),
        ("no", "gate", "cloud/big-1", "not allowed"),
    ]


def test_a_private_chain_counts_local_models_only() -> None:
    """What a request would need is asked for; a name that means nothing is no model."""
    private = Wanted(private=True, needs=frozenset(), tokens=0, explicit=False)
    chain = ("cloud.big", "box.one", "older", "nothing")
    found = chain_standing(REGISTRY, situation("cloud", served=UP), chain, private)
    assert [(name, how.is_usable) for name, how in found] == [
        ("cloud.big", False),
        ("box.one", True),
        ("older", False),
        ("nothing", False),
    ]
    assert found[3][1].why == "there is no such model"


@pytest.mark.parametrize(
    ("how", "short"),
    [
        (SUBAGENT, "subagent"),
        (Standing(how="call", why="via gate"), "via gate"),
        (Standing(how="no", why="…", kind="key"), "no key"),
        (Standing(how="no", why="…", kind="ability"), "no"),
    ],
)
def test_a_table_gets_a_word_or_two(how, short) -> None:
    """Each standing has a short form."""
    assert how.short == short
