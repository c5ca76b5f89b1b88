"""Which calls of ours run in Claude Code without a question: a closed list of commands, flags and places.

Whatever is added to the command later asks until it is listed here. What a call needs of the world (which files it
reads, which it writes, which programs it starts) is named, for a door to look at; what is seen there is judged here.
Nothing that a project says can add to this list.
"""

from collections.abc import Iterable, Iterator, Mapping

from outrider.records import record, replace
from outrider.rules.git_reading import History, history
from outrider.rules.permissions import Rule, covering
from outrider.rules.shell_line import Line

MOST_DOLLARS = 1.0
"""What a run may cost without a flag, as shipped: to pass a higher wall is a decision about money, and asks."""
FLAG, TEXT, SUM, PARAMETER, FILE, NEW_FILE, SEAT = "flag", "text", "sum", "parameter", "file", "new file", "seat"
GATE = "gate"
GATES = frozenset({"agree", "judge", "schema", "self"})
"""What a cascade may be held up by. `check:` starts a program, and so asks, as `verify --check` does."""
PARAMETERS = frozenset({
    "effort", "frequency_penalty", "min_p", "num_ctx", "presence_penalty", "reasoning_effort", "repeat_penalty", "seed",
    "stop", "temperature", "top_k", "top_p", "verbosity",
})  # fmt: skip
"""What changes how a model answers, and nothing else: no parameter that hands it tools or another address."""
PLAIN = {"--json": FLAG, "-q": FLAG, "--quiet": FLAG, "-h": FLAG, "--help": FLAG}
CHOOSING = {
    "-m": TEXT, "--model": TEXT, "-t": TEXT, "--task": TEXT, "--private": FLAG, "--preset": TEXT, "-f": FILE,
    "--file": FILE, "--image": FILE, "--schema": FILE, "-s": TEXT, "--system": TEXT, "--prompt": TEXT,
    "--max-output": TEXT, "--max-cost": SUM, "--fallback": FLAG, "--no-fallback": FLAG,
}  # fmt: skip
SEATED = {
    **PLAIN, "--answer": SEAT, "-f": FILE, "--file": FILE, "--image": FILE, "-s": TEXT, "--system": TEXT,
    "--prompt": TEXT, "--private": FLAG, "--max-output": TEXT, "--max-cost": SUM, "--timeout": TEXT, "--raw": FLAG,
    "--out": NEW_FILE,
}  # fmt: skip
"""What every command with seats takes."""
SEATS = {"-m": TEXT, "--model": TEXT, "--panel": TEXT}


@record
class Form:
    """What may stand behind a command: flags with the kind of their value, and how many other words."""

    flags: Mapping[str, str]
    words: int = 0
    takes_stdin: bool = False


