"""What a pipeline will ask before it asks anything: how many calls of which model, and how long each.

Documents are known, answers are not: a stage's `expect` says how long they are and how items part at a route. The
flow is the run's own (the same templates, groups and trees), walked with sizes instead of texts.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from itertools import cycle, islice

from outrider.records import record, replace
from outrider.rules.bulk.template import names
from outrider.rules.facts.planning import Stage as Planned
from outrider.rules.pipelines import graph, reducing, sending
from outrider.rules.pipelines.nouns import COUNT, INPUT, ITEMS, Item, Pipeline, Stage
from outrider.rules.pipelines.weighing import BYTES, Sized, Weigher, sized
from outrider.rules.routing import LIKELY_OUTPUT

LABEL_OUTPUT = 50
"""Tokens of a classifier's answer, where nobody says."""
VERDICT_OUTPUT = 100
"""Tokens of what a judge or a verifier says of a text."""
AROUND_TEXT = 150
"""Tokens of the instruction around a text that is judged."""


@record
class Cast:
    """Which models a stage asks, by name: those that answer, in their order, and those that look at answers.

    `window` is how many tokens a call of it may have.
    """

    answer: tuple[str, ...] = ()
    second: str | None = None
    judge: str | None = None
    verifier: str | None = None
    window: int = 128_000


@record
class Asked:
    """Calls of one model for one stage: how many, and the tokens of all of them in and of each out."""

    stage: str
    model: str
    calls: int
    tokens_in: int
    output: int
    is_alone: bool = True
    """Whether one model for everything would ask this too: the further rungs of a cascade it would not."""


@record
class Estimate:
    """Every call of a pipeline, how many items reach each stage, and what is to be said of it."""

    asked: tuple[Asked, ...]
    reached: Mapping[str, int]
    notes: tuple[str, ...]


def expected_items(pipeline: Pipeline, items: Sequence[Item], *, documents: int | None = None) -> tuple[Sized, ...]:
    """Returns the sizes that an estimate begins with: the input's, over and over where more documents are expected."""
    own = [sized(item) for item in items]
    if not own:
        own = [Sized(values={}, sizes=dict.fromkeys(_first_field(pipeline), (pipeline.tokens or 0) * BYTES))]
        documents = documents or pipeline.documents or 0
    many = documents or pipeline.documents or len(own)
    if pipeline.tokens is not None:
        mean = Decimal(sum(sum(one.sizes.values()) for one in own)) / len(own)
        scale = pipeline.tokens * BYTES / mean if mean else Decimal(0)
        own = [
            Sized(values=one.values, sizes={name: int(size * scale) for name, size in one.sizes.items()}) for one in own
        ]
    again = islice(cycle(own), many)
    return tuple(replace(one, key=f"{one.key} {number // len(own)}") for number, one in enumerate(again))


def _first_field(pipeline: Pipeline) -> tuple[str, ...]:
    """Returns the field of a document that the stages read first, which stands for all of it; nothing if none does."""
    made = {stage.name for stage in pipeline.stages}
    readers = (stage for stage in graph.order(pipeline) if stage.sources == (INPUT,))
    texts = (text for stage in readers for key, text in graph.used(stage) if key in {"template", "item"})
    fields = (name for text in texts for name in names(text) if name.partition(".")[0] not in made)
    return tuple(name for name in fields if name not in {ITEMS, COUNT})[:1]


def estimate(pipeline: Pipeline, items: Sequence[Sized], casts: Mapping[str, Cast]) -> Estimate:
    """Walks the items through every stage."""
    made: dict[str, tuple[Sized, ...]] = {INPUT: tuple(items)}
    sent: dict[tuple[str, str], tuple[Sized, ...]] = {}
    asked: list[Asked] = []
    reached: dict[str, int] = {}
    notes: list[str] = []
    for stage in graph.order(pipeline):
        brought = [(source, sent.get((source, stage.name), made[source])) for source in stage.sources]
        reading = _joined(stage, brought) if stage.kind == "merge" else brought[0][1]
        reached[stage.name] = len(reading)
        walk = _Walk(stage, casts.get(stage.name, Cast()), asked, notes)
        match stage.kind:
            case "reduce":
                made[stage.name] = walk.reduce(reading)
            case "route":
                made[stage.name] = walk.each(reading)
                sent |= {(stage.name, name): part for name, part in _parted(stage, made[stage.name]).items()}
            case "merge":
                made[stage.name] = reading
            case _:
                made[stage.name] = walk.each(reading)
    return Estimate(asked=tuple(asked), reached=reached, notes=tuple(dict.fromkeys(notes)))


