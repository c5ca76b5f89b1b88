"""Documents at a provider's own batch: never asked twice, never lost, booked at its price, whatever goes wrong."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from outrider.doors.pruning import prune_batches
from tests.doors.booking import rows
from tests.jobs.giving import Giving, orphaned, with_longest
from tests.servers.batches import BatchServer, Fate, Shape

ALL = [("done", f"TEXT {number}") for number in range(4)]
PENDING = [("pending", None)] * 4
BILLED = 100 * 500 + 10 * 5_000
"""What 100 tokens in and 10 out cost at half of 1 and 10 dollars a million, in nano-dollars."""


OTHERS = pytest.mark.process  # two shapes show it all; the other two run in the longer lane
SHAPES = [pytest.param(one, marks=OTHERS if one in ("google", "jobs") else ()) for one in get_args(Shape)]


@pytest.fixture(params=SHAPES)
def server(request: Any, loopback: None) -> Iterator[BatchServer]:
    """Runs a provider of batches of each shape."""
    with BatchServer(request.param) as running:
        yield running


@pytest.fixture
def plain(loopback: None) -> Iterator[BatchServer]:
    """Runs a provider of batches of the most common shape."""
    with BatchServer("openai") as running:
        yield running


def test_documents_are_handed_over_and_collected(home: Path, server: BatchServer) -> None:
    """Each is asked once and booked at the batch's price; the handle ends, and nothing is left reserved."""
    giving = Giving(home, server)
    assert giving.give().documents == 4
    assert giving.states() == [("submitted", None)] * 4
    assert giving.wait() == ()
    assert giving.states() == ALL
    assert giving.attempts() == [(f"d{number}", "answer", "exact", BILLED) for number in range(4)]
    assert giving.spent() == 4 * BILLED
    assert server.asked == [f"text {number}" for number in range(4)]


def test_the_worst_case_is_reserved_before_anything_leaves(home: Path, plain: BatchServer) -> None:
    """What a document may cost at most is booked when it is handed over, in doubt until it comes back."""
    giving = Giving(home, plain)
    giving.give()
    worst = 1_000 * 5_000
    assert [(outcome, certainty) for _, outcome, certainty, _ in giving.attempts()] == [("open", "in_doubt")] * 4
    assert all(worst <= cost < worst + 20_000 for *_, cost in giving.attempts())
    assert giving.spent() == sum(cost for *_, cost in giving.attempts())


def test_another_process_collects(home: Path, plain: BatchServer) -> None:
    """The book is all that it needs."""
    giving = Giving(home, plain)
    giving.give()
    assert giving.in_another_process().wait() == ()
    assert giving.states() == ALL


def test_results_may_come_in_any_order_and_twice(home: Path, plain: BatchServer) -> None:
    """They are told apart by their ids; a second answer changes nothing."""
    plain.spoil = lambda lines: [*reversed(lines), *lines]
    giving = Giving(home, plain)
    giving.give()
    giving.wait()
    assert (giving.states(), giving.spent()) == (ALL, 4 * BILLED)


def test_results_that_are_collected_again_change_nothing(home: Path, plain: BatchServer) -> None:
    """Two processes may collect the same batch."""
    giving = Giving(home, plain)
    giving.give()
    giving.wait()
    with giving.ledger.transaction() as connection:
        connection.execute("UPDATE provider_batches SET state = 'submitted'")
    giving.look()
    assert (giving.states(), giving.spent()) == (ALL, 4 * BILLED)


def test_a_batch_that_half_fails(home: Path, server: BatchServer) -> None:
    """A request that is at fault has failed; one that the provider failed at goes back; neither is billed."""
    fates: tuple[Fate, ...] = ("answered", "refused", "failed", "answered")
    server.fate = lambda number: fates[number]
    giving = Giving(home, server)
    giving.give()
    assert giving.wait() == ()
    assert giving.states() == [ALL[0], ("failed", "bad_request"), ("pending", None), ALL[3]]
    assert giving.spent() == 2 * BILLED


