"""How things are printed: results to stdout, the rest to stderr, never a control character of somebody else's.

Inside Claude Code nothing printed imitates its markup either. Says nothing of what is printed.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from outrider.rules import containment


def inert(text: str) -> str:
    """Returns text for where it will be read: a terminal obeys controls, Claude Code its own markup too."""
    return containment.neutral(text) if os.environ.get("CLAUDECODE") == "1" else containment.clean(text)


def one_line(text: str) -> str:
    """Returns inert text on one line: what a server or a file name says never begins a line of its own."""
    return inert(text).replace("\n", " ")


def out(text: str) -> None:
    """Writes a line of the result."""
    sys.stdout.write(inert(text) + "\n")


def note(text: str) -> None:
    """Writes a line that is not the result."""
    sys.stderr.write(f"outrider: {one_line(text)}\n")


def complain(message: str, hint: str) -> None:
    """Writes an error and the next command to type."""
    sys.stdout.flush()
    sys.stderr.write(f"{_paint('error:', '31')} {one_line(message)}\n{_paint('hint:', '36')} {_hint(hint)}\n")


def _hint(text: str) -> str:
    """Returns a hint on one line, but for a list behind a colon, whose lines are indented."""
    first, _, rest = inert(text).partition("\n")
    is_list = first.endswith(":") and all(line.startswith("  ") for line in rest.split("\n"))
    return f"{first}\n{rest}" if is_list else one_line(text)


def dump(value: Any) -> None:
    """Writes one JSON object, in one line."""
    text = json.dumps(value, default=_plain, ensure_ascii=True)
    if os.environ.get("CLAUDECODE") == "1":
        text = json.dumps(_inert(json.loads(text)), ensure_ascii=True)
    sys.stdout.write(text + "\n")


def _inert(value: Any) -> Any:
    match value:
        case str():
            return containment.neutral(value)
        case dict():
            return {containment.neutral(name): _inert(inner) for name, inner in value.items()}
        case list():
            return [_inert(inner) for inner in value]
        case _:
            return value


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return float(value)
        case frozenset() | set():
            return sorted(value)
        case Mapping():
            return dict(value)
        case _:
            return str(value)


def table(rows: Sequence[Sequence[str]], *, heads: Sequence[str]) -> None:
    """Writes a table; on a terminal the last column is cut to what fits."""
    texts = [[one_line(str(cell)) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(heads))]
    room = _columns() if sys.stdout.isatty() else 0
    for index, row in enumerate(texts):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        if room and len(line) > room:
            line = line[: max(room - 1, 1)] + "…"
        sys.stdout.write((_paint(line, "1", stream=sys.stdout) if index == 0 else line) + "\n")


def _columns() -> int:
    from shutil import get_terminal_size

    return get_terminal_size((100, 24)).columns


def dollars(amount: Decimal | None, *, known: bool = True) -> str:
    """Returns money as people read it: cents to four places, `?` where a price is not known."""
    if amount is None:
        return "?"
    text = f"${amount:.4f}" if amount < 1 else f"${amount:.2f}"
    return text if known else f"~{text}"


def _paint(text: str, code: str, *, stream: Any = None) -> str:
    stream = sys.stderr if stream is None else stream
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return text
    return f"\x1b[{code}m{text}\x1b[0m"
