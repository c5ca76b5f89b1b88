"""The hooks as Claude Code starts them: a process, JSON in, JSON out, exit 0 whatever happens."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from outrider.doors import hook_faults
from outrider.doors.settings import places
from outrider.hook import LARGEST_INPUT
from outrider.hook.events import GUARD, REASON
from outrider.rules.pins import ALARMS
from tests.lanes import thinned
from tests.transcripts.pin_cases import CASES
from tests.transcripts.test_pins import put, stopped

START = "import sys; from outrider.cli import main; main()"
ALLOW = {
    "hookSpecificOutput": {
        "hookEventName": "PreToolUse", "permissionDecision": "allow", "permissionDecisionReason": REASON,
    }
}  # fmt: skip
LET_BY = {"hookSpecificOutput": {"hookEventName": "PreToolUse"}}


class Client:
    """What Claude Code does: it starts us with an event, in a project, with an environment."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        self.environment |= {"CLAUDE_PROJECT_DIR": str(project), "CLAUDECODE": "1"}

    def raw(self, event: str, data: bytes, **process: Any) -> bytes:
        """Sends bytes; returns bytes."""
        words = [event] if event else []
        done = subprocess.run(
            [sys.executable, "-I", "-c", START, "hook", *words], input=data, capture_output=True,
            check=False, timeout=30, env=self.environment, **{"cwd": self.project, **process},
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, b"")
        said: bytes = done.stdout
        return said

    def answer(self, event: str, tool: str, tool_input: Any, cwd: Path | str | None = None) -> Any:
        """Asks about a call of a tool."""
        given = {
            "session_id": "s", "cwd": str(cwd or self.project), "hook_event_name": "PreToolUse", "tool_name": tool,
            "tool_input": tool_input, "tool_use_id": "t", "permission_mode": "default",
        }  # fmt: skip
        said = self.raw(event, json.dumps(given).encode())
        assert said.count(b"\n") == 1
        return json.loads(said)

    def bash(self, command: str, **more: Any) -> Any:
        """Asks about a line."""
        cwd = more.pop("cwd", None)
        return self.answer("bash", "Bash", {"command": command, "description": "x", **more}, cwd)

    def spawn(self, name: str, **more: Any) -> Any:
        """Asks about a spawn; returns what is changed in its input, or the whole answer."""
        given = {"description": "look", "prompt": "where?", **more, "subagent_type": name}
        said = self.answer("agent", "Agent", given)
        routed = said.get("hookSpecificOutput", {}).get("updatedInput")
        if routed is None:
            return said
        assert said == {"hookSpecificOutput": {"hookEventName": "PreToolUse", "updatedInput": routed}}
        assert routed.items() >= given.items()
        return {name: value for name, value in routed.items() if name not in given}


def git(folder: Path, *words: str) -> None:
    """Runs git in a folder, with nothing of the machine's own settings."""
    plain = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b.example", *words], cwd=folder, check=True,
        capture_output=True, env={**os.environ, **plain},
    )  # fmt: skip


@pytest.fixture
def client(tmp_path: Path, home: Path) -> Client:
    """Makes a checkout with a few files, and a client that works in it."""
    project = tmp_path / "work" / "app"
    for name, text in {
        "a.py": "one\n", "b c.md": "two\n", "deep/c.py": "three\n", "secrets/key.txt": "hush\n", ".env": "KEY=hush\n",
    }.items():  # fmt: skip
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "first")
    (project / "a.py").write_text("changed\n", encoding="utf-8")
    (home / ".claude").mkdir()
    return Client(project)


def send_elsewhere(project: Path) -> None:
    """Makes git read the settings of a folder that lies in the tree, where nobody looks for them."""
    shutil.copytree(project / ".git", project / "hidden")
    git(project / "hidden", "--git-dir=.", "config", "diff.external", str(project / "git"))
    (project / ".git" / "commondir").write_text("../hidden\n", encoding="utf-8")


