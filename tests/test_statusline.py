"""`outrider statusline` as Claude Code runs it: a process that never fails."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def told(home: Path, given: bytes = b"", *, folder: Path | None = None) -> str:
    """Runs it as the launcher does, and returns its one line."""
    ran = subprocess.run(
        [sys.executable, "-I", "-c", "from outrider.cli import main; main()", "statusline"],
        input=given, cwd=folder or home, env={"HOME": str(home), "PATH": os.defpath}, capture_output=True, timeout=30,
        check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.count(b"\n") == 1
    return ran.stdout.decode().removesuffix("\n")


@pytest.mark.parametrize(
    "given",
    [b"", b"{}", b"not json", b"[1]", b"\xff\xfe", b"[" * 60_000, b'{"workspace": 3}', b'{"cwd": "/nowhere/x"}'],
)
def test_whatever_is_handed_in_it_prints_one_line(tmp_path: Path, given: bytes) -> None:
    """Preset and today's money, on a machine where nothing was asked."""
    assert told(tmp_path, given) == "no preset · $0.00 of $10.00 today"


def test_the_session_folder_decides_which_repository_counts(tmp_path: Path) -> None:
    """A preset that was switched for a repository is told in that repository alone."""
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    state = {"preset": "best", "projects": {str(project): {"preset": "cheap"}}}
    home = tmp_path / ".config" / "outrider"
    home.mkdir(parents=True)
    (home / "state.json").write_text(json.dumps(state), encoding="utf-8")
    inside = json.dumps({"workspace": {"current_dir": str(project)}}).encode()
    assert told(tmp_path, inside).startswith("cheap · ")
    assert told(tmp_path, b"{}").startswith("best · ")


@pytest.mark.parametrize(
    ("name", "content", "told_of"),
    [
        ("state.json", "{", "is damaged"),
        ("ledger.db", "not a database at all, but long enough to be looked at as one" * 20, "outrider: "),
    ],
)
def test_what_is_broken_is_told_in_the_line(tmp_path: Path, name: str, content: str, told_of: str) -> None:
    """It says so instead of failing: a status line that errs shows nothing."""
    home = tmp_path / ".config" / "outrider"
    home.mkdir(parents=True)
    (home / name).write_text(content, encoding="utf-8")
    assert told_of in told(tmp_path)
