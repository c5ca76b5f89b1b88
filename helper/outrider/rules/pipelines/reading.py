"""Reads a pipeline document into stages, or says everything that is wrong with it, each with its place in the file.

It knows no model: whether one exists is the registry's to say.
"""

from collections.abc import Mapping

from outrider.data import Json
from outrider.records import record, replace
from outrider.rules.bulk.template import names
from outrider.rules.nearest import nearest
from outrider.rules.pipelines.fields import NAME, Row, kind_of
from outrider.rules.pipelines.nouns import (
    AT_LEAST,
    COUNT,
    INPUT,
    ITEMS,
    KINDS,
    ROUNDS,
    Expected,
    Kind,
    Pipeline,
    Problem,
    Stage,
)  # fmt: skip

MOST_STAGES = 100
MOST_ROUNDS = 10
MOST_RUNGS = 8
TOP = ("name", "description", "input", "private", "beside", "expect", "stages")
EVERY = ("name", "kind", "from", "private", "expect")
ASKED = ("template", "system", "schema", "max_output", "params")
ONE = ("model", "task", "fallback")
OWN: Mapping[Kind, tuple[str, ...]] = {
    "map": (*ONE, *ASKED),
    "reduce": (*ONE, *ASKED, "group_by", "size", "item", "window", "at_least"),
    "route": (*ONE, "template", "system", "max_output", "params", "to", "otherwise", "by"),
    "cascade": ("models", "task", *ASKED, "gates", "with", "judge"),
    "verify": ("model", "verifier", *ASKED, "checks", "rounds"),
    "merge": (),
}
EXPECTED = ("output", "escalates", "rounds", "shares", "groups", "cached_share")
RESERVED = (INPUT, ITEMS, COUNT)


@record
class Read:
    """What a document came to: a pipeline, which is whole only where there are no problems."""

    pipeline: Pipeline
    problems: tuple[Problem, ...]


def read(document: Json, *, name: str) -> Read:
    """Reads a document; `name` is what the pipeline is called where it does not say so itself."""
    problems: list[Problem] = []
    if not isinstance(document, Mapping):
        problems.append(
            Problem(keys=(), message=f"a pipeline is a group of names with `stages`, not {kind_of(document)}")
        )
        return Read(pipeline=Pipeline(name=name, stages=()), problems=tuple(problems))
    top = Row(document, (), problems)
    top.only(TOP, what="a pipeline")
    expect = top.group("expect")
    expect.only(("documents", "tokens"), what="the `expect` of a pipeline")
    pipeline = Pipeline(
        name=top.name("name") or name, description=top.text("description") or "", input=top.texts("input"),
        private=top.switch("private") or False, beside=top.text("beside"),
        documents=expect.whole("documents"), tokens=expect.whole("tokens"), stages=_stages(top),
    )  # fmt: skip
    return Read(pipeline=pipeline, problems=tuple(problems))


def _stages(top: Row) -> tuple[Stage, ...]:
    rows = top.values.get("stages")
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_STAGES:
        top.wrong("stages", f"is a list of 1 to {MOST_STAGES} stages")
        return ()
    found: list[Stage] = []
    routed = _routed(rows)
    for number, values in enumerate(rows):
        keys = ("stages", number)
        if not isinstance(values, Mapping):
            top.problems.append(Problem(keys=keys, message=f"a stage is a group of names, not {kind_of(values)}"))
            continue
        row = Row(values, keys, top.problems)
        before = found[-1].name if found else INPUT
        stage = _stage(row, before=routed.get(str(values.get("name")), (before,)))
        if any(stage.name == other.name for other in found):
            row.wrong("name", f"two stages are called `{stage.name}`", "give each a name of its own")
            continue
        found.append(stage)
    return _with_items(tuple(found))


