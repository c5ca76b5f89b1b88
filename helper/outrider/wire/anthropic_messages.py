"""The anthropic dialect: Messages, plain and streamed.

Version header, stop reasons and usage: https://platform.claude.com/docs/en/api/messages; thinking and effort:
https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking (seen in stored copies, 2026-11-20).
"""

from collections.abc import Mapping

from outrider.data import Image, Json, Reading, Request, Target, Usage
from outrider.providers import quirks
from outrider.wire.messages import read_system, read_turns
from outrider.wire.parameters import Params, apply_row, merge, read_rules, read_schema_mode
from outrider.wire.reading import HttpReading
from outrider.wire.reply import Reply
from outrider.wire.schema import is_enforceable, strip_meta
from outrider.wire.usage import read_count, read_counts

PATH = "/v1/messages"
LIST_PATH = "/v1/models?limit=1000"
HEADERS = {"anthropic-version": "2023-06-01"}
CAP = 8192
"""The output limit, in tokens, where neither the request nor the row has one: the field is required."""
LEAST_BUDGET = 1024
UNKNOWN = ("seed", "frequency_penalty", "presence_penalty", "repetition_penalty", "min_p")
"""What others take and Messages refuses with a 400, as it does every field that it does not know."""

INPUT = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def build(request: Request, target: Target) -> tuple[Params, tuple[str, ...]]:
    """Returns the body of a request, and a sentence for each parameter that was left out."""
    params, warnings = merge(request.params, target)
    enforced = request.schema is not None and read_schema_mode(target) == "schema" and is_enforceable(request.schema)
    cap = request.max_output or target.model.max_output or CAP
    body: Params = {"model": target.wire_id, "max_tokens": cap}
    system = read_system(request, instruction_wanted=not enforced)
    if system:
        body["system"] = system
    body["messages"] = _messages(request, target)
    body["stream"] = request.stream
    if request.tools:
        from outrider.wire.anthropic_tools import offered

        body |= offered(request)
    output: Params = {}
    if enforced and request.schema is not None:
        output["format"] = {"type": "json_schema", "schema": strip_meta(request.schema)}
    thinking, more = _thinking(params, read_rules(target), cap=cap)
    dropped = {name: why for name, why in more.items() if name in params}
    for name, value in params.items():
        if name in dropped or name == "thinking":
            continue
        if name == "effort":
            output["effort"] = value
        elif name == "stop":
            body["stop_sequences"] = [value] if isinstance(value, str) else value
        elif name == "output_config" and isinstance(value, Mapping):
            output |= value
        else:
            body[name] = value
    if output:
        body["output_config"] = output
    if thinking is not None:
        body["thinking"] = thinking
    shape = quirks(target.provider.quirks or target.provider.name).shape_body
    if shape is not None:
        body = shape(body, request, target.model.row)
    body, unwanted = apply_row(body, target.provider, given=params)
    told = tuple(f"{name} was left out for {target.name}: {why}" for name, why in dropped.items())
    return body, (*warnings, *told, *unwanted)


def _messages(request: Request, target: Target) -> list[Json]:
    """Returns the turns; those in which tools were used are another room's."""
    turns = read_turns(request)
    if any(turn.tool_calls for turn in turns):
        from outrider.wire.anthropic_tools import turns_of

        return turns_of(turns, target, plain=_message)
    return [_message(turn.role, turn.text, turn.images) for turn in turns]


def _message(role: str, text: str, images: tuple[Image, ...]) -> Json:
    """Returns one turn; pictures go before the words that speak of them."""
    if not images:
        return {"role": role, "content": text}
    content: list[Json] = [
        {"type": "image", "source": {"type": "base64", "media_type": image.media_type, "data": image.base64}}
        for image in images
    ]
    return {"role": role, "content": [*content, *([{"type": "text", "text": text}] if text else [])]}


