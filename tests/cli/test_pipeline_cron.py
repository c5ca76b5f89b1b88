"""The crontab line of docs/pipelines.md works as it stands there: no terminal, hardly an environment."""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_worked_crontab_line_runs(tmp_path: Path) -> None:
    """Typed by cron it writes its result and says nothing; the next night without new documents asks nothing."""
    page = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^\S+ \S+ \* \* \*\s+(cd .*)$", page, re.MULTILINE)
    launcher = tmp_path / ".local" / "bin" / "outrider"
    launcher.parent.mkdir(parents=True)
    launcher.write_text(
        f'#!/bin/sh\nPYTHONPATH="{ROOT}/helper" exec {sys.executable} -m outrider "$@"\n', encoding="utf-8"
    )
    launcher.chmod(0o700)
    folder = tmp_path / "reports"
    folder.mkdir()
    stages = [
        {"name": "a", "model": "echo", "template": "read: {text}"},
        {"name": "all", "kind": "reduce", "model": "echo", "template": "{count} reports {items}"},
    ]
    (folder / "reports.yaml").write_text(json.dumps({"input": "in.jsonl", "stages": stages}), encoding="utf-8")
    (folder / "in.jsonl").write_text('{"id": 1, "text": "x"}\n', encoding="utf-8")
    for _ in range(2):
        done = subprocess.run(
            ["/bin/sh", "-c", line], cwd="/", env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}, check=False,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert (folder / "run.log").read_text(encoding="utf-8") == ""
        assert (folder / "report.md").read_text(encoding="utf-8") == "1 reports --- 1 ---\nread: x\n--- end of 1 ---\n"
