"""A command whose streams somebody has closed does its work all the same: cron and daemons do close them."""

import json
import subprocess
import sys
from pathlib import Path

from tests.doors.workers import ROOT


def test_a_batch_with_no_streams_at_all_writes_its_answers(tmp_path: Path) -> None:
    """Nothing that it opens gets the number of a stream, where what is told would be written into it."""
    (tmp_path / "in.jsonl").write_text('{"id": 1, "prompt": "hello"}\n')
    words = [sys.executable, "-m", "outrider", "batch", "in.jsonl", "-m", "echo", "-o", "out.jsonl"]
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *words], cwd=tmp_path, check=False, timeout=60,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "helper")},
    )  # fmt: skip
    assert done.returncode == 0
    assert json.loads((tmp_path / "out.jsonl").read_text())["answer"] == "hello"
