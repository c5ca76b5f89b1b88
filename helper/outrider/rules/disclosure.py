"""What an attempt handed to a model, as the audit keeps it, and whether it reached the model. Pure: digests come in."""

from collections.abc import Iterable
from typing import Literal

from outrider.records import record

Kind = Literal["file", "image", "stdin", "schema", "earlier", "tool"]
"""`earlier`: attached in a turn before, and sent again with the conversation; `tool`: what a tool gave."""
Reached = Literal["yes", "no", "in doubt"]
Matched = Literal["content", "path", "both"]


@record
class Attached:
    """One thing that goes out beside the instruction. `path_digest` is None for what had no path."""

    kind: Kind
    name: str
    digest: str
    path_digest: str | None
    bytes: int
    data_class: str | None = None


@record
class Disclosure:
    """Everything that one prompt discloses. `text` only where the user wants prompts to be stored."""

    digest: str
    bytes: int
    data_class: str | None = None
    attached: tuple[Attached, ...] = ()
    text: str | None = None


def reached(outcome: str, certainty: str, status: int | None) -> Reached:
    """Says whether what an attempt sent arrived: a status is proof, and so is an answer; silence is neither."""
    if certainty == "not_sent":
        return "no"
    if outcome == "answer" or status is not None or certainty in {"exact", "estimate"}:
        return "yes"
    return "in doubt"


def verdict(found: Iterable[Reached]) -> Reached:
    """Answers for many attempts: one that arrived is enough, and one in doubt leaves doubt."""
    seen = set(found)
    for word in ("yes", "in doubt"):
        if word in seen:
            return word
    return "no"


def is_final(outcome: str, kind: str | None, certainty: str) -> bool:
    """Whether an attempt's row can no longer change: one that lost its process may yet be settled by it."""
    return outcome != "open" and not (kind == "interrupted" and certainty == "in_doubt")
