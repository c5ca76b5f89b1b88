"""Wires every provider of the shipped registry to one scripted server, with a key for each."""

from pathlib import Path

import pytest

from tests.cli.test_every_provider import KEYED, REGISTRY, SUFFIX
from tests.cli.typing_it import write_layer
from tests.servers import ScriptedServer

EXAMPLES = Path(__file__).parents[2] / "examples"


def wire(home: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes a layer in which every provider, local ones too, is the scripted server."""
    rows = {name: row for name, row in REGISTRY["providers"].items() if row["dialect"] in SUFFIX}
    write_layer(
        home, {"providers": {name: {"base_url": server.url + SUFFIX[row["dialect"]]} for name, row in rows.items()}}
    )
    for variable in KEYED.values():
        monkeypatch.setenv(variable, "canary-0123456789")
