"""What runs in Claude Code unasked is a closed list: held against the real commands, and tried at its edge."""

import click
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from outrider.cli.group import COMMANDS, cli
from outrider.rules import preapproval
from outrider.rules.git_reading import History
from outrider.rules.permissions import Rule
from outrider.rules.preapproval import FLAG, FORMS, Call, Scope, Seen, call, is_private_ask
from outrider.rules.shell_line import Line, parse

KNOWN = {name for commands in COMMANDS.values() for name in commands}


def made(text: str) -> Call | None:
    """Reads a line and looks it up."""
    line = parse(text)
    return None if line is None else call(line)


def command(path: tuple[str, ...]) -> click.Command:
    """Returns the real command of a path; a family's plain name is its first member."""
    found: click.Command = cli
    context = click.Context(cli)
    for name in path:
        assert isinstance(found, click.Group)
        step = found.get_command(context, name)
        assert step is not None, path
        found = step
    if isinstance(found, click.Group):
        return found.commands[next(iter(found.commands))]
    return found


@pytest.mark.parametrize("path", FORMS, ids=" ".join)
def test_every_flag_of_the_list_is_one_of_the_command(path: tuple[str, ...]) -> None:
    """Each listed flag exists, and takes a value exactly where the command takes one."""
    options = {
        flag: option
        for option in command(path).params
        if isinstance(option, click.Option)
        for flag in (*option.opts, *option.secondary_opts)
    }
    listed = {flag: kind for flag, kind in FORMS[path].flags.items() if flag not in {"-h", "--help"}}
    assert listed.keys() <= options.keys()
    assert {flag: kind == FLAG for flag, kind in listed.items()} == {
        flag: options[flag].is_flag for flag in listed
    }  # fmt: skip
    assert all(option.nargs == 1 for option in options.values())


@pytest.mark.parametrize("path", FORMS, ids=" ".join)
def test_no_more_words_than_the_command_takes(path: tuple[str, ...]) -> None:
    """A word too many would be a usage error at best."""
    arguments = [entry for entry in command(path).params if isinstance(entry, click.Argument)]
    required = sum(entry.required for entry in arguments)
    assert required <= FORMS[path].words <= len(arguments)