def planned(asked: Asked, stage: Stage) -> Planned:
    """Returns calls as a plan prices them: so many documents of the same length."""
    mean = Decimal(asked.tokens_in) / asked.calls if asked.calls else Decimal(0)
    return Planned(
        name=asked.stage, model=asked.model, documents=asked.calls, input=int(mean.to_integral_value(ROUND_CEILING)),
        output=asked.output, cached_share=stage.expect.cached_share,
    )  # fmt: skip


def output_of(stage: Stage) -> int:
    """Returns how many tokens an answer of this stage is taken to have."""
    if stage.expect.output is not None:
        return stage.expect.output
    return min(stage.max_output or LIKELY_OUTPUT, LABEL_OUTPUT if stage.kind == "route" else LIKELY_OUTPUT)


class _Walk:
    """One stage's calls."""

    def __init__(self, stage: Stage, cast: Cast, asked: list[Asked], notes: list[str]) -> None:
        self._stage = stage
        self._cast = cast
        self._asked = asked
        self._notes = notes
        self._output = output_of(stage)
        schema = sending.schema(stage) if stage.kind == "route" else stage.schema
        self._weigher = Weigher(template=stage.template, system=stage.system, schema=schema)

    def _book(self, model: str, inputs: Sequence[int], output: int, *, is_alone: bool = True) -> None:
        if inputs:
            self._asked.append(
                Asked(
                    stage=self._stage.name, model=model, calls=len(inputs), tokens_in=sum(inputs), output=output,
                    is_alone=is_alone,
                )
            )  # fmt: skip

    def each(self, items: Sequence[Sized]) -> tuple[Sized, ...]:
        """Asks for each item, as often as the kind of the stage wants."""
        stage, output = self._stage, self._output
        if stage.by is not None:
            return tuple(one.with_answer(stage.name, 0, None) for one in items)
        inputs = [self._weigher.tokens(one) for one in items]
        match stage.kind:
            case "cascade":
                self._cascade(inputs)
            case "verify":
                self._verify(inputs)
            case _:
                self._book(self._cast.answer[0], inputs, output)
        return tuple(one.with_answer(stage.name, output * BYTES, stage.schema) for one in items)

    def _cascade(self, inputs: Sequence[int]) -> None:
        stage, output = self._stage, self._output
        rungs, left = self._cast.answer, list(inputs)
        gates = stage.gates or ("schema",) if stage.schema is not None else stage.gates or ("agree",)
        if "agree" in gates and self._cast.second is not None:
            self._book(self._cast.second, left, output, is_alone=False)
        for number, rung in enumerate(rungs):
            self._book(rung, left, output, is_alone=number == 0)
            if number == len(rungs) - 1:
                break
            judged = [tokens + output + AROUND_TEXT for tokens in left]
            if "self" in gates:
                self._book(rung, judged, VERDICT_OUTPUT, is_alone=False)
            if "judge" in gates and self._cast.judge is not None:
                self._book(self._cast.judge, judged, VERDICT_OUTPUT, is_alone=False)
            left = left[: _part(len(left), stage.expect.escalates)]

    def _verify(self, inputs: Sequence[int]) -> None:
        rounds = self._stage.expect.rounds
        for number in range(int(rounds.to_integral_value(ROUND_CEILING))):
            part = inputs[: _part(len(inputs), min(rounds - number, Decimal(1)))]
            again = self._output + VERDICT_OUTPUT if number else 0
            self._book(self._cast.answer[0], [tokens + again for tokens in part], self._output)
            if self._cast.verifier is not None:
                judged = [tokens + self._output + AROUND_TEXT for tokens in part]
                self._book(self._cast.verifier, judged, VERDICT_OUTPUT)

    def reduce(self, items: Sequence[Sized]) -> tuple[Sized, ...]:
        """Asks for each group, in as many calls and levels as its items take."""
        stage = self._stage
        one = Weigher(template=stage.item or "", system=None, schema=None)
        found: list[Sized] = []
        for name, values, members in self._groups(items):
            parts = [one.bytes(item) + reducing.FRAME for item in members]
            fields = Sized(key=name, values=values, sizes={field: len(text.encode()) for field, text in values.items()})
            self._tree(fields, parts)
            found.append(fields.with_answer(stage.name, self._output * BYTES, stage.schema))
        return tuple(found)

    def _tree(self, fields: Sized, parts: list[int]) -> None:
        bare = self._weigher.tokens(fields)
        room = self._cast.window - reducing.answer_room(self._stage) - 2 * bare
        while parts:
            fit = reducing.packed([size // 2 + 2 for size in parts], room=room)
            if fit.too_large:
                self._notes.append(f"{self._stage.name}: an item is larger than the window of {self._cast.window:,}")
            inputs = [bare + sum(parts[number] for number in call) // BYTES for call in fit.calls]
            self._book(self._cast.answer[0], inputs, self._output)
            if len(fit.calls) <= 1 or reducing.is_stuck(len(parts), fit):
                return
            parts = [self._output * BYTES + reducing.FRAME] * len(fit.calls)

    def _groups(self, items: Sequence[Sized]) -> list[tuple[str, Mapping[str, str], list[Sized]]]:
        stage = self._stage
        by_value: dict[str, list[Sized]] = {}
        for number, item in enumerate(items):
            # What only an answer tells is not known yet: the file says how many groups to expect.
            unknown = str(number % stage.expect.groups)
            by_value.setdefault(
                item.values.get(stage.group_by, unknown) if stage.group_by else reducing.ALL, []
            ).append(item)
        found: list[tuple[str, Mapping[str, str], list[Sized]]] = []
        for value, members in by_value.items():
            size = stage.size or len(members)
            values = {stage.group_by: value} if stage.group_by else {}
            for number, start in enumerate(range(0, len(members), size), start=1):
                found.append((reducing.group_id(stage, value, number), values, members[start : start + size]))
        return found


def _joined(stage: Stage, brought: Sequence[tuple[str, Sequence[Sized]]]) -> tuple[Sized, ...]:
    """Joins what several stages bring by the document it is of, as a merge does."""
    found: dict[str, Sized] = {}
    for source, items in brought:
        for item in items:
            before = found.get(item.key)
            answer = item.sizes.get(source, 0) + (before.sizes.get(stage.name, 0) if before is not None else 0)
            sizes = {**(before.sizes if before is not None else {}), **item.sizes, stage.name: answer}
            found[item.key] = Sized(key=item.key, values=item.values, sizes=sizes)
    return tuple(found.values())


def _parted(stage: Stage, items: Sequence[Sized]) -> Mapping[str, tuple[Sized, ...]]:
    """Returns which items go to which stage: by the shares that are expected, evenly spread, else in equal parts."""
    names = sending.choices(stage)
    said = stage.expect.shares
    rest = max(1 - sum(said.values(), Decimal(0)), Decimal(0))
    silent = [name for name in names if name not in said]
    shares = {name: said[name] if name in said else rest / len(silent) for name in names}
    found: dict[str, list[Sized]] = {target: [] for target in graph.targets(stage)}
    given = dict.fromkeys(names, 0)
    for number, item in enumerate(items, start=1):
        own = item.values.get(stage.by) if stage.by is not None else None
        label = sending.label(stage, own) if own is not None else None
        if stage.by is None:
            label = max(names, key=lambda name: shares[name] * number - given[name])
            given[label] += 1
        target = sending.target(stage, label)
        if target is not None:
            found[target].append(item)
    return {target: tuple(part) for target, part in found.items()}


def _part(many: int, share: Decimal) -> int:
    return int((many * share).to_integral_value(ROUND_CEILING))