def _thinking(params: Params, rules: Mapping[str, Json], *, cap: int) -> tuple[Json, dict[str, str]]:
    """Returns the `thinking` object to send, if any, and why which parameters cannot go beside it."""
    why = {name: f"the dialect has no {name}" for name in UNKNOWN}
    switch = params.get("thinking")
    if switch == "off":
        # Deep effort without thinking is refused with a 400 by the 5.5 models.
        if params.get("effort") in ("xhigh", "max"):
            why["effort"] = "it needs thinking, which is off"
        return {"type": rules.get("thinking_off") or "disabled"}, why
    if switch != "on":
        return switch, why
    if rules.get("thinking") != "optional":
        return {"type": "adaptive"}, why
    if cap <= LEAST_BUDGET:
        return None, {**why, "thinking": f"it needs an output limit above {LEAST_BUDGET} tokens"}
    for name in ("temperature", "top_k"):
        why[name] = "it cannot go beside thinking"
    return {"type": "enabled", "budget_tokens": max(LEAST_BUDGET, cap // 2)}, why


def reading(target: Target, *, stream: bool, schema_wanted: bool) -> Reading:
    """Returns what reads one reply."""
    reply = Reply(quirks(target.provider.quirks or target.provider.name), splits_thinking=False)
    dialect = Stream()
    return HttpReading(
        reply, whole=read_whole, event=dialect.read_event, framing="sse", stream=stream, schema_wanted=schema_wanted
    )


def read_whole(reply: Reply, payload: dict[str, Json]) -> None:
    """Reads a reply that came in one piece."""
    reply.name(model=payload.get("model"), request_id=payload.get("request_id") or payload.get("id"))
    raw = payload.get("usage")
    if raw is not None:
        reply.usage = _usage(read_counts(raw), raw, is_final=True)
    if payload.get("error"):
        reply.refuse(payload, otherwise="bad_response")
        return
    content = payload.get("content")
    if not isinstance(content, list):
        reply.fail("bad_response", "the reply has no content")
        return
    for index, block in enumerate(content):
        _read_block(reply, block, index)
    reply.has_message = True
    reply.end(payload.get("stop_reason"))
    reply.is_complete = reply.failure is None


def _read_block(reply: Reply, block: Json, index: Json = None) -> str:
    """Reads a content block, or a piece of one, and returns the text that is sure of it."""
    if not isinstance(block, dict):
        return ""
    match block.get("type"):
        case "text":
            reply.replay.append({"type": "text"})
            return reply.say(block.get("text"))
        case "text_delta":
            return reply.say(block.get("text"))
        case "thinking":
            reply.think(block.get("thinking"))
            _keep_thought(reply, {**block, "thinking": []}, block.get("thinking"))
        case "thinking_delta":
            reply.think(block.get("thinking"))
            _keep_thought(reply, None, block.get("thinking"))
        case "signature_delta" if reply.replay:
            reply.replay[-1]["signature"] = block.get("signature")
        case "redacted_thinking":
            reply.replay.append(dict(block))
        case "tool_use" | "input_json_delta":
            from outrider.wire.anthropic_tools import read_call

            read_call(reply, block, index)
        case _:
            pass
    return ""


def _keep_thought(reply: Reply, begun: dict[str, Json] | None, piece: Json) -> None:
    """Keeps thinking in its pieces: with its signature it is wanted back, letter for letter, once a tool was used."""
    if begun is not None:
        reply.replay.append(begun)
    if isinstance(piece, str) and reply.replay and isinstance(reply.replay[-1].get("thinking"), list):
        reply.replay[-1]["thinking"].append(piece)


class Stream:
    """Reads the events of one stream; counts only grow in them, so the highest of each is the last word."""

    __slots__ = ("_counts", "_is_final", "_raw")

    def __init__(self) -> None:
        """Starts before the first event."""
        self._counts: dict[str, int] = {}
        self._raw: dict[str, Json] = {}
        self._is_final = False

    def read_event(self, reply: Reply, name: str, payload: dict[str, Json]) -> str:
        """Reads one event and returns the text that became known by it."""
        match payload.get("type"):
            case "message_start":
                message = payload.get("message")
                if isinstance(message, dict):
                    reply.has_message = True
                    reply.name(model=message.get("model"), request_id=message.get("id"))
                    self._count(reply, message.get("usage"))
            case "content_block_start":
                reply.has_message = True
                return _read_block(reply, payload.get("content_block"), payload.get("index"))
            case "content_block_delta":
                reply.has_message = True
                return _read_block(reply, payload.get("delta"), payload.get("index"))
            case "message_delta":
                delta = payload.get("delta")
                reply.end(delta.get("stop_reason") if isinstance(delta, dict) else None)
                self._is_final = True
                self._count(reply, payload.get("usage"))
            case "message_stop":
                reply.is_complete = reply.failure is None
            case "error":
                reply.refuse(payload, otherwise="incomplete")
            case _ if payload.get("error") or name == "error":
                reply.refuse(payload, otherwise="incomplete")
            case _:
                pass
        return ""

    def _count(self, reply: Reply, raw: Json) -> None:
        """Takes the usage of one event; that of the first does not yet know the output."""
        if isinstance(raw, dict):
            self._raw |= raw
            for name, count in read_counts(raw).items():
                self._counts[name] = max(count, self._counts.get(name, 0))
            is_final = self._is_final and read_count(raw.get("output_tokens")) is not None
            reply.usage = _usage(self._counts, self._raw, is_final=is_final)


def _usage(counts: Mapping[str, int], raw: Json, *, is_final: bool) -> Usage:
    """Returns usage in our words: the dialect's `input_tokens` leave out what was read from or written to a cache."""
    told = raw if isinstance(raw, dict) else {}
    fresh, cached, written = (counts.get(name, 0) for name in INPUT)
    reasoning = counts.get("output_tokens_details.thinking_tokens", 0)
    return Usage(
        input=fresh + cached + written,
        output=counts.get("output_tokens", 0),
        cached=cached,
        cache_write=written,
        reasoning=min(reasoning, counts.get("output_tokens", 0)),
        known=is_final
        and all(name in counts for name in ("input_tokens", "output_tokens"))
        and all(name in counts or told.get(name) is None for name in INPUT),
    )
