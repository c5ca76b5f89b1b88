"""The scripted server does what it is told: the other tests lean on it."""

import gzip
import json
import subprocess
import sys
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, get_args

import pytest

from tests.servers import Reply, ScriptedServer, named, redirect, say, status, way
from tests.servers.replies import Shape, Way

CHAT = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages", "ollama": "/api/chat"}
ROOT = Path(__file__).parent.parent


def ask(
    server: ScriptedServer, path: str, *, model: str = "m", stream: bool = False, timeout: float = 5.0
) -> tuple[int, dict[str, str], bytes]:
    """Sends one chat request and reads the whole reply."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=timeout)
    try:
        connection.request("POST", path, json.dumps({"model": model, "stream": stream}), {"Authorization": "Bearer k"})
        reply = connection.getresponse()
        return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()
    finally:
        connection.close()


def text_of(dialect: str, body: Any) -> Any:
    """Finds the answer's text in a whole reply."""
    if dialect == "openai":
        return body["choices"][0]["message"]["content"]
    if dialect == "anthropic":
        return body["content"][0]["text"]
    return body["message"]["content"]


@pytest.mark.parametrize("dialect", CHAT)
def test_an_unscripted_request_is_answered(server: ScriptedServer, dialect: str) -> None:
    """Every dialect gets an answer that names the model, and the request is remembered."""
    code, _, body = ask(server, CHAT[dialect])
    assert (code, text_of(dialect, json.loads(body))) == (200, "hello from m")
    assert [(seen.path, seen.json["model"], seen.headers["authorization"]) for seen in server.asked] == [
        (CHAT[dialect], "m", "Bearer k")
    ]


@pytest.mark.parametrize("dialect", CHAT)
@pytest.mark.parametrize("shape", ["answer", "cut", "comments", "error_event"])
def test_a_stream_has_the_shape_that_was_scripted(server: ScriptedServer, dialect: str, shape: Shape) -> None:
    """A stream carries the words, and ends as told: whole, cut, empty or in an error."""
    server.script(Reply(shape=shape, text="one two three four"))
    try:
        body = ask(server, CHAT[dialect], stream=True)[2].decode()
    except HTTPException as error:
        body = error.partial.decode() if hasattr(error, "partial") else ""
        assert shape == "cut"
    ended = {"openai": "[DONE]", "anthropic": "message_stop", "ollama": '"done": true'}[dialect]
    assert {
        "one": "one" in body,
        "four": " four" in body,
        "ended": ended in body,
        "error": "scripted 500" in body,
    } == {
        "one": shape != "comments",
        "four": shape == "answer",
        "ended": shape == "answer",
        "error": shape == "error_event",
    }


def test_replies_are_taken_in_order_and_by_model(server: ScriptedServer) -> None:
    """A model's own queue comes first, then the common one, then what always holds."""
    server.script(status(503), status(429, headers={"Retry-After": "3"}))
    server.script(say("mine"), model="m")
    server.always(status(404))
    got = [ask(server, CHAT["openai"], model=model) for model in ("m", "m", "other", "other")]
    assert [code for code, _, _ in got] == [200, 503, 429, 404]
    assert got[2][1]["retry-after"] == "3"
    assert json.loads(got[0][2])["choices"][0]["message"]["content"] == "mine"


def test_a_model_called_fault_fails_by_its_name(server: ScriptedServer) -> None:
    """A server that runs alone needs no script to fail."""
    assert ask(server, CHAT["openai"], model="fault-429")[0] == 429
    assert ask(server, CHAT["openai"], model="fault-html")[2].startswith(b"<!DOCTYPE html>")


def test_lists_of_models_come_in_each_shape(server: ScriptedServer) -> None:
    """The list is at the path that each dialect uses, and may be made to fail."""
    server.models = ("a", "b")
    server.always_at("/v1/models", status(401))
    connection = HTTPConnection("127.0.0.1", server.port, timeout=5)
    found = []
    for path in ("/models", "/api/tags", "/v1/models", "/nowhere"):
        connection.request("GET", path)
        reply = connection.getresponse()
        found.append((reply.status, json.loads(reply.read())))
    connection.close()
    assert [row["id"] for row in found[0][1]["data"]] == ["a", "b"]
    assert [row["name"] for row in found[1][1]["models"]] == ["a", "b"]
    assert [code for code, _ in found] == [200, 200, 401, 404]


@pytest.mark.parametrize("name", ["close", "reset", "reset_in_body", "truncated", "slow_headers", "gzip", "split"])
def test_the_ways_that_end_at_once_do(server: ScriptedServer, name: Way) -> None:
    """A broken way is an error to the caller, and a sound one carries the whole answer."""
    server.script(way(name, Reply(pause=0.0)))
    sound = name in {"slow_headers", "gzip", "split"}
    try:
        _, headers, body = ask(server, CHAT["openai"])
    except (OSError, HTTPException):
        assert not sound
    else:
        assert sound
        plain = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
        assert text_of("openai", json.loads(plain)) == "hello from m"


@pytest.mark.parametrize("name", ["hang", "hang_after_headers", "hang_in_body", "drip"])
def test_the_ways_that_wait_outlast_the_caller(server: ScriptedServer, name: Way) -> None:
    """A caller with a short patience runs out of it, and the server still stops at once."""
    server.script(way(name, Reply(pause=1.0)))
    with pytest.raises(TimeoutError):
        ask(server, CHAT["openai"], timeout=0.1)


def test_a_short_length_cuts_the_body(server: ScriptedServer) -> None:
    """The caller reads what was promised, which is half."""
    server.script(way("short_length"))
    with pytest.raises(json.JSONDecodeError):
        json.loads(ask(server, CHAT["openai"])[2])


def test_an_endless_body_outgrows_any_limit(server: ScriptedServer) -> None:
    """The caller decides when it has had enough."""
    server.script(way("endless"))
    connection = HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.request("POST", CHAT["openai"], "{}")
    assert len(connection.getresponse().read(3_000_000)) == 3_000_000
    connection.close()


def test_a_redirect_points_away(server: ScriptedServer) -> None:
    """The status and the place are the scripted ones."""
    server.script(redirect("http://127.0.0.1:9/stolen"))
    code, headers, _ = ask(server, CHAT["openai"])
    assert (code, headers["location"]) == (302, "http://127.0.0.1:9/stolen")


@pytest.mark.parametrize("name", [*get_args(Way), *get_args(Shape), "503"])
def test_every_reply_has_a_name(name: str) -> None:
    """A word is enough to ask for any reply."""
    assert name in {named(name).way, named(name).shape, str(named(name).status)}


def test_the_server_runs_alone() -> None:
    """As a process it prints its address, and ends when its input closes."""
    command = [sys.executable, "-m", "tests.servers", "--seconds", "20"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.communicate("", timeout=10)
        assert process.returncode == 0


def test_the_network_is_closed() -> None:
    """Without asking, a test reaches not even this machine."""
    with pytest.raises(RuntimeError, match="the network is closed"):
        HTTPConnection("127.0.0.1", 9, timeout=1).connect()


def test_the_loopback_opens_nothing_else(loopback: None) -> None:
    """A test that asked for the loopback still reaches no other machine."""
    with pytest.raises(RuntimeError, match=r"a test reached for 192\.0\.2\.1"):
        HTTPConnection("192.0.2.1", 80, timeout=1).connect()
