"""Makes the documents that are printed by the program: a transcript and the agents in README, and docs/commands.md.

    python scripts/documents.py [--check]

The transcript is a real run against the simulated provider, in a home of its own. What differs from run to run (the
port, the run's id, the seconds) is replaced by a fixed text, so that `--check` can compare.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "helper"))

from outrider.cli.demo import layer  # noqa: E402 - the path is set above
from outrider.cli.group import COMMANDS, cli  # noqa: E402
from outrider.doors.render import plugin_facts, registry_from  # noqa: E402
from outrider.doors.simulator import simulated  # noqa: E402

README, COMMANDS_PAGE = ROOT / "README.md", ROOT / "docs" / "commands.md"
BEGIN, END = "<!-- transcript: scripts/documents.py -->\n", "<!-- end of transcript -->"
AGENTS, AGENTS_END = "<!-- agents: scripts/documents.py -->\n", "<!-- end of agents -->"
TYPED = (
    'outrider ask -t demo "Which model answers when the first one is down?"',
    'outrider why | grep -E "decided|choice|attempt|cost"',
)
CHANGING = (
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:8123"),
    (re.compile(r"\brun t[0-9a-z]{8,12}\b"), "run tr0vqtk5f0v"),
    (re.compile(r"\d+\.\d\d s,"), "0.01 s,"),
)


def transcript() -> str:
    """Runs the commands as a user would, and returns what a terminal shows."""
    lines: list[str] = []
    with simulated() as address, tempfile.TemporaryDirectory() as folder:
        config = Path(folder, ".claude", "config")
        config.mkdir(parents=True)
        (config / "models.local.json").write_text(json.dumps(layer(address)), encoding="utf-8")
        command = Path(folder, "outrider")
        command.write_text(f'#!/bin/sh\nexec {sys.executable} -m outrider "$@"\n', encoding="utf-8")
        command.chmod(0o700)
        environment = {
            "HOME": folder, "PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "helper"),
        }  # fmt: skip
        for typed in TYPED:
            done = subprocess.run(
                ["sh", "-c", typed], cwd=folder, env=environment, text=True, check=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            lines += [f"$ {typed}", *done.stdout.splitlines()]
    text = "\n".join(lines)
    for pattern, fixed in CHANGING:
        text = pattern.sub(fixed, text)
    return f"```console\n{text}\n```\n"


def agents() -> str:
    """Returns the agents of the shipped registry as a table."""
    registry = registry_from(str(ROOT / "templates"))
    shipped: Any = registry["agents"]
    facts: Any = plugin_facts(registry)["agents"]
    rows = ["| agent | tier | price of a token | what it does |", "|---|---|---|---|"]
    for name, row in shipped.items():
        rows.append(f"| `{name}` | {row['tier']} | {facts[name]['cost']} | {row['description']} |")
    return "\n".join(rows) + "\n"


def between(page: str, begin: str, end: str, text: str) -> str:
    """Returns a page with what stands between two marks made anew."""
    before, _, rest = page.partition(begin)
    return before + begin + text + end + rest.partition(end)[2]


def reference() -> str:
    """Returns every command's own `--help`, under one heading each."""
    parts = ["# Commands\n", "Printed by the program itself: `python scripts/documents.py`.\n"]
    for heading, commands in COMMANDS.items():
        parts.append(f"## {heading}\n")
        for name in commands:
            parts += _pages((name,))
    return "\n".join(parts)


def _pages(path: tuple[str, ...]) -> list[str]:
    import click

    command: click.Command = cli
    context = click.Context(cli, info_name="outrider", max_content_width=100, terminal_width=100)
    for name in path:
        found = command.get_command(context, name) if isinstance(command, click.Group) else None
        if found is None:
            raise SystemExit(f"no command {path}")
        command, context = found, click.Context(found, info_name=name, parent=context, terminal_width=100)
    pages = [f"### outrider {' '.join(path)}\n", f"```text\n{command.get_help(context)}\n```\n"]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            pages += _pages((*path, name))
    return pages


def main() -> int:
    """Writes both documents, or with `--check` says which is not fresh."""
    readme = between(README.read_text(encoding="utf-8"), BEGIN, END, transcript())
    wanted = {README: between(readme, AGENTS, AGENTS_END, agents()), COMMANDS_PAGE: reference()}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            sys.stderr.write(f"not fresh: {path.relative_to(ROOT)}; run `python scripts/documents.py`\n")
        return 1 if stale else 0
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")
        sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
