"""Writes JSON as YAML that people read: blocks, and quotes wherever a reader could take text for something else."""

import json
import re
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def text(value: Any, *, indent: int = 0) -> str:
    """Returns a value as YAML lines."""
    space = "  " * indent
    match value:
        case dict() if value:
            return "".join(f"{space}{_scalar(key)}:{_inner(inner, indent)}" for key, inner in value.items())
        case list() if value:
            return "".join(f"{space}-{_item(inner, indent)}" for inner in value)
        case _:
            return f"{space}{_scalar(value)}\n"


def _inner(value: Any, indent: int) -> str:
    if isinstance(value, dict | list) and value:
        return "\n" + text(value, indent=indent + 1)
    return f" {_scalar(value)}\n"


def _item(value: Any, indent: int) -> str:
    if isinstance(value, dict | list) and value:
        return " " + text(value, indent=indent + 1).lstrip(" ")
    return f" {_scalar(value)}\n"


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    if isinstance(value, float) and 0 < abs(value) < 1e-4:
        # YAML 1.1 reads `1e-07` as text: a decimal point makes it a number everywhere.
        digits, _, power = f"{value!r}".partition("e")
        return f"{digits if '.' in digits else digits + '.0'}e{power}" if power else digits
    return json.dumps(value, ensure_ascii=True)
