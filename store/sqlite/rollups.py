"""Rollups: what a batch adds to the counts behind every chart, written with its rows."""

import sqlite3
from collections.abc import Iterable
from typing import Final

from store.latency import bucket_of
from store.sqlite.keys import STARTED, SUCCESS
from store.sqlite.past import note_change
from store.sqlite.schema import HISTOGRAM

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

type Place = tuple[int, int, int, int, int, int, int, str]
"""Hour, organization, integration, endpoint, activity type, direction, status, code."""

# Measures of one place: count, timed, total_us, max_us, last_at, then the histogram.
_COUNT, _TIMED, _TOTAL, _MAX, _LAST, _FIRST_BUCKET = range(6)
_WIDTH: Final = _FIRST_BUCKET + len(HISTOGRAM)
MEASURES: Final = ("count", "timed", "total_us", "max_us", "last_at", *HISTOGRAM)
_ADDED: Final = ", ".join(
    f"{name} = max({name}, excluded.{name})"
    if name in ("max_us", "last_at")
    else f"{name} = {name} + excluded.{name}"
    for name in MEASURES
)


def _upsert(table: str, names: tuple[str, ...], also: str = "") -> str:
    columns = (*names, *MEASURES)
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
_INTO_TOTALS: Final = _upsert("totals", ("span", "bucket", "organization", "direction", "status"))
_INTO_ENDPOINTS: Final = _upsert(
    "endpoint_rollups",
    ("span", "bucket", "organization", "endpoint", "failures"),
    "failures = failures + excluded.failures, ",
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
_EMPTY_TOTALS: Final = (
    "DELETE FROM totals WHERE span = ? AND bucket = ? AND organization = ? AND direction = ?"
    " AND status = ? AND count = 0"
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
        rollups: dict[tuple[int | str, ...], list[int]] = {}
        totals: dict[tuple[int | str, ...], list[int]] = {}
        endpoints: dict[tuple[int | str, ...], list[int]] = {}
        hours: dict[int, int] = {}
        seen: dict[int, list[int]] = {}
        for place, measures in self._places.items():
            hour, organization, integration, endpoint, kind, direction, status, code = place
            hours[hour] = hours.get(hour, 0) + measures[_COUNT]
            _see(seen, integration, status, measures[_LAST])
            for span, width in SPANS:
                at = (span, hour // width, organization)
                _merge(totals, (*at, direction, status), measures)
                _merge(rollups, (*at, integration, kind, direction, status, code), measures)
                if span != SPAN_QUARTER:
                    _merge(endpoints, (*at, endpoint, status > 1), measures)
        if hours:
            note_change(database, min(hours))
        database.executemany(_SEEN, ((*times, number) for number, times in seen.items()))
        database.executemany(_INTO_HOURS, hours.items())
        database.executemany(_INTO_ROLLUPS, _lines(rollups))
        database.executemany(_INTO_TOTALS, _lines(totals))
        database.executemany(
            _INTO_ENDPOINTS,
            (
                (*key[:4], measures[_COUNT] if key[4] else 0, *measures)
                for key, measures in endpoints.items()
            ),
        )
        # Only rows of `started` are ever uncounted; without this they would stay as zeros.
        database.executemany(_EMPTY_ROLLUPS, [key for key in rollups if key[6] == STARTED])
        uncounted = [key[:4] for key, measures in endpoints.items() if measures[_COUNT] <= 0]
        database.executemany(_EMPTY_ENDPOINTS, uncounted)
        database.executemany(_EMPTY_TOTALS, [key for key in totals if key[4] == STARTED])

    def _at(self, place: Place) -> list[int]:
        measures = self._places.get(place)
        if measures is None:
            measures = self._places[place] = [0] * _WIDTH
        return measures


def _merge(
    into: dict[tuple[int | str, ...], list[int]], key: tuple[int | str, ...], measures: list[int]
) -> None:
    sums = into.get(key)
    if sums is None:
        into[key] = list(measures)
        return
    highest, latest = max(sums[_MAX], measures[_MAX]), max(sums[_LAST], measures[_LAST])
    sums[:] = map(int.__add__, sums, measures)
    sums[_MAX], sums[_LAST] = highest, latest


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


def _lines(sums: dict[tuple[int | str, ...], list[int]]) -> Iterable[tuple[object, ...]]:
    return ((*key, *measures) for key, measures in sums.items())
