"""The nouns of a batch: a document that is to be asked, what came of it, and what its calls told of their providers."""

from decimal import Decimal
from typing import Literal

from outrider.data import Failure, FailureKind, Json
from outrider.records import record

State = Literal["pending", "submitted", "done", "failed"]
"""`submitted`: given to a provider's own batch, and nobody else's to ask meanwhile."""
Verdict = Literal["kept", "again", "outage", "wall", "halt"]
"""What follows from how a document ended: it is settled; it is asked again; its provider is down; the budget is used
up; nothing more can be asked until a person mends something.
"""
BAD_INPUT = "bad_input"
"""The class of a document that cannot be asked at all."""


@record
class Document:
    """One thing to ask. `id` is None where its line has none, `fault` says why it cannot be asked, then.

    `position` counts from 0 in the order of the input, `line` is where it stands there, from 1. `digest` is keyed, of
    the prompt and of everything that was asked for with it. `path` is the file that a document is, where it is one.
    """

    position: int
    id: str | int | None = None
    prompt: str = ""
    fault: str = ""
    line: int = 0
    path: str | None = None
    digest: str = ""


@record
class Result:
    """What came of a document. `answer` is text, or the value of a schema; `kind` is the class of a failure."""

    position: int
    id: str | int | None
    ok: bool
    answer: Json = None
    model: str | None = None
    kind: str | None = None
    message: str = ""
    cost: Decimal = Decimal(0)


@record
class Call:
    """What one call told of its provider: how it failed (None: it answered) and after how long, in seconds."""

    provider: str
    kind: FailureKind | None
    seconds: float
    retry_after: float | None = None


@record
class Replied:
    """How the asking of a document ended: with a result that is committed, or with a failure that nothing keeps yet.

    `provider` is whom it was meant for, which its first call went to.
    """

    result: Result | None = None
    failure: Failure | None = None
    calls: tuple[Call, ...] = ()
    provider: str = ""
