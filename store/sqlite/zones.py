"""Zones: the stretches of time worth looking at for a filter, newest first.

Rollups tell in which hours rows with given organization, integration, type, direction, status,
code or endpoint exist at all. A page therefore skips what cannot match, and costs the same at
any depth and at any number of rows. Hours with many rows are cut into slices and hours with
few are taken together, so that each stretch is about `STRETCH` rows to look at, and more from
one stretch to the next where that finds little.
"""

import json
import math
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any, Final, NamedTuple

import msgspec

from store.sqlite.branches import exact, index, index_of_failures
from store.sqlite.keys import EPOCH_MS, FAILURES, first_key
from store.sqlite.narrowing import FAILURE, Fragment, Narrowing, Stretch, any_of, joined
from store.sqlite.pool import Connection
from store.sqlite.rollups import HOUR_MS, HOURS_A_DAY, SPAN_DAY, SPAN_HOUR

STRETCH: Final = 10_000
_LONGEST: Final = 160_000
_FAILURES: Final = 4
_OF_ONE: Final = 32
"""So much longer are stretches where an index holds the failures, or the rows of one user or
failures of one integration: few rows are looked at."""
_ENOUGH: Final = 200
_PAGE: Final = 50
_PARTS: Final = 16
"""Of an hour, for a page: more would be asked for in vain where its matches lie together."""
_WINDOW: Final = 4
"""How many days are looked at first."""


_EXTENT: Final = Fragment(
    "SELECT (SELECT min(key) FROM activities), (SELECT max(key) FROM activities)"
)


class Zone(NamedTuple):
    """Ranges of keys to look at in one statement, and with which conditions."""

    stretch: Stretch
    narrowing: Narrowing


class _Rows:
    """How many rows the hours have, by ranges of hours."""

    def __init__(self, counts: Sequence[tuple[int, int]]) -> None:
        """`counts` are hours with their rows, ascending."""
        self._hours = [hour for hour, _ in counts]
        self._sums = [0, *accumulate(count for _, count in counts)]

    def hours(self) -> list[int]:
        """Hours with rows, newest first."""
        return self._hours[::-1]

    def between(self, first: int, end: int) -> int:
        """Rows from the hour `first` to before the hour `end`."""
        begin, stop = bisect_left(self._hours, first), bisect_left(self._hours, end)
        return self._sums[stop] - self._sums[begin]


async def extent(connection: Connection, narrowing: Narrowing, below: int) -> tuple[int, int]:
    """The keys to look between: what the filter says, within what there is."""
    ((oldest, newest),) = await connection.rows(_EXTENT)
    if narrowing.empty or oldest is None:
        return below, below
    low = oldest if narrowing.since_key is None else max(oldest, narrowing.since_key)
    high = min(newest + 1, below)
    return low, high if narrowing.until_key is None else min(high, narrowing.until_key)


async def stretches(
    connection: Connection, narrowing: Narrowing, low: int, high: int
) -> AsyncIterator[Zone]:
    """Key ranges within `low` to below `high` that together hold every matching row."""
    if low >= high:
        return
    if narrowing.traced or exact(narrowing.rows):
        yield Zone([(low, high)], narrowing)
        return
    if narrowing.endpoints and not await _has_endpoint(connection, narrowing):
        return
    cut = _Cut(low, high, STRETCH if narrowing.slow else _LONGEST)
    for first, last in _windows(_hour(low), _hour(high - 1)):
        async for zone in _of_window(connection, narrowing, first, last, cut):
            yield zone


async def _has_endpoint(connection: Connection, narrowing: Narrowing) -> bool:
    """Whether there is any that rows could be of; a mistyped host has none."""
    wanted = joined(narrowing.endpoints)
    some = f"SELECT 1 FROM endpoints e WHERE {wanted.sql} LIMIT 1"  # noqa: S608
    return bool(await connection.rows(Fragment(some, wanted.values)))


