"""Makes the transcript of a first delegation in README, on the real Claude Code client.

    python scripts/delegation.py [--check]

The client (from npm, pinned), the installer, the hooks, the helper and the ledger are real. Two things are not: what
Claude says is scripted, through a Messages API on loopback, and the other model is the simulated provider that
`outrider demo` uses. What differs from run to run (ports, ids, seconds, nonces) is replaced by a fixed text.
"""

import re
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "helper")]

from outrider.cli.demo import layer  # noqa: E402 - the path is set above
from outrider.doors.simulator import simulated  # noqa: E402
from tests.e2e import stage as staging  # noqa: E402
from tests.e2e.client import CURRENT, install  # noqa: E402
from tests.e2e.messages_api import MessagesApi, Reply, Request, bash, spawn, text  # noqa: E402
from tests.e2e.stage import Stage  # noqa: E402

README = ROOT / "README.md"
BEGIN, END = "<!-- transcript: scripts/delegation.py -->\n", "<!-- end of transcript -->"
QUESTION = "Can the lock in notes.md deadlock? I would like to hear another company's model on it."
REVIEW = "Have my last commit reviewed."
EXAMPLE = re.compile(r"```bash\n(outrider ask .*? <<'(\w+)'\n).*?\n\2\n```", re.DOTALL)
"""The one command that the body of an agent names."""
CHANGING = (
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:8123"),
    (re.compile(r"\bt(?=[a-z]*\d)[0-9a-z]{10}\b"), "tr0vqtk5f0v"),
    (re.compile(r"\d{4}-\d\d-\d\dT[0-9:]{8}Z"), "2026-11-21T12:00:00Z"),
    (re.compile(r"\d+\.\d+ s\b"), "0.01 s"),
    (re.compile(r"(?<=<outrider-answer id=\")[0-9a-f]+|(?<=</outrider-answer id=\")[0-9a-f]+"), "7f3a91c04be2"),
)


def transcript() -> str:
    """Plays it and returns what a terminal shows, with what reached the wire as comments."""
    with simulated() as address, tempfile.TemporaryDirectory() as folder:
        stage = staging.make(Path(folder), install(CURRENT))
        staging.put_helper(stage)
        chain = {"chain": ["demo.first", "demo.second"]}
        stage.layer({**layer(address), "tasks": {"second-opinion": chain}, "presets": {"cheap": chain}})
        lines = [*_typed(stage, "install"), *_asked(stage, QUESTION), *_typed(stage, "runs")]
        lines += [*_typed(stage, "switch", "cheap"), *_asked(stage, REVIEW)]
        told = "\n".join(lines).replace(str(stage.project), "~/project").replace(str(stage.home), "~")
    for pattern, fixed in CHANGING:
        told = pattern.sub(fixed, told)
    return f"```console\n{told}\n```\n"


def _typed(stage: Stage, *words: str) -> Iterator[str]:
    yield f"$ outrider {' '.join(words)}"
    yield from stage.outrider(*words).splitlines()


def _asked(stage: Stage, prompt: str) -> Iterator[str]:
    with MessagesApi(choose=_says) as api:
        run = stage.client.ask(prompt, api=api)
    yield f'$ claude -p "{prompt}"'
    for request in api.requests:
        if not request.results:
            who = "agent" if request.is_subagent else "session"
            yield f"# {who}: {request.model}, effort {request.effort}" + (
                f", tools {', '.join(request.tools)}" if request.is_subagent else ""
            )
    yield from str(run.result["result"]).splitlines()


def _says(request: Request) -> Reply:
    """Plays Claude: the session delegates and reports, the pipe runs the command that its page names."""
    if request.results:
        return [text(request.results[-1])] if request.is_subagent else [text(_report(request.results[-1]))]
    if not request.is_subagent:
        return [spawn("second-opinion", QUESTION) if QUESTION in request.said else spawn("reviewer", REVIEW)]
    example = EXAMPLE.search(request.system)
    if example is None:
        return [text("Fit to merge: the note says what it should.")]
    return [bash(f"{example[1]}Can a lock that is taken twice by one thread deadlock?\n{example[2]}")]


def _report(handed_back: str) -> str:
    """Returns what the agent handed back, without the frame that the client puts around it."""
    report = handed_back.partition("The report follows:\n")[2].partition("\nagentId:")[0]
    return textwrap.dedent(report)


def main() -> int:
    """Writes the transcript into README, or with `--check` says that it is not fresh."""
    page = README.read_text(encoding="utf-8")
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.stderr.write(f"README.md has no place for it: {BEGIN}")
        return 1
    wanted = before + BEGIN + transcript() + END + after
    if wanted == page:
        return 0
    if "--check" in sys.argv[1:]:
        sys.stderr.write("not fresh: README.md; run `python scripts/delegation.py`\n")
        return 1
    README.write_text(wanted, encoding="utf-8")
    sys.stdout.write("wrote README.md\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
