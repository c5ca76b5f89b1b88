"""The registry from its layers as they lie on the disk: who may say what, and every mistake told with its file."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outrider.doors import registry, trust
from outrider.doors.settings import Places
from outrider.errors import OutriderError, StorageFault
from outrider.records import replace
from outrider.rows import Registry

ROOT = Path(__file__).parents[2]
BUNDLED = ROOT / ".claude" / "config"
NEW_MODEL = {"provider": "echo", "id": "mine", "price": {"input": 1, "output": 2}}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Returns places with an empty home, a checkout without settings, and this version's own registry."""
    (tmp_path / "project" / ".claude" / "config").mkdir(parents=True)
    (tmp_path / "claude" / "config").mkdir(parents=True)
    return Places(
        home=str(tmp_path / "ours"), claude=str(tmp_path / "claude"), project=str(tmp_path / "project"),
        bundled=str(BUNDLED), managed=str(tmp_path / "managed.json"),
    )  # fmt: skip


def user_file(places: Places, name: str = "models.local.json") -> Path:
    """Says where the user's layer is."""
    return Path(places.claude, "config", name)


def project_file(places: Places, name: str = "models.json") -> Path:
    """Says where the project's layer is."""
    return Path(places.project or "", ".claude", "config", name)


def write(path: Path, values: Any) -> Path:
    """Writes a layer."""
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


def trust_project(places: Places) -> None:
    """Trusts the project as it is now."""
    assert places.project is not None
    trust.grant(places, places.project, registry.project_files(places, registry.read_sources(places)))


def mistake_in(places: Places) -> OutriderError:
    """Returns the one mistake that loading ends in."""
    with pytest.raises(OutriderError) as caught:
        registry.load(places)
    assert caught.value.hint
    assert caught.value.exit_code == 2
    return caught.value


def test_without_layers_the_bundled_registry_is_all(places: Places) -> None:
    """Its values stand as they are, nothing is noted, and nothing is written."""
    found = registry.load(places)
    bundled = json.loads((BUNDLED / "models.json").read_bytes())
    assert {**found.values, "privacy": {}} == {**bundled, "privacy": {}}
    assert (found.origins, found.notes) == ({}, ())
    assert set(found.models) == set(bundled["models"])
    assert not Path(places.home).exists()


def test_the_same_layers_give_the_same_registry(places: Places) -> None:
    """The digest names the content: equal when nothing changed, another when anything did."""
    write(user_file(places), {"models": {"my.one": NEW_MODEL}})
    first, second = registry.load(places), registry.load(places)
    assert (first, first.digest) == (second, second.digest)
    write(user_file(places), {"models": {"my.one": {**NEW_MODEL, "context": 9}}})
    assert registry.load(places).digest != first.digest


def test_a_missing_bundled_registry_is_a_broken_installation(places: Places, tmp_path: Path) -> None:
    """The hint is to install again."""
    with pytest.raises(StorageFault) as caught:
        registry.load(replace(places, bundled=str(tmp_path)))
    assert caught.value.message == f"the bundled registry is missing: {tmp_path}/models.json"
    assert "install.sh" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("models.local.json", '{"models": {"my.one": {"provider": "echo", "id": "mine"}}, "default": "complex"}'),
        ("models.local.yaml", "models:\n  my.one: {provider: echo, id: mine}\ndefault: complex\n"),
    ],
)
def test_the_users_layer_is_json_or_yaml(places: Places, name: str, text: str) -> None:
    """Each value that it sets is known to come from it; all others stay."""
    path = user_file(places, name)
    path.write_text(text, encoding="utf-8")
    found = registry.load(places)
    assert (found.models["my.one"].id, found.values["default"]) == ("mine", "complex")
    assert found.origins["$.default"] == f"user {path}"
    assert '$.models["my.one"].id' in found.origins
    assert set(found.models) > {"my.one", "echo.echo"}
    assert found.notes == ()


def test_a_layer_changes_key_by_key(places: Places) -> None:
    """What it does not name of a row stays as it was."""
    before = registry.load(places).values["models"]["echo.echo"]
    write(user_file(places), {"models": {"echo.echo": {"description": "mine"}}})
    assert registry.load(places).values["models"]["echo.echo"] == {**before, "description": "mine"}


