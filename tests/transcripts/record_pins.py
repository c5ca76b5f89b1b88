"""Makes the pins' histories anew with the real clients: `python -m tests.transcripts.record_pins [CASE…]`.

Each case has a home of its own. What is kept of it is scrubbed, and only what says which model was asked and ran.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.transcripts.pin_cases import CASES, NEW, Case
from tests.transcripts.record import client, scrub
from tests.transcripts.scripted_api import MAIN, Reply, Script, serving, text, tool, usage

PINS = Path(__file__).with_name("pins")


def set_up(case: Case, project: Path) -> None:
    """Writes the agent's file and the settings of a case into a project."""
    agents = project / ".claude" / "agents"
    agents.mkdir(parents=True)
    if case.file is not None:
        lines = f"---\nname: scout\ndescription: looks\n{case.file}\n---\nLook.\n"
        (agents / "scout.md").write_text(lines, encoding="utf-8")
    if case.settings:
        (project / ".claude" / "settings.json").write_text(json.dumps(case.settings), encoding="utf-8")


def record(case: Case, home: Path) -> None:
    """Runs one case with the client of its version."""
    project = home / "project"
    set_up(case, project)
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=project, check=True)
    given = dict(case.call) if case.version != NEW else {**case.call, "run_in_background": False}
    call = tool("Agent", f"{case.name}", description="look", prompt="<one> look", **given)
    answer = Reply([text("found")], usage(1_000, 100), model=case.served, missing=case.missing)
    replies = {
        MAIN: [Reply([text("asking"), call], usage(5, 8), "tool_use"), Reply([text("done")], usage(5, 3))],
        "one": [answer] * (1 if not case.missing else 8),
    }
    script = Script(case.name, replies)
    with serving(script) as url:
        env = {
            "PATH": os.environ["PATH"], "HOME": str(home), "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "dummy",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1", **case.env,
        }  # fmt: skip
        command = [
            str(client(case.version)), "-p", "go", "--output-format", "json", "--model", case.model,
            "--allowedTools", "Read Agent",
        ]  # fmt: skip
        done = subprocess.run(
            command, env=env, cwd=project, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=180,
        )  # fmt: skip
    left = script.left() if not case.missing else {name: n for name, n in script.left().items() if name == MAIN}
    if done.returncode or left:
        raise RuntimeError(f"{case.name}: {left} {script.seen}\n{done.stdout[-1000:]}\n{done.stderr[-1000:]}")


def keep(home: Path, target: Path) -> None:
    """Writes what matters of a home: replies, what was told of the subagent, what stands beside its transcript."""
    shutil.rmtree(target, ignore_errors=True)
    scrub(home, target)
    for path in sorted(target.rglob("*.jsonl")):
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        kept = [line for line in lines if line["type"] == "assistant" or "toolUseResult" in line]
        path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in kept), encoding="utf-8")


def main() -> None:
    """Records all cases, or those that are named."""
    wanted = set(sys.argv[1:])
    for case in CASES:
        if not wanted or case.name in wanted:
            with tempfile.TemporaryDirectory() as folder:
                home = Path(folder).resolve() / "home"
                record(case, home)
                keep(home, PINS / case.name)
                print(case.name)


if __name__ == "__main__":
    main()
