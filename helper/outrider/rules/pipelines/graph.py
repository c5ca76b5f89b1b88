"""The graph that the stages make: their order, what each may read, and who is bound to the user's own machines."""

from collections.abc import Iterator, Mapping

from outrider.rules.bulk.template import names
from outrider.rules.nearest import nearest
from outrider.rules.pipelines.nouns import COUNT, INPUT, ITEMS, Pipeline, Problem, Stage


def problems(pipeline: Pipeline) -> tuple[Problem, ...]:
    """Returns what is wrong between stages: one that is missing, a circle, a field that nobody made."""
    found = [*_missing(pipeline), *_routes(pipeline)]
    if found:
        return tuple(found)
    circle = _circle(pipeline)
    if circle:
        return (_at(pipeline, circle[0], "from", f"the stages wait for each other: {' <- '.join(circle)}"),)
    return (*_reads_itself(pipeline), *_unknown_fields(pipeline), *_loosened(pipeline))


def order(pipeline: Pipeline) -> tuple[Stage, ...]:
    """Returns the stages so that each comes after all that it reads, else in the order of the file."""
    done: dict[str, Stage] = {}
    left = list(pipeline.stages)
    while left:
        stage = next(one for one in left if all(source == INPUT or source in done for source in one.sources))
        done[stage.name] = stage
        left.remove(stage)
    return tuple(done.values())


def waves(pipeline: Pipeline) -> tuple[tuple[Stage, ...], ...]:
    """Returns the stages that can run at the same time, wave after wave."""
    level: dict[str, int] = {INPUT: -1}
    for stage in order(pipeline):
        level[stage.name] = max(level[source] for source in stage.sources) + 1
    most = max(level.values())
    return tuple(tuple(stage for stage in pipeline.stages if level[stage.name] == number) for number in range(most + 1))


def ends(pipeline: Pipeline) -> tuple[Stage, ...]:
    """Returns the stages that no other reads: what they answer is the pipeline's result."""
    read = {source for stage in pipeline.stages for source in stage.sources}
    return tuple(stage for stage in pipeline.stages if stage.name not in read)


def private(pipeline: Pipeline, tasks: frozenset[str] = frozenset()) -> frozenset[str]:
    """Returns the stages that may ask local models only: told so, of a private task, or reading what such a one made.

    What a private stage made stays private, through every merge and reduce.
    """
    bound: set[str] = set()
    for stage in order(pipeline):
        is_told = pipeline.private or stage.private is True or stage.task in tasks
        if is_told or any(source in bound for source in stage.sources):
            bound.add(stage.name)
    return frozenset(bound)


def readable(pipeline: Pipeline) -> Mapping[str, tuple[frozenset[str], bool]]:
    """Returns what the items of each stage bring: stages and groups by name, and whether the documents' fields, too."""
    made: dict[str, tuple[frozenset[str], bool]] = {INPUT: (frozenset(), True)}
    found: dict[str, tuple[frozenset[str], bool]] = {}
    for stage in order(pipeline):
        brought = [made[source] for source in stage.sources]
        fields = frozenset(name for names, _ in brought for name in names)
        has_documents = any(has for _, has in brought)
        found[stage.name] = (fields, has_documents)
        if stage.kind == "reduce":
            group = {stage.group_by} if stage.group_by is not None else set()
            made[stage.name] = (frozenset({stage.name, COUNT, *group}), False)
        else:
            made[stage.name] = (fields | {stage.name}, has_documents)
    return found


def _at(pipeline: Pipeline, name: str, field: str, message: str, hint: str = "") -> Problem:
    number = next(number for number, stage in enumerate(pipeline.stages) if stage.name == name)
    return Problem(keys=("stages", number, field), message=message, hint=hint)


def _guess(name: str, known: tuple[str, ...]) -> str:
    close = nearest(name, known)
    return f"did you mean `{close}`?" if close else f"there are {', '.join(known[:20])}" if known else ""


def _missing(pipeline: Pipeline) -> Iterator[Problem]:
    known = tuple(stage.name for stage in pipeline.stages)
    for stage in pipeline.stages:
        for source in stage.sources:
            if source != INPUT and source not in known:
                yield _at(pipeline, stage.name, "from", f"no stage is called `{source}`", _guess(source, known))
        for label, target in (*stage.to.items(), *((("", stage.otherwise),) if stage.otherwise else ())):
            if target not in known:
                field = "to" if label else "otherwise"
                yield _at(pipeline, stage.name, field, f"no stage is called `{target}`", _guess(str(target), known))


def targets(stage: Stage) -> tuple[str, ...]:
    """Returns the stages to which a route sends."""
    return tuple(dict.fromkeys((*stage.to.values(), *((stage.otherwise,) if stage.otherwise else ()))))


