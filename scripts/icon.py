"""Draws the icon of the plugin: one who leads, and three who ride out. `--check` compares the committed picture.

Only the standard library: a pixel's colour is mixed from how far its middle lies inside each shape.
"""

import argparse
import math
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

SIDE = 512
ICON = Path(__file__).resolve().parent.parent / ".claude-plugin" / "icon.png"

Colour = tuple[int, int, int]
Point = tuple[float, float]

PAPER: Colour = (255, 255, 255)
NIGHT: Colour = (27, 36, 51)
LEADER: Colour = (235, 149, 88)
TRACK: Colour = (104, 121, 146)
RIDERS: tuple[tuple[Point, float, Colour], ...] = (
    ((388.0, 132.0), 30.0, (126, 196, 207)),
    ((428.0, 256.0), 30.0, (240, 226, 190)),
    ((388.0, 380.0), 30.0, (158, 203, 140)),
)
CENTRE: Point = (156.0, 256.0)
CORNER = 96.0


def to_disc(at: Point, centre: Point, radius: float) -> float:
    """Returns how far a point lies outside a disc, negative within, in pixels."""
    return math.dist(at, centre) - radius


def to_line(at: Point, start: Point, end: Point, width: float) -> float:
    """Returns how far a point lies outside a line with round ends."""
    across, down = end[0] - start[0], end[1] - start[1]
    along = ((at[0] - start[0]) * across + (at[1] - start[1]) * down) / (across * across + down * down)
    held = min(1.0, max(0.0, along))
    return math.dist(at, (start[0] + held * across, start[1] + held * down)) - width / 2


def to_tile(at: Point, radius: float) -> float:
    """Returns how far a point lies outside the tile with round corners that fills the picture."""
    inner = SIDE / 2 - radius
    across, down = abs(at[0] - SIDE / 2) - inner, abs(at[1] - SIDE / 2) - inner
    return math.hypot(max(across, 0.0), max(down, 0.0)) + min(max(across, down), 0.0) - radius


def mixed(under: Colour, over: Colour, distance: float) -> Colour:
    """Lays a shape's colour over another, half transparent on its edge."""
    share = min(1.0, max(0.0, 0.5 - distance))
    if share in {0.0, 1.0}:
        return over if share else under
    red, green, blue = (round(low + (high - low) * share) for low, high in zip(under, over, strict=True))
    return red, green, blue


Box = tuple[float, float, float, float]
Layer = tuple[Colour, Box, Callable[[Point], float]]


def around(*points: Point, reach: float) -> Box:
    """Returns the part of the picture in which a shape can be seen: left, top, right, bottom."""
    across, down = [point[0] for point in points], [point[1] for point in points]
    return min(across) - reach, min(down) - reach, max(across) + reach, max(down) + reach


def layers() -> Iterator[Layer]:
    """Walks the shapes from the lowest to the highest; outside the tile lies the paper."""
    for corner in ((0.0, 0.0), (SIDE, 0.0), (0.0, SIDE), (SIDE, SIDE)):
        yield PAPER, around(corner, reach=CORNER), lambda at: -to_tile(at, CORNER)
    for end, _, _ in RIDERS:
        yield TRACK, around(CENTRE, end, reach=8.0), partial(to_line, start=CENTRE, end=end, width=14.0)
    for end, radius, own in ((CENTRE, 68.0, LEADER), *RIDERS):
        for paint, wide in ((NIGHT, radius + 14.0), (own, radius)):
            yield paint, around(end, reach=wide + 1.0), partial(to_disc, centre=end, radius=wide)


def pixels() -> bytes:
    """Returns the picture's rows, each after a byte that says that it is not filtered."""
    rows = [[NIGHT] * SIDE for _ in range(SIDE)]
    for paint, (left, top, right, bottom), distance in layers():
        for down in range(max(0, int(top)), min(SIDE, int(bottom) + 1)):
            row = rows[down]
            for across in range(max(0, int(left)), min(SIDE, int(right) + 1)):
                row[across] = mixed(row[across], paint, distance((across + 0.5, down + 0.5)))
    return b"".join(b"\0" + bytes(channel for pixel in row for channel in pixel) for row in rows)


def picture(rows: bytes) -> bytes:
    """Wraps rows as a PNG, three bytes a pixel."""
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def rows_of(data: bytes) -> bytes:
    """Returns the rows of a PNG that this script wrote: the bytes around them depend on the version of zlib."""
    length = struct.unpack(">I", data[33:37])[0]
    return zlib.decompress(data[41 : 41 + length])


def main() -> int:
    """Writes the picture, or says whether the committed one is the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail where the committed picture differs")
    rows = pixels()
    if not parser.parse_args().check:
        ICON.write_bytes(picture(rows))
        return 0
    if not ICON.exists() or rows_of(ICON.read_bytes()) != rows:
        print("error: .claude-plugin/icon.png is not what scripts/icon.py draws", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
