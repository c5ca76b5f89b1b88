r"""A line is read only where every shell reads it the same way: proven by running what is read in a real bash."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from outrider.rules.shell_line import LONGEST, Line, parse


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("outrider", Line(words=("outrider",))),
        ("outrider models --usable", Line(words=("outrider", "models", "--usable"))),
        ("  outrider\truns  \n", Line(words=("outrider", "runs"))),
        ("outrider ask 'what is $HOME; ls'", Line(words=("outrider", "ask", "what is $HOME; ls"))),
        (r"outrider ask 'it'\''s'", Line(words=("outrider", "ask", "it's"))),
        ('outrider ask "two\nlines | & ;"', Line(words=("outrider", "ask", "two\nlines | & ;"))),
        ('outrider ask --out="a b.md" \'\'', Line(words=("outrider", "ask", "--out=a b.md", ""))),
        ("outrider ask 'größe ✓ 日本'", Line(words=("outrider", "ask", "größe ✓ 日本"))),
        ("outrider runs 2>&1", Line(words=("outrider", "runs"))),
        ("outrider ask <<'EOF'\n$(touch F) `x` \\\nEOF\n",
         Line(words=("outrider", "ask"), body="$(touch F) `x` \\\n")),
        ('outrider ask -m cheap << "END" 2>&1\nENDS\n END\nEND',
         Line(words=("outrider", "ask", "-m", "cheap"), body="ENDS\n END\n")),
        ("outrider ask 2>&1 <<EOF\nplain\nEOF", Line(words=("outrider", "ask"), body="plain\n")),
        ("outrider ask <<X\nX\n\n \n", Line(words=("outrider", "ask"), body="")),
        ("cat a.py 'b c.py' | outrider ask -t code-review",
         Line(words=("outrider", "ask", "-t", "code-review"), source=("cat", "a.py", "b c.py"))),
        ("git diff HEAD~1 main^ | outrider ask",
         Line(words=("outrider", "ask"), source=("git", "diff", "HEAD~1", "main^"))),
        ("git diff 'HEAD~1'|outrider ask 2>&1", Line(words=("outrider", "ask"), source=("git", "diff", "HEAD~1"))),
    ],
)  # fmt: skip
def test_a_line_of_the_grammar_is_read_word_for_word(text: str, line: Line | None) -> None:
    """Quotation marks and blanks go, everything else stays; a here-document is the lines before its name."""
    assert parse(text) == line


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "\n", "ls", "outriders", "Outrider ask", "./outrider ask", "/usr/bin/outrider ask", "'outrider' ask",
        "out'rider' ask", '"outrider" ask', "\\outrider ask", "FOO=1 outrider ask", "env outrider ask",
        "command outrider ask", "exec outrider ask", "time outrider ask", "! outrider ask", "sudo outrider ask",
        "outrider ask hi; touch F", "outrider ask hi && touch F", "outrider ask hi || touch F", "outrider ask hi & ",
        "outrider ask hi\ntouch F", "outrider ask hi\n\n\ntouch F", "touch F\noutrider ask", "outrider ask hi\r\n",
        "outrider ask hi | tee F", "outrider ask hi |& cat", "outrider ask hi | outrider ask", "cd x && outrider ask",
        "(outrider ask)", "{ outrider ask; }", "outrider ask $(touch F)", "outrider ask `touch F`",
        "outrider ask $HOME", 'outrider ask "$HOME"', 'outrider ask "`x`"', 'outrider ask "a\\"b"',
        'outrider ask "Hi!"', "outrider ask $'x'", 'outrider ask $"x"', "outrider ask <(ls)", "outrider ask >(ls)",
        "outrider ask > F", "outrider ask >> F", "outrider ask >F", "outrider ask &> F", "outrider ask >& F",
        "outrider ask >| F", "outrider ask 2> F", "outrider ask 2>&1x", "outrider ask 2>&1>F",
        "outrider ask 2>&1 more", "outrider ask 2>&1 2>&1", "outrider ask < F", "outrider ask <> F",
        "outrider ask <<< hi", "outrider ask 3<<'E'\nE", "outrider ask<<'E'\nE", "outrider ask <<-'E'\nE",
        "outrider ask <<'E'", "outrider ask <<'E'\nbody", "outrider ask <<'E'\nbody\nE x",
        "outrider ask <<'E'\nE\ntouch F", "outrider ask <<'E'; touch F\nE", "outrider ask <<'E' | tee F\nE",
        "outrider ask <<'E' hi\nE", "outrider ask <<'E' <<'F'\nE\nF", "outrider ask <<E\n$HOME\nE",
        "outrider ask <<E\n`x`\nE", "outrider ask <<E\na\\\nE", "outrider ask <<\\E\nE", "outrider ask <<'E'F\nEF",
        "outrider ask <<E'F'\nEF", "outrider ask <<''\n\n", "outrider ask <<1\n1", "outrider ask <<'a b'\na b",
        "outrider ask <<$E\n$E", "outrider ask <<'E'\n\x00\nE", "outrider ask <<'E'\nE\r\n", "outrider ask # comment",
        "outrider ask a#b", "outrider ask *.py", "outrider ask a?b", "outrider ask [ab]", "outrider ask {a,b}",
        "outrider ask ~", "outrider ask ~root/x", "outrider ask a~", "outrider ask =ls", "outrider ask ^a",
        "outrider ask !1", "outrider ask a\\ b", "outrider ask a\\\nb", "outrider \\\n ask", "outrider ask 'a''b'",
        "outrider ask 'a'\"b\"", "outrider ask 'a'b", "outrider ask 'a", 'outrider ask "a', "outrider ask 'a'\\'",
        "outrider ask \x00", "outrider ask \x1b[31m", "outrider ask 'a\x07'", "outrider ask\x0bx",
        "outrider ask\xa0x", "outrider\u2003ask", "outrider ask \u2024", "\u043eutrider ask", "outrider ask größe",
        "outrider ask '\ud800'", "outrider ask 'a\x85b'", "cat a", "cat a | cat b | outrider ask",
        "cat a | tee F | outrider ask", "cat a | outrider ask | cat", "cat a | outrider ask > F",
        "cat a > F | outrider ask", "cat < a | outrider ask", "cat a 2>&1 | outrider ask", "cat a |\noutrider ask",
        "cat a | outrider ask <<'E'\nE", "cat <<'E' | outrider ask\nE", "cat a || outrider ask",
        "cat a |& outrider ask", "cat $(x) | outrider ask", "'cat' a | outrider ask", "/bin/cat a | outrider ask",
        "head a | outrider ask", "sh a | outrider ask", "echo hi | outrider ask", "| outrider ask", "cat a | ",
        "cat a | FOO=1 outrider ask", "outrider ask <<''''\n''\n", "git diff ~1 | outrider ask",
        "git diff a=~ | outrider ask", "git diff a:~ | outrider ask", "git diff -- ^a | outrider ask",
        "cat a~ | outrider ask", "outrider ask HEAD~1", "outrider ask " + "a" * LONGEST,
    ],
)  # fmt: skip
def test_a_line_that_is_anything_else_is_not_read(text: str) -> None:
    """One letter that a shell might take for more than itself is enough."""
    assert parse(text) is None


# What hostile and honest lines are made of, put together at random.
PIECES = (
    "outrider", "cat", "git", "ask", "diff", "-m", "--out=x", "hi", "a.txt", "'", '"', "'it'\\''s'", '"a b"', "'x y'",
    "''", '""', "\\", "\\'", "\\\n", "$", "`", "$(touch pwned)", "`touch pwned`", "${x}", "$'\\n'", '$"x"', "!", "!!",
    ";", "; touch pwned", "&", "&& touch pwned", "|", "||", "|&", "<", ">", "> pwned", ">>pwned", "2>&1", "2>", "&>",
    "1>&2", "<<", "<<<", "<<-", "<<'E'", '<<"E"', "<<E", "<< E", "\nE\n", "\nE", "E", "\n", "\n\n", " ", "  ", "\t",
    "\r", "#", "# x", "*", "?", "[a]", "{a,b}", "~", "^", "HEAD~1", "HEAD^", "=", "=ls", "x=1", "(", ")", "{",
    "}", "touch pwned",
    "\ntouch pwned\n", "é", "日本", "\u2028", "\xa0", "\u200b", "%", "@", "+", ":", ",", "-", "--", "1", "3<<'E'",
    "@(a)", "+(a)", "<(touch pwned)", ">(touch pwned)", "case", "if", "do", "function", "alias",
)  # fmt: skip
LETTERS = st.text(alphabet="outrider ask'\"\\$`!;&|<>\n\tE#*?[]{}~^=() 12é-./", max_size=12)
HOSTILE = st.lists(st.one_of(st.sampled_from(PIECES), LETTERS), max_size=9).map("".join)
BARE = st.text(alphabet="abcXYZ019-_./:=,@%+", min_size=1, max_size=8)
INSIDE = st.text(alphabet='ab $`\\!;&|<>\n#*?[]{}~^=()"é日\u2028\xa0', max_size=12)
SINGLE = INSIDE.map(lambda text: f"'{text}'")
IDIOM = st.lists(INSIDE, min_size=1, max_size=3).map(lambda parts: "'" + "'\\''".join(parts) + "'")
DOUBLE = st.text(alphabet="ab ;&|<>\n#*?[]{}~^=()'é日\u2028\xa0", max_size=12).map(lambda text: f'"{text}"')
WORD = st.one_of(BARE, SINGLE, IDIOM, DOUBLE, st.tuples(BARE, st.one_of(SINGLE, IDIOM, DOUBLE)).map("".join))
WORDS = st.lists(WORD, max_size=5).map(" ".join)
BODY = st.text(alphabet="abE $`\\!;&|<>\n#*?'\"~é日\u2028", max_size=30)
TAIL = st.sampled_from(["", "\n", " ", " 2>&1", " 2>&1\n"])
HONEST = st.one_of(
    st.tuples(st.just("outrider "), WORDS, TAIL).map("".join),
    st.tuples(st.just("outrider ask "), WORDS, st.sampled_from([" <<'E'\n", ' << "E"\n', " <<E\n", " 2>&1 <<'E'\n"]),
              BODY, st.sampled_from(["\nE", "\nE\n", "\nE\n\n"])).map("".join),
    st.tuples(st.sampled_from(["cat ", "git "]), WORDS, st.sampled_from([" | outrider ", "|outrider ask "]), WORDS,
              TAIL).map("".join),
)  # fmt: skip
BROKEN = st.tuples(HONEST, HOSTILE, st.integers(0, 60)).map(
    lambda made: made[0][: made[2]] + made[1] + made[0][made[2] :]
)
LINES = st.one_of(
    HONEST, st.tuples(HONEST, HOSTILE).map("".join), BROKEN, HOSTILE.map("outrider ask ".__add__), HOSTILE
)

PROGRAM = """#!/bin/bash
# Writes down its name, its words and what it is handed, each ended by a letter that no line can hold.
out="$RECORD/$BASHPID"
printf '%s\\0' "${0##*/}" "$@" > "$out.words"
if [ "${0##*/}" = outrider ]; then cat > "$out.stdin"; else printf 'from %s' "${0##*/}"; fi
"""
SHELLS = [shell for shell in ("bash", "zsh") if shutil.which(shell)]
TRIED = int(os.environ.get("OUTRIDER_LINES", "150"))
"""About half are read, and run. Set it to try more: 20,000 take some minutes."""


class Room:
    """A folder with nothing in it but our three programs on PATH, each of which writes down how it was called."""

    def __init__(self, folder: Path) -> None:
        self.programs, self.record, self.here = folder / "programs", folder / "record", folder / "here"
        for made in (self.programs, self.record, self.here):
            made.mkdir()
        for name in ("outrider", "cat-own", "git"):
            path = self.programs / name.removesuffix("-own")
            path.write_text(PROGRAM.replace("cat >", f"{shutil.which('cat')} >"), encoding="utf-8")
            path.chmod(0o755)

    def run(self, shell: str, text: str) -> tuple[list[tuple[str, ...]], bytes, list[str]]:
        """Runs a line; returns each program's words, what ours was handed, and the files that appeared."""
        for old in self.record.iterdir():
            old.unlink()
        environment = {
            "PATH": str(self.programs),
            "RECORD": str(self.record),
            "HOME": str(self.here),
            "LC_ALL": "C.UTF-8",
        }
        program = shutil.which(shell)
        assert program is not None
        subprocess.run(
            [program, "-c", text], cwd=self.here, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
            check=False, timeout=20,
        )  # fmt: skip
        calls = [
            tuple(path.read_bytes().decode("utf-8").split("\0")[:-1])
            for path in sorted(self.record.glob("*.words"))
        ]  # fmt: skip
        handed = [path.read_bytes() for path in self.record.glob("*.stdin")]
        return sorted(calls), b"".join(handed), os.listdir(self.here)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """Makes one room for all lines: none may leave anything in it."""
    return Room(tmp_path_factory.mktemp("shell"))


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=TRIED, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=LINES)
@example(text="outrider ask 'a\n'\\''\nb' <<'E'\n\\\nE")
@example(text='outrider ask "a\'b" 2>&1 <<E\n\'"!\nE\n\n')
@example(text="cat 'a\\' b|outrider ask ''")
def test_a_shell_runs_what_was_read_and_nothing_else(shell: str, text: str, room: Room) -> None:
    """For any line that is read: these programs, with these words, handed this, and no file more."""
    line = parse(text)
    if line is None:
        return
    handed = b"" if line.body is None else line.body.encode()
    if line.source:
        handed = f"from {line.source[0]}".encode()
    programs = [line.words, *([line.source] if line.source else [])]
    assert room.run(shell, text) == (sorted(programs), handed, [])


@given(words=st.lists(st.one_of(SINGLE, IDIOM, DOUBLE, BARE.filter(lambda word: word[0] != "=")), max_size=5))
def test_what_follows_the_grammar_is_read(words: list[str]) -> None:
    """Every well-quoted call is read, so that the shell test compares more than nothing."""
    line = parse(" ".join(("outrider", *words)))
    assert line is not None
    assert len(line.words) == 1 + len(words)
