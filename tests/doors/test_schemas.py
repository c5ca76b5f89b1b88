"""Every problem of a document is told at once, with its path, in our own words and without its values."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from outrider.cli.schemas import judged
from outrider.data import Answer, Failure, Usage
from outrider.doors.schemas import MOST_PROBLEMS, Problem, check_schema, json_path, problems
from outrider.errors import OutriderError

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / ".claude" / "config" / "models.schema.json").read_bytes())


def sentences(document: object) -> list[str]:
    """Returns what is said of a registry layer."""
    return [problem.sentence for problem in problems(document, SCHEMA)]


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ((), "$"),
        (("limits", "budget_usd", "run"), "$.limits.budget_usd.run"),
        (
            ("models", "openai.gpt_6_1_sol", "price", "tiers", 0, "input"),
            '$.models["openai.gpt_6_1_sol"].price.tiers[0].input',
        ),
        (("tasks", "code-review"), '$.tasks["code-review"]'),
        (("x" * 100,), "$." + "x" * 100),
    ],
)
def test_a_path_can_be_read(keys: tuple[str | int, ...], path: str) -> None:
    """Plain names follow a dot, all others stand in brackets."""
    assert json_path(keys) == path


def test_an_unknown_name_suggests_the_nearest() -> None:
    """A mistyped name is told with its path and the name that was probably meant."""
    layer = {"models": {"x": {"contxt": 1}}, "tasks": {"code-review": {"privte": True}}, "limit": {}}
    assert problems(layer, SCHEMA) == (
        Problem(
            path="$.limit", keys=("limit",),
            message="`limit` is not known here; did you mean `limits`?", nearest="limits",
        ),
        Problem(
            path="$.models.x.contxt", keys=("models", "x", "contxt"),
            message="`contxt` is not known here; did you mean `context`?", nearest="context",
        ),
        Problem(
            path='$.tasks["code-review"].privte', keys=("tasks", "code-review", "privte"),
            message="`privte` is not known here; did you mean `private`?", nearest="private",
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ({"tasks": {"a": {"chian": []}}}, ["$.tasks.a.chian: `chian` is not known here; did you mean `chain`?"]),
        ({"privacy": {"zzzzzz": 1}}, [
            (
                "$.privacy.zzzzzz: `zzzzzz` is not known here (known: allow, classes, deny, paths, private, redact, "
                "store_prompts)"
            ),
        ]),
        ({"providers": {"x": {"dialect": "opnai"}}}, [
            "$.providers.x.dialect: must be one of openai, anthropic, ollama, echo, native; did you mean `openai`?",
        ]),
        ({"models": {"x": {"price": {"input": "2"}}}}, ["$.models.x.price.input: must be a number, not a text"]),
        ({"models": {"x": {"price": {"input": -1}}}}, ["$.models.x.price.input: must be at least 0"]),
        ({"models": {"x": {"context": 0}}}, ["$.models.x.context: must be at least 1"]),
        ({"models": {"x": {"context": True}}}, ["$.models.x.context: must be a whole number, not true or false"]),
        ({"models": {"x": {"id": ""}}}, ["$.models.x.id: must not be empty"]),
        ({"models": {"x": {"price": {"tiers": [{"input": 1}]}}}}, ["$.models.x.price.tiers[0]: lacks `above`"]),
        ({"models": {"x": {"price": {"windows": [{}]}}}}, ["$.models.x.price.windows[0]: lacks `from` and `to`"]),
        ({"models": {"x": {"price": {"windows": [{"from": "1:00", "to": "24:00", "days": [8]}]}}}}, [
            "$.models.x.price.windows[0].days[0]: must be at most 7",
            "$.models.x.price.windows[0].from: must be a time of day in UTC such as 01:00, in quotes",
        ]),
        ({"limits": {"total": 0}}, ["$.limits.total: must be more than 0"]),
        ({"limits": {"budget_usd": {"run": None, "month": "x"}}}, [
            "$.limits.budget_usd.month: must be a number or null, not a text",
        ]),
        ({"version": 2}, ["$.version: must be 1"]),
        ({"aliases": {"a": {"why": "b"}}}, ["$.aliases.a: lacks `model`"]),
        ({"prompts": {"a\x1b": 1}}, [
            '$.prompts["a\x1b"]: this name must be a name of 1 to 128 characters without spaces',
            '$.prompts["a\x1b"]: must be a text, not a number',
        ]),
        ({"aliases": {"a": 1}}, ["$.aliases.a: must be a text or a group of names, not a number"]),
        ({"models": {"a b": {}}}, ['$.models["a b"]: this name must be a name of 1 to 128 characters without spaces']),
        ({"panels": {"x": ["one"]}}, ["$.panels.x: must have at least 2 entries"]),
        ({"presets": {"x": {"agents": "haiku/lowest"}}}, [
            f"$.presets.x.agents: must be {SCHEMA['$defs']['tier']['description']}; did you mean `haiku/low`?",
        ]),
        ({"presets": {"x": {"agents": {"scout": "opis"}}}}, [
            f"$.presets.x.agents.scout: must be {SCHEMA['$defs']['tier']['description']}; did you mean `opus`?",
        ]),
        ({"presets": {"y": {"agents": 1}}}, ["$.presets.y.agents: must be a text or a group of names, not a number"]),
        ({"requires": "1.2"}, [
            "$.requires: must be the least helper version that this file is written for, as in >=1.2",
        ]),
        ([], ["$: must be a group of names, not a list"]),
        (None, ["$: must be a group of names, not null"]),
        ("text", ["$: must be a group of names, not a text"]),
    ],
)  # fmt: skip
def test_each_problem_is_told_in_our_words(layer: object, said: list[str]) -> None:
    """What is wrong is said with its path, and so that a person can mend it."""
    assert sentences(layer) == said


@pytest.mark.parametrize(
    "layer",
    [
        {},
        {"$schema": "./models.schema.json"},
        {"requires": ">=1.2"},
        {"models": {"openai.gpt_6_1_sol": {"limits": {"total": 30}}}},
        {"providers": {"mine": {"dialect": "openai", "base_url": "http://10.0.0.2:8000/v1", "local": True}}},
        {"tasks": {"coding": {"chain": ["claude.sonnet"]}}},
        {"presets": {"cheap": {"agents": "haiku"}}},
        {"presets": {"cheap": {"agents": {"scout": "haiku", "architect": "sonnet/xhigh"}}}},
        {"aliases": {"mine": "openai.gpt_6_1_sol"}},
        {"rules": [{"keywords": ["invoice"], "task": "private-data"}, {"tokens_above": 50000, "task": "high-volume"}]},
        {
            "privacy": {"private": True, "allow": ["ollama"]},
            "network": {"proxy": "http://proxy:3128", "ca_file": "/x.pem"},
        },
    ],
)
def test_a_layer_may_be_partial(layer: object) -> None:
    """A layer needs to say only what it changes."""
    assert sentences(layer) == []


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x",
        "https://user:sk-secret@x/v1",
        "https://x/v1?key=sk-secret",
        "https://x\\y",
        "https://x/v1#f",
        "x",
        "https://x\n",
    ],
)
def test_an_address_is_an_address_and_no_more(url: str) -> None:
    """A base URL with a user, a query, a fragment, a backslash or a line end is refused, and not repeated."""
    said = sentences({"providers": {"x": {"base_url": url}}})
    assert len(said) == 1
    assert "secret" not in said[0]


@pytest.mark.parametrize("key", ["sk-ant-api03-secret", "OPENAI KEY", "", "1KEY", "KEY\n"])
def test_a_key_in_the_place_of_its_name_is_refused_and_not_repeated(key: str) -> None:
    """Whoever writes the key itself into a settings file is told so, and the key is not printed."""
    path = "$.providers.x.key: "
    assert sentences({"providers": {"x": {"key": key}}}) == [
        path + "must be the name of an environment variable such as OPENAI_API_KEY, never the key itself"
    ]


def test_every_problem_is_told_at_once_but_not_without_end() -> None:
    """A file full of nonsense gives a bounded list."""
    layer = {"models": {f"m{number}": {"nonsense": 1, "context": "x"} for number in range(1000)}}
    assert len(problems(layer, SCHEMA)) == MOST_PROBLEMS
    assert len(problems(dict.fromkeys(map(str, range(1000)), 1), SCHEMA)) == MOST_PROBLEMS


def test_patterned_names_are_known() -> None:
    """Names that a schema allows by a pattern are not reported beside those that it does not."""
    schema = {"patternProperties": {"^x-": {}}, "additionalProperties": False}
    assert [problem.path for problem in problems({"x-a": 1, "y": 2}, schema)] == ["$.y"]


@pytest.mark.parametrize(
    ("schema", "document", "message"),
    [
        ({"maximum": 3}, 4, "must be at most 3"),
        ({"exclusiveMaximum": 3}, 3, "must be less than 3"),
        ({"minLength": 3}, "a", "must have at least 3 characters"),
        ({"maxLength": 1}, "ab", "must have at most 1 characters"),
        ({"maxItems": 1}, [1, 2], "must have at most 1 entries"),
        ({"minProperties": 1}, {}, "must not be empty"),
        ({"uniqueItems": True}, [1, 1], "must not have the same entry twice"),
        ({"pattern": "^a"}, "b", "does not have the form that is wanted"),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            1,
            "fits none of the forms that are allowed, or more than one",
        ),
        ({"not": {}}, 1, "breaks the schema's rule `not`"),
        ({"enum": [1, None, "a"]}, 2, "must be one of 1, None, a"),
        (
            {"properties": {"propertyNames": {"type": "integer"}}},
            {"propertyNames": "a"},
            "must be a whole number, not a text",
        ),
    ],
)
def test_any_schema_can_be_checked_against(schema: dict[str, object], document: object, message: str) -> None:
    """A user's own schema for answers is checked by the same words."""
    assert [problem.message for problem in problems(document, schema)] == [message]