def test_a_batch_that_expires(home: Path, server: BatchServer) -> None:
    """What was answered stays; the rest is not billed, and goes back to be asked one by one."""
    server.ends_as = "expired"
    server.fate = lambda number: "answered" if number < 2 else "left"
    giving = Giving(home, server)
    giving.give()
    assert giving.wait() == ()
    assert giving.states() == ALL[:2] + PENDING[:2]
    assert giving.spent() == 2 * BILLED


def test_a_batch_that_is_refused_as_a_whole_gives_everything_back(home: Path, plain: BatchServer) -> None:
    """Nothing was worked on."""
    plain.ends_as = "failed"
    giving = Giving(home, plain)
    giving.give()
    assert giving.wait() == ()
    assert (giving.states(), giving.spent()) == (PENDING, 0)


def test_a_batch_that_vanishes_is_in_doubt(home: Path, plain: BatchServer) -> None:
    """It is not asked again and stays reserved, until it is found again."""
    giving = Giving(home, plain)
    giving.give()
    reserved = giving.spent()
    (path,) = {path for method, path in _after_status(giving, plain)}
    plain.gone.add(path)
    plain.polls = 99
    assert giving.look().state == "submitted"  # one that was made a moment ago may not be known everywhere yet
    giving.now += 121
    handle = giving.look()
    assert (handle.state, giving.states(), giving.spent()) == ("lost", [("submitted", None)] * 4, reserved)
    assert giving.wait() != ()
    plain.gone.clear()
    plain.polls = 0
    assert giving.look().state == "ended"
    assert giving.states() == ALL


def _after_status(giving: Giving, server: BatchServer) -> list[tuple[str, str]]:
    """Asks once how the batch is, while it works, and returns what that asked for."""
    server.polls = 99
    before = len(server.seen)
    giving.look()
    return server.seen[before:]


def test_results_that_break_off_are_fetched_again(home: Path, plain: BatchServer) -> None:
    """What came is kept; the rest comes later, and nothing is booked twice."""
    giving = Giving(home, plain)
    giving.give()
    plain.short = 40
    handle = giving.look()
    assert (handle.state, [state for state, _ in giving.states()]) == (
        "submitted", ["done", "done", "done", "submitted"],
    )  # fmt: skip
    plain.short = 0
    assert giving.wait() == ()
    assert (giving.states(), giving.spent()) == (ALL, 4 * BILLED)


def test_an_answer_that_is_missing_is_in_doubt(home: Path, plain: BatchServer) -> None:
    """The provider says that it answered: nobody asks again, and the handle says why it is still there."""
    plain.spoil = lambda lines: lines[:-1]
    giving = Giving(home, plain)
    giving.give()
    (handle,) = giving.wait()
    assert (handle.state, giving.states()) == ("lost", [*ALL[:3], ("submitted", None)])
    assert "not all there" in handle.message


HOSTILE = [
    b"\xff\xfe\x00garbage\n", b"{\n", b"null\n", b"[1, 2]\n", b"\n", b"{}\n", b'{"custom_id": 7}\n',
    b"[" * 200_000 + b"\n",
    b'{"custom_id": "h1-99", "response": {"status_code": 200, "body": {}}}\n',
    b'{"custom_id": "h1-99999999999999999999", "error": {"code": "x"}}\n', b'{"custom_id": "else-0", "result": {}}\n',
    b'{"custom_id": "h2-0", "error": {"code": "batch_expired"}, "result": {"type": "expired"}}\n',
    b'{"custom_id": "' + b"x" * (1 << 26) + b'"}\n',
]  # fmt: skip


def test_a_hostile_results_file_changes_nothing_that_it_is_not_about(home: Path, plain: BatchServer) -> None:
    """Bytes, broken lines, giants and ids that were never sent: the answers among them are read, the rest is not."""
    plain.spoil = lambda lines: [*HOSTILE, *lines]
    giving = Giving(home, plain)
    giving.give()
    giving.wait()
    assert (giving.states(), giving.spent()) == (ALL, 4 * BILLED)


