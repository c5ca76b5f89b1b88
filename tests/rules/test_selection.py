"""Which chain a request gets, and which rule decided."""

from collections.abc import Mapping
from typing import Any

import pytest

from outrider.errors import OutriderError
from outrider.rows import Model, Task
from outrider.rules.selection import NO_TASK, Choice, Facts, Selection, choose, keywords_in, resolve
from tests.rules.small import registry

VALUES: dict[str, Any] = {
    "default": "work",
    "providers": {
        "inside": {"dialect": "native"},
        "cloud": {"dialect": "openai", "base_url": "https://cloud.example/v1", "key": "CLOUD_KEY"},
    },
    "models": {
        "cloud.big": {"provider": "cloud", "id": "big-1"},
        "cloud.small": {"provider": "cloud", "id": "small-1"},
        "both": {"provider": "cloud", "id": "both-1"},
    },
    "aliases": {"big": {"model": "cloud.big", "why": "the old one is gone"}, "older": "big", "both": "cloud.big",
                "chore": "work", "rowless": "cloud/any", "loop": "pool", "pool": "loop"},
    "tasks": {
        "work": {"chain": ["cloud.big"]}, "simple": {"chain": ["cloud.small"]}, "analysis": {"chain": ["cloud.big"]},
        "complex": {"chain": ["both"]}, "secret": {"chain": ["both"], "private": True}, "sql": {"chain": ["both"]},
    },
    "presets": {"fast": {"chain": ["cloud.small"]}, "home": {"chain": ["cloud.small"], "local": True}},
}  # fmt: skip
RULES = [
    {"name": "databases", "keywords": ["SQL", "join"], "task": "sql"},
    {"tokens_above": 1_000, "tokens_below": 5_000, "task": "complex"},
    {"name": "never", "task": "simple"},
]
REGISTRY = registry(VALUES)
RULED = registry({**VALUES, "rules": RULES})
WORK, SECRET = REGISTRY.tasks["work"], REGISTRY.tasks["secret"]
NO_MODEL, NO_TASK_FLAG, NO_PRESET = "flag -m: not given", "flag -t: not given", "standing preset: none"


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (
            Selection(model="cloud.big", task="work", private=True, preset="fast"),
            Choice(task=NO_TASK, chain=("cloud.big",), rule="flag -m cloud.big", explicit=True, fallback=False),
        ),
        (
            Selection(model="cloud.big", fallback=True),
            Choice(task=NO_TASK, chain=("cloud.big",), rule="flag -m cloud.big", explicit=True),
        ),
        (
            Selection(model="older"),
            Choice(
                task=NO_TASK,
                chain=("cloud.big",),
                rule="flag -m older",
                explicit=True,
                fallback=False,
                notes=("big now means cloud.big: the old one is gone",),
            ),
        ),
        (
            Selection(model="both"),
            Choice(task=NO_TASK, chain=("both",), rule="flag -m both", explicit=True, fallback=False),
        ),
        (
            Selection(model="work"),
            Choice(task=WORK, chain=("cloud.big",), rule="flag -m work (a task)", rejected=(NO_PRESET,)),
        ),
        (
            Selection(model="chore", preset="fast", preset_from="switched", fallback=False),
            Choice(
                task=WORK,
                chain=("cloud.small", "cloud.big"),
                rule="preset fast (switched) over flag -m chore (a task)",
                preset=REGISTRY.presets["fast"],
                fallback=False,
            ),
        ),
        (
            Selection(model="fast"),
            Choice(
                task=WORK,
                chain=("cloud.small", "cloud.big"),
                rule="flag -m fast (a preset)",
                preset=REGISTRY.presets["fast"],
            ),
        ),
        (
            Selection(model="home", fallback=False),
            Choice(
                task=WORK,
                chain=("cloud.small",),
                rule="flag -m home (a preset)",
                preset=REGISTRY.presets["home"],
                fallback=False,
            ),
        ),
        (
            Selection(model="cloud/new-7"),
            Choice(
                task=NO_TASK,
                chain=(),
                rule="flag -m cloud/new-7 (no row)",
                explicit=True,
                fallback=False,
                rowless=Model(name="cloud/new-7", provider="cloud", id="new-7"),
            ),
        ),
        (
            Selection(model="rowless"),
            Choice(
                task=NO_TASK,
                chain=(),
                rule="flag -m rowless (no row)",
                explicit=True,
                fallback=False,
                rowless=Model(name="cloud/any", provider="cloud", id="any"),
            ),
        ),
        (
            Selection(model="cloud/big-1", fallback=True),
            Choice(
                task=NO_TASK,
                chain=(),
                rule="flag -m cloud/big-1 (no row)",
                explicit=True,
                rowless=REGISTRY.models["cloud.big"],
            ),
        ),
        (
            Selection(task="work", private=True),
            Choice(task=WORK, chain=("cloud.big",), rule="flag -t work", rejected=(NO_MODEL, NO_PRESET)),
        ),
        (
            Selection(task="work", preset="fast", preset_from="flag"),
            Choice(
                task=WORK,
                chain=("cloud.small", "cloud.big"),
                rule="preset fast (flag) over flag -t work",
                preset=REGISTRY.presets["fast"],
                rejected=(NO_MODEL,),
            ),
        ),
        (
            Selection(task="work", preset="home", preset_from="switched"),
            Choice(
                task=WORK,
                chain=("cloud.small",),
                rule="preset home (switched) over flag -t work",
                preset=REGISTRY.presets["home"],
                rejected=(NO_MODEL,),
            ),
        ),
        (
            Selection(task="secret", preset="fast"),
            Choice(
                task=SECRET,
                chain=("both",),
                rule="flag -t secret",
                rejected=(NO_MODEL, "standing preset: the task is private"),
            ),
        ),
        (
            Selection(private=True, preset="fast", fallback=False),
            Choice(
                task=SECRET, chain=("both",), rule="flag --private", fallback=False, rejected=(NO_MODEL, NO_TASK_FLAG)
            ),
        ),
        (
            Selection(),
            Choice(
                task=WORK, chain=("cloud.big",), rule="default task work", rejected=(NO_MODEL, NO_TASK_FLAG, NO_PRESET)
            ),
        ),
        (
            Selection(preset="fast", preset_from="switched for this project"),
            Choice(
                task=WORK,
                chain=("cloud.small", "cloud.big"),
                rule="preset fast (switched for this project) over default task work",
                preset=REGISTRY.presets["fast"],
                rejected=(NO_MODEL, NO_TASK_FLAG),
            ),
        ),
    ],
    ids=[
        "-m before all",
        "-m with fallback",
        "-m alias",
        "a row before an alias",
        "-m task",
        "-m alias of a task",
        "-m preset",
        "-m local preset",
        "-m wire id",
        "-m alias of a wire id",
        "-m wire id of a row",
        "-t before --private",
        "preset over -t",
        "local preset alone",
        "no preset over a private task",
        "--private",
        "default",
        "preset over default",
    ],
)
def test_choose(selection: Selection, expected: Choice) -> None:
    """Flags first, then the default; the standing preset lies over the task, and what did not decide says so."""
    assert choose(REGISTRY, selection, Facts()) == expected