def _routes(pipeline: Pipeline) -> Iterator[Problem]:
    """Finds a stage that reads a route which sends it nothing, and one that is sent what it does not read."""
    routes = {stage.name: stage for stage in pipeline.stages if stage.kind == "route"}
    for stage in pipeline.stages:
        for source in stage.sources:
            if source in routes and stage.name not in targets(routes[source]):
                yield _at(
                    pipeline, stage.name, "from", f"the route `{source}` sends nothing to `{stage.name}`",
                    f"give `{source}` a label that leads here, or read what it reads",
                )  # fmt: skip
        for target in targets(stage) if stage.kind == "route" else ():
            if any(one.name == target and stage.name not in one.sources for one in pipeline.stages):
                yield _at(
                    pipeline, target, "from", f"`{target}` is sent items by `{stage.name}`, and does not read it",
                    f"add `{stage.name}` to what it reads, or leave out its `from`",
                )  # fmt: skip


def _circle(pipeline: Pipeline) -> tuple[str, ...]:
    """Returns stages that wait for each other, beginning and ending with the same; nothing where there are none."""
    sources = {stage.name: stage.sources for stage in pipeline.stages}
    done: set[str] = {INPUT}
    for start, first in sources.items():
        path: list[str] = []
        stack: list[tuple[str, Iterator[str]]] = []
        if start not in done:
            path.append(start)
            stack.append((start, iter(first)))
        while stack:
            name, left = stack[-1]
            after = next((source for source in left if source not in done), None)
            if after is None:
                done.add(name)
                path.pop()
                stack.pop()
            elif after in path:
                return (*path[path.index(after) :], after)
            else:
                path.append(after)
                stack.append((after, iter(sources[after])))
    return ()


def _reads_itself(pipeline: Pipeline) -> Iterator[Problem]:
    for stage in pipeline.stages:
        if len(set(stage.sources)) < len(stage.sources):
            yield _at(pipeline, stage.name, "from", "names a stage twice", "name each once")
        if stage.kind == "merge" and len(stage.sources) < 2:
            yield _at(pipeline, stage.name, "from", "a merge reads two stages or more", "read the one stage directly")
        if stage.kind != "merge" and len(stage.sources) > 1:
            yield _at(
                pipeline, stage.name, "from", f"a {stage.kind} stage reads one stage",
                "put a stage of the kind `merge` between",
            )  # fmt: skip


def _unknown_fields(pipeline: Pipeline) -> Iterator[Problem]:
    stages = {stage.name: stage for stage in pipeline.stages}
    for stage in pipeline.stages:
        brought, has_documents = readable(pipeline)[stage.name]
        for field, text in used(stage):
            known, has_open = set(brought), has_documents
            if stage.kind == "reduce" and field == "template":
                known, has_open = {ITEMS, COUNT, *({stage.group_by} if stage.group_by else ())}, False
            for name in (text,) if field in {"by", "group_by"} else names(text):
                head, _, part = name.partition(".")
                if name in known:
                    continue
                if head in known:
                    yield from _unknown_part(pipeline, stage, field, stages.get(head), part)
                elif head in stages:
                    yield _at(
                        pipeline, stage.name, field, f"`{{{name}}}` is the answer of `{head}`, which is not read here",
                        _guess(head, tuple(sorted(known))),
                    )  # fmt: skip
                elif not has_open:
                    yield _at(
                        pipeline, stage.name, field, f"nothing that this stage reads has a field `{{{name}}}`",
                        _guess(name, tuple(sorted(known))),
                    )  # fmt: skip


def used(stage: Stage) -> Iterator[tuple[str, str]]:
    """Yields the texts of a stage that name fields, each with its key."""
    for field, text in (
        ("template", stage.template), ("item", stage.item), ("by", stage.by), ("group_by", stage.group_by),
    ):  # fmt: skip
        if text:
            yield field, text


def _unknown_part(pipeline: Pipeline, stage: Stage, field: str, source: Stage | None, part: str) -> Iterator[Problem]:
    """Finds a part of an answer that the schema of the stage that gives it does not have."""
    if not part or source is None:
        return
    listed = source.schema.get("properties") if source.schema is not None else None
    known = tuple(listed) if isinstance(listed, Mapping) else ()
    if source.schema is None and source.schema_file is None:
        yield _at(
            pipeline, stage.name, field, f"`{source.name}` answers in plain text, which has no part `{part}`",
            f"give `{source.name}` a `schema`, or write `{{{source.name}}}`",
        )  # fmt: skip
    elif known and part.partition(".")[0] not in known:
        yield _at(
            pipeline, stage.name, field, f"the schema of `{source.name}` has no `{part}`", _guess(part, known)
        )  # fmt: skip


def _loosened(pipeline: Pipeline) -> Iterator[Problem]:
    """Finds a stage that says it is not private, and reads what a private one made."""
    bound = private(pipeline)
    for stage in pipeline.stages:
        if stage.private is False and stage.name in bound:
            why = "the pipeline is private" if pipeline.private else "it reads what a private stage made"
            yield _at(pipeline, stage.name, "private", f"cannot be false: {why}", "leave it out")
