"""The journal of batches: what is known of a document, whatever the input does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from outrider.doors import batch_rows
from outrider.doors.batch_journal import Batch, Busy, Journal
from outrider.doors.batch_rows import Admitted, Changed
from outrider.doors.ledger import Ledger
from outrider.rules.bulk.nouns import BAD_INPUT, Document
from tests.doors.booking import places_at


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Gives a journal in an empty home."""
    places = places_at(tmp_path / "ours")
    made = Journal(Ledger(places), places)
    yield made
    made.ledger.close()


@pytest.fixture
def batch(journal: Journal) -> Iterator[Batch]:
    """Gives a run that has just begun."""
    made = begun(journal)
    yield made
    made.close()


def begun(journal: Journal) -> Batch:
    """Begins a run, or goes on with it."""
    return journal.open("run-1", run="r1", source="in.jsonl", settings={"-m": "a"})


def a_document(position: int, key: str | int | None = None, *, digest: str = "x", fault: str = "") -> Document:
    """Returns a document of the input."""
    return Document(
        position=position, id=key, prompt="p", digest="" if fault else digest, fault=fault, line=position + 1
    )


def states(batch: Batch, *documents: Document) -> list[tuple[str | int | None, str, str | None]]:
    """Admits documents and returns what is known of each."""
    return [(one.document.id, one.state, one.kind) for one in batch.admit(documents)]


def answer(batch: Batch, position: int, text: str = "yes") -> None:
    """Commits an answer."""
    with batch._ledger.transaction() as connection:
        batch_rows.done(connection, batch.id, position, answer=text, model="here.one", cost_nano=5)


def test_documents_are_pending_until_they_are_answered(journal: Journal, batch: Batch) -> None:
    """A second sitting finds what the first has left."""
    first, second, third = a_document(0, "a"), a_document(1, 7), a_document(2, "7")
    assert states(batch, first, second, third) == [("a", "pending", None), (7, "pending", None), ("7", "pending", None)]
    answer(batch, 1)
    batch.close()
    again = begun(journal)
    assert states(again, first, second, third) == [("a", "pending", None), (7, "done", None), ("7", "pending", None)]
    assert again.counts() == {"pending": 2, "done": 1}
    assert [(kept.id, kept.answer, kept.cost_nano) for kept in again.results()] == [(7, "yes", 5)]
    again.close()


def test_one_process_works_on_a_run(journal: Journal, batch: Batch) -> None:
    """The second hears who does, and may begin when the first is gone."""
    with pytest.raises(Busy) as caught:
        begun(journal)
    assert caught.value.exit_code == 6
    batch.close()
    begun(journal).close()


def test_a_changed_prompt_under_an_answered_id_is_an_error(journal: Journal, batch: Batch) -> None:
    """It names the id, and nothing of the chunk is entered; what is not answered yet may still change."""
    batch.admit([a_document(0, "a"), a_document(1, "b")])
    answer(batch, 0)
    batch.close()
    again = begun(journal)
    with pytest.raises(Changed, match="`a`"):
        again.admit([a_document(0, "a", digest="y"), a_document(1, "b")])
    again.close()
    again = begun(journal)
    assert states(again, a_document(0, "a"), a_document(1, "b", digest="y")) == [
        ("a", "done", None), ("b", "pending", None),
    ]  # fmt: skip
    again.close()


def test_the_second_of_an_id_is_a_failure(batch: Batch) -> None:
    """The first keeps the id, wherever the second stands."""
    found = batch.admit([a_document(0, "a"), a_document(1, "b"), a_document(2, "a")])
    assert [one.state for one in found] == ["pending", "pending", "failed"]
    assert found[2] == Admitted(
        document=Document(
            position=2, id=None, prompt="p", digest="x", line=3, fault="line 3 has the id `a` of an earlier one"
        ),
        state="failed", kind=BAD_INPUT,
    )  # fmt: skip
    assert batch.failures() == {BAD_INPUT: 1}


