"""What a text goes through until it is accepted."""

import pytest

from outrider.data import Message
from outrider.records import replace
from outrider.rules.panels.nouns import Ask, Check, Checked, Reply, Round, Seat, Step
from outrider.rules.panels.verifying import Question, Verdict, next_round, read

WRITER, LOOKER = Seat(model="writer", family="a"), Seat(model="looker", family="b")
PLAIN = Question(messages=(Message(role="user", text="write it"),), generator=WRITER, verifier=LOOKER, mark="m")
NEXT_STEP = "hand it in again once it is mended, or name who mends it with `-m MODEL`"
CHECKED = replace(PLAIN, checks=(("one",), ("two",)))


def text(words: str | None) -> Round:
    """Returns a text of the writer's."""
    return Round(purpose="answer", replies=(Reply(seat=WRITER, text=words, failure="" if words else "quota: x"),))


def look(words: str | None) -> Round:
    """Returns what the verifier said."""
    return Round(purpose="verify", replies=(Reply(seat=LOOKER, text=words, failure="" if words else "timeout: x"),))


def ran(results: str) -> tuple[Checked, ...]:
    """Returns what the two checks said: a plus for each that passed."""
    return tuple(
        Checked(gate=f"check:{name}", passed=sign == "+", why=f"{name} said")
        for name, sign in zip(("one", "two"), results, strict=True)
    )


ACCEPT, REJECT = (
    look('{"accepted": true, "findings": []}'),
    look('{"accepted": false, "findings": ["line 3 is wrong"]}'),
)


def ended(question: Question, *steps: Step) -> Verdict:
    """Returns the verdict, and fails where there is none yet."""
    found = next_round(question, steps)
    assert isinstance(found, Verdict)
    return found


def test_a_text_that_is_accepted_is_given() -> None:
    """Asked, looked at, done."""
    first = next_round(PLAIN, ())
    assert isinstance(first, Ask)
    assert (first.purpose, first.turns[0].seat) == ("answer", WRITER)
    second = next_round(PLAIN, (text("draft"),))
    assert isinstance(second, Ask)
    assert (second.purpose, second.turns[0].seat) == ("verify", LOOKER)
    verdict = ended(PLAIN, text("draft"), ACCEPT)
    assert (verdict.kind, verdict.answer, verdict.why) == ("accepted", "draft", "looker accepted round 1")


def test_findings_go_back_to_the_writer() -> None:
    """As material between no marks of its own."""
    found = next_round(PLAIN, (text("draft"), REJECT))
    assert isinstance(found, Ask)
    *_, own, wish = found.turns[0].messages
    assert (own.text, "- line 3 is wrong" in wish.text) == ("draft", True)


def test_it_ends_after_so_many_rounds() -> None:
    """With the best text, as not accepted."""
    twice = replace(PLAIN, most=2)
    verdict = ended(twice, text("one"), REJECT, text("two"), REJECT)
    assert (verdict.kind, verdict.answer, verdict.why) == ("not_accepted", "two", "not accepted in 2 rounds")


def test_checks_run_before_the_verifier_and_it_hears_of_them() -> None:
    """A check is not overruled: what fails one is never accepted."""
    assert next_round(CHECKED, (text("draft"),)) == Check(gate="check:one", text="draft", command=("one",))
    found = next_round(CHECKED, (text("draft"), *ran("+-")))
    assert isinstance(found, Ask)
    assert (
        found.turns[0]
        .messages[-1]
        .text.endswith("Checks that were run:\ncheck:one: passed\ncheck:two: failed: two said")
    )
    said: tuple[Step, ...] = (text("draft"), *ran("+-"), ACCEPT)
    again = next_round(CHECKED, said)
    assert isinstance(again, Ask)
    assert again.purpose == "answer"


