"""Where everything is: inside Claude Code no checkout moves our folders into itself."""

from pathlib import Path

import pytest

from outrider.doors.settings import places
from outrider.errors import Refused


@pytest.mark.parametrize("name", ["HOME", "OUTRIDER_HOME", "CLAUDE_CONFIG_DIR"])
@pytest.mark.parametrize("where", ["", "evil", "sub/evil", "../link"])
@pytest.mark.parametrize("cwd", ["", "src", "sub"])
def test_a_checkout_moves_no_folder_of_ours_into_itself(name: str, where: str, cwd: str, tmp_path: Path) -> None:
    """HOME, ours and the client's, set to a folder of the checkout or of one around it, are refused there."""
    root = tmp_path / "repo"
    for folder in (".git", "src", "evil", "sub/.git", "sub/evil"):
        (root / folder).mkdir(parents=True)
    (tmp_path / "link").symlink_to(root / "evil")
    env = {"HOME": str(tmp_path / "home"), "CLAUDECODE": "1", name: str(root / where)}
    with pytest.raises(Refused, match=name):
        places(environment=env, cwd=str(root / cwd))
    del env["CLAUDECODE"]
    places(environment=env, cwd=str(root / cwd))


@pytest.mark.parametrize("cwd", [".", "repo", "notes"])
def test_a_checkout_inside_the_home_is_as_any_other(cwd: str, tmp_path: Path) -> None:
    """A home that holds settings and checkouts is where it is, for a client inside of it too."""
    for folder in (".claude/config", "repo/.git", "notes"):
        (tmp_path / folder).mkdir(parents=True)
    env = {"HOME": str(tmp_path), "CLAUDECODE": "1", "CLAUDE_CONFIG_DIR": str(tmp_path / ".claude")}
    found = places(environment=env, cwd=str(tmp_path / cwd))
    assert (found.home, found.claude) == (f"{tmp_path}/.config/outrider", f"{tmp_path}/.claude")
