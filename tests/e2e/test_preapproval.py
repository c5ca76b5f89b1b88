"""The Bash hook: what only asks or reads runs without a prompt, and nothing else does."""

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.e2e.client import OLD, Run
from tests.e2e.conftest import Make
from tests.e2e.examples import examples
from tests.e2e.messages_api import MessagesApi, bash, spawn
from tests.e2e.stage import Stage, write

pytestmark = pytest.mark.e2e

ECHO = "outrider ask -m echo"
ANSWERED: Sequence[str] = (
    f"{ECHO} hi",
    f"{ECHO} <<'END'\nhi; touch F & `touch F` $(touch F) | > F\nEND",
    f"cat notes.md | {ECHO} 'what is wrong?'",
    f"git log -1 | {ECHO}",
    f"git diff HEAD | {ECHO} 'what changed?'",
    f"{ECHO} -f notes.md hi",
    "outrider route -t auto 'why does this deadlock?'",
    "outrider models",
    "outrider status",
)
"""What runs, and runs well, without a key and without a network."""
ASKS: Sequence[str] = (
    f"{ECHO} hi; touch F",
    f"{ECHO} hi && touch F",
    f"{ECHO} hi > F",
    f"{ECHO} hi | tee F",
    f"{ECHO} hi &",
    f'{ECHO} "$(touch F)"',
    f"{ECHO} <<END\n$(touch F)\nEND",
    f"FOO=1 {ECHO} hi",
    f"cd / && {ECHO} hi",
    f"touch F | {ECHO} hi",
    f"cat /etc/hostname | {ECHO} hi",
    f"cat no* | {ECHO} hi",
    f"git diff --output=F | {ECHO} hi",
    f"{ECHO} -f /etc/hostname hi",
    f"{ECHO} --out F hi",
    f"{ECHO} --out ../F hi",
    f"{ECHO} --record F hi",
    f"{ECHO} --background hi",
    "outrider install",
    "outrider uninstall",
    "outrider switch best",
    "outrider keys set OPENAI_API_KEY",
    "outrider trust --yes",
    "outrider config check",
    "outrider pause",
)
"""What the client has to ask for."""


def ask_main(stage: Stage, lines: Sequence[str], *options: str) -> tuple[Run, tuple[str, ...]]:
    """Has the session itself run each line, and returns the run and what each gave back."""
    with MessagesApi(main=[[bash(line)] for line in lines]) as api:
        run = stage.client.ask("hello", *options, api=api)
    return run, api.main[-1].results


def ask_sub(stage: Stage, lines: Sequence[str], agent: str = "general-purpose") -> tuple[Run, tuple[str, ...]]:
    """Has a subagent run each line, and returns the run and what each gave back."""
    with MessagesApi(main=[[spawn(agent)]], sub=[[bash(line)] for line in lines]) as api:
        run = stage.client.ask("hello", api=api)
    return run, api.sub[-1].results


def test_asking_and_reading_run(pack: Stage):
    """Lines that ask or read are never prompted for, and come back with their answer, fenced."""
    run, results = ask_main(pack, ANSWERED)
    assert run.denied == ()
    for line, result in zip(ANSWERED, results, strict=True):
        assert ("<outrider-answer" in result) == line.count(ECHO), f"{line}: {result}"
        assert "error:" not in result
    assert not (pack.project / "F").exists()


def test_they_run_in_subagents(pack: Stage):
    """The same holds in the agents that call the helper."""
    lines = ANSWERED[:4]
    run, results = ask_sub(pack, lines, pack.called("second-opinion"))
    assert run.denied == ()
    assert ["<outrider-answer" in result for result in results] == [True] * len(lines)


def test_they_run_on_the_old_client(make: Make):
    """The same holds on the old client."""
    stage = make("loose", OLD)
    run, results = ask_main(stage, ANSWERED)
    assert (run.denied, len(results)) == ((), len(ANSWERED))
    run, _ = ask_main(stage, ASKS)
    assert (run.denied, (stage.project / "F").exists()) == (tuple(ASKS), False)


@pytest.mark.parametrize("where", ["main", "subagent"])
def test_all_else_asks(pack: Stage, where: str):
    """Lines that write, run something else, or reach out of the project are left to the user, and change nothing."""
    run, _ = (ask_main if where == "main" else ask_sub)(pack, ASKS)
    assert run.denied == tuple(ASKS)
    assert sorted(path.name for path in pack.project.iterdir()) == [".git", "notes.md"]
    assert not (pack.project.parent / "F").exists()


