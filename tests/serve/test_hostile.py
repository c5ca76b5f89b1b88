"""Who means it ill: broken bodies, wrong tokens, web pages, names that point here, clients that leave or dawdle."""

import http.client
import json
import socket
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from outrider.doors.ledger import Ledger
from outrider.doors.settings import places
from outrider.serve.http import LONGEST_BODY
from tests.serve.endpoint import TOKEN, Running, running
from tests.servers import ScriptedServer, say
from tests.servers.replies import way

CHAT = "/v1/chat/completions"
FINE = b'{"model": "here.one", "messages": [{"role": "user", "content": "hello"}]}'


def test_nobody_speaks_to_it_without_the_token_or_from_a_web_page(endpoint: Running, server: ScriptedServer) -> None:
    """A wrong token is 401; another's name for us and a page's origin are 403, also with the right token."""
    port = endpoint.port
    cases: dict[str, tuple[dict[str, str | None], tuple[int, str]]] = {
        "no token": ({"authorization": None}, (401, "invalid_api_key")),
        "wrong token": ({"authorization": "Bearer " + "x" * len(TOKEN)}, (401, "invalid_api_key")),
        "longer token": ({"authorization": f"Bearer {TOKEN}x"}, (401, "invalid_api_key")),
        "no scheme": ({"authorization": TOKEN}, (401, "invalid_api_key")),
        "another scheme": ({"authorization": f"Basics {TOKEN}"}, (401, "invalid_api_key")),
        "odd letters": ({"authorization": "Bearer \xff\xfe"}, (401, "invalid_api_key")),
        "a rebound name": ({"host": f"evil.example:{port}"}, (403, "host")),
        "a name that begins like ours": ({"host": f"127.0.0.1.evil.example:{port}"}, (403, "host")),
        "localhost of another": ({"host": f"localhost.evil.example:{port}"}, (403, "host")),
        "another machine's address": ({"host": f"192.0.2.1:{port}"}, (403, "host")),
        "a web page": ({"origin": "https://evil.example"}, (403, "origin")),
        "a local page": ({"origin": f"http://127.0.0.1:{port}"}, (403, "origin")),
        "a sandboxed page": ({"origin": "null"}, (403, "origin")),
        "a browser": ({"sec-fetch-site": "cross-site"}, (403, "origin")),
    }
    found = {}
    for name, (headers, _) in cases.items():
        heard = endpoint.raw("POST", CHAT, FINE, headers)
        found[name] = (heard.status, heard.error["code"])
        assert "access-control-allow-origin" not in heard.headers
    assert found == {name: told for name, (_, told) in cases.items()}
    assert server.requests == ()
    for host in (f"localhost:{port}", f"[::1]:{port}", "127.0.0.1", f"LOCALHOST:{port}"):
        assert endpoint.raw("GET", "/v1/models", headers={"host": host}).status == 200


def test_other_paths_and_methods_are_told(endpoint: Running) -> None:
    """What is not here is 404, Anthropic's own surface too; a wrong method is 405 and says which is right."""
    asked = [
        ("POST", "/v1/messages"), ("POST", "/v1/messages/count_tokens"), ("POST", "/v1/complete"), ("GET", "/"),
        ("POST", "/v1/responses"), ("POST", "/v1/embeddings"), ("POST", "/chat/completions"), ("GET", "/v1/models/"),
        ("POST", "/v1/chat/completions/"), ("POST", "/v1/projects/a/chat/completions"), ("GET", "/v1/../etc/passwd"),
    ]  # fmt: skip
    assert {(how, path): endpoint.raw(how, path, FINE if how == "POST" else None).status for how, path in asked} == (
        dict.fromkeys(asked, 404)
    )
    wrong = {(how, path): endpoint.raw(how, path) for how, path in (
        ("GET", CHAT), ("PUT", CHAT), ("OPTIONS", CHAT), ("DELETE", "/v1/models"), ("POST", "/v1/models"),
    )}  # fmt: skip
    assert {heard.status for heard in wrong.values()} == {405}
    assert wrong["GET", CHAT].headers["allow"] == "POST"
    head = endpoint.raw("HEAD", "/v1/models")
    assert (head.status, head.body) == (200, b"")
    assert endpoint.raw("HEAD", "/nowhere").status == 404


