"""`outrider tasks` and `outrider presets`: chains, with what could answer now marked."""

from pathlib import Path

import pytest

from tests.cli.typing_it import Shell, write_layer

LAYER = {
    "providers": {
        "mine": {"dialect": "openai", "base_url": "https://mine.example/v1", "key": "MINE_API_KEY"},
        "gate": {"dialect": "openai", "base_url": "https://gate.example/v1", "key": "GATE_API_KEY"},
    },
    "models": {"mine.one": {"provider": "mine", "id": "one", "also": {"gate": "g/one"}}},
    "tasks": {
        "sprint": {"description": "Quick work.", "chain": ["mine.one", "claude.haiku", "echo"], "reason": "speed",
                   "needs": ["tools"], "agent": "scout"},
        "closed": {"chain": ["mine.one", "echo"], "private": True, "tail": True},
    },
    "presets": {"swift": {"description": "Fast.", "chain": ["mine.one"], "effort": "low", "agents": "haiku/low"}},
}  # fmt: skip


@pytest.fixture(autouse=True)
def path(home: Path) -> Path:
    """Writes the layer."""
    return write_layer(home, LAYER)


def test_chains_are_listed_with_marks(typed: Shell) -> None:
    """Two lines a task; a star for what can be used now; the default is marked."""
    printed = typed("tasks")
    assert printed.code == 0
    assert (
        "sprint (layer user): Quick work.\n  mine.one, claude.haiku*, echo*\n"
        "closed (local only; layer user)\n  mine.one, echo*, then any other local model\n"
    ) in printed.out
    assert "\nanalysis (default): " in printed.out
    assert printed.err == "outrider: * can be used now; `outrider models` says why the others cannot\n"


def test_one_task_is_shown_with_reasons(typed: Shell, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each model with why it can or cannot, each value with its file and line."""
    assert typed("tasks", "sprint", "-q").out.splitlines() == [
        "sprint (layer user): Quick work.",
        "  why: speed",
        "  needs: tools",
        "  subagent: scout",
        "    mine.one: no key (MINE_API_KEY, or GATE_API_KEY)",
        "  * claude.haiku: runs inside Claude Code, as a subagent",
        "  * echo: usable",
        *(
            f"  $.tasks.sprint.{name} from user {path}:1"
            for name in ("tail", "description", "chain", "reason", "needs", "agent")
        ),
    ]
    monkeypatch.setenv("GATE_API_KEY", "x")
    assert "  * mine.one: usable via gate" in typed("tasks", "sprint").out


def test_a_task_is_read_by_scripts(typed: Shell) -> None:
    """One object, with each model's standing."""
    assert typed("tasks", "closed", "--json").json == {
        "name": "closed", "description": None, "tail": True, "floors": {}, "order": None, "needs": [],
        "private": True, "reason": None, "agent": None, "effort": None, "default": False, "layer": "user",
        "chain": [
            {"model": "mine.one", "usable": False, "how": "no", "why": "no key (MINE_API_KEY, or GATE_API_KEY)"},
            {"model": "echo", "usable": True, "how": "call", "why": "yes"},
        ],
    }  # fmt: skip


def test_a_role_shows_the_chain_that_its_floors_make(typed: Shell) -> None:
    """Computed from scores, strongest first for the one that plans."""
    shown = typed("tasks", "orchestrator", "--json").json
    assert shown["floors"]["intelligence"] == 0.87
    assert shown["order"] == "capability"
    assert 1 <= len(shown["chain"]) <= 6


def test_presets_mark_what_stands(typed: Shell) -> None:
    """With where it was chosen."""
    typed("switch", "swift")
    printed = typed("presets")
    assert "swift (stands, switched): Fast.\n  mine.one\n" in printed.out
    assert "local (local only): " in printed.out
    shape = typed("presets", "--json").json
    assert (shape["standing"], shape["from"]) == ("swift", "switched")
    assert [preset["name"] for preset in shape["presets"] if preset["standing"]] == ["swift"]
    assert typed("presets", "swift").out.splitlines() == [
        "swift (stands, switched): Fast.",
        "  effort: low",
        "  agents: haiku/low",
        "    mine.one: no key (MINE_API_KEY, or GATE_API_KEY)",
        "    then the chain of the task",
    ]


@pytest.mark.parametrize(
    ("command", "name", "error", "hint"),
    [
        ("tasks", "sprnt", "no task is called `sprnt`", "did you mean `sprint`? run `outrider tasks` to see them all"),
        (
            "presets",
            "swft",
            "no preset is called `swft`",
            "did you mean `swift`? run `outrider presets` to see them all",
        ),
    ],
)
def test_an_unknown_name_is_guided(typed: Shell, command: str, name: str, error: str, hint: str) -> None:
    """The nearest one."""
    assert typed(command, name) == (2, "", f"error: {error}\nhint: {hint}\n")
