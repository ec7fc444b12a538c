"""Rows of aggregating statements as the types of `store.analytics`."""

from collections.abc import Iterable, Sequence
from typing import Any

from store.analytics import (
    Counts,
    EndpointEntry,
    FailureGroup,
    IntegrationEntry,
    IntegrationHealth,
)
from store.sqlite.charts import Sum
from store.sqlite.keys import ACTIVITY_TYPES, DIRECTIONS, STATUSES
from store.times import Instant, shared_uuid, uuid_text


def integration(
    row: Sequence[Any],
    providers: list[str],
    hosts: list[str],
    directions: Iterable[int],
    types: Iterable[int],
) -> IntegrationEntry:
    """An integration as recognised in the traffic."""
    _, identifier, name, organization_id, organization, first_at, last_at, *_ = row
    return IntegrationEntry(
        id=uuid_text(identifier),
        name=name,
        organization_id=shared_uuid(organization_id),
        organization=organization,
        providers=providers,
        hosts=hosts,
        directions=[DIRECTIONS[number] for number in sorted(directions)],
        activity_types=[ACTIVITY_TYPES[number] for number in sorted(types)],
        first_at=_instant(first_at),
        last_at=_instant(last_at),
    )


def failure(row: Sequence[Any]) -> FailureGroup:
    """Failures of one kind."""
    identifier, name, organization, kind, direction, code, count, last_at = row
    return FailureGroup(
        integration_id=uuid_text(identifier),
        integration=name,
        organization=organization,
        activity_type=ACTIVITY_TYPES[kind],
        direction=DIRECTIONS[direction],
        code=code,
        count=count,
        last_at=Instant(last_at),
    )


def health(
    row: Sequence[Any], provider: str | None, overall: Sum, trend: Sequence[Counts]
) -> IntegrationHealth:
    """How an integration does."""
    _, identifier, name, organization_id, organization, _, last_at, success_at, failure_at = row
    return IntegrationHealth(
        integration_id=uuid_text(identifier),
        integration=name,
        organization_id=shared_uuid(organization_id),
        organization=organization,
        provider=provider,
        counts=overall.counts(),
        latency=overall.latency(),
        last_at=_instant(last_at),
        last_success_at=_instant(success_at),
        last_failure_at=_instant(failure_at),
        trend=list(trend),
    )


def endpoint(row: Sequence[Any], measures: Sum) -> EndpointEntry:
    """One endpoint."""
    method, host, template, identifier, name, organization = row
    return EndpointEntry(
        method=method,
        host=host,
        path=template,
        integration_id=uuid_text(identifier),
        integration=name,
        organization=organization,
        count=measures.total,
        failures=measures.failures,
        latency=measures.latency(),
        last_at=Instant(measures.last_at),
    )


def summary_line(names: dict[str, Any], day: str, row: Sequence[int]) -> dict[str, Any]:
    """One row of the daily summary; `names` are those of its integration."""
    kind, direction, status, count, timed, total_us = row
    return {
        **names,
        "activity_type": ACTIVITY_TYPES[kind],
        "direction": DIRECTIONS[direction],
        "status": STATUSES[status],
        "activity_date": day,
        "activity_count": count,
        "failure_count": count if status > 1 else 0,
        "avg_response_time": round(total_us / timed / 1000, 3) if timed else None,
    }


def _instant(milliseconds: int | None) -> Instant | None:
    return None if milliseconds is None else Instant(milliseconds)