def test_every_listed_command_exists() -> None:
    """A name that nothing answers to would be a hole for whatever comes by that name."""
    assert {path[0] for path in FORMS} <= KNOWN


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("outrider --version", Call(command=())),
        ("outrider ask hi", Call(command=("ask",))),
        ("outrider ask -m gpt -t code-review --preset cheap -s 'be brief' --json -q 'why?'", Call(command=("ask",))),
        ("outrider ask --max-cost 0.25 --max-output 16000 --timeout 60 --temperature 0.2 --no-fallback hi",
         Call(command=("ask",))),
        ("outrider ask --param reasoning_effort=high --param=top_p=0.9 -- '-m is no flag'", Call(command=("ask",))),
        ("outrider ask -f a.py --file=b.py --image c.png --schema d.json --answer claude.opus=e.md hi",
         Call(command=("ask",), inputs=("a.py", "b.py", "c.png", "d.json", "e.md"))),
        ("outrider ask -f -m hi", Call(command=("ask",), inputs=("-m",))),
        ("outrider ask --out notes.md hi", Call(command=("ask",), outputs=("notes.md",))),
        ("outrider ask --private -f payroll.csv <<'E'\nsum\nE",
         Call(command=("ask",), is_private=True, inputs=("payroll.csv",))),
        ("cat a.py b.py | outrider ask -t code-review",
         Call(command=("ask",), inputs=("a.py", "b.py"), programs=("outrider", "cat"))),
        ("git --no-pager diff -U5 --cached main...HEAD -- src | outrider ask 'what was missed?'",
         Call(command=("ask",), programs=("outrider", "git"), history=History(
             command="diff", words=("-U5", "--cached", "main...HEAD"), either=("main...HEAD",), paths=("src",)))),
        ("git show HEAD:src/a.py | outrider route -t auto",
         Call(command=("route",), programs=("outrider", "git"), history=History(
             command="show", words=("HEAD:src/a.py",), committed=("src/a.py",)))),
        ("git log -n 5 --oneline -p | outrider ask",
         Call(command=("ask",), programs=("outrider", "git"), history=History(
             command="log", words=("-n5", "--oneline", "-p")))),
        ("outrider models show gpt --json", Call(command=("models", "show"))),
        ("outrider models --usable", Call(command=("models",))),
        ("outrider providers list", Call(command=("providers", "list"))),
        ("outrider tasks code-review", Call(command=("tasks",))),
        ("outrider usage --by model --since 7d", Call(command=("usage",))),
        ("outrider usage --by agent --source claude_code --csv", Call(command=("usage",))),
        ("outrider compare -m gpt -m gemini --first 1 --stance for,against --synthesize gpt hi",
         Call(command=("compare",))),
        ("git diff | outrider compare --panel review --out views.md",
         Call(command=("compare",), outputs=("views.md",), programs=("outrider", "git"),
              history=History(command="diff", words=()))),
        ("outrider consensus -m gpt --answer claude.sonnet=a.md --schema vote.json -f b.py <<'E'\nwhich?\nE",
         Call(command=("consensus",), inputs=("vote.json", "b.py", "a.md"))),
        ("outrider consensus --panel review --choices yes,no --threshold 0.5 --quorum 3 --debate 1 --judge gpt hi",
         Call(command=("consensus",))),
        ("outrider cascade -t simple --gate schema --gate=agree --gate self --gate judge --with gpt --schema a.json hi",
         Call(command=("cascade",), inputs=("a.json",))),
        ("outrider verify -m gpt --verifier gemini --rounds 2 --schema a.json --answer claude.opus=draft.md hi",
         Call(command=("verify",), inputs=("a.json", "draft.md"))),
        ("outrider verify --private -f payroll.csv hi",
         Call(command=("verify",), is_private=True, inputs=("payroll.csv",))),
        ("outrider guide matrix", Call(command=("guide",))),
        ("outrider ask --help", Call(command=("ask",))),
    ],
)  # fmt: skip
def test_what_the_list_holds(text: str, wanted: Call) -> None:
    """Each asking and reading call is recognised, with the files and programs that it needs."""
    assert made(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "outrider", "outrider nosuch", "outrider install", "outrider install --dry-run", "outrider uninstall",
        "outrider upgrade", "outrider diff", "outrider pause", "outrider resume", "outrider trust",
        "outrider trust --yes",
        "outrider keys", "outrider keys list", "outrider keys set openai", "outrider keys import .env",
        "outrider config check", "outrider config path", "outrider providers add x http://evil.example",
        "outrider providers --json add x http://evil.example", "outrider providers x", "outrider models nosuch",
        "outrider models --json show gpt", "outrider serve", "outrider batch in.jsonl", "outrider switch cheap",
        "outrider switch", "outrider prune", "outrider doctor", "outrider doctor --repair", "outrider demo",
        "outrider drill", "outrider audit data", "outrider render", "outrider jobs cancel 1",
        "outrider thread delete x", "outrider thread show x", "outrider hook bash", "outrider mcp",
        "outrider import x y",
        "outrider pipeline run x",
        "outrider report", "outrider report --out x.html", "outrider policy", "outrider policy replay",
        "outrider statusline", "outrider savings", "outrider catalog sync x",
        "outrider cascade --gate check:./x hi", "outrider cascade --gate=check:./x hi", "outrider cascade --gate '' hi",
        "outrider cascade --gate 'schema check:./x' hi", "outrider cascade --gate agree --gate check:make hi",
        "outrider cascade --check ./x hi", "outrider verify --check ./x hi", "outrider verify --check=./x hi",
        "outrider cascade --panel review hi", "outrider verify --fallback hi", "outrider compare --thread x hi",
        *(f"outrider {name} {flag} hi" for name in ("compare", "consensus", "cascade", "verify")
          for flag in ("--record r.json", "--replay r.json", "--max-cost 1.01", "--answer x", "--tools fs", "--out ''",
                       "--background")),
        "outrider usage --out x.csv", "outrider usage --csv=x",
        "outrider ask --tools fs hi", "outrider ask --record r.json hi", "outrider ask --replay r.json hi",
        "outrider ask --background hi", "outrider ask --base-url http://evil.example hi", "outrider ask --nosuch hi",
        "outrider ask --mod gpt hi", "outrider ask -mgpt hi", "outrider ask -qf a.py", "outrider ask -x hi",
        "outrider ask --json=1 hi", "outrider ask -m", "outrider ask hi there", "outrider ask -- hi there",
        "outrider ask -f '' hi", "outrider ask --out= hi", "outrider ask --answer x hi", "outrider ask --answer x= hi",
        "outrider ask --max-cost 1.01 hi", "outrider ask --max-cost 1e9 hi", "outrider ask --max-cost nan hi",
        "outrider ask --max-cost ٩ hi", "outrider ask --max-cost -1 hi", "outrider ask --param tools=[] hi",
        "outrider ask --param 'tools=[1]' hi", "outrider ask --param base_url=x hi", "outrider ask --param x hi",
        "outrider -q ask hi", "outrider --help ask", "outrider runs extra", "outrider route --background hi",
        "outrider why a b", "outrider models <<'E'\nE", "cat a | outrider models", "outrider --version <<'E'\nE",
        "cat | outrider ask", "cat -A a | outrider ask", "cat -- a | outrider ask", "cat a -n | outrider ask",
        "git status | outrider ask", "git | outrider ask", "git -c diff.external=./x diff | outrider ask",
        "git -C /etc diff | outrider ask", "git --git-dir=x diff | outrider ask", "git diff --ext-diff | outrider ask",
        "git diff --textconv | outrider ask", "git diff --output=F | outrider ask", "git diff -o F | outrider ask",
        "git diff --no-index a /etc/passwd | outrider ask", "git diff -O/etc/passwd | outrider ask",
        "git log --show-signature | outrider ask", "git log '--format=%G?' | outrider ask",
        "git log -L1,2:a | outrider ask",
        "git log --format=evil | outrider ask", "git log '--format=%(trailers)' | outrider ask",
        "git log -nx | outrider ask",
        "git diff ':(glob)**' | outrider ask", "git diff -- '*.py' | outrider ask", "git diff -- :/x | outrider ask",
        "git show 'HEAD^{/fix: it}' | outrider ask", "git show 'HEAD@{12:30}' | outrider ask",
        "git show ':0:a' | outrider ask", "git show HEAD: | outrider ask", "git show 'HEAD:a*' | outrider ask",
        "git grep x | outrider ask", "git blame a | outrider ask", "git config -l | outrider ask",
        "git log --stdin | outrider ask", "git diff --submodule=diff | outrider ask", "git diff '' | outrider ask",
    ],
)  # fmt: skip
def test_what_the_list_does_not_hold(text: str) -> None:
    """Everything that changes, installs, trusts, spends more, runs long or starts a program asks."""
    assert made(text) is None


