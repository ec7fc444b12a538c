"""Rollups: what a batch adds to the counts behind every chart, written with its rows."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

from store.latency import bucket_of
from store.sqlite.keys import STARTED, SUCCESS
from store.sqlite.past import note_change
from store.sqlite.schema import BY_STATUS, HISTOGRAM

HOUR_MS: Final = 3_600_000
HOURS_A_DAY: Final = 24
SPAN_HOUR: Final = 0
SPAN_DAY: Final = 1
SPAN_QUARTER: Final = 2
SPANS: Final[tuple[tuple[int, int], ...]] = (
    (SPAN_DAY, HOURS_A_DAY),
    (SPAN_QUARTER, 6),
    (SPAN_HOUR, 1),
)
"""The lengths of buckets in hours, longest first. Quarters of days are what days of most time
zones are put together from: with them charts read a third of the rows."""
ENDPOINT_SPANS: Final = tuple(pair for pair in SPANS if pair[0] != SPAN_QUARTER)
ROLLUP_TABLES: Final = (
    "rollups",
    "endpoint_rollups",
    "integration_totals",
    "direction_totals",
)

type Place = tuple[int, int, int, int, int, int, int, str]
"""Hour, organization, integration, endpoint, activity type, direction, status, code."""

type Sums = dict[tuple[int | str, ...], list[int]]
"""Measures by hour, or by span and bucket, and what else they are counted by. Lists are shared
between keys, and not changed."""

# Measures of one place: count, timed, total_us, max_us, last_at, then the histogram.
_COUNT, _TIMED, _TOTAL, _MAX, _LAST, _FIRST_BUCKET = range(6)
_WIDTH: Final = _FIRST_BUCKET + len(HISTOGRAM)
_NO_STATUS: Final = (0,) * len(BY_STATUS)
MEASURES: Final = ("count", "timed", "total_us", "max_us", "last_at", *HISTOGRAM)
_ADDED: Final = ", ".join(
    f"{name} = max({name}, excluded.{name})"
    if name in ("max_us", "last_at")
    else f"{name} = {name} + excluded.{name}"
    for name in MEASURES
)


def _upsert(table: str, names: tuple[str, ...], also: str = "", more: tuple[str, ...] = ()) -> str:
    columns = (*names, *MEASURES, *more)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
        f" ON CONFLICT DO UPDATE SET {also}{_ADDED}"
    )


_ROLLUP_KEY: Final = (
    "span",
    "bucket",
    "organization",
    "integration",
    "activity_type",
    "direction",
    "status",
    "code",
)
_INTO_ROLLUPS: Final = _upsert("rollups", _ROLLUP_KEY)
_INTO_ENDPOINTS: Final = _upsert(
    "endpoint_rollups",
    ("span", "bucket", "organization", "endpoint", "failures"),
    "failures = failures + excluded.failures, ",
)
_ADDED_BY_STATUS: Final = "".join(f"{name} = {name} + excluded.{name}, " for name in BY_STATUS)
_INTO_INTEGRATIONS: Final = _upsert(
    "integration_totals",
    ("span", "bucket", "organization", "integration"),
    _ADDED_BY_STATUS,
    BY_STATUS,
)
_INTO_DIRECTIONS: Final = _upsert(
    "direction_totals",
    ("span", "bucket", "organization", "direction"),
    _ADDED_BY_STATUS,
    BY_STATUS,
)
_INTO_HOURS: Final = (
    "INSERT INTO hours VALUES (?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count"
)
_SEEN: Final = (
    "UPDATE integrations SET first_at = min(coalesce(first_at, ?1), ?1),"
    " last_at = max(coalesce(last_at, 0), ?2),"
    " last_success_at = nullif(max(coalesce(last_success_at, 0), ?3), 0),"
    " last_failure_at = nullif(max(coalesce(last_failure_at, 0), ?4), 0) WHERE number = ?5"
)
_EMPTY_ROLLUPS: Final = (
    "DELETE FROM rollups WHERE span = ? AND bucket = ? AND organization = ? AND integration = ?"
    " AND activity_type = ? AND direction = ? AND status = ? AND code = ? AND count = 0"
)
_EMPTY_ENDPOINTS: Final = (
    "DELETE FROM endpoint_rollups WHERE span = ? AND bucket = ? AND organization = ?"
    " AND endpoint = ? AND count = 0"
)
_EMPTY_INTEGRATIONS: Final = (
    "DELETE FROM integration_totals WHERE span = ? AND bucket = ? AND organization = ?"
    " AND integration = ? AND count = 0"
)
_EMPTY_DIRECTIONS: Final = (
    "DELETE FROM direction_totals WHERE span = ? AND bucket = ? AND organization = ?"
    " AND direction = ? AND count = 0"
)


class Tally:
    """What the rows of one transaction change in the rollups."""

    def __init__(self) -> None:
        self._places: dict[Place, list[int]] = {}

    def add(self, place: Place, created_at: int, response_us: int | None) -> None:
        """Count one row."""
        measures = self._at(place)
        measures[_COUNT] += 1
        if created_at > measures[_LAST]:
            measures[_LAST] = created_at
        if response_us is not None:
            measures[_TIMED] += 1
            measures[_TOTAL] += response_us
            if response_us > measures[_MAX]:
                measures[_MAX] = response_us
            measures[_FIRST_BUCKET + bucket_of(response_us / 1000)] += 1

    def take_back(self, place: Place) -> None:
        """Uncount a `started` row that was replaced; it had no response time."""
        self._at(place)[_COUNT] -= 1

    def write(self, database: sqlite3.Connection) -> None:
        """Add everything to the tables, inside the caller's transaction."""
        rollups: Sums = {}
        endpoints: Sums = {}
        integrations: Sums = {}
        directions: Sums = {}
        hours: dict[int, int] = {}
        seen: dict[int, list[int]] = {}
        for place, measures in self._places.items():
            hour, organization, integration, endpoint, kind, direction, status, code = place
            hours[hour] = hours.get(hour, 0) + measures[_COUNT]
            _see(seen, integration, status, measures[_LAST])
            at = (hour, organization)
            _merge(rollups, (*at, integration, kind, direction, status, code), measures)
            _merge(endpoints, (*at, endpoint, status > 1), measures)
            measures = [*measures, *_NO_STATUS]
            measures[_WIDTH + status] = measures[_COUNT]
            _merge(integrations, (*at, integration), measures)
            _merge(directions, (*at, direction), measures)
        if hours:
            note_change(database, hours)
        database.executemany(_SEEN, ((*times, number) for number, times in seen.items()))
        database.executemany(_INTO_HOURS, hours.items())
        rollups = _spread(rollups)
        integrations, directions = _spread(integrations), _spread(directions)
        endpoints = _spread(endpoints, ENDPOINT_SPANS)
        database.executemany(_INTO_ROLLUPS, _lines(rollups))
        database.executemany(_INTO_INTEGRATIONS, _lines(integrations))
        database.executemany(_INTO_DIRECTIONS, _lines(directions))
        database.executemany(
            _INTO_ENDPOINTS,
            (
                (*key[:4], measures[_COUNT] if key[4] else 0, *measures)
                for key, measures in endpoints.items()
            ),
        )
        # Only rows of `started` are ever uncounted; without this they would stay as zeros.
        database.executemany(_EMPTY_ROLLUPS, [key for key in rollups if key[6] == STARTED])
        for statement, sums in (
            (_EMPTY_ENDPOINTS, endpoints),
            (_EMPTY_INTEGRATIONS, integrations),
            (_EMPTY_DIRECTIONS, directions),
        ):
            uncounted = [key[:4] for key, measures in sums.items() if measures[_COUNT] <= 0]
            database.executemany(statement, uncounted)

    def _at(self, place: Place) -> list[int]:
        measures = self._places.get(place)
        if measures is None:
            measures = self._places[place] = [0] * _WIDTH
        return measures


