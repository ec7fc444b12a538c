"""How many requests that come together with their own reset an HTTP/2 client may send.

There are honest ones: a call whose deadline is short, a page that is left at once. So a connection
that has sent proper requests may bring as many of these, and everybody has some that all clients
of the worker share. Who floods has done nothing before and finds those used up by its like: 200
connections cost others 0.2 s, not the 10 s that it takes to serve them a hundred each.
"""

import time
from typing import Final

AT_ONCE: Final = 100
"""In one read: as many requests as a client may have open. Also the most that can be earned."""
_SHARED: Final = 500
_REFILL: Final = 500
"""A second: a tenth of the worker's time, as each costs about 0.2 ms."""

RESET_AT_ONCE: Final = "the client reset the request as it was sent"
TOO_MANY_RESETS: Final = RESET_AT_ONCE + ", as too many others"
_WHY: Final = b"too many frames that carry nothing"
CALM_DOWN: Final = (
    b"\0\0\0\x04\0\0\0\0\0"  # SETTINGS, without which nothing may come (RFC 9113, 3.4)
    + (8 + len(_WHY)).to_bytes(3)
    + b"\x07\0\0\0\0\0"  # GOAWAY: nothing was taken, ENHANCE_YOUR_CALM
    + b"\0\0\0\0\0\0\0\x0b"
    + _WHY
)
"""What a client is told that is thrown out at the beginning of its connection."""
HEADERS: Final = 1
_RST_STREAM: Final = 3
_PREFACE: Final = 24


def begun_and_reset(data: bytes, at: int, highest: int) -> tuple[set[int], set[int]]:
    """The streams that frames begin which were read together, and of those the ones that they
    reset too; no more of these than are too many. The first frame is at `at`, `highest` the
    highest stream before. 0.3 us a frame, where h2 takes 50."""
    begun: set[int] = set()
    stillborn: set[int] = set()
    size = len(data)
    while at + 9 <= size:
        kind = data[at + 3]
        end = at + 9 + int.from_bytes(data[at : at + 3])
        if kind in (HEADERS, _RST_STREAM):
            if end > size:
                break
            stream = int.from_bytes(data[at + 5 : at + 9]) & 0x7FFFFFFF
            if kind == HEADERS:
                if stream > highest:
                    begun.add(stream)
            elif stream in begun:
                stillborn.add(stream)
                if len(stillborn) > AT_ONCE:
                    break
        at = end
    return begun, stillborn


def begins_with_too_many(data: bytes) -> bool:
    """Whether a connection that begins so may not go on: known before anything is made for it."""
    stillborn = len(begun_and_reset(data, _PREFACE, 0)[1])
    return stillborn > AT_ONCE or stillborn > _shared.left()


class _Shared:
    """What all connections of the worker have together."""

    __slots__ = ("_left", "_since")

    def __init__(self) -> None:
        self._left = float(_SHARED)
        self._since = time.monotonic()

    def left(self) -> float:
        """How many there are."""
        now = time.monotonic()
        self._left = min(_SHARED, self._left + (now - self._since) * _REFILL)
        self._since = now
        return self._left

    def take(self, count: int) -> bool:
        """Whether there were so many."""
        enough = count <= self.left()
        if enough:
            self._left -= count
        return enough


_shared: Final = _Shared()


class Allowance:
    """One connection's."""

    __slots__ = ("_earned",)

    def __init__(self) -> None:
        self._earned = 0

    def take(self, proper: int, stillborn: int) -> bool:
        """A read brought proper requests, and others with their resets: whether it may."""
        if stillborn:
            if stillborn > AT_ONCE:
                return False
            if stillborn <= self._earned:
                self._earned -= stillborn
            elif not _shared.take(stillborn):
                return False
        self._earned = min(AT_ONCE, self._earned + proper)
        return True
