"""Slots of rows, and the planes of bits that they become."""

from collections import deque
from collections.abc import Iterable
from itertools import repeat
from typing import Final, NamedTuple

from store.sqlite.search.grams import (
    EVERYWHERE,
    IN_SMALL,
    WIDTH,
    number_positions,
    positions,
    words,
)
from store.sqlite.search.layout import PLANE_SLOTS
from store.sqlite.search.texts import RowTexts

_FULL: Final = 5_000
"""Bytes of different words in a slot. They set a fifth of its bits."""
_MOST_ROWS: Final = 64
_LARGE: Final = 16 << 10
"""A row of more text has a slot of its own."""
_HUGE: Final = 1 << 20
"""A row of more text is a candidate for every search: its words alone would take too long."""
_MOST_WORDS: Final = 128 << 10
"""Bytes of different words that set nearly all bits of a slot, which then tell nothing: they are
not worth the 30 ms that setting them takes."""
_WEIGHED: Final = 4
"""After so many rows the words of a slot are weighed; each time would be a tenth of the work."""


class Plane(NamedTuple):
    """Eight slots, or the last few."""

    keys: list[list[int]]
    """Of each slot."""
    bits: bytes
    """A byte for each position, a bit in it for each slot."""
    organizations: frozenset[int]
    last: RowTexts
    """The row of these that was taken last."""


class PlaneMaker:
    """Takes rows, gives planes."""

    def __init__(self) -> None:
        self._slot = _Slot()
        self._closed: list[_Slot] = []

    def take(self, row: RowTexts) -> Plane | None:
        """Add a row; the plane that is full with it, or was before it, if any."""
        alone = len(row.large) > _LARGE
        if alone:
            self._close()
        self._slot.add(row)
        if alone or self._slot.is_full():
            self._close()
        return self._plane() if len(self._closed) >= PLANE_SLOTS else None

    def rest(self) -> Plane | None:
        """What is left, as a plane that is not full."""
        self._close()
        return self._plane() if self._closed else None

    def _close(self) -> None:
        if self._slot.last is not None:
            self._slot.close()
            self._closed.append(self._slot)
            self._slot = _Slot()

    def _plane(self) -> Plane:
        slots, self._closed = self._closed[:PLANE_SLOTS], self._closed[PLANE_SLOTS:]
        bits = 0
        for number, slot in enumerate(slots):
            bits |= slot.bits << number
        last = slots[-1].last
        assert last is not None
        return Plane(
            [slot.keys for slot in slots],
            bits.to_bytes(WIDTH, "little"),
            frozenset().union(*(slot.organizations for slot in slots)),
            last,
        )


class _Slot:
    """The words of some rows."""

    def __init__(self) -> None:
        self.keys: list[int] = []
        self.last: RowTexts | None = None
        self.organizations: set[int] = set()
        self._integrations: set[int] = set()
        self._words: set[bytes] = set()
        self._small: set[bytes] = set()
        self._huge = False
        self.bits = 0
        """A byte for each position: whether it is set. Known when the slot is closed."""

    def add(self, row: RowTexts) -> None:
        """Add a row."""
        self.keys.append(row.key)
        self.last = row
        self.organizations.add(row.organization)
        self._integrations.add(row.integration)
        self._small.update(words(row.small))
        if len(row.large) > _HUGE:
            self._huge = True
        else:
            self._words.update(words(row.large))

    def is_full(self) -> bool:
        """Whether the next row belongs into another slot."""
        rows = len(self.keys)
        weighed = rows % _WEIGHED == 0 and sum(map(len, self._words)) >= _FULL
        return weighed or rows == _MOST_ROWS

    def close(self) -> None:
        """Turn words into bits."""
        huge = self._huge or sum(map(len, self._words)) > _MOST_WORDS
        found = bytearray(b"\1" if huge else b"\0") * WIDTH
        if not huge:
            _set(found, positions(self._words | self._small, EVERYWHERE))
        _set(found, positions(self._small, IN_SMALL))
        for kind, numbers in enumerate((self.organizations, self._integrations)):
            for number in numbers:
                _set(found, number_positions(kind, number))
        self.bits = int.from_bytes(found, "little")
        self._words, self._small = set(), set()


def _set(bits: bytearray, found: Iterable[int]) -> None:
    # Without a loop in Python, in which it would take twice as long.
    deque(map(bits.__setitem__, found, repeat(1)), maxlen=0)
