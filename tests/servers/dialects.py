"""How each dialect writes an answer, a stream, an error and a list of models. Bytes out; it knows no sockets."""

import json
from collections.abc import Sequence
from typing import Any, Literal

from tests.servers.replies import Reply

Dialect = Literal["openai", "anthropic", "ollama"]
CREATED = 1_790_000_000
HTML = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


def recognise(path: str) -> Dialect | None:
    """Tells a chat request's dialect by its path."""
    bare = path.partition("?")[0].rstrip("/")
    if bare.endswith("/chat/completions"):
        return "openai"
    if bare.endswith("/messages"):
        return "anthropic"
    if bare.endswith(("/api/chat", "/api/generate")):
        return "ollama"
    return None


def listing(path: str, models: Sequence[str]) -> bytes | None:
    """Writes the list of models in the shape that the path asks for."""
    bare = path.partition("?")[0].rstrip("/")
    rows: dict[str, Any]
    if bare.endswith("/api/tags"):
        rows = {"models": [{"name": name, "model": name, "size": 4_000_000_000} for name in models]}
    elif bare.endswith("/api/ps"):
        rows = {"models": []}
    elif bare.endswith("/api/version"):
        rows = {"version": "0.30.0"}
    elif bare.endswith("/models"):
        data = [{"id": name, "object": "model", "created": CREATED, "owned_by": "test"} for name in models]
        rows = {"object": "list", "data": data, "has_more": False}
    elif bare.endswith(("/health", "/healthz", "/readyz", "/ping")):
        rows = {"status": "ok"}
    else:
        return None
    return _json(rows)


def error(dialect: Dialect | None, code: int) -> bytes:
    """Writes the dialect's own error for a status."""
    message = f"scripted {code}"
    if dialect == "anthropic":
        return _json({"type": "error", "error": {"type": "scripted_error", "message": message}})
    if dialect == "ollama":
        return _json({"error": message})
    return _json({"error": {"message": message, "type": "scripted_error", "param": None, "code": None}})


def whole(dialect: Dialect, reply: Reply, *, model: str, text: str) -> bytes:
    """Writes a complete answer."""
    if reply.shape == "html":
        return HTML
    if reply.shape == "not_json":
        return b'{"choices": [{"message": '
    if reply.shape == "error_event":
        return error(dialect, 500)
    content: str | None = {"null_content": None, "no_text": ""}.get(reply.shape, text)
    empty = reply.shape == "empty_choices"
    if dialect == "openai":
        return _json(_openai_answer(reply, model=model, content=content, empty=empty))
    if dialect == "anthropic":
        return _json(_anthropic_answer(reply, model=model, content=content, empty=empty))
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if reply.reasoning:
        message["thinking"] = reply.reasoning
    return _json(_ollama_line(reply, model=model, message=None if empty else message, done=True))


