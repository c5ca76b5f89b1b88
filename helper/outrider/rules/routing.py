"""One decision: from the registry, what was asked and the situation, to an ordered route.

Pure: the same inputs give the same route on every machine, so `why` can replay any past run.
"""

from decimal import Decimal
from typing import Literal

from outrider.data import Failure, Passed, Route, Target, Usage
from outrider.records import replace
from outrider.rows import Model, Price, Rates, Registry, Task
from outrider.rules import classes, limits, money, privacy, resting
from outrider.rules.selection import Choice, Facts, Selection, choose
from outrider.rules.targets import Situation, Wanted, score, ways

TAIL_LENGTH = 8
"""How many models a computed tail may add: enough to answer with any one key, too few to become an amplifier."""
FLOOR_CHAIN_LENGTH = 6


def route(registry: Registry, selection: Selection, facts: Facts, situation: Situation) -> Route:
    """Returns what to try, in order, what was passed over and why, and the rule that decided."""
    choice = choose(registry, selection, facts)
    task = choice.task
    given = classes.Mark(name=facts.data_class, because=facts.class_from)
    mark = classes.of_request(registry, given, flag=selection.private, task=task, preset=choice.preset)
    private = mark.name == privacy.LOCAL_ONLY
    wanted = Wanted(
        private=private, needs=facts.needs | task.needs, tokens=facts.tokens, explicit=choice.explicit,
        data_class=mark.name,
    )  # fmt: skip
    models, notes = _chain(registry, choice, situation)
    if situation.prices:
        models = _priced(models, situation)
    steps = _walk(registry, situation, models, wanted)
    has_way = any(isinstance(step, Target) for step in steps)
    tail: tuple[Target, ...] = ()
    if choice.fallback and (task.tail or choice.explicit):
        # Only a chain that we ship, and a single model with `--fallback`, go on beyond what is written.
        tail = _tail(registry, situation, replace(wanted, explicit=False), before=steps)
    steps = (*steps, *tail)
    targets = tuple(step for step in steps if isinstance(step, Target))
    passed = tuple(step for step in steps if isinstance(step, Passed))
    if choice.explicit and has_way:
        # A paid twin was asked for by name and is there: the native way is no news.
        passed = tuple(step for step in passed if step.kind != "native")
    order = _order(steps, wanted)
    if not choice.fallback and not choice.explicit:
        targets = targets[:1]
    # What rests is judged last: the only target that can be paid for is asked even though it rests.
    affordable, broke = _affordable(registry, situation, _prefer_json(targets, wanted), facts)
    awake, rested, wait = resting.spare(situation, affordable)
    agent = _agent(registry, task, order, situation)
    how: Literal["outrider", "subagent"] = "subagent" if agent is not None and not choice.explicit else "outrider"
    return Route(
        task=task.name, rule=choice.rule, level=choice.level, targets=awake,
        passed=(*passed, *rested, *broke), chain=order, tail=tuple(target.health_key for target in tail),
        rejected=choice.rejected,
        how=how, agent=agent if how == "subagent" else None, private=private,
        data_class=mark.name, class_from=mark.because, effort=_effort(choice),
        content_filter_falls_over=task.row.get("content_filter") == "next", wait=wait, notes=(*choice.notes, *notes),
    )  # fmt: skip


def unpriced(registry: Registry, selection: Selection, facts: Facts, situation: Situation) -> tuple[Model, ...]:
    """Returns the models of this request's chain that are served elsewhere and have no price of their own."""
    models, _ = _chain(registry, choose(registry, selection, facts), situation)
    return tuple(
        model
        for model in models
        if model.price is None and model.id != "*" and not (provider := registry.providers[model.provider]).local
        and provider.dialect not in {"native", "echo"}
    )  # fmt: skip


def _priced(models: tuple[Model, ...], situation: Situation) -> tuple[Model, ...]:
    from outrider.rules.facts.pricing import priced

    found = ((model, situation.prices.get((model.provider, model.id))) for model in models)
    return tuple(priced(model, known) if known and model.price is None else model for model, known in found)


def _effort(choice: Choice) -> str | None:
    """Returns the effort that the task, or a preset over it, wishes for."""
    preset = choice.preset.row.get("effort") if choice.preset is not None else None
    return preset or choice.task.row.get("effort")


