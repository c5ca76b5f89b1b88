"""Whether a model could answer now, by which way, and else why not: what listings mark.

The same facts that `routing` decides from, without a request: a window or an ability that a prompt would need is not
asked for here.
"""

from typing import Literal

from outrider.data import Passed, Target
from outrider.records import record
from outrider.rows import Model, Registry
from outrider.rules import health
from outrider.rules.routing import model_called
from outrider.rules.targets import Situation, Wanted, ways

NOTHING_WANTED = Wanted(private=False, needs=frozenset(), tokens=0, explicit=False)
SHORT = {
    "key": "no key", "unknown": "not asked yet", "down": "server down", "not_served": "not served",
    "auth": "key refused", "private": "not allowed", "retired": "retired", "resting": "resting",
}  # fmt: skip


@record
class Standing:
    """How a model stands: whether it can be used, by which provider, and the reason in a few words."""

    how: Literal["call", "subagent", "no"]
    why: str
    kind: str = ""
    provider: str = ""
    wire_id: str = ""

    @property
    def short(self) -> str:
        """How it stands, in a word or two for a table."""
        if self.how == "no":
            return SHORT.get(self.kind, "no")
        return "subagent" if self.how == "subagent" else self.why

    @property
    def is_usable(self) -> bool:
        """Whether something could answer: a call of ours, or a subagent."""
        return self.how != "no"


def standing(registry: Registry, situation: Situation, model: Model, wanted: Wanted = NOTHING_WANTED) -> Standing:
    """Returns how a model stands now: its best way, or why it has none."""
    found = standings(registry, situation, model, wanted)
    usable = (way for way in found if way.is_usable)
    return next(usable, found[0] if found else Standing(how="no", why="there is no way to it"))


def standings(
    registry: Registry, situation: Situation, model: Model, wanted: Wanted = NOTHING_WANTED
) -> tuple[Standing, ...]:
    """Returns how every way to a model stands, in the order in which they are tried."""
    found: list[Standing] = []
    for way in ways(registry, situation, model, wanted):
        match way:
            case Target():
                found.append(_target(situation, way))
            case Passed(kind="native"):
                why = "runs inside Claude Code, as a subagent"
                found.append(Standing(how="subagent", why=why, provider=model.provider, wire_id=model.id))
            case Passed():
                _, gateway, name = way.model.rpartition(" via ")
                wire_id = model.also[name] if gateway else model.id
                provider = name if gateway else model.provider
                found.append(Standing(how="no", why=way.why, kind=way.kind, provider=provider, wire_id=wire_id))
    return tuple(found)


def _target(situation: Situation, target: Target) -> Standing:
    provider, wire_id = target.provider, target.wire_id
    if provider.serves_listed and provider.name not in situation.served:
        why = "its server was not asked yet what it serves"
        return Standing(how="no", why=why, kind="unknown", provider=provider.name, wire_id=wire_id)
    state = situation.health.get(target.health_key, health.WELL)
    if health.is_resting(state, now=situation.now):
        kind, why = (
            ("auth", "its key was refused") if state.kind == "auth" else ("resting", f"rests after {state.kind}")
        )
        return Standing(how="no", why=why, kind=kind, provider=provider.name, wire_id=wire_id)
    why = "yes" if provider.name == target.model.provider else f"via {provider.name}"
    return Standing(how="call", why=why, provider=provider.name, wire_id=wire_id)


def chain_standing(
    registry: Registry, situation: Situation, chain: tuple[str, ...], wanted: Wanted = NOTHING_WANTED
) -> tuple[tuple[str, Standing], ...]:
    """Returns how each model of a chain stands, under the name that the chain calls it by."""
    missing = Standing(how="no", why="there is no such model")
    models = ((name, model_called(registry, name)) for name in chain)
    return tuple(
        (name, missing if model is None else standing(registry, situation, model, wanted)) for name, model in models
    )
