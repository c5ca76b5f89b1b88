"""Runs the command line in this process the way a shell would, with its input, and returns what it printed."""

import io
import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from outrider.cli.entry import run


class Typed(NamedTuple):
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on stdout."""
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)


class Shell:
    """Types commands."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Typed:
        """Runs one command."""
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        self._capsys.readouterr()
        mask = os.umask(0o077)
        try:
            code = run(list(arguments))
        finally:
            os.umask(mask)
        printed = self._capsys.readouterr()
        return Typed(code, printed.out, printed.err)


def write_layer(home: Path, values: dict[str, Any]) -> Path:
    """Writes the user's own layer."""
    folder = home / ".claude" / "config"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "models.local.json"
    path.write_text(json.dumps(values), encoding="utf-8")
    return path