def _walk(
    registry: Registry, situation: Situation, models: tuple[Model, ...], wanted: Wanted
) -> tuple[Target | Passed, ...]:
    """Returns every way to these models in order, each target once."""
    steps: list[Target | Passed] = []
    seen: set[str] = set()
    for model in models:
        for way in ways(registry, situation, model, wanted):
            if isinstance(way, Passed) or way.health_key not in seen:
                steps.append(way)
                seen.add(way.health_key if isinstance(way, Target) else "")
    return tuple(steps)


def _order(steps: tuple[Target | Passed, ...], wanted: Wanted) -> tuple[str, ...]:
    """Names what is usable, in order: targets, and native models where a subagent may take the work."""
    return tuple(
        step.name if isinstance(step, Target) else step.model
        for step in steps
        if isinstance(step, Target) or (step.kind == "native" and not wanted.private and not wanted.explicit)
    )


def _chain(registry: Registry, choice: Choice, situation: Situation) -> tuple[tuple[Model, ...], tuple[str, ...]]:
    if choice.rowless is not None:
        return (choice.rowless,), ()
    notes: list[str] = []
    models: dict[str, Model] = {}
    for name in choice.chain:
        alias = registry.aliases.get(name)
        if alias is not None and name not in registry.models and alias.get("why"):
            notes.append(f"{name} now means {alias['model']}: {alias['why']}")
        model = model_called(registry, name)
        if model is not None:
            models.setdefault(model.name, model)
    if not models and choice.task.floors:
        fit = by_floors(registry, choice.task, at=situation.at)
        reachable = tuple(model for model in fit if _is_reachable(registry, situation, model))
        return (reachable or fit)[:FLOOR_CHAIN_LENGTH], tuple(notes)
    return tuple(models.values()), tuple(notes)


def model_called(registry: Registry, name: str) -> Model | None:
    """Returns the row behind a name or an alias, or a rowless one; None where there is none."""
    for _ in range(len(registry.aliases) + 1):
        if name in registry.models:
            return registry.models[name]
        if name not in registry.aliases:
            break
        name = registry.aliases[name]["model"]
    provider, slash, wire_id = name.partition("/")
    if slash and provider in registry.providers:
        return Model(name=name, provider=provider, id=wire_id)
    return None


def by_floors(registry: Registry, task: Task, *, at: float) -> tuple[Model, ...]:
    """Returns the models that reach a role's floors, in its order.

    Floors are fractions of the best score of one index version, since indices get rebased; a model scored only on
    another version is left out rather than compared across scales.
    """
    scored = [model for model in registry.models.values() if score(model, "intelligence") > 0]
    versions = sorted({_version(model) for model in scored}, key=_as_numbers)
    if not versions:
        return ()
    current = [model for model in scored if _version(model) == versions[-1] and model.row.get("status") != "retired"]
    # Imported here: most tasks have a chain.
    from outrider.rules.facts.picking import pick

    rows = [
        {"name": model.name, "provider": model.provider, "price": float(_blend(model, at)),
         **{axis: score(model, axis) for axis in ("intelligence", "coding")}}
        for model in current
    ]  # fmt: skip
    return tuple(
        registry.models[row["name"]] for row in pick(rows, shares=task.floors, absolute={}, priority=task.order).chosen
    )


def _version(model: Model) -> str:
    return str(model.row.get("scores", {}).get("version", ""))


def _as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _blend(model: Model, at: float) -> Decimal:
    blend = money.blended(model.price, at=at)
    return Decimal(1_000_000) if blend is None else blend


def _tail(
    registry: Registry, situation: Situation, wanted: Wanted, *, before: tuple[Target | Passed, ...]
) -> tuple[Target, ...]:
    """Returns what else could answer, cheapest first: any model with a key, or a server known to be alive."""
    named = {step.model.name for step in before if isinstance(step, Target)}
    seen = {step.health_key for step in before if isinstance(step, Target)}
    found: list[Target] = []
    for model in registry.models.values():
        is_native = registry.providers[model.provider].dialect == "native"
        if model.name not in named and not is_native and _is_reachable(registry, situation, model):
            first = next((way for way in ways(registry, situation, model, wanted) if isinstance(way, Target)), None)
            if first is not None and first.health_key not in seen:
                seen.add(first.health_key)
                found.append(first)
    return tuple(sorted(found, key=lambda target: _last_resort(target, situation.at))[:TAIL_LENGTH])


