"""Trust is about exact bytes at a real place, and only our home says who has it."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from outrider.doors import trust
from outrider.doors.settings import Places
from outrider.errors import StorageFault
from tests.doors.booking import places_at

Files = tuple[tuple[str, bytes], ...]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Returns places with an empty home."""
    return places_at(tmp_path / "ours")


@pytest.fixture
def project(tmp_path: Path) -> str:
    """Makes a checkout."""
    (tmp_path / "project").mkdir()
    return str(tmp_path / "project")


def files_of(project: str, content: bytes = b"{}") -> Files:
    """Returns a project's files as they were read."""
    return ((f"{project}/.claude/config/models.json", content),)


def test_nothing_is_trusted_at_first(places: Places, project: str) -> None:
    """Asking makes no file."""
    assert not trust.is_trusted(places, project, files_of(project))
    assert not trust.revoke(places, project)
    assert not Path(places.home).exists()


def test_trust_is_granted_to_exact_bytes(places: Places, project: str) -> None:
    """One changed byte, one more file, another name: each is another thing to judge."""
    trust.grant(places, project, files_of(project))
    assert trust.is_trusted(places, project, files_of(project))
    path, content = files_of(project)[0]
    others: list[Files] = [
        (),
        ((path, b"{ }"),),
        ((path, b""),),
        ((path.replace("models", "models.local"), content),),
        ((path, content), (path.replace("models", "models.local"), b"")),
        ((path, content), (path, content)),
    ]
    assert [trust.is_trusted(places, project, files) for files in others] == [False] * len(others)


def test_where_one_file_ends_and_the_next_begins_counts(project: str) -> None:
    """No two sets of files share a digest because their bytes run together."""
    one = trust.digest(project, ((f"{project}/a", b"bc"), (f"{project}/d", b"")))
    two = trust.digest(project, ((f"{project}/a", b"b"), (f"{project}/cd", b"")))
    three = trust.digest(project, ((f"{project}/ab", b"c"), (f"{project}/d", b"")))
    assert len({one, two, three}) == 3


def test_trust_is_bound_to_the_place(places: Places, project: str, tmp_path: Path) -> None:
    """A copy elsewhere is another project; a link to it is the same."""
    trust.grant(places, project, files_of(project))
    (tmp_path / "copy").mkdir()
    (tmp_path / "link").symlink_to("project")
    copy, link = str(tmp_path / "copy"), str(tmp_path / "link")
    assert not trust.is_trusted(places, copy, files_of(copy))
    assert trust.is_trusted(places, link, files_of(link))
    assert trust.digest(project, ()) == trust.digest(link, ()) != trust.digest(copy, ())


def test_trust_is_taken_back(places: Places, project: str, tmp_path: Path) -> None:
    """Of one project, and of no other."""
    trust.grant(places, project, files_of(project))
    trust.grant(places, str(tmp_path), files_of(str(tmp_path)))
    assert trust.revoke(places, project)
    assert not trust.revoke(places, project)
    assert not trust.is_trusted(places, project, files_of(project))
    assert trust.is_trusted(places, str(tmp_path), files_of(str(tmp_path)))


def test_a_new_grant_replaces_the_old(places: Places, project: str) -> None:
    """What was trusted before is trusted no more."""
    trust.grant(places, project, files_of(project, b"old"))
    trust.grant(places, project, files_of(project, b"new"))
    assert not trust.is_trusted(places, project, files_of(project, b"old"))
    assert trust.is_trusted(places, project, files_of(project, b"new"))


def test_the_file_is_its_owners_alone(places: Places, project: str) -> None:
    """Who could write it could trust anything."""
    trust.grant(places, project, files_of(project))
    assert stat.S_IMODE(Path(places.ours("trust.json")).stat().st_mode) == 0o600
    assert stat.S_IMODE(Path(places.home).stat().st_mode) == 0o700


def test_two_grants_at_once_lose_nothing(places: Places, tmp_path: Path) -> None:
    """Every one of many is kept."""

    def grant(number: int) -> None:
        trust.grant(places, str(tmp_path / str(number)), ())

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(grant, range(24)))
    assert len(trust.granted(places)) == 24


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"projects": 7}', "[" * 100_000])
def test_a_damaged_file_trusts_nobody(places: Places, project: str, content: str) -> None:
    """It is named with the way out, and left as it is."""
    Path(places.home).mkdir()
    path = Path(places.ours("trust.json"))
    path.write_text(content, encoding="utf-8")
    for work in (
        lambda: trust.is_trusted(places, project, files_of(project)),
        lambda: trust.grant(places, project, files_of(project)),
        lambda: trust.revoke(places, project),
    ):
        with pytest.raises(StorageFault) as caught:
            work()
        assert caught.value.hint == f"remove it and trust again: `rm {path}`"
    assert path.read_text(encoding="utf-8") == content


def test_a_link_in_place_of_the_file_is_not_followed(places: Places, project: str, tmp_path: Path) -> None:
    """A file elsewhere trusts nobody."""
    elsewhere = places_at(tmp_path / "elsewhere")
    trust.grant(elsewhere, project, files_of(project))
    Path(places.home).mkdir()
    Path(places.ours("trust.json")).symlink_to(elsewhere.ours("trust.json"))
    with pytest.raises(StorageFault, match="cannot read"):
        trust.is_trusted(places, project, files_of(project))
