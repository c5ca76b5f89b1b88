"""A Messages API on loopback that says what a test scripts, and remembers every request of the client.

A script is plain data: a list of replies for the main loop and one for subagents, each reply a list of blocks. The
client marks a subagent's request with `cc_is_subagent=true` in its first system block.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Condition, Thread
from types import TracebackType
from typing import Any, Self

Block = Mapping[str, Any]
Reply = Sequence[Block]
SUBAGENT = "cc_is_subagent=true"
DONE = "Done."


def text(words: str) -> Block:
    """Says something."""
    return {"type": "text", "text": words}


def call(tool: str, /, **arguments: Any) -> Block:
    """Calls a tool."""
    return {"type": "tool_use", "name": tool, "input": arguments}


def bash(command: str) -> Block:
    """Runs a command in the client's Bash tool."""
    return call("Bash", command=command, description="a step of the test")


def spawn(agent: str, prompt: str = "do your work", **arguments: Any) -> Block:
    """Starts a subagent and waits for it."""
    asked = {"description": "a step", "prompt": prompt, "subagent_type": agent, "run_in_background": False}
    return call("Agent", **asked, **arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request of the client for a message."""

    body: Mapping[str, Any]

    @property
    def model(self) -> str:
        """The wire id of the model."""
        return str(self.body["model"])

    @property
    def effort(self) -> str | None:
        """The effort, where the client sends one."""
        asked = self.body.get("output_config")
        return asked.get("effort") if isinstance(asked, dict) else None

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of the tools that the model may call, in order of name."""
        return tuple(sorted(str(tool.get("name")) for tool in self.body.get("tools") or ()))

    @property
    def is_subagent(self) -> bool:
        """Whether a subagent asks."""
        first = self.body.get("system") or [{}]
        return SUBAGENT in (first if isinstance(first, str) else str(first[0].get("text", "")))

    @property
    def system(self) -> str:
        """The text of the system prompt."""
        return "\n".join(_texts(self.body.get("system") or ""))

    @property
    def said(self) -> str:
        """All that the messages say as text: prompts, reminders, results."""
        return "\n".join(words for message in self.body["messages"] for words in _texts(message.get("content")))

    @property
    def results(self) -> tuple[str, ...]:
        """What the tools gave back, the oldest first."""
        blocks = [block for message in self.body["messages"] for block in _blocks(message.get("content"))]
        return tuple("\n".join(_texts(it.get("content"))) for it in blocks if it.get("type") == "tool_result")


Chooser = Callable[[Request], Reply]


class MessagesApi:
    """The API; use it as a context manager. When a script is at its end the model says that it is done.

    `choose` replaces both scripts by a function of the request.
    """

    def __init__(
        self, *, main: Iterable[Reply] = (), sub: Iterable[Reply] = (), choose: Chooser | None = None, port: int = 0
    ) -> None:
        self._choose = choose or self._next
        self._scripts = {False: deque(main), True: deque(sub)}
        self._seen: list[Request] = []
        self._arrival = Condition()
        self._numbers = count(1)
        self._http = _Listener(("127.0.0.1", port), self)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request for a message so far, in the order of arrival."""
        with self._arrival:
            return tuple(self._seen)

    @property
    def main(self) -> tuple[Request, ...]:
        """The requests of the session itself."""
        return tuple(request for request in self.requests if not request.is_subagent)

    @property
    def sub(self) -> tuple[Request, ...]:
        """The requests of subagents."""
        return tuple(request for request in self.requests if request.is_subagent)

    def answer(self, body: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
        """Remembers a request and returns its number and what is said to it."""
        request = Request(body=body)
        with self._arrival:
            self._seen.append(request)
            number = next(self._numbers)
            reply = self._choose(request)
        blocks = [dict(block) for block in reply or (text(DONE),)]
        for place, block in enumerate(blocks):
            if block["type"] == "tool_use":
                block.setdefault("id", f"toolu_{number:04}_{place}")
        return f"msg_{number:04}", blocks

    def _next(self, request: Request) -> Reply:
        script = self._scripts[request.is_subagent]
        return script.popleft() if script else ()


def events(name: str, model: str, blocks: Sequence[Mapping[str, Any]]) -> list[bytes]:
    """Writes a message as a stream of server-sent events."""
    usage = {"input_tokens": 10, "output_tokens": 1, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    message = _message(name, model, (), stop=None) | {"usage": usage}
    stream: list[Mapping[str, Any]] = [{"type": "message_start", "message": message}]
    for place, block in enumerate(blocks):
        if block["type"] == "tool_use":
            start = {**block, "input": {}}
            piece = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        else:
            start, piece = {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
        stream.append({"type": "content_block_start", "index": place, "content_block": start})
        stream.append({"type": "content_block_delta", "index": place, "delta": piece})
        stream.append({"type": "content_block_stop", "index": place})
    ending = {"stop_reason": _stop(blocks), "stop_sequence": None}
    stream.append({"type": "message_delta", "delta": ending, "usage": {**usage, "output_tokens": 20}})
    stream.append({"type": "message_stop"})
    return [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in stream]


def _message(name: str, model: str, blocks: Sequence[Mapping[str, Any]], *, stop: str | None) -> dict[str, Any]:
    usage = {"input_tokens": 10, "output_tokens": 20}
    said = {"id": name, "type": "message", "role": "assistant", "model": model, "content": list(blocks)}
    return {**said, "stop_reason": stop, "stop_sequence": None, "usage": usage}


def _stop(blocks: Sequence[Mapping[str, Any]]) -> str:
    return "tool_use" if any(block["type"] == "tool_use" for block in blocks) else "end_turn"


def _blocks(content: Any) -> list[Mapping[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content or () if isinstance(block, dict)]


def _texts(content: Any) -> list[str]:
    found: list[str] = []
    for block in _blocks(content):
        if block.get("type") == "text":
            found.append(str(block.get("text", "")))
        elif block.get("type") == "tool_result":
            found.extend(_texts(block.get("content")))
    return found


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], scripted: MessagesApi) -> None:
        self.scripted = scripted
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: a client that goes away is no fault."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    server: _Listener

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
        """Says nothing."""

    def _reply(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0].rstrip("/")
        with suppress(OSError):
            if self.command == "POST" and path.endswith("/v1/messages"):
                self._say(json.loads(body))
            elif path.endswith("/count_tokens"):
                self._send(200, "application/json", json.dumps({"input_tokens": len(body) // 4}).encode())
            else:
                wrong = {"type": "error", "error": {"type": "not_found_error", "message": "not scripted"}}
                self._send(404, "application/json", json.dumps(wrong).encode())

    def _say(self, asked: Mapping[str, Any]) -> None:
        name, blocks = self.server.scripted.answer(asked)
        model = str(asked["model"])
        if asked.get("stream"):
            self._send(200, "text/event-stream", b"".join(events(name, model, blocks)))
        else:
            whole = _message(name, model, blocks, stop=_stop(blocks))
            self._send(200, "application/json", json.dumps(whole).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_HEAD = _reply  # noqa: N815 (the library's names)
