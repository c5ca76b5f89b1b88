"""The documents tell the truth: what is printed in them was printed by the program, and nothing is left out."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from outrider.cli.group import COMMANDS, cli

ROOT = Path(__file__).parent.parent


def test_the_transcript_and_the_reference_are_fresh() -> None:
    """README's transcript is a real run, and docs/commands.md is every command's own help."""
    command = [sys.executable, str(ROOT / "scripts" / "documents.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", [name for commands in COMMANDS.values() for name in commands])
def test_a_command_is_documented(name: str) -> None:
    """Every command has a help text of its own, a line in the overview, and a page in the reference."""
    import click

    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.help
    assert f"### outrider {name}\n" in (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "page", ["README.md", "AGENTS.md", "CHANGELOG.md", "SECURITY.md", "docs/batch.md", "docs/pack.md"]
)
def test_a_page_names_commands_that_exist(page: str) -> None:
    """No document sends a reader to a command that is not there."""
    known = {name for commands in COMMANDS.values() for name in commands}
    named = set(re.findall(r"`outrider ([a-z]+)", (ROOT / page).read_text(encoding="utf-8")))
    assert named - known == set()
