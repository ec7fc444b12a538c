"""How many activities fit a filter over time: out of rollups where they know the filter, else
counted among the newest rows."""

import math
import time
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from store.analytics import Timeline, TimelinePoint
from store.filters import ActivityFilter
from store.sqlite.charts import COUNTS, counts_of, is_rolled_up
from store.sqlite.hour_parts import settled, summed
from store.sqlite.keys import EPOCH_MS, HIGHEST_KEY, STATUSES, created_at, first_key
from store.sqlite.narrowing import Narrowing
from store.sqlite.pool import Connection
from store.sqlite.selecting import counted_rows
from store.sqlite.zones import extent, stretches
from store.times import Instant

COUNTED: Final = 100_000
"""How many rows are counted at most."""


async def timeline(
    connection: Connection,
    narrowing: Narrowing,
    where: ActivityFilter,
    edges: Sequence[int],
    deadline: float,
) -> Timeline:
    """Counts in each bucket; rows are counted until a moment of the monotonic clock."""
    if is_rolled_up(where):
        edges = _within(where, await settled(connection, edges))
        ranges = list(pairwise(edges))
        found = await summed(connection, narrowing, ranges, measures=COUNTS)
        counts = [[0] * len(STATUSES) for _ in ranges]
        for (number,), entry in found.items():
            counts[number] = entry.by_status
        since = None
    else:
        edges = _within(where, edges)
        counts, since = await _counted(connection, narrowing, edges, deadline)
    items = [
        TimelinePoint(at=Instant(at), counts=counts_of(own))
        for at, own in zip(edges, counts, strict=False)
    ]
    return Timeline(
        items=items,
        edges=list(map(Instant, edges)),
        counted=sum(map(sum, counts)),
        counted_since=None if since is None else Instant(since),
    )


def _within(where: ActivityFilter, edges: Sequence[int]) -> list[int]:
    """The edges cut to the filter's times."""
    low = edges[0] if where.since is None else max(edges[0], where.since)
    high = edges[-1] if where.until is None else min(edges[-1], where.until)
    return [low, *(edge for edge in edges if low < edge < high), high]


async def _counted(
    connection: Connection, narrowing: Narrowing, edges: Sequence[int], deadline: float
) -> tuple[list[list[int]], int | None]:
    """Counts by bucket and status among the newest rows, and since when all are counted;
    `None`: from the first edge on."""
    counts = [[0] * len(STATUSES) for _ in edges[1:]]
    # The longest slots that no edge cuts.
    slot = math.gcd(*edges)
    columns = (f"((a.key >> 22) + {EPOCH_MS}) / {slot}", "a.status")
    low, high = await extent(connection, narrowing, HIGHEST_KEY)
    low, high = max(low, first_key(edges[0])), min(high, first_key(edges[-1]))
    left = COUNTED
    async for stretch, own in stretches(connection, narrowing, low, high):
        statement = counted_rows(columns, own, stretch, left, joined_with="activities a")
        oldest = high
        for number, status, count in await connection.rows(statement):
            oldest = min(oldest, number)
            counts[bisect_right(edges, number * slot) - 1][status] += count
            left -= count
        if left <= 0:
            # Of its own slot some may be missing.
            return counts, (oldest + 1) * slot
        if time.monotonic() > deadline and stretch[-1][0] > low:
            return counts, created_at(stretch[-1][0])
    return counts, None
