"""Where a page looks for its rows: stretch after stretch as `zones` tells, or at the candidates of
the search index, whichever gets further in the same time."""

import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from store.filters import ActivityFilter
from store.sqlite.branches import exact
from store.sqlite.narrowing import Fragment, Narrowing, Stretch
from store.sqlite.pool import Connection
from store.sqlite.search.searching import Search, searching, wanted
from store.sqlite.selecting import select, select_among
from store.sqlite.zones import stretches

_GLANCED: Final = 500
"""How many rows are looked at before the index is."""
_AGAIN: Final = 16
"""After so many looks of one kind the other one is tried again."""


class Look(NamedTuple):
    """One statement, or none, on the way to a page."""

    narrowing: Narrowing
    keys: Sequence[int] | None
    """Of the rows to look at; `None`: all of `stretch`."""
    stretch: Stretch
    floor: int
    """There is nothing left to look at from this key on."""

    def statement(self, columns: str, limit: int) -> Fragment | None:
        """What reads `columns` of matching rows, newest first."""
        if self.keys is None:
            return select(columns, self.narrowing, self.stretch, limit)
        return select_among(columns, self.narrowing, self.keys, limit) if self.keys else None


async def looks(
    connection: Connection,
    store: Path,
    narrowing: Narrowing,
    where: ActivityFilter,
    bodies: bool,
    low: int,
    high: int,
) -> AsyncGenerator[Look]:
    """Where to look for rows from the key `low` to below `high`, newest first."""
    what = None
    if low < high and not (narrowing.traced or exact(narrowing.rows)):
        what = wanted(where, bodies, narrowing)
    if what is None:
        async for stretch, own in stretches(connection, narrowing, low, high):
            yield Look(own, None, stretch, stretch[-1][0])
        return
    # What is common fills a page before the index is open.
    border = await _glance(connection, low, high)
    yield Look(narrowing, None, [(border, high)], border)
    if low == border:
        return
    async with searching(connection, store, what, low, border) as search:
        words = len(where.words) + len(where.without)
        race = _Race(search, narrowed=len(narrowing.rows) > words)
        zones = _Zones(connection, narrowing, low, border)
        floor = border
        while floor > low and (look := await race.next(narrowing, zones, floor)):
            begun = time.perf_counter()
            yield look
            race.got_to(floor - look.floor, time.perf_counter() - begun)
            floor = look.floor


async def _glance(connection: Connection, low: int, high: int) -> int:
    """The key from which on a few rows lie below `high`."""
    question = Fragment(
        "SELECT key FROM activities WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT 1 OFFSET ?",
        (low, high, _GLANCED),
    )
    rows = await connection.rows(question)
    return int(rows[0][0]) if rows else low


class _Zones:
    """Stretches below what was looked at already."""

    def __init__(self, connection: Connection, narrowing: Narrowing, low: int, high: int) -> None:
        self._zones = stretches(connection, narrowing, low, high)

    async def next(self, high: int) -> Look | None:
        """The next one below a key."""
        async for stretch, own in self._zones:
            left = [(first, min(end, high)) for first, end in stretch if first < high]
            if left:
                return Look(own, None, left, left[-1][0])
        return None


class _Race:
    """Chooses between the index and stretches. A filter may leave so few rows that reading these
    is faster than all candidates of a frequent word; which of both is rare nobody knows before."""

    def __init__(self, search: Search | None, *, narrowed: bool) -> None:
        """`narrowed`: there are conditions beside words. Without any the index is faster."""
        self._search = search
        self._narrowed = narrowed
        self._speed: dict[bool, float] = {}
        self._indexed = False
        self._took = 0.0
        self._looks = 0

    async def next(self, narrowing: Narrowing, zones: _Zones, high: int) -> Look | None:
        """The next look below a key; `None` when nothing is left."""
        begun = time.perf_counter()
        self._indexed = self._choose()
        look = None
        if self._indexed and self._search is not None:
            try:
                keys, floor = await self._search.next(high)
                look = Look(narrowing, keys, [], floor)
            except Exception:  # noqa: BLE001 - what damage leads to nobody can list
                self._search = None
        if look is None:
            self._indexed = False
            look = await zones.next(high)
        self._took = time.perf_counter() - begun
        return look

    def got_to(self, keys: int, took: float) -> None:
        """The last look went so many keys further, and reading its rows took so long."""
        self._speed[self._indexed] = keys / (self._took + took)

    def _choose(self) -> bool:
        """Whether the index is next."""
        if self._search is None or self._search.ended:
            return False
        self._looks += 1
        if not self._narrowed or True not in self._speed:
            return True
        if False not in self._speed:
            return False
        faster = self._speed[True] >= self._speed[False]
        return faster if self._looks % _AGAIN else not faster
