"""The simulated provider: real HTTP, invented answers that say so."""

import json
from http.client import HTTPConnection
from typing import Any

import pytest

from outrider.doors.simulator import simulated


def ask(address: str, path: str, body: dict[str, Any]) -> tuple[int, str, bytes]:
    """Sends one question and returns status, type and body."""
    connection = HTTPConnection(address.removeprefix("http://"), timeout=5)
    try:
        connection.request("POST", path, json.dumps(body))
        reply = connection.getresponse()
        return reply.status, reply.getheader("content-type") or "", reply.read()
    finally:
        connection.close()


@pytest.fixture
def body() -> dict[str, Any]:
    """Returns a question."""
    return {"model": "m", "messages": [{"role": "user", "content": "what\nis this?"}]}


def test_one_door_answers_and_one_is_busy(loopback: None, body: dict[str, Any]) -> None:
    """The first part of the path chooses; an answer says that no model gave it, with usage to be booked."""
    with simulated() as address:
        busy, _, problem = ask(address, "/busy/v1/chat/completions", body)
        status, kind, answer = ask(address, "/steady/v1/chat/completions", body)
    assert (busy, json.loads(problem)["error"]["message"]) == (503, "simulated: overloaded")
    given = json.loads(answer)
    text = given["choices"][0]["message"]["content"]
    assert (status, kind, given["model"]) == (200, "application/json", "m")
    assert text.startswith("This is a simulated answer: no model was asked")
    assert text.endswith("You asked: what is this?")
    assert given["usage"]["completion_tokens"] == len(text) // 4


def test_a_stream_says_the_same(loopback: None, body: dict[str, Any]) -> None:
    """Word by word, with a reason to stop, usage and an end."""
    with simulated() as address:
        whole = json.loads(ask(address, "/steady/v1/chat/completions", body)[2])
        status, kind, stream = ask(address, "/steady/v1/chat/completions", {**body, "stream": True})
    events = [line.removeprefix("data: ") for line in stream.decode().split("\n\n") if line]
    chunks = [json.loads(event) for event in events[:-1]]
    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk["choices"])
    assert (status, kind, events[-1]) == (200, "text/event-stream", "[DONE]")
    assert text.strip() == whole["choices"][0]["message"]["content"]
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert set(chunks[-1]["usage"]) == {"prompt_tokens", "completion_tokens"}


def test_it_is_gone_afterwards(loopback: None, body: dict[str, Any]) -> None:
    """Nothing keeps listening on this machine."""
    with simulated() as address:
        pass
    with pytest.raises(ConnectionRefusedError):
        ask(address, "/steady/v1/chat/completions", body)