def test_a_start_that_is_refused_for_now_is_tried_again(home: Path, plain: BatchServer) -> None:
    """A 429 starts nothing: the same documents are handed over once it is over."""
    plain.starts.extend([429, 429])
    giving = Giving(home, plain)
    assert giving.give().documents == 4
    assert giving.slept == [3.0, 3.0]
    giving.wait()
    assert (giving.states(), len(plain.batches)) == (ALL, 1)


def test_a_start_that_is_refused_gives_the_documents_back(home: Path, plain: BatchServer) -> None:
    """Nothing is reserved, and they can be asked one by one."""
    plain.starts.append(403)
    giving = Giving(home, plain)
    handed = giving.give()
    assert (handed.documents, handed.failure is not None and handed.failure.kind) == (0, "auth")
    assert (giving.states(), giving.spent()) == (PENDING, 0)


def test_a_start_without_an_answer_is_found_in_the_providers_list(home: Path, server: BatchServer) -> None:
    """It was taken: its batch is adopted, and nothing is handed over again."""
    server.starts.append("cut")
    giving = Giving(home, server)
    assert giving.give().documents == 0
    assert giving.states() == [("submitted", None)] * 4
    assert giving.in_another_process().wait() == ()
    assert (giving.states(), len(server.batches), giving.spent()) == (ALL, 1, 4 * BILLED)


def test_a_batch_that_may_be_anothers_is_never_stopped(home: Path, loopback: None) -> None:
    """Where nothing but size and hour says that it is ours, its answers are waited for, and tell."""
    with BatchServer("anthropic") as server:
        server.starts.append("cut")
        server.polls = 99
        giving = Giving(home, server)
        giving.give(fall_back_at=600.0, due=1_200.0)
        (handle,) = giving.wait()
        assert (handle.remote, handle.state, giving.states()) == ("batch_1", "submitted", [("submitted", None)] * 4)
        assert not any(path.endswith("/cancel") for _, path in server.seen)
        server.polls = 0
        assert giving.look().state == "ended"
        assert giving.states() == ALL


def test_a_batch_of_anothers_gives_no_answers(home: Path, loopback: None) -> None:
    """Its lines are of no request of ours, and what we handed over stays in doubt."""
    with BatchServer("anthropic") as server:
        server.starts.append("cut")
        giving = Giving(home, server)
        giving.give()
        (theirs,) = server.batches.values()
        theirs.requests = [(f"theirs-{number}", body) for number, (_, body) in enumerate(theirs.requests)]
        (handle,) = giving.wait()
        assert (handle.state, giving.states()) == ("lost", [("submitted", None)] * 4)


def test_pruned_runs_take_their_batches_along(home: Path, plain: BatchServer) -> None:
    """Nothing of them points to rows that others may get."""
    giving = Giving(home, plain)
    giving.give()
    giving.wait()
    giving.batch.end(output=None)
    assert prune_batches(giving.ledger, before=time.time() + 10_000) == 1
    tables = ("batches", "batch_documents", "provider_batches", "provider_batch_documents")
    assert [rows(giving.home, f"SELECT COUNT(*) FROM {table}") for table in tables] == [[(0,)]] * 4


def test_a_start_that_never_arrived_gives_the_documents_back_in_time(home: Path, server: BatchServer) -> None:
    """Only when the provider has had time to list it is it surely absent."""
    server.starts.append("lost")
    giving = Giving(home, server)
    giving.give()
    giving.look()
    assert giving.states() == [("submitted", None)] * 4
    giving.now += 121
    giving.look()
    assert (giving.states(), giving.spent(), server.batches) == (PENDING, 0, {})


def test_a_start_whose_list_cannot_be_read_stays_in_doubt(home: Path, plain: BatchServer) -> None:
    """Nobody can say that it is not there."""
    plain.starts.append("lost")
    giving = Giving(home, plain)
    giving.give()
    plain.gone.add("/v1/batches")
    giving.now += 10_000
    handle = giving.look()
    assert (handle.state, giving.states()) == ("creating", [("submitted", None)] * 4)
    assert "may have been taken" in handle.message


