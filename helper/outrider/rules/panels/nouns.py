"""The nouns of a panel: who sits on it, what a round asks, what came back, what it comes to.

Everything that a seat said is untrusted text. What a seat cost is in dollars, how long it took in seconds.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from outrider.data import Json, Message
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

    `given` marks an answer that was handed in, `late` a seat that was cut off because enough others had answered.
    """

    seat: Seat
    text: str | None
    failure: str = ""
    cost: Decimal = Decimal(0)
    cost_known: bool = True
    seconds: float = 0.0
    input: int = 0
    output: int = 0
    served_by: str = ""
    given: bool = False
    late: bool = False


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


def spent(steps: tuple[Step, ...]) -> Decimal:
    """Returns what all rounds cost together, in dollars."""
    rounds = (step for step in steps if isinstance(step, Round))
    return sum((reply.cost for one in rounds for reply in one.replies), Decimal(0))