def hide_behind_no_repository(project: Path, evil: str) -> None:
    """Makes a nearer folder that looks like a repository, and that git passes over for the real one."""
    shutil.copytree(project / ".git", project / "deep" / ".git")
    (project / "deep" / ".git" / "HEAD").write_text("nothing\n", encoding="utf-8")
    git(project, "config", "diff.external", evil)


def hide_behind_a_carriage_return(project: Path, evil: str) -> None:
    """Makes a working tree whose settings are in a folder of one name for git, and of another for everybody else."""
    tree = project / "deep"
    own = tree / "own"
    (project / ".git").rename(tree / "shared\r")
    shutil.copytree(tree / "shared\r", tree / "shared")
    git(tree / "shared", "--git-dir=.", "config", "diff.external", evil)
    own.mkdir()
    for name, text in {
        "HEAD": "ref: refs/heads/main\n",
        "gitdir": f"{tree}/.git\n",
        "commondir": "../shared\r\n",
    }.items():
        (own / name).write_text(text, encoding="utf-8", newline="")
    shutil.copy(tree / "shared" / "index", own / "index")
    (tree / ".git").write_text(f"gitdir: {own}\n", encoding="utf-8")


def deny(client: Client, *rules: str) -> None:
    """Writes the project's own `permissions.deny`."""
    folder = client.project / ".claude"
    folder.mkdir(exist_ok=True)
    (folder / "settings.json").write_text(json.dumps({"permissions": {"deny": rules}}), encoding="utf-8")


def pack(home: Path, **manifest: Any) -> None:
    """Writes the manifest of an installed pack."""
    folder = home / ".claude" / "config"
    folder.mkdir(parents=True, exist_ok=True)
    names = {"scout": "scout", "builder": "outrider-builder", "bulk": "bulk"}
    told = {"version": 1, "helper": "0.4.0", "form": "loose", "names": names, "explore": False, "files": {}, **manifest}
    (folder / "outrider.pack.json").write_text(json.dumps(told), encoding="utf-8")


@pytest.mark.parametrize(
    "command",
    thinned(
        [
            "outrider ask hi",
            "outrider models --usable 2>&1",
            "outrider ask -t code-review -f a.py -f 'b c.md' <<'EOF'\n$(touch F); it's\nEOF",
            "cat a.py deep/../a.py ./deep/c.py | outrider ask",
            "git diff | outrider ask 'what was missed?'",
            "git diff HEAD -- a.py | outrider ask",
            "git show HEAD:deep/c.py | outrider ask",
            "git log -p -n 1 | outrider ask",
            "outrider ask --private -f .env 'how many lines?'",
            "outrider ask --out deep/review.md hi",
        ],
        3,
    ),
)
def test_a_call_that_only_asks_or_reads_runs_unasked(client: Client, command: str) -> None:
    """Files of the project, by any honest spelling."""
    assert client.bash(command) == ALLOW


@pytest.mark.parametrize(
    "command",
    thinned([
        "outrider ask hi; touch F", "outrider install", "outrider ask -f /etc/passwd hi",
        "outrider ask -f ../other.txt hi",
        "outrider ask -f out.py hi", "outrider ask -f outside/other.txt hi", "outrider ask -f none.py hi",
        "outrider ask -f deep hi", "outrider ask -f pipe hi", "outrider ask -f .env hi",
        "outrider ask -f .git/config hi",
        "cat a.py ../other.txt | outrider ask", "outrider ask --image /etc/passwd hi", "outrider ask --schema .env hi",
        "outrider ask --answer gpt=.env hi", "git diff -- .. | outrider ask", "git show HEAD:.env | outrider ask",
        "git show HEAD:../x | outrider ask", "git diff a.py /etc/passwd | outrider ask",
        "outrider ask --out /tmp/review.md hi", "outrider ask --out ../review.md hi", "outrider ask --out a.py hi",
        "outrider ask --out 'b c.md' hi", "outrider ask --out outside/review.md hi",
        "outrider ask --out .claude/x.md hi",
    ], 4),
)  # fmt: skip
def test_anything_else_is_left_to_the_client(client: Client, command: str) -> None:
    """Other commands, other places, links out, hidden files, what is there already: no answer, so the client asks."""
    other = client.project.parent / "other.txt"
    other.write_text("not yours\n", encoding="utf-8")
    (client.project / "out.py").symlink_to(other)
    (client.project / "outside").symlink_to(client.project.parent)
    os.mkfifo(client.project / "pipe")
    assert client.bash(command) == {}
    assert hook_faults.noted(places()) == []


