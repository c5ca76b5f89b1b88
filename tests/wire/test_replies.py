"""Replies in the shape that each provider documents, and exactly what is made of them."""

from typing import Any

import pytest

from outrider.data import Answer, Failure, Usage
from tests.wire.making import read_recorded

THOUGHT = "Capital of France."
ANSWERS: dict[str, dict[str, Any]] = {
    "openai/answer.json": {
        "usage": Usage(input=1306, output=87, cached=1024, cache_write=128, reasoning=64, known=True),
        "served_by": "gpt-6.1-sol-2026-10-14",
    },
    "openai/answer.sse": {
        "usage": Usage(input=1306, output=87, cached=1024, cache_write=128, reasoning=64, known=True),
        "served_by": "gpt-6.1-sol-2026-10-14",
    },
    "anthropic/answer.json": {
        "usage": Usage(input=7012, output=90, cached=5000, cache_write=2000, reasoning=70, known=True),
        "served_by": "claude-opus-5-5",
        "reasoning": THOUGHT,
        "request_id": "msg_01",
    },
    "anthropic/answer.sse": {
        "usage": Usage(input=7012, output=90, cached=5000, cache_write=2000, reasoning=70, known=True),
        "served_by": "claude-opus-5-5",
        "reasoning": THOUGHT,
        "request_id": "msg_01",
    },
    "ollama/answer.json": {
        "usage": Usage(input=26, output=282, known=True),
        "served_by": "qwen3.8:27b",
        "reasoning": THOUGHT,
        "request_id": "",
    },
    "ollama/answer.ndjson": {
        "usage": Usage(input=26, output=282, known=True),
        "served_by": "qwen3.8:27b",
        "reasoning": THOUGHT,
        "request_id": "",
    },
    "deepseek/answer.json": {
        "usage": Usage(input=320, output=180, cached=256, reasoning=150, known=True),
        "served_by": "deepseek-flash",
        "reasoning": THOUGHT,
    },
    "deepseek/answer.sse": {
        "usage": Usage(input=320, output=180, cached=256, reasoning=150, known=True),
        "served_by": "deepseek-flash",
        "reasoning": THOUGHT,
    },
    "moonshot/answer.json": {
        "usage": Usage(input=100, output=50, cached=64, known=True),
        "served_by": "kimi-k3.1-pro",
        "reasoning": THOUGHT,
    },
    "moonshot/answer.sse": {
        "usage": Usage(input=100, output=50, cached=64, known=True),
        "served_by": "kimi-k3.1-pro",
        "reasoning": THOUGHT,
    },
    "groq/answer.json": {
        "usage": Usage(input=18, output=30, known=True),
        "served_by": "openai/gpt-oss-120b",
        "reasoning": THOUGHT,
    },
    "groq/answer.sse": {
        "usage": Usage(input=18, output=30, known=True),
        "served_by": "openai/gpt-oss-120b",
        "reasoning": THOUGHT,
    },
    "xai/answer.json": {
        "usage": Usage(input=37, output=475, cached=8, reasoning=470, known=True),
        "served_by": "grok-4.7",
        "reasoning": THOUGHT,
    },
    "xai/answer.sse": {
        "usage": Usage(input=37, output=475, cached=8, reasoning=470, known=True),
        "served_by": "grok-4.7",
        "reasoning": THOUGHT,
    },
    "mistral/answer.json": {
        "usage": Usage(input=20, output=80, known=True),
        "served_by": "magistral-medium-2509",
        "reasoning": THOUGHT,
    },
    "mistral/answer.sse": {
        "usage": Usage(input=20, output=80, known=True),
        "served_by": "magistral-medium-2509",
        "reasoning": THOUGHT,
    },
    "openrouter/answer.json": {
        "usage": Usage(input=14, output=40, cached=4, cache_write=2, reasoning=30, known=True),
        "served_by": "anthropic/claude-sonnet-5.5",
        "reasoning": THOUGHT,
    },
    "openrouter/answer.sse": {
        "usage": Usage(input=14, output=40, cached=4, cache_write=2, reasoning=30, known=True),
        "served_by": "anthropic/claude-sonnet-5.5",
        "reasoning": THOUGHT,
    },
    "gemini/answer.json": {
        "usage": Usage(input=10, output=103, reasoning=100, known=True),
        "served_by": "gemini-3.8-flash",
        "reasoning": f"\n{THOUGHT}\n",
    },
    "gemini/answer.sse": {
        "usage": Usage(input=10, output=103, reasoning=100, known=True),
        "served_by": "gemini-3.8-flash",
    },
    "together/answer.json": {
        "usage": Usage(input=9, output=20, known=True),
        "served_by": "Qwen/Qwen3.8-27B",
        "reasoning": f"\n{THOUGHT}\n",
    },
    "litellm/answer.json": {"usage": Usage(input=8, output=2, known=True), "served_by": "gpt-6-luna"},
    "vllm/answer.json": {
        "usage": Usage(input=12, output=30, known=True),
        "served_by": "Qwen/Qwen3.8-27B",
        "reasoning": THOUGHT,
        "text": "\n\nParis.",
    },
    "localai/answer.sse": {"served_by": "qwen3", "reasoning": THOUGHT, "usage": Usage()},
}
SPOKEN: dict[str, dict[str, Any]] = {
    "openai/refusal.json": {
        "kind": "content_filter",
        "message": "the provider's content filter stopped the answer",
        "usage": Usage(input=9, output=8, known=True),
    },
    "openai/length_without_text.json": {
        "kind": "truncated",
        "message": "the output limit was reached before any text",
        "usage": Usage(input=9, output=512, reasoning=512, known=True),
    },
    "anthropic/refusal.json": {
        "kind": "content_filter",
        "message": "the provider's content filter stopped the answer",
        "usage": Usage(input=20, known=True),
        "request_id": "msg_02",
    },
    "anthropic/cut.sse": {
        "kind": "incomplete",
        "message": "the stream ended before the answer did",
        "usage": Usage(input=7012, output=1, cached=5000, cache_write=2000),
        "partial": "Paris.",
        "certainty": "in_doubt",
        "request_id": "msg_01",
    },
    "anthropic/overloaded.sse": {
        "kind": "incomplete",
        "message": "Overloaded",
        "status": None,
        "usage": Usage(input=7012, output=1, cached=5000, cache_write=2000),
        "partial": "Par",
        "certainty": "in_doubt",
        "request_id": "msg_01",
    },
    "ollama/error.ndjson": {
        "kind": "incomplete",
        "message": "an error was encountered while running the model: CUDA error: out of memory",
        "status": None,
        "partial": "Par",
        "certainty": "in_doubt",
        "request_id": "",
    },
    "deepseek/resource.json": {
        "kind": "server",
        "message": "the provider failed while it was answering",
        "usage": Usage(input=1, output=1, known=True),
        "partial": "Par",
    },
    "openrouter/error_in_body.json": {
        "kind": "rate_limit",
        "message": "Provider returned error: model is temporarily rate-limited upstream",
        "status": 429,
        "request_id": "",
    },
    "openrouter/error_in_stream.sse": {
        "kind": "incomplete",
        "message": "Provider disconnected",
        "status": 502,
        "partial": "Par",
        "certainty": "in_doubt",
    },
    "openrouter/finish_error.json": {
        "kind": "server",
        "message": "the provider failed while it was answering",
        "usage": Usage(input=3, output=1, known=True),
        "partial": "Par",
    },
    "gemini/error_in_stream.sse": {
        "kind": "rate_limit",
        "message": "Resource exhausted",
        "status": 429,
        "partial": "Par",
        "certainty": "in_doubt",
    },
    "vllm/error_in_stream.sse": {
        "kind": "incomplete",
        "message": "EngineCore encountered an issue",
        "status": 500,
        "partial": "Par",
        "certainty": "in_doubt",
    },
}
REFUSED = (
    ("openai/quota.json", 429, "quota", "You exceeded your current quota, please check your plan and billing details."),
    ("openai/rate_limit.json", 429, "rate_limit", None),
    ("openai/context.json", 400, "context", None),
    ("openai/not_found.json", 404, "not_found", None),
    ("openai/not_found.json", 403, "not_found", None),
    ("openai/auth.json", 401, "auth", None),
    ("openai/unsupported.json", 400, "bad_request", None),
    ("anthropic/rate_limit.json", 429, "quota", None),
    ("anthropic/spend_limit.json", 400, "quota", None),
    ("anthropic/credit.json", 400, "quota", None),
    ("anthropic/context.json", 400, "context", "prompt is too long: 1200000 tokens > 1000000 maximum"),
    ("anthropic/too_large.json", 413, "context", None),
    ("anthropic/not_found.json", 404, "not_found", "model: claude-3-opus"),
    ("anthropic/overloaded.json", 529, "server", "Overloaded"),
    ("anthropic/auth.json", 401, "auth", "invalid x-api-key"),
    ("ollama/not_found.json", 404, "not_found", "model 'llama3' not found"),
    ("deepseek/balance.json", 402, "quota", "Insufficient Balance"),
    ("deepseek/not_found.json", 400, "not_found", "Model Not Exist"),
    ("moonshot/quota.json", 429, "quota", None),
    ("moonshot/balance.json", 403, "quota", None),
    ("moonshot/context.json", 400, "context", None),
    ("moonshot/overloaded.json", 429, "rate_limit", None),
    ("moonshot/filtered.json", 400, "content_filter", None),
    ("groq/bad_json.json", 400, "bad_response", None),
    ("groq/too_large.json", 413, "context", None),
    ("xai/credits.json", 403, "quota", None),
    ("xai/credits.json", 429, "quota", None),
    ("xai/wrong_key.json", 400, "auth", None),
    ("xai/context.json", 400, "context", None),
    ("xai/guidelines.json", 403, "content_filter", "Content violates usage guidelines."),
    ("mistral/invalid_model.json", 400, "not_found", "Invalid model: mixtral-8x7b"),
    ("mistral/validation.json", 422, "bad_request", "Extra inputs are not permitted"),
    ("openrouter/moderation.json", 403, "content_filter", None),
    ("openrouter/in_flight.json", 402, "rate_limit", "Too much spend in flight"),
    ("openrouter/credits.json", 402, "quota", None),
    ("openrouter/not_found.json", 400, "not_found", "moonshotai/kimi-k2-dead is not a valid model ID"),
    ("openrouter/context.json", 400, "context", None),
    ("gemini/rate_limit.json", 429, "rate_limit", None),
    ("gemini/daily.json", 429, "quota", None),
    ("gemini/wrong_key.json", 400, "auth", "API key not valid. Please pass a valid API key."),
    ("gemini/context.json", 400, "context", None),
    ("litellm/invalid_model.json", 400, "not_found", None),
    ("litellm/context.json", 400, "context", None),
    ("litellm/policy.json", 400, "content_filter", None),
    ("litellm/budget.json", 400, "quota", None),
    ("litellm/wrong_key.json", 400, "auth", None),
    ("litellm/upstream_quota.json", 429, "quota", None),
    ("vllm/not_found.json", 404, "not_found", "The model `llama` does not exist."),
    ("vllm/context.json", 400, "context", None),
    ("localai/broken.json", 500, "server", "could not load model: rpc error"),
)


