"""Closed questions: the labels a seat may choose, how it is asked to choose, and what its reply counts as.

A reply is a vote only where it names one label plainly. A label that merely occurs in a sentence is none: "I would not
say yes" is no yes.
"""

import json
import re
from collections.abc import Mapping

from outrider.data import Json
from outrider.errors import OutriderError
from outrider.records import record

ABSTAIN = "abstain"
LONGEST_REASON = 600
_NAMED = re.compile(r"(?i)^[\W_]*(?:choice|answer|vote|verdict)[\W_]*[:=]\s*(?P<label>.+)$")


@record
class Ballot:
    """The labels of a closed question, and the field of a reply that holds the one chosen.

    `schema` is what every reply is asked to fit.
    """

    labels: tuple[str, ...]
    field: str
    schema: Mapping[str, Json]
    is_own: bool = True


@record
class Choice:
    """What a reply counts as: a label, or None for an abstention or a reply that names none."""

    label: str | None
    reason: str = ""
    is_abstention: bool = False


def ballot(text: str) -> Ballot:
    """Returns the ballot for labels written with commas between them."""
    labels = tuple(label.strip() for label in text.split(",") if label.strip())
    known: dict[str, str] = {}
    for label in labels:
        same = known.setdefault(normal(label), label)
        if same != label or not normal(label):
            raise OutriderError(
                f"the choices `{same}` and `{label}` cannot be told apart",
                hint="give each a word of its own: `--choices yes,no`",
            )
    if normal(ABSTAIN) in known:
        raise OutriderError(
            f"`{ABSTAIN}` cannot be a choice: it is what a seat says that does not vote", hint="leave it out"
        )
    if len(known) < 2:
        raise OutriderError("a vote needs two choices", hint="write them as `--choices yes,no`")
    schema = {
        "type": "object", "additionalProperties": False, "required": ["choice", "reason"],
        "properties": {
            "choice": {"type": "string", "enum": [*known.values(), ABSTAIN]},
            "reason": {"type": "string", "description": "one or two sentences"},
        },
    }  # fmt: skip
    return Ballot(labels=tuple(known.values()), field="choice", schema=schema)


def ballot_from(schema: Mapping[str, Json]) -> Ballot | None:
    """Returns the ballot in a user's JSON Schema: its one field with an `enum` of texts; None where it has none."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return None
    found = [
        (name, tuple(part["enum"]))
        for name, part in properties.items()
        if isinstance(part, Mapping) and isinstance(part.get("enum"), list)
        and len(part["enum"]) > 1 and all(isinstance(label, str) for label in part["enum"])
    ]  # fmt: skip
    if len(found) != 1:
        return None
    name, labels = found[0]
    return Ballot(labels=labels, field=name, schema=schema, is_own=False)


def instruct(ballot: Ballot) -> str:
    """Returns the sentences that ask for a vote."""
    if not ballot.is_own:
        return ""
    listed = ", ".join(json.dumps(label, ensure_ascii=False) for label in ballot.labels)
    return (
        f'Answer with one JSON object and nothing else: {{"choice": one of {listed}, or "{ABSTAIN}" if you cannot '
        'tell, "reason": one or two sentences}.'
    )


def read(text: str, ballot: Ballot) -> Choice:
    """Returns what a reply counts as: by its field, as a bare label, or in a line `choice: LABEL`."""
    value = _object(text)
    if value is not None:
        said = value.get(ballot.field)
        reason = value.get("reason")
        return Choice(
            label=match(said, ballot.labels) if isinstance(said, str) else None,
            reason=_short(reason) if isinstance(reason, str) else "",
            is_abstention=isinstance(said, str) and normal(said) == ABSTAIN,
        )
    lines = [line for line in text.strip().splitlines() if line.strip()]
    if len(lines) == 1 and (label := match(lines[0], ballot.labels)) is not None:
        return Choice(label=label)
    named = {label for line in lines if (found := _NAMED.match(line.strip())) is not None
             and (label := match(found["label"], ballot.labels)) is not None}  # fmt: skip
    return Choice(label=named.pop() if len(named) == 1 else None, reason=_short(text))


def match(said: str, labels: tuple[str, ...]) -> str | None:
    """Returns the label that was said, whole; a beginning of one, or more than one, is none."""
    wanted = normal(said)
    return next((label for label in labels if normal(label) == wanted), None)


def normal(text: str) -> str:
    """Returns a label as it is compared: folded case, one space between words, no marks around it."""
    from unicodedata import normalize

    folded = normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"^[\W_]+|[\W_]+$", "", folded).split())


def json_object(text: str) -> dict[str, Json] | None:
    """Returns the JSON object that a reply is, or that stands alone in its one fence; None where there is none."""
    return _object(text)


def _object(text: str) -> dict[str, Json] | None:
    bare = text.strip()
    if bare.startswith("```") and bare.endswith("```") and len(bare) > 6:
        bare = bare[3:-3].partition("\n")[2].strip()
    try:
        value = json.loads(bare)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 1] + "…"
