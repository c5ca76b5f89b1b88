"""What may leave for a remote model, decided call by call."""

import json

import pytest

from outrider.data import Answer, Failure, Message, Request, Target, Tool, ToolCall, Usage
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


def with_tools(secret: str) -> Request:
    """Returns a conversation in which a secret stands in a call, in what was thought, and in a result."""
    call = ToolCall(id="c", name="find", arguments=json.dumps({"who": f'"{secret}"'}))
    return Request(messages=(
        Message(role="user", text="look"),
        Message(role="assistant", text="", tool_calls=(call,), reasoning=f"it may be {secret}"),
        Message(role="tool", text=f"found {secret}", call_id="c"),
    ))  # fmt: skip


def test_a_secret_is_hidden_in_calls_and_results_too() -> None:
    """Arguments stay JSON, one secret has one placeholder everywhere, and a call that names it gets it back."""
    secret = "sk-abcdefghijklmnopqrstuvwx"
    cleared = clear(with_tools(secret), FAR, secrets={}, redact=True)
    assert not isinstance(cleared, Failure)
    _, turn, result = cleared.request.messages
    assert (turn.reasoning, result.text) == ("it may be [HIDDEN-1]", "found [HIDDEN-1]")
    assert json.loads(turn.tool_calls[0].arguments) == {"who": '"[HIDDEN-1]"'}
    wish = ToolCall(id="d", name="find", arguments='{"who": "[HIDDEN-1]"}')
    answer = restored(
        Answer(text="", usage=Usage(), tool_calls=(wish,)), replace(cleared, table={"[HIDDEN-1]": 'a"b\n'})
    )
    assert json.loads(answer.tool_calls[0].arguments) == {"who": 'a"b\n'}


def places(secret: str) -> list[Request]:
    """Returns a request for each place of a tool conversation in which a key may stand."""
    asked = Message(role="user", text="look")
    call = ToolCall(id="c", name="find")
    turn = Message(role="assistant", text="", tool_calls=(call,))
    return [
        with_tools(secret),
        Request(messages=(asked, replace(turn, replay=({"thinking": [secret]},)))),
        Request(messages=(asked, replace(turn, tool_calls=(replace(call, extra={"sig": secret}),)))),
        Request(messages=(asked,), tools=(Tool(name="find", description=f"uses {secret}"),)),
        Request(messages=(asked,), tools=(Tool(name="find", schema={"default": secret}),)),
    ]


def test_a_known_key_is_found_wherever_tools_put_it() -> None:
    """In arguments, thoughts, results, opaque parts and definitions: nothing is sent."""
    key = "acme-key-1234567890"
    for request in places(key):
        found = clear(request, FAR, secrets={key: "ACME_KEY"}, redact=None)
        assert isinstance(found, Failure)
        assert (found.kind, found.certainty) == ("private", "not_sent")
    assert not isinstance(clear(places("harmless")[0], FAR, secrets={key: "ACME_KEY"}, redact=None), Failure)
