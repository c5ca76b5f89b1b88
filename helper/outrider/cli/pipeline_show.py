"""`outrider pipeline show`: the graph of a pipeline, as text or as JSON."""

from outrider.cli.pipeline_file import Loaded
from outrider.cli.show import dump, out
from outrider.rules.pipelines import drawing, graph


def show(loaded: Loaded, *, as_json: bool) -> None:
    """Prints the graph."""
    pipeline = loaded.pipeline
    if as_json:
        dump(_shape(loaded))
        return
    out(f"{pipeline.name}{f': {pipeline.description}' if pipeline.description else ''}")
    out("")
    models = {stage.name: drawing.asked(stage) for stage in pipeline.stages}
    for line in drawing.drawn(pipeline, models=models, private=loaded.private):
        out(line)


def _shape(loaded: Loaded) -> dict[str, object]:
    pipeline = loaded.pipeline
    ends = {stage.name for stage in graph.ends(pipeline)}
    return {
        "pipeline": pipeline.name, "description": pipeline.description, "input": list(pipeline.input),
        "stages": [
            {"stage": stage.name, "kind": stage.kind, "from": list(stage.sources), "asks": drawing.asked(stage) or None,
             "to": dict(stage.to) or None, "otherwise": stage.otherwise, "schema": stage.schema is not None,
             "private": stage.name in loaded.private, "is_result": stage.name in ends}
            for stage in graph.order(pipeline)
        ],
    }  # fmt: skip
