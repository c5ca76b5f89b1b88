"""Which chain a request gets: the flag, the user's rules, the standing preset, the task, the default, in that order.

Every step that did not decide says so, for `why`.
"""

from collections.abc import Mapping
from typing import Any, Literal

from outrider.data import Level
from outrider.errors import OutriderError
from outrider.records import record
from outrider.rows import Model, Preset, Registry, Task
from outrider.rules import complexity
from outrider.rules.nearest import nearest

NO_TASK = Task(name="")


@record
class Selection:
    """What the user asked for by flags. `fallback` is None where they did not say."""

    model: str | None = None
    task: str | None = None
    private: bool = False
    fallback: bool | None = None
    preset: str | None = None
    preset_from: str = ""


@record
class Facts:
    """What is known of the prompt, which itself goes no further.

    Its likely and its most tokens, the cap that was asked for, its level score, what it needs, which of the rules'
    keywords it holds, and the class of what came with it.
    """

    tokens: int = 0
    most_tokens: int = 0
    max_output: int | None = None
    score: float = 0.0
    needs: frozenset[str] = frozenset()
    keywords: frozenset[str] = frozenset()
    data_class: str = "public"
    class_from: str = ""


@record
class Choice:
    """The chain that won. `single` holds the way of a `-m provider/wire-id` that has no row."""

    task: Task
    chain: tuple[str, ...]
    rule: str
    level: Level | None = None
    rowless: Model | None = None
    preset: Preset | None = None
    explicit: bool = False
    fallback: bool = True
    rejected: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def keywords_in(text: str, rules: tuple[Mapping[str, Any], ...]) -> frozenset[str]:
    """Returns the keywords of the user's rules that occur in the text, so that a decision needs no prompt."""
    wanted = {word.lower() for rule in rules for word in rule.get("keywords", ())}
    if not wanted:
        return frozenset()
    lower = text.lower()
    return frozenset(word for word in wanted if word in lower)


def choose(registry: Registry, selection: Selection, facts: Facts) -> Choice:
    """Returns the chain for this request and the rule that decided."""
    if selection.model is not None:
        return _named(registry, selection)
    rejected = ["flag -m: not given"]
    if selection.task not in {None, "auto"}:
        task = _task(registry, str(selection.task))
        return _with_preset(
            registry, selection, task=task, rule=f"flag -t {task.name}", level=None, rejected=tuple(rejected)
        )
    if selection.task is None:
        rejected.append("flag -t: not given")
    if (selection.private or facts.data_class == "local-only") and selection.task is None:
        private = _private_task(registry)
        rule = "flag --private" if selection.private else f"local-only data: {facts.class_from}"
        return Choice(
            task=private, chain=private.chain, rule=rule, fallback=selection.fallback is not False,
            rejected=tuple(rejected),
        )  # fmt: skip
    for index, rule in enumerate(registry.values.get("rules", ())):
        name = rule.get("name") or f"rules[{index}]"
        if _matches(rule, facts):
            task = _task(registry, rule["task"])
            return _with_preset(
                registry, selection, task=task, rule=f"rule {name}", level=None, rejected=tuple(rejected)
            )
        rejected.append(f"rule {name}: did not match")
    if selection.task == "auto":
        level = complexity.level(facts.score)
        return _with_preset(
            registry, selection, task=_task(registry, level), level=level, rejected=tuple(rejected),
            rule=f"flag -t auto: level {level} (score {facts.score:.3f})",
        )  # fmt: skip
    task = _task(registry, registry.values.get("default", "analysis"))
    return _with_preset(
        registry, selection, task=task, rule=f"default task {task.name}", level=None, rejected=tuple(rejected)
    )


def _matches(rule: Mapping[str, Any], facts: Facts) -> bool:
    tests: list[bool] = []
    if rule.get("keywords"):
        tests.append(any(word.lower() in facts.keywords for word in rule["keywords"]))
    if rule.get("tokens_above") is not None:
        tests.append(facts.tokens > rule["tokens_above"])
    if rule.get("tokens_below") is not None:
        tests.append(facts.tokens < rule["tokens_below"])
    return bool(tests) and all(tests)


