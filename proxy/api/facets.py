"""Facets, the timeline and the daily summary: what the log holds, counted."""

import msgspec

from proxy.api.buckets import FINE_PARAMETERS, fine_edges_of
from proxy.api.endpoint import PREFIX, Call, Endpoint, Parameter
from proxy.api.parameters import FILTERS, filter_parameter, limit
from proxy.api.problem import ProblemError
from store.activity import ActivityType, Direction, Status
from store.analytics import FACETS, ROLLED_UP, FacetValue, Timeline
from store.filters import nearest, shown

_TAG = "activities"
_COLUMN = "|".join(FACETS)
_DEFAULT_NAMES = ("status", "direction", "activity_type", "integration")


class SummaryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `integration_activity_summary`."""

    organization_id: str
    organization: str
    integration_id: str
    integration: str
    activity_type: ActivityType
    direction: Direction
    status: Status
    activity_date: str
    """UTC day, `2026-01-31`."""
    activity_count: int
    failure_count: int
    avg_response_time: float | None
    """Milliseconds."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The daily summary."""

    items: list[SummaryRow]
    next: str | None = None


async def facets(call: Call) -> dict[str, list[FacetValue]]:
    """The most frequent values of some columns among the activities that fit the filters, with
    their counts. A column's own filter does not narrow its own values."""
    given = [name for text in call.query.get("names", []) for name in text.split(",")]
    names = list(dict.fromkeys(given or _DEFAULT_NAMES))
    for name in names:
        if name not in FACETS:
            hint = nearest(name, FACETS) or "; known are " + ", ".join(FACETS)
            raise ProblemError(422, f"unknown column {shown(name)}{hint}", parameter="names")
    return await call.services.reader.facets(
        call.scope, call.filter(), names, call.number("limit", 50, 1, 1000)
    )


async def summary(call: Call) -> dict[str, object]:
    """Per organization, integration, activity type, direction, status and UTC day: how many
    activities, how many failures, average response time. Days outlive their activities."""
    return {"items": await call.services.reader.summary(call.scope, call.filter()), "next": None}


async def timeline(call: Call) -> Timeline:
    """How many activities fit the filters, over time and by status: what a list with the same
    filters holds, of the last 24 hours unless told otherwise. Where counting takes too long,
    only the newest are counted; `counted_since` then tells since when all are."""
    edges = fine_edges_of(call)
    where = call.filter()
    if where.since is None:
        where = msgspec.structs.replace(where, since=edges[0])
    return await call.services.reader.timeline(call.scope, where, edges)


ENDPOINTS = (
    Endpoint(
        "GET",
        f"{PREFIX}/timeline",
        timeline,
        "Activities over time",
        _TAG,
        parameters=(*FILTERS, *FINE_PARAMETERS),
        answer=Timeline,
    ),
    Endpoint(
        "GET",
        f"{PREFIX}/facets",
        facets,
        "Values and their counts",
        _TAG,
        parameters=(
            *FILTERS,
            Parameter(
                "names",
                "columns to count, separated by commas or repeated; default "
                + ", ".join(_DEFAULT_NAMES),
                {
                    "type": "string",
                    "pattern": f"^({_COLUMN})(,({_COLUMN}))*$",
                    "maxLength": 500,
                },
                repeatable=True,
            ),
            limit(50, 1000),
        ),
        answer=dict[str, list[FacetValue]],
    ),
    Endpoint(
        "GET",
        f"{PREFIX}/summary",
        summary,
        "Daily summary",
        _TAG,
        parameters=tuple(map(filter_parameter, ROLLED_UP)),
        answer=Summary,
    ),
)
