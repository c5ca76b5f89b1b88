"""Which client there is: by what it tells those whom it starts, or by asking the one on PATH."""

import stat
from pathlib import Path

import pytest

from outrider.doors.client_version import on_path, running


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("claude-code_2-1-328_harness", (2, 1, 328)),
        ("claude-code_2-1-197", (2, 1, 197)),
        ("claude-code_2-1_harness", None),
        ("other_2-1-328_harness", None),
        ("", None),
    ],
)
def test_the_client_that_started_us(said: str, version: tuple[int, int, int] | None) -> None:
    """It says what it is in a variable."""
    assert running({"AI_AGENT": said}) == version
    assert running({}) is None


@pytest.mark.parametrize(
    ("does", "version"),
    [
        ("echo '2.1.328 (Claude Code)'", (2, 1, 328)),
        ("echo 'no version at all'", None),
        ("echo 2.1.328; exit 1", (2, 1, 328)),
        ("printf '\\377\\376'", None),
        ("exit 3", None),
    ],
)
def test_the_client_on_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str, version: tuple[int, int, int] | None
) -> None:
    """It is asked; what is no answer is none."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    program = tmp_path / "claude"
    program.write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    assert on_path() == version


def test_no_client_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is started from a folder that PATH names by half."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert on_path() is None
    program = tmp_path / "claude"
    program.write_text("#!/bin/sh\necho 1.2.3\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", ".")
    assert on_path() is None