def _with_items(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """Returns the stages with what a reduce shows of an item where it does not say: the answer of what it reads."""
    by_name = {stage.name: stage for stage in stages}

    def shown(stage: Stage) -> str:
        source, seen = stage.sources[0], {stage.name}
        # What a route makes is a label; what it read is meant.
        while source in by_name and by_name[source].kind == "route" and source not in seen:
            seen.add(source)
            source = by_name[source].sources[0]
        return "{text}" if source == INPUT else f"{{{source}}}"

    return tuple(
        replace(stage, item=shown(stage)) if stage.kind == "reduce" and stage.item is None else stage
        for stage in stages
    )


def _routed(rows: list[Json]) -> Mapping[str, tuple[str, ...]]:
    """Returns which stages are sent items by which routes: what such a stage reads need not be said again."""
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        if isinstance(row, Mapping) and row.get("kind") == "route":
            to = row.get("to")
            targets = [*(to.values() if isinstance(to, Mapping) else ()), row.get("otherwise")]
            for target in dict.fromkeys(str(one) for one in targets if isinstance(one, str)):
                found[target] = (*found.get(target, ()), str(row.get("name")))
    return found


def _stage(row: Row, *, before: tuple[str, ...]) -> Stage:
    name = row.name("name")
    if name is None and row.values.get("name") is None:
        row.wrong(None, "the stage has no `name`")
    if name in RESERVED:
        row.wrong("name", f"`{name}` is kept for what every stage may read", "call the stage something else")
    kind = _kind(row)
    row.only((*EVERY, *OWN[kind]), what=f"a {kind} stage")
    schema, file = _schema(row)
    stage = Stage(
        name=name or f"stage-{row.keys[-1]}", kind=kind, sources=row.texts("from") or before,
        model=row.text("model"), task=row.text("task"), fallback=row.switch("fallback"),
        template=row.text("template") or "", system=row.text("system"), schema=schema, schema_file=file,
        max_output=row.whole("max_output"), params=row.group("params").values, private=row.switch("private"),
        group_by=row.text("group_by"), size=row.whole("size"), item=row.text("item"),
        window=row.whole("window", least=256), to=_labels(row), otherwise=row.text("otherwise"), by=row.text("by"),
        models=row.texts("models"), gates=row.texts("gates"), second=row.text("with"), judge=row.text("judge"),
        verifier=row.text("verifier"), checks=row.texts("checks"),
        rounds=row.whole("rounds", most=MOST_ROUNDS) or ROUNDS, at_least=row.number("at_least", AT_LEAST),
        expect=_expected(row.group("expect")),
    )  # fmt: skip
    _whole(row, stage)
    return stage


def _kind(row: Row) -> Kind:
    said = row.values.get("kind", "map")
    kind = next((kind for kind in KINDS if kind == said), None)
    if kind is None:
        close = nearest(said, KINDS) if isinstance(said, str) else None
        row.wrong("kind", f"is one of {', '.join(KINDS)}", f"did you mean `{close}`?" if close else "")
    return kind or "map"


def _whole(row: Row, stage: Stage) -> None:
    """Collects what a stage of this kind needs and does not say."""
    if stage.kind == "merge":
        if row.values.get("from") is None:
            row.wrong(None, "the merge stage does not say what it merges", "`from: [one, another]`")
        return
    if stage.by is None and not row.values.get("template"):
        row.wrong(None, f"the {stage.kind} stage has no `template`", 'say what is asked: `template: "… {text}"`')
    if stage.model is not None and stage.task is not None:
        row.wrong("task", "a stage has a `model` or a `task`, not both", "leave one out")
    match stage.kind:
        case "reduce":
            if ITEMS not in names(stage.template) and row.values.get("template"):
                row.wrong("template", "the template of a reduce stage holds its items: `{items}`")
        case "route":
            if stage.by is None and len(stage.to) < (1 if stage.otherwise else 2):
                row.wrong("to", "a route has two labels, or one and `otherwise`", "`to: {bug: fix, question: answer}`")
            if stage.by is not None and not stage.to:
                row.wrong("to", "a route by a field says which stage takes which value")
            if stage.by is not None and (stage.model or stage.task or stage.template):
                row.wrong("by", "a route by a field asks no model", "leave out `by`, or `model`, `task` and `template`")
        case "cascade":
            if len(stage.models) == 1 or len(stage.models) > MOST_RUNGS:
                row.wrong("models", f"a cascade has 2 to {MOST_RUNGS} models, the cheapest first")
            if stage.models and stage.task is not None:
                row.wrong("task", "a cascade has `models` or a `task`, not both", "leave one out")
            if "schema" in stage.gates and stage.schema is None and stage.schema_file is None:
                row.wrong("gates", "the schema gate has no schema", "give the stage a `schema`")
        case _:
            pass


def _schema(row: Row) -> tuple[Mapping[str, Json] | None, str | None]:
    """Returns a schema that stands in the document, or the file that holds it."""
    value = row.values.get("schema")
    if isinstance(value, Mapping):
        return value, None
    if value is not None and (not isinstance(value, str) or not value.strip()):
        row.wrong("schema", "is a JSON Schema, or the path of a file that holds one")
        return None, None
    return None, value


def _labels(row: Row) -> Mapping[str, str]:
    group = row.group("to")
    found: dict[str, str] = {}
    for label, target in group.values.items():
        if not label.strip() or not isinstance(target, str) or NAME.fullmatch(target) is None:
            group.wrong(label, "names the stage that takes this label's items")
        else:
            found[label] = target
    return found


def _expected(row: Row) -> Expected:
    row.only(EXPECTED, what="the `expect` of a stage")
    shares = row.group("shares")
    plain = Expected()
    return Expected(
        output=row.whole("output"), escalates=row.number("escalates", plain.escalates),
        rounds=row.number("rounds", plain.rounds, least=1, most=MOST_ROUNDS), groups=row.whole("groups") or 1,
        cached_share=row.number("cached_share", plain.cached_share),
        shares={label: shares.number(label, plain.cached_share) for label in shares.values},
    )  # fmt: skip