def _merge(into: Sums, key: tuple[int | str, ...], measures: list[int]) -> None:
    there = into.get(key)
    into[key] = measures if there is None else _both(there, measures)


def _both(one: list[int], other: list[int]) -> list[int]:
    sums = list(map(int.__add__, one, other))
    sums[_MAX], sums[_LAST] = max(one[_MAX], other[_MAX]), max(one[_LAST], other[_LAST])
    return sums


def _spread(hourly: Sums, spans: Sequence[tuple[int, int]] = SPANS) -> Sums:
    """Sums by the hour as sums by all spans. Most batches are of one hour: all spans then share
    their lists."""
    found: Sums = {}
    for (hour, *rest), measures in hourly.items():
        assert isinstance(hour, int)
        for span, width in spans:
            _merge(found, (span, hour // width, *rest), measures)
    return found


def _see(seen: dict[int, list[int]], integration: int, status: int, at: int) -> None:
    """Note when an integration was active: first, last, last success, last failure."""
    if not at:
        return  # rows were only taken back here
    times = seen.setdefault(integration, [at, 0, 0, 0])
    times[0] = min(times[0], at)
    times[1] = max(times[1], at)
    if status != STARTED:
        kind = 2 if status == SUCCESS else 3
        times[kind] = max(times[kind], at)


def _lines(sums: Sums) -> Iterable[tuple[object, ...]]:
    return ((*key, *measures) for key, measures in sums.items())
