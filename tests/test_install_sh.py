"""install.sh in an empty home: what it makes, what it refuses, what survives a kill, and what it takes away again.

Packages come from a folder of wheels that is filled once, so that the installer itself runs without a network.
"""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.machines import ROOT, Machine, fill_wheels, make_machine
from tests.transcripts.writing import reply

SOURCES = ("install.sh", "scripts", "helper", "templates", ".claude", "pyproject.toml", "README.md", "LICENSE")
pytestmark = pytest.mark.xdist_group("installer")


def tree(folder: Path) -> dict[str, bytes | str]:
    """Reads every file and link below a folder."""
    return {
        str(path.relative_to(folder)): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def report(done: subprocess.CompletedProcess[str]) -> tuple[int, list[str]]:
    """Returns the exit code and how each line of the error begins."""
    return done.returncode, [line.partition(":")[0] for line in done.stderr.splitlines()]


@pytest.fixture(scope="module")
def wheels() -> Path:
    """Gives the folder of wheels."""
    return fill_wheels()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Gives a machine on which nothing can be installed: for what is refused before."""
    return make_machine(tmp_path / "machine")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> tuple[Machine, str]:
    """Installs for real, with the demo, and returns the machine and what was said."""
    machine = make_machine(tmp_path_factory.mktemp("installer") / "a machine", wheels)
    done = machine.run()
    assert done.returncode == 0, done.stdout + done.stderr
    return machine, done.stdout


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """Copies the checkout and changes one byte in it, as a pull would."""
    checkout = tmp_path / "newer"
    checkout.mkdir()
    for name in (*SOURCES, *(path.name for path in ROOT.glob("requirements*.lock"))):
        copy = (
            partial(shutil.copytree, ignore=shutil.ignore_patterns("__pycache__"))
            if (ROOT / name).is_dir()
            else shutil.copy
        )
        copy(ROOT / name, checkout / name)
    with (checkout / "helper/outrider/errors.py").open("a", encoding="utf-8") as file:
        file.write("# newer\n")
    return checkout


@pytest.fixture
def index(tmp_path: Path, loopback: None) -> Iterator[tuple[str, Path]]:
    """Serves a package index from a folder."""
    folder = tmp_path / "index"
    (folder / "simple/pip").mkdir(parents=True)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as http:
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{http.server_address[1]}/simple", folder
        http.shutdown()


def test_help_lists_every_option(machine: Machine) -> None:
    """Help says everything and touches nothing."""
    done = machine.run("--help")
    options = ["--project", "--mcp", "--helper-only", "--with", "--no-demo", "--dry-run", "--uninstall"]
    assert [option for option in options if option not in done.stdout] == []
    assert (done.returncode, tree(machine.home)) == (0, {})


@pytest.mark.parametrize(
    ("args", "env", "code"),
    [
        (["--frobnicate"], {}, 2),
        (["--with", "everything"], {}, 2),
        (["--with"], {}, 2),
        (["--project", "--mcp"], {}, 2),
        ([], {"HOME": ""}, 2),
        ([], {"HOME": "somewhere"}, 2),
        ([], {"OUTRIDER_DATA": "relative/path"}, 2),
        ([], {"OUTRIDER_DATA": "/tmp/../etc"}, 2),
        ([], {"OUTRIDER_PYTHON": "/nowhere/python3"}, 2),
        ([], {"OUTRIDER_PYTHON": ""}, 2),
        ([], {"CLAUDECODE": "1", "OUTRIDER_HOME": "/tmp/project/home"}, 5),
        ([], {"CLAUDECODE": "1", "OUTRIDER_DATA": "/tmp/project/data"}, 5),
    ],
)
def test_a_mistake_is_told_with_its_cure(machine: Machine, args: list[str], env: dict[str, str], code: int) -> None:
    """One error line, one hint, the right exit code, and nothing made."""
    assert report(machine.run(*args, env=env)) == (code, ["error", "hint"])
    assert tree(machine.home) == {}


def test_a_missing_home_is_told(machine: Machine) -> None:
    """Without HOME there is nowhere to install to."""
    env = {name: value for name, value in machine.env.items() if name != "HOME"}
    done = subprocess.run([ROOT / "install.sh"], env=env, capture_output=True, text=True, check=False)
    assert report(done) == (2, ["error", "hint"])


@pytest.mark.process
def test_an_unwritable_home_is_told(machine: Machine) -> None:
    """A home that cannot be written gives one error and one hint."""
    (machine.home / ".local").write_text("a file where a folder belongs", encoding="utf-8")
    assert report(machine.run()) == (1, ["error", "hint"])


@pytest.mark.process
@pytest.mark.parametrize("system", ["MINGW64_NT-10.0", "FreeBSD"])
def test_another_system_is_refused(machine: Machine, system: str) -> None:
    """macOS, Linux and WSL are supported, and every other system hears so."""
    uname = Path(machine.env["PATH"]) / "uname"
    uname.unlink()
    uname.write_text(f"#!/bin/sh\necho {system}\n", encoding="utf-8")
    uname.chmod(0o755)
    done = machine.run()
    assert report(done) == (2, ["error", "hint"])
    assert "macOS, Linux and WSL" in done.stderr


def test_a_dry_run_changes_nothing(machine: Machine) -> None:
    """It says what would be made, linked and run."""
    done = machine.run("--dry-run", "--project")
    assert (done.returncode, tree(machine.home)) == (0, {})
    said = [f"into {machine.share}", f"link {machine.link}", "outrider install --project", "outrider demo"]
    assert [words for words in said if words not in done.stdout] == []


@pytest.mark.process
@pytest.mark.parametrize("kind", ["file", "link", "dangling"])
def test_a_command_that_is_not_ours_stays(machine: Machine, kind: str) -> None:
    """Another program called outrider is never overwritten."""
    machine.link.parent.mkdir(parents=True)
    target = machine.home / "other"
    if kind == "file":
        machine.link.write_text("mine", encoding="utf-8")
    else:
        machine.link.symlink_to(target)
    if kind == "link":
        target.write_text("mine", encoding="utf-8")
    before = tree(machine.home)
    assert report(machine.run()) == (3, ["error", "hint"])
    assert report(machine.run("--dry-run")) == (3, ["error", "hint"])
    machine.run("--uninstall")
    assert tree(machine.home) == before


@pytest.mark.process
def test_a_folder_that_is_not_ours_stays(machine: Machine) -> None:
    """A data folder with other things in it is left alone, by uninstall too."""
    other = machine.share / "venvs/precious"
    other.parent.mkdir(parents=True)
    other.write_text("mine", encoding="utf-8")
    assert report(machine.run()) == (3, ["error", "hint"])
    assert report(machine.run("--uninstall")) == (3, ["error", "hint"])
    assert other.read_text(encoding="utf-8") == "mine"


def test_uninstalling_nothing_is_fine(machine: Machine) -> None:
    """There is nothing to do, and it says so."""
    done = machine.run("--uninstall")
    assert (done.returncode, tree(machine.home)) == (0, {})
    assert "not installed" in done.stdout


@pytest.mark.process
def test_python_is_fetched_through_uv(machine: Machine) -> None:
    """Where no Python fits and uv is there, uv brings one; what uv cannot do afterwards, pip does."""
    fetched = machine.home.parent / "fetched"
    uv = Path(machine.env["PATH"]) / "uv"
    found = f'[ -e "{fetched}" ] && echo {sys.executable}'
    script = f'case "$1 $2" in "python install") : > "{fetched}" ;; "python find") {found} ;; *) exit 1 ;; esac'
    uv.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    uv.chmod(0o755)
    done = machine.run("--no-demo", env={"OUTRIDER_PYTHON": ""})
    assert fetched.exists()
    assert f"with {sys.executable}" in done.stdout
    assert "trying venv and pip" in (machine.share / "install.log").read_text(encoding="utf-8")


@pytest.mark.process
def test_a_fresh_install_works_by_its_link(installed: tuple[Machine, str]) -> None:
    """The link runs the helper, which is isolated, private to its user and free of what slows a start."""
    machine, _ = installed
    assert machine.outrider("--version").startswith("outrider ")
    assert machine.link.resolve() == machine.share / "bin/outrider"
    assert stat.S_IMODE((machine.share / "bin/outrider").stat().st_mode) == 0o700
    assert stat.S_IMODE(machine.share.stat().st_mode) == 0o700
    assert (machine.share / "home").read_text(encoding="utf-8") == f"{machine.home}/.config/outrider\n"
    assert list((machine.share / "venv").glob("lib/python3.*/site-packages/*.pth")) == []
    assert list((machine.share / "venv").glob("lib/python3.*/site-packages/setuptools*")) == []


@pytest.mark.process
def test_an_installed_helper_has_its_facts(installed: tuple[Machine, str]) -> None:
    """Without a checkout around it, the catalog is there: prices, windows, scores."""
    machine, _ = installed
    said = machine.outrider("catalog", "sql", "-q", "--csv", "SELECT count(*) > 80, count(intelligence) > 15 FROM llms")
    assert said.splitlines()[1] == "1,1"


@pytest.mark.process
def test_an_install_tells_what_to_do_next(installed: tuple[Machine, str]) -> None:
    """It names the command by its path, the line for the profile, which it does not edit, and the budgets, once."""
    machine, said = installed
    assert f'export PATH="{machine.link.parent}:$PATH"' in said
    assert f"outrider is ready: {machine.link}" in said
    assert said.count("$1 a run, $10 a day") == 1
    assert [path for path in tree(machine.home) if path.startswith((".bash", ".profile", ".zsh"))] == []


@pytest.mark.process
def test_an_install_ends_with_the_pack_in_place(installed: tuple[Machine, str]) -> None:
    """Agents, skills, hooks, the shim that knows the helper; told before the demo, and the demo ran."""
    machine, said = installed
    claude = machine.home / ".claude"
    manifest = json.loads((claude / "config/outrider.pack.json").read_bytes())
    assert sorted(manifest["files"]) == sorted(path for path in tree(claude) if path != "config/outrider.pack.json")
    assert len([path for path in tree(claude) if path.startswith("agents/outrider/")]) == 8
    shim = claude / "skills/outrider/bin/outrider"
    done = subprocess.run(
        [shim, "--version"], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True
    )
    assert done.stdout == machine.outrider("--version")
    assert said.index("the pack ") < said.index("outrider is ready")
    assert "next      restart Claude Code" in said


@pytest.mark.process
def test_an_install_ends_with_what_the_history_says(installed: tuple[Machine, str]) -> None:
    """Three lines about the last 30 days, where Claude Code has any; the first install had none and said nothing."""
    machine, said = installed
    assert "your last 30 days" not in said
    projects = machine.home / ".claude" / "projects"
    projects.mkdir(parents=True)
    try:
        line = reply(1, at=datetime.now(tz=UTC).isoformat(), model="claude-opus-5-5")
        (projects / "s.jsonl").write_text(line + "\n", encoding="utf-8")
        done = machine.run("--no-demo")
        assert done.stdout.splitlines()[-3].startswith("your last 30 days: 1 session and 0 subagents used ")
        assert done.stdout.splitlines()[-1].startswith("nothing was sent anywhere")
        (projects / "s.jsonl").unlink()
        assert "your last 30 days" not in machine.run("--no-demo").stdout
    finally:
        shutil.rmtree(projects)


@pytest.mark.process
def test_a_project_cannot_choose_the_code_that_runs(installed: tuple[Machine, str], tmp_path: Path) -> None:
    """Neither PYTHONPATH nor the working directory reaches the helper."""
    machine, _ = installed
    (tmp_path / "outrider").mkdir()
    (tmp_path / "outrider/__init__.py").write_text("raise SystemExit('stolen')", encoding="utf-8")
    assert machine.outrider("--version", env={"PYTHONPATH": str(tmp_path)}).startswith("outrider ")


@pytest.mark.process
def test_a_second_install_is_idle(installed: tuple[Machine, str]) -> None:
    """The same bytes are not installed twice."""
    machine, _ = installed
    before = tree(machine.share / "venvs")
    path = f"{machine.link.parent}:{machine.env['PATH']}"
    done = machine.run("--no-demo", env={"PATH": path, "OUTRIDER_HOME": str(machine.home / "elsewhere")})
    assert done.returncode == 0
    assert "installed already" in done.stdout
    assert "PATH=" not in done.stdout
    assert tree(machine.share / "venvs") == before
    assert (machine.share / "home").read_text(encoding="utf-8") == f"{machine.home}/elsewhere\n"


@pytest.mark.process
def test_a_failed_upgrade_leaves_the_old_one_working(
    installed: tuple[Machine, str], newer: Path, tmp_path: Path
) -> None:
    """What was there goes on when the new one cannot be built."""
    machine, _ = installed
    done = machine.run("--no-demo", checkout=newer, env={"PIP_FIND_LINKS": str(tmp_path)})
    assert done.returncode == 1
    assert [line.partition(":")[0] for line in done.stderr.splitlines()][-2:] == ["error", "hint"]
    assert machine.outrider("--version").startswith("outrider ")


@pytest.mark.process
def test_a_killed_upgrade_leaves_the_old_one_working(installed: tuple[Machine, str], newer: Path) -> None:
    """A kill halfway costs nothing, and the next run finishes the work and clears up."""
    machine, _ = installed
    old = (machine.share / "venv").resolve()
    command = [str(newer / "install.sh"), "--no-demo"]
    with subprocess.Popen(
        command, env=machine.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("installing outrider")
        os.killpg(process.pid, signal.SIGKILL)
    assert machine.outrider("--version").startswith("outrider ")
    assert (machine.share / "venv").resolve() == old
    done = machine.run("--no-demo", checkout=newer)
    assert done.returncode == 0, done.stderr
    assert (machine.share / "venv").resolve() != old
    assert machine.outrider("--version").startswith("outrider ")
    assert sorted((machine.share / "venvs").iterdir()) == sorted([old, (machine.share / "venv").resolve()])


@pytest.mark.process
def test_the_helper_stays_while_the_pack_cannot_be_taken_away(installed: tuple[Machine, str]) -> None:
    """Without it nobody could tell what is the user's: a damaged manifest stops the uninstall."""
    machine, _ = installed
    manifest = machine.home / ".claude/config/outrider.pack.json"
    kept = manifest.read_bytes()
    manifest.write_bytes(b"{")
    before = tree(machine.home)
    done = machine.run("--uninstall")
    assert (done.returncode, tree(machine.home)) == (1, before)
    assert "error: the pack could not be taken away, so the helper stays" in done.stderr
    manifest.write_bytes(kept)


@pytest.mark.process
def test_a_project_is_the_folder_that_the_user_stands_in(installed: tuple[Machine, str], tmp_path: Path) -> None:
    """Not the checkout that the installer is in; and the user's own folder is left as it is."""
    machine, _ = installed
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    before = tree(machine.home / ".claude")
    command = [str(ROOT / "install.sh"), "--project", "--no-demo"]
    done = subprocess.run(command, env=machine.env, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (repository / ".claude/agents/outrider/scout.md").exists()
    assert tree(machine.home / ".claude") == before


@pytest.mark.process
def test_uninstall_takes_away_only_what_was_made(installed: tuple[Machine, str]) -> None:
    """Keys, the ledger and other people's files stay, and it says where the keys are."""
    machine, _ = installed
    keys = machine.home / ".config/outrider/env"
    keys.parent.mkdir(parents=True, exist_ok=True)
    keys.write_text("DEEPSEEK_API_KEY=sk-test\n", encoding="utf-8")
    guest = machine.share / "notes.txt"
    guest.write_text("mine", encoding="utf-8")
    assert machine.run("--uninstall", "--dry-run").returncode == 0
    assert machine.link.exists()
    edited = machine.home / ".claude/agents/outrider/scout.md"
    edited.write_text("mine", encoding="utf-8")
    done = machine.run("--uninstall")
    assert done.returncode == 0, done.stderr
    assert not machine.link.is_symlink()
    assert tree(machine.share) == {"notes.txt": b"mine"}
    assert tree(machine.home / ".claude") == {"agents/outrider/scout.md": b"mine"}
    assert "kept      agents/outrider/scout.md: you changed it\n" in done.stdout
    assert keys.read_text(encoding="utf-8") == "DEEPSEEK_API_KEY=sk-test\n"
    assert "your keys and your ledger stay in" in done.stdout


def without_ensurepip(folder: Path) -> Path:
    """Wraps this Python as a system would ship it that leaves ensurepip out."""
    python = folder / "python3"
    python.write_text(
        f'#!/bin/sh\ncase "$*" in *without-pip*) ;; *"-m venv"*) exit 1 ;; esac\nexec {sys.executable} "$@"\n',
        encoding="utf-8",
    )
    python.chmod(0o755)
    return python


@pytest.mark.process
@pytest.mark.parametrize("honest", [True, False])
def test_a_python_without_ensurepip_gets_the_pinned_pip(
    tmp_path: Path, machine: Machine, index: tuple[str, Path], wheels: Path, *, honest: bool
) -> None:
    """The wheel comes from the configured index, and only the pinned bytes are accepted."""
    address, folder = index
    name = next(wheels.glob("pip-*.whl")).name
    content = (wheels / name).read_bytes()
    (folder / name).write_bytes(content if honest else content + b" ")
    (folder / "simple/pip/index.html").write_text(f"<a href='/{name}#sha256=0'>{name}</a>", encoding="utf-8")
    python, venv = without_ensurepip(tmp_path), tmp_path / "venv"
    script = f'source_folder="{ROOT}"; . "{ROOT}/scripts/environment.sh"; make_environment "{python}" "{venv}"'
    env = {**machine.env, "PIP_INDEX_URL": address}
    done = subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, (venv / "bin/pip").exists()) == ((0, True) if honest else (1, False)), done.stderr
    assert ("its sha256 differs" in done.stderr) is not honest
