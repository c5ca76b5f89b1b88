"""Our MCP server before the official inspector and the official conformance suite.

Of the suite's scenarios those are played that a server with tools and nothing else has: what a tool of the suite's own
is asked for, settings of ours publish under its name. Not applicable: resources, prompts, completion, logging,
sampling and elicitation, which the server does not offer and says so; pictures and sound, which it never returns; and
what is about HTTP itself.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import write_layer
from tests.mcp.npm import CONFORMANCE, INSPECTOR, node
from tests.mcp.relay import Relay

pytestmark = [
    pytest.mark.mcp,
    pytest.mark.skipif(
        node() is None or not INSPECTOR.exists() or not CONFORMANCE.exists(),
        reason="python -m tests.mcp.npm fetches it",
    ),
]
COMMAND = (sys.executable, "-I", "-m", "outrider", "mcp")
SUITES_OWN = {
    "version": 1,
    "providers": {"off": {"dialect": "openai", "base_url": "http://127.0.0.1:9/v1", "local": True}},
    "models": {
        "echo.simple": {
            "provider": "echo", "id": "echo",
            "tool": {"name": "test_simple_text", "description": "Says a simple text.", "arguments": {},
                     "template": "This is a simple text response for testing."},
        },
        "off.model": {
            "provider": "off", "id": "off",
            "tool": {"name": "test_error_handling", "description": "Cannot be reached.", "arguments": {},
                     "template": "Fail."},
        },
    },
}  # fmt: skip


@pytest.fixture
def environment(home: Path) -> Mapping[str, str]:
    """Returns the environment of a server, behind which the suite's tools are."""
    write_layer(home, SUITES_OWN)
    return {"HOME": str(home), "PATH": os.environ["PATH"]}


def inspected(environment: Mapping[str, str], folder: Path, *words: str) -> Any:
    """Returns what the inspector prints of our server."""
    command = [str(node()), str(INSPECTOR), "--cli", *COMMAND, *words]
    done = subprocess.run(
        command, cwd=folder, env=dict(environment), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_the_inspector_lists_the_tools(environment: Mapping[str, str], tmp_path: Path) -> None:
    """The line that the documentation shows."""
    tools = inspected(environment, tmp_path, "--method", "tools/list")["tools"]
    names = ["ask", "consensus", "models", "why", "test_simple_text", "test_error_handling"]
    assert [tool["name"] for tool in tools] == names


def test_the_inspector_calls_a_tool(environment: Mapping[str, str], tmp_path: Path) -> None:
    """The answer is fenced, and the same as data."""
    words = ("--method", "tools/call", "--tool-name", "ask", "--tool-arg", "prompt=hello", "--tool-arg", "model=echo")
    done = inspected(environment, tmp_path, *words)
    assert done["structuredContent"]["answer"] == "hello"
    assert done["content"][0]["text"].startswith("<outrider-answer ")


@pytest.mark.parametrize(
    "scenario", ["server-initialize", "ping", "tools-list", "tools-call-simple-text", "tools-call-error"]
)
def test_the_conformance_suite_passes(
    scenario: str, environment: Mapping[str, str], tmp_path: Path, loopback: None
) -> None:
    """Over a relay that carries every message as it is."""
    with Relay(COMMAND, folder=tmp_path, environment=environment) as relay:
        command = [str(node()), str(CONFORMANCE), "server", "--url", relay.url, "--scenario", scenario]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
