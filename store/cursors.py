"""Cursors: opaque texts that say where in a list the next page begins.

A cursor is a position, not a snapshot: rows that arrive at the top change no page below it.
"""

import base64
import binascii
import zlib

from store.errors import FilterError

_LONGEST = 17


def encode_cursor(position: int) -> str:
    """The cursor of a position in a backend's order (a signed integer of at most 128 bits)."""
    content = position.to_bytes(position.bit_length() // 8 + 1, signed=True)
    return base64.urlsafe_b64encode(_check(content) + content).decode().rstrip("=")


def decode_cursor(cursor: str) -> int:
    """The position of a cursor.

    Raises:
        FilterError: the text is no cursor that `encode_cursor` made.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    check, content = raw[:1], raw[1:]
    if not 0 < len(content) <= _LONGEST or check != _check(content):
        raise FilterError("cursor", "is not a cursor of this list; start again without one")
    return int.from_bytes(content, signed=True)


def _check(content: bytes) -> bytes:
    # One byte against cut or mistyped cursors; a cursor grants nothing, so it is not signed.
    return (zlib.crc32(content) & 0xFF).to_bytes()
