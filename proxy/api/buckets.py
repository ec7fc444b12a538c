"""Buckets of time for charts: full hours, or days as they are where the viewer lives."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from proxy.api.endpoint import Call, Parameter
from proxy.api.parameters import choice
from proxy.api.problem import ProblemError
from store.errors import FilterError
from store.filters import shown

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
MAX_BUCKETS: Final = 2400
"""A hundred days of hours."""
_HOURS_UP_TO: Final = 3 * DAY_MS
_DEFAULT_RANGE: Final = DAY_MS

_FINE: Final = ((2 * HOUR_MS, 60_000), (8 * HOUR_MS, 300_000))
"""Ranges up to so long may have buckets of so many milliseconds."""

_ZONE: Final = Parameter(
    "zone",
    "time zone in which days begin, such as `Europe/Berlin`; default `UTC`. Where its offset is "
    "no full hour and the rows of that hour are no more, or very many, a day begins at the full "
    "hour before midnight, as `edges` tell",
    {"type": "string", "pattern": "^[A-Za-z0-9_+/-]{1,64}$", "default": "UTC"},
)
PARAMETERS: Final = (
    choice(
        "step",
        "length of a bucket; `auto`: hours up to three days",
        ("auto", "hour", "day"),
        "auto",
    ),
    _ZONE,
)
FINE_PARAMETERS: Final = (
    choice(
        "step",
        "length of a bucket; `auto`: minutes up to two hours, five of them up to eight, hours up "
        "to fourteen days. Where rows are no more, or very many, minutes become hours",
        ("auto", "hour", "day"),
        "auto",
    ),
    _ZONE,
)


def edges_of(call: Call) -> list[int]:
    """The edges of the buckets that a request asks for; the last 24 hours by default.

    Raises:
        ProblemError: 422 for an unknown zone or step, or too many buckets.
        FilterError: a time that cannot be understood.
    """
    return _edges(call, _HOURS_UP_TO, ())


def fine_edges_of(call: Call) -> list[int]:
    """The same for `FINE_PARAMETERS`."""
    return _edges(call, 14 * DAY_MS, _FINE)


def _edges(call: Call, hours_up_to: int, fine: Sequence[tuple[int, int]]) -> list[int]:
    where = call.filter()
    now = call.services.clock()
    until = now if where.until is None else where.until
    since = until - _DEFAULT_RANGE if where.since is None else where.since
    if since >= until:
        raise FilterError("since", "is not before until, or lies in the future")
    step = call.choice("step", ("auto", "hour", "day"), "auto")
    zone = _zone(call.one("zone") or "UTC")
    call.services.zones.note(zone)
    span = until - since
    if step == "auto":
        step = "hour" if span <= hours_up_to else "day"
        width = next((width for longest, width in fine if span <= longest), HOUR_MS)
    else:
        width = HOUR_MS
    if span // (HOUR_MS if step == "hour" else DAY_MS) > MAX_BUCKETS:
        raise ProblemError(
            422, f"that is more than {MAX_BUCKETS} buckets; choose longer ones", parameter="step"
        )
    if step == "hour":
        return evenly(since, until, width)
    return days(since, until, zone)


def evenly(since: int, until: int, width: int = HOUR_MS) -> list[int]:
    """Edges of the full hours, or other parts of a day, that cover a time range."""
    first = since // width * width
    return [*range(first, until, width), -(-until // width) * width]


def days(since: int, until: int, zone: tzinfo) -> list[int]:
    """Edges of the days of a zone that cover a time range; 23 or 25 hours where clocks change."""
    day = datetime.fromtimestamp(since / 1000, UTC).astimezone(zone).date()
    edges: list[int] = []
    while not edges or edges[-1] < until:
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        edges.append(int(midnight.timestamp()) * 1000)
        day += timedelta(days=1)
    return edges


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ProblemError(
            422, f"{shown(name)} is no time zone known here", parameter="zone"
        ) from None
