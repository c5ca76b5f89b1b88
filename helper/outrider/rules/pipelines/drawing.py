"""Draws the graph of a pipeline as a tree of lines; a merge hangs under the last stage that it reads, and names all."""

from collections.abc import Mapping

from outrider.rules.pipelines import graph
from outrider.rules.pipelines.nouns import INPUT, Pipeline, Stage


def drawn(pipeline: Pipeline, *, models: Mapping[str, str], private: frozenset[str]) -> tuple[str, ...]:
    """Returns the graph, line by line; `models` says for each stage whom it asks."""
    ordered = graph.order(pipeline)
    place = {INPUT: -1} | {stage.name: number for number, stage in enumerate(ordered)}
    children: dict[str, list[Stage]] = {}
    for stage in ordered:
        children.setdefault(max(stage.sources, key=lambda source: place[source]), []).append(stage)
    rows: list[tuple[str, Stage]] = []

    def walk(name: str, indent: str) -> None:
        below = children.get(name, [])
        for number, stage in enumerate(below):
            is_last = number == len(below) - 1
            rows.append((f"{indent}{'└─' if is_last else '├─'} {_edge(pipeline, name, stage)}{stage.name}", stage))
            walk(stage.name, indent + ("   " if is_last else "│  "))

    walk(INPUT, "")
    width = max(len(head) for head, _ in rows)
    kinds = max(len(stage.kind) for _, stage in rows)
    told = [
        f"{head.ljust(width)}  {stage.kind.ljust(kinds)}  {_what(stage, models.get(stage.name, ''), private)}".rstrip()
        for head, stage in rows
    ]
    return (f"input  {', '.join(pipeline.input) or 'named with --input'}", *told)


def _edge(pipeline: Pipeline, source: str, stage: Stage) -> str:
    """Returns the labels by which a route sends items here."""
    route = next((one for one in pipeline.stages if one.name == source and one.kind == "route"), None)
    if route is None or stage.kind == "merge":
        return ""
    labels = [label for label, target in route.to.items() if target == stage.name]
    labels += ["otherwise"] if route.otherwise == stage.name else []
    return f"{', '.join(labels)}: "


def _what(stage: Stage, models: str, private: frozenset[str]) -> str:
    parts = [models] if models else []
    match stage.kind:
        case "merge":
            parts.append(f"of {', '.join(stage.sources)}")
        case "route" if stage.by is not None:
            parts.append(f"by the field {stage.by}")
        case "reduce":
            parts += [f"by {stage.group_by}"] if stage.group_by else []
            parts += [f"{stage.size:,} at a time"] if stage.size else []
        case "cascade":
            parts.append(f"gates {', '.join(stage.gates)}" if stage.gates else "")
        case "verify":
            parts.append(f"at most {stage.rounds} rounds")
            parts += [f"check:{check}" for check in stage.checks]
        case _:
            pass
    parts += ["schema"] if stage.schema is not None or stage.schema_file is not None else []
    parts += ["private"] if stage.name in private else []
    return "; ".join(part for part in parts if part)


def asked(stage: Stage) -> str:
    """Returns whom a stage asks, as its file says it."""
    if not stage.asks:
        return ""
    match stage.kind:
        case "cascade":
            return " -> ".join(stage.models) or f"task {stage.task or 'of the default'}"
        case "verify":
            return f"{stage.model or 'the default'}, checked by {stage.verifier or 'another family'}"
        case _:
            return stage.model or (f"task {stage.task}" if stage.task else "the default task")
