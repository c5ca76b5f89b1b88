"""Reads a pipeline's file: its stages, what is wrong with them, and which models of the registry they mean."""

import json
import os
from collections.abc import Mapping
from typing import Any

from outrider.cli import rungs, seats
from outrider.cli.session import Session
from outrider.data import Json
from outrider.doors.files import read_small
from outrider.errors import OutriderError
from outrider.records import record, replace
from outrider.rules.nearest import nearest
from outrider.rules.paths import inside
from outrider.rules.pipelines import graph, reading
from outrider.rules.pipelines.estimating import Cast
from outrider.rules.pipelines.nouns import Pipeline, Problem, Stage
from outrider.rules.routing import model_called
from outrider.rules.routing import route as decide
from outrider.rules.selection import Facts, Selection, resolve

LARGEST = 1_048_576
UNKNOWN_WINDOW = 32_000
"""Tokens of a model whose window nobody knows."""
MOST_TOLD = 10


@record
class Loaded:
    """A pipeline that holds together: its file, its stages, and which of them are bound to the user's own machines."""

    path: str
    pipeline: Pipeline
    private: frozenset[str]

    @property
    def folder(self) -> str:
        """Where the paths in the file count from."""
        return os.path.dirname(os.path.abspath(self.path))


def load(session: Session, path: str, *, private: bool = False) -> Loaded:
    """Reads and checks a file; raises with everything that is wrong in it."""
    document, lines = _document(path)
    stem = os.path.basename(path).partition(".")[0]
    name = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in stem).strip("-") or "pipeline"
    read = reading.read(document, name=name)
    pipeline = replace(read.pipeline, private=read.pipeline.private or private)
    problems = read.problems or graph.problems(pipeline) or _unknown_models(session, pipeline)
    if problems:
        raise _told(path, problems, lines)
    pipeline = replace(
        pipeline, stages=tuple(_with_schema(stage, path, lines, number) for number, stage in enumerate(pipeline.stages))
    )
    problems = graph.problems(pipeline)
    if problems:
        raise _told(path, problems, lines)
    tasks = frozenset(name for name, task in session.registry.tasks.items() if task.private)
    return Loaded(path=path, pipeline=pipeline, private=graph.private(pipeline, tasks))


def _document(path: str) -> tuple[Json, Mapping[tuple[str | int, ...], int]]:
    data = None if os.path.isdir(path) else read_small(path, limit=LARGEST)
    if data is None:
        raise OutriderError(f"there is no pipeline {path}", hint="name a YAML file; docs/pipelines.md shows one")
    if path.endswith(".json"):
        try:
            return json.loads(data), {}
        except (ValueError, RecursionError):
            raise OutriderError(f"{path} is not JSON", hint="mend it, or write it as YAML") from None
    from outrider.doors.documents import load_yaml, yaml_lines

    return load_yaml(data, source=path), yaml_lines(data)


def _told(path: str, problems: tuple[Problem, ...], lines: Mapping[tuple[str | int, ...], int]) -> OutriderError:
    """Returns the first problem as an error, whose hint has the others."""
    problems = tuple(sorted(problems, key=lambda problem: _line(problem, lines)))
    sentences = [_sentence(path, problem, lines) for problem in problems]
    hint = problems[0].hint or "docs/pipelines.md says what a stage may have"
    if len(sentences) > 1:
        more = len(sentences) - 1
        guesses = [f" ({one.hint})" if one.hint.startswith("did you mean") else "" for one in problems]
        shown = "\n".join(
            f"  {one.removeprefix(path).lstrip(', ')}{guess}"
            for one, guess in list(zip(sentences, guesses, strict=True))[1:MOST_TOLD]
        )
        hint = f"{hint}; {more} more {'thing is' if more == 1 else 'things are'} wrong:\n{shown}"
    return OutriderError(sentences[0], hint=hint)


def _line(problem: Problem, lines: Mapping[tuple[str | int, ...], int]) -> int:
    """Returns the line of the nearest thing around a problem that has one."""
    keys = problem.keys
    while keys and keys not in lines:
        keys = keys[:-1]
    return lines.get(keys, 0)


def _sentence(path: str, problem: Problem, lines: Mapping[tuple[str | int, ...], int]) -> str:
    number = _line(problem, lines)
    place = "$"
    for key in problem.keys:
        place = inside(place, key)
    line = f", line {number}" if number else ""
    field = f" {place.removeprefix('$.')}:" if problem.keys else ""
    return f"{path}{line}:{field} {problem.message}"