DENIED = (
    f"{ECHO} -f .env hi",
    f"{ECHO} -f ./secrets/../.env hi",
    f"{ECHO} -f secrets/key hi",
    f"cat .env | {ECHO} hi",
    f"cat ./secrets/../.env | {ECHO} hi",
    f"git show HEAD:.env | {ECHO} hi",
    f"cat link | {ECHO} hi",
)


@pytest.mark.parametrize("place", ["user", "project", "local"])
def test_denied_files_are_not_read(pack: Stage, place: str):
    """A file that a deny rule covers is in no answer, whichever way it is handed over."""
    write(pack.project / ".env", "CANARY=7319\n")
    write(pack.project / "secrets/key", "CANARY 7319\n")
    (pack.project / "link").symlink_to(".env")
    commit(pack.project)
    settings = {
        "user": pack.claude / "settings.json",
        "project": pack.project / ".claude/settings.json",
        "local": pack.project / ".claude/settings.local.json",
    }
    merge_deny(settings[place], ["Read(./.env)", "Read(secrets/**)"])
    run, results = ask_main(pack, DENIED)
    assert run.denied == DENIED
    assert "7319" not in "".join(results)


def commit(project: Path) -> None:
    """Commits all that is there."""
    git = ["git", "-C", str(project), "-c", "user.name=T", "-c", "user.email=t@localhost"]
    for words in (["add", "-f", "."], ["commit", "-q", "-m", "more"]):
        subprocess.run([*git, *words], check=True)


def merge_deny(settings: Path, rules: list[str]) -> None:
    """Adds deny rules to a settings file."""
    import json

    value = json.loads(settings.read_text(encoding="utf-8")) if settings.exists() else {}
    write(settings, {**value, "permissions": {"deny": rules}})


def test_deny_rules_beat_us(pack: Stage):
    """A user who denies the command is obeyed."""
    merge_deny(pack.claude / "settings.json", ["Bash(outrider *)"])
    run, results = ask_main(pack, ANSWERED[:1])
    assert (run.denied, "<outrider-answer" in results[0]) == (ANSWERED[:1], False)


def test_every_example_runs(pack: Stage, repository: Path):
    """Every command that our pages show as asking or reading runs without a prompt."""
    if pack.form == "plugin":
        shown = [*examples(repository / "agents"), *examples(repository / "skills")]
    else:
        shown = [*examples(pack.claude / "agents/outrider"), *examples(pack.claude / "skills/outrider")]
    assert len(shown) > 30
    set_the_scene(pack, [line for _, line in shown])
    lines = [line for page, line in shown if "private-reader" not in page]
    run, results = ask_main(pack, lines)
    assert len(results) == len(lines)
    assert {page: line for page, line in shown if line in run.denied} == {}


def set_the_scene(stage: Stage, lines: Sequence[str]) -> None:
    """Makes the files that the examples name, and commits twice, so that there is a diff to show."""
    for line in lines:
        for word in shlex.split(line.partition("<<")[0]):
            if "/" in word or "." in word:
                path = stage.project / word
                if not word.startswith(("/", "~", "-", ".")) and " " not in word and not path.exists():
                    write(path, "{}\n")
    commit(stage.project)
    write(stage.project / "notes.md", "The lock is taken once.\n")


def test_other_commands_start_no_hook(pack: Stage):
    """A Bash line that is not ours starts no process of ours."""
    launcher = pack.home / ".local/share/outrider/bin/outrider"
    trace = pack.home / "trace"
    write(launcher, f'#!/bin/sh\necho "$*" >> {shlex.quote(str(trace))}\n' + launcher.read_text(encoding="utf-8"))
    run, _ = ask_main(pack, ["ls", "git status --short", "cat notes.md", "grep -r outrider ."])
    assert (run.denied, trace.exists()) == ((), False)


@pytest.mark.parametrize("line", ["ls", f"{ECHO} hi"])
@pytest.mark.parametrize("fault", ["gone", "old"])
def test_broken_helper_blocks_nothing(pack: Stage, line: str, fault: str):
    """With the helper gone, or one that knows no hooks, other commands run and ours are left to the user."""
    launcher = pack.home / ".local/share/outrider/bin/outrider"
    if fault == "gone":
        launcher.unlink()
    else:
        write(launcher, '#!/bin/sh\necho "error: there is no command called hook" >&2\nexit 2\n')
    run, results = ask_main(pack, [line])
    assert run.denied == (() if line == "ls" else (line,))
    assert "hook error" not in results[0]
