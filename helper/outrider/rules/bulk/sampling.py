"""What a whole batch will likely cost and take, from its prompts alone or from a sample that was asked."""

from decimal import Decimal

from outrider.records import record, replace


@record
class Estimate:
    """The sum over all documents before anything is asked; `likely` and `most` are None where a price is not known."""

    documents: int = 0
    faults: int = 0
    tokens: int = 0
    likely: Decimal | None = Decimal(0)
    most: Decimal | None = Decimal(0)


def added(sum_: Estimate, *, tokens: int, likely: Decimal | None, most: Decimal | None) -> Estimate:
    """Returns the sum with one more document."""
    return replace(
        sum_, documents=sum_.documents + 1, tokens=sum_.tokens + tokens, likely=_plus(sum_.likely, likely),
        most=_plus(sum_.most, most),
    )  # fmt: skip


def faulty(sum_: Estimate) -> Estimate:
    """Returns the sum with one more document that cannot be asked."""
    return replace(sum_, faults=sum_.faults + 1)


def _plus(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one + other


@record
class Projection:
    """What the whole input will come to if it is like its sample: dollars, hours, and how sure the dollars are."""

    documents: int
    cost: Decimal
    hours: float


def projected(
    *, total: int, asked: int, cost: Decimal, seconds: float, at_once: int, sample_at_once: int
) -> Projection:
    """Returns the projection of a sample: `seconds` is how long the sample took, so many at once."""
    share = Decimal(total) / asked
    slower = max(sample_at_once, 1) / max(at_once, 1)
    return Projection(documents=total, cost=cost * share, hours=seconds * float(share) * slower / 3_600)


def spread(total: int, wanted: int) -> tuple[int, ...]:
    """Returns the positions of a sample, evenly spread over the input, so that its order does not matter."""
    wanted = min(total, wanted)
    return tuple(index * total // wanted for index in range(wanted))
