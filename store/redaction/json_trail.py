"""Where in a JSON document a cut was made, e.g. `request.body.users[].password`."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

_BRACKET: Final = re.compile(rb"[{}\[\]]")
_LAST_KEY: Final = re.compile(rb'"([^"]{0,200})"\s*:\s*$')
_ODD: Final = re.compile(r"\d{6}|[^\w .$@:/-]")
_DEEPEST: Final = 64
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
        # Splitting at quotes leaves what is outside strings at even places; joined again it
        # is short, and each quote in it stands for one string.
        segments = self._masked[self._at : position].split(b'"')
        self._at = position
        outside = b'"'.join(segments[::2])
        opened: list[int] = []
        for match in _BRACKET.finditer(outside):
            if match[0] in (b"{", b"["):
                opened.append(match.start())
            elif opened:
                opened.pop()
            elif self._open:
                self._open.pop()
        for offset in opened:
            self._open.append(_piece(segments, outside, offset))
        self._prefix = shown(self._place) + "".join(self._open[-_DEEPEST:])


def _piece(segments: list[bytes], outside: bytes, offset: int) -> str:
    """What the container that opens at `offset` adds to a place."""
    items = "[]" if outside[offset : offset + 1] == b"[" else ""
    before = outside[:offset].rstrip()
    if not before.endswith(b":"):
        return items
    return f".{readable(segments[2 * before.count(b'"') - 1])}{items}"


@lru_cache(maxsize=4_000)
def readable(name: bytes) -> str:
    """A key as a piece of a place: short, and without what looks like more than a name."""
    text = name.decode("utf-8", "replace")
    return text if len(text) <= _LONGEST and not _ODD.search(text) else text[:3] + "…"
