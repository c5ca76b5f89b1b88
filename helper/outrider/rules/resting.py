"""Which targets of a chain are spared now, and for how long the only one would have to be.

How long a target rests is `health`'s; this room knows of chains.
"""

from outrider.data import Passed, Target
from outrider.rules import health
from outrider.rules.targets import Situation


def spare(situation: Situation, targets: tuple[Target, ...]) -> tuple[tuple[Target, ...], tuple[Passed, ...], float]:
    """Leaves out what rests after a fault, but never the last target of a chain; says how long that one would rest."""
    states = {target.health_key: situation.health.get(target.health_key, health.WELL) for target in targets}
    resting = {key for key, state in states.items() if health.is_resting(state, now=situation.now)}
    wait = 0.0
    if targets and len(resting) == len(states):
        soonest = min(targets, key=lambda target: states[target.health_key].until)
        resting.remove(soonest.health_key)
        state = states[soonest.health_key]
        wait = state.until - situation.now if state.kind == "rate_limit" else 0.0
    passed = tuple(
        Passed(model=target.name, why=_reason(states[target.health_key], situation.now), kind="resting")
        for target in targets
        if target.health_key in resting
    )
    return tuple(target for target in targets if target.health_key not in resting), passed, wait


def _reason(state: health.Health, now: float) -> str:
    if state.until == health.FOREVER:
        return f"its key was refused ({state.message})" if state.message else "its key was refused"
    return f"rests {state.until - now:.0f} s more after {state.kind}"