@pytest.mark.parametrize("path", ANSWERS)
def test_an_answer_is_read_whole(path: str) -> None:
    """Text, reasoning, usage, model and id come out exactly, plain or streamed."""
    expected = {"text": "Paris.", "request_id": "chatcmpl-9xYz", "finish": "stop", **ANSWERS[path]}
    assert read_recorded(path) == Answer(**expected)


def test_an_answer_that_hit_its_limit_is_given_and_marked() -> None:
    """Cut text is still worth having."""
    usage = Usage(input=26, output=282, known=True)
    answer = Answer(text="Once upon", usage=usage, served_by="qwen3.8:27b", finish="length", truncated=True)
    assert read_recorded("ollama/length.ndjson") == answer


@pytest.mark.parametrize("path", SPOKEN)
def test_a_failure_inside_a_successful_reply_is_found(path: str) -> None:
    """A status of 200 is not yet an answer."""
    assert read_recorded(path) == Failure(**{"status": 200, "request_id": "chatcmpl-9xYz", **SPOKEN[path]})


@pytest.mark.parametrize(("path", "status", "kind", "message"), REFUSED)
def test_a_refusal_has_one_kind(path: str, status: int, kind: str, message: str | None) -> None:
    """Status, structured fields and the provider's own words give one kind each, and nothing is owed."""
    found = read_recorded(path, status=status)
    assert isinstance(found, Failure)
    assert (found.kind, found.status, found.certainty, found.usage) == (kind, status, "exact", Usage())
    assert message in (None, found.message)
    assert found.message


def test_a_wait_is_found_where_the_provider_puts_it() -> None:
    """The body's own delay counts when no header gives one."""
    found = read_recorded("gemini/rate_limit.json", status=429)
    assert isinstance(found, Failure)
    assert found.retry_after == 34.07


def test_no_wait_is_told_for_an_empty_purse() -> None:
    """A daily limit that asks for some seconds is not cured by them."""
    found = read_recorded("gemini/daily.json", status=429, headers={"retry-after": "18"})
    assert isinstance(found, Failure)
    assert (found.kind, found.retry_after) == ("quota", None)


def test_a_rate_limit_that_says_how_long_is_no_spend_cap() -> None:
    """The same body is a quota without the header, and a rate limit with any."""
    for told, wait in (("7", 7.0), ("soon", None)):
        found = read_recorded("anthropic/rate_limit.json", status=429, headers={"retry-after": told})
        assert isinstance(found, Failure)
        assert (found.kind, found.retry_after, found.request_id) == ("rate_limit", wait, "req_011CS")
