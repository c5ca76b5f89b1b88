"""Makes pipelines and documents in one line each."""

from typing import Any

from outrider.rules.pipelines import graph
from outrider.rules.pipelines.nouns import Item, Pipeline, Problem
from outrider.rules.pipelines.reading import read


def stage(name: str, **values: Any) -> dict[str, Any]:
    """Returns a map stage as a file has it, or another with `kind`."""
    asks = values.get("kind") != "merge" and "by" not in values
    template = "{items}" if values.get("kind") == "reduce" else "Say: {text}"
    return {"name": name, **({"template": template} if asks else {}), **values}


def pipeline(*stages: dict[str, Any], **values: Any) -> Pipeline:
    """Returns a pipeline that must be sound."""
    found = read({"stages": list(stages), **values}, name="made")
    assert (found.problems, graph.problems(found.pipeline)) == ((), ())
    return found.pipeline


def problems(document: Any) -> tuple[Problem, ...]:
    """Returns everything that is wrong with a document."""
    found = read(document, name="made")
    return found.problems or graph.problems(found.pipeline)


def items(*texts: str) -> tuple[Item, ...]:
    """Returns documents with ids `d1`, `d2` and so on."""
    return tuple(
        Item(id=f"d{number}", fields={"id": f"d{number}", "text": text}) for number, text in enumerate(texts, start=1)
    )
