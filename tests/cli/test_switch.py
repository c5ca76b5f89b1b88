"""`outrider switch`: what stands, for whom, and what it does not move."""

import json
import os
from pathlib import Path

import pytest

from tests.cli.typing_it import Shell, write_layer

SESSION = "not changed: the model of your Claude Code session: that is `/model`\n"
CLAUDE_STAYS = (
    "not changed: what Claude Code itself reads: your session and its subagents still go to Anthropic; "
    "only what is asked through `outrider` stays local\n"
)
LAYER = {"presets": {"talk": {"chain": ["echo"]}}}


@pytest.fixture
def repository(typed: Shell, tmp_path: Path) -> Path:
    """Makes the working folder a repository, and gives the user a preset that can be used."""
    folder = tmp_path / "work"
    (folder / ".git").mkdir()
    return folder


def test_a_preset_stands_until_it_is_taken_back(typed: Shell, home: Path) -> None:
    """It says what stands, and ends with what it did not change."""
    write_layer(home, LAYER)
    assert typed("switch", "talk") == (0, f"preset: talk (switched)\nfallback: on\n{SESSION}", "")
    assert typed("ask", "hello").out == "hello\n"
    assert typed("switch").out == f"preset: talk (switched)\nfallback: on\n{SESSION}"
    assert typed("switch", "default").out == f"preset: none, each task its own chain\nfallback: on\n{SESSION}"


def test_a_preset_of_the_settings_stands_where_nobody_switched(typed: Shell, home: Path) -> None:
    """It says whose settings they are, and a switch goes before it."""
    write_layer(home, {**LAYER, "preset": "talk"})
    assert typed("switch").out.startswith("preset: talk (the user's preset)\n")
    assert typed("switch", "cheap").out.startswith("preset: cheap (switched)\n")


def test_local_says_what_still_goes_away(typed: Shell) -> None:
    """Claude Code itself is not local, and a preset that nothing can serve says so."""
    switched = typed("switch", "local")
    assert switched.out.endswith(SESSION + CLAUDE_STAYS)
    assert switched.err == "outrider: no local server is known to run: start one, then `outrider models --live`\n"


def test_a_choice_for_one_repository_writes_nothing_into_it(typed: Shell, repository: Path, home: Path) -> None:
    """It goes before the user's own, and is kept in our home."""
    write_layer(home, LAYER)
    typed("switch", "cheap")
    assert typed("switch", "talk", "--project").out.startswith("preset: talk (switched for this project)\n")
    assert os.listdir(repository) == [".git"]
    stored = json.loads((home / ".config" / "outrider" / "state.json").read_text(encoding="utf-8"))
    assert stored == {"preset": "cheap", "projects": {str(repository): {"preset": "talk"}}}
    assert typed("switch", "default", "--project").out.startswith("preset: cheap (switched)\n")


def test_agents_that_the_repository_pins_are_named(typed: Shell, repository: Path) -> None:
    """They keep their model whatever stands."""
    folder = repository / ".claude" / "agents"
    folder.mkdir(parents=True)
    (folder / "judge.md").write_text("---\nname: judge\nmodel: opus\n---\n", encoding="utf-8")
    assert typed("switch", "cheap", "--json").json["unchanged"] == [
        "the model of your Claude Code session: that is `/model`",
        "subagents that this repository keeps on a model of its own: judge (opus)",
        "the tiers of subagents: the pack is not installed (`outrider install`)",
    ]


def test_fallback_and_explore_are_turned(typed: Shell, repository: Path) -> None:
    """Off for the user, on again for this repository; explore is stored for the pack."""
    assert "fallback: off\n" in typed("switch", "fallback", "off").out
    assert "fallback: on\n" in typed("switch", "fallback", "on", "--project").out
    turned = typed("switch", "explore", "on")
    assert "explore: on\n" in turned.out
    assert "comes with the pack" in turned.out
    assert typed("switch", "status", "--json").json["stored"] == {
        "user": {"fallback": False, "explore": True},
        "project": {"fallback": True},
    }


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (("cheep",), "no preset is called `cheep`", "did you mean `cheap`? run `outrider presets` to see them all"),
        (("defualt",), "no preset is called `defualt`", "did you mean `default`?"),
        (("fallback",), "`switch fallback` wants `on` or `off`", "run `outrider switch fallback on`"),
        (("fallback", "maybe"), "`switch fallback` wants `on` or `off`", "run `outrider switch fallback on`"),
        (("cheap", "on"), "`switch cheap` takes nothing more", "run `outrider switch cheap`"),
        (("cheap", "--project"), "this folder is in no repository", "go into one, or leave `--project` out"),
    ],
)
def test_what_cannot_stand_is_refused(
    typed: Shell, home: Path, arguments: tuple[str, ...], error: str, hint: str
) -> None:
    """Nothing is stored."""
    refused = typed("switch", *arguments)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith(f"error: {error}\nhint: {hint}")
    assert not (home / ".config" / "outrider" / "state.json").exists()


def test_a_preset_that_is_gone_is_told(typed: Shell, home: Path) -> None:
    """What stands and no layer has any more is named with the way out."""
    path = write_layer(home, LAYER)
    typed("switch", "talk")
    path.unlink()
    assert "no layer has a preset called `talk` (switched): run `outrider switch default`" in typed("switch").err
    assert "is in no layer: `outrider switch default`" in typed("presets").err
