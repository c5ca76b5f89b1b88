"""The nouns of a panel: who sits on it, what a round asks, what came back, what it comes to.

Everything that a seat said is untrusted text. What a seat cost is in dollars, how long it took in seconds.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from outrider.data import Certainty, Json, Message
from outrider.records import record

Purpose = Literal["answer", "debate", "judge", "synthesis", "check", "agree", "self", "verify"]
"""What a round is for; it is booked and told under this word."""


@record
class Seat:
    """One voice: a model by its name, its family, and the side that it was told to take, if any."""

    model: str
    family: str
    stance: str = ""


@record
class Turn:
    """What one seat is asked."""

    seat: Seat
    messages: tuple[Message, ...]
    schema: Mapping[str, Json] | None = None


@record
class Ask:
    """A round to be asked: all its turns at once. `enough` answers end it, and the seats still speaking are cut off."""

    purpose: Purpose
    turns: tuple[Turn, ...]
    enough: int | None = None


@record
class Check:
    """Something that no model judges, put to a text: a command's exit code, or a JSON Schema."""

    gate: str
    text: str
    command: tuple[str, ...] = ()
    schema: Mapping[str, Json] | None = None


@record
class Reply:
    """What came of one turn. `text` is None where the seat failed, and `failure` says how.

    `cost` is what the book holds for it; `in_doubt` is the part of it that may never be billed, and `certainty` that of
    its least certain call. `given` marks an answer that was handed in, `late` a seat that was cut off; `asked` is false
    of one that could not be asked, so that nothing left for it.
    """

    seat: Seat
    text: str | None
    failure: str = ""
    cost: Decimal = Decimal(0)
    cost_known: bool = True
    in_doubt: Decimal = Decimal(0)
    certainty: Certainty = "not_sent"
    seconds: float = 0.0
    input: int = 0
    output: int = 0
    served_by: str = ""
    given: bool = False
    late: bool = False
    asked: bool = True


@record
class Round:
    """A round that was asked, with what came back, in the order of its turns."""

    purpose: Purpose
    replies: tuple[Reply, ...]


@record
class Checked:
    """What a check said of a text. `why` is what it printed, shortened, or what kept it from ending."""

    gate: str
    passed: bool
    why: str = ""


Step = Round | Checked


def said_in(steps: tuple[Step, ...]) -> tuple[tuple[Purpose, Reply], ...]:
    """Returns every reply of a run with what it was for, round by round."""
    return tuple((step.purpose, reply) for step in steps if isinstance(step, Round) for reply in step.replies)


def spent(said: tuple[tuple[Purpose, Reply], ...]) -> Decimal:
    """Returns what all replies are booked with together, in dollars."""
    return sum((reply.cost for _, reply in said), Decimal(0))


def doubtful(said: tuple[tuple[Purpose, Reply], ...]) -> Decimal:
    """Returns the part of what was spent that may never be billed, in dollars."""
    return sum((reply.in_doubt for _, reply in said), Decimal(0))
