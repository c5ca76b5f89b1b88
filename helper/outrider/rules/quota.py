"""How many times a provider may be asked again: a purse of tokens that repeats empty and answers fill.

One bad minute is worth a repeat, an hour of them is not, and a provider that is down sees the sum over all processes.
So the purse is a row in the ledger, one for each provider. Going on to another target costs nothing.
"""

TENTHS = 10
"""The purse is counted in tenths of a token, so that no sum is inexact."""
FULL = 10 * TENTHS
REPEAT = 1 * TENTHS
"""What one more call to the same target takes."""
ANSWER = 1
"""What an answer gives back."""
LEAST = 5 * TENTHS
"""Only above this are repeats allowed."""


def allows(purse: int) -> bool:
    """Whether the same target may be asked once more."""
    return purse > LEAST


def after_repeat(purse: int) -> int:
    """Returns what a repeat leaves; processes that leave at one moment cannot make it a debt."""
    return max(purse - REPEAT, 0)


def after_answer(purse: int) -> int:
    """Returns what an answer fills it to."""
    return min(purse + ANSWER, FULL)
