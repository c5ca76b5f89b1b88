"""What can be named as `model`: every model that can be asked now, aliases, tasks, presets."""

from outrider.errors import OutriderError
from outrider.rules.selection import resolve
from outrider.rules.usable import standing
from outrider.serve.deciding import AUTO, DEFAULT
from outrider.serve.kept import Kept
from outrider.wire.serving.errors import Unfit

OURS = "outrider"


class Names:
    """Lists names, and says of each what it is: a provider's model, or an alias, a task, a preset of ours."""

    def __init__(self, kept: Kept, *, at: int) -> None:
        self._kept = kept
        self.at = at

    def all(self) -> tuple[tuple[str, str], ...]:
        """Returns each name with its owner; a model that cannot be asked now is left out."""
        in_force = self._kept.standing()
        registry, situation = in_force.registry, self._kept.situation(in_force, "", ())
        callable_now = {
            name: model.provider
            for name, model in registry.models.items()
            if model.id != "*" and standing(registry, situation, model).how == "call"
        }
        aliases = [name for name, row in registry.aliases.items() if row["model"] in callable_now]
        found = {DEFAULT: f"{OURS}:task", AUTO: f"{OURS}:task"}
        found |= dict.fromkeys(registry.presets, f"{OURS}:preset")
        found |= dict.fromkeys(registry.tasks, f"{OURS}:task")
        found |= dict.fromkeys(aliases, f"{OURS}:alias")
        found |= callable_now
        return tuple(found.items())

    def owner(self, name: str) -> str:
        """Returns what a name is; raises `Unfit` for one that nothing has."""
        registry = self._kept.standing().registry
        if name in {DEFAULT, AUTO}:
            return f"{OURS}:task"
        try:
            kind, found, _ = resolve(registry, name)
        except OutriderError as mistake:
            raise Unfit(mistake.message, hint=mistake.hint, status=404, code="model_not_found", param="model") from None
        if kind == "model":
            return f"{OURS}:alias" if name in registry.aliases and name != found else registry.models[found].provider
        return found.partition("/")[0] if kind == "rowless" else f"{OURS}:{kind}"
