"""What `--param` says: names with values, as JSON where it is some, else as text."""

import json
from typing import Any

from outrider.errors import OutriderError


def parameters(pairs: tuple[str, ...]) -> tuple[tuple[str, Any], ...]:
    """Reads pairs `K=V`."""
    read: list[tuple[str, Any]] = []
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name.strip():
            raise OutriderError(f"`--param {pair}` has no value", hint="write it as `--param effort=high`")
        if name in {"messages", "model", "stream"}:
            raise OutriderError(f"`--param {name}` is set by outrider", hint="choose a model with `-m`")
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        read.append((name, value))
    return tuple(read)