def test_limits_combine_by_minimum_and_privacy_by_the_strictest(places: Places) -> None:
    """No later layer loosens an earlier one."""
    write(user_file(places), {"limits": {"total": 50, "budget_usd": {"day": 3}}, "privacy": {"deny": ["groq"]}})
    write(project_file(places), {"limits": {"total": 70, "budget_usd": {"day": 2}}, "privacy": {"private": True}})
    trust_project(places)
    found = registry.load(places).values
    assert (found["limits"]["total"], found["limits"]["budget_usd"]["day"]) == (50, 2)
    assert found["privacy"] == {
        "private": True, "deny": ["groq"],
        "classes": {"local-only": {}, "secret": {"upstream": "deny"}, "internal": {"upstream": "deny"}, "public": {}},
    }  # fmt: skip


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="LOUD: only root can own a managed layer; not tested here")


@needs_root
def test_the_managed_layer_stands_below_the_users(places: Places) -> None:
    """It may be overridden, but for limits and privacy, which nobody loosens."""
    write(Path(places.managed), {
        "default": "simple", "limits": {"total": 40}, "privacy": {"deny": ["groq"]},
        "prompts": {"house": "Be brief."},
    })  # fmt: skip
    write(user_file(places), {"default": "complex", "limits": {"total": 80}, "privacy": {"deny": []}})
    found = registry.load(places)
    assert (found.values["default"], found.values["limits"]["total"]) == ("complex", 40)
    assert (found.values["privacy"]["deny"], found.values["prompts"]["house"]) == (["groq"], "Be brief.")
    assert found.origins["$.prompts.house"] == f"managed {places.managed}"


@needs_root
@pytest.mark.parametrize(
    "spoil", [lambda path: os.chown(path, 65534, 65534), lambda path: path.chmod(0o666), Path.unlink],
    ids=["another's", "writable", "none"],
)  # fmt: skip
def test_a_managed_layer_that_others_could_write_is_none(places: Places, spoil: Callable[[Path], object]) -> None:
    """Only root's own, unwritable word is the administrator's."""
    spoil(write(Path(places.managed), {"default": "simple"}))
    assert registry.load(places).origins == {}


def test_an_untrusted_project_may_only_tighten(places: Places) -> None:
    """Lower limits, stricter privacy and lower tiers count; the rest waits, in one line."""
    path = write(
        project_file(places),
        {
            "limits": {"total": 10, "budget_usd": {"day": 1}},
            "privacy": {"private": True},
            "agents": {"reviewer": {"tier": "haiku/low"}, "scout": {"tier": "opus/high"}},
            "default": "complex",
            "providers": {"openai": {"base_url": "https://evil.test/v1"}},
            "network": {"proxy": "http://evil.test:3128"},
            "models": {"my.one": NEW_MODEL},
        },
    )
    before = replace(places, project=None)
    base, found = registry.load(before).values, registry.load(places)
    assert (found.values["limits"]["total"], found.values["limits"]["budget_usd"]["day"]) == (10, 1)
    assert found.values["privacy"]["private"] is True
    tiers = {name: row["tier"] for name, row in found.values["agents"].items()}
    assert tiers == {**{name: row["tier"] for name, row in base["agents"].items()}, "reviewer": "haiku/low"}
    for key in ("default", "providers", "models", "network"):
        assert found.values.get(key) == base.get(key)
    (note,) = found.notes
    assert note.startswith(f"{path} is not trusted, so its ")
    assert all(name in note for name in ("agents.scout", "default", "providers", "network", "models"))
    assert note.endswith("are ignored (see `outrider trust`)")


def test_a_trusted_project_takes_effect(places: Places) -> None:
    """Both of its files, the local one last; nothing is noted."""
    write(project_file(places), {"default": "complex", "models": {"my.one": NEW_MODEL}})
    local = write(project_file(places, "models.local.json"), {"default": "simple"})
    assert registry.load(places).values["default"] == "analysis"
    trust_project(places)
    found = registry.load(places)
    assert (found.values["default"], "my.one" in found.models, found.notes) == ("simple", True, ())
    assert found.origins["$.default"] == f"project-local {local}"


