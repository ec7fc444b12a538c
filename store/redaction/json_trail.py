"""Where in a JSON document a cut was made, e.g. `request.body.users[].password`."""

import re
from collections.abc import Callable
from typing import Final

_CLOSED: Final = re.compile(rb"\{[^{}\[\]]*+\}|\[[^{}\[\]]*+\]")
_OPEN: Final = re.compile(rb'(?:"([^"]{0,200})"\s*:\s*)?([{\[])')
_LAST_KEY: Final = re.compile(rb'"([^"]{0,200})"\s*:\s*$')
_BRACKETS: Final = bytes.maketrans(b"{}[]", b"____")
_DEEPEST: Final = 64
_WINDOW: Final = 240

type Place = str | Callable[[], str]


def shown(place: Place) -> str:
    """A place that may be worked out late, because most are never needed."""
    return place if isinstance(place, str) else place()


class Trail:
    """Follows positions from left to right and knows which containers are open there. What
    lies between is reduced by two passes of one pattern, not token by token."""

    def __init__(self, masked: bytes, place: Place) -> None:
        self._masked = masked
        self._place = place
        self._at = 0
        self._open = b""
        self._names: list[str] = []

    def to(self, position: int, name: bytes | None = None) -> str:
        """The place of the member `name` (or the element) that stands at `position`, which is
        outside strings and not before an earlier one."""
        if position > self._at:
            self._advance(position)
        tail = [] if name is None else ["." + readable(name)]
        return shown(self._place) + "".join(self._names) + "".join(tail)

    def of_value(self, position: int) -> str:
        """The place of the string value that starts at `position`."""
        before = self._masked[max(0, position - _WINDOW) : position]
        key = _LAST_KEY.search(before[before[:-1].rfind(b",") if b":" not in before[-3:] else 0 :])
        return self.to(position, key[1] if key else None)

    def _advance(self, position: int) -> None:
        piece = self._masked[self._at : position]
        self._at = position
        segments = piece.split(b'"')
        if any(b"{" in s or b"[" in s or b"}" in s or b"]" in s for s in segments[1::2]):
            segments[1::2] = [inside.translate(_BRACKETS) for inside in segments[1::2]]
            piece = b'"'.join(segments)
        chain = self._open + piece
        for _ in range(_DEEPEST):
            shorter = _CLOSED.sub(b"", chain)
            if len(shorter) == len(chain):
                break
            chain = shorter
        kept = list(_OPEN.finditer(chain))[-_DEEPEST:]
        self._open = b"".join(match[0] for match in kept)
        self._names = []
        for match in kept:
            if match[1] is not None:
                self._names.append("." + readable(match[1]))
            if match[2] == b"[":
                self._names.append("[]")


def readable(name: bytes) -> str:
    """A key as a piece of a place: short, and without what looks like more than a name."""
    text = name.decode("utf-8", "replace")
    return (
        text if len(text) <= 60 and not re.search(r"\d{6}|[^\w .$@:/-]", text) else text[:3] + "…"
    )
