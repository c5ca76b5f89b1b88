"""The ollama dialect: the native /api/chat, one JSON object or one a line.

Its openai twin cannot size the window: prompts longer than the server's default are cut without an error, so this
one is used and `num_ctx` is always sent (https://github.com/ollama/ollama/blob/main/docs/api.md, 2026-11-20).
"""

from outrider.data import Json, Message, Reading, Request, Target, Usage
from outrider.providers import quirks
from outrider.rules import money
from outrider.wire.messages import read_system, read_turns
from outrider.wire.parameters import Params, apply_row, merge
from outrider.wire.reading import HttpReading
from outrider.wire.reply import Reply
from outrider.wire.schema import strip_meta
from outrider.wire.usage import read_counts

PATH = "/api/chat"
LIST_PATH = "/api/tags"
LEAST_WINDOW = 4096
PICTURE = 1600
"""What a picture takes of the window, in tokens: the most that current local models spend on one."""
UNCAPPED = 4096
"""The output, in tokens, that the window makes room for when no limit is set."""
OPTIONS = frozenset(
    {
        "frequency_penalty",
        "min_p",
        "mirostat",
        "mirostat_eta",
        "mirostat_tau",
        "num_batch",
        "num_ctx",
        "num_gpu",
        "num_keep",
        "num_thread",
        "presence_penalty",
        "repeat_last_n",
        "repeat_penalty",
        "seed",
        "stop",
        "temperature",
        "top_k",
        "top_p",
        "typical_p",
    },
)
"""Parameters that belong inside `options`."""


def build(request: Request, target: Target) -> tuple[Params, tuple[str, ...]]:
    """Returns the body of a request, and a sentence for each parameter that was left out."""
    params, warnings = merge(request.params, target)
    # A grammar binds the answer, but a model that was never told the shape fills it badly.
    system = read_system(request, instruction_wanted=True)
    turns = read_turns(request)
    messages: list[Json] = [{"role": "system", "content": system}] if system else []
    if any(turn.tool_calls for turn in turns):
        from outrider.wire.ollama_tools import turns_of

        messages += turns_of(turns, target, plain=_message)
    else:
        messages += [_message(turn) for turn in turns]
    given = params.pop("options", None)
    options: Params = {"num_ctx": _size_window(request, target, system=system, turns=turns)}
    if request.max_output is not None:
        options["num_predict"] = request.max_output
    fixed = dict(options)
    options |= {name: value for name, value in params.items() if name in OPTIONS}
    if isinstance(given, dict):
        options |= given
        options |= {name: value for name, value in fixed.items() if name == "num_predict"}
    body: Params = {"model": target.wire_id, "messages": messages, "stream": request.stream, "options": options}
    if request.tools and request.tool_choice != "none":
        from outrider.wire.tools import functions

        body["tools"] = functions(request)
    if request.schema is not None:
        body["format"] = strip_meta(request.schema)
    switch, effort = params.get("thinking"), params.get("effort")
    if switch in ("on", "off"):
        body["think"] = switch == "on"
    if effort is not None and switch != "off":
        body["think"] = effort if effort != "none" else False
    body |= {
        name: value for name, value in params.items() if name not in OPTIONS and name not in ("thinking", "effort")
    }
    shape = quirks(target.provider.quirks or target.provider.name).shape_body
    if shape is not None:
        body = shape(body, request, target.model.row)
    body, unwanted = apply_row(body, target.provider, given=params)
    return body, (*warnings, *unwanted)


def _message(turn: Message) -> Json:
    """Returns one turn; its pictures stand beside the text."""
    message: Params = {"role": turn.role, "content": turn.text}
    if turn.images:
        message["images"] = [image.base64 for image in turn.images]
    return message


def _size_window(request: Request, target: Target, *, system: str, turns: tuple[Message, ...]) -> int:
    """Returns the window in tokens: room for prompt and answer, a power of two, never beyond the model's own.

    Few sizes, since the server loads the model anew for each.
    """
    needed = request.max_output if request.max_output is not None else UNCAPPED
    needed += _estimate(system) + sum(_estimate(turn.text) + PICTURE * len(turn.images) for turn in turns)
    if request.tools:
        needed += money.tools_bytes(request.tools) // 3 + money.calls_bytes(turns) // 3
    window = LEAST_WINDOW
    while window < needed:
        window *= 2
    return min(window, target.model.context or window)


def _estimate(text: str) -> int:
    """Returns more tokens than a text has: three letters of ASCII to one, every other letter two, and its frame."""
    size = len(text)
    other = 0 if text.isascii() else size - len(text.encode("ascii", "ignore"))
    return (size - other) // 3 + 2 * other + 16


def reading(target: Target, *, stream: bool, schema_wanted: bool) -> Reading:
    """Returns what reads one reply."""
    reply = Reply(quirks(target.provider.quirks or target.provider.name), splits_thinking=True)
    return HttpReading(
        reply, whole=read_whole, event=read_event, framing="ndjson", stream=stream, schema_wanted=schema_wanted
    )


def read_whole(reply: Reply, payload: dict[str, Json]) -> None:
    """Reads a reply that came in one piece."""
    if payload.get("error"):
        reply.refuse(payload, otherwise="bad_response")
        return
    if not isinstance(payload.get("message"), dict):
        reply.fail("bad_response", "the reply has no message")
        return
    _read_line(reply, payload)
    reply.is_complete = True


def read_event(reply: Reply, _name: str, payload: dict[str, Json]) -> str:
    """Reads one line of a stream and returns the text that became known by it."""
    if payload.get("error"):
        reply.refuse(payload, otherwise="incomplete")
        return ""
    said = _read_line(reply, payload)
    if payload.get("done") is True:
        reply.is_complete = True
    return said


def _read_line(reply: Reply, payload: dict[str, Json]) -> str:
    """Reads what one object holds, and returns the text that is sure of it."""
    reply.name(model=payload.get("model"))
    message = payload.get("message")
    said = ""
    if isinstance(message, dict):
        reply.has_message = True
        reply.think(message.get("thinking"))
        said = reply.say(message.get("content"))
        if message.get("tool_calls"):
            from outrider.wire.ollama_tools import read_calls

            read_calls(reply, message["tool_calls"])
    reply.end(payload.get("done_reason"))
    if payload.get("done") is True:
        counts = read_counts(payload)
        prompt, output = counts.get("prompt_eval_count"), counts.get("eval_count")
        known = prompt is not None and output is not None
        reply.usage = Usage(input=prompt or 0, output=output or 0, known=known)
    return said
