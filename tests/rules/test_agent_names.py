"""Who has the name of an agent, and who wins."""

import pytest

from outrider.rules.agent_names import Claims, where_clashes


@pytest.mark.parametrize(
    ("name", "user", "project", "kind"),
    [
        ("scout", {}, {}, None),
        ("scout", {"other": ["/u/o.md"]}, {"other": "/p/o.md"}, None),
        ("scout", {"scout": ["/u/s.md"]}, {}, "late"),
        ("scout", {"scout": ["/u/s.md"]}, {"scout": "/p/s.md"}, "project"),
        ("scout", {}, {"scout": "/p/s.md"}, "project"),
        ("outrider-scout", {"scout": ["/u/s.md"]}, {}, "yours"),
        ("outrider-scout", {"scout": ["/u/s.md"]}, {"scout": "/p/s.md"}, "yours"),
        ("outrider-scout", {"outrider-scout": ["/u/s.md"]}, {}, "late"),
        ("outrider-scout", {}, {"outrider-scout": "/p/s.md"}, "project"),
        ("outrider-scout", {}, {}, None),
        ("outrider:scout", {"scout": ["/u/s.md"]}, {"scout": "/p/s.md"}, "yours"),
    ],
)
def test_a_clash(name: str, user: dict[str, list[str]], project: dict[str, str], kind: str | None) -> None:
    """A project's agent wins, a late one of the user's loses without a word, one that was there keeps its name."""
    found = list(where_clashes(Claims(names={"scout": name}, user=user, project=project)))
    assert [clash.kind for clash in found] == ([] if kind is None else [kind])
