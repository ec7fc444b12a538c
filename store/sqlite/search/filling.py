"""A stream of rows on its way into segments."""

import sqlite3
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from store.sqlite.search.planes import Plane, PlaneMaker
from store.sqlite.search.segments import add_plane, begin_segment, close_segment, set_state
from store.sqlite.search.streams import Stream
from store.sqlite.search.texts import RowTexts, Texts

STEP_S: Final = 0.01
"""Aim of a step; one row of large bodies may take as long again."""


class Filling:
    """A stream with the segment that it fills."""

    def __init__(self, stream: Stream, segment: int) -> None:
        self.stream = stream
        self.segment = segment
        self._maker = PlaneMaker()
        self._rows: deque[RowTexts] = deque()

    def step(self, store: sqlite3.Connection, index: sqlite3.Connection, texts: Texts) -> bool:
        """Take rows for a while, or until a plane is full; False when there are none."""
        end = time.perf_counter() + STEP_S
        some = False
        while time.perf_counter() < end:
            row = self._next(store, texts)
            if row is None:
                break
            some = True
            if row.ended and (plane := self._maker.take(row)):
                with transaction(index):
                    self._keep(index, plane)
                break
        return some

    def finish(self, index: sqlite3.Connection) -> None:
        """Keep what is left, in the caller's transaction: the stream has ended."""
        if plane := self._maker.rest():
            self._keep(index, plane)
        close_segment(index, self.segment)

    def go_on(self, index: sqlite3.Connection) -> None:
        """What comes from now on goes into another segment. In the caller's transaction."""
        close_segment(index, self.segment)
        self.segment = begin_segment(index, self.stream.replaces)
        set_state(index, {f"segment_{self.stream.name}": self.segment})

    def _next(self, store: sqlite3.Connection, texts: Texts) -> RowTexts | None:
        if not self._rows:
            self._rows.extend(self.stream.read(store, texts))
        return self._rows.popleft() if self._rows else None

    def _keep(self, index: sqlite3.Connection, plane: Plane) -> None:
        full = add_plane(index, self.segment, plane)
        self.stream.reached(index, plane)
        if full:
            self.go_on(index)


@contextmanager
def transaction(index: sqlite3.Connection) -> Iterator[None]:
    """One transaction of the search file."""
    index.execute("BEGIN IMMEDIATE")
    try:
        yield
        index.execute("COMMIT")
    except BaseException:
        if index.in_transaction:
            index.execute("ROLLBACK")
        raise
