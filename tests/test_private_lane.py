"""Private means private: whatever is configured and whatever fails, no byte of it goes to a machine that is not here.

The real decision, the real engine, codecs and transport; what is made up is the network below them: names, peers and
what they answer.
"""

import json
import socket
import ssl
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from types import SimpleNamespace
from typing import Any

import httpcore2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.cli.stepping import sleep, step
from outrider.data import Failure, Message, Passed, Request, Route, Target
from outrider.doors.transport import blocking
from outrider.doors.transport.blocking import Blocking
from outrider.engine import World, run
from outrider.errors import Refused
from outrider.rows import Registry
from outrider.rules.limits import Spend, limits_from
from outrider.rules.routing import route
from outrider.rules.rows_from import registry_from
from outrider.rules.selection import Facts, Selection
from outrider.rules.targets import Served, Situation

CANARY = "the-private-canary"
PROXY = "6.6.6.6"
HOSTS = {
    "127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "[::1]": "::1", "10.0.0.7": "10.0.0.7",
    "100.64.0.9": "100.64.0.9", "gpu.lan": "192.168.1.5", "8.8.8.8": "8.8.8.8", "turned.lan": "8.8.4.4",
    "localhost.evil.test": "9.9.9.9", "127.0.0.1.evil.test": "9.9.9.9", "api.example": "1.1.1.1",
    "[2606:4700::1]": "2606:4700::1", "proxy.test": PROXY,
}  # fmt: skip
OURS = tuple(map(ip_network, ("127.0.0.0/8", "10.0.0.0/8", "192.168.0.0/16", "100.64.0.0/10", "::1/128")))
WIRE_IDS = ("m", "m:cloud", "m:120b-cloud", "M:Cloud", "m-cloud", "ns/m-cloud", "*")


def answer(status: str, body: bytes, *extra: str) -> bytes:
    """Returns a whole reply."""
    head = "\r\n".join((f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *extra))
    return head.encode() + b"\r\n\r\n" + body


