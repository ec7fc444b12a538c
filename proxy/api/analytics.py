"""Figures for charts, out of rollups: a year costs little more than an hour."""

from typing import Any

import msgspec

from proxy.api.buckets import PARAMETERS as BUCKETS
from proxy.api.buckets import edges_of
from proxy.api.endpoint import PREFIX, Call, Endpoint
from proxy.api.parameters import choice, filter_parameter, limit
from store.analytics import (
    ROLLED_UP,
    EndpointEntry,
    FailureGroup,
    Gap,
    HeatColumn,
    IntegrationHealth,
    SeriesPoint,
)
from store.filters import ActivityFilter
from store.latency import BOUNDS_MS
from store.times import Instant
from store.verdict import Verdict, verdict

_TAG = "analytics"
_FILTERS = tuple(map(filter_parameter, ROLLED_UP))
_ENDPOINT_FILTERS = tuple(
    one for one in _FILTERS if one.name not in ("activity_type", "direction", "status")
)
_TIMES = tuple(map(filter_parameter, ("since", "until")))
_HEALTH_ORDERS = ("count", "verdict")
_MOST_HEALTH = 10_000
_ORDERS = ("p95", "count", "failures")


class Health(IntegrationHealth, frozen=True, kw_only=True):
    """How an integration does in a time range, judged."""

    verdict: Verdict
    why: str


class HealthTable(msgspec.Struct, frozen=True, kw_only=True):
    """Integrations; `edges` are those of the trends' buckets."""

    items: list[Health]
    next: str | None = None
    edges: list[Instant]
    total: int
    """How many integrations there are, those beyond `limit` too; of the organizations that the
    token may see, and that filters of organization and integration name."""
    verdicts: dict[Verdict, int]
    """How many of them have each verdict, 0 too."""


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """A chart over time."""

    items: list[SeriesPoint]
    next: str | None = None
    edges: list[Instant]


class HeatMap(msgspec.Struct, frozen=True, kw_only=True):
    """Response times over time."""

    items: list[HeatColumn]
    next: str | None = None
    edges: list[Instant]
    bounds_ms: list[float]
    """Upper bounds of the ranges that `counts` count; one more range is above the last."""


class Failures(msgspec.Struct, frozen=True, kw_only=True):
    """Kinds of failures, most frequent first."""

    items: list[FailureGroup]
    next: str | None = None


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """Endpoints in the order asked for."""

    items: list[EndpointEntry]
    next: str | None = None


class Gaps(msgspec.Struct, frozen=True, kw_only=True):
    """Exchanges that left no row, newest first."""

    items: list[Gap]
    next: str | None = None


async def settled_edges(call: Call) -> list[Instant]:
    """The edges that a request asks for, as far as they can be told apart."""
    return list(map(Instant, await call.services.reader.settled(call.scope, edges_of(call))))


async def analytics_health(call: Call) -> HealthTable:
    """Integrations with traffic, failures, response times, newest success and failure, trend, and
    a verdict: `healthy`, `degraded` (5 % failed), `failing` (half), or `silent`. Beyond `limit`
    none is told; `total` and `verdicts` count them all."""
    edges = await settled_edges(call)
    order = call.choice("order", _HEALTH_ORDERS, "count")
    most = call.number("limit", _MOST_HEALTH, 1, _MOST_HEALTH)
    page = await call.services.reader.health(call.scope, call.filter(), edges, order, most)
    return HealthTable(
        items=[judged(one) for one in page.items],
        edges=edges,
        total=page.total,
        verdicts={Verdict(word): count for word, count in page.verdicts.items()},
    )


async def analytics_series(call: Call) -> Series:
    """Counts by status and response times (average, p50, p95, p99, longest) over time."""
    edges = await settled_edges(call)
    points = await call.services.reader.series(call.scope, call.filter(), edges)
    return Series(items=points, edges=edges)


async def analytics_heatmap(call: Call) -> HeatMap:
    """How many response times fell into which range, over time."""
    edges = await settled_edges(call)
    columns = await call.services.reader.heatmap(call.scope, call.filter(), edges)
    return HeatMap(items=columns, edges=edges, bounds_ms=list(BOUNDS_MS))


async def analytics_failures(call: Call) -> Failures:
    """Failures by integration, activity type, direction and code; of the last 24 hours unless
    told otherwise."""
    found = await call.services.reader.failures(
        call.scope, _bounded(call), call.number("limit", 100, 1, 1000)
    )
    return Failures(items=found)


async def analytics_endpoints(call: Call) -> Endpoints:
    """The slowest, busiest or most failing endpoints, of the last 24 hours unless told otherwise.
    Variable pieces of paths are replaced: `/v1/devices/{id}`."""
    found = await call.services.reader.endpoints(
        call.scope,
        _bounded(call),
        call.choice("order", _ORDERS, "p95"),
        call.number("limit", 20, 1, 1000),
    )
    return Endpoints(items=found)


async def list_gaps(call: Call) -> Gaps:
    """Times in which exchanges were relayed but not recorded, and why. A gap may be of any
    organization: what was lost cannot be told apart any more."""
    where = _bounded(call)
    assert where.since is not None
    until = where.until or call.services.clock()
    return Gaps(items=await call.services.reader.gaps(call.scope, where.since, until))


def judged(health: IntegrationHealth) -> Health:
    """The same with its verdict."""
    word, why = verdict(health.counts)
    return Health(**_fields(health), verdict=word, why=why)


def _fields(health: IntegrationHealth) -> dict[str, Any]:
    return {name: getattr(health, name) for name in health.__struct_fields__}


def _bounded(call: Call) -> ActivityFilter:
    """The filter, of the last 24 hours where it has no beginning."""
    where = call.filter()
    if where.since is not None:
        return where
    until = call.services.clock() if where.until is None else where.until
    return msgspec.structs.replace(where, since=max(0, until - 86_400_000))


def _endpoint(name: str, handler: Any, summary: str, answer: Any, *parameters: Any) -> Endpoint:
    return Endpoint(
        "GET",
        f"{PREFIX}/{name}",
        handler,
        summary,
        _TAG,
        parameters=parameters,
        answer=answer,
    )


ENDPOINTS = (
    _endpoint(
        "analytics/health",
        analytics_health,
        "Health of integrations",
        HealthTable,
        *_FILTERS,
        *BUCKETS,
        choice("order", "what comes first: the most active, or the worst", _HEALTH_ORDERS, "count"),
        limit(_MOST_HEALTH, _MOST_HEALTH),
    ),
    _endpoint("analytics/series", analytics_series, "Over time", Series, *_FILTERS, *BUCKETS),
    _endpoint(
        "analytics/heatmap", analytics_heatmap, "Response times", HeatMap, *_FILTERS, *BUCKETS
    ),
    _endpoint(
        "analytics/failures",
        analytics_failures,
        "Failures by kind",
        Failures,
        *_FILTERS,
        limit(100, 1000),
    ),
    _endpoint(
        "analytics/endpoints",
        analytics_endpoints,
        "Endpoints",
        Endpoints,
        *_ENDPOINT_FILTERS,
        choice("order", "what comes first: the highest of", _ORDERS, "p95"),
        limit(20, 1000),
    ),
    _endpoint("gaps", list_gaps, "What was not recorded", Gaps, *_TIMES),
)
