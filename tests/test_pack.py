"""The committed pack: fresh, small, runnable; and the shim that finds the helper, in real shells."""

import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest

from outrider.cli.group import cli
from outrider.doors.render import (
    SHIM,
    drift,
    is_executable,
    orphans,
    page,
    render,
)
from outrider.rules import pack_page
from outrider.rules.pack_lint import problems

ROOT = Path(__file__).parent.parent
TEMPLATES = str(ROOT / "templates")
SHELLS = tuple(shell for shell in ("sh", "dash", "bash") if shutil.which(shell))
MISSING = "outrider: the helper is not installed; to get it, run"
HOW = f"{MISSING}: "
NO_ENV: Mapping[str, str] = {}


@pytest.fixture(scope="module")
def rendered() -> Mapping[str, bytes]:
    """Renders everything once."""
    return render(TEMPLATES)


def test_the_committed_pack_is_fresh(rendered: Mapping[str, bytes]) -> None:
    """Every file is what its template says, and none is left over."""
    assert drift(rendered, str(ROOT)) == ()
    assert orphans(rendered, str(ROOT)) == ()


def test_the_committed_pack_is_well_formed(rendered: Mapping[str, bytes]) -> None:
    """With the registry beside it, so that models are known."""
    assert problems(rendered) == ()


def test_only_programs_are_executable(rendered: Mapping[str, bytes]) -> None:
    """The shim would not run otherwise, wherever the repository is cloned."""
    modes = {name: os.access(ROOT / name, os.X_OK) for name in rendered}
    assert modes == {name: is_executable(name) for name in rendered}


def test_no_page_names_a_machine(rendered: Mapping[str, bytes]) -> None:
    """What is committed holds no path of whoever rendered it."""
    homes = (str(ROOT).encode(), os.path.expanduser("~").encode() + b"/")
    assert [name for name, data in rendered.items() if any(home in data for home in homes)] == []


def test_render_check_passes_here_and_fails_on_a_change(tmp_path: Path) -> None:
    """CI runs it; a hand edit, a left-over and a bad page are each told, and rendering mends the first."""
    for name in ("templates", ".claude", ".claude-plugin", "agents", "bin", "hooks", "plugins", "skills"):
        shutil.copytree(ROOT / name, tmp_path / name)

    def run(*options: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "outrider", "render", *options]
        env = {**os.environ, "PYTHONPATH": str(ROOT / "helper"), "HOME": str(tmp_path)}
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    assert run("--check")[0] == 0
    (tmp_path / "agents/scout.md").write_text("mine", encoding="utf-8")
    code, said = run("--check")
    assert (code, said.splitlines()[0]) == (2, "error: not fresh: agents/scout.md")
    assert run() == (0, "wrote agents/scout.md\n")
    (tmp_path / "skills/left.md").write_text("over\n", encoding="utf-8")
    assert run()[1].startswith("error: made by no template: skills/left.md\n")
    (tmp_path / "skills/left.md").unlink()
    template = tmp_path / "templates/agents/scout.md.j2"
    template.write_text(template.read_text(encoding="utf-8").replace("Grep, Glob", "Grep, Glub"), encoding="utf-8")
    code, said = run("--check")
    assert code == 2
    assert "  agents/scout.md: the client knows no tool `Glub`\n" in said


def agents_commands() -> Iterator[tuple[str, str]]:
    """Walks the command lines of the committed agents."""
    for path in sorted((ROOT / "agents").glob("*.md")):
        for fence in pack_page.fences(pack_page.read(path.read_text(encoding="utf-8")).body):
            yield from ((path.stem, call) for call in pack_page.calls(fence))


@pytest.mark.parametrize(("agent", "line"), list(agents_commands()))
def test_an_agents_command_is_one_that_there_is(agent: str, line: str) -> None:
    """Its subcommand and its flags are this version's."""
    words = shlex.split(line.partition("<<")[0])
    assert words[0] == "outrider"
    command = cli.get_command(click.Context(cli), words[1])
    assert command is not None
    root = click.Context(cli, **cli.context_settings)
    command.make_parser(click.Context(command, parent=root)).parse_args(words[2:])


def test_what_is_always_on_is_small(rendered: Mapping[str, bytes]) -> None:
    """The listing that the client shows the model: names, descriptions and tools, at 3.5 characters a token."""
    listing = []
    for path, data in rendered.items():
        page = pack_page.read(data.decode("utf-8"))
        if page.head is None or not path.endswith(".md") or page.head.get("disable-model-invocation") == "true":
            continue
        listing.append(
            f"- outrider:{page.head['name']}: {page.head['description']} (Tools: {page.head.get('tools', '')})"
        )
    assert 10 < len(listing) < 16
    assert sum(map(len, listing)) / 3.5 < 1_450


