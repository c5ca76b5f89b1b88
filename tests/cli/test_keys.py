"""`outrider keys`: stored, listed, imported, and never printed."""

import os
from pathlib import Path

import pytest

from tests.cli.typing_it import Shell

SECRET = "sk-or-v1-0123456789abcdef"


@pytest.fixture
def env(home: Path) -> Path:
    """Returns where the key file is."""
    return home / ".config" / "outrider" / "env"


@pytest.mark.parametrize("name", ["openrouter", "OPENROUTER_API_KEY"])
def test_a_piped_key_is_stored(typed: Shell, env: Path, name: str) -> None:
    """By its variable or its provider, in a file of its owner's, and not shown."""
    stored = typed("keys", "set", name, stdin=f"{SECRET}\n".encode())
    assert stored == (0, f"OPENROUTER_API_KEY stored in {env}\n", "")
    assert env.read_text(encoding="utf-8") == f"OPENROUTER_API_KEY={SECRET}\n"
    assert env.stat().st_mode & 0o777 == 0o600
    assert "openrouter" in [row["provider"] for row in typed("keys", "--json").json["keys"] if row["file"]]


def test_the_other_lines_of_the_file_stay(typed: Shell, env: Path) -> None:
    """Comments and other keys are kept; the key of this name is replaced."""
    env.parent.mkdir(parents=True)
    env.write_text("# mine\nGROQ_API_KEY=a\nXAI_API_KEY=b\n", encoding="utf-8")
    env.chmod(0o600)
    typed("keys", "set", "groq", stdin=b"c")
    assert env.read_text(encoding="utf-8") == "# mine\nXAI_API_KEY=b\nGROQ_API_KEY=c\n"


def test_the_environment_goes_before_the_file(typed: Shell, env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stores a key that the environment hides hears of it."""
    monkeypatch.setenv("GROQ_API_KEY", "other")
    stored = typed("keys", "set", "groq", stdin=b"c")
    assert stored.err == (
        "outrider: GROQ_API_KEY is also set in this environment, which goes before the file: `unset GROQ_API_KEY`\n"
    )
    assert "environment (over the key file)" in typed("keys").out


@pytest.mark.parametrize(
    ("arguments", "stdin", "error"),
    [
        (("groq", SECRET), b"", "a key is not taken from the command line, where others can read it"),
        ((SECRET,), b"", "this is neither a provider nor a variable that one reads"),
        (("groqq",), b"", "`groqq` is neither a provider nor a variable that one reads"),
        (("ollama",), b"", "ollama needs no key"),
        (("ANTHROPIC_API_KEY",), SECRET.encode(), "ANTHROPIC_API_KEY is not read: Claude Code puts it into"),
        (("groq",), b"", "no key was given"),
        (("groq",), f"{SECRET} and more".encode(), "this is no key: it has a space"),
    ],
)
def test_what_is_no_key_is_not_stored(
    typed: Shell, env: Path, arguments: tuple[str, ...], stdin: bytes, error: str
) -> None:
    """One error, one hint, and the key in neither."""
    refused = typed("keys", "set", *arguments, stdin=stdin)
    assert refused.code == 2
    assert refused.err.startswith(f"error: {error}")
    assert "\nhint: " in refused.err
    assert SECRET not in refused.out + refused.err
    assert not env.exists()


def test_a_file_of_keys_is_taken_over(typed: Shell, env: Path, tmp_path: Path) -> None:
    """What a provider reads is stored; names of the rest are said, values of none."""
    old = tmp_path / "old.env"
    old.write_text(
        f'\ufeffexport OPENAI_API_KEY="{SECRET}" # mine\nGROQ_API_KEY=two words\nOTHER=1\n'
        "ANTHROPIC_API_KEY=secret-of-claude\nnonsense\n",
        encoding="utf-8",
    )
    old.chmod(0o644)
    taken = typed("keys", "import", str(old))
    assert taken.code == 0
    assert taken.out == f"stored in {env}: OPENAI_API_KEY\n"
    assert taken.err.splitlines() == [
        (
            "outrider: ANTHROPIC_API_KEY was not taken: Claude Code puts it into the shells that it starts, and would "
            "pay for what nobody chose; for API billing run `outrider keys set OUTRIDER_ANTHROPIC_API_KEY`"
        ),
        "outrider: not taken, since no header can carry them: GROQ_API_KEY",
        "outrider: left, since no provider reads them: OTHER",
        f"outrider: {old} can be read by others: remove it, or `chmod 600 {old}`",
    ]
    assert env.read_text(encoding="utf-8") == f"OPENAI_API_KEY={SECRET}\n"
    assert typed("keys", "import", str(old), "--json").json == {
        "stored": ["OPENAI_API_KEY"], "left": ["OTHER"], "spoiled": ["GROQ_API_KEY"],
        "foreign": ["ANTHROPIC_API_KEY"], "file": str(env),
    }  # fmt: skip


def test_a_file_without_keys_changes_nothing(typed: Shell, env: Path, tmp_path: Path) -> None:
    """And a file that is not there is a mistake."""
    old = tmp_path / "old.env"
    old.write_text("OTHER=1\n", encoding="utf-8")
    assert typed("keys", "import", str(old), "-q").out == f"nothing stored: no provider reads what is in {old}\n"
    assert typed("keys", "import", str(tmp_path / "none")).code == 2
    assert typed("keys", "import", str(tmp_path)).code == 2
    assert not env.exists()


def test_the_list_names_what_nobody_reads(typed: Shell, env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of the file's other lines, Claude Code's own variable explained, no value."""
    env.parent.mkdir(parents=True)
    env.write_text(f"OPEN_AI_KEY={SECRET}\nGROQ_API_KEY={SECRET}\n", encoding="utf-8")
    env.chmod(0o600)
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    listed = typed("keys")
    assert SECRET not in listed.out + listed.err
    assert SECRET[:8] not in listed.out + listed.err
    assert f"outrider: key file {env}, mode 0600\n" in listed.err
    assert "outrider: in the key file, and read by no provider: OPEN_AI_KEY\n" in listed.err
    assert "outrider: ANTHROPIC_API_KEY is not read: " in listed.err
    shape = typed("keys", "list", "--json").json
    assert (shape["mode"], shape["unread"], shape["foreign"]) == ("0600", ["OPEN_AI_KEY"], ["ANTHROPIC_API_KEY"])


@pytest.mark.parametrize("arguments", [("set", "groq"), ("import", os.devnull)])
def test_an_agent_stores_no_key(
    typed: Shell, env: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    """Inside Claude Code it is refused by policy."""
    monkeypatch.setenv("CLAUDECODE", "1")
    refused = typed("keys", *arguments, stdin=b"x")
    assert refused.code == 5
    assert refused.err.splitlines() == [
        f"error: `outrider keys {arguments[0]}` is for a person, and refused inside Claude Code",
        f"hint: run it in a terminal of your own: `outrider keys {arguments[0]}`",
    ]
    assert not env.exists()
