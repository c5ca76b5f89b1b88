"""Everything that is wrong with the layers, at once."""

from pathlib import Path

import pytest

from outrider.doors import registry
from outrider.doors.findings import Finding, problems
from outrider.doors.settings import Places, places


@pytest.fixture
def where(home: Path, tmp_path: Path) -> Places:
    """Gives the places of a project with a folder for settings, and a home with one."""
    (tmp_path / "repo" / ".claude" / "config").mkdir(parents=True)
    (home / ".claude" / "config").mkdir(parents=True)
    return places(cwd=str(tmp_path / "repo"))


def found(where: Places, *, trusted: bool = False) -> tuple[Finding, ...]:
    """Checks what is there."""
    return problems(where, registry.read_sources(where), trusted=trusted)


def test_sound_layers_have_no_problem(where: Places) -> None:
    """The bundled registry alone, and an empty layer over it."""
    assert found(where) == ()
    Path(where.claude, "config", "models.local.json").write_text("{}", encoding="utf-8")
    assert found(where) == ()


def test_every_layer_tells_its_problems(where: Places) -> None:
    """File, line and path of each; one broken file hides no other."""
    user = Path(where.claude, "config", "models.local.yaml")
    user.write_text("models:\n  a:\n    prvider: x\nlimts: {}\n", encoding="utf-8")
    project = Path(str(where.project), ".claude", "config", "models.json")
    project.write_text('{\n "x": }', encoding="utf-8")
    assert [finding.sentence for finding in found(where)] == [
        f"{project}: is not JSON: Expecting value in line 2",
        f"{user}:4: $.limts: `limts` is not known here; did you mean `limits`?",
        f"{user}:3: $.models.a.prvider: `prvider` is not known here; did you mean `provider`?",
    ]


def test_a_contradiction_is_found_in_its_layer(where: Places) -> None:
    """What no layer alone shows is placed in the file that said it."""
    user = Path(where.claude, "config", "models.local.json")
    user.write_text(
        '{"models": {"mine": {"provider": "nobody", "id": "x"}},\n "tasks": {"t": {"chain":\n  ["nothing"]}}}',
        encoding="utf-8",
    )
    assert found(where) == (
        Finding(message="no provider is called `nobody`", path="$.models.mine.provider", file=str(user), line=1),
        Finding(message="no model is called `nothing`", path="$.tasks.t.chain[0]", file=str(user), line=3),
    )


def test_what_is_not_trusted_contradicts_nothing(where: Places) -> None:
    """A project's chain counts, and is judged, when it is trusted."""
    path = Path(str(where.project), ".claude", "config", "models.json")
    path.write_text('{"tasks": {"t": {"chain": ["nothing"]}}}', encoding="utf-8")
    assert found(where) == ()
    assert [finding.path for finding in found(where, trusted=True)] == ["$.tasks.t.chain[0]"]


def test_a_name_that_means_two_things_is_found(where: Places) -> None:
    """Twice in one layer is a problem."""
    user = Path(where.claude, "config", "models.local.json")
    user.write_text('{"aliases": {"x": "echo.echo"},\n "tasks": {"x": {"chain": ["echo.echo"]}}}', encoding="utf-8")
    assert [(finding.path, finding.line) for finding in found(where)] == [("$.tasks.x", 2)]
