"""Where in a JSON document a cut was made, e.g. `request.body.users[].password`."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from store.redaction.engine import Linear

_BRACKET: Final = re.compile(rb"[{}\[\]]")
_CLOSING: Final = (b"}", b"]")
_NO_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"{}[]")
_BRACKETS: Final = bytes.maketrans(b"{}[]", b"____")
_ODD_BRACKET: Final = Linear(r"[^\s:,\[{][\[{]|[}\]][^\s,\]}]|[{\[][^\s\"{}\[\]\-0-9tfn]")
_LAST_KEY: Final = re.compile(rb'"([^"]{0,200})"\s*:\s*$')
_ODD: Final = re.compile(r"\d{6}|[^\w .$@:/-]")
_DEEPEST: Final = 64
_FIRST_LOOK: Final = 120
_WINDOW: Final = 240
_LONGEST: Final = 60

type Place = str | Callable[[], str]


def shown(place: Place) -> str:
    """A place that may be worked out late, because most are never needed."""
    return place if isinstance(place, str) else place()


class Trail:
    """Follows positions from left to right and knows which containers are open there."""

    def __init__(self, masked: bytes, place: Place) -> None:
        self._masked = masked
        self._place = place
        self._at = 0
        self._open: list[str] = []
        self._prefix = ""

    def to(self, position: int, name: bytes | None = None) -> str:
        """The place of the member `name` (or the element) that stands at `position`, which is
        outside strings and not before an earlier one."""
        if position > self._at:
            self._advance(position)
        return self._prefix if name is None else f"{self._prefix}.{readable(name)}"

    def of_value(self, position: int) -> str:
        """The place of the string value that starts at `position`."""
        before = self._masked[max(0, position - _WINDOW) : position]
        key = _LAST_KEY.search(before) if before.rstrip().endswith(b":") else None
        return self.to(position, key[1] if key else None)

    def _advance(self, position: int) -> None:
        # Both ends are outside strings, so the piece can be looked at by itself.
        piece = _without_inner_brackets(self._masked[self._at : position])
        self._at = position
        # Only brackets, without pairs that close each other: what is left was closed or opened.
        rest = piece.translate(None, _NO_BRACKETS)
        length = -1
        while len(rest) != length:
            length = len(rest)
            rest = rest.replace(b"{}", b"").replace(b"[]", b"")
        opened = rest.count(b"{") + rest.count(b"[")
        del self._open[len(self._open) - (len(rest) - opened) :]
        self._open += _opened(piece, opened)
        self._prefix = shown(self._place) + "".join(self._open[-_DEEPEST:])


def _without_inner_brackets(masked: bytes) -> bytes:
    """The same piece of a document with no brackets inside its strings. Where every bracket
    stands as brackets of JSON do, there are none to remove."""
    if not _ODD_BRACKET.found(masked):
        return masked
    segments = masked.split(b'"')
    segments[1::2] = [inside.translate(_BRACKETS) for inside in segments[1::2]]
    return b'"'.join(segments)


def _opened(piece: bytes, count: int) -> list[str]:
    """What the last `count` containers that `piece` leaves open add to a place, outermost
    first. Looked for from the end, where they mostly are."""
    names: list[str] = []
    closed, end, window = 0, len(piece), _FIRST_LOOK
    while len(names) < count and end > 0:
        start = max(0, end - window)
        for match in reversed(list(_BRACKET.finditer(piece, start, end))):
            if match[0] in _CLOSING:
                closed += 1
            elif closed:
                closed -= 1
            else:
                names.append(_piece(piece, match.start()))
                if len(names) == count:
                    break
        end, window = start, window * 2
    names.reverse()
    return names


def _piece(document: bytes, offset: int) -> str:
    """What the container that opens at `offset` adds to a place."""
    items = "[]" if document[offset : offset + 1] == b"[" else ""
    before = document[max(0, offset - _WINDOW) : offset].rstrip()
    if not before.endswith(b":"):
        return items
    end = before.rfind(b'"')
    return f".{readable(before[before.rfind(b'"', 0, end) + 1 : end])}{items}"


@lru_cache(maxsize=4_000)
def readable(name: bytes) -> str:
    """A key as a piece of a place: short, and without what looks like more than a name."""
    text = name.decode("utf-8", "replace")
    return text if len(text) <= _LONGEST and not _ODD.search(text) else text[:3] + "…"