FORMS: Mapping[tuple[str, ...], Form] = {
    ("ask",): Form(
        flags={
            **PLAIN, **CHOOSING, "--thread": TEXT, "--temperature": TEXT, "--param": PARAMETER, "--timeout": TEXT,
            "--answer": SEAT, "--dry-run": FLAG, "--stream": FLAG, "--no-stream": FLAG, "--raw": FLAG,
            "--out": NEW_FILE,
        },
        words=1, takes_stdin=True,
    ),
    ("compare",): Form(
        flags={**SEATED, **SEATS, "--first": TEXT, "--stance": TEXT, "--synthesize": TEXT}, words=1, takes_stdin=True
    ),
    ("consensus",): Form(
        flags={
            **SEATED, **SEATS, "--choices": TEXT, "--schema": FILE, "--threshold": TEXT, "--quorum": TEXT,
            "--debate": TEXT, "--judge": TEXT,
        },
        words=1, takes_stdin=True,
    ),
    ("cascade",): Form(
        flags={
            **SEATED, "-m": TEXT, "--model": TEXT, "-t": TEXT, "--task": TEXT, "--gate": GATE, "--schema": FILE,
            "--with": TEXT, "--judge": TEXT,
        },
        words=1, takes_stdin=True,
    ),
    ("verify",): Form(
        flags={**SEATED, "-m": TEXT, "--model": TEXT, "--verifier": TEXT, "--schema": FILE, "--rounds": TEXT},
        words=1, takes_stdin=True,
    ),
    ("route",): Form(
        flags={**{flag: kind for flag, kind in PLAIN.items() if flag not in {"-q", "--quiet"}}, **CHOOSING},
        words=1, takes_stdin=True,
    ),
    ("why",): Form(flags={"--json": FLAG, "-h": FLAG, "--help": FLAG}, words=1),
    ("runs",): Form(
        flags={**PLAIN, "--failed": FLAG, "--fallbacks": FLAG, "--since": TEXT, "--repo": FLAG, "--limit": TEXT}
    ),
    ("models",): Form(flags={**PLAIN, "--usable": FLAG, "--live": FLAG}),
    ("models", "list"): Form(flags={**PLAIN, "--usable": FLAG, "--live": FLAG}),
    ("models", "show"): Form(flags=PLAIN, words=1),
    ("providers",): Form(flags=PLAIN),
    ("providers", "list"): Form(flags=PLAIN),
    ("tasks",): Form(flags=PLAIN, words=1),
    ("presets",): Form(flags=PLAIN, words=1),
    ("status",): Form(flags=PLAIN),
    ("usage",): Form(flags={**PLAIN, "--by": TEXT, "--since": TEXT, "--rows": FLAG, "--source": TEXT, "--csv": FLAG}),
    ("catalog", "sql"): Form(flags={**PLAIN, "--csv": FLAG, "--limit": TEXT}, words=1),
    ("catalog", "pick"): Form(
        flags={**PLAIN, "--intelligence": TEXT, "--coding": TEXT, "--max-price": TEXT, "--limit": TEXT,
               "--usable": FLAG},
        words=1,
    ),
    ("catalog", "show"): Form(flags=PLAIN, words=1),
    ("catalog", "stale"): Form(flags=PLAIN),
    # Its one word is a file, which no word on this list is: a plan by flags alone runs unasked.
    ("catalog", "cost"): Form(
        flags={**PLAIN, "--model": TEXT, "--documents": TEXT, "--input": TEXT, "--output": TEXT, "--cached-share": TEXT,
               "--batch-share": TEXT, "--hour": TEXT, "--beside": TEXT}
    ),
    ("guide",): Form(flags=PLAIN, words=1),
}  # fmt: skip
BARE = frozenset({("outrider", "--help"), ("outrider", "-h"), ("outrider", "--version")})

SEEN_HIDDEN = frozenset({".github", ".gitignore", ".gitattributes", ".gitlab-ci.yml", ".editorconfig", ".outrider"})
"""Hidden names that hold nothing secret. All others (`.env`, `.git`, `.npmrc`) ask before a cloud model reads them."""
WRITTEN = (".md", ".txt", ".csv", ".jsonl")
"""What an answer may be written as: files that nothing runs."""
CLIENT_FOLDER = ".claude"
OBEYED = ("agents", "cmake", "conan", "constraints", "copilot", "memory", "requirements", "skill", CLIENT_FOLDER[1:])
"""How names of files begin that an agent or a build obeys, so that no model's words may become one unseen. Most other
tools that obey a text write its name in capitals, so no such name is written either.
"""
OBEYED_FOLDERS = frozenset({"agents", "commands", "hooks", "prompts", "rules", "skills", "workflows"})


@record
class Call:
    """What a whole line comes to: the command, and what it needs of the world."""

    command: tuple[str, ...]
    is_private: bool = False
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    programs: tuple[str, ...] = ("outrider",)
    history: History | None = None


def call(line: Line) -> Call | None:
    """Returns what a line of the list needs, or None where it is not on the list."""
    if line.words in BARE:
        return Call(command=()) if not line.source and line.body is None else None
    command = next((line.words[1:end] for end in (3, 2) if line.words[1:end] in FORMS), None)
    if command is None:
        return None
    form = FORMS[command]
    found = _values(form, line.words[1 + len(command) :])
    if found is None or not all(_is_fit(kind, value) for kind, value in found):
        return None
    if (line.source or line.body is not None) and not form.takes_stdin:
        return None
    inputs = [value for kind, value in found if kind == FILE]
    inputs += [value.partition("=")[2] for kind, value in found if kind == SEAT]
    read = None
    if line.source[:1] == ("git",):
        read = history(line.source[1:])
        if read is None:
            return None
    elif line.source:
        if not line.source[1:] or any(word.startswith("-") for word in line.source[1:]):
            return None
        inputs += line.source[1:]
    return Call(
        command=command, is_private=(FLAG, "--private") in found, inputs=tuple(inputs),
        outputs=tuple(value for kind, value in found if kind == NEW_FILE),
        programs=("outrider", *line.source[:1]), history=read,
    )  # fmt: skip


def is_private_ask(line: Line | None) -> bool:
    """Whether a line is one question to a model on this machine, with nothing piped in and nothing written."""
    made = call(line) if line is not None and not line.source else None
    return made is not None and made.command == ("ask",) and made.is_private and not made.outputs