def _unknown_models(session: Session, pipeline: Pipeline) -> tuple[Problem, ...]:
    """Returns the names of models and tasks that the registry does not have."""
    found: list[Problem] = []
    registry = session.registry
    if pipeline.beside is not None and not _is_model(session, pipeline.beside):
        found.append(_no_model(session, ("beside",), pipeline.beside))
    for number, stage in enumerate(pipeline.stages):
        named = (("model", stage.model), ("with", stage.second), ("judge", stage.judge), ("verifier", stage.verifier))
        asked = [*((field, name) for field, name in named if name), *(("models", name) for name in stage.models)]
        found += [
            _no_model(session, ("stages", number, field), name) for field, name in asked if not _is_model(session, name)
        ]
        if stage.task is not None and stage.task not in {*registry.tasks, "auto"}:
            close = nearest(stage.task, registry.tasks)
            hint = f"did you mean `{close}`?" if close else "`outrider tasks` lists them"
            found.append(
                Problem(keys=("stages", number, "task"), message=f"no task is called `{stage.task}`", hint=hint)
            )
    return tuple(found)


def _is_model(session: Session, name: str) -> bool:
    try:
        resolve(session.registry, name)
    except OutriderError:
        return False
    return True


def _no_model(session: Session, keys: tuple[str | int, ...], name: str) -> Problem:
    close = nearest(name, (*session.registry.models, *session.registry.aliases))
    hint = f"did you mean `{close}`?" if close else "`outrider models` lists them"
    return Problem(keys=keys, message=f"no model is called `{name[:80]}`", hint=hint)


def _with_schema(stage: Stage, path: str, lines: Mapping[tuple[str | int, ...], int], number: int) -> Stage:
    """Returns the stage with its schema read and checked."""
    from outrider.cli.schemas import read_schema_file
    from outrider.doors import schemas

    if stage.schema_file is not None:
        file = os.path.join(os.path.dirname(os.path.abspath(path)), stage.schema_file)
        return replace(stage, schema=read_schema_file(file))
    if stage.schema is not None:
        place = _sentence(path, Problem(keys=("stages", number, "schema"), message=""), lines).rstrip(": ")
        schemas.check_schema(dict(stage.schema), source=place)
    return stage


def cast(session: Session, stage: Stage, *, private: bool) -> Cast:
    """Returns which models a stage asks, as far as that is known before anybody is asked."""
    if not stage.asks:
        return Cast()
    registry = session.registry
    match stage.kind:
        case "cascade":
            names = rungs.names(session, stage.models, stage.task, {}, private=private)
            second = seats.second(session, names, stage.second, private=private) if _may(stage, "agree") else None
            judge = _judge(session, stage, names, private=private) if "judge" in stage.gates else None
            found = Cast(answer=names, second=second, judge=judge)
        case "verify":
            writer = seats.writer(session, stage.model, {}, private=private)
            looker = stage.verifier and seats.one_model(registry, stage.verifier)
            looker = looker or next(iter(seats.others(session, (writer,), private=private)), None)
            found = Cast(answer=(writer,), verifier=looker)
        case _:
            found = Cast(answer=(_first(session, stage, private=private),))
    return replace(found, window=stage.window or _window(session, found.answer[0]))


def _may(stage: Stage, gate: str) -> bool:
    return gate in stage.gates or (not stage.gates and stage.schema is None)


def _judge(session: Session, stage: Stage, names: tuple[str, ...], *, private: bool) -> str | None:
    if stage.judge is not None:
        return seats.one_model(session.registry, stage.judge)
    return next(iter(seats.others(session, names, private=private)), None)


def _first(session: Session, stage: Stage, *, private: bool) -> str:
    """Returns the model that a stage would ask first; without a key, the first of its chain that takes one."""
    if stage.model is not None:
        kind, name, _ = resolve(session.registry, stage.model)
        if kind in {"model", "rowless"}:
            return name
    selection = selection_of(session, stage, private=private)
    # What rests for a while changes whom a call goes to, and not how a reduce is parted into calls.
    situation = replace(session.situation(session.limits()), health={})
    route = decide(session.registry, selection, Facts(), situation)
    if route.targets:
        return route.targets[0].model.name
    # An estimate needs no key: it is made before one is bought.
    keyless = replace(situation, keys=dict.fromkeys(session.registry.providers, ""), health={})
    route = decide(session.registry, selection, Facts(), keyless)
    if route.targets:
        return route.targets[0].model.name
    why = f": {route.passed[0].model}: {route.passed[0].why}" if route.passed else ""
    raise OutriderError(
        f"the stage `{stage.name}` has no model that can be asked{why}",
        hint="name one that is reached with a key, or that is local: `outrider models`",
    )


def selection_of(session: Session, stage: Stage, *, private: bool) -> Selection:
    """Returns how a stage chooses: its model alone, or its task, as `-m` and `-t` do."""
    preset, preset_from = session.preset()
    return Selection(
        model=stage.model, task=stage.task, private=private, fallback=session.fallback(flag=stage.fallback),
        preset=preset, preset_from=preset_from,
    )  # fmt: skip


def _window(session: Session, name: str) -> int:
    model = model_called(session.registry, name)
    row: Mapping[str, Any] = model.row if model is not None else {}
    return int(row.get("max_input") or (model.context if model is not None else None) or UNKNOWN_WINDOW)
