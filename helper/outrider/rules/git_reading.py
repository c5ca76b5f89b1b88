"""Which calls of git only read the project: a short list of options, and a repository that runs no program by itself.

A repository's own settings can make `git diff` start programs (`diff.external`, `core.fsmonitor`, filters, signatures),
and so a checkout could run code unseen. What a repository may say is therefore a closed list as well.
"""

import re
from collections.abc import Mapping

from outrider.records import record

COMMANDS = ("diff", "log", "show")
OPTIONS = frozenset({
    "-p", "-u", "--patch", "-s", "--no-patch", "--stat", "--shortstat", "--numstat", "--dirstat", "--summary",
    "--name-only", "--name-status", "--cached", "--staged", "--merge-base", "-w", "-b", "--ignore-all-space",
    "--ignore-space-change", "--ignore-blank-lines", "-W", "--function-context", "-M", "-C", "--find-renames",
    "--no-renames", "--minimal", "--patience", "--histogram", "--no-color", "--color=never", "--no-ext-diff",
    "--no-textconv", "--word-diff=plain", "--oneline", "--no-merges", "--merges", "--first-parent", "--reverse",
    "--graph", "--decorate", "--no-decorate", "--abbrev-commit", "--all", "--follow", "--raw",
})  # fmt: skip
"""None of them writes a file, reads one outside of the repository, or starts a program."""
SHOWN = frozenset({
    "-s", "--no-patch", "--stat", "--shortstat", "--numstat", "--dirstat", "--summary", "--name-status", "--oneline",
    "--graph", "--raw", "--name-only",
})  # fmt: skip
"""Options that say how the list of files looks; the list is asked for in a form of our own."""
WITH_NUMBER = ("-U", "--unified=", "-n", "--max-count=", "--skip=", "-")
WITH_TEXT = ("--since=", "--until=", "--after=", "--before=", "--author=", "--grep=", "--date=", "--diff-filter=")
FORMATS = ("oneline", "short", "medium", "full", "fuller", "reference", "raw")
REVISION = re.compile(r"[A-Za-z0-9_./@^~{}+-]+(?:\.{2,3}[A-Za-z0-9_./@^~{}+-]*)?")
HARMLESS_VARIABLES = frozenset({
    "GIT_ASKPASS", "GIT_AUTHOR_DATE", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_NAME", "GIT_CEILING_DIRECTORIES",
    "GIT_COMMITTER_DATE", "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_NAME", "GIT_EDITOR", "GIT_HTTP_USER_AGENT",
    "GIT_LFS_SKIP_SMUDGE", "GIT_MERGE_AUTOEDIT", "GIT_OPTIONAL_LOCKS", "GIT_PAGER", "GIT_PS1_SHOWDIRTYSTATE",
    "GIT_SEQUENCE_EDITOR", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_TERMINAL_PROMPT",
})  # fmt: skip
"""What is set of git in an environment without a say in reading: all others ask, such as GIT_EXTERNAL_DIFF, GIT_DIR."""

_CORE = (
    "abbrev bare bigfilethreshold commitgraph compression deltabasecachelimit eol autocrlf filemode ignorecase "
    "logallrefupdates longpaths multipackindex packedgitlimit packedgitwindowsize precomposeunicode preloadindex "
    "protecthfs protectntfs quotepath repositoryformatversion safecrlf symlinks untrackedcache"
)
SETTINGS: Mapping[str, frozenset[str] | None] = {
    "advice": None, "branch": None, "color": None, "gc": None, "init": None, "pull": None, "push": None, "user": None,
    "core": frozenset(_CORE.split()),
    "diff": frozenset({"algorithm", "colormoved", "context", "mnemonicprefix", "noprefix", "renames", "renamelimit"}),
    "extensions": frozenset({"objectformat", "noop"}), "fetch": frozenset({"prune", "prunetags", "parallel"}),
    "lfs": frozenset({"repositoryformatversion"}), "merge": frozenset({"conflictstyle", "ff"}),
    "rebase": frozenset({"autosquash", "autostash"}), "rerere": frozenset({"enabled", "autoupdate"}),
    "remote": frozenset({"url", "pushurl", "fetch", "push", "tagopt", "prune", "gh-resolved"}),
    "commit": frozenset({"gpgsign"}), "tag": frozenset({"gpgsign", "sort"}), "submodule": frozenset({"active", "url"}),
}  # fmt: skip
"""Sections of a repository's settings, with the keys that start nothing; None stands for every key."""
_SECTION = re.compile(r'\[[ \t]*([A-Za-z0-9-]+)(?:[ \t]+"((?:[^"\\]|\\.)*)")?[ \t]*\](.*)')
_KEY = re.compile(r"([A-Za-z][A-Za-z0-9-]*)[ \t]*(?:=.*)?")
WITH_NAMES = frozenset({"branch", "color", "remote", "submodule"})


