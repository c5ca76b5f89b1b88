"""What a failure says of the document, of its provider, of the budget."""

from typing import NamedTuple

import pytest

from outrider.data import Certainty, Failure, FailureKind
from outrider.rules.bulk.nouns import Verdict
from outrider.rules.bulk.outage import pause, verdict


class Seen(NamedTuple):
    """What was seen of a document and its provider before."""

    tries: int
    in_a_row: int
    answered: bool
    others: bool


@pytest.mark.parametrize(
    ("kind", "certainty", "seen", "expected"),
    [
        # Nobody was answered yet: it is the provider.
        ("server", "exact", Seen(1, 1, False, False), "outage"),
        ("network", "not_sent", Seen(1, 1, False, False), "outage"),
        ("auth", "exact", Seen(1, 1, False, False), "halt"),
        ("not_found", "exact", Seen(1, 1, False, False), "halt"),
        # One failure among answers is asked again; three in a row are an outage.
        ("server", "exact", Seen(1, 1, True, False), "again"),
        ("timeout", "in_doubt", Seen(1, 2, True, False), "again"),
        ("server", "exact", Seen(1, 3, True, False), "outage"),
        ("network", "not_sent", Seen(1, 1, True, False), "outage"),
        ("quota", "exact", Seen(1, 1, True, False), "again"),
        ("quota", "exact", Seen(1, 3, True, False), "halt"),
        # Others are answered, and this one never is: it is the document.
        ("server", "exact", Seen(3, 1, True, True), "kept"),
        ("server", "exact", Seen(2, 1, True, True), "again"),
        ("not_found", "exact", Seen(2, 1, True, True), "kept"),
        ("rate_limit", "exact", Seen(1, 1, True, False), "outage"),
        ("rate_limit", "exact", Seen(3, 1, True, True), "kept"),
        # The document's own.
        ("context", "exact", Seen(1, 1, False, False), "kept"),
        ("bad_request", "exact", Seen(1, 1, False, False), "kept"),
        ("content_filter", "exact", Seen(1, 1, True, True), "kept"),
        ("bad_response", "exact", Seen(1, 1, False, False), "kept"),
        ("private", "not_sent", Seen(1, 1, False, False), "kept"),
        # Neither.
        ("budget", "not_sent", Seen(1, 1, True, True), "wall"),
        ("interrupted", "in_doubt", Seen(1, 1, True, True), "again"),
    ],
)
def test_what_follows(kind: FailureKind, certainty: Certainty, seen: Seen, expected: Verdict) -> None:
    """Each case has one right end."""
    assert verdict(Failure(kind=kind, message="", certainty=certainty), **seen._asdict()) == expected


@pytest.mark.parametrize(
    ("probes", "asked", "expected"),
    [(0, None, 1), (3, None, 8), (30, None, 600), (10**9, None, 600), (0, 40.0, 40), (5, 1.0, 32),
     (0, float("inf"), 600)],
)  # fmt: skip
def test_pauses_double_up_to_ten_minutes(probes: int, asked: float | None, expected: float) -> None:
    """What the provider asks for counts where it is longer."""
    assert pause(probes, asked=asked) == expected
