"""A layer in the making: names are given out once, and never one that means something else here.

What an importer cannot place is left, with its path.
"""

import re
from collections.abc import Mapping
from itertools import chain as one_after_the_other
from typing import Any

from outrider.interop.nouns import Imported, Key, Way
from outrider.interop.parameters import carried
from outrider.interop.providing import Into, Providing
from outrider.interop.reaching import way_to
from outrider.rows import EMPTY, Provider
from outrider.rules.layers import NAMED_KINDS
from outrider.rules.routing import model_called

NAME = re.compile(r"[^\s\x00-\x1f\x7f]{1,128}")
RESERVED = frozenset({"auto"})
"""Names that `-t` reads otherwise."""
MOST = 100
"""The longest chain there may be."""


def row_name(way: Way) -> str:
    """Returns a name for a row: the provider and the last part of the id."""
    return f"{way.provider}.{way.id.rpartition('/')[2] or way.id}"


class Draft(Providing):
    """Collects what an importer finds."""

    def __init__(self, tool: str, into: Into) -> None:
        super().__init__(into)
        self.tool = tool
        self.layer: dict[str, dict[str, Any]] = {}
        self.top: dict[str, Any] = {}

    def way(
        self, word: str, wire_id: Any, *, path: str, address: Any = None, key: Key | None = None, dialect: str = ""
    ) -> Way | None:
        """Returns the way to a model at what another tool calls a provider; None, and a line, where there is none."""
        if not isinstance(wire_id, str) or not NAME.fullmatch(wire_id) or wire_id == "*" or self.is_secret(wire_id):
            self.leave(path, "it names no single model")
            return None
        provider = self.provider(word, path=path, address=address, key=key or Key(), dialect=dialect)
        return None if provider is None else self.at(provider, wire_id)

    def at(self, provider: Provider, wire_id: str) -> Way:
        """Returns the way to a model at a provider."""
        way = way_to(self.into.registry, provider, wire_id)
        if way.why:
            self.note(way.why)
        return way

    def model(
        self,
        wanted: Any,
        way: Way,
        *,
        path: str,
        params: Mapping[str, Any] = EMPTY,
        params_path: str = "",
        more: Mapping[str, Any] = EMPTY,
        description: str = "",
    ) -> str | None:
        """Names a model: by an alias where nothing else is to be said of it, else by a row with our facts."""
        took = carried(params, way, path=params_path or path, name=str(wanted))
        for left in took.left:
            self.leave(left.path, left.why)
        for text in took.notes:
            self.note(text)
        extra = {**more, **({"max_output": took.max_output} if took.max_output else {})}
        if took.params:
            extra["params"] = {**way.facts.get("params", {}), **took.params}
        if not extra and (way.known or not way.facts):
            if description:
                self.leave(f"{path}.description", f"`{wanted}` is another name of {way.name}, which has its own")
            if self.means(wanted, way):
                return str(wanted)
            row: Any = {"model": way.name, "why": way.why[:500]} if way.why else way.name
            return self.named("aliases", wanted, row, path=path)
        if self._says(wanted, way, extra):
            return str(wanted)
        if description:
            extra = {"description": description[:500], **extra}
        return self.named("models", wanted, {"provider": way.provider, "id": way.id, **way.facts, **extra}, path=path)

    def chained(self, way: Way, *, path: str) -> str | None:
        """Returns a name for a chain: of our row, or of a new one where facts would be lost, or the bare way."""
        if way.known or not way.facts:
            return way.name
        return self.model(row_name(way), way, path=path, more={"description": f"{way.id} at {way.provider}"})

    def means(self, name: Any, way: Way) -> bool:
        """Whether a name means this model already."""
        model = model_called(self.into.registry, name) if isinstance(name, str) else None
        return model is not None and (model.provider, model.id) == (way.provider, way.id)

    def _says(self, name: Any, way: Way, extra: Mapping[str, Any]) -> bool:
        """Whether our row of this name says all of this already."""
        model = self.into.registry.models.get(name) if isinstance(name, str) else None
        return model is not None and self.means(name, way) and all(
            model.row.get(field) == value for field, value in extra.items()
        )  # fmt: skip

    def named(self, kind: str, wanted: Any, row: Any, *, path: str) -> str | None:
        """Puts a row under a name that means nothing else yet; None, and a line, where it can have none."""
        name = re.sub(r"\s+", "-", wanted.strip()) if isinstance(wanted, str) else ""
        if not NAME.fullmatch(name) or self.is_secret(name):
            self.leave(path, "it has no name that can be one here (1 to 128 characters, no control characters)")
            return None
        for there in (name, f"{self.tool}.{name}"):
            if self.layer.get(kind, {}).get(there) == row:
                return there
        free = self._free(name)
        if free == name and name in self.into.registry.aliases:
            self.note(f"`{name}` meant {self.into.registry.aliases[name]['model']} here, and now what your file says")
        if free != name:
            what = "stands for something else here" if self._is_ours(name) else "is there twice"
            self.note(f"`{name}` {what}: imported as `{free}`")
        self.layer.setdefault(kind, {})[free] = row
        return free

    def _free(self, name: str) -> str:
        longer = f"{self.tool}.{name}"
        tries = one_after_the_other((name, longer[:128]), (f"{longer[:120]}.{count}" for count in range(2, 100_000)))
        return next(free for free in tries if not self._is_ours(free) and not self._is_drafted(free))

    def _is_ours(self, name: str) -> bool:
        registry = self.into.registry
        # A name of ours that only leads to another one gives way: what a person calls a model is theirs to say.
        groups = (registry.models, registry.tasks, registry.presets)
        return name in RESERVED or any(name in group for group in groups)

    def _is_drafted(self, name: str) -> bool:
        return any(name in self.layer.get(kind, {}) for kind in NAMED_KINDS)

    def prompt(self, wanted: str, text: str, *, path: str) -> str | None:
        """Keeps a system prompt under a name of its own."""
        name = re.sub(r"\s+", "-", wanted.strip())
        if not NAME.fullmatch(name) or not 0 < len(text) <= 100_000 or self.is_secret(text):
            self.leave(path, "it is empty, too long, or holds what looks like a key")
            return None
        ours: Mapping[str, str] = self.into.registry.values.get("prompts", {})
        drafted = self.layer.setdefault("prompts", {})
        for free in (
            name,
            *(f"{self.tool}.{name}"[:120] + end for end in ("", *(f".{count}" for count in range(2, 1000)))),
        ):
            if ours.get(free) == text or drafted.get(free) == text:
                return free
            if free not in ours and free not in drafted:
                drafted[free] = text
                if free != name:
                    self.note(f"the prompt `{name}` is another one here: imported as `{free}`")
                return free
        return None

    def preset(self, name: str, chain: list[str], *, is_local: bool) -> bool:
        """Gives a preset of ours this chain; False where the name is none of ours, or the chain could never answer."""
        preset = self.into.registry.presets.get(name)
        if preset is None or not chain or name in self.layer.get("presets", {}):
            return False
        if preset.local and not is_local:
            self.note(f"the preset `{name}` stays as it is: it is for your own machines, which {chain[0]} is not on")
            return False
        self.layer.setdefault("presets", {})[name] = {"chain": chain[:MOST]}
        self.note(f"the preset `{name}` now begins with {chain[0]}")
        return True

    def default(self, chain: list[str], **row: Any) -> str | None:
        """Makes a task of this chain the one that a plain `ask` uses."""
        told = {"description": f"The default of your {self.tool} settings", "chain": list(dict.fromkeys(chain))[:MOST]}
        task = self.named("tasks", self.tool, {**told, **row}, path="$")
        if task is not None:
            self.top["default"] = task
            self.note(f"a plain `outrider ask` now uses the task `{task}`: {', '.join(chain)}")
        return task

    def done(self) -> Imported:
        """Returns what was found."""
        made = {"providers": self.made, **self.layer}
        return self.told({**self.top, **{kind: rows for kind, rows in made.items() if rows}})
