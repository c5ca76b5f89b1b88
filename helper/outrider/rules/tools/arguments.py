"""The arguments of a tool call, which are a model's words until they have been read."""

import json
from collections.abc import Mapping
from typing import Any

DEEPEST = 64
"""How deep arguments may nest: no schema of a tool needs more, and what reads them next may be less patient."""


def read_arguments(text: str) -> Mapping[str, Any] | None:
    """Returns the arguments as an object, or None where the text is no JSON object. No text is an empty one."""
    if not text.strip():
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and _is_shallow(value) else None


def _is_shallow(value: object) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return True
    return False


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