@pytest.mark.parametrize(
    ("rule", "command"),
    thinned(
        [
            ("Read(./secrets/**)", "outrider ask -f secrets/key.txt hi"),
            ("Read(./secrets/**)", "outrider ask --private -f secrets/key.txt hi"),
            ("Read(./secrets/**)", "cat deep/../secrets/key.txt | outrider ask"),
            ("Read(./secrets/**)", "cat linked.txt | outrider ask"),
            ("Read(linked.txt)", "cat linked.txt | outrider ask"),
            ("Read(./secrets/**)", "git show HEAD:secrets/key.txt | outrider ask"),
            ("Read(./secrets/**)", "git show HEAD | outrider ask"),
            ("Read(./secrets/**)", "git log -p | outrider ask"),
            ("Read(./secrets/**)", "git log -U3 | outrider ask"),
            ("Read(./secrets/**)", "git log --unified=0 | outrider ask"),
            ("Read(./secrets/**)", "git show BLOB | outrider ask"),
            ("Read(./secrets/**)", "git diff HEAD:secrets HEAD:deep | outrider ask"),
            ("Read(a.py)", "git diff | outrider ask"),
            ("Read", "outrider ask -f a.py hi"),
            ("Edit(./*.md)", "outrider ask --out review.md hi"),
        ],
        5,
    ),
)
def test_what_the_client_may_not_read_is_never_read_for_it(client: Client, rule: str, command: str) -> None:
    """A file that a rule denies, under any name, at any time of the history."""
    (client.project / "linked.txt").symlink_to(client.project / "secrets" / "key.txt")
    found = subprocess.run(
        ["git", "rev-parse", "HEAD:secrets/key.txt"], cwd=client.project, capture_output=True, text=True, check=True
    )
    deny(client, rule)
    assert client.bash(command.replace("BLOB", found.stdout.strip())) == {}


@pytest.mark.parametrize(
    "command", thinned(["git diff | outrider ask", "git diff HEAD -- a.py | outrider ask",
                        "git log --oneline | outrider ask", "outrider ask -f a.py hi",
                        "git show HEAD:deep/c.py | outrider ask"], 3),
)  # fmt: skip
def test_rules_for_other_files_do_not_matter(client: Client, command: str) -> None:
    """Where rules deny something else, what is shown is looked at name by name, and passes."""
    deny(client, "Read(./secrets/**)", "Read(./.env)", "Read(~/.ssh/**)")
    assert client.bash(command) == ALLOW


