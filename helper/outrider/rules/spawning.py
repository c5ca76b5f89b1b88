"""What a spawn of a subagent becomes when it is ours: the same call, on the tier that holds.

The answer replaces the whole input, so every field goes back. What the caller said itself is never changed.
"""

from collections.abc import Mapping
from typing import Any

from outrider.rules.tiers import MODELS, Tier

TOOLS = frozenset({"Agent", "Task"})
EXPLORE = "Explore"
"""Claude Code's own agent for searching; where it is switched on, it runs on the cheapest class."""
CHEAPEST = Tier(model=MODELS[0])


def asked_for(event: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Returns the agent that a call spawns and the call's input; None where it is another tool or names its model."""
    given = event.get("tool_input")
    if event.get("tool_name") not in TOOLS or not isinstance(given, dict):
        return None
    name = given.get("subagent_type")
    if not isinstance(name, str) or given.get("model"):
        return None
    return name, given


def agent_called(name: str, names: Mapping[str, str]) -> str | None:
    """Returns which agent of ours is installed under a name."""
    return next((agent for agent, installed in names.items() if installed == name), None)


def on_tier(given: Mapping[str, Any], tier: Tier) -> dict[str, Any]:
    """Returns the hook's answer that puts a call on a tier. A client without `effort` ignores it (2.1.197, seen)."""
    routed = {**given, "model": tier.model}
    if tier.effort is not None and not given.get("effort"):
        routed["effort"] = tier.effort
    return {"hookSpecificOutput": {"hookEventName": "PreToolUse", "updatedInput": routed}}
