"""A checkout as git would find it: where its settings are, what they say, and which files a reading call would show.

Looks for what makes git start programs: settings, a hook, a bare repository that hides in the tree, submodules.
"""

import os
import re
from collections.abc import Mapping

from outrider.doors.files import read_small
from outrider.doors.settings import SMALL_FILE
from outrider.errors import OutriderError
from outrider.rules.git_reading import History, is_harmless_environment, is_harmless_setting

LARGEST_INDEX = 33_554_432
GITLINK = b"\0\0\xe0\0"
"""How a submodule's entry begins in the index (mode 160000): git looks into each, under that one's own settings."""
OBJECT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
LONGEST_LIST = 1_048_576
LONGEST_WAIT = 2.0


def root_if_harmless(cwd: str, asked: History, environment: Mapping[str, str]) -> str | None:
    """Returns the checkout's folder, where git only reads there; None where it may do anything else."""
    found = _find(cwd)
    if found is None or not is_harmless_environment(environment):
        return None
    root, own, common = found
    settings = _text(os.path.join(common, "config"))
    if settings is None or not is_harmless_setting(settings) or os.path.lexists(os.path.join(own, "config.worktree")):
        return None
    if own == common and os.path.lexists(os.path.join(own, "commondir")):
        # It would send git to other settings than those that were read.
        return None
    if asked.command == "diff" and not _is_plain_index(own):
        return None
    # `git diff` may write a fresher index, and then runs this hook.
    return None if os.path.lexists(os.path.join(common, "hooks", "post-index-change")) else root


def files_shown(asked: History, *, cwd: str, root: str, environment: Mapping[str, str]) -> tuple[str, ...] | None:
    """Returns the absolute paths of all files whose content git would show; None where that cannot be said.

    An object's own number can name a file's content without its path, and so can two folders compared: neither passes.
    """
    if asked.command == "diff" and asked.committed:
        return None
    inside = tuple(os.path.join(*_placed(path, cwd=cwd, root=root)) for path in asked.committed)
    if asked.committed and not asked.either and not asked.paths:
        return inside
    words = asked.names_files
    if not words:
        return inside
    for word in asked.either:
        ends = [end for end in word.split("..") if end.lstrip(".")]
        is_path = os.path.lexists(os.path.join(cwd, word))
        for end in () if is_path else ends:
            if (
                _run("rev-parse", "--verify", "--quiet", f"{end.lstrip('.^')}^{{commit}}", cwd=cwd, env=environment)
                is None
            ):
                return None
    listed = _run(*words, cwd=cwd, env=environment)
    if listed is None:
        return None
    names = (name.strip(b"\n") for name in listed.split(b"\0"))
    return (*inside, *(os.path.join(root, os.fsdecode(name)) for name in names if name))


def _run(*words: str, cwd: str, env: Mapping[str, str]) -> bytes | None:
    """Returns what git says, None where it fails, takes long or says too much."""
    import subprocess

    try:
        done = subprocess.run(  # noqa: S603 (words of a closed list, in a checkout that starts nothing)
            ["git", *words],  # noqa: S607 (the same `git` that the line would start)
            cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            check=False, timeout=LONGEST_WAIT,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return done.stdout if done.returncode == 0 and len(done.stdout) <= LONGEST_LIST else None


def _placed(path: str, *, cwd: str, root: str) -> tuple[str, str]:
    """Returns what a path behind `REVISION:` is relative to, and the path."""
    return (cwd if path.startswith(("./", "../")) else root), path


def committed_path(path: str, *, cwd: str, root: str) -> str:
    """Returns where a path behind `REVISION:` lies, or would lie."""
    return os.path.normpath(os.path.join(*_placed(path, cwd=cwd, root=root)))


def _find(start: str) -> tuple[str, str, str] | None:
    """Returns the checkout, its own git folder and the one with the settings, the way git looks for them."""
    folder = os.path.realpath(start)
    while True:
        entry = os.path.join(folder, ".git")
        if os.path.isdir(entry) and not os.path.islink(entry):
            # One that git would pass over, to find another with other settings, is no repository here either.
            return (folder, entry, entry) if _is_repository(entry) else None
        if os.path.lexists(entry):
            return _linked(folder, entry)
        if all(os.path.exists(os.path.join(folder, name)) for name in ("HEAD", "objects", "refs")):
            # A repository without working files, found before any checkout: its settings came with the tree.
            return None
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def _is_repository(own: str) -> bool:
    """Whether git certainly takes a folder for a repository."""
    head = os.path.join(own, "HEAD")
    says = "" if os.path.islink(head) else _text(head) or ""
    is_head = says.startswith("ref: refs/") or OBJECT.fullmatch(says.rstrip("\n")) is not None
    folders = [os.path.join(own, name) for name in ("objects", "refs")]
    return is_head and all(os.path.isdir(path) and os.access(path, os.X_OK) for path in folders)


def _linked(folder: str, entry: str) -> tuple[str, str, str] | None:
    """Follows the `.git` file of a further working tree, which its repository must know of."""
    said = _named(entry) or ""
    own = said.removeprefix("gitdir: ")
    if own == said or not os.path.isabs(own):
        return None
    back, shared = _named(os.path.join(own, "gitdir")), _named(os.path.join(own, "commondir"))
    if back is None or shared is None or os.path.realpath(back) != os.path.realpath(entry):
        return None
    return folder, own, os.path.realpath(os.path.join(own, shared))


def _named(path: str) -> str | None:
    """Returns the one line of a file; None where git could read it otherwise: it drops a carriage return at the end."""
    said = (_text(path) or "").removesuffix("\n")
    return said if said and said.isprintable() and said == said.strip() else None


def _text(path: str) -> str | None:
    try:
        data = read_small(path, limit=SMALL_FILE)
        return None if data is None else data.decode("utf-8")
    except (OutriderError, UnicodeDecodeError):
        return None


def _is_plain_index(own: str) -> bool:
    """Whether the index is one file without submodules."""
    try:
        data = read_small(os.path.join(own, "index"), limit=LARGEST_INDEX) or b""
        return GITLINK not in data and not any(name.startswith("sharedindex") for name in os.listdir(own))
    except (OutriderError, OSError):
        return False
