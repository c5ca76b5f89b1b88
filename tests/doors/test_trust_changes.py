"""Trust: exact bytes at a real path, the worktrees of one clone, and what the managed layer names."""

import os
from pathlib import Path

import pytest

from outrider.doors import registry, trust
from outrider.doors.settings import Places, places
from outrider.records import replace

SETTINGS = ".claude/config/models.json"
SAID = b'{"default": "coding"}'


def checkout(folder: Path, data: bytes = SAID) -> Path:
    """Makes a clone with settings of its own."""
    (folder / ".git").mkdir(parents=True)
    return settle(folder, data)


def settle(folder: Path, data: bytes) -> Path:
    """Writes a checkout's settings."""
    path = folder / SETTINGS
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return folder


def worktree(clone: Path, folder: Path, data: bytes = SAID, *, named: str | None = None) -> Path:
    """Makes a worktree of a clone; `named` is what the clone says of it."""
    own = clone / ".git" / "worktrees" / folder.name
    own.mkdir(parents=True)
    (own / "commondir").write_text("../..\n")
    (own / "gitdir").write_text(named or f"{folder}/.git\n")
    folder.mkdir(parents=True)
    (folder / ".git").write_text(f"gitdir: {own}\n")
    return settle(folder, data)


def trusted(folder: Path) -> bool:
    """Whether a checkout's settings count."""
    where = places(cwd=str(folder))
    return registry.is_trusted(where, registry.read_sources(where))


def grant(folder: Path) -> Places:
    """Trusts a checkout as it is."""
    where = places(cwd=str(folder))
    trust.grant(where, str(folder), registry.project_files(where, registry.read_sources(where)))
    return where


def test_trust_is_of_exact_bytes_at_a_real_path(tmp_path: Path) -> None:
    """Another byte, another place or a link to the same place: only the last is trusted too."""
    one, two = checkout(tmp_path / "one"), checkout(tmp_path / "two")
    grant(one)
    (tmp_path / "link").symlink_to(one)
    assert [trusted(one), trusted(two), trusted(tmp_path / "link")] == [True, False, True]
    settle(one, SAID + b" ")
    assert not trusted(one)


def test_a_worktree_with_equal_bytes_is_covered(tmp_path: Path) -> None:
    """Trust given in the clone or in one worktree holds in the others, while their settings are the same."""
    clone = checkout(tmp_path / "clone")
    same, other = worktree(clone, tmp_path / "same"), worktree(clone, tmp_path / "other", b'{"default": "chat"}')
    grant(same)
    assert [trusted(clone), trusted(same), trusted(other)] == [True, True, False]
    assert trust.revoke(places(cwd=str(clone)), str(clone)) == (str(same),)
    assert [trusted(clone), trusted(same)] == [False, False]


@pytest.mark.parametrize(
    "forge",
    [
        lambda evil, clone: (evil / ".git").write_text(f"gitdir: {clone}/.git\n"),
        lambda evil, clone: (evil / ".git").write_text(f"gitdir: {clone}/.git/worktrees/same\n"),
        lambda evil, clone: (evil / ".git").symlink_to(clone / ".git"),
        lambda evil, _: os.mkfifo(evil / ".git"),
        lambda evil, _: (evil / ".git").write_bytes(b"gitdir: \0\n" + b"x" * 9_000),
    ],
    ids=["the clone itself", "another's worktree", "a link", "a pipe", "rubbish"],
)
def test_a_folder_that_only_says_it_is_a_worktree_is_none(tmp_path: Path, forge: object) -> None:
    """The clone must name the worktree as well: a checkout that points at a trusted clone is not covered."""
    clone = checkout(tmp_path / "clone")
    worktree(clone, tmp_path / "same")
    grant(clone)
    evil = settle(tmp_path / "evil", SAID)
    forge(evil, clone)  # type: ignore[operator]
    assert not trusted(evil)


def test_a_forged_worktree_with_folders_of_its_own_is_none(tmp_path: Path) -> None:
    """A checkout that brings a folder which claims a trusted clone as its common one is not covered."""
    clone = checkout(tmp_path / "clone")
    grant(clone)
    evil = settle(tmp_path / "evil", SAID)
    own = evil / "meta" / "worktrees" / "evil"
    own.mkdir(parents=True)
    (own / "commondir").write_text(f"{clone}/.git\n")
    (own / "gitdir").write_text(f"{evil}/.git\n")
    (evil / ".git").write_text("gitdir: meta/worktrees/evil\n")
    assert not trusted(evil)


def test_the_bytes_that_were_trusted_are_kept_for_their_owner_alone(tmp_path: Path) -> None:
    """A change can be shown because the old bytes are in our home, 0600 in 0700; what nobody needs is removed."""
    one = checkout(tmp_path / "one")
    where = grant(one)
    settle(one, b"{}")
    found = trust.last_trusted(where, str(one))
    assert found is not None
    assert (found[0], found[2]) == (str(one), {SETTINGS: SAID})
    folder = Path(where.ours("trust"))
    assert {folder.stat().st_mode & 0o777, *(path.stat().st_mode & 0o777 for path in folder.iterdir())} == {
        0o700, 0o600,
    }  # fmt: skip
    assert Path(where.ours("trust.json")).stat().st_mode & 0o777 == 0o600
    grant(one)
    assert len(list(folder.iterdir())) == 1


def test_a_grant_of_the_first_version_still_counts(tmp_path: Path) -> None:
    """A book of trust that kept digests alone is read; nothing can be shown of what it trusted."""
    one = checkout(tmp_path / "one")
    where = places(cwd=str(one))
    files = registry.project_files(where, registry.read_sources(where))
    os.makedirs(where.home)
    Path(where.ours("trust.json")).write_text(
        f'{{"version": 1, "projects": {{"{one}": "{trust.digest(str(one), files)}"}}}}'
    )
    assert trusted(one)
    assert trust.last_trusted(where, str(one)) is None


@pytest.mark.skipif(os.getuid() != 0, reason="only a file of root's is a managed layer")
def test_the_managed_layer_names_what_is_trusted(tmp_path: Path) -> None:
    """A repository that root's own layer names is trusted with any bytes; one that anybody may write names nothing."""
    one = checkout(tmp_path / "one")
    managed = tmp_path / "models.json"
    managed.write_text(f'{{"trust": ["{tmp_path}/*"]}}')
    managed.chmod(0o644)
    where = replace(places(cwd=str(one)), managed=str(managed))
    assert registry.is_trusted(where, registry.read_sources(where))
    assert registry.load(where).values["default"] == "coding"
    managed.chmod(0o666)
    assert not registry.is_trusted(where, registry.read_sources(where))
    managed.chmod(0o644)
    os.chown(managed, 65_534, 0)
    assert not registry.is_trusted(where, registry.read_sources(where))
