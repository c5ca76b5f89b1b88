"""The real Claude Code client, pinned, in a home of its own, talking to a scripted Messages API.

The package comes from npm once and stays in `.cache`; its program is a native binary, so that Node only fetches it.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.messages_api import MessagesApi
from tests.machines import ROOT

CURRENT = "2.1.328"
OLD = "2.1.197"
"""What npm picks on Node 18 and 20."""
PACKAGE = "@anthropic-ai/claude-code"
FETCH = 300.0
"""How long npm may take, in seconds."""
RUN = 120.0
"""How long one run of the client may take, in seconds; on an idle machine most take one or two."""


class CannotInstallError(Exception):
    """The client is not to be had from npm."""


def install(version: str) -> Path:
    """Returns the client's program, fetching it when it is not there yet; safe when several ask at once."""
    folder = ROOT / ".cache" / f"claude-code-{version}"
    folder.parent.mkdir(exist_ok=True)
    with folder.with_suffix(folder.suffix + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            _fetch(version, folder)
            (folder / "complete").touch()
    return _program(folder)


def _fetch(version: str, folder: Path) -> None:
    command = ["npm", "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", "--no-save"]
    wanted = f"{PACKAGE}@{version}"
    try:
        done = subprocess.run(
            [*command, wanted], capture_output=True, text=True, check=False, timeout=FETCH, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as stuck:
        raise CannotInstallError(f"npm took more than {FETCH:.0f} s to fetch {wanted}") from stuck
    if done.returncode:
        raise CannotInstallError(f"npm could not fetch {wanted}: {done.stderr[-2000:]}")


def _program(folder: Path) -> Path:
    """Finds the native binary; npm unpacks only those of this platform, and the wrapper needs a newer Node."""
    for found in sorted(folder.glob(f"node_modules/{PACKAGE}-*/claude")):
        if subprocess.run([found, "--version"], capture_output=True, check=False, timeout=60).returncode == 0:
            return found
    raise CannotInstallError(f"none of the programs in {folder} runs on this machine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one `claude -p` did."""

    code: int
    events: Sequence[Mapping[str, Any]]
    stderr: str

    def of(self, kind: str, subtype: str | None = None) -> Iterator[Mapping[str, Any]]:
        """Walks the events of a kind."""
        for event in self.events:
            if event.get("type") == kind and subtype in (None, event.get("subtype")):
                yield event

    @property
    def init(self) -> Mapping[str, Any]:
        """The first event: what the session has loaded."""
        return next(self.of("system", "init"))

    @property
    def result(self) -> Mapping[str, Any]:
        """The last event: how it ended."""
        return [*self.of("result")][-1]

    @property
    def denied(self) -> tuple[str, ...]:
        """The calls that asked for permission and got none: their commands, else the name of the tool."""
        calls = self.result.get("permission_denials") or ()
        return tuple(str(it.get("tool_input", {}).get("command") or it.get("tool_name")) for it in calls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client with a home and a project; `path` comes before the machine's own tools."""

    program: Path
    home: Path
    project: Path
    env: Mapping[str, str] = field(default_factory=dict)
    path: Sequence[Path] = ()

    @property
    def claude(self) -> Path:
        """Its folder of settings."""
        return self.home / ".claude"

    def environment(self, api: MessagesApi | None = None) -> Mapping[str, str]:
        """Returns the whole environment of the client: nothing of the machine's own but where its tools are."""
        temporary = self.home.parent / "tmp"
        temporary.mkdir(exist_ok=True)
        own = {
            "PATH": os.pathsep.join([*map(str, self.path), "/usr/local/bin", "/usr/bin", "/bin"]),
            "HOME": str(self.home),
            "TMPDIR": str(temporary),
            "LANG": "C.UTF-8",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
        }
        reach = {"ANTHROPIC_BASE_URL": api.url, "ANTHROPIC_API_KEY": "dummy"} if api else {}
        return {**own, **reach, **self.env}

    def ask(self, prompt: str, *options: str, api: MessagesApi, model: str = "sonnet", seconds: float = RUN) -> Run:
        """Runs one prompt in the project with no permission but the default ones."""
        command = ["-p", prompt, "--output-format", "stream-json", "--verbose", "--model", model, *options]
        done = self._run(command, api=api, seconds=seconds)
        events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if not any(event.get("type") == "result" for event in events):
            raise AssertionError(
                f"the client ended without a result ({done.returncode}): {_end(done.stdout, done.stderr)}"
            )
        return Run(code=done.returncode, events=events, stderr=done.stderr)

    def command(self, *arguments: str, api: MessagesApi | None = None, seconds: float = RUN) -> str:
        """Runs another command of the client, such as `plugin validate`, and returns what it prints."""
        done = self._run(arguments, api=api, seconds=seconds)
        if done.returncode:
            said = _end(done.stdout, done.stderr)
            raise AssertionError(f"claude {' '.join(arguments)} exits {done.returncode}: {said}")
        return done.stdout + done.stderr

    def _run(
        self, arguments: Sequence[str], *, api: MessagesApi | None, seconds: float
    ) -> subprocess.CompletedProcess[str]:
        with subprocess.Popen(
            [self.program, *arguments],
            cwd=self.project,
            env=self.environment(api),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        ) as process:
            try:
                out, err = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                out, err = process.communicate()
                raise AssertionError(f"the client ran for more than {seconds:.0f} s: {_end(out, err)}") from None
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def _end(*said: str) -> str:
    """Returns the end of what was said: enough to see why, and no more."""
    return "".join(words[-1500:] for words in said)
