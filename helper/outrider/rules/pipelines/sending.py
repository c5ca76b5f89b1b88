"""Route: which stage takes an item, by a classifier's word or by a field of its own."""

from collections.abc import Mapping

from outrider.data import Json
from outrider.rules.panels import labels
from outrider.rules.pipelines.nouns import OTHER, Stage

FIELD = "choice"


def choices(stage: Stage) -> tuple[str, ...]:
    """Returns what a classifier may say."""
    return (*stage.to, *((OTHER,) if stage.otherwise is not None and OTHER not in stage.to else ()))


def schema(stage: Stage) -> Mapping[str, Json]:
    """Returns the form of a classifier's answer: one of the labels."""
    return {
        "type": "object", "additionalProperties": False, "required": [FIELD],
        "properties": {FIELD: {"type": "string", "enum": list(choices(stage))}},
    }  # fmt: skip


def label(stage: Stage, text: str) -> str | None:
    """Returns the label that an answer or a field names, None where it names none plainly."""
    ballot = labels.Ballot(labels=choices(stage), field=FIELD, schema=schema(stage))
    return labels.read(text, ballot).label


def target(stage: Stage, said: str | None) -> str | None:
    """Returns the stage that takes an item with this label; None where none does."""
    return stage.to.get(said, stage.otherwise) if said is not None else stage.otherwise
