"""How many calls a provider gets at one time."""

from hypothesis import given
from hypothesis import strategies as st

from outrider.rules.bulk import pace


def after_all(start: pace.Pace, *ended: tuple[str | None, float]) -> pace.Pace:
    """Returns the pace after calls that ended so."""
    for kind, seconds in ended:
        start = pace.after(start, kind, seconds)
    return start


def test_a_refusal_halves_it_once_for_all_that_were_under_way() -> None:
    """Sixteen calls that are refused together are one refusal."""
    found = after_all(pace.begun(16), *[("rate_limit", 0.1)] * 16)
    assert found.calls == 8
    assert after_all(found, ("rate_limit", 0.1)).calls in {4, 8}


def test_it_goes_down_to_one_and_up_again() -> None:
    """No refusal stops it altogether, and answers bring it back to what was wished."""
    down = after_all(pace.begun(16), *[("timeout", 90.0)] * 200)
    assert down.calls == 1
    assert after_all(down, *[(None, 0.1)] * 400).calls == 16


def test_a_server_that_queues_is_given_less() -> None:
    """It refuses nothing; answers that take three times as long say it."""
    well = after_all(pace.begun(32), *[(None, 0.1)] * 64)
    assert well.calls == 32
    assert after_all(well, *[(None, 0.5)] * 32).calls < 32


def test_a_slow_hour_becomes_the_measure() -> None:
    """What stays slow is not slowed down for ever."""
    slow = after_all(pace.begun(8), *[(None, 0.1)] * 16, *[(None, 0.5)] * 2_000)
    assert slow.calls == 8


def test_other_failures_say_nothing_of_the_load() -> None:
    """A bad request or an answer that does not fit is the document's."""
    assert after_all(pace.begun(8), ("bad_request", 0.1), ("bad_response", 9.0), ("server", 0.1)).calls == 8


KINDS = st.sampled_from([None, "rate_limit", "timeout", "server", "bad_request"])


@given(st.integers(1, 300), st.lists(st.tuples(KINDS, st.floats(0, 1_000)), max_size=300))
def test_it_stays_between_one_and_what_was_wished(most: int, ended: list[tuple[str | None, float]]) -> None:
    """Whatever happens."""
    found = pace.begun(most)
    for kind, seconds in ended:
        found = pace.after(found, kind, seconds)
        assert 1 <= found.calls <= most
