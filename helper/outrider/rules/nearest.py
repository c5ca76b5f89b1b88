"""The nearest known name to a mistyped one."""

from collections.abc import Iterable

LONGEST = 64


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Returns the known name with the fewest edits from this one, or None where none is close."""
    wanted = name.lower()[:LONGEST]
    best: tuple[float, str] | None = None
    for candidate in known:
        other = candidate.lower()[:LONGEST]
        if wanted and (other.endswith("." + wanted) or other.startswith(wanted)):
            distance = 0.5
        else:
            distance = float(_edits(wanted, other))
        if distance <= max(len(wanted) // 3, 1) and (best is None or (distance, candidate) < best):
            best = (distance, candidate)
    return best[1] if best else None


def _edits(left: str, right: str) -> int:
    """Counts insertions, deletions, replacements and swaps of neighbours that turn one word into the other."""
    if abs(len(left) - len(right)) > max(len(left) // 3, 1):
        return LONGEST
    before_last: list[int] = []
    last = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        row = [i]
        for j, b in enumerate(right, start=1):
            best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                best = min(best, before_last[j - 2] + 1)
            row.append(best)
        before_last, last = last, row
    return last[-1]