REPLIES = (
    answer("200 OK", json.dumps({"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}).encode()),
    answer("200 OK", b"<html>"), answer("200 OK", b'{"error": {"code": 502}}'),
    answer("503 Busy", b"{}"), answer("429 Slow", b"{}", "Retry-After: 0"), answer("401 No", b"{}"),
    answer("307 Away", b"", "Location: http://8.8.8.8/v1/chat/completions"),
    answer("302 Away", b"", "Location: https://api.example/"), b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
)  # fmt: skip


class Network:
    """Peers that answer from a list, and everything that was written to each."""

    def __init__(self, replies: Iterable[bytes | None]) -> None:
        self.replies = list(replies)
        self.written: list[tuple[str, bytes]] = []

    def connect_tcp(self, host: str, port: int, *_: Any) -> httpcore2.NetworkStream:
        """Connects to an address, or refuses."""
        reply = self.replies.pop(0) if self.replies else REPLIES[3]
        if reply is None:
            raise httpcore2.ConnectError
        return Stream(self, host, port, reply)

    @property
    def foreign(self) -> list[tuple[str, bytes]]:
        """What was written to machines that are not the user's."""
        return [(peer, data) for peer, data in self.written if not any(ip_address(peer) in net for net in OURS)]


class Stream(httpcore2.NetworkStream):
    """One connection."""

    def __init__(self, network: Network, host: str, port: int, reply: bytes) -> None:
        self._network, self._peer, self._port, self._reply = network, host, port, reply

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Gives the reply, then its end."""
        data, self._reply = self._reply[:max_bytes], self._reply[max_bytes:]
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Keeps what was written."""
        self._network.written.append((self._peer, bytes(buffer)))

    def close(self) -> None:
        """Closes nothing."""

    def start_tls(self, *_: Any, **__: Any) -> httpcore2.NetworkStream:
        """Stays readable: what is encrypted is written all the same."""
        return self

    def get_extra_info(self, info: str) -> Any:
        """Says who the peer is."""
        return (self._peer, self._port) if info == "server_addr" else None


def look_up(host: str, port: Any, *_: Any, **__: Any) -> list[Any]:
    """Resolves the names of this file."""
    address = HOSTS.get(host) or HOSTS.get(f"[{host}]")
    if address is None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]


def ask(decided: Route, network: Network, settings_: dict[str, Any]) -> Any:
    """Asks along a route through the real engine and transport, over a network that is made up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocking, "SyncBackend", lambda: network)
        patch.setattr(blocking, "tls_context", lambda _: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        patch.setattr(socket, "getaddrinfo", look_up)
        patch.setenv("HTTP_PROXY", "http://proxy.test:3128")
        patch.setenv("ALL_PROXY", "http://proxy.test:3128")

        async def reserve(_target: Target, _number: int, check: Any) -> Any:
            booking = check(Spend())
            return booking if isinstance(booking, Failure) else SimpleNamespace(booking=booking)

        async def settle(_reservation: Any, _attempt: Any) -> None:
            return None

        world = World(
            send=Blocking(settings_).send, reserve=reserve, settle=settle, key=lambda _: "sk-test",
            now=lambda: 0.0, at=lambda: 1_790_000_000.0, sleep=lambda _: sleep(0.0), chance=lambda: 0.0,
            price=lambda _: None, purse=lambda _: 10, scrub=lambda text: text,
        )  # fmt: skip
        request = Request(messages=(Message(role="user", text=CANARY),), stream=False)
        return step(run(decided, request, limits_from({}, was_set=frozenset()), world))


@st.composite
def configurations(draw: st.DrawFn) -> tuple[Registry, Situation, Selection, Facts]:
    """Draws providers here and elsewhere, true and false words about them, and one of the ways to be private."""
    names = [f"p{number}" for number in range(draw(st.integers(1, 4)))]
    providers = {
        name: {
            "dialect": draw(st.sampled_from(["openai", "ollama", "anthropic"])),
            "base_url": f"{draw(st.sampled_from(['http', 'https']))}://{draw(st.sampled_from(sorted(HOSTS)))}/v1",
            "local": draw(st.booleans()),
            "serves": draw(st.sampled_from(["listed", "catalog"])),
        }
        for name in names
    }
    ids = st.sampled_from(WIRE_IDS)
    models = {
        f"{name}.{number}": {"provider": name, "id": draw(ids), "also": {draw(st.sampled_from(names)): draw(ids)}}
        for name in names
        for number in range(draw(st.integers(1, 2)))
    }
    way = draw(st.sampled_from(["flag", "task", "class", "setting", "path", "preset"]))
    task: dict[str, Any] = {"chain": draw(st.permutations(sorted(models))), "tail": draw(st.booleans())}
    private: dict[str, dict[str, Any]] = {"task": {"private": True}, "class": {"class": "local-only"}}
    task |= private.get(way, {})
    values = {
        "default": "work", "providers": providers, "models": models, "tasks": {"work": task},
        "presets": {"home": {"chain": draw(st.permutations(sorted(models))), "local": True}},
        "privacy": {"private": way == "setting"}, "limits": {},
    }  # fmt: skip
    named = draw(st.sampled_from([None, *models, *(f"{name}/m-cloud" for name in names), f"{names[0]}/m"]))
    by_task = way in {"task", "class"}
    selection = Selection(
        model=None if by_task or way == "preset" else named, task="work" if by_task else None, private=way == "flag",
        fallback=draw(st.sampled_from([None, True])), preset="home" if way == "preset" else None,
    )  # fmt: skip
    served = {name: Served(alive=True, ids=("m", "m:cloud", "x/m-cloud", "m:latest")) for name in names}
    situation = Situation(
        keys=dict.fromkeys(names, "k"), health={}, limits=limits_from({}, was_set=frozenset()),
        served=served if draw(st.booleans()) else {},
    )  # fmt: skip
    facts = Facts(data_class="local-only", class_from="a path") if way == "path" else Facts()
    return registry_from(values, origins={}, digest="d", notes=()), situation, selection, facts


@given(
    configured=configurations(), replies=st.lists(st.sampled_from([None, *REPLIES]), max_size=8),
    proxy=st.sampled_from([{}, {"proxy": "http://proxy.test:3128"}]),
)  # fmt: skip
def test_no_private_byte_leaves(configured: Any, replies: list[bytes | None], proxy: dict[str, Any]) -> None:
    """Not by fallback, tail, gateway, redirect, proxy, look-alike name, turned name or a model run in a cloud."""
    registry, situation, selection, facts = configured
    decided = route(registry, selection, facts, situation)
    network = Network(replies)
    ask(decided, network, proxy)
    assert decided.private
    assert network.foreign == []
    bodies = [data for _, data in network.written if CANARY.encode() in data]
    assert not any(b"cloud" in data.lower() for data in bodies)


def test_what_is_here_is_asked() -> None:
    """The wall is no dead end: a local server gets the prompt, past the proxy."""
    values = {
        "default": "work", "providers": {"box": {"dialect": "openai", "base_url": "http://gpu.lan/v1", "local": True}},
        "models": {"box.m": {"provider": "box", "id": "m"}}, "tasks": {"work": {"chain": ["box.m"]}}, "limits": {},
    }  # fmt: skip
    registry = registry_from(values, origins={}, digest="d", notes=())
    situation = Situation(keys={"box": ""}, health={}, served={}, limits=limits_from({}, was_set=frozenset()))
    network = Network([REPLIES[0]])
    decided = route(registry, Selection(task="work", private=True), Facts(), situation)
    ended = ask(decided, network, {"proxy": "http://proxy.test:3128"})
    assert ended.answer.text == "yes"
    assert {peer for peer, _ in network.written} == {"192.168.1.5"}


def test_a_route_that_lies_is_refused_where_calls_are_made() -> None:
    """Even a decision that names a remote target for a private request makes no call."""
    values = {
        "providers": {"far": {"dialect": "openai", "base_url": "https://api.example/v1"}},
        "models": {"far.m": {"provider": "far", "id": "m"}},
    }
    registry = registry_from(values, origins={}, digest="d", notes=())
    target = Target(model=registry.models["far.m"], provider=registry.providers["far"], wire_id="m", local=True)
    lying = Route(
        task="", rule="", level=None, targets=(target,), passed=(Passed(model="x", why="y"),), private=True
    )  # fmt: skip
    network = Network([REPLIES[0]])
    with pytest.raises(Refused, match="not local"):
        ask(lying, network, {})
    assert network.written == []