def _values(form: Form, words: tuple[str, ...]) -> list[tuple[str, str]] | None:
    """Returns each flag's kind and value, as the command would read them; None where it has others."""
    found: list[tuple[str, str]] = []
    left = list(words)
    others = 0
    while left:
        word = left.pop(0)
        if word == "--":
            others += len(left)
            break
        if not word.startswith("-") or word == "-":
            others += 1
            continue
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        kind = form.flags.get(name)
        if kind is None or (kind == FLAG and equals):
            return None
        if kind == FLAG:
            value = name
        elif not equals:
            if not left:
                return None
            value = left.pop(0)
        found.append((kind, value))
    return found if others <= form.words else None


def _is_fit(kind: str, value: str) -> bool:
    if kind == SUM:
        digits = value.removeprefix("$")
        is_number = digits.isascii() and digits.replace(".", "", 1).isdigit()
        return is_number and float(digits) <= MOST_DOLLARS
    if kind == PARAMETER:
        return value.partition("=")[0] in PARAMETERS
    if kind == SEAT:
        return bool(value.partition("=")[2])
    if kind == GATE:
        return value in GATES
    return bool(value) or kind == TEXT


@record
class Seen:
    """A path as it was named and as it really is, both absolute, and what is there: a plain file, anything, nothing."""

    named: str
    real: str
    is_file: bool = False
    is_there: bool = False


@record
class Scope:
    """Where a call may read and write: real folders, the user's home, and what the client's settings deny."""

    root: str
    home: str
    denied: tuple[Rule, ...] = ()
    folders: tuple[str, ...] = ()


def may_read(seen: Seen, scope: Scope, *, is_private: bool) -> bool:
    """Whether a file is the project's, of no secret kind unless it stays on this machine, and not denied."""
    return seen.is_file and _is_open(seen, scope) and (is_private or not _is_hidden(seen, scope))


def may_show(seen: Seen, scope: Scope) -> bool:
    """Whether a path that git is asked about lies in the project; it need not be there any more."""
    return _is_open(seen, scope) and not _is_hidden(seen, scope)


def may_write(seen: Seen, scope: Scope) -> bool:
    """Whether a file would be new, in the project, and nothing that a program or an agent obeys."""
    *folders, name = seen.real[len(scope.root) :].split("/")
    is_loud = name.rpartition(".")[0].isupper()
    small = name.lower()
    is_harmless = small.endswith(WRITTEN) and not small.startswith(OBEYED) and not is_loud
    is_harmless = is_harmless and OBEYED_FOLDERS.isdisjoint(folder.lower() for folder in folders)
    if not is_harmless or seen.is_there or not _is_open(seen, scope) or _is_hidden(seen, scope):
        return False
    # What Claude may not edit, an unseen answer may not touch either.
    return not is_denied(seen, replace(scope, denied=tuple(_as_reading(scope.denied))))


def is_scope(root: str, home: str) -> bool:
    """Whether a folder can bound a call at all: neither the home itself nor anything that holds it."""
    return root.startswith("/") and not is_inside(home or "/", root)


def is_inside(path: str, folder: str) -> bool:
    """Whether a real path is a folder or lies in it."""
    return f"{path.rstrip('/')}/".startswith(f"{folder.rstrip('/')}/")


def _is_open(seen: Seen, scope: Scope) -> bool:
    """Whether a path really lies in the project, in no dot-directory of the home, and no rule denies it."""
    if not is_inside(seen.real, scope.root) or seen.real == scope.root:
        return False
    if is_inside(seen.real, scope.home) and seen.real[len(scope.home.rstrip("/")) :].startswith("/."):
        return False
    return not is_denied(seen, scope)


def is_denied(seen: Seen, scope: Scope) -> bool:
    """Whether the client's settings keep Claude from a file, as it was named or as it really is."""
    spelled = dict.fromkeys((seen.named, seen.real))
    return covering(scope.denied, spelled, folders=scope.folders, home=scope.home) is not None


def _as_reading(rules: Iterable[Rule]) -> Iterator[Rule]:
    """Yields the rules against writing as rules against reading, which are read here."""
    for rule in rules:
        tool, _, rest = rule.text.partition("(")
        if tool in {"Edit", "Write"}:
            yield replace(rule, text=f"Read({rest}" if rest else "Read")


def _is_hidden(seen: Seen, scope: Scope) -> bool:
    """Whether a name below the project begins with a dot, but for those that everybody may see."""
    inside = [seen.real[len(scope.root) :]]
    if is_inside(seen.named, scope.root):
        inside.append(seen.named[len(scope.root) :])
    return any(name.startswith(".") and name not in SEEN_HIDDEN for path in inside for name in path.split("/"))
