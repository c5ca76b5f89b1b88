"""Keys: parsed and never run, for their owner alone, and never shown."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.doors.keys import Keys, env_file, parse_env, store
from outrider.doors.settings import Places
from outrider.errors import OutriderError, StorageFault
from outrider.rows import Provider, Registry
from tests.doors.booking import places_at

ROOT = Path(__file__).parents[2]
HERE = Provider(name="here", dialect="openai", keys=("HERE_API_KEY", "OLD_HERE_KEY"))
FREE = Provider(name="free", dialect="openai", keys=("FREE_API_KEY",), key_optional=True)
LOCAL = Provider(name="local", dialect="ollama", local=True)
NATIVE = Provider(name="claude", dialect="native")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Returns places with an empty home."""
    (tmp_path / "ours").mkdir(0o700)
    return places_at(tmp_path / "ours")


def write_keys(places: Places, text: str, *, mode: int = 0o600) -> Path:
    """Writes the key file."""
    path = Path(places.ours("env"))
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("K=sk-1", "sk-1"),
        ("export K=sk-1", "sk-1"),
        ("  export\tK = sk-1  ", "sk-1"),
        ("K='sk-1'", "sk-1"),
        ('K="sk-1"', "sk-1"),
        ('K="it\'s"', "it's"),
        ("K='a b # c'", "a b # c"),
        ('K="sk-1" # mine', "sk-1"),
        ("K='sk-1' # it's mine", "sk-1"),
        ('K="sk-1" # my "key"', "sk-1"),
        ("K=sk-1 # mine", "sk-1"),
        ("K=sk#1", "sk#1"),
        ("K=sk-1\t# mine", "sk-1"),
        ("K= # get one at https://here.test", None),
        ("K=", None),
        ("K=''", None),
        ("# K=sk-1", None),
        ("#K=sk-1", None),
        ("K", None),
        ("1K=sk-1", None),
        ("K-2=sk-1", None),
        ("=sk-1", None),
        ("K=a=b==", "a=b=="),
        ("K=$(rm -rf ~)", "$(rm -rf ~)"),
        ("K=${HOME}/x", "${HOME}/x"),
        ("K=`id`", "`id`"),
        ("K=a\\nb", "a\\nb"),
        ("K='sk-1", "'sk-1"),
        ("K=sk-1\r", "sk-1"),
    ],
)
def test_a_line_is_parsed_and_never_run(line: str, value: str | None) -> None:
    """`export`, quotes and comments are understood; nothing is expanded."""
    assert parse_env(line + "\n").get("K") == value


def test_lines_stand_for_themselves() -> None:
    """A later one wins, an empty one takes nothing back, and what is no assignment is passed over."""
    text = "A=1\r\nnonsense\r\n\r\nB=2\r\nA=3\nB=\n"
    assert parse_env(text) == {"A": "3", "B": "2"}


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    """Whatever a file holds, there are names and values, or none."""
    assert all(name.isascii() and value for name, value in parse_env(text).items())


@given(st.from_regex(r"[!-~]{1,80}", fullmatch=True).filter(lambda key: not set(key) & set("'\"#")))
def test_any_key_is_read_as_it_was_stored(key: str) -> None:
    """What no quote and no comment sign is in needs no quotes."""
    assert parse_env(f"K={key}") == {"K": key}


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o602, 0o601, 0o777])
def test_a_key_file_that_others_can_reach_is_refused(places: Places, mode: int) -> None:
    """The hint is the command that mends it, and no key is used or shown."""
    path = write_keys(places, "HERE_API_KEY=sk-secret-1\n", mode=mode)
    with pytest.raises(OutriderError) as caught:
        Keys(places, {}).value(HERE)
    assert (caught.value.message, caught.value.hint) == (f"{path} can be read by others", f"run `chmod 600 {path}`")


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_key_file_of_ones_own_is_read(places: Places, mode: int) -> None:
    """Its owner may keep it read-only."""
    write_keys(places, "HERE_API_KEY=sk-secret-1\n", mode=mode)
    assert Keys(places, {}).value(HERE) == "sk-secret-1"


def test_no_key_file_is_no_mistake(places: Places) -> None:
    """Then the environment is all there is."""
    assert env_file(places) == {}
    assert Keys(places, {}).value(HERE) is None


