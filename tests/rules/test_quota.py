"""The retry quota: a provider that is down is asked again a few times in all, one that is well now and then."""

from outrider.rules import quota


def repeats(purse: int, *, answers_between: int, calls: int) -> int:
    """Counts the repeats of so many failed calls with answers between them."""
    made = 0
    for _ in range(calls):
        if quota.allows(purse):
            made += 1
            purse = quota.after_repeat(purse)
        for _ in range(answers_between):
            purse = quota.after_answer(purse)
    return made


def test_a_full_purse_pays_five_repeats() -> None:
    """Ten tokens, one each, and only above five: after five there are none, however often it fails."""
    assert repeats(quota.FULL, answers_between=0, calls=1_000) == 5


def test_ten_answers_pay_one_repeat() -> None:
    """In the long run at most every tenth answer allows one, so a provider sees a tenth more and no amplifier."""
    assert repeats(quota.FULL, answers_between=1, calls=1_000) == 5 + 100
    assert repeats(quota.FULL, answers_between=10, calls=1_000) == 1_000


def test_a_purse_is_never_in_debt_and_never_fuller_than_full() -> None:
    """Repeats that leave at one moment leave nothing, and answers fill it to the brim only."""
    assert quota.after_repeat(quota.REPEAT - 1) == 0
    assert quota.after_answer(quota.FULL) == quota.FULL
