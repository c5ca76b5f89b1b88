"""Measures the gates of a cascade on stored answers: `python -m bench.cascade [--data PATH]`.

The data are those of `bench.routing`, with the answers of cheap models (`cheap_answers: {MODEL: {"a", "ok"}}`). A cell
is one (source, pair) whose weak model's own answer is known; it counts with 120 prompts and a gap of .08. The gate
compares as the shipped one does (`grouping.agree`): where a second cheap model of another family comes to something
else, or either came to nothing, the prompt goes to the strong model.

Area is the gap-weighted area under PGR(a), as for the router; PGR is the share of the gap that is won at the gate's own
escalation. *Capable second* takes the second model that is right most often on the other half of the prompts, *any
second* is the mean over all. Intervals resample prompts. Cost is in calls of the strong model, which costs k times a
cheap one: every prompt pays each cheap model once, and the share that escalates a strong call. A length alone has no
threshold of its own, so its row has neither. Nothing is fitted, and no figure here is a saving: the pairs are of 2023
and 2024.
"""

import argparse
import json
import os
import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench.routing import LEAST_GAP, LEAST_PROMPTS, RESAMPLES, say
from outrider.rules.panels.grouping import agree

FAMILIES = ("claude", "gemini", "gemma", "gpt", "llama", "mixtral", "mistral", "qwen")
SAME = {"gemma": "gemini", "mixtral": "mistral"}
BARS = (0.66, 0.85, 0.55)
DEARER = (10, 30)
"""How many times a cheap call a strong one may cost."""
Gate = Callable[[Sequence["Case"]], list[float]]


class Case(NamedTuple):
    """One prompt of a cell: what each cheap model came to and whether it was right, and the outcomes of the pair."""

    answers: Mapping[str, str | None]
    right: Mapping[str, bool]
    weak: str
    gain: float
    length: int


def main() -> None:
    """Prints the table, or one line when there is no data."""
    parser = argparse.ArgumentParser(prog="python -m bench.cascade", description="Measures the gates of a cascade.")
    beside = Path(__file__).resolve().parents[2] / "shared" / "data" / "routing-dev.jsonl"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("OUTRIDER_ROUTING_DATA", beside)))
    path = parser.parse_args().data
    if not path.is_file():
        say("skipped: no routing data; name it with --data PATH or OUTRIDER_ROUTING_DATA")
        return
    cells = read(path)
    say(f"{sum(map(len, cells.values()))} prompts in {len(cells)} cells; nothing is fitted")
    costs = "".join(f"{f'cost, k={dearer}':>12}" for dearer in DEARER)
    say(f"\n{'gate':<30}{'area':>7}{'95 %':>16}{'PGR at .55':>12}{'escalated':>11}{'PGR':>7}{costs}")
    gates: dict[str, tuple[Gate, int]] = {
        "none (constant)": (lambda cell: [0.0] * len(cell), 0),
        "text: the longer answer": (lambda cell: [float(case.length) for case in cell], 0),
        "agree, any second": (any_second, 2),
        "agree, capable second": (capable_second, 2),
    }
    for name, (gate, cheap) in gates.items():
        say(report(name, cells, gate, cheap=cheap))
    area, won, most = BARS
    say(f"\nthe bar: area {area}, PGR {won} at {most:.0%} escalated, for `agree` with a capable second model")


def read(path: Path) -> dict[str, list[Case]]:
    """Reads the cells that are large enough to count."""
    cells: dict[str, list[Case]] = defaultdict(list)
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            found = {plain(name): value for name, value in row.get("cheap_answers", {}).items()}
            for pair, outcome in row["pairs"].items() if found else ():
                weak = plain(outcome["weak"])
                if weak in found:
                    cells[f"{row['source']}, {pair}"].append(case(found, weak, outcome))
    return {name: cell for name, cell in cells.items() if len(cell) >= LEAST_PROMPTS and gap(cell) >= LEAST_GAP}


def case(found: Mapping[str, Mapping[str, Any]], weak: str, outcome: Mapping[str, Any]) -> Case:
    """Makes a case of one row."""
    return Case(
        answers={name: value["a"] for name, value in found.items()},
        right={name: bool(value["ok"]) for name, value in found.items()},
        weak=weak, gain=outcome["s"] - outcome["w"], length=outcome.get("wlen", 0),
    )  # fmt: skip


def plain(name: str) -> str:
    """The name of a model as it is the same in both places of a row."""
    return name.lower().replace("_", ".").replace("meta-", "").split("@")[0]


