"""The openai dialect: Chat Completions, plain and streamed.

Everything that is true of everyone who speaks it is here; what one endpoint does its own way comes from its row
and its quirks.
"""

from collections.abc import Mapping
from typing import Literal

from outrider.data import Json, Reading, Request, Target
from outrider.providers import Quirks, quirks
from outrider.records import memo
from outrider.wire.messages import read_system, read_turns
from outrider.wire.parameters import Params, apply_row, merge, read_cap_field, read_rules, read_schema_mode
from outrider.wire.reading import HttpReading
from outrider.wire.reply import Reply
from outrider.wire.schema import is_enforceable, strip_meta
from outrider.wire.usage import read_counts, read_usage

PATH = "/chat/completions"
LIST_PATH = "/models"


def build(request: Request, target: Target) -> tuple[Params, tuple[str, ...]]:
    """Returns the body of a request, and a sentence for each parameter that was left out."""
    params, warnings = merge(request.params, target)
    mode = read_schema_mode(target)
    body: Params = {"model": target.wire_id, "messages": _messages(request, target, mode)}
    if request.max_output is not None:
        body[read_cap_field(target)] = request.max_output
    body["stream"] = request.stream
    if request.stream and target.provider.row.get("stream_usage", True):
        body["stream_options"] = {"include_usage": True}
    if request.schema is not None and mode == "schema":
        body["response_format"] = _format(request.schema)
    elif request.schema is not None and mode == "object":
        body["response_format"] = {"type": "json_object"}
    if request.tools:
        body |= _tools(request)
    if "effort" in params:
        body["reasoning_effort"] = params["effort"]
    body |= {name: value for name, value in params.items() if name != "effort"}
    shape = quirks(target.provider.quirks or target.provider.name).shape_body
    if shape is not None:
        body = shape(body, request, target.model.row)
    body, unswitched = _switch(body, target)
    body, dropped = apply_row(body, target.provider, given=params)
    return body, (*warnings, *unswitched, *dropped)


@memo
def _format(schema: Mapping[str, Json]) -> Json:
    """Returns the field that asks for answers of a schema: the same for all of many documents."""
    plain = strip_meta(schema)
    wanted = {"name": "answer", "schema": plain, "strict": is_enforceable(plain)}
    return {"type": "json_schema", "json_schema": wanted}


def _tools(request: Request) -> Params:
    """Returns the fields that offer tools; what is the default of every endpoint is not said."""
    from outrider.wire.tools import functions

    choice = request.tool_choice
    fields: Params = {"tools": functions(request)}
    if choice in ("none", "required"):
        fields["tool_choice"] = choice
    elif choice != "auto":
        fields["tool_choice"] = {"type": "function", "function": {"name": choice}}
    if not request.parallel_calls:
        fields["parallel_tool_calls"] = False
    return fields


def _switch(body: Params, target: Target) -> tuple[Params, tuple[str, ...]]:
    """Says `thinking` in the one way the dialect has, an effort of `none`, where the endpoint has no way of its own."""
    switch = body.get("thinking")
    if switch not in ("on", "off"):
        return body, ()
    shaped = {name: value for name, value in body.items() if name != "thinking"}
    if switch == "off" and "none" in (read_rules(target).get("efforts") or ()):
        return {**shaped, "reasoning_effort": "none"}, ()
    if switch == "on" and shaped.get("reasoning_effort") not in (None, "none"):
        return shaped, ()
    return shaped, (f"thinking was left out for {target.name}: it has no switch there, an effort is all it takes",)


def _messages(request: Request, target: Target, mode: Literal["schema", "object", "instruction"]) -> list[Json]:
    """Returns the messages in the dialect's shape."""
    system = read_system(request, instruction_wanted=mode != "schema")
    role = target.provider.row.get("system_role") or "system"
    messages: list[Json] = [{"role": role, "content": system}] if system else []
    turns = read_turns(request)
    has_tools = any(turn.tool_calls for turn in turns)
    for turn in turns:
        if has_tools and turn.role in ("assistant", "tool"):
            from outrider.wire.openai_tools import turn_of

            messages.append(turn_of(turn, target))
            continue
        content: Json = turn.text
        if turn.images:
            content = [{"type": "text", "text": turn.text}] if turn.text else []
            for image in turn.images:
                url = f"data:{image.media_type};base64,{image.base64}"
                content.append({"type": "image_url", "image_url": {"url": url}})
        messages.append({"role": turn.role, "content": content})
    return messages


