"""Claude Code's own `permissions.deny`: which lines keep it from a file, and which files its lines mean.

It reads patterns as `.gitignore` does, with four beginnings: `//` is the root of the file system, `~/` is home, `/` is
the folder of the settings, and anything else is relative to the working folder
(https://code.claude.com/docs/en/permissions, seen 2026-11-20).
"""

from collections.abc import Iterable

from outrider.records import record
from outrider.rules.patterns import Around, matches

COMMANDS = ("cat", "head", "tail", "grep", "cp", "base64")
"""How a shell reads a file most often. No rule of this kind can be complete; that of `Read` is what counts."""
EVERYTHING = frozenset({"Read", "Read(*)", "Read(**)", "Read(**/*)", "Read(//**)", "*"})


@record
class Rule:
    """One line of `permissions.deny`, the file it stands in, and the folder that its `/` means."""

    text: str
    file: str
    root: str


def deny_lines(pattern: str) -> tuple[str, ...]:
    """Returns the lines for a pattern of ours: the one for Claude Code's own reading first, then those for a shell."""
    wanted = f"{pattern}**" if pattern.endswith("/") else pattern
    bare = wanted.removeprefix("./")
    if wanted.startswith("/"):
        read = f"/{wanted}"
    elif wanted.startswith(("~/", "**/")):
        read = wanted
    else:
        read = f"./{bare}" if "/" in pattern.rstrip("/") else f"**/{bare}"
    named = bare.removeprefix("~").replace("**/", "*").replace("**", "*").strip("*")
    return (f"Read({read})", *(f"Bash({command} *{named}*)" for command in COMMANDS))


def covering(rules: Iterable[Rule], paths: Iterable[str], *, folders: tuple[str, ...], home: str) -> Rule | None:
    """Returns the first rule that keeps Claude Code from reading any of these spellings of one path."""
    spelled = tuple(paths)
    return next((rule for rule in rules if any(_means(rule, path, folders, home) for path in spelled)), None)


def is_covered(pattern: str, rules: tuple[Rule, ...], *, folders: tuple[str, ...], home: str) -> bool:
    """Whether rules keep Claude Code from all that a pattern of ours means, tried on examples of it."""
    return all(
        covering(rules, (path,), folders=folders, home=home) is not None
        for path in _examples(pattern, root=folders[0], home=home)
    )


def _means(rule: Rule, path: str, folders: tuple[str, ...], home: str) -> bool:
    if rule.text in EVERYTHING:
        return True
    if not rule.text.startswith("Read(") or not rule.text.endswith(")"):
        return False
    wanted = rule.text[5:-1].strip()
    if wanted.startswith("//"):
        return matches(wanted[1:], path, Around(root="/", home=home))
    if wanted.startswith("/"):
        return matches(f".{wanted}", path, Around(root=rule.root, home=home))
    return any(matches(wanted, path, Around(root=folder, home=home)) for folder in folders)


def _examples(pattern: str, *, root: str, home: str) -> tuple[str, ...]:
    """Returns paths that a pattern means, with names that nobody writes into a rule."""
    wanted = f"{pattern}**" if pattern.endswith("/") else pattern
    if wanted.startswith("~/"):
        wanted = home + wanted[1:]
    elif not wanted.startswith("/"):
        deep = "" if "/" in pattern.rstrip("/") else "**/"
        wanted = f"{root}/{deep}{wanted.removeprefix('./')}"
    parts = [part for part in wanted.split("/") if part]
    end = len(parts) - 1
    near = ["q7x" if part == "**" else part for at, part in enumerate(parts) if part != "**" or at == end]
    far = ["q7x/q8y" if part == "**" else part for part in parts]
    return tuple(_named("/" + "/".join(path)) for path in (near, far))


def _named(path: str) -> str:
    """Puts a name in the place of each wildcard that is left."""
    found: list[str] = []
    in_set = ""
    for letter in path:
        if in_set:
            in_set += letter
            if letter == "]" and len(in_set) > 2:
                found.append(in_set[1])
                in_set = ""
        elif letter == "[":
            in_set = letter
        else:
            found.append({"*": "q9z", "?": "q"}.get(letter, letter))
    return "".join(found) + in_set