@pytest.mark.parametrize(
    ("selection", "facts", "task", "rule"),
    [
        (Selection(), Facts(keywords=frozenset({"sql"})), "sql", "rule databases"),
        (Selection(), Facts(tokens=1_001), "complex", "rule rules[1]"),
        (Selection(), Facts(tokens=1_000), "work", "default task work"),
        (Selection(), Facts(tokens=5_000), "work", "default task work"),
        (Selection(), Facts(tokens=2_000, keywords=frozenset({"join"})), "sql", "rule databases"),
        (Selection(task="auto"), Facts(score=0.0, keywords=frozenset({"sql"})), "sql", "rule databases"),
        (Selection(task="auto"), Facts(score=0.0), "simple", "flag -t auto: level simple (score 0.000)"),
        (
            Selection(task="auto", private=True),
            Facts(score=0.2),
            "analysis",
            "flag -t auto: level analysis (score 0.200)",
        ),
        (Selection(task="auto"), Facts(score=0.9), "complex", "flag -t auto: level complex (score 0.900)"),
        (Selection(task="work"), Facts(keywords=frozenset({"sql"})), "work", "flag -t work"),
        (Selection(private=True), Facts(keywords=frozenset({"sql"})), "secret", "flag --private"),
    ],
    ids=[
        "keyword",
        "size",
        "at the lower bound",
        "at the upper bound",
        "first that fits",
        "before the classifier",
        "simple",
        "analysis",
        "complex",
        "-t before rules",
        "--private before rules",
    ],
)
def test_the_user_s_rules(selection: Selection, facts: Facts, task: str, rule: str) -> None:
    """The user's rules come after the flags, and before the classifier and the default."""
    choice = choose(RULED, selection, facts)
    assert (choice.task.name, choice.rule) == (task, rule)


