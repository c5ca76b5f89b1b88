"""What counts as a vote."""

from typing import Any

import pytest

from outrider.errors import OutriderError
from outrider.rules.panels.labels import Ballot, Choice, ballot, ballot_from, instruct, json_object, match, read

YES_NO = ballot("yes,no")
NESTED = ballot("yes, yes with changes, no")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ('{"choice": "yes", "reason": "r"}', "yes"),
        ('{"choice": "YES."}', "yes"),
        ('```json\n{"choice": "no"}\n```', "no"),
        ("Yes", "yes"),
        ("**no**", "no"),
        ("choice: yes\nbecause it holds", "yes"),
        ("It holds.\n\n**Answer:** No", "no"),
        ("  Verdict = yes.  ", "yes"),
        ('{"choice": "abstain", "reason": "cannot tell"}', None),
        ('{"choice": "maybe"}', None),
        ('{"choice": ["yes"]}', None),
        ('{"answer": "yes"}', None),
        ("I would not say yes", None),
        ("yes, but then again no", None),
        ("answer: yes\nanswer: no", None),
        ("yes\nno", None),
        ("", None),
        ("\uff59\uff45\uff53", "yes"),
        ('{"choice": "yes"', "yes"),
        ("[" * 100_000, None),
    ],
)
def test_a_reply_is_a_vote_only_where_it_names_one_label_plainly(text: str, label: str | None) -> None:
    """JSON, a bare label, or one line that calls itself the choice; nothing that merely mentions a label."""
    assert read(text, YES_NO).label == label


@pytest.mark.parametrize(
    ("said", "label"),
    [("yes", "yes"), ("Yes with changes", "yes with changes"), ("yes with", None), ("ye", None), ("no", "no")],
)
def test_a_label_that_begins_another_is_told_apart(said: str, label: str | None) -> None:
    """Labels match whole, so `yes` is never taken for `yes with changes`, nor a beginning for either."""
    assert match(said, NESTED.labels) == label
    assert read(f'{{"choice": "{said}"}}', NESTED).label == label


def test_a_reason_is_kept_on_one_line_and_bounded() -> None:
    """A reason is somebody's text: one line of it, and not without end."""
    text = '{"choice": "no", "reason": "first\\nsecond"}'
    assert read(text, YES_NO) == Choice(label="no", reason="first second")
    long = read('{"choice": "no", "reason": "' + "x" * 5_000 + '"}', YES_NO).reason
    assert (len(long), long[-1]) == (600, "…")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("yes", "a vote needs two choices"),
        ("", "a vote needs two choices"),
        ("yes,Yes!", "the choices `yes` and `Yes!` cannot be told apart"),
        ("yes,abstain", "`abstain` cannot be a choice: it is what a seat says that does not vote"),
        ("yes,?", "the choices `?` and `?` cannot be told apart"),
    ],
)
def test_choices_that_could_not_be_counted_are_refused(text: str, message: str) -> None:
    """Before anything is asked."""
    with pytest.raises(OutriderError) as refused:
        ballot(text)
    assert refused.value.message == message


@pytest.mark.parametrize(
    ("schema", "labels"),
    [
        ({"type": "object", "properties": {"v": {"enum": ["a", "b"]}, "why": {"type": "string"}}}, ("a", "b")),
        ({"type": "object", "properties": {"v": {"enum": ["a", "b"]}, "w": {"enum": ["c", "d"]}}}, None),
        ({"type": "object", "properties": {"v": {"enum": [1, 2]}}}, None),
        ({"type": "object", "properties": {"v": {"enum": ["a"]}}}, None),
        ({"type": "string", "enum": ["a", "b"]}, None),
        ({"properties": []}, None),
    ],
)
def test_a_schema_with_one_field_of_choices_is_a_ballot(schema: Any, labels: tuple[str, ...] | None) -> None:
    """A user's own schema closes a question where exactly one of its fields has an enum of texts."""
    found = ballot_from(schema)
    assert (found.labels if found is not None else None) == labels


def test_a_ballot_from_a_schema_reads_its_own_field_and_asks_for_nothing_more() -> None:
    """The schema already says what is wanted."""
    found = ballot_from({"type": "object", "properties": {"risk": {"enum": ["low", "high"]}}})
    assert isinstance(found, Ballot)
    assert (read('{"risk": "High"}', found).label, instruct(found)) == ("high", "")


def test_the_wish_names_every_label_and_the_way_to_abstain() -> None:
    """A seat that cannot tell has a word for it."""
    assert instruct(YES_NO) == (
        'Answer with one JSON object and nothing else: {"choice": one of "yes", "no", or "abstain" if you cannot tell, '
        '"reason": one or two sentences}.'
    )


@pytest.mark.parametrize("text", ["[1]", "1", "null", "words", '{"a":1} more', "```\n```"])
def test_what_is_no_json_object_is_none(text: str) -> None:
    """Half an object, a list, or words around one are no reply to be read."""
    assert json_object(text) is None
