"""Statements behind charts: sums over rollups, for any ranges of hours.

A range is put together from whole days and the hours around them, so ninety days cost little
more than one. The buckets of a chart go into SQL as one JSON list, joined with the rollups.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from store.analytics import ROLLED_UP, Counts, Latency
from store.errors import FilterError
from store.filters import ActivityFilter
from store.latency import BUCKETS, percentile, rank
from store.sqlite.keys import FAILURES, STATUSES
from store.sqlite.narrowing import Fragment, Narrowing, Value, joined
from store.sqlite.rollups import ENDPOINT_SPANS, HOUR_MS, HOURS_A_DAY, MEASURES, SPANS
from store.sqlite.schema import BY_STATUS

_FAR: Final = 1 << 40
"""An hour beyond all others."""

SUMS: Final = ", ".join(
    f"max(a.{name})" if name in ("max_us", "last_at") else f"sum(a.{name})" for name in MEASURES
)

COUNTS: Final = "sum(a.count), 0, 0, 0, 0"
"""The measures of `SUMS` without response times and `last_at`: less to read."""
_BY_STATUS: Final = ", ".join(f"sum(a.{name})" for name in BY_STATUS)
_TABLES: Final = (
    ("direction_totals", {"organization", "direction"}),
    ("integration_totals", {"organization", "integration"}),
)
"""Rollups of few columns, those with the fewest rows first."""
_COLUMN: Final = re.compile(r"\ba\.(\w+)")
_MOST_BUCKETS: Final = 4_000


def check_rolled_up(where: ActivityFilter, known: Sequence[str] = ROLLED_UP) -> None:
    """Raises `FilterError` for a filter of something that rollups do not know."""
    for condition in where.conditions:
        if condition.column not in known:
            raise FilterError(condition.column, "cannot narrow this; charts know " + _list(known))
    others = {
        "q": where.words or where.without,
        "min_ms": where.min_ms is not None,
        "max_ms": where.max_ms is not None,
    }
    for name, given in others.items():
        if given:
            raise FilterError(name, "cannot narrow this; charts know " + _list(known))


def is_rolled_up(where: ActivityFilter) -> bool:
    """Whether rollups know everything that a filter asks."""
    try:
        check_rolled_up(where)
    except FilterError:
        return False
    return True


def pieces(
    low: int, high: int, spans: Sequence[tuple[int, int]] = SPANS
) -> list[tuple[int, int, int]]:
    """Hours from `low` to below `high` as `(span, first, end)` of whole buckets, the longest that
    fit."""
    if low >= high or not spans:
        return []
    (span, width), *shorter = spans
    first, end = -(-low // width), high // width
    if first >= end:
        return pieces(low, high, shorter)
    return [
        *pieces(low, first * width, shorter),
        (span, first, end),
        *pieces(end * width, high, shorter),
    ]


def signed_pieces(low: int, high: int, since: int) -> list[tuple[int, int, int]]:
    """The same hours in fewer buckets, where some are taken off again: their span is `~span`. A
    day from seven to seven is a whole one, less seven hours, and seven of the next. That is for
    what can be subtracted, in days that nothing was deleted from, those from `since` on."""
    plain = pieces(low, high)
    first, before = _from_day(low)
    last, after = _from_day(high)
    if first > last or low // HOURS_A_DAY * HOURS_A_DAY < since:
        return plain
    return min(plain, [*pieces(first, last), *_taken_off(before), *after], key=_size)


def _from_day(edge: int) -> tuple[int, list[tuple[int, int, int]]]:
    """The beginning of a day, and what is to be added to the hours before it to reach `edge`."""
    day = edge // HOURS_A_DAY * HOURS_A_DAY
    up, back = pieces(day, edge), pieces(edge, day + HOURS_A_DAY)
    if _size(up) <= _size(back):
        return day, up
    return day + HOURS_A_DAY, _taken_off(back)


def _taken_off(parts: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    return [(~span, first, end) for span, first, end in parts]


def _size(parts: Iterable[tuple[int, int, int]]) -> int:
    return sum(end - first for _, first, end in parts)


def hours_of(where: ActivityFilter) -> tuple[int, int]:
    """The hours that a filter's times touch."""
    low = 0 if where.since is None else where.since // HOUR_MS
    return low, _FAR if where.until is None else -(-where.until // HOUR_MS)


def sums(
    table: str,
    group: Sequence[str],
    narrowing: Iterable[Fragment],
    ranges: Sequence[tuple[int, int]],
    *,
    measures: str = SUMS,
    since: int | None = None,
) -> Fragment:
    """Sums of a rollup table over ranges of hours, by `group` (where `e.number` is the number of
    the range): the group's columns, then `measures`. With `since` these multiply with `e.sign`;
    see `signed_pieces`."""
    spans = ENDPOINT_SPANS if table == "endpoint_rollups" else SPANS

    def parts(since: int | None) -> list[tuple[int, int, int, int]]:
        return [
            (number, *piece)
            for number, (low, high) in enumerate(ranges)
            for piece in (
                pieces(low, high, spans) if since is None else signed_pieces(low, high, since)
            )
        ]

    conditions = list(narrowing)
    where = joined(conditions)
    # SQLite would rather read the rollups of all integrations in one go.
    single = table == "rollups" and any(c.sql == "a.integration = ?" for c in conditions)
    index = " INDEXED BY rollups_integration" if single else ""
    names = ", ".join(group)
    by = ", ".join(name.rpartition(" AS ")[2] for name in group)
    buckets = _buckets(table, parts(since))
    if buckets is None:
        wanted, given = _RANGES, json.dumps(parts(None))
        within = "a.bucket >= e.first AND a.bucket < e.until"
    else:
        wanted, given, within = _BUCKETS, json.dumps(buckets), "a.bucket = e.bucket"
    return Fragment(
        f"WITH {wanted} SELECT {names}, {measures} FROM e CROSS JOIN {table} a{index}"  # noqa: S608
        f" ON a.span = e.span AND {within} WHERE {where.sql} GROUP BY {by}",
        (given, *where.values),
    )


_RANGES: Final = (
    "e (number, span, first, until, sign) AS MATERIALIZED (SELECT json_extract(value, '$[0]'),"
    " json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]'), 1"
    " FROM json_each(?))"
)
_BUCKETS: Final = (
    "e (number, span, bucket, sign) AS MATERIALIZED (SELECT value >> 40, value >> 36 & 7,"
    " value & 0xFFFFFFFFF, 1 - (value >> 38 & 2) FROM json_each(?))"
)


def _buckets(table: str, parts: Sequence[tuple[int, int, int, int]]) -> list[int] | None:
    """Every single bucket, as the number of its range, whether it is taken off, its span and its
    own number in one integer, where keys of the table then find what else is asked for; `None`
    for too many."""
    if table not in dict(_TABLES):
        return None
    if sum(end - first for _, _, first, end in parts) > _MOST_BUCKETS:
        return None
    return [
        number << 40 | (span if span >= 0 else ~span | 8) << 36 | bucket
        for number, span, first, end in parts
        for bucket in range(first, end)
    ]


def rolled_up(
    narrowing: Narrowing,
    by: Sequence[str],
    ranges: Sequence[tuple[int, int]],
    measures: str,
    since: int,
) -> tuple[Fragment, "AddUp"]:
    """The statement that sums up what happened in ranges of hours, by the range's number and
    columns of rollups, and what makes `Sum`s of its rows. It reads the narrowest table, of which
    nothing was deleted from the hour `since` on."""
    of_status = [one for one in narrowing.hours if "a.status" in one.sql]
    others = [one for one in narrowing.hours if one not in of_status]
    asked = {*_COLUMN.findall(" ".join([*by, *(one.sql for one in others)]))}
    table = next((name for name, columns in _TABLES if asked <= columns), "rollups")
    group = ("e.number", *by)
    if table == "rollups" or (of_status and measures != COUNTS):
        group = (*group, "a.status")
        return sums("rollups", group, narrowing.hours, ranges, measures=measures), by_key
    if measures == COUNTS:
        counts, values = _counts(of_status)
        statement = sums(table, group, others, ranges, measures=counts, since=since)
    else:
        counts, values = f"{_BY_STATUS}, {measures}", ()
        statement = sums(table, group, others, ranges, measures=counts)
    # Those of the counts come before those of the conditions.
    given, *more = statement.values
    return Fragment(statement.sql, (given, *values, *more)), by_key_alone


def _counts(conditions: Sequence[Fragment]) -> tuple[str, tuple[Value, ...]]:
    """The columns that count by status, of the statuses that fulfil conditions."""
    if not conditions:
        return ", ".join(f"sum(e.sign * a.{name})" for name in BY_STATUS), ()
    wanted = joined(conditions)
    columns = [
        f"CASE WHEN {wanted.sql.replace('a.status', str(number))}"
        f" THEN sum(e.sign * a.{name}) ELSE 0 END"
        for number, name in enumerate(BY_STATUS)
    ]
    return ", ".join(columns), wanted.values * len(columns)


NO_TIMES: Final = (0,) * BUCKETS
"""The histogram of nothing."""

type Key = tuple[Any, ...]
type AddUp = Callable[[Iterable[Sequence[Any]], int], Mapping[Key, "Sum"]]


class Sum:
    """Measures of several rollup rows put together, in Python. Those of the past are kept: once
    it is part of an answer, one is not changed any more."""

    __slots__ = (
        "_counts", "_latency", "by_status", "histogram", "last_at", "max_us", "timed", "times",
        "total_us",
    )  # fmt: skip

    def __init__(self) -> None:
        self.by_status = [0] * len(STATUSES)
        self.timed = self.total_us = self.max_us = self.last_at = 0
        self.histogram: Sequence[int] = NO_TIMES
        self._counts: Counts | None = None
        self._latency: Latency | None = None
        self.times: Sequence[int] | None = None
        """Every response time in microseconds, ascending, where they were looked up."""

    def add(self, status: int, measures: Sequence[Any]) -> None:
        """Add the measures of rows with one status."""
        count, timed, total_us, max_us, last_at, *histogram = measures
        self._counts = self._latency = None
        self.by_status[status] += count
        self.timed += timed
        self.total_us += total_us
        self.max_us = max(self.max_us, max_us)
        self.last_at = max(self.last_at, last_at)
        if timed:
            self.histogram = list(map(int.__add__, self.histogram, histogram))

    @classmethod
    def of_all(cls, by_status: Sequence[int], measures: Sequence[Any]) -> "Sum":
        """The measures of rows of all statuses."""
        found = cls()
        if measures:
            found.add(0, (0, *measures[1:]))
        found.by_status = list(by_status)
        return found

    def add_row(self, status: int, measures: Sequence[int], bucket: int) -> None:
        """Add the measures of rows with one status and one bucket of the histogram; `timed` of
        them have a response time."""
        histogram = [0] * BUCKETS
        histogram[bucket] = measures[1]
        self.add(status, (*measures, *histogram))

    def plus(self, other: "Sum") -> "Sum":
        """Everything of both."""
        both = Sum()
        both.by_status = list(map(int.__add__, self.by_status, other.by_status))
        both.timed = self.timed + other.timed
        both.total_us = self.total_us + other.total_us
        both.max_us = max(self.max_us, other.max_us)
        both.last_at = max(self.last_at, other.last_at)
        if self.timed and other.timed:
            both.histogram = list(map(int.__add__, self.histogram, other.histogram))
        else:
            both.histogram = self.histogram if self.timed else other.histogram
        return both

    def looked_up(self, times: Sequence[int]) -> "Sum":
        """The same with every response time."""
        found = self.plus(Sum())
        found.times = times
        return found

    @property
    def total(self) -> int:
        """All activities."""
        return sum(self.by_status)

    @property
    def failures(self) -> int:
        """Those that failed."""
        return sum(self.by_status[number] for number in FAILURES)

    def counts(self) -> Counts:
        """By status."""
        if self._counts is None:
            self._counts = counts_of(self.by_status)
        return self._counts

    def latency(self) -> Latency:
        """Response times."""
        if self._latency is None:
            told = (self.timed, self.total_us, self.max_us, self.histogram, self.times)
            self._latency = latency(*told)
        return self._latency


def counts_of(by_status: Sequence[int]) -> Counts:
    """Counts by the statuses' numbers (`store.sqlite.keys.STATUSES`)."""
    # In words: thousands of them are made for one chart, and by a loop that takes thrice as long.
    started, success, failed, error, timeout = by_status
    return Counts(started=started, success=success, failed=failed, error=error, timeout=timeout)


def latency(
    timed: int,
    total_us: int,
    max_us: int,
    histogram: Sequence[int],
    times: Sequence[int] | None = None,
) -> Latency:
    """Average, percentiles and maximum out of the measures of a rollup; percentiles are exact
    with `times`, every response time in microseconds, ascending."""
    if not timed:
        return Latency()
    longest = max_us / 1000

    def at(share: float) -> float | None:
        if times:
            return times[rank(share, len(times)) - 1] / 1000
        return percentile(histogram, share, longest)

    return Latency(
        average=round(total_us / timed / 1000, 3),
        p50=at(0.50),
        p95=at(0.95),
        p99=at(0.99),
        longest=longest,
    )


def by_key(rows: Iterable[Sequence[Any]], size: int) -> Mapping[Key, Sum]:
    """Rows of `sums` whose group is `size` columns and then the status, added up by those."""
    found: dict[Key, Sum] = {}
    for row in rows:
        key = tuple(row[:size])
        entry = found.get(key)
        if entry is None:
            entry = found[key] = Sum()
        entry.add(row[size], row[size + 1 :])
    return found


def by_key_alone(rows: Iterable[Sequence[Any]], size: int) -> Mapping[Key, Sum]:
    """Rows of `sums` whose group is `size` columns, with counts by status before the measures."""
    found: dict[Key, Sum] = {}
    first = size + len(BY_STATUS)
    for row in rows:
        found[tuple(row[:size])] = Sum.of_all(row[size:first], row[first:])
    return found


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)
