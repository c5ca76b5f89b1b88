"""What a request may carry to a model, by the model's rules and its provider's row."""

from typing import Any

import pytest

from outrider.wire.parameters import apply_row, merge, read_cap_field, read_schema_mode
from tests.wire.making import make_request, make_target, warnings_of


def left_out(name: str, why: str) -> str:
    """Returns the sentence for a parameter that was left out."""
    return f"{name} was left out for acme.one: {why}"


@pytest.mark.parametrize(
    ("row", "given", "kept", "warnings"),
    [
        ({}, {"temperature": 0.2, "effort": "huge", "thinking": "off", "x": 1}, None, ()),
        ({"params": {"effort": "low", "seed": 1}}, {"seed": 2}, {"effort": "low", "seed": 2}, ()),
        ({"params": {"effort": "low"}}, {"effort": None}, {}, ()),
        (
            {"rules": {"sampling": False}},
            {"temperature": 0, "top_p": 1, "top_k": 3, "min_p": 0, "seed": 1},
            {"seed": 1},
            tuple(
                left_out(n, "the model takes no sampling parameters")
                for n in ("temperature", "top_p", "top_k", "min_p")
            ),
        ),
        (
            {"rules": {"sampling": False}, "params": {"frequency_penalty": 1, "presence_penalty": 1}},
            {},
            {},
            tuple(
                left_out(n, "the model takes no sampling parameters") for n in ("frequency_penalty", "presence_penalty")
            ),
        ),
        ({"rules": {"sampling": True}}, {"temperature": 1}, {"temperature": 1}, ()),
        ({"rules": {"efforts": ["low", "high"]}}, {"effort": "HIGH"}, {"effort": "high"}, ()),
        (
            {"rules": {"efforts": ["low", "high"]}},
            {"effort": "max"},
            {},
            (left_out("effort", "the model accepts low, high"),),
        ),
        ({"rules": {"efforts": []}}, {"effort": "low"}, {}, (left_out("effort", "the model has no effort levels"),)),
        (
            {"rules": {"thinking": "never"}},
            {"effort": "low", "thinking": "on"},
            {},
            (
                left_out("effort", "the model has no effort levels"),
                left_out("thinking", "the model does not think"),
            ),
        ),
        ({"rules": {"thinking": "never"}}, {"thinking": "off"}, {}, ()),
        ({"rules": {"thinking": "always"}}, {"thinking": True}, {}, ()),
        (
            {"rules": {"thinking": "always"}},
            {"thinking": "off"},
            {},
            (left_out("thinking", "the model always thinks"),),
        ),
        ({"rules": {"thinking": "optional"}}, {"thinking": False}, {"thinking": "off"}, ()),
        (
            {"rules": {"thinking": "adaptive"}},
            {"thinking": True, "effort": "low"},
            {"thinking": "on", "effort": "low"},
            (),
        ),
        ({"params": 3, "rules": 4}, {"seed": 1}, {"seed": 1}, ()),
    ],
)
def test_rules_decide_what_is_kept(
    row: dict[str, Any], given: dict[str, Any], kept: dict[str, Any] | None, warnings: tuple[str, ...]
) -> None:
    """Defaults first, the request over them, the rules over both; each loss is told."""
    assert merge(given, make_target(model=row)) == (given if kept is None else kept, warnings)


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens", "max_output_tokens", "num_predict"])
def test_no_parameter_lifts_the_reserved_limit(name: str) -> None:
    """The cap that is sent is the cap that was reserved."""
    told = (left_out(name, "the output limit is set by --max-output"),)
    assert warnings_of(make_request(params={name: 10**9}), make_target()) == told


@pytest.mark.parametrize("name", ["model", "messages", "stream", "stream_options", "system", "n", "best_of"])
def test_no_parameter_replaces_what_the_codec_sets(name: str) -> None:
    """Nor may it ask for a second answer, which would be billed."""
    assert warnings_of(make_request(params={name: 2}), make_target()) == (
        left_out(name, "it is not for a parameter to set"),
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_left_out(value: float) -> None:
    """JSON has no word for it."""
    assert merge({"temperature": value}, make_target()) == ({}, (left_out("temperature", "it is not a finite number"),))


@pytest.mark.parametrize(
    ("model", "provider", "field"),
    [
        ({}, {}, "max_tokens"),
        ({}, {"cap_field": "max_completion_tokens"}, "max_completion_tokens"),
        ({"rules": {"cap_field": "max_tokens"}}, {"cap_field": "max_completion_tokens"}, "max_tokens"),
    ],
)
def test_the_cap_field_is_the_models_then_the_providers(
    model: dict[str, Any], provider: dict[str, Any], field: str
) -> None:
    """Else the oldest name of it."""
    assert read_cap_field(make_target(row=provider, model=model)) == field


@pytest.mark.parametrize(
    ("abilities", "model", "provider", "mode"),
    [
        ((), {}, {}, "schema"),
        ((), {"id": "x"}, {}, "instruction"),
        (("json",), {"id": "x"}, {}, "schema"),
        (("json",), {"id": "x"}, {"json": "object"}, "object"),
        (("json",), {"id": "x"}, {"json": "none"}, "instruction"),
        ((), {"id": "x"}, {"json": "object"}, "instruction"),
    ],
)
def test_a_schema_is_enforced_where_model_and_provider_can(
    abilities: tuple[str, ...], model: dict[str, Any], provider: dict[str, Any], mode: str
) -> None:
    """A model without a row is believed to be able."""
    assert read_schema_mode(make_target(row=provider, model=model, abilities=abilities)) == mode


def test_the_row_drops_renames_and_adds_last() -> None:
    """In that order; what is there already is never overwritten, objects are merged, and a loss is told."""
    row = {
        "drop": ["seed", "absent", "stream_options"],
        "rename": {"stop": "stop_words", "missing": "x"},
        "add": {"store": False, "extra": {"a": 1, "b": 2}, "kept": 3},
    }
    body = {"seed": 1, "stream_options": {}, "stop": "x", "extra": {"b": 5}, "kept": 4}
    provider = make_target(row=row).provider
    assert apply_row(body, provider, given={"seed": 1, "stop": "x"}) == (
        {"extra": {"a": 1, "b": 5}, "kept": 4, "stop_words": "x", "store": False},
        ("seed was left out: acme does not take it",),
    )
    assert body["seed"] == 1