ASKING = ("ask", "cascade", "compare", "consensus", "verify")
WORDS = st.one_of(
    st.sampled_from((*sorted({flag for name in ASKING for flag in FORMS[name,].flags}), "--", "-", "--record",
                     "--tools", "--background", "--check", "-mx", "-fq", "--out=x.md", "--file=x", "--private=1",
                     "--answer=a=b", "--nosuch", "-qf", "--max-cost=0.5", "--gate=check:a", "--gate=self")),
    st.sampled_from(("a.py", "b.md", "a=b", "top_p=1", "0.5", "9", "-x", "--private", "-f", "--out", "", "hi", "=",
                     "agree", "check:a")),
)  # fmt: skip


@given(name=st.sampled_from(ASKING), words=st.lists(WORDS, max_size=7))
@example(name="ask", words=["-s", "--private", "-f", "--out", "--", "--record"])
@example(name="ask", words=["--out", "a.md", "--out", "b.md", "-f", "-f"])
@example(name="cascade", words=["--gate", "self", "--with", "--gate", "--", "--gate"])
@example(name="verify", words=["-s", "--check", "--answer", "a=b", "--answer=c=d"])
def test_the_command_reads_the_words_as_the_list_does(name: str, words: list[str]) -> None:
    """For any accepted call: the files that the real command would read and write are those that are looked at."""
    found = call(Line(words=("outrider", name, *words)))
    if found is None or {"-h", "--help"} & set(words):
        return
    try:
        root = click.Context(cli, **cli.context_settings)
        real = command((name,)).make_context(name, list(words), parent=root).params
    except click.UsageError:
        return
    files = [*real["files"], *real["images"], *filter(None, [real.get("schema")])]
    handed = [real["answer"] or ""] if name == "ask" else real["answers"]
    files += [pair.partition("=")[2] for pair in handed if pair]
    assert set(files) <= set(found.inputs)
    assert set(filter(None, [real["out"]])) <= set(found.outputs)
    started = [*real.get("checks", ()), *(gate for gate in real.get("gates", ()) if gate.startswith("check"))]
    wanted: tuple[object, ...] = (found.is_private, None, None, False, [])
    assert (real["private"], real["record"], real["replay"], real.get("background", False), started) == wanted


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("outrider ask --private -f data/payroll.csv <<'E'\nsum by month\nE", True),
        ("outrider ask --private 'which day is it?'", True),
        ("outrider ask -f a --private --json hi", True),
        ("outrider ask -f a hi", False),
        ("outrider ask --out a.md --private hi", False),
        ("cat a | outrider ask --private", False),
        ("git diff | outrider ask --private", False),
        ("outrider route --private hi", False),
        ("outrider models", False),
        ("outrider ask -s --private hi", False),
        ("outrider ask -- --private", False),
        ("outrider --version", False),
        ("outrider ask --private hi; cat a", False),
        ("cat a", False),
    ],
)
def test_what_the_guard_of_private_reader_lets_by(text: str, is_one: bool) -> None:  # noqa: FBT001 (a table's column)
    """One private question and nothing else; a `--private` that is another flag's value is none."""
    assert is_private_ask(parse(text)) is is_one


