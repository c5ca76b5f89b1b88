"""What a run is booked with, and what of it is in doubt."""

from decimal import Decimal

from outrider.rules.panels.nouns import Checked, Reply, Round, Seat, doubtful, said_in, spent


def test_money_is_summed_over_all_rounds() -> None:
    """Checks cost nothing; a reservation that may never be billed counts, and is told apart."""
    seat = Seat(model="m", family="f")
    sure = Reply(seat=seat, text="x", cost=Decimal("0.1"), certainty="exact")
    late = Reply(seat=seat, text=None, late=True, cost=Decimal("0.3"), in_doubt=Decimal("0.2"), certainty="in_doubt")
    steps = (Round(purpose="answer", replies=(sure,)), Checked(gate="g", passed=True),
             Round(purpose="judge", replies=(late,)))  # fmt: skip
    said = said_in(steps)
    assert said == (("answer", sure), ("judge", late))
    assert (spent(said), doubtful(said)) == (Decimal("0.4"), Decimal("0.2"))
    assert spent(()) == doubtful(()) == 0
