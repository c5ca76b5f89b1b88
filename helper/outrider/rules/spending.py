"""Sums what Claude Code's transcripts say was used: by model, agent, repository, day, session, with list prices.

Pure. Days are UTC, as the ledger's are. The dollars are what the API would have charged (*priced*); calls that have no
price are counted and in no sum of dollars.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from outrider.records import record
from outrider.rows import Model, Registry
from outrider.rules.client_prices import SUMMED, Tokens, row_of, rows_by_id, worth

SOURCE = "claude_code"
SESSION_ITSELF = "main"
UNKNOWN_AGENT = "subagent"


@record
class Heap:
    """Calls that are alike: whose they were, in which span of time, at which price for the size of their prompts.

    `context` has the fields of `transcripts.CONTEXT`. `at` is the span's begin in seconds since 1970; `prompt` a size
    of prompt that has the same price.
    """

    context: Mapping[str, str]
    at: float
    prompt: int
    tokens: Tokens


@record
class End:
    """How a subagent began and ended: its first request, its last reply's tokens; times in milliseconds since 1970."""

    context: Mapping[str, str]
    begun: int
    first: Tokens
    ended: int
    output: int


@record
class Tally:
    """What some calls came to. `names` are those of the dimensions, in order. `unpriced` calls are in no dollars."""

    names: tuple[str | None, ...]
    tokens: Tokens
    dollars: Decimal
    unpriced: int


@record
class Unpriced:
    """A model whose calls have no price, and why."""

    model: str
    why: str
    calls: int
    tokens: int


@record
class Spending:
    """All that was asked for: the sums, the whole, and what could not be priced. `day` is when prices were checked."""

    tallies: tuple[Tally, ...]
    total: Tally
    unpriced: tuple[Unpriced, ...]
    as_of: str


def spending(
    heaps: Iterable[Heap], registry: Registry, *, by: tuple[str, ...], agents: Mapping[str, str],
    repository_of: Callable[[str], str],
) -> Spending:  # fmt: skip
    """Sums heaps by some dimensions, the dearest first.

    `agents` names the agents of subagents whose own lines do not; `repository_of` maps a folder to its repository.
    """
    rows = rows_by_id(registry)
    sums: dict[tuple[str | None, ...], _Sum] = {}
    unpriced: dict[tuple[str, str], _Sum] = {}
    total, used = _Sum(), set[str]()
    for heap in heaps:
        model = row_of(rows, heap.context["model"])
        value = worth(
            registry, model, heap.tokens, service=heap.context["service"], region=heap.context["region"],
            prompt=heap.prompt, at=heap.at,
        )  # fmt: skip
        facts = of_heap(heap, model, agents=agents, repository_of=repository_of)
        for one in (sums.setdefault(tuple(facts[name] for name in by), _Sum()), total):
            one.add(heap.tokens, value.dollars)
        if value.dollars is None:
            unpriced.setdefault((heap.context["model"], value.why), _Sum()).add(heap.tokens, None)
        elif model is not None:
            used.add(str(model.row.get("as_of", "")))
    tallies = [one.tally(names) for names, one in sums.items()]
    return Spending(
        tallies=tuple(sorted(tallies, key=lambda tally: (-tally.dollars, -tally.tokens.whole, str(tally.names)))),
        total=total.tally(()),
        unpriced=tuple(
            Unpriced(model=name, why=why, calls=one.tokens.calls, tokens=one.tokens.whole)
            for (name, why), one in sorted(unpriced.items())
        ),
        as_of=max(used, default=""),
    )  # fmt: skip


class _Sum:
    """A sum while it is made."""

    def __init__(self) -> None:
        self._numbers = [0] * len(SUMMED)
        self._dollars = Decimal(0)
        self._unpriced = 0

    def add(self, tokens: Tokens, dollars: Decimal | None) -> None:
        for index, name in enumerate(SUMMED):
            self._numbers[index] += getattr(tokens, name)
        self._dollars += dollars or 0
        self._unpriced += tokens.calls if dollars is None else 0

    @property
    def tokens(self) -> Tokens:
        return Tokens(**dict(zip(SUMMED, self._numbers, strict=True)))

    def tally(self, names: tuple[str | None, ...]) -> Tally:
        return Tally(names=names, tokens=self.tokens, dollars=self._dollars, unpriced=self._unpriced)


def of_heap(
    heap: Heap, model: Model | None, *, agents: Mapping[str, str], repository_of: Callable[[str], str]
) -> dict[str, str | None]:
    """Returns a heap's name in every dimension."""
    context = heap.context
    agent = agent_of(context, agents)
    folder = context["folder"]
    repository = repository_of(folder) if folder else None
    return {
        "model": model.name if model is not None else context["model"],
        "task": None,
        "agent": agent,
        "repo": repository,
        "repository": repository,
        "session": context["session"] or None,
        "day": datetime.fromtimestamp(heap.at, tz=UTC).strftime("%Y-%m-%d"),
        "preset": None,
        "provider": model.provider if model is not None else None,
        "plugin": context["plugin"] or (agent.partition(":")[0] if ":" in agent else None),
    }


def agent_of(context: Mapping[str, str], agents: Mapping[str, str]) -> str:
    """Returns which agent a reply was: the session itself, a subagent by its name, or one that nothing names."""
    if not context["side"]:
        return SESSION_ITSELF
    return context["agent"] or agents.get(context["agent_id"], "") or UNKNOWN_AGENT
