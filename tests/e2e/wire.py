"""What reaches the wire for each tier, by version of the client. Facts of the clients, seen on them."""

from tests.e2e.client import CURRENT, OLD

MODELS = {
    CURRENT: {"haiku": "claude-haiku-5-5", "sonnet": "claude-sonnet-5-5", "opus": "claude-opus-5-5"},
    OLD: {"haiku": "claude-haiku-4-5-20251001", "sonnet": "claude-sonnet-5", "opus": "claude-opus-4-8"},
}


def sent(tier: str, version: str = CURRENT) -> tuple[str, str | None]:
    """Returns the wire id and the effort that a tier comes to.

    The old client's Haiku knows no effort, and its Opus is always asked for `high`.
    """
    model, _, effort = tier.partition("/")
    fixed = {"haiku": None, "opus": "high"} if version == OLD else {}
    return MODELS[version][model], fixed.get(model, effort)


def tools_sent(listed: str) -> tuple[str, ...]:
    """Returns the tools that an agent's list comes to: one that has Bash searches with it, and gets no search tools."""
    tools = set(listed.split(", "))
    return tuple(sorted(tools - {"Glob", "Grep"} if "Bash" in tools else tools))
