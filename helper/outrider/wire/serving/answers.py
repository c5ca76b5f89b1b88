"""Writes what a client hears: a whole completion, the chunks of a stream, the list of models.

`model` says who served. What we know beyond OpenAI's shape stands in one object of its own, `outrider`.
"""

import json
from collections.abc import Mapping

from outrider.data import Answer, Json, ToolCall, Usage
from outrider.records import record

FINISHES = ("stop", "length", "tool_calls", "content_filter")


@record
class Receipt:
    """What stands beside an answer: its run, who served it and when (seconds since 1970), and what it came to."""

    run: str
    model: str
    at: int
    served_by: str = ""
    cost_usd: float | None = None
    cost_known: bool = True
    attempts: int = 1

    @property
    def shape(self) -> Json:
        """What scripts read of it."""
        return {
            "run": self.run, "served_by": self.served_by, "cost_usd": self.cost_usd, "cost_known": self.cost_known,
            "attempts": self.attempts,
        }  # fmt: skip


def completion(answer: Answer, usage: Usage, receipt: Receipt) -> Json:
    """Returns a whole answer."""
    message: dict[str, Json] = {"role": "assistant", "content": answer.text or (None if answer.tool_calls else "")}
    message["refusal"] = None
    if answer.reasoning:
        message["reasoning_content"] = answer.reasoning
    if answer.tool_calls:
        message["tool_calls"] = [_call(call) for call in answer.tool_calls]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(answer)}
    return {
        "id": f"chatcmpl-{receipt.run}", "object": "chat.completion", "created": receipt.at, "model": receipt.model,
        "choices": [choice], "usage": _usage(usage), "outrider": receipt.shape,
    }  # fmt: skip


def opening(receipt: Receipt) -> bytes:
    """Returns the first chunk of a stream: who speaks."""
    return _event(_chunk(receipt, {"role": "assistant", "content": ""}))


def piece(receipt: Receipt, text: str) -> bytes:
    """Returns a chunk with text."""
    return _event(_chunk(receipt, {"content": text}))


def closing(answer: Answer, usage: Usage, receipt: Receipt, *, counts_usage: bool) -> bytes:
    """Returns the last chunks: the calls of tools, how it ended, what it used if that was asked for, and the end."""
    calls = [{"index": index, **_call(call)} for index, call in enumerate(answer.tool_calls)]
    events = [_event(_chunk(receipt, {"tool_calls": calls}))] if calls else []
    last = _chunk(receipt, {}, finish=_finish(answer))
    last["outrider"] = receipt.shape
    events.append(_event(last))
    if counts_usage:
        events.append(_event({**_chunk(receipt, {}), "choices": [], "usage": _usage(usage)}))
    return b"".join((*events, b"data: [DONE]\n\n"))


def breaking(error: Mapping[str, Json]) -> bytes:
    """Returns the event that ends a stream which broke off; no `[DONE]` follows, since it is not done."""
    return _event(dict(error))


def listing(rows: tuple[tuple[str, str], ...], *, at: int) -> Json:
    """Returns the list of what can be named as `model`, each with what it is."""
    return {"object": "list", "data": [listed(name, owner, at=at) for name, owner in rows]}


def listed(name: str, owner: str, *, at: int) -> Json:
    """Returns one entry of that list."""
    return {"id": name, "object": "model", "created": at, "owned_by": owner}


def dumped(value: Json) -> bytes:
    """Returns JSON in ASCII, so that no letter can break it."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _chunk(receipt: Receipt, delta: Json, *, finish: str | None = None) -> dict[str, Json]:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {
        "id": f"chatcmpl-{receipt.run}", "object": "chat.completion.chunk", "created": receipt.at,
        "model": receipt.model, "choices": [choice],
    }  # fmt: skip


def _event(value: Json) -> bytes:
    return b"data: %s\n\n" % dumped(value)


def _call(call: ToolCall) -> Json:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _finish(answer: Answer) -> str:
    if answer.tool_calls:
        return "tool_calls"
    return answer.finish if answer.finish in FINISHES and answer.finish != "tool_calls" else "stop"


def _usage(usage: Usage) -> Json:
    return {
        "prompt_tokens": usage.input, "completion_tokens": usage.output, "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }  # fmt: skip
