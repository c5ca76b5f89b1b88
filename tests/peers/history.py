"""Makes a history as large as wanted, of lines shaped like those that the real client writes; the same every time.

Its models are ones that both we and the peer have prices for. Sessions have subagents, copies of earlier sessions,
and replies of several lines; the totals that it should come to are counted while it is written.
"""

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

MODELS = ("claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001")
AGENTS = (("general-purpose", None), ("pack:scout", "pack"), ("Explore", None))
WORDS = "the quick reader counts each reply once and says what it left out of the sum because it could not be read"
START = datetime(2026, 10, 1, 8, tzinfo=UTC)


class History:
    """Writes sessions until a size is reached, and knows what they should sum to."""

    def __init__(self, root: Path, *, size: int, seed: int = 7, hour_writes: bool = True) -> None:
        self.root, self.size = root / "projects", size
        self.totals: dict[str, Counter[str]] = {model: Counter() for model in MODELS}
        self._chance = random.Random(seed)
        self._hours = hour_writes
        self._now = START
        self._number = 0
        self._text = " ".join(self._chance.choices(WORDS.split(), k=20_000))

    def write(self) -> "History":
        """Writes everything."""
        written = number = 0
        while written < self.size:
            number += 1
            written += self._session(
                f"{number:08x}-0000-4000-8000-{number:012x}", self.root / f"-work-project{number % 9}"
            )
        return self

    def _session(self, session: str, folder: Path) -> int:
        folder.mkdir(parents=True, exist_ok=True)
        lines: list[str] = []
        written = 0
        context = {"sessionId": session, "cwd": f"/work/project{int(session[:8], 16) % 9}", "gitBranch": "main"}
        model = self._chance.choice(MODELS)
        for turn in range(self._chance.randint(20, 60)):
            lines += self._turn(context, model)
            if turn % 15 == 7:
                agent, plugin = self._chance.choice(AGENTS)
                name = f"a{self._chance.getrandbits(64):016x}"
                more = {"agentId": name, "attributionAgent": agent, "isSidechain": True}
                inner = {**context, **more, **({"attributionPlugin": plugin} if plugin else {})}
                small = self._chance.choice(MODELS)
                body = [line for _ in range(self._chance.randint(3, 9)) for line in self._turn(inner, small)]
                place = folder / session / "subagents"
                place.mkdir(parents=True, exist_ok=True)
                written += _put(place / f"agent-{name}.jsonl", body)
                meta = {"agentType": agent, "model": small, "spawnDepth": 1, "finished": True}
                (place / f"agent-{name}.meta.json").write_text(json.dumps(meta), encoding="utf-8")
        return written + _put(folder / f"{session}.jsonl", lines)

    def _turn(self, context: dict[str, Any], model: str) -> list[str]:
        """Returns what one request leaves behind: a result, an attachment, a line for each block of its reply."""
        self._now += timedelta(seconds=self._chance.randint(2, 90))
        usage = self._usage()
        self._count(model, usage)
        self._number += 1
        blocks: list[dict[str, Any]] = (
            [{"type": "thinking", "thinking": self._words(600), "signature": "x" * 300}] if self._number % 2 else []
        )
        blocks += [{"type": "text", "text": self._words(500)}]
        blocks += [
            {
                "type": "tool_use",
                "id": f"toolu_{self._number}{index}",
                "name": "Edit",
                "input": {"new_string": self._words(1_200)},
            }
            for index in range(self._chance.randint(0, 3))
        ]
        lines = [
            self._line("user", context, message={"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": f"toolu_{self._number}", "content": self._words(4_000)}]}),
            self._line("attachment", context, attachment={"type": "file", "content": self._words(3_000)}),
            self._line("api-request", context, params={"model": model, "shape": self._words(900)}),
        ]  # fmt: skip
        for index, block in enumerate(blocks):
            message = {
                "id": f"msg_{self._number:020d}", "type": "message", "role": "assistant", "model": model,
                "content": [block], "stop_reason": "tool_use", "stop_sequence": None, "usage": usage,
            }  # fmt: skip
            lines.append(
                self._line(
                    "assistant", context, message=message, apiBlockIndex=index, requestedModel=model,
                    requestId=f"req_{self._number:020d}", effort="high",
                )
            )  # fmt: skip
        return lines

    def _usage(self) -> dict[str, Any]:
        five, hour = self._chance.randint(0, 4_000), self._chance.randint(0, 3_000) if self._hours else 0
        return {
            "input_tokens": self._chance.randint(2, 400), "cache_creation_input_tokens": five + hour,
            "cache_read_input_tokens": self._chance.randint(10_000, 90_000),
            "output_tokens": self._chance.randint(50, 2_000), "output_tokens_details": {"thinking_tokens": 0},
            "server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 0}, "service_tier": "standard",
            "cache_creation": {"ephemeral_1h_input_tokens": hour, "ephemeral_5m_input_tokens": five},
            "inference_geo": "", "iterations": [], "speed": "standard",
        }  # fmt: skip

    def _count(self, model: str, usage: dict[str, Any]) -> None:
        written = usage["cache_creation"]
        self.totals[model].update(
            calls=1, fresh=usage["input_tokens"], output=usage["output_tokens"], read=usage["cache_read_input_tokens"],
            five=written["ephemeral_5m_input_tokens"], hour=written["ephemeral_1h_input_tokens"],
        )  # fmt: skip

    def _line(self, kind: str, context: dict[str, Any], **more: Any) -> str:
        at = self._now.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        head = {"parentUuid": f"{self._number:032x}", "isSidechain": False}
        tail = {"type": kind, "uuid": f"{self._chance.getrandbits(128):032x}", "timestamp": at, "userType": "external"}
        return json.dumps({**head, **more, **tail, "version": "2.1.328", **context}, separators=(",", ":"))

    def _words(self, most: int) -> str:
        length = self._chance.randint(most // 4, most)
        start = self._chance.randrange(len(self._text) - length)
        return self._text[start : start + length]


def _put(path: Path, lines: list[str]) -> int:
    data = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(data)
    return len(data)


def files(root: Path) -> Iterator[Path]:
    """Yields every transcript."""
    yield from sorted(root.rglob("*.jsonl"))
