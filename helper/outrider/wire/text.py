"""Text on its way through the codecs: made printable, and split from the thinking that open models put before it.

It knows nothing of dialects. A lone surrogate or a NUL is replaced, since neither can be sent or printed.
"""

OPENINGS = ("<think>", "<thought>")
"""How models without a field of its own begin their thinking, as the first thing in their content."""


def clean(text: str) -> str:
    """Returns text that UTF-8 can carry: halves of a pair are joined, lone ones and NUL replaced."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def one_line(text: str, limit: int = 2000) -> str:
    """Returns text without control, direction and tag characters, on one line, at most `limit` long."""
    text = text[: limit * 2]
    if text.isascii() and text.isprintable():
        return " ".join(text.split())[:limit]
    shown = "".join(" " if _is_unseen(letter) else letter for letter in clean(text))
    return " ".join(shown.split())[:limit]


def _is_unseen(letter: str) -> bool:
    point = ord(letter)
    return (
        point < 0x20
        or 0x7F <= point <= 0x9F
        or 0x200B <= point <= 0x200F
        or 0x2028 <= point <= 0x202E
        or 0x2060 <= point <= 0x206F
        or point == 0xFEFF
        or 0xE0000 <= point <= 0xE0FFF
    )


class Joined:
    """Text that arrives in pieces, of which one may end in the first half of a surrogate pair."""

    __slots__ = ("_half", "parts")

    def __init__(self) -> None:
        """Starts empty."""
        self.parts: list[str] = []
        self._half = ""

    def add(self, piece: str) -> str:
        """Takes a piece and returns what is sure of it."""
        piece = self._half + piece
        self._half = ""
        if piece and "\ud800" <= piece[-1] <= "\udbff":
            self._half, piece = piece[-1], piece[:-1]
        if piece:
            piece = clean(piece)
            self.parts.append(piece)
        return piece

    def close(self) -> str:
        """Returns the whole text."""
        if self._half:
            self.parts.append(clean(self._half))
            self._half = ""
        return "".join(self.parts)


class Thinking:
    """Splits content that may begin with `<think>…</think>` into reasoning and text, as it arrives."""

    __slots__ = ("_closing", "_held", "_state")

    def __init__(self) -> None:
        """Starts undecided: the first letters tell."""
        self._state = "start"
        self._held = ""
        self._closing = ""

    def split(self, piece: str) -> tuple[str, str]:
        """Takes a piece of content and returns the text and the reasoning that are sure of it."""
        if self._state == "text":
            return piece, ""
        held = self._held + piece
        self._held = ""
        if self._state == "start":
            begun = held.lstrip()
            opening = next((mark for mark in OPENINGS if begun.startswith(mark)), None)
            if opening is None:
                if any(mark.startswith(begun) for mark in OPENINGS):
                    self._held = held
                    return "", ""
                self._state = "text"
                return held, ""
            self._state, self._closing = "thinking", opening.replace("<", "</")
            held = begun[len(opening) :]
        if self._state == "thinking":
            thought, found, rest = held.partition(self._closing)
            if not found:
                keep = next((n for n in range(len(self._closing) - 1, 0, -1) if held.endswith(self._closing[:n])), 0)
                self._held = held[len(held) - keep :]
                return "", held[: len(held) - keep]
            self._state = "after"
            text, _ = self._after(rest)
            return text, thought
        return self._after(held)

    def close(self) -> tuple[str, str]:
        """Returns the text and the reasoning that were still held back."""
        held, self._held = self._held, ""
        return ("", held) if self._state == "thinking" else (held, "")

    def _after(self, rest: str) -> tuple[str, str]:
        """Drops the blank lines between the thinking and the text."""
        rest = rest.lstrip()
        if rest:
            self._state = "text"
        return rest, ""
