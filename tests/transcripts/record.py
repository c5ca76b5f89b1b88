"""Makes the golden history anew with the real client: `python -m tests.transcripts.record [FOLDER]`.

The client speaks to a script on loopback, in a home of its own. What it wrote is scrubbed: paths, ids and times become
ones of no machine, and texts that are not the script's are left out.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.e2e.client import CURRENT, CannotInstallError, install
from tests.transcripts.scripted_api import Script, serving
from tests.transcripts.sessions import FILE, TURNS, Turn

VERSION = CURRENT
GOLDEN = Path(__file__).with_name("golden")
BEGIN = datetime(2026, 11, 20, 10, tzinfo=UTC)
PROJECT = "/work/project"
KEPT = {"assistant", "user", "cost-state", "mode", "tools-used", "queue-operation", "last-prompt"}
TEXTS = {"content", "prompt", "lastPrompt", "text", "toolStats", "outputFile", "harnessSectionHash", "toolsUsed"}
AGENT = "---\nname: scout\ndescription: looks\nmodel: haiku\ntools: Read\n---\nLook.\n"
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class NoClientError(Exception):
    """The real client is not to be had here."""


def client(version: str = VERSION) -> Path:
    """Returns the real client's program, fetching it when it is not there yet."""
    try:
        return install(version)
    except (CannotInstallError, OSError) as error:
        raise NoClientError(str(error)) from error


def record(turns: tuple[Turn, ...], home: Path) -> None:
    """Runs the client once for every turn, in this home."""
    project = home / "project"
    project.mkdir(parents=True)
    (project / FILE).write_text("a note\n", encoding="utf-8")
    for command in (
        ("init", "-q", "-b", "main"),
        ("-c", "user.email=a@b.c", "-c", "user.name=a", "commit", "-q", "--allow-empty", "-m", "begin"),
    ):
        subprocess.run(["git", *command], cwd=project, check=True)
    pack = home / "pack"
    (pack / ".claude-plugin").mkdir(parents=True)
    (pack / ".claude-plugin" / "plugin.json").write_text(
        json.dumps({"name": "pack", "version": "1.0.0", "description": "a pack"}), encoding="utf-8"
    )
    (pack / "agents").mkdir()
    (pack / "agents" / "scout.md").write_text(AGENT, encoding="utf-8")
    sessions: dict[str, str] = {}
    for turn in turns:
        sessions[turn.name] = _run(turn, home, sessions)


def _run(turn: Turn, home: Path, sessions: dict[str, str]) -> str:
    script = Script(turn.name, turn.replies)
    with serving(script) as url:
        env = {
            "PATH": os.environ["PATH"], "HOME": str(home), "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "dummy",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1",
        }  # fmt: skip
        again = ["--resume", sessions[turn.resumes]] if turn.resumes else []
        command = [
            str(client()), "-p", f"go {turn.name}", "--output-format", "json", "--plugin-dir", str(home / "pack"),
            "--model", turn.model, "--allowedTools", "Read Agent", *again, *(["--fork-session"] if turn.forks else []),
        ]  # fmt: skip
        done = subprocess.run(
            command, env=env, cwd=home / "project", stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=180,
        )  # fmt: skip
    if done.returncode or script.left():
        raise RuntimeError(f"{turn.name}: {script.left()}\n{done.stdout[-1000:]}\n{done.stderr[-1000:]}")
    session: str = json.loads(done.stdout)["session_id"]
    return session


class Scrubber:
    """Gives every id and moment of a history a name that says nothing of the machine; the same one the same name."""

    def __init__(self, home: Path, *, first: datetime) -> None:
        self._home = str(home)
        self._ids: dict[str, str] = {}
        self._earlier = first - BEGIN

    def text(self, found: str) -> str:
        """Returns a text without this machine."""
        slug = re.sub(r"[^A-Za-z0-9]", "-", f"{self._home}/project")
        found = found.replace(slug, "-work-project").replace(f"{self._home}/project", PROJECT)
        found = re.sub(r"/tmp/claude-[0-9]+", "/work/home/tasks", found.replace(self._home, "/work/home"))
        return _UUID.sub(lambda match: self._name(match[0], "{0:08x}-0000-4000-8000-{0:012x}"), found)

    def agent(self, found: str) -> str:
        """Returns another id for an agent."""
        return self._name(found, "a{0:016x}")

    def _name(self, found: str, form: str) -> str:
        return self._ids.setdefault(found, form.format(len(self._ids) + 1))

    def value(self, found: Any, name: str = "") -> Any:
        """Returns a value without this machine, and without what neither script nor bill needs."""
        match found:
            case str() if name in {"agentId", "task_id"}:
                return self.agent(found)
            case str() if name == "timestamp":
                moment = datetime.fromisoformat(found) - self._earlier
                return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            case str() if name in TEXTS:
                return self.text(found)[:40]
            case str():
                return self.text(found)
            case list():
                return [self.value(one, name) for one in found]
            case dict():
                return {key: self.value(value, key) for key, value in found.items() if key != "permissionDecision"}
            case _:
                return found


def scrub(home: Path, target: Path) -> None:
    """Writes a small history of no machine from what the client wrote in a home."""
    source = home / ".claude" / "projects"
    files = sorted(source.rglob("*.json*"), key=lambda path: (path.stat().st_mtime_ns, path.name))
    stamps = re.findall(r'"timestamp":"([^"]+)"', "".join(path.read_text(encoding="utf-8") for path in files))
    scrubber = Scrubber(home, first=datetime.fromisoformat(min(stamps)))
    for path in files:
        parts = [scrubber.text(part) for part in path.relative_to(source).parts]
        stem, dot, ending = path.name.partition(".")
        if stem.startswith("agent-"):
            parts[-1] = f"agent-{scrubber.agent(stem.removeprefix('agent-'))}{dot}{ending}"
        place = target.joinpath("projects", *parts)
        place.parent.mkdir(parents=True, exist_ok=True)
        raw = path.read_text(encoding="utf-8")
        if path.name.endswith(".meta.json"):
            place.write_text(json.dumps(scrubber.value(json.loads(raw))) + "\n", encoding="utf-8")
            continue
        lines = [json.loads(line) for line in raw.splitlines()]
        kept = [scrubber.value(line) for line in lines if line["type"] in KEPT]
        place.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in kept), encoding="utf-8")


def main() -> None:
    """Records the golden history into a folder."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve() / "home"
        record(TURNS, home)
        shutil.rmtree(target, ignore_errors=True)
        scrub(home, target)


if __name__ == "__main__":
    main()