def reading(target: Target, *, stream: bool, schema_wanted: bool) -> Reading:
    """Returns what reads one reply."""
    reply = Reply(quirks(target.provider.quirks or target.provider.name), splits_thinking=True)
    return HttpReading(
        reply, whole=read_whole, event=read_event, framing="sse", stream=stream, schema_wanted=schema_wanted
    )


def read_whole(reply: Reply, payload: dict[str, Json]) -> None:
    """Reads a reply that came in one piece."""
    _read_about(reply, payload)
    if payload.get("error"):
        reply.refuse(payload, otherwise="bad_response")
        return
    choice = _first_choice(payload)
    if choice is None or not isinstance(choice.get("message"), dict):
        reply.fail("bad_response", "the reply has no choices")
        return
    _read_choice(reply, choice, choice["message"])
    reply.is_complete = reply.failure is None


def read_event(reply: Reply, name: str, payload: dict[str, Json]) -> str:
    """Reads one chunk of a stream and returns the text that became known by it."""
    _read_about(reply, payload)
    if payload.get("error") or name == "error":
        reply.refuse(payload, otherwise="incomplete")
        return ""
    choice = _first_choice(payload)
    if choice is None:
        return ""
    delta = choice.get("delta")
    if not isinstance(delta, dict):
        delta = choice.get("message")
    said = _read_choice(reply, choice, delta if isinstance(delta, dict) else {})
    if isinstance(choice.get("finish_reason"), str) and reply.failure is None:
        reply.is_complete = True
    return said


def _first_choice(payload: dict[str, Json]) -> dict[str, Json] | None:
    """Returns the choice that answers: the one of index 0, since no more than one was asked for."""
    choices = payload.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict) and choice.get("index") in (None, 0):
            return choice
    return None


def _read_choice(reply: Reply, choice: dict[str, Json], message: dict[str, Json]) -> str:
    """Reads what a message or a piece of one holds, and returns the text that is sure of it."""
    reply.has_message = True
    if choice.get("error"):
        reply.refuse({"error": choice["error"]}, otherwise="server")
    # An endpoint may send the same reasoning under both names.
    reply.think(message.get("reasoning_content") or message.get("reasoning"))
    text, reasoning = _read_content(reply.quirks, message.get("content"))
    reply.think(reasoning)
    said = reply.say(text)
    if message.get("tool_calls") or message.get("function_call"):
        from outrider.wire.openai_tools import read_calls

        read_calls(reply, message)
    if reply.quirks.replays == "reasoning_details" and message.get("reasoning_details"):
        from outrider.wire.openai_tools import read_details

        read_details(reply, message["reasoning_details"])
    reply.end(choice.get("finish_reason"))
    if message.get("refusal") and isinstance(message["refusal"], str):
        reply.finish = "content_filter"
    return said


def _read_content(own: Quirks, content: Json) -> tuple[Json, str]:
    """Returns the text and the reasoning of a content field, which may be a list of parts."""
    split = own.read_text(content) if own.read_text is not None else None
    if split is not None:
        return split
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return "".join(part for part in parts if isinstance(part, str)), ""
    return content, ""


def _read_about(reply: Reply, payload: dict[str, Json]) -> None:
    """Reads what a reply tells of itself: model, id and usage."""
    reply.name(model=payload.get("model"), request_id=payload.get("id"))
    own = reply.quirks
    raw = own.find_usage(payload) if own.find_usage is not None else payload.get("usage")
    if isinstance(raw, dict) and raw:
        counts = read_counts(raw)
        usage = read_usage(counts, raw)
        reply.usage = own.read_usage(counts, usage) if own.read_usage is not None else usage
