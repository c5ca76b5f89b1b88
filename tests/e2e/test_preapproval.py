"""The Bash hook: what only asks or reads runs without a prompt, and nothing else does."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.e2e.client import OLD, Run
from tests.e2e.conftest import Make
from tests.e2e.examples import examples
from tests.e2e.messages_api import Block, MessagesApi, bash, spawn
from tests.e2e.stage import Stage, write
from tests.machines import ROOT
from tests.servers import ScriptedServer

pytestmark = pytest.mark.e2e

ECHO = "outrider ask -m echo"
ANSWERED: Sequence[str] = (
    f"{ECHO} hi",
    f"{ECHO} <<'END'\nhi; touch F & `touch F` $(touch F) | > F\nEND",
    f"cat notes.md | {ECHO} 'what is wrong?'",
    f"git log -1 | {ECHO}",
    f"git diff HEAD | {ECHO} 'what changed?'",
    f"{ECHO} -f notes.md hi",
    f"git show HEAD:notes.md | {ECHO} --max-cost 0.05",
    f"cat ./notes.md | {ECHO} -f notes.md --json",
    f"{ECHO}  \"a 'quoted' word\"",
    "outrider route -t auto 'why does this deadlock?'",
    "outrider models",
    "outrider status",
    "outrider why",
    "outrider usage --since 7d",
    "outrider guide",
    "outrider guide calling",
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
    f"{ECHO} hi\ntouch F",
    f"{ECHO} hi \\\n; touch F",
    f"{ECHO} <<'END'\nhi\nEND\ntouch F",
    f"{ECHO} <<'A' <<'B'\nhi\nA\nB\n",
    f"{ECHO} <(touch F)",
    f"{ECHO} $'hi'",
    f"{ECHO} {{hi,ho}}",
    f"{ECHO} ~",
    f"{ECHO} hi || touch F",
    f"! {ECHO} hi",
    f"({ECHO} hi)",
    f"if true; then {ECHO} hi; fi",
    f"exec {ECHO} hi",
    f"command {ECHO} hi",
    f"git -c core.pager='touch F' log | {ECHO} hi",
    f"git log --output=F | {ECHO} hi",
    f"git diff --no-index /etc/hostname notes.md | {ECHO} hi",
    f"git show --ext-diff | {ECHO} hi",
    f"git -C / log | {ECHO} hi",
    f"cat notes.md /etc/hostname | {ECHO} hi",
    f"cat outside | {ECHO} hi",
    f"cat | {ECHO} hi < /etc/hostname",
    f"{ECHO} -f outside hi",
    f"{ECHO} -f ../user/.claude/settings.json hi",
    f"{ECHO} --schema /etc/hostname hi",
    f"{ECHO} --image /etc/hostname hi",
    f"{ECHO} -f ~/.ssh/id hi",
    f"{ECHO} --raw --out /dev/stdout hi",
    "outrider hook bash",
    "outrider render",
    "outrider prune",
    "outrider config path; outrider models",
    "outrider install",
    "outrider uninstall",
    "outrider switch best",
    "outrider keys set OPENAI_API_KEY",
    "outrider trust --yes",
    "outrider config check",
    "outrider pause",
)
"""What the client has to ask for."""
LONG = 240.0
"""How long a run of many lines may take, in seconds; it starts two interpreters for each."""


def in_turns(lines: Sequence[str], each: int = 8) -> list[list[Block]]:
    """Returns the lines as calls of the Bash tool, so many in a turn."""
    return [[bash(line) for line in lines[at : at + each]] for at in range(0, len(lines), each)]


def ask_main(stage: Stage, lines: Sequence[str], *options: str) -> tuple[Run, tuple[str, ...]]:
    """Has the session itself run each line, and returns the run and what each gave back."""
    with MessagesApi(main=in_turns(lines)) as api:
        run = stage.client.ask("hello", *options, api=api, seconds=LONG)
    return run, api.main[-1].results


def ask_sub(stage: Stage, lines: Sequence[str], agent: str = "general-purpose") -> tuple[Run, tuple[str, ...]]:
    """Has a subagent run each line, and returns the run and what each gave back."""
    with MessagesApi(main=[[spawn(agent)]], sub=in_turns(lines)) as api:
        run = stage.client.ask("hello", api=api, seconds=LONG)
    return run, api.sub[-1].results


def test_asking_and_reading_run(pack: Stage):
    """Lines that ask or read are never prompted for, and come back with their answer, fenced."""
    run, results = ask_main(pack, ANSWERED)
    assert run.denied == ()
    for line, result in zip(ANSWERED, results, strict=True):
        assert ("<outrider-answer" in result or '"answer": ' in result) == (ECHO in line), f"{line}: {result}"
        assert not FAILED.search(result), f"{line}: {result}"
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
    assert (sorted(run.denied), (stage.project / "F").exists()) == (sorted(ASKS), False)


@pytest.mark.parametrize(("form", "ask"), [("loose", ask_main), ("plugin", ask_sub)], ids=["main", "subagent"])
def test_all_else_asks(make: Make, form: str, ask: Callable[..., tuple[Run, tuple[str, ...]]]):
    """Lines that write, run something else, or reach out of the project are left to the user, and change nothing."""
    stage = make(form)
    (stage.project / "outside").symlink_to("/etc/hostname")
    run, _ = ask(stage, ASKS)
    assert sorted(run.denied) == sorted(ASKS)
    assert sorted(path.name for path in stage.project.iterdir()) == [".git", "notes.md", "outside"]
    assert not (stage.project.parent / "F").exists()


FAILED = re.compile(r"^(Exit code|error:)|Output too large", re.MULTILINE)
NAMED = re.compile(r"(?:-f |--image |--schema |=|cat )'?([a-z][\w./-]*[./][a-z]+)")
AGREEABLE = '{{"choice": "before", "reason": "so", "accepted": true, "accept": true, "findings": [], "confidence": 99}}'
"""What satisfies whoever counts, judges or looks for faults, so that several models end in a result."""
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
    assert sorted(run.denied) == sorted(DENIED)
    assert "7319" not in "".join(results)


def commit(project: Path) -> None:
    """Commits all that is there."""
    git = ["git", "-C", str(project), "-c", "user.name=T", "-c", "user.email=t@localhost"]
    for words in (["add", "-f", "."], ["commit", "-q", "-m", "more"]):
        subprocess.run([*git, *words], check=True)


def merge_deny(settings: Path, rules: list[str]) -> None:
    """Adds deny rules to a settings file."""
    value = json.loads(settings.read_text(encoding="utf-8")) if settings.exists() else {}
    write(settings, {**value, "permissions": {"deny": rules}})


def test_deny_rules_beat_us(pack: Stage):
    """A user who denies the command is obeyed."""
    merge_deny(pack.claude / "settings.json", ["Bash(outrider *)"])
    run, results = ask_main(pack, ANSWERED[:1])
    assert (run.denied, "<outrider-answer" in results[0]) == (ANSWERED[:1], False)


def test_every_example_runs(make: Make, repository: Path, server: ScriptedServer):
    """Every command that a page of either form shows as asking or reading runs without a prompt, and works."""
    stage = make("loose")
    pages = [stage.claude / "agents/outrider", stage.claude / "skills/outrider", repository / "agents"]
    shown = [it for folder in (*pages, repository / "skills") for it in examples(folder)]
    lines = sorted({line for _, line in shown})
    assert len(lines) > 30
    connect(stage, server)
    set_the_scene(stage, lines)
    run, found = ask_main(stage, lines)
    results = dict(zip(lines, found, strict=True))
    assert {page: line for page, line in shown if line in run.denied} == {}
    assert {line: words for line, words in results.items() if FAILED.search(words)} == {}


def connect(stage: Stage, server: ScriptedServer) -> None:
    """Gives the user a key and servers that answer."""
    server.text = AGREEABLE
    reached = {"openai": "/v1", "gemini": "/v1", "ollama": "", "localai": "/v1", "vllm": "/v1"}
    stage.layer({"providers": {name: {"base_url": server.url + path} for name, path in reached.items()}})
    keys = stage.home / ".config/outrider/env"
    write(keys, "OPENAI_API_KEY=sk-test-0123456789\nGEMINI_API_KEY=test-0123456789\n")
    for path, mode in ((keys.parent, 0o700), (keys, 0o600)):
        path.chmod(mode)


def set_the_scene(stage: Stage, lines: Sequence[str]) -> None:
    """Makes the files that the examples name, and a change after the last commit, so that there is a diff."""
    for line in lines:
        for word in NAMED.findall(line.partition("<<")[0]):
            path = stage.project / word
            if not path.exists():
                write(path, "{}\n")
                if path.suffix == ".png":
                    shutil.copy(ROOT / ".claude-plugin/icon.png", path)
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