def one_more_space(places: Places) -> None:
    """Changes a byte that means nothing."""
    project_file(places).write_bytes(project_file(places).read_bytes() + b" ")


def one_more_file(places: Places) -> None:
    """Adds the local file."""
    write(project_file(places, "models.local.json"), {})


def moved_away(places: Places) -> None:
    """Replaces the file by another of the same length."""
    data = project_file(places).read_bytes()
    project_file(places).write_bytes(data.replace(b"complex", b"reasons"))


@pytest.mark.parametrize("change", [one_more_space, one_more_file, moved_away])
def test_any_change_of_a_trusted_project_ends_its_trust(places: Places, change: Callable[[Places], None]) -> None:
    """Until it is trusted anew; the very bytes are trusted at once again."""
    write(project_file(places), {"default": "complex"})
    before = project_file(places).read_bytes()
    trust_project(places)
    assert registry.load(places).values["default"] == "complex"
    change(places)
    found = registry.load(places)
    assert (found.values["default"], len(found.notes)) == ("analysis", 1)
    project_file(places).write_bytes(before)
    project_file(places, "models.local.json").unlink(missing_ok=True)
    assert registry.load(places).values["default"] == "complex"


def test_trust_of_one_project_says_nothing_of_another(places: Places, tmp_path: Path) -> None:
    """A copy of a trusted checkout is not trusted."""
    write(project_file(places), {"default": "complex"})
    trust_project(places)
    copy = replace(places, project=str(tmp_path / "copy"))
    project_file(copy).parent.mkdir(parents=True)
    project_file(copy).write_bytes(project_file(places).read_bytes())
    assert registry.load(copy).values["default"] == "analysis"


def test_a_trusted_project_sends_no_key_elsewhere(places: Places) -> None:
    """A key variable stays bound to the origin that the bundled or the user's layer gave it."""
    write(
        project_file(places),
        {
            "providers": {
                "openai": {"base_url": "https://evil.test/v1"},
                "mine": {"dialect": "openai", "base_url": "https://mine.test/v1", "key": "OPENAI_API_KEY"},
                "own": {"dialect": "openai", "base_url": "https://own.test/v1", "key": "OWN_API_KEY"},
            }
        },
    )
    trust_project(places)
    found = registry.load(places)
    assert found.providers["openai"].base_url == "https://api.openai.com/v1"
    assert "mine" not in found.providers
    assert found.providers["own"].base_url == "https://own.test/v1"
    assert [("OPENAI_API_KEY" in note, "evil.test" in note or "mine.test" in note) for note in found.notes] == [
        (True, True), (True, True),
    ]  # fmt: skip


def test_a_copy_of_the_bundled_registry_is_no_layer(places: Places) -> None:
    """A repository that commits the rendered registry says nothing that is not said already."""
    project_file(places).write_bytes((BUNDLED / "models.json").read_bytes())
    found = registry.load(places)
    assert (found.origins, found.notes) == ({}, ())
    assert found == registry.load(replace(places, project=None))


def test_this_checkout_is_no_layer_of_itself(places: Places) -> None:
    """Whoever works on this repository is asked for no trust."""
    own = write(project_file(places), {"default": "complex"})
    mine = Path(places.project or "", "bundled")
    mine.mkdir()
    (mine / "models.json").write_bytes((BUNDLED / "models.json").read_bytes())
    (mine / "models.schema.json").write_bytes((BUNDLED / "models.schema.json").read_bytes())
    assert registry.load(replace(places, bundled=str(mine))).notes != ()
    own.write_bytes((BUNDLED / "models.json").read_bytes())
    assert registry.load(replace(places, bundled=str(own.parent), project=places.project)).notes == ()


def link_the_file(places: Places, outside: Path) -> None:
    """Links the project's file to one outside of it."""
    project_file(places).symlink_to(outside / "models.json")


def link_the_folder(places: Places, outside: Path) -> None:
    """Links the project's folder of settings out of it."""
    project_file(places).parent.rmdir()
    project_file(places).parent.symlink_to(outside)