def family(name: str) -> str:
    """The family of a model, by its name."""
    found = next((word for word in FAMILIES if name.startswith(word)), name)
    return SAME.get(found, found)


def gap(cell: Sequence[Case]) -> float:
    """How much better the strong model is on a cell."""
    return sum(one.gain for one in cell) / len(cell)


def seconds(cell: Sequence[Case]) -> list[str]:
    """The cheap models of another family than the cell's weak one."""
    own = family(cell[0].weak)
    return sorted({name for one in cell for name in one.answers if family(name) != own})


def doubts(one: Case, second: str) -> bool:
    """Whether the gate escalates a prompt."""
    first, other = one.answers.get(one.weak), one.answers.get(second)
    return first is None or other is None or not agree(first, other)


def any_second(cell: Sequence[Case]) -> list[float]:
    """The share of second models that disagree: each of them alone is one gate, and this is their mean."""
    names = seconds(cell)
    return [sum(doubts(one, name) for name in names) / len(names) for one in cell]


def capable_second(cell: Sequence[Case]) -> list[float]:
    """Doubt by the second model that was right most often on the half of the prompts that is not judged."""
    chosen = []
    for half in (0, 1):
        other = cell[1 - half :: 2]
        chosen.append(max(seconds(cell), key=lambda name: sum(one.right.get(name, False) for one in other)))
    return [float(doubts(one, chosen[place % 2])) for place, one in enumerate(cell)]


def report(name: str, cells: Mapping[str, Sequence[Case]], gate: Gate, *, cheap: int) -> str:
    """Returns one gate's row. `cheap` calls are made of every prompt; a gate of none has no point of its own."""
    scored = {
        cell: [(score, one.gain) for score, one in zip(gate(cases), cases, strict=True)]
        for cell, cases in cells.items()
    }  # fmt: skip
    chance = random.Random(20261121)  # noqa: S311 - a resample is no secret
    areas = sorted(
        area({cell: chance.choices(pairs, k=len(pairs)) for cell, pairs in scored.items()})
        for _ in range(RESAMPLES)
    )  # fmt: skip
    span = f"{areas[RESAMPLES // 40]:.3f} to {areas[-RESAMPLES // 40 - 1]:.3f}"
    row = f"{name:<30}{area(scored):>7.3f}{span:>16}{at(scored, BARS[2]):>12.3f}"
    if not cheap:
        return row + f"{'-':>11}{'-':>7}" + f"{'-':>12}" * len(DEARER)
    share, won = own_point(scored)
    return row + f"{share:>11.1%}{won:>7.3f}" + "".join(f"{cost(share, cheap, dearer):>12.2f}" for dearer in DEARER)


def cost(share: float, cheap: int, dearer: int) -> float:
    """Returns what a prompt costs in strong calls."""
    return cheap / dearer + share


Scored = Mapping[str, Sequence[tuple[float, float]]]


def area(scored: Scored) -> float:
    """The gap-weighted area under PGR(a); prompts that are doubted alike go up in a straight line."""
    whole = total = 0.0
    for pairs in scored.values():
        won = 0.0
        for count, gain in steps(pairs):
            whole += count * (won + gain / 2)
            won += gain
        total += won
    return whole / total


def steps(pairs: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The share of prompts and the gain at each doubt, the greatest doubt first."""
    found: dict[float, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for doubt, gain in pairs:
        found[doubt][0] += 1 / len(pairs)
        found[doubt][1] += gain / len(pairs)
    return [(found[doubt][0], found[doubt][1]) for doubt in sorted(found, reverse=True)]


def own_point(scored: Scored) -> tuple[float, float]:
    """The gap-weighted share that the gate escalates, and what that wins. A mean of gates escalates by its parts."""
    share = won = total = 0.0
    for pairs in scored.values():
        most = max(1.0, *(doubt for doubt, _ in pairs))
        own = sum(gain for _, gain in pairs) / len(pairs)
        share += own * sum(doubt / most for doubt, _ in pairs) / len(pairs)
        won += sum(gain * doubt / most for doubt, gain in pairs) / len(pairs)
        total += own
    return share / total, won / total


def at(scored: Scored, wanted: float) -> float:
    """The gap-weighted PGR where each cell escalates the wanted share."""
    won = total = 0.0
    for pairs in scored.values():
        left = wanted
        for count, gain in steps(pairs):
            taken = min(left, count)
            won += gain * taken / count
            left -= taken
        total += sum(gain for _, gain in pairs) / len(pairs)
    return won / total


if __name__ == "__main__":
    main()
