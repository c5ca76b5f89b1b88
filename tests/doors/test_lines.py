"""File and line of a setting, in JSON and in YAML."""

from pathlib import Path

import pytest

from outrider.doors.lines import line_of, lines_of, located

JSON = '{\n "models": {\n  "my.fast": {"id": "x"}\n }\n}\n'
YAML = "models:\n  my.fast:\n    id: x\n"


@pytest.mark.parametrize(("name", "text", "line"), [("a.json", JSON, 3), ("a.yaml", YAML, 3)])
def test_a_setting_is_found_in_its_file(tmp_path: Path, name: str, text: str, line: int) -> None:
    """The origin gets the line, in either language, byte order mark or not."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8-sig" if name.endswith("json") else "utf-8")
    assert located('$.models["my.fast"].id', f"user {path}") == f"user {path}:{line}"


def test_what_is_no_longer_there_gets_the_line_around_it(tmp_path: Path) -> None:
    """A value that was taken out is looked for in what held it."""
    path = tmp_path / "a.json"
    path.write_text(JSON, encoding="utf-8")
    lines = lines_of(str(path))
    assert [line_of(place, lines) for place in ('$.models["my.fast"].price', "$.models.other", "$.rules[3]")] == [
        3,
        2,
        1,
    ]


@pytest.mark.parametrize("data", [None, b"", b"a: *b\n"])
def test_a_file_that_cannot_be_read_has_no_lines(tmp_path: Path, data: bytes | None) -> None:
    """A missing, empty or refused file leaves the origin as it was."""
    path = tmp_path / "a.yaml"
    if data is not None:
        path.write_bytes(data)
    assert located("$.default", f"user {path}") == f"user {path}"
    assert located("$.default", "flag") == "flag"
    assert lines_of(str(tmp_path)) == {}
