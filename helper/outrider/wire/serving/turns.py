"""Reads the turns of a conversation in OpenAI's shape: texts, pictures, calls of tools and their results.

What a client echoes back of an earlier answer (annotations, nulls, names of its own) is not read.
"""

import re

from outrider.data import Image, Json, Message, ToolCall
from outrider.wire.serving.errors import wrong
from outrider.wire.text import clean, one_line

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def turns_of(said: Json) -> tuple[Message, ...]:
    """Returns the turns of a conversation, checked; raises `Unfit` with the place at fault."""
    if not isinstance(said, list) or not said:
        raise wrong("messages", "must be a list of at least one message")
    messages = tuple(_message(one, f"messages[{index}]") for index, one in enumerate(said))
    if not any(one.role != "system" and (one.text.strip() or one.images or one.role == "tool") for one in messages):
        raise wrong("messages", "say nothing", code="invalid_value")
    return messages


def _message(said: Json, where: str) -> Message:
    if not isinstance(said, dict):
        raise wrong(where, "must be an object")
    role = said.get("role")
    content = said.get("content")
    match role:
        case "system" | "developer":
            return Message(role="system", text=_text(content, where))
        case "user":
            text, images = _parts(content, where)
            return Message(role="user", text=text, images=images)
        case "assistant":
            calls = _calls(said.get("tool_calls"), where)
            text = "" if content is None else _text(content, where)
            reasoning = said.get("reasoning_content") or said.get("reasoning")
            return Message(
                role="assistant", text=text, tool_calls=calls,
                reasoning=clean(reasoning) if isinstance(reasoning, str) else "",
            )  # fmt: skip
        case "tool":
            call_id = said.get("tool_call_id")
            if not isinstance(call_id, str) or not call_id:
                raise wrong(f"{where}.tool_call_id", "must name the call that it answers")
            return Message(role="tool", text=_text(content, where), call_id=clean(call_id))
        case _:
            raise wrong(f"{where}.role", "must be system, developer, user, assistant or tool", code="invalid_value")


def _calls(said: Json, where: str) -> tuple[ToolCall, ...]:
    if said is None:
        return ()
    if not isinstance(said, list):
        raise wrong(f"{where}.tool_calls", "must be a list")
    return tuple(_call(one, f"{where}.tool_calls[{index}]") for index, one in enumerate(said))


def _call(said: Json, where: str) -> ToolCall:
    function = said.get("function") if isinstance(said, dict) else None
    call_id = said.get("id") if isinstance(said, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(call_id, str) or not call_id or not isinstance(function, dict):
        raise wrong(where, "must have an `id` and a `function`")
    if not isinstance(name, str) or TOOL_NAME.fullmatch(name) is None:
        raise wrong(f"{where}.function.name", "must be of 1 to 64 letters, digits, `_` and `-`", code="invalid_value")
    arguments = function.get("arguments")
    if arguments is not None and not isinstance(arguments, str):
        raise wrong(f"{where}.function.arguments", "must be text")
    return ToolCall(id=clean(call_id), name=name, arguments=clean(arguments or "{}"))


def _text(content: Json, where: str) -> str:
    text, images = _parts(content, where)
    if images:
        raise wrong(f"{where}.content", "can hold pictures in a user's message only", code="invalid_value")
    return text


def _parts(content: Json, where: str) -> tuple[str, tuple[Image, ...]]:
    """Returns the text and the pictures of a message."""
    if isinstance(content, str):
        return clean(content), ()
    if not isinstance(content, list):
        raise wrong(f"{where}.content", "must be text, or a list of parts")
    texts: list[str] = []
    images: list[Image] = []
    for index, part in enumerate(content):
        place = f"{where}.content[{index}]"
        match part:
            case {"type": "text", "text": str(text)} | {"type": "refusal", "refusal": str(text)}:
                texts.append(clean(text))
            case {"type": "image_url", "image_url": {"url": str(url)}}:
                images.append(_image(url, place))
            case {"type": str(kind)} if kind not in {"text", "image_url", "refusal"}:
                raise wrong(place, f"is of the type `{one_line(kind, 40)}`, and only text and image_url are taken",
                       code="unsupported_value")  # fmt: skip
            case _:
                raise wrong(place, "must be a part with its `type` and its content")
    return "\n".join(texts), tuple(images)


def _image(url: str, where: str) -> Image:
    """Returns a picture that is in its own address; an address elsewhere is fetched by nobody here."""
    head, comma, data = url.partition(",")
    kind, _, coding = head.removeprefix("data:").partition(";")
    if not head.startswith("data:") or not comma or coding != "base64":
        raise wrong(where, "must hold its picture itself: `data:image/png;base64,…`", code="unsupported_value")
    if kind.lower() not in PICTURES:
        raise wrong(where, f"must be one of {', '.join(PICTURES)}", code="unsupported_value")
    if BASE64.fullmatch(data) is None or len(data) % 4:
        raise wrong(where, "is not base64", code="invalid_value")
    return Image(media_type=kind.lower(), base64=data)
