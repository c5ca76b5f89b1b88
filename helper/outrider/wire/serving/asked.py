"""Reads a chat request of OpenAI's shape into our own, and refuses by name what we cannot do.

A parameter that nobody here knows could steer a provider or cost money, so none passes on unread.
"""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from outrider.data import Json, Request, Tool
from outrider.records import record
from outrider.wire.serving.errors import Unfit, wrong
from outrider.wire.serving.turns import TOOL_NAME, turns_of
from outrider.wire.text import clean, one_line
from outrider.wire.weight import is_too_heavy

NUMBERS = (
    "temperature", "top_p", "frequency_penalty", "presence_penalty", "top_k", "min_p", "repetition_penalty", "seed",
)  # fmt: skip
"""Parameters that pass on: numbers that shape the text and nothing else."""
LEFT_OUT = ("user", "metadata", "safety_identifier", "prompt_cache_key", "prompt_cache_retention")
"""What concerns OpenAI's own books: taken, and told to nobody."""
AS_THEY_ARE: Mapping[str, tuple[Json, ...]] = {
    "n": (1,), "logprobs": (False,), "top_logprobs": (0,), "store": (False,), "service_tier": ("auto", "default"),
    "modalities": (["text"],), "functions": ([],), "function_call": ("none",), "logit_bias": ({},),
}  # fmt: skip
"""Parameters that may only say what is so anyway."""
OURS = (
    "model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "stop", "response_format",
    "tools", "tool_choice", "parallel_tool_calls", "reasoning_effort", "thinking",
)  # fmt: skip
MOST_TOOLS = 512
MOST_STOPS = 16
LARGEST = 1e300
"""Of any number; what is no number is not below it either."""
LIGHT = 1 << 20
"""Up to this size, in bytes, a body is read without being weighed."""


@record
class Asked:
    """What a client asks: the model it names (empty: the default), the request, and how it wants to hear of usage.

    `instruction` is its last words, by which the level is judged.
    """

    model: str
    request: Request
    instruction: str = ""
    counts_usage: bool = False


def read(body: bytes) -> Asked:
    """Returns what a body asks; raises `Unfit` with the parameter at fault."""
    said = _object(body)
    unknown = [
        name for name in said if name not in (*OURS, *NUMBERS, *LEFT_OUT, *AS_THEY_ARE) and said[name] is not None
    ]
    if unknown:
        name = one_line(unknown[0], 80)
        raise Unfit(f"the parameter `{name}` is not known here", param=name, code="unsupported_parameter",
                    hint="leave it out; what a model always needs belongs into its row")  # fmt: skip
    for name, allowed in AS_THEY_ARE.items():
        if said.get(name) is not None and not any(_same(said[name], value) for value in allowed):
            raise wrong(name, f"can only be {json.dumps(allowed[0])} here", code="unsupported_value")
    messages = turns_of(said.get("messages"))
    schema = _schema(said.get("response_format"))
    request = Request(
        messages=messages, max_output=_cap(said), params=_params(said), schema=schema, stream=_flag(said, "stream"),
        tools=_tools(said.get("tools")), tool_choice=_tool_choice(said),
        parallel_calls=_flag(said, "parallel_tool_calls", otherwise=True),
    )  # fmt: skip
    options = said.get("stream_options")
    if options is not None and not isinstance(options, dict):
        raise wrong("stream_options", "must be an object")
    model = said.get("model")
    if model is not None and not isinstance(model, str):
        raise wrong("model", "must be text")
    instruction = next((message.text for message in reversed(messages) if message.role == "user"), "")
    counts = bool(options and options.get("include_usage"))
    return Asked(model=clean(model or "").strip(), request=request, instruction=instruction, counts_usage=counts)


def _object(body: bytes) -> dict[str, Json]:
    if len(body) > LIGHT and is_too_heavy(body):
        raise Unfit("the body would take too much memory to read", status=413, code="too_large")
    try:
        said = json.loads(body.decode("utf-8-sig"), parse_constant=_no_number)
    except UnicodeDecodeError:
        raise Unfit("the body is not UTF-8", code="invalid_json") from None
    except RecursionError:
        raise Unfit("the body is nested too deeply", code="invalid_json") from None
    except ValueError:
        raise Unfit("the body is not JSON", code="invalid_json") from None
    if not isinstance(said, dict):
        raise Unfit("the body is not a JSON object", code="invalid_json")
    return said


