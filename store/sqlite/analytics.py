"""Health, charts, facets and the daily summary: `store.analytics.AnalyticsReader` in SQLite."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import msgspec

from store.analytics import (
    Counts,
    EndpointEntry,
    FacetValue,
    FailureGroup,
    Gap,
    HeatColumn,
    IntegrationEntry,
    IntegrationHealth,
    SeriesPoint,
    Timeline,
)
from store.filters import EVERYTHING, ActivityFilter
from store.scope import Scope
from store.sqlite.answers import health, integration
from store.sqlite.charts import (
    COUNTS,
    Sum,
    check_rolled_up,
    hours_of,
)
from store.sqlite.endpoints import endpoints
from store.sqlite.facets import facets
from store.sqlite.failures import failures
from store.sqlite.few import look_up
from store.sqlite.hour_parts import settled, summed
from store.sqlite.narrowing import Fragment, Narrowing, any_of, joined
from store.sqlite.past import STATE
from store.sqlite.pool import Pool
from store.sqlite.rollups import SPAN_DAY
from store.sqlite.scoped import scoped
from store.sqlite.summary import summary
from store.sqlite.timeline import timeline
from store.sqlite.warming import LEAST, warm
from store.times import Instant

_HOSTS: Final = 20
_OWN_FILTERS: Final = ("organization", "organization_id", "integration", "integration_id")


class SqliteAnalytics:
    """Answers out of rollups and interned names; `SqliteReader` builds on it."""

    def __init__(
        self, path: Path, *, patience: float = 2.0, keeps: Callable[[], bool] = lambda: True
    ) -> None:
        """Nothing is opened before the first query.

        `patience` bounds in seconds how long one page looks for rows; a page may then be
        short, or empty, with a cursor to look on from. `keeps` as `Pool` has it.
        """
        self._path = path
        self._pool = Pool(path, keeps)
        self._patience = patience
        self._warmed: object = None

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    async def integrations(self, scope: Scope) -> list[IntegrationEntry]:
        """Every integration that has activities or rollups, by name."""
        async with scoped(self._pool, scope, EVERYTHING) as (connection, narrowing):
            found = await connection.rows(_integrations(narrowing))
            places = await connection.rows(_PLACES)
            kinds = await connection.rows(_KINDS)
        providers: dict[int, list[str]] = {}
        hosts: dict[int, list[str]] = {}
        for number, provider, host in places:
            _append(providers.setdefault(number, []), provider)
            _append(hosts.setdefault(number, []), host)
        types: dict[int, set[int]] = {}
        directions: dict[int, set[int]] = {}
        for number, kind, direction in kinds:
            types.setdefault(number, set()).add(kind)
            directions.setdefault(number, set()).add(direction)
        entries = []
        for row in found:
            number = row[0]
            names = (providers.get(number, []), hosts.get(number, [])[:_HOSTS])
            closed = (directions.get(number, set()), types.get(number, set()))
            entries.append(integration(row, *names, *closed))
        return sorted(entries, key=lambda entry: (entry.name.lower(), entry.organization))

    async def gaps(self, scope: Scope, since: int, until: int) -> list[Gap]:
        """Gaps that touch a time range, newest first."""
        question = Fragment(
            "SELECT reason, count, since, until FROM gaps WHERE until >= ? AND since < ?"
            " ORDER BY until DESC LIMIT 1000",
            (since, until),
        )
        if scope.organizations is not None and not scope.organizations:
            return []
        async with self._pool.connection() as connection:
            return [
                Gap(reason=reason, count=count, since=Instant(begin), until=Instant(end))
                for reason, count, begin, end in await connection.rows(question)
            ]

    async def settled(self, scope: Scope, edges: Sequence[int]) -> list[int]:
        """The edges that charts can tell apart."""
        async with scoped(self._pool, scope, EVERYTHING) as (connection, _):
            return await settled(connection, edges)

    async def timeline(self, scope: Scope, where: ActivityFilter, edges: Sequence[int]) -> Timeline:
        """Counts over time of exactly what fits a filter."""
        deadline = time.monotonic() + self._patience / 2
        async with scoped(self._pool, scope, where) as (connection, narrowing):
            return await timeline(connection, narrowing, where, edges, deadline)

    async def health(
        self, scope: Scope, where: ActivityFilter, edges: Sequence[int]
    ) -> list[IntegrationHealth]:
        """Every integration, most active first, with what it did between the edges."""
        check_rolled_up(where)
        ranges = list(pairwise(edges))
        whole = [(edges[0], edges[-1])] if ranges else []
        async with scoped(self._pool, scope, where) as (connection, narrowing):
            found = await connection.rows(_integrations(narrowing))
            places = await connection.rows(_PLACES)
            by = ("a.integration",)
            sums_of = await summed(connection, narrowing, whole, by)
            await look_up(connection, narrowing, whole, sums_of, by)
            trend = await summed(connection, narrowing, ranges, by, measures=COUNTS)
        overall = {number: entry for (_, number), entry in sums_of.items()}
        lines = {row[0]: [_NOTHING] * len(ranges) for row in found}
        for (bucket, number), entry in trend.items():
            if number in lines:  # not one that has appeared meanwhile
                lines[number][bucket] = entry.counts()
        providers = {number: provider for number, provider, _ in reversed(places) if provider}
        found.sort(key=lambda row: (-overall.get(row[0], Sum()).total, row[2].lower()))
        return [
            health(row, providers.get(row[0]), overall.get(row[0], Sum()), lines[row[0]])
            for row in found
        ]

    async def series(
        self, scope: Scope, where: ActivityFilter, edges: Sequence[int]
    ) -> list[SeriesPoint]:
        """One point for each bucket, empty ones too."""
        points = await self._by_bucket(scope, where, edges, exact=True)
        return [
            SeriesPoint(at=Instant(at), counts=point.counts(), latency=point.latency())
            for at, point in zip(edges, points, strict=False)
        ]

    async def heatmap(
        self, scope: Scope, where: ActivityFilter, edges: Sequence[int]
    ) -> list[HeatColumn]:
        """One column for each bucket, empty ones too."""
        points = await self._by_bucket(scope, where, edges, exact=False)
        return [
            HeatColumn(at=Instant(at), counts=list(point.histogram))
            for at, point in zip(edges, points, strict=False)
        ]

    async def failures(self, scope: Scope, where: ActivityFilter, limit: int) -> list[FailureGroup]:
        """Kinds of failures, most frequent first."""
        check_rolled_up(where)
        async with scoped(self._pool, scope, where) as (connection, narrowing):
            return await failures(connection, narrowing, hours_of(where), limit)

    async def endpoints(
        self, scope: Scope, where: ActivityFilter, order: str, limit: int
    ) -> list[EndpointEntry]:
        """Endpoints by `order`: `p95`, `count` or `failures`, highest first."""
        check_rolled_up(where, _OWN_FILTERS)
        async with scoped(self._pool, scope, where) as (connection, narrowing):
            return await endpoints(connection, narrowing, hours_of(where), order, limit)

    async def summary(self, scope: Scope, where: ActivityFilter) -> list[dict[str, Any]]:
        """Rows of `integration_activity_summary` in the scope, newest day first."""
        check_rolled_up(where)
        async with scoped(self._pool, scope, where) as (connection, narrowing):
            return await summary(connection, narrowing, hours_of(where))

    async def warm(self, charts: Sequence[Sequence[int]]) -> AsyncIterator[None]:
        """See `AnalyticsReader`."""
        async with self._pool.connection() as connection:
            past = [*await connection.rows(STATE), *map(tuple, charts)]
            hours = len(await connection.rows(_HOURS))
        if hours < LEAST or past == self._warmed:
            return
        async for _ in warm(self, charts):
            yield
        self._warmed = past

    async def facets(
        self, scope: Scope, where: ActivityFilter, names: Sequence[str], limit: int = 50
    ) -> dict[str, list[FacetValue]]:
        """The most frequent values of columns; those that rollups do not know are counted among
        the newest matching rows, as many as `patience` allows."""
        alike: dict[ActivityFilter, list[str]] = {}
        for name in dict.fromkeys(names):
            others = tuple(c for c in where.conditions if c.column not in (name, f"{name}_id"))
            alike.setdefault(msgspec.structs.replace(where, conditions=others), []).append(name)
        found: dict[str, Counter[str]] = {}
        for own, some in alike.items():
            deadline = time.monotonic() + self._patience / len(alike)
            async with scoped(self._pool, scope, own) as (connection, narrowing):
                found |= await facets(connection, narrowing, own, some, deadline)
        return {
            name: [FacetValue(value=value, count=n) for value, n in found[name].most_common(limit)]
            for name in names
        }

    async def _by_bucket(
        self, scope: Scope, where: ActivityFilter, edges: Sequence[int], *, exact: bool
    ) -> list[Sum]:
        check_rolled_up(where)
        ranges = list(pairwise(edges))
        async with scoped(self._pool, scope, where) as (connection, narrowing):
            found = await summed(connection, narrowing, ranges)
            if exact:
                await look_up(connection, narrowing, ranges, found)
        return [found.get((number,), Sum()) for number in range(len(ranges))]


_NOTHING: Final = Counts()
_HOURS: Final = Fragment("SELECT bucket FROM hours LIMIT ?", (LEAST,))
_PLACES: Final = Fragment(
    "SELECT integration, provider, host FROM endpoints"
    " GROUP BY integration, provider, host ORDER BY max(used) DESC, count(*) DESC"
)
_KINDS: Final = Fragment(
    "SELECT DISTINCT integration, activity_type, direction FROM rollups WHERE span = ?", (SPAN_DAY,)
)


def _integrations(narrowing: Narrowing) -> Fragment:
    numbers = narrowing.numbers
    conditions = [Fragment("i.last_at IS NOT NULL")]
    if numbers.integrations is not None:
        conditions.append(any_of("i.number", numbers.integrations))
    elif numbers.organizations is not None:
        conditions.append(any_of("i.organization", numbers.organizations))
    where = joined(conditions)
    return Fragment(
        "SELECT i.number, i.id, i.name, o.id, o.name, i.first_at, i.last_at,"  # noqa: S608
        " i.last_success_at, i.last_failure_at FROM integrations i"
        f" JOIN organizations o ON o.number = i.organization WHERE {where.sql}",
        where.values,
    )


def _append(names: list[str], name: str) -> None:
    if name and name not in names:
        names.append(name)
