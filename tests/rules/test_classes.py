"""Which providers a class of data may reach, and what a request's class is."""

from typing import Any

import pytest

from outrider.data import Passed, Target
from outrider.rows import Registry
from outrider.rules import privacy
from outrider.rules.layers import Layer, merge
from outrider.rules.routing import route
from outrider.rules.selection import Facts, Selection
from outrider.wire.call import encode
from tests.rules.small import VALUES, registry, situation


def with_privacy(**said: Any) -> Registry:
    """Returns the small registry with these privacy settings."""
    return registry({**VALUES, "privacy": said})


def why(found: Registry, name: str, data_class: str) -> str:
    """Returns the first reason against a model of `cloud` for data of a class, or that it is used."""
    facts = Facts(data_class=data_class, class_from="a path")
    decided = route(found, Selection(model=name), facts, situation("cloud", "gate", "own"))
    return "used" if decided.targets else next(entry.why for entry in decided.passed)


@pytest.mark.parametrize(
    ("classes", "data_class", "told"),
    [
        ({}, "public", "used"),
        ({}, "internal", "used"),
        ({}, "secret", "own is not allowed for secret data"),
        ({"secret": {"upstream": "deny"}}, "secret", "own is not allowed for secret data"),
        ({"secret": {"allow": ["own"]}}, "secret", "used"),
        ({"secret": {"deny": ["cloud"]}}, "secret", "used"),
        ({"internal": {"deny": ["own"]}}, "internal", "own is not allowed for internal data"),
        ({"internal": {"deny": ["own"]}, "secret": {"allow": ["own"]}}, "secret", "own is not allowed for secret data"),
        ({"internal": {"allow": ["cloud"]}}, "public", "used"),
        ({"local-only": {}}, "local-only", "not local, and the request is private"),
        ({}, "mistyped", "own is not allowed for mistyped data"),
    ],
)
def test_a_class_reaches_what_it_may(classes: dict[str, Any], data_class: str, told: str) -> None:
    """A class obeys its own rules and those of every freer one; a secret without a rule goes nowhere."""
    assert why(with_privacy(classes=classes), "own/any", data_class) == told


def test_another_name_for_a_denied_address_is_denied() -> None:
    """A provider that stands where a denied one stands is that one."""
    twin = {"dialect": "openai", "base_url": "https://CLOUD.example:443/other", "key": "CLOUD_KEY"}
    values = {**VALUES, "providers": {**VALUES["providers"], "own": twin}}
    found = registry({**values, "privacy": {"classes": {"internal": {"deny": ["cloud"]}}}})
    assert why(found, "own/any", "internal") == "own is not allowed for internal data"
    assert why(registry({**values, "privacy": {"deny": ["cloud"]}}), "own/any", "public") == (
        "own is not allowed by `privacy`"
    )


def test_a_subagent_is_no_way_around() -> None:
    """Claude Code's own models are passed over where their class does not name them."""
    found = with_privacy(classes={"secret": {"allow": ["cloud"]}})
    decided = route(found, Selection(task="work"), Facts(data_class="secret", class_from="x"), situation("cloud"))
    assert (decided.how, decided.chain) == ("outrider", ("cloud.big",))
    assert decided.passed[0] == Passed(
        model="native.sonnet", why="native is not allowed for secret data", kind="private"
    )


