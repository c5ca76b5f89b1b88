"""What a subagent of ours runs on: a Claude class and an effort, and which layer or switch says so.

Pure. The first of these that says something wins: the preset switched for this project, the repository's own
`agents.NAME.tier`, the preset that the user switched, the preset of the settings, the tier of the agent's row. A
repository that is not trusted sets no tier: it sets the most that any but the project's own switch may give.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from outrider.errors import OutriderError
from outrider.records import record
from outrider.rows import Registry
from outrider.rules.nearest import nearest
from outrider.rules.paths import inside

MODELS = ("haiku", "sonnet", "opus", "fable")
"""Claude classes by their alias, the cheapest first. The client's Agent tool takes these and no others."""
EFFORTS = ("low", "medium", "high", "xhigh", "max")
WORDS = f"one of {', '.join(MODELS)}, and after a slash one of {', '.join(EFFORTS)}"
USUAL = EFFORTS.index("medium")
"""Where a tier without an effort stands among them: the client's own default for current models."""
OUTRIDERS = frozenset({"second-opinion", "bulk", "private-reader"})
"""Agents that only pass on what other models say: no preset's one tier for all moves those."""
CEILINGS = "agents_at_most"
"""Where merged values keep what untrusted repositories allow, by agent. No file can say it: the schema refuses it."""


@record
class Tier:
    """A Claude class and an effort; without one the client's default for that class holds."""

    model: str
    effort: str | None = None

    @property
    def text(self) -> str:
        """The tier as the registry writes it: `haiku/low`."""
        return self.model if self.effort is None else f"{self.model}/{self.effort}"


def parse(text: str) -> Tier:
    """Returns the tier that a text names; raises with the nearest one where it names none."""
    tier = _read(text)
    if tier is None:
        close = nearest(text, every())
        guess = f"did you mean `{close}`? " if close else ""
        raise OutriderError(f"`{text[:80]}` is no tier", hint=f"{guess}a tier is {WORDS}")
    return tier


def _read(text: str) -> Tier | None:
    model, slash, effort = text.partition("/")
    if model not in MODELS or (slash and effort not in EFFORTS):
        return None
    return Tier(model=model, effort=effort if slash else None)


def is_lower(wanted: str, most: str) -> bool:
    """Whether one text names a tier that is at most the other's; what is no tier is never lower."""
    tier, limit = _read(wanted), _read(most)
    return tier is not None and limit is not None and is_at_most(tier, limit)


def every() -> tuple[str, ...]:
    """Returns the text of every tier there is."""
    return tuple(f"{model}{effort}" for model in MODELS for effort in ("", *(f"/{effort}" for effort in EFFORTS)))


def is_at_most(wanted: Tier, most: Tier) -> bool:
    """Whether a tier is no higher than another, neither in its model nor in its effort."""
    return _rank(wanted)[0] <= _rank(most)[0] and _rank(wanted)[1] <= _rank(most)[1]


def lower(one: Tier, other: Tier) -> Tier:
    """Returns the cheaper model and the smaller effort of two tiers."""
    return Tier(
        model=min(one.model, other.model, key=MODELS.index), effort=min(one.effort, other.effort, key=_effort_rank)
    )


def _rank(tier: Tier) -> tuple[int, int]:
    return MODELS.index(tier.model), _effort_rank(tier.effort)


def _effort_rank(effort: str | None) -> int:
    return USUAL if effort is None else EFFORTS.index(effort)


def effective(registry: Registry, *, agent: str, own: Mapping[str, Any], user: Mapping[str, Any]) -> tuple[Tier, str]:
    """Returns an agent's tier and what said so. `own` and `user` are the standing choices of `switch`.

    Raises where the registry has no such agent.
    """
    row = _row(registry, agent)
    switched = _of_preset(registry, own.get("preset"), agent)
    if switched is not None:
        return switched, f"preset {own['preset']}, switched for this project"
    tier, source = _below(registry, row, agent=agent, user=user)
    ceiling = _ceiling(registry, agent)
    if ceiling is None:
        return tier, source
    most, origin = parse(ceiling), _origin(registry, agent)
    if is_at_most(tier, most) and source != origin:
        return tier, source
    return lower(tier, most), f"{origin}, not trusted"


def _below(registry: Registry, row: Mapping[str, Any], *, agent: str, user: Mapping[str, Any]) -> tuple[Tier, str]:
    origin = _origin(registry, agent)
    stated = parse(row["tier"])
    if origin.startswith("project") and _ceiling(registry, agent) is None:
        return stated, origin
    for preset, source in (
        (user.get("preset"), "switched"),
        (registry.values.get("preset"), registry.origins.get("$.preset", "bundled")),
    ):
        tier = _of_preset(registry, preset, agent)
        if tier is not None:
            return tier, f"preset {preset}, {source}"
    return stated, origin


def _ceiling(registry: Registry, agent: str) -> str | None:
    ceilings: Mapping[str, str] = registry.values.get(CEILINGS, {})
    return ceilings.get(agent)


def _origin(registry: Registry, agent: str) -> str:
    return registry.origins.get(f"{inside('$.agents', agent)}.tier", "bundled")


def _row(registry: Registry, agent: str) -> Mapping[str, Any]:
    rows: Mapping[str, Mapping[str, Any]] = registry.values.get("agents", {})
    if agent not in rows or "tier" not in rows[agent]:
        close = nearest(agent, rows)
        raise OutriderError(
            f"no agent is called `{agent[:80]}`",
            hint=f"did you mean `{close}`?" if close else f"ours are {', '.join(rows)}",
        )
    return rows[agent]


def _of_preset(registry: Registry, preset: Any, agent: str) -> Tier | None:
    """Returns the tier that a preset gives an agent, or None. A preset that no layer has says nothing."""
    known = registry.presets.get(preset) if isinstance(preset, str) else None
    said = known.row.get("agents") if known is not None else None
    if isinstance(said, Mapping):
        said = said.get(agent)
    elif agent in OUTRIDERS:
        return None
    return parse(said) if isinstance(said, str) else None


def standing(registry: Registry, *, own: Mapping[str, Any], user: Mapping[str, Any]) -> dict[str, tuple[Tier, str]]:
    """Returns the tier of every agent, and what said so, in the registry's order."""
    agents: Mapping[str, Mapping[str, Any]] = registry.values.get("agents", {})
    return {name: effective(registry, agent=name, own=own, user=user) for name, row in agents.items() if "tier" in row}


def strangers(said: Mapping[str, Any], agents: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields (path, problem) for each agent that a layer names and that is none of ours: no file is made of its row."""
    named = [("$.agents", name) for name in said.get("agents") or ()]
    for preset, row in (said.get("presets") or {}).items():
        moved = row.get("agents")
        named += [(f"{inside('$.presets', preset)}.agents", name) for name in moved] if isinstance(moved, dict) else []
    for path, name in named:
        if name not in agents:
            close = nearest(name, agents)
            guess = f"; did you mean `{close}`?" if close else f" (ours: {', '.join(agents)})"
            yield inside(path, name), f"no agent is called `{name[:80]}`{guess}"
