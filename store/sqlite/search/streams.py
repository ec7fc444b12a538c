"""Where the rows come from that are indexed: each stream reads them in an order of its own and
knows how far it is."""

import json
import sqlite3
from array import array
from collections.abc import Callable
from typing import Protocol

from store.sqlite.keys import LOWEST_KEY
from store.sqlite.search.layout import slot_number, unpacked
from store.sqlite.search.planes import Plane
from store.sqlite.search.segments import set_state
from store.sqlite.search.texts import AFTER_SEQ, BEFORE_KEY, WITH_KEYS, RowTexts, Texts


class Stream(Protocol):
    """One order of rows."""

    name: str
    replaces: int | None
    """The segment that the stream's one takes the place of."""

    def read(self, store: sqlite3.Connection, texts: Texts) -> list[RowTexts]:
        """The next few rows; none when there are none now."""
        ...

    def reached(self, index: sqlite3.Connection, plane: Plane) -> None:
        """A plane is kept, in this transaction: all rows up to its last one are known."""
        ...


class NewRows:
    """What is inserted or changed, as it comes."""

    name = "new"
    replaces: int | None = None

    def __init__(self, until_seq: int) -> None:
        self._position = until_seq

    def read(self, store: sqlite3.Connection, texts: Texts) -> list[RowTexts]:
        """Rows above the `seq` that was read last."""
        found = texts.read(store, AFTER_SEQ, (self._position, texts.at_once))
        if found:
            self._position = found[-1].seq
        return found

    def reached(self, index: sqlite3.Connection, plane: Plane) -> None:
        """Keep the last `seq`, with its row's key, by which another store is told apart."""
        set_state(index, {"until_seq": plane.last.seq, "until_key": plane.last.key})


class OldRows:
    """What was there when the index was begun, newest first."""

    name = "old"
    replaces: int | None = None

    def __init__(self, past_key: int, from_seq: int) -> None:
        self._position = past_key
        self._from_seq = from_seq

    def read(self, store: sqlite3.Connection, texts: Texts) -> list[RowTexts]:
        """Rows below the key that was read last."""
        values = (self._position, self._from_seq, texts.at_once)
        found = texts.read(store, BEFORE_KEY, values)
        if found:
            self._position = found[-1].key
        return found

    def reached(self, index: sqlite3.Connection, plane: Plane) -> None:
        """Keep the last key."""
        set_state(index, {"past_key": plane.last.key})

    @staticmethod
    def ended(index: sqlite3.Connection) -> None:
        """There are no older rows."""
        set_state(index, {"past_key": LOWEST_KEY})


class RowsOfSegment:
    """The rows of a segment, as far as they are left."""

    name = "renewed"

    def __init__(
        self,
        index: sqlite3.Connection,
        segment: int,
        left: Callable[[RowTexts], RowTexts | None],
    ) -> None:
        """`left` is what may be known of a row."""
        self.replaces: int | None = segment
        self._left = left
        self._keys = array("q")
        span = slot_number(segment, 0), slot_number(segment + 1, 0)
        for (keys,) in index.execute(
            "SELECT keys FROM slots WHERE number >= ? AND number < ? ORDER BY number", span
        ):
            self._keys.extend(unpacked(keys))
        self._position = 0

    def read(self, store: sqlite3.Connection, texts: Texts) -> list[RowTexts]:
        """The next rows that are there."""
        while self._position < len(self._keys):
            some = self._keys[self._position : self._position + texts.at_once]
            self._position += len(some)
            there = texts.read(store, WITH_KEYS, (json.dumps(some.tolist()),))
            if found := [row for row in map(self._left, there) if row is not None]:
                return found
        return []

    def reached(self, index: sqlite3.Connection, plane: Plane) -> None:
        """Nothing to keep: what was not finished is made again."""
