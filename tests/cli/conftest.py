"""A shell to type into, outside any checkout, and a provider on loopback behind it."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell, write_layer
from tests.servers import ScriptedServer


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Shell:
    """Gives a shell in an empty folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Shell(monkeypatch, capsys)


@pytest.fixture
def models(home: Path, server: ScriptedServer) -> dict[str, Any]:
    """Writes a layer with two models at the scripted provider and a task over both."""
    price = {"input": 1, "output": 2}
    layer: dict[str, Any] = {
        "providers": {"here": {"dialect": "openai", "base_url": f"{server.url}/v1"}},
        "models": {
            "here.one": {"provider": "here", "id": "one", "price": price, "abilities": ["json", "vision"]},
            "here.two": {"provider": "here", "id": "two", "price": price, "abilities": ["json"]},
        },
        "tasks": {"both": {"chain": ["here.one", "here.two"]}},
    }
    write_layer(home, layer)
    return layer
