"""Buckets of time for charts: full hours, or days as they are where the viewer lives."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from proxy.api.endpoint import Call, Parameter
from proxy.api.parameters import choice
from proxy.api.problem import ProblemError
from store.errors import FilterError
from store.filters import shown
from store.times import Instant

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
MAX_BUCKETS: Final = 2400
"""A hundred days of hours."""
_HOURS_UP_TO: Final = 3 * DAY_MS
_DEFAULT_RANGE: Final = DAY_MS

PARAMETERS: Final = (
    choice(
        "step",
        "length of a bucket; `auto`: hours up to three days",
        ("auto", "hour", "day"),
        "auto",
    ),
    Parameter(
        "zone",
        "time zone in which days begin, such as `Europe/Berlin`; default `UTC`. In zones whose "
        "offset is no full hour, days begin at the full hour before midnight",
        {"type": "string", "pattern": "^[A-Za-z0-9_+/-]{1,64}$", "default": "UTC"},
    ),
)


def edges_of(call: Call) -> list[Instant]:
    """The edges of the buckets that a request asks for; the last 24 hours by default.

    Raises:
        ProblemError: 422 for an unknown zone or step, or too many buckets.
        FilterError: a time that cannot be understood.
    """
    where = call.filter()
    now = call.services.clock()
    until = now if where.until is None else where.until
    since = until - _DEFAULT_RANGE if where.since is None else where.since
    if since >= until:
        raise FilterError("since", "is not before until, or lies in the future")
    step = call.choice("step", ("auto", "hour", "day"), "auto")
    zone = _zone(call.one("zone") or "UTC")
    if step == "auto":
        step = "hour" if until - since <= _HOURS_UP_TO else "day"
    if (until - since) // (HOUR_MS if step == "hour" else DAY_MS) > MAX_BUCKETS:
        raise ProblemError(
            422, f"that is more than {MAX_BUCKETS} buckets; choose longer ones", parameter="step"
        )
    if step == "hour":
        return [Instant(edge) for edge in hours(since, until)]
    return [Instant(edge) for edge in days(since, until, zone)]


def hours(since: int, until: int) -> list[int]:
    """Edges of the full hours that cover a time range."""
    first = since // HOUR_MS * HOUR_MS
    return [*range(first, until, HOUR_MS), -(-until // HOUR_MS) * HOUR_MS]


def days(since: int, until: int, zone: ZoneInfo) -> list[int]:
    """Edges of the days of a zone that cover a time range; 23 or 25 hours where clocks change."""
    day = datetime.fromtimestamp(since / 1000, UTC).astimezone(zone).date()
    edges: list[int] = []
    while not edges or edges[-1] < until:
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        edges.append(int(midnight.timestamp()) * 1000 // HOUR_MS * HOUR_MS)
        day += timedelta(days=1)
    return edges


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ProblemError(
            422, f"{shown(name)} is no time zone known here", parameter="zone"
        ) from None