@pytest.mark.parametrize(
    "arrange",
    thinned(
        [
            lambda client, evil: git(client.project, "config", "diff.external", evil),
            lambda client, evil: git(client.project, "config", "core.fsmonitor", evil),
            lambda client, evil: git(client.project, "config", "filter.x.clean", evil),
            lambda client, evil: (client.project / ".git/hooks/post-index-change").symlink_to(evil),
            lambda client, evil: client.environment.update(GIT_EXTERNAL_DIFF=evil),
            lambda client, evil: client.environment.update(BASH_ENV=evil),
            lambda client, _: send_elsewhere(client.project),
            lambda client, evil: hide_behind_no_repository(client.project, evil),
            lambda client, evil: hide_behind_a_carriage_return(client.project, evil),
            lambda client, _: client.environment.update(GCONV_PATH=str(client.project)),
            lambda client, _: client.environment.update(XDG_CONFIG_HOME=str(client.project)),
            lambda client, _: client.environment.update(PATH=f"{client.project}:{os.environ['PATH']}"),
            lambda client, _: client.environment.update(PATH=f".:{os.environ['PATH']}"),
            lambda client, evil: client.environment.update(SHELLOPTS="xtrace", PS4=f"$({evil})"),
            lambda client, _: client.environment.update({"BASH_FUNC_git%%": "() { touch ran; }"}),
            lambda client, _: git(client.project, "init", "-q", "--bare", "deep"),
        ],
        5,
    ),
)
def test_a_checkout_that_would_run_a_program_asks(client: Client, arrange: Any) -> None:
    """Its settings, its hooks and its environment start nothing unseen, and nothing while we look."""
    evil = client.project / "git"
    evil.write_text(f"#!/bin/sh\ntouch {client.project}/ran\n", encoding="utf-8")
    evil.chmod(0o755)
    arrange(client, str(evil))
    deny(client, "Read(./nowhere/**)")
    assert client.bash("git diff | outrider ask", cwd=client.project / "deep") == {}
    assert not (client.project / "ran").exists()


@pytest.mark.parametrize("named", thinned([None, "", ".", "{project}", "{project}/bin"], 3))
def test_an_outrider_of_the_projects_asks(client: Client, named: str | None) -> None:
    """A project's environment may name its own folders first on PATH, and its own as the home: that one is not ours."""
    folder = client.project / "bin"
    folder.mkdir()
    (folder / "outrider").write_text("#!/bin/sh\n", encoding="utf-8")
    (folder / "outrider").chmod(0o755)
    client.environment["PATH"] = f"{folder}:{os.environ['PATH']}"
    if named is not None:
        client.environment["HOME"] = named.format(project=client.project)
    assert client.bash("outrider models") == {}


def test_where_there_is_no_project(client: Client, home: Path) -> None:
    """In the home itself a call that reads no file runs; a file of the home asks. Any other folder bounds itself."""
    (home / "notes.txt").write_text("mine\n", encoding="utf-8")
    (client.project.parent / "x.txt").write_text("x\n", encoding="utf-8")
    client.environment["CLAUDE_PROJECT_DIR"] = str(home)
    assert client.bash("outrider models", cwd=home) == ALLOW
    assert client.bash("outrider ask -f notes.txt hi", cwd=home) == {}
    del client.environment["CLAUDE_PROJECT_DIR"]
    assert client.bash("outrider ask -f x.txt hi", cwd=client.project.parent) == ALLOW


def test_another_project_than_the_sessions_asks(client: Client, tmp_path: Path) -> None:
    """Where the shell went into a checkout beside the session's, its files are not this project's."""
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "x.txt").write_text("x\n", encoding="utf-8")
    git(other, "init", "-q")
    assert client.bash("outrider ask -f x.txt hi", cwd=other) == {}
    assert client.bash("outrider ask -f x.txt hi", cwd=tmp_path / "gone") == {}
    assert hook_faults.noted(places()) == []


def test_a_call_outside_of_the_sandbox_asks(client: Client) -> None:
    """So does one with any field that we do not know."""
    assert client.bash("outrider ask hi", run_in_background=True, timeout=600) == ALLOW
    assert client.bash("outrider ask hi", dangerouslyDisableSandbox=True) == {}
    assert client.answer("bash", "Write", {"command": "outrider ask hi"}) == {}


@pytest.mark.parametrize(
    ("command", "is_let_by"),
    thinned(
        [
            ("outrider ask --private -f /srv/payroll.csv <<'E'\nsum\nE", True),
            ("outrider ask --private -f .env 'how many?'", True),
            ("cat .env", False),
            ("outrider ask -f .env hi", False),
            ("outrider ask --private -f .env hi; cat .env", False),
        ],
        2,
    ),
)
def test_private_reader_runs_nothing_but_private_questions(client: Client, command: str, is_let_by: bool) -> None:  # noqa: FBT001
    """The guard decides nothing about the files of such a question; anything else it denies, with what is allowed."""
    said = client.answer("private", "Bash", {"command": command})
    assert said == (LET_BY if is_let_by else denied(GUARD))


