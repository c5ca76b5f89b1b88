"""The loop over stages: each begins when all that it reads has ended, so that branches run beside each other.

It knows neither books nor providers: how the prompts of a stage are answered, and that an answer is kept, is its
caller's. What a prompt holds and where an item goes is decided by `rules/pipelines`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from outrider.data import NOTHING, Json
from outrider.records import record
from outrider.rules.bulk.template import text_of
from outrider.rules.pipelines import filling, graph, reducing, sending
from outrider.rules.pipelines.nouns import COUNT, INPUT, Call, Item, Lost, Pipeline, Stage


@record
class Said:
    """What a stage's prompts came to, by their ids. `is_whole` is False where the run ended before all were asked."""

    answers: Mapping[str, Json]
    models: Mapping[str, str] = NOTHING
    lost: tuple[Lost, ...] = ()
    is_whole: bool = True


@record
class Made:
    """What a stage hands on: its items, to whom where it is a route, and which ids never got this far.

    `models` says who answered. `why` says why the stage was not begun, or not ended; `is_refused`, that it was not
    begun since too much of what it reads is missing.
    """

    items: tuple[Item, ...] = ()
    sent: Mapping[str, tuple[Item, ...]] | None = None
    models: Mapping[str, str] = NOTHING
    lost: tuple[Lost, ...] = ()
    missing: frozenset[str] = frozenset()
    is_whole: bool = True
    is_refused: bool = False
    why: str = ""

    def to(self, name: str) -> tuple[Item, ...]:
        """Returns the items that the stage of this name gets."""
        return self.items if self.sent is None else self.sent.get(name, ())


Ask = Callable[[Stage, Sequence[Call]], Awaitable[Said]]
Window = Callable[[Stage], int]


