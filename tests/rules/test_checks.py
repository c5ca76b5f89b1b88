"""What is odd and allowed in a configuration."""

from outrider.rules.checks import changed, hand_edits, shadowed, unanswerable
from outrider.rules.layers import Layer
from outrider.rules.targets import Served
from tests.rules.small import VALUES, registry, situation

BASE = Layer(name="bundled", path="/b", values=VALUES)


def test_a_name_that_changes_its_meaning_is_named() -> None:
    """A model over an alias, an alias over an alias; an untrusted layer takes nothing over."""
    own = {"models": {"big": {}, "cloud.big": {}}, "aliases": {"older": "cloud.big", "new": "cloud.big"}}
    user = Layer(name="user", path="/u", values=own)
    project = Layer(name="project", path="/p", values={"tasks": {"big": {}}}, trusted=False)
    assert list(shadowed((BASE, user, project))) == [
        ("/u", "`big` was one of the bundled layer's aliases, and is now one of its models"),
        ("/u", "`older` was one of the bundled layer's aliases, and is now one of its aliases"),
    ]
    assert list(changed((BASE, user, project))) == [("/u", "changes models.cloud.big")]


def test_a_shape_that_is_no_group_is_passed_over() -> None:
    """What the schema refuses does not break the looking."""
    assert list(shadowed((BASE, Layer(name="user", path="/u", values={"models": []})))) == []


def test_a_chain_that_nothing_serves_is_named() -> None:
    """Chains with a tail, and those with one usable model, are well."""
    assert list(unanswerable(registry(), situation())) == [
        "nothing in tasks.closed can be used now (cloud.old: retired; use cloud.big)",
        "nothing in presets.home can be used now (box.any: its server was not asked yet what it serves)",
    ]
    served = {"box": Served(alive=True, ids=("one",))}
    assert len(list(unanswerable(registry(), situation(served=served)))) == 1


def test_a_hand_edit_is_found() -> None:
    """The first few places are named."""
    assert hand_edits({"a": 1}, {"a": 1}) is None
    assert hand_edits({"a": 1}, {"a": 2}) == "differs from this version's registry at $.a"
    many = {f"k{number}": 1 for number in range(7)}
    assert hand_edits(many, {}) == "differs from this version's registry at $.k0, $.k1, $.k2, $.k3, $.k4 and 2 more"
