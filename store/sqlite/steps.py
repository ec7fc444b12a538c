"""Small steps: background work never holds the writer for long."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_AIM_S: Final = 0.02
"""What a step should take; 50 ms is promised, and a busy disk may double what was measured."""


class Pace:
    """How much to do in one step, found out by doing it."""

    def __init__(self, first: int, *, lowest: int = 16, highest: int = 4096) -> None:
        self.size = first
        self._lowest = lowest
        self._highest = highest

    @contextmanager
    def step(self, database: sqlite3.Connection) -> Iterator[None]:
        """One transaction of about `size` rows; the next is smaller or larger by its time."""
        begun = time.perf_counter()
        database.execute("BEGIN IMMEDIATE")
        try:
            yield
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise
        self.measured(time.perf_counter() - begun)

    def measured(self, took: float) -> None:
        """Learn from a step."""
        if took > _AIM_S:
            self.size = max(self._lowest, int(self.size * max(0.25, _AIM_S / took)))
        elif took < _AIM_S / 2:
            self.size = min(self._highest, self.size * 3 // 2)