def test_a_broken_body_is_named_and_asks_nobody(endpoint: Running, server: ScriptedServer) -> None:
    """Not JSON, not an object, too deep, too long, packed: each is refused, and the next one is served."""
    deep = b'{"messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    cases: dict[str, tuple[bytes, dict[str, str | None], tuple[int, str]]] = {
        "empty": (b"", {}, (400, "invalid_json")),
        "no JSON": (b"model=here.one", {}, (400, "invalid_json")),
        "half": (FINE[:-5], {}, (400, "invalid_json")),
        "a list": (b"[]", {}, (400, "invalid_json")),
        "no UTF-8": (b'{"model": "\xff"}', {}, (400, "invalid_json")),
        "no number": (FINE[:-1] + b', "temperature": NaN}', {}, (400, "invalid_json")),
        "a number of many digits": (FINE[:-1] + b', "seed": ' + b"9" * 5000 + b"}", {}, (400, "invalid_json")),
        "deep": (deep, {}, (400, "invalid_json")),
        "a form": (FINE, {"content-type": "text/plain"}, (415, "content_type")),
        "packed": (FINE, {"content-encoding": "gzip"}, (415, "content_encoding")),
        "promised too long": (b"{", {"content-length": str(100 * 1024 * 1024)}, (413, "too_large")),
        "unknown": (FINE[:-1] + b', "plugins": [1]}', {}, (400, "unsupported_parameter")),
        "many lists": (b'{"messages": [' + b"[]," * 400_000 + b"1]}", {}, (413, "too_large")),
    }
    found = {}
    for name, (body, headers, _) in cases.items():
        heard = endpoint.raw("POST", CHAT, body, headers)
        found[name] = (heard.status, heard.error["code"])
    assert found == {name: told for name, (_, _, told) in cases.items()}
    assert server.requests == ()
    surrogate = endpoint.raw("POST", CHAT, FINE.replace(b"hello", b"\\ud800 hello"))
    assert (surrogate.status, server.asked[0].json["messages"][0]["content"]) == (200, "\ufffd hello")


def test_a_hundred_megabytes_are_stopped_on_their_way(endpoint: Running) -> None:
    """A body without a length is counted as it comes, and refused where it is too long."""
    with closing(socket.create_connection(("127.0.0.1", endpoint.port), timeout=20)) as connection:
        head = (
            f"POST {CHAT} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {TOKEN}\r\n"
            "content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        connection.sendall(head.encode())
        piece = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
        sent = 0
        try:
            while sent < 100:
                connection.sendall(piece)
                sent += 1
        except OSError:
            pass
        assert sent < 100
        assert sent * 0x100000 > LONGEST_BODY


def test_who_leaves_is_not_asked_for_any_more(endpoint: Running, server: ScriptedServer, folder: Path) -> None:
    """A client that hangs up cancels its call, and the call is booked in doubt."""
    server.always(way("hang"))
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=20)
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    connection.request("POST", CHAT, FINE, headers)
    assert server.wait_for(1)
    connection.close()
    server.always(say("still here"))
    assert endpoint.chat(model="here/other").status == 200
    rows = _until(
        folder, "SELECT kind, certainty FROM attempts ORDER BY id", lambda rows: len(rows) == 2 and rows[0][0]
    )
    assert rows[0] == ("interrupted", "in_doubt")


def test_who_leaves_a_stream_is_not_written_to(endpoint: Running, server: ScriptedServer, folder: Path) -> None:
    """A client that hangs up while text comes ends the call; what was said is counted, and nobody else is asked."""
    server.always(replace(way("drip", say("one two three four five six")), pause=0.005), model="one")
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=20)
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    connection.request("POST", CHAT, FINE.replace(b"{", b'{"stream": true, ', 1).replace(b"here.one", b"both"), headers)
    answer = connection.getresponse()
    assert answer.readline().startswith(b"data: ")
    answer.close()
    connection.close()
    rows = _until(folder, "SELECT model, kind, certainty FROM attempts", lambda rows: bool(rows and rows[0][1]))
    assert rows == [("here.one", "interrupted", "in_doubt")]