def pieces(dialect: Dialect, reply: Reply, *, model: str, text: str) -> list[bytes]:
    """Writes a streamed answer, one network write each."""
    if reply.shape in {"html", "not_json"}:
        return [whole(dialect, reply, model=model, text=text)]
    words = [] if reply.shape in {"empty_choices", "null_content", "no_text"} else _split(text)
    if reply.shape == "comments":
        return [b": keep-alive\n\n"] * 5 if dialect != "ollama" else [b"\n"] * 5
    if reply.shape in {"cut", "error_event"}:
        words = words[: max(1, len(words) // 2)]
    begin, end = {"openai": _openai_frame, "anthropic": _anthropic_frame, "ollama": _ollama_frame}[dialect](
        reply, model
    )
    middle = [_delta(dialect, model=model, text=word) for word in words]
    if reply.shape == "cut":
        return [*begin, *middle]
    if reply.shape == "error_event":
        problem = error(dialect, 500)
        line = {"openai": b"data: %s\n\n", "anthropic": b"event: error\ndata: %s\n\n", "ollama": b"%s\n"}[dialect]
        return [*begin, *middle, line % problem]
    return [*begin, *middle, *end]


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8")


def _split(text: str) -> list[str]:
    words = text.split(" ")
    return [word if index == 0 else " " + word for index, word in enumerate(words)]


def _event(value: Any) -> bytes:
    return b"data: " + _json(value) + b"\n\n"


def _typed(value: dict[str, Any]) -> bytes:
    return b"event: " + str(value["type"]).encode("ascii") + b"\n" + _event(value)


def _delta(dialect: Dialect, *, model: str, text: str) -> bytes:
    if dialect == "openai":
        return _event(_openai_chunk(model, [{"index": 0, "delta": {"content": text}, "finish_reason": None}]))
    if dialect == "anthropic":
        return _typed({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})
    return _json(_ollama_line(Reply(), model=model, message={"role": "assistant", "content": text}, done=False)) + b"\n"


def _openai_usage(reply: Reply) -> dict[str, Any]:
    if reply.usage is None:
        return {}
    given, made, cached = reply.usage
    counts = {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}
    return {"usage": {**counts, "prompt_tokens_details": {"cached_tokens": cached}}}


def _openai_answer(reply: Reply, *, model: str, content: str | None, empty: bool) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning
    choice = {"index": 0, "message": message, "finish_reason": reply.finish or "stop"}
    row = {"id": "chatcmpl-1", "object": "chat.completion", "created": CREATED, "model": model}
    return {**row, "choices": [] if empty else [choice], **_openai_usage(reply)}


def _openai_chunk(model: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    row = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": CREATED, "model": model}
    return {**row, "choices": choices}


def _openai_frame(reply: Reply, model: str) -> tuple[list[bytes], list[bytes]]:
    begin = [_event(_openai_chunk(model, [{"index": 0, "delta": {"role": "assistant", "content": ""}}]))]
    if reply.reasoning:
        thought = {"index": 0, "delta": {"reasoning_content": reply.reasoning}}
        begin.append(_event(_openai_chunk(model, [thought])))
    if reply.shape == "empty_choices":
        return [_event(_openai_chunk(model, []))], [b"data: [DONE]\n\n"]
    end = [_event(_openai_chunk(model, [{"index": 0, "delta": {}, "finish_reason": reply.finish or "stop"}]))]
    if reply.usage is not None:
        end.append(_event({**_openai_chunk(model, []), **_openai_usage(reply)}))
    return begin, [*end, b"data: [DONE]\n\n"]


def _anthropic_usage(reply: Reply) -> dict[str, int]:
    if reply.usage is None:
        return {}
    given, made, cached = reply.usage
    counts = {"input_tokens": given - cached, "cache_read_input_tokens": cached, "cache_creation_input_tokens": 0}
    return {**counts, "output_tokens": made}


def _anthropic_answer(reply: Reply, *, model: str, content: str | None, empty: bool) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = []
    if reply.reasoning:
        blocks.append({"type": "thinking", "thinking": reply.reasoning, "signature": "c2ln"})
    if content is not None and not empty:
        blocks.append({"type": "text", "text": content})
    row = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": blocks}
    end = {"stop_reason": reply.finish or "end_turn", "stop_sequence": None}
    return {**row, **end, **({"usage": _anthropic_usage(reply)} if reply.usage else {})}


def _anthropic_frame(reply: Reply, model: str) -> tuple[list[bytes], list[bytes]]:
    message = _anthropic_answer(reply, model=model, content=None, empty=True) | {"content": [], "stop_reason": None}
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    begin = [_typed({"type": "message_start", "message": message}), _typed(block), _typed({"type": "ping"})]
    delta = {"stop_reason": reply.finish or "end_turn", "stop_sequence": None}
    made = {"usage": {"output_tokens": reply.usage[1]}} if reply.usage else {}
    end = [
        _typed({"type": "content_block_stop", "index": 0}),
        _typed({"type": "message_delta", "delta": delta, **made}),
        _typed({"type": "message_stop"}),
    ]
    return begin, end


def _ollama_line(reply: Reply, *, model: str, message: dict[str, Any] | None, done: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"model": model, "created_at": "2026-11-20T10:00:00Z", "done": done}
    if message is not None:
        row["message"] = message
    if done:
        row["done_reason"] = reply.finish or "stop"
        if reply.usage is not None:
            row |= {"prompt_eval_count": reply.usage[0], "eval_count": reply.usage[1], "total_duration": 1_000_000}
    return row


def _ollama_frame(reply: Reply, model: str) -> tuple[list[bytes], list[bytes]]:
    begin = []
    if reply.reasoning:
        thought = {"role": "assistant", "content": "", "thinking": reply.reasoning}
        begin.append(_json(_ollama_line(reply, model=model, message=thought, done=False)) + b"\n")
    last = _ollama_line(reply, model=model, message={"role": "assistant", "content": ""}, done=True)
    return begin, [_json(last) + b"\n"]
