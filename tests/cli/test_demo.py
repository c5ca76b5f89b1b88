"""`outrider demo`: everything it shows happens, and ends as it says."""

import json

import pytest

from outrider.doors.simulator import FINDING, said
from tests.cli.typing_it import Shell


def test_the_demo_shows_every_kind_of_run(typed: Shell, loopback: None) -> None:
    """A fallback, two refusals, a consensus with dissent, an escalation, a mended text, and the book at the end."""
    done = typed("demo")
    assert (done.code, done.out.count("[exit 0]"), done.out.count("[exit 5]")) == (0, 4, 2)
    for shown in (
        "agreed: 67% of 3 families", "dissent: demo.other: no: simulated", "left: agree: demo.third came to something",
        "accepted: demo.third accepted round 2", "demo.strong: 1 answer", "all as it should be",
    ):  # fmt: skip
        assert shown in done.out


@pytest.mark.parametrize("is_contrary", [False, True])
def test_the_simulated_provider_keeps_to_the_form(*, is_contrary: bool) -> None:
    """A vote is one of the labels, findings are what a verifier is asked for, and words say that they are simulated."""
    wish = 'Answer with one JSON object and nothing else: {"choice": one of "yes", "no, never", or "abstain" if …'
    vote = json.loads(said([{"role": "user", "content": wish}], is_contrary=is_contrary))
    assert vote["choice"] == ("no, never" if is_contrary else "yes")
    rule: dict[str, object] = {"role": "system", "content": "You look for faults in a text"}
    looked = json.loads(said([rule, {"role": "user", "content": "plain"}], is_contrary=is_contrary))
    assert looked == {"accepted": False, "findings": [FINDING]}
    assert "simulated" in said([{"role": "user", "content": "hello"}], is_contrary=is_contrary)