@pytest.mark.process
@pytest.mark.parametrize("data", [b"", b"{", b"[" * 100_000, b"[]", b"x" * (LARGEST_INPUT + 1)])
def test_the_guard_denies_what_it_cannot_judge(client: Client, data: bytes) -> None:
    """It alone blocks: our own agent must not read where its guard is blind."""
    said = json.loads(client.raw("private", data))
    assert said == denied(f"the guard of private-reader could not judge this call. {GUARD}")
    assert client.answer("private", "Read", {"file_path": "/etc/passwd"}) == denied(GUARD)


def denied(reason: str) -> dict[str, Any]:
    """Returns a refusal."""
    return {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse", "permissionDecision": "deny", "permissionDecisionReason": reason,
        }
    }  # fmt: skip


@pytest.mark.process
@pytest.mark.parametrize("event", ["bash", "agent"])
@pytest.mark.parametrize("data", [b"", b"\xff\x00", b"[]", b"[" * 100_000, b" " * (LARGEST_INPUT + 1)])
def test_a_broken_event_is_no_answer_and_doctor_is_told(client: Client, event: str, data: bytes) -> None:
    """Nothing, too much, no JSON, too deep: `{}`, and one line for the user."""
    assert client.raw(event, data) == b"{}\n"
    (noted,) = hook_faults.noted(places())
    assert (noted["event"], noted["message"].startswith("the event ")) == (event, True)


@pytest.mark.process
@pytest.mark.parametrize("event", ["", "nosuch", "--nosuch", "a" * 1_000])
def test_an_event_that_we_do_not_know_is_no_answer(client: Client, event: str) -> None:
    """A newer client may call for more than we have."""
    assert client.raw(event, b'{"hook_event_name": "PreToolUse", "tool_name": "Bash"}') == b"{}\n"


@pytest.mark.parametrize(
    ("event", "given"),
    thinned(
        [
            ("agent", {}),
            ("bash", {"tool_name": 1, "tool_input": []}),
            ("bash", {"tool_name": "Bash", "tool_input": {"command": ["x"]}, "cwd": "/"}),
            ("bash", {"tool_name": "Bash", "tool_input": {"command": "outrider ask hi"}}),
            ("bash", {"tool_name": "Bash", "tool_input": {"command": "outrider ask hi"}, "cwd": "."}),
            (
                "bash",
                {"tool_name": "Bash", "tool_input": {"command": "outrider ask hi"}, "hook_event_name": "PostToolUse"},
            ),
            ("agent", {"tool_name": "Agent", "tool_input": {"subagent_type": 5}}),
        ],
        4,
    ),
)
def test_an_event_without_what_it_needs_is_no_answer(client: Client, event: str, given: dict[str, Any]) -> None:
    """Keys that are missing, or of another kind."""
    assert client.raw(event, json.dumps({"hook_event_name": "PreToolUse", **given}).encode()) == b"{}\n"


def test_closed_pipes_and_no_home(client: Client) -> None:
    """Nobody who writes, nobody who reads, nowhere to be: still exit 0."""
    line = f"exec {sys.executable} -I -c '{START}' hook bash"
    given = json.dumps({
        "hook_event_name": "PreToolUse", "tool_name": "Bash", "cwd": str(client.project),
        "tool_input": {"command": "outrider ask hi"},
    }).encode()  # fmt: skip
    for form in (f"{line} <&-", f"{line} >&-", f"{line} >/dev/full", f"{line} <&- >&- 2>&-"):
        done = subprocess.run(
            ["sh", "-c", form], input=given, env=client.environment, stdout=subprocess.PIPE, check=False, timeout=30
        )
        assert (done.returncode, done.stdout) == (0, b"{}\n" if form.endswith(" <&-") else b"")
    for name in ("HOME", "OUTRIDER_HOME", "CLAUDE_CONFIG_DIR"):
        del client.environment[name]
    assert client.raw("bash", given) == b"{}\n"


