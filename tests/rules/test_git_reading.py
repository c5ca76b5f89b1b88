"""What a repository may say of itself while git reads it unasked: nothing that starts a program."""

import pytest

from outrider.rules.git_reading import history, is_harmless_environment, is_harmless_setting

PLAIN = """[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
\tlogallrefupdates = true
[remote "origin"]
\turl = git@host.example:a/external.git
\tfetch = +refs/heads/*:refs/remotes/origin/*
[branch "main"]
\tremote = origin
\tvscode-merge-base = origin/main
; a comment
[user]
\temail = a@b.example # a comment
[lfs]
\trepositoryformatversion = 0
"""


@pytest.mark.parametrize("text", ["", PLAIN, PLAIN.replace("\n", "\r\n"), '[remote "a]b\\"c"] url = x\n[Core] Bare\n'])
def test_an_ordinary_repository_is_read(text: str) -> None:
    """What `git clone` and usual tools write holds nothing that runs."""
    assert is_harmless_setting(text)


@pytest.mark.parametrize(
    "text",
    [
        "[diff]\n external = ./x", '[diff "evil"]\n command = ./x', '[diff "evil"]\n textconv = ./x',
        "[core] fsmonitor = ./x",
        "[CORE]\n FsMonitor = ./x", "[core]\n hooksPath = ./x", "[core]\n worktree = /home/a", "[core]\n pager = ./x",
        "[core]\n sshCommand = ./x", "[core]\n attributesFile = x", "[core]\n excludesFile = x",
        "[core]\n bare = 0 \\\n[x]",
        '[filter "evil"]\n clean = ./x', "[include]\n path = x", '[includeIf "gitdir:/"]\n path = x',
        "[gpg]\n program = ./x",
        "[log]\n showSignature = true", "[extensions]\n worktreeConfig = true", "[extensions]\n partialClone = origin",
        '[remote "origin"]\n promisor = true', '[remote "origin"]\n uploadpack = ./x', '[remote "origin"]\n vcs = x',
        '[submodule "a"]\n update = !./x', "[alias]\n diff = !./x", "[diff.evil]\n command = ./x",
        "[pager]\n diff = ./x",
        "[interactive]\n diffFilter = ./x", "fsmonitor = ./x", "\ufeff[core]\n fsmonitor = ./x",
        "[core\n fsmonitor = x",
        "[core]\x0bfsmonitor = x", '[core ""]\n fsmonitor = x', '[core "x"]\n bare = x', "[user]\n1 = 2",
        "[pretty]\n a = x",
        "[core] # c\n fsmonitor = x", "[user]\n name = x\n[diff]\n external = x", "[maintenance]\n x = y",
        "[credential] helper=x",
    ],
)  # fmt: skip
def test_a_repository_that_starts_something_asks(text: str) -> None:
    """Every key that is not known to be harmless is none; a key's case, place and line do not hide it."""
    assert not is_harmless_setting(text)


@pytest.mark.parametrize(
    ("names", "is_harmless"),
    [
        ((), True), (("PATH", "GIT_EDITOR", "GIT_AUTHOR_NAME", "GITHUB_TOKEN"), True), (("GIT_EXTERNAL_DIFF",), False),
        (("GIT_DIR",), False), (("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0"), False), (("GIT_TRACE",), False),
        (("GIT_CONFIG_GLOBAL",), False), (("GIT_EXEC_PATH",), False), (("GIT_INDEX_FILE",), False),
    ],
)  # fmt: skip
def test_what_the_environment_may_say_to_git(names: tuple[str, ...], is_harmless: bool) -> None:  # noqa: FBT001
    """A project's settings can set variables; those that move or extend git ask."""
    assert is_harmless_environment(dict.fromkeys(names, "x")) is is_harmless


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("diff",), ("--no-pager", "diff", "--no-renames", "--name-only", "-z")),
        (("diff", "--stat", "-M", "main", "--", "src"),
         ("--no-pager", "diff", "-M", "--no-renames", "--name-only", "-z", "main", "--", "src")),
        (("show", "--oneline", "HEAD~2"),
         ("--no-pager", "show", "--format=", "--no-renames", "--name-only", "-z", "HEAD~2")),
        (("log", "-n", "3", "-p"), ("--no-pager", "log", "-n3", "-p", "--format=", "--no-renames", "--name-only",
        "-z")),
        (("log", "--oneline"), ()),
    ],
)  # fmt: skip
def test_how_git_is_asked_for_the_files_it_would_show(words: tuple[str, ...], names: tuple[str, ...]) -> None:
    """The same revisions and paths, as names alone; a log without patches shows no file."""
    asked = history(words)
    assert asked is not None
    assert asked.names_files == names
