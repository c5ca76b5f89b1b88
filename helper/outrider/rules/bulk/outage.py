"""What follows when a document was not answered: whether it is the document, its provider, the budget, or a setting.

A document fails for a reason of its own. Where none would have been answered, none fails: it is asked again when the
provider is back. A document that fails while others are answered is one that its provider cannot answer.
"""

from outrider.data import Failure
from outrider.rules.bulk.nouns import Verdict

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 600.0
"""Seconds between two probes: about as long as the outage has lasted, and ten minutes at most."""
DOWN = frozenset({"server", "timeout", "network", "incomplete"})
"""What a provider that is down comes to."""
TO_MEND = frozenset({"auth", "quota", "tls", "redirect", "not_found"})
"""What stays until a person mends it: each further document would only fail the same way."""
THROTTLED = "rate_limit"
NEVER = float("inf")
"""How long a call would have to wait that our own limits gave no turn: it says nothing of the document."""
IN_A_ROW = 3
"""So many documents after another with nothing but the provider's faults are no chance."""
MOST_TRIES = 3
"""How often a document is asked at most that fails while others are answered."""


def verdict(failure: Failure, *, tries: int, in_a_row: int, answered: bool, others: bool) -> Verdict:
    """Says what follows from the failure of a document after every target of its chain was tried.

    `tries` is how often this document was asked, `in_a_row` how many ended with the provider's faults since its last
    answer, this one among them. `answered` says whether it answered anything in this process, `others` whether it
    answered one since this document failed first.
    """
    kind = failure.kind
    if kind == "budget":
        return "wall"
    if kind in {"interrupted", "storage"}:
        return "again"
    if kind not in DOWN and kind not in TO_MEND and kind != THROTTLED:
        return "kept"
    if kind == THROTTLED and failure.retry_after == NEVER:
        return "outage"
    if others and tries >= (2 if kind in TO_MEND else MOST_TRIES):
        return "kept"
    is_sure = not answered or in_a_row >= IN_A_ROW
    if kind in TO_MEND:
        return "halt" if is_sure else "again"
    return "outage" if is_sure or kind == THROTTLED or failure.certainty == "not_sent" else "again"


def pause(probes: int, *, asked: float | None = None) -> float:
    """Returns for how many seconds to leave a provider alone after so many probes in vain.

    `asked` is for how long it asked to be left alone itself.
    """
    own = min(FIRST_PAUSE * 2.0 ** min(probes, 30), LONGEST_PAUSE)
    return own if asked in {None, NEVER} else max(own, min(asked or 0.0, LONGEST_PAUSE))
