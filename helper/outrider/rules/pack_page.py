"""Reads one page of the pack: its frontmatter, its body, its fences and its links.

Only the part of YAML that our pages are written in; what is beyond it is a fault of the page, since the client skips a
page that it cannot read without a word. It must not know which keys or values are right.
"""

import re
from collections.abc import Iterator, Mapping

from outrider.records import record

_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):(?: +(.*))?")
_BLOCK = re.compile(r"[>|][-+]?")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*([^`]*)")
_LINK = re.compile(r"!?\[[^\]\n]*\]\(([^)\s]+)[^)\n]*\)")
_SPAN = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
_UNQUOTED_START = "[]{}&*!|>'\"%@`#,?-"
NESTED = "(nested)"
"""What stands for the value of a key that holds keys of its own."""


@record
class Fence:
    """A fenced block: the word after its mark, its lines, and the line of the page on which it begins."""

    word: str
    lines: tuple[str, ...]
    line: int


@record
class Page:
    """A page in parts. `head` is None where there is no frontmatter; `faults` say what in it could not be read."""

    head: Mapping[str, str | tuple[str, ...]] | None
    body: str
    faults: tuple[str, ...] = ()


def read(text: str) -> Page:
    """Parts a page's text at its frontmatter."""
    lines = text.split("\n")
    if lines[0] != "---":
        return Page(head=None, body=text)
    if "---" not in lines[1:]:
        return Page(head=None, body=text, faults=("its frontmatter has no end",))
    end = lines.index("---", 1)
    head, faults = _head(lines[1:end])
    return Page(head=head, body="\n".join(lines[end + 1 :]), faults=faults)


def _head(lines: list[str]) -> tuple[dict[str, str | tuple[str, ...]], tuple[str, ...]]:
    head: dict[str, str | tuple[str, ...]] = {}
    faults = []
    at = 0
    while at < len(lines):
        match = _KEY.fullmatch(lines[at].rstrip())
        if match is None:
            if lines[at].strip():
                faults.append(f"the line `{lines[at][:40]}` of its frontmatter is not `key: value`")
            at += 1
            continue
        key, said = match[1], (match[2] or "").strip()
        end = at + 1
        while end < len(lines) and (not lines[end].strip() or lines[end].startswith((" ", "- "))):
            end += 1
        if key in head:
            faults.append(f"`{key}` stands twice in its frontmatter")
        value, fault = _value(said, [line.strip() for line in lines[at + 1 : end]])
        head[key] = value
        if fault:
            faults.append(f"`{key}` {fault}")
        at = end
    return head, tuple(faults)


def _value(said: str, below: list[str]) -> tuple[str | tuple[str, ...], str]:
    """Returns a key's value, and what is wrong with how it is written."""
    if _BLOCK.fullmatch(said):
        return (" " if said[0] == ">" else "\n").join(line for line in below if line), ""
    if not said and below:
        if all(line.startswith("- ") and not _KEY.fullmatch(line[2:]) for line in below if line):
            return tuple(line[2:].strip() for line in below if line), ""
        return NESTED, ""
    if any(below):
        return said, "goes on below without `>-`"
    if said.startswith("[") and said.endswith("]"):
        return tuple(item.strip() for item in said[1:-1].split(",") if item.strip()), ""
    if len(said) > 1 and said[0] == said[-1] and said[0] in "'\"":
        inner = said[1:-1]
        odd = said[0] in inner or "\\" in inner
        return inner, "holds a quote or a backslash inside quotes: write it with `>-`" if odd else ""
    if not said:
        return "", "is empty"
    if said[0] in _UNQUOTED_START or ": " in said or " #" in said or said.endswith(":"):
        return said, "is not plain text: write it with `>-`"
    return said, ""


def fences(body: str) -> Iterator[Fence]:
    """Walks a body's fenced blocks; one without an end goes to the end of the page."""
    opened: str | None = None
    word, begins = "", 0
    inside: list[str] = []
    for number, line in enumerate(body.split("\n"), start=1):
        match = _FENCE.fullmatch(line.rstrip())
        if opened is None:
            if match is not None:
                opened, word, begins, inside = match[1], match[2].strip(), number, []
        elif match is not None and match[1].startswith(opened) and not match[2]:
            yield Fence(word=word, lines=tuple(inside), line=begins)
            opened = None
        else:
            inside.append(line)
    if opened is not None:
        yield Fence(word=word, lines=tuple(inside), line=begins)


def links(body: str) -> Iterator[str]:
    """Walks the targets of a body's links, but for those in code."""
    skipped = {
        number for fence in fences(body) for number in range(fence.line, fence.line + len(fence.lines) + 2)
    }  # fmt: skip
    for number, line in enumerate(body.split("\n"), start=1):
        if number not in skipped:
            for match in _LINK.finditer(_SPAN.sub("", line)):
                yield match[1]


def calls(fence: Fence) -> Iterator[str]:
    """Walks a fence's command lines without the text of their here-documents; continued lines come as one."""
    mark: str | None = None
    whole = ""
    for line in fence.lines:
        if mark is not None:
            if line.strip("\t") == mark:
                mark = None
            continue
        whole += line
        if whole.endswith("\\"):
            whole = whole[:-1] + " "
            continue
        match = re.search(r"<<-?\s*(['\"]?)(\w+)\1", whole)
        mark = match[2] if match else None
        if whole.strip() and not whole.lstrip().startswith("#"):
            yield whole.strip()
        whole = ""
