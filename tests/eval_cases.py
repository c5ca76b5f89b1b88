"""The cases of `evals/` as a test sees them: what each asks, and the call it waits for.

The client itself says what a case may hold (`claude plugin eval init --bare` prints a blank one); this reads no more of
it than the tests need.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from outrider.doors.documents import load_yaml
from tests.machines import ROOT

EVALS = ROOT / "evals"
JUDGED = {"llm", "baseline"}
"""Graders that ask a model for a verdict."""
TARGET = re.compile(r'"(subagent_type|skill)":"(?:outrider:|\(outrider:\)\?)([a-z-]+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case: its folder, its prompt, its graders."""

    folder: Path
    name: str
    tags: tuple[str, ...]
    prompt: str
    scaffold: str | None
    graders: tuple[Mapping[str, Any], ...]

    @property
    def is_silent(self) -> bool:
        """Whether the pack must stay out of it."""
        return "silent" in self.tags

    @property
    def wanted(self) -> tuple[tuple[str, str], ...]:
        """The calls that satisfy the case, any one of them: the tool, and the agent or guide."""
        found = [it for grader in self.graders if _wants(grader) for it in TARGET.findall(_pattern(grader))]
        return tuple(("Agent" if key == "subagent_type" else "Skill", name) for key, name in found)


def _wants(grader: Mapping[str, Any]) -> bool:
    return grader.get("max") != 0 and grader.get("match") != "not_contains"


def _pattern(grader: Mapping[str, Any]) -> str:
    return str(grader.get("input_match") or grader.get("pattern") or "")


@cache
def cases() -> tuple[Case, ...]:
    """Reads every case, in the order of their names."""
    return tuple(_read(path) for path in sorted(EVALS.glob("*/*/case.yaml")))


def _read(path: Path) -> Case:
    data: Any = load_yaml(path.read_bytes(), source=str(path))
    return Case(
        folder=path.parent,
        name=data["name"],
        tags=tuple(data["tags"]),
        prompt=data["execution"]["prompt"],
        scaffold=data.get("context", {}).get("scaffold_script"),
        graders=tuple(data["graders"]),
    )