ROOT, HOME = "/home/a/work/app", "/home/a"


def seen(path: str, real: str | None = None, *, there: bool = True) -> Seen:
    """Returns a path of the project as a door would see it."""
    named = path if path.startswith("/") else f"{ROOT}/{path}"
    return Seen(named=named, real=real or named, is_file=there, is_there=there)


def scope(*denied: str, root: str = ROOT) -> Scope:
    """Returns the project, with lines of `permissions.deny`."""
    rules = tuple(Rule(text=text, file="settings.json", root=root) for text in denied)
    return Scope(root=root, home=HOME, denied=rules, folders=(root,))


@pytest.mark.parametrize(
    ("path", "where", "reads", "privately"),
    [
        (seen("a.py"), scope(), True, True),
        (seen("docs/deep/a.md"), scope(), True, True),
        (seen("none.py", there=False), scope(), False, False),
        (seen("/etc/passwd"), scope(), False, False),
        (seen("/home/a/work/app2/a.py"), scope(), False, False),
        (seen("/home/a/.ssh/id_rsa"), scope(), False, False),
        (seen("link.py", "/home/a/.ssh/id_rsa"), scope(), False, False),
        (seen("link.py", f"{ROOT}/.env"), scope(), False, True),
        (seen(".env"), scope(), False, True),
        (seen(".git/config"), scope(), False, True),
        (seen("src/.npmrc"), scope(), False, True),
        (seen(".github/workflows/ci.yml"), scope(), True, True),
        (seen("/home/a/.dotfiles/a.txt"), scope(root="/home/a/.dotfiles"), False, False),
        (seen("secrets/a.txt"), scope("Read(./secrets/**)"), False, False),
        (seen("a.txt", f"{ROOT}/secrets/a.txt"), scope("Read(./secrets/**)"), False, False),
        (seen("a.txt", f"{ROOT}/b.txt"), scope("Read(./a.txt)"), False, False),
        (seen("a.txt"), scope("Read"), False, False),
        (seen("a.txt"), scope("Bash(rm *)"), True, True),
        (seen(ROOT), scope(), False, False),
        (seen("a.txt"), scope("Edit"), True, True),
        (seen("/elsewhere/link.txt", f"{ROOT}/a.txt"), scope(), True, True),
    ],
)
def test_which_files_a_call_may_read(path: Seen, where: Scope, reads: bool, privately: bool) -> None:  # noqa: FBT001
    """The project's own, with links followed; hidden ones only where they stay on this machine; denied ones never."""
    assert preapproval.may_read(path, where, is_private=False) is reads
    assert preapproval.may_read(path, where, is_private=True) is privately


@pytest.mark.parametrize(
    ("path", "where", "writes"),
    [
        (seen("review.md", there=False), scope(), True),
        (seen("docs/review.TXT", there=False), scope(), True),
        (seen("review.md"), scope(), False),
        (seen("/tmp/review.md", there=False), scope(), False),
        (seen("review.md", "/tmp/review.md", there=False), scope(), False),
        (seen("conftest.py", there=False), scope(), False),
        (seen("Makefile", there=False), scope(), False),
        (seen("package.json", there=False), scope(), False),
        (seen("src/CLAUDE.md", there=False), scope(), False),
        (seen("AGENTS.md", there=False), scope(), False),
        (seen("docs/OBEY_ME.md", there=False), scope(), False),
        (seen("claude.local.md", there=False), scope(), False),
        (seen("requirements-dev.txt", there=False), scope(), False),
        (seen("CMakeLists.txt", there=False), scope(), False),
        (seen("agents/evil.md", there=False), scope(), False),
        (seen(".claude/agents/evil.md", there=False), scope(), False),
        (seen(".git/x.txt", there=False), scope(), False),
        (seen("review.md", there=False), scope("Edit(./*.md)"), False),
        (seen("review.md", there=False), scope("Write"), False),
        (seen("review.md", there=False), scope("Read(./*.md)"), False),
    ],
)
def test_which_files_a_call_may_write(path: Seen, where: Scope, writes: bool) -> None:  # noqa: FBT001 (a table's column)
    """New ones in the project that no program runs and no agent obeys: a model's words are not instructions."""
    assert preapproval.may_write(path, where) is writes


@pytest.mark.parametrize(
    ("root", "bounds"),
    [(ROOT, True), ("/tmp/x", True), (HOME, False), ("/home", False), ("/", False), ("", False)],
)
def test_which_folders_bound_a_call(root: str, bounds: bool) -> None:  # noqa: FBT001 (a table's column)
    """Neither the home nor anything above it is a project."""
    assert preapproval.is_scope(root, HOME) is bounds
