"""What may leave for a remote model, decided call by call."""

import pytest

from outrider.data import Answer, Failure, Message, Request, Target, Usage
from outrider.records import replace
from outrider.rows import Model, Provider
from outrider.rules.outgoing import WARNING, clear, restored

KEY = "sk-live-abcdefghijklmnopqrst"
SECRETS = {KEY: "SOME_KEY"}
FAR = Target(
    model=Model(name="far.m", provider="far", id="m"), provider=Provider(name="far", dialect="openai"), wire_id="m"
)  # fmt: skip


def saying(text: str) -> Request:
    """Returns a request."""
    return Request(messages=(Message(role="system", text="be brief"), Message(role="user", text=text)))


@pytest.mark.parametrize(
    "request_",
    [
        saying(f"x{KEY}y"), replace(saying("x"), schema={"enum": [KEY]}), replace(saying("x"), schema={KEY: {}}),
        replace(saying("x"), params={"user": {"a": [KEY]}}),
        replace(saying("x"), messages=(Message(role="assistant", text=KEY), Message(role="user", text="x"))),
    ],
)  # fmt: skip
@pytest.mark.parametrize("redact", [None, True])
def test_a_known_key_is_refused_wherever_it_stands(request_: Request, redact: bool | None) -> None:  # noqa: FBT001
    """In any turn, in the schema, in a parameter; the failure names the variable and was not sent."""
    found = clear(request_, FAR, secrets=SECRETS, redact=redact)
    assert found == Failure(
        kind="private", certainty="not_sent", message="the prompt holds the value of SOME_KEY; nothing was sent"
    )


def test_a_local_model_may_have_it_all() -> None:
    """Nothing is refused, hidden or warned of for what stays here."""
    found = clear(saying(KEY), replace(FAR, local=True), secrets=SECRETS, redact=True)
    assert not isinstance(found, Failure)
    assert (found.request, dict(found.table), found.warnings) == (saying(KEY), {}, ())


def test_the_shape_of_a_key_warns_or_is_hidden() -> None:
    """Without redaction a warning, with it a placeholder that the answer gives back."""
    plain = clear(saying(f"{KEY}!"), FAR, secrets={}, redact=None)
    assert not isinstance(plain, Failure)
    assert plain.warnings == (WARNING,)
    hidden = clear(saying(f"{KEY}!"), FAR, secrets={}, redact=True)
    assert not isinstance(hidden, Failure)
    assert hidden.request == saying("[HIDDEN-1]!")
    answer = Answer(text="so [HIDDEN-1]", usage=Usage(), reasoning="[HIDDEN-1]?")
    assert restored(answer, hidden) == Answer(text=f"so {KEY}", usage=Usage(), reasoning=f"{KEY}?")
