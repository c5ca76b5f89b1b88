"""Measures the prompt classifier: `python -m bench.routing [--data PATH]`.

The data are public prompts with the outcomes of a weak and a strong model, one JSON object a line:
`{"source", "prompt", "pairs": {NAME: {"w", "s"}}}`. They are not part of this repository; without them (and without
`OUTRIDER_ROUTING_DATA`) one line says so. Only figures are printed, never a prompt.

APGR is the area under PGR(a), the share of the gap between weak and strong that is won when the top share a of the
prompts goes to the strong model; a constant score has .5. *Gap-weighted* pools the (source, pair) cells by their gap,
*mixed* ranks all sources of a pair together. A cell counts with 120 prompts and a gap of .08.
"""

import argparse
import json
import os
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from outrider.rules.complexity import ANALYSIS_FROM, COMPLEX_FROM, level, score

LEAST_PROMPTS = 120
LEAST_GAP = 0.08
RESAMPLES = 400
LOG_SIZE = 20_000
LOGGED_PROMPTS = 500
SEED_WORDS = ("analyze", "compare", "explain why", "evaluate")


class Outcome(NamedTuple):
    """One prompt (by its place), and how well the weak and the strong model did on it."""

    prompt: int
    weak: float
    strong: float


Cells = Mapping[str, Sequence[Outcome]]
Scores = Sequence[float]


class Data(NamedTuple):
    """The prompts, and the cells that count: by source and pair, and with the sources of a pair pooled."""

    prompts: list[str]
    apart: Cells
    mixed: Cells


def main() -> None:
    """Prints every table, or one line when there is no data."""
    parser = argparse.ArgumentParser(prog="python -m bench.routing", description="Measures the prompt classifier.")
    beside = Path(__file__).resolve().parents[2] / "shared" / "data" / "routing-dev.jsonl"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("OUTRIDER_ROUTING_DATA", beside)))
    path = parser.parse_args().data
    if not path.is_file():
        say("skipped: no routing data; name it with --data PATH or OUTRIDER_ROUTING_DATA")
        return
    data = read(path)
    say(f"{len(data.prompts)} prompts, {len(data.apart)} cells, {len(data.mixed)} pairs; nothing is fitted")
    report_quality(data)
    report_levels(data)
    report_flips(data.prompts)
    report_speed(data.prompts)


def read(path: Path) -> Data:
    """Reads the data and keeps the cells that are large enough to count."""
    prompts: list[str] = []
    apart: dict[str, list[Outcome]] = defaultdict(list)
    mixed: dict[str, list[Outcome]] = defaultdict(list)
    with path.open(encoding="utf-8") as lines:
        for place, line in enumerate(lines):
            row = json.loads(line)
            prompts.append(row["prompt"])
            for pair, outcome in row["pairs"].items():
                one = Outcome(place, outcome["w"], outcome["s"])
                apart[f"{row['source']}, {pair}"].append(one)
                mixed[pair].append(one)
    return Data(prompts, _counted(apart), _counted(mixed))


def _counted(cells: Cells) -> Cells:
    return {name: cell for name, cell in cells.items() if len(cell) >= LEAST_PROMPTS and _gap(cell) >= LEAST_GAP}


def _gap(cell: Sequence[Outcome]) -> float:
    return sum(one.strong - one.weak for one in cell) / len(cell)


