"""Streamable HTTP in front of a stdio server, word for word: the official suite speaks HTTP, and our server stdio.

A session is a process of its own. A message is written to its stdin as it came, and what it answers goes back as it
was said: notifications and the answer as the events of one stream.
"""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Self


class Relay:
    """Starts `command` for each session; use it as a context manager."""

    def __init__(self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> None:
        relay = self
        self._command = command
        self._folder = folder
        self._environment = environment
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._turn = Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                relay.post(self)

            def do_GET(self) -> None:
                self.send_response(405)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_DELETE = do_GET  # noqa: N815 (the library's name)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
                return

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/mcp"

    def __enter__(self) -> Self:
        Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        for process in self._processes.values():
            process.kill()
            process.communicate()

    def post(self, request: BaseHTTPRequestHandler) -> None:
        """Carries one message there, and everything until its answer back."""
        message = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        session = request.headers.get("Mcp-Session-Id") or os.urandom(8).hex()
        with self._turn:
            process = self._process(session)
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(message).encode() + b"\n")
            process.stdin.flush()
            if "id" not in message or "method" not in message:
                self._head(request, session, status=202)
                return
            events = []
            while True:
                line = process.stdout.readline()
                events.append(b"event: message\ndata: " + line.strip() + b"\n\n")
                if json.loads(line).get("id") == message["id"]:
                    break
        self._head(request, session, status=200, body=b"".join(events))

    def _process(self, session: str) -> subprocess.Popen[bytes]:
        if session not in self._processes:
            pipe = subprocess.PIPE
            self._processes[session] = subprocess.Popen(
                self._command, stdin=pipe, stdout=pipe, cwd=self._folder, env=dict(self._environment)
            )
        return self._processes[session]

    @staticmethod
    def _head(request: BaseHTTPRequestHandler, session: str, *, status: int, body: bytes = b"") -> None:
        request.send_response(status)
        request.send_header("Mcp-Session-Id", session)
        request.send_header("Content-Type", "text/event-stream")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