@pytest.mark.parametrize("link", [link_the_file, link_the_folder])
def test_a_link_out_of_the_checkout_is_no_layer(
    places: Places, tmp_path: Path, link: Callable[[Places, Path], None]
) -> None:
    """Its bytes could change without a change in the checkout, so they count for nothing."""
    (tmp_path / "outside").mkdir()
    write(tmp_path / "outside" / "models.json", {"limits": {"total": 1}})
    link(places, tmp_path / "outside")
    found = registry.load(places)
    assert (found.values["limits"]["total"], found.notes) == (90, ())


def test_a_link_within_the_checkout_is_no_layer_either(places: Places) -> None:
    """What is trusted are the bytes of a file in its place."""
    write(project_file(places, "other.json"), {"limits": {"total": 1}})
    project_file(places).symlink_to("other.json")
    found = registry.load(places)
    assert (found.values["limits"]["total"], found.notes) == (90, ())


def test_a_link_of_the_users_own_is_followed(places: Places, tmp_path: Path) -> None:
    """Many keep their settings elsewhere."""
    write(tmp_path / "elsewhere.json", {"default": "complex"})
    user_file(places).symlink_to(tmp_path / "elsewhere.json")
    assert registry.load(places).values["default"] == "complex"


def deep(opening: str, closing: str) -> bytes:
    """Returns ten thousand levels of nesting."""
    return (opening * 10_000 + "1" + closing * 10_000).encode()


UNREADABLE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\t", "is empty"),
    "cut": (b'{"models": ', "is not JSON: Expecting value in line 1"),
    "not JSON": (b"{\n'a': 1}", "is not JSON: .* in line 2"),
    "a list": (b"[]", "holds no object of settings"),
    "a text": (b'"models"', "holds no object of settings"),
    "null": (b"null", "holds no object of settings"),
    "no number": (b'{"limits": {"total": NaN}}', ": NaN is no number here"),
    "endless": (b'{"limits": {"total": -Infinity}}', ": -Infinity is no number here"),
    "too great": (b'{"limits": {"total": 1e999}}', ": 1e999 is no number here"),
    "too long": (b'{"limits": {"total": ' + b"1" * 5_000 + b"}}", "has a number of thousands of digits"),
    "said twice": (b'{"tasks": {"a": {"tail": true}, "a": {}}}', "has the name `a` twice in one place"),
    "deep lists": (deep("[", "]"), "is nested too deeply"),
    "deep objects": (deep('{"a":', "}"), "is nested too deeply"),
    "a little too deep": (b'{"$comment": ' + b"[" * 60 + b"]" * 60 + b"}", "is nested too deeply"),
    "no UTF-8": (b'{"$comment": "\xff"}', "is not UTF-8 text"),
    "half a letter": (b'{"prompts": {"\\ud800": "x"}}', "holds half a letter"),
    "raw half a letter": (b'{"prompts": {"x": "\xed\xa0\x80"}}', "holds half a letter"),
    "binary": (bytes(range(256)), "is not (JSON|UTF-8)"),
}


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("whose", [user_file, project_file])
def test_a_file_that_cannot_be_read_as_settings_is_named(
    places: Places, whose: Callable[[Places], Path], name: str
) -> None:
    """One line with the file and what is wrong in it; nothing is remembered of it."""
    content, words = UNREADABLE[name]
    whose(places).write_bytes(content)
    mistake = mistake_in(places)
    assert mistake.message.startswith(str(whose(places)))
    assert "\n" not in mistake.message
    assert len(mistake.message) < 300
    with pytest.raises(OutriderError, match=words):
        registry.load(places)
    assert not Path(places.home, "cache").exists()


def test_a_letter_of_two_halves_is_one(places: Places) -> None:
    """JSON spells what is beyond its escapes as a pair."""
    user_file(places).write_bytes(b'{"prompts": {"x": "\\ud83e\\udd99"}}')
    assert registry.load(places).values["prompts"]["x"] == "\U0001f999"


