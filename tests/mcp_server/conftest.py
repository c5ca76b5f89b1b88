"""A project that a client works in, and two models at a scripted provider behind the server."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell, write_layer
from tests.servers import ScriptedServer

PRICE = {"input": 1, "output": 2}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gives the client a repository to work in, and its mark in the environment, as `serve` sets it."""
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    (folder / "notes.md").write_text("The lock is taken twice.\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CLAUDECODE", "1")
    return folder


@pytest.fixture
def layer(home: Path, server: ScriptedServer) -> dict[str, Any]:
    """Writes a layer with models at the scripted provider, a chain over two of them, and a panel of three."""
    values: dict[str, Any] = {
        "providers": {"here": {"dialect": "openai", "base_url": f"{server.url}/v1"}},
        "models": {
            f"here.{name}": {"provider": "here", "id": name, "family": name, "price": PRICE, "max_output": 1_000,
                             "context": 100_000}
            for name in ("one", "two", "three")
        },
        "tasks": {"both": {"chain": ["here.one", "here.two"]}},
        "panels": {"trio": ["here.one", "here.two", "here.three"]},
        "default": "both",
    }  # fmt: skip
    write_layer(home, values)
    return values


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Gives a shell in the project."""
    return Shell(monkeypatch, capsys)