def test_the_icon_is_a_square_that_a_catalog_takes() -> None:
    """A PNG of 512 to 2,048 pixels under 2 MB, and what its script draws."""
    data = (ROOT / ".claude-plugin/icon.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert width == height >= 512
    assert len(data) < 2_000_000
    assert subprocess.run([sys.executable, ROOT / "scripts/icon.py", "--check"], check=False).returncode == 0


class Desk:
    """A user's home and a project, with a shim in each form and helpers wherever a test puts them."""

    def __init__(self, folder: Path, shell: str) -> None:
        self.shell = shell
        self.home = folder / "a home"
        self.project = folder / "pro ject"
        self.root = folder / "plug in's"
        self.shim = self.root / "bin/outrider"
        for path in (self.home, self.project, self.root / "bin"):
            path.mkdir(parents=True)
        self.write_shim(self.shim, page(TEMPLATES, "bin/outrider.j2", {"form": "plugin", "launcher": None}))

    def write_shim(self, path: Path, data: bytes) -> None:
        """Puts a shim where a test wants it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o755)

    def helper(self, path: Path, body: str = "") -> Path:
        """Makes a program that says who it is and what it was handed."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f'#!/bin/sh\n{body}\nprintf "%s" "{path.parent.name}"; printf "|%s" "$@"; echo\n', encoding="utf-8"
        )
        path.chmod(0o755)
        return path

    def run(
        self, *words: str, program: Path | None = None, said: str = "", env: Mapping[str, str] = NO_ENV
    ) -> tuple[int, str, str]:
        """Runs the shim from the project; nothing of the machine's own environment reaches it but its tools."""
        plain = {"HOME": str(self.home), "PATH": "/usr/bin:/bin"}
        done = subprocess.run(
            [self.shell, program or self.shim, *words],
            cwd=self.project, env={**plain, **env}, input=said, capture_output=True, text=True, check=False, timeout=20,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr


@pytest.fixture(params=SHELLS)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    """Lays a desk for each shell of the machine."""
    return Desk(tmp_path, request.param)


def test_the_shim_becomes_the_installed_helper(desk: Desk) -> None:
    """Words arrive as they were, and so does the code; what is found first is where install.sh puts it."""
    desk.helper(desk.home / ".local/bin/outrider")
    desk.helper(desk.home / ".local/share/outrider/bin/outrider", body='[ "$1" != fail ] || exit 7')
    assert desk.run("ask", "two words", "", "it's $HOME") == (0, "bin|ask|two words||it's $HOME\n", "")
    assert desk.run("fail")[0] == 7
    shutil.rmtree(desk.home / ".local/share")
    assert desk.run("x") == (0, "bin|x\n", "")


def test_a_link_to_nowhere_is_no_helper(desk: Desk) -> None:
    """The next place is looked at."""
    (desk.home / ".local/bin").mkdir(parents=True)
    (desk.home / ".local/bin/outrider").symlink_to(desk.home / "gone")
    other = desk.helper(desk.home / "tools dir/outrider")
    assert desk.run("x", env={"PATH": f"/nowhere:{other.parent}:/usr/bin:/bin"}) == (0, "tools dir|x\n", "")


def test_shims_on_the_path_are_passed_by(desk: Desk) -> None:
    """Itself, a link to it and a copy of it: no shim becomes a shim, so that none runs in circles."""
    copy, link = desk.home / "copy/outrider", desk.home / "link/outrider"
    desk.write_shim(copy, desk.shim.read_bytes())
    link.parent.mkdir()
    link.symlink_to(desk.shim)
    before = f"{desk.shim.parent}:{copy.parent}:{link.parent}"
    assert desk.run("x", env={"PATH": f"{before}:/usr/bin:/bin"})[0] == 127
    last = desk.helper(desk.home / "last/outrider")
    assert desk.run("x", env={"PATH": f"{before}:/usr/bin:/bin:{last.parent}"}) == (0, "last|x\n", "")
    (desk.home / ".local/bin").mkdir(parents=True)
    (desk.home / ".local/bin/outrider").symlink_to(desk.shim)
    assert desk.run("x", env={"PATH": f"{before}:/usr/bin:/bin"})[0] == 127


def test_without_a_helper_one_line_says_how_to_get_it(desk: Desk) -> None:
    """The line can be pasted as it stands, whatever the plugin's folder is called; nothing is installed."""
    installer = desk.root / "install.sh"
    installer.write_text('printf "%s" "$1"\n', encoding="utf-8")
    code, out, err = desk.run("ask", "hi")
    assert (code, out, err.count("\n")) == (127, "", 1)
    assert err.startswith(f"{HOW}bash ")
    pasted = subprocess.run(["bash", "-c", err.removeprefix(HOW)], capture_output=True, text=True, check=False)
    assert (pasted.returncode, pasted.stdout) == (0, "--helper-only")
    assert sorted(path.name for path in desk.home.iterdir()) == []


def test_the_line_names_the_real_folder(desk: Desk) -> None:
    """Also where the client's folder, or the program, is a link."""
    link = desk.home / "linked"
    link.symlink_to(desk.root)
    program = desk.home / "outrider"
    program.symlink_to("linked/bin/outrider")
    plain = desk.run("ask")
    assert desk.run("ask", program=program) == plain
    assert desk.run("ask", program=link / "bin/outrider") == plain


def test_a_hook_never_stands_in_the_way(desk: Desk) -> None:
    """No helper, one that knows no hooks, one that is broken: the answer is nothing, and the code is 0."""
    nothing = (0, "{}\n", "")
    assert desk.run("hook", "bash") == nothing
    path = desk.home / ".local/bin/outrider"
    desk.helper(path, body="exit 2")
    assert desk.run("hook", "bash") == nothing
    desk.helper(path, body="kill -9 $$")
    assert desk.run("hook", "agent")[:2] == nothing[:2]
    path.write_bytes(b"#!/nowhere/python\n")
    assert desk.run("hook", "agent")[:2] == nothing[:2]


def test_a_hook_hears_what_the_client_says(desk: Desk) -> None:
    """Its input reaches the helper, and the helper's answer the client."""
    path = desk.helper(desk.home / ".local/bin/outrider", body="cat; exit 0")
    assert desk.run("hook", "bash", said='{"a": "b\\n"}') == (0, '{"a": "b\\n"}\n', "")
    assert path.exists()


def test_no_variable_of_a_project_chooses_the_program(desk: Desk) -> None:
    """Inside the client a home or a folder of programs within the project is not believed; at a terminal it is."""
    evil = desk.project / "evil"
    for place in (".local/share/outrider/bin", ".local/bin", "bin"):
        desk.helper(evil / place / "outrider")
    (desk.home / "way").symlink_to(evil / "bin")
    env = {"HOME": str(evil), "PATH": f"{evil}/bin:evil/bin:{desk.home}/way:/usr/bin:/bin"}
    assert desk.run("x", env=env) == (0, "bin|x\n", "")
    for inside in ({"CLAUDECODE": "1"}, {"CLAUDE_PROJECT_DIR": str(desk.project)}):
        assert "bin|x" not in desk.run("x", env={**env, **inside})[1]
    data = {"OUTRIDER_DATA": str(evil / ".local/share/outrider"), "OUTRIDER_HOME": str(evil)}
    assert desk.run("x", env={**data, "CLAUDECODE": "1"})[0] == 127


def test_who_works_in_another_project_keeps_the_helper(desk: Desk) -> None:
    """A home around the project is the user's own."""
    desk.helper(desk.home / ".local/share/outrider/bin/outrider")
    inner = desk.home / "code/repo"
    inner.mkdir(parents=True)
    assert desk.run("x", env={"CLAUDECODE": "1", "CLAUDE_PROJECT_DIR": str(inner)}) == (0, "bin|x\n", "")


def test_the_installed_shim_knows_the_launcher(desk: Desk) -> None:
    """It goes first, whatever HOME says; when it is gone, the other places are looked at."""
    launcher = desk.helper(desk.home / "it's here/outrider")
    facts = {"form": "loose", "launcher": str(launcher), "get_helper": "./install.sh --helper-only"}
    shim = desk.home / ".claude/skills/outrider/bin/outrider"
    desk.write_shim(shim, page(TEMPLATES, "bin/outrider.j2", facts))
    assert desk.run("x", program=shim, env={"HOME": "/nowhere", "CLAUDECODE": "1"}) == (0, "it's here|x\n", "")
    launcher.unlink()
    assert desk.run("x", program=shim) == (
        127, "", f"{MISSING} ./install.sh --helper-only in a checkout of Outrider\n"
    )  # fmt: skip
    desk.helper(desk.home / ".local/bin/outrider")
    assert desk.run("x", program=shim) == (0, "bin|x\n", "")


def test_the_shim_is_plain_sh() -> None:
    """No word of a richer shell is in it."""
    text = (ROOT / SHIM).read_text(encoding="utf-8")
    assert text.startswith("#!/bin/sh\n# outrider-shim: ")
    assert not re.search(r"\[\[|\blocal\b(?!/)|\bfunction\b|<<<|\bsource\b|\$\{[^}]*//", text.replace(".local/", ""))
