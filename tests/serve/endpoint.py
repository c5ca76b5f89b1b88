"""Runs the endpoint on an event loop of its own, in this process, for tests to ask."""

import asyncio
import http.client
import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import openai

from outrider.cli.session import Session
from outrider.doors.settings import places
from outrider.serve.guard import Guard
from outrider.serve.running import Endpoint, Wish

TOKEN = "a-token-of-this-test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A reply as it came: its status, its headers in lower case, its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def error(self) -> Mapping[str, Any]:
        """The error in it."""
        found: Mapping[str, Any] = json.loads(self.body)["error"]
        return found

    @property
    def events(self) -> list[str]:
        """The data of each event in it."""
        return [part.removeprefix("data: ") for part in self.body.decode().split("\n\n") if part]


class Running:
    """A running endpoint, and ways to ask it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}/v1"

    def sdk(self, **options: Any) -> openai.OpenAI:
        """Returns the official client."""
        return openai.OpenAI(base_url=self.url, api_key=TOKEN, **{"max_retries": 0, **options})

    def asynchronous(self, **options: Any) -> openai.AsyncOpenAI:
        """Returns the official client for an event loop."""
        return openai.AsyncOpenAI(base_url=self.url, api_key=TOKEN, **{"max_retries": 0, **options})

    def raw(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str | None] | None = None
    ) -> Heard:
        """Sends one request as it is; a header of None is left out."""
        given = {
            "host": f"127.0.0.1:{self.port}", "authorization": f"Bearer {TOKEN}", "content-type": "application/json",
            "content-length": str(len(body or b"")), **(headers or {}),
        }  # fmt: skip
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in given.items():
                if value is not None:
                    connection.putheader(name, value)
            connection.endheaders()
            if body:
                connection.send(body)
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Heard(status=answer.status, headers=told, body=answer.read())
        finally:
            connection.close()

    def chat(
        self, headers: Mapping[str, str | None] | None = None, path: str = "/v1/chat/completions", **body: Any
    ) -> Heard:
        """Sends one chat request; without messages, one word is asked."""
        said = {"messages": [{"role": "user", "content": "hello"}], **body}
        return self.raw("POST", path, json.dumps(said).encode(), headers)


@contextmanager
def running(folder: Path, **wish: Any) -> Iterator[Running]:
    """Serves from a folder until the block ends."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    listener.settimeout(0)
    port = listener.getsockname()[1]
    started = Event()
    endpoints: list[tuple[Endpoint, asyncio.AbstractEventLoop]] = []
    faults: list[BaseException] = []

    async def serve() -> None:
        session = Session(places(cwd=str(folder)), dict(os.environ))
        endpoint = Endpoint(session, Wish(**{"host": "127.0.0.1", "port": port, "quiet": True, **wish}), Guard(TOKEN))
        endpoints.append((endpoint, asyncio.get_running_loop()))
        started.set()
        await endpoint.serve(listener)

    def work() -> None:
        try:
            asyncio.run(serve())
        except BaseException as fault:  # noqa: BLE001 - it is raised where the test waits
            faults.append(fault)
            started.set()

    thread = Thread(target=work)
    thread.start()
    started.wait(20)
    try:
        if not faults:
            yield Running(port)
    finally:
        for endpoint, loop in endpoints:
            if thread.is_alive():
                loop.call_soon_threadsafe(endpoint.end, 0)
                loop.call_soon_threadsafe(endpoint.end, 0)
        thread.join(30)
        listener.close()
    if faults:
        raise faults[0]
