"""Candidates: the keys of rows in slots that may hold what is searched, newest first."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from heapq import heapify, heappop, heappush
from typing import Final, NamedTuple

from store.sqlite.keys import HIGHEST_KEY, LOWEST_KEY
from store.sqlite.search.layout import (
    PAGE,
    PART,
    PLANES,
    SLOTS,
    page_number,
    plane_number,
    slot_number,
    unpacked,
)

_DAMAGED: Final = "the search file lacks a piece"
_SLICE_S: Final = 0.05
"""After so long a piece ends, whatever it has."""
_SEGMENTS: Final = (
    "SELECT number, planes, sealed, low, high FROM segments"
    " WHERE dead = 0 AND replaces IS NULL AND planes > 0 AND high >= ? AND low < ?"
    " ORDER BY high"
)
_OF_PLANES: Final = (
    "SELECT substr(bits, ?, 1) FROM planes WHERE number BETWEEN ? AND ? ORDER BY number"
)
_OF_SLICES: Final = f"SELECT substr(bits, ?, {PLANES}) FROM slices WHERE number = ?"  # noqa: S608


class Wanted(NamedTuple):
    """What a slot must have to be a candidate."""

    all_of: Sequence[int]
    """Positions that are all set."""
    any_of: Sequence[Sequence[int]]
    """Of one of these all positions are set, too; empty: whatever."""


class Piece(NamedTuple):
    """Some of the candidates."""

    keys: list[int]
    """Newest first."""
    floor: int | None
    """There are no others at or above this key; `None`: none at all."""


class Candidates:
    """One search in a search file. Calls come from any thread, one at a time."""

    def __init__(self, index: sqlite3.Connection, wanted: Wanted) -> None:
        """`index` is open, and closed with this."""
        self._index = index
        self._wanted = wanted
        self._low, self._high = LOWEST_KEY, HIGHEST_KEY
        self._keys: list[int] = []
        self._last: int | None = None
        self._slots: list[tuple[int, int]] = []
        self._segments: list[_Segment] | None = None
        self._using = threading.Lock()

    def limit(self, low: int, high: int, others: Iterable[int]) -> None:
        """Before the first piece: candidates from the key `low` to below `high`, and `others`,
        which are any way."""
        self._low, self._high = low, high
        self._keys = [-key for key in others if low <= key < high]
        heapify(self._keys)

    def piece(self, size: int) -> Piece:
        """The next candidates, about so many, as far as they are found in a moment."""
        with self._using:
            end = time.perf_counter() + _SLICE_S
            if self._segments is None:
                values = self._low, self._high
                self._segments = [_Segment(*row) for row in self._index.execute(_SEGMENTS, values)]
            found: list[int] = []
            while True:
                border = self._border()
                while self._keys and -self._keys[0] > border and len(found) < size:
                    self._take(found)
                if len(found) == size or time.perf_counter() > end:
                    known = max(border, -self._keys[0] if self._keys else border)
                    return Piece(found, known + 1)
                if border < self._low:
                    return Piece(found, None)
                self._step(border)

    def _take(self, found: list[int]) -> None:
        key = -heappop(self._keys)
        # Rows that have changed lie in several slots.
        if key != self._last:
            found.append(key)
            self._last = key

    def skip(self, high: int) -> None:
        """What lies at or above this key is not wanted any more."""
        with self._using:
            self._high = min(self._high, high)
            while self._keys and -self._keys[0] >= self._high:
                heappop(self._keys)

    def close(self) -> None:
        """Close the file."""
        with self._using:
            self._index.close()

    def _border(self) -> int:
        """All candidates above this key are known."""
        slot = -self._slots[0][0] if self._slots else LOWEST_KEY
        segment = self._segments[-1].high if self._segments else LOWEST_KEY
        return min(max(slot, segment), self._high)

    def _step(self, border: int) -> None:
        """Look into the newest segment, or else into the newest slot."""
        if self._segments and self._segments[-1].high >= border:
            segment = self._segments.pop()
            if segment.low < self._high:
                self._look_into(segment)
            return
        if self._slots:
            _, number = heappop(self._slots)
            found = self._index.execute("SELECT keys FROM slots WHERE number = ?", (number,))
            for key in unpacked(_only(found)):
                if self._low <= key < self._high:
                    heappush(self._keys, -key)

    def _look_into(self, segment: "_Segment") -> None:
        bits = segment.find(self._index, self._wanted)
        if not bits:
            return
        numbers = [slot_number(segment.number, slot) for slot in _ones(bits)]
        found = self._index.execute(
            "SELECT s.number, s.low, s.high FROM json_each(?) n"
            " CROSS JOIN slots s ON s.number = n.value",
            (json.dumps(numbers),),
        ).fetchall()
        if len(found) < len(numbers):
            raise sqlite3.DatabaseError(_DAMAGED)
        for number, low, high in found:
            if high >= self._low and low < self._high:
                heappush(self._slots, (-high, number))


class _Segment(NamedTuple):
    """One segment."""

    number: int
    planes: int
    sealed: int
    low: int
    high: int

    def find(self, index: sqlite3.Connection, wanted: Wanted) -> int:
        """The slots that have what is wanted, as bits of an integer."""
        found = (1 << SLOTS) - 1
        for position in wanted.all_of:
            found &= self._slice(index, position)
            if not found:
                return 0
        if not wanted.any_of:
            return found
        either = 0
        for positions in wanted.any_of:
            own = found
            for position in positions:
                own &= self._slice(index, position)
            either |= own
        return either

    def _slice(self, index: sqlite3.Connection, position: int) -> int:
        """The slots that have a position set."""
        part = position // PART
        if part < self.sealed:
            values = position % PAGE * PLANES + 1, page_number(self.number, position)
            return int.from_bytes(_only(index.execute(_OF_SLICES, values)), "little")
        span = plane_number(self.number, part, 0), plane_number(self.number, part, PLANES - 1)
        found = index.execute(_OF_PLANES, (position % PART + 1, *span)).fetchall()
        if len(found) < self.planes:
            raise sqlite3.DatabaseError(_DAMAGED)
        return int.from_bytes(b"".join(bits for (bits,) in found), "little")


def _only(found: sqlite3.Cursor) -> bytes:
    row = found.fetchone()
    if row is None or not row[0]:
        raise sqlite3.DatabaseError(_DAMAGED)
    return bytes(row[0])


def _ones(bits: int) -> Iterator[int]:
    """Which bits are set."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
