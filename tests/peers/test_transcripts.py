"""What `usage` says of a history, and what it takes, beside ccusage on the same files in the same run.

A bar is held by the smaller of two statistics and measured once more when it was missed, as in `test_start`.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.peers import ccusage, processes
from tests.peers.environments import CannotInstallError
from tests.peers.history import History
from tests.peers.processes import Command
from tests.transcripts.record import GOLDEN
from tests.transcripts.writing import Folder, reply

pytestmark = pytest.mark.peers

SIZE = 200_000_000
FIRST = 6.0
"""How many times ccusage's time a first pass may take."""
MEMORY = 150.0
ROUNDS = 5
PEER, FRESH, AGAIN, START = "ccusage", "first pass", "incremental pass", "one interpreter start"
AT = "2026-11-20T10:00:00.000Z"


@pytest.fixture(scope="module")
def peer() -> Path:
    """Installs ccusage."""
    try:
        return ccusage.program()
    except CannotInstallError as error:
        pytest.skip(f"LOUD: ccusage was NOT compared: {error}")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, History]:
    """Makes a history of two hundred megabytes."""
    home = tmp_path_factory.mktemp("large")
    return home, History(home / ".claude", size=SIZE).write()


def env(home: Path) -> dict[str, str]:
    """Returns what our command is started with."""
    return {"HOME": str(home), "PATH": "/usr/bin:/bin", "OUTRIDER_HOME": str(home / "ours"), "PYTHONUTF8": "1"}


def usage(home: Path) -> dict[str, dict[str, Any]]:
    """Returns what our command says, by model."""
    command = [sys.executable, "-I", "-m", "outrider", "usage", "--json", "--source", "claude_code"]
    done = subprocess.run(command, env=env(home), cwd=home, capture_output=True, text=True, check=True, timeout=300)
    return {row["model"]: row for row in json.loads(done.stdout)["rows"]}


ROWS = {
    "claude-opus-4-5-20251101": "anthropic.opus_4_5", "claude-sonnet-4-5": "anthropic.sonnet_4_5",
    "claude-sonnet-4-5-20250929": "anthropic.sonnet_4_5", "claude-haiku-4-5-20251001": "anthropic.haiku_4_5",
    "claude-opus-5-5": "claude.opus", "claude-opus-5-5-fast": "claude.opus", "claude-sonnet-5-5": "claude.sonnet",
    "claude-haiku-5-5": "claude.haiku", "claude-fable-5-2": "claude.fable",
}  # fmt: skip
KINDS = ("inputTokens", "cacheReadTokens", "cacheCreationTokens")


def both(home: Path) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Returns what both say of each model, in one shape: ours, then ccusage's."""
    ours = usage(home)
    found: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for name, theirs in ccusage.asked(home).items():
        row = ours[ROWS.get(name, name)]
        _, other = found.setdefault(
            ROWS.get(name, name),
            (
                {
                    "input": row["input"],
                    "output": row["output"],
                    "written": row["cache_write"],
                    "dollars": row["cost_usd"],
                },
                {"input": 0, "output": 0, "written": 0, "dollars": 0},
            ),
        )
        other["input"] += sum(theirs[kind] for kind in KINDS)
        other["output"] += theirs["outputTokens"]
        other["written"] += theirs["cacheCreationTokens"]
        other["dollars"] += theirs["cost"]
    return found


def test_a_large_history_comes_to_the_same(peer: Path, large: tuple[Path, History]) -> None:
    """To the token and to the cent, cache writes for an hour included; and both are what was written."""
    home, history = large
    found = both(home)
    for model, written in history.totals.items():
        ours, theirs = found[ROWS[model]]
        assert ours["dollars"] == pytest.approx(theirs["dollars"], abs=0.005)
        assert {**ours, "dollars": 0} == {**theirs, "dollars": 0} == {
            "input": written["fresh"] + written["read"] + written["five"] + written["hour"], "dollars": 0,
            "output": written["output"], "written": written["five"] + written["hour"],
        }  # fmt: skip


SMALL = 100 * 3 + 10 * 15
"""Millionths of a dollar for a hundred tokens in and ten out, at the prices of the model below."""
OWN = {"type": "message", "input_tokens": 100, "output_tokens": 10}
BESIDE = {"model": "claude-sonnet-4-5", "input_tokens": 50, "output_tokens": 7}


def said(number: int = 1, **more: Any) -> str:
    """Returns the line of a reply that costs `SMALL`, of a model that both have prices for."""
    return reply(number, at=AT, model="claude-sonnet-4-5", **more)


