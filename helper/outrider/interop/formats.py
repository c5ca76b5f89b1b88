"""Which format a document is of, and how each is read and written."""

from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

from outrider.errors import OutriderError
from outrider.interop import IMPORTS
from outrider.interop.exporting import Chosen
from outrider.interop.nouns import Exported, Imported
from outrider.interop.providing import Into
from outrider.rows import Registry

_WRITERS: Mapping[str, str] = {"litellm": "litellm_file"}
"""Whose file is written elsewhere than it is read."""
LISTS = frozenset({"llamafarm", "litellm", "llm"})
"""Formats of which a bare list of models is a part."""


def _room(name: str) -> ModuleType:
    return import_module(f"outrider.interop.{name.replace('-', '_')}")


def read(name: str, document: Any, into: Into) -> Imported:
    """Reads a document of a format; raises where it is another tool's, or none."""
    if not isinstance(document, Mapping if name not in LISTS else Mapping | list) or not document:
        raise OutriderError(f"this holds no settings of {name}", hint=_formats())
    reader = _room(name)
    if (
        name != "llm"
        and isinstance(document, Mapping)
        and "config.yaml" not in document
        and not reader.is_mine(document)
    ):
        guess = next((other for other in IMPORTS if other != name and _room(other).is_mine(document)), None)
        if guess is not None:
            raise OutriderError(
                f"this is no file of {name}", hint=f"it looks like one of {guess}: `outrider import {guess} FILE`"
            )
        raise OutriderError(f"this has nothing that {name} would read", hint=_formats())
    imported: Callable[[Any, Into], Imported] = reader.imported
    return imported(document, into)


def _formats() -> str:
    return f"the formats are {', '.join(IMPORTS)}"


def write(name: str, registry: Registry, choice: Chosen) -> Exported:
    """Writes the file of a format."""
    exported: Callable[[Registry, Chosen], Exported] = _room(_WRITERS.get(name, name)).exported
    return exported(registry, choice)