def test_a_revision_that_fails_more_checks_is_dropped() -> None:
    """The writer goes on from the better text, and the worse one is not looked at."""
    steps: tuple[Step, ...] = (text("good"), *ran("++"), REJECT, text("worse"), *ran("--"))
    found = next_round(CHECKED, steps)
    assert isinstance(found, Ask)
    assert (found.purpose, found.turns[0].messages[-2].text) == ("answer", "good")
    verdict = ended(replace(CHECKED, most=2), *steps)
    assert (verdict.kind, verdict.answer, [draft.dropped for draft in verdict.drafts]) == (
        "not_accepted", "good", [False, True],
    )  # fmt: skip


def test_the_text_with_the_fewest_failed_checks_is_the_best() -> None:
    """Also where it came earlier."""
    steps: tuple[Step, ...] = (text("one"), *ran("+-"), REJECT, text("two"), *ran("-+"), REJECT)
    assert ended(replace(CHECKED, most=2), *steps).answer == "two"


def test_a_draft_from_elsewhere_is_the_first_text() -> None:
    """Nobody is asked to write it again."""
    found = next_round(replace(PLAIN, given=Reply(seat=WRITER, text="mine", given=True)), ())
    assert isinstance(found, Ask)
    assert found.purpose == "verify"


def test_a_writer_that_fails_leaves_what_there_was() -> None:
    """Nothing at first, the last text later."""
    assert (ended(PLAIN, text(None)).kind, ended(PLAIN, text(None)).answer) == ("failed", None)
    later = ended(PLAIN, text("draft"), REJECT, text(None))
    assert (later.kind, later.answer, later.why) == ("not_accepted", "draft", "writer failed: quota: x")


@pytest.mark.parametrize(
    ("given_by", "asked", "why"),
    [
        (WRITER, False, f"writer cannot be asked to mend its draft: {NEXT_STEP}"),
        (WRITER, True, "writer failed: quota: x"),
        (LOOKER, False, "writer failed: quota: x"),
    ],
    ids=["who handed it in", "asked, and failed", "another, by its name"],
)
def test_a_rejected_draft_that_its_writer_cannot_be_asked_to_mend(given_by: Seat, *, asked: bool, why: str) -> None:
    """Nobody failed: the draft was not accepted, and the next step is said."""
    question = replace(PLAIN, given=Reply(seat=given_by, text="mine", given=True))
    unmended = Round(purpose="answer", replies=(Reply(seat=WRITER, text=None, failure="quota: x", asked=asked),))
    verdict = ended(question, REJECT, unmended)
    assert (verdict.kind, verdict.answer, verdict.why) == ("not_accepted", "mine", why)


def test_a_verifier_that_cannot_be_read_is_asked_once_more() -> None:
    """Then it is said, and nothing counts as accepted."""
    nonsense = look("looks good to me")
    again = next_round(PLAIN, (text("draft"), nonsense))
    assert isinstance(again, Ask)
    assert again.turns[0].messages[-1].text.endswith("Your last reply was not the JSON that was asked for.")
    verdict = ended(PLAIN, text("draft"), nonsense, nonsense)
    assert (verdict.kind, verdict.why) == ("not_accepted", "what looker said could not be read")


def test_a_verifier_that_fails_is_said() -> None:
    """The text is given as not accepted."""
    assert ended(PLAIN, text("draft"), look(None)).why == "looker failed: timeout: x"


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ('{"accepted": true, "findings": []}', (True, ())),
        ('{"accepted": true}', (True, ())),
        ('{"accepted": false, "findings": ["a", 1]}', (False, ("a", "1"))),
        ('{"accepted": false, "findings": []}', None),
        ('{"accepted": "true"}', None),
        ('{"accepted": true, "findings": "none"}', None),
        ("accepted", None),
    ],
)
def test_a_verifier_is_read_strictly(said: str, found: tuple[bool, tuple[str, ...]] | None) -> None:
    """A rejection without a finding, and an acceptance in words, are neither."""
    assert read(said) == found
