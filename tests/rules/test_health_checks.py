"""Variables that people expect to count, and models about to end."""

from datetime import date

import pytest

from outrider.rules.facts.staleness import Differing, Gone, OldPrice, Stale
from outrider.rules.health_checks import endings, environment, facts
from tests.rules.small import VALUES, registry


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, []),
        ({"CLOUD_BASE_URL": "https://evil", "BOX_HOST": "h"}, ["BOX_HOST is set", "CLOUD_BASE_URL is set"]),
        ({"CLOUD_BASE_URL": "", "CLOUD_BASE_URLS": "x", "SHOP_BASE_URL": "x", "HOST": "x"}, []),
        ({"ANTHROPIC_BASE_URL": "x"}, ["ANTHROPIC_BASE_URL is set"]),
        ({"ANTHROPIC_API_KEY": "x"}, ["ANTHROPIC_API_KEY is set, and not used"]),
        ({"ANTHROPIC_API_KEY": "x", "OUTRIDER_ANTHROPIC_API_KEY": "y"}, []),
        ({"https_proxy": "x", "HTTP_PROXY": "y"}, ["HTTPS_PROXY is set, and not used"]),
        ({"SSL_CERT_FILE": "x"}, ["SSL_CERT_FILE is set, and not used"]),
    ],
)
def test_a_variable_that_does_not_count_is_named(variables, words) -> None:
    """Each is a warning with a fix, and its value is never in it."""
    found = list(environment(variables, registry()))
    assert [check.mark for check in found] == ["warn"] * len(words)
    assert all(check.message.startswith(word) for check, word in zip(found, words, strict=True))
    assert all(check.fix and "evil" not in check.message for check in found)


def test_what_the_user_configured_is_no_warning() -> None:
    """A proxy and a CA file in the settings answer the variables."""
    configured = registry({**VALUES, "network": {"proxy": "http://p", "ca_file": "/ca"}})
    assert list(environment({"HTTPS_PROXY": "x", "SSL_CERT_FILE": "y"}, configured)) == []


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({}, None),
        ({"shutdown": "2027-03-01"}, None),
        ({"shutdown": "not a day"}, None),
        ({"shutdown": "2026-12-01"}, "shuts down on 2026-12-01, in 11 days"),
        ({"shutdown": "2026-11-01"}, "was shut down on 2026-11-01"),
        ({"status": "retired"}, "is retired"),
    ],
)
def test_a_model_that_ends_is_named(row, message) -> None:
    """Two months ahead, in a chain or used of late, once under its own name."""
    models = {**VALUES["models"], "cloud.big": {**VALUES["models"]["cloud.big"], **row}}
    tasks = {"work": {"chain": ["cloud.big", "older"]}}
    ending = registry({**VALUES, "models": models, "tasks": tasks, "presets": {}})
    found = [check.message for check in endings(ending, frozenset({"gone"}), today=date(2026, 11, 20))]
    assert found == ([] if message is None else [f"cloud.big is in a chain, and {message}"])


def test_a_model_used_of_late_is_named_too() -> None:
    """With what replaces it."""
    (found,) = endings(registry({**VALUES, "tasks": {}}), frozenset({"cloud.old"}), today=date(2026, 11, 20))
    assert (found.message, found.fix) == ("cloud.old was used of late, and is retired", "use cloud.big instead")


def test_only_what_the_user_uses_is_told_of_the_catalog() -> None:
    """Old and differing prices of models that ran of late, models that are gone, and damaged snapshots."""
    (one, two) = tuple(registry().models.values())[:2]
    old = [
        OldPrice(id=model.id, provider=model.provider, as_of="2026-01-01", days=99, chains=()) for model in (one, two)
    ]
    other = [
        Differing(model=model.name, counted="$1/$2", said="$2/$4", source="list 12ab", as_of="2026-02-02", chains=())
        for model in (one, two)
    ]
    gone = Gone(model="shop/x", id="x", provider="shop", chains=("mine",))
    found = Stale(ending=(), prices=tuple(old), differing=tuple(other), gone=(gone,))
    snapshots = ({"source": "list", "damaged": True}, {"source": "whole", "days": 3})
    assert [check.message for check in facts(found, snapshots, registry(), frozenset({one.name, "nothing"}))] == [
        "shop/x is in mine, and in no fetched list of shop",
        "the prices of 1 models that you use are 99 days old or older",
        "the snapshot of list is damaged, and does not count",
        f"{one.name} counts with $1/$2 for a million tokens in and out, and list 12ab of 2026-02-02 says $2/$4",
    ]
    nothing = Stale(ending=(), prices=tuple(old), differing=tuple(other), gone=())
    assert list(facts(nothing, (), registry(), frozenset())) == []
