"""The picture of the report that the README shows: taken in the browser, made small with the standard library."""

import struct
import zlib
from collections import Counter
from pathlib import Path

from tests.page.browser import Browser

WIDTH = 1180
MOST = 150_000
COLOURS = 256


def take(browser: Browser, page: Path) -> bytes:
    """Returns the top of a page as a small PNG: the numbers, and the first charts whole."""
    with browser.tab() as tab:
        tab.open(page, width=WIDTH)
        end = tab.evaluate("document.querySelector('#model-ours').closest('.scroll').getBoundingClientRect().top")
        return small(tab.picture(height=int(end)))


def size(png: bytes) -> tuple[int, int]:
    """Returns how wide and high a picture is."""
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def small(png: bytes) -> bytes:
    """Returns a picture with at most 256 colours: the most frequent ones, and for each other the nearest of these."""
    width, height = size(png)
    pixels = _pixels(png, width, height)
    counts = Counter(pixels)
    kept = [colour for colour, _ in counts.most_common(COLOURS)]
    places = {colour: place for place, colour in enumerate(kept)}
    for colour in counts:
        if colour not in places:
            places[colour] = min(range(len(kept)), key=lambda place: _far(kept[place], colour))
    rows = (pixels[row * width : (row + 1) * width] for row in range(height))
    raw = b"".join(b"\0" + bytes(places[pixel] for pixel in row) for row in rows)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", b"".join(kept)), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


def _far(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _pixels(png: bytes, width: int, height: int) -> list[bytes]:
    """Returns the colours of a picture as the browser writes it: eight bits, red, green and blue, perhaps opaque."""
    depth, kind = png[24], png[25]
    assert (depth, kind) in {(8, 2), (8, 6)}, "the browser writes another kind of PNG now"
    step = 3 if kind == 2 else 4
    packed = _lines(zlib.decompress(data(png)), width * step, height, step)
    return [line[at : at + 3] for line in packed for at in range(0, width * step, step)]


def data(png: bytes) -> bytes:
    """Returns the packed pixels of a picture."""
    at, found = 8, b""
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        found += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    return found


def _lines(raw: bytes, stride: int, height: int, step: int) -> list[bytes]:
    """Takes back what a PNG's five filters did to each line."""
    lines = [bytes(stride)]
    for row in range(height):
        kind, line = raw[row * (stride + 1)], bytearray(raw[row * (stride + 1) + 1 : (row + 1) * (stride + 1)])
        above = lines[-1]
        for at in range(stride if kind else 0):
            left = line[at - step] if at >= step else 0
            corner = above[at - step] if at >= step else 0
            guess = (
                (0, left, above[at], (left + above[at]) // 2, 0)[kind]
                if kind < 4
                else _nearest(left, above[at], corner)
            )
            line[at] = (line[at] + guess) & 0xFF
        lines.append(bytes(line))
    return lines[1:]


def _nearest(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda value: abs(guess - value))
