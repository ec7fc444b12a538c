"""PNG pictures of pages with at most 256 colours (PNG specification, third edition): pages have
few, and a picture in a README should be small."""

import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import batched

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
type Colour = tuple[int, int, int]


def reduced(png: bytes) -> bytes:
    """The same picture with a palette. `png` has 8 bits a channel, RGB or RGBA, not interlaced."""
    width, height, lines = _pixels(png)
    counted = Counter(colour for line in lines for colour in line)
    palette = _palette(counted)
    number = {colour: index for index, colour in enumerate(palette)}
    for colour in counted:
        if colour not in number:
            near = min(palette, key=lambda known: _distance(known, colour))
            number[colour] = number[near]
    raw = b"".join(b"\0" + bytes([number[colour] for colour in line]) for line in lines)
    return _SIGNATURE + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", b"".join(map(bytes, palette))),
            _chunk(b"IDAT", zlib.compress(raw, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _palette(counted: Counter[Colour]) -> list[Colour]:
    """The most frequent colours, no two of them alike: text would take all places otherwise."""
    chosen: list[Colour] = []
    for apart in (600, 150, 40, 0):
        for colour, _ in counted.most_common(6000):
            if len(chosen) == 256:
                return chosen
            if all(_distance(colour, known) > apart for known in chosen):
                chosen.append(colour)
    return chosen


def _distance(one: Colour, other: Colour) -> int:
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2


def _pixels(png: bytes) -> tuple[int, int, list[list[Colour]]]:
    chunks = list(_chunks(png))
    header = next(content for name, content in chunks if name == b"IHDR")
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if depth != 8 or kind not in (2, 6) or interlaced:
        raise ValueError("a PNG with 8 bits a channel in RGB or RGBA is wanted")
    size = 3 if kind == 2 else 4
    raw = zlib.decompress(b"".join(content for name, content in chunks if name == b"IDAT"))
    lines = []
    above = bytes(width * size)
    for start in range(0, len(raw), width * size + 1):
        above = _unfiltered(raw[start], raw[start + 1 : start + 1 + width * size], above, size)
        lines.append([(pixel[0], pixel[1], pixel[2]) for pixel in batched(above, size)])
    return width, height, lines


def _unfiltered(kind: int, line: bytes, above: bytes, size: int) -> bytes:
    """One line as it was before its filter (section 9 of the specification)."""
    if kind == 0:
        return line
    if kind == 2:
        return bytes([(a + b) & 255 for a, b in zip(line, above, strict=True)])
    found = bytearray(size)
    corner = bytes(size) + above
    for at, value in enumerate(line):
        left, up, diagonal = found[at], above[at], corner[at]
        guess = {1: left, 3: (left + up) // 2, 4: _paeth(left, up, diagonal)}[kind]
        found.append((value + guess) & 255)
    return bytes(found[size:])


def _paeth(left: int, up: int, diagonal: int) -> int:
    estimate = left + up - diagonal
    return min((left, up, diagonal), key=lambda one: abs(estimate - one))


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + 12


def _chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )
