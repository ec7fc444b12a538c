"""Warming: what charts add up of the past is asked for before somebody waits for it, and kept as
`day_parts` and `hour_parts` do, which make blocks of days out of it that any range finds again."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from store.analytics import AnalyticsReader
from store.filters import EVERYTHING, ActivityFilter
from store.scope import SERVICE
from store.sqlite.day_parts import BLOCK, blocks_of
from store.sqlite.health import FEW
from store.sqlite.rollups import HOUR_MS, HOURS_A_DAY

LEAST: Final = BLOCK
"""A past of fewer hours is added up in no time."""
_DAYS: Final = BLOCK // HOURS_A_DAY
_COUNTED: Final = ("status", "direction", "activity_type", "integration")

type Step = Callable[[], Awaitable[Any]]


async def warm(reader: AnalyticsReader, charts: Sequence[Sequence[int]]) -> AsyncIterator[None]:
    """Ask everything in turn, newest days first, and yield after each small question. `charts`
    are edges of buckets, as charts have them."""
    # Of more not even the past would be kept for long, see `store.sqlite.past`.
    if len(await reader.integrations(SERVICE)) > FEW:
        return
    for edges in charts:
        for step in _steps(reader, edges):
            await step()
            yield


def _steps(reader: AnalyticsReader, edges: Sequence[int]) -> Iterator[Step]:
    low, high = edges[0] // HOUR_MS, edges[-1] // HOUR_MS
    for first, end in reversed(blocks_of(-(-low // HOURS_A_DAY) * HOURS_A_DAY, high)):
        since, until = first * HOUR_MS, end * HOUR_MS
        yield from _of_range(reader, since, until)
        yield from _of_buckets(reader, (since, until))
    for last in range(len(edges), 1, -_DAYS):
        yield from _of_buckets(reader, edges[max(0, last - _DAYS - 1) : last])
    # Put together once, which is kept as well.
    yield from _of_range(reader, edges[0], None)
    yield from _of_buckets(reader, edges)


def _of_range(reader: AnalyticsReader, since: int, until: int | None) -> Iterator[Step]:
    where = ActivityFilter(since=since, until=until)
    yield partial(reader.summary, SERVICE, where)
    yield partial(reader.failures, SERVICE, where, 1)
    yield partial(reader.endpoints, SERVICE, where, "count", 1)
    # Lists count what all time holds.
    yield partial(reader.facets, SERVICE, where if until else EVERYTHING, _COUNTED)


def _of_buckets(reader: AnalyticsReader, edges: Sequence[int]) -> Iterator[Step]:
    yield partial(reader.series, SERVICE, EVERYTHING, edges)
    yield partial(reader.health, SERVICE, EVERYTHING, edges)