def test_a_key_file_from_another_system_is_understood(places: Places) -> None:
    """A byte order mark, CRLF and bytes that are no UTF-8 hide no key."""
    path = write_keys(places, "")
    path.write_bytes(b"\xef\xbb\xbfHERE_API_KEY=sk-1\r\nFREE_API_KEY=sk-2\r\n# caf\xe9\r\n")
    keys = Keys(places, {})
    assert (keys.value(HERE), keys.value(FREE)) == ("sk-1", "sk-2")


def test_the_environment_comes_before_the_file(places: Places) -> None:
    """An empty variable is none, and the first name of a provider before its others."""
    write_keys(places, "HERE_API_KEY=from-file\nOLD_HERE_KEY=old-file\n")
    assert Keys(places, {"HERE_API_KEY": "from-env"}).value(HERE) == "from-env"
    assert Keys(places, {"HERE_API_KEY": ""}).value(HERE) == "from-file"
    assert Keys(places, {"OLD_HERE_KEY": "old-env"}).value(HERE) == "from-file"


def test_the_file_is_not_opened_for_what_the_environment_says(places: Places) -> None:
    """A broken file disturbs nobody who does not need it."""
    write_keys(places, "HERE_API_KEY=from-file\n", mode=0o644)
    assert Keys(places, {"HERE_API_KEY": "from-env"}).value(HERE) == "from-env"


@pytest.mark.parametrize("value", ["sk-\n1", "sk-\x001", "sk-ü", "sk-\u20281", "sk-\udcff", "\t", " "])
def test_what_no_header_can_carry_is_no_key(places: Places, value: str) -> None:
    """A key that would break a request is not there."""
    assert Keys(places, {"HERE_API_KEY": value}).value(HERE) is None


def test_a_copied_space_is_no_part_of_a_key(places: Places) -> None:
    """It is taken off at both ends."""
    assert Keys(places, {"HERE_API_KEY": " sk-1\n"}).value(HERE) == "sk-1"


def test_where_a_key_is_can_be_said(places: Places) -> None:
    """The variable and the place, never the key."""
    path = write_keys(places, "OLD_HERE_KEY=sk-secret-1\n")
    assert Keys(places, {}).source(HERE) == f"OLD_HERE_KEY ({path})"
    assert Keys(places, {"HERE_API_KEY": "sk-secret-2"}).source(HERE) == "HERE_API_KEY (environment)"
    assert Keys(places, {}).source(FREE) is None


def registry_of(*providers: Provider) -> Registry:
    """Returns a registry that has only providers."""
    return Registry(
        providers={provider.name: provider for provider in providers}, models={}, aliases={}, tasks={}, presets={},
        values={}, origins={}, digest="",
    )  # fmt: skip


def test_whom_we_can_call_is_known(places: Places) -> None:
    """With a key by its digest, without need of one by nothing; native ones are never called."""
    registry = registry_of(HERE, FREE, LOCAL, NATIVE)
    keys = Keys(places, {"HERE_API_KEY": "sk-secret-1"})
    assert keys.present(registry) == {"here": keys.digest("sk-secret-1"), "free": "", "local": ""}
    assert Keys(places, {}).present(registry) == {"free": "", "local": ""}


def test_every_key_is_known_to_redaction(places: Places) -> None:
    """Those of the file and the environment, and Claude Code's own; too short ones would redact words."""
    write_keys(places, "FREE_API_KEY=sk-file-12345\n")
    environment = {
        "HERE_API_KEY": "sk-env-12345", "OLD_HERE_KEY": "short", "ANTHROPIC_API_KEY": "sk-ant-12345", "OTHER": "x" * 20,
    }  # fmt: skip
    assert Keys(places, environment).known_values(registry_of(HERE, FREE)) == (
        "sk-ant-12345", "sk-env-12345", "sk-file-12345",
    )  # fmt: skip


def test_a_login_of_claude_code_is_never_taken(places: Places) -> None:
    """A provider that does not name the variable does not get it."""
    api = Provider(name="api", dialect="anthropic", keys=("OUTRIDER_ANTHROPIC_API_KEY",))
    assert Keys(places, {"ANTHROPIC_API_KEY": "sk-ant-1", "ANTHROPIC_AUTH_TOKEN": "t"}).value(api) is None


