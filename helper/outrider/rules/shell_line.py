r"""One shell line, read only where it can mean one thing: one call of our command, with what it is handed.

The grammar is smaller than any shell's, so that bash and zsh cannot read a line otherwise: bare words of harmless
letters, '…' (with `'\''` inside), "…" without anything that a shell looks at; one here-document; one `cat` or `git`
before one pipe; `2>&1`. Everything else (a second command, any other redirection, expansion, comment, glob, control
letter) is None. A test runs thousands of accepted lines in a real bash and compares word for word.

It must not know what the words mean.
"""

import string

from outrider.records import record

COMMAND = "outrider"
SOURCES = frozenset({"cat", "git"})
LETTERS = frozenset(string.ascii_letters + string.digits + "-_./:=,@%+")
"""What a bare word is made of. No `~`, `^`, `#`, `*`, `?`, brackets or braces: some shell gives each a meaning.
Behind a revision's name (`git diff HEAD~1`) the first two mean no file that git would follow, in any shell.
"""
NAME = frozenset(string.ascii_letters + string.digits + "_")
BLANK = " \t"
ENDS = frozenset(" \t\n|")
DOUBLE = frozenset('"$`\\!')
EXPANDED = frozenset("$`\\")
MERGED = "2>&1"
LONGEST = 524_288


@record
class Line:
    """What a shell would run: the words of our call, those of what is piped into it, and its here-document."""

    words: tuple[str, ...]
    source: tuple[str, ...] = ()
    body: str | None = None


def parse(text: str) -> Line | None:
    """Returns what this line runs, or None where it is more, or other, than one call of ours."""
    if len(text) > LONGEST or not is_plain(text):
        return None
    reader = _Reader(text)
    return reader.line()


def is_plain(text: str) -> bool:
    """Whether text has no control letter but tab and newline, and can be written as UTF-8."""
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return True
    return not any(
        (letter < " " and letter not in "\t\n") or "\x7f" <= letter <= "\x9f" or "\ud800" <= letter <= "\udfff"
        for letter in text
    )


class _Unread(Exception):
    """The line is not in the grammar."""


class _Reader:
    """Reads a line from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def line(self) -> Line | None:
        try:
            return self._line()
        except _Unread:
            return None

    def _line(self) -> Line:
        self._blanks()
        words = self._words()
        source: tuple[str, ...] = ()
        if words[:1] != (COMMAND,):
            if not words or words[0] not in SOURCES or self._next() != "|":
                raise _Unread
            self._at += 1
            source = words
            self._blanks()
            words = self._words()
            if words[:1] != (COMMAND,):
                raise _Unread
        is_merged = self._merged()
        delimiter = None if source else self._here_document()
        if delimiter is not None and not is_merged:
            self._merged()
        body = None if delimiter is None else self._body(*delimiter)
        if self._text[self._at :].strip(BLANK + "\n"):
            raise _Unread
        return Line(words=words, source=source, body=body)

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _blanks(self) -> None:
        while self._next() and self._next() in BLANK:
            self._at += 1

    def _words(self) -> tuple[str, ...]:
        """Reads words up to what is none: an end, a pipe, a redirection. The first is bare, so that it names itself."""
        found: list[str] = []
        while self._next() and self._next() not in "\n|<" and not self._is_merged():
            start = self._at
            found.append(self._word(is_revision=found[:1] == ["git"]))
            if not found[1:] and self._text[start : self._at] != found[0]:
                raise _Unread
            self._blanks()
        return tuple(found)

    def _word(self, *, is_revision: bool) -> str:
        """Reads letters, or a quotation, or letters and a quotation behind them (`--out="a b"`)."""
        start = self._at
        while self._next() in LETTERS or (is_revision and self._is_ancestor(start)):
            self._at += 1
        bare = self._text[start : self._at]
        if bare.startswith("="):
            # zsh reads `=NAME` as the path of a program.
            raise _Unread
        quoted = ""
        if self._next() == "'":
            quoted = self._single()
        elif self._next() == '"':
            quoted = self._until('"', refused=DOUBLE)
        if self._at == start or (self._next() and self._next() not in ENDS):
            raise _Unread
        return bare + quoted

    def _is_ancestor(self, start: int) -> bool:
        """Whether a `~` or `^` stands behind a name (`HEAD~1`): elsewhere a shell reads it as a folder or a glob."""
        before = self._text[self._at - 1 : self._at]
        return self._next() in {"~", "^"} and self._at > start and (before in NAME or before in {"~", "^"})

    def _single(self) -> str:
        parts = [self._until("'")]
        while self._text.startswith("\\''", self._at):
            self._at += 2
            parts.append(self._until("'"))
        return "'".join(parts)

    def _until(self, mark: str, *, refused: frozenset[str] = frozenset()) -> str:
        """Reads from one quotation mark to the next."""
        end = self._text.find(mark, self._at + 1)
        inner = self._text[self._at + 1 : end]
        if end < 0 or not refused.isdisjoint(inner):
            raise _Unread
        self._at = end + 1
        return inner

    def _is_merged(self) -> bool:
        after = self._text[self._at + len(MERGED) : self._at + len(MERGED) + 1]
        return self._text.startswith(MERGED, self._at) and (not after or after in " \t\n")

    def _merged(self) -> bool:
        if not self._is_merged():
            return False
        self._at += len(MERGED)
        self._blanks()
        return True

    def _here_document(self) -> tuple[str, bool] | None:
        """Reads `<<'NAME'`; returns the name, and whether a shell takes the body as it is."""
        if not self._text.startswith("<<", self._at):
            return None
        self._at += 2
        self._blanks()
        is_quoted = self._next() in {"'", '"'}
        if is_quoted:
            name = self._until(self._next())
        else:
            start = self._at
            while self._next() in NAME:
                self._at += 1
            name = self._text[start : self._at]
        if not name or name[0].isdigit() or not NAME.issuperset(name):
            raise _Unread
        self._blanks()
        return name, is_quoted

    def _body(self, name: str, is_quoted: bool) -> str:  # noqa: FBT001 (what `_here_document` returned)
        """Reads the lines up to the first that is the name alone."""
        if self._next() != "\n":
            raise _Unread
        start = self._at + 1
        whole = self._text[start:]
        lines = whole.split("\n")
        if name not in lines:
            raise _Unread
        before = lines[: lines.index(name)]
        body = "".join(f"{line}\n" for line in before)
        if not is_quoted and not EXPANDED.isdisjoint(body):
            raise _Unread
        self._at = start + len(body) + len(name)
        return body