def test_a_home_that_the_project_chose_is_no_home(client: Client) -> None:
    """Its settings would be the project's: no answer, and nothing is written there."""
    client.environment["OUTRIDER_HOME"] = str(client.project / "evil")
    assert client.bash("outrider ask hi") == {}
    assert not (client.project / "evil").exists()


def test_our_agents_run_on_their_tier(client: Client, home: Path) -> None:
    """By the name they are installed under; with a call's own model, or another's agent, nothing is said."""
    assert client.spawn("scout") == {}
    pack(home)
    assert client.spawn("scout") == {"model": "haiku", "effort": "low"}
    assert client.spawn("scout", prompt='{"subagent_type": "mine"}') == {"model": "haiku", "effort": "low"}
    assert client.spawn("scout", effort="max", run_in_background=False) == {"model": "haiku"}
    assert client.spawn("outrider-builder") == {"model": "sonnet", "effort": "medium"}
    for name in ("builder", "outrider:scout", "general-purpose", "Explore", "mine", ""):
        assert client.spawn(name) == {}
    assert client.spawn("scout", model="opus") == {}
    pack(home, paused=True)
    assert client.spawn("scout") == {}


def test_a_switch_and_a_project_re_tier_at_once(client: Client, home: Path) -> None:
    """The standing preset counts from the next spawn on; a repository that is not trusted may only lower."""
    pack(home)
    state = home / ".config" / "outrider" / "state.json"
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"preset": "best"}), encoding="utf-8")
    best = client.spawn("scout")
    assert best != {"model": "haiku", "effort": "low"}
    overlay = client.project / ".claude" / "config" / "models.json"
    overlay.parent.mkdir(parents=True)
    overlay.write_text(json.dumps({"agents": {"scout": {"tier": "haiku/low"}}}), encoding="utf-8")
    assert client.spawn("scout") == {"model": "haiku", "effort": "low"}


def test_a_broken_repository_undoes_no_choice(client: Client, home: Path) -> None:
    """Its settings count for nothing then: the user's switch holds, and `doctor` is told."""
    pack(home)
    state = home / ".config" / "outrider" / "state.json"
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"preset": "cheap"}), encoding="utf-8")
    cheap = client.spawn("outrider-builder")
    assert cheap["model"] == "haiku"
    overlay = client.project / ".claude" / "config" / "models.json"
    overlay.parent.mkdir(parents=True)
    overlay.write_text(json.dumps({"agents": []}), encoding="utf-8")
    assert client.spawn("outrider-builder") == cheap
    assert [entry["event"] for entry in hook_faults.noted(places())] == ["agent"]


def test_a_projects_own_agent_keeps_its_model(client: Client, home: Path) -> None:
    """In the client its file wins over ours, so the call is not ours; the plugin's names cannot be taken."""
    folder = client.project / ".claude" / "agents" / "team"
    folder.mkdir(parents=True)
    (folder / "any.md").write_text("---\nname: scout\ndescription: x\nmodel: opus\n---\n", encoding="utf-8")
    pack(home)
    assert client.spawn("scout") == {}
    (home / ".claude" / "config" / "outrider.pack.json").unlink()
    lists = home / ".claude" / "plugins" / "installed_plugins.json"
    lists.parent.mkdir()
    lists.write_text(json.dumps({"plugins": {"outrider@market": [{}]}}), encoding="utf-8")
    settings = home / ".claude" / "settings.json"
    settings.write_text(json.dumps({"enabledPlugins": {"outrider@market": True}}), encoding="utf-8")
    assert client.spawn("outrider:scout") == {"model": "haiku", "effort": "low"}
    assert client.spawn("scout") == {}