def test_rules_that_did_not_decide_say_so() -> None:
    """`why` names every rule that was looked at."""
    assert choose(RULED, Selection(), Facts(tokens=2_000)).rejected == (
        NO_MODEL, NO_TASK_FLAG, "rule databases: did not match", NO_PRESET,
    )  # fmt: skip
    auto = choose(RULED, Selection(task="auto"), Facts(score=0.9))
    assert auto == Choice(
        task=RULED.tasks["complex"],
        chain=("both",),
        rule="flag -t auto: level complex (score 0.900)",
        level="complex",
        rejected=(
            NO_MODEL,
            "rule databases: did not match",
            "rule rules[1]: did not match",
            "rule never: did not match",
            NO_PRESET,
        ),
    )


def test_private_without_a_private_task() -> None:
    """A registry without a private task still answers privately, with whatever is local."""
    values = {**VALUES, "tasks": {"work": VALUES["tasks"]["work"]}}
    choice = choose(registry(values), Selection(private=True), Facts())
    assert choice.task == Task(name="private", private=True, tail=True)


def test_a_preset_without_a_default_task() -> None:
    """A preset is a chain of its own where there is no default."""
    values = {key: value for key, value in VALUES.items() if key != "default"}
    assert choose(registry(values), Selection(model="fast"), Facts()) == Choice(
        task=NO_TASK, chain=("cloud.small",), rule="flag -m fast (a preset)", preset=REGISTRY.presets["fast"]
    )


@pytest.mark.parametrize(
    ("selection", "message", "hint"),
    [
        (
            Selection(model="cloud.bug"),
            "no model is called `cloud.bug`",
            "did you mean `cloud.big`? run `outrider models` to see them all",
        ),
        (Selection(model="x" * 90), f"no model is called `{'x' * 80}…`", "run `outrider models` to see them all"),
        (Selection(model="cloud/"), "no model is called `cloud/`", "run `outrider models` to see them all"),
        (Selection(model="clout/x"), "no model is called `clout/x`", "run `outrider models` to see them all"),
        (
            Selection(model="inside/opus"),
            "`inside/opus` runs inside Claude Code, not through a key",
            "run `outrider models` to see what can be asked",
        ),
        (
            Selection(model="loop"),
            "alias `loop` leads back to itself: loop -> pool -> loop",
            "mend `aliases` in your models.local.json, then run `outrider config check`",
        ),
        (
            Selection(task="wokr"),
            "no task is called `wokr`",
            "did you mean `work`? run `outrider tasks` to see them all",
        ),
        (
            Selection(task="atuo"),
            "no task is called `atuo`",
            "did you mean `auto`? run `outrider tasks` to see them all",
        ),
        (
            Selection(preset="fats"),
            "no preset is called `fats`",
            "did you mean `fast`? run `outrider presets` to see them all",
        ),
    ],
    ids=["model", "long name", "no wire id", "no provider", "native", "cycle", "task", "auto", "preset"],
)
def test_an_unknown_name(selection: Selection, message: str, hint: str) -> None:
    """A name that nothing has is told with the nearest that exists."""
    with pytest.raises(OutriderError) as caught:
        choose(REGISTRY, selection, Facts())
    assert (caught.value.message, caught.value.hint, caught.value.exit_code) == (message, hint, 2)


def test_a_registry_without_the_default_s_task() -> None:
    """A default that is no task is told as such."""
    with pytest.raises(OutriderError, match="no task is called `gone`"):
        choose(registry({**VALUES, "default": "gone"}), Selection(), Facts())


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("cloud.big", ("model", "cloud.big", ())),
        ("older", ("model", "cloud.big", ("big now means cloud.big: the old one is gone",))),
        ("chore", ("task", "work", ())),
        ("fast", ("preset", "fast", ())),
        ("cloud/a/b", ("rowless", "cloud/a/b", ())),
    ],
)
def test_resolve(name: str, found: tuple[str, str, tuple[str, ...]]) -> None:
    """A model, an alias, a task, a preset, or a wire id, in that order."""
    assert resolve(REGISTRY, name) == found


@pytest.mark.parametrize(
    ("text", "rules", "found"),
    [
        ("Write a SQL join", RULES, {"sql", "join"}),
        ("JOIN us", RULES, {"join"}),
        ("nothing", RULES, set()),
        ("sql", [], set()),
        ("sql", [{"task": "x"}], set()),
    ],
)
def test_keywords_in(text: str, rules: list[Mapping[str, Any]], found: set[str]) -> None:
    """Only the words that rules look for are kept of a prompt, whatever their case."""
    assert keywords_in(text, tuple(rules)) == found
