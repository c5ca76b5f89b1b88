"""No JSON value, no bytes and no split of them makes a codec raise, or say something else than the whole would."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outrider.data import Answer, Failure, Outcome
from outrider.rows import Dialect
from tests.wire.making import DIALECTS, make_target, read, recorded

PROVIDERS = ("acme", "deepseek", "gemini", "groq", "litellm", "mistral", "moonshot", "openrouter", "xai")
KEYS = st.sampled_from(
    [
        "choices", "message", "delta", "content", "text", "type", "error", "code", "message", "usage", "finish_reason",
        "prompt_tokens", "completion_tokens", "completion_tokens_details", "reasoning_tokens", "cached_tokens",
        "prompt_tokens_details", "index", "stop_reason", "done", "done_reason", "thinking", "reasoning", "x_groq",
        "input_tokens", "output_tokens", "content_block", "metadata", "raw", "details", "violations", "status",
        "detail", "messages", "role", "model", "id", "request_id", "refusal", "tool_calls", "total_tokens",
    ]
)  # fmt: skip
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 600),
    st.integers(),
    st.floats(),
    st.text(alphabet=st.characters(exclude_categories=()), max_size=6),
    st.sampled_from(
        ["text", "text_delta", "thinking_delta", "message_start", "message_delta", "message_stop", "error", "stop",
         "content_block_delta", "length", "<think>", "</think>", "refusal", "user", "insufficient_quota", "429"]
    ),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=25,
)
STATUSES = st.sampled_from([200, 201, 204, 302, 400, 401, 402, 403, 404, 413, 422, 429, 500, 529])
TARGETS = st.builds(make_target, st.sampled_from(DIALECTS), provider=st.sampled_from(PROVIDERS))
SETTINGS = settings(suppress_health_check=[HealthCheck.too_slow])
STREAMS = (
    "openai/answer.sse",
    "groq/answer.sse",
    "mistral/answer.sse",
    "localai/answer.sse",
    "openrouter/error_in_stream.sse",
    "anthropic/answer.sse",
    "anthropic/overloaded.sse",
    "ollama/answer.ndjson",
    "ollama/error.ndjson",
    "openai/answer.json",
    "ollama/answer.json",
    "gemini/rate_limit.json",
)


def pieces_of(body: bytes, cuts: list[int]) -> list[bytes]:
    """Cuts bytes at these places."""
    places = sorted({cut % (len(body) + 1) for cut in cuts})
    return [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]


def is_sane(outcome: Outcome) -> bool:
    """Tells whether an outcome can be booked and printed."""
    usage = outcome.usage
    shown = outcome.text if isinstance(outcome, Answer) else outcome.partial + outcome.message
    shown.encode()
    return min(usage.input, usage.output, usage.cached, usage.cache_write, usage.reasoning) >= 0


@SETTINGS
@given(st.one_of(VALUES, st.lists(VALUES, max_size=4)), TARGETS, STATUSES, st.booleans(), st.lists(st.integers(0, 999)))
def test_any_json_value_is_read(value: Any, target: Any, status: int, stream: bool, cuts: list[int]) -> None:  # noqa: FBT001
    """As a whole body, split anywhere: one outcome, the same."""
    body = json.dumps(value).encode()
    whole = read(body, target, status=status, stream=stream)
    assert is_sane(whole)
    assert read(pieces_of(body, cuts), target, status=status, stream=stream) == whole


@SETTINGS
@given(st.lists(st.one_of(VALUES, st.just("[DONE]")), max_size=5), TARGETS, st.lists(st.integers(0, 999)))
def test_any_events_are_read(values: list[Any], target: Any, cuts: list[int]) -> None:
    """As a stream, split anywhere: one outcome, the same."""
    lines = [value if value == "[DONE]" else json.dumps(value) for value in values]
    mark = "" if target.provider.dialect == "ollama" else "data: "
    body = "".join(f"{mark}{line}\n\n" for line in lines).encode()
    whole = read(body, target, stream=True)
    assert is_sane(whole)
    assert read(pieces_of(body, cuts), target, stream=True) == whole


@SETTINGS
@given(st.binary(max_size=200), TARGETS, STATUSES, st.booleans(), st.lists(st.integers(0, 999)))
def test_any_bytes_are_read(body: bytes, target: Any, status: int, stream: bool, cuts: list[int]) -> None:  # noqa: FBT001
    """Noise is a failure, never an exception."""
    whole = read(body, target, status=status, stream=stream)
    assert isinstance(whole, Failure)
    assert is_sane(whole)
    assert read(pieces_of(body, cuts), target, status=status, stream=stream) == whole


@SETTINGS
@given(st.sampled_from(STREAMS), st.lists(st.integers(0, 9999)), st.integers(0, 9999), st.binary(max_size=3))
def test_a_mutated_reply_is_read(path: str, cuts: list[int], at: int, noise: bytes) -> None:
    """Real replies with a few bytes changed or missing, in any pieces."""
    provider = path.partition("/")[0]
    dialects: dict[str, Dialect] = {"anthropic": "anthropic", "ollama": "ollama"}
    target = make_target(dialects.get(provider, "openai"), provider=provider)
    body = recorded(path)
    place = at % len(body)
    mutated = body[:place] + noise + body[place + len(noise) :]
    for one in (body, mutated, body[:place]):
        whole = read(one, target, stream=True)
        assert is_sane(whole)
        assert read(pieces_of(one, cuts), target, stream=True) == whole


@pytest.mark.parametrize("path", STREAMS)
def test_a_reply_may_come_byte_by_byte(path: str) -> None:
    """The slowest server says the same."""
    provider = path.partition("/")[0]
    dialects: dict[str, Dialect] = {"anthropic": "anthropic", "ollama": "ollama"}
    target = make_target(dialects.get(provider, "openai"), provider=provider)
    body = recorded(path)
    assert read([bytes([byte]) for byte in body], target, stream=True) == read(body, target, stream=True)
