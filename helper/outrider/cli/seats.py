"""Says who sits on a panel: by name, by panel, by an answer handed in; and who judges where nobody was named."""

import os
from collections.abc import Mapping
from decimal import Decimal

from outrider.cli.session import Session
from outrider.doors.files import read_small
from outrider.errors import OutriderError
from outrider.rows import Registry
from outrider.rules import money
from outrider.rules.panels.families import by_id
from outrider.rules.panels.nouns import Reply, Seat
from outrider.rules.routing import model_called
from outrider.rules.routing import route as decide
from outrider.rules.selection import Facts, Selection, resolve, unknown

LARGEST_ANSWER = 1_048_576
UNPRICED = Decimal(1_000_000)
"""What a model without a price counts as where the cheapest is looked for."""


def seat_names(
    session: Session, models: tuple[str, ...], panel: str | None, answers: Mapping[str, str]
) -> tuple[str, ...]:
    """Returns the seats by name: those of the panel, those of `-m`, and those that handed an answer in."""
    names: list[str] = []
    panels = session.registry.values.get("panels", {})
    if panel is not None:
        if panel not in panels:
            raise unknown("panel", panel, tuple(panels), command="tasks")
        names += panels[panel]
    names += models
    names = [one_model(session.registry, name) for name in names]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise OutriderError(
            f"{doubled[0]} has two seats", hint="a model votes once: name each model once, and mind its aliases"
        )
    return tuple(dict.fromkeys((*names, *answers)))


def one_model(registry: Registry, name: str) -> str:
    """Returns the name of the one model that is meant; a task or a preset is several."""
    kind, found, _ = resolve(registry, name)
    if kind in {"task", "preset"}:
        raise OutriderError(
            f"`{name}` is a {kind}, and a seat is one model", hint="name a model: `outrider models` lists them"
        )
    if kind == "rowless":
        provider, _, wire_id = found.partition("/")
        rows = (row.name for row in registry.models.values() if row.provider == provider and row.id == wire_id)
        return next(rows, found)
    return found


def answers_given(session: Session, pairs: tuple[str, ...]) -> dict[str, str]:
    """Reads `MODEL=FILE` pairs into the files by model."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, path = pair.partition("=")
        if not equals or not name or not path:
            raise OutriderError(f"`--answer {pair}` names no file", hint="write it as `--answer MODEL=FILE`")
        model = one_model(session.registry, name)
        if model in found:
            raise OutriderError(f"{model} hands two answers in", hint="give `--answer` once for each model")
        found[model] = path
    return found


def seat(registry: Registry, name: str, *, stance: str = "") -> Seat:
    """Returns a model's seat; a model whose family nobody knows is one of its own."""
    return Seat(model=name, family=_family(registry, name) or name, stance=stance)


def _family(registry: Registry, name: str) -> str:
    model = model_called(registry, name)
    if model is not None and model.family:
        return model.family
    provider, _, wire_id = name.partition("/") if model is None else (model.provider, "", model.id)
    through = (row.family for row in registry.models.values() if wire_id and row.also.get(provider) == wire_id)
    return next(through, "") or by_id(wire_id, {row.family for row in registry.models.values()})


def given_reply(session: Session, name: str, path: str, *, stance: str = "") -> Reply:
    """Returns the reply that an answer in a file is."""
    data = None if os.path.isdir(path) else read_small(path, limit=LARGEST_ANSWER)
    if data is None:
        raise OutriderError(f"there is no file {path}", hint="write the answer there first, inside the project")
    text = data.decode("utf-8", "replace")
    if not text.strip():
        raise OutriderError(f"{path} is empty", hint="write the answer there first")
    return Reply(seat=seat(session.registry, name, stance=stance), text=text, given=True)


def others(session: Session, names: tuple[str, ...], *, private: bool) -> tuple[str, ...]:
    """Returns who can be asked besides those seated: of families without a seat first, in the default task's order."""
    registry = session.registry
    families = {seat(registry, name).family for name in names}
    found = [name for name in asked_by_default(session, None, private=private) if name not in names]
    return tuple(sorted(found, key=lambda name: seat(registry, name).family in families))


def asked_by_default(session: Session, task: str | None, *, private: bool) -> dict[str, Decimal]:
    """Returns the models of a task (else the default one) that can be asked, in its order, each with its price."""
    registry = session.registry
    preset, preset_from = session.preset()
    selection = Selection(
        task=task or str(registry.values.get("default", "analysis")), private=private, fallback=True, preset=preset,
        preset_from=preset_from,
    )  # fmt: skip
    route = decide(registry, selection, Facts(), session.situation(session.limits()))
    found: dict[str, Decimal] = {}
    for target in route.targets:
        listed = target.model.price
        price = money.blended(listed, at=0.0) if listed is not None else None
        found.setdefault(target.model.name, Decimal(0) if target.local else UNPRICED if price is None else price)
    return found


def judge(session: Session, names: tuple[str, ...], wanted: str | None, *, private: bool) -> str | None:
    """Returns who judges: the model named, else another than those seated, else, for want of one, the first seated."""
    if wanted is not None:
        return one_model(session.registry, wanted)
    found = others(session, names, private=private)
    return found[0] if found else next(iter(asked_by_default(session, None, private=private)), None)


def second(session: Session, names: tuple[str, ...], wanted: str | None, *, private: bool) -> str | None:
    """Returns whom a cascade asks beside its first rung: no rung itself, and else the cheapest of another family."""
    if wanted is not None:
        name = one_model(session.registry, wanted)
        if name in names:
            raise OutriderError(
                f"{name} is a rung itself, and would agree with itself", hint="name another model with `--with`"
            )
        return name
    prices = asked_by_default(session, None, private=private)
    own = seat(session.registry, names[0]).family
    found = [name for name in prices if name not in names and seat(session.registry, name).family != own]
    return min(found, key=lambda name: prices[name], default=None)


def writer(session: Session, model: str | None, answers: Mapping[str, str], *, private: bool) -> str:
    """Returns who writes: who handed the draft in, else the model named, else the default task's first."""
    if answers:
        return next(iter(answers))
    if model is not None:
        return one_model(session.registry, model)
    name = next(iter(asked_by_default(session, None, private=private)), None)
    if name is None:
        raise OutriderError("no model can be asked", hint="set one key: `outrider keys set NAME`")
    return name