def _no_number(_name: str) -> NoReturn:
    raise ValueError


def _same(value: Json, other: Json) -> bool:
    return type(value) is type(other) and bool(value == other)


def _flag(said: Mapping[str, Json], name: str, *, otherwise: bool = False) -> bool:
    value = said.get(name)
    if value is None:
        return otherwise
    if not isinstance(value, bool):
        raise wrong(name, "must be true or false")
    return value


def _cap(said: Mapping[str, Json]) -> int | None:
    caps = {}
    for name in ("max_tokens", "max_completion_tokens"):
        value = said.get(name)
        if value is not None:
            if isinstance(value, bool) or not isinstance(value, int):
                raise wrong(name, "must be a whole number")
            if value < 1:
                raise wrong(name, "must be at least 1", code="invalid_value")
            caps[name] = value
    return min(caps.values(), default=None)


def _params(said: Mapping[str, Json]) -> dict[str, Json]:
    params: dict[str, Json] = {}
    for name in NUMBERS:
        value = said.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST:
            raise wrong(name, "must be a number")
        params[name] = value
    stop = said.get("stop")
    if stop is not None:
        stops = [stop] if isinstance(stop, str) else stop
        if not isinstance(stops, list) or len(stops) > MOST_STOPS or not all(isinstance(one, str) for one in stops):
            raise wrong("stop", f"must be text, or a list of at most {MOST_STOPS} texts")
        if stops:
            params["stop"] = [clean(one) for one in stops]
    effort = said.get("reasoning_effort")
    if effort is not None:
        if not isinstance(effort, str):
            raise wrong("reasoning_effort", "must be text")
        params["effort"] = clean(effort)[:40]
    thinking = said.get("thinking")
    if thinking is not None:
        if not isinstance(thinking, bool) and thinking not in ("on", "off"):
            raise wrong("thinking", "must be true or false")
        params["thinking"] = thinking
    return params


def _schema(wanted: Json) -> Mapping[str, Json] | None:
    if wanted is None:
        return None
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "text":
        return None
    if kind == "json_object":
        return {"type": "object"}
    if kind != "json_schema":
        raise wrong(
            "response_format", "must have the type `text`, `json_object` or `json_schema`", code="invalid_value"
        )
    named = wanted.get("json_schema")
    schema = named.get("schema") if isinstance(named, dict) else None
    if not isinstance(schema, dict):
        raise wrong("response_format", "has no `json_schema.schema` that is an object")
    return schema


def _tools(wanted: Json) -> tuple[Tool, ...]:
    if wanted is None:
        return ()
    if not isinstance(wanted, list) or len(wanted) > MOST_TOOLS:
        raise wrong("tools", f"must be a list of at most {MOST_TOOLS}")
    found = tuple(_tool(one, f"tools[{index}]") for index, one in enumerate(wanted))
    names = [tool.name for tool in found]
    if len(set(names)) != len(names):
        raise wrong("tools", "has two of one name", code="invalid_value")
    return found


def _tool(one: Json, where: str) -> Tool:
    if not isinstance(one, dict) or one.get("type") != "function" or not isinstance(one.get("function"), dict):
        raise wrong(where, "must be of the type `function`", code="invalid_value")
    function: dict[str, Any] = one["function"]
    name, about, schema = function.get("name"), function.get("description"), function.get("parameters")
    if not isinstance(name, str) or TOOL_NAME.fullmatch(name) is None:
        raise wrong(f"{where}.function.name", "must be of 1 to 64 letters, digits, `_` and `-`", code="invalid_value")
    if about is not None and not isinstance(about, str):
        raise wrong(f"{where}.function.description", "must be text")
    if schema is not None and not isinstance(schema, dict):
        raise wrong(f"{where}.function.parameters", "must be an object")
    return Tool(name=name, description=clean(about or ""), schema=schema or {"type": "object", "properties": {}})


def _tool_choice(said: Mapping[str, Json]) -> str:
    choice = said.get("tool_choice")
    if choice is None:
        return "auto"
    if choice in ("auto", "none", "required"):
        return str(choice)
    function = choice.get("function") if isinstance(choice, dict) and choice.get("type") == "function" else None
    name = function.get("name") if isinstance(function, dict) else None
    known = [one["function"]["name"] for one in said.get("tools") or ()]
    if name not in known:
        raise wrong("tool_choice", "must be `auto`, `none`, `required` or one of the tools", code="invalid_value")
    return str(name)