@pytest.mark.parametrize(
    ("selection", "said", "facts", "mark"),
    [
        (Selection(), {}, Facts(), ("public", "")),
        (Selection(private=True), {}, Facts(), ("local-only", "flag --private")),
        (Selection(), {"private": True}, Facts(), ("local-only", "the setting `privacy.private`")),
        (Selection(task="ours"), {}, Facts(), ("internal", "task ours")),
        (Selection(task="ours"), {}, Facts(data_class="secret", class_from="p"), ("secret", "p")),
        (Selection(task="ours"), {}, Facts(data_class="public"), ("internal", "task ours")),
        (Selection(preset="home"), {}, Facts(), ("local-only", "preset home is local")),
        (Selection(), {}, Facts(data_class="local-only", class_from="p"), ("local-only", "p")),
    ],
)
def test_the_strictest_word_counts(selection: Selection, said: Any, facts: Facts, mark: tuple[str, str]) -> None:
    """Of flag, task, settings, preset and what came with the question; and the route says which it was."""
    tasks = {**VALUES["tasks"], "ours": {"chain": ["cloud.big"], "class": "internal"}}
    found = registry({**VALUES, "tasks": tasks, "privacy": said})
    decided = route(found, selection, facts, situation("cloud"))
    assert (decided.data_class, decided.class_from, decided.private) == (*mark, mark[0] == "local-only")


def test_a_gateway_is_told_in_every_call() -> None:
    """The provider's own `privacy_fields` are in the body, whatever a parameter or a dropped field says."""
    gate = {
        "dialect": "openai", "base_url": "https://gate.example/v1", "key": "GATE_KEY", "drop": ["provider"],
        "privacy_fields": {"provider": {"data_collection": "deny"}},
    }  # fmt: skip
    values = {**VALUES, "providers": {**VALUES["providers"], "gate": gate}}
    found = registry({**values, "privacy": {"classes": {"internal": {"upstream": "deny"}}}})
    bodies = []
    for data_class in ("public", "internal"):
        facts = Facts(data_class=data_class, class_from="x")
        target = route(found, Selection(model="gate/m"), facts, situation("gate")).targets[0]
        bodies.append(sent(target, {"provider": {"data_collection": "allow", "sort": "price"}}))
    assert bodies[0].get("provider") is None
    assert bodies[1]["provider"] == {"data_collection": "deny"}


def sent(target: Target, params: dict[str, Any]) -> Any:
    """Returns the body of a call to a target."""
    import json

    from outrider.data import Message, Request, Timing

    request = Request(messages=(Message(role="user", text="x"),), params=params)
    timing = Timing(connect=1, first_byte=1, idle=1, total=1, max_bytes=1)
    return json.loads(encode(request, target, key="k", timing=timing)[0].body)


def test_layers_only_tighten() -> None:
    """Denials and patterns add up, allowances narrow, a wish for redaction stands."""
    pattern = {"pattern": "hr/**", "class": "secret"}
    layers = (
        {"classes": {"secret": {"allow": ["a", "b"]}}, "redact": ["x+"]},
        {"classes": {"secret": {"allow": ["b", "c"], "deny": ["d"]}, "internal": {"upstream": "deny"}}},
        {"paths": [pattern], "redact": True, "private": True},
    )
    assert privacy.strictest(layers) == {
        "private": True, "paths": [pattern], "redact": ["x+"],
        "classes": {"secret": {"allow": ["b"], "deny": ["d"]}, "internal": {"upstream": "deny"}},
    }  # fmt: skip


def test_a_project_loosens_no_class() -> None:
    """A trusted project's task keeps the user's class, and an untrusted one's expressions are not run."""
    user = {"tasks": {"ours": {"chain": ["cloud.big"], "class": "secret"}, "mine": {"chain": ["x"], "private": True}}}
    said = {"tasks": {"ours": {"class": "public"}, "mine": {"private": False}, "new": {"class": "internal"}}}
    layers = [Layer(name="bundled", path="b", values=VALUES), Layer(name="user", path="u", values=user)]
    tasks = merge((*layers, Layer(name="project", path="p", values=said)))[0]["tasks"]
    assert (tasks["ours"]["class"], tasks["mine"]["private"], tasks["new"]["class"]) == ("secret", True, "internal")
    hostile = Layer(name="project", path="p", values={"privacy": {"redact": ["(a+)+$"]}}, trusted=False)
    assert merge((*layers, hostile))[0]["privacy"]["redact"] is True
