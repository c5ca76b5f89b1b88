"""An endpoint with a scripted provider behind it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell, write_layer
from tests.serve.endpoint import Running, running
from tests.servers import ScriptedServer


@pytest.fixture
def models(home: Path, server: ScriptedServer) -> dict[str, Any]:
    """Writes a layer with two models at the scripted provider, a task over both, an alias and a preset."""
    price = {"input": 1, "output": 2}
    layer: dict[str, Any] = {
        "providers": {"here": {"dialect": "openai", "base_url": f"{server.url}/v1"}},
        "models": {
            "here.one": {"provider": "here", "id": "one", "price": price, "abilities": ["json", "vision", "tools"]},
            "here.two": {"provider": "here", "id": "two", "price": price, "abilities": ["json", "tools"]},
        },
        "aliases": {"first": "here.one"},
        "presets": {"mine": {"chain": ["here.two"]}},
        "tasks": {"both": {"chain": ["here.one", "here.two"]}},
        "default": "both",
    }
    write_layer(home, layer)
    return layer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Makes a folder that is in no checkout."""
    made = tmp_path / "work"
    made.mkdir()
    return made


@pytest.fixture
def endpoint(models: dict[str, Any], folder: Path) -> Iterator[Running]:
    """Runs the endpoint for the length of the test."""
    with running(folder) as started:
        yield started


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> Shell:
    """Gives a shell in the folder."""
    monkeypatch.chdir(folder)
    return Shell(monkeypatch, capsys)