CASES: dict[str, tuple[list[str], float, float]] = {
    # the lines, and in millionths of a dollar what is billed for them and what ccusage says
    "a line for each block of a reply": ([said(), said()], SMALL, SMALL),
    "a usage that grows from line to line": ([said(output=1), said()], SMALL, SMALL),
    "a replay in a subagent": ([said(isSidechain=True), said()], SMALL, SMALL),
    "the copy of a forked session": ([said(), said(requestSessionId="z")], SMALL, SMALL),
    "what is written for an hour": (
        [said(usage={"cache_creation_input_tokens": 1_000, "cache_creation": {"ephemeral_1h_input_tokens": 1_000}})],
        SMALL + 1_000 * 6, SMALL + 1_000 * 6,
    ),
    "an advisor, billed beside the reply": (
        [said(usage={"iterations": [OWN, {"type": "advisor_message", **BESIDE}]})],
        SMALL + 50 * 3 + 7 * 15, SMALL + 50 * 3 + 7 * 15,
    ),
    # Where they differ. A compaction is billed on top, so are searches; a batch costs half; one region a tenth more;
    # a prompt of more than 200,000 tokens makes all of its call dearer, not only what is above.
    "a compaction, billed beside the reply": (
        [said(usage={"iterations": [{"type": "compaction", **BESIDE}, OWN]})], SMALL + 50 * 3 + 7 * 15, SMALL,
    ),
    "ten web searches": ([said(usage={"server_tool_use": {"web_search_requests": 10}})], SMALL + 100_000, SMALL),
    "a batch": ([said(usage={"service_tier": "batch"})], SMALL / 2, SMALL),
    "served in one region": ([said(usage={"inference_geo": "us"})], SMALL * 1.1, SMALL),
    "a long prompt": (
        [said(usage={"input_tokens": 300_000})], 300_000 * 6 + 10 * 22.5, 200_000 * 3 + 100_000 * 6 + 10 * 15,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_shapes_are_priced_beside_a_peer(
    peer: Path, tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Equal where it is right, the difference stated where it is not."""
    lines, right, peers = CASES[case]
    Folder(tmp_path).write("-w/s.jsonl", *lines)
    ((ours, theirs),) = both(tmp_path).values()
    with capsys.disabled():
        print(f"\n{case}: billed ${right / 1e6:.6f}, outrider ${ours['dollars']:.6f}, ccusage ${theirs['dollars']:.6f}")
    assert (ours["dollars"] * 1e6, theirs["dollars"] * 1e6) == pytest.approx((right, peers))


def test_the_golden_history_beside_a_peer(peer: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its tokens are ours but for the advisor's, which it leaves out; it has no prices for these models offline."""
    shutil.copytree(GOLDEN, tmp_path / ".claude")
    found = both(tmp_path)
    with capsys.disabled():
        for name, (ours, theirs) in found.items():
            print(f"\n{name}: outrider {ours}, ccusage {theirs}")
    assert all({**ours, "dollars": 0} == {**theirs, "dollars": 0} for ours, theirs in found.values())
    assert set(usage(tmp_path)) - {"claude.fable"} == {
        "claude.sonnet", "claude.haiku", "claude.opus", "anthropic.opus_4_5", "claude-nova-9",
    }  # fmt: skip


def test_a_pass_takes_no_longer_than_it_may(
    peer: Path, large: tuple[Path, History], capsys: pytest.CaptureFixture[str]
) -> None:
    """On two hundred megabytes: a first pass, and one that finds a line more; and how much memory they hold."""
    home, _ = large
    python = (sys.executable, "-I")
    asks = (*python, "-m", "outrider", "usage", "--quiet", "--source", "claude_code")
    own = env(home)
    # What is remembered is thrown away before each first pass, and a line is written before each incremental one.
    grows = str(next((home / ".claude").rglob("*.jsonl")))
    append = 'import sys; open(sys.argv[1], "a").write(sys.argv[2] + "\\n")'
    forget = f"rm -f {own['OUTRIDER_HOME']}/transcripts.db*"
    commands = [
        Command("forget", ("/bin/sh", "-c", forget), own),
        Command(FRESH, asks, own, "claude_code"),
        Command("grow", (*python, "-c", append, grows, reply("more", at=AT)), own),
        Command(AGAIN, asks, own, "claude_code"),
        Command(PEER, (str(peer), *ccusage.ASKED), ccusage.environment(home), "totals"),
        Command(START, (*python, "-c", "pass"), own),
    ]
    processes.check(commands, home)
    first = again = memory = 0.0
    for attempt in range(2):
        figures = processes.measure(commands, home, rounds=ROUNDS, warmup=1)
        shown = {name: figures[name] for name in (PEER, FRESH, AGAIN, START)}
        first = processes.ratio(figures[FRESH], figures[PEER])
        memory = max((*figures[FRESH].memory, *figures[AGAIN].memory))
        both_times = [one + two for one, two in zip(figures[PEER].wall, figures[START].wall, strict=True)]
        again = processes.ratio(figures[AGAIN], figures[PEER]._replace(wall=tuple(both_times)))
        with capsys.disabled():
            print(f"\n{SIZE // 1_000_000} MB, {os.cpu_count()} cores, {attempt + 1}\n{processes.table(shown, PEER)}")
            print(
                f"first pass {first:.2f} x ccusage (at most {FIRST:g}); incremental {again:.2f} x (ccusage + a start)"
            )
        if first <= FIRST and again <= 1:
            break
    assert first <= FIRST
    assert again <= 1
    assert memory <= MEMORY


def test_a_gigabyte_is_never_held(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A gigabyte of history, with lines of a hundred megabytes, is read within the memory that the bar allows."""
    History(tmp_path / ".claude", size=1_000_000_000).write()
    with next((tmp_path / ".claude").rglob("*.jsonl")).open("ab") as file:
        for _ in range(2):
            file.write(b'{"type":"user","message":"')
            for _ in range(100):
                file.write(b"x" * 1_000_000)
            file.write(b'"}\n')
    command = Command(
        "usage", (sys.executable, "-I", "-m", "outrider", "usage", "--source", "claude_code"), env(tmp_path)
    )
    figures = processes.measure([command], tmp_path, rounds=1, warmup=0)["usage"]
    again = processes.measure([command], tmp_path, rounds=1, warmup=0)["usage"]
    with capsys.disabled():
        print(
            f"\n1 GB: {figures.wall[0] / 1e3:.1f} s and {figures.memory[0]:.0f} MiB, then {again.wall[0] / 1e3:.2f} s"
        )
    assert max(figures.memory[0], again.memory[0]) <= MEMORY
    shutil.rmtree(tmp_path / ".claude")
