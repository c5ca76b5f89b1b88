"""Which class an agent would run on: what the hook gives it, so that what-if compares with what really happens."""

from typing import Any

import pytest

from outrider.rules.what_if import tier_of
from tests.rules.small import registry

AGENTS: dict[str, Any] = {"scout": {"tier": "haiku/low"}, "builder": {"tier": "sonnet"}, "bulk": {"task": "work"}}
PRESETS: dict[str, Any] = {"best": {"chain": ["native.sonnet"], "agents": "opus/high"}}


@pytest.mark.parametrize(
    ("agent", "switched", "settings", "expected"),
    [
        ("scout", {}, {}, "haiku"),
        ("outrider:scout", {}, {}, "haiku"),
        ("outrider-builder", {}, {}, "sonnet"),
        ("Explore", {}, {}, "haiku"),
        ("general-purpose", {}, {}, "sonnet"),
        ("bulk", {}, {}, None),
        ("somebody-elses", {}, {}, None),
        ("scout", {"own": {"preset": "best"}}, {}, "opus"),
        ("Explore", {"user": {"preset": "best"}}, {}, "opus"),
        ("builder", {}, {"preset": "best"}, "opus"),
        ("builder", {}, {"agents_at_most": {"builder": "haiku"}}, "haiku"),
    ],
)
def test_an_agent_runs_on_its_tier(agent: str, switched: Any, settings: Any, expected: str | None) -> None:
    """By any of its names; a preset that is switched and what an untrusted repository allows count as in a session."""
    assert tier_of(registry({"agents": AGENTS, "presets": PRESETS, **settings}), agent, **switched) == expected
