"""Which agents ran on which models, and what share of the tokens a smaller class would have taken. A model, no claim.

Pure. From the history alone: an agent's class is the tier that the registry gives it, or gives the one of ours that
does the same. That a smaller class would have done the work as well, with as many tokens, is assumed.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from outrider.records import record
from outrider.rows import EMPTY, Model, Registry
from outrider.rules.client_models import CLASSES, class_of
from outrider.rules.client_prices import Tokens, row_of, rows_by_id, worth
from outrider.rules.spending import SESSION_ITSELF, Heap, agent_of
from outrider.rules.tiers import effective

LIKE = {"Explore": "scout", "claude-code-guide": "scout", "general-purpose": "builder", "Plan": "architect"}
"""Which of our agents does what an agent of the client does."""
OURS = ("outrider:", "outrider-")


@record
class Ran:
    """What one agent used on one model. `tier` is the class that the registry gives it, `is_larger` that it ran above.

    `dollars` is at list prices, `smaller` what the same tokens cost on the tier's class: None where not known.
    """

    agent: str
    model: str
    calls: int
    tokens: int
    tier: str | None
    is_larger: bool
    dollars: Decimal | None
    smaller: Decimal | None


@record
class WhatIf:
    """All of it: who ran on what, the most tokens first; and the whole."""

    rows: tuple[Ran, ...]
    tokens: int
    subagent_tokens: int
    smaller_tokens: int
    sessions: int
    subagents: int
    dollars: Decimal
    saved: Decimal
    unpriced: int
    as_of: str

    @property
    def share(self) -> float:
        """The share of all tokens that a smaller class would have taken."""
        return self.smaller_tokens / self.tokens if self.tokens else 0.0


def tier_of(
    registry: Registry, agent: str, *, own: Mapping[str, Any] = EMPTY, user: Mapping[str, Any] = EMPTY
) -> str | None:
    """Returns the class on which an agent would run, or None where the registry has no tier for it.

    `own` and `user` are the standing choices of `switch`.
    """
    rows: Mapping[str, Mapping[str, Any]] = registry.values.get("agents", {})
    name = agent
    for prefix in OURS:
        name = name.removeprefix(prefix)
    name = LIKE.get(name, name)
    if "tier" not in (rows.get(name) or {}):
        return None
    return effective(registry, agent=name, own=own, user=user)[0].model


def what_if(
    heaps: Iterable[Heap],
    registry: Registry,
    *,
    agents: Mapping[str, str],
    own: Mapping[str, Any] = EMPTY,
    user: Mapping[str, Any] = EMPTY,
) -> WhatIf:
    """Sums a history by agent and model; `agents` names subagents whose own lines do not."""
    rows = rows_by_id(registry)
    native = {name for name, provider in registry.providers.items() if provider.dialect == "native"}
    classes = {model.id: model for model in registry.models.values() if model.provider in native}
    sums: dict[tuple[str, str], _Sum] = {}
    sessions, subagents, used = set[str](), set[str](), set[str]()
    for heap in heaps:
        context = heap.context
        agent, model = agent_of(context, agents), row_of(rows, context["model"])
        tier = tier_of(registry, agent, own=own, user=user) if agent != SESSION_ITSELF else None
        sessions.add(context["session"])
        if context["side"]:
            subagents.add(context["agent_id"])
        if model is not None:
            used.add(str(model.row.get("as_of", "")))
        one = sums.setdefault((agent, context["model"]), _Sum(tier, is_larger=_is_larger(context["model"], tier)))
        smaller = _dollars(registry, classes.get(tier or ""), heap)
        one.add(heap.tokens, _dollars(registry, model, heap), smaller)
    found = [one.ran(*names) for names, one in sums.items()]
    return WhatIf(
        rows=tuple(sorted(found, key=lambda row: (-row.tokens, row.agent, row.model))),
        tokens=sum(row.tokens for row in found),
        subagent_tokens=sum(row.tokens for row in found if row.agent != SESSION_ITSELF),
        smaller_tokens=sum(row.tokens for row in found if row.is_larger), sessions=len(sessions - {""}),
        subagents=len(subagents - {""}), dollars=sum((row.dollars or Decimal(0) for row in found), Decimal(0)),
        saved=sum((max(row.dollars - row.smaller, Decimal(0)) for row in found
                   if row.is_larger and row.dollars is not None and row.smaller is not None), Decimal(0)),
        unpriced=sum(row.calls for row in found if row.dollars is None), as_of=max(used, default=""),
    )  # fmt: skip


def _is_larger(ran: str, tier: str | None) -> bool:
    of = class_of(ran)
    return tier is not None and of is not None and CLASSES.index(of) > CLASSES.index(tier)


def _dollars(registry: Registry, model: Model | None, heap: Heap) -> Decimal | None:
    return worth(
        registry, model, heap.tokens, service=heap.context["service"], region=heap.context["region"],
        prompt=heap.prompt, at=heap.at,
    ).dollars  # fmt: skip


class _Sum:
    """One agent on one model while it is summed."""

    def __init__(self, tier: str | None, *, is_larger: bool) -> None:
        self._tier, self._is_larger = tier, is_larger
        self._calls = self._tokens = 0
        self._dollars: Decimal | None = Decimal(0)
        self._smaller: Decimal | None = Decimal(0)

    def add(self, tokens: Tokens, dollars: Decimal | None, smaller: Decimal | None) -> None:
        self._calls += tokens.calls
        self._tokens += tokens.whole
        self._dollars = _sum(self._dollars, dollars)
        self._smaller = _sum(self._smaller, smaller) if self._is_larger else None

    def ran(self, agent: str, model: str) -> Ran:
        return Ran(
            agent=agent, model=model, calls=self._calls, tokens=self._tokens, tier=self._tier,
            is_larger=self._is_larger, dollars=self._dollars, smaller=self._smaller,
        )  # fmt: skip


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one + other