def test_a_document_is_known_wherever_it_stands(journal: Journal, batch: Batch) -> None:
    """Lines may be put before, taken out and put in another order: answers stay with their ids."""
    batch.admit([a_document(0, "a"), a_document(1, "b"), a_document(2, "c"), a_document(3, None, fault="no id")])
    for position, text in ((0, "A"), (1, "B"), (2, "C")):
        answer(batch, position, text)
    batch.close()
    again = begun(journal)
    moved = [a_document(0, "new"), a_document(1, "c"), a_document(2, "a")]
    assert states(again, *moved) == [("new", "pending", None), ("c", "done", None), ("a", "done", None)]
    again.seal(3)
    assert [(kept.position, kept.answer) for kept in again.results()] == [(1, "C"), (2, "A")]
    assert again.counts() == {"pending": 1, "done": 2}
    again.close()
    back = begun(journal)
    assert states(back, a_document(0, "b"), a_document(1, "c")) == [("b", "done", None), ("c", "done", None)]
    back.close()


def test_a_line_that_is_mended_is_asked(journal: Journal, batch: Batch) -> None:
    """What could not be read, or lacked a field, is a document when it can."""
    batch.admit([a_document(0, None, fault="line 1 is not JSON"), a_document(1, "b", fault="line 2 has no field")])
    assert batch.failures() == {BAD_INPUT: 2}
    batch.close()
    again = begun(journal)
    assert states(again, a_document(0, "a"), a_document(1, "b")) == [("a", "pending", None), ("b", "pending", None)]
    assert again.failures() == {}
    again.close()


def test_answers_come_in_the_order_of_their_ends(batch: Batch) -> None:
    """Where that is wished."""
    batch.admit([a_document(position, f"d{position}") for position in range(3)])
    for position in (2, 0, 1):
        answer(batch, position)
    assert [kept.id for kept in batch.results(completed=True)] == ["d2", "d0", "d1"]
    assert [kept.id for kept in batch.results(below=2)] == ["d0", "d1"]


def test_a_failure_is_kept_until_it_is_answered(journal: Journal, batch: Batch) -> None:
    """Its class and what it cost; an answer takes its place, and no failure an answer's."""
    batch.admit([a_document(0, "a")])
    with journal.ledger.transaction() as connection:
        batch_rows.add_cost(connection, batch.id, 0, cost_nano=3)
        batch_rows.failed(connection, batch.id, 0, kind="server", message="down")
    assert states(batch, a_document(0, "a")) == [("a", "failed", "server")]
    assert [(kept.kind, kept.message, kept.cost_nano) for kept in batch.failed(limit=9)] == [("server", "down", 3)]
    answer(batch, 0)
    with journal.ledger.transaction() as connection:
        assert not batch_rows.failed(connection, batch.id, 0, kind="server", message="late")
        assert not batch_rows.done(connection, batch.id, 0, answer="two", model="m", cost_nano=1)
    assert [(kept.answer, kept.kind, kept.cost_nano) for kept in batch.results()] == [("yes", None, 8)]


def test_half_a_letter_is_no_reason_to_lose_an_answer(batch: Batch) -> None:
    """SQLite takes no lone surrogates; an answer may hold one."""
    batch.admit([a_document(0, "\ud800")])
    answer(batch, 0, "a\ud800b")
    assert [(kept.id, kept.answer) for kept in batch.results()] == [("\ud800", "a?b")]


def test_a_run_that_has_ended_is_no_unfinished_one(journal: Journal, batch: Batch) -> None:
    """It is begun, ended, and begun again when there is more to ask."""
    assert [row["name"] for row in journal.unfinished()] == ["run-1"]
    batch.end(output="mark")
    assert (journal.unfinished(), journal.find("run-1")["output"]) == ((), "mark")  # type: ignore[index]