def test_explore_is_kept_cheap_where_it_is_switched_on(client: Client, home: Path) -> None:
    """Only then, and not where somebody has an `Explore` of their own."""
    pack(home)
    state = home / ".config" / "outrider" / "state.json"
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"explore": True}), encoding="utf-8")
    assert client.spawn("Explore") == {"model": "haiku"}
    folder = home / ".claude" / "agents"
    folder.mkdir()
    (folder / "Explore.md").write_text("---\nname: Explore\ndescription: x\n---\n", encoding="utf-8")
    assert client.spawn("Explore") == {}
    state.write_text(json.dumps({"explore": False}), encoding="utf-8")
    (folder / "Explore.md").unlink()
    assert client.spawn("Explore") == {}


@pytest.mark.process
@pytest.mark.parametrize("broken", ["state.json", "models.local.json"])
def test_broken_settings_are_no_answer_and_doctor_is_told(client: Client, home: Path, broken: str) -> None:
    """The spawn goes on as its file says; the user learns why."""
    pack(home)
    path = home / (".claude/config" if broken.startswith("models") else ".config/outrider") / broken
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{", encoding="utf-8")
    assert client.spawn("scout") == {}
    (noted,) = hook_faults.noted(places())
    assert (noted["event"], broken in noted["message"]) == ("agent", True)


def test_faults_are_kept_in_bounds(home: Path) -> None:
    """The newest few, each short; a file that is no list is begun anew."""
    where = places()
    path = Path(where.ours(hook_faults.FILE))
    path.parent.mkdir(parents=True)
    path.write_text('{"x": 1}', encoding="utf-8")
    for number in range(30):
        hook_faults.note(where, event="bash", message=f"{number} " + "é" * 1_000, at=float(number))
    kept = hook_faults.noted(where)
    assert [entry["at"] for entry in kept] == list(range(10, 30))
    assert {len(entry["message"]) for entry in kept} == {hook_faults.LONGEST}
    hook_faults.forget(where)
    assert hook_faults.noted(where) == []


@pytest.mark.parametrize(
    ("event", "tool", "given"),
    [
        ("bash", "Bash", {"command": "outrider ask -f a.py hi"}),
        ("agent", "Agent", {"subagent_type": "scout"}),
        ("agent", "Agent", {"subagent_type": "general-purpose"}),
    ],
)
def test_a_hook_loads_little(client: Client, home: Path, event: str, tool: str, given: Any) -> None:
    """It is started at every spawn: neither the command line nor any library is loaded."""
    pack(home)
    spy = (
        "import os, sys; leave = os._exit; "
        "os._exit = lambda code: (sys.stderr.write(' '.join(sys.modules)), leave(code))"
    )
    event_given = {
        "hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": given, "cwd": str(client.project)
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"{spy}; {START}", "hook", event], input=json.dumps(event_given), text=True,
        capture_output=True, check=True, env=client.environment, timeout=30,
    )  # fmt: skip
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert (
        loaded & {"aiohttp", "asyncio", "click", "httpx2", "jinja2", "jsonschema", "sqlite3", "subprocess", "yaml"}
        == set()
    )


@pytest.mark.process
@pytest.mark.parametrize("verdict", ["OK", "UNKNOWN", *sorted(ALARMS)])
def test_a_subagent_whose_pin_was_not_kept_is_told_of(tmp_path: Path, home: Path, verdict: str) -> None:
    """Who turned the event on reads one line; a pin that was kept, and any other event, says nothing."""
    case = next(case for case in CASES if case.verdict == verdict)
    put(case, home, tmp_path / "project")
    client = Client(tmp_path / "project")
    said = json.loads(client.raw("pins", json.dumps(stopped(home)).encode()))
    assert list(said) == (["systemMessage"] if verdict in ALARMS else [])
    assert verdict not in ALARMS or said["systemMessage"].startswith(f"outrider: {case.call['subagent_type']} was to ")
    assert client.answer("pins", "Agent", case.call) == {}
    assert client.raw("pins", b"[]") == b"{}\n"
