"""What the official conformance suite starts as the client under test: our own command, told where its server is.

`python -m tests.mcp.conformance_client TOOL ARGUMENTS URL`; without a tool (`-`) the server is only listed.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Runs the command in a home of its own; a server without tools is listed by `doctor`."""
    tool, arguments, url = sys.argv[1:4]
    with TemporaryDirectory() as home:
        folder = Path(home) / ".claude" / "config"
        folder.mkdir(parents=True)
        row = {"url": url.rstrip("/"), "allow": ["*"], "local": True}
        (folder / "mcp-servers.local.json").write_text(json.dumps({"mcpServers": {"suite": row}}))
        asked = ["doctor"] if tool == "-" else ["ask", "-m", "echo", "--tools", "suite", f"call {tool} {arguments}"]
        ended = subprocess.run(
            [sys.executable, "-m", "outrider", *asked], cwd=home, check=False, capture_output=True, text=True,
            stdin=subprocess.DEVNULL,
            env={"HOME": home, "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "helper")},
        )  # fmt: skip
    sys.stdout.write(ended.stdout)
    sys.stderr.write(ended.stderr)
    return 0 if tool == "-" and "suite (http, local) lists" in ended.stdout else ended.returncode


if __name__ == "__main__":
    sys.exit(main())