def test_a_process_that_died_before_the_start_handed_nothing_over(home: Path, plain: BatchServer) -> None:
    """What it had only meant to do is taken back."""
    giving = Giving(home, plain)
    giving.give()
    with giving.ledger.transaction() as connection:
        connection.execute("UPDATE provider_batches SET state = 'intended', remote = ''")
    orphaned(giving)
    assert giving.look().state == "ended"
    assert (giving.states(), giving.spent()) == (PENDING, 0)


def test_when_time_is_short_what_is_not_done_is_taken_back(home: Path, plain: BatchServer) -> None:
    """The batch is stopped first; only what it says that it did not do is asked one by one."""
    plain.polls = 99
    giving = Giving(home, plain)
    giving.give(fall_back_at=600.0)
    assert giving.wait() == ()
    assert (giving.states(), giving.spent()) == (PENDING, 0)
    assert any(path.endswith("/cancel") for _, path in plain.seen)
    assert 600 <= giving.now - plain.created < 700


def test_a_budget_holds_documents_back(home: Path, plain: BatchServer) -> None:
    """What it does not hold is not handed over, and every reservation is within it."""
    giving = Giving(home, plain, budget="0.0126")
    handed = giving.give()
    assert (handed.documents, handed.failure is not None and handed.failure.kind) == (2, "budget")
    assert giving.states() == [("submitted", None)] * 2 + PENDING[:2]
    assert giving.spent() <= 12_600_000


def test_a_budget_is_shared_out_evenly(home: Path, plain: BatchServer) -> None:
    """Each document gets a cap that its part of what is left buys, so that all of them fit."""
    giving = Giving(home, plain, documents=20, budget="1")
    giving.plain = with_longest(giving.plain, 100_000)
    assert giving.give(most=7).documents == 20
    caps = rows(giving.home, "SELECT MIN(cap), MAX(cap) FROM provider_batch_documents")[0]
    assert (9_900 <= caps[0] <= caps[1] <= 10_000, giving.spent() <= 1_000_000_000) == (True, True)


def test_a_document_that_was_answered_meanwhile_is_not_handed_over(home: Path, plain: BatchServer) -> None:
    """Only what waits to be asked is given away, as the book says it when it is."""
    giving = Giving(home, plain)
    papers = giving.papers()
    with giving.ledger.transaction() as connection:
        connection.execute("UPDATE batch_documents SET state = 'done', answer = 'x' WHERE position = 1")
    giving.papers = lambda: papers  # type: ignore[method-assign]
    assert giving.give().documents == 3
    giving.wait()
    assert giving.states() == [ALL[0], ("done", "x"), *ALL[2:]]
    assert plain.asked == ["text 0", "text 2", "text 3"]


def test_large_inputs_go_in_bounded_chunks(home: Path, plain: BatchServer) -> None:
    """Each chunk is a handle of its own."""
    giving = Giving(home, plain, documents=8)
    assert giving.give(most=3).handles == ("h1", "h2", "h3")
    giving.wait()
    assert [len(batch.requests) for batch in plain.batches.values()] == [3, 3, 2]
    assert [state for state, _ in giving.states()] == ["done"] * 8


def test_a_key_goes_nowhere_but_to_its_provider(home: Path, server: BatchServer) -> None:
    """Each shape carries it as its documents say, on every call."""
    giving = Giving(home, server)
    giving.give()
    giving.wait()
    names = {"anthropic": {"x-api-key"}, "google": {"authorization", "x-goog-api-key"}}
    carriers = {name for seen in server.headers for name, value in seen.items() if "sk-secret-of-here" in value}
    assert carriers == names.get(server.shape, {"authorization"})
    assert all("sk-secret-of-here" in str(seen) for seen in server.headers)
