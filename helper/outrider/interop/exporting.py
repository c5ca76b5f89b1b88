"""What another tool's file can be made from: the models that can be called, and chains of them by name.

A Claude that Claude Code itself runs, an offline echo and "whatever the server has" are in no other tool.
"""

from collections.abc import Iterator

from outrider.interop.nouns import Exported
from outrider.records import record, replace
from outrider.rows import Model, Provider, Registry
from outrider.rules.routing import model_called


@record
class Entry:
    """One model that can be called: what we call it, where it is, and the variable of its key."""

    name: str
    model: Model
    provider: Provider

    @property
    def variable(self) -> str:
        """The variable that holds its key; empty where it needs none."""
        return self.provider.keys[0] if self.provider.needs_key else ""


@record
class Chosen:
    """What is exported: models, and chains of their names by the name of a task or preset.

    `first` is what is meant where a tool has one model: what was named first, else the default task's chain.
    """

    entries: tuple[Entry, ...]
    chains: tuple[tuple[str, tuple[str, ...]], ...]
    notes: tuple[str, ...]
    first: tuple[str, ...] = ()


def asked_of(registry: Registry, name: str) -> tuple[str, ...]:
    """Returns the models of a task or preset that can be called from elsewhere."""
    row = registry.tasks.get(name) or registry.presets.get(name)
    return () if row is None else tuple(dict.fromkeys(_callable(registry, row.chain)))


def _callable(registry: Registry, chain: tuple[str, ...]) -> Iterator[str]:
    for name in chain:
        model = model_called(registry, name)
        if model is not None and is_callable(registry, model):
            yield model.name


def is_callable(registry: Registry, model: Model) -> bool:
    """Whether another program could call a model."""
    return model.id != "*" and registry.providers[model.provider].dialect not in {"native", "echo"}


def chosen(registry: Registry, names: tuple[str, ...] = ()) -> Chosen:
    """Returns what an export of these models, tasks and presets holds; of all of them when none is named."""
    wanted = names or (*registry.models, *registry.aliases, *registry.tasks, *registry.presets)
    models: dict[str, Model] = {}
    chains: dict[str, tuple[str, ...]] = {}
    notes: list[str] = []
    empty: list[str] = []
    for name in wanted:
        if name in registry.tasks or name in registry.presets:
            chain = asked_of(registry, name)
            if chain:
                chains[name] = chain
            else:
                empty.append(name)
        else:
            model = model_called(registry, name)
            if model is None or not is_callable(registry, model):
                notes += [f"{name}: no other tool can call it"] if names else []
            elif name in registry.models or names:
                models.setdefault(name, model)
    for chain in chains.values():
        models |= {name: found for name in chain if name not in models and (found := model_called(registry, name))}
    entries = tuple(
        Entry(name=name, model=model, provider=registry.providers[model.provider]) for name, model in models.items()
    )
    if empty:
        notes.append(f"{', '.join(empty)}: without a chain of models that another tool can name")
    known = (model for name in (*names, str(registry.values.get("default"))) for model in chains.get(name) or (name,))
    return Chosen(
        entries=entries, chains=tuple(chains.items()), notes=tuple(notes),
        first=tuple(dict.fromkeys(name for name in known if name in models)),
    )  # fmt: skip


def unsaid(choice: Chosen, *, chains: bool) -> list[str]:
    """Says what no other tool's file can hold of these models."""
    told = list(choice.notes)
    if not chains and choice.chains:
        told.append("tasks and presets: this tool has no fallback chains")
    if any(entry.model.also for entry in choice.entries):
        told.append("second ways to a model (`also`): each goes to its own provider")
    if any(entry.model.row.get("prompt") or entry.model.row.get("tools") for entry in choice.entries):
        told.append("prompts and tool servers of models")
    return [*told, "privacy classes, budgets, rules, and which servers are your own: these stay with outrider"]


def by_provider(entries: tuple[Entry, ...], why: str) -> list[str]:
    """Returns a line for each provider whose models are left out, with its dialect or address in the words."""
    names: dict[str, list[str]] = {}
    for entry in entries:
        text = why.format(dialect=entry.provider.dialect, name=entry.provider.name, url=entry.provider.base_url)
        names.setdefault(text, []).append(entry.name)
    return [f"{', '.join(own)}: {text}" for text, own in names.items()]


def with_head(body: str, *, place: str, notes: list[str], steps: list[str] | None = None) -> Exported:
    """Returns a file that begins with where it belongs, what it does not say, and what is to be done besides."""
    notes, steps = list(dict.fromkeys(notes)), list(dict.fromkeys(steps or ()))
    head = [f"Made by `outrider export`; belongs to {place}. It names variables, and holds no key."]
    head += [f"Not in here: {note}" for note in notes]
    head += [f"To do: {step}" for step in steps]
    lines = "".join(f"# {' '.join(line.split())}\n" for line in head)
    return Exported(text=f"{lines}{body}", place=place, notes=tuple(notes), steps=tuple(steps))


def ready(choice: Chosen, providers: frozenset[str]) -> Chosen:
    """Returns the part of a choice that can be called now, at these providers."""
    entries = tuple(entry for entry in choice.entries if entry.provider.name in providers)
    names = {entry.name for entry in entries}
    chains = ((name, tuple(one for one in chain if one in names)) for name, chain in choice.chains)
    return replace(
        choice, entries=entries, chains=tuple((name, chain) for name, chain in chains if chain),
        first=tuple(name for name in choice.first if name in names),
    )  # fmt: skip
