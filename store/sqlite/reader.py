"""Reads a SQLite store: pages, single activities, changes, exports and charts, all in a scope."""

import time
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from store.activity import Activity
from store.backend import Page
from store.cursors import decode_cursor, encode_cursor
from store.filters import EVERYTHING, ActivityFilter
from store.scope import Scope
from store.sqlite.analytics import SqliteAnalytics
from store.sqlite.keys import HIGHEST_KEY, PROBES, key_of
from store.sqlite.narrowing import (
    Fragment,
    Narrowing,
    Stretch,
)
from store.sqlite.pool import Connection
from store.sqlite.rows import FULL_COLUMNS, LISTED, full, listed
from store.sqlite.scoped import scoped
from store.sqlite.selecting import select, select_changes
from store.sqlite.zones import extent, stretches
from store.times import uuid_bytes

_EXPORTED: Final = 200


class SqliteReader(SqliteAnalytics):
    """`store.backend.Reader` on one SQLite file; see there for what the methods promise."""

    async def page(
        self, scope: Scope, where: ActivityFilter, *, cursor: str | None, limit: int
    ) -> Page:
        """One page, newest first, without headers and bodies."""
        below = HIGHEST_KEY if cursor is None else decode_cursor(cursor)
        deadline = time.monotonic() + self._patience
        found: list[Any] = []
        async with scoped(self._pool, scope, where) as (connection, narrowing):
            low, high = await extent(connection, narrowing, below)
            async for stretch in stretches(connection, narrowing, low, high):
                missing = limit + 1 - len(found)
                found += await connection.rows(select(LISTED, narrowing, stretch, missing))
                if len(found) > limit:
                    return _page(scope, found[:limit], found[limit - 1][0])
                lowest = stretch[-1][0]
                if time.monotonic() > deadline and lowest > low:
                    return _page(scope, found, lowest)
        return _page(scope, found, None)

    async def one(self, scope: Scope, identifier: str) -> Activity | None:
        """One activity in full, or `None` where the scope sees none."""
        raw = uuid_bytes(identifier)
        if raw is None:
            return None
        async with scoped(self._pool, scope, EVERYTHING) as (connection, narrowing):
            if narrowing.empty:
                return None
            key = key_of(raw)
            own = Fragment("a.id = ?", (raw,))
            found = await _full(connection, scope, narrowing, [(key, key + PROBES)], 1, own)
        return found[0][1] if found else None

    async def changes(
        self, scope: Scope, where: ActivityFilter, *, after: int, limit: int
    ) -> list[Activity]:
        """Rows inserted or updated with `seq` above `after`, in `seq` order, as in lists.

        A follower with a narrow filter asks `last_seq` first and goes on from there, not from
        the last row it got, so that it does not look at the same rows again.
        """
        async with scoped(self._pool, scope, where) as (connection, narrowing):
            if narrowing.empty:
                return []
            statement = select_changes(LISTED, narrowing, after, limit)
            return [listed(row, not scope.bodies) for row in await connection.rows(statement)]

    async def last_seq(self) -> int:
        """The highest `seq` given so far; 0 when there is none."""
        question = Fragment("SELECT value FROM state WHERE name = 'last_seq'")
        async with self._pool.connection() as connection:
            return max((value for (value,) in await connection.rows(question)), default=0)

    async def export(self, scope: Scope, where: ActivityFilter) -> AsyncIterator[Activity]:
        """Every matching activity in full, newest first, in constant memory. No read
        transaction is held between rows, so the writer's checkpoints go on."""
        async with scoped(self._pool, scope, where) as (connection, narrowing):
            low, high = await extent(connection, narrowing, HIGHEST_KEY)
            found = [one async for one in stretches(connection, narrowing, low, high)]
        for stretch in found:
            while stretch:
                async with self._pool.connection() as connection:
                    rows = await _full(connection, scope, narrowing, stretch, _EXPORTED)
                for _, activity in rows:
                    yield activity
                stretch = _below(stretch, rows[-1][0]) if len(rows) == _EXPORTED else []


def _below(stretch: Stretch, key: int) -> Stretch:
    """What is left of a stretch below a key."""
    return [(low, min(high, key)) for low, high in stretch if low < key]


async def _full(
    connection: Connection,
    scope: Scope,
    narrowing: Narrowing,
    stretch: Stretch,
    limit: int,
    also: Fragment | None = None,
) -> list[tuple[int, Activity]]:
    """Keys and activities, in full as far as the scope allows."""
    if not scope.bodies:
        rows = await connection.rows(select(LISTED, narrowing, stretch, limit, also=also))
        return [(row[0], listed(row, withheld=True)) for row in rows]
    statement = select(FULL_COLUMNS, narrowing, stretch, limit, full=True, also=also)
    rows = await connection.rows(statement)
    if not all(connection.decompressor.knows(row[-1]) for row in rows):
        await connection.learn_dictionaries()
    return [(row[0], full(row, connection.decompressor)) for row in rows]


def _page(scope: Scope, rows: Sequence[Any], position: int | None) -> Page:
    return Page(
        items=[listed(row, withheld=not scope.bodies) for row in rows],
        next=None if position is None else encode_cursor(position),
    )
