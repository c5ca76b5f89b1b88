"""Everything that is known of one model, told to people and to scripts."""

from collections.abc import Mapping
from typing import Any

from outrider.cli.session import Session
from outrider.cli.show import out
from outrider.rows import Model, Rates
from outrider.rules import money
from outrider.rules.provenance import flat, layers_of, origins_under, path_of
from outrider.rules.targets import Situation
from outrider.rules.usable import Standing, standing, standings


def rates_now(model: Model, at: float) -> Rates:
    """Returns the rates that hold now for a short prompt."""
    return money.rates_at(model.price, input_tokens=0, at=at) if model.price is not None else Rates()


def layer(session: Session, model: Model) -> str:
    """Returns the layers that a model's row comes from."""
    return layers_of(session.registry, path_of("models", model.name), model.row)


def shape_of(session: Session, model: Model, how: Standing, *, at: float) -> dict[str, Any]:
    """Returns a model as scripts read it in a list."""
    rates = rates_now(model, at)
    return {
        "name": model.name, "provider": model.provider, "id": model.id, "family": model.family or None,
        "usable": how.is_usable, "how": how.how, "why": how.why, "via": how.provider or None,
        "input_usd": rates.input, "output_usd": rates.output, "context": model.context, "max_output": model.max_output,
        "abilities": sorted(model.abilities) if "abilities" in model.row else None,
        "status": model.row.get("status", "active"), "layer": layer(session, model),
        "description": model.row.get("description"),
    }  # fmt: skip


class Facts:
    """Everything that is known of one model."""

    def __init__(self, session: Session, situation: Situation, model: Model, *, asked_as: str) -> None:
        registry = session.registry
        self._session = session
        self._model = model
        self._at = situation.at
        self._asked_as = asked_as if asked_as != model.name else None
        self._standing = standing(registry, situation, model)
        self._ways = standings(registry, situation, model)
        self._origins = origins_under(registry, path_of("models", model.name))
        self._aliases = sorted(
            alias
            for alias in registry.aliases
            if alias not in registry.models and resolves_to(registry.aliases, alias) == model.name
        )
        names = {model.name, *self._aliases}
        self._tasks = [task.name for task in registry.tasks.values() if names & set(task.chain)]
        self._presets = [preset.name for preset in registry.presets.values() if names & set(preset.chain)]

    def _why(self) -> str | None:
        """Returns why the name that was typed means this model."""
        return self._session.registry.aliases.get(self._asked_as or "", {}).get("why")

    def _layers(self) -> dict[str, str]:
        from outrider.doors.lines import located

        return {path: located(path, origin) for path, origin in self._origins.items()}

    def shape(self) -> dict[str, Any]:
        """Returns the facts as scripts read them."""
        return {
            **shape_of(self._session, self._model, self._standing, at=self._at),
            "asked_as": self._asked_as, "alias_why": self._why(), "row": dict(self._model.row),
            "ways": [
                {"provider": way.provider, "id": way.wire_id, "usable": way.is_usable, "how": way.how, "why": way.why}
                for way in self._ways
            ],
            "aliases": self._aliases, "tasks": self._tasks, "presets": self._presets, "origins": self._layers(),
        }  # fmt: skip

    def print(self) -> None:
        """Prints the facts for people."""
        model, layers = self._model, self._layers()
        out(model.name)
        if self._asked_as is not None:
            why = self._why()
            out(f"  {self._asked_as} is an alias of it{': ' + why if why else ''}")
        rows = [("usable", _usable(self._standing))]
        if not model.row:
            rows += [
                ("provider", model.provider),
                ("id", model.id),
                ("row", f"none: `outrider catalog show {model.name}` says what is known of it"),
            ]
        for name, path, value in flat(model.row, path_of("models", model.name)):
            origin = layers.get(path)
            rows.append((name, _plain(value) + (f"  [{origin}]" if origin else "")))
        rows += [("way", f"{way.provider}/{way.wire_id}: {_usable(way)}") for way in self._ways]
        for name, values in (("aliases", self._aliases), ("in tasks", self._tasks), ("in presets", self._presets)):
            if values:
                rows.append((name, ", ".join(values)))
        rows.append(("layer", layer(self._session, model) if model.row else "none"))
        width = max(len(name) for name, _ in rows)
        for name, text in rows:
            out(f"  {name.ljust(width)}  {text}")


def _usable(way: Standing) -> str:
    return f"no: {way.why}" if not way.is_usable else way.why


def resolves_to(aliases: Mapping[str, Mapping[str, str]], name: str) -> str:
    """Returns the name at the end of a row of aliases."""
    for _ in range(len(aliases)):
        if name not in aliases:
            break
        name = aliases[name]["model"]
    return name


def _plain(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case int() if value >= 10_000:
            return f"{value:,}"
        case list() if all(isinstance(entry, str) for entry in value):
            return ", ".join(value)
        case list():
            return "; ".join(
                ", ".join(f"{key} {_plain(inner)}" for key, inner in entry.items())
                if isinstance(entry, Mapping)
                else str(entry)
                for entry in value
            )
        case _:
            return str(value)
