"""The echo dialect: no network. The call carries the request, and its reading answers with the last user text.

It is how a machine with no key and no server tries everything around a model. Where tools are offered, each line of
the last user text that reads `call TOOL {"argument": 1}` is a round in which that tool is called; the answer is then
what the tools gave.
"""

from outrider.data import Json, Reading, Request, Target, Usage
from outrider.providers import NONE
from outrider.wire.parameters import Params
from outrider.wire.reading import HttpReading
from outrider.wire.reply import Reply
from outrider.wire.text import clean

URL = "echo:"


def build(request: Request, target: Target) -> tuple[Params, tuple[str, ...]]:
    """Returns the request as JSON; nothing is left out."""
    messages = [
        {"role": message.role, "text": clean(message.text), "images": len(message.images)}
        for message in request.messages
    ]
    body: Params = {
        "model": target.wire_id,
        "messages": messages,
        "max_output": request.max_output,
        "params": dict(request.params),
        "schema": None if request.schema is None else dict(request.schema),
        "stream": request.stream,
    }
    if request.tools:
        body["tools"] = [tool.name for tool in request.tools]
    return body, ()


def reading(*, schema_wanted: bool) -> Reading:
    """Returns what reads the request back."""
    reply = Reply(NONE, splits_thinking=False)
    return HttpReading(
        reply, whole=read_whole, event=_read_nothing, framing="whole", stream=False, schema_wanted=schema_wanted
    )


def read_whole(reply: Reply, payload: dict[str, Json]) -> None:
    """Answers with the last user text; a token is four letters."""
    messages = payload.get("messages")
    said = [message for message in messages if isinstance(message, dict)] if isinstance(messages, list) else []
    texts = [text for message in said if isinstance(text := message.get("text"), str)]
    last = next((m["text"] for m in reversed(said) if m.get("role") == "user" and isinstance(m.get("text"), str)), None)
    if last is None:
        reply.fail("bad_response", "the request has no user message")
        return
    reply.name(model=payload.get("model"), request_id="echo")
    if payload.get("tools"):
        last = _play(reply, said, last)
    reply.say(last)
    reply.has_message = True
    reply.usage = Usage(input=sum(map(_count, texts)), output=_count(last), known=True)
    reply.is_complete = True


def _play(reply: Reply, said: list[dict[str, Json]], asked: str) -> str:
    """Calls what the text asks for, a line a round, and returns the words that stand beside it."""
    from outrider.wire.tools import Piece

    since = max(at for at, message in enumerate(said) if message.get("role") == "user")
    results = [str(message.get("text")) for message in said[since:] if message.get("role") == "tool"]
    wanted = [line.split(maxsplit=2)[1:] for line in asked.splitlines() if line.startswith("call ")]
    if len(results) < len(wanted) and wanted[len(results)]:
        name, *arguments = wanted[len(results)]
        number = len(results) + 1
        reply.call(Piece(key=number, id=f"echo_{number}", name=name, arguments="".join(arguments)))
        reply.end("tool_calls")
        return ""
    return "\n".join(results) if results else asked


def _count(text: str) -> int:
    """Returns about how many tokens a text has."""
    return (len(text) + 3) // 4


def _read_nothing(_reply: Reply, _name: str, _payload: dict[str, Json]) -> str:
    """Reads no events: there is no stream."""
    return ""
