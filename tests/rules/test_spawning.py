"""A spawn of one of our agents goes on with every field as it came, and the tier added; any other is left alone."""

from typing import Any

import pytest

from outrider.rules.spawning import agent_called, asked_for, on_tier
from outrider.rules.tiers import Tier

GIVEN: dict[str, Any] = {
    "description": "look", "prompt": "where?", "subagent_type": "scout", "run_in_background": False, "new": [1],
}  # fmt: skip


@pytest.mark.parametrize(
    ("event", "asked"),
    [
        ({"tool_name": "Agent", "tool_input": GIVEN}, ("scout", GIVEN)),
        ({"tool_name": "Task", "tool_input": GIVEN}, ("scout", GIVEN)),
        ({"tool_name": "Bash", "tool_input": GIVEN}, None),
        ({"tool_name": "Agent", "tool_input": {**GIVEN, "model": "opus"}}, None),
        ({"tool_name": "Agent", "tool_input": {"prompt": "x"}}, None),
        ({"tool_name": "Agent", "tool_input": {"subagent_type": ["scout"]}}, None),
        ({"tool_name": "Agent", "tool_input": "scout"}, None),
        ({"tool_name": "Agent"}, None),
        ({}, None),
    ],
)
def test_which_spawns_are_looked_at(event: dict[str, Any], asked: Any) -> None:
    """Only a call of the Agent tool that names an agent and no model."""
    assert asked_for(event) == asked


@pytest.mark.parametrize(
    ("name", "agent"),
    [("scout", None), ("outrider-scout", "scout"), ("builder", "builder"), ("outrider:builder", None), ("", None)],
)
def test_an_agent_is_known_by_its_installed_name(name: str, agent: str | None) -> None:
    """A name that the user's own agent has is not ours, whatever ours is called elsewhere."""
    assert agent_called(name, {"scout": "outrider-scout", "builder": "builder"}) == agent


@pytest.mark.parametrize(
    ("given", "tier", "added"),
    [
        (GIVEN, Tier(model="haiku", effort="low"), {"model": "haiku", "effort": "low"}),
        (GIVEN, Tier(model="opus"), {"model": "opus"}),
        ({**GIVEN, "effort": "max"}, Tier(model="sonnet", effort="low"), {"model": "sonnet"}),
    ],
)
def test_a_call_is_put_on_its_tier(given: dict[str, Any], tier: Tier, added: dict[str, str]) -> None:
    """The answer decides nothing about permission, and changes no field that the caller set."""
    wanted = {"hookSpecificOutput": {"hookEventName": "PreToolUse", "updatedInput": {**given, **added}}}
    assert on_tier(given, tier) == wanted
