"""Text in another coding, base64 (RFC 4648) or percent-coded: decoded, looked at, and coded
again when something was cut."""

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from store.redaction.json_trail import Place
from store.redaction.work import DEPTH, MARK, Work

_RUN: Final = re.compile(
    rb"(?<![A-Za-z0-9+/_-])(?:[A-Za-z0-9+/_-]|(?:\\[rn]|[\r\n]){1,4}(?=[A-Za-z0-9+/_-]{16})){16,}+(?:={1,2}|(?:%3[Dd]){1,2})?"
)
_TEXT: Final = re.compile(
    rb"(?:[I-Za-fC][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_-]){5}"
)
_HEX: Final = re.compile(rb"(?<![0-9A-Fa-f])(?:5[Bb])?7[Bb](?:0[ADad]|20)*22[0-9A-Fa-f]{20,}")
_PACKED: Final = re.compile(rb"(?<![A-Za-z0-9+/_-])(?:H4sI|eJ[w-z]|eN[o-r])")
"""How gzip (RFC 1952) and zlib (RFC 1950) begin in base64."""
_UNPRINTABLE: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_BREAK: Final = re.compile(rb"\\[rn]|[\r\n]")
_TO_STANDARD: Final = bytes.maketrans(b"-_", b"+/")
_LEAST: Final = 9
_WINDOW: Final = 64
_LIMIT: Final = 1 << 20
_EITHER: Final = 47
"""zlib's way to say: gzip or zlib, by its beginning."""
_PERCENT: Final = re.compile(rb"%[0-9A-Fa-f]{2}")
_SAFE: Final = "[]:/?=&;,.-_~@!$'()*+ "


def cut_base64(work: Work, value: bytes, place: Place) -> bytes:
    """`value` with its base64 runs redacted inside."""
    if work.depth >= DEPTH or (_TEXT.search(value) is None and _PACKED.search(value) is None):
        return value
    return _RUN.sub(lambda match: _run(work, match[0], place), value)


def _run(work: Work, run: bytes, place: Place) -> bytes:
    if _PACKED.match(run) and (packed := _packed(work, run, place)) is not None:
        return packed
    found = _TEXT.search(run)
    if found is None:
        return run
    # The match tells at which of four offsets the coded bytes begin.
    start = found.start() if found.start() > _WINDOW else found.start() % 4
    for first in (start, found.start()):
        plain, consumed = _readable(run[first:])
        if len(plain) >= _LEAST:
            clean = work.text(plain, place)
            if clean != plain:
                return run[:first] + _encode(clean, run) + run[first + consumed :]
    return run


