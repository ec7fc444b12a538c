"""Retention: deletes rows, bodies and rollups that are too old, and gives their space back."""

import sqlite3
from typing import Final

from store.options import DAY_MS, StoreOptions
from store.sqlite.compression import delete_unused_dictionaries
from store.sqlite.keys import LOWEST_KEY, created_at, first_key
from store.sqlite.past import note_deletion
from store.sqlite.rollups import HOUR_MS, ROLLUP_TABLES, SPAN_HOUR, SPANS
from store.sqlite.steps import Pace
from store.times import uuid_bytes

_LOOK_AGAIN_MS: Final = 60_000
_CONTENT_TABLES: Final = ("contents", "archive")
_OLD_OF_ONE: Final = "SELECT key FROM activities WHERE organization = ? AND key < ? ORDER BY key"
_OLD_OF_OTHERS: Final = (
    "SELECT key FROM activities WHERE key >= ? AND key < ? AND organization NOT IN"
    " (SELECT value FROM json_each(?)) ORDER BY key"
)
_WITHOUT_MESSAGES: Final = (
    "UPDATE activities SET metadata = json_remove(metadata, '$.stream.messages') WHERE key = ?"
    " AND json_type(metadata, '$.stream.messages') IS NOT NULL"
)


class RowRetention:
    """Deletes rows older than `keep`, each organization by its own age."""

    def __init__(self, options: StoreOptions) -> None:
        self._options = options
        self._pace = Pace(200)
        self.deleted = 0
        """How many rows, so far."""
        self._looked_at: int | None = None
        self._own: list[tuple[int, int]] = []
        self._resume = LOWEST_KEY
        self._others_done = False

    def step(self, database: sqlite3.Connection, now: int) -> bool:
        """Delete a few rows; False when none is old enough."""
        if self._looked_at is None or not 0 <= now - self._looked_at < _LOOK_AGAIN_MS:
            self._look(database, now)
        while self._own:
            number, until = self._own[-1]
            if self._delete(database, _OLD_OF_ONE, (number, until)):
                return True
            self._own.pop()
        if self._others_done or self._options.keep is None:
            return False
        # From where the last step ended: rows that stay longer are not looked at again.
        old = (self._resume, first_key(now - self._options.keep), self._excepted)
        deleted = self._delete(database, _OLD_OF_OTHERS, old)
        if deleted:
            self._resume = deleted[-1]
        self._others_done = not deleted
        return bool(deleted)

    def _look(self, database: sqlite3.Connection, now: int) -> None:
        """Which organizations have an age of their own."""
        self._looked_at, self._resume, self._others_done = now, LOWEST_KEY, False
        own = self._options.organizations
        ages = {uuid_bytes(name) or name: age for name, age in own.items()}
        found = [
            (number, ages[identifier] if identifier in ages else ages[name])
            for number, identifier, name in database.execute(
                "SELECT number, id, name FROM organizations"
            )
            if identifier in ages or name in ages
        ]
        self._excepted = str([number for number, _ in found])
        self._own = [(number, first_key(now - age)) for number, age in found if age is not None]

    def _delete(
        self, database: sqlite3.Connection, query: str, values: tuple[int | str, ...]
    ) -> list[int]:
        limited = f"{query} LIMIT ?"
        with self._pace.step(database):
            keys = [key for (key,) in database.execute(limited, (*values, self._pace.size))]
            for table in (*_CONTENT_TABLES, "activities"):
                database.executemany(
                    f"DELETE FROM {table} WHERE key = ?",  # noqa: S608
                    ((key,) for key in keys),
                )
        self.deleted += len(keys)
        return keys


