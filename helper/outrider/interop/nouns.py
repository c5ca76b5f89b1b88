"""What flows through importers and exporters: a key as another tool writes it, a way to a model, what came of it."""

import re
from collections.abc import Mapping
from typing import Any

from outrider.records import record
from outrider.rows import EMPTY

NO_KEYS = frozenset(
    {"", "-", "any", "anything", "default", "dummy", "empty", "fake", "key", "lm-studio", "local", "n/a", "na",
     "no-key", "no_key", "none", "not-needed", "not_needed", "not-required", "null", "ollama", "placeholder",
     "sk-no-key-required", "test", "token", "unused", "x", "xxx"}
)  # fmt: skip
"""What people write where a server wants no key and a client wants some text."""
_REFERENCES = tuple(
    re.compile(pattern)
    for pattern in (
        r"\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]{0,127})\}", r"\$([A-Za-z_][A-Za-z0-9_]{0,127})",
        r"os\.environ/([A-Za-z_][A-Za-z0-9_]{0,127})", r"env:([A-Za-z_][A-Za-z0-9_]{0,127})",
    )
)  # fmt: skip


@record
class Key:
    """A key as a file gives it: the variable that it names, or that it stands there itself, or that none is needed."""

    variable: str = ""
    is_literal: bool = False
    is_dummy: bool = False


def read_key(value: Any) -> Key:
    """Returns what a key field says, and never the key."""
    text = value.strip() if isinstance(value, str) else ""
    if isinstance(value, bool | int | float):
        text = str(value)
    for pattern in _REFERENCES:
        found = pattern.fullmatch(text)
        if found is not None:
            return Key(variable=found[1])
    if text.lower() in NO_KEYS:
        return Key(is_dummy=bool(text))
    return Key(is_literal=True)


@record
class Way:
    """One model at one provider. `known` is our row for it, `facts` what we know of it, `why` what became of its id."""

    provider: str
    id: str
    known: str = ""
    facts: Mapping[str, Any] = EMPTY
    why: str = ""
    local: bool = False
    dialect: str = "openai"
    drop: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The name by which a chain reaches it without a row of its own."""
        return self.known or f"{self.provider}/{self.id}"


@record
class Left:
    """Something that was not carried over: where it stood, and what to do instead."""

    path: str
    why: str


@record
class Imported:
    """What an importer made: a layer, what a user should hear, what was left, and the variables that it needs."""

    layer: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    not_carried: tuple[Left, ...] = ()
    secrets: tuple[str, ...] = ()


@record
class Exported:
    """The text of another tool's file, where it belongs, and what that tool cannot say, and what is to do besides."""

    text: str
    place: str
    notes: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