def test_an_older_draft_is_read_as_what_it_is() -> None:
    """A schema that names its draft is checked by that draft."""
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}]}
    check_schema(schema, source="s.json")
    assert [problem.path for problem in problems([1], schema)] == ["$[0]"]


def test_a_schema_is_never_fetched() -> None:
    """A reference to another place is an error that names it; nothing goes out."""
    with pytest.raises(OutriderError, match=r"refers to `https://evil\.example/s\.json`, which is not in it"):
        problems({}, {"$ref": "https://evil.example/s.json"})


def test_a_document_without_end_is_refused() -> None:
    """Depth that a recursive schema follows ends in an error of ours."""
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(OutriderError, match="nested too deeply"):
        problems(deep, {"items": {"$ref": "#"}})


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ([], "s.json is not a JSON Schema: it is a list"),
        (None, "s.json is not a JSON Schema: it is null"),
        (
            {"type": "texxt"},
            "s.json is not a JSON Schema: $.type fits none of the forms that are allowed, or more than one",
        ),
        (
            {"properties": {"a": {"minLength": -1}}},
            "s.json is not a JSON Schema: $.properties.a.minLength must be at least 0",
        ),
    ],
)
def test_a_schema_that_is_none_is_refused(schema: object, message: str) -> None:
    """What is not a sound schema is told where it is not."""
    with pytest.raises(OutriderError) as caught:
        check_schema(schema, source="s.json")
    assert caught.value.message == message


