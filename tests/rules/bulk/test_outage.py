"""What a failure says of the document, of its provider, of the budget."""

import pytest

from outrider.data import Certainty, Failure, FailureKind
from outrider.rules.bulk.nouns import Verdict
from outrider.rules.bulk.outage import pause, verdict


@pytest.mark.parametrize(
    ("kind", "certainty", "seen", "expected"),
    [
        # Nobody was answered yet: it is the provider.
        ("server", "exact", (1, 1, "nobody"), "outage"),
        ("network", "not_sent", (1, 1, "nobody"), "outage"),
        ("auth", "exact", (1, 1, "nobody"), "halt"),
        ("not_found", "exact", (1, 1, "nobody"), "halt"),
        # One failure among answers is asked again; three in a row are an outage.
        ("server", "exact", (1, 1, "before"), "again"),
        ("timeout", "in_doubt", (1, 2, "before"), "again"),
        ("server", "exact", (1, 3, "before"), "outage"),
        ("network", "not_sent", (1, 1, "before"), "outage"),
        ("quota", "exact", (1, 1, "before"), "again"),
        ("quota", "exact", (1, 3, "before"), "halt"),
        # Others are answered, and this one never is: it is the document.
        ("server", "exact", (3, 1, "others"), "kept"),
        ("server", "exact", (2, 1, "others"), "again"),
        ("not_found", "exact", (2, 1, "others"), "kept"),
        ("rate_limit", "exact", (1, 1, "before"), "outage"),
        ("rate_limit", "exact", (3, 1, "others"), "kept"),
        # The document's own.
        ("context", "exact", (1, 1, "nobody"), "kept"),
        ("bad_request", "exact", (1, 1, "nobody"), "kept"),
        ("content_filter", "exact", (1, 1, "others"), "kept"),
        ("bad_response", "exact", (1, 1, "nobody"), "kept"),
        ("private", "not_sent", (1, 1, "nobody"), "kept"),
        # Neither.
        ("budget", "not_sent", (1, 1, "others"), "wall"),
        ("interrupted", "in_doubt", (1, 1, "others"), "again"),
    ],
)
def test_what_follows(kind: FailureKind, certainty: Certainty, seen: tuple[int, int, str], expected: Verdict) -> None:
    """Each case has one right end: `seen` are the tries, the failures in a row, and who was answered."""
    tries, in_a_row, who = seen
    failure = Failure(kind=kind, message="", certainty=certainty)
    found = verdict(failure, tries=tries, in_a_row=in_a_row, answered=who != "nobody", others=who == "others")
    assert found == expected


@pytest.mark.parametrize(
    ("probes", "asked", "expected"),
    [(0, None, 1), (3, None, 8), (30, None, 600), (10**9, None, 600), (0, 40.0, 40), (5, 1.0, 32),
     (0, float("inf"), 1), (2, 1e9, 600)],
)  # fmt: skip
def test_pauses_double_up_to_ten_minutes(probes: int, asked: float | None, expected: float) -> None:
    """What the provider asks for counts where it is longer."""
    assert pause(probes, asked=asked) == expected


def test_our_own_limits_say_nothing_of_a_document() -> None:
    """However often it got no turn, it is asked again."""
    failure = Failure(kind="rate_limit", message="", certainty="not_sent", retry_after=float("inf"))
    assert verdict(failure, tries=99, in_a_row=1, answered=True, others=True) == "outage"
