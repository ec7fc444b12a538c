"""What there is to do on an open search file, one small step at a time."""

import sqlite3
import time
from typing import Final

from store.options import StoreOptions
from store.sqlite.keys import LOWEST_KEY
from store.sqlite.search.filling import STEP_S, Filling, transaction
from store.sqlite.search.forgetting import Ages, Due
from store.sqlite.search.segments import (
    begin_segment,
    dead,
    delete_piece,
    seal_part,
    state,
    unsealed,
)
from store.sqlite.search.streams import NewRows, OldRows, RowsOfSegment
from store.sqlite.search.texts import Texts

_LOOK_MS: Final = 60_000
_SPARE_PAGES: Final = 512
_RELEASED: Final = 64


class Upkeep:
    """Forgets, seals, and takes new rows before old ones."""

    def __init__(self, index: sqlite3.Connection, options: StoreOptions) -> None:
        """`index` is open, and of the store that steps are given."""
        self._index = index
        self._options = options
        self._texts = Texts()
        # What was not finished.
        index.execute("UPDATE segments SET dead = 1 WHERE replaces IS NOT NULL")
        kept = state(index)
        self._new = Filling(NewRows(kept["until_seq"]), kept["segment_new"])
        self._old: Filling | None = None
        if kept["past_key"] != LOWEST_KEY:
            old = OldRows(kept["past_key"], kept["from_seq"])
            self._old = Filling(old, kept["segment_old"])
        self._renewed: tuple[Filling, Due] | None = None
        self._looked_at: int | None = None
        self._stale = True
        """The write-ahead log may hold what was forgotten."""

    def step(self, store: sqlite3.Connection, now: int) -> bool:
        """One step of whatever is due; True when more is to do."""
        return (
            self._forget(store, now, at_once=False)
            or self._delete()
            or self._seal()
            or self._new.step(store, self._index, self._texts)
            or self._take_old(store)
            or self._release()
        )

    def forget(self, store: sqlite3.Connection, now: int) -> bool:
        """One step of taking out what is gone; True when more is to do."""
        return self._forget(store, now, at_once=True) or self._delete() or self._release()

    def _forget(self, store: sqlite3.Connection, now: int, *, at_once: bool) -> bool:
        """Look for a segment that holds what is gone; make it anew."""
        if self._renewed is not None:
            self._renew(store, *self._renewed, now)
            return True
        looked = self._looked_at
        if not at_once and looked is not None and 0 <= now - looked < _LOOK_MS:
            return False
        ages = Ages(store, self._options, now)
        due = ages.due(self._index, at_once=at_once)
        if due is None:
            self._looked_at = now
            return False
        self._stale = True
        with transaction(self._index):
            self._begin_anew(due, ages)
        return True

    def _begin_anew(self, due: Due, ages: Ages) -> None:
        for filling in (self._new, self._old):
            if filling is not None and filling.segment == due.number:
                filling.go_on(self._index)
        if due.wholly:
            self._kill(due.number)
        else:
            rows = RowsOfSegment(self._index, due.number, ages.left)
            self._renewed = Filling(rows, begin_segment(self._index, due.number)), due

    def _renew(self, store: sqlite3.Connection, filling: Filling, due: Due, now: int) -> None:
        if filling.step(store, self._index, self._texts):
            return
        with transaction(self._index):
            filling.finish(self._index)
            self._index.execute(
                "UPDATE segments SET replaces = NULL, forgotten = ?, renewed_at = ?"
                " WHERE replaces = ?",
                (due.forgotten, now, due.number),
            )
            self._kill(due.number)
        self._renewed = None

    def _kill(self, segment: int) -> None:
        self._index.execute("UPDATE segments SET dead = 1 WHERE number = ?", (segment,))

    def _take_old(self, store: sqlite3.Connection) -> bool:
        filling = self._old
        if filling is None:
            return False
        if not filling.step(store, self._index, self._texts):
            with transaction(self._index):
                filling.finish(self._index)
                OldRows.ended(self._index)
            self._old = None
        return True

    def _seal(self) -> bool:
        end = time.perf_counter() + STEP_S
        some = False
        while time.perf_counter() < end and (found := unsealed(self._index)):
            with transaction(self._index):
                seal_part(self._index, *found)
            some = True
        return some

    def _delete(self) -> bool:
        segment = dead(self._index)
        if segment is None:
            return False
        with transaction(self._index):
            delete_piece(self._index, segment)
        return True

    def _release(self) -> bool:
        """Give free pages back, and empty the log once it holds what was forgotten."""
        (free,) = self._index.execute("PRAGMA freelist_count").fetchone()
        if free > _SPARE_PAGES:
            count = min(_RELEASED, free - _SPARE_PAGES)
            self._index.execute(f"PRAGMA incremental_vacuum({count})").fetchall()
            return True
        if self._stale:
            (busy, _, _) = self._index.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._stale = bool(busy)
        return False
