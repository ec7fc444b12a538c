"""What charts and health tables are made of: answers out of rollups, with their types.

Rollups know the columns in `ROLLED_UP`; filters of other columns are refused. Times are Unix
milliseconds, durations milliseconds. A failure is `failed`, `error` or `timeout`.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec

from store.activity import ActivityType, Direction
from store.filters import ActivityFilter
from store.scope import Scope
from store.times import Instant

ROLLED_UP: Final = (
    "organization",
    "organization_id",
    "integration",
    "integration_id",
    "activity_type",
    "direction",
    "status",
    "since",
    "until",
)
"""The filters that analytics take."""

FACETS: Final = (
    "status",
    "direction",
    "activity_type",
    "integration",
    "provider",
    "organization",
    "method",
    "response_status",
    "error_code",
    "host",
    "endpoint",
    "user_id",
    "ip_address",
    "user_agent",
)
"""The columns whose values can be counted."""


class FacetValue(msgspec.Struct, frozen=True):
    """One value of a column, and how many activities bear it."""

    value: str
    """`none` stands for no HTTP status."""
    count: int


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Response times of some activities; `null` without one."""

    average: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    longest: float | None = None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many activities ended how."""

    started: int = 0
    success: int = 0
    failed: int = 0
    error: int = 0
    timeout: int = 0


class IntegrationEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An integration as recognised in the traffic."""

    id: str
    name: str
    organization_id: str
    organization: str
    providers: list[str]
    hosts: list[str]
    """The hosts most used, at most twenty."""
    directions: list[Direction]
    activity_types: list[ActivityType]
    first_at: Instant | None
    """The first hour in which rollups know of it."""
    last_at: Instant | None


class IntegrationHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How an integration does in a time range."""

    integration_id: str
    integration: str
    organization_id: str
    organization: str
    provider: str | None
    counts: Counts
    latency: Latency
    last_at: Instant | None
    """The newest activity, also when it lies before the time range."""
    last_success_at: Instant | None
    last_failure_at: Instant | None
    trend: list[Counts]
    """One for each bucket of the time range, oldest first."""


class HealthPage(msgspec.Struct, frozen=True, kw_only=True):
    """How some integrations do, and how many there are."""

    items: list[IntegrationHealth]
    total: int
    """How many integrations scope and filter allow, those that are not among the items too. Only
    filters of integration and organization leave any out."""
    verdicts: Mapping[str, int]
    """How many of them have each verdict (`store.verdict`), 0 too."""


class SeriesPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One bucket of time."""

    at: Instant
    """Where the bucket begins."""
    counts: Counts
    latency: Latency


class TimelinePoint(msgspec.Struct, frozen=True, kw_only=True):
    """One bucket of time of a timeline."""

    at: Instant
    """Where the bucket begins."""
    counts: Counts


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """How many activities fit a filter, over time."""

    items: list[TimelinePoint]
    edges: list[Instant]
    """Of the buckets: those asked for, within the filter's times."""
    counted: int
    """The sum of all counts."""
    counted_since: Instant | None
    """Since when everything is counted, where that would have taken too long; else `null`."""


class HeatColumn(msgspec.Struct, frozen=True, kw_only=True):
    """One bucket of time of a heat map."""

    at: Instant
    counts: list[int]
    """How many response times fell into each range of `store.latency.BOUNDS_MS`, one more for
    what is above the last."""


class FailureGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Failures of one kind."""

    integration_id: str
    integration: str
    organization: str
    activity_type: ActivityType
    direction: Direction
    code: str
    """An error code (`dns`), else the HTTP status (`503`)."""
    count: int
    last_at: Instant


class EndpointEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint, with the variable pieces of its path replaced."""

    method: str
    host: str
    path: str
    """Such as `/v1/devices/{id}`."""
    integration_id: str
    integration: str
    organization: str
    count: int
    failures: int
    latency: Latency
    last_at: Instant


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Exchanges that left no row."""

    reason: str
    count: int
    since: Instant
    until: Instant


class AnalyticsReader(Protocol):
    """The part of a reader that answers out of rollups and interned names.

    `where` of each method takes the filters in `ROLLED_UP`; others raise `FilterError`, except in
    `facets` and `timeline`, which count rows and take them all. `edges` are ascending times;
    bucket i is from edge i to before edge i + 1. Methods that take edges ignore the times of
    `where`. Edges within an hour need the rows of that hour: `settled` tells which will do.

    Percentiles are those of the rows where these are few (`FEW` in a backend), else estimates
    out of a histogram.
    """

    async def settled(self, scope: Scope, edges: Sequence[int]) -> list[int]:
        """The edges that charts can tell apart: the same, or the full hour before where rows
        are no more or too many to be counted."""
        ...

    async def timeline(self, scope: Scope, where: ActivityFilter, edges: Sequence[int]) -> Timeline:
        """Counts over time of exactly what fits a filter, any filter, its times included; of
        the newest rows only where rollups do not know it and there are very many."""
        ...

    async def integrations(self, scope: Scope) -> list[IntegrationEntry]:
        """Every integration that has activities or rollups, by name."""
        ...

    async def summary(self, scope: Scope, where: ActivityFilter) -> list[dict[str, Any]]:
        """Rows of `integration_activity_summary` in the scope, newest day first."""
        ...

    def warm(self, charts: Sequence[Sequence[int]]) -> AsyncIterator[None]:
        """Find out what charts with such edges, and summaries of the same time, need to know of
        the past, so that whoever asks first need not wait for it. A little with each step; does
        nothing where nothing of the past has changed since the last time."""
        ...

    async def facets(
        self, scope: Scope, where: ActivityFilter, names: Sequence[str], limit: int = 50
    ) -> dict[str, list[FacetValue]]:
        """The most frequent values of columns in `FACETS`. A column's own conditions do not
        narrow its own values."""
        ...

    async def gaps(self, scope: Scope, since: int, until: int) -> list[Gap]:
        """Gaps that touch a time range, newest first."""
        ...

    async def health(
        self,
        scope: Scope,
        where: ActivityFilter,
        edges: Sequence[int],
        order: str = "count",
        limit: int | None = None,
    ) -> HealthPage:
        """Integrations that were ever active, those without an activity in the range too (`counts`
        of zeros). `order` is `count`, the most active first, or `verdict`: failing, degraded,
        healthy, silent, and of each the most active. With a `limit` thousands of them cost little
        more than those that are told."""
        ...

    async def series(
        self, scope: Scope, where: ActivityFilter, edges: Sequence[int]
    ) -> list[SeriesPoint]:
        """One point for each bucket, empty ones too."""
        ...

    async def heatmap(
        self, scope: Scope, where: ActivityFilter, edges: Sequence[int]
    ) -> list[HeatColumn]:
        """One column for each bucket, empty ones too."""
        ...

    async def failures(self, scope: Scope, where: ActivityFilter, limit: int) -> list[FailureGroup]:
        """Kinds of failures, most frequent first."""
        ...

    async def endpoints(
        self, scope: Scope, where: ActivityFilter, order: str, limit: int
    ) -> list[EndpointEntry]:
        """Endpoints by `order`: `p95`, `count` or `failures`, highest first. `activity_type`,
        `direction` and `status` raise `FilterError`: endpoint rollups do not know them."""
        ...
