"""Reading other tools' files."""

from pathlib import Path

import pytest

from outrider.doors.foreign import read_document, read_folder
from outrider.errors import OutriderError

KEY = "sk-abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("a.json", '{"a": "b // c", /* no */ "d": [1, 2,], // e\n}', {"a": "b // c", "d": [1, 2]}),
        ("a.json", '\ufeff{"a": 1.5}', {"a": 1.5}),
        ("a.json", '{\n\t"a": "/* b */",\n\t"c": ",]"\n}', {"a": "/* b */", "c": ",]"}),
        ("a.json5", "{a: 1, b: 'two'}", {"a": 1, "b": "two"}), ("a.yaml", "a: [yes, 1]", {"a": ["yes", 1]}),
        ("default_model.txt", "gpt\n", "gpt\n"),
    ],
)  # fmt: skip
def test_a_file_is_json_with_comments_or_yaml(tmp_path: Path, name: str, text: str, value: object) -> None:
    """What stands in quotes is text, whatever it looks like."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_document(str(tmp_path / name)) == value


@pytest.mark.parametrize(
    "data",
    [
        f'{{"k": "{KEY}", "k": 1}}'.encode(), f'{{"k": "{KEY}" oops'.encode(), f"k: {KEY}\n\t- x: [".encode(),
        b"a: &x [1]\nb: *x\n", b"\xff\xfe\x00", b"[" * 5_000, b'{"a":' * 5_000, b'{"a": 1e999}', b"x" * 2_000_000,
        b"a: 1\n---\nb: 2\n", b'{"a": NaN}', f"!!python/object:{KEY}".encode(),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_without_its_text(tmp_path: Path, data: bytes) -> None:
    """Bombs, halves, foreign encodings: one line, and no key in it."""
    path = tmp_path / "bad"
    path.write_bytes(data)
    with pytest.raises(OutriderError) as refused:
        read_document(str(path))
    assert KEY not in refused.value.message + refused.value.hint


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    """50 MB are refused by their size."""
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    with pytest.raises(OutriderError, match="50,000,000 bytes"):
        read_document(str(path))


def test_a_folder_gives_its_files(tmp_path: Path) -> None:
    """Those that are there, and the texts in the folder beside them."""
    (tmp_path / "roles").mkdir()
    (tmp_path / "roles" / "brief.md").write_text("Be brief.", encoding="utf-8")
    (tmp_path / "config.yaml").write_text("clients: []", encoding="utf-8")
    assert read_folder(str(tmp_path), ("config.yaml", "other.yaml"), {"roles": "roles"}) == {
        "config.yaml": {"clients": []}, "roles": {"brief": "Be brief."},
    }  # fmt: skip
    with pytest.raises(OutriderError, match="has none of nothing"):
        read_folder(str(tmp_path), ("nothing.yaml",), {})


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_what_is_no_file_is_said(tmp_path: Path, name: str) -> None:
    """A folder or nothing at all."""
    with pytest.raises(OutriderError, match="there is no file"):
        read_document(str(tmp_path / name))