def apgr(cells: Cells, scores: Scores, times: Sequence[int] | None = None) -> float:
    """The gap-weighted APGR of a score; `times` says how often each prompt was drawn."""
    area = gap = 0.0
    for cell in cells.values():
        steps: dict[float, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for one in cell:
            drawn = 1 if times is None else times[one.prompt]
            step = steps[scores[one.prompt]]
            step[0] += drawn
            step[1] += drawn * (one.strong - one.weak)
        size = sum(step[0] for step in steps.values()) or 1.0
        won = 0.0
        for value in sorted(steps, reverse=True):
            share, gain = steps[value][0] / size, steps[value][1] / size
            area += share * (won + gain / 2)
            won += gain
        gap += won
    return area / gap


def report_quality(data: Data) -> None:
    """Prints the APGR of each score, and ours against the longest prompt."""
    length = [float(len(prompt)) for prompt in data.prompts]
    ours = [score(prompt) for prompt in data.prompts]
    rules: dict[str, Scores] = {
        "constant": [0.0] * len(ours),
        "longest prompt": length,
        "keywords (seed)": [keyword_score(prompt) for prompt in data.prompts],
        "ours": ours,
    }
    say(f"\n{'score':<18}{'gap-weighted':>14}{'mixed':>8}")
    for name, scores in rules.items():
        say(f"{name:<18}{apgr(data.apart, scores):>14.3f}{apgr(data.mixed, scores):>8.3f}")
    say("\nours minus longest, paired, with 95 % of the resamples")
    for name, cells in (("gap-weighted", data.apart), ("mixed", data.mixed)):
        low, high = _interval(cells, ours, length)
        say(f"  {name:<14}{apgr(cells, ours) - apgr(cells, length):+.3f}  ({low:+.3f} to {high:+.3f})")
    for source in sorted({name.split(",")[0] for name in data.apart}):
        rest = {name: cell for name, cell in data.apart.items() if not name.startswith(source + ",")}
        say(f"  without {source:<20}{apgr(rest, ours) - apgr(rest, length):+.3f}")


def keyword_score(prompt: str) -> float:
    """The rule that the project grew from: short questions are fast, four words are for the expert."""
    if len(prompt) < 50 and "?" in prompt:
        return 0.0
    return 2.0 if any(word in prompt.lower() for word in SEED_WORDS) else 1.0


def _interval(cells: Cells, ours: Scores, theirs: Scores) -> tuple[float, float]:
    chance = random.Random(20261120)  # noqa: S311 - a resample is no secret
    places = range(len(ours))
    found = []
    for _ in range(RESAMPLES):
        times = [0] * len(ours)
        for place in chance.choices(places, k=len(ours)):
            times[place] += 1
        found.append(apgr(cells, ours, times) - apgr(cells, theirs, times))
    found.sort()
    return found[RESAMPLES // 40], found[-RESAMPLES // 40 - 1]


def report_levels(data: Data) -> None:
    """Prints what share of the prompts reaches each level, and what share of the gap that wins."""
    scores = [score(prompt) for prompt in data.prompts]
    say(f"\n{'goes to the strong model':<26}{'from':>6}{'share':>8}{'in cells':>10}{'PGR':>7}")
    for name, least in (("complex", COMPLEX_FROM), ("analysis or complex", ANALYSIS_FROM)):
        share = sum(value >= least for value in scores) / len(scores)
        won = gap = weight = 0.0
        for cell in data.apart.values():
            strong = [one for one in cell if scores[one.prompt] >= least]
            won += sum(one.strong - one.weak for one in strong) / len(cell)
            weight += _gap(cell) * len(strong) / len(cell)
            gap += _gap(cell)
        say(f"{name:<26}{least:>6.2f}{share:>8.1%}{weight / gap:>10.1%}{won / gap:>7.3f}")
    say("`in cells` is the share weighted as the PGR is: a constant score's PGR there")


def report_flips(prompts: Sequence[str]) -> None:
    """Prints how many prompts change their level when only their dress changes."""
    say(f"\n{'change':<34}{'flips':>8}")
    for name, change in CHANGES.items():
        say(f"{name:<34}{_flips(prompts, change):>8.1%}")
    for preamble in PREAMBLES:
        say(f"{preamble[:30].strip() + ' ...':<34}{_flips(prompts, preamble.__add__):>8.1%}")
    some = prompts[:: max(1, len(prompts) // LOGGED_PROMPTS)]
    for kind, line in LOG_LINES.items():
        log = make_log(line)
        ways = (("", f"\n\n{log}"), (f"{log}\n", ""), ("", f"\n```\n{log}\n```\n"))
        worst = max(_flips(some, partial(_between, *way)) for way in ways)
        say(f"20 KB log: {kind:<23}{worst:>8.1%}")
    say(f"logs: the worst of after, before, in a fence, over {len(some)} prompts")


def _between(before: str, after: str, prompt: str) -> str:
    return before + prompt + after


def _flips(prompts: Sequence[str], change: Callable[[str], str]) -> float:
    return sum(level(score(change(prompt))) != level(score(prompt)) for prompt in prompts) / len(prompts)


CHANGES: Mapping[str, Callable[[str], str]] = {
    "trailing spaces": lambda prompt: prompt + "    ",
    "trailing newline": lambda prompt: prompt + "\n",
    "upper case": str.upper,
    "lower case": str.lower,
    "please, before": lambda prompt: "please " + prompt,
    "please, after": lambda prompt: prompt + " Please.",
    "CRLF": lambda prompt: prompt.replace("\n", "\r\n"),
}
PREAMBLES = (
    "Here is my question:\n",
    "I would like you to help me with the following.\n\n",
    "Could you take a look at this for me? ",
    "You are a helpful assistant. ",
    "Let's work on this one together: ",
    "My colleague asked me the following and I don't know what to reply:\n",
)

LOG_LINES: Mapping[str, Callable[[int], str]] = {
    "time and level": lambda n: f"2026-11-20T12:{n // 60 % 60:02}:{n % 60:02}Z WARN [cache] shard {n} {_verb(n)}",
    "level only": lambda n: f"INFO:app.{_noun(n)}.{_noun(n // 3)}:{_noun(n // 7)} {_verb(n)} again",
    "no marks": lambda n: f"{_noun(n)} {_verb(n)} while the {_noun(n // 5)} {_verb(n // 11)}",
    "access": lambda n: (
        f'10.0.{n % 9}.{n % 250} - - [20/Nov/2026:10:00:{n % 60:02}] "GET /{_noun(n)} HTTP/1.1" 200 {n}'
    ),
    "system": lambda n: f"Nov 20 10:00:{n % 60:02} host {_noun(n)}d[{n * 7}]: {_noun(n // 2)} {_verb(n)}",
    "JSON lines": lambda n: json.dumps({"ts": n, "level": "info", "msg": f"{_noun(n)} {_verb(n)}"}),
    "Java stack": lambda n: f"\tat com.acme.{_noun(n)}.{_noun(n // 4).title()}.run({_noun(n // 4).title()}.java:{n})",
    "Python stack": lambda n: f'  File "/srv/{_noun(n)}/{_noun(n // 2)}.py", line {n}, in {_noun(n // 3)}',
    "compiler": lambda n: f"src/{_noun(n)}.c:{n}:7: warning: unused variable '{_noun(n // 3)}' [-Wunused-variable]",
    "test run": lambda n: f"tests/test_{_noun(n)}.py::test_{_noun(n // 3)}_{_verb(n)} PASSED [{n % 100:3}%]",
    "containers": lambda n: f"web-{n % 3}  | {_noun(n)} {_verb(n)} for {_noun(n // 5)}",
}


def make_log(line: Callable[[int], str]) -> str:
    """A log of some 20 KB made of one kind of line."""
    lines: list[str] = []
    size = 0
    while size < LOG_SIZE:
        lines.append(line(len(lines)))
        size += len(lines[-1]) + 1
    return "\n".join(lines)


def _noun(number: int) -> str:
    return ("connection", "worker", "cache", "session", "payment", "index", "shard", "queue", "token")[number % 9]


def _verb(number: int) -> str:
    return ("started", "failed", "opened", "closed", "timed out", "refused", "flushed")[number % 7]


def report_speed(prompts: Sequence[str]) -> None:
    """Prints how long one score takes, the best of several runs, in milliseconds."""
    prose = " ".join(prompts)
    texts = {
        "median prompt": sorted(prompts, key=len)[len(prompts) // 2],
        "longest prompt": max(prompts, key=len),
        "100 kB of prose": prose[:100_000],
        "100 kB of lines": "\n".join(prompts)[:100_000],
        "100 kB of log": make_log(LOG_LINES["time and level"]) * 5,
        "100 kB of newlines": "\n" * 100_000,
        "50 MB": (prose * (50_000_000 // max(1, len(prose)) + 1))[:50_000_000],
    }
    say(f"\n{'text':<20}{'ms':>9}")
    for name, text in texts.items():
        say(f"{name:<20}{min(_milliseconds(text) for _ in range(7)):>9.3f}")


def _milliseconds(text: str) -> float:
    start = time.perf_counter()
    score(text)
    return (time.perf_counter() - start) * 1000


def say(line: str) -> None:
    """Prints one line."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
