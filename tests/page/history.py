"""A month of history that is always the same: a ledger, and transcripts beside the ones that the real client wrote."""

import json
import random
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from outrider.doors import ledger_spend
from outrider.doors.ledger_file import Connection, LedgerFile
from outrider.doors.settings import Places
from outrider.rules.money import to_nano
from tests.transcripts.record import GOLDEN, VERSION
from tests.transcripts.writing import reply

BEGIN = datetime(2026, 10, 22, 8, tzinfo=UTC)
DAYS = 30
END = (BEGIN + timedelta(days=DAYS)).replace(hour=9).timestamp()
REPOSITORIES = ("/work/project", "/work/shop")
MODELS = {
    # model: dollars for a million tokens in and out, seconds that its usual answer takes, how often it is asked
    "deepseek.v4_pro": (0.66, 1.98, 14.0, 9), "moonshot.kimi_k3_1_pro": (2.0, 10.0, 22.0, 4),
    "gemini.4_argon": (2.0, 10.0, 9.0, 4), "openai.gpt_6_1_sol": (2.0, 10.0, 17.0, 3),
    "groq.gpt_oss_120b": (0.15, 0.6, 1.4, 8), "mistral.large_4": (0.7, 2.1, 6.0, 3),
    "ollama.qwen3_8_27b": (0.0, 0.0, 31.0, 3), "together.glm_5_3_flash": (0.15, 0.5, 4.0, 2),
}  # fmt: skip
TASKS = ("code-review", "complex", "simple", "bulk-label", "translate", "docs", None)
AGENTS = ("reviewer", "second-opinion", "bulk", "architect", None)
FAULTS = (("rate_limit", 6), ("server", 4), ("timeout", 3), ("quota", 1), ("content_filter", 1))
CLIENT = (("claude-sonnet-5-5", "", 7), ("claude-opus-5-5", "", 2), ("claude-haiku-5-5", "scout", 6),
          ("claude-sonnet-5-5", "reviewer", 3), ("claude-opus-5-5", "outrider:architect", 1))  # fmt: skip


class Call(NamedTuple):
    """An attempt: its model, how it ended, how long it took, its tokens and its dollars."""

    model: str
    kind: str | None
    seconds: float
    input: int
    output: int
    cost: Decimal


class Asked(NamedTuple):
    """A run, and its calls in order."""

    at: float
    command: str
    task: str | None
    agent: str | None
    repository: str | None
    calls: Sequence[Call]


def write(home: Path) -> None:
    """Puts the whole history into a home."""
    book(
        Places(home=str(home / ".config" / "outrider"), claude=str(home / ".claude"), project=None, bundled=""), month()
    )
    shutil.copytree(GOLDEN / "projects", home / ".claude" / "projects")
    transcripts(home / ".claude" / "projects")


