"""Writing the user's own layer."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from outrider.doors import user_layer
from outrider.doors.settings import Places, places
from outrider.errors import OutriderError


@pytest.fixture
def where(home: Path, tmp_path: Path) -> Places:
    """Gives the places of an empty home."""
    return places(cwd=str(tmp_path))


def add(values: dict[str, Any]) -> None:
    """Adds a provider."""
    values.setdefault("providers", {})["here"] = {"dialect": "openai", "base_url": "http://localhost:1/v1"}


def test_the_rest_of_the_layer_is_kept(where: Places) -> None:
    """Other content, its order and the file's mode stay."""
    path = Path(where.claude) / "config" / "models.local.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"default": "simple", "aliases": {"ä": "echo.echo"}}', encoding="utf-8")
    path.chmod(0o640)
    written, registry = user_layer.change(where, add)
    assert written == str(path.resolve())
    assert registry.providers["here"].base_url == "http://localhost:1/v1"
    assert list(json.loads(path.read_text(encoding="utf-8"))) == ["default", "aliases", "providers"]
    assert "ä" in path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_to_ones_dotfiles_stays_a_link(where: Places, tmp_path: Path) -> None:
    """The file behind it is written."""
    path = Path(where.claude) / "config" / "models.local.json"
    path.parent.mkdir(parents=True)
    (tmp_path / "dotfile.json").write_text("{}", encoding="utf-8")
    path.symlink_to(tmp_path / "dotfile.json")
    user_layer.change(where, add)
    assert path.is_symlink()
    assert "here" in (tmp_path / "dotfile.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("before", [None, '{"default":   "simple"}'])
def test_what_would_not_be_valid_is_taken_back(where: Places, before: str | None) -> None:
    """The file is as it was, to the byte, or is not there."""
    path = Path(where.claude) / "config" / "models.local.json"
    if before is not None:
        path.parent.mkdir(parents=True)
        path.write_text(before, encoding="utf-8")
    with pytest.raises(OutriderError, match="nothing"):
        user_layer.change(where, lambda values: values.update({"default": "nothing"}))
    assert (path.read_text(encoding="utf-8") if path.exists() else None) == before


def test_yaml_is_the_users_to_write(where: Places) -> None:
    """A program would not keep its comments."""
    path = Path(where.claude) / "config" / "models.local.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("default: simple # mine\n", encoding="utf-8")
    with pytest.raises(user_layer.InYaml) as told:
        user_layer.change(where, add)
    assert told.value.path == str(path)
    assert path.read_text(encoding="utf-8") == "default: simple # mine\n"


def test_two_who_add_at_once_lose_nothing(where: Places) -> None:
    """Every one of many rows is there, and the layer is valid after each."""

    def add_one(number: int) -> None:
        row = {"dialect": "openai", "base_url": f"http://localhost:{number + 1}/v1"}
        user_layer.change(where, lambda values: values.setdefault("providers", {}).update({f"here{number}": row}))

    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(add_one, range(8)))
    assert len(user_layer.read(where)["providers"]) == 8
