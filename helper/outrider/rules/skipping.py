"""What of the transcripts is in no total, in one line each: a sum that left something out says so."""

from outrider.records import record

MOST_NAMED = 3


@record
class Skipped:
    """What was not counted: lines cut, too long, unreadable or of an unknown kind; files and links not entered.

    `copies` are replies that were found again and are counted once. `remade`: what was remembered could not be used and
    was read anew; `unkept`: nothing could be remembered.
    """

    cut: int = 0
    long: int = 0
    bad: int = 0
    odd: int = 0
    unfinished: int = 0
    links: int = 0
    unreadable: tuple[str, ...] = ()
    copies: int = 0
    remade: bool = False
    unkept: bool = False


def lines(skipped: Skipped) -> tuple[str, ...]:
    """Returns a line for each kind of thing that is in no total."""
    told = (
        (skipped.cut, "line was cut in the middle", "lines were cut in the middle"),
        (skipped.long, "line was longer than 8 MiB", "lines were longer than 8 MiB"),
        (skipped.bad, "line with a usage could not be read", "lines with a usage could not be read"),
        (skipped.odd, "record of an unknown kind may bill something", "records of unknown kinds may bill something"),
        (skipped.unfinished, "file ends in half a line", "files end in half a line"),
        (skipped.links, "link was not followed", "links were not followed"),
    )  # fmt: skip
    found = [f"{number:,} {one if number == 1 else many}" for number, one, many in told if number]
    if skipped.unreadable:
        named = ", ".join(skipped.unreadable[:MOST_NAMED])
        rest = len(skipped.unreadable) - MOST_NAMED
        found.append(f"{len(skipped.unreadable):,} not readable: {named}{f' and {rest:,} more' if rest > 0 else ''}")
    if skipped.unkept:
        found.append("nothing could be remembered of this reading, so the next one begins anew")
    return tuple(f"transcripts: {line}" for line in found)