def month() -> Iterator[Asked]:
    """Yields the runs of a month: fewer on weekends, more as time goes on."""
    chance = random.Random(5)
    names, weights = list(MODELS), [row[3] for row in MODELS.values()]
    for number in range(DAYS):
        day = BEGIN + timedelta(days=number)
        for _ in range(chance.randint(1, 3) if day.weekday() > 4 else chance.randint(7, 14) + number // 4):
            at = (day + timedelta(minutes=chance.randint(0, 600))).timestamp()
            is_cascade = chance.random() < 0.06
            first, second, third = chance.choices(names, weights, k=3)
            calls = [_answer(chance, first)]
            if is_cascade:
                calls = [_answer(chance, name) for name in ("groq.gpt_oss_120b", second, third)[: chance.randint(1, 3)]]
            elif chance.random() < 0.09 and first != second:
                kind = chance.choices([name for name, _ in FAULTS], [often for _, often in FAULTS])[0]
                calls = [Call(first, kind, 1.5, 0, 0, Decimal(0)), _answer(chance, second)]
            yield Asked(
                at, "cascade" if is_cascade else "ask", chance.choice(TASKS), chance.choice(AGENTS),
                chance.choice(REPOSITORIES), calls,
            )  # fmt: skip


def _answer(chance: random.Random, name: str) -> Call:
    price_in, price_out, usual, _ = MODELS[name]
    sent, said = chance.randint(2_000, 90_000), chance.randint(300, 7_000)
    cost = (Decimal(str(price_in)) * sent + Decimal(str(price_out)) * said) / 1_000_000
    return Call(name, None, round(usual * chance.lognormvariate(0, 0.6), 3), sent, said, cost)


def book(places: Places, runs: Iterator[Asked] | Sequence[Asked]) -> None:
    """Writes runs into a book as they were settled."""
    ledger = LedgerFile(places)
    with ledger.transaction() as connection:
        for number, run in enumerate(runs):
            _run(connection, f"run{number}", run)
    ledger.close()


def _run(connection: Connection, run_id: str, run: Asked) -> None:
    last = run.calls[-1] if run.calls else None
    outcome = "refused" if last is None else "failure" if last.kind else "answer"
    connection.execute(
        "INSERT INTO runs (id, at, command, task, rule, repository, agent, private, decision, outcome, model)"
        " VALUES (?, ?, ?, ?, 'default', ?, ?, 0, '{}', ?, ?)",
        (run_id, run.at, run.command, run.task or "", run.repository, run.agent, outcome, last and last.model),
    )
    for index, call in enumerate(run.calls):
        nano = to_nano(abs(call.cost)) * (-1 if call.cost < 0 else 1)
        _insert(
            connection, "attempts", run=run_id, number=index + 1, at=run.at + index, monotonic=0.0, boot="b", pid=1,
            target=f"{call.model}|k", model=call.model, provider=call.model.partition(".")[0], wire_id=call.model,
            origin="https://api.test", local=0, prompt_digest="d", prompt_bytes=call.input * 4,
            outcome="failure" if call.kind else "answer", kind=call.kind, seconds=call.seconds,
            certainty="exact", reserved_nano=nano, cost_nano=nano, cost_known=1, input=call.input, output=call.output,
        )  # fmt: skip
        totals = ledger_spend.Totals(connection)
        totals.move(run_id, ledger_spend.periods(run.at, run.repository), nano)
        totals.write()


def _insert(connection: Connection, table: str, **values: Any) -> None:
    marks = ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))


def transcripts(root: Path) -> None:
    """Writes sessions of the month, one a day, with subagents; now and then a pinned one runs on another model."""
    chance = random.Random(9)
    for number in range(DAYS):
        day = BEGIN + timedelta(days=number)
        repository = REPOSITORIES[number % 2]
        folder = root / repository.replace("/", "-")
        (folder / f"{number:02}" / "subagents").mkdir(parents=True)
        main: list[str] = []
        for turn in range(2 if day.weekday() > 4 else chance.randint(8, 20)):
            model, agent, _ = chance.choices(CLIENT, [often for _, _, often in CLIENT])[0]
            usage = {
                "input_tokens": chance.randint(5, 400), "cache_read_input_tokens": chance.randint(10_000, 120_000),
                "cache_creation_input_tokens": chance.randint(500, 9_000),
            }  # fmt: skip
            more: dict[str, Any] = {
                "at": (day + timedelta(minutes=30 * turn)).strftime("%Y-%m-%dT%H:%M:%S.000Z"), "cwd": repository,
                "sessionId": f"s{number}", "version": VERSION,
            }  # fmt: skip
            output = chance.randint(200, 6_000)
            if not agent:
                main.append(reply(f"{number}-{turn}", output=output, model=model, usage=usage, **more))
                continue
            served = "claude-opus-5-5" if chance.random() < 0.08 else model
            name, call = f"agent-a{number}x{turn}", f"toolu_{number}_{turn}"
            block = {"type": "tool_use", "id": call, "name": "Agent",
                     "input": {"subagent_type": agent, "model": model.split("-")[1], "prompt": "look"}}  # fmt: skip
            main.append(reply(f"{number}-{turn}c", model="claude-sonnet-5-5", content=[block], **more))
            own = reply(
                f"{number}-{turn}", output=output, model=served, usage=usage, requestedModel=served, isSidechain=True,
                agentId=name.removeprefix("agent-"), attributionAgent=agent, **more,
            )  # fmt: skip
            place = folder / f"{number:02}" / "subagents" / name
            place.with_suffix(".jsonl").write_text(own + "\n", encoding="utf-8")
            meta = {"agentType": agent, "toolUseId": call, "spawnDepth": 1, "finished": True}
            place.with_suffix(".meta.json").write_text(json.dumps(meta), encoding="utf-8")
        (folder / f"{number:02}.jsonl").write_text("\n".join(main) + "\n", encoding="utf-8")
