"""A home, a project and a client for one test: the helper as install.sh leaves it, the pack in one of its forms.

The pack's plugin form is the repository itself, as a clone would have it: the files that git knows or would add.
"""

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.client import CURRENT, Client
from tests.machines import ROOT

LAUNCHER = "#!/bin/sh\nexec {python} -I -c 'from outrider.cli import main; main()' \"$@\"\n"
MARKETPLACE = "outrider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where one test plays. `form` is `loose`, `plugin`, or None while no pack is installed."""

    client: Client
    form: str | None = None
    version: str = CURRENT

    @property
    def home(self) -> Path:
        """The user's home."""
        return self.client.home

    @property
    def claude(self) -> Path:
        """The user's folder for the client."""
        return self.client.claude

    @property
    def project(self) -> Path:
        """Where the client runs."""
        return self.client.project

    def called(self, agent: str) -> str:
        """Returns the name under which the client knows one of our agents."""
        return f"outrider:{agent}" if self.form == "plugin" else agent

    def outrider(self, *arguments: str, code: int = 0, stdin: str | None = None) -> str:
        """Runs the helper as the user would at a terminal in the project; returns what it prints."""
        done = subprocess.run(
            [self.home / ".local/bin/outrider", *arguments],
            cwd=self.project,
            env={**self.client.environment(), "NO_COLOR": "1"},
            input=stdin or "",
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        said = done.stdout + done.stderr
        assert done.returncode == code, f"outrider {shlex.join(arguments)} exits {done.returncode}: {said}"
        return said

    def layer(self, value: Mapping[str, Any]) -> None:
        """Writes the user's own settings."""
        write(self.claude / "config/models.local.json", {"version": 1, **value})

    def project_layer(self, value: Mapping[str, Any]) -> None:
        """Writes the project's settings."""
        write(self.project / ".claude/config/models.json", {"version": 1, **value})


def write(path: Path, value: str | Mapping[str, Any]) -> None:
    """Writes a text or JSON file, and the folders on the way to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value, indent=2), encoding="utf-8")


def make(folder: Path, program: Path, *, version: str = CURRENT) -> Stage:
    """Makes a home with the client's folder, a project that is a repository, and no helper."""
    home, project = folder / "user", folder / "project"
    (home / ".claude").mkdir(parents=True)
    project.mkdir()
    git = ["git", "-c", "init.defaultBranch=main", "-c", "user.name=T", "-c", "user.email=t@localhost", "-C"]
    write(project / "notes.md", "The lock is taken twice.\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "notes"]):
        subprocess.run([*git, project, *words], check=True, stdin=subprocess.DEVNULL)
    client = Client(program=program, home=home, project=project, path=(home / ".local/bin",))
    return Stage(client=client, version=version)


def put_helper(stage: Stage) -> None:
    """Puts the helper where install.sh puts it, run from this checkout."""
    share = stage.home / ".local/share/outrider"
    launcher = share / "bin/outrider"
    write(launcher, LAUNCHER.format(python=shlex.quote(sys.executable)))
    launcher.chmod(0o700)
    write(share / ".outrider", "made by install.sh of outrider\n")
    write(share / "home", f"{stage.home}/.config/outrider\n")
    link = stage.home / ".local/bin/outrider"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(launcher)


def install_loose(stage: Stage, *options: str) -> Stage:
    """Installs the pack as `outrider install` does."""
    stage.outrider("install", *options)
    return Stage(client=stage.client, form="loose", version=stage.version)


def install_plugin(stage: Stage, repository: Path) -> Stage:
    """Installs the pack as the client does from a marketplace."""
    stage.client.command("plugin", "marketplace", "add", str(repository))
    stage.client.command("plugin", "install", f"outrider@{MARKETPLACE}")
    return Stage(client=stage.client, form="plugin", version=stage.version)


def adopt_plugin(stage: Stage, installed: Path) -> Stage:
    """Gives the user what the client wrote when it installed the plugin elsewhere."""
    for name in ("settings.json", "plugins/installed_plugins.json", "plugins/known_marketplaces.json"):
        write(stage.claude / name, (installed / name).read_text(encoding="utf-8"))
    return Stage(client=stage.client, form="plugin", version=stage.version)


def copy_repository(folder: Path) -> Path:
    """Copies this repository as a clone would have it, without what git ignores."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    return folder


def tree(folder: Path) -> Mapping[str, bytes]:
    """Reads every file below a folder, and where links lead."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = b"-> " + str(path.readlink()).encode()
        elif path.is_file():
            found[name] = path.read_bytes()
        else:
            found[name + "/"] = b""
    return found
