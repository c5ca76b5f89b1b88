"""What stands until it is switched: in our home, by user and by project, never in a repository."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from outrider.doors import state
from outrider.doors.settings import Places
from outrider.errors import StorageFault
from outrider.records import replace
from tests.doors.booking import places_at


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Returns places inside of a checkout."""
    (tmp_path / "project").mkdir()
    return replace(places_at(tmp_path / "ours"), project=str(tmp_path / "project"))


def test_nothing_stands_at_first(places: Places) -> None:
    """Reading makes no file."""
    assert state.standing(places) == ({}, {})
    assert not Path(places.home).exists()


def test_a_choice_stands_until_it_is_taken_back(places: Places) -> None:
    """By user and by project apart; None takes one back and leaves the others."""
    state.change(places, {"preset": "cheap", "fallback": False}, for_project=False)
    state.change(places, {"preset": "best"}, for_project=True)
    project, user = state.standing(places)
    assert project == {"preset": "best"}
    assert {name: user[name] for name in ("preset", "fallback")} == {"preset": "cheap", "fallback": False}
    state.change(places, {"preset": None}, for_project=True)
    state.change(places, {"preset": None, "never set": None}, for_project=False)
    project, user = state.standing(places)
    assert (project, user["fallback"], "preset" in user) == ({}, False, False)


def test_a_project_is_known_by_where_it_really_is(places: Places, tmp_path: Path) -> None:
    """A link to a checkout is that checkout; another has its own choices."""
    state.change(places, {"preset": "best"}, for_project=True)
    (tmp_path / "link").symlink_to("project")
    (tmp_path / "other").mkdir()
    assert state.standing(replace(places, project=str(tmp_path / "link")))[0] == {"preset": "best"}
    assert state.standing(replace(places, project=str(tmp_path / "other")))[0] == {}
    assert state.standing(replace(places, project=None))[0] == {}


def test_nothing_is_written_into_the_repository(places: Places) -> None:
    """The file is in our home, for its owner alone."""
    state.change(places, {"preset": "best"}, for_project=True)
    assert list(Path(places.project or "").iterdir()) == []
    assert stat.S_IMODE(Path(places.ours("state.json")).stat().st_mode) == 0o600


def test_two_who_switch_at_once_lose_nothing(places: Places, tmp_path: Path) -> None:
    """Every one of many choices is kept."""

    def switch(number: int) -> None:
        state.change(replace(places, project=str(tmp_path / str(number))), {"preset": "best"}, for_project=True)

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(switch, range(24)))
    assert len(state.load(places)["projects"]) == 24


@pytest.mark.parametrize("content", ["", "{", "[]", "7", "\xff", "[" * 100_000])
def test_a_damaged_file_is_named(places: Places, content: str) -> None:
    """It is left as it is, and the hint says how to go on."""
    Path(places.home).mkdir()
    path = Path(places.ours("state.json"))
    path.write_bytes(content.encode("latin-1"))
    for work in (
        lambda: state.standing(places),
        lambda: state.change(places, {"preset": "best"}, for_project=False),
    ):
        with pytest.raises(StorageFault) as caught:
            work()
        assert caught.value.message == f"{path} is damaged"
        assert caught.value.hint == f"remove it and switch again: `rm {path}`"
    assert path.read_bytes() == content.encode("latin-1")


@pytest.mark.parametrize("content", ['{"projects": []}', '{"projects": {"PROJECT": "best"}}', '{"projects": 7}'])
def test_a_file_of_another_shape_is_damaged_too(places: Places, content: str) -> None:
    """A hand that slipped is one line, not a traceback."""
    Path(places.home).mkdir()
    path = Path(places.ours("state.json"))
    path.write_text(content.replace("PROJECT", places.project or ""), encoding="utf-8")
    for for_project in (True, False):
        with pytest.raises(StorageFault, match="is damaged"):
            state.change(places, {"preset": "best"}, for_project=for_project)
    with pytest.raises(StorageFault, match="is damaged"):
        state.standing(places)


def test_a_link_in_place_of_the_file_is_not_followed(places: Places, tmp_path: Path) -> None:
    """What it leads to says nothing and is not written."""
    Path(places.home).mkdir()
    (tmp_path / "elsewhere").write_text('{"preset": "best"}', encoding="utf-8")
    Path(places.ours("state.json")).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageFault, match="cannot read"):
        state.standing(places)