class Flow:
    """One pipeline on its way. `window` says how many tokens a call of a stage may have.

    `missing` are documents that could not be read: they are in nobody's result, and count as without an answer.
    """

    def __init__(
        self, pipeline: Pipeline, items: Sequence[Item], ask: Ask, *, window: Window,
        missing: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self._pipeline = pipeline
        self._ask = ask
        self._window = window
        self._names = frozenset(stage.name for stage in pipeline.stages)
        self._start = Made(items=tuple(items), missing=missing)
        self._tasks: dict[str, asyncio.Task[Made]] = {}

    async def run(self) -> Mapping[str, Made]:
        """Runs every stage whose sources have ended whole; returns what each made."""
        for stage in graph.order(self._pipeline):
            self._tasks[stage.name] = asyncio.create_task(self._stage(stage))
        # Where one raises, the others are not cut off: who asks for them stops, and books what is under way.
        ended = await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for one in ended:
            if isinstance(one, BaseException):
                raise one
        return {name: made for name, made in zip(self._tasks, ended, strict=True) if isinstance(made, Made)}

    async def _stage(self, stage: Stage) -> Made:
        brought: list[tuple[str, Made]] = []
        for source in stage.sources:
            brought.append((source, self._start if source == INPUT else await self._tasks[source]))  # noqa: PERF401
        if not all(made.is_whole for _, made in brought):
            return Made(is_whole=False, why="what it reads has not ended")
        missing = frozenset(name for _, made in brought for name in made.missing)
        if stage.kind == "merge":
            items = filling.merged(stage, [(source, made.to(stage.name)) for source, made in brought])
            # What another branch answered is not missing.
            return Made(items=items, missing=missing - {item.id for item in items})
        items = brought[0][1].to(stage.name)
        match stage.kind:
            case "reduce":
                return await self._reduce(stage, items, missing)
            case "route":
                return await self._route(stage, items, missing)
            case _:
                return await self._each(stage, items, missing)

    async def _each(self, stage: Stage, items: Sequence[Item], missing: frozenset[str]) -> Made:
        calls = [
            Call(id=item.id, prompt=filling.prompt(stage, item, self._names), path=item.path) for item in items
        ]  # fmt: skip
        said = await self._ask(stage, calls)
        found = tuple(filling.answered(stage, item, said.answers[item.id]) for item in items if item.id in said.answers)
        return Made(
            items=found, models=said.models, lost=said.lost, missing=missing | {one.id for one in said.lost},
            is_whole=said.is_whole,
        )  # fmt: skip

    async def _route(self, stage: Stage, items: Sequence[Item], missing: frozenset[str]) -> Made:
        if stage.by is None:
            made = await self._each(stage, items, missing)
            labels = {item.id: sending.label(stage, text_of(item.fields[stage.name])) for item in made.items}
        else:
            labels = {item.id: sending.label(stage, filling.field(item, stage.by)) for item in items}
            made = Made(items=tuple(items), missing=missing)
        sent: dict[str, list[Item]] = {name: [] for name in graph.targets(stage)}
        kept: list[Item] = []
        lost: list[Lost] = []
        for item in made.items:
            label = labels[item.id]
            target = sending.target(stage, label)
            if target is None:
                why = f"no label of `{stage.name}` fits it, and nobody takes the rest (`otherwise`)"
                lost.append(Lost(stage=stage.name, id=item.id, kind="bad_response", message=why))
                continue
            kept.append(filling.answered(stage, item, label if label is not None else ""))
            sent[target].append(kept[-1])
        return Made(
            items=tuple(kept), sent={name: tuple(part) for name, part in sent.items()}, models=made.models,
            lost=(*made.lost, *lost), missing=made.missing | {one.id for one in lost}, is_whole=made.is_whole,
        )  # fmt: skip

    async def _reduce(self, stage: Stage, items: Sequence[Item], missing: frozenset[str]) -> Made:
        total = len(items) + len(missing)
        if total and len(items) < stage.at_least * total:
            why = (
                f"{len(missing):,} of {total:,} items have no answer, and `at_least` wants that "
                f"{stage.at_least:.0%} have one"
            )
            return Made(is_whole=False, is_refused=True, why=why)
        groups = [_Tree(stage, group, self._names) for group in reducing.groups(stage, items)]
        window = self._window(stage)
        models: dict[str, str] = {}
        while growing := [tree for tree in groups if tree.is_growing]:
            calls = [call for tree in growing for call in tree.level(window)]
            said = await self._ask(stage, calls)
            if not said.is_whole:
                return Made(is_whole=False, why="it was stopped")
            for tree in growing:
                tree.hear(said)
            models |= {tree.group.id: model for tree in growing for model in tree.model(said)}
        lost = tuple(one for tree in groups for one in tree.lost)
        found = tuple(tree.item for tree in groups if tree.item is not None)
        return Made(
            items=found, models=models, lost=lost,
            missing=frozenset(tree.group.id for tree in groups if tree.item is None),
        )  # fmt: skip


class _Tree:
    """One group on its way to one text, level by level."""

    def __init__(self, stage: Stage, group: reducing.Group, made: frozenset[str]) -> None:
        self.group = group
        self.lost: list[Lost] = []
        self.item: Item | None = None
        self._stage = stage
        self._parts = [
            (reducing.part(stage, item, filling.with_empty(stage, item, made)), 1, item.id) for item in group.members
        ]
        self._level = 0
        self._calls: list[tuple[str, int]] = []

    @property
    def is_growing(self) -> bool:
        """Whether there is something left to ask."""
        return self.item is None and bool(self._parts)

    def level(self, window: int) -> list[Call]:
        """Returns the calls of the next level; what fits in none of them is lost."""
        stage, fields = self._stage, self.group.fields
        room = reducing.room(stage, fields, window=window)
        fit = reducing.packed([reducing.weight(text) for text, _, _ in self._parts], room=room)
        if self._level and (fit.too_large or reducing.is_stuck(len(self._parts), fit)):
            why = f"its {len(self._parts):,} answers do not fit two by two; lower `max_output`, or raise `window`"
            self.lost.append(Lost(stage=stage.name, id=self.group.id, kind="context", message=why))
            self._parts, self._calls = [], []
            return []
        for number in fit.too_large:
            text, _, name = self._parts[number]
            why = f"it has about {reducing.weight(text):,} tokens, and a call has room for {max(room, 0):,}"
            self.lost.append(Lost(stage=stage.name, id=name, kind="context", message=why))
        is_last = len(fit.calls) == 1
        found: list[Call] = []
        self._calls = []
        for number, positions in enumerate(fit.calls):
            name = self.group.id if is_last else f"{self.group.id}/{self._level}.{number + 1}"
            count = sum(self._parts[position][1] for position in positions)
            texts = [self._parts[position][0] for position in positions]
            found.append(Call(id=name, prompt=reducing.prompt(stage, fields, texts, count=count)))
            self._calls.append((name, count))
        if not found:
            self._parts = []
        self._level += 1
        return found

    def hear(self, said: Said) -> None:
        """Takes in what the calls of this level said."""
        if not self._calls:
            return
        failed = {one.id: one for one in said.lost}
        unanswered = [failed[name] for name, _ in self._calls if name in failed]
        if unanswered:
            self.lost += unanswered
            self._parts = []
        elif len(self._calls) == 1:
            fields = {**self.group.fields, COUNT: self._calls[0][1], self._stage.name: said.answers[self.group.id]}
            self.item = Item(id=self.group.id, fields=fields)
        else:
            self._parts = [
                (reducing.framed(name, text_of(said.answers[name])), count, name) for name, count in self._calls
            ]

    def model(self, said: Said) -> tuple[str, ...]:
        """Returns who gave the group's last answer, as soon as there is one."""
        return (said.models[self.group.id],) if self.item is not None and self.group.id in said.models else ()
