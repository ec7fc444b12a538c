"""Reads a SQLite store: pages, single activities, changes, exports and charts, all in a scope."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from functools import partial
from operator import itemgetter
from typing import Any, Final

from store.activity import Activity
from store.backend import Page
from store.cursors import decode_cursor, encode_cursor
from store.filters import EVERYTHING, ActivityFilter
from store.scope import Scope
from store.sqlite.analytics import SqliteAnalytics
from store.sqlite.keys import HIGHEST_KEY, PROBES, key_of
from store.sqlite.narrowing import Fragment, Stretch
from store.sqlite.pool import Connection
from store.sqlite.rows import FULL_COLUMNS, LISTED, full, listed
from store.sqlite.scoped import scoped
from store.sqlite.search.looking import looks
from store.sqlite.selecting import select, select_changes, select_found, select_keys
from store.sqlite.zones import extent, stretches
from store.times import uuid_bytes

_EXPORTED: Final = 10_000
"""How many keys an export looks for at once."""
_AT_ONCE: Final = 1_000
_BYTES: Final = 4 << 20
_LARGE: Final = 128 << 10
_ROW: Final = 2 << 10
"""Headers and the like of one row, about."""
_TURN: Final = 64


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
            places = looks(connection, self._path, narrowing, where, scope.bodies, low, high)
            async with aclosing(places):
                async for look in places:
                    if statement := look.statement(LISTED, limit + 1 - len(found)):
                        found += await connection.rows(statement)
                    if len(found) > limit:
                        return _page(scope, found[:limit], found[limit - 1][0])
                    if time.monotonic() > deadline and look.floor > low:
                        return _page(scope, found, look.floor)
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
            within = [(key, key + PROBES)]

            def ask(columns: str, whole: bool) -> Fragment:
                return select(columns, narrowing, within, 1, full=whole, also=own)

            found = await _in_full(connection, scope, ask)
        return found[0] if found else None

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
        for stretch, own in found:
            while stretch:
                async with self._pool.connection() as connection:
                    keys = await connection.rows(select_keys(own, stretch, _EXPORTED))
                keys.sort(reverse=True)
                for portion in _portions(keys):
                    async with self._pool.connection() as connection:
                        read = partial(select_found, portion)
                        activities = await _in_full(connection, scope, read)
                    for activity in activities:
                        yield activity
                stretch = _below(stretch, keys[-1][0]) if len(keys) == _EXPORTED else []


def _portions(found: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    """Keys with the sizes of their bodies, as lists of keys to read at once: as many rows as are
    worth the way to SQLite's thread and back, as few as keep memory small."""
    portion: list[int] = []
    size = 0
    for key, length in found:
        portion.append(key)
        # Bodies are kept up to a limit; how much of a download passed by does not matter.
        size += min(length, _LARGE) + _ROW
        if len(portion) == _AT_ONCE or size > _BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _below(stretch: Stretch, key: int) -> Stretch:
    """What is left of a stretch below a key."""
    return [(low, min(high, key)) for low, high in stretch if low < key]


async def _in_full(
    connection: Connection, scope: Scope, ask: Callable[[str, bool], Fragment]
) -> list[Activity]:
    """Activities, newest first, in full as far as the scope allows. `ask` makes the
    statement from its columns and whether they are those of contents, too."""
    rows = await connection.rows(ask(FULL_COLUMNS if scope.bodies else LISTED, scope.bodies))
    rows.sort(key=itemgetter(0), reverse=True)
    if not scope.bodies:
        return [listed(row, withheld=True) async for row in _in_turns(rows)]
    decompressor = connection.decompressor
    if not all(decompressor.knows(row[-1]) for row in rows):
        await connection.learn_dictionaries()
    return [full(row, decompressor) async for row in _in_turns(rows)]


async def _in_turns(rows: Sequence[Any]) -> AsyncIterator[Any]:
    """The same rows; every now and then the event loop does something else."""
    for number, row in enumerate(rows, 1):
        if number % _TURN == 0:
            await asyncio.sleep(0)
        yield row


def _page(scope: Scope, rows: Sequence[Any], position: int | None) -> Page:
    return Page(
        items=[listed(row, withheld=not scope.bodies) for row in rows],
        next=None if position is None else encode_cursor(position),
    )
