"""Health, charts, facets and the daily summary: `store.analytics.AnalyticsReader` in SQLite."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import msgspec

from store.analytics import (
    EndpointEntry,
    FacetValue,
    FailureGroup,
    Gap,
    HealthPage,
    HeatColumn,
    IntegrationEntry,
    SeriesPoint,
    Timeline,
)
from store.filters import EVERYTHING, ActivityFilter
from store.scope import Scope
from store.sqlite.charts import (
    Sum,
    check_rolled_up,
    hours_of,
)
from store.sqlite.endpoints import endpoints
from store.sqlite.facets import facets
from store.sqlite.failures import failures
from store.sqlite.few import look_up
from store.sqlite.health import health
from store.sqlite.hour_parts import settled, summed
from store.sqlite.integrations import entries
from store.sqlite.narrowing import Fragment
from store.sqlite.past import STATE
from store.sqlite.pool import Pool
from store.sqlite.scoped import scoped
from store.sqlite.summary import summary
from store.sqlite.timeline import timeline
from store.sqlite.warming import LEAST, warm
from store.times import Instant

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
            return await entries(connection, narrowing)

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
        self,
        scope: Scope,
        where: ActivityFilter,
        edges: Sequence[int],
        order: str = "count",
        limit: int | None = None,
    ) -> HealthPage:
        """The first integrations by `order`, with what they did between the edges."""
        check_rolled_up(where)
        async with (
            scoped(self._pool, scope, where) as (connection, narrowing),
            connection.snapshot(),
        ):
            return await health(connection, narrowing, edges, order, limit)

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


_HOURS: Final = Fragment("SELECT bucket FROM hours LIMIT ?", (LEAST,))