def test_our_own_schema_is_sound() -> None:
    """The schema that is rendered is a JSON Schema."""
    check_schema(SCHEMA, source="models.schema.json")


def test_the_library_is_loaded_by_checking_only() -> None:
    """Importing the room costs nothing of the library's 50 ms."""
    program = "import sys, outrider.doors.schemas; print('jsonschema' in sys.modules, 'yaml' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT / "helper")},
    )
    assert done.stdout == "False False\n"


@pytest.mark.parametrize(
    "schema",
    [
        {"$defs": {"a": {"type": "string"}}, "properties": {"x": {"$ref": "#/$defs/a"}}},
        {"properties": {"next": {"$ref": "#"}}},
        {"$defs": {"a": {"$id": "https://example.com/a"}}, "$ref": "https://example.com/a"},
        {"enum": [{"$ref": "#/nowhere"}], "properties": {"$ref": {"type": "string"}}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {}}, "$ref": "#/definitions/a"},
    ],
)
def test_a_reference_that_leads_somewhere_is_sound(schema: Any) -> None:
    """Within the schema, to itself, by a name of its own; what is only a value is none."""
    check_schema(schema, source="it")


def test_an_answer_that_a_schema_cannot_judge_is_an_answer_that_does_not_fit() -> None:
    """What only shows when it is used ends the call and no more: its price is known by then."""
    found = judged({"$ref": "#"}, Answer(text="{}", usage=Usage()))
    assert isinstance(found, Failure)
    assert (found.kind, "cannot be judged" in found.message) == ("bad_response", True)