def _last_resort(target: Target, at: float) -> tuple[bool, Decimal, float, str]:
    """Orders a tail: what is about to retire last, then the cheapest, then the best, then by name."""
    model = target.model
    price = Decimal(0) if target.local and model.price is None else _blend(model, at)
    return model.row.get("status") == "retiring", price, -score(model, "intelligence"), model.name


def _is_reachable(registry: Registry, situation: Situation, model: Model) -> bool:
    provider = registry.providers[model.provider]
    if provider.dialect == "echo":
        return False
    if provider.dialect == "native":
        return True
    served = situation.served.get(provider.name)
    if provider.serves_listed and (served is None or not served.alive):
        return any(name in situation.keys for name in model.also)
    return provider.name in situation.keys or any(name in situation.keys for name in model.also)


def _prefer_json(targets: tuple[Target, ...], wanted: Wanted) -> tuple[Target, ...]:
    """Puts models that are known not to promise JSON behind the others: they are asked by instruction only."""
    if "json" not in wanted.needs:
        return targets
    return tuple(
        sorted(targets, key=lambda target: "abilities" in target.model.row and "json" not in target.model.abilities)
    )


def stand_in(registry: Registry, target: Target) -> Price | None:
    """Returns the price to reserve at where the model's own is not known.

    Nothing for what runs locally, else the provider's dearest known one, else the dearest of all: never nothing.
    """
    if target.local:
        return Price(base=Rates(input=Decimal(0), output=Decimal(0)))
    return dearest(registry, target.provider.name)


def dearest(registry: Registry, provider: str) -> Price | None:
    """Returns the dearest price that is known at a provider, or else anywhere."""
    priced = [(model.provider == provider, model.price) for model in registry.models.values() if model.price]
    return max(
        priced, key=lambda entry: (entry[0], entry[1].base.output or 0, entry[1].base.input or 0), default=(False, None)
    )[1]  # fmt: skip


def _affordable(
    registry: Registry, situation: Situation, targets: tuple[Target, ...], facts: Facts
) -> tuple[tuple[Target, ...], tuple[Passed, ...]]:
    kept: list[Target] = []
    broke: list[Passed] = []
    for target in targets:
        booking = limits.book(
            target.model, situation.limits, situation.spend, wanted=facts.max_output,
            input_tokens=facts.most_tokens, at=situation.at, price=stand_in(registry, target),
        )  # fmt: skip
        if isinstance(booking, Failure):
            broke.append(Passed(model=target.name, why=booking.message, kind="budget"))
        else:
            kept.append(target)
    return tuple(kept), tuple(broke)


def _agent(registry: Registry, task: Task, order: tuple[str, ...], situation: Situation) -> str | None:
    """Returns the subagent that does this, where the first choice is native: by its name in the client.

    One of ours that is not installed is named all the same, plainly: to say what would do it is the point of a route.
    While the pack is paused, or that agent's file is gone, there is none of ours to send, so the work is the helper's;
    a user's own agent that a task names stays.
    """
    if not order:
        return None
    first = registry.models.get(order[0])
    if first is None or registry.providers[first.provider].dialect != "native":
        return None
    rows = registry.values.get("agents", {})
    named: str | None = task.row.get("agent") or next(
        (name for name, agent in rows.items() if str(agent.get("tier", "")).partition("/")[0] == first.id), None
    )
    if named is None or (named in rows and (situation.paused or named in situation.gone)):
        return None
    return situation.agent_names.get(named, named)


LIKELY_OUTPUT = 800
"""Tokens of a typical answer, thinking included, for an estimate before anything is asked."""


def estimate(registry: Registry, decision: Route, facts: Facts, *, at: float) -> Decimal | None:
    """Returns what the first callable model would likely cost, in dollars; None where its price is not known."""
    if not decision.targets:
        return None
    target = decision.targets[0]
    price = target.model.price or (stand_in(registry, target) if target.local else None)
    if price is None:
        return None
    output = min(facts.max_output or LIKELY_OUTPUT, LIKELY_OUTPUT)
    return money.cost(price, Usage(input=facts.tokens, output=output), at=at)
