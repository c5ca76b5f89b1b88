"""YAML becomes JSON, with the line of every value, and nothing else comes out of it."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.doors.documents import DEEPEST, LARGEST, MOST_VALUES, load_yaml, yaml_lines
from outrider.errors import OutriderError

TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=30,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# only a comment\n", None),
        ("a: 1\nb: [x, 2.5, true, null, ~]\nc: {d: -3}\n", {"a": 1, "b": ["x", 2.5, True, None, None], "c": {"d": -3}}),
        ("a:\n  - b: 1\n  - [2]\n", {"a": [{"b": 1}, [2]]}),
        ("a: |\n  two\n  lines\n", {"a": "two\nlines\n"}),
        ("a: 'true'\nb: \"1\"\n", {"a": "true", "b": "1"}),
        ("a: 1e3\nb: .5\nc: +7\nd: 012\n", {"a": 1000.0, "b": 0.5, "c": 7, "d": 12}),
        ('{"a": [1, {"b": "c"}]}', {"a": [1, {"b": "c"}]}),
        ("just text", "just text"),
        ("- 1\n- 2", [1, 2]),
    ],
)
def test_a_document_becomes_json(text: str, value: object) -> None:
    """What stands in the document comes out as JSON values."""
    assert load_yaml(text.encode(), source="f") == value


@pytest.mark.parametrize(
    "text", ["yes", "no", "on", "off", "01:00", "10:30", "2026-12-01", "0x10", "1_000", "<<", "1.2.3", "="]
)
def test_a_word_stays_text(text: str) -> None:
    """What only YAML 1.1 reads as a truth, a time, a date or a number stays the text that it is."""
    assert load_yaml(f"a: {text}".encode(), source="f") == {"a": text}


@pytest.mark.parametrize("text", ["true: 1", "1: 1", "null: 1", "on: 1", "2026-12-01: 1"])
def test_a_name_is_always_text(text: str) -> None:
    """A name in a group is the text that stands there, as in JSON."""
    assert load_yaml(text.encode(), source="f") == {text.partition(":")[0]: 1}


@given(JSON)
def test_json_is_read_as_json(value: object) -> None:
    """A JSON document reads the same as YAML."""
    assert load_yaml(json.dumps(value, ensure_ascii=False).encode(), source="f") == value


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a: 1\nb: 2\na: 3", "f, line 3: `a` is there twice (first in line 1)"),
        (b"x:\n  - {a: 1, a: 2}", "f, line 2: `a` is there twice (first in line 2)"),
        (b"a: &x 1\nb: *x", "f, line 1: an anchor (`&name`) is not read: write the value out"),
        (b"a: [&x b]", "f, line 1: an anchor (`&name`) is not read: write the value out"),
        (b"a: *x", "f, line 1: an alias (`*name`) is not read: write the value out"),
        (b"a: !!python/object/apply:os.system [ls]", "f, line 1: a tag (`!name`) is not read"),
        (b"!!set {a}", "f, line 1: a tag (`!name`) is not read"),
        (b"? [a]\n: 1", "f, line 1: a name must be text"),
        (b"? {a: 1}\n: 1", "f, line 1: a name must be text"),
        (b"a: 1\n---\nb: 1", "f, line 2: a second document (`---`) is not read"),
        (b"a: .inf", "f, line 1: a number that is not finite"),
        (b"a: -.INF", "f, line 1: a number that is not finite"),
        (b"a: .nan", "f, line 1: a number that is not finite"),
        (b"a: 1e999", "f, line 1: a number that is not finite"),
        (b"[" * 100_000, f"f, line 1: more than {DEEPEST} levels, one inside the other"),
        (b"{a: " * 100_000, f"f, line 1: more than {DEEPEST} levels, one inside the other"),
        (b"- " * 100_000, f"f, line 1: more than {DEEPEST} levels, one inside the other"),
        (b"-\n" * (MOST_VALUES + 1), f"f, line {MOST_VALUES}: more than {MOST_VALUES:,} values"),
        (bytes(100 * 1024 * 1024), f"f has 104,857,600 bytes, more than {LARGEST:,}"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value[:40],
)
def test_what_is_not_read_is_refused(data: bytes, message: str) -> None:
    """Bombs, tags, aliases, doubles and depth are refused with their line and a hint."""
    with pytest.raises(OutriderError) as caught:
        load_yaml(data, source="f")
    assert (caught.value.message, bool(caught.value.hint)) == (message, True)


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    """A billion laughs ends at the first `&`, before anything is built."""
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(OutriderError, match="line 1: an anchor"):
        load_yaml(bomb.encode(), source="f")


@pytest.mark.parametrize(
    "data", [b"a: [1,\n2", b"a: 'b", b"\tkey: 1", b"\xff\xfe\x00", b"\x00", b"a: b: c", b"%YAML 9.9\n---\na"]
)
def test_broken_yaml_is_told_without_its_text(data: bytes) -> None:
    """A syntax error names the source and gives a hint; the text itself may be a secret and is not shown."""
    with pytest.raises(OutriderError, match=r"^f(, line \d+,)? is not YAML: ") as caught:
        load_yaml(data, source="f")
    assert caught.value.message.isprintable()


def test_a_secret_in_a_broken_line_is_not_shown() -> None:
    """The message of a syntax error holds none of the document."""
    with pytest.raises(OutriderError) as caught:
        load_yaml(b'key: "sk-very-secret\nother: [', source="f")
    assert "secret" not in caught.value.message


@given(st.binary(max_size=400))
def test_any_bytes_give_a_value_or_an_error_of_ours(data: bytes) -> None:
    """No bytes lead to another exception than OutriderError."""
    with contextlib.suppress(OutriderError):
        json.dumps(load_yaml(data, source="f"), allow_nan=False)


def test_every_value_has_its_line() -> None:
    """Each value's path leads to the line of its name, or of the entry in a list."""
    text = "# first\na: 1\nb:\n  c:\n    - x\n    - y: 2\n\n  d: {e: 3}\n"
    assert yaml_lines(text.encode()) == {
        (): 2, ("a",): 2, ("b",): 3, ("b", "c"): 4, ("b", "c", 0): 5, ("b", "c", 1): 6, ("b", "c", 1, "y"): 6,
        ("b", "d"): 8, ("b", "d", "e"): 8,
    }  # fmt: skip


def test_lines_of_an_empty_document() -> None:
    """An empty document has no values and no lines."""
    assert yaml_lines(b"") == {}


def test_lines_of_what_is_refused() -> None:
    """Lines are refused where the document is."""
    with pytest.raises(OutriderError, match="an alias"):
        yaml_lines(b"a: *x")


def test_the_slower_reader_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyYAML was built without its C reader, the Python one gives the same values and lines."""
    data = (Path(__file__).parents[2] / "templates" / "registry.yaml").read_bytes()[:6000].rpartition(b"\n  ")[0]
    fast = load_yaml(data, source="f"), yaml_lines(data)
    monkeypatch.delattr("yaml.CSafeLoader", raising=False)
    assert (load_yaml(data, source="f"), yaml_lines(data)) == fast
