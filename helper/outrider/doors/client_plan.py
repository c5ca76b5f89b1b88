"""Whether Claude Code is paid by the token or by a plan, as far as variables and settings say. No key is read."""

from collections.abc import Mapping
from typing import Literal

from outrider.doors import client_settings
from outrider.doors.settings import Places

Plan = Literal["api", "subscription"]
KEYS = (
    "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_FOUNDRY",
)  # fmt: skip
"""Variables that make the client bill by the token, whatever plan there is."""
HELPER = "apiKeyHelper"


def plan(places: Places, environment: Mapping[str, str]) -> tuple[Plan, str]:
    """Returns how the client is paid, and what says so."""
    for name in KEYS:
        if environment.get(name):
            return "api", f"{name} is set in the environment"
    for path in client_settings.files(places):
        values = client_settings.values(path)
        block = values.get("env")
        for name in KEYS:
            if isinstance(block, dict) and block.get(name):
                return "api", f"{name} is set in {path}"
        if values.get(HELPER):
            return "api", f"{HELPER} is set in {path}"
    return "subscription", "no key of the API is in the environment or in the client's settings"
