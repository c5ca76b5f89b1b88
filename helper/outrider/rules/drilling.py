"""The faults of a drill, as bytes: what a server in trouble sends, in each dialect, and what a sound one answers.

Pure data. The drill puts them in front of the real chain, on a transport that reaches nobody.
"""

import json
from collections.abc import Mapping
from typing import Literal, assert_never

from outrider.data import Fault, Json
from outrider.records import record
from outrider.rows import Dialect

End = Literal["stop", "filter", "length"]
"""How a reply says that it ended."""
ENDS: Mapping[End, Mapping[str, str]] = {
    "stop": {"anthropic": "end_turn"},
    "filter": {"openai": "content_filter", "anthropic": "refusal", "ollama": "content_filter"},
    "length": {"anthropic": "max_tokens"},
}


@record
class Mishap:
    """One fault: a status with a body, or a break on the way, and how many seconds it takes to show itself.

    Without a body, a status of success has the answer of the dialect, with this `text` and this `end`. `is_final` marks
    what no other model may be asked about: it is our own fault, or falling over would launder a refusal.
    """

    name: str
    status: int | None = None
    text: str = ""
    end: End = "stop"
    is_final: bool = False
    headers: Mapping[str, str] = {}
    body: bytes = b""
    fault: Fault | None = None
    seconds: float = 0.2


def _error(message: str, **fields: Json) -> bytes:
    return json.dumps({"error": {"message": message, **fields}}).encode()


MISHAPS: tuple[Mishap, ...] = (
    Mishap(name="overloaded (503)", status=503, body=_error("overloaded")),
    Mishap(name="server error (500)", status=500, body=_error("internal error")),
    Mishap(name="rate limited, wait 3 s", status=429, headers={"retry-after": "3"}, body=_error("slow down")),
    Mishap(name="rate limited, wait an hour", status=429, headers={"retry-after": "3600"}, body=_error("slow down")),
    Mishap(
        name="out of credit (429)",
        status=429,
        body=_error("no credit", type="insufficient_quota", code="insufficient_quota"),
    ),
    Mishap(name="out of credit (402)", status=402, body=_error("payment required")),
    Mishap(name="key refused (401)", status=401, body=_error("bad key")),
    Mishap(name="model gone (404)", status=404, body=_error("no such model")),
    Mishap(name="prompt too long", status=400, body=_error("too long", code="context_length_exceeded")),
    Mishap(name="bad request (422)", status=422, body=_error("unknown field"), is_final=True),
    Mishap(name="not permitted (403)", status=403, body=_error("forbidden")),
    Mishap(name="not implemented (501)", status=501, body=_error("not implemented")),
    Mishap(name="rate limited, no wait", status=429, body=_error("slow down")),
    Mishap(name="refused by a filter", status=200, end="filter", is_final=True),
    Mishap(name="empty answer", status=200),
    Mishap(name="only thought", status=200, end="length"),
    Mishap(name="HTML with 200", status=200, headers={"content-type": "text/html"}, body=b"<html>maintenance</html>"),
    Mishap(name="half a JSON", status=200, body=b'{"choices": [{"mess'),
    Mishap(name="redirected", status=302, headers={"location": "https://elsewhere.invalid/"}),
    Mishap(
        name="connection refused",
        fault=Fault(kind="network", message="cannot connect: Connection refused", certainty="not_sent"),
        seconds=0.01,
    ),
    Mishap(
        name="name not found",
        fault=Fault(kind="network", message="cannot connect: Name or service not known", certainty="not_sent"),
        seconds=0.05,
    ),
    Mishap(
        name="answer broken off",
        status=200,
        body=b'{"choices": [{"mess',
        fault=Fault(kind="incomplete", message="the connection broke", certainty="in_doubt"),
    ),
    Mishap(
        name="reset after sending",
        fault=Fault(kind="network", message="the connection broke", certainty="in_doubt"),
    ),
    Mishap(
        name="no answer in time",
        fault=Fault(kind="timeout", message="did not answer in time", certainty="in_doubt"),
        seconds=60.0,
    ),
    Mishap(
        name="certificate refused",
        fault=Fault(kind="tls", message="TLS failed: certificate verify failed", certainty="not_sent"),
    ),
    Mishap(name="endless answer", fault=Fault(kind="too_large", message="the answer has no end", certainty="in_doubt")),
)
ANSWER = "drilled"


def reply_of(mishap: Mishap, dialect: Dialect) -> bytes:
    """Returns what a server sends that has this mishap."""
    if mishap.body or mishap.status != 200:
        return mishap.body
    return sound_reply(dialect, text=mishap.text, end=mishap.end)


def sound_reply(dialect: Dialect, *, text: str = ANSWER, end: End = "stop") -> bytes:
    """Returns a whole, plain answer in a dialect."""
    reply: Json
    finish = ENDS[end].get(dialect, end)
    match dialect:
        case "openai":
            choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}
            reply = {"model": "drill", "choices": [choice], "usage": {"prompt_tokens": 20, "completion_tokens": 200}}
        case "anthropic":
            reply = {
                "type": "message", "role": "assistant", "model": "drill", "stop_reason": finish,
                "content": [{"type": "text", "text": text}], "usage": {"input_tokens": 20, "output_tokens": 200},
            }  # fmt: skip
        case "ollama":
            reply = {
                "model": "drill", "message": {"role": "assistant", "content": text}, "done": True,
                "done_reason": finish, "prompt_eval_count": 20, "eval_count": 200,
            }  # fmt: skip
        case "echo" | "native":
            reply = {}
        case never:
            assert_never(never)
    return json.dumps(reply).encode()