class BodyRetention:
    """Deletes headers, bodies and messages of streams older than `keep_bodies`; their rows stay."""

    def __init__(self, options: StoreOptions) -> None:
        self._options = options
        self._pace = Pace(200)
        self.deleted = 0
        """Of how many rows, so far."""

    def step(self, database: sqlite3.Connection, now: int) -> bool:
        """Delete the contents of a few rows; False when none are old enough."""
        if self._options.keep_bodies is None:
            return False
        until = first_key(now - self._options.keep_bodies)
        for table in _CONTENT_TABLES:
            old = f"SELECT key FROM {table} WHERE key < ? ORDER BY key LIMIT ?"  # noqa: S608
            if database.execute(old, (until, 1)).fetchone() is None:
                continue  # mostly: it must not cost a write lock
            with self._pace.step(database):
                keys = database.execute(old, (until, self._pace.size)).fetchall()
                database.executemany(_WITHOUT_MESSAGES, keys)
                database.executemany(f"DELETE FROM {table} WHERE key = ?", keys)  # noqa: S608
            self.deleted += len(keys)
            return True
        return False


def _delete_some(
    database: sqlite3.Connection, pace: Pace, table: str, key: str, old: str, until: int
) -> int:
    """Delete the first rows that `old` selects by their `key` (its parameters: `until`, how
    many); returns how many there were."""
    # Most steps find nothing to do; they must not cost a write lock.
    if database.execute(old, (until, 1)).fetchone() is None:
        return 0
    with pace.step(database):
        deleted = database.execute(
            f"DELETE FROM {table} WHERE {key} IN ({old})",  # noqa: S608
            (until, pace.size),
        )
    return deleted.rowcount


class RollupRetention:
    """Deletes rollups, gaps and interned values that nothing needs any more, once an hour."""

    def __init__(self, options: StoreOptions) -> None:
        self._options = options
        self._done_until: int | None = None
        self._pace = Pace(500)

    def step(self, database: sqlite3.Connection, now: int) -> bool:
        """Delete one hour or day of rollups or some names; False when none are old enough."""
        if self._done_until is not None and 0 <= now - self._done_until < HOUR_MS:
            return False
        if self._delete_rollups(database, now) or self._delete_names(database, now):
            return True
        delete_unused_dictionaries(database)
        self._done_until = now
        return False

    def _delete_rollups(self, database: sqlite3.Connection, now: int) -> bool:
        if self._options.keep_rollups is None:
            return False
        (oldest,) = database.execute("SELECT min(key) FROM activities").fetchone()
        until = now - self._options.keep_rollups
        if oldest is not None:
            until = min(until, created_at(oldest))
        for span, width in SPANS:
            (bucket,) = database.execute(
                "SELECT min(bucket) FROM rollups WHERE span = ?", (span,)
            ).fetchone()
            if bucket is None or (bucket + 1) * width * HOUR_MS > until:
                continue
            with self._pace.step(database):
                note_deletion(database, (bucket + 1) * width)
                for table in ROLLUP_TABLES:
                    database.execute(
                        f"DELETE FROM {table} WHERE span = ? AND bucket <= ?",  # noqa: S608
                        (span, bucket),
                    )
                if span == SPAN_HOUR:
                    database.execute("DELETE FROM hours WHERE bucket <= ?", (bucket,))
                    database.execute("DELETE FROM gaps WHERE until < ?", ((bucket + 1) * HOUR_MS,))
            return True
        return False

    def _delete_names(self, database: sqlite3.Connection, now: int) -> bool:
        rows, rollups = self._options.longest(), self._options.keep_rollups
        if rows is None:
            return False
        ages = {"clients": rows}
        if rollups is not None:
            ages["endpoints"] = max(rows, rollups)
        for table, age in ages.items():
            # A day to spare on both sides: `used` is the day of writing.
            until = (now - age) // DAY_MS - 2
            old = f"SELECT number FROM {table} WHERE used < ? LIMIT ?"  # noqa: S608
            if _delete_some(database, self._pace, table, "number", old, until):
                return True
        return False


class SpaceRelease:
    """Gives free pages back to the file system."""

    def __init__(self, options: StoreOptions) -> None:
        self._spare = options.spare_bytes
        self._pace = Pace(64, highest=1024)

    def step(self, database: sqlite3.Connection) -> bool:
        """Give back a few pages; False when there are no more than are good to have."""
        (free,) = database.execute("PRAGMA freelist_count").fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
        surplus = free - self._spare // size
        if surplus <= 0:
            return False
        with self._pace.step(database):
            database.execute(
                f"PRAGMA incremental_vacuum({min(surplus, self._pace.size)})"
            ).fetchall()
        return bool(surplus > self._pace.size)