def _readable(coded: bytes) -> tuple[bytes, int]:
    """The text that `coded` begins with, and how much of it that takes."""
    breaks = _BREAK.search(coded) is not None
    bare = _BREAK.sub(b"", coded) if breaks else coded
    stripped = re.sub(rb"=+$|%3[Dd]", b"", bare).translate(_TO_STANDARD)
    try:
        decoded = base64.b64decode(stripped[: len(stripped) - (len(stripped) % 4 == 1)] + b"==")
    except (binascii.Error, ValueError):
        return b"", 0
    unprintable = _UNPRINTABLE.search(decoded)
    plain = decoded[: unprintable.start()] if unprintable else decoded
    try:
        plain.decode("utf-8")
    except UnicodeDecodeError as error:
        plain = plain[: error.start]
    if plain == decoded or breaks:
        return plain, len(coded)
    return plain, -(-len(plain) // 3) * 4


def _encode(clean: bytes, like: bytes) -> bytes:
    coded = (
        base64.urlsafe_b64encode(clean) if b"-" in like or b"_" in like else base64.b64encode(clean)
    )
    return coded if like.endswith((b"=", b"D", b"d")) else coded.rstrip(b"=")


def _packed(work: Work, run: bytes, place: Place) -> bytes | None:
    """Compressed text inside base64, as log subscriptions send it: kept only when harmless.
    `None` when it is no such thing."""
    try:
        packed = base64.b64decode(re.sub(rb"=+$", b"", run).translate(_TO_STANDARD) + b"==")
        unpacker = zlib.decompressobj(_EITHER)
        plain = unpacker.decompress(packed, _LIMIT)
    except (ValueError, zlib.error):
        return None
    harmless = not unpacker.unconsumed_tail and work.text(plain, place) == plain
    return run if harmless else work.cut(run, place, "packed")


def cut_hex(work: Work, value: bytes, place: Place) -> bytes:
    """JSON in hexadecimal digits: kept only when harmless."""
    if work.depth >= DEPTH or b"22" not in value:
        return value
    return _HEX.sub(lambda match: _hex(work, match[0], place), value)


def _hex(work: Work, run: bytes, place: Place) -> bytes:
    plain = bytes.fromhex(run[: len(run) & ~1].decode())
    return run if work.text(plain, place) == plain else work.cut(run, place, "hex")


def cut_printable(work: Work, value: bytes, place: Place) -> bytes:
    """Quoted-printable text (RFC 2045, 6.7), in which a name may be broken over two lines."""
    if b"=3D" not in value or work.depth >= DEPTH:
        return value
    plain = binascii.a2b_qp(value)
    if b"=3D" in plain:
        return value
    clean = work.text(plain, place)
    return value if clean == plain else clean


def cut_coded(work: Work, value: bytes, place: Place) -> bytes:
    """Percent-coded text: looked at decoded, coded again when something was cut."""
    if _PERCENT.search(value) is None or work.depth >= DEPTH:
        return value
    plain = unquote_to_bytes(value)
    if plain == value or not work.rules.suspicion.found(plain):
        return value if b"%" not in plain or plain == value else _deeper(work, value, plain, place)
    work.depth += 1
    try:
        clean = work.text(plain, place)
    finally:
        work.depth -= 1
    return recoded(value, plain, clean)


def _deeper(work: Work, value: bytes, plain: bytes, place: Place) -> bytes:
    work.depth += 1
    try:
        clean = cut_coded(work, plain, place)
    finally:
        work.depth -= 1
    return recoded(value, plain, clean)


def recoded(coded: bytes, plain: bytes, clean: bytes) -> bytes:
    """`clean`, what is left of `plain`, coded as in `coded`: what stays between the marks is
    written as it was sent, so that `%2F` stays `%2F`."""
    if clean == plain:
        return coded
    kept = realigned(coded, plain, clean, ((*m.span(), 1) for m in _PERCENT.finditer(coded)))
    return quote(clean, safe=_SAFE).encode() if kept is None else kept


def realigned(
    coded: bytes, plain: bytes, clean: bytes, codes: Iterator[tuple[int, int, int]]
) -> bytes | None:
    """`clean` with what stays between its marks as it is written in `coded`. `codes` tells where
    codes start and end, and for how many bytes of `plain` they stand. `None` when more than
    marks was put in."""
    spans: list[tuple[int, int]] = []
    at = 0
    kept = MARK.split(clean)
    for number, piece in enumerate(kept):
        start = plain.find(piece, at) if number < len(kept) - 1 else len(plain) - len(piece)
        if start < at or (number == 0 and start) or not plain.startswith(piece, start):
            return None
        at = start + len(piece)
        spans.append((start, at))
    offsets = _offsets(codes, [place for span in spans for place in span])
    pieces: list[bytes] = []
    for (start, end), mark in zip(spans, (*MARK.findall(clean), b""), strict=True):
        pieces += (coded[offsets[start] : offsets[end]], mark)
    return b"".join(pieces)


def _offsets(codes: Iterator[tuple[int, int, int]], places: list[int]) -> dict[int, int]:
    """Where each of `places` of the decoded text, which are in order, begins in the coded one."""
    offsets: dict[int, int] = {}
    at = before = 0
    code = next(codes, None)
    for place in places:
        while code is not None and before + code[0] - at < place:
            before += code[0] - at + code[2]
            at = code[1]
            code = next(codes, None)
        offsets[place] = at + place - before
    return offsets
