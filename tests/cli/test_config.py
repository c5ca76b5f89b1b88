"""`outrider config`: every problem at once, and where every file is."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell, write_layer

BUNDLED = Path(__file__).parents[2] / ".claude" / "config" / "models.json"


def test_a_sound_configuration_says_so(typed: Shell, home: Path) -> None:
    """The layers, and what is odd and allowed on stderr."""
    path = write_layer(
        home, {"models": {"gpt": {"provider": "echo", "id": "echo"}}, "tasks": {"x": {"chain": ["kimi"]}}}
    )
    checked = typed("config", "check")
    assert (checked.code, checked.out) == (0, f"bundled: {BUNDLED}\nuser: {path}\nthe configuration is sound\n")
    assert checked.err.splitlines()[0] == (
        f"outrider: {path}: `gpt` was one of the bundled layer's aliases, and is now one of its models"
    )
    assert "outrider: nothing in tasks.x can be used now (kimi: no key (" in checked.err
    assert typed("config", "-q").err == ""


def test_every_problem_is_told_at_once(typed: Shell, home: Path) -> None:
    """With file, line, path and the nearest known name; exit 2, in both forms."""
    path = write_layer(home, {})
    path.write_text(
        '{"limts": {},\n "models": {"a": {"prvider": "x"}},\n "privacy": {"private": "yes"}}', encoding="utf-8"
    )
    checked = typed("config", "check")
    assert checked.code == 2
    assert checked.out.splitlines()[2:] == [
        f"problem: {path}:1: $.limts: `limts` is not known here; did you mean `limits`?",
        f"problem: {path}:2: $.models.a.prvider: `prvider` is not known here; did you mean `provider`?",
        f"problem: {path}:3: $.privacy.private: must be true or false, not a text",
    ]
    assert checked.err == (
        "error: the configuration has 3 problems\nhint: mend them, then run `outrider config check` again\n"
    )
    shape = typed("config", "check", "--json")
    assert shape.code == 2
    assert shape.json["ok"] is False
    assert [(problem["line"], problem["path"]) for problem in shape.json["problems"]] == [
        (1, "$.limts"), (2, "$.models.a.prvider"), (3, "$.privacy.private"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"nonsense", "is not JSON: "),
        (b"[]", "holds no object of settings"),
        (b'{"default": "simple", "default": "x"}', "has the name `default` twice in one place"),
        (b"[" * 100_000, "is nested too deeply"),
        (b'{"default": "\xff"}', "is not UTF-8 text"),
        (b'{"aliases": {"a": "b", "b": "a"}}', "leads back to itself"),
        (b'{"tasks": {"t": {"chain": ["nope"]}}}', "no model is called `nope`"),
        (b" " * 2_000_000, "more than 1,048,576"),
    ],
)
def test_a_strange_file_is_a_problem_and_no_crash(typed: Shell, home: Path, data: bytes, message: str) -> None:
    """Told by `check` with the file's name, and by every other command as one error with a hint."""
    path = write_layer(home, {})
    path.write_bytes(data)
    checked = typed("config", "check")
    assert checked.code == 2
    assert message in checked.out
    assert str(path) in checked.out
    other = typed("models")
    assert (other.code, other.out) == (2, "")
    assert other.err.startswith("error: ")
    assert "\nhint: " in other.err


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_a_problem(typed: Shell, home: Path, make: Any) -> None:
    """A folder or a pipe in the file's place is named, and not waited for."""
    path = write_layer(home, {})
    path.unlink()
    make(path)
    assert f"problem: {path} is not a regular file\n" in typed("config", "check").out


def test_a_project_is_named_with_its_trust(typed: Shell, tmp_path: Path) -> None:
    """What it may, and whether it is trusted."""
    folder = tmp_path / "work" / ".claude" / "config"
    folder.mkdir(parents=True)
    (folder / "models.json").write_text('{"default": "simple"}', encoding="utf-8")
    shape = typed("config", "--json").json
    assert shape["layers"][1] == {"name": "project", "path": str(folder / "models.json"), "trusted": False}
    assert any("is not trusted" in text for text in shape["warnings"])
    assert "(not trusted: it may only tighten; see `outrider trust`)\n" in typed("config").out
    typed("trust", "--yes")
    assert typed("config", "--json").json["layers"][1]["trusted"] is True
    assert f"project: {folder / 'models.json'} (trusted)\n" in typed("config").out


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda values: values, None),
        (lambda values: {**values, "default": "simple"}, "differs from this version's registry at $.default; "),
        (lambda _: [], "holds no object of settings; "),
    ],
)
def test_a_hand_edit_is_named_with_its_place(typed: Shell, home: Path, edit: Any, words: str | None) -> None:
    """The registry that is there for reading is not used; what is meant belongs into the user's layer."""
    layer = write_layer(home, {})
    path = layer.with_name("models.json")
    path.write_text(json.dumps(edit(json.loads(BUNDLED.read_bytes()))), encoding="utf-8")
    warnings = [text for text in typed("config", "--json").json["warnings"] if str(path) in text]
    instead = f"it is for reading only, and not used: put your settings into {layer}"
    assert warnings == ([] if words is None else [f"{path} {words}{instead}"])
    path.write_text("{", encoding="utf-8")
    assert f"{path} cannot be read as JSON; {instead}" in typed("config", "--json").json["warnings"]


def test_two_layers_of_the_users_are_said(typed: Shell, home: Path) -> None:
    """JSON and YAML side by side both count."""
    path = write_layer(home, {})
    path.with_suffix(".yaml").write_text("default: simple\n", encoding="utf-8")
    assert f"both {path} and {path.with_suffix('.yaml')} are there" in typed("config").err


def test_every_file_has_its_place(typed: Shell, home: Path, tmp_path: Path) -> None:
    """Those that are there, and those that would be."""
    (tmp_path / "work" / ".git").mkdir()
    layer = write_layer(home, {})
    shape = typed("config", "path", "--json").json
    assert (shape["home"], shape["project"]) == (str(home / ".config" / "outrider"), str(tmp_path / "work"))
    files = {row["path"]: row["exists"] for row in shape["files"]}
    assert files[str(layer)] is True
    assert files[str(home / ".config" / "outrider" / "env")] is False
    assert files[str(tmp_path / "work" / ".claude" / "config" / "models.json")] is False
    assert len(typed("config", "path").out.splitlines()) == len(files) + 1
