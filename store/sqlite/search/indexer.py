"""Keeps the search index of a store: opens its file, or makes it, and gets over its errors."""

import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from store.errors import StoreUnavailable
from store.options import StoreOptions
from store.sqlite.keys import HIGHEST_KEY
from store.sqlite.search.filling import transaction
from store.sqlite.search.history import HISTORY, belongs, questions
from store.sqlite.search.search_file import discard, make, open_for_indexing, search_path
from store.sqlite.search.segments import begin_segment, set_state, state
from store.sqlite.search.upkeep import Upkeep

_REST_MS: Final = 60_000
_BUSY_REST_MS: Final = 1_000
"""After a lock: a search that looks into the file while it is made is enough for one."""
_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class SearchIndexer:
    """The only writer of a search file. Whatever is wrong with the file, the store is not
    bothered: the file is made anew, or left alone for a minute, where it is locked a second."""

    def __init__(self, path: Path, options: StoreOptions) -> None:
        """Nothing is opened before the first step."""
        self._path = path
        self._options = options
        self._index: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._upkeep: Upkeep | None = None
        self._rest_until = 0

    def opened(self, store: sqlite3.Connection) -> None:
        """The store was opened, and nothing is written to it yet: a file that is not of it goes.
        Later its rows may have come to the same numbers again."""
        self.close()
        with suppress(sqlite3.Error, OSError, StoreUnavailable):
            index = open_for_indexing(self._path)
            if index is not None:
                with closing(index):
                    belongs = _belongs(index, store)
                if not belongs:
                    discard(self._path)

    def step(self, store: sqlite3.Connection, now: int) -> bool:
        """One step of whatever is due; True when more is to do.

        Raises:
            StoreUnavailable: what is there cannot be deleted.
        """
        return now >= self._rest_until and self._try(store, now, Upkeep.step)

    def forget(self, store: sqlite3.Connection, now: int) -> bool:
        """One step of taking out what is gone; True when more is to do.

        Raises:
            StoreUnavailable: what is there cannot be deleted.
        """
        there = self._upkeep is not None or search_path(self._path).exists()
        return there and self._try(store, now, Upkeep.forget)

    def close(self) -> None:
        """Close the file."""
        self._upkeep = None
        if self._index is not None:
            self._index.close()
            self._index = None

    def _try(
        self,
        store: sqlite3.Connection,
        now: int,
        step: Callable[[Upkeep, sqlite3.Connection, int], bool],
    ) -> bool:
        try:
            return step(self._opened(store), store, now)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - what damage leads to nobody can list
            self.close()
            rest = _BUSY_REST_MS if _code(error) == sqlite3.SQLITE_BUSY else _REST_MS
            self._rest_until = max(self._rest_until, now + rest)
            if _is_damage(error):
                discard(self._path)
        return False

    def _opened(self, store: sqlite3.Connection) -> Upkeep:
        if self._identity != _identity(self._path):
            self.close()  # somebody has removed it
        if self._upkeep is None:
            self._index = open_for_indexing(self._path)
            if self._index is None or not _belongs(self._index, store):
                self.close()
                self._index = self._begin(store)
            self._identity = _identity(self._path)
            self._upkeep = Upkeep(self._index, self._options)
        return self._upkeep

    def _begin(self, store: sqlite3.Connection) -> sqlite3.Connection:
        """A new file for the store as it is."""
        discard(self._path)
        history = random.getrandbits(62)
        store.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (HISTORY, history))
        found = store.execute("SELECT value FROM state WHERE name = 'last_seq'").fetchone()
        last = 0 if found is None else found[0]
        index = make(self._path)
        try:
            with transaction(index):
                set_state(
                    index,
                    {
                        HISTORY: history,
                        "from_seq": last,
                        "until_seq": last,
                        "past_key": HIGHEST_KEY,
                        "segment_new": begin_segment(index),
                        "segment_old": begin_segment(index),
                    },
                )
        except BaseException:
            index.close()
            raise
        return index


def _is_damage(error: Exception) -> bool:
    if isinstance(error, sqlite3.Error):
        return _code(error) in _DAMAGE
    return not isinstance(error, OSError)


def _code(error: Exception) -> int:
    """SQLite's code; the extended ones have more in their upper bytes."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _belongs(index: sqlite3.Connection, store: sqlite3.Connection) -> bool:
    kept = state(index)
    found = [store.execute(one.sql, one.values).fetchone() for one in questions(kept)]
    return belongs(kept, [None if row is None else row[0] for row in found])


def _identity(store: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(search_path(store))
    except OSError:
        return None
    return found.st_dev, found.st_ino
