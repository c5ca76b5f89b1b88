"""Writes transcripts of a line each, as short as a test wants them."""

import json
from pathlib import Path
from typing import Any

from outrider.doors.settings import Places
from outrider.doors.transcripts import Transcripts
from outrider.rules.skipping import Skipped

MODEL = "claude-sonnet-5-5"


def reply(
    number: int | str, *, output: int = 10, model: str = MODEL, at: str = "2026-11-20T10:00:00.000Z", **more: Any
) -> str:
    """Returns the line of a reply that sent a hundred tokens."""
    usage = {"input_tokens": 100, "output_tokens": output, **more.pop("usage", {})}
    content = more.pop("content", [])
    message = {"id": f"msg_{number}", "role": "assistant", "model": model, "content": content, "usage": usage}
    line = {"type": "assistant", "message": message, "requestId": f"req_{number}", "sessionId": "s", "timestamp": at}
    return json.dumps({**line, **more}, separators=(",", ":"))


class Folder:
    """A folder of transcripts, and what a reader makes of it."""

    def __init__(self, home: Path) -> None:
        self.places = Places(home=str(home / "ours"), claude=str(home / ".claude"), project=None, bundled="")
        self.root = home / ".claude" / "projects"
        self.cache = home / "ours" / "transcripts.db"

    def write(self, name: str, *lines: str, end: str = "\n") -> Path:
        """Writes a whole transcript."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + end, encoding="utf-8")
        return path

    def read(self) -> tuple[Skipped, int, int]:
        """Reads what is new as a new process would; returns what was skipped, the calls and the output tokens."""
        transcripts = Transcripts(self.places)
        try:
            skipped = transcripts.refresh()
            heaps = tuple(transcripts.heaps(since=0, steps=(), by_minute=False))
        finally:
            transcripts.close()
        return skipped, sum(heap.tokens.calls for heap in heaps), sum(heap.tokens.output for heap in heaps)