@record
class History:
    """What git is asked to show: words that are revisions or paths, paths behind `--`, and those of `REVISION:PATH`."""

    command: str
    words: tuple[str, ...]
    either: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    committed: tuple[str, ...] = ()

    @property
    def names_files(self) -> tuple[str, ...]:
        """The words behind `git` that list the files whose content would be shown; none where none would."""
        if self.command == "log" and not any(_is_patch(word) for word in self.words):
            return ()
        options = [word for word in self.words if word.startswith("-") and word not in SHOWN]
        form = () if self.command == "diff" else ("--format=",)
        paths = ("--", *self.paths) if self.paths else ()
        return (
            "--no-pager", self.command, *options, *form, "--no-renames", "--name-only", "-z", *self.either, *paths
        )  # fmt: skip


def history(words: tuple[str, ...]) -> History | None:
    """Reads the words behind `git`; None where one of them is not on the list."""
    rest = list(words[1:] if words[:1] == ("--no-pager",) else words)
    if not rest or rest[0] not in COMMANDS:
        return None
    command = rest.pop(0)
    said: list[str] = []
    either: list[str] = []
    paths: list[str] = []
    committed: list[str] = []
    while rest:
        word = rest.pop(0)
        if word == "--":
            paths += rest
            break
        if word == "-n" and rest and rest[0].isascii() and rest[0].isdigit():
            word += rest.pop(0)
        said.append(word)
        if word.startswith("-"):
            if not _is_option(word):
                return None
        elif ":" in word:
            revision, _, path = word.partition(":")
            if not REVISION.fullmatch(revision) or not path or "{" in revision:
                # `HEAD^{/fix: it}` and `HEAD@{12:30}` are revisions, colon and all.
                return None
            committed.append(path)
        elif REVISION.fullmatch(word):
            # Either a revision or a path: git decides, so it must be harmless as both.
            either.append(word)
        else:
            return None
    if any(not path or path.startswith(":") or set(path) & set("*?[\\") for path in (*paths, *committed)):
        return None
    return History(
        command=command, words=tuple(said), either=tuple(either), paths=tuple(paths), committed=tuple(committed)
    )


def _is_patch(word: str) -> bool:
    """Whether an option has `git log` show content; to ask for lines around a change does too."""
    return word in {"-p", "-u", "--patch"} or word.startswith(("-U", "--unified="))


def _is_option(word: str) -> bool:
    if word in OPTIONS or word.startswith(WITH_TEXT):
        return True
    for start in WITH_NUMBER:
        value = word.removeprefix(start)
        if value != word and value.isascii() and value.isdigit():
            return True
    style = word.removeprefix("--format=").removeprefix("--pretty=")
    if style == word:
        return False
    # `%G` checks signatures, which starts a program; `%(…)` takes arguments of its own.
    is_template = style.startswith(("%", "format:", "tformat:")) and "%G" not in style and "%(" not in style
    return style in FORMATS or is_template


def is_harmless_setting(text: str) -> bool:
    """Whether a repository's settings hold only what starts no program and leads nowhere else."""
    known: frozenset[str] | None = frozenset()
    for line in text.split("\n"):
        rest = line.strip(" \t\r")
        if rest.startswith("["):
            match = _SECTION.fullmatch(rest)
            name = match[1].lower() if match else ""
            if match is None or name not in SETTINGS or (match[2] is not None and name not in WITH_NAMES):
                return False
            known, rest = SETTINGS[name], match[3].strip(" \t")
        if not rest or rest[0] in "#;":
            continue
        key = _KEY.fullmatch(rest)
        if key is None or (known is not None and key[1].lower() not in known):
            return False
    return True


def is_harmless_environment(names: Mapping[str, str]) -> bool:
    """Whether the environment says nothing to git that changes what it reads or starts."""
    return all(name in HARMLESS_VARIABLES for name in names if name.startswith("GIT_"))