def test_keys_print_as_nothing(places: Places) -> None:
    """Neither a traceback nor a log shows one."""
    write_keys(places, "FREE_API_KEY=sk-file-12345\n")
    keys = Keys(places, {"HERE_API_KEY": "sk-env-12345"})
    keys.present(registry_of(HERE, FREE))
    assert (repr(keys), str(keys)) == ("Keys()", "Keys()")


def test_a_digest_is_stable_and_says_nothing_elsewhere(tmp_path: Path) -> None:
    """The same on this installation, in every process; another on the next one, for the same key."""
    one, two = places_at(tmp_path / "one"), places_at(tmp_path / "two")
    first = Keys(one, {}).digest("sk-secret-1")
    assert Keys(one, {}).digest("sk-secret-1") == first
    assert Keys(one, {}).digest("sk-secret-2") != first
    assert Keys(two, {}).digest("sk-secret-1") != first
    assert len(first) == 16
    salt = Path(one.ours("salt"))
    assert (salt.stat().st_size, stat.S_IMODE(salt.stat().st_mode)) == (32, 0o600)


def test_any_text_has_a_digest(places: Places) -> None:
    """A prompt may hold half a letter."""
    assert Keys(places, {}).digest("\ud800") != Keys(places, {}).digest("\ud801")


def test_many_processes_find_one_salt(places: Places) -> None:
    """Whoever comes first makes it; nobody uses another, and nothing half-made is left."""
    program = (
        "import sys; from outrider.doors.keys import Keys; from tests.doors.booking import places_at\n"
        "sys.stdin.read(); print(Keys(places_at(sys.argv[1]), {}).digest('x'))"
    )
    environment = {"PYTHONPATH": f"{ROOT / 'helper'}:{ROOT}", "PATH": os.environ["PATH"]}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, places.home], env=environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )
        for _ in range(8)
    ]  # fmt: skip
    for process in started:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    digests = {process.communicate(timeout=30)[0] for process in started}
    assert len(digests) == 1
    assert os.listdir(places.home) == ["salt"]


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_damaged_salt_is_named(places: Places, content: bytes) -> None:
    """With another one all rests of bad keys would be forgotten, so it is not made anew in silence."""
    path = Path(places.ours("salt"))
    path.write_bytes(content)
    with pytest.raises(StorageFault) as caught:
        Keys(places, {}).digest("x")
    assert (caught.value.message, caught.value.hint) == (f"{path} is damaged", f"remove it: `rm {path}`")


def test_storing_a_key_keeps_every_other_line(places: Places) -> None:
    """Comments, order and line ends stay; the name's old line goes, and the mode becomes the owner's alone."""
    path = write_keys(places, "", mode=0o644)
    path.write_bytes(b"# mine\r\nexport HERE_API_KEY='old'\r\n\r\nOTHER=\xff1\r\n#HERE_API_KEY=kept\r\nno end")
    store(places, {"HERE_API_KEY": "sk-new"})
    assert path.read_bytes() == b"# mine\r\n\r\nOTHER=\xff1\r\n#HERE_API_KEY=kept\r\nno end\nHERE_API_KEY=sk-new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Keys(places, {}).value(HERE) == "sk-new"


def test_storing_makes_the_file(tmp_path: Path) -> None:
    """In a home that is not there yet."""
    places = places_at(tmp_path / "a" / "ours")
    store(places, {"A": "1", "B": "2"})
    path = Path(places.ours("env"))
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"A=1\nB=2\n", 0o600)


def test_a_linked_key_file_stays_linked(places: Places, tmp_path: Path) -> None:
    """Who keeps it elsewhere keeps it there."""
    (tmp_path / "elsewhere").write_text("A=1\n", encoding="utf-8")
    (tmp_path / "elsewhere").chmod(0o600)
    Path(places.ours("env")).symlink_to(tmp_path / "elsewhere")
    store(places, {"B": "2"})
    assert Path(places.ours("env")).is_symlink()
    assert (tmp_path / "elsewhere").read_bytes() == b"A=1\nB=2\n"


def test_two_who_store_at_once_lose_nothing(places: Places) -> None:
    """Every one of many keys is there."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(lambda number: store(places, {f"K{number}": "v"}), range(24)))
    assert len(env_file(places)) == 24
