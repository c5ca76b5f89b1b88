"""Who is asked in a comparison, and what it comes to."""

from outrider.data import Message
from outrider.records import replace
from outrider.rules.panels.comparing import STANCES, Question, Verdict, next_round
from outrider.rules.panels.nouns import Ask, Reply, Round, Seat

A, B = Seat(model="a", family="a", stance="for"), Seat(model="b", family="b")
TOGETHER = Seat(model="c", family="c")
ASKED = Question(
    messages=(Message(role="system", text="be brief"), Message(role="user", text="q")), seats=(A, B), mark="m"
)


def heard(*texts: str | None) -> Round:
    """Returns the first round."""
    return Round(
        purpose="answer", replies=tuple(Reply(seat=seat, text=text) for seat, text in zip((A, B), texts, strict=True))
    )


def test_a_side_is_told_in_the_system_text_of_its_seat_alone() -> None:
    """Beside what the user's own system text says."""
    found = next_round(ASKED, ())
    assert isinstance(found, Ask)
    assert found.turns[0].messages == (
        Message(role="system", text=f"be brief\n\n{STANCES['for']}"), Message(role="user", text="q"),
    )  # fmt: skip
    assert found.turns[1].messages == ASKED.messages


def test_handed_in_answers_count_towards_enough() -> None:
    """One has spoken, so one more is enough."""
    given = replace(ASKED, enough=2, given=(Reply(seat=A, text="x", given=True),))
    found = next_round(given, ())
    assert isinstance(found, Ask)
    assert ([turn.seat for turn in found.turns], found.enough) == ([B], 1)


def test_answers_stand_in_the_order_of_their_seats() -> None:
    """Whatever order they came in."""
    verdict = next_round(ASKED, (heard("one", None),))
    assert isinstance(verdict, Verdict)
    assert ([reply.text for reply in verdict.replies], verdict.synthesis) == (["one", None], None)


def test_answers_are_put_together_with_who_said_what() -> None:
    """By the name in front of each; one answer alone is not put together."""
    merged = replace(ASKED, synthesizer=TOGETHER)
    found = next_round(merged, (heard("one", "two"),))
    assert isinstance(found, Ask)
    assert found.turns[0].messages[-1].text == (
        "The question:\nq\n\nThe answers:\n<m a>\none\n</m a>\n<m b>\ntwo\n</m b>"
    )
    done = Round(purpose="synthesis", replies=(Reply(seat=TOGETHER, text="both"),))
    verdict = next_round(merged, (heard("one", "two"), done))
    assert isinstance(verdict, Verdict)
    assert verdict.synthesis == done.replies[0]
    assert isinstance(next_round(merged, (heard("one", None),)), Verdict)
