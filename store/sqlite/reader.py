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
from store.sqlite.keys import HIGHEST_KEY, LOWEST_KEY, PROBES, key_of
from store.sqlite.narrowing import (
    Fragment,
    Narrowing,
    keys_between,
    select,
)
from store.sqlite.pool import Connection
from store.sqlite.rows import FULL_COLUMNS, LISTED, full, listed
from store.sqlite.scoped import scoped
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
            async for lowest, upper in stretches(connection, narrowing, low, high):
                within = keys_between(lowest, upper)
                missing = limit + 1 - len(found)
                found += await connection.rows(select(LISTED, narrowing, within, missing))
                if len(found) > limit:
                    return _page(scope, found[:limit], found[limit - 1][0])
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
            within = Fragment("a.key >= ? AND a.key < ? AND a.id = ?", (key, key + PROBES, raw))
            found = await _full(connection, scope, narrowing, within, 1)
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
            within = _since_seq(narrowing, after)
            statement = select(LISTED, narrowing, within, limit, by_seq=True)
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
            ranges = [found async for found in stretches(connection, narrowing, low, high)]
        for lowest, upper in ranges:
            below = upper
            while below > lowest:
                async with self._pool.connection() as connection:
                    within = keys_between(lowest, below)
                    found = await _full(connection, scope, narrowing, within, _EXPORTED)
                for _, activity in found:
                    yield activity
                if len(found) < _EXPORTED:
                    break
                below = found[-1][0]


async def _full(
    connection: Connection, scope: Scope, narrowing: Narrowing, within: Fragment, limit: int
) -> list[tuple[int, Activity]]:
    """Keys and activities, in full as far as the scope allows."""
    if not scope.bodies:
        rows = await connection.rows(select(LISTED, narrowing, within, limit))
        return [(row[0], listed(row, withheld=True)) for row in rows]
    rows = await connection.rows(select(FULL_COLUMNS, narrowing, within, limit, full=True))
    if not all(connection.decompressor.knows(row[-1]) for row in rows):
        await connection.learn_dictionaries()
    return [(row[0], full(row, connection.decompressor)) for row in rows]


def _since_seq(narrowing: Narrowing, after: int) -> Fragment:
    low = LOWEST_KEY if narrowing.since_key is None else narrowing.since_key
    high = HIGHEST_KEY if narrowing.until_key is None else narrowing.until_key
    return Fragment("a.seq > ? AND +a.key >= ? AND +a.key < ?", (after, low, high))


def _page(scope: Scope, rows: Sequence[Any], position: int | None) -> Page:
    return Page(
        items=[listed(row, withheld=not scope.bodies) for row in rows],
        next=None if position is None else encode_cursor(position),
    )
