"""The generated files are what the templates say, byte for byte, on every run."""

import base64
import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest

from outrider.doors.documents import load_yaml
from outrider.doors.render import (
    ENV,
    MODELS,
    SCHEMA,
    drift,
    html,
    pack,
    page,
    plugin_facts,
    registry_from,
    render,
)  # fmt: skip
from outrider.errors import OutriderError

ROOT = Path(__file__).parents[2]
TEMPLATES = str(ROOT / "templates")


@pytest.fixture(scope="module")
def rendered() -> dict[str, bytes]:
    """Renders the repository's own templates once."""
    return dict(render(TEMPLATES))


def test_rendering_twice_gives_the_same_bytes(rendered: dict[str, bytes]) -> None:
    """Nothing of the time, the machine or chance is in a generated file."""
    assert dict(render(TEMPLATES)) == rendered


def test_the_committed_files_are_what_the_templates_say(rendered: dict[str, bytes]) -> None:
    """Whoever changes a template also renders."""
    assert drift(rendered, str(ROOT)) == ()


def test_what_is_rendered(rendered: dict[str, bytes]) -> None:
    """The registry, its schema and the template of the key file, then the pack."""
    assert list(rendered)[:3] == [MODELS, SCHEMA, ENV]
    assert set(rendered) - set(pack(TEMPLATES, form="plugin", facts=plugin_facts(registry_from(TEMPLATES)))) == {
        MODELS, SCHEMA, ENV,
    }  # fmt: skip


def test_the_registry_keeps_its_content_and_order(rendered: dict[str, bytes]) -> None:
    """The JSON says what the YAML says, in its order, and names where it came from."""
    document = json.loads(rendered[MODELS])
    registry = load_yaml((ROOT / "templates" / "registry.yaml").read_bytes(), source="registry.yaml")
    assert document.pop("$schema") == "./models.schema.json"
    assert document.pop("$comment").startswith("GENERATED from templates/registry.yaml")
    assert document == registry == registry_from(TEMPLATES)
    assert [list(document), list(document["models"])] == [list(registry), list(registry["models"])]


@pytest.mark.parametrize("name", [MODELS, SCHEMA])
def test_generated_json_is_plain(rendered: dict[str, bytes], name: str) -> None:
    """Generated JSON is ASCII, ends with one line end, and its lines can be read."""
    text = rendered[name].decode("ascii")
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")
    assert all(len(line) <= 400 for line in text.splitlines())


def test_the_key_file_names_every_key_and_holds_none(rendered: dict[str, bytes]) -> None:
    """Every provider with a key has its line, out of use and without a value, with the place where one gets it."""
    text = rendered[ENV].decode()
    providers = registry_from(TEMPLATES)["providers"]
    lines = [line for line in text.splitlines() if re.fullmatch(r"#[A-Z_]+=.*", line)]
    assert sorted(lines) == sorted(f"#{row['key']}=" for row in providers.values() if "key" in row)
    assert all(line.startswith("#") or not line for line in text.splitlines())
    for row in providers.values():
        if "key" in row and not row.get("local"):
            assert f"get a key: {row['keys_url']}\n" in text
    for word in ("chmod 600", "outrider keys import", "~/.config/outrider/env", "Do not source it"):
        assert word in text


def test_drift_names_what_differs_or_is_missing(rendered: dict[str, bytes], tmp_path: Path) -> None:
    """A changed file and a missing file are both drift; equal ones are not."""
    for name, data in rendered.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert drift(rendered, str(tmp_path)) == ()
    (tmp_path / MODELS).write_bytes(rendered[MODELS] + b" ")
    (tmp_path / ENV).unlink()
    (tmp_path / SCHEMA).unlink()
    (tmp_path / SCHEMA).mkdir()
    assert drift(rendered, str(tmp_path)) == (MODELS, SCHEMA, ENV)


def test_a_template_is_filled(tmp_path: Path) -> None:
    """Values stand where the template wants them; text is not escaped, and the last line end is kept."""
    (tmp_path / "page.md.j2").write_text("{% for name in names %}\n- {{ name }} <&>\n{% endfor %}\n", encoding="utf-8")
    assert page(str(tmp_path), "page.md.j2", {"names": ["é", "b"]}) == "- é <&>\n- b <&>\n".encode()


@pytest.mark.parametrize(
    "text",
    [
        "{{ missing }}",
        "{{ row.missing }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ rows.append(1) }}",
        "{% broken",
        "{% include 'elsewhere.j2' %}",
    ],
)
def test_a_template_that_cannot_be_filled_is_an_error(text: str, tmp_path: Path) -> None:
    """A missing value, a way out of the sandbox and broken syntax are errors of ours, never an empty place."""
    (tmp_path / "page.j2").write_text(text, encoding="utf-8")
    with pytest.raises(OutriderError, match=r"^cannot fill the template page\.j2: "):
        page(str(tmp_path), "page.j2", {"row": {}, "rows": []})


def test_templates_that_are_not_there(tmp_path: Path) -> None:
    """A folder without the registry is told, with a hint."""
    with pytest.raises(OutriderError, match=r"there is no .*registry\.yaml"):
        render(str(tmp_path))


def test_a_registry_that_is_no_group(tmp_path: Path) -> None:
    """A registry that is a list or empty is told."""
    shutil.copytree(TEMPLATES, tmp_path / "t")
    (tmp_path / "t" / "registry.yaml").write_bytes(b"- 1\n")
    with pytest.raises(OutriderError, match="does not hold a group of names"):
        render(str(tmp_path / "t"))


def test_a_page_takes_values_for_text_and_our_files_for_what_they_are(tmp_path: Path) -> None:
    """Markup in a value is escaped wherever it stands; the script is whole, and its hash is that of its bytes."""
    files = {
        "p.j2": "<p title='{{ a.b }}'>{{ a.b }}</p><style>{{ style }}</style><script>{{ script }}</script>"
        "{{ script_hash }}",
        "s.css": "a > b { content: '<' }\n", "s.js": "if (1 < 2 && 3) f('\\u00e9 \u00e9');\n",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    made = html(str(tmp_path), "p.j2", {"a": {"b": "'<i>&"}}, style="s.css", script="s.js").decode()
    digest = base64.b64encode(hashlib.sha256(files["s.js"].encode()).digest()).decode()
    assert made == (
        "<p title='&#39;&lt;i&gt;&amp;'>&#39;&lt;i&gt;&amp;</p>"
        f"<style>{files['s.css']}</style><script>{files['s.js']}</script>sha256-{digest}"
    )
    with pytest.raises(OutriderError, match="cannot fill the template p"):
        html(str(tmp_path), "p.j2", {}, style="s.css", script="s.js")
    with pytest.raises(OutriderError, match="cannot fill the template gone"):
        html(str(tmp_path), "p.j2", {"a": {"b": ""}}, style="gone.css", script="s.js")