def _windows(oldest: int, newest: int) -> Iterator[tuple[int, int]]:
    """Ranges of hours, first and last of each, newest first: most pages are found in a few days,
    and to ask the rollups of all days costs more than the page."""
    days = _WINDOW
    while newest >= oldest:
        first = max(oldest, (newest // HOURS_A_DAY + 1 - days) * HOURS_A_DAY)
        yield first, newest
        newest, days = first - 1, days * 4


async def _of_window(
    connection: Connection, narrowing: Narrowing, first: int, last: int, cut: "_Cut"
) -> AsyncIterator[Zone]:
    """The zones of a range of hours."""
    counted = "SELECT bucket, count FROM hours WHERE bucket BETWEEN ? AND ? ORDER BY bucket"
    rows = _Rows(await connection.rows(Fragment(counted, (first, last))))
    if not narrowing.hours and not narrowing.endpoints:
        for stretch in cut.stretches(((hour, 0) for hour in rows.hours()), rows, narrowing):
            yield Zone(stretch, narrowing)
        return
    days = await _days(connection, narrowing, first // HOURS_A_DAY, last // HOURS_A_DAY)
    # As many days as may fill a page, then more at a time.
    some: list[int] = []
    possible, enough = 0, _ENOUGH
    statuses: set[int] = set()
    for number, (day, count, *among) in enumerate(days, 1):
        some.append(day)
        possible += count
        statuses.update(among)
        if possible >= enough or number == len(days):
            hours = await _hours(connection, narrowing, some)
            own = _failures(narrowing, statuses)
            hours = [one for one in hours if first <= one[0] <= last]
            for stretch in cut.stretches(hours, rows, own):
                yield Zone(stretch, own)
            some, possible, enough, statuses = [], 0, enough * 2, set()


def _failures(narrowing: Narrowing, statuses: set[int]) -> Narrowing:
    """The same where rollups told that nothing but failures can match: their index then finds
    the rows. `statuses` are the lowest and highest of those that can."""
    if not statuses <= {*FAILURES}:
        return narrowing
    others = tuple(row for row in narrowing.rows if not row.sql.startswith(FAILURE))
    if len(statuses) > 1 and len(others) < len(narrowing.rows):
        return narrowing
    also = any_of("a.status", range(min(statuses), max(statuses) + 1))
    rows = (*others, Fragment(f"{FAILURE} AND {also.sql}", also.values))
    return msgspec.structs.replace(narrowing, rows=rows)


def _factor(narrowing: Narrowing) -> int:
    """How much longer stretches may be because of an index."""
    if narrowing.slow:
        return 1
    if index(narrowing.rows):
        return _OF_ONE
    return _FAILURES if index_of_failures(narrowing.rows) else 1


async def _days(connection: Connection, narrowing: Narrowing, first: int, last: int) -> list[Any]:
    """The days with possible matches, how many at most, and the lowest and highest status among
    them, newest first."""
    where = _possible(narrowing, SPAN_DAY, first, last)
    return await connection.rows(
        Fragment(
            "SELECT a.bucket, sum(a.count), min(a.status), max(a.status)"  # noqa: S608
            f" FROM rollups a{_index(narrowing)}"
            f" WHERE a.span = ? AND a.bucket BETWEEN ? AND ? AND {where.sql}"
            " GROUP BY 1 ORDER BY 1 DESC",
            (SPAN_DAY, first, last, *where.values),
        )
    )


async def _hours(
    connection: Connection, narrowing: Narrowing, days: list[int]
) -> list[tuple[int, int]]:
    """The hours of some days with possible matches and how many at most, newest first."""
    first, last = days[-1] * HOURS_A_DAY, days[0] * HOURS_A_DAY + HOURS_A_DAY - 1
    where = _possible(narrowing, SPAN_HOUR, first, last)
    rows = await connection.rows(
        Fragment(
            "SELECT a.bucket, sum(a.count) FROM json_each(?) d"  # noqa: S608
            f" CROSS JOIN rollups a{_index(narrowing)} ON a.span = ?"
            f" AND a.bucket BETWEEN d.value * {HOURS_A_DAY}"
            f" AND d.value * {HOURS_A_DAY} + {HOURS_A_DAY - 1}"
            f" WHERE {where.sql} GROUP BY 1 ORDER BY 1 DESC",
            (json.dumps(days), SPAN_HOUR, *where.values),
        )
    )
    return [(hour, count) for hour, count in rows]


def _possible(narrowing: Narrowing, span: int, first: int, last: int) -> Fragment:
    """What rollups of hours or days with possible matches fulfil."""
    if not narrowing.endpoints:
        return joined(narrowing.hours)
    wanted = joined(narrowing.endpoints)
    among = Fragment(
        "a.bucket IN (SELECT r.bucket FROM endpoint_rollups r WHERE r.span = ?"  # noqa: S608
        " AND r.bucket BETWEEN ? AND ? AND r.endpoint IN"
        f" (SELECT e.number FROM endpoints e WHERE {wanted.sql}))",
        (span, first, last, *wanted.values),
    )
    return joined((*narrowing.hours, among))


def _index(narrowing: Narrowing) -> str:
    """SQLite would rather read the rollups of all integrations in one go."""
    single = narrowing.numbers.integrations is not None
    return " INDEXED BY rollups_integration" if single else ""


class _Cut:
    """Cuts hours (newest first) into stretches of about `size` rows each, or as many as hold
    `enough` matches where rollups count exactly these; the next ones are longer, up to a limit,
    so that who finds little is not asked over and over."""

    def __init__(self, low: int, high: int, longest: int) -> None:
        self._low, self._high = low, high
        self._longest = longest
        self._size = STRETCH
        self._enough = _PAGE

    def stretches(
        self, hours: Iterable[tuple[int, int]], rows: _Rows, narrowing: Narrowing
    ) -> Iterator[Stretch]:
        """The hours, with their possible matches, as stretches of keys."""
        factor = _factor(narrowing)
        counted = len(narrowing.hours) >= len(narrowing.rows)
        stretch: list[tuple[int, int]] = []
        size, matches = 0.0, 0
        for hour, possible in hours:
            count = rows.between(hour, hour + 1) / factor
            if stretch and (size + count > self._size or (counted and matches > self._enough)):
                yield self._keys(stretch)
                stretch, size, matches = [], 0, 0
            matches += possible
            parts = math.ceil(count / STRETCH) if count > self._size else 1
            if counted and not stretch:
                # Of an hour that holds many pages' worth the first part may do.
                parts = max(parts, min(_PARTS, possible // self._enough))
            if parts > 1:
                for part in _slices(hour, parts, self._low, self._high):
                    yield [part]
                self._grow()
                matches = 0
            elif stretch and rows.between(hour + 1, stretch[-1][0]) == 0:
                stretch[-1] = (hour, stretch[-1][1])
                size += count
            else:
                stretch.append((hour, hour + 1))
                size += count
        if stretch:
            yield self._keys(stretch)

    def _keys(self, stretch: Stretch) -> Stretch:
        """Ranges of hours as ranges of keys."""
        self._grow()
        return [
            (max(self._low, first_key(first * HOUR_MS)), min(self._high, first_key(end * HOUR_MS)))
            for first, end in stretch
        ]

    def _grow(self) -> None:
        self._size = min(self._size * 2, self._longest)
        self._enough *= 2


def _slices(hour: int, slices: int, low: int, high: int) -> Iterator[tuple[int, int]]:
    """One busy hour, cut evenly, newest first."""
    borders = [(hour * slices + number) * HOUR_MS // slices for number in range(slices + 1)]
    for first, end in reversed(list(pairwise(borders))):
        lower, upper = max(low, first_key(first)), min(high, first_key(end))
        if lower < upper:
            yield lower, upper


def _hour(key: int) -> int:
    return ((key >> 22) + EPOCH_MS) // HOUR_MS
