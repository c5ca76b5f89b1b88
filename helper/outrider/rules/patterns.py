"""Which paths a pattern means, the way `.gitignore` reads it, without a file being looked at.

`*`, `?` and `[a-z]` stay within one name, `**` spans folders, a folder means all that is in it. A pattern without a
slash holds at any depth and outside of the project too; any other is relative to the project, or begins with `/` or
`~/`. Letters are compared without case, since many file systems do so. Matching takes no regular expression, so
that no pattern can make it slow.
"""

from outrider.records import record

Token = str | tuple[bool, tuple[tuple[str, str], ...]]
STAR, ONE = "*", "?"


@record
class Around:
    """What relative patterns and `~` are relative to: absolute folders."""

    root: str
    home: str


def matches(pattern: str, path: str, around: Around) -> bool:
    """Whether a pattern means an absolute path, or a folder that it lies in."""
    names = [_plain(name) for name in path.split("/") if name]
    base, rest = _placed(pattern, around)
    start = [_plain(name) for name in base.split("/") if name]
    if names[: len(start)] != start:
        return False
    is_folder = rest.endswith("/")
    wanted = [name for name in rest.split("/") if name not in {"", "."}]
    return bool(wanted) and _walk(wanted, names[len(start) :], is_folder=is_folder)


def _placed(pattern: str, around: Around) -> tuple[str, str]:
    """Returns the folder that a pattern begins at, and what it wants from there."""
    if pattern.startswith("~/"):
        return around.home, pattern[2:]
    if pattern.startswith("/"):
        return "/", pattern[1:]
    if pattern.startswith("**/"):
        return "/", pattern
    if "/" in pattern.rstrip("/"):
        return around.root, pattern
    return "/", f"**/{pattern}"


def _walk(wanted: list[str], names: list[str], *, is_folder: bool) -> bool:
    """Whether a pattern's names end at the path's last name, or at a folder before it."""
    tokens = [None if name == "**" else _tokens(_plain(name)) for name in wanted]
    if tokens[-1] is None:
        # All that is in a folder: at least one name more.
        tokens.append((STAR,))
    at = _behind_folders({0}, tokens)
    for index, name in enumerate(names):
        reached: set[int] = set()
        for place in at - {len(tokens)}:
            token = tokens[place]
            if token is None:
                reached.add(place)
            elif _fits(token, name):
                reached.add(place + 1)
        at = _behind_folders(reached, tokens)
        is_last = index == len(names) - 1
        if len(tokens) in at and not (is_last and is_folder):
            return True
    return False


def _behind_folders(places: set[int], tokens: list[tuple[Token, ...] | None]) -> set[int]:
    """Adds the places behind each `**`, which may also take nothing."""
    found = set(places)
    for place in places:
        at = place
        while at < len(tokens) and tokens[at] is None:
            at += 1
            found.add(at)
    return found


def _plain(name: str) -> str:
    if name.isascii():
        return name.lower()
    from unicodedata import normalize

    return normalize("NFC", name).casefold()


def _tokens(name: str) -> tuple[Token, ...]:
    """Reads a name's wildcards; a bracket that is never closed is an ordinary letter."""
    found: list[Token] = []
    at = 0
    while at < len(name):
        letter = name[at]
        if letter == "[" and (end := name.find("]", at + 2)) > 0:
            body = name[at + 1 : end]
            found.append((body[0] in "!^", _ranges(body[1:] if body[0] in "!^" else body)))
            at = end
        elif letter == "\\" and at + 1 < len(name):
            at += 1
            found.append((False, ((name[at], name[at]),)))
        elif letter in {STAR, ONE}:
            found.append(letter)
        else:
            found.append((False, ((letter, letter),)))
        at += 1
    return tuple(found)


def _ranges(body: str) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(body):
        if at + 2 < len(body) and body[at + 1] == "-":
            found.append((body[at], body[at + 2]))
            at += 3
        else:
            found.append((body[at], body[at]))
            at += 1
    return tuple(found)


def _fits(tokens: tuple[Token, ...], text: str) -> bool:
    """Matches one name: after a failure the last star takes one letter more, so the work is bounded."""
    place = at = 0
    star, held = -1, 0
    while at < len(text):
        token = tokens[place] if place < len(tokens) else None
        if token == STAR:
            star, held = place, at
            place += 1
        elif token is not None and (token == ONE or _has(token, text[at])):
            place, at = place + 1, at + 1
        elif star >= 0:
            held += 1
            place, at = star + 1, held
        else:
            return False
    return all(token == STAR for token in tokens[place:])


def _has(token: Token, letter: str) -> bool:
    if isinstance(token, str):
        return False
    is_inverted, ranges = token
    return is_inverted != any(low <= letter <= high for low, high in ranges)
