"""The server as a client starts it: a process, its line, and nothing else of ours."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
COMMAND = (sys.executable, "-I", "-m", "outrider", "mcp")


class Process:
    """A server of one's own; use it as a context manager. Every line of its stdout is read as JSON."""

    def __init__(self, home: Path, folder: Path, *, command: tuple[str, ...] = COMMAND) -> None:
        environment = {"HOME": str(home), "PATH": os.environ["PATH"], "OUTRIDER_HOME": str(home / ".config/outrider")}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=folder, env=environment)
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def write(self, data: bytes) -> None:
        """Writes bytes as they are."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message: Any) -> None:
        """Writes a message."""
        self.write(json.dumps(message).encode() + b"\n")

    def read(self) -> Any:
        """Reads the next message."""
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def start(self, method: str, params: Any) -> int:
        """Asks something without waiting for the answer; returns its id."""
        self._number += 1
        self.send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        return self._number

    def ask(self, method: str, params: Any) -> Any:
        """Asks something and returns the answer to it."""
        number = self.start(method, params)
        while True:
            message = self.read()
            if message.get("id") == number:
                return message

    def greet(self) -> Self:
        """Says hello as a client does."""
        self.ask("initialize", HELLO)
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return self

    def memory(self) -> int:
        """Returns its resident memory in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) * 1024