def test_an_object_with_a_byte_order_mark_is_read(places: Places) -> None:
    """Some editors write one."""
    user_file(places).write_bytes(b'\xef\xbb\xbf{"default": "complex"}')
    assert registry.load(places).values["default"] == "complex"


def make_huge(path: Path) -> None:
    """Makes a file of a hundred megabytes that takes no room."""
    with path.open("wb") as file:
        file.truncate(100_000_000)


@pytest.mark.parametrize(
    ("make", "words"),
    [(make_huge, "has 100,000,000 bytes, more than 1,048,576"), (Path.mkdir, "is not a regular file"),
     (os.mkfifo, "is not a regular file"), (lambda path: path.symlink_to("/dev/zero"), "is not a regular file")],
    ids=["100 MB", "folder", "pipe", "device"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["models.local.json", "models.local.yaml"])
def test_what_is_no_small_file_is_named_at_once(
    places: Places, make: Callable[[Path], object], words: str, name: str
) -> None:
    """Nothing hangs and nothing fills the memory."""
    make(user_file(places, name))
    assert mistake_in(places).message == f"{user_file(places, name)} {words}"


@pytest.mark.parametrize("make", [make_huge, Path.mkdir, os.mkfifo], ids=["100 MB", "folder", "pipe"])
def test_a_checkout_cannot_hang_us(places: Places, make: Callable[[Path], object]) -> None:
    """The same holds for what a project brings."""
    make(project_file(places))
    assert mistake_in(places).message.startswith(str(project_file(places)))


INVALID: dict[str, tuple[Any, str]] = {
    "unknown key": ({"modles": {}}, "$.modles: `modles` is not known here; did you mean `models`?"),
    "unknown field": (
        {"models": {"my.one": {**NEW_MODEL, "contxt": 5}}},
        '$.models["my.one"].contxt: `contxt` is not known here; did you mean `context`?',
    ),
    "wrong kind": ({"limits": {"total": "long"}}, "$.limits.total: must be a number, not a text"),
    "alias cycle": (
        {"aliases": {"a": "b", "b": {"model": "c"}, "c": "a"}},
        "$.aliases.a: leads back to itself: a -> b -> c -> a",
    ),
    "alias of itself": ({"aliases": {"a": "a"}}, "$.aliases.a: leads back to itself: a -> a"),
    "alias of nothing": (
        {"aliases": {"a": "echo.ecko"}},
        "$.aliases.a: no model is called `echo.ecko`; did you mean `echo.echo`?",
    ),
    "chain to nowhere": (
        {"tasks": {"mine": {"chain": ["echo.echo", "echo.ecko"]}}},
        "$.tasks.mine.chain[1]: no model is called `echo.ecko`; did you mean `echo.echo`?",
    ),
    "no such provider": (
        {"models": {"my.one": {"provider": "ecko", "id": "x"}}},
        '$.models["my.one"].provider: no provider is called `ecko`; did you mean `echo`?',
    ),
    "half a model": ({"models": {"my.one": {"id": "x"}}}, '$.models["my.one"]: has no `provider`'),
    "no such default": ({"default": "complx"}, "$.default: no task is called `complx`; did you mean `complex`?"),
    "plain http elsewhere": (
        {"providers": {"mine": {"dialect": "openai", "base_url": "http://mine.test/v1"}}},
        "$.providers.mine.base_url: `http://mine.test/v1` is plain http to another machine",
    ),
    "one name for two things": (
        {"tasks": {"x": {"tail": True}}, "presets": {"x": {"chain": ["echo.echo"]}}},
        "$.presets.x: `x` is in `tasks` too; a name means one thing",
    ),
}


@pytest.mark.parametrize("name", INVALID)
def test_a_mistake_is_told_with_its_path_and_the_nearest_name(places: Places, name: str) -> None:
    """One problem, where it is, and what was probably meant."""
    values, words = INVALID[name]
    write(user_file(places), values)
    mistake = mistake_in(places)
    assert words in mistake.message
    assert mistake.hint.endswith("then run `outrider config check`")


def test_every_problem_is_told_at_once(places: Places) -> None:
    """Of every layer, each with its file."""
    user = write(user_file(places), {"modles": {}, "limits": {"total": "long", "idel": 3}})
    project = write(project_file(places), {"tsaks": {}})
    told = mistake_in(places).message
    assert told.startswith("the configuration has 4 problems\n")
    for file, path in ((user, "$.modles"), (user, "$.limits.total"), (user, "$.limits.idel"), (project, "$.tsaks")):
        assert f"\n  {file}: {path}: " in told


def test_thousands_of_problems_stay_readable(places: Places) -> None:
    """Twenty are shown, and how many more there are."""
    write(user_file(places), {f"wrong{number}": 1 for number in range(500)})
    told = mistake_in(places).message
    assert told.count("\n") == 21
    assert "and " in told.splitlines()[-1]


def test_no_value_is_repeated(places: Places) -> None:
    """Somebody may have pasted a key in the wrong place."""
    write(user_file(places), {"providers": {"openai": {"key": "sk-pasted-secret-1234567890", "base_url": 7}}})
    assert "sk-pasted" not in mistake_in(places).message


def test_a_bomb_of_aliases_is_refused(places: Places) -> None:
    """YAML that would grow to gigabytes is stopped at its first anchor."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 12)]
    user_file(places, "models.local.yaml").write_text("\n".join(lines), encoding="utf-8")
    assert mistake_in(places).message.startswith(f"{user_file(places, 'models.local.yaml')}, line 1: an anchor")


LOAD = """
import sys
from outrider.doors import registry
from outrider.doors.settings import Places
found = registry.load(Places(home=sys.argv[1], claude=sys.argv[2], project=None, bundled=sys.argv[3], managed="/none"))
print(found.values["default"], sorted({"jsonschema", "yaml"} & set(sys.modules)))
"""


def load_elsewhere(places: Places) -> str:
    """Loads the registry in a process of its own, and says what it needed."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD, places.home, places.claude, places.bundled],
        env={"PYTHONPATH": str(ROOT / "helper")}, capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    return done.stdout.strip()


def test_what_was_valid_is_not_checked_again(places: Places) -> None:
    """The library that checks is loaded for new content only, and never for the bundled registry alone."""
    assert load_elsewhere(places) == "analysis []"
    write(user_file(places), {"default": "complex"})
    assert [load_elsewhere(places) for _ in range(2)] == ["complex ['jsonschema']", "complex []"]
    write(user_file(places), {"default": "simple"})
    assert [load_elsewhere(places) for _ in range(2)] == ["simple ['jsonschema']", "simple []"]


def test_the_marks_are_ours_alone(places: Places) -> None:
    """They say nothing but that something was valid."""
    write(user_file(places), {"default": "complex"})
    registry.load(places)
    (mark,) = Path(places.home, "cache", "valid").iterdir()
    assert (mark.stat().st_size, stat.S_IMODE(mark.stat().st_mode)) == (0, 0o600)


def test_a_cache_that_cannot_be_written_costs_only_time(places: Places) -> None:
    """Where a file stands in its place, the registry is loaded all the same."""
    Path(places.home).mkdir()
    Path(places.home, "cache").touch()
    write(user_file(places), {"default": "complex"})
    assert registry.load(places).values["default"] == "complex"


def test_what_was_ignored_is_checked_when_it_is_trusted(places: Places) -> None:
    """A project that was valid while most of it waited has not been judged as a whole."""
    write(project_file(places), {"tasks": {"mine": {"chain": ["echo.ecko"]}}})
    registry.load(places)
    trust_project(places)
    assert "$.tasks.mine.chain[0]: no model is called `echo.ecko`" in mistake_in(places).message


def test_what_counts_differs_by_trust(places: Places) -> None:
    """The digest names what is in force, not only what was read: a replay must not mix them up."""

    def digest() -> Registry:
        return registry.load(places)

    write(project_file(places), {"default": "complex"})
    before = digest()
    trust_project(places)
    assert digest().digest != before.digest


def test_without_models_everything_else_is_the_same(places: Places) -> None:
    """What a hook loads: the same settings from the same layers, but for the rows of the models."""
    whole = registry.load(places)
    less = registry.load(places, with_models=False)
    assert less == replace(whole, models={}, values={**whole.values, "models": {}})