def test_a_client_that_dawdles_holds_nobody_up(endpoint: Running, server: ScriptedServer) -> None:
    """While one sends its body letter by letter, another is answered."""
    server.always(say("quick"))
    with closing(socket.create_connection(("127.0.0.1", endpoint.port), timeout=20)) as slow:
        head = (
            f"POST {CHAT} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {TOKEN}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(FINE)}\r\n\r\n"
        )
        slow.sendall(head.encode() + FINE[:10])
        assert endpoint.chat(model="here.one").status == 200
        slow.sendall(FINE[10:])
        assert slow.recv(100).startswith(b"HTTP/1.1 200")


def test_a_head_that_does_not_come_is_not_waited_for(models: Any, folder: Path) -> None:
    """Who opens a connection and says nothing, or half a head, is let go; a kept one may stay idle."""
    with running(folder, patience=0.2) as endpoint:
        for said in (b"", b"POST /v1/chat"):
            with closing(socket.create_connection(("127.0.0.1", endpoint.port), timeout=10)) as slow:
                slow.sendall(said)
                assert slow.recv(10) == b""
        kept = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=10)
        for _ in range(2):
            kept.request("GET", "/v1/models", headers={"authorization": f"Bearer {TOKEN}"})
            answer = kept.getresponse()
            assert (answer.status, len(answer.read()) > 10) == (200, True)
        kept.close()


def test_more_than_the_queue_holds_come_again_later(models: Any, server: ScriptedServer, folder: Path) -> None:
    """With one place and no queue, the second is told to come again."""
    server.always(way("hang"), model="one")
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    with running(folder, most=1, queue=0) as endpoint:
        held = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=20)
        held.request("POST", CHAT, FINE, headers)
        assert server.wait_for(1)
        heard = endpoint.chat(model="here.one")
        assert (heard.status, heard.error["code"], heard.error["type"]) == (
            429, "rate_limit_exceeded", "rate_limit_error",
        )  # fmt: skip
        assert (heard.headers["retry-after"], heard.headers["x-should-retry"]) == ("1", "true")
        held.close()


def _until(folder: Path, query: str, is_enough: Any) -> list[tuple[Any, ...]]:
    """Returns the rows of the book once they say what is waited for."""
    ledger = Ledger(places(cwd=str(folder)))
    try:
        rows: list[tuple[Any, ...]] = []
        for _ in range(2_000):
            rows = [tuple(row) for row in ledger.read(query)]
            if is_enough(rows):
                break
        return rows
    finally:
        ledger.close()


def test_wrong_types_are_named_by_their_place(endpoint: Running) -> None:
    """The error says which parameter is at fault."""
    heard = endpoint.raw("POST", CHAT, json.dumps({"messages": [{"role": "user", "content": 3}]}).encode())
    assert (heard.status, heard.error["param"], heard.error["type"]) == (
        400, "messages[0].content", "invalid_request_error",
    )  # fmt: skip


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "wat"}, {"properties": 5}, {"patternProperties": {"(": {}}}, {"$ref": "#/$defs/no"},
        {"$ref": "http://127.0.0.1:9/x"},
    ],
)  # fmt: skip
def test_a_schema_that_is_none_is_refused_before_anybody_is_paid(
    schema: Any, endpoint: Running, server: ScriptedServer
) -> None:
    """It is the client's mistake, and no model's."""
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    heard = endpoint.chat(model="here.one", response_format=wanted)
    assert (heard.status, heard.error["param"], server.requests) == (400, "response_format", ())


def test_a_number_beyond_all_numbers_is_no_number(endpoint: Running) -> None:
    """It is named, and is no fault of ours."""
    heard = endpoint.raw("POST", CHAT, FINE[:-1] + b', "seed": ' + b"9" * 400 + b"}")
    assert (heard.status, heard.error["param"]) == (400, "seed")


def test_the_path_of_a_project_is_the_same_endpoint(endpoint: Running) -> None:
    """What the seed's clients ask is answered, also without a model."""
    heard = endpoint.chat(path="/v1/projects/default/my-project/chat/completions")
    assert (heard.status, json.loads(heard.body)["model"]) == (200, "here.one")