def _with_preset(
    registry: Registry, selection: Selection, *, task: Task, rule: str, level: Level | None, rejected: tuple[str, ...]
) -> Choice:
    """Lays the standing preset over the task: its chain first, then the task's own."""
    fallback = selection.fallback is not False
    if selection.preset is None or task.private:
        why = "standing preset: none" if selection.preset is None else "standing preset: the task is private"
        return Choice(task=task, chain=task.chain, rule=rule, level=level, fallback=fallback, rejected=(*rejected, why))
    preset = registry.presets.get(selection.preset)
    if preset is None:
        raise unknown("preset", selection.preset, registry.presets, command="presets")
    chain = preset.chain if preset.local else (*preset.chain, *task.chain)
    return Choice(
        task=task, chain=chain, rule=f"preset {preset.name} ({selection.preset_from}) over {rule}", level=level,
        preset=preset, fallback=fallback, rejected=rejected,
    )  # fmt: skip


def _named(registry: Registry, selection: Selection) -> Choice:
    """Resolves `-m`: a model, an alias, a task, a preset, or `provider/wire-id`, in that order."""
    name = selection.model or ""
    kind, found, notes = resolve(registry, name)
    match kind:
        case "model":
            return Choice(
                task=NO_TASK, chain=(found,), rule=f"flag -m {name}", explicit=True,
                fallback=selection.fallback is True, notes=notes,
            )  # fmt: skip
        case "task":
            return _with_preset(
                registry, selection, task=registry.tasks[found],
                rule=f"flag -m {name} (a task)", level=None, rejected=(),
            )  # fmt: skip
        case "preset":
            preset = registry.presets[found]
            task = registry.tasks.get(str(registry.values.get("default")), NO_TASK)
            chain = preset.chain if preset.local else (*preset.chain, *task.chain)
            return Choice(
                task=task, chain=chain, rule=f"flag -m {name} (a preset)", preset=preset,
                fallback=selection.fallback is not False,
            )  # fmt: skip
        case "rowless":
            provider, _, wire_id = found.partition("/")
            rowless = _rowless(registry, provider, wire_id)
            return Choice(
                task=NO_TASK, chain=(), rule=f"flag -m {name} (no row)", rowless=rowless, explicit=True,
                fallback=selection.fallback is True,
            )  # fmt: skip


def resolve(
    registry: Registry, name: str
) -> tuple[Literal["model", "task", "preset", "rowless"], str, tuple[str, ...]]:
    """Says what a name stands for, following aliases, with a note for each alias that has a reason."""
    notes: list[str] = []
    seen: list[str] = []
    while name in registry.aliases and name not in registry.models:
        if name in seen:
            raise OutriderError(
                f"alias `{name}` leads back to itself: {' -> '.join([*seen, name])}",
                hint="mend `aliases` in your models.local.json, then run `outrider config check`",
            )
        seen.append(name)
        alias = registry.aliases[name]
        if alias.get("why"):
            notes.append(f"{name} now means {alias['model']}: {alias['why']}")
        name = alias["model"]
    if name in registry.models:
        return "model", name, tuple(notes)
    if name in registry.tasks:
        return "task", name, tuple(notes)
    if name in registry.presets:
        return "preset", name, tuple(notes)
    provider, slash, wire_id = name.partition("/")
    if slash and wire_id and provider in registry.providers:
        return "rowless", name, tuple(notes)
    known = (*registry.models, *registry.aliases, *registry.tasks, *registry.presets)
    raise unknown("model", name, known, command="models")


def _rowless(registry: Registry, provider: str, wire_id: str) -> Model:
    if registry.providers[provider].dialect == "native":
        raise OutriderError(
            f"`{provider}/{wire_id}` runs inside Claude Code, not through a key",
            hint="run `outrider models` to see what can be asked",
        )
    for model in registry.models.values():
        if model.provider == provider and model.id == wire_id:
            return model
    return Model(name=f"{provider}/{wire_id}", provider=provider, id=wire_id)


def _task(registry: Registry, name: str) -> Task:
    task = registry.tasks.get(name)
    if task is None:
        raise unknown("task", name, (*registry.tasks, "auto"), command="tasks")
    return task


def _private_task(registry: Registry) -> Task:
    private = [task for task in registry.tasks.values() if task.private]
    return private[0] if private else Task(name="private", private=True, tail=True)


def unknown(what: str, name: str, known: "Mapping[str, Any] | tuple[str, ...]", *, command: str) -> OutriderError:
    """Returns the error for a name that nothing has, with the nearest one that exists."""
    close = nearest(name, tuple(known))
    shown = name if len(name) <= 80 else name[:80] + "…"
    guess = f"did you mean `{close}`? " if close else ""
    return OutriderError(f"no {what} is called `{shown}`", hint=f"{guess}run `outrider {command}` to see them all")
