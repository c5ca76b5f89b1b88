"""Opens the doors that a command needs: places, registry, keys, ledger, and what they say of the situation."""

import os
import time
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property

from outrider.doors import registry as registry_door
from outrider.doors import state
from outrider.doors.client_pack import Installed, gone, has_own_pack, installed
from outrider.doors.keys import Keys
from outrider.doors.ledger import Ledger
from outrider.doors.settings import Places, is_inside_claude, places
from outrider.rows import Registry
from outrider.rules.limits import Limits, limits_from
from outrider.rules.targets import Situation


class Session:
    """Everything that one process reads of the world, each thing when it is first asked for."""

    def __init__(self, where: Places | None = None, environment: Mapping[str, str] | None = None) -> None:
        self.environment: Mapping[str, str] = os.environ if environment is None else environment
        self.places = places() if where is None else where

    @cached_property
    def registry(self) -> Registry:
        """The effective registry."""
        return registry_door.load(self.places)

    @cached_property
    def keys(self) -> Keys:
        """The keys of this process."""
        return Keys(self.places, self.environment)

    @cached_property
    def ledger(self) -> Ledger:
        """The book."""
        return Ledger(self.places)

    @property
    def inside_claude(self) -> bool:
        """Whether Claude Code's Bash tool started us."""
        return is_inside_claude(dict(self.environment))

    def preset(self, flag: str | None = None) -> tuple[str | None, str]:
        """Returns the standing preset and where it was chosen: flag, project, user, project's own file."""
        own, user = state.standing(self.places)
        for name, source in (
            (flag, "flag"),
            (own.get("preset"), "switched for this project"),
            (user.get("preset"), "switched"),
            (self.registry.values.get("preset"), f"the {self._says_preset()} preset"),
        ):
            if name:
                return name, source
        return None, ""

    def _says_preset(self) -> str:
        """Returns whose settings choose the preset that stands where nobody has switched."""
        layer = self.registry.origins.get("$.preset", "bundled").partition(" ")[0]
        return {"user": "user's", "managed": "machine's"}.get(layer, "project's")

    def fallback(self, *, flag: bool | None) -> bool | None:
        """Returns whether fallback was turned on or off, by flag or by a standing switch."""
        if flag is not None:
            return flag
        own, user = state.standing(self.places)
        return False if own.get("fallback", user.get("fallback")) is False else None

    def limits(self, *, max_cost: Decimal | None = None, timeout: float | None = None) -> Limits:
        """Returns the limits in force."""
        prefix = "$.limits."
        was_set = frozenset(path.removeprefix(prefix) for path in self.registry.origins if path.startswith(prefix))
        return limits_from(self.registry.values["limits"], was_set=was_set, max_cost=max_cost, timeout=timeout)

    def situation(self, limits: Limits, *, run: str = "") -> Situation:
        """Returns what a decision depends on besides the registry and the request."""
        at = time.time()
        return Situation(
            keys=self.keys.present(self.registry), health=self.ledger.health(), served=self.ledger.served(),
            limits=limits, spend=self.ledger.spend(run, at=at, repository=self.places.project),
            now=time.monotonic(), at=at, agent_names=self.pack.names,
            paused=self.pack.paused and not has_own_pack(self.places), gone=gone(self.places, self.pack),
        )  # fmt: skip

    @cached_property
    def pack(self) -> Installed:
        """How the pack is installed in the client."""
        return installed(self.places, self.environment)
